//! Makes changes, in a transaction that is open.

use std::sync::Arc;

use rusqlite::types::ValueRef as SqliteValue;

use super::{
    cell,
    connection::{Connection, bound},
    delete::delete,
    dialect::Sqlite,
    error::store_error,
    read::exists,
};
use crate::{
    resource::{Description, ResourceId, Value, ValueRef},
    store::{
        Change, Constraint, LinkageChange, StoreError,
        sql::{
            cache::{Shape, Verb},
            edge::{Edge, EdgeKind},
            plan::{can_be, edge, id_list, id_value},
            select, write,
        },
    },
};

/// Makes one change, whole or not at all. Answers the id of the resource.
pub(super) fn apply(connection: &mut Connection, change: &Change) -> Result<ResourceId, StoreError> {
    match change {
        Change::Delete { resource, id } => delete(connection, resource, id),
        Change::Insert { resource, id, attributes, linkage } => {
            whole(connection, resource, linkage, |connection| {
                insert(connection, resource, id.as_ref(), attributes, linkage)
            })
        }
        Change::Update { resource, id, attributes, linkage } => {
            whole(connection, resource, linkage, |connection| {
                update(connection, resource, id, attributes, linkage)
            })
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
    if !linkage.iter().zip(resource.relationships).any(|(change, to)| change.is_some() && to.is_to_many()) {
        return work(connection);
    }
    connection.whole(work)
}

fn insert(
    connection: &mut Connection,
    resource: &'static Description,
    id: Option<&ResourceId>,
    attributes: &[Value],
    linkage: &[Option<LinkageChange>],
) -> Result<ResourceId, StoreError> {
    if attributes.len() != resource.attributes.len() {
        return Err(misshapen(resource));
    }
    let made = if id.is_none() { resource.id.kind.generate() } else { None };
    let id = id.or(made.as_ref());
    if let Some(id) = id {
        if !can_be(id, resource.id.kind) {
            return Err(StoreError::Internal(format!("`{}` cannot have the id {id}", resource.rust_name)));
        }
        if exists(connection, resource, id)? {
            return Err(StoreError::IdExists);
        }
    }
    check_links(connection, resource, id, linkage)?;

    let mut parameters: Vec<ValueRef<'_>> = id.map(id_value).into_iter().collect();
    parameters.extend(attributes.iter().map(Value::as_ref));
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        if relationship.is_to_many() {
            continue;
        }
        parameters.push(match change {
            Some(LinkageChange::One(Some(related))) => id_value(related),
            Some(LinkageChange::One(None)) | None => ValueRef::Null,
            Some(_) => return Err(misshapen(resource)),
        });
    }
    let verb = if id.is_some() { Verb::InsertWithId } else { Verb::Insert };
    let text =
        connection.text(Shape::new(verb, resource), || write::insert(Sqlite, resource, id.is_some()))?;
    let id = {
        let mut statement = connection.prepare(&text)?;
        let mut rows = statement.query(bound(&parameters)).map_err(store_error)?;
        let gave_none = || StoreError::Internal(format!("table `{}` gave a new row no id", resource.table));
        let row = rows.next().map_err(store_error)?.ok_or_else(gave_none)?;
        let value = row.get_ref(0).map_err(store_error)?;
        if value == SqliteValue::Null {
            return Err(gave_none());
        }
        let id = cell::id(resource.table, resource.id.column, resource.id.kind, value)?;
        // To its end: only then is the row made and every constraint checked.
        while rows.next().map_err(store_error)?.is_some() {}
        id
    };
    change_links(connection, resource, &id, linkage)?;
    Ok(id)
}

fn update(
    connection: &mut Connection,
    resource: &'static Description,
    id: &ResourceId,
    attributes: &[Option<Value>],
    linkage: &[Option<LinkageChange>],
) -> Result<ResourceId, StoreError> {
    if attributes.len() != resource.attributes.len() {
        return Err(misshapen(resource));
    }
    if !exists(connection, resource, id)? {
        return Err(StoreError::NotFound);
    }
    check_links(connection, resource, Some(id), linkage)?;

    let mut parameters = Vec::new();
    let mut changed: Vec<bool> = Vec::new();
    for value in attributes {
        changed.push(value.is_some());
        parameters.extend(value.as_ref().map(Value::as_ref));
    }
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        if relationship.is_to_many() {
            continue;
        }
        changed.push(change.is_some());
        match change {
            Some(LinkageChange::One(Some(related))) => parameters.push(id_value(related)),
            Some(LinkageChange::One(None)) => parameters.push(ValueRef::Null),
            None => {}
            Some(_) => return Err(misshapen(resource)),
        }
    }
    if !parameters.is_empty() {
        parameters.push(id_value(id));
        let columns = write::columns(resource).zip(&changed);
        let columns: Vec<_> = columns.filter_map(|(column, changed)| changed.then_some(column)).collect();
        let text = connection.text(Shape::new(Verb::Update, resource).columns(changed), || {
            Ok::<_, String>(write::update(Sqlite, resource, &columns))
        })?;
        connection.run(&text, &parameters)?;
    }
    change_links(connection, resource, id, linkage)?;
    Ok(id.clone())
}

/// Each related resource must exist: a foreign key would say only that some reference fails, and a table of the
/// user's may have none.
fn check_links(
    connection: &mut Connection,
    resource: &'static Description,
    own: Option<&ResourceId>,
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    for (index, (relationship, change)) in resource.relationships.iter().zip(linkage).enumerate() {
        let target = relationship.target();
        let missing = match change {
            None | Some(LinkageChange::One(None) | LinkageChange::Remove(_)) => None,
            // A new resource may relate to itself.
            Some(LinkageChange::One(Some(id))) if target.table == resource.table && Some(id) == own => None,
            Some(LinkageChange::One(Some(id))) => (!exists(connection, target, id)?).then(|| id.clone()),
            Some(LinkageChange::Replace(ids) | LinkageChange::Add(ids)) => {
                let own = own.filter(|_| target.table == resource.table);
                first_missing(connection, target, ids.iter().filter(|id| Some(*id) != own))?
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
    target: &'static Description,
    ids: impl Iterator<Item = &'a ResourceId>,
) -> Result<Option<ResourceId>, StoreError> {
    let ids: Vec<&ResourceId> = ids.collect();
    // Of the wrong kind is missing, and so is what stands before it if that doesn't exist.
    let possible = ids.iter().take_while(|id| can_be(id, target.id.kind)).count();
    let (possible, wrong) = ids.split_at(possible);
    if !possible.is_empty() {
        let list = id_list(possible.iter().map(|id| id_value(id)))?;
        let text = connection.text(Shape::new(Verb::FirstMissing, target), || {
            Ok::<_, String>(select::first_missing(Sqlite, target))
        })?;
        let mut statement = connection.prepare(&text)?;
        let place: Option<i64> =
            statement.query_row(bound(&[ValueRef::Text(&list)]), |row| row.get(0)).map_err(store_error)?;
        if let Some(place) = place.and_then(|place| usize::try_from(place).ok()) {
            return Ok(possible.get(place).map(|id| (*id).clone()));
        }
    }
    Ok(wrong.first().map(|id| (*id).clone()))
}

fn change_links(
    connection: &mut Connection,
    resource: &'static Description,
    owner: &ResourceId,
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    for (index, (relationship, change)) in resource.relationships.iter().zip(linkage).enumerate() {
        let (Some(change), true) = (change, relationship.is_to_many()) else { continue };
        let links = ToMany { resource, index, edge: edge(resource, index)?, owner: id_value(owner) };
        match change {
            LinkageChange::One(_) => return Err(misshapen(resource)),
            LinkageChange::Replace(ids) => {
                links.remove(connection, ids, true)?;
                links.add(connection, ids)?;
            }
            LinkageChange::Add(ids) => links.add(connection, ids)?,
            LinkageChange::Remove(ids) => links.remove(connection, ids, false)?,
        }
    }
    Ok(())
}

/// The linkage of one to-many relationship of one resource.
struct ToMany<'a> {
    resource: &'static Description,
    index: usize,
    edge: Edge,
    owner: ValueRef<'a>,
}

impl ToMany<'_> {
    fn text(
        &self,
        connection: &mut Connection,
        verb: Verb,
        build: impl FnOnce(&Edge) -> Result<String, sea_query::error::Error>,
    ) -> Result<Arc<str>, StoreError> {
        let shape = Shape::new(verb, self.resource).relationship(self.index);
        connection.text(shape, || build(&self.edge))
    }

    fn add(&self, connection: &mut Connection, ids: &[ResourceId]) -> Result<(), StoreError> {
        let list = id_list(ids.iter().map(id_value))?;
        let list = ValueRef::Text(&list);
        match self.edge.kind {
            EdgeKind::Join => {
                let text = self.text(connection, Verb::Link, |edge| write::link(Sqlite, edge))?;
                connection.run(&text, &[self.owner, list, self.owner])?;
            }
            EdgeKind::Inverse { .. } => {
                let text = self.text(connection, Verb::Adopt, |edge| Ok(write::adopt(Sqlite, edge)))?;
                connection.run(&text, &[self.owner, list])?;
            }
        }
        Ok(())
    }

    /// Ends the links in the list, or, for `others`, all that are not in it.
    fn remove(
        &self,
        connection: &mut Connection,
        ids: &[ResourceId],
        others: bool,
    ) -> Result<(), StoreError> {
        // What cannot be an id links to nothing; SQLite would take `'1'` for 1.
        let ids = ids.iter().filter(|id| can_be(id, self.edge.target.id.kind));
        let list = id_list(ids.map(id_value))?;
        let parameters = [self.owner, ValueRef::Text(&list)];
        let either = |listed, unlisted| if others { unlisted } else { listed };
        let text = match self.edge.kind {
            EdgeKind::Join => {
                let verb = either(Verb::Unlink, Verb::UnlinkOthers);
                self.text(connection, verb, |edge| Ok(write::unlink(Sqlite, edge, others)))?
            }
            EdgeKind::Inverse { required: false } => {
                let verb = either(Verb::Release, Verb::ReleaseOthers);
                self.text(connection, verb, |edge| Ok(write::release(Sqlite, edge, others)))?
            }
            // Each of them must have an owner: none can be let go.
            EdgeKind::Inverse { required: true } => {
                let verb = either(Verb::Held, Verb::HeldOthers);
                let text = self.text(connection, verb, |edge| Ok(select::held(Sqlite, edge, others)))?;
                let held = connection.prepare(&text)?.exists(bound(&parameters)).map_err(store_error)?;
                let column = self.edge.owner_column.into();
                return match held {
                    true => Err(StoreError::Constraint(Constraint::NotNull { column })),
                    false => Ok(()),
                };
            }
        };
        connection.run(&text, &parameters).map(drop)
    }
}

fn misshapen(resource: &Description) -> StoreError {
    StoreError::Internal(format!("a change does not have the shape of `{}`", resource.rust_name))
}
