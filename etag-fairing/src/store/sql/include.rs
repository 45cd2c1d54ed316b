//! Statements that read what is at the other end of many owners' relationship: one an edge of the plan.
//!
//! They go from the list to the rows, which is what SQLite makes of `CROSS JOIN`, and name no order: whoever sorts
//! whole rows takes memory for them, and SQLite a lock of the process each time. They mostly come in order anyway, and
//! [`Document`](super::document::Document) sorts what doesn't.

use sea_query::{ExprTrait, JoinType, Query};

use super::{
    Dialect, Statement, column,
    edge::{Edge, EdgeKind},
    schema::kind_of_id,
    select::{ROWS, cells, rows_of},
    visible::Visible,
    visit::Visit,
};
use crate::store::Selection;

/// The resources of a list, in any order. Parameters: the list of ids.
pub(crate) fn to_one<D: Dialect>(
    visible: Visible<'_, D>,
    selection: &Selection,
    list: &str,
) -> Result<Statement, String> {
    let dialect = visible.dialect;
    let id = &selection.resource.id;
    let mut select = rows_of(selection);
    select
        .from(dialect.list(list, kind_of_id(id.kind)))
        .cross_join(visible.rows(selection.resource, ROWS, Visit::Few)?)
        .and_where(column(ROWS, id.column).eq(column("e", "value")));
    Statement::new(dialect, &select)
}

/// The edges of one relationship for many owners: the related id, the owner's place in the list, and the
/// related resource, in any order. What is not there is a row of nulls. Parameters: the list of owners' ids.
pub(crate) fn to_many<D: Dialect>(
    visible: Visible<'_, D>,
    edge: &Edge,
    selection: &Selection,
    list: &str,
) -> Result<Statement, String> {
    let dialect = visible.dialect;
    let target = edge.target;
    let edges = match edge.kind {
        EdgeKind::Join => "j",
        EdgeKind::Inverse { .. } => ROWS,
    };
    let mut select = Query::select();
    select.column((edges, edge.target_column)).column(("e", "key"));
    for cell in cells(selection).flatten() {
        select.column((ROWS, cell.column));
    }
    select
        .from(dialect.list(list, kind_of_id(edge.owner_id)))
        .cross_join(visible.edges(edge, edges)?)
        .and_where(column(edges, edge.owner_column).eq(column("e", "value")));
    if edge.kind == EdgeKind::Join {
        // A join table of the user's may hold ids of what is gone, and nulls.
        let on = column(ROWS, target.id.column).eq(column(edges, edge.target_column));
        select
            .join(JoinType::LeftJoin, visible.rows(target, ROWS, Visit::Few)?, on)
            .and_where(column(edges, edge.target_column).is_not_null());
    }
    Statement::new(dialect, &select)
}
