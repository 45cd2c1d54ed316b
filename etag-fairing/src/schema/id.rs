//! Resource ids: text in documents (JSON:API §6.2.1), typed in the store.

use std::fmt;

use super::sealed::Sealed;
use super::value::{Corrupt, Value, ValueRef};

/// A resource's id, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceId {
    /// An integer key, made by the store.
    Integer(i64),
    /// A text or UUID key.
    Text(String),
}

impl ResourceId {
    /// The id as a value to bind or to compare.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Integer(id) => Value::Integer(*id),
            Self::Text(id) => Value::Text(id.clone()),
        }
    }

    /// Whether it is what an id is before anybody has chosen one, as in a fresh struct: 0, no text, or the nil UUID. A
    /// store that is to make a resource with it chooses one.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Integer(id) => *id == 0,
            Self::Text(id) => id.is_empty() || id == "00000000-0000-0000-0000-000000000000",
        }
    }

    /// The id in a stored value; `None` for null.
    ///
    /// # Errors
    /// If the value is neither an integer nor text.
    pub fn from_value(value: ValueRef<'_>) -> Result<Option<Self>, Corrupt> {
        match value {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(id) => Ok(Some(Self::Integer(id))),
            ValueRef::Text(id) => Ok(Some(Self::Text(id.into()))),
            other => Err(Corrupt::expected("an id", other)),
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::Text(id) => f.write_str(id),
        }
    }
}

/// What a resource's id is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdKind {
    /// Whole numbers in a range; the store makes them and never uses one twice.
    Integer {
        /// The smallest id that the field's type can hold.
        min: i64,
        /// The largest id that the field's type can hold.
        max: i64,
    },
    /// Text; the server makes a UUID where the client gives none.
    Text,
    /// A UUID; the server makes one (version 7) where the client gives none.
    Uuid,
}

impl IdKind {
    /// Reads the id of a URL or a resource identifier object.
    ///
    /// Only the form that we write is an integer id: `007` and `+7` name nothing, or one resource would have many URLs.
    /// A UUID is one in each spelling that programs give it (RFC 9562 §4): in upper case, without hyphens, in braces,
    /// with `urn:uuid:`. It is told in lower case with hyphens.
    /// `None` means that no resource can have this id.
    pub fn parse(self, text: &str) -> Option<ResourceId> {
        match self {
            Self::Integer { min, max } => {
                let id: i64 = text.parse().ok()?;
                let canonical = itoa::Buffer::new().format(id) == text;
                (canonical && (min..=max).contains(&id)).then_some(ResourceId::Integer(id))
            }
            // RFC 3986 §5.2.4: clients take `.` and `..` out of a path before they send it, so that no URL would
            // lead to such a resource, and its own would lead elsewhere.
            Self::Text => (!matches!(text, "" | "." | "..") && !text.contains('\0'))
                .then(|| ResourceId::Text(text.into())),
            Self::Uuid => {
                let id = uuid::Uuid::try_parse(text).ok()?;
                let mut buffer = uuid::Uuid::encode_buffer();
                Some(ResourceId::Text((&*id.hyphenated().encode_lower(&mut buffer)).into()))
            }
        }
    }

    /// The smallest whole number that can be an id.
    pub(crate) fn least(self) -> i64 {
        match self {
            Self::Integer { min, .. } => min,
            Self::Text | Self::Uuid => i64::MIN,
        }
    }

    /// An id made by the server; `None` where the store makes it.
    pub fn generate(self) -> Option<ResourceId> {
        match self {
            Self::Integer { .. } => None,
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
    /// What the id is made of.
    const KIND: IdKind;

    /// The typed id.
    ///
    /// # Errors
    /// If the id is of another kind, or out of the type's range.
    fn from_id(id: &ResourceId) -> Result<Self, Corrupt>;

    /// The untyped id.
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
                    ResourceId::Text(_) => Err(Corrupt::new("expected an integer id, found text in the store")),
                }
            }

            fn to_id(&self) -> ResourceId {
                // Ids beyond i64 cannot come from a store; a struct made by hand is clamped, and not found.
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
            ResourceId::Integer(_) => Err(Corrupt::new("expected a UUID, found an integer in the store")),
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
