//! `X-Request-Id` and `Server-Timing`, over HTTP.

use etag_fairing::Observer;
use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use serde_json::json;

use super::support::{Answer, Server};
use super::{Database, fill};

const SENT: &str = "trace-7f.a:b/c+d=";

/// The answers of all kinds to requests with these fields: how each came about, the status, the answer.
fn all_kinds(server: &Server, fields: &[(&str, &str)]) -> Vec<(&'static str, u16, Answer)> {
    let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
        fields.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let send = |method: &str, path: &str, more: &[(&'static str, &str)], body: &str| {
        let fields = with(more);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        server.send(method, path, &fields, body)
    };
    let get = |path: &str, more: &[(&'static str, &str)]| send("GET", path, more, "");
    let motto = server.get("/motto", &[]).tag();
    let note = server.get("/api/notes/1", &[]).tag();
    let json = ("Content-Type", "application/vnd.api+json");
    let patch = r#"{"data":{"type":"notes","id":"1","attributes":{"text":"other"}}}"#;
    vec![
        ("a list", 200, get("/api/notes", &[])),
        ("a read", 200, get("/api/notes/1", &[])),
        ("a read from the memo", 200, get("/api/notes/1", &[])),
        ("a hand-written route", 200, get("/motto", &[])),
        ("304 of a resource", 304, get("/api/notes/1", &[("If-None-Match", &note)])),
        (
            "304 by the fairing",
            304,
            get("/api/notes/1", &[("If-None-Match", &note), ("Accept-Encoding", "gzip")]),
        ),
        ("304 of a hand-written route", 304, get("/motto", &[("If-None-Match", &motto)])),
        ("412 of a read", 412, get("/motto", &[("If-Match", "\"x\"")])),
        ("412 of a write", 412, send("PATCH", "/api/notes/1", &[json, ("If-Match", "\"x\"")], patch)),
        ("404 of a resource", 404, get("/api/notes/99", &[])),
        ("404 of a path", 404, get("/api/nothing", &[])),
        ("405", 405, send("PUT", "/api/notes/1", &[], "")),
        ("400", 400, get("/api/notes?sort=nothing", &[])),
        ("406", 406, get("/api/notes", &[("Accept", "text/html")])),
        ("415", 415, send("PATCH", "/api/notes/1", &[("Content-Type", "text/plain")], patch)),
        ("errors of a hand-written route", 422, get("/fails", &[])),
        ("Rocket's own catcher", 418, get("/teapot", &[])),
        ("a probe", 200, get("/health/live", &[])),
    ]
}

#[test]
fn an_id_that_is_sent_is_taken_over_into_every_kind_of_answer_and_no_tag() {
    for database in Database::each() {
        let server = database.serve("", "request_id = 'take'");
        fill(&server);
        let tags: Vec<_> =
            ["/motto", "/api/notes/1", "/api/notes"].map(|path| server.get(path, &[]).tag()).into();
        for (kind, status, answer) in all_kinds(&server, &[("X-Request-Id", SENT)]) {
            assert_eq!(
                (answer.status, answer.field("x-request-id")),
                (status, Some(SENT)),
                "{kind}: {answer:?}"
            );
            let is_document = answer.field("content-type") == Some("application/vnd.api+json");
            if status >= 400 && is_document {
                let errors = answer.json()["errors"].clone();
                for error in errors.as_array().expect("errors") {
                    assert_eq!(error["id"], SENT, "{kind}: {error}");
                }
            } else {
                assert!(!answer.text().contains(SENT), "{kind}: {}", answer.text());
            }
            if status >= 400 && status != 412 {
                assert_eq!(answer.field("etag"), None, "{kind}");
            }
        }
        // Without an id, and remembered: nothing of other requests is in it.
        let again: Vec<_> =
            ["/motto", "/api/notes/1", "/api/notes"].map(|path| server.get(path, &[]).tag()).into();
        assert_eq!(again, tags, "no tag is made of an id");
        let own = server.get("/api/notes/1", &[]);
        assert_ne!(own.field("x-request-id"), Some(SENT));
        assert_eq!(own.field("x-request-id").map(str::len), Some(36), "a UUID");
    }
}

#[test]
fn what_is_no_short_token_is_replaced() {
    let database = Database::each().remove(0);
    let server = database.serve("", "request_id = 'take'");
    let long = "a".repeat(10_240);
    let longest = "a".repeat(128);
    let taken = server.get("/motto", &[("X-Request-Id", &longest)]);
    assert_eq!(taken.field("x-request-id"), Some(&*longest));
    let hostile: [&[u8]; 10] = [
        long.as_bytes(),
        b"",
        b"two words",
        b"\"><script>",
        b"a,b",
        b"{\"a\":1}",
        "gr\u{fc}n".as_bytes(),
        b"\xff\xfe",
        b"a\tb",
        b"%0d%0aX-Evil:%201",
    ];
    for value in hostile {
        let line = [b"X-Request-Id: ", value, b"\r\n"].concat();
        for path in ["/motto", "/api/nothing"] {
            let answer = server.connect().send_bytes("GET", path, &line);
            let id = answer.field("x-request-id").expect("an id").to_owned();
            assert!(is_uuid(&id), "{value:?} became {id}");
            assert!(answer.field("x-evil").is_none());
            if path == "/api/nothing" {
                assert_eq!(answer.json()["errors"][0]["id"], json!(id));
            }
        }
    }
    // A line's end ends the field: what follows is a field of the request.
    let answer = server.connect().send_bytes("GET", "/motto", b"X-Request-Id: a\r\nX-Evil: 1\r\n");
    assert_eq!((answer.field("x-request-id"), answer.field("x-evil")), (Some("a"), None));
    let two = server.connect().send_bytes("GET", "/motto", b"X-Request-Id: a\r\nX-Request-Id: b\r\n");
    assert!(is_uuid(two.field("x-request-id").expect("an id")), "{two:?}");
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        && text.as_bytes()[14] == b'7'
}

#[test]
fn ids_are_made_unless_the_configuration_says_otherwise() {
    let database = Database::each().remove(0);
    let server = database.serve("", "");
    let answer = server.get("/api/notes/99", &[("X-Request-Id", SENT)]);
    let id = answer.field("x-request-id").expect("an id").to_owned();
    assert!(is_uuid(&id), "{id}");
    assert_eq!(answer.json()["errors"][0]["id"], json!(id));
    drop(server);
    let server = database.serve("", "request_id = 'off'");
    let answer = server.get("/api/notes/99", &[("X-Request-Id", SENT)]);
    assert_eq!((answer.field("x-request-id"), answer.json()["errors"][0].get("id")), (None, None));
}

/// Whoever says so.
struct Admin;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Admin {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User") {
            Some("admin") => Outcome::Success(Self),
            _ => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

fn names(answer: &Answer) -> Vec<String> {
    let field = answer.field("server-timing").expect("timings");
    let entries = field.split(", ").map(|entry| {
        let (name, time) = entry.split_once(";dur=").expect("a time");
        assert!(time.parse::<f64>().is_ok_and(|time| time >= 0.0), "{field}");
        name.to_owned()
    });
    entries.collect()
}

#[test]
fn only_those_who_may_know_are_told_how_long_it_took() {
    let secret = "correct-horse-battery";
    for database in Database::each() {
        let by_secret = database.serve("", &format!("server_timing = 'X-Timing: {secret}'"));
        fill(&by_secret);
        let nearly = format!("{secret}x");
        for wrong in ["", "correct-horse-batterz", &nearly, "correct"] {
            for (kind, _, answer) in all_kinds(&by_secret, &[("X-Timing", wrong)]) {
                assert_eq!(answer.field("server-timing"), None, "{kind}");
            }
        }
        for (kind, status, answer) in all_kinds(&by_secret, &[("X-Timing", secret)]) {
            assert_eq!(answer.status, status, "{kind}");
            assert_eq!(names(&answer).last().map(String::as_str), Some("total"), "{kind}");
            let caching = answer.lines("cache-control").join(",");
            assert!(caching.contains("private") || caching.contains("no-store"), "{kind}: {caching}");
        }
        let path = "/api/notes?sort=-text&include=author";
        let made = by_secret.get(path, &[("X-Timing", secret)]);
        assert_eq!(names(&made), ["memo", "revision", "store", "document", "hash", "sql", "total"]);
        let remembered = by_secret.get(path, &[("X-Timing", secret)]);
        let known = names(&remembered);
        assert!(known.starts_with(&["memo".into(), "revision".into()]), "{known:?}");
        assert!(
            !known.iter().any(|name| ["store", "document", "hash"].contains(&name.as_str())),
            "{known:?}"
        );
        let stranger = by_secret.get(path, &[]);
        assert_eq!((stranger.field("server-timing"), stranger.tag()), (None, made.tag()));
        drop(by_secret);

        let observer = Observer::fairing().server_timing_for::<Admin>();
        let by_guard = database.serve_with("", "", observer, |rocket| rocket);
        assert_eq!(by_guard.get("/motto", &[]).field("server-timing"), None);
        assert_eq!(by_guard.get("/motto", &[("X-User", "guest")]).field("server-timing"), None);
        assert_eq!(names(&by_guard.get("/motto", &[("X-User", "admin")])), ["hash", "total"]);
    }
}
