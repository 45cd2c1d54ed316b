//! Resource linkage that clients send (JSON:API §6.2.2.4): in a resource object, and as the document of a request to a
//! relationship's URL.

use std::borrow::Cow;

use super::local_ids::Reading;
use super::primary_data;
use super::resource_object::both_ids;
use super::sent::{SentIdentifier, SentLinkage, TextMember};
use crate::error::{ErrorObject, Errors, MOST_ERRORS, Pointer};
use crate::plan::LinkageChange;
use crate::schema::member_path::type_names;
use crate::schema::{Description, IdKind, Relationship, RelationshipId, ResourceId};

/// The document of a change to a relationship: linkage as primary data.
#[derive(Debug)]
pub(crate) struct LinkageDocument<'b> {
    /// The linkage as a full replacement, with the relationship that it is of: of a polymorphic to-one relationship, the
    /// arm that it leads to, or the first; of a polymorphic to-many relationship, an entry for each arm.
    pub(crate) changes: Vec<(RelationshipId, LinkageChange)>,
    data: SentLinkage<'b>,
    base: Pointer,
}

impl<'b> LinkageDocument<'b> {
    /// # Errors
    /// 400 for what is no linkage of this relationship's kind, 409 for identifiers of another type, 404 for ids
    /// that nothing can have, 422 for ids that are too long. That a required relationship is emptied is no mistake of the document alone.
    pub(crate) fn parse(
        body: &'b [u8],
        base: Pointer,
        resource: &'static Description,
        id: RelationshipId,
        reading: impl Into<Reading<'b>>,
    ) -> Result<Self, Errors> {
        let data = primary_data(body, &base)?;
        // Judged with what is there now: see `must_not_be_empty`.
        let is_required = resource.relationship_at(id).is_some_and(Relationship::is_required);
        if matches!(data, SentLinkage::Null) && is_required {
            return Ok(Self { changes: vec![(id, LinkageChange::One(None))], data, base });
        }
        match linkages(resource, id, &data, reading.into(), &|| base.member("data")) {
            Ok(changes) => Ok(Self { changes, data, base }),
            Err(errors) => {
                Err(Errors::from_vec(errors)
                    .unwrap_or_else(|| ErrorObject::invalid_linkage("no linkage").into()))
            }
        }
    }

    /// Whether it empties a to-one relationship.
    pub(crate) fn empties(&self) -> bool {
        matches!(self.changes.as_slice(), [(_, LinkageChange::One(None))])
    }

    /// Where the linkage stands.
    pub(crate) fn pointer(&self) -> Pointer {
        self.base.member("data")
    }

    /// Where a related resource's identifier stands in the document.
    pub(crate) fn pointer_to(&self, relationship: &Relationship, id: &ResourceId) -> Pointer {
        pointer_into(Some(&self.data), self.pointer(), relationship, id)
    }
}

/// A local id in linkage.
#[derive(Debug)]
pub(super) struct SentLid<'a> {
    pub(super) type_name: Cow<'a, str>,
    pub(super) lid: Cow<'a, str>,
    /// Whether there is an id, too, which is a mistake.
    pub(super) is_beside_id: bool,
    /// Where the identifier stands.
    pub(super) pointer: Pointer,
}

impl SentLid<'_> {
    fn into_owned(self) -> SentLid<'static> {
        let Self { type_name, lid, is_beside_id, pointer } = self;
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        SentLid { type_name: owned(type_name), lid: owned(lid), is_beside_id, pointer }
    }
}

/// The local ids in linkage that stands at `pointer`.
pub(super) fn lids_of<'a>(data: &'a SentLinkage<'_>, pointer: &dyn Fn() -> Pointer) -> Vec<SentLid<'a>> {
    let lid = |(place, identifier): (Option<usize>, &'a SentIdentifier<'_>)| match identifier {
        SentIdentifier::Object {
            type_name: Some(TextMember::Text(type_name)),
            lid: Some(TextMember::Text(lid)),
            id,
        } => Some(SentLid {
            type_name: Cow::Borrowed(type_name),
            lid: Cow::Borrowed(lid),
            is_beside_id: id.is_some(),
            pointer: place.map_or_else(pointer, |place| pointer().element(place)),
        }),
        _ => None,
    };
    data.identifiers().filter_map(lid).collect()
}

/// The local ids in the document of a change to a relationship.
///
/// # Errors
/// 400 for what is no such document.
pub(super) fn lids_of_document(body: &[u8], base: &Pointer) -> Result<Vec<SentLid<'static>>, Errors> {
    let data: SentLinkage<'_> = primary_data(body, base)?;
    let lids = lids_of(&data, &|| base.member("data"));
    Ok(lids.into_iter().map(SentLid::into_owned).collect())
}

/// The error for a local id that no operation before has assigned.
pub(super) fn unassigned(lid: &str) -> ErrorObject {
    ErrorObject::unknown_local_id(format!(
        "no operation before this one makes a resource of this type with the lid {lid}"
    ))
}

/// The relationship that linkage is of: of a polymorphic one, the arm that leads to the type of the identifier, or the
/// first if it has none.
///
/// # Errors
/// 409 for a type that no arm leads to.
fn arm_of(
    resource: &'static Description,
    id: RelationshipId,
    data: &SentLinkage<'_>,
    pointer: &dyn Fn() -> Pointer,
) -> Result<(RelationshipId, &'static Relationship), ErrorObject> {
    let Some(first) = resource.relationship_at(id) else {
        return Err(ErrorObject::invalid_linkage("no such relationship").pointer(pointer()));
    };
    match data {
        SentLinkage::One(SentIdentifier::Object { type_name: Some(TextMember::Text(name)), .. })
            if first.is_polymorphic() =>
        {
            resource.arm(id, name).ok_or_else(|| no_arm(resource, id, first, name, pointer()))
        }
        _ => Ok((id, first)),
    }
}

/// Where the identifier of the relationship's type with this id stands in linkage that stands at `base`.
pub(super) fn pointer_into(
    data: Option<&SentLinkage<'_>>,
    base: Pointer,
    relationship: &Relationship,
    id: &ResourceId,
) -> Pointer {
    match data {
        Some(SentLinkage::Many(identifiers)) => {
            let (id, type_name) = (id.to_string(), relationship.target().type_name);
            let is_it = |identifier: &SentIdentifier<'_>| {
                let is_id = |sent: &str| {
                    sent == id || IdKind::Uuid.parse(sent).is_some_and(|sent| sent.to_string() == id)
                };
                identifier.type_name() == Some(type_name) && identifier.id().is_some_and(is_id)
            };
            match identifiers.iter().position(is_it) {
                Some(position) => base.element(position).member("id"),
                None => base,
            }
        }
        Some(SentLinkage::One(SentIdentifier::Object { .. })) => base.member("id"),
        _ => base,
    }
}

/// Reads resource linkage (JSON:API §6.2.2.4) as a full replacement, with the relationship that it is of: see
/// [`LinkageDocument::changes`].
///
/// # Errors
/// As [`linkage`]'s, and 409 for a type that no arm leads to.
pub(super) fn linkages(
    resource: &'static Description,
    id: RelationshipId,
    data: &SentLinkage<'_>,
    reading: Reading<'_>,
    pointer: &dyn Fn() -> Pointer,
) -> Result<Vec<(RelationshipId, LinkageChange)>, Vec<ErrorObject>> {
    let first = resource.relationship_at(id).filter(|first| first.is_polymorphic() && first.is_to_many());
    let (Some(first), SentLinkage::Many(identifiers)) = (first, data) else {
        let (id, relationship) = arm_of(resource, id, data, pointer).map_err(|error| vec![error])?;
        return linkage(relationship, data, reading, pointer).map(|change| vec![(id, change)]);
    };
    let mut of_arms: Vec<(RelationshipId, Vec<ResourceId>)> =
        resource.arms(id).map(|(arm, _)| (arm, Vec::new())).collect();
    let mut errors = Vec::new();
    for (position, sent) in identifiers.iter().enumerate() {
        if errors.len() >= MOST_ERRORS {
            break;
        }
        let pointer = || pointer().element(position);
        let arm = sent.type_name().map(|name| resource.arm(id, name));
        let read = match arm {
            Some(None) => Err(no_arm(resource, id, first, sent.type_name().unwrap_or_default(), pointer())),
            // Without a type, which is told.
            None => identifier(first, sent, reading, &pointer).map(|related| (id, related)),
            Some(Some((arm, relationship))) => {
                identifier(relationship, sent, reading, &pointer).map(|related| (arm, related))
            }
        };
        match read {
            Ok((arm, related)) => {
                if let Some((_, ids)) = of_arms.iter_mut().find(|(known, _)| *known == arm) {
                    ids.push(related);
                }
            }
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(of_arms.into_iter().map(|(arm, ids)| (arm, LinkageChange::Replace(ids))).collect())
}

/// An identifier of a type that a polymorphic relationship doesn't lead to.
fn no_arm(
    resource: &Description,
    id: RelationshipId,
    first: &Relationship,
    name: &str,
    pointer: Pointer,
) -> ErrorObject {
    ErrorObject::type_mismatch(format!(
        "{} leads to resources of type {}, not {name}",
        first.name,
        type_names(resource, id)
    ))
    .pointer(pointer.member("type"))
}

/// Reads resource linkage (JSON:API §6.2.2.4) as a full replacement; `pointer` tells where it stands.
///
/// # Errors
/// 400 for another shape, 409 for another type, 404 for an id that nothing can have.
fn linkage(
    relationship: &Relationship,
    data: &SentLinkage<'_>,
    reading: Reading<'_>,
    pointer: &dyn Fn() -> Pointer,
) -> Result<LinkageChange, Vec<ErrorObject>> {
    if relationship.is_to_many() {
        let SentLinkage::Many(identifiers) = data else {
            let error = ErrorObject::invalid_linkage(format!(
                "{} is to-many: data must be an array",
                relationship.name
            ));
            return Err(vec![error.pointer(pointer())]);
        };
        let mut errors = Vec::new();
        let mut ids = Vec::with_capacity(identifiers.len());
        for (position, sent) in identifiers.iter().enumerate() {
            if errors.len() >= MOST_ERRORS {
                break;
            }
            match identifier(relationship, sent, reading, &|| pointer().element(position)) {
                Ok(id) => ids.push(id),
                Err(error) => errors.push(error),
            }
        }
        return if errors.is_empty() { Ok(LinkageChange::Replace(ids)) } else { Err(errors) };
    }
    match data {
        SentLinkage::Null if relationship.is_required() => {
            Err(vec![must_not_be_empty(relationship, pointer())])
        }
        SentLinkage::Null => Ok(LinkageChange::One(None)),
        SentLinkage::Many(_) => {
            let error = ErrorObject::invalid_linkage(format!(
                "{} is to-one: data must be an identifier or null",
                relationship.name
            ));
            Err(vec![error.pointer(pointer())])
        }
        SentLinkage::One(sent) => identifier(relationship, sent, reading, pointer)
            .map(|id| LinkageChange::One(Some(id)))
            .map_err(|error| vec![error]),
    }
}

/// A required relationship is emptied, which it is not now: where it leads to what the client doesn't see it looks
/// empty already.
pub(crate) fn must_not_be_empty(relationship: &Relationship, pointer: Pointer) -> ErrorObject {
    ErrorObject::validation_failed(format!("{} must not be empty", relationship.name)).pointer(pointer)
}

/// Reads a resource identifier object (JSON:API §6.3).
fn identifier(
    relationship: &Relationship,
    sent: &SentIdentifier<'_>,
    reading: Reading<'_>,
    pointer: &dyn Fn() -> Pointer,
) -> Result<ResourceId, ErrorObject> {
    let lengths = reading.lengths;
    let target = relationship.target();
    let SentIdentifier::Object { type_name, id, lid } = sent else {
        return Err(
            ErrorObject::invalid_linkage("a resource identifier must be an object").pointer(pointer())
        );
    };
    match type_name {
        Some(TextMember::Text(name)) if name == target.type_name => {}
        Some(TextMember::Text(name)) => {
            return Err(ErrorObject::type_mismatch(format!(
                "{} leads to resources of type {}, not {name}",
                relationship.name, target.type_name
            ))
            .pointer(pointer().member("type")));
        }
        Some(_) => {
            return Err(
                ErrorObject::invalid_linkage("type must be a string").pointer(pointer().member("type"))
            );
        }
        None => {
            return Err(ErrorObject::missing_type("a resource identifier needs its type").pointer(pointer()));
        }
    }
    match (id, reading.local_ids.zip(lid.as_ref())) {
        (None, None) => {}
        (Some(_), Some(_)) => return Err(both_ids().pointer(pointer())),
        (None, Some((local_ids, TextMember::Text(lid)))) => {
            return local_ids
                .id_of(target, lid)
                .ok_or_else(|| unassigned(lid).pointer(pointer().member("lid")));
        }
        (None, Some((_, TextMember::Other))) => {
            let error = ErrorObject::invalid_linkage("lid must be a string");
            return Err(error.pointer(pointer().member("lid")));
        }
        (Some(_), None) => {}
    }
    match id {
        Some(TextMember::Text(id)) if id.len() > lengths.id => {
            lengths.check_id(id).map_err(|error| error.pointer(pointer().member("id")))?;
            Err(ErrorObject::invalid_linkage("an id that is too long").pointer(pointer().member("id")))
        }
        Some(TextMember::Text(id)) => target.id.kind.parse(id).ok_or_else(|| {
            ErrorObject::related_not_found(format!(
                "there is no resource of type {} with id {id}",
                target.type_name
            ))
            .pointer(pointer().member("id"))
        }),
        Some(_) => Err(ErrorObject::invalid_linkage("id must be a string").pointer(pointer().member("id"))),
        None => Err(ErrorObject::missing_id("a resource identifier needs its id").pointer(pointer())),
    }
}
