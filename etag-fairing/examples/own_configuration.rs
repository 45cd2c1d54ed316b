//! A program that brings its own defaults. `Rocket.toml` and `ROCKET_…` variables still come first.
//!
//! ```sh
//! cargo run -p etag-fairing --example own_configuration
//! curl -i -X PATCH localhost:8000/api/notes/1 -H 'Content-Type: application/vnd.api+json' \
//!     -d '{"data":{"type":"notes","id":"1","attributes":{"text":"x"}}}'   # 428: it has to say what it has seen
//! ROCKET_JSONAPI='{page_size=2}' cargo run -p etag-fairing --example own_configuration
//! ```

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::figment::providers::{Format, Toml};
use rocket::{Build, Config, Rocket, launch};

/// A note.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// Below Rocket's own configuration: a default stands where the user says nothing.
const DEFAULTS: &str = r#"
    [default.etag]
    enabled = true
    require_if_match = true     # no change without having seen what is changed
    memo = "16 MiB"

    [default.jsonapi]
    page_size = 50
    totals = true               # lists say how many there are

    [default.databases.api]
    url = "sqlite::memory:"     # notes are gone when the program ends
"#;

#[launch]
pub(crate) fn rocket() -> Rocket<Build> {
    // `join`, not `merge`: what the user has said stays.
    rocket::custom(Config::figment().join(Toml::string(DEFAULTS).nested()))
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/api", Note::routes())
}
