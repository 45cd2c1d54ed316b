//! The column that keeps the order of a to-many relationship: as a sort key, and what changes it.

use sea_query::{Expr, ExprTrait, IntoTableRef, NullOrdering, Order, Query, UpdateStatement};

use super::{
    Dialect, column,
    edge::{Edge, EdgeKind},
    ids::IdColumns,
    link::TypeIs,
    schema::kind_of_id,
    select::ROWS,
};
use crate::schema::ResourceId;

/// The position of an edge, if the relationship has an order. `edges` is the alias of the table that has the edges.
/// Null comes last, and equal positions are in ascending order of ids.
pub(super) fn position<D: Dialect>(dialect: D, edge: &Edge, edges: &str) -> Option<Expr> {
    edge.order.map(|order| dialect.position(column(edges, order)))
}

/// The position of a related resource, whose table has the alias [`ROWS`], in the linkage of an owner. If a join table of
/// the user's has an edge twice, it is the first of both.
pub(super) fn position_of_row<D: Dialect>(dialect: D, edge: &Edge, owner: &ResourceId) -> Option<Expr> {
    match edge.kind {
        EdgeKind::Inverse { .. } => position(dialect, edge, ROWS),
        EdgeKind::Join => {
            let first = position(dialect, edge, "j")?.min();
            let of_row = Query::select()
                .expr(first)
                .from_as(edge.table, "j")
                .and_where(edge.owner("j").is(owner))
                .and_where_option(edge.is_edge("j"))
                .and_where(edge.related("j").equals(IdColumns::of(Some(ROWS), edge.target)))
                .to_owned();
            Some(of_row.into())
        }
    }
}

/// All members of an owner's linkage, with their positions, in their order. Parameters: the owner's id.
pub(super) fn members<D: Dialect>(dialect: D, edge: &Edge) -> Result<String, String> {
    let position = position(dialect, edge, "j").ok_or("a relationship without an order")?;
    let id = edge.related("j");
    let mut select = Query::select();
    select
        .expr(id.cell(dialect))
        .expr(position.clone())
        .from_as(edge.table, "j")
        .and_where(edge.owner("j").is_parameter())
        .and_where(id.is_not_null())
        .and_where_option(edge.is_edge("j"))
        .order_by_expr_with_nulls(position, Order::Asc, NullOrdering::Last);
    id.in_order(dialect, &mut select, "j");
    Ok(dialect.text(&select))
}

/// Moves edges of an owner to other positions. Parameters: the list of positions, the list of ids, the owner's id.
pub(super) fn place<D: Dialect>(dialect: D, edge: &Edge) -> Result<String, String> {
    let mut update = placing(dialect, edge)?;
    update.and_where(edge.owner("j").is_parameter()).and_where_option(edge.is_edge("j"));
    Ok(dialect.text(&update))
}

/// Sets the owner and the positions of related resources. Parameters: the owner's id, the list of positions, the list of
/// ids.
pub(super) fn adopt<D: Dialect>(dialect: D, edge: &Edge) -> Result<String, String> {
    let mut update = placing(dialect, edge)?;
    update.values(edge.owner(None).assigned()).values(edge.only.map(TypeIs::assigned));
    Ok(dialect.text(&update))
}

fn placing<D: Dialect>(dialect: D, edge: &Edge) -> Result<UpdateStatement, String> {
    let order = edge.order.ok_or("a relationship without an order")?;
    let mut update = Query::update();
    update
        .table(edge.table.into_table_ref().alias("j"))
        .value(order, column("e", "place"))
        .from(dialect.placed(kind_of_id(edge.target.id.kind)))
        .and_where(edge.related("j").is_element(dialect));
    Ok(update)
}
