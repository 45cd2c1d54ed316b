//! What a struct with `#[derive(JsonApiResource)]` is: its description, its ids, its values and its linkage.
//!
//! This room knows neither Rocket nor a store. What a struct does (hooks, guards, scopes) is in
//! [`resource`](crate::resource).

pub(crate) mod attribute_type;
pub(crate) mod component_name;
mod composite;
pub(crate) mod computed;
pub(crate) mod decimal;
mod description;
mod docs;
pub(crate) mod element;
pub(crate) mod fields;
mod id;
pub(crate) mod json_text;
pub(crate) mod kind;
mod kinds;
mod linkage;
mod managed;
mod many_of;
mod member_id;
pub(crate) mod member_name;
pub(crate) mod member_path;
pub(crate) mod number;
mod odd;
mod one_of;
mod operation;
mod record;
pub(crate) mod registry;
mod relationship;
mod sealed;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, unused_imports, reason = "SQLite's tables need it"))]
pub(crate) mod time;
pub(crate) mod unreadable;
mod value;
pub(crate) mod variants;

pub use attribute_type::{AttributeType, check, parse, parse_digits};
pub use composite::{Columns, CompositeId, IdPart, PartMember};
pub use description::{Access, Attribute, Description, Id};
#[doc(hidden)]
pub use docs::Docs;
pub use id::{IdKind, IdType, ResourceId};
pub use kind::{Element, Kind};
pub(crate) use kinds::TEXT_PATTERN;
pub use kinds::{ArrayElement, InMilliseconds, InSeconds, Json, Number, Text};
pub use linkage::{ToMany, ToOne};
pub use managed::{DeletionType, LastModifiedType, Upkeep, VersionType};
#[doc(hidden)]
pub use managed::{deletion_at, first_modified, first_version};
pub use many_of::ToManyOf;
#[doc(hidden)]
pub use member_id::MemberId;
pub use member_id::{AttributeId, RelationshipId};
pub use odd::Odd;
pub use one_of::{Among, Targets, ToOneOf};
pub use operation::{Operation, Operations};
pub use record::{Linkage, Record, Row, Rows};
pub use registry::Registry;
pub use relationship::{OnDelete, Relationship, RelationshipKind, TypedEnd};
#[doc(hidden)]
pub use time::{StoredTime, Zone};
pub use value::{Corrupt, Mismatch, Value, ValueRef};
