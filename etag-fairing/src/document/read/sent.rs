//! The JSON of a request document, read with few allocations: text without escapes is borrowed from the body, and members
//! that nobody reads are skipped.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A member that should be a string, or another JSON value.
#[derive(Debug)]
pub(super) enum TextMember<'a> {
    Text(Cow<'a, str>),
    Other,
}

/// The members of an object, sorted by name. Of two members with one name the last one counts.
#[derive(Debug)]
pub(super) struct SentMembers<'a, T>(Vec<(Cow<'a, str>, T)>);

impl<'a, T> SentMembers<'a, T> {
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
        // The sort is stable, so that of members with one name the last one that was sent comes first and is kept.
        members.reverse();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.dedup_by(|(later, _), (kept, _)| later == kept);
        Self(members)
    }
}

/// An object whose members are all of one kind, or another JSON value.
#[derive(Debug)]
pub(super) enum ObjectMember<'a, T> {
    Object(SentMembers<'a, T>),
    Other,
}

/// A document or a relationship object, of which only `data` is read, or another JSON value.
#[derive(Debug)]
pub(super) enum WithData<T> {
    Object(Option<T>),
    /// An object with `links` or `meta`, and without `data`.
    Described,
    Other,
}

/// A resource object as primary data.
pub(super) enum PrimaryData<'a> {
    Resource {
        type_name: Option<TextMember<'a>>,
        id: Option<TextMember<'a>>,
        lid: Option<TextMember<'a>>,
        attributes: Option<ObjectMember<'a, &'a RawValue>>,
        relationships: Option<ObjectMember<'a, WithData<SentLinkage<'a>>>>,
    },
    Other,
}

/// Resource linkage.
#[derive(Debug)]
pub(super) enum SentLinkage<'a> {
    Null,
    One(SentIdentifier<'a>),
    Many(Vec<SentIdentifier<'a>>),
}

impl SentLinkage<'_> {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The identifiers in it, each with its place if it is one of a list.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = (Option<usize>, &SentIdentifier<'_>)> {
        let (one, many) = match self {
            Self::Null => (None, [].as_slice()),
            Self::One(identifier) => (Some(identifier), [].as_slice()),
            Self::Many(identifiers) => (None, identifiers.as_slice()),
        };
        let many = many.iter().enumerate().map(|(place, identifier)| (Some(place), identifier));
        one.into_iter().map(|identifier| (None, identifier)).chain(many)
    }
}

/// A resource identifier object, or another JSON value. A `lid` counts among operations alone.
#[derive(Debug)]
pub(super) enum SentIdentifier<'a> {
    Object { type_name: Option<TextMember<'a>>, id: Option<TextMember<'a>>, lid: Option<TextMember<'a>> },
    Other,
}

impl SentIdentifier<'_> {
    /// The type, if there is one that is a string.
    pub(super) fn type_name(&self) -> Option<&str> {
        match self {
            Self::Object { type_name: Some(TextMember::Text(name)), .. } => Some(name),
            _ => None,
        }
    }

    /// The id, if there is one that is a string.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Object { id: Some(TextMember::Text(id)), .. } => Some(id),
            _ => None,
        }
    }
}

/// What is made of each kind of JSON value. Objects are read; of most other kinds it only matters that they are no objects.
trait FromAnyJson<'de>: Sized {
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

struct AnyJson<T>(PhantomData<T>);

impl<'de, T: FromAnyJson<'de>> Visitor<'de> for AnyJson<T> {
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

fn members<'de, T: Deserialize<'de>, A: MapAccess<'de>>(mut map: A) -> Result<SentMembers<'de, T>, A::Error> {
    let mut members = Vec::new();
    while let Some(SentName(name)) = map.next_key()? {
        members.push((name, map.next_value()?));
    }
    Ok(SentMembers::of(members))
}

impl<'de> FromAnyJson<'de> for TextMember<'de> {
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

impl<'de> FromAnyJson<'de> for SentIdentifier<'de> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut type_name, mut id, mut lid) = (None, None, None);
        while let Some(name) = map.next_key()? {
            match name {
                KnownName::Type => type_name = Some(map.next_value()?),
                KnownName::Id => id = Some(map.next_value()?),
                KnownName::Lid => lid = Some(map.next_value()?),
                name => name.pass_over(&mut map)?,
            }
        }
        Ok(Self::Object { type_name, id, lid })
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de> FromAnyJson<'de> for SentLinkage<'de> {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        SentIdentifier::map(map).map(Self::One)
    }

    fn other() -> Self {
        Self::One(SentIdentifier::Other)
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

impl<'de, T: Deserialize<'de>> FromAnyJson<'de> for ObjectMember<'de, T> {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        members(map).map(Self::Object)
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de, T: Deserialize<'de>> FromAnyJson<'de> for WithData<T> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut data, mut described) = (None, false);
        while let Some(name) = map.next_key()? {
            match name {
                KnownName::Data => data = Some(map.next_value()?),
                name => {
                    described |= matches!(name, KnownName::Links | KnownName::Meta);
                    name.pass_over(&mut map)?;
                }
            }
        }
        Ok(if described && data.is_none() { Self::Described } else { Self::Object(data) })
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de> FromAnyJson<'de> for PrimaryData<'de> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (mut type_name, mut id, mut lid, mut attributes, mut relationships) =
            (None, None, None, None, None);
        while let Some(name) = map.next_key()? {
            match name {
                KnownName::Type => type_name = Some(map.next_value()?),
                KnownName::Id => id = Some(map.next_value()?),
                KnownName::Lid => lid = Some(map.next_value()?),
                KnownName::Attributes => attributes = Some(map.next_value()?),
                KnownName::Relationships => relationships = Some(map.next_value()?),
                name @ (KnownName::Data | KnownName::Links | KnownName::Meta | KnownName::Unknown) => {
                    name.pass_over(&mut map)?;
                }
            }
        }
        Ok(Self::Resource { type_name, id, lid, attributes, relationships })
    }

    fn other() -> Self {
        Self::Other
    }
}

/// The names of members that are read of a document, a resource object or a resource identifier object.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum KnownName {
    Data,
    Type,
    Id,
    Lid,
    Attributes,
    Relationships,
    Links,
    Meta,
    #[serde(other)]
    Unknown,
}

impl KnownName {
    /// Passes over the value of a member that nobody reads. JSON:API §6.5, §6.6: `meta` and `links` are objects.
    fn pass_over<'de, A: MapAccess<'de>>(&self, map: &mut A) -> Result<(), A::Error> {
        let name = match self {
            Self::Meta => "meta",
            Self::Links => "links",
            _ => return map.next_value::<IgnoredAny>().map(drop),
        };
        match map.next_value()? {
            Passed::Object => Ok(()),
            Passed::Other => Err(A::Error::custom(format_args!("{name} must be an object"))),
        }
    }
}

/// A value that is passed over.
enum Passed {
    Object,
    Other,
}

impl<'de> FromAnyJson<'de> for Passed {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Object)
    }

    fn other() -> Self {
        Self::Other
    }
}

impl<'de> Deserialize<'de> for Passed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson(PhantomData))
    }
}

/// A member's name, borrowed from the body unless it is written with escapes there.
#[derive(Deserialize)]
struct SentName<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for TextMember<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson(PhantomData))
    }
}

impl<'de> Deserialize<'de> for SentIdentifier<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson(PhantomData))
    }
}

impl<'de> Deserialize<'de> for SentLinkage<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ObjectMember<'de, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WithData<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson(PhantomData))
    }
}

impl<'de> Deserialize<'de> for PrimaryData<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson(PhantomData))
    }
}

#[cfg(test)]
mod tests;
