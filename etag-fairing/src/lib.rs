//! ETags, conditional requests and JSON:API 1.1 resources for Rocket.
#![cfg_attr(
    feature = "sqlite",
    doc = "\nBegin with the [quickstart](guide::quickstart); [the guide](guide) has every part."
)]
//!
//! # Features
//! | feature | what it brings |
//! |---|---|
//! | `sqlite` (by default) | [`store::sqlite`], the embedded store: SQLite, compiled in |
//! | `postgres` | [`store::postgres`], the store over a PostgreSQL server |
//! | `postgres-tls` | `postgres`, and encrypted connections to the server (`sslmode` in its URL), by rustls |
//! | `decimal` | attributes of type `rust_decimal::Decimal`: exact decimal numbers |
//! | `metrics` | [`Metrics`]: counters and times in the text that Prometheus reads |
//! | `tracing` | spans and events of [`Observer`], by [tracing](https://docs.rs/tracing) |
//! | `compression` | [`Compression`](fairing): responses in the content codings br and gzip, each with its own tag |
//! | `compression-zstd` | `compression`, and zstd, by the C library |
//! | `explorer` | [`Explorer`]: a page on which the API is read and tried, with entity tags filled in; it has `compression` in it |
//! | `testing` | [`testing`]: a client, databases and documents for the tests of an application; for dev-dependencies |
//! | `time` | attributes of the types of the crate [time](https://docs.rs/time) |
//! | `validation` | `#[jsonapi(validate)]`: rules for values, by [garde](https://docs.rs/garde) |
#![warn(missing_debug_implementations)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The derive's output names this crate as its users do; here, that is itself.
#[cfg(test)]
extern crate self as etag_fairing;

mod admission;
mod api;
#[cfg(feature = "compression")]
mod compression;
pub mod conditional;
pub mod config;
mod connections;
mod current;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod database_schema;
pub mod document;
mod error;
#[cfg(feature = "explorer")]
mod explorer;
pub mod fairing;
// Pages, no code: only rustdoc reads them. Their blocks use the embedded store.
#[cfg(all(doc, feature = "sqlite"))]
pub mod guide;
mod health;
mod idempotency;
mod json_api;
mod kept_body;
mod memo;
#[cfg(feature = "metrics")]
pub mod metrics;
mod negotiate;
mod observe;
mod observer;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod open_store;
mod openapi;
pub mod own;
mod pending;
mod plan;
mod query;
pub mod resource;
mod routes;
mod schema;
mod stop;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use api::JsonApi;
pub use conditional::EntityTag;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use database_schema::DatabaseSchema;
pub use etag_derive::JsonApiResource;
#[cfg(feature = "explorer")]
pub use explorer::Explorer;
#[cfg(feature = "compression")]
pub use fairing::{Compression, uncompressed};
pub use fairing::{EtagFairing, Files, NotModified, Preconditions, Statistics, Tagged, TaggedFile, etagged};
pub use health::Health;
pub use json_api::JsonApiFairing;
#[cfg(feature = "metrics")]
pub use metrics::Metrics;
pub use observer::Observer;
pub use openapi::{OpenApi, OpenApiError};
pub use resource::{JsonApiResource, ToMany, ToManyOf, ToOne, ToOneOf};
pub use routes::operations::Operations;

/// What the derive's output names. Not for users: it changes without notice.
#[doc(hidden)]
pub mod __private {
    /// What a derived `routes()` gives: the derive's output names nothing of the standard library but `core`.
    pub type Routes = Vec<rocket::Route>;

    /// A list whose elements go by an adapter.
    pub type List<T> = Vec<T>;

    pub use crate::resource::computed::{compute, computed};
    pub use crate::resource::guard::{Boxed, Guard, TypeName, guard};
    pub use crate::resource::hooks::HookTable;
    pub use crate::resource::rules::validate;
    pub use crate::resource::scope::scope_of;
    pub use crate::resource::*;
    pub use crate::routes::routes;
    pub use crate::schema::fields::{
        Carrier, composite_record, read_id, read_many_of, read_one_of, read_to_many, read_to_one, record,
        write_many_of, write_one_of, write_to_many, write_to_one,
    };
    pub use crate::schema::parse;
    // `etag-scaffold` connects as the store does.
    #[cfg(feature = "postgres")]
    pub use crate::store::postgres::client::client as postgres_client;
}

// The blocks of the README are compiled as doctests.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
