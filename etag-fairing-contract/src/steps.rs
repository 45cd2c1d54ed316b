//! What the rules do, in short words.

use etag_fairing::{
    resource::{AttributeId, Description, RelationshipId, ResourceId, Value},
    store::{
        Change, Fetched, LinkageChange, Listing, Page, Plan, Root, Scopes, Selection, Store, StoreError,
        Transaction,
    },
};

use crate::resources::{REVIEWS, ROOMS, SPEAKERS, TALKS};

/// The places of the relationships of [`TALKS`].
pub(crate) const TITLE: AttributeId = AttributeId::at(0);
pub(crate) const FAVOURITES: AttributeId = AttributeId::at(2);
pub(crate) const PUBLISHED: AttributeId = AttributeId::at(4);
pub(crate) const ROOM: RelationshipId = RelationshipId::at(0);
pub(crate) const SEQUEL_OF: RelationshipId = RelationshipId::at(1);
pub(crate) const SPEAKERS_OF: RelationshipId = RelationshipId::at(2);
pub(crate) const REVIEWS_OF: RelationshipId = RelationshipId::at(3);

pub(crate) fn number(id: i64) -> ResourceId {
    ResourceId::Integer(id)
}

pub(crate) fn text(id: &str) -> ResourceId {
    ResourceId::Text(id.into())
}

/// The speaker of this number: the ids ascend with the numbers.
pub(crate) fn speaker_id(number: u8) -> ResourceId {
    text(&format!("0190163d-8694-739b-aea5-966c26f8ad{number:02x}"))
}

pub(crate) fn page(offset: u64, limit: u64) -> Listing {
    Listing::all().paged(Page::Offset { offset, limit }).counted()
}

pub(crate) fn one(resource: &'static Description, id: &ResourceId) -> Plan {
    Plan::new(Root::One(id.clone()), everything(resource))
}

pub(crate) fn collection(resource: &'static Description, listing: Listing) -> Plan {
    Plan::new(Root::Collection(listing), everything(resource))
}

/// All attributes and all linkage.
pub(crate) fn everything(resource: &'static Description) -> Selection {
    Selection::whole(resource).with_all_linkage()
}

pub(crate) fn related(
    parent: &'static Description,
    id: &ResourceId,
    relationship: RelationshipId,
    listing: Listing,
) -> Plan {
    let target = parent.relationships[relationship.place()].target();
    Plan::new(Root::Related { parent, id: id.clone(), relationship, listing }, Selection::whole(target))
}

/// A new talk with this title, and nothing else.
pub(crate) fn talk(title: &str) -> Change {
    linked_talk(title, vec![None; TALKS.relationships.len()])
}

pub(crate) fn linked_talk(title: &str, linkage: Vec<Option<LinkageChange>>) -> Change {
    let attributes = vec![
        Value::Text(title.into()),
        Value::Null,
        Value::Integer(0),
        Value::Null,
        Value::Bool(false),
        Value::Null,
        Value::Null,
    ];
    Change::Insert { resource: *TALKS, id: None, attributes, linkage }
}

/// Changes of one relationship of [`TALKS`].
pub(crate) fn only(relationship: RelationshipId, change: LinkageChange) -> Vec<Option<LinkageChange>> {
    let mut linkage = vec![None; TALKS.relationships.len()];
    linkage[relationship.place()] = Some(change);
    linkage
}

pub(crate) fn room(name: &str) -> Change {
    Change::Insert { resource: *ROOMS, id: Some(text(name)), attributes: vec![], linkage: vec![None] }
}

pub(crate) fn speaker(number: u8) -> Change {
    Change::Insert {
        resource: *SPEAKERS,
        id: Some(speaker_id(number)),
        attributes: vec![Value::Text(format!("speaker {number}"))],
        linkage: vec![None],
    }
}

pub(crate) fn review(talk: &ResourceId) -> Change {
    Change::Insert {
        resource: *REVIEWS,
        id: None,
        attributes: vec![Value::Text("good".into())],
        linkage: vec![Some(LinkageChange::One(Some(talk.clone())))],
    }
}

/// A change of some attributes of a talk, by their places.
pub(crate) fn set(id: &ResourceId, values: &[(AttributeId, Value)]) -> Change {
    let mut attributes = vec![None; TALKS.attributes.len()];
    for (attribute, value) in values {
        attributes[attribute.place()] = Some(value.clone());
    }
    let linkage = vec![None; TALKS.relationships.len()];
    Change::Update { resource: *TALKS, id: id.clone(), attributes, linkage }
}

/// A change of one relationship of a talk.
pub(crate) fn link(id: &ResourceId, relationship: RelationshipId, change: LinkageChange) -> Change {
    Change::Update {
        resource: *TALKS,
        id: id.clone(),
        attributes: vec![None; TALKS.attributes.len()],
        linkage: only(relationship, change),
    }
}

pub(crate) fn delete(resource: &'static Description, id: &ResourceId) -> Change {
    Change::Delete { resource, id: id.clone() }
}

/// A change in few words, for messages.
pub(crate) fn told(change: &Change) -> String {
    match change {
        Change::Insert { resource, id: None, .. } => format!("a new one of {}", resource.type_name),
        Change::Insert { resource, id: Some(id), .. } => format!("new {} {id}", resource.type_name),
        Change::Update { resource, id, attributes, linkage } => {
            let values: Vec<_> = attributes.iter().enumerate().filter(|(_, value)| value.is_some()).collect();
            let links: Vec<_> = linkage.iter().enumerate().filter(|(_, change)| change.is_some()).collect();
            format!("{} {id} with attributes {values:?}, relationships {links:?}", resource.type_name)
        }
        Change::Delete { resource, id } => format!("{} {id} deleted", resource.type_name),
        other => format!("{other:?}"),
    }
}

/// Makes a change in a transaction of its own.
pub(crate) async fn write(store: &dyn Store, change: Change) -> Result<ResourceId, StoreError> {
    let mut transaction = store.begin().await?;
    let id = transaction.apply(change, &Scopes::NONE).await?;
    transaction.commit().await?;
    Ok(id)
}

/// Makes a change that must succeed.
pub(crate) async fn done(store: &dyn Store, change: Change) -> ResourceId {
    let told = told(&change);
    write(store, change).await.unwrap_or_else(|error| panic!("{told}: {error}"))
}

/// Reads what must be readable.
pub(crate) async fn read(store: &dyn Store, plan: &Plan) -> Fetched {
    store.fetch(plan).await.unwrap_or_else(|error| panic!("{plan:?}: {error}"))
}

/// Reads inside a transaction.
pub(crate) async fn read_in(transaction: &mut dyn Transaction, plan: &Plan) -> Fetched {
    transaction.fetch(plan).await.unwrap_or_else(|error| panic!("{plan:?}: {error}"))
}

/// The ids of the rows in order.
pub(crate) fn ids(fetched: &Fetched) -> Vec<ResourceId> {
    fetched.rows.iter().map(|row| row.resource_id().expect("a row has an id")).collect()
}

/// The linkage of one relationship of one row.
pub(crate) fn linkage(fetched: &Fetched, relationship: RelationshipId, row: usize) -> Vec<ResourceId> {
    fetched.links[relationship.place()].as_ref().expect("the linkage was asked for").of(row).to_vec()
}

/// The linkage of one relationship of one talk.
pub(crate) async fn linkage_of(
    store: &dyn Store,
    id: &ResourceId,
    relationship: RelationshipId,
) -> Vec<ResourceId> {
    linkage(&read(store, &one(*TALKS, id)).await, relationship, 0)
}

/// The value of one attribute of one talk.
pub(crate) async fn attribute_of(store: &dyn Store, id: &ResourceId, attribute: AttributeId) -> Value {
    let fetched = read(store, &one(*TALKS, id)).await;
    fetched.rows.get(0).expect("the talk exists").attribute(attribute).to_owned()
}

/// The to-one linkage of one talk.
pub(crate) async fn to_one_of(store: &dyn Store, id: &ResourceId, relationship: RelationshipId) -> Value {
    let fetched = read(store, &one(*TALKS, id)).await;
    fetched.rows.get(0).expect("the talk exists").to_one(*TALKS, relationship).to_owned()
}
