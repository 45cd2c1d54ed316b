//! A resource object of an answer: its members, or the struct that they are of.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

use crate::document::read::value_of;
use crate::resource::JsonApiResource;
use crate::schema::{Attribute, Description, Linkage, Record, Relationship, ResourceId, Value};

/// A resource object of an answer (JSON:API §6.2), whatever its type and its members are.
#[derive(Clone)]
pub struct Resource {
    raw: RawResource,
}

/// A resource identifier object (JSON:API §6.2.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    /// The type of the resource.
    pub type_name: String,
    /// Its id.
    pub id: String,
}

/// A resource object. The values of attributes stay as they were written, with all digits of their numbers.
#[derive(Clone, Deserialize)]
pub(super) struct RawResource {
    r#type: String,
    id: String,
    #[serde(default)]
    attributes: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    relationships: BTreeMap<String, RawRelationship>,
    #[serde(default)]
    links: BTreeMap<String, JsonValue>,
    #[serde(default)]
    meta: JsonValue,
}

#[derive(Clone, Default, Deserialize)]
struct RawRelationship {
    /// `None` where there is no linkage, `Some(None)` where it is null.
    #[serde(default, deserialize_with = "present")]
    data: Option<Option<RawLinkage>>,
    #[serde(default)]
    meta: JsonValue,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum RawLinkage {
    Many(Vec<RawIdentifier>),
    One(RawIdentifier),
}

#[derive(Clone, Deserialize)]
struct RawIdentifier {
    r#type: String,
    id: String,
}

fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl From<RawResource> for Resource {
    fn from(raw: RawResource) -> Self {
        Self { raw }
    }
}

impl From<&RawIdentifier> for Identifier {
    fn from(raw: &RawIdentifier) -> Self {
        Self { type_name: raw.r#type.clone(), id: raw.id.clone() }
    }
}

impl Resource {
    /// Its type.
    pub fn type_name(&self) -> &str {
        &self.raw.r#type
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.raw.id
    }

    /// The value of an attribute.
    ///
    /// # Panics
    /// If the document does not show it.
    #[track_caller]
    pub fn attribute(&self, name: &str) -> JsonValue {
        match self.get(name) {
            Some(value) => value,
            None => panic!("no attribute `{name}` in {self}"),
        }
    }

    /// The value of an attribute; `None` if the document does not show it.
    pub fn get(&self, name: &str) -> Option<JsonValue> {
        serde_json::from_str(self.raw.attributes.get(name)?.get()).ok()
    }

    /// The names of the attributes that the document shows, sorted.
    pub fn attribute_names(&self) -> Vec<&str> {
        self.raw.attributes.keys().map(String::as_str).collect()
    }

    /// What a to-one relationship leads to.
    ///
    /// # Panics
    /// If the document does not show the linkage, or it is to-many.
    #[track_caller]
    pub fn to_one(&self, name: &str) -> Option<Identifier> {
        match self.linkage(name) {
            None => None,
            Some(RawLinkage::One(identifier)) => Some(identifier.into()),
            Some(RawLinkage::Many(_)) => panic!("the relationship `{name}` is to-many in {self}"),
        }
    }

    /// What a to-many relationship leads to, in the order of the document.
    ///
    /// # Panics
    /// If the document does not show the linkage, or it is to-one.
    #[track_caller]
    pub fn to_many(&self, name: &str) -> Vec<Identifier> {
        match self.linkage(name) {
            Some(RawLinkage::Many(identifiers)) => identifiers.iter().map(Identifier::from).collect(),
            _ => panic!("the relationship `{name}` is to-one in {self}"),
        }
    }

    /// The ids that a to-many relationship leads to, in the order of the document.
    ///
    /// # Panics
    /// If the document does not show the linkage, or it is to-one.
    #[track_caller]
    pub fn related_ids(&self, name: &str) -> Vec<String> {
        self.to_many(name).into_iter().map(|identifier| identifier.id).collect()
    }

    #[track_caller]
    fn linkage(&self, name: &str) -> Option<&RawLinkage> {
        let relationship = self.raw.relationships.get(name);
        let data = relationship.and_then(|relationship| relationship.data.as_ref());
        match data {
            Some(data) => data.as_ref(),
            None => panic!("no linkage of `{name}` in {self}: `include={name}` shows it"),
        }
    }

    /// The `meta` of a relationship; null without one.
    pub fn relationship_meta(&self, name: &str) -> JsonValue {
        self.raw.relationships.get(name).map(|relationship| relationship.meta.clone()).unwrap_or_default()
    }

    /// Its `meta`; null without one.
    pub fn meta(&self) -> &JsonValue {
        &self.raw.meta
    }

    /// One of its links, as it is.
    pub fn link(&self, name: &str) -> Option<&str> {
        self.raw.links.get(name)?.as_str()
    }

    /// The struct of this resource, as [`Answer::one`](super::Answer::one) gives it.
    ///
    /// # Panics
    /// If it is of another type, or its members are not those of the struct.
    #[track_caller]
    pub fn typed<T: JsonApiResource>(&self) -> T {
        match self.to_struct() {
            Ok(typed) => typed,
            Err(problem) => panic!("{problem}\n\n{self}"),
        }
    }

    /// The struct.
    ///
    /// # Errors
    /// What is not as it should be.
    pub(super) fn to_struct<T: JsonApiResource>(&self) -> Result<T, String> {
        let record = self.record(T::description())?;
        T::from_record(&record).map_err(|error| format!("{} {}: {error}", self.type_name(), self.id()))
    }

    fn record(&self, resource: &'static Description) -> Result<Record, String> {
        if self.type_name() != resource.type_name {
            return Err(format!(
                "a resource of the type `{}`, and not of `{}`, which is {}",
                self.type_name(),
                resource.type_name,
                resource.rust_name
            ));
        }
        let id = resource.id.kind.parse(self.id());
        let id = id.ok_or_else(|| format!("the id `{}` is none of {}", self.id(), resource.rust_name))?;
        let mut problems = Vec::new();
        let mut attributes = Vec::with_capacity(resource.attributes.len());
        for attribute in resource.attributes {
            match self.value(attribute) {
                Ok(value) => attributes.push(value),
                Err(problem) => problems.push(problem),
            }
        }
        let mut linkage = Vec::with_capacity(resource.relationships.len());
        for relationship in resource.relationships {
            match self.linkage_of(relationship) {
                Ok(shown) => linkage.push(shown),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Record { id: Some(id), attributes, linkage })
        } else {
            Err(format!(
                "{} {} is not the whole of {}: {}",
                self.type_name(),
                self.id(),
                resource.rust_name,
                problems.join("; ")
            ))
        }
    }

    fn value(&self, attribute: &Attribute) -> Result<Value, String> {
        let name = attribute.name;
        let Some(json) = self.raw.attributes.get(name) else {
            if attribute.nullable {
                return Ok(Value::Null);
            }
            if attribute.access.is_shown() {
                return Err(format!("it shows no `{name}`"));
            }
            let default = attribute.default.and_then(|default| default().ok());
            return Ok(default.unwrap_or_else(|| attribute.kind.empty()));
        };
        let value = value_of(attribute, json.get()).map_err(|error| format!("`{name}`: {error:?}"))?;
        value.map_err(|mismatch| format!("`{name}` {mismatch}, and is {json}"))
    }

    fn linkage_of(&self, relationship: &Relationship) -> Result<Linkage, String> {
        let name = relationship.name;
        let shown = self.raw.relationships.get(name).and_then(|relationship| relationship.data.as_ref());
        let id = |identifier: &RawIdentifier| -> Result<ResourceId, String> {
            let id = relationship.target().id.kind.parse(&identifier.id);
            id.ok_or_else(|| format!("`{name}` leads to {}, which is no id of it", identifier.id))
        };
        // A relationship that leads to several types is described once for each: here it leads to others.
        let is_of_type = |identifier: &&RawIdentifier| identifier.r#type == relationship.target().type_name;
        match (shown, relationship.is_to_many()) {
            (Some(Some(RawLinkage::One(identifier))), false) if !is_of_type(&identifier) => {
                Ok(Linkage::One(None))
            }
            (Some(None), false) => Ok(Linkage::One(None)),
            (Some(Some(RawLinkage::One(identifier))), false) => Ok(Linkage::One(Some(id(identifier)?))),
            (Some(Some(RawLinkage::Many(identifiers))), true) => {
                Ok(Linkage::Many(identifiers.iter().filter(is_of_type).map(id).collect::<Result<_, _>>()?))
            }
            (None, true) => Ok(Linkage::Unread),
            (None, false) => Err(format!("it shows no `{name}`")),
            (Some(_), _) => Err(format!("`{name}` has other linkage than the struct says")),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {{", self.type_name(), self.id())?;
        for (name, value) in &self.raw.attributes {
            write!(f, " {name}: {value},")?;
        }
        let names: Vec<_> = self.raw.relationships.keys().map(String::as_str).collect();
        write!(f, " relationships: {} }}", names.join(", "))
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
