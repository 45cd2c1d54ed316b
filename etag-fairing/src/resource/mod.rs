//! Resources: what a struct with `#[derive(JsonApiResource)]` becomes.

mod attribute_type;
pub(crate) mod computed;
mod description;
pub(crate) mod fields;
pub(crate) mod guard;
pub(crate) mod hooks;
mod id;
mod linkage;
pub(crate) mod member_name;
pub(crate) mod number;
mod odd;
mod record;
pub(crate) mod registry;
pub(crate) mod rules;
pub(crate) mod scope;
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, unused_imports, reason = "SQLite's tables need it"))]
pub(crate) mod time;
mod upkeep;
mod value;

pub use attribute_type::{AttributeType, Json, Text, check, parse, parse_digits};
pub use description::{
    Access, Attribute, Description, Id, OnDelete, Operation, Operations, Relationship, RelationshipKind,
};
pub use guard::Guards;
pub use hooks::{HookError, Hooks, RelationshipChange, Write};
pub use id::{IdKind, IdType, ResourceId};
pub use linkage::{ToMany, ToOne};
pub use odd::Odd;
pub use record::{Linkage, Record, Row, Rows};
pub use registry::Registry;
pub use scope::{Condition, MemberName, Scope, member};
#[doc(hidden)]
pub use time::{StoredTime, Zone};
pub use upkeep::{LastModifiedType, Upkeep, VersionType};
#[doc(hidden)]
pub use upkeep::{first_modified, first_version};
pub use value::{Corrupt, Kind, Mismatch, Value, ValueRef};

/// A struct that is a JSON:API resource; `#[derive(JsonApiResource)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a JSON:API resource",
    label = "not a resource",
    note = "put `#[derive(JsonApiResource)]` on `{Self}`"
)]
pub trait JsonApiResource: Sized + Send + Sync + 'static {
    /// What the struct says of itself.
    fn description() -> &'static Description;

    /// The struct of a stored record.
    ///
    /// # Errors
    /// If a stored value is not of its field's type.
    fn from_record(record: &Record) -> Result<Self, Corrupt>;

    /// The record of the struct. Skipped fields are not in it.
    ///
    /// # Errors
    /// If a value cannot be stored: a `u64` beyond `i64::MAX`, a float that is not finite,
    /// a value whose `Serialize` fails.
    fn to_record(&self) -> Result<Record, Mismatch>;

    /// The resource's routes, for [`Rocket::mount`](rocket::Rocket::mount).
    ///
    /// They stand at rank 10, so that a route of your own on the same path wins. Each name says the type, the
    /// operation and whether the route carries entity tags: `sessions.read [etag]`.
    fn routes() -> Vec<rocket::Route> {
        crate::routes::of(Self::description())
    }
}
