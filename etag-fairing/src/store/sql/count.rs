//! Counts related resources: one statement for each relationship, for many owners.

use sea_query::{Asterisk, Expr, ExprTrait, JoinType, Query};

use super::{
    Dialect, Statement,
    cache::{Shape, Verb},
    cell,
    edge::{Edge, EdgeKind},
    ids::{IdColumns, list_of_rows},
    plan::edge,
    room::Room,
    schema::kind_of_id,
    select::ROWS,
    session::Session,
    visible::Visible,
    visit::Visit,
};
use crate::plan::{Counts, Fetched, Include, Plan, Selection};
use crate::schema::{Description, RelationshipId, Rows, ValueRef};
use crate::store::{Excess, StoreError};

/// Adds the numbers that the plan asks for to an answer that has all its rows.
pub(crate) async fn count(
    session: &impl Session,
    plan: &Plan,
    room: &Room,
    fetched: &mut Fetched,
) -> Result<(), StoreError> {
    fetched.counts = of_rows(session, plan, room, &plan.selection, &fetched.rows).await?;
    for included in &mut fetched.included {
        // All selections of one resource are alike.
        if let Some(selection) = selection_of(&plan.selection.include, included.resource) {
            included.counts = of_rows(session, plan, room, selection, &included.rows).await?;
        }
    }
    Ok(())
}

fn selection_of<'p>(include: &'p [Include], resource: &Description) -> Option<&'p Selection> {
    include.iter().find_map(|include| {
        let selection = &include.selection;
        if selection.resource.is(resource) {
            Some(selection)
        } else {
            selection_of(&selection.include, resource)
        }
    })
}

async fn of_rows(
    session: &impl Session,
    plan: &Plan,
    room: &Room,
    selection: &Selection,
    rows: &Rows,
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    if rows.is_empty() {
        return Ok(counts);
    }
    let work = selection
        .counts
        .iter()
        .map(|relationship| of_relationship(session, plan, room, selection.resource, *relationship, rows));
    let found = session.all(work.collect()).await?;
    for (relationship, numbers) in selection.counts.iter().zip(found) {
        counts.add(*relationship, numbers);
    }
    Ok(counts)
}

async fn of_relationship(
    session: &impl Session,
    plan: &Plan,
    room: &Room,
    owner: &'static Description,
    relationship: RelationshipId,
    rows: &Rows,
) -> Result<Vec<u64>, StoreError> {
    let edge = edge(owner, relationship)?;
    let list = list_of_rows(rows, owner)?;
    let shape = Shape::new(Verb::CountLinks, owner).relationship(relationship);
    let query = session.bound_query(&plan.scopes, shape, [ValueRef::Text(&list)], |visible| {
        statement(visible, &edge, &list)
    })?;
    let mut numbers = vec![0; rows.len()];
    session
        .read(&query, room, Excess::Linkage, |row| {
            let place = cell::number(row, 0)?.and_then(|place| usize::try_from(place).ok());
            if let Some(number) = place.and_then(|place| numbers.get_mut(place)) {
                *number = cell::number(row, 1)?.unwrap_or(0).unsigned_abs();
            }
            Ok(())
        })
        .await?;
    Ok(numbers)
}

/// The place of each owner in the list, and the number of related resources, if there are any. Parameters: the list of
/// owners' ids.
fn statement<D: Dialect>(visible: Visible<'_, D>, edge: &Edge, list: &str) -> Result<Statement, String> {
    let dialect = visible.dialect;
    let mut select = Query::select();
    select.column(("e", "key")).from(dialect.list(list, kind_of_id(edge.owner_id)));
    match edge.kind {
        EdgeKind::Inverse { .. } => {
            select
                .expr(Expr::col(Asterisk).count())
                .cross_join(visible.rows(edge.target, ROWS, Visit::Few)?)
                .and_where(edge.owner(ROWS).is_element(dialect))
                .and_where_option(edge.is_edge(ROWS));
        }
        EdgeKind::Join => {
            let related = edge.related("j");
            let on = IdColumns::of(Some(ROWS), edge.target).equals(related);
            select
                // A join table that the user has created may have an edge twice.
                .expr(related.count_distinct(dialect))
                .cross_join(visible.all_edges(edge, "j"))
                .join(JoinType::InnerJoin, visible.rows(edge.target, ROWS, Visit::Few)?, on)
                .and_where(edge.owner("j").is_element(dialect))
                .and_where_option(edge.is_edge("j"));
        }
    }
    select.group_by_col(("e", "key"));
    Statement::new(dialect, &select)
}
