//! Statements that read.

use sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement};

use super::{
    Dialect, column,
    edge::{Edge, EdgeKind},
    id_column, parameter,
    schema::kind_of_id,
};
use crate::{
    resource::{Description, IdKind, Kind, RelationshipKind},
    store::Selection,
};

/// The rows' own table.
pub(super) const ROWS: &str = "t";

/// A column that is read, and what it must hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) column: &'static str,
    pub(crate) content: Content,
}

/// What a column must hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// The resource's id.
    Id(IdKind),
    /// A related resource's id, or null.
    Link(IdKind),
    /// An attribute.
    Attribute {
        /// Its kind.
        kind: Kind,
        /// Whether null is a value of it.
        nullable: bool,
    },
}

/// One entry a cell of [`Rows`](crate::resource::Rows): `None` where no column is read.
///
/// To-one linkage is always read: it stands in the row, and documents always show it.
pub(crate) fn cells(selection: &Selection) -> impl Iterator<Item = Option<Cell>> {
    let resource = selection.resource;
    let id = Cell { column: resource.id.column, content: Content::Id(resource.id.kind) };
    let attributes = resource.attributes.iter().enumerate().map(|(index, attribute)| {
        let content = Content::Attribute { kind: attribute.kind, nullable: attribute.nullable };
        let wanted = selection.attributes.get(index).copied().unwrap_or(false);
        wanted.then_some(Cell { column: attribute.column, content })
    });
    let links = resource.relationships.iter().map(|relationship| match relationship.kind {
        RelationshipKind::ToOne { column, .. } => {
            Some(Cell { column, content: Content::Link(relationship.target().id.kind) })
        }
        _ => None,
    });
    std::iter::once(Some(id)).chain(attributes).chain(links)
}

pub(super) fn rows_of(selection: &Selection) -> SelectStatement {
    let mut select = Query::select();
    for cell in cells(selection).flatten() {
        select.column((ROWS, cell.column));
    }
    select
}

fn page<D: Dialect>(dialect: D, select: &mut SelectStatement, resource: &Description) {
    let id = id_column(dialect, ROWS, resource.id.column, resource.id.kind);
    // The numbers are parameters too.
    select.order_by_expr(id, Order::Asc).limit(0).offset(0);
}

/// One resource. Parameters: its id.
pub(crate) fn one<D: Dialect>(dialect: D, selection: &Selection) -> String {
    let resource = selection.resource;
    let mut select = rows_of(selection);
    select.from_as(resource.table, ROWS).and_where(column(ROWS, resource.id.column).eq(parameter()));
    dialect.text(&select)
}

/// A page of a collection. Parameters: limit, offset.
pub(crate) fn collection<D: Dialect>(dialect: D, selection: &Selection) -> String {
    let mut select = rows_of(selection);
    select.from_as(selection.resource.table, ROWS);
    page(dialect, &mut select, selection.resource);
    dialect.text(&select)
}

/// The related resource of a to-one relationship, in a row of nulls if there is none; no row if the owner
/// doesn't exist. Parameters: the owner's id.
pub(crate) fn related_one<D: Dialect>(
    dialect: D,
    owner: &Description,
    link: &'static str,
    selection: &Selection,
) -> String {
    let target = selection.resource;
    let joined = column(ROWS, target.id.column).eq(column("o", link));
    let mut select = rows_of(selection);
    select
        .from_as(owner.table, "o")
        .join_as(JoinType::LeftJoin, target.table, ROWS, joined)
        .and_where(column("o", owner.id.column).eq(parameter()));
    dialect.text(&select)
}

pub(super) fn at_the_end_of(select: &mut SelectStatement, edge: &Edge, owner: Expr) {
    select.from_as(edge.target.table, ROWS);
    match edge.kind {
        EdgeKind::Inverse { .. } => {
            select.and_where(column(ROWS, edge.owner_column).eq(owner));
        }
        // Not a join: a join table of the user's may hold an edge twice.
        EdgeKind::Join => {
            let targets = Query::select()
                .column(("j", edge.target_column))
                .from_as(edge.table, "j")
                .and_where(column("j", edge.owner_column).eq(owner))
                .to_owned();
            select.and_where(column(ROWS, edge.target.id.column).in_subquery(targets));
        }
    }
}

/// A page of related resources. Parameters: the owner's id, limit, offset.
pub(crate) fn related_page<D: Dialect>(dialect: D, edge: &Edge, selection: &Selection) -> String {
    let mut select = rows_of(selection);
    at_the_end_of(&mut select, edge, parameter());
    page(dialect, &mut select, selection.resource);
    dialect.text(&select)
}

/// The number of a collection's resources. No parameters.
pub(crate) fn count<D: Dialect>(dialect: D, resource: &Description) -> String {
    dialect.text(Query::select().expr(column(ROWS, resource.id.column).count()).from_as(resource.table, ROWS))
}

/// The number of related resources. Parameters: the owner's id.
pub(crate) fn count_related<D: Dialect>(dialect: D, edge: &Edge) -> String {
    let mut select = Query::select();
    select.expr(column(ROWS, edge.target.id.column).count());
    at_the_end_of(&mut select, edge, parameter());
    dialect.text(&select)
}

/// A row if the resource exists. Parameters: its id.
pub(crate) fn exists<D: Dialect>(dialect: D, resource: &Description) -> String {
    dialect.text(
        Query::select()
            .column((ROWS, resource.id.column))
            .from_as(resource.table, ROWS)
            .and_where(column(ROWS, resource.id.column).eq(parameter())),
    )
}

/// The linkage of one relationship for many owners: each owner's place in the list and a related id, both
/// ascending. Parameters: the list of owners' ids.
pub(crate) fn linkage<D: Dialect>(dialect: D, edge: &Edge) -> String {
    let joined = column("j", edge.owner_column).eq(column("e", "value"));
    dialect.text(
        Query::select()
            .column(("e", "key"))
            .column(("j", edge.target_column))
            .from(dialect.list("", kind_of_id(edge.owner_id)))
            .join_as(JoinType::InnerJoin, edge.table, "j", joined)
            // A null in a join table of the user's links to nothing.
            .and_where(column("j", edge.target_column).is_not_null())
            .order_by(("e", "key"), Order::Asc)
            .order_by_expr(id_column(dialect, "j", edge.target_column, edge.target.id.kind), Order::Asc),
    )
}

/// The first id of a list that names no resource, by its place. Parameters: the list.
#[cfg(feature = "sqlite")]
pub(crate) fn first_missing<D: Dialect>(dialect: D, resource: &Description) -> String {
    let found = Query::select()
        .column((ROWS, resource.id.column))
        .from_as(resource.table, ROWS)
        .and_where(column(ROWS, resource.id.column).eq(column("e", "value")))
        .to_owned();
    dialect.text(
        Query::select()
            .expr(column("e", "key").min())
            .from(dialect.list("", kind_of_id(resource.id.kind)))
            .and_where(Expr::not_exists(found)),
    )
}

/// A row if a related resource in the list (or, for `others`, not in the list) belongs to the owner.
/// Parameters: the owner's id, the list.
pub(crate) fn held<D: Dialect>(dialect: D, edge: &Edge, others: bool) -> String {
    let target = column(ROWS, edge.target_column);
    let listed = dialect.is_listed(target, "", kind_of_id(edge.target.id.kind), others);
    dialect.text(
        Query::select()
            .column((ROWS, edge.target_column))
            .from_as(edge.table, ROWS)
            .and_where(column(ROWS, edge.owner_column).eq(parameter()))
            .and_where(listed),
    )
}
