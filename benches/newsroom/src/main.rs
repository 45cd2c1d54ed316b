//! A newsroom for side-by-side benches: people, articles and comments from the SQLite file or the PostgreSQL URL named in
//! `DB`, and three constants, on the port named in `PORT` of the loopback.
//!
//! | URL | |
//! |---|---|
//! | `/people`, `/articles`, `/comments` | the annotated structs of [`resources`], and nothing more |
//! | `/operations` | several changes in one request |
//! | `/b0`, `/b1`, `/b2` | constants of 1 KiB, 64 KiB and 1 MiB |
//!
//! `ETAG=0` turns the entity tags off, `MEMO` is the limit of the memo (`0` for none), `TOTALS=0` leaves lists uncounted,
//! `SYNCHRONOUS=full` has SQLite wait for the disk at each commit; everything else is configured as in any Rocket
//! application, by `ROCKET_…`. Its memory allocator is mimalloc, as the guide advises for a server under load; it is a default
//! feature, so that `--no-default-features` takes the C library's.

mod constants;
mod resources;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Metrics, etagged};
use rocket::{Build, Rocket, figment::Figment};

use resources::{Article, Comment, Person};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Starts the server.
#[rocket::launch]
fn launch() -> _ {
    counted(rocket::custom(figment()))
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/", Person::routes())
        .mount("/", Article::routes())
        .mount("/", Comment::routes())
        .mount("/", JsonApi::operations())
        .manage(constants::Constants::new())
        .mount("/", etagged(constants::routes()))
}

/// Counts for Prometheus where `METRICS` is set: what that costs is measured by starting one server with it and one without.
fn counted(rocket: Rocket<Build>) -> Rocket<Build> {
    if std::env::var_os("METRICS").is_none() {
        return rocket;
    }
    rocket.attach(Metrics::new()).mount("/metrics", Metrics::routes())
}

/// What the other servers of a side-by-side run have, too: two workers, no log, a connection that stays, and writes
/// that wait for the disk at checkpoints, unless it is said otherwise.
fn figment() -> Figment {
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let mut figment = rocket::Config::figment()
        .merge(("log_level", variable("LOG", "off")))
        .merge(("workers", 2))
        .merge(("address", "127.0.0.1"))
        .merge(("keep_alive", 60))
        .merge(("ident", "bench"))
        .merge(("jsonapi.totals", variable("TOTALS", "1") != "0"))
        .merge(("etag.enabled", variable("ETAG", "1") != "0"));
    let database = variable("DB", "newsroom.db");
    figment = match database.starts_with("postgres://") {
        true => figment.merge(("databases.api.url", database)),
        false => figment
            .merge(("databases.api.url", format!("sqlite:{database}")))
            .merge(("databases.api.synchronous", variable("SYNCHRONOUS", "normal"))),
    };
    if let Ok(port) = variable("PORT", "8000").parse::<u16>() {
        figment = figment.merge(("port", port));
    }
    if let Ok(limit) = std::env::var("MEMO") {
        figment = figment.merge(("etag.memo", limit));
    }
    figment
}
