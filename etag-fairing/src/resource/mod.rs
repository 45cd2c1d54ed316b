//! Resources: what a struct with `#[derive(JsonApiResource)]` becomes.

pub(crate) mod behaviour;
pub(crate) mod caching;
pub(crate) mod committed;
pub(crate) mod computed;
pub(crate) mod endpoint;
pub(crate) mod guard;
pub(crate) mod hooks;
mod member_count;
pub(crate) mod route_names;
pub(crate) mod rules;
pub(crate) mod scope;

use rocket::Route;

pub use behaviour::Behaviour;
#[doc(hidden)]
pub use caching::Reach;
pub use committed::Committed;
pub use guard::Guards;
pub use hooks::{HookError, Hooks, RelationshipChange, Write};
pub use member_count::MemberCount;
pub use scope::{Condition, MemberName, Scope, member};

pub use crate::schema::{
    Access, Among, ArrayElement, Attribute, AttributeId, AttributeType, Columns, CompositeId, Corrupt,
    DeletionType, Description, Element, Id, IdKind, IdPart, IdType, InMilliseconds, InSeconds, Json, Kind,
    LastModifiedType, Linkage, Mismatch, Number, Odd, OnDelete, Operation, Operations, PartMember, Record,
    Registry, Relationship, RelationshipId, RelationshipKind, ResourceId, Row, Rows, Targets, Text, ToMany,
    ToManyOf, ToOne, ToOneOf, TypedEnd, Upkeep, Value, ValueRef, VersionType, check, parse, parse_digits,
};
#[doc(hidden)]
pub use crate::schema::{Docs, MemberId, StoredTime, Zone, deletion_at, first_modified, first_version};

/// A struct that is a JSON:API resource; `#[derive(JsonApiResource)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a JSON:API resource",
    label = "not a resource",
    note = "put `#[derive(JsonApiResource)]` on `{Self}`"
)]
pub trait JsonApiResource: Sized + Send + Sync + 'static {
    /// What the struct says of itself.
    fn description() -> &'static Description;

    /// What it does with requests.
    fn behaviour() -> &'static Behaviour;

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
    fn routes() -> Vec<Route>;
}
