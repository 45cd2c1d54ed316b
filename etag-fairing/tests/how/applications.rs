//! The application of a row, over each database that there is.

use etag_fairing::testing::{Client, Database, Setup};
use etag_fairing::{EtagFairing, JsonApi};
use rocket::figment::Figment;
use rocket::{Build, Rocket};

/// An application without resources, and with entity tags. Neither files nor the environment of the machine count.
pub(crate) fn application() -> Rocket<Build> {
    plain().attach(JsonApi::fairing())
}

/// The same without a fairing for generated routes.
pub(crate) fn plain() -> Rocket<Build> {
    let figment = Figment::from(rocket::Config::debug_default()).merge(("etag", true));
    rocket::custom(figment).attach(EtagFairing::new())
}

/// The same test over SQLite, and over PostgreSQL where there is one.
pub(crate) fn on_each(build: impl Fn() -> Rocket<Build>, test: impl Fn(&Client)) {
    test(&Client::new(build()));
    #[cfg(feature = "postgres")]
    if let Some(server) = postgres_server::Database::provide() {
        test(&Setup::new(build()).database("api", Database::postgres(server.url())).start());
    }
}
