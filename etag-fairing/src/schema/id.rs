//! Resource ids: text in documents (JSON:API §6.2.1), integers or text in the store.

use std::fmt;

use super::composite::{CompositeId, IdPart};
use super::sealed::Sealed;
use super::value::{Corrupt, Value, ValueRef};

/// A resource's id, as the store has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceId {
    /// An integer, made by the store.
    Integer(i64),
    /// Text or a UUID.
    Text(String),
    /// The values of several columns.
    Composite(CompositeId),
}

impl ResourceId {
    /// The id as a value for a query.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Integer(id) => Value::Integer(*id),
            Self::Text(id) => Value::Text(id.clone()),
            Self::Composite(id) => Value::Text(id.to_string()),
        }
    }

    /// The parts of a composite id; of another id none.
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::Composite(id) => id.parts(),
            Self::Integer(_) | Self::Text(_) => &[],
        }
    }

    /// Whether no id was chosen yet, as in a new struct: the id is 0, empty text or the nil UUID. The store
    /// then makes an id for a new resource.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Integer(id) => *id == 0,
            Self::Text(id) => id.is_empty() || id == "00000000-0000-0000-0000-000000000000",
            // It is made of what others have chosen.
            Self::Composite(_) => false,
        }
    }

    /// The id of one column in a stored value; `None` for null.
    ///
    /// # Errors
    /// If the value is neither an integer nor text.
    fn from_value(value: ValueRef<'_>) -> Result<Option<Self>, Corrupt> {
        match value {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(id) => Ok(Some(Self::Integer(id))),
            ValueRef::Text(id) => Ok(Some(Self::Text(id.into()))),
            other => Err(Corrupt::expected("an id", other)),
        }
    }
}

impl<I: IdType> From<I> for ResourceId {
    fn from(id: I) -> Self {
        id.to_id()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::Text(id) => f.write_str(id),
            Self::Composite(id) => id.fmt(f),
        }
    }
}

impl From<&str> for ResourceId {
    fn from(id: &str) -> Self {
        Self::Text(id.into())
    }
}

impl From<&ResourceId> for ResourceId {
    fn from(id: &ResourceId) -> Self {
        id.clone()
    }
}

/// The kind of a resource's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdKind {
    /// Whole numbers in a range. The store makes them and never uses a number twice.
    Integer {
        /// The smallest id that the field's type can hold.
        min: i64,
        /// The largest id that the field's type can hold.
        max: i64,
    },
    /// Text. The server makes a UUID if the client sends no id.
    Text,
    /// A UUID. The server makes one (version 7) if the client sends no id.
    Uuid,
    /// The values of several columns, which are members of the resource, too. A new resource has the id that its members
    /// make.
    Composite(&'static [IdPart]),
}

impl IdKind {
    /// Reads an id from a URL or from a resource identifier object.
    ///
    /// An integer has one spelling only: `007` and `+7` are no ids, since one resource would have many URLs
    /// otherwise. A UUID is read in every spelling that programs use (RFC 9562 §4): in upper case, without
    /// hyphens, in braces, with `urn:uuid:`. It is written in lower case with hyphens. `None` means that no
    /// resource can have this id.
    pub fn parse(self, text: &str) -> Option<ResourceId> {
        match self {
            Self::Integer { min, max } => {
                let id: i64 = text.parse().ok()?;
                let canonical = itoa::Buffer::new().format(id) == text;
                (canonical && (min..=max).contains(&id)).then_some(ResourceId::Integer(id))
            }
            // RFC 3986 §5.2.4: clients remove `.` and `..` from a path before they send it. A URL with such
            // an id would lead to another resource.
            Self::Text => (!matches!(text, "" | "." | "..") && !text.contains('\0'))
                .then(|| ResourceId::Text(text.into())),
            Self::Uuid => {
                let id = uuid::Uuid::try_parse(text).ok()?;
                let mut buffer = uuid::Uuid::encode_buffer();
                Some(ResourceId::Text((&*id.hyphenated().encode_lower(&mut buffer)).into()))
            }
            Self::Composite(key) => CompositeId::parse(text, key).map(ResourceId::Composite),
        }
    }

    /// The parts of a composite id; of another id none.
    pub fn parts(self) -> &'static [IdPart] {
        match self {
            Self::Composite(key) => key,
            Self::Integer { .. } | Self::Text | Self::Uuid => &[],
        }
    }

    /// The id in a stored value, whose spelling may be none that documents have; `None` for null. A composite id stands
    /// there as it is written in documents.
    ///
    /// # Errors
    /// If the value is of another kind.
    pub fn id_of_value(self, value: ValueRef<'_>) -> Result<Option<ResourceId>, Corrupt> {
        match (self, value) {
            (Self::Composite(key), ValueRef::Text(text)) => CompositeId::split(text, key)
                .map(|id| Some(ResourceId::Composite(id)))
                .ok_or_else(|| Corrupt::new(format!("{text:?} is no id of {} parts", key.len()))),
            (Self::Composite(_), ValueRef::Integer(_)) => Err(Corrupt::expected("a composite id", value)),
            _ => ResourceId::from_value(value),
        }
    }

    /// The smallest whole number that can be an id.
    pub(crate) fn least(self) -> i64 {
        match self {
            Self::Integer { min, .. } => min,
            Self::Text | Self::Uuid | Self::Composite(_) => i64::MIN,
        }
    }

    /// A new id from the server; `None` if the store makes the ids, or the members of the resource do.
    pub fn generate(self) -> Option<ResourceId> {
        match self {
            Self::Integer { .. } | Self::Composite(_) => None,
            Self::Text | Self::Uuid => Some(ResourceId::Text(uuid::Uuid::now_v7().to_string())),
        }
    }
}

/// A type that can be the `#[jsonapi(id)]` of a resource: `i32`, `i64`, `u32`, `u64`, `String` or `uuid::Uuid`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of a JSON:API resource",
    label = "not an id type",
    note = "use `i64`, `i32`, `u64`, `u32`, `String` or `uuid::Uuid`"
)]
pub trait IdType: Sealed + Sized {
    /// The kind of the id.
    const KIND: IdKind;

    /// The id as this type.
    ///
    /// # Errors
    /// If the id is of another kind, or out of the type's range.
    fn from_id(id: &ResourceId) -> Result<Self, Corrupt>;

    /// The id without its Rust type.
    fn to_id(&self) -> ResourceId;
}

macro_rules! integer_ids {
    ($($integer:ty: $min:expr, $max:expr;)*) => {$(
        impl IdType for $integer {
            const KIND: IdKind = IdKind::Integer { min: $min, max: $max };

            fn from_id(id: &ResourceId) -> Result<Self, Corrupt> {
                match id {
                    ResourceId::Integer(id) => {
                        Self::try_from(*id).map_err(|_| Corrupt::new(format!("id {id} is out of range")))
                    }
                    _ => Err(Corrupt::new("expected an integer id, found text in the store")),
                }
            }

            fn to_id(&self) -> ResourceId {
                // A store has no ids larger than i64. A larger id in a struct becomes the largest one, and is
                // not found.
                ResourceId::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
    )*};
}

integer_ids! {
    i32: i32::MIN as i64, i32::MAX as i64;
    i64: i64::MIN, i64::MAX;
    u32: 0, u32::MAX as i64;
    u64: 0, i64::MAX;
}

impl IdType for String {
    const KIND: IdKind = IdKind::Text;

    fn from_id(id: &ResourceId) -> Result<Self, Corrupt> {
        Ok(id.to_string())
    }

    fn to_id(&self) -> ResourceId {
        ResourceId::Text(self.clone())
    }
}

impl IdType for uuid::Uuid {
    const KIND: IdKind = IdKind::Uuid;

    fn from_id(id: &ResourceId) -> Result<Self, Corrupt> {
        match id {
            ResourceId::Text(text) => {
                Self::try_parse(text).map_err(|_| Corrupt::new(format!("id {text:?} is not a UUID")))
            }
            _ => Err(Corrupt::new("expected a UUID, found another id in the store")),
        }
    }

    fn to_id(&self) -> ResourceId {
        ResourceId::Text(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_id() {
        let kind = <i64 as IdType>::KIND;
        assert_eq!(kind.parse("7"), Some(ResourceId::Integer(7)));
        assert_eq!(kind.parse("-7"), Some(ResourceId::Integer(-7)));
        for text in ["007", "+7", " 7", "7 ", "", "7.0", "9223372036854775808", "x"] {
            assert_eq!(kind.parse(text), None, "{text:?}");
        }
        assert_eq!(<u32 as IdType>::KIND.parse("-1"), None);
        assert_eq!(<u32 as IdType>::KIND.parse("4294967296"), None);
        let uuid = "0190163d-8694-739b-aea5-966c26f8ad91";
        assert_eq!(<uuid::Uuid as IdType>::KIND.parse(uuid), Some(ResourceId::Text(uuid.into())));
        let spellings = [
            uuid.to_uppercase(),
            uuid.replace('-', ""),
            uuid.replace('-', "").to_uppercase(),
            format!("{{{uuid}}}"),
            format!("urn:uuid:{uuid}"),
        ];
        for spelling in spellings {
            let id = <uuid::Uuid as IdType>::KIND.parse(&spelling);
            assert_eq!(id, Some(ResourceId::Text(uuid.into())), "{spelling}");
        }
        for none in
            ["", "x", "0190163d", "0190163d-8694-739b-aea5-966c26f8ad9", "{0190163d8694739baea5966c26f8ad91"]
        {
            assert_eq!(<uuid::Uuid as IdType>::KIND.parse(none), None, "{none}");
        }
    }

    #[test]
    fn what_no_url_can_name_is_no_id() {
        let kind = <String as IdType>::KIND;
        for text in ["", ".", "..", "a\0b"] {
            assert_eq!(kind.parse(text), None, "{text:?}");
        }
        for text in ["...", ".a", "a.", "a/..", "%2E"] {
            assert_eq!(kind.parse(text), Some(ResourceId::Text(text.into())));
        }
    }
}
