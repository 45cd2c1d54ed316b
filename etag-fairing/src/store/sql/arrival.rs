//! Where a row comes into a list that keeps an order, by its own to-one relationship: it comes last there, as what is
//! added by the list itself does.
//!
//! The position is a value of the row's own `INSERT` or `UPDATE`, together with the owner, so that a unique index on
//! owner and position holds. Nobody else comes into the list meanwhile: the owner's row is locked, or SQLite has one
//! writer.

use sea_query::{CaseStatement, Expr, ExprTrait, Query, SelectStatement};

use super::{
    Dialect,
    cache::{Shape, Verb},
    cell, column,
    edge::Edge,
    linkage_write::ToMany,
    managed::RowOf,
    parameter::Parameter,
    placed::{Arrival, lists, position_in},
    plan::edge,
    session::Session,
};
use crate::plan::{Arrangement, LinkageChange, Scopes};
use crate::schema::{Description, IdKind, Relationship, RelationshipId, ResourceId};
use crate::store::StoreError;

/// Whether a change of linkage may bring the row into a list that keeps an order.
pub(crate) fn may_arrive(
    resource: &'static Description,
    relationship: &Relationship,
    change: Option<&LinkageChange>,
) -> bool {
    matches!(change, Some(LinkageChange::One(Some(_)))) && lists(resource, relationship).next().is_some()
}

/// The positions behind all others that a row gets in the lists into which its to-one relationships will lead. `row` is
/// `None` for a new row. One that is in a list already keeps its position.
///
/// Members without a position get one before it; `moved` gets those whose own rows show that.
pub(super) async fn arrivals(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    row: Option<&ResourceId>,
    linkage: &[Option<LinkageChange>],
    is_given: impl Fn(&'static str) -> bool,
    moved: &mut Vec<RowOf>,
) -> Result<Vec<Arrival>, StoreError> {
    let mut arrivals: Vec<Arrival> = Vec::new();
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        let Some(LinkageChange::One(Some(owner))) = change else { continue };
        for (list, column) in lists(resource, relationship) {
            // Two lists may have their positions in one column, which has one value.
            if is_given(column) || position_in(&arrivals, column).is_some() {
                continue;
            }
            let position = Box::pin(last(session, scopes, relationship.target(), list, owner, row, moved));
            arrivals.extend(position.await?.map(|position| (column, position)));
        }
    }
    Ok(arrivals)
}

/// The position behind all others of one list; `None` if the row is in it already.
async fn last(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    list: RelationshipId,
    owner: &ResourceId,
    row: Option<&ResourceId>,
    moved: &mut Vec<RowOf>,
) -> Result<Option<i64>, StoreError> {
    let edge = edge(resource, list)?;
    let dialect = session.dialect();
    let shape = Shape::new(Verb::Last, resource).relationship(list).columns(vec![row.is_some()]);
    let text = session.text(shape, || end(dialect, &edge, row.is_some()))?;
    let mut parameters: Vec<Parameter<'_>> = vec![owner.into(), owner.into()];
    if let Some(row) = row {
        parameters.push(owner.into());
        parameters.push(row.into());
    }
    let (mut last, mut has_placeless, mut is_member) = (None, false, false);
    session
        .each(&text, &parameters, |found| {
            last = cell::number(found, 0)?;
            has_placeless = cell::number(found, 1)?.is_some();
            is_member = row.is_some() && cell::number(found, 2)?.is_some();
            Ok(())
        })
        .await?;
    if is_member {
        return Ok(None);
    }
    if !has_placeless && let Some(next) = Arrangement::next(last) {
        return Ok(Some(next));
    }
    let links = ToMany { session, resource, relationship_id: list, edge, owner };
    let stored = links.stored(scopes).await?;
    // The id of a new row may not be known yet. An id of another kind is no member's.
    let arriving = match edge.target.id.kind {
        IdKind::Integer { .. } => ResourceId::Text(String::new()),
        IdKind::Text | IdKind::Uuid | IdKind::Composite(_) => ResourceId::Integer(0),
    };
    let (own, others) = stored
        .appended(std::slice::from_ref(&arriving))
        .into_iter()
        .partition::<Vec<_>, _>(|(id, _)| *id == arriving);
    links.arrange(&stored, others, moved).await?;
    Ok(own.first().map(|(_, position)| *position))
}

/// The end of a list: the last position; one if a member has no position; one if a row is a member, if that is asked.
/// Parameters: the owner's id, the owner's id, and for the row the owner's id and the row's.
fn end<D: Dialect>(dialect: D, edge: &Edge, asks_for_row: bool) -> Result<String, String> {
    let order = edge.order.ok_or("a relationship without an order")?;
    let members = || {
        let mut members = Query::select();
        members
            .from_as(edge.table, "j")
            .and_where(edge.owner("j").is_parameter())
            .and_where_option(edge.is_edge("j"));
        members
    };
    let one_if = |mut members: SelectStatement| -> Expr {
        members.column(("j", edge.target_columns.first()));
        CaseStatement::new().case(dialect.exists(members), Expr::cust("CAST(1 AS bigint)")).into()
    };
    // The cast is around the aggregate, so that an index on owner and position tells the last one.
    let last = members().expr(dialect.position(column("j", order).max())).to_owned();
    let mut placeless = members();
    placeless.and_where(column("j", order).is_null());
    let mut select = Query::select();
    select.expr(Expr::from(last)).expr(one_if(placeless));
    if asks_for_row {
        let mut row = members();
        row.and_where(edge.related("j").is_parameter());
        select.expr(one_if(row));
    }
    Ok(dialect.text(&select))
}
