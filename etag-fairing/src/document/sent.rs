//! JSON as clients send it, in few pieces of memory: a map takes one, and what nobody reads none.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value, as far as documents have a use for it.
#[derive(Debug)]
pub(super) enum Sent {
    Null,
    String(String),
    Array(Vec<Sent>),
    Object(Members<Sent>),
    /// A number or a boolean, which no part of a document is but attributes.
    Other,
}

impl Sent {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(super) fn as_array(&self) -> Option<&[Sent]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A member, if this is an object that has it.
    pub(super) fn get(&self, name: &str) -> Option<&Sent> {
        match self {
            Self::Object(members) => members.get(name),
            _ => None,
        }
    }
}

/// The members of an object, by name; of two with one name the last.
#[derive(Debug)]
pub(super) struct Members<T>(Vec<(String, T)>);

impl<T> Members<T> {
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        let place = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    fn of(mut members: Vec<(String, T)>) -> Self {
        // From the last to the first, which the sort keeps among those of one name.
        members.reverse();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.dedup_by(|(later, _), (kept, _)| later == kept);
        Self(members)
    }
}

/// An object with members of one kind, or something else.
#[derive(Debug)]
pub(super) enum Held<T> {
    Object(Members<T>),
    Other,
}

/// A document, and of its members only the data.
pub(super) enum Document<T> {
    Object(Option<T>),
    Other,
}

/// A resource object as primary data.
pub(super) enum Data {
    Resource {
        type_name: Option<Sent>,
        id: Option<Sent>,
        attributes: Option<Held<serde_json::Value>>,
        relationships: Option<Held<Sent>>,
    },
    Other,
}

/// What becomes of the kinds of JSON: a map is read by itself, and all else is mostly as good as another.
trait Kinds<'de>: Sized {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;

    fn other() -> Self;

    fn null() -> Self {
        Self::other()
    }

    fn text(_: &str) -> Self {
        Self::other()
    }

    fn seq<A: SeqAccess<'de>>(mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::other())
    }
}

struct AnyKind<T>(PhantomData<T>);

impl<'de, T: Kinds<'de>> Visitor<'de> for AnyKind<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::other())
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::other())
    }

    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::other())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::other())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::null())
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<T, A::Error> {
        T::seq(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::map(map)
    }
}

fn members<'de, T: Deserialize<'de>, A: MapAccess<'de>>(mut map: A) -> Result<Members<T>, A::Error> {
    let mut members = Vec::new();
    while let Some(member) = map.next_entry()? {
        members.push(member);
    }
    Ok(Members::of(members))
}

impl<'de> Kinds<'de> for Sent {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        members(map).map(Self::Object)
    }

    fn other() -> Self {
        Self::Other
    }

    fn null() -> Self {
        Self::Null
    }

    fn text(text: &str) -> Self {
        Self::String(text.to_owned())
    }

    fn seq<A: SeqAccess<'de>>(mut given: A) -> Result<Self, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = given.next_element()? {
            elements.push(element);
        }
        Ok(Self::Array(elements))
    }
}

impl<'de, T: Deserialize<'de>> Kinds<'de> for Held<T> {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        members(map).map(Self::Object)
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de, T: Deserialize<'de>> Kinds<'de> for Document<T> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut data = None;
        while let Some(name) = map.next_key::<Name>()? {
            match name {
                Name::Data => data = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Self::Object(data))
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de> Kinds<'de> for Data {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut type_name, mut id, mut attributes, mut relationships) = (None, None, None, None);
        while let Some(name) = map.next_key::<Name>()? {
            match name {
                Name::Type => type_name = Some(map.next_value()?),
                Name::Id => id = Some(map.next_value()?),
                Name::Attributes => attributes = Some(map.next_value()?),
                Name::Relationships => relationships = Some(map.next_value()?),
                Name::Data | Name::Unknown => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Self::Resource { type_name, id, attributes, relationships })
    }

    fn other() -> Self {
        Self::Other
    }
}

/// The names that a document and a resource object have a use for.
enum Name {
    Data,
    Type,
    Id,
    Attributes,
    Relationships,
    Unknown,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl Visitor<'_> for NameVisitor {
            type Value = Name;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(match name {
                    "data" => Name::Data,
                    "type" => Name::Type,
                    "id" => Name::Id,
                    "attributes" => Name::Attributes,
                    "relationships" => Name::Relationships,
                    _ => Name::Unknown,
                })
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Held<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Document<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as JsonValue, json};

    use super::*;

    /// Whether both say the same, as far as `Sent` says anything.
    fn agree(sent: &Sent, json: &JsonValue) -> bool {
        match (sent, json) {
            (Sent::Null, JsonValue::Null) | (Sent::Other, JsonValue::Bool(_) | JsonValue::Number(_)) => true,
            (Sent::String(text), JsonValue::String(other)) => text == other,
            (Sent::Array(elements), JsonValue::Array(others)) => {
                elements.len() == others.len()
                    && elements.iter().zip(others).all(|(element, other)| agree(element, other))
            }
            (Sent::Object(members), JsonValue::Object(others)) => {
                members.iter().count() == others.len()
                    && members.iter().zip(others).all(|((name, member), (other_name, other))| {
                        name == other_name && agree(member, other)
                    })
                    && others.keys().all(|name| members.contains(name))
            }
            _ => false,
        }
    }

    fn json_text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            Just("-0.5e3".to_owned()),
            "[a-c]{0,2}".prop_map(|text| format!("{text:?}")),
            Just(r#""\u00e9\n\"""#.to_owned()),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|it| format!("[{}]", it.join(","))),
                // Names repeat.
                prop::collection::vec(("[a-c]{0,1}", inner), 0..5).prop_map(|members| {
                    let members: Vec<_> =
                        members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
                    format!("{{{}}}", members.join(", "))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_sent_is_read_as_serde_json_reads_it(text in json_text(), cut in any::<prop::sample::Index>()) {
            let sent: Sent = serde_json::from_str(&text).expect("JSON");
            let json: JsonValue = serde_json::from_str(&text).expect("JSON");
            prop_assert!(agree(&sent, &json), "{} {:?}", text, sent);
            let cut = &text[..cut.index(text.len())];
            let errors = (
                serde_json::from_str::<Sent>(cut).err().map(|error| error.to_string()),
                serde_json::from_str::<JsonValue>(cut).err().map(|error| error.to_string()),
            );
            prop_assert_eq!(errors.0, errors.1, "{}", cut);
        }
    }

    #[test]
    fn of_members_with_one_name_the_last_counts() {
        let Document::Object(Some(Data::Resource { type_name, id, attributes, relationships })) =
            serde_json::from_str(
                r#"{"data": 1, "x": [1, {"y": null}], "data": {"id": 1, "type": "a", "data": {"id": "z"}, "type": "b",
                    "id": "2", "attributes": [], "attributes": {"m": 1, "n": 2, "m": {"a": [3]}}, "relationships": 5}}"#,
            )
            .expect("a document")
        else {
            panic!("no document of a resource object");
        };
        assert_eq!(type_name.as_ref().and_then(Sent::as_str), Some("b"));
        assert_eq!(id.as_ref().and_then(Sent::as_str), Some("2"));
        assert!(matches!(relationships, Some(Held::Other)));
        let Some(Held::Object(attributes)) = attributes else { panic!("no attributes") };
        let attributes: Vec<_> = attributes.iter().collect();
        assert_eq!(attributes, [("m", &json!({"a": [3]})), ("n", &json!(2))]);
    }

    #[test]
    fn what_is_no_object_is_read_to_its_end() {
        for text in ["null", "true", "1", "-1", "1.5", "\"x\"", "[]", "[[1], {\"data\": 2}]"] {
            assert!(matches!(serde_json::from_str(text), Ok(Document::<Sent>::Other)), "{text}");
            assert!(matches!(serde_json::from_str(text), Ok(Data::Other)), "{text}");
            assert!(serde_json::from_str::<Document<Sent>>(&format!("{text} 1")).is_err(), "{text}");
        }
        for text in ["", "{", "{\"data\"}", "{\"data\": }", "{\"x\": [}", "{} {}", "{'data': 1}"] {
            assert!(serde_json::from_str::<Document<Data>>(text).is_err(), "{text}");
        }
    }
}
