//! Statements that change rows.

use sea_query::{Expr, ExprTrait, Func, InsertStatement, Query};

use super::{
    Dialect, Listed,
    abilities::Limits,
    cache::{Shape, Verb},
    edge::Edge,
    ids::IdColumns,
    link::TypeIs,
    parameter,
    placed::shape_beside,
    schema::kind_of_id,
};
use crate::schema::{Columns, Description, RelationshipKind};

/// The columns of a resource's row without the id: each attribute, then those of each to-one relationship. A polymorphic
/// one has two: the type, and the id.
pub(crate) fn columns(resource: &Description) -> impl Iterator<Item = &'static str> {
    let links = resource.relationships.iter().flat_map(|relationship| match relationship.kind {
        RelationshipKind::ToOne { columns, .. } => [None, Some(columns)],
        // Both columns are those of all arms.
        RelationshipKind::OneOf { place: 0, column, type_column, .. } => {
            [Some(Columns::one(type_column)), Some(Columns::one(column))]
        }
        RelationshipKind::OneOf { .. }
        | RelationshipKind::Inverse { .. }
        | RelationshipKind::Through { .. } => [None, None],
    });
    let links = links.flatten().flat_map(Columns::names);
    resource.attributes.iter().map(|attribute| attribute.column).chain(links)
}

/// Whether the parameters for a new row begin with its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenId {
    /// They do.
    Yes,
    /// The database makes it.
    No,
}

impl GivenId {
    /// The shape of the statement that inserts the row.
    pub(crate) fn shape(self, resource: &'static Description, placed: &[&'static str]) -> Shape {
        let verb = match self {
            Self::Yes => Verb::InsertWithId,
            Self::No => Verb::Insert,
        };
        Shape::new(verb, resource).columns(shape_beside(resource, placed))
    }
}

/// What a statement that inserts a row returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returned {
    /// The row's id.
    Id,
    /// No row.
    Nothing,
}

/// Inserts a row. Parameters: the id if it is given, then a value for each of [`columns`] that the database
/// doesn't generate, then the positions in the columns `placed`, which are no members' columns.
///
/// # Errors
/// Never for a description: the numbers of values and columns are equal.
pub(crate) fn insert<D: Dialect>(
    dialect: D,
    resource: &Description,
    given: GivenId,
    returned: Returned,
    limits: &Limits,
    placed: &[&'static str],
) -> Result<String, String> {
    insert_rows(dialect, resource, given, returned, limits, placed, 1)
}

/// Inserts several rows. Parameters: those of [`insert`] for each row.
///
/// # Errors
/// As [`insert`].
pub(crate) fn insert_rows<D: Dialect>(
    dialect: D,
    resource: &Description,
    given: GivenId,
    returned: Returned,
    limits: &Limits,
    placed: &[&'static str],
    rows: usize,
) -> Result<String, String> {
    let mut insert = new_rows(resource, given, limits, placed, rows)?;
    if returned == Returned::Id {
        insert.returning_col(resource.id.column);
    }
    Ok(dialect.text(&insert))
}

/// The statement of [`insert_rows`], which returns nothing.
///
/// # Errors
/// As [`insert`].
pub(super) fn new_rows(
    resource: &Description,
    given: GivenId,
    limits: &Limits,
    placed: &[&'static str],
    rows: usize,
) -> Result<InsertStatement, String> {
    // The columns of a composite id are those of members.
    let id = (given == GivenId::Yes && resource.key().is_empty()).then_some(resource.id.column);
    let values = columns(resource).filter(|column| !limits.makes(resource.table, column));
    let names: Vec<_> = id.into_iter().chain(values).chain(placed.iter().copied()).collect();
    let mut insert = Query::insert();
    insert.into_table(resource.table);
    if names.is_empty() {
        insert.or_default_values();
    } else {
        insert.columns(names.iter().copied());
        for _ in 0..rows {
            insert.values(names.iter().map(|_| parameter())).map_err(|error| error.to_string())?;
        }
    }
    Ok(insert)
}

/// Changes some columns. Parameters: a value for each of them, then the id, then the version that the row
/// must have, if there is a version column.
pub(crate) fn update<D: Dialect>(
    dialect: D,
    resource: &Description,
    columns: &[&'static str],
    version: Option<&'static str>,
) -> String {
    dialect.text(
        Query::update()
            .table(resource.table)
            .values(columns.iter().map(|column| (*column, parameter())))
            .and_where(IdColumns::of(None, resource).is_parameter())
            .and_where_option(version.map(|version| Expr::col(version).eq(parameter()))),
    )
}

/// Deletes a row. Parameters: its id, then the version that it must have, if there is a version column.
pub(crate) fn delete<D: Dialect>(
    dialect: D,
    resource: &Description,
    version: Option<&'static str>,
) -> String {
    dialect.text(
        Query::delete()
            .from_table(resource.table)
            .and_where(IdColumns::of(None, resource).is_parameter())
            .and_where_option(version.map(|version| Expr::col(version).eq(parameter()))),
    )
}

/// Adds edges to a join table, each once. Parameters: the owner's id, the list of positions if the relationship has an
/// order, the list of related ids, the owner's id.
///
/// # Errors
/// Never: there are as many values as columns.
pub(crate) fn link<D: Dialect>(dialect: D, edge: &Edge) -> Result<String, String> {
    let there = Query::select()
        .column(("j", edge.target_columns.first()))
        .from_as(edge.table, "j")
        .and_where(edge.owner("j").is_parameter())
        .and_where(edge.related("j").is_element(dialect))
        .and_where_option(edge.is_edge("j"))
        .to_owned();
    let target_kind = kind_of_id(edge.target.id.kind);
    let mut new = Query::select();
    new.distinct()
        .exprs(edge.owner(None).typed_parameters(dialect))
        .exprs(edge.related(None).of_element(dialect))
        .exprs(edge.only.map(TypeIs::text));
    let mut columns: Vec<&str> = edge.owner_columns.names().chain(edge.target_columns.names()).collect();
    columns.extend(edge.only.map(|only| only.column));
    if let Some(order) = edge.order {
        new.column(("e", "place"));
        columns.push(order);
    }
    if let Some(order) = edge.far_order {
        new.expr(next_position(dialect, edge, order));
        columns.push(order);
    }
    new.from(if edge.order.is_some() { dialect.placed(target_kind) } else { dialect.list("", target_kind) })
        .and_where(Expr::not_exists(there));
    let mut insert = Query::insert();
    insert.into_table(edge.table).columns(columns).select_from(new).map_err(|error| error.to_string())?;
    Ok(dialect.text(&insert))
}

/// The position after all others in the linkage of the row at the other end, whose id is in the list.
fn next_position<D: Dialect>(dialect: D, edge: &Edge, order: &'static str) -> Expr {
    let last = dialect.position(Expr::col(("f", order))).max();
    let next = Expr::expr(Func::coalesce([last, Expr::cust("0")])).add(Expr::cust("1"));
    let far = Query::select()
        .expr(next)
        .from_as(edge.table, "f")
        .and_where(edge.related("f").is_element(dialect))
        .and_where_option(edge.is_edge("f"))
        .to_owned();
    far.into()
}

/// Deletes the edges to the ids in the list, or all other edges. Parameters: the owner's id, the list.
pub(crate) fn unlink<D: Dialect>(dialect: D, edge: &Edge, which: Listed) -> String {
    dialect.text(
        Query::delete()
            .from_table(edge.table)
            .and_where(edge.owner(None).is_parameter())
            .and_where_option(edge.is_bare_edge())
            .and_where(listed(dialect, edge, which)),
    )
}

/// Sets the owner of the related resources in the list. Parameters: the owner's id, the list.
pub(crate) fn adopt<D: Dialect>(dialect: D, edge: &Edge) -> String {
    let mut update = Query::update();
    update.table(edge.table).values(edge.owner(None).assigned());
    update.values(edge.only.map(TypeIs::assigned));
    dialect.text(update.and_where(listed(dialect, edge, Listed::These)))
}

/// Sets the owner to null for the owner's related resources in the list, or for all its others. Parameters:
/// the owner's id, the list.
pub(crate) fn release<D: Dialect>(dialect: D, edge: &Edge, which: Listed) -> String {
    dialect.text(
        Query::update()
            .table(edge.table)
            .values(edge.owner(None).emptied())
            .values(edge.only.map(|only| (only.column, Expr::null())))
            .and_where(edge.owner(None).is_parameter())
            .and_where_option(edge.is_bare_edge())
            .and_where(listed(dialect, edge, which)),
    )
}

fn listed<D: Dialect>(dialect: D, edge: &Edge, which: Listed) -> Expr {
    edge.related(None).is_listed(dialect, "", which)
}
