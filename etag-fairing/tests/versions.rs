//! `#[jsonapi(version)]`: the version is the state that entity tags begin with.
#![cfg(feature = "sqlite")]

mod support;

use chrono::{DateTime, Utc};
use etag_fairing::{JsonApiResource, Statistics, ToMany, ToOne};
use rocket::{Build, Rocket, State, get, routes};
use serde_json::{Value, json};
use support::{Answer, Server, api};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pages", etag)]
struct Page {
    #[jsonapi(id)]
    id: String,
    title: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship)]
    book: ToOne<Book>,
    #[jsonapi(relationship, through = "page_topics")]
    topics: ToMany<Topic>,
}

/// Shows its pages; its version is a timestamp, and hidden.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", etag)]
struct Book {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(version, hidden)]
    changed_at: DateTime<Utc>,
    #[jsonapi(relationship, inverse = "book", linkage = true)]
    pages: ToMany<Page>,
}

/// Has a computed attribute beside its version.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "topics", etag, computed(shout = Self::shout))]
struct Topic {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(version)]
    version: u64,
}

impl Topic {
    fn shout(&self) -> String {
        self.name.to_uppercase()
    }
}

#[get("/digests")]
fn digests(statistics: &State<Statistics>) -> String {
    statistics.digests().to_string()
}

fn server() -> Server {
    filled(api::start_with("client_ids = true", mounted))
}

fn mounted(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
        .mount("/", Page::routes())
        .mount("/", Book::routes())
        .mount("/", Topic::routes())
        .mount("/", routes![digests])
}

fn filled(server: Server) -> Server {
    server.write("POST", "/books", &json!({"data": {"type": "books"}})).is(201);
    server.write("POST", "/books", &json!({"data": {"type": "books"}})).is(201);
    let topic = json!({"data": {"type": "topics", "attributes": {"name": "rust"}}});
    server.write("POST", "/topics", &topic).is(201);
    server.write("POST", "/pages", &page("first")).is(201);
    server
}

fn page(title: &str) -> Value {
    let book = json!({"book": {"data": {"type": "books", "id": "1"}}});
    json!({"data": {"type": "pages", "id": "a", "attributes": {"title": title}, "relationships": book}})
}

fn patch(server: &Server, headers: &[(&str, &str)], title: &str) -> Answer {
    let document = json!({"data": {"type": "pages", "id": "a", "attributes": {"title": title}}});
    conditional(server, "PATCH", "/pages/a", headers, &document)
}

fn conditional(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    document: &Value,
) -> Answer {
    let mut all = vec![("Content-Type", "application/vnd.api+json")];
    all.extend(headers);
    let body = if document.is_null() { String::new() } else { document.to_string() };
    server.send(method, path, &all, &body)
}

fn tag(server: &Server, path: &str) -> String {
    server.get(path, &[]).is(200).field("etag").expect("a tag").to_owned()
}

/// The number in `"v12.…"`.
fn count(tag: &str) -> i64 {
    let number = tag.strip_prefix("\"v").and_then(|rest| rest.split('.').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{tag} counts"))
}

#[test]
fn the_tag_is_the_version() {
    let server = server();
    let first = server.get("/pages/a", &[]).is(200);
    assert_eq!(first.json()["data"]["attributes"]["version"], 1);
    let first = first.field("etag").unwrap();
    assert_eq!(count(first), 1);
    assert!(first.len() < 16, "{first} is short, and no digest");
    let changed = patch(&server, &[("If-Match", first)], "second").is(200);
    assert_eq!(count(changed.field("etag").unwrap()), 2);
    assert_eq!(tag(&server, "/pages/a"), changed.field("etag").unwrap());
    assert_eq!(changed.json()["data"]["attributes"]["version"], 2);
    server.get("/pages/a", &[("If-None-Match", changed.field("etag").unwrap())]).is(304);
    server.get("/pages/a", &[("If-None-Match", first)]).is(200);
}

#[test]
fn every_precondition_of_a_write_is_judged_by_the_version() {
    for method in ["PATCH", "DELETE"] {
        // `{T}` is the current tag, `{D}` that of a read with `include`, `{old}` one of before.
        for (name, value, refused) in [
            ("If-Match", "{T}", false),
            ("If-Match", "\"x\", {T}", false),
            ("If-Match", "*", false),
            ("If-Match", "{D}", false),
            ("If-Match", "{F}", false),
            ("If-Match", "{old}", true),
            ("If-Match", "W/{T}", true),
            ("If-Match", "\"v2\"", true),
            ("If-Match", "\"2\"", true),
            ("If-Match", "v2", true),
            ("If-Match", "", true),
            ("If-None-Match", "*", true),
            ("If-None-Match", "{T}", true),
            ("If-None-Match", "W/{T}", true),
            ("If-None-Match", "{D}", true),
            ("If-None-Match", "{old}", false),
        ] {
            let server = server();
            let old = tag(&server, "/pages/a");
            patch(&server, &[], "second").is(200);
            let current = tag(&server, "/pages/a");
            let value = value
                .replace("{T}", &current)
                .replace("{old}", &old)
                .replace("{D}", &tag(&server, "/pages/a?include=book"))
                .replace("{F}", &tag(&server, "/pages/a?fields%5Bpages%5D=title"));
            let told = format!("{method} {name}: {value}");
            let document = match method {
                "PATCH" => json!({"data": {"type": "pages", "id": "a", "attributes": {"title": "third"}}}),
                _ => Value::Null,
            };
            let answer = conditional(&server, method, "/pages/a", &[(name, &value)], &document);
            if refused {
                assert_eq!(answer.status, 412, "{told}");
                assert_eq!(answer.field("etag"), Some(current.as_str()), "{told}");
                assert_eq!(answer.error(), ("precondition_failed".into(), json!({"header": name})), "{told}");
                assert_eq!(answer.json()["errors"][0]["links"]["about"], "/pages/a", "{told}");
                assert_eq!(tag(&server, "/pages/a"), current, "{told}");
            } else {
                assert!(matches!(answer.status, 200 | 204), "{told}: {answer:?}");
                let after = server.get("/pages/a", &[]);
                assert_eq!(after.status, if method == "PATCH" { 200 } else { 404 }, "{told}");
            }
        }
    }
}

/// RFC 9110 §13.2.1: the precondition is judged first, and then there is nothing to do.
#[test]
fn a_change_of_nothing_keeps_the_version() {
    let server = server();
    let current = tag(&server, "/pages/a");
    let nothing = [
        json!({"data": {"type": "pages", "id": "a"}}),
        json!({"data": {"type": "pages", "id": "a", "attributes": {}, "relationships": {}}}),
        json!({"data": {"type": "pages", "id": "a", "attributes": {"version": 1}}}),
    ];
    for document in &nothing {
        for headers in [&[][..], &[("If-Match", current.as_str())], &[("If-Match", "*")]] {
            let told = format!("{document} {headers:?}");
            let answer = conditional(&server, "PATCH", "/pages/a", headers, document);
            assert_eq!((answer.status, answer.field("etag")), (200, Some(current.as_str())), "{told}");
        }
        conditional(&server, "PATCH", "/pages/a", &[("If-Match", "\"v9\"")], document).is(412);
    }
    assert_eq!(tag(&server, "/pages/a"), current);
}

/// What a proxy that compresses makes of a version's tag (`accept_weakened`).
#[test]
fn a_weakened_version_is_taken_where_the_configuration_says_so() {
    let toml = "[default.databases.api]\nurl = 'sqlite::memory:'\n[default.jsonapi]\nclient_ids = true\n\
                [default.etag]\nenabled = true\naccept_weakened = true\n";
    let server = filled(Server::start(toml, |rocket| {
        mounted(rocket.attach(etag_fairing::JsonApi::fairing()).attach(etag_fairing::EtagFairing::new()))
    }));
    let viewed = "/pages/a?include=book";
    for (round, path) in ["/pages/a", viewed, "/pages/a?fields%5Bpages%5D=title"].into_iter().enumerate() {
        let old = format!("W/{}", tag(&server, path));
        let title = format!("round {round}");
        patch(&server, &[("If-None-Match", &old)], "lost").is(412);
        patch(&server, &[("If-Match", &format!("\"x\", {old}"))], &title).is(200);
        // A weak form of another state is another state.
        let refused = patch(&server, &[("If-Match", &old)], "lost").is(412);
        assert_eq!(refused.field("etag"), Some(tag(&server, "/pages/a").as_str()));
        conditional(&server, "DELETE", "/pages/a", &[("If-Match", &old)], &Value::Null).is(412);
        assert_eq!(server.get("/pages/a", &[]).json()["data"]["attributes"]["title"], title);
    }
    let compressed = format!("W/{}-gzip\"", tag(&server, "/pages/a").trim_end_matches('"'));
    conditional(&server, "DELETE", "/pages/a", &[("If-Match", &compressed)], &Value::Null).is(204);
}

#[test]
fn clients_do_not_write_a_version() {
    let server = server();
    let with = |version: Value| {
        let attributes = json!({"title": "x", "version": version});
        json!({"data": {"type": "pages", "id": "a", "attributes": attributes}})
    };
    let refused = server.write("PATCH", "/pages/a", &with(json!(7))).is(422);
    assert_eq!(refused.pointers(), ["/data/attributes/version"]);
    // Sent back as it is.
    server.write("PATCH", "/pages/a", &with(json!(1))).is(200);
    assert_eq!(count(&tag(&server, "/pages/a")), 2);
    let mut new = page("new");
    new["data"]["id"] = json!("b");
    new["data"]["attributes"]["version"] = json!(7);
    assert_eq!(server.write("POST", "/pages", &new).is(422).pointers(), ["/data/attributes/version"]);

    let hidden =
        json!({"data": {"type": "books", "id": "1", "attributes": {"changedAt": "2018-03-24T13:30:00Z"}}});
    assert_eq!(server.write("PATCH", "/books/1", &hidden).is(422).pointers(), ["/data/attributes/changedAt"]);
    let book = server.get("/books/1", &[]).is(200);
    assert_eq!(book.json()["data"]["attributes"], Value::Null);
    assert!(book.field("etag").unwrap().starts_with("\"t"));
    server.get("/books?sort=changedAt", &[]).is(400);
    server.get("/books?fields%5Bbooks%5D=changedAt", &[]).is(400);
}

#[test]
fn a_version_rises_with_the_linkage_that_its_representation_shows() {
    let server = server();
    let tags = || ["/pages/a", "/books/1", "/books/2"].map(|path| tag(&server, path));
    let mut before = tags();
    let mut change = |method: &str, path: &str, data: Value, risen: [bool; 3]| {
        let told = format!("{method} {path}");
        conditional(&server, method, path, &[], &json!({ "data": data })).is(200);
        let after = tags();
        let differ = [0, 1, 2].map(|place| before[place] != after[place]);
        assert_eq!(differ, risen, "{told}");
        before = after;
    };
    let (two, a) = (json!({"type": "books", "id": "2"}), json!([{"type": "pages", "id": "a"}]));
    change("PATCH", "/pages/a/relationships/book", two.clone(), [true, true, true]);
    change("PATCH", "/pages/a/relationships/book", two, [true, false, false]);
    change("POST", "/books/1/relationships/pages", a.clone(), [true, true, true]);
    change("POST", "/books/1/relationships/pages", a.clone(), [false; 3]);
    change("DELETE", "/books/1/relationships/pages", a, [true, true, false]);
    let topics = json!([{"type": "topics", "id": "1"}]);
    change("POST", "/pages/a/relationships/topics", topics.clone(), [true, false, false]);
    change("POST", "/pages/a/relationships/topics", topics, [false; 3]);
    // The topic doesn't show its pages.
    assert_eq!(count(&tag(&server, "/topics/1")), 1);
    conditional(&server, "DELETE", "/topics/1", &[], &Value::Null).is(204);
    assert_ne!(tag(&server, "/pages/a"), before[0]);
}

#[test]
fn an_id_that_is_used_again_does_not_use_its_tags_again() {
    let server = server();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(tag(&server, "/pages/a"));
        let changed = patch(&server, &[], "second").is(200);
        seen.push(changed.field("etag").unwrap().to_owned());
        conditional(&server, "DELETE", "/pages/a", &[("If-Match", seen.last().unwrap())], &Value::Null)
            .is(204);
        server.write("POST", "/pages", &page("again")).is(201);
        for old in &seen {
            patch(&server, &[("If-Match", old)], "lost").is(412);
        }
    }
    let counts: Vec<_> = seen.iter().map(|tag| count(tag)).collect();
    assert_eq!(counts, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn one_tag_changes_or_deletes_once() {
    let server = server();
    let mut wins = Vec::new();
    for round in 0..8 {
        let tag = tag(&server, "/pages/a");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let one =
                |_| scope.spawn(|| patch(&server, &[("If-Match", &tag)], &format!("round {round}")).status);
            let all: Vec<_> = (0..8).map(one).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        wins.push(statuses.iter().filter(|status| **status == 200).count());
        assert!(statuses.iter().all(|status| matches!(status, 200 | 412)), "{statuses:?}");
    }
    assert_eq!(wins, [1; 8]);
    assert_eq!(count(&tag(&server, "/pages/a")), 9);
}

#[test]
fn the_precondition_of_a_version_makes_no_digest() {
    let server = server();
    let made = || server.get("/digests", &[]).text().parse::<u64>().unwrap();
    let tag = tag(&server, "/pages/a");
    let before = made();
    let changed = patch(&server, &[("If-Match", &tag)], "second").is(200);
    patch(&server, &[("If-Match", &tag)], "third").is(412);
    let tag = changed.field("etag").unwrap();
    server.get("/pages/a", &[]).is(200);
    conditional(&server, "DELETE", "/pages/a", &[("If-Match", tag)], &Value::Null).is(204);
    assert_eq!(made(), before);
}

/// The functions are code, and a version says nothing of what code makes of the row.
#[test]
fn with_computed_attributes_the_tag_is_that_of_the_bytes_too() {
    let server = server();
    let tag = tag(&server, "/topics/1");
    let (state, digest) = tag.trim_matches('"').split_once('-').expect("S-D");
    assert_eq!((count(&format!("\"{state}\"")), digest.len()), (1, 40));
    let document = json!({"data": {"type": "topics", "id": "1", "attributes": {"name": "go"}}});
    let changed = conditional(&server, "PATCH", "/topics/1", &[("If-Match", &tag)], &document).is(200);
    assert_eq!(self::tag(&server, "/topics/1"), changed.field("etag").unwrap());
    let refused = conditional(&server, "PATCH", "/topics/1", &[("If-Match", &tag)], &document).is(412);
    // What it carries serves for the next write.
    let current = refused.field("etag").unwrap();
    conditional(&server, "PATCH", "/topics/1", &[("If-Match", current)], &document).is(200);
    let created = server.write("POST", "/topics", &document_of("new")).is(201);
    assert_eq!(self::tag(&server, created.field("location").unwrap()), created.field("etag").unwrap());
}

fn document_of(name: &str) -> Value {
    json!({"data": {"type": "topics", "attributes": {"name": name}}})
}
