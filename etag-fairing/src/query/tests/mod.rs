//! Queries, rule by rule; each test is named for its rule.

mod evaluate;
mod fields;
mod filter;
mod include;
mod names;
mod page;
mod properties;
mod sort;
mod windows;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as JsonValue;

use super::*;
use crate::JsonApiResource;
use crate::schema::RelationshipId;
use crate::schema::unreadable::Unreadable;
use crate::{ToMany, ToOne};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Draft,
    Accepted,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions")]
pub(super) struct Session {
    #[jsonapi(id)]
    pub(super) id: i32,
    pub(super) title: String,
    pub(super) starts_at: Option<DateTime<Utc>>,
    pub(super) level: Option<u8>,
    pub(super) rating: Option<f64>,
    pub(super) open: bool,
    pub(super) day: Option<NaiveDate>,
    #[jsonapi(text)]
    pub(super) state: State,
    pub(super) extra: Option<JsonValue>,
    #[jsonapi(write_only)]
    pub(super) secret: String,
    #[jsonapi(filter = false)]
    pub(super) unfilterable: String,
    #[jsonapi(sort = false)]
    pub(super) unsortable: String,
    #[jsonapi(rename = "room-name")]
    pub(super) room: Option<String>,
    #[jsonapi(relationship)]
    pub(super) track: ToOne<Track>,
    #[jsonapi(relationship, through = "session_speakers")]
    pub(super) speakers: ToMany<Speaker>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks")]
pub(super) struct Track {
    #[jsonapi(id)]
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) color: Option<String>,
    #[jsonapi(relationship, inverse = "track")]
    pub(super) sessions: ToMany<Session>,
    #[jsonapi(relationship)]
    pub(super) chair: ToOne<Speaker>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers")]
pub(super) struct Speaker {
    #[jsonapi(id)]
    pub(super) id: String,
    pub(super) name: String,
    pub(super) age: Option<i64>,
}

pub(super) fn parse_with(
    query: &str,
    target: Target,
    change: impl FnOnce(&mut JsonApiConfig, &mut bool),
) -> Result<Query, Errors> {
    let registry = Registry::mounted(&[Session::description(), Track::description(), Speaker::description()]);
    let (mut config, mut cursor_profile) = (JsonApiConfig::default(), false);
    change(&mut config, &mut cursor_profile);
    Query::parse(
        &Parameters::parse(Some(query))?,
        &Context {
            resource: Session::description(),
            target,
            registry: &registry,
            config: &config,
            cursor_profile,
            unreadable: &Unreadable::NONE,
        },
    )
}

pub(super) fn parse(query: &str) -> Result<Query, Errors> {
    parse_with(query, Target::Many, |_, _| ())
}

#[track_caller]
pub(super) fn good(query: &str) -> Query {
    parse(query).unwrap_or_else(|errors| panic!("{query}: {}", String::from_utf8_lossy(&errors.to_bytes())))
}

/// The error objects as a client sees them.
#[track_caller]
pub(super) fn shown(parsed: Result<Query, Errors>) -> Vec<JsonValue> {
    let errors = parsed.expect_err("a refusal");
    assert_eq!(errors.status().code, 400);
    let document: JsonValue = serde_json::from_slice(&errors.to_bytes()).unwrap();
    document["errors"].as_array().unwrap().clone()
}

/// Code and parameter of each error.
#[track_caller]
pub(super) fn refused_at(query: &str, target: Target) -> Vec<(String, String)> {
    let text = |json: &JsonValue| json.as_str().unwrap_or_else(|| panic!("{query}: {json}")).to_owned();
    let errors = shown(parse_with(query, target, |_, _| ()));
    errors.iter().map(|error| (text(&error["code"]), text(&error["source"]["parameter"]))).collect()
}

/// There is one error, with this code and parameter.
#[track_caller]
pub(super) fn refused(query: &str, code: &str, parameter: &str) {
    assert_eq!(refused_at(query, Target::Many), [(code.into(), parameter.into())], "{query}");
}

/// The place of a relationship.
pub(super) fn relationship(resource: &Description, name: &str) -> RelationshipId {
    resource.relationship(name).unwrap().0
}
