//! Makes changes, in a transaction that is open.

use std::collections::HashSet;

use super::{
    cell,
    connection::Connection,
    delete::delete,
    dialect::Postgres,
    encode::Parameter,
    linkage::linkage as linkage_of,
    links,
    lock::{self, Strength},
    read::{Locking, can_be, exists, fetch},
    showing::Showing,
    versions,
};
use crate::{
    resource::{Description, IdKind, RelationshipKind, ResourceId, Value, ValueRef},
    store::{
        Change, Constraint, LinkageChange, Plan, Root, Scopes, Selection, StoreError,
        sql::{
            self,
            cache::{Shape, Verb},
            edge::EdgeKind,
            include,
            plan::{edge, id_list, id_value},
            room::Room,
            select,
            versions::Guard,
            write,
        },
    },
};

/// Makes one change, if the resource has this version. Answers the id of the resource.
pub(super) async fn apply(
    connection: &Connection,
    change: &Change,
    version: Option<&Value>,
    scopes: &Scopes,
) -> Result<ResourceId, StoreError> {
    let made = make(connection, change, version, scopes).await;
    made.map_err(|error| connection.known().rules.explained(change, error))
}

async fn make(
    connection: &Connection,
    change: &Change,
    version: Option<&Value>,
    scopes: &Scopes,
) -> Result<ResourceId, StoreError> {
    match change {
        Change::Delete { resource, id } => {
            delete(connection, scopes, resource, id, Guard::of(resource, version)?.as_ref()).await
        }
        Change::Insert { resource, id, attributes, linkage } => {
            check_shape(resource, attributes.len(), linkage)?;
            if version.is_some() {
                return Err(misshapen(resource));
            }
            insert(connection, scopes, resource, id.as_ref(), attributes, linkage).await
        }
        Change::Update { resource, id, attributes, linkage } => {
            check_shape(resource, attributes.len(), linkage)?;
            let guard = Guard::of(resource, version)?;
            update(connection, scopes, resource, id, attributes, linkage, guard.as_ref()).await
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
    scopes: &Scopes,
    resource: &'static Description,
    id: Option<&ResourceId>,
    attributes: &[Value],
    linkage: &[Option<LinkageChange>],
) -> Result<ResourceId, StoreError> {
    let id = id.filter(|id| !id.is_open());
    let made = if id.is_none() { resource.id.kind.generate() } else { None };
    let id = id.or(made.as_ref());
    if let Some(id) = id {
        if !can_be(id, resource.id.kind) {
            return Err(StoreError::Internal(format!("`{}` cannot have the id {id}", resource.rust_name)));
        }
        // An id is taken, whoever sees the row.
        if exists(connection, &Scopes::NONE, resource, id).await? {
            return Err(StoreError::IdExists);
        }
    }
    lock_links(connection, scopes, resource, id, &[], linkage).await?;

    let known = connection.known();
    let is_given = |column: &str| !known.limits.makes(resource.table, column);
    let mut parameters: Vec<Parameter<'_>> = Vec::new();
    parameters.extend(id.map(|id| Parameter::of(resource.id.column, id_value(id))));
    let given =
        resource.attributes.iter().zip(attributes).filter(|(attribute, _)| is_given(attribute.column));
    for (attribute, value) in given {
        parameters.push(Parameter::of(attribute.column, value.as_ref()));
    }
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        let RelationshipKind::ToOne { column, .. } = relationship.kind else { continue };
        if !is_given(column) {
            continue;
        }
        let value = match change {
            Some(LinkageChange::One(Some(related))) => id_value(related),
            Some(LinkageChange::One(None)) | None => ValueRef::Null,
            Some(_) => return Err(misshapen(resource)),
        };
        parameters.push(Parameter::of(column, value));
    }
    let id = match id {
        Some(id) => {
            let made = match known.limits.is_view(resource.table) {
                false => insert_row(connection, resource, true, &parameters).await.map(drop),
                true => insert_into_view(connection, resource, id, &parameters).await,
            };
            made.map_err(|error| match error {
                // Somebody else was faster.
                error if is_taken_id(&error, resource) => StoreError::IdExists,
                error => error,
            })?;
            if let (IdKind::Integer { .. }, ResourceId::Integer(number)) = (resource.id.kind, id) {
                connection.pass_over(resource.table, *number);
            }
            id.clone()
        }
        None => insert_with_next_id(connection, resource, &parameters).await?,
    };
    if let Some(kept) = known.versions.table(resource.table) {
        versions::begin(connection, kept, id_value(&id)).await?;
    }
    let mut shown = Showing::new(&known.versions, resource, &id);
    for (relationship, change) in resource.relationships.iter().zip(linkage) {
        if let (Some(column), Some(LinkageChange::One(Some(related)))) = (relationship.column(), change) {
            shown.moved(connection, column, None, Some(related)).await?;
        }
    }
    shown.relinked(connection, scopes, linkage).await?;
    links::change(connection, scopes, resource, &id, linkage).await?;
    shown.touch(connection).await?;
    Ok(id)
}

async fn insert_row(
    connection: &Connection,
    resource: &'static Description,
    with_id: bool,
    parameters: &[Parameter<'_>],
) -> Result<ResourceId, StoreError> {
    let verb = if with_id { Verb::InsertWithId } else { Verb::Insert };
    let known = connection.known();
    let text = connection.text(Shape::new(verb, resource), || {
        write::insert(Postgres, resource, with_id, true, &known.limits)
    })?;
    let rows = connection.rows(&text, parameters).await;
    let rows = rows.map_err(|error| error.seen_from(resource.table))?;
    match rows.first() {
        Some(row) if !cell::is_null(row, 0)? => {
            cell::id(resource.table, resource.id.column, resource.id.kind, row, 0)
        }
        Some(_) => Err(StoreError::Internal(format!("table `{}` gave a new row no id", resource.table))),
        // A trigger has let it fall.
        None => Err(StoreError::Constraint(Constraint::nameless())),
    }
}

/// What a trigger or a rule of a view does with a new row is its own affair: it need not tell of it.
async fn insert_into_view(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
    parameters: &[Parameter<'_>],
) -> Result<(), StoreError> {
    let known = connection.known();
    let text = connection.text(Shape::new(Verb::InsertWithId, resource), || {
        write::insert(Postgres, resource, true, false, &known.limits)
    })?;
    connection.run(&text, parameters).await.map_err(|error| error.seen_from(resource.table))?;
    match exists(connection, &Scopes::NONE, resource, id).await? {
        true => Ok(()),
        false => Err(StoreError::Constraint(Constraint::nameless())),
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

async fn update(
    connection: &Connection,
    scopes: &Scopes,
    resource: &'static Description,
    id: &ResourceId,
    attributes: &[Option<Value>],
    linkage: &[Option<LinkageChange>],
    version: Option<&Guard<'_>>,
) -> Result<ResourceId, StoreError> {
    if !can_be(id, resource.id.kind) {
        return Err(StoreError::NotFound);
    }
    let links = lock::row_and_links(connection, resource, id).await?.ok_or(StoreError::NotFound)?;
    if scopes.of(resource).is_some() && !exists(connection, scopes, resource, id).await? {
        return Err(StoreError::NotFound);
    }
    lock_links(connection, scopes, resource, Some(id), &links, linkage).await?;
    let known = connection.known();
    let kept = known.versions.table(resource.table);
    let mut shown = Showing::new(&known.versions, resource, id);
    shown.relinked(connection, scopes, linkage).await?;

    let hidden = hidden_links(connection, scopes, resource, id, linkage).await?;
    let is_given = |column: &str| !known.limits.makes(resource.table, column);
    // Of a view no statement need tell how many rows it has changed.
    let is_view = known.limits.is_view(resource.table);
    if let (true, Some(guard)) = (is_view, version) {
        check_version(connection, resource, id, guard).await?;
    }
    let mut parameters = Vec::new();
    let mut changed: Vec<bool> = Vec::new();
    for (attribute, value) in resource.attributes.iter().zip(attributes) {
        // Nobody but the store itself, or the database, says what these are.
        let value = value
            .as_ref()
            .filter(|_| kept.is_none_or(|kept| !kept.keeps(attribute.column)) && is_given(attribute.column));
        changed.push(value.is_some());
        parameters.extend(value.map(|value| Parameter::of(attribute.column, value.as_ref())));
    }
    for (index, (relationship, change)) in resource.relationships.iter().zip(linkage).enumerate() {
        let RelationshipKind::ToOne { column, .. } = relationship.kind else { continue };
        let change = change.as_ref().filter(|_| !hidden.contains(&index) && is_given(column));
        changed.push(change.is_some());
        let related = match change {
            Some(LinkageChange::One(related)) => related.as_ref(),
            None => continue,
            Some(_) => return Err(misshapen(resource)),
        };
        parameters.push(Parameter::of(column, related.map_or(ValueRef::Null, id_value)));
        shown.moved(connection, column, Some(id), related).await?;
    }
    let next = match kept {
        Some(kept) if !parameters.is_empty() || shown.own || version.is_some() => {
            versions::next(connection, kept, id_value(id)).await?.unwrap_or_default()
        }
        _ => Vec::new(),
    };
    if !(parameters.is_empty() && next.is_empty()) {
        let columns = write::columns(resource).zip(&changed);
        let mut columns: Vec<_> = columns.filter_map(|(column, changed)| changed.then_some(column)).collect();
        let kept = kept.into_iter().flat_map(|kept| &kept.columns).zip(&next);
        for (column, value) in kept {
            columns.push(column.name);
            parameters.push(Parameter::of(column.name, value.as_ref()));
        }
        parameters.push(id_value(id).into());
        parameters.extend(version.map(|guard| Parameter::from(guard.value)));
        changed.push(version.is_some());
        let text = connection.text(Shape::new(Verb::Update, resource).columns(changed), || {
            let version = version.map(|guard| guard.column);
            Ok::<_, String>(write::update(Postgres, resource, &columns, version))
        })?;
        // It is locked, so that only its version can keep the statement from it.
        if connection.run(&text, &parameters).await? == 0 && version.is_some() && !is_view {
            return Err(StoreError::VersionChanged);
        }
    }
    links::change(connection, scopes, resource, id, linkage).await?;
    shown.touch(connection).await?;
    Ok(id.clone())
}

/// Whether a row has this version, asked before it is changed.
pub(super) async fn check_version(
    connection: &Connection,
    resource: &'static Description,
    id: &ResourceId,
    guard: &Guard<'_>,
) -> Result<(), StoreError> {
    let text = select::with_version(Postgres, resource, guard.column);
    match connection.rows(&text, &[id_value(id).into(), guard.value.into()]).await?.is_empty() {
        true => Err(StoreError::VersionChanged),
        false => Ok(()),
    }
}

/// The to-one relationships that are to be emptied and look empty already. If one leads to what is hidden, it stays.
async fn hidden_links(
    connection: &Connection,
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
        let seen = fetch(connection, &plan, Locking::None).await?;
        emptied.retain(|index| seen.rows.get(0).is_some_and(|row| row.to_one(resource, *index).is_null()));
    }
    Ok(emptied)
}

/// Locks what the change of linkage is about, and sees that each related resource exists: a foreign key would say
/// only that some reference fails, and a table of the user's may have none.
///
/// `links` is where the to-one relationships lead so far; empty for a new resource.
async fn lock_links(
    connection: &Connection,
    scopes: &Scopes,
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
                    affected =
                        linkage_of(connection, &Scopes::NONE, &Room::endless(), resource, index, owner)
                            .await?
                            .of(0)
                            .to_vec();
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
        let there = |id: &&ResourceId| Some(*id) == own || found.contains(*id);
        let missing = match scopes.of(target) {
            None => wanted.iter().find(|id| !there(id)),
            Some(_) => {
                // Another struct over the table of a new resource may hide it.
                let own = own.filter(|_| target.is(resource));
                let others = wanted.iter().filter(|id| Some(*id) != own && can_be(id, target.id.kind));
                let seen = seen(connection, scopes, target, others).await?;
                wanted.iter().find(|id| Some(*id) != own && !(there(id) && seen.contains(*id)))
            }
        };
        if let Some(id) = missing {
            return Err(StoreError::RelatedNotFound { relationship: index, id: id.clone() });
        }
        if relationship.column().is_none() {
            lock_owners_before(connection, resource, index, own, wanted).await?;
        }
    }
    Ok(())
}

/// Those of these resources that are seen.
async fn seen<'a>(
    connection: &Connection,
    scopes: &Scopes,
    resource: &'static Description,
    ids: impl Iterator<Item = &'a ResourceId>,
) -> Result<HashSet<ResourceId>, StoreError> {
    let selection = Selection::identifiers(resource);
    let list = id_list(ids.map(id_value))?;
    let shape = Shape::new(Verb::IncludeOne, resource).columns(selection.attributes.clone());
    let question = connection.question(scopes, shape, [ValueRef::Text(&list)], |visible| {
        include::to_one(visible, &selection, &list)
    })?;
    let found = connection.ask(&question).await?;
    found.iter().map(|row| cell::id(resource.table, resource.id.column, resource.id.kind, row, 0)).collect()
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

pub(super) fn misshapen(resource: &Description) -> StoreError {
    StoreError::Internal(format!("a change does not have the shape of `{}`", resource.rust_name))
}
