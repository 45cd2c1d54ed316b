//! `#[jsonapi(last_modified)]`: `Last-Modified`, and the conditions that are dates (RFC 9110 §13.1.3, §13.1.4).
#![cfg(feature = "sqlite")]

mod support;

use chrono::{DateTime, Utc};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};
use support::{Answer, Server, api};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pages", etag, require_if_match)]
struct Page {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(last_modified)]
    changed_at: DateTime<Utc>,
    #[jsonapi(relationship)]
    book: ToOne<Book>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", etag)]
struct Book {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(version, last_modified)]
    changed_at: DateTime<Utc>,
    #[jsonapi(relationship, inverse = "book")]
    pages: ToMany<Page>,
}

const FUTURE: &str = "Fri, 01 Jan 2100 00:00:00 GMT";
const PAST: &str = "Sat, 29 Oct 1994 19:43:31 GMT";

fn fill(server: &Server) {
    server.write("POST", "/books", &json!({"data": {"type": "books", "attributes": {"name": "x"}}})).is(201);
    server.write("POST", "/pages", &json!({"data": {"type": "pages", "attributes": {"title": "x"}}})).is(201);
}

fn server() -> Server {
    let server = api::start(|rocket| rocket.mount("/", Page::routes()).mount("/", Book::routes()));
    fill(&server);
    server
}

fn rename(server: &Server, headers: &[(&str, &str)], name: &str) -> Answer {
    let document = json!({"data": {"type": "books", "id": "1", "attributes": {"name": name}}});
    let mut all = vec![("Content-Type", "application/vnd.api+json")];
    all.extend(headers);
    server.send("PATCH", "/books/1", &all, &document.to_string())
}

fn date_of(answer: &Answer) -> &str {
    answer.field("last-modified").unwrap_or_else(|| panic!("a date: {answer:?}"))
}

#[test]
fn a_read_tells_the_date_of_the_last_change() {
    let server = server();
    for path in ["/books/1", "/pages/1", "/books/1?fields%5Bbooks%5D=name"] {
        let answer = server.get(path, &[]).is(200);
        let date = DateTime::parse_from_rfc2822(date_of(&answer)).expect("a date of HTTP");
        let ago = Utc::now().signed_duration_since(date).num_seconds();
        assert!((0..600).contains(&ago), "{path}: {date}");
        let attribute = server.get(path.split('?').next().unwrap(), &[]).json();
        let attribute = attribute["data"]["attributes"]["changedAt"].as_str().unwrap().to_owned();
        assert_eq!(DateTime::parse_from_rfc3339(&attribute).unwrap().timestamp(), date.timestamp());
    }
    // What else is included has a date of its own, and so have collections and linkage.
    for path in ["/books/1?include=pages", "/books", "/books/1/pages", "/books/1/relationships/pages"] {
        assert_eq!(server.get(path, &[]).is(200).field("last-modified"), None, "{path}");
    }
}

#[test]
fn if_modified_since_is_answered_where_no_tags_are_sent() {
    let server = server();
    let read = server.get("/books/1", &[]).is(200);
    let (date, tag) = (date_of(&read), read.field("etag").unwrap());
    for (headers, status) in [
        (vec![("If-Modified-Since", date)], 304),
        (vec![("If-Modified-Since", FUTURE)], 304),
        (vec![("If-Modified-Since", PAST)], 200),
        (vec![("If-Modified-Since", "yesterday")], 200),
        (vec![("If-Modified-Since", PAST), ("If-None-Match", tag)], 304),
        (vec![("If-Modified-Since", date), ("If-None-Match", "\"other\"")], 200),
        (vec![("If-Unmodified-Since", PAST)], 412),
        (vec![("If-Unmodified-Since", date)], 200),
        (vec![("If-Unmodified-Since", PAST), ("If-Match", tag)], 200),
    ] {
        let told = format!("{headers:?}");
        assert_eq!(server.get("/books/1", &headers).status, status, "{told}");
    }
    rename(&server, &[], "y").is(200);
    // At once, within the same second.
    server.get("/books/1", &[("If-Modified-Since", date)]).is(200);
}

#[test]
fn if_unmodified_since_is_judged_where_the_change_is_made() {
    let server = server();
    let read = server.get("/books/1", &[]).is(200);
    let (date, tag) = (date_of(&read), read.field("etag").unwrap());
    for headers in [
        vec![("If-Unmodified-Since", PAST)],
        vec![("If-Unmodified-Since", PAST), ("If-None-Match", "\"other\"")],
    ] {
        let refused = rename(&server, &headers, "lost").is(412);
        assert_eq!(refused.error(), ("precondition_failed".into(), json!({"header": "If-Unmodified-Since"})));
        assert_eq!(refused.field("etag"), Some(tag));
        let deleted = server.send("DELETE", "/books/1", &headers, "").is(412);
        assert_eq!(deleted.field("etag"), Some(tag));
        assert_eq!(server.get("/books/1", &[]).body, read.body);
    }
    // A true one goes on to If-None-Match; If-Match switches it off.
    let both = [("If-Unmodified-Since", date), ("If-None-Match", tag)];
    assert_eq!(rename(&server, &both, "lost").is(412).error().1, json!({"header": "If-None-Match"}));
    let stale = [("If-Unmodified-Since", FUTURE), ("If-Match", "\"other\"")];
    assert_eq!(rename(&server, &stale, "lost").is(412).error().1, json!({"header": "If-Match"}));
    rename(&server, &[("If-Unmodified-Since", PAST), ("If-Match", tag)], "by its tag").is(200);
    rename(&server, &[("If-Unmodified-Since", "soon")], "by no date").is(200);
    rename(&server, &[("If-Unmodified-Since", FUTURE)], "by a date").is(200);
}

/// RFC 9110 §13.1.4: ignored where no date is known. Linkage has none, so its URLs send none either; tags guard it.
#[test]
fn if_unmodified_since_says_nothing_of_linkage() {
    let server = server();
    let books =
        |id: Option<&str>| json!({"data": id.map(|id| json!({"type": "books", "id": id}))}).to_string();
    let pages = json!({"data": [{"type": "pages", "id": "1"}]}).to_string();
    let media_type = ("Content-Type", "application/vnd.api+json");
    let past = ("If-Unmodified-Since", PAST);
    for path in ["/pages/1/relationships/book", "/books/1/relationships/pages"] {
        let read = server.get(path, &[past]).is(200);
        assert_eq!(read.field("last-modified"), None, "{path}");
    }
    for (method, path, body) in [
        ("POST", "/books/1/relationships/pages", &pages),
        ("DELETE", "/books/1/relationships/pages", &pages),
        ("PATCH", "/books/1/relationships/pages", &pages),
    ] {
        let date = date_of_attribute(&server);
        server.send(method, path, &[media_type, past], body).is(200);
        // A tag is judged all the same, with and without a date beside it.
        let stale = [media_type, past, ("If-Match", "\"other\"")];
        let refused = server.send(method, path, &stale, body).is(412);
        assert_eq!(refused.error().1, json!({"header": "If-Match"}));
        assert_eq!(refused.field("etag"), server.get(path, &[]).field("etag"), "{method} {path}");
        // The book shows no pages, so that its date stays.
        assert_eq!(date_of_attribute(&server), date, "{method} {path}");
    }
    // Pages require tags, and a date is none.
    let book = "/pages/1/relationships/book";
    server.send("PATCH", book, &[media_type, past], &books(None)).is(428);
    let tag = server.get(book, &[]).is(200).tag();
    server.send("PATCH", book, &[media_type, past, ("If-Match", &tag)], &books(None)).is(200);
    server.send("PATCH", book, &[media_type, past, ("If-Match", &tag)], &books(Some("1"))).is(412);
}

/// The book's date, to the microsecond.
fn date_of_attribute(server: &Server) -> Value {
    server.get("/books/1", &[]).is(200).json()["data"]["attributes"]["changedAt"].clone()
}

/// Two states never have one date: the second writer loses although the clock has not moved on.
#[test]
fn a_date_is_good_for_one_change() {
    let server = server();
    for round in 0..3 {
        let read = loop {
            let read = server.get("/books/1", &[]).is(200);
            if read.field("last-modified").is_some() {
                break read;
            }
            // After the last round's changes the date lies ahead.
            std::thread::sleep(std::time::Duration::from_millis(50));
        };
        let headers = [("If-Unmodified-Since", date_of(&read))];
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let one = |_| scope.spawn(|| rename(&server, &headers, &format!("round {round}")).status);
            let all: Vec<_> = (0..4).map(one).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 3, "{statuses:?}");
    }
}

/// A client that writes faster than a change a second has its dates ahead of the clock, by a minute at most. What
/// comes then has no date, and no update is lost by one.
#[test]
fn a_date_runs_ahead_by_a_minute_at_most() {
    let server = server();
    for round in 0..70 {
        rename(&server, &[], &format!("round {round}")).is(200);
    }
    let told = date_of_attribute(&server);
    let told = DateTime::parse_from_rfc3339(told.as_str().unwrap()).unwrap();
    assert!(told.signed_duration_since(Utc::now()).num_seconds() <= 61, "{told}");
    let read = server.get("/books/1", &[]).is(200);
    assert_eq!(read.field("last-modified"), None);
    let second = told.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for date in [&second, FUTURE, PAST] {
        rename(&server, &[("If-Unmodified-Since", date)], "lost").is(412);
        server.get("/books/1", &[("If-Modified-Since", date)]).is(200);
    }
    rename(&server, &[("If-Match", &read.tag())], "by its tag").is(200);
}

#[test]
fn a_resource_may_require_if_match_by_itself() {
    let server = server();
    let document = json!({"data": {"type": "pages", "id": "1", "attributes": {"title": "y"}}}).to_string();
    let media_type = ("Content-Type", "application/vnd.api+json");
    for headers in [vec![media_type], vec![media_type, ("If-Unmodified-Since", FUTURE)]] {
        for (method, body) in [("PATCH", document.as_str()), ("DELETE", "")] {
            let refused = server.send(method, "/pages/1", &headers, body).is(428);
            let error = &refused.json()["errors"][0];
            assert_eq!(
                (&error["source"], &error["links"]["about"]),
                (&json!({"header": "If-Match"}), &json!("/pages/1"))
            );
            let detail = error["detail"].as_str().unwrap();
            assert!(detail.contains("/pages/1") && detail.contains("If-Match"), "{detail}");
            assert_eq!(refused.field("cache-control"), Some("no-store"));
        }
    }
    // Of linkage, too: the tag to send is that of the linkage.
    let linkage = "/pages/1/relationships/book";
    let book = json!({"data": {"type": "books", "id": "1"}}).to_string();
    let refused = server.send("PATCH", linkage, &[media_type], &book).is(428);
    assert_eq!(refused.json()["errors"][0]["links"]["about"], linkage);
    let tag = server.get(linkage, &[]).is(200).field("etag").unwrap().to_owned();
    server.send("PATCH", linkage, &[media_type, ("If-Match", &tag)], &book).is(200);
    let tag = server.get("/pages/1", &[]).is(200).field("etag").unwrap().to_owned();
    server.send("PATCH", "/pages/1", &[media_type, ("If-Match", &tag)], &document).is(200);
    // Other resources don't.
    rename(&server, &[], "y").is(200);
    server.write("POST", "/pages", &json!({"data": {"type": "pages", "attributes": {"title": "z"}}})).is(201);
}

#[test]
fn without_entity_tags_a_date_still_guards_a_write() {
    let toml = "[default]\nETAG = false\n[default.databases.api]\nurl = 'sqlite::memory:'\n";
    let server = Server::start(toml, |rocket| {
        let rocket = rocket.attach(JsonApi::fairing()).attach(EtagFairing::new());
        rocket.mount("/", Page::routes()).mount("/", Book::routes())
    });
    fill(&server);
    let read = server.get("/books/1", &[("If-Modified-Since", FUTURE)]).is(200);
    assert_eq!((read.field("etag"), read.field("last-modified")), (None, None));
    rename(&server, &[("If-Unmodified-Since", PAST)], "lost").is(412);
    rename(&server, &[("If-Unmodified-Since", FUTURE)], "y").is(200);
    server.write("DELETE", "/pages/1", &Value::Null).is(204);
}
