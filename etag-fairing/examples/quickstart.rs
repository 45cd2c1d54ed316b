//! The smallest program: one struct, two fairings, one switch.
//!
//! ```sh
//! cargo run -p etag-fairing --example quickstart
//! curl -i localhost:8000/api/sessions -H 'Content-Type: application/vnd.api+json' \
//!     -d '{"data":{"type":"sessions","attributes":{"title":"Entity tags"}}}'
//! curl -i localhost:8000/api/sessions/1                                   # 200, with the tag of this state
//! curl -i localhost:8000/api/sessions/1 -H 'If-None-Match: "…"'           # 304, no body
//! ```

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::{Build, Config, Rocket, launch};

/// A talk on the programme.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", etag)] // every route of it carries ETags
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    level: Option<String>,
}

#[launch]
pub(crate) fn rocket() -> Rocket<Build> {
    // What stands in Rocket.toml otherwise, so that this runs in any folder.
    let figment = Config::figment().merge(("ETAG", true)).merge(("databases.api.url", "sqlite::memory:"));
    rocket::custom(figment)
        .attach(JsonApi::fairing()) // opens the database, answers errors as JSON:API documents
        .attach(EtagFairing::new()) // adds the tags, answers 304
        .mount("/api", Session::routes())
}
