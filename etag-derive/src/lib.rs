//! `#[derive(JsonApiResource)]`: makes a struct a JSON:API 1.1 resource of [etag-fairing].
//!
//! Use it as `etag_fairing::JsonApiResource`; this crate is not for use by itself. The derive describes the struct
//! (names, columns, relationships, which operations carry entity tags) and converts it from and to stored records.
//! It emits no handlers: `Session::routes()` makes the routes at run time, with the handlers that all resources share.
//!
//! ```
//! use etag_fairing::{JsonApiResource, ToMany, ToOne};
//!
//! /// A talk on the programme.
//! #[derive(Clone, Debug, JsonApiResource)]
//! #[jsonapi(type = "sessions", etag)]
//! struct Session {
//!     #[jsonapi(id)]
//!     id: i64,
//!     title: String,
//!     starts_at: Option<chrono::DateTime<chrono::Utc>>, // in documents: startsAt
//!     #[jsonapi(relationship)]
//!     track: ToOne<Track>, // column track_id
//!     #[jsonapi(relationship, through = "session_speakers")]
//!     speakers: ToMany<Speaker>, // its columns session_id, speaker_id
//! }
//!
//! #[derive(Clone, Debug, JsonApiResource)]
//! #[jsonapi(type = "tracks")]
//! struct Track {
//!     #[jsonapi(id)]
//!     id: String,
//!     name: String,
//!     #[jsonapi(relationship, inverse = "track")]
//!     sessions: ToMany<Session>, // those whose track_id is this track's id
//! }
//!
//! #[derive(Clone, Debug, JsonApiResource)]
//! #[jsonapi(type = "speakers", etag(read, update, delete))]
//! struct Speaker {
//!     #[jsonapi(id)]
//!     id: uuid::Uuid,
//!     name: String,
//! }
//!
//! let description = Session::description();
//! assert_eq!(description.table, "sessions");
//! assert_eq!(description.attributes[1].name, "startsAt");
//! ```
//!
//! # On the struct
//!
//! A resource is a struct with named fields, without type parameters and lifetimes.
//!
//! | `#[jsonapi(…)]` | what it says | without it |
//! |---|---|---|
//! | `type = "sessions"` | the resource type (JSON:API §6.2.1); a member name | an error: it must be there |
//! | `id(order, product)` | the fields that the id is made of, if it is made of several: attributes and to-one relationships | one field is the id |
//! | `path = "talks"` | the URL segment of the collection: letters, digits, `-`, `.`, `_`, `~` | the type |
//! | `table = "talks"` | the table | the type, with `_` for `-` |
//! | `rename_all = "kebab-case"` | how member names are made from the names of fields | `"camelCase"` |
//! | `etag` | every operation carries entity tags | none does |
//! | `etag(read, update)` | these operations carry entity tags | none does |
//! | `etag(items)`, `etag(read, update, items)` | resource objects in lists and `included` have their entity tag, too; without operations beside it, each carries tags | who asks for the profile gets them |
//! | `require_if_match` | PATCH, DELETE and changes of relationships that carry entity tags must carry `If-Match`, or are 428 | as `Rocket.toml` says |
//! | `idempotent` | writes must carry an `Idempotency-Key`, or are 400 | a key is taken, and none is needed |
//! | `guard = Editor` | a Rocket request guard stands before every operation | anybody may do anything |
//! | `scope = own_rows` | an `async fn(&Request<'_>) -> Result<Scope, HookError>` tells which rows a request sees | it sees all |
//! | `cache_control = "public, max-age=60"` | the `Cache-Control` of its reads (RFC 9111 §5.2.2); must be `private` or `no-store` where a guard or a scope decides | `cache_control` of `[default.etag]` |
//! | `cache_control(list = "no-cache")` | that of this operation alone: `list`, `read`, `related` or `relationship` | the same |
//! | `vary = "X-User"` | the request fields that its guards, its scope and its hooks read, for `Vary` | `Authorization, Cookie` |
//! | `may_leave` | a change may take a row out of its writer's scope, and is answered without a document | it is 403 |
//! | `soft_delete = "deleted_at"` | a deletion writes its time into this column, and the row stays: for the resource, it does not exist; a field of the column is an `Option<DateTime<Utc>>` and hidden, but none is needed | the row is deleted |
//! | `computed(full_name = Self::full_name)` | read-only attributes that no column holds: functions from `&Self` to an attribute's type; `rename_all` makes their member names | |
//! | `validate` | `garde::Validate` on the struct has rules for its values; needs the feature `validation` | types are the only rules |
//! | `hooks` | the struct implements `etag_fairing::resource::Hooks` | |
//! | `guard(update = Editor)` | this operation has this guard | |
//! | `guard(update = Editor, others = User)` | and all operations that are not named have that one | |
//!
//! The operations are `list`, `create`, `read`, `update`, `delete`, `related`, `relationship` (reads linkage) and
//! `update_relationship` (writes it).
//!
//! Guards are types that implement Rocket's [`FromRequest`]; their lifetimes are those of the request, and may be left out:
//! `User`, `User<'_>`, `&Account`. What they let through, and on which
//! ways to a resource they stand, is told at `etag_fairing::resource::Guards`.
//!
//! [`FromRequest`]: https://api.rocket.rs/v0.5/rocket/request/trait.FromRequest
//!
//! The case rules, for a field `starts_at`; they are serde's:
//!
//! | rule | member name |
//! |---|---|
//! | `"camelCase"` | `startsAt` |
//! | `"PascalCase"` | `StartsAt` |
//! | `"snake_case"`, `"lowercase"` | `starts_at` |
//! | `"SCREAMING_SNAKE_CASE"`, `"UPPERCASE"` | `STARTS_AT` |
//! | `"kebab-case"` | `starts-at` |
//! | `"SCREAMING-KEBAB-CASE"` | `STARTS-AT` |
//!
//! ```
//! use etag_fairing::JsonApiResource;
//!
//! #[derive(JsonApiResource)]
//! #[jsonapi(type = "session-types", path = "kinds", table = "kind", rename_all = "kebab-case", etag(read, update))]
//! struct SessionType {
//!     #[jsonapi(id)]
//!     id: i64,
//!     text_colour: String,
//! }
//!
//! let description = SessionType::description();
//! assert_eq!((description.path, description.table), ("kinds", "kind"));
//! assert_eq!(description.attributes[0].name, "text-colour");
//! ```
//!
//! A computed attribute stands in documents behind the others, and in `fields`; `filter`, `sort` and the store know
//! nothing of it. It sees the row, to-one linkage included; to-many linkage is not read for it. It must depend on
//! nothing else: the entity tag would not tell that it has changed.
//!
//! ```
//! use etag_fairing::JsonApiResource;
//!
//! #[derive(JsonApiResource)]
//! #[jsonapi(type = "speakers", computed(full_name = Self::full_name))]
//! struct Speaker {
//!     #[jsonapi(id)]
//!     id: i64,
//!     given_name: String,
//!     family_name: String,
//! }
//!
//! impl Speaker {
//!     // In documents: fullName
//!     fn full_name(&self) -> String {
//!         format!("{} {}", self.given_name, self.family_name)
//!     }
//! }
//! # let _ = Speaker::routes();
//! ```
//!
//! # On the id
//!
//! Exactly one field is the id: an `i64`, `i32`, `u64`, `u32`, `String` or `uuid::Uuid`.
//!
//! | `#[jsonapi(…)]` | what it says | without it |
//! |---|---|---|
//! | `id` | this field is the id | |
//! | `column = "number"` | its column | the field's name |
//!
//! # On an attribute
//!
//! Every other field is an attribute, whose type is `bool`, an integer of up to 64 bits, `f32`, `f64`, `String`,
//! chrono's `DateTime<Utc>`, `NaiveDate`, `NaiveTime`, `NaiveDateTime` or `TimeDelta`, `std::time::Duration`,
//! `uuid::Uuid`, `serde_json::Value`, `Vec<u8>`, a `Vec` of all of these but JSON or of `Option`s of them, or an `Option` of one
//! of these; with features also `rust_decimal::Decimal` and the types of the crate time. Types of your own go by `text` or
//! `json`, or implement `AttributeType`.
//!
//! | `#[jsonapi(…)]` | what it says | without it |
//! |---|---|---|
//! | `rename = "kind"` | the member name (JSON:API §6.8); not `id` or `type` | by `rename_all` |
//! | `column = "kind"` | the column | the field's name |
//! | `default` | a new resource whose document leaves it out has `Default::default()` | an `Option` is then null; all else must be given |
//! | `default = "path"` | … has what this function returns; `default = path` is the same | |
//! | `read_only` | clients see it; a document that sets it is refused. Needs an `Option` or a `default` | clients see and set it |
//! | `write_only` | clients set it and never see it | |
//! | `readable_by = Admin` | a Rocket request guard lets through who may see it; for others it doesn't exist. They can't set it either, unless `writable_by` says who may | everybody may |
//! | `writable_by = Admin` | a Rocket request guard lets through who may set it; others get 403 | who sees it |
//! | `hidden` | clients neither see nor set it. Needs an `Option` or a `default` | |
//! | `version` | an `i64`, `u64` or `DateTime<Utc>` that the store keeps: it rises with each change, and entity tags begin with it. Clients see it, unless it is `hidden` too | they begin with the document's digest |
//! | `stored = "YYYY-MM-DD hh:mm:ss"` | the form in which the column holds times, or `seconds` or `milliseconds` for a duration; see the guide on tables of other programs | the store's own, or any |
//! | `last_modified` | a `DateTime<Utc>` that the store keeps: sent as `Last-Modified`. May stand beside `version` | there is no date |
//! | `text` | serde carries it as text: for enums, whose variants' names are stored | its own type carries it |
//! | `json` | serde carries it as JSON: for everything else | |
//! | `number` | documents show an exact decimal number as a JSON number, `12.50` | as a string, `"12.50"` |
//! | `index` | the tables that the store makes have an index of it, so that `filter` by its values, ranges and beginnings of text and `sort` find rows without reading the table; on SQLite none of decimal numbers. `index(trigram)`: on PostgreSQL one that finds what `contains`, `ilike` and the like look for in a text; `index(order, trigram)`: both. Printed schemas have it, too | none |
//! | `skip` | it is neither in documents nor in the store; read structs have `Default::default()`, or what `default = "path"` returns | |
//!
//! `text` and `json` on an `Option<T>` adapt the `T`: `None` is null. `text` and `number` on a `Vec<T>` adapt the `T`, too.
//!
//! ```
//! use etag_fairing::JsonApiResource;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Serialize, Deserialize)]
//! #[serde(rename_all = "lowercase")]
//! enum State {
//!     Draft,
//!     Accepted,
//! }
//!
//! impl State {
//!     fn initial() -> Self {
//!         Self::Draft
//!     }
//! }
//!
//! #[derive(JsonApiResource)]
//! #[jsonapi(type = "sessions")]
//! struct Session {
//!     #[jsonapi(id, column = "number")]
//!     id: i64,
//!     #[jsonapi(rename = "kind")]
//!     r#type: String,
//!     #[jsonapi(text, default = "State::initial")]
//!     state: State,
//!     #[jsonapi(json, default)]
//!     languages: Vec<String>,
//!     #[jsonapi(read_only, default)]
//!     favourites: i64,
//!     #[jsonapi(write_only)]
//!     edit_code: Option<String>,
//!     #[jsonapi(skip)]
//!     seen: bool,
//! }
//!
//! let names: Vec<_> = Session::description().attributes.iter().map(|attribute| attribute.name).collect();
//! assert_eq!(names, ["kind", "state", "languages", "favourites", "editCode"]);
//! ```
//!
//! # On a relationship
//!
//! A `ToOne<T>` or a `ToMany<T>`, where `T` is a resource too, `Self` included; or a `ToOneOf<(T, U)>`, which leads to one
//! of two to eight types, or a `ToManyOf<(T, U)>`, which leads to many of them.
//!
//! | `#[jsonapi(…)]` | on | what it says | without it |
//! |---|---|---|---|
//! | `relationship` | both | this field is a relationship | an error: it must be there |
//! | `rename = "track"` | both | the member name; attributes and relationships share one namespace | by `rename_all` |
//! | `column = "track"` | to-one | the column with the other's id | the field's name and `_id` |
//! | `columns("order_id", "product_id")` | `ToOne` | the columns with the other's id, if that is made of several: one for each of its parts, in their order | an error at launch |
//! | `type_column = "kind"` | `ToOneOf`, `ToManyOf` | the column with the other's type | the field's name and `_type` |
//! | `type_column = "kind"` | `through`, `ToMany` | the column with this resource's own type, if the join table has others, too | all rows count |
//! | `stored_type = "App\\Photo"` | `through`, `ToMany` | the text in that column for this resource | the type as in documents |
//! | `stored_types(Photo = "App\\Photo")` | `ToOneOf`, `ToManyOf` | the text in that column for some of the types | the types as in documents |
//! | `required` | to-one | every resource has one | it may be empty |
//! | `on_delete = "restrict"` | to-one | what becomes of this resource when the other is deleted: it stands against that (409), goes too (`"cascade"`), or the relationship becomes empty (`"set_null"`, not with `required`) | in a table of your own its foreign key decides; else `"restrict"` with `required`, and `"set_null"` without |
//! | `on_delete = "cascade"` | `through` | the links end with either end, whatever the foreign keys of a join table of your own say | these decide, if there are any; else the links end |
//! | `through = "table"` | to-many | a join table keeps the linkage | `inverse` must be there |
//! | `owner_column = "…"` | `through` | its column with the owner's id | the struct's name in snake case and `_id` |
//! | `target_column = "…"` | `through` | its column with the other's id | the other's name in snake case and `_id` |
//! | `owner_columns("…", "…")`, `target_columns("…", "…")` | `through` | the same, for ids that are made of several columns | an error at launch |
//! | `inverse = "track"` | to-many | the linkage is kept by the to-one relationship of this *member name* at the other end | `through` must be there |
//! | `order = "position"` | to-many | this column keeps the order of the linkage: of the join table, or for `inverse` of the related resource's table | in the order of ids |
//! | `readable_by = Admin` | all | a Rocket request guard lets through who may see it; for others it doesn't exist. They can't change it either, unless `writable_by` says who may. It holds for the inverse at the other end, too | everybody may |
//! | `writable_by = Admin` | all | a Rocket request guard lets through who may change it; others get 403 | who sees it |
//! | `linkage = true` | to-many | documents show the linkage (`data`), or with `false` only links | `true` for `through`, `false` for `inverse` |
//!
//! To-one linkage stands in the resource's own row and is always shown.
//!
//! **The linkage of an inverse is not shown**, unless you write `linkage = true`, and what is not shown cannot be
//! replaced by a PATCH of the owner: the client's entity tag doesn't cover it, so the replacement could undo
//! somebody else's change unseen. Change the to-one relationship at the other end instead.
//!
//! ```
//! use etag_fairing::{JsonApiResource, ToMany, ToOne};
//!
//! #[derive(JsonApiResource)]
//! #[jsonapi(type = "sessions")]
//! struct Session {
//!     #[jsonapi(id)]
//!     id: i64,
//!     #[jsonapi(relationship, required, column = "room")]
//!     microlocation: ToOne<Microlocation>,
//!     #[jsonapi(relationship)]
//!     follows: ToOne<Self>,
//!     #[jsonapi(relationship, inverse = "follows")]
//!     followed_by: ToMany<Self>,
//!     // Both ends are sessions, so the columns need names.
//!     #[jsonapi(relationship, through = "similar", owner_column = "one_id", target_column = "other_id")]
//!     similar_to: ToMany<Self>,
//! }
//!
//! #[derive(JsonApiResource)]
//! #[jsonapi(type = "microlocations")]
//! struct Microlocation {
//!     #[jsonapi(id)]
//!     id: i64,
//!     #[jsonapi(relationship, inverse = "microlocation", linkage = true)]
//!     sessions: ToMany<Session>,
//! }
//!
//! let shown: Vec<_> =
//!     Session::description().relationships.iter().map(|relationship| relationship.linkage).collect();
//! assert_eq!(shown, [true, true, false, true]);
//! ```
//!
//! # Mistakes
//!
//! Every mistake of a struct is a compile error at its place that says what to write; all are told at once:
//!
//! ```compile_fail
//! #[derive(etag_fairing::JsonApiResource)]
//! #[jsonapi(type = "sessions", etag(patch))] // unknown operation `patch`: the operations are …
//! struct Session {
//!     #[jsonapi(id)]
//!     id: Option<i64>, // every resource has an id: write `i64`, without `Option`
//!     #[jsonapi(colum = "name")] // unknown key `colum`: did you mean `column`?
//!     title: String,
//! }
//! ```
//!
//! What one struct cannot know is checked when the server launches: that a relationship's other end is mounted, that
//! an inverse names a to-one relationship there, that no two resources have one type.
//!
//! Two columns may not differ only in the case of ASCII letters, as databases take those for one.
//!
//! [etag-fairing]: https://docs.rs/etag-fairing

mod attributes;
mod cache_control;
mod errors;
mod expand;
mod names;
mod stand_in;

use proc_macro::TokenStream;

/// Makes a struct a JSON:API 1.1 resource.
///
/// The struct has a `#[jsonapi(type = "…")]` and one field with `#[jsonapi(id)]`, or `id(…)` on itself. Fields of type `ToOne<T>` and
/// `ToMany<T>` with `#[jsonapi(relationship)]` are relationships; all others are attributes, unless
/// `#[jsonapi(skip)]` is on them. [The crate's documentation](crate) has every key.
#[proc_macro_derive(JsonApiResource, attributes(jsonapi))]
pub fn derive_json_api_resource(input: TokenStream) -> TokenStream {
    expand::expand(input.into()).into()
}
