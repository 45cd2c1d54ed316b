//! Statements that find the rows to lock. The dialect adds the locking clause.

use sea_query::{Expr, ExprTrait, Order, Query};

use super::{
    Dialect, Listed, column,
    edge::Edge,
    ids::IdColumns,
    link::Link,
    parameter,
    select::{ROWS, add_id},
};
use crate::schema::Description;

/// Rows in the order of their ids. Parameters: the list of ids.
pub(crate) fn listed<D: Dialect>(dialect: D, resource: &Description) -> String {
    let id = IdColumns::of(Some(ROWS), resource);
    let mut select = Query::select();
    add_id(dialect, &mut select, ROWS, resource.id.column, resource.id.kind);
    select.from_as(resource.table, ROWS).and_where(id.is_listed(dialect, "", Listed::These));
    match resource.key() {
        [] => select.order_by((ROWS, resource.id.column), Order::Asc),
        key => select.order_by_columns(key.iter().map(|part| ((ROWS, part.column), Order::Asc))),
    };
    dialect.text(&select)
}

/// The id of a row, and the ids in its to-one relationships. Parameters: the row's id.
pub(crate) fn with_links<D: Dialect>(dialect: D, resource: &Description) -> String {
    let mut select = Query::select();
    select.column((ROWS, resource.id.column)).from_as(resource.table, ROWS);
    for link in resource.relationships.iter().filter_map(Link::of) {
        match link.only {
            None => select.column((ROWS, link.column)),
            Some(_) => select.expr(link.id(ROWS)),
        };
    }
    dialect.text(select.and_where(IdColumns::of(Some(ROWS), resource).is_parameter()))
}

/// The rows at the other end of a join table, in the order of their ids. Parameters: the id at this end.
pub(crate) fn joined<D: Dialect>(
    dialect: D,
    far: &Description,
    table: &'static str,
    near_column: &'static str,
    far_column: &'static str,
) -> String {
    let linked = Query::select()
        .column(("j", far_column))
        .from_as(table, "j")
        .and_where(Expr::col(("j", near_column)).eq(parameter()))
        .to_owned();
    dialect.text(
        Query::select()
            .column((ROWS, far.id.column))
            .from_as(far.table, ROWS)
            .and_where(column(ROWS, far.id.column).in_subquery(linked))
            .order_by((ROWS, far.id.column), Order::Asc),
    )
}

/// The owners of the related resources in the list, each once. Parameters: the list.
pub(crate) fn owners<D: Dialect>(dialect: D, edge: &Edge) -> String {
    let target = IdColumns::at(Some(ROWS), edge.target_column, edge.target_id());
    dialect.text(
        Query::select()
            .distinct()
            .column((ROWS, edge.owner_column))
            .from_as(edge.table, ROWS)
            .and_where(target.is_listed(dialect, "", Listed::These))
            .and_where(column(ROWS, edge.owner_column).is_not_null())
            .and_where_option(edge.is_edge(ROWS)),
    )
}
