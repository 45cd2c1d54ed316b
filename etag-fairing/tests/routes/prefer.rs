//! `Prefer: return=minimal` and `return=representation` on writes (RFC 7240 §4.2).

use etag_fairing::document::error::ErrorObject;
use etag_fairing::resource::{HookError, Hooks, Operation};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany};
use rocket::http::{Header, Method, Status};
use rocket::local::blocking::{Client, LocalResponse};
use rocket::request::{FromRequest, Outcome, Request};
use serde_json::{Value, json};

use super::client;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(readable_by = Reader)]
    #[jsonapi(default)]
    secret: String,
    #[jsonapi(
        relationship,
        through = "note_links",
        owner_column = "note",
        target_column = "linked",
        linkage = true
    )]
    links: ToMany<Note>,
}

/// Nobody but a reader reads one.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "letters", etag, guard(read = Reader))]
struct Letter {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// A hook lets nobody else read one.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "drafts", etag, hooks)]
struct Draft {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship, through = "draft_notes", linkage = false)]
    notes: ToMany<Note>,
}

#[rocket::async_trait]
impl Hooks for Draft {
    async fn before_read(request: &Request<'_>, _: Operation) -> Result<(), HookError> {
        match request.headers().contains("X-Reader") {
            true => Ok(()),
            false => Err(ErrorObject::for_status(Status::Forbidden).into()),
        }
    }
}

struct Reader;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Reader {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().contains("X-Reader") {
            true => Outcome::Success(Self),
            false => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

fn start() -> Client {
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", "sqlite::memory:"));
    client(
        rocket::custom(figment)
            .attach(JsonApi::fairing())
            .attach(EtagFairing::new())
            .mount("/", Note::routes())
            .mount("/", Letter::routes())
            .mount("/", Draft::routes())
            .mount("/", JsonApi::operations()),
    )
}

fn send<'c>(
    client: &'c Client,
    method: Method,
    uri: &str,
    fields: &[(&'static str, &str)],
    document: &Value,
) -> LocalResponse<'c> {
    let media_type = match uri {
        "/operations" => "application/vnd.api+json;ext=\"https://jsonapi.org/ext/atomic\"",
        _ => "application/vnd.api+json",
    };
    let mut request = client.req(method, uri.to_owned()).header(Header::new("Content-Type", media_type));
    for (name, value) in fields {
        request.add_header(Header::new(*name, (*value).to_owned()));
    }
    request.body(document.to_string()).dispatch()
}

fn note(id: Option<&str>, text: &str) -> Value {
    let mut data = json!({ "type": "notes", "attributes": { "text": text } });
    if let Some(id) = id {
        data["id"] = json!(id);
    }
    json!({ "data": data })
}

fn tag(client: &Client, uri: &str) -> String {
    client.get(uri.to_owned()).dispatch().headers().get_one("ETag").expect("a tag").to_owned()
}

fn json_of(answer: LocalResponse<'_>) -> Value {
    serde_json::from_str(&answer.into_string().expect("a body")).expect("JSON")
}

const MINIMAL: (&str, &str) = ("Prefer", "return=minimal");
const REPRESENTATION: (&str, &str) = ("Prefer", "respond-async, return=representation");

#[test]
fn minimal_gives_the_tag_and_no_document() {
    let client = start();
    let made = send(&client, Method::Post, "/notes", &[MINIMAL], &note(None, "a"));
    assert_eq!(made.status(), Status::Created);
    let field = |answer: &LocalResponse<'_>, name| answer.headers().get_one(name).map(str::to_owned);
    let location = field(&made, "Location").expect("a URL");
    assert_eq!(field(&made, "Preference-Applied").as_deref(), Some("return=minimal"));
    assert_eq!(field(&made, "ETag"), Some(tag(&client, &location)));
    assert_eq!(field(&made, "Content-Type"), None);
    assert_eq!(made.into_string().unwrap_or_default(), "");

    let before = tag(&client, &location);
    let fields = [MINIMAL, ("If-Match", before.as_str())];
    let changed = send(&client, Method::Patch, &location, &fields, &note(Some("1"), "b"));
    assert_eq!(changed.status(), Status::NoContent);
    let now = field(&changed, "ETag").expect("a tag");
    assert!(now != before && now == tag(&client, &location));
    // With it the client goes on.
    let fields = [("If-Match", now.as_str())];
    let whole = send(&client, Method::Patch, &location, &fields, &note(Some("1"), "c"));
    assert_eq!((whole.status(), field(&whole, "Preference-Applied")), (Status::Ok, None));

    let linkage = json!({ "data": [{ "type": "notes", "id": "1" }] });
    let uri = format!("{location}/relationships/links");
    let linked = send(&client, Method::Post, &uri, &[MINIMAL], &linkage);
    assert_eq!((linked.status(), field(&linked, "ETag")), (Status::NoContent, Some(tag(&client, &uri))));
}

#[test]
fn after_a_412_the_representation_is_what_is_there_now() {
    let client = start();
    for text in ["a", "b"] {
        send(&client, Method::Post, "/notes", &[], &note(None, text));
    }
    let own = "/notes/1";
    let stale = ("If-Match", "\"stale\"");
    let now = json_of(client.get(own).dispatch());
    let refused = |method, uri: &str, fields: &[(&'static str, &str)], document: &Value| {
        let answer = send(&client, method, uri, fields, document);
        assert_eq!(answer.status(), Status::PreconditionFailed);
        let field = |name| answer.headers().get_one(name).map(str::to_owned);
        (field("ETag"), field("Preference-Applied"), json_of(answer)["errors"][0]["meta"]["current"].clone())
    };
    for method in [Method::Patch, Method::Delete] {
        let (etag, applied, mut current) =
            refused(method, own, &[stale, REPRESENTATION], &note(Some("1"), "x"));
        assert_eq!(
            (etag.clone(), applied.as_deref()),
            (Some(tag(&client, own)), Some("return=representation"))
        );
        let meta = current.as_object_mut().unwrap().remove("meta").unwrap();
        assert_eq!((meta["etag"].as_str(), &current), (etag.as_deref(), &now["data"]));
        // An attribute that the caller may not read is not in it, and for who may, it is.
        assert!(current["attributes"].get("secret").is_none());
        let fields = [stale, REPRESENTATION, ("X-Reader", "1")];
        let (_, _, current) = refused(method, own, &fields, &note(Some("1"), "x"));
        assert_eq!(current["attributes"]["secret"], "");
        // Who doesn't ask for it doesn't get it.
        assert_eq!(refused(method, own, &[stale], &note(Some("1"), "x")).2, Value::Null);
        assert_eq!(refused(method, own, &[stale, MINIMAL], &note(Some("1"), "x")).2, Value::Null);
    }
    let uri = "/notes/1/relationships/links";
    let linkage = json!({ "data": [{ "type": "notes", "id": "2" }] });
    send(&client, Method::Post, uri, &[], &linkage);
    let (etag, _, current) = refused(Method::Patch, uri, &[stale, REPRESENTATION], &json!({ "data": [] }));
    assert_eq!((etag, current), (Some(tag(&client, uri)), linkage["data"].clone()));

    let operations = json!({ "atomic:operations": [
        { "op": "add", "data": { "type": "notes", "attributes": { "text": "new" } } },
        { "op": "update", "meta": { "ifMatch": "\"stale\"" }, "data": note(Some("1"), "x")["data"] },
    ] });
    let (etag, _, current) = refused(Method::Post, "/operations", &[REPRESENTATION], &operations);
    assert_eq!((etag, &current["meta"]["etag"]), (None, &json!(tag(&client, own))));
    assert_eq!(current["attributes"]["text"], "a");
}

#[test]
fn who_may_not_read_it_is_not_shown_it_by_a_412() {
    let client = start();
    let stale = ("If-Match", "\"stale\"");
    for type_name in ["letters", "drafts"] {
        let letter = json!({ "data": { "type": type_name, "attributes": { "text": "dear" } } });
        send(&client, Method::Post, &format!("/{type_name}"), &[], &letter);
        let mut change = letter.clone();
        change["data"]["id"] = json!("1");
        let current = |fields: &[(&'static str, &str)]| {
            let answer = send(&client, Method::Patch, &format!("/{type_name}/1"), fields, &change);
            assert_eq!(answer.status(), Status::PreconditionFailed);
            json_of(answer)["errors"][0]["meta"]["current"].clone()
        };
        assert_eq!(current(&[stale, REPRESENTATION]), Value::Null, "{type_name}");
        let of_reader = current(&[stale, REPRESENTATION, ("X-Reader", "1")]);
        assert_eq!(of_reader["attributes"]["text"], "dear", "{type_name}");
    }
    // Linkage of which the tag of its resource says nothing, by an operation.
    let operations = json!({ "atomic:operations": [{
        "op": "update", "ref": { "type": "drafts", "id": "1", "relationship": "notes" }, "data": [],
        "meta": { "ifMatch": "\"stale\"" },
    }] });
    let current = |fields: &[(&'static str, &str)]| {
        let answer = send(&client, Method::Post, "/operations", fields, &operations);
        assert_eq!(answer.status(), Status::PreconditionFailed);
        json_of(answer)["errors"][0]["meta"]["current"].clone()
    };
    assert_eq!(current(&[REPRESENTATION]), Value::Null);
    assert_eq!(current(&[REPRESENTATION, ("X-Reader", "1")]), json!([]));
}
