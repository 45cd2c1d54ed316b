//! A small conference server, and what must hold of its answers whatever it is asked.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::http::uri::Origin;
use rocket::http::{Header, Method, Status};
use rocket::local::blocking::Client;
use serde_json::{Value, json};

/// Every kind of attribute, every kind of relationship.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", etag)]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
    level: Option<i32>,
    rating: Option<f64>,
    open: Option<bool>,
    starts_at: Option<DateTime<Utc>>,
    day: Option<NaiveDate>,
    extra: Option<Value>,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
    #[jsonapi(relationship, through = "session_speakers")]
    speakers: ToMany<Speaker>,
}

/// One of a track's sessions.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", etag)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "track")]
    sessions: ToMany<Session>,
}

/// With an id that is text.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers", etag)]
struct Speaker {
    #[jsonapi(id)]
    id: String,
    name: String,
    age: Option<u8>,
    #[jsonapi(relationship)]
    mentor: ToOne<Speaker>,
}

const MEDIA_TYPE: &str = "application/vnd.api+json";
/// The media type of operations.
pub(crate) const ATOMIC: &str = "application/vnd.api+json;ext=\"https://jsonapi.org/ext/atomic\"";

/// The server, with a few resources.
pub(crate) fn server() -> &'static Client {
    // Once a thread: Rocket's client stays in the thread that made it.
    thread_local!(static SERVER: &'static Client = Box::leak(Box::new(start())));
    SERVER.with(|server| *server)
}

fn start() -> Client {
    let figment = rocket::figment::Figment::from(rocket::Config::debug_default())
        .merge(("log_level", "off"))
        .merge(("workers", 1))
        .merge(("ETAG", true))
        .merge(("databases.api.url", "sqlite::memory:"))
        .merge(("jsonapi.client_ids", true))
        .merge(("jsonapi.totals", true));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/", Session::routes())
        .mount("/", Track::routes())
        .mount("/", Speaker::routes())
        .mount("/", JsonApi::operations());
    let client = Client::untracked(rocket).expect("the server ignites");
    fill(&client);
    client
}

fn fill(client: &Client) {
    let create = |document: Value| {
        let path = format!("/{}", document["type"].as_str().expect("a type"));
        let body = json!({"data": document}).to_string();
        let answer = send(client, Method::Post, &path, &[], Some(body.as_bytes()));
        assert_eq!(answer.map(|answer| answer.status), Some(Status::Created), "{body}");
    };
    for (id, name) in [("a", "Ada"), ("b", "Édouard"), ("%", "100%")] {
        let mentor = json!({"mentor": {"data": {"type": "speakers", "id": "a"}}});
        let attributes = json!({"name": name, "age": name.len()});
        create(json!({"type": "speakers", "id": id, "attributes": attributes, "relationships": mentor}));
    }
    for name in ["Web", "Open Hardware"] {
        create(json!({"type": "tracks", "attributes": {"name": name}}));
    }
    for number in 0..9 {
        let some = |value: Value| if number % 3 == 0 { Value::Null } else { value };
        let attributes = json!({
            "title": format!("Session {number}"),
            "level": some(json!(number)),
            "rating": some(json!(f64::from(number) / 4.0)),
            "open": some(json!(number % 2 == 0)),
            "startsAt": some(json!(format!("2018-03-24T0{number}:30:00Z"))),
            "day": some(json!(format!("2018-03-0{}", number + 1))),
            "extra": some(json!({"n": number})),
        });
        let track = some(json!({"type": "tracks", "id": (number % 2 + 1).to_string()}));
        let speakers = json!([{"type": "speakers", "id": "a"}, {"type": "speakers", "id": "%"}]);
        create(json!({
            "type": "sessions",
            "attributes": attributes,
            "relationships": {"track": {"data": track}, "speakers": {"data": if number % 3 == 0 { json!([]) } else { speakers }}},
        }));
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) tag: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Sends a request and checks what holds of every answer; `None` if no server would see it, since it is no URL.
pub(crate) fn send(
    client: &Client,
    method: Method,
    url: &str,
    fields: &[(&'static str, &str)],
    body: Option<&[u8]>,
) -> Option<Answer> {
    let url = Origin::parse(url).ok()?;
    let mut request = client.req(method, url.clone());
    for (name, value) in fields {
        request.add_header(Header::new(*name, (*value).to_owned()));
    }
    // What the fields don't say.
    let says = |name| fields.iter().any(|(known, _)| *known == name);
    if !says("Accept") {
        request.add_header(Header::new("Accept", MEDIA_TYPE));
    }
    if let Some(body) = body {
        if !says("Content-Type") {
            request.add_header(Header::new("Content-Type", MEDIA_TYPE));
        }
        request = request.body(body);
    }
    let response = request.dispatch();
    let field = |name| response.headers().get_one(name).map(str::to_owned);
    let (status, tag, location) = (response.status(), field("ETag"), field("Location"));
    let body = response.into_bytes().unwrap_or_default();
    assert!(status.code < 500, "{status} {method} {url}\n{}", String::from_utf8_lossy(&body));
    if !matches!(status, Status::NoContent | Status::NotModified) && method != Method::Head {
        check_document(status, &body);
    }
    Some(Answer { status, tag, location, body })
}

/// JSON:API 1.1 §7: data or errors, no resource twice.
fn check_document(status: Status, body: &[u8]) {
    let document: Value = serde_json::from_slice(body).expect("every body is JSON");
    if status.code >= 400 {
        let errors = document["errors"].as_array().expect("errors");
        assert!(!errors.is_empty());
        for error in errors {
            let text = error["status"].as_str().expect("a status");
            assert_eq!(text.len(), 3);
            // Of several errors the response has the class.
            assert_eq!(text.as_bytes().first(), Some(&b'4'), "{error}");
        }
        return;
    }
    // Results of operations are looked at one by one.
    if document.get("atomic:results").is_some() {
        return;
    }
    let data = document.get("data").expect("data");
    let included = document.get("included").and_then(Value::as_array).into_iter().flatten();
    let mut seen = BTreeSet::new();
    let primary = data.as_array().map_or(std::slice::from_ref(data), Vec::as_slice);
    for resource in primary.iter().chain(included).filter(|resource| !resource.is_null()) {
        let (kind, id) = (resource["type"].as_str(), resource["id"].as_str());
        assert!(kind.is_some() && id.is_some(), "{resource}");
        assert!(seen.insert((kind, id)), "{resource} stands there twice");
    }
}
