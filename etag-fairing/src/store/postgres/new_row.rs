//! A new row that nothing can refuse but the database: one statement makes it, returns it, and is committed with that.
//!
//! It is for a row that concerns no other one but by foreign keys, which lock what the row refers to as the store would have
//! done it. If the statement is refused, nothing has been read and nothing has changed: [`apply`] then finds out what is to be
//! said, statement by statement.
//!
//! [`apply`]: crate::store::Transaction::apply

use rocket::tokio::time::Instant;

use super::connection::Connection;
use super::dialect::Postgres;
use crate::plan::{Change, Fetched, LinkageChange, Links, Plan, Root, Scopes, leaves_room, link_bytes};
use crate::schema::{Description, IdKind, RelationshipKind, ResourceId, Rows};
use crate::store::StoreError;
use crate::store::sql::Dialect as _;
use crate::store::sql::arrival::may_arrive;
use crate::store::sql::cache::{Shape, Verb};
use crate::store::sql::cell::push_row;
use crate::store::sql::change::{GivenId, columns};
use crate::store::sql::edge::Edge;
use crate::store::sql::returning::insert_returning;
use crate::store::sql::select::known_cells;
use crate::store::sql::session::Session;
use crate::store::sql::write::{cells_of_new_row, check_shape};

/// Whether [`make`] makes what [`apply`](crate::store::Transaction::apply) would have made, and reads what
/// [`fetch`](crate::store::Transaction::fetch) would have read.
pub(super) fn can_make(connection: &Connection, change: &Change, scopes: &Scopes, plan: &Plan) -> bool {
    let Change::Insert { resource, id, attributes, linkage } = change else { return false };
    let id = chosen(id.as_ref());
    let (known, versions) = (connection.known(), connection.versions());
    let has_id = match (resource.id.kind, id) {
        // The sequence need not be told of it, and a row that has its next number already is found by the other way.
        (IdKind::Integer { min, max }, None) => known
            .sequence(resource.table)
            // A row with an id that the resource can't have must not be committed.
            .is_some_and(|sequence| min <= *sequence.makes.start() && *sequence.makes.end() <= max),
        (IdKind::Text | IdKind::Uuid, Some(id)) => Postgres.can_be(id, resource.id.kind),
        _ => false,
    };
    let is_alone = known.is_plain(resource.table)
        && versions.table(resource.table).is_none()
        && versions.deletion(resource.table).is_none()
        && !columns(resource).any(|column| known.limits.makes(resource.table, column))
        && connection.can_be_alone();
    let is_seen = scopes.is_empty()
        && plan.scopes.is_empty()
        && !plan.scopes.changes_rows_of(resource)
        && plan.selection.resource.is(resource)
        && matches!(plan.root, Root::One(_))
        && plan.selection.include.is_empty()
        && plan.selection.counts.is_empty();
    has_id
        && is_alone
        && is_seen
        && check_shape(resource, attributes.len(), linkage).is_ok()
        && resource.relationships.iter().zip(linkage).all(|(relationship, change)| {
            let (RelationshipKind::ToOne { columns, .. }, target) =
                (relationship.kind, relationship.target())
            else {
                return change.is_none();
            };
            let Some(LinkageChange::One(Some(_))) = change else {
                return matches!(change, None | Some(LinkageChange::One(None)));
            };
            // The new row itself might be what the key finds, and a text may equal another one.
            let is_other = target.table != resource.table
                && matches!(target.id.kind, IdKind::Integer { .. } | IdKind::Uuid);
            is_other
                && !may_arrive(resource, relationship, change.as_ref())
                && !known.is_ordered(resource.table, columns)
                && target.kept().next().is_none()
                && versions.shown(resource.table, columns).next().is_none()
                && !scopes.limits(target)
                && known
                    .references
                    .refuse_a_dangling((resource.table, columns), (target.table, target.id.columns()))
        })
        && resource.relationships_by_id().all(|(id, relationship)| {
            // The linkage of a new row is empty where nothing can have referred to it before.
            !(relationship.is_to_many() && plan.selection.reads_linkage(id))
                || matches!(Edge::of(resource, relationship), Ok(Some(edge)) if edge.only.is_none()
                && known.references.none_dangles(
                    (edge.table, edge.owner_columns),
                    (resource.table, resource.id.columns()),
                ))
        })
        && {
            let links = linkage.iter().flatten().filter_map(|change| match change {
                LinkageChange::One(related) => related.as_ref(),
                _ => None,
            });
            let bytes = id.into_iter().chain(links).map(link_bytes).sum();
            leaves_room(resource, bytes, attributes.iter(), plan)
        }
}

/// The id that a new row is to have, unless the database makes it.
fn chosen(id: Option<&ResourceId>) -> Option<&ResourceId> {
    id.filter(|id| !id.is_open())
}

/// Makes the row, commits it, and returns it. `None` if it was refused, and [`apply`](crate::store::Transaction::apply) is to
/// say why.
pub(super) async fn make(
    connection: &Connection,
    change: &Change,
    plan: &Plan,
    end: Option<Instant>,
) -> Result<Option<Fetched>, StoreError> {
    let Change::Insert { resource, id, attributes, linkage } = change else {
        return Err(StoreError::Internal("this is no new row".into()));
    };
    let (id, limits, selection) = (chosen(id.as_ref()), connection.limits(), &plan.selection);
    let given = if id.is_some() { GivenId::Yes } else { GivenId::No };
    let Ok(stored) = connection.values_as_stored(resource, attributes) else { return Ok(None) };
    let parameters = cells_of_new_row(&limits, resource, id, &stored, linkage, &[])?;
    let mut shape = vec![given == GivenId::Yes];
    shape.extend(&selection.attributes);
    let text = connection.text(Shape::new(Verb::InsertReturning, resource).columns(shape), || {
        insert_returning(Postgres, selection, given, &limits)
    })?;
    let rows = match connection.run_alone(&text, &parameters, end).await {
        Ok(rows) => rows,
        Err(StoreError::Constraint(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    // Somebody has made a trigger that keeps it out.
    let Some(row) = rows.first() else {
        connection.known().is_no_longer_plain(resource.table);
        return Ok(None);
    };
    let unreadable = |reason: &dyn std::fmt::Display| {
        // It is there all the same.
        log::error!("a new row of `{}` can't be read: {reason}", resource.table);
        StoreError::OutcomeUnknown
    };
    let made = read(connection, resource, row, plan).map_err(|error| unreadable(&error))?;
    if made.rows.is_empty() { Err(unreadable(&"its id is none")) } else { Ok(Some(made)) }
}

fn read(
    connection: &Connection,
    resource: &'static Description,
    row: &tokio_postgres::Row,
    plan: &Plan,
) -> Result<Fetched, StoreError> {
    let selection = &plan.selection;
    let cells = known_cells(selection, |table, column| connection.scale(table, column));
    let mut rows = Rows::new(resource);
    push_row(row, 0, &cells, resource.table, &mut rows)?;
    let links = resource.relationships_by_id().map(|(id, relationship)| {
        (relationship.is_to_many() && selection.reads_linkage(id)).then(|| {
            let mut none = Links::default();
            none.end_row();
            none
        })
    });
    Ok(Fetched::new(rows, links.collect()))
}
