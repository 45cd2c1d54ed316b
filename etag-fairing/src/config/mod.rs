//! What `Rocket.toml`, its profiles and the `ROCKET_…` variables say about this crate.
//!
//! | section | read into | by |
//! |---|---|---|
//! | `ETAG = true`, `etag = true`, `[default.etag]` | [`EtagConfig`] | [`EtagFairing`](crate::EtagFairing) |
//! | `[default.jsonapi]` | [`JsonApiConfig`] | the JSON:API fairing |
//! | `compression = true`, `[default.compression]` | `CompressionConfig` | `Compression`, with the feature `compression` |
//! | `[default.databases.api]` | [`DatabaseConfig`] | the store |
//! | `[default.observer]` | [`ObserverConfig`] | [`Observer`](crate::Observer) |
//!
//! Everything is read once, while Rocket ignites. A value of the wrong type, a key that a section
//! doesn't have, and two values that contradict each other stop the launch, with a message that
//! names the key, the profile and the file or variable. All mistakes are reported at once.
//!
//! Precedence is Rocket's: `[global]` and the environment above the selected profile, that above
//! `[default]`; key by key, also where one of them is a table and the other a plain switch. So
//! `ROCKET_ETAG=false` turns the tags off and leaves the rest of `[default.etag]` as it is.

#[cfg(feature = "compression")]
mod compression;
mod database;
mod database_url;
mod etag;
mod jsonapi;
mod nearest;
mod observer;
mod table;

#[cfg(feature = "compression")]
pub use compression::{Coding, CompressionConfig};
#[cfg(feature = "postgres")]
pub(crate) use database::without_password;
pub use database::{DatabaseConfig, SchemaMode, Synchronous};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use database_url::DatabaseKind;
pub use etag::{EtagConfig, Strength};
pub use jsonapi::{JsonApiConfig, SurrogateKeys};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use nearest::nearest;
pub use observer::{ObserverConfig, RequestIds};

/// Why a configuration was refused: one error, or several in a chain (iterate over it).
pub use rocket::figment::Error as ConfigError;

/// Prints the effective values of a section in the way Rocket prints its own at launch.
pub(crate) fn announce(section: &str, values: &[(&str, String)]) {
    log::info!(target: "rocket::launch", "{section}:");
    for (name, value) in values {
        log::info!(target: "rocket::launch_", "{name}: {value}");
    }
}

/// Prints a warning on keys at the top level that look like a misspelling of `section`: Rocket's
/// configuration may hold any key, so nobody else would ever say that nobody reads this one.
pub(crate) fn warn_of_misspellings(figment: &rocket::figment::Figment, section: &str, accepted: &[&str]) {
    for (key, place) in nearest::misspellings(figment, section, accepted) {
        log::warn!("`{key}` ({place}) is not read by anyone: did you mean `{section}`?");
    }
}
