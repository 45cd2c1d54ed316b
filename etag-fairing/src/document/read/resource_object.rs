//! The resource object of a POST or PATCH, and what it changes (JSON:API §8.1, §8.2).

mod pointers;

use std::borrow::Cow;

use serde_json::value::RawValue;

use self::pointers::FieldKind;
use super::attribute::{Settable, attribute, may_not_set};
use super::linkage::linkages;
use super::local_ids::Reading;
use super::primary_data;
use super::sent::{ObjectMember, PrimaryData, SentLinkage, SentMembers, TextMember, WithData};
use crate::error::{ErrorObject, Errors, MOST_ERRORS, Pointer};
use crate::plan::{LinkageChange, Links, each_once, has_members};
use crate::schema::{Attribute, Description, Relationship, RelationshipId, ResourceId, Row, Value};

/// The resource that a change is about, as it is now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current<'a> {
    pub(crate) row: Row<'a>,
    /// Its to-many linkage, one entry a relationship, as far as it was read.
    pub(crate) links: &'a [Option<Links>],
    /// The relationships, by their places, of which the client has seen only a part.
    pub(crate) in_part: &'a [usize],
}

impl<'a> Current<'a> {
    /// To-many linkage, if it was read.
    fn linked(&self, id: RelationshipId) -> Option<&'a [ResourceId]> {
        id.of(self.links).and_then(Option::as_ref).map(|links| links.of(0))
    }

    /// Whether a relationship is what the change makes of it.
    fn has(&self, resource: &Description, id: RelationshipId, change: &LinkageChange) -> bool {
        match change {
            LinkageChange::One(related) => {
                // An odd linkage is shown as null, so that a client that sends null has not seen it, and doesn't overwrite it.
                self.row.related_id(resource, id).is_ok_and(|now| now == *related)
            }
            LinkageChange::Replace(ids) => {
                let Some(Some(links)) = id.of(self.links) else { return false };
                if resource.relationship_at(id).is_some_and(|relationship| relationship.order.is_some()) {
                    return each_once(ids) == links.of(0);
                }
                let mut ids: Vec<&ResourceId> = ids.iter().collect();
                ids.sort_unstable();
                ids.dedup();
                let mut now: Vec<&ResourceId> = links.of(0).iter().collect();
                now.sort_unstable();
                ids == now
            }
            LinkageChange::Add(_) | LinkageChange::Remove(_) => false,
        }
    }
}

/// A resource object that a client has sent. It is well-formed and of the right type; its members are not checked yet.
#[derive(Debug)]
pub(crate) struct ResourceObject<'b> {
    /// The client's id.
    pub(crate) id: Option<Cow<'b, str>>,
    /// The name that the client has for it in this request, where that has a meaning.
    pub(crate) lid: Option<Cow<'b, str>>,
    attributes: Option<SentMembers<'b, &'b RawValue>>,
    relationships: Option<SentMembers<'b, WithData<SentLinkage<'b>>>>,
    reading: Reading<'b>,
    /// Where the document stands.
    base: Pointer,
}

/// What a resource object changes: one entry for each attribute and one for each relationship; `None` if it says nothing about
/// it.
#[derive(Debug)]
pub(crate) struct ChangedMembers {
    pub(crate) attributes: Vec<Option<Value>>,
    pub(crate) linkage: Vec<Option<LinkageChange>>,
}

/// Notes the change of a relationship. Of a polymorphic to-one relationship the other arms become empty.
pub(crate) fn set_linkage(
    resource: &Description,
    id: RelationshipId,
    change: LinkageChange,
    linkage: &mut [Option<LinkageChange>],
) {
    for (arm, _) in resource.arms(id).filter(|(arm, found)| *arm != id && !found.is_to_many()) {
        if let Some(slot) = arm.of_mut(linkage) {
            *slot = Some(LinkageChange::One(None));
        }
    }
    if let Some(slot) = id.of_mut(linkage) {
        *slot = Some(change);
    }
}

impl<'b> ResourceObject<'b> {
    /// Whether it has the linkage of a to-many relationship, which may be long.
    pub(crate) fn has_lists(&self) -> bool {
        let mut relationships = self.relationships.iter().flat_map(SentMembers::iter);
        relationships.any(|(_, sent)| matches!(sent, WithData::Object(Some(SentLinkage::Many(_)))))
    }

    /// Reads the document of a POST or PATCH (JSON:API §8.1, §8.2).
    ///
    /// # Errors
    /// 400 for what is no document of one resource object, 409 for a type of another resource, 422 for an id that is too
    /// long.
    pub(crate) fn parse(
        body: &'b [u8],
        base: Pointer,
        resource: &Description,
        reading: impl Into<Reading<'b>>,
    ) -> Result<Self, Errors> {
        let reading = reading.into();
        let PrimaryData::Resource { type_name, id, lid, attributes, relationships } =
            primary_data(body, &base)?
        else {
            let error = ErrorObject::invalid_document("data must be one resource object");
            return Err(error.pointer(base.member("data")).into());
        };
        let data = || base.member("data");
        match type_name {
            Some(TextMember::Text(name)) if name == resource.type_name => {}
            Some(TextMember::Text(name)) => {
                return Err(ErrorObject::type_mismatch(format!(
                    "resources here are of type {}, not {name}",
                    resource.type_name
                ))
                .pointer(data().member("type"))
                .into());
            }
            Some(_) => {
                let error = ErrorObject::invalid_document("type must be a string");
                return Err(error.pointer(data().member("type")).into());
            }
            None => {
                let error = ErrorObject::missing_type("a resource object needs its type");
                return Err(error.pointer(data()).into());
            }
        }
        let id = match id {
            None => None,
            Some(TextMember::Text(id)) => {
                reading.lengths.check_id(&id).map_err(|error| error.pointer(data().member("id")))?;
                Some(id)
            }
            Some(_) => {
                let error = ErrorObject::invalid_document("id must be a string");
                return Err(error.pointer(data().member("id")).into());
            }
        };
        let lid = match lid.filter(|_| reading.local_ids.is_some()) {
            None => None,
            Some(TextMember::Text(_)) if id.is_some() => return Err(both_ids().pointer(data()).into()),
            Some(TextMember::Text(lid)) => Some(lid),
            Some(TextMember::Other) => {
                let error = ErrorObject::invalid_document("lid must be a string");
                return Err(error.pointer(data().member("lid")).into());
            }
        };
        let attributes = object("attributes", attributes, &base)?;
        let relationships = object("relationships", relationships, &base)?;
        Ok(Self { id, lid, attributes, relationships, reading, base })
    }

    /// # Errors
    /// 422 if the id that its members make is longer than ids may be.
    pub(crate) fn check_made_id(&self, id: &str) -> Result<(), ErrorObject> {
        self.reading.lengths.check_id(id)
    }

    /// Judges the members of a new resource: what is left out takes its default. Nobody gives those in
    /// `made`, which the database makes.
    ///
    /// # Errors
    /// With every member that is unknown, not to be set, missing or of another type.
    pub(crate) fn create(
        &self,
        resource: &'static Description,
        settable: &Settable<'_>,
    ) -> Result<(Vec<Value>, Vec<Option<LinkageChange>>), Errors> {
        let mut errors = Vec::new();
        let members = self.members(resource, None, settable, &mut errors);
        let mut attributes = Vec::with_capacity(members.attributes.len());
        for ((id, attribute), given) in resource.attributes_by_id().zip(members.attributes) {
            let value = match (given, attribute.default) {
                (Some(value), _) => value,
                (None, Some(default)) => default().unwrap_or_else(|mismatch| {
                    errors.push(ErrorObject::validation_failed(format!(
                        "the default of {} {mismatch}",
                        attribute.name
                    )));
                    Value::Null
                }),
                // The database makes the value later. Until then rules and hooks see a placeholder.
                (None, None) if settable.made.contains(&id) => nothing(attribute),
                (None, None) => {
                    let sent = self.attributes.as_ref().is_some_and(|sent| sent.contains(attribute.name));
                    if !attribute.nullable && !sent {
                        errors.push(
                            ErrorObject::validation_failed(format!("{} is required", attribute.name))
                                .pointer(self.pointer_to_fields(FieldKind::Attribute)),
                        );
                    }
                    Value::Null
                }
            };
            attributes.push(value);
        }
        for (id, relationship) in resource.relationship_members() {
            let change = id.of(&members.linkage).and_then(Option::as_ref);
            let sent = self.relationships.as_ref().is_some_and(|sent| sent.contains(relationship.name));
            if relationship.is_required() && change.is_none() && !sent {
                errors.push(
                    ErrorObject::validation_failed(format!("{} is required", relationship.name))
                        .pointer(self.pointer_to_fields(FieldKind::Relationship)),
                );
            }
        }
        match Errors::from_vec(errors) {
            Some(errors) => Err(errors),
            None => Ok((attributes, members.linkage)),
        }
    }

    /// The to-many relationships that are sent with linkage, though the representation has none of it: whether that
    /// changes anything shows by the linkage that there is.
    pub(crate) fn linkage_beside(&self, resource: &Description) -> Vec<RelationshipId> {
        let beside = |name: &str| {
            let (id, relationship) = resource.relationship(name)?;
            (relationship.is_to_many() && !relationship.linkage).then_some(id)
        };
        let sent = self.relationships.iter().flat_map(SentMembers::iter);
        sent.filter(|(_, sent)| matches!(sent, WithData::Object(Some(SentLinkage::Many(_)))))
            .filter_map(|(name, _)| beside(name))
            .collect()
    }

    /// Judges the members of a change to `current`: what is left out stays (JSON:API §8.2), and so does what is sent
    /// back as it is.
    ///
    /// # Errors
    /// With every member that is unknown, not to be set or of another type.
    pub(crate) fn update(
        &self,
        resource: &'static Description,
        current: Current<'_>,
        settable: &Settable<'_>,
    ) -> Result<ChangedMembers, Errors> {
        let mut errors = Vec::new();
        let members = self.members(resource, Some(current), settable, &mut errors);
        match Errors::from_vec(errors) {
            Some(errors) => Err(errors),
            None => Ok(members),
        }
    }

    fn members(
        &self,
        resource: &'static Description,
        current: Option<Current<'_>>,
        settable: &Settable<'_>,
        errors: &mut Vec<ErrorObject>,
    ) -> ChangedMembers {
        let mut members = ChangedMembers {
            attributes: vec![None; resource.attributes.len()],
            linkage: vec![None; resource.relationships.len()],
        };
        for (name, json) in self.attributes.iter().flat_map(SentMembers::iter) {
            // JSON:API §6.8.3: @-members are ignored.
            if name.starts_with('@') {
                continue;
            }
            if errors.len() >= MOST_ERRORS {
                break;
            }
            match attribute(
                resource,
                current.map(|current| current.row),
                settable,
                name,
                json,
                self.reading.lengths,
            ) {
                Ok(Some((id, _))) if current.is_some() && resource.is_attribute_of_key(id) => {
                    let pointer = self.pointer_to_fields(FieldKind::Attribute).member(name);
                    errors.push(part_of_id(name).pointer(pointer));
                }
                Ok(Some((id, value))) => {
                    if let Some(slot) = id.of_mut(&mut members.attributes) {
                        *slot = Some(value);
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    errors
                        .push(error.starting_at(&self.pointer_to_fields(FieldKind::Attribute).member(name)));
                }
            }
        }
        for (name, sent) in self.relationships.iter().flat_map(SentMembers::iter) {
            if name.starts_with('@') {
                continue;
            }
            if errors.len() >= MOST_ERRORS {
                break;
            }
            let pointer = || self.pointer_to_fields(FieldKind::Relationship).member(name);
            let Some((id, relationship)) = resource.relationship(name) else {
                errors.push(
                    ErrorObject::validation_failed(format!(
                        "{} have no relationship {name}",
                        resource.type_name
                    ))
                    .pointer(pointer()),
                );
                continue;
            };
            let data = match (sent, current) {
                (WithData::Object(Some(data)), _) => data,
                // Only links or meta, as a GET shows it: this doesn't change the relationship.
                (WithData::Described, Some(_)) => continue,
                // JSON:API §8.1: in a new resource a relationship needs data. §6.2.2: an object without anything is no
                // relationship object.
                (WithData::Described, None) | (WithData::Object(None), _) => {
                    errors.push(ErrorObject::invalid_linkage("a relationship needs data").pointer(pointer()));
                    continue;
                }
                (WithData::Other, _) => {
                    let error = ErrorObject::invalid_linkage("a relationship must be an object with data");
                    errors.push(error.pointer(pointer()));
                    continue;
                }
            };
            let is_unreadable = settable.unreadable.has(resource, id);
            let is_unwritable = settable.unwritable.contains(&id.into());
            // Whether it is the stored linkage is not told to who may not read that.
            let seen = current.filter(|_| !is_unreadable);
            if is_unwritable && seen.is_none() {
                errors.push(may_not_set(resource, name).pointer(pointer()));
                continue;
            }
            // The state tag doesn't cover this linkage. A replacement could undo another client's change unseen.
            if let Some(current) = current
                && relationship.is_to_many()
                && (!relationship.linkage || is_unreadable || current.in_part.contains(&id.place()))
            {
                let read = linkages(resource, id, data, self.reading, &pointer);
                let is_now = |changes: Vec<(RelationshipId, LinkageChange)>| {
                    changes.iter().all(|(id, change)| current.has(resource, *id, change))
                };
                if seen.is_some() && read.is_ok_and(is_now) {
                    continue;
                }
                if is_unwritable {
                    errors.push(may_not_set(resource, name).pointer(pointer()));
                    continue;
                }
                let error = if is_unreadable {
                    ErrorObject::full_replacement_not_allowed(format!(
                        "you may not see what {name} leads to, and nobody replaces what they have not seen"
                    ))
                } else if relationship.linkage {
                    seen_in_part(name)
                } else {
                    ErrorObject::full_replacement_not_allowed(format!(
                        "{name} is not part of this representation, and not what it is now; change it at the other end"
                    ))
                };
                errors.push(error.pointer(pointer()));
                continue;
            }
            // It leads to what this client doesn't see: who writes back what they have read takes nothing away.
            let looks_empty = current.is_some_and(|current| {
                resource.arms(id).all(|(arm, _)| current.row.to_one(resource, arm).is_null())
            });
            if data.is_null() && relationship.is_required() && looks_empty {
                continue;
            }
            let changes = match linkages(resource, id, data, self.reading, &|| pointer().member("data")) {
                Ok(changes) => changes,
                Err(found) => {
                    errors.extend(found.into_iter().take(MOST_ERRORS - errors.len()));
                    continue;
                }
            };
            for (id, change) in changes {
                match change {
                    LinkageChange::One(None) if relationship.is_polymorphic() && looks_empty => {}
                    change if seen.is_some_and(|current| current.has(resource, id, &change)) => {}
                    _ if is_unwritable => errors.push(may_not_set(resource, name).pointer(pointer())),
                    _ if current.is_some() && resource.is_relationship_of_key(id) => {
                        errors.push(part_of_id(name).pointer(pointer()));
                    }
                    change @ LinkageChange::Replace(_) if relationship.is_kept_in_ids() => {
                        // In a new resource: nothing. Later: the same members, in another order.
                        match current {
                            None if change == LinkageChange::Replace(Vec::new()) => {}
                            Some(current)
                                if relationship.order.is_some()
                                    && current.linked(id).is_some_and(|now| has_members(now, &change)) =>
                            {
                                set_linkage(resource, id, change, &mut members.linkage);
                            }
                            _ => errors.push(kept_in_ids(relationship).pointer(pointer())),
                        }
                    }
                    change => set_linkage(resource, id, change, &mut members.linkage),
                }
            }
        }
        members
    }
}

/// The error for a resource that is named by its id and by a local id.
pub(super) fn both_ids() -> ErrorObject {
    ErrorObject::invalid_document("a resource has an id, or a lid if this request makes it, and not both")
}

/// The error for a change of a member that the id is made of.
pub(crate) fn part_of_id(name: &str) -> ErrorObject {
    ErrorObject::part_of_id(format!(
        "{name} is part of the id, which never changes: delete this resource and create another one"
    ))
}

/// The error for a change of linkage that the related resources' ids are made of.
pub(crate) fn kept_in_ids(relationship: &Relationship) -> ErrorObject {
    let (name, type_name) = (relationship.name, relationship.target().type_name);
    ErrorObject::part_of_id(format!(
        "{name} is part of the ids of {type_name}, which never change: create and delete {type_name} instead"
    ))
}

/// Why nobody replaces a list of which they have read a window.
pub(crate) fn seen_in_part(name: &str) -> ErrorObject {
    ErrorObject::full_replacement_not_allowed(format!(
        "the tag in If-Match is of a document that shows a part of {name}: read all of it to replace it, or add and remove \
         at the relationship's own URL"
    ))
}

/// The placeholder for the value of an attribute before the database has made it.
fn nothing(attribute: &Attribute) -> Value {
    if attribute.nullable { Value::Null } else { attribute.kind.empty() }
}

fn object<'b, T>(
    name: &str,
    sent: Option<ObjectMember<'b, T>>,
    base: &Pointer,
) -> Result<Option<SentMembers<'b, T>>, Errors> {
    match sent {
        None => Ok(None),
        Some(ObjectMember::Object(members)) => Ok(Some(members)),
        Some(ObjectMember::Other) => {
            let error = ErrorObject::invalid_document(format!("{name} must be an object"));
            Err(error.pointer(base.member("data").member(name)).into())
        }
    }
}
