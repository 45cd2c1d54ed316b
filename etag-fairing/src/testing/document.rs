//! The document of a POST or PATCH, made step by step or of a struct.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

use crate::resource::JsonApiResource;
use crate::schema::{Access, Linkage};

/// The document of one resource (JSON:API §8.1, §8.2), to be sent.
///
/// ```
/// use etag_fairing::testing::Document;
///
/// let session = Document::new("sessions")
///     .id(1)
///     .attribute("title", "ETags")
///     .to_one("track", "tracks", 3)
///     .to_many("speakers", "people", [1, 2]);
/// # assert_eq!(serde_json::to_value(&session).unwrap()["data"]["relationships"]["track"]["data"]["id"], "3");
/// ```
///
/// `Document::of(&session)` has all members of a struct that clients may set.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    data: Data,
}

#[derive(Clone, Debug, Serialize)]
struct Data {
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, Box<RawValue>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    relationships: BTreeMap<String, JsonValue>,
}

impl Document {
    /// The document of a resource of this type without any member.
    pub fn new(type_name: impl Into<String>) -> Self {
        let (attributes, relationships) = (BTreeMap::new(), BTreeMap::new());
        Self { data: Data { r#type: type_name.into(), id: None, attributes, relationships } }
    }

    /// The document with all members of a struct that clients may set. The id is left out if none was chosen yet (0, an
    /// empty text or the nil UUID), and so is linkage that was not read.
    ///
    /// # Panics
    /// If the struct has a value that cannot be stored.
    #[track_caller]
    pub fn of<T: JsonApiResource>(resource: &T) -> Self {
        let description = T::description();
        let record = resource.to_record().unwrap_or_else(|mismatch| {
            panic!("{} cannot be stored: it has what {mismatch}", description.rust_name)
        });
        let mut document = Self::new(description.type_name);
        document.data.id = record.id.filter(|id| !id.is_open()).map(|id| id.to_string());
        for (attribute, value) in description.attributes.iter().zip(&record.attributes) {
            if !matches!(attribute.access, Access::ReadWrite | Access::WriteOnly) {
                continue;
            }
            let mut json = Vec::new();
            let written = attribute.kind.write(value.as_ref(), &mut json).map_err(|error| error.to_string());
            let raw = written.and_then(|()| serde_json::from_slice(&json).map_err(|error| error.to_string()));
            let raw =
                raw.unwrap_or_else(|error| panic!("`{}` is no value of a document: {error}", attribute.name));
            document.data.attributes.insert(attribute.name.into(), raw);
        }
        for (relationship, linkage) in description.relationships.iter().zip(&record.linkage) {
            let target = relationship.target().type_name;
            document = match linkage {
                Linkage::Unread => document,
                // Of several types that it may lead to, another one may be there.
                Linkage::One(None) if document.data.relationships.contains_key(relationship.name) => document,
                Linkage::One(None) => document.to_none(relationship.name),
                Linkage::One(Some(id)) => document.to_one(relationship.name, target, id),
                Linkage::Many(ids) => {
                    // To those of other types, if it leads to several.
                    let of_others = document.data.relationships.get(relationship.name);
                    let of_others = of_others.and_then(|known| known["data"].as_array()).cloned();
                    let own = ids.iter().map(|id| identifier(target, id));
                    let all = of_others.into_iter().flatten().chain(own).collect();
                    document.linkage(relationship.name, all)
                }
            };
        }
        document
    }

    /// Sets the id.
    #[must_use]
    pub fn id(mut self, id: impl fmt::Display) -> Self {
        self.data.id = Some(id.to_string());
        self
    }

    /// Sets an attribute, to what serde makes of the value.
    ///
    /// # Panics
    /// If its `Serialize` fails.
    #[must_use]
    #[track_caller]
    pub fn attribute(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        let raw = serde_json::value::to_raw_value(&value).unwrap_or_else(|error| panic!("`{name}`: {error}"));
        self.data.attributes.insert(name, raw);
        self
    }

    /// Sets a to-one relationship.
    #[must_use]
    pub fn to_one(self, name: impl Into<String>, type_name: &str, id: impl fmt::Display) -> Self {
        self.linkage(name, identifier(type_name, &id))
    }

    /// Makes a to-one relationship empty.
    #[must_use]
    pub fn to_none(self, name: impl Into<String>) -> Self {
        self.linkage(name, JsonValue::Null)
    }

    /// Sets a to-many relationship.
    #[must_use]
    pub fn to_many(
        self,
        name: impl Into<String>,
        type_name: &str,
        ids: impl IntoIterator<Item = impl fmt::Display>,
    ) -> Self {
        let identifiers = ids.into_iter().map(|id| identifier(type_name, &id)).collect();
        self.linkage(name, identifiers)
    }

    fn linkage(mut self, name: impl Into<String>, data: JsonValue) -> Self {
        self.data.relationships.insert(name.into(), serde_json::json!({ "data": data }));
        self
    }
}

fn identifier(type_name: &str, id: &dyn fmt::Display) -> JsonValue {
    serde_json::json!({ "type": type_name, "id": id.to_string() })
}
