//! Where in its document something of a resource object stands, and what was sent at all.

use serde_json::Value as JsonValue;

use super::super::linkage::{SentLid, lids_of, pointer_into};
use super::super::sent::{SentMembers, WithData};
use super::ResourceObject;
use crate::error::Pointer;
use crate::schema::{Relationship, ResourceId};

/// The two kinds of fields of a resource object (JSON:API §6.2.2).
#[derive(Clone, Copy)]
pub(super) enum FieldKind {
    Attribute,
    Relationship,
}

impl ResourceObject<'_> {
    /// Where the resource object stands.
    pub(crate) fn pointer(&self) -> Pointer {
        self.base.member("data")
    }

    /// Where its id stands.
    pub(crate) fn pointer_to_id(&self) -> Pointer {
        self.pointer().member("id")
    }

    /// Where the attributes or the relationships stand, or what would hold them.
    pub(super) fn pointer_to_fields(&self, kind: FieldKind) -> Pointer {
        let (name, is_sent) = match kind {
            FieldKind::Attribute => ("attributes", self.attributes.is_some()),
            FieldKind::Relationship => ("relationships", self.relationships.is_some()),
        };
        if is_sent { self.pointer().member(name) } else { self.pointer() }
    }

    /// The local ids in its linkage.
    pub(in super::super) fn lids(&self) -> Vec<SentLid<'_>> {
        let pointer =
            |name: &str| self.pointer_to_fields(FieldKind::Relationship).member(name).member("data");
        let sent = self.relationships.iter().flat_map(SentMembers::iter);
        sent.filter_map(|(name, sent)| match sent {
            WithData::Object(Some(data)) => Some(lids_of(data, &|| pointer(name))),
            _ => None,
        })
        .flatten()
        .collect()
    }

    /// Whether it says what a relationship leads to.
    pub(crate) fn links(&self, relationship: &Relationship) -> bool {
        let sent = self.relationships.as_ref().and_then(|sent| sent.get(relationship.name));
        matches!(sent, Some(WithData::Object(Some(_))))
    }

    /// Where a related resource's identifier stands in the document.
    pub(crate) fn pointer_to(&self, relationship: &Relationship, id: &ResourceId) -> Pointer {
        let sent = self.relationships.as_ref().and_then(|sent| sent.get(relationship.name));
        let linkage = self.pointer().member("relationships").member(relationship.name).member("data");
        let data = match sent {
            Some(WithData::Object(data)) => data.as_ref(),
            Some(WithData::Described | WithData::Other) | None => None,
        };
        pointer_into(data, linkage, relationship, id)
    }

    /// Where something inside of a member stands, as deep as the document has it.
    pub(crate) fn pointer_inside(&self, name: &str, inside: &[String]) -> Pointer {
        let mut pointer = self.pointer_of(name);
        let sent = self.attributes.as_ref().and_then(|sent| sent.get(name));
        let sent: Option<JsonValue> = sent.and_then(|sent| serde_json::from_str(sent.get()).ok());
        let mut here = sent.as_ref();
        for part in inside {
            here = match here {
                Some(JsonValue::Object(members)) => members.get(part),
                Some(JsonValue::Array(elements)) => {
                    part.parse().ok().and_then(|index: usize| elements.get(index))
                }
                _ => None,
            };
            if here.is_none() {
                break;
            }
            pointer = pointer.member(part);
        }
        pointer
    }

    /// Where the member of an attribute or relationship stands: itself if it was sent, else what would hold it
    /// (JSON:API §10.2: a pointer points to something that is there).
    pub(crate) fn pointer_of(&self, name: &str) -> Pointer {
        match self.fields_with(name) {
            Some(kind) => self.pointer_to_fields(kind).member(name),
            None => self.pointer_to_fields(FieldKind::Attribute),
        }
    }

    /// Whether an attribute or relationship of this name was sent.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.fields_with(name).is_some()
    }

    fn fields_with(&self, name: &str) -> Option<FieldKind> {
        if self.attributes.as_ref().is_some_and(|sent| sent.contains(name)) {
            return Some(FieldKind::Attribute);
        }
        self.relationships.as_ref().is_some_and(|sent| sent.contains(name)).then_some(FieldKind::Relationship)
    }
}
