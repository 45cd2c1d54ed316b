//! Makes changes, in a transaction that is open.

use std::sync::Arc;

use super::{
    cell,
    connection::Connection,
    delete::delete,
    dialect::Postgres,
    encode::Parameter,
    linkage::linkage,
    lock::{self, Strength},
    read::{can_be, exists},
};
use crate::{
    resource::{Description, IdKind, RelationshipKind, ResourceId, Value, ValueRef},
    store::{
        Change, Constraint, LinkageChange, StoreError,
        sql::{
            self,
            cache::{Shape, Verb},
            edge::{Edge, EdgeKind},
            plan::{edge, id_list, id_value},
            select, write,
        },
    },
};

/// Makes one change. Answers the id of the resource.
pub(super) async fn apply(connection: &Connection, change: &Change) -> Result<ResourceId, StoreError> {
    match change {
        Change::Delete { resource, id } => delete(connection, resource, id).await,
        Change::Insert { resource, id, attributes, linkage } => {
            check_shape(resource, attributes.len(), linkage)?;
            insert(connection, resource, id.as_ref(), attributes, linkage).await
        }
        Change::Update { resource, id, attributes, linkage } => {
            check_shape(resource, attributes.len(), linkage)?;
            update(connection, resource, id, attributes, linkage).await
        }
    }
}

fn check_shape(
    resource: &Description,
    attributes: usize,
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    match attributes == resource.attributes.len() && linkage.len() == resource.relationships.len() {
        true => Ok(()),
        false => Err(misshapen(resource)),
    }
}

async fn insert(
    connection: &Connection,
    resource: &'static Description,
    id: Option<&ResourceId>,
    attributes: &[Value],
    linkage: &[Option<LinkageChange>],
) -> Result<ResourceId, StoreError> {
    let made = if id.is_none() { resource.id.kind.generate() } else { None };
    let id = id.or(made.as_ref());
    if let Some(id) = id {
        if !can_be(id, resource.id.kind) {
            return Err(StoreError::Internal(format!("`{}` cannot have the id {id}", resource.rust_name)));
        }
        if exists(connection, resource, id).await? {
            return Err(StoreError::IdExists);
        }
    }
    lock_links(connection, resource, id, &[], linkage).await?;

    let mut parameters: Vec<Parameter<'_>> = Vec::new();
    parameters.extend(id.map(|id| Parameter::of(resource.id.column, id_value(id))));
    for (attribute, value) in resource.attributes.iter().zip(attributes) {
        parameters.push(Parameter::of(attribute.column, value.as_ref()));
    }
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        let RelationshipKind::ToOne { column, .. } = relationship.kind else { continue };
        let value = match change {
            Some(LinkageChange::One(Some(related))) => id_value(related),
            Some(LinkageChange::One(None)) | None => ValueRef::Null,
            Some(_) => return Err(misshapen(resource)),
        };
        parameters.push(Parameter::of(column, value));
    }
    let id = match id {
        Some(id) => {
            insert_row(connection, resource, true, &parameters).await.map_err(|error| match error {
                // Somebody else was faster.
                error if is_taken_id(&error, resource) => StoreError::IdExists,
                error => error,
            })?;
            pass_over(connection, resource, id).await?;
            id.clone()
        }
        None => insert_with_next_id(connection, resource, &parameters).await?,
    };
    change_links(connection, resource, &id, linkage).await?;
    Ok(id)
}

async fn insert_row(
    connection: &Connection,
    resource: &'static Description,
    with_id: bool,
    parameters: &[Parameter<'_>],
) -> Result<ResourceId, StoreError> {
    let verb = if with_id { Verb::InsertWithId } else { Verb::Insert };
    let text = connection.text(Shape::new(verb, resource), || write::insert(Postgres, resource, with_id))?;
    let rows = connection.rows(&text, parameters).await?;
    match rows.first() {
        Some(row) if !cell::is_null(row, 0)? => {
            cell::id(resource.table, resource.id.column, resource.id.kind, row, 0)
        }
        _ => Err(StoreError::Internal(format!("table `{}` gave a new row no id", resource.table))),
    }
}

fn is_taken_id(error: &StoreError, resource: &Description) -> bool {
    matches!(error, StoreError::Constraint(Constraint::Unique { columns }) if columns == &[resource.id.column])
}

/// A row whose id comes from the table's sequence. Somebody may have put rows there with ids of their own, which a
/// sequence knows nothing of: it is then set behind them.
async fn insert_with_next_id(
    connection: &Connection,
    resource: &'static Description,
    parameters: &[Parameter<'_>],
) -> Result<ResourceId, StoreError> {
    let known = connection.known();
    let Some(sequence) = known.sequence(resource.table) else {
        return insert_row(connection, resource, false, parameters).await;
    };
    // In vain if others put such rows there all the time.
    for _ in 0..5 {
        match connection.whole(insert_row(connection, resource, false, parameters)).await {
            Err(error) if is_taken_id(&error, resource) => {
                connection.rows(&sequence.behind_all, &[]).await?;
            }
            outcome => return outcome,
        }
    }
    insert_row(connection, resource, false, parameters).await
}

/// Keeps the table's sequence from ever giving an id that was given to us: one that is deleted is not used again.
async fn pass_over(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
) -> Result<(), StoreError> {
    if let (IdKind::Integer { .. }, Some(sequence)) =
        (resource.id.kind, connection.known().sequence(resource.table))
    {
        connection.rows(&sequence.behind_one, &[id_value(id).into()]).await?;
    }
    Ok(())
}

async fn update(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
    attributes: &[Option<Value>],
    linkage: &[Option<LinkageChange>],
) -> Result<ResourceId, StoreError> {
    if !can_be(id, resource.id.kind) {
        return Err(StoreError::NotFound);
    }
    let links = lock::row_and_links(connection, resource, id).await?.ok_or(StoreError::NotFound)?;
    lock_links(connection, resource, Some(id), &links, linkage).await?;

    let mut parameters = Vec::new();
    let mut changed: Vec<bool> = Vec::new();
    for (attribute, value) in resource.attributes.iter().zip(attributes) {
        changed.push(value.is_some());
        parameters.extend(value.as_ref().map(|value| Parameter::of(attribute.column, value.as_ref())));
    }
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        let RelationshipKind::ToOne { column, .. } = relationship.kind else { continue };
        changed.push(change.is_some());
        match change {
            Some(LinkageChange::One(Some(related))) => {
                parameters.push(Parameter::of(column, id_value(related)));
            }
            Some(LinkageChange::One(None)) => parameters.push(Parameter::of(column, ValueRef::Null)),
            None => {}
            Some(_) => return Err(misshapen(resource)),
        }
    }
    if !parameters.is_empty() {
        parameters.push(id_value(id).into());
        let columns = write::columns(resource).zip(&changed);
        let columns: Vec<_> = columns.filter_map(|(column, changed)| changed.then_some(column)).collect();
        let text = connection.text(Shape::new(Verb::Update, resource).columns(changed), || {
            Ok::<_, String>(write::update(Postgres, resource, &columns))
        })?;
        connection.run(&text, &parameters).await?;
    }
    change_links(connection, resource, id, linkage).await?;
    Ok(id.clone())
}

/// Locks what the change of linkage is about, and sees that each related resource exists: a foreign key would say
/// only that some reference fails, and a table of the user's may have none.
///
/// `links` is where the to-one relationships lead so far; empty for a new resource.
async fn lock_links(
    connection: &Connection,
    resource: &'static Description,
    own: Option<&ResourceId>,
    links: &[Option<ResourceId>],
    linkage: &[Option<LinkageChange>],
) -> Result<(), StoreError> {
    for (index, (relationship, change)) in resource.relationships.iter().zip(linkage).enumerate() {
        let Some(change) = change else { continue };
        let target = relationship.target();
        // What must exist, and what is changed with it.
        let (wanted, mut affected): (&[ResourceId], Vec<ResourceId>) = match change {
            LinkageChange::One(id) => {
                let before = links.get(index).cloned().flatten();
                (id.as_slice(), before.into_iter().collect())
            }
            LinkageChange::Replace(ids) | LinkageChange::Add(ids) => (ids, Vec::new()),
            LinkageChange::Remove(ids) => (&[], ids.clone()),
        };
        let strength = match relationship.column() {
            Some(column) if connection.known().is_watched(resource.table, column) => Strength::Change,
            Some(_) => Strength::Stay,
            None => {
                let edge = edge(resource, index)?;
                if let (LinkageChange::Replace(_), Some(own)) = (change, own) {
                    let owner = [id_value(own)].into_iter();
                    affected = linkage_of(connection, resource, index, owner).await?;
                }
                match edge.kind {
                    // The related resources' own rows change.
                    EdgeKind::Inverse { .. } => Strength::Change,
                    EdgeKind::Join if connection.known().is_watched(edge.table, edge.target_column) => {
                        Strength::Change
                    }
                    EdgeKind::Join => Strength::Stay,
                }
            }
        };
        if strength == Strength::Stay {
            affected.clear();
        }
        // A new resource may relate to itself, and one that is there is locked already.
        let own = own.filter(|_| target.table == resource.table);
        let locked: Vec<&ResourceId> = wanted
            .iter()
            .chain(&affected)
            .filter(|id| Some(*id) != own && can_be(id, target.id.kind))
            .collect();
        let found = match locked.is_empty() {
            true => Default::default(),
            false => lock::rows(connection, target, locked, strength).await?,
        };
        if let Some(id) = wanted.iter().find(|id| Some(*id) != own && !found.contains(*id)) {
            return Err(StoreError::RelatedNotFound { relationship: index, id: id.clone() });
        }
        if relationship.column().is_none() {
            lock_owners_before(connection, resource, index, own, wanted).await?;
        }
    }
    Ok(())
}

async fn linkage_of(
    connection: &Connection,
    resource: &'static Description,
    relationship: usize,
    owner: impl ExactSizeIterator<Item = ValueRef<'_>>,
) -> Result<Vec<ResourceId>, StoreError> {
    Ok(linkage(connection, resource, relationship, owner).await?.of(0).to_vec())
}

/// Related resources that come from another owner change that one's linkage too.
async fn lock_owners_before(
    connection: &Connection,
    resource: &'static Description,
    relationship: usize,
    own: Option<&ResourceId>,
    adopted: &[ResourceId],
) -> Result<(), StoreError> {
    let edge = edge(resource, relationship)?;
    if adopted.is_empty() || edge.kind == EdgeKind::Join {
        return Ok(());
    }
    let shape = Shape::new(Verb::Owners, resource).relationship(relationship);
    let text = connection.text(shape, || Ok::<_, String>(sql::lock::owners(Postgres, &edge)))?;
    let list = id_list(adopted.iter().map(id_value))?;
    let mut owners = Vec::new();
    for row in connection.rows(&text, &[ValueRef::Text(&list).into()]).await? {
        owners.push(cell::id(edge.table, edge.owner_column, edge.owner_id, &row, 0)?);
    }
    owners.retain(|owner| Some(owner) != own);
    if !owners.is_empty() {
        lock::rows(connection, resource, &owners, Strength::Change).await?;
    }
    Ok(())
}

async fn change_links(
    connection: &Connection,
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
                links.remove(connection, ids, true).await?;
                links.add(connection, ids).await?;
            }
            LinkageChange::Add(ids) => links.add(connection, ids).await?,
            LinkageChange::Remove(ids) => links.remove(connection, ids, false).await?,
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
        connection: &Connection,
        verb: Verb,
        build: impl FnOnce(&Edge) -> Result<String, sea_query::error::Error>,
    ) -> Result<Arc<str>, StoreError> {
        let shape = Shape::new(verb, self.resource).relationship(self.index);
        connection.text(shape, || build(&self.edge))
    }

    async fn add(&self, connection: &Connection, ids: &[ResourceId]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let list = id_list(ids.iter().map(id_value))?;
        let list = Parameter::from(ValueRef::Text(&list));
        let owner = Parameter::of(self.edge.owner_column, self.owner);
        match self.edge.kind {
            EdgeKind::Join => {
                let text = self.text(connection, Verb::Link, |edge| write::link(Postgres, edge))?;
                connection.run(&text, &[owner, list, owner]).await?;
            }
            EdgeKind::Inverse { .. } => {
                let text = self.text(connection, Verb::Adopt, |edge| Ok(write::adopt(Postgres, edge)))?;
                connection.run(&text, &[owner, list]).await?;
            }
        }
        Ok(())
    }

    /// Ends the links in the list, or, for `others`, all that are not in it.
    async fn remove(
        &self,
        connection: &Connection,
        ids: &[ResourceId],
        others: bool,
    ) -> Result<(), StoreError> {
        // What cannot be an id links to nothing.
        let ids = ids.iter().filter(|id| can_be(id, self.edge.target.id.kind));
        let list = id_list(ids.map(id_value))?;
        let parameters = [self.owner.into(), ValueRef::Text(&list).into()];
        let either = |listed, unlisted| if others { unlisted } else { listed };
        let text = match self.edge.kind {
            EdgeKind::Join => {
                let verb = either(Verb::Unlink, Verb::UnlinkOthers);
                self.text(connection, verb, |edge| Ok(write::unlink(Postgres, edge, others)))?
            }
            EdgeKind::Inverse { required: false } => {
                let verb = either(Verb::Release, Verb::ReleaseOthers);
                self.text(connection, verb, |edge| Ok(write::release(Postgres, edge, others)))?
            }
            // Each of them must have an owner: none can be let go.
            EdgeKind::Inverse { required: true } => {
                let verb = either(Verb::Held, Verb::HeldOthers);
                let text = self.text(connection, verb, |edge| Ok(select::held(Postgres, edge, others)))?;
                let column = self.edge.owner_column.into();
                return match connection.rows(&text, &parameters).await?.is_empty() {
                    true => Ok(()),
                    false => Err(StoreError::Constraint(Constraint::NotNull { column })),
                };
            }
        };
        connection.run(&text, &parameters).await.map(drop)
    }
}

fn misshapen(resource: &Description) -> StoreError {
    StoreError::Internal(format!("a change does not have the shape of `{}`", resource.rust_name))
}
