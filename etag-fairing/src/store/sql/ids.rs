//! Ids in the form in which the databases compare them.
//!
//! An id of several columns is compared column by column, so that the index of its key serves. Where it is one value (the
//! cell of a row, an element of a list) it is a JSON array of its parts.

use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::{Dialect, Listed, column, id_column, id_value as id_parameter, parameter, schema::kind_of_id};
use crate::schema::{CompositeId, Corrupt, Description, IdKind, ResourceId, ValueRef};
use crate::store::StoreError;

/// The columns of an id in a statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdColumns<'t> {
    /// The alias of their table, if the statement has several tables.
    table: Option<&'t str>,
    /// The column, or the first of them.
    column: &'static str,
    kind: IdKind,
}

impl<'t> IdColumns<'t> {
    /// The columns of a resource's id.
    pub(super) fn of(table: Option<&'t str>, resource: &Description) -> Self {
        Self::at(table, resource.id.column, resource.id.kind)
    }

    /// The column of an id, or the columns of a composite one, of which `column` is the first.
    pub(super) fn at(table: Option<&'t str>, column: &'static str, kind: IdKind) -> Self {
        Self { table, column, kind }
    }

    fn column(&self, name: &'static str) -> Expr {
        match self.table {
            Some(table) => column(table, name),
            None => Expr::col(name),
        }
    }

    /// The id as one value.
    pub(super) fn cell<D: Dialect>(self, dialect: D) -> Expr {
        match self.kind.parts() {
            [] => self.column(self.column),
            key => dialect.json_array(key.iter().map(|part| self.column(part.column)).collect()),
        }
    }

    /// Whether it is this id.
    pub(super) fn is(self, id: &ResourceId) -> Expr {
        match self.kind.parts() {
            [] => self.column(self.column).eq(id_parameter(id)),
            key => {
                let parts = key.iter().zip(id.parts());
                let same = parts.map(|(part, id)| self.column(part.column).eq(id_parameter(id)));
                same.reduce(Expr::and).unwrap_or_else(|| Expr::cust("FALSE"))
            }
        }
    }

    /// Whether it is the id in the next parameter, which [`Parameter::id`](super::parameter::Parameter::id) makes.
    pub(super) fn is_parameter(self) -> Expr {
        self.is_parameter_by(|column, _| column)
    }

    /// The same, with the columns as `by` compares them.
    pub(super) fn is_parameter_by(self, by: impl Fn(Expr, IdKind) -> Expr) -> Expr {
        let same = |name, kind| by(self.column(name), kind).eq(parameter());
        let parts = self.kind.parts().iter().map(|part| same(part.column, part.kind()));
        parts.reduce(Expr::and).unwrap_or_else(|| same(self.column, self.kind))
    }

    /// Whether it is in a list of ids, or whether it is not.
    pub(super) fn is_listed<D: Dialect>(self, dialect: D, list: &str, which: Listed) -> Expr {
        let kind = kind_of_id(self.kind);
        let key = self.kind.parts();
        if key.is_empty() {
            return dialect.is_listed(self.column(self.column), list, kind, which);
        }
        let mut listed = Query::select();
        listed.from(dialect.list(list, kind));
        for expression in self.parts_of_value(dialect) {
            listed.expr(expression);
        }
        let own = Expr::tuple(key.iter().map(|part| self.column(part.column)));
        match which {
            Listed::These => own.in_subquery(listed),
            Listed::Others => own.not_in_subquery(listed),
        }
    }

    /// Whether it is the value of an element of the list `e`.
    pub(super) fn is_element<D: Dialect>(self, dialect: D) -> Expr {
        let own = self.kind.parts().iter().map(|part| self.column(part.column));
        let same = own.zip(self.parts_of_value(dialect)).map(|(own, value)| own.eq(value));
        same.reduce(Expr::and).unwrap_or_else(|| self.column(self.column).eq(column("e", "value")))
    }

    fn parts_of_value<D: Dialect>(self, dialect: D) -> impl Iterator<Item = Expr> {
        let parts = self.kind.parts().iter().enumerate();
        parts
            .map(move |(place, part)| dialect.json_part(column("e", "value"), place, kind_of_id(part.kind())))
    }

    /// Orders a statement by the id, ascending. `table` is the alias of its table.
    pub(super) fn in_order<D: Dialect>(self, dialect: D, select: &mut SelectStatement, table: &str) {
        for expression in self.ordered(dialect, table) {
            select.order_by_expr(expression, Order::Asc);
        }
    }

    fn ordered<D: Dialect>(self, dialect: D, table: &str) -> Vec<Expr> {
        match self.kind.parts() {
            [] => vec![id_column(dialect, table, self.column, self.kind)],
            key => key.iter().map(|part| id_column(dialect, table, part.column, part.kind())).collect(),
        }
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
