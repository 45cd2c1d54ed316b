//! Ids in the form in which the databases compare them.
//!
//! An id of several columns is compared column by column, so that the index of its key serves. Where it is one value (the
//! cell of a row, an element of a list) it is a JSON array of its parts.

use sea_query::{CaseStatement, Expr, ExprTrait, Order, Query, SelectStatement};

use super::{Dialect, Listed, column, id_column, id_value as id_parameter, parameter};
use crate::schema::{
    Columns, CompositeId, Corrupt, Description, IdKind, IdPart, Kind, ResourceId, Row, Rows, ValueRef,
};
use crate::store::StoreError;

/// The columns of an id in a statement: of a resource's own, or of one that a row refers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdColumns<'t> {
    /// The alias of their table, if the statement has several tables.
    table: Option<&'t str>,
    columns: Columns,
    kind: IdKind,
}

impl<'t> IdColumns<'t> {
    /// The columns of a resource's id.
    pub(super) fn of(table: Option<&'t str>, resource: &Description) -> Self {
        Self::at(table, resource.id.columns(), resource.id.kind)
    }

    /// The columns with ids of this kind.
    pub(super) fn at(table: Option<&'t str>, columns: Columns, kind: IdKind) -> Self {
        Self { table, columns, kind }
    }

    /// Each column with the kind of its values.
    fn parts(self) -> impl Iterator<Item = (&'static str, IdKind)> + Clone {
        let single = self.kind.parts().is_empty().then_some(self.kind);
        let kinds = single.into_iter().chain(self.kind.parts().iter().map(IdPart::kind));
        self.columns.names().zip(kinds)
    }

    fn is_single(self) -> bool {
        self.kind.parts().is_empty()
    }

    /// The columns, one by one.
    pub(super) fn each(self) -> impl Iterator<Item = Expr> + use<'t> {
        self.columns.names().map(move |name| self.column(name))
    }

    /// The id as it is compared with a set: a column, or a row of columns.
    pub(super) fn tuple(self) -> Expr {
        if self.is_single() { self.column(self.columns.first()) } else { Expr::tuple(self.each()) }
    }

    /// Whether both are the same id, compared column by column. Null is no id.
    pub(super) fn equals(self, other: IdColumns<'_>) -> Expr {
        all(self.each().zip(other.each()).map(|(own, other)| own.eq(other)))
    }

    /// Whether each column has a value.
    pub(super) fn is_not_null(self) -> Expr {
        all(self.each().map(|column| column.is_not_null()))
    }

    /// Whether no column has a value.
    pub(super) fn is_null(self) -> Expr {
        all(self.each().map(|column| column.is_null()))
    }

    /// The id as one value, which is null if no column has a value. If only some have, it is no id.
    pub(super) fn nullable_cell<D: Dialect>(self, dialect: D) -> Expr {
        if self.is_single() {
            return self.column(self.columns.first());
        }
        let some = self.is_null().not();
        CaseStatement::new().case(some, self.cell(dialect)).into()
    }

    /// The number of different ids.
    pub(super) fn count_distinct<D: Dialect>(self, dialect: D) -> Expr {
        self.cell(dialect).count_distinct()
    }

    fn column(&self, name: &'static str) -> Expr {
        match self.table {
            Some(table) => column(table, name),
            None => Expr::col(name),
        }
    }

    /// The id as one value.
    pub(super) fn cell<D: Dialect>(self, dialect: D) -> Expr {
        if self.is_single() {
            return self.column(self.columns.first());
        }
        dialect.json_array(self.each().collect())
    }

    /// Whether it is this id.
    pub(super) fn is(self, id: &ResourceId) -> Expr {
        if self.is_single() {
            return self.column(self.columns.first()).eq(id_parameter(id));
        }
        all(self.each().zip(id.parts()).map(|(column, id)| column.eq(id_parameter(id))))
    }

    /// Whether it is the id in the next parameter, which [`Parameter::id`](super::parameter::Parameter::id) makes.
    pub(super) fn is_parameter(self) -> Expr {
        self.is_parameter_by(|column, _| column)
    }

    /// The same, with the columns as `by` compares them.
    pub(super) fn is_parameter_by(self, by: impl Fn(Expr, IdKind) -> Expr) -> Expr {
        all(self.parts().map(|(name, kind)| by(self.column(name), kind).eq(parameter())))
    }

    /// The next parameter as the columns of a new row, typed.
    pub(super) fn typed_parameters<D: Dialect>(self, dialect: D) -> impl Iterator<Item = Expr> + use<'t, D> {
        self.parts().map(move |(_, kind)| dialect.typed(parameter(), kind_of_id(kind)))
    }

    /// The columns, each with the next parameter as its new value.
    pub(super) fn assigned(self) -> impl Iterator<Item = (&'static str, Expr)> {
        self.columns.names().map(|name| (name, parameter()))
    }

    /// The columns, each with null as its new value.
    pub(super) fn emptied(self) -> impl Iterator<Item = (&'static str, Expr)> {
        self.columns.names().map(|name| (name, Expr::null()))
    }

    /// Whether it is in a list of ids, or whether it is not.
    pub(super) fn is_listed<D: Dialect>(self, dialect: D, list: &str, which: Listed) -> Expr {
        let kind = kind_of_id(self.kind);
        if self.is_single() {
            return dialect.is_listed(self.column(self.columns.first()), list, kind, which);
        }
        let mut listed = Query::select();
        listed.from(dialect.list(list, kind));
        for expression in self.of_element(dialect) {
            listed.expr(expression);
        }
        match which {
            Listed::These => self.tuple().in_subquery(listed),
            Listed::Others => self.tuple().not_in_subquery(listed),
        }
    }

    /// Whether it is the value of an element of the list `e`.
    pub(super) fn is_element<D: Dialect>(self, dialect: D) -> Expr {
        all(self.each().zip(self.of_element(dialect)).map(|(own, value)| own.eq(value)))
    }

    /// The values of an element of the list `e`, one for each column.
    pub(super) fn of_element<D: Dialect>(self, dialect: D) -> impl Iterator<Item = Expr> + use<'t, D> {
        self.parts().enumerate().map(move |(place, (_, kind))| match self.is_single() {
            true => column("e", "value"),
            false => dialect.json_part(column("e", "value"), place, kind_of_id(kind)),
        })
    }

    /// Orders a statement by the id, ascending. `table` is the alias of its table.
    pub(super) fn in_order<D: Dialect>(self, dialect: D, select: &mut SelectStatement, table: &str) {
        for (name, kind) in self.parts() {
            select.order_by_expr(id_column(dialect, table, name, kind), Order::Asc);
        }
    }
}

/// Whether all of these hold, of which there is at least one.
fn all(conditions: impl Iterator<Item = Expr>) -> Expr {
    conditions.reduce(Expr::and).unwrap_or_else(|| Expr::cust("FALSE"))
}

/// The kind of the values in an id column.
pub(crate) fn kind_of_id(kind: IdKind) -> Kind {
    match kind {
        IdKind::Integer { .. } => Kind::Integer,
        IdKind::Text => Kind::Text,
        IdKind::Uuid => Kind::Uuid,
        // As one value it is the text of a JSON array.
        IdKind::Composite(_) => Kind::Text,
    }
}

/// Whether an id is of the resource's kind. SQLite would find the row 1 for the text `'1'`.
pub(crate) fn can_be(id: &ResourceId, kind: IdKind) -> bool {
    match (id, kind) {
        (ResourceId::Integer(id), IdKind::Integer { min, max }) => (min..=max).contains(id),
        (ResourceId::Text(_), IdKind::Text | IdKind::Uuid) => true,
        (ResourceId::Composite(id), IdKind::Composite(key)) => {
            let parts = id.parts();
            parts.len() == key.len() && parts.iter().zip(key).all(|(id, part)| can_be(id, part.kind()))
        }
        _ => false,
    }
}

/// An id of one column as a value.
pub(crate) fn id_value(id: &ResourceId) -> ValueRef<'_> {
    match id {
        ResourceId::Integer(id) => ValueRef::Integer(*id),
        ResourceId::Text(id) => ValueRef::Text(id),
        // It is no one value: `Parameter::id` and `list_of_ids` take it.
        ResourceId::Composite(_) => ValueRef::Null,
    }
}

/// Ids as a list.
pub(crate) fn list_of_ids<'a>(
    ids: impl Iterator<Item = &'a ResourceId> + Clone,
) -> Result<String, StoreError> {
    let composite = |id: &ResourceId| match id {
        ResourceId::Composite(id) => Some(CompositeId::to_json(id)),
        _ => None,
    };
    // All are of one resource.
    if matches!(ids.clone().next(), Some(ResourceId::Composite(_))) {
        let ids: Vec<String> = ids.filter_map(composite).collect();
        return id_list(ids.iter().map(|id| ValueRef::Text(id)));
    }
    id_list(ids.map(id_value))
}

/// The ids of rows as a list.
pub(crate) fn list_of_rows(rows: &Rows, resource: &Description) -> Result<String, StoreError> {
    if resource.key().is_empty() {
        return id_list(rows.iter().map(Row::id));
    }
    let ids = rows.iter().map(Row::resource_id).collect::<Result<Vec<_>, _>>()?;
    list_of_ids(ids.iter())
}

/// Ids as the one parameter that [`Dialect::list`](super::Dialect::list) takes, which is a JSON array.
pub(crate) fn id_list<'a>(ids: impl Iterator<Item = ValueRef<'a>>) -> Result<String, StoreError> {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        match id {
            ValueRef::Integer(id) => list.push_str(itoa::Buffer::new().format(id)),
            ValueRef::Text(id) => {
                list.push_str(&serde_json::to_string(id).map_err(|e| StoreError::Internal(e.to_string()))?);
            }
            other => return Err(Corrupt::expected("an id", other).into()),
        }
    }
    list.push(']');
    Ok(list)
}
