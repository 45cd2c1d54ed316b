//! Makes several new rows of one table at once. One by one, each costs five statements and its savepoints; together they
//! cost a few, however many they are.
//!
//! Nothing may come out of it that wouldn't have come out of one change after the other. What could is left to them:
//! linkage in other rows, lists that keep an order, ids that clients choose. Where anything is refused, all of it is undone,
//! and the changes are made one after the other, to find out which one is to be refused, and why.

use std::collections::{BTreeSet, HashMap};

use rocket::futures::future::try_join;

use super::{connection::Connection, dialect::Postgres};
use crate::plan::{Change, Fetched, LinkageChange, Links, Listing, Plan, Root, Scopes, Selection};
use crate::schema::{Description, IdKind, RelationshipId, RelationshipKind, ResourceId, Rows, Value};
use crate::store::sql::arrival::may_arrive;
use crate::store::sql::cache::{Shape, Verb};
use crate::store::sql::change::{GivenId, Returned, insert_rows};
use crate::store::sql::link::Link;
use crate::store::sql::linkage_read::{Owners, linkage};
use crate::store::sql::managed::{self, RowOf};
use crate::store::sql::parameter::Parameter;
use crate::store::sql::read::listed;
use crate::store::sql::related::are_there;
use crate::store::sql::room::Room;
use crate::store::sql::session::Session;
use crate::store::sql::versions::KeptTable;
use crate::store::sql::write::{cells_of_new_row, check_shape};
use crate::store::sql::{Dialect, cell};
use crate::store::{Constraint, StoreError};

/// The most rows of a statement. Each number of rows has a statement of its own, which is prepared once on each connection:
/// these are powers of two.
const MOST_ROWS: usize = 64;

/// The most parameters of a statement: PostgreSQL counts them in two bytes.
const MOST_PARAMETERS: usize = 0xffff;

/// Ids and what was read back, in the order of the changes.
type Made = Vec<(ResourceId, Fetched)>;

/// A new resource.
struct New<'c> {
    id: Option<&'c ResourceId>,
    attributes: &'c [Value],
    linkage: &'c [Option<LinkageChange>],
}

/// Whether new resources of this type can be made at once at all.
pub(super) fn is_possible(connection: &Connection, resource: &'static Description) -> bool {
    resource.key().is_empty() && !connection.known().limits.is_view(resource.table)
}

/// Makes several new resources; `None` if that is to be done one after the other. Then nothing has changed.
pub(super) async fn insert_all(
    connection: &Connection,
    changes: &[Change],
    plan: &Plan,
) -> Result<Option<Made>, StoreError> {
    let Some((resource, new)) = all_new(connection, changes, plan) else { return Ok(None) };
    match connection.whole(make(connection, resource, &new, plan)).await {
        Ok(made) => Ok(Some(made)),
        Err(error) if connection.is_conflicted() || is_of_server(&error) => Err(error),
        // One of them is refused, or could not be made in this way.
        Err(_) => connection.check_not_failed().map(|()| None),
    }
}

/// Whether it would be the same for each of them.
fn is_of_server(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Busy { .. }
            | StoreError::Conflict
            | StoreError::OutcomeUnknown
            | StoreError::ReadTimedOut { .. }
    )
}

/// The new resources, if all that is made for them are rows of their own table.
fn all_new<'c>(
    connection: &Connection,
    changes: &'c [Change],
    plan: &Plan,
) -> Option<(&'static Description, Vec<New<'c>>)> {
    let resource = changes.first()?.resource();
    let is_read = |id| plan.selection.reads_attribute(id);
    let reads_kept = || resource.kept().all(|(id, _)| is_read(id));
    let is_simple = plan.selection.include.is_empty() && plan.selection.counts.is_empty();
    if !is_possible(connection, resource) || !is_simple || !reads_kept() {
        return None;
    }
    let new: Option<Vec<_>> = changes
        .iter()
        .map(|change| {
            let Change::Insert { resource: of, id, attributes, linkage } = change else { return None };
            let id = id.as_ref().filter(|id| !id.is_open());
            let is_of_table = of.is(resource) && check_shape(resource, attributes.len(), linkage).is_ok();
            let fits = is_of_table && has_id(connection, resource, id) && is_of_row(resource, linkage);
            fits.then_some(New { id, attributes, linkage })
        })
        .collect();
    new.map(|new| (resource, new))
}

/// Whether the id is one of those that nobody has to be asked for, or to be told of.
fn has_id(connection: &Connection, resource: &Description, id: Option<&ResourceId>) -> bool {
    match (resource.id.kind, id) {
        (IdKind::Integer { .. }, id) => id.is_none() && connection.known().sequence(resource.table).is_some(),
        (IdKind::Text | IdKind::Uuid, Some(id)) => Postgres.can_be(id, resource.id.kind),
        (IdKind::Text | IdKind::Uuid, None) | (IdKind::Composite(_), _) => false,
    }
}

/// Whether the linkage is in columns of the row alone.
fn is_of_row(resource: &'static Description, linkage: &[Option<LinkageChange>]) -> bool {
    resource.relationships.iter().zip(linkage).all(|(relationship, change)| {
        match (relationship.kind, change) {
            (_, None) => true,
            (RelationshipKind::ToOne { .. }, Some(LinkageChange::One(_))) => {
                !may_arrive(resource, relationship, change.as_ref())
            }
            _ => false,
        }
    })
}

async fn make(
    connection: &Connection,
    resource: &'static Description,
    new: &[New<'_>],
    plan: &Plan,
) -> Result<Made, StoreError> {
    let given: Vec<ResourceId> = new.iter().filter_map(|new| new.id.cloned()).collect();
    if !given.is_empty() && !free(connection, resource, &given).await? {
        return Err(StoreError::IdExists);
    }
    let shown_in = lock_related(connection, resource, new, plan).await?;
    let ids = insert(connection, resource, new, given).await?;
    let versions = connection.versions();
    for (name, id) in &shown_in {
        if let Some(table) = versions.table(name) {
            managed::touch(connection, table, Parameter::id(id)).await?;
        }
    }
    let (rows, links) = try_join(rows(connection, plan, &ids), links(connection, plan, &ids)).await?;
    if let Some(kept) = versions.table(resource.table) {
        check_kept(connection, kept, resource, &rows).await?;
    }
    one_by_one(resource, ids, &rows, &links)
}

/// Whether no row has one of these ids. An id counts as used even if the row is hidden from the caller, or deleted softly.
async fn free(
    connection: &Connection,
    resource: &'static Description,
    ids: &[ResourceId],
) -> Result<bool, StoreError> {
    let each_once: BTreeSet<&ResourceId> = ids.iter().collect();
    let plan = Plan::new(Root::Collection(Listing::all()), Selection::identifiers(resource))
        .scoped(Scopes::all_stored(resource).clone());
    Ok(each_once.len() == ids.len() && rows(connection, &plan, ids).await?.is_empty())
}

/// Checks that the related resources exist, and locks them. Returns the rows whose representations show the new linkage.
async fn lock_related(
    connection: &Connection,
    resource: &'static Description,
    new: &[New<'_>],
    plan: &Plan,
) -> Result<BTreeSet<RowOf>, StoreError> {
    let versions = connection.versions();
    let mut shown_in = BTreeSet::new();
    for (relationship_id, relationship) in resource.relationships_by_id() {
        let related: BTreeSet<&ResourceId> =
            new.iter().filter_map(|new| related(new, relationship_id)).collect();
        let (Some(link), Some(first)) = (Link::of(relationship), related.first()) else { continue };
        let target = relationship.target();
        let missing = || StoreError::RelatedNotFound { relationship: relationship_id, id: (*first).clone() };
        if !related.iter().all(|id| Postgres.can_be(id, target.id.kind)) {
            return Err(missing());
        }
        let ids = related.iter().copied().cloned().collect();
        if !are_there(connection, &plan.scopes, resource, relationship_id, target, ids).await? {
            return Err(missing());
        }
        for shown in versions.shown(resource.table, link.columns) {
            let is_link = shown.is_inverse() && shown.only == link.only;
            if let (true, Some(owners)) = (is_link, versions.owners(shown)) {
                shown_in.extend(related.iter().map(|id| (owners.name, (*id).clone())));
            }
        }
    }
    Ok(shown_in)
}

fn related<'c>(new: &New<'c>, relationship: RelationshipId) -> Option<&'c ResourceId> {
    match relationship.of(new.linkage) {
        Some(Some(LinkageChange::One(related))) => related.as_ref(),
        _ => None,
    }
}

/// Inserts the rows. Returns their ids in order.
async fn insert(
    connection: &Connection,
    resource: &'static Description,
    new: &[New<'_>],
    given: Vec<ResourceId>,
) -> Result<Vec<ResourceId>, StoreError> {
    let (known, versions) = (connection.known(), connection.versions());
    let mut marks = Vec::new();
    if let Some(kept) = versions.table(resource.table) {
        for column in &kept.columns {
            marks.push((*column, managed::mark(connection, kept, *column).await?));
        }
    }
    let mut stored = Vec::with_capacity(new.len());
    for new in new {
        let mut values = connection.values_as_stored(resource, new.attributes)?.into_owned();
        for (value, attribute) in values.iter_mut().zip(resource.attributes) {
            let mark = marks.iter().find(|(column, _)| column.name.eq_ignore_ascii_case(attribute.column));
            if let Some((column, mark)) = mark {
                *value = column.upkeep.first(value.as_ref(), *mark)?;
            }
        }
        stored.push(values);
    }
    let cells = new
        .iter()
        .zip(&stored)
        .map(|(new, stored)| cells_of_new_row(&known.limits, resource, new.id, stored, new.linkage, &[]));
    let cells = cells.collect::<Result<Vec<_>, _>>()?;
    let width = cells.first().map_or(0, Vec::len);
    if width == 0 {
        return Err(not_in_this_way());
    }
    let most = MOST_ROWS.min(MOST_PARAMETERS / width).max(1);
    let given_id = if given.is_empty() { GivenId::No } else { GivenId::Yes };
    let mut made = Vec::with_capacity(new.len());
    let mut rest = cells.as_slice();
    while !rest.is_empty() {
        let number = 1 << rest.len().min(most).ilog2();
        let (now, later) = rest.split_at(number.min(rest.len()));
        rest = later;
        let bits = (0..usize::BITS).map(|bit| now.len() >> bit & 1 == 1);
        let shape = Shape::new(Verb::InsertRows, resource).columns(bits.collect());
        let text = connection.text(shape, || {
            insert_rows(Postgres, resource, given_id, Returned::Id, &known.limits, &[], now.len())
        })?;
        for row in connection.rows(&text, &now.concat()).await? {
            made.push(cell::id(resource.table, resource.id.columns(), resource.id.kind, &row, 0)?);
        }
    }
    // A trigger may leave a row out, or give it another id.
    let is_in_order = match given_id {
        GivenId::Yes => made == given,
        // Rows are made in the order of the statement, and the sequence counts them: so each id is that of its change.
        GivenId::No => made.is_sorted_by(|one, next| one < next),
    };
    if made.len() == new.len() && is_in_order { Ok(made) } else { Err(not_in_this_way()) }
}

/// The rows with these ids, in any order, as the plan sees them.
async fn rows(connection: &Connection, plan: &Plan, ids: &[ResourceId]) -> Result<Rows, StoreError> {
    listed(connection, &plan.selection, &plan.scopes, &Room::of(plan), ids).await
}

/// The to-many linkage that the plan asks for, in the order of these ids.
async fn links(
    connection: &Connection,
    plan: &Plan,
    ids: &[ResourceId],
) -> Result<Vec<Option<Links>>, StoreError> {
    let resource = plan.selection.resource;
    let (owners, room) = (Owners::of(ids.iter())?, Room::of(plan));
    let wanted: Vec<bool> = resource
        .relationships_by_id()
        .map(|(id, relationship)| plan.selection.reads_linkage(id) && relationship.is_to_many())
        .collect();
    let work = resource.relationships_by_id().filter(|(id, _)| id.of(&wanted) == Some(&true));
    let work = work.map(|(id, _)| linkage(connection, &plan.scopes, &room, resource, id, &owners));
    let mut found = connection.all(work.collect()).await?.into_iter();
    Ok(wanted.into_iter().map(|wanted| if wanted { found.next() } else { None }).collect())
}

/// Checks that each row has the first values of the columns that the store itself sets. A row that was deleted meanwhile may
/// have had a higher one, and triggers may have given another.
async fn check_kept(
    connection: &Connection,
    kept: &KeptTable,
    resource: &'static Description,
    rows: &Rows,
) -> Result<(), StoreError> {
    for column in &kept.columns {
        let mark = managed::mark(connection, kept, *column).await?;
        let own = resource.attributes_by_id().find(|(_, it)| it.column.eq_ignore_ascii_case(column.name));
        // A column of another resource over the table, whose value is not read here.
        let Some((id, _)) = own else { return Err(not_in_this_way()) };
        for row in rows.iter() {
            let value = row.attribute(id);
            if value.is_null() || column.upkeep.first(value, mark)?.as_ref() != value {
                return Err(not_in_this_way());
            }
        }
    }
    Ok(())
}

/// What was read, for each of the ids.
fn one_by_one(
    resource: &'static Description,
    ids: Vec<ResourceId>,
    rows: &Rows,
    links: &[Option<Links>],
) -> Result<Made, StoreError> {
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows.iter() {
        found.insert(row.resource_id()?, row);
    }
    let made = ids.into_iter().enumerate().map(|(place, id)| {
        let mut own = Rows::new(resource);
        if let Some(row) = found.get(&id) {
            own.push_row(*row);
        }
        let links = links.iter().map(|links| links.as_ref().map(|links| links.only(place)));
        let fetched = Fetched::new(own, links.collect());
        (id, fetched)
    });
    Ok(made.collect())
}

/// Nobody is told of it: the changes are made one after the other.
fn not_in_this_way() -> StoreError {
    StoreError::Constraint(Constraint::nameless())
}
