//! Guards and hooks are asked each time, whatever the memo has.

use std::sync::atomic::{AtomicU64, Ordering};

use etag_fairing::resource::{HookError, Hooks, Operation};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Statistics, ToMany, ToOne};
use rocket::Request;
use rocket::http::{Header, Status};
use rocket::local::blocking::Client;
use rocket::request::{FromRequest, Outcome};

struct Editor;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Editor {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-Role") {
            Some("editor") => Outcome::Success(Editor),
            _ => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

/// Anybody reads it; what it is about is for editors.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    source: ToOne<Source>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sources", etag, guard(list = Editor, read = Editor), hooks)]
struct Source {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "source")]
    notes: ToMany<Note>,
}

static READS: AtomicU64 = AtomicU64::new(0);

#[rocket::async_trait]
impl Hooks for Source {
    async fn before_read(_: &Request<'_>, _: Operation) -> Result<(), HookError> {
        READS.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn ask(
    client: &Client,
    url: &str,
    role: &'static str,
    tag: Option<&str>,
) -> (Status, Option<String>, String) {
    let mut request = client.get(url.to_owned()).header(Header::new("X-Role", role));
    if let Some(tag) = tag {
        request.add_header(Header::new("If-None-Match", tag.to_owned()));
    }
    let response = request.dispatch();
    let tag = response.headers().get_one("ETag").map(str::to_owned);
    (response.status(), tag, response.into_string().unwrap_or_default())
}

#[test]
fn what_an_editor_was_answered_nobody_else_is() {
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", "sqlite::memory:"));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/", Note::routes())
        .mount("/", Source::routes());
    let client = Client::untracked(rocket).expect("a rocket");
    for document in [
        r#"{"data":{"type":"sources","attributes":{"name":"secret"}}}"#,
        r#"{"data":{"type":"notes","relationships":{"source":{"data":{"type":"sources","id":"1"}}}}}"#,
    ] {
        let url = if document.contains("secret") { "/sources" } else { "/notes" };
        let request = client.post(url).header(Header::new("Content-Type", "application/vnd.api+json"));
        assert_eq!(request.body(document).dispatch().status(), Status::Created);
    }
    let statistics: &Statistics = client.rocket().state().expect("statistics");
    for url in [
        "/notes?include=source",
        "/notes/1?include=source",
        "/notes?filter[source.name]=secret",
        "/notes?sort=source.name",
        "/notes/1/source",
        "/notes/1/relationships/source?include=source",
        "/sources",
        "/sources/1",
    ] {
        let (status, tag, body) = ask(&client, url, "editor", None);
        assert_eq!(status, Status::Ok, "{url}: {body}");
        let (hits, reads) = (statistics.memo_hits(), READS.load(Ordering::Relaxed));
        assert_eq!(ask(&client, url, "editor", None), (Status::Ok, tag.clone(), body.clone()), "{url}");
        let tag = tag.expect("a tag");
        assert_eq!(ask(&client, url, "editor", Some(&tag)).0, Status::NotModified, "{url}");
        assert_eq!(statistics.memo_hits(), hits + 2, "{url}");
        assert_eq!(READS.load(Ordering::Relaxed), reads + 2, "{url}: the hook is asked each time");
        for tag in [None, Some(tag.as_str()), Some("*")] {
            let (status, theirs, refusal) = ask(&client, url, "reader", tag);
            assert_eq!((status, theirs), (Status::Forbidden, None), "{url}: {refusal}");
        }
    }
}
