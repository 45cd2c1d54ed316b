//! The conference, as structs: each is a JSON:API resource.

use chrono::{DateTime, Utc};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde::{Deserialize, Serialize};

/// A session of the programme. Only its title is required of a new one.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", etag)]
pub(crate) struct Session {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) subtitle: Option<String>,
    pub(crate) short_abstract: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) level: Option<String>,
    #[jsonapi(text, default)]
    pub(crate) state: State,
    pub(crate) start_time: Option<DateTime<Utc>>,
    pub(crate) end_time: Option<DateTime<Utc>>,
    /// How many attendees marked the session: each adds one, with `If-Match`, so that none is lost.
    #[jsonapi(default)]
    pub(crate) favourites: u32,
    #[jsonapi(relationship)]
    pub(crate) track: ToOne<Track>,
    #[jsonapi(relationship)]
    pub(crate) microlocation: ToOne<Microlocation>,
    #[jsonapi(relationship)]
    pub(crate) session_type: ToOne<SessionType>,
    #[jsonapi(relationship, through = "session_speakers")]
    pub(crate) speakers: ToMany<Speaker>,
}

/// How far a session has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Being written.
    #[default]
    Draft,
    /// Handed in, not judged.
    Pending,
    /// On the programme.
    Accepted,
    /// On the programme, and the speakers said that they come.
    Confirmed,
    /// Not on the programme.
    Rejected,
    /// Taken back.
    Canceled,
}

/// Somebody who speaks.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers", etag)]
pub(crate) struct Speaker {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) organisation: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) short_biography: Option<String>,
    // The other end of the same join table; its linkage is not shown, or each session that takes a speaker would
    // change the tag of the speaker.
    #[jsonapi(relationship, through = "session_speakers", linkage = false)]
    pub(crate) sessions: ToMany<Session>,
}

/// A track of the programme.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", etag)]
pub(crate) struct Track {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) color: Option<String>,
    pub(crate) font_color: Option<String>,
    #[jsonapi(relationship, inverse = "track")]
    pub(crate) sessions: ToMany<Session>,
}

/// A room. Readers get entity tags, writers do not need them.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "microlocations", etag(list, read, related, relationship))]
pub(crate) struct Microlocation {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) floor: Option<i32>,
    pub(crate) room: Option<String>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    #[jsonapi(relationship, inverse = "microlocation")]
    pub(crate) sessions: ToMany<Session>,
}

/// A kind of session. It has not opted in: its routes carry no entity tags.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "session-types", table = "session_types")]
pub(crate) struct SessionType {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) name: String,
    /// Hours and minutes: `00:25`.
    pub(crate) length: Option<String>,
    #[jsonapi(relationship, inverse = "sessionType")]
    pub(crate) sessions: ToMany<Session>,
}
