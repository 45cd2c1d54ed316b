//! Statements that find the rows to lock. The dialect adds the locking clause.

use sea_query::{ExprTrait, Order, Query};

use super::{Dialect, Listed, edge::Edge, ids::IdColumns, link::Link, select::ROWS};
use crate::schema::Description;

/// Rows in the order of their ids. Parameters: the list of ids.
pub(crate) fn listed<D: Dialect>(dialect: D, resource: &Description) -> String {
    let id = IdColumns::of(Some(ROWS), resource);
    let mut select = Query::select();
    select.expr(id.cell(dialect)).from_as(resource.table, ROWS).and_where(id.is_listed(
        dialect,
        "",
        Listed::These,
    ));
    for column in id.each() {
        select.order_by_expr(column, Order::Asc);
    }
    dialect.text(&select)
}

/// The id of a row, and the ids in its to-one relationships. Parameters: the row's id.
pub(crate) fn with_links<D: Dialect>(dialect: D, resource: &Description) -> String {
    let mut select = Query::select();
    select.column((ROWS, resource.id.column)).from_as(resource.table, ROWS);
    for link in resource.relationships.iter().filter_map(Link::of) {
        select.expr(link.cell(dialect, ROWS));
    }
    dialect.text(select.and_where(IdColumns::of(Some(ROWS), resource).is_parameter()))
}

/// The related rows of a join table, in the order of their ids. Parameters: the owner's id.
pub(crate) fn related<D: Dialect>(dialect: D, edge: &Edge) -> String {
    let linked = Query::select()
        .exprs(edge.related("j").each())
        .from_as(edge.table, "j")
        .and_where(edge.owner("j").is_parameter())
        .and_where_option(edge.is_edge("j"))
        .to_owned();
    let id = IdColumns::of(Some(ROWS), edge.target);
    let mut select = Query::select();
    select
        .column((ROWS, edge.target.id.column))
        .from_as(edge.target.table, ROWS)
        .and_where(id.tuple().in_subquery(linked));
    for column in id.each() {
        select.order_by_expr(column, Order::Asc);
    }
    dialect.text(&select)
}

/// The owners of the related resources in the list, each once. Parameters: the list.
pub(crate) fn owners<D: Dialect>(dialect: D, edge: &Edge) -> String {
    dialect.text(
        Query::select()
            .distinct()
            .expr(edge.owner(ROWS).cell(dialect))
            .from_as(edge.table, ROWS)
            .and_where(edge.related(ROWS).is_listed(dialect, "", Listed::These))
            .and_where(edge.owner(ROWS).is_not_null())
            .and_where_option(edge.is_edge(ROWS)),
    )
}
