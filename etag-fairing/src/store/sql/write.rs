//! Makes changes in an open transaction.

use super::{
    Dialect,
    abilities::Limits,
    arrival,
    cache::{Shape, Verb},
    change,
    delete::delete,
    dependents::Dependents,
    ids::id_value,
    link::Link,
    linkage_write::{self, misshapen},
    managed,
    one_of::OneOfChange,
    parameter::Parameter,
    placed::{self, Arrival},
    read::{self, Locking, exists},
    related::check_related,
    session::Session,
    versions::Guard,
};
use crate::plan::{
    Change, LinkageChange, Plan, Root, Scopes, Selection, changes_id, changes_ids_of_related, gives_position,
    id_of_members,
};
use crate::schema::{Description, RelationshipId, RelationshipKind, ResourceId, Value, ValueRef};
use crate::store::StoreError;

/// Makes one change, all or nothing, if the resource has this version. Returns the id of the resource.
pub(crate) async fn apply<S: Session>(
    session: &S,
    change: &Change,
    version: Option<&Value>,
    scopes: &Scopes,
) -> Result<ResourceId, StoreError> {
    let made = make(session, change, version, scopes);
    let made = if S::ERRORS_UNDO_ALL || takes_several(session, change) {
        session.whole(made).await
    } else {
        made.await
    };
    made.map_err(|error| session.explained(change, error))
}

/// Whether a change may take several statements, so that it needs a savepoint.
fn takes_several(session: &impl Session, change: &Change) -> bool {
    match change {
        // A deletion sets its own savepoint.
        Change::Delete { .. } => false,
        Change::Insert { resource, linkage, .. } | Change::Update { resource, linkage, .. } => {
            let mut changes = linkage.iter().zip(resource.relationships);
            changes.any(|(change, to)| {
                change.is_some() && to.is_to_many() || arrival::may_arrive(resource, to, change.as_ref())
            }) || !session.versions().is_empty()
        }
    }
}

async fn make(
    session: &impl Session,
    change: &Change,
    version: Option<&Value>,
    scopes: &Scopes,
) -> Result<ResourceId, StoreError> {
    match change {
        Change::Delete { resource, id } => {
            delete(session, scopes, resource, id, Guard::of(resource, version)?.as_ref()).await
        }
        Change::Insert { resource, id, attributes, linkage } => {
            check_shape(resource, attributes.len(), linkage)?;
            if version.is_some() {
                return Err(misshapen(resource));
            }
            insert(session, scopes, resource, id.as_ref(), attributes, linkage).await
        }
        Change::Update { resource, id, attributes, linkage } => {
            check_shape(resource, attributes.len(), linkage)?;
            let guard = Guard::of(resource, version)?;
            update(session, scopes, resource, id, attributes, linkage, guard.as_ref()).await
        }
    }
}

pub(crate) fn check_shape(
    resource: &Description,
    attributes: usize,
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    if attributes == resource.attributes.len() && linkage.len() == resource.relationships.len() {
        Ok(())
    } else {
        Err(misshapen(resource))
    }
}

async fn insert(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    id: Option<&ResourceId>,
    attributes: &[Value],
    linkage: &[Option<LinkageChange>],
) -> Result<ResourceId, StoreError> {
    let id = id.filter(|id| !id.is_open());
    let of_members = id_of_members(resource, attributes, linkage);
    if !resource.key().is_empty()
        && (of_members.is_none() || id.is_some_and(|id| Some(id) != of_members.as_ref()))
    {
        return Err(StoreError::Internal(format!(
            "a new `{}` needs a value in each member that its id is made of, and no other id",
            resource.rust_name
        )));
    }
    if changes_ids_of_related(resource, linkage) {
        return Err(StoreError::Internal(format!(
            "a new `{}` takes resources whose ids are made of what they belong to",
            resource.rust_name
        )));
    }
    let id = of_members.as_ref().or(id);
    let made = if id.is_none() { resource.id.kind.generate() } else { None };
    let id = id.or(made.as_ref());
    if let Some(id) = id {
        if !session.dialect().can_be(id, resource.id.kind) {
            return Err(StoreError::Internal(format!("`{}` cannot have the id {id}", resource.rust_name)));
        }
        // An id counts as used even if the row is hidden from the caller, or deleted softly.
        if exists(session, Scopes::all_stored(resource), resource, id).await? {
            return Err(StoreError::IdExists);
        }
    }
    check_related(session, scopes, resource, id, &[], linkage).await?;

    let stored = session.values_as_stored(resource, attributes)?;
    let limits = session.limits();
    let mut moved = Vec::new();
    let has_position = |column| {
        limits.makes(resource.table, column)
            || gives_position(resource, column, |place| attributes.get(place))
    };
    let arrivals =
        arrival::arrivals(session, scopes, resource, None, linkage, has_position, &mut moved).await?;
    let mut parameters = cells_of_new_row(&limits, resource, id, &stored, linkage, &arrivals)?;
    let beside = placed::beside(resource, &arrivals);
    parameters
        .extend(beside.iter().map(|(column, position)| Parameter::of(column, ValueRef::Integer(*position))));
    let placed: Vec<_> = beside.iter().map(|(column, _)| *column).collect();
    let id = session.insert_row(resource, id, &parameters, &placed).await?;
    let versions = session.versions();
    if let Some(kept) = versions.table(resource.table) {
        managed::begin(session, kept, Parameter::id(&id)).await?;
    }
    let mut dependents = Dependents::new(session, &versions, resource, &id);
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        if let (Some(link), Some(LinkageChange::One(Some(related)))) = (Link::of(relationship), change) {
            dependents.moved(link, None, Some(related)).await?;
        }
    }
    dependents.relinked(scopes, linkage).await?;
    dependents.moved_within(moved);
    dependents.moved_within(linkage_write::change(session, scopes, resource, &id, linkage).await?);
    dependents.touch().await?;
    Ok(id)
}

/// The cells of a new row: its id if it is given, then a value for each of [`change::columns`] that the database doesn't
/// make.
pub(crate) fn cells_of_new_row<'a>(
    limits: &Limits,
    resource: &'static Description,
    id: Option<&'a ResourceId>,
    stored: &'a [Value],
    linkage: &'a [Option<LinkageChange>],
    arrivals: &[Arrival],
) -> Result<Vec<Parameter<'a>>, StoreError> {
    let is_given = |column: &str| !limits.makes(resource.table, column);
    let mut parameters = Vec::new();
    // The columns of a composite id are those of members.
    let single = id.filter(|_| resource.key().is_empty());
    parameters.extend(single.map(|id| Parameter::of(resource.id.column, id_value(id))));
    for (attribute, value) in resource.attributes.iter().zip(stored) {
        if is_given(attribute.column) {
            // Nothing is deleted from its beginning.
            let is_deletion = resource.deletion_column() == Some(attribute.column);
            let value = if is_deletion { ValueRef::Null } else { value.as_ref() };
            let position = placed::position_in(arrivals, attribute.column);
            let value = position.map_or(value, ValueRef::Integer);
            parameters.push(Parameter::of(attribute.column, value));
        }
    }
    for ((relationship_id, relationship), change) in resource.relationships_by_id().zip(linkage) {
        match relationship.kind {
            RelationshipKind::ToOne { columns, .. } => {
                let related = match change {
                    Some(LinkageChange::One(related)) => related.as_ref(),
                    None => None,
                    Some(_) => return Err(misshapen(resource)),
                };
                let cells = Parameter::of_each(columns, related);
                parameters.extend(cells.filter(|cell| is_given(cell.column)));
            }
            RelationshipKind::OneOf { place: 0, .. } => {
                let cells = match OneOfChange::of(resource, relationship_id, linkage)? {
                    OneOfChange::To(arm, related) => one_of_cells(resource, arm, Some(related)),
                    OneOfChange::None | OneOfChange::Empty => one_of_cells(resource, relationship_id, None),
                };
                parameters.extend(cells.into_iter().filter(|cell| is_given(cell.column)));
            }
            RelationshipKind::OneOf { .. }
            | RelationshipKind::Inverse { .. }
            | RelationshipKind::Through { .. } => {}
        }
    }
    Ok(parameters)
}

async fn update<S: Session>(
    session: &S,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
    attributes: &[Option<Value>],
    linkage: &[Option<LinkageChange>],
    version: Option<&Guard<'_>>,
) -> Result<ResourceId, StoreError> {
    if !session.dialect().can_be(id, resource.id.kind) {
        return Err(StoreError::NotFound);
    }
    if changes_id(resource, id, attributes, linkage) {
        return Err(StoreError::Internal(format!(
            "a change of `{}` {id} gives another value to a member that an id is made of",
            resource.rust_name
        )));
    }
    // What is changed was read before, as a rule, and locked then.
    let is_locked = linkage.iter().all(Option::is_none)
        && !may_reorder(resource, attributes)
        && session.has_locked(resource, id);
    let links = match is_locked {
        true => Vec::new(),
        false => session.lock_row_and_links(resource, id).await?.ok_or(StoreError::NotFound)?,
    };
    let must_be_seen = scopes.limits(resource) || !S::LOCKS_ROWS;
    if must_be_seen && !exists(session, scopes, resource, id).await? {
        return Err(StoreError::NotFound);
    }
    check_related(session, scopes, resource, Some(id), &links, linkage).await?;
    let versions = session.versions();
    let kept = versions.table(resource.table);
    let mut dependents = Dependents::new(session, &versions, resource, id);
    dependents.relinked(scopes, linkage).await?;

    let hidden = hidden_links(session, scopes, resource, id, linkage).await?;
    let attributes = session.changes_as_stored(resource, attributes)?;
    let limits = session.limits();
    let deletion = versions.deletion(resource.table).and_then(|table| table.columns.first());
    // Only a deletion says that a resource is deleted. Another resource over the table may say otherwise.
    let is_own_deletion =
        |column: &str| resource.soft_delete.is_some() && deletion.is_some_and(|known| known.is(column));
    let is_given = |column: &str| !limits.makes(resource.table, column) && !is_own_deletion(column);
    // The number of changed rows is not reliable for a view.
    let is_view = limits.is_view(resource.table);
    if let (true, Some(guard)) = (is_view, version) {
        managed::check_version(session, resource, id, guard).await?;
    }
    let mut moved = Vec::new();
    let has_position = |column| {
        let given = |place| attributes.get(place).and_then(Option::as_ref);
        !is_given(column) || gives_position(resource, column, given)
    };
    let arrivals =
        arrival::arrivals(session, scopes, resource, Some(id), linkage, has_position, &mut moved).await?;
    dependents.moved_within(moved);
    let mut parameters = Vec::new();
    let mut changed: Vec<bool> = Vec::new();
    for (attribute, value) in resource.attributes.iter().zip(attributes.iter()) {
        // Only the store or the database sets these columns.
        let value = value
            .as_ref()
            .filter(|_| kept.is_none_or(|kept| !kept.keeps(attribute.column)) && is_given(attribute.column));
        let position = placed::position_in(&arrivals, attribute.column).map(ValueRef::Integer);
        let value = position.or(value.map(Value::as_ref));
        changed.push(value.is_some());
        parameters.extend(value.map(|value| Parameter::of(attribute.column, value)));
        if value.is_some() {
            lock_lists(session, resource, attribute.column, &links).await?;
            dependents.placed(attribute.column).await?;
        }
    }
    for ((relationship_id, relationship), change) in resource.relationships_by_id().zip(linkage) {
        match relationship.kind {
            RelationshipKind::ToOne { columns, .. } => {
                let is_given = columns.names().all(is_given);
                let change = change.as_ref().filter(|_| !hidden.contains(&relationship_id) && is_given);
                changed.extend(columns.names().map(|_| change.is_some()));
                let related = match change {
                    Some(LinkageChange::One(related)) => related.as_ref(),
                    None => continue,
                    Some(_) => return Err(misshapen(resource)),
                };
                parameters.extend(Parameter::of_each(columns, related));
                if let Some(link) = Link::of(relationship) {
                    dependents.moved(link, Some(id), related).await?;
                }
            }
            RelationshipKind::OneOf { place: 0, .. } => {
                let (arm, related) = match OneOfChange::of(resource, relationship_id, linkage)? {
                    OneOfChange::To(arm, related) => (arm, Some(related)),
                    OneOfChange::Empty if !hidden.contains(&relationship_id) => (relationship_id, None),
                    OneOfChange::None | OneOfChange::Empty => {
                        changed.extend([false, false]);
                        continue;
                    }
                };
                for cell in one_of_cells(resource, arm, related) {
                    let is_given = is_given(cell.column);
                    changed.push(is_given);
                    parameters.extend(is_given.then_some(cell));
                }
                for (other, relationship) in resource.arms(arm) {
                    let Some(link) = Link::of(relationship) else { continue };
                    dependents.moved(link, Some(id), related.filter(|_| other == arm)).await?;
                }
            }
            RelationshipKind::OneOf { .. }
            | RelationshipKind::Inverse { .. }
            | RelationshipKind::Through { .. } => {}
        }
    }
    let beside = placed::beside(resource, &arrivals);
    let names_deletion = deletion.is_some_and(|deletion| {
        let mut changed = change::columns(resource).zip(&changed).filter(|(_, changed)| **changed);
        changed.any(|(column, _)| deletion.is(column))
    });
    if names_deletion {
        dependents.hidden_or_shown().await?;
    }
    let next = match kept {
        Some(kept) if !parameters.is_empty() || dependents.own || version.is_some() => {
            managed::next(session, kept, Parameter::id(id)).await?.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let next = match kept {
        Some(kept) if !next.is_empty() => session.kept_as_stored(kept, &next)?,
        _ => next.into(),
    };
    let guarded = match version {
        Some(guard) => Some(session.guarded(resource, guard, id).await?),
        None => None,
    };
    if !(parameters.is_empty() && next.is_empty()) {
        let columns = change::columns(resource).zip(&changed);
        let mut columns: Vec<_> = columns.filter_map(|(column, changed)| changed.then_some(column)).collect();
        for (column, position) in &beside {
            columns.push(column);
            parameters.push(Parameter::of(column, ValueRef::Integer(*position)));
        }
        let placed: Vec<_> = beside.iter().map(|(column, _)| *column).collect();
        changed.extend(placed::shape_beside(resource, &placed));
        let kept = kept.into_iter().flat_map(|kept| &kept.columns).zip(next.iter());
        for (column, value) in kept {
            columns.push(column.name);
            parameters.push(Parameter::of(column.name, value.as_ref()));
        }
        parameters.push(id.into());
        parameters.extend(guarded.as_ref().map(|version| Parameter::from(version.as_ref())));
        changed.push(version.is_some());
        let text = session.text(Shape::new(Verb::Update, resource).columns(changed), || {
            let version = version.map(|guard| guard.column);
            Ok(change::update(session.dialect(), resource, &columns, version))
        })?;
        if session.run(&text, &parameters).await? == 0 && !is_view {
            // One that was to be locked, and was not there.
            if is_locked {
                session.lock_row_and_links(resource, id).await?.ok_or(StoreError::NotFound)?;
            }
            // The row exists, so that only its version can be the reason.
            if version.is_some() {
                return Err(StoreError::VersionChanged);
            }
        }
    } else if is_locked {
        session.lock_row_and_links(resource, id).await?.ok_or(StoreError::NotFound)?;
    }
    dependents.moved_within(linkage_write::change(session, scopes, resource, id, linkage).await?);
    dependents.touch().await?;
    Ok(id.clone())
}

/// Whether a change of these attributes may change the order of a list, whose owner is to be locked then.
pub(crate) fn may_reorder(resource: &'static Description, attributes: &[Option<Value>]) -> bool {
    let is_changed = |column: &str| {
        let mut changed = resource.attributes.iter().zip(attributes).filter(|(_, value)| value.is_some());
        changed.any(|(attribute, _)| attribute.column.eq_ignore_ascii_case(column))
    };
    let mut far = resource.relationships.iter().flat_map(|relationship| relationship.target().relationships);
    far.any(|far| far.order.is_some_and(is_changed))
}

/// Locks the owners of the linkage whose order is in this column of the row. `links` are the ids in the row's to-one
/// relationships.
async fn lock_lists<S: Session>(
    session: &S,
    resource: &'static Description,
    column: &str,
    links: &[Option<ResourceId>],
) -> Result<(), StoreError> {
    if !S::LOCKS_ROWS {
        return Ok(());
    }
    for (relationship_id, relationship) in resource.relationships_by_id() {
        let (Some(_), Some(Some(owner))) = (relationship.id_columns(), relationship_id.of(links)) else {
            continue;
        };
        let is_ordered = relationship.target().relationships.iter().any(|far| {
            matches!(far.kind, RelationshipKind::Inverse { of } if of == relationship.name)
                && far.order.is_some_and(|order| order.eq_ignore_ascii_case(column))
                && far.target().table == resource.table
        });
        if is_ordered {
            session.lock_row(relationship.target(), owner).await?;
        }
    }
    Ok(())
}

/// The type and the id of a polymorphic relationship, as parameters.
fn one_of_cells<'a>(
    resource: &Description,
    arm: RelationshipId,
    related: Option<&'a ResourceId>,
) -> Vec<Parameter<'a>> {
    let link = resource.relationship_at(arm).and_then(Link::of);
    let Some((column, only)) = link.and_then(|link| Some((link.columns.first(), link.only?))) else {
        return Vec::new();
    };
    let text = related.map_or(ValueRef::Null, |_| ValueRef::Text(only.text));
    vec![Parameter::of(only.column, text), Parameter::of(column, related.map_or(ValueRef::Null, id_value))]
}

/// The to-one relationships that the change empties and that already look empty to the caller. A link to a
/// hidden resource stays. Of a polymorphic relationship it is the first arm; it stays, too, if it leads over another
/// arm than those that the change empties.
async fn hidden_links(
    session: &impl Session,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
    linkage: &[Option<LinkageChange>],
) -> Result<Vec<RelationshipId>, StoreError> {
    let mut emptied: Vec<RelationshipId> = resource
        .relationships_by_id()
        .zip(linkage)
        .filter(|((_, relationship), change)| {
            **change == Some(LinkageChange::One(None))
                && !relationship.is_polymorphic()
                && scopes.limits(relationship.target())
        })
        .map(|((relationship_id, _), _)| relationship_id)
        .collect();
    for (first, _) in
        resource.relationship_members().filter(|(_, it)| it.is_polymorphic() && !it.is_to_many())
    {
        if OneOfChange::of(resource, first, linkage)? == OneOfChange::Empty {
            let is_named = |arm: RelationshipId| arm.of(linkage).is_some_and(Option::is_some);
            let mut arms = resource.arms(first);
            if arms.any(|(arm, found)| !is_named(arm) || scopes.limits(found.target())) {
                emptied.push(first);
            }
        }
    }
    if !emptied.is_empty() {
        let mut plan = Plan::new(Root::One(id.clone()), Selection::identifiers(resource));
        plan.scopes = scopes.clone();
        let seen = read::fetch(session, &plan, Locking::None).await?;
        let row = seen.rows.get(0);
        let is_emptied = |arm: RelationshipId| arm.of(linkage).is_some_and(Option::is_some);
        emptied.retain(|id| {
            let mut arms = resource.arms(*id).filter(|(arm, _)| is_emptied(*arm));
            row.is_some_and(|row| arms.all(|(arm, _)| row.to_one(resource, arm).is_null()))
        });
    }
    Ok(emptied)
}
