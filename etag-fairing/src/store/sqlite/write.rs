//! Makes changes, in a transaction that is open.

use std::sync::Arc;

use rusqlite::types::ValueRef as SqliteValue;

use super::{
    cell,
    connection::{Connection, bound},
    delete::delete,
    dialect::Sqlite,
    error::store_error,
    links,
    read::{exists, fetch},
    showing::Showing,
    spellings, versions,
};
use crate::{
    resource::{Description, ResourceId, Value, ValueRef},
    store::{
        Change, Constraint, LinkageChange, Plan, Root, Scopes, Selection, StoreError,
        sql::{
            cache::{Shape, Verb},
            plan::{can_be, id_list, id_value},
            select,
            versions::Guard,
            write,
        },
    },
};

/// Makes one change, whole or not at all, if the resource has this version. Answers the id of the resource.
pub(super) fn apply(
    connection: &mut Connection,
    change: &Change,
    version: Option<&Value>,
    scopes: &Scopes,
) -> Result<ResourceId, StoreError> {
    let made = match connection.spellings() {
        None => make(connection, change, version, scopes),
        Some(forms) => {
            let stored = connection.change_as_stored(&forms, change)?;
            spellings::told_change(resource(change), make(connection, &stored, version, scopes))
        }
    };
    made.map_err(|error| connection.explained(resource(change), error))
}

fn make(
    connection: &mut Connection,
    change: &Change,
    version: Option<&Value>,
    scopes: &Scopes,
) -> Result<ResourceId, StoreError> {
    match change {
        Change::Delete { resource, id } => {
            if scopes.of(resource).is_some() && !exists(connection, scopes, resource, id)? {
                return Err(StoreError::NotFound);
            }
            delete(connection, resource, id, Guard::of(resource, version)?.as_ref())
        }
        Change::Insert { resource, id, attributes, linkage } => {
            whole(connection, resource, linkage, |connection| {
                if version.is_some() {
                    return Err(misshapen(resource));
                }
                insert(connection, scopes, resource, id.as_ref(), attributes, linkage)
            })
        }
        Change::Update { resource, id, attributes, linkage } => {
            whole(connection, resource, linkage, |connection| {
                let guard = Guard::of(resource, version)?;
                update(connection, scopes, resource, id, attributes, linkage, guard.as_ref())
            })
        }
    }
}

/// The table of the resource that it is about.
pub(super) fn table(change: &Change) -> &'static str {
    resource(change).table
}

fn resource(change: &Change) -> &'static Description {
    match change {
        Change::Insert { resource, .. }
        | Change::Update { resource, .. }
        | Change::Delete { resource, .. } => resource,
    }
}

/// Whether it changes one row, and nothing that goes with it.
pub(super) fn is_short(change: &Change) -> bool {
    match change {
        Change::Delete { .. } => false,
        Change::Insert { linkage, .. } | Change::Update { linkage, .. } => {
            linkage.iter().all(|change| matches!(change, None | Some(LinkageChange::One(_))))
        }
    }
}

/// One statement is made whole or not at all by itself; more need a savepoint.
fn whole(
    connection: &mut Connection,
    resource: &Description,
    linkage: &[Option<LinkageChange>],
    work: impl FnOnce(&mut Connection) -> Result<ResourceId, StoreError>,
) -> Result<ResourceId, StoreError> {
    if linkage.len() != resource.relationships.len() {
        return Err(misshapen(resource));
    }
    let links =
        linkage.iter().zip(resource.relationships).any(|(change, to)| change.is_some() && to.is_to_many());
    if !links && connection.versions.is_empty() {
        return work(connection);
    }
    connection.whole(work)
}

fn insert(
    connection: &mut Connection,
    scopes: &Scopes,
    resource: &'static Description,
    id: Option<&ResourceId>,
    attributes: &[Value],
    linkage: &[Option<LinkageChange>],
) -> Result<ResourceId, StoreError> {
    if attributes.len() != resource.attributes.len() {
        return Err(misshapen(resource));
    }
    let id = id.filter(|id| !id.is_open());
    let made = if id.is_none() { resource.id.kind.generate() } else { None };
    let id = id.or(made.as_ref());
    if let Some(id) = id {
        if !can_be(id, resource.id.kind) {
            return Err(StoreError::Internal(format!("`{}` cannot have the id {id}", resource.rust_name)));
        }
        // An id is taken, whoever sees the row.
        if exists(connection, &Scopes::NONE, resource, id)? {
            return Err(StoreError::IdExists);
        }
    }
    check_links(connection, scopes, resource, id, linkage)?;

    let stored = connection.as_stored(resource, attributes)?;
    let limits = Arc::clone(&connection.limits);
    let is_given = |column: &str| !limits.makes(resource.table, column);
    let mut parameters: Vec<ValueRef<'_>> = id.map(id_value).into_iter().collect();
    let given =
        resource.attributes.iter().zip(stored.iter()).filter(|(attribute, _)| is_given(attribute.column));
    parameters.extend(given.map(|(_, value)| value.as_ref()));
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        if !relationship.column().is_some_and(is_given) {
            continue;
        }
        parameters.push(match change {
            Some(LinkageChange::One(Some(related))) => id_value(related),
            Some(LinkageChange::One(None)) | None => ValueRef::Null,
            Some(_) => return Err(misshapen(resource)),
        });
    }
    let id = insert_row(connection, resource, id, &parameters)?;
    let versions = Arc::clone(&connection.versions);
    if let Some(kept) = versions.table(resource.table) {
        versions::begin(connection, kept, id_value(&id))?;
    }
    let mut shown = Showing::new(&versions, resource, &id);
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        if let (Some(column), Some(LinkageChange::One(Some(related)))) = (relationship.column(), change) {
            shown.moved(connection, column, None, Some(related))?;
        }
    }
    shown.relinked(connection, scopes, linkage)?;
    links::change(connection, scopes, resource, &id, linkage)?;
    shown.touch(connection)?;
    Ok(id)
}

/// Makes the row itself. Answers its id.
fn insert_row(
    connection: &mut Connection,
    resource: &'static Description,
    id: Option<&ResourceId>,
    parameters: &[ValueRef<'_>],
) -> Result<ResourceId, StoreError> {
    let gave_none = || StoreError::Internal(format!("table `{}` gave a new row no id", resource.table));
    let ignored = || StoreError::Constraint(Constraint::nameless());
    let is_rowid = connection.rowids.contains(&resource.table);
    let limits = Arc::clone(&connection.limits);
    if limits.is_view(resource.table) {
        return insert_into_view(connection, resource, id, parameters);
    }
    let verb = if id.is_some() { Verb::InsertWithId } else { Verb::Insert };
    let text = connection.text(Shape::new(verb, resource), || {
        write::insert(Sqlite, resource, id.is_some(), !is_rowid, &limits)
    })?;
    let mut statement = connection.prepare(&text)?;
    if is_rowid {
        // A trigger may have ignored it; then the last rowid is that of another row.
        return match statement.execute(bound(parameters)).map_err(store_error)? {
            1 => Ok(id.cloned().unwrap_or(ResourceId::Integer(connection.sqlite.last_insert_rowid()))),
            _ => Err(ignored()),
        };
    }
    let mut rows = statement.query(bound(parameters)).map_err(store_error)?;
    let row = rows.next().map_err(store_error)?.ok_or_else(ignored)?;
    let value = row.get_ref(0).map_err(store_error)?;
    if value == SqliteValue::Null {
        return Err(gave_none());
    }
    let id = cell::id(resource.table, resource.id.column, resource.id.kind, value)?;
    // To its end: only then is the row made and every constraint checked.
    while rows.next().map_err(store_error)?.is_some() {}
    Ok(id)
}

/// What an INSTEAD OF trigger does with a new row is its own affair: neither the number of rows nor `RETURNING` tells of
/// it.
fn insert_into_view(
    connection: &mut Connection,
    resource: &'static Description,
    id: Option<&ResourceId>,
    parameters: &[ValueRef<'_>],
) -> Result<ResourceId, StoreError> {
    let limits = Arc::clone(&connection.limits);
    let insert = write::insert(Sqlite, resource, id.is_some(), false, &limits)
        .map_err(|error| StoreError::Internal(error.to_string()))?;
    let newest = |connection: &Connection| -> Result<Option<i64>, StoreError> {
        let mut statement = connection.prepare(&select::newest(Sqlite, resource))?;
        let mut rows = statement.query([]).map_err(store_error)?;
        match rows.next().map_err(store_error)? {
            Some(row) => row.get(0).map_err(store_error),
            None => Ok(None),
        }
    };
    if let Some(id) = id {
        connection.run(&insert, parameters)?;
        return match exists(connection, &Scopes::NONE, resource, id)? {
            true => Ok(id.clone()),
            false => Err(StoreError::Constraint(Constraint::nameless())),
        };
    }
    // Nobody else writes meanwhile, so that a higher id than all before is the new one's.
    let before = newest(connection)?;
    connection.run(&insert, parameters)?;
    match newest(connection)? {
        Some(id) if before.is_none_or(|before| id > before) => Ok(ResourceId::Integer(id)),
        _ => {
            log::warn!(
                "the view `{}` shows no new row after an insertion: its trigger made none, or the view doesn't show it",
                resource.table
            );
            Err(StoreError::Constraint(Constraint::nameless()))
        }
    }
}

fn update(
    connection: &mut Connection,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
    attributes: &[Option<Value>],
    linkage: &[Option<LinkageChange>],
    version: Option<&Guard<'_>>,
) -> Result<ResourceId, StoreError> {
    if attributes.len() != resource.attributes.len() {
        return Err(misshapen(resource));
    }
    if !exists(connection, scopes, resource, id)? {
        return Err(StoreError::NotFound);
    }
    check_links(connection, scopes, resource, Some(id), linkage)?;
    let versions = Arc::clone(&connection.versions);
    let kept = versions.table(resource.table);
    let mut shown = Showing::new(&versions, resource, id);
    shown.relinked(connection, scopes, linkage)?;

    let hidden = hidden_links(connection, scopes, resource, id, linkage)?;
    let attributes = connection.changes_as_stored(resource, attributes)?;
    let limits = Arc::clone(&connection.limits);
    let is_given = |column: &str| !limits.makes(resource.table, column);
    // Of a view no statement tells how many rows it has changed.
    let is_view = limits.is_view(resource.table);
    if let (true, Some(guard)) = (is_view, version) {
        check_version(connection, resource, id, guard)?;
    }
    let mut parameters = Vec::new();
    let mut changed: Vec<bool> = Vec::new();
    for (value, attribute) in attributes.iter().zip(resource.attributes) {
        // Nobody but the store itself, or the database, says what these are.
        let value = value
            .as_ref()
            .filter(|_| kept.is_none_or(|kept| !kept.keeps(attribute.column)) && is_given(attribute.column));
        changed.push(value.is_some());
        parameters.extend(value.map(Value::as_ref));
    }
    for (index, (relationship, change)) in resource.relationships.iter().zip(linkage).enumerate() {
        if relationship.is_to_many() {
            continue;
        }
        let is_given = relationship.column().is_some_and(is_given);
        let change = change.as_ref().filter(|_| !hidden.contains(&index) && is_given);
        changed.push(change.is_some());
        let related = match change {
            Some(LinkageChange::One(related)) => related.as_ref(),
            None => continue,
            Some(_) => return Err(misshapen(resource)),
        };
        parameters.push(related.map_or(ValueRef::Null, id_value));
        if let Some(column) = relationship.column() {
            shown.moved(connection, column, Some(id), related)?;
        }
    }
    let next = match kept {
        Some(kept) if !parameters.is_empty() || shown.own || version.is_some() => {
            versions::next(connection, kept, id_value(id))?.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let next = match kept {
        Some(kept) if !next.is_empty() => versions::as_stored(connection, kept, &next)?.into_owned(),
        _ => next,
    };
    let guarded = match version {
        Some(guard) => Some(versions::guarded(connection, resource, guard, id_value(id))?),
        None => None,
    };
    if !(parameters.is_empty() && next.is_empty()) {
        let columns = write::columns(resource).zip(&changed);
        let mut columns: Vec<_> = columns.filter_map(|(column, changed)| changed.then_some(column)).collect();
        columns.extend(
            kept.iter().filter(|_| !next.is_empty()).flat_map(|kept| &kept.columns).map(|it| it.name),
        );
        parameters.extend(next.iter().map(Value::as_ref));
        parameters.push(id_value(id));
        parameters.extend(guarded.iter().map(Value::as_ref));
        changed.push(version.is_some());
        let text = connection.text(Shape::new(Verb::Update, resource).columns(changed), || {
            let version = version.map(|guard| guard.column);
            Ok::<_, String>(write::update(Sqlite, resource, &columns, version))
        })?;
        // It exists, so that only its version can keep the statement from it.
        if connection.run(&text, &parameters)? == 0 && version.is_some() && !is_view {
            return Err(StoreError::VersionChanged);
        }
    }
    links::change(connection, scopes, resource, id, linkage)?;
    shown.touch(connection)?;
    Ok(id.clone())
}

/// Whether a row has this version, asked before it is changed.
pub(super) fn check_version(
    connection: &mut Connection,
    resource: &'static Description,
    id: &ResourceId,
    guard: &Guard<'_>,
) -> Result<(), StoreError> {
    let text = select::with_version(Sqlite, resource, guard.column);
    let mut statement = connection.prepare(&text)?;
    match statement.exists(bound(&[id_value(id), guard.value])).map_err(store_error)? {
        true => Ok(()),
        false => Err(StoreError::VersionChanged),
    }
}

/// The to-one relationships that are to be emptied and look empty already. If one leads to what is hidden, it stays.
fn hidden_links(
    connection: &mut Connection,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
    linkage: &[Option<LinkageChange>],
) -> Result<Vec<usize>, StoreError> {
    let relationships = resource.relationships.iter().zip(linkage).enumerate();
    let mut emptied: Vec<usize> = relationships
        .filter(|(_, (relationship, change))| {
            **change == Some(LinkageChange::One(None)) && scopes.of(relationship.target()).is_some()
        })
        .map(|(index, _)| index)
        .collect();
    if !emptied.is_empty() {
        let mut plan = Plan::new(Root::One(id.clone()), Selection::identifiers(resource));
        plan.scopes = scopes.clone();
        let seen = fetch(connection, &plan)?;
        emptied.retain(|index| seen.rows.get(0).is_some_and(|row| row.to_one(resource, *index).is_null()));
    }
    Ok(emptied)
}

/// Each related resource must exist: a foreign key would say only that some reference fails, and a table of the
/// user's may have none.
fn check_links(
    connection: &mut Connection,
    scopes: &Scopes,
    resource: &'static Description,
    own: Option<&ResourceId>,
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    for (index, (relationship, change)) in resource.relationships.iter().zip(linkage).enumerate() {
        let target = relationship.target();
        // A new resource may relate to itself. Another struct over its table may hide it.
        let own = own.filter(|_| match scopes.of(target) {
            None => target.table == resource.table,
            Some(_) => target.is(resource),
        });
        let missing = match change {
            None | Some(LinkageChange::One(None) | LinkageChange::Remove(_)) => None,
            Some(LinkageChange::One(Some(id))) if Some(id) == own => None,
            Some(LinkageChange::One(Some(id))) => {
                (!exists(connection, scopes, target, id)?).then(|| id.clone())
            }
            Some(LinkageChange::Replace(ids) | LinkageChange::Add(ids)) => {
                first_missing(connection, scopes, target, ids.iter().filter(|id| Some(*id) != own))?
            }
        };
        if let Some(id) = missing {
            return Err(StoreError::RelatedNotFound { relationship: index, id });
        }
    }
    Ok(())
}

fn first_missing<'a>(
    connection: &mut Connection,
    scopes: &Scopes,
    target: &'static Description,
    ids: impl Iterator<Item = &'a ResourceId>,
) -> Result<Option<ResourceId>, StoreError> {
    let ids: Vec<&ResourceId> = ids.collect();
    // Of the wrong kind is missing, and so is what stands before it if that doesn't exist.
    let possible = ids.iter().take_while(|id| can_be(id, target.id.kind)).count();
    let (possible, wrong) = ids.split_at(possible);
    if !possible.is_empty() {
        let list = id_list(possible.iter().map(|id| id_value(id)))?;
        let shape = Shape::new(Verb::FirstMissing, target);
        let question = connection.question(scopes, shape, [ValueRef::Text(&list)], |visible| {
            select::first_missing(visible, target, &list)
        })?;
        let mut statement = connection.prepare(&question.text)?;
        let place: Option<i64> =
            statement.query_row(bound(&question.values()), |row| row.get(0)).map_err(store_error)?;
        if let Some(place) = place.and_then(|place| usize::try_from(place).ok()) {
            return Ok(possible.get(place).map(|id| (*id).clone()));
        }
    }
    Ok(wrong.first().map(|id| (*id).clone()))
}

pub(super) fn misshapen(resource: &Description) -> StoreError {
    StoreError::Internal(format!("a change does not have the shape of `{}`", resource.rust_name))
}
