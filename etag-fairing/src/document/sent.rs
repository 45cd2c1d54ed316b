//! JSON as clients send it, in few pieces of memory: text without escapes stays where it is, in the body, and what nobody
//! reads takes none.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A member that should be text.
#[derive(Debug)]
pub(super) enum Sent<'a> {
    Text(Cow<'a, str>),
    Other,
}

/// The members of an object, by name; of two with one name the last.
#[derive(Debug)]
pub(super) struct Members<'a, T>(Vec<(Cow<'a, str>, T)>);

impl<'a, T> Members<'a, T> {
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        let place = self.0.binary_search_by(|(known, _)| known.as_ref().cmp(name)).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    fn of(mut members: Vec<(Cow<'a, str>, T)>) -> Self {
        // From the last to the first, which the sort keeps among those of one name.
        members.reverse();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.dedup_by(|(later, _), (kept, _)| later == kept);
        Self(members)
    }
}

/// An object with members of one kind, or something else.
#[derive(Debug)]
pub(super) enum Held<'a, T> {
    Object(Members<'a, T>),
    Other,
}

/// A document or a relationship: an object of whose members only the data is read, or something else.
#[derive(Debug)]
pub(super) enum WithData<T> {
    Object(Option<T>),
    /// No data, but links or meta.
    Described,
    Other,
}

/// A resource object as primary data.
pub(super) enum Data<'a> {
    Resource {
        type_name: Option<Sent<'a>>,
        id: Option<Sent<'a>>,
        attributes: Option<Held<'a, &'a RawValue>>,
        relationships: Option<Held<'a, WithData<Linkage<'a>>>>,
    },
    Other,
}

/// Resource linkage.
#[derive(Debug)]
pub(super) enum Linkage<'a> {
    Null,
    One(Identifier<'a>),
    Many(Vec<Identifier<'a>>),
}

impl Linkage<'_> {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// A resource identifier object, or something else.
#[derive(Debug)]
pub(super) enum Identifier<'a> {
    Object { type_name: Option<Sent<'a>>, id: Option<Sent<'a>> },
    Other,
}

impl Identifier<'_> {
    /// The id, if there is one that is text.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Object { id: Some(Sent::Text(id)), .. } => Some(id),
            _ => None,
        }
    }
}

/// What becomes of the kinds of JSON: a map is read by itself, and all else is mostly as good as another.
trait Kinds<'de>: Sized {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;

    fn other() -> Self;

    fn null() -> Self {
        Self::other()
    }

    fn text(_: Cow<'de, str>) -> Self {
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
        Ok(T::text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<T, A::Error> {
        T::seq(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::map(map)
    }
}

fn members<'de, T: Deserialize<'de>, A: MapAccess<'de>>(mut map: A) -> Result<Members<'de, T>, A::Error> {
    let mut members = Vec::new();
    while let Some(Text(name)) = map.next_key()? {
        members.push((name, map.next_value()?));
    }
    Ok(Members::of(members))
}

impl<'de> Kinds<'de> for Sent<'de> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Other)
    }

    fn other() -> Self {
        Self::Other
    }

    fn text(text: Cow<'de, str>) -> Self {
        Self::Text(text)
    }
}

impl<'de> Kinds<'de> for Identifier<'de> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut type_name, mut id) = (None, None);
        while let Some(name) = map.next_key()? {
            match name {
                Name::Type => type_name = Some(map.next_value()?),
                Name::Id => id = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Self::Object { type_name, id })
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de> Kinds<'de> for Linkage<'de> {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Identifier::map(map).map(Self::One)
    }

    fn other() -> Self {
        Self::One(Identifier::Other)
    }

    fn null() -> Self {
        Self::Null
    }

    fn seq<A: SeqAccess<'de>>(mut given: A) -> Result<Self, A::Error> {
        let mut identifiers = Vec::new();
        while let Some(identifier) = given.next_element()? {
            identifiers.push(identifier);
        }
        Ok(Self::Many(identifiers))
    }
}

impl<'de, T: Deserialize<'de>> Kinds<'de> for Held<'de, T> {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        members(map).map(Self::Object)
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de, T: Deserialize<'de>> Kinds<'de> for WithData<T> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut data, mut described) = (None, false);
        while let Some(name) = map.next_key()? {
            match name {
                Name::Data => data = Some(map.next_value()?),
                name => {
                    described |= matches!(name, Name::Links | Name::Meta);
                    let _: IgnoredAny = map.next_value()?;
                }
            }
        }
        Ok(if described && data.is_none() { Self::Described } else { Self::Object(data) })
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de> Kinds<'de> for Data<'de> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut type_name, mut id, mut attributes, mut relationships) = (None, None, None, None);
        while let Some(name) = map.next_key()? {
            match name {
                Name::Type => type_name = Some(map.next_value()?),
                Name::Id => id = Some(map.next_value()?),
                Name::Attributes => attributes = Some(map.next_value()?),
                Name::Relationships => relationships = Some(map.next_value()?),
                Name::Data | Name::Links | Name::Meta | Name::Unknown => {
                    let _: IgnoredAny = map.next_value()?;
                }
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
    Links,
    Meta,
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
                    "links" => Name::Links,
                    "meta" => Name::Meta,
                    _ => Name::Unknown,
                })
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// Text as it stands in the body, or a copy where that has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Sent<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Identifier<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Linkage<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Held<'de, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WithData<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Data<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind(PhantomData))
    }
}

#[cfg(test)]
mod tests;
