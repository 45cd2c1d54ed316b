//! Resources with relationships, and which of their routes carry ETags.
//!
//! ```sh
//! cargo run -p etag-fairing --example relationships
//! curl -i localhost:8000/api/tracks -H 'Content-Type: application/vnd.api+json' \
//!     -d '{"data":{"type":"tracks","attributes":{"name":"HTTP"}}}'
//! curl -i localhost:8000/api/sessions -H 'Content-Type: application/vnd.api+json' \
//!     -d '{"data":{"type":"sessions","attributes":{"title":"ETags","startsAt":"2027-03-01T10:00:00Z"},
//!          "relationships":{"track":{"data":{"type":"tracks","id":"1"}}}}}'
//! curl -g 'localhost:8000/api/sessions?include=track&filter[track.name]=HTTP'
//! curl -i localhost:8000/api/tracks/1/sessions
//! ```

use chrono::{DateTime, Utc};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::{Build, Config, Rocket, launch};

/// A talk on the programme.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", etag)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    starts_at: DateTime<Utc>, // in documents: startsAt
    #[jsonapi(relationship)]
    track: ToOne<Track>, // in the table: track_id
    #[jsonapi(relationship, through = "session_speakers")]
    speakers: ToMany<Speaker>, // in a join table of this name
}

/// Talks that belong together.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", etag(read, update, delete))] // these routes carry ETags, the others don't
struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "track")]
    sessions: ToMany<Session>, // the sessions whose track this is
}

/// Who gives a talk.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers")] // no ETags at all
struct Speaker {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

#[launch]
pub(crate) fn rocket() -> Rocket<Build> {
    let figment = Config::figment().merge(("ETAG", true)).merge(("databases.api.url", "sqlite::memory:"));
    rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/api", Session::routes())
        .mount("/api", Track::routes())
        .mount("/api", Speaker::routes())
}
