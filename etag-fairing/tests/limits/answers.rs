//! What every answer says to caches, and which bodies are taken.

use etag_fairing::document::error::{ErrorObject, Errors};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::fairing::AdHoc;
use rocket::http::{Header, Status};
use rocket::{Build, Rocket, get, routes};
use serde_json::{Value, json};

use super::databases::Database;
use super::support::{Answer, Server};

const JSON_API: &str = "application/vnd.api+json";

/// With tags.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", etag)]
struct Book {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship, inverse = "book")]
    chapters: ToMany<Chapter>,
}

/// Without any.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "chapters")]
struct Chapter {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship)]
    book: ToOne<Book>,
}

#[get("/gone")]
fn gone() -> Errors {
    ErrorObject::new(Status::Gone, "gone", "Gone").into()
}

#[get("/gone-for-good")]
fn gone_for_good() -> Errors {
    let error = ErrorObject::new(Status::Gone, "gone", "Gone");
    Errors::from(error).with_header("cache-control", "public, max-age=60")
}

fn mounted(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
        .mount("/v1", Book::routes())
        .mount("/v1", Chapter::routes())
        .mount("/v1", routes![gone, gone_for_good])
}

/// A server with a book of two chapters.
fn filled(default: &str) -> Server {
    let server = Database::in_memory(default, "max_body = 2000", mounted);
    let book = json!({"data": {"type": "books", "attributes": {"title": "a"}}});
    server.write("POST", "/v1/books", &book).is(201);
    for title in ["one", "two"] {
        let book = json!({"data": {"type": "books", "id": "1"}});
        let data =
            json!({"type": "chapters", "attributes": {"title": title}, "relationships": {"book": book}});
        server.write("POST", "/v1/chapters", &json!({"data": data})).is(201);
    }
    server
}

const READS: [&str; 12] = [
    "/v1/books",
    "/v1/books/1",
    "/v1/books/1?include=chapters",
    "/v1/books/1/chapters",
    "/v1/books/1/relationships/chapters",
    "/v1/books?page[size]=1&fields[books]=title",
    "/v1/chapters",
    "/v1/chapters/1",
    "/v1/chapters/1?fields[chapters]=title",
    "/v1/chapters/1/book",
    "/v1/chapters/1/relationships/book",
    "/v1/chapters?include=book",
];

#[test]
fn every_generated_read_says_how_it_may_be_kept() {
    for (default, expected) in [
        ("ETAG = true", Some("private, no-cache")),
        ("ETAG = false", Some("private, no-cache")),
        ("", Some("private, no-cache")),
        ("[default.etag]\nenabled = false\ncache_control = 'max-age=5'", Some("max-age=5")),
        ("[default.etag]\ncache_control = 'max-age=5'", Some("max-age=5")),
        ("[default.etag]\ncache_control = ''", None),
    ] {
        let server = filled(default);
        for path in READS {
            for method in ["GET", "HEAD"] {
                let answer = server.send(method, path, &[], "");
                assert_eq!(
                    (answer.status, answer.field("cache-control")),
                    (200, expected),
                    "{default}: {path}"
                );
            }
        }
    }
}

#[test]
fn what_the_users_own_fairing_says_stays() {
    for (name, value) in
        [("Cache-Control", "public, max-age=60"), ("Expires", "Fri, 01 Jan 2100 00:00:00 GMT")]
    {
        for default in ["ETAG = true", "ETAG = false"] {
            let server = Server::start(
                &format!("[default]\n{default}\n[default.databases.api]\nurl = 'sqlite::memory:'"),
                |rocket| {
                    let theirs = AdHoc::on_response("theirs", move |_, response| {
                        Box::pin(async move {
                            let _ = response.set_header(Header::new(name, value));
                        })
                    });
                    mounted(rocket.attach(theirs))
                        .attach(etag_fairing::JsonApi::fairing())
                        .attach(etag_fairing::EtagFairing::new())
                },
            );
            for path in ["/v1/books", "/v1/chapters"] {
                let answer = server.get(path, &[]);
                assert_eq!((answer.status, answer.field(&name.to_lowercase())), (200, Some(value)), "{path}");
                let other = if name == "Expires" { "cache-control" } else { "expires" };
                assert_eq!(answer.field(other), None, "{default}: {path}");
            }
        }
    }
}

/// One error: the status, the request, its fields, its body.
type Row = (u16, &'static str, String, Vec<(&'static str, &'static str)>, Value);

fn errors() -> Vec<Row> {
    let typed = || vec![("Content-Type", JSON_API)];
    let book = |more: Value| {
        let mut data = json!({"type": "books", "attributes": {"title": "b"}});
        data.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        json!({"data": data})
    };
    let mut rows = vec![
        (404, "GET", "/v1/nothing".into(), vec![], Value::Null),
        (404, "GET", "/v1/books/1/nothing".into(), vec![], Value::Null),
        (405, "PUT", "/v1/books/1".into(), vec![], Value::Null),
        (405, "DELETE", "/v1/books".into(), vec![], Value::Null),
        (415, "POST", "/v1/books".into(), vec![("Content-Type", "text/plain")], json!({})),
        (400, "POST", "/v1/books".into(), typed(), json!([])),
        (403, "POST", "/v1/books".into(), typed(), book(json!({"id": "7"}))),
        (409, "POST", "/v1/books".into(), typed(), book(json!({"type": "chapters"}))),
        (422, "POST", "/v1/books".into(), typed(), book(json!({"attributes": {"title": 1}}))),
        (413, "POST", "/v1/books".into(), typed(), json!("x".repeat(3000))),
        (404, "PATCH", "/v1/books/99".into(), typed(), book(json!({"id": "99"}))),
        (409, "PATCH", "/v1/books/1".into(), typed(), book(json!({"id": "2"}))),
        (
            412,
            "PATCH",
            "/v1/books/1".into(),
            vec![("Content-Type", JSON_API), ("If-Match", "\"old\"")],
            book(json!({"id": "1"})),
        ),
        (412, "DELETE", "/v1/books/1".into(), vec![("If-Match", "\"old\"")], Value::Null),
        (412, "DELETE", "/v1/chapters/1".into(), vec![("If-Match", "\"old\"")], Value::Null),
        (404, "DELETE", "/v1/chapters/99".into(), vec![], Value::Null),
        (404, "POST", "/v1/books/99/relationships/chapters".into(), typed(), json!({"data": []})),
        (400, "PATCH", "/v1/chapters/1/relationships/book".into(), typed(), json!({"data": 1})),
        (410, "GET", "/v1/gone".into(), vec![], Value::Null),
    ];
    for path in READS {
        let path = path.split('?').next().unwrap_or(path);
        rows.push((400, "GET", format!("{path}?what=1"), vec![], Value::Null));
        rows.push((400, "HEAD", format!("{path}?what=1"), vec![], Value::Null));
        rows.push((406, "GET", path.into(), vec![("Accept", "text/html")], Value::Null));
        if path.contains("/1") {
            rows.push((404, "GET", path.replace("/1", "/99"), vec![], Value::Null));
            rows.push((404, "GET", path.replace("/1", "/x"), vec![], Value::Null));
        }
    }
    rows
}

#[test]
fn no_error_is_to_be_kept() {
    for default in ["ETAG = true", "ETAG = false"] {
        let server = filled(default);
        for (status, method, path, fields, document) in errors() {
            let body = if document.is_null() { String::new() } else { document.to_string() };
            let answer = server.send(method, &path, &fields, &body);
            assert_eq!(answer.status, status, "{default}: {method} {path}: {}", answer.text());
            assert_eq!(answer.field("cache-control"), Some("no-store"), "{default}: {method} {path}");
        }
        let own = server.get("/v1/gone-for-good", &[]);
        assert_eq!((own.status, own.field("cache-control")), (410, Some("public, max-age=60")));
    }
    let server = filled("[default.etag]\nrequire_if_match = true");
    for (method, fields) in [("GET", vec![("If-Match", "\"old\"")]), ("DELETE", vec![])] {
        let answer = server.send(method, "/v1/books/1", &fields, "");
        assert!([412, 428].contains(&answer.status), "{answer:?}");
        assert_eq!(answer.field("cache-control"), Some("no-store"), "{method}");
    }
}

#[test]
fn a_body_in_a_content_coding_is_not_taken() {
    let server = filled("ETAG = true");
    let book = json!({"data": {"type": "books", "attributes": {"title": "b"}}}).to_string();
    let same = json!({"data": {"type": "books", "id": "1", "attributes": {"title": "b"}}}).to_string();
    let linkage = json!({"data": []}).to_string();
    let send = |method: &str, path: &str, coding: &str, body: &str| -> Answer {
        server.send(method, path, &[("Content-Type", JSON_API), ("Content-Encoding", coding)], body)
    };
    for (method, path, body, taken) in [
        ("POST", "/v1/books", &book, 201),
        ("PATCH", "/v1/books/1", &same, 200),
        ("POST", "/v1/books/1/relationships/chapters", &linkage, 200),
        ("DELETE", "/v1/books/1/relationships/chapters", &linkage, 200),
        ("PATCH", "/v1/books/1/relationships/chapters", &linkage, 200),
    ] {
        for coding in ["gzip", "br", "identity, deflate", "GZIP"] {
            let answer = send(method, path, coding, body);
            assert_eq!(answer.status, 415, "{method} {path}");
            // RFC 9110 §12.5.3: which codings would be taken.
            assert_eq!(answer.field("accept-encoding"), Some("identity"));
            let expected = ("unsupported_media_type".into(), json!({"header": "Content-Encoding"}));
            assert_eq!(answer.error(), expected);
        }
        for coding in ["identity", "Identity"] {
            assert_eq!(send(method, path, coding, body).status, taken, "{method} {path}");
        }
    }
}

#[test]
fn an_accept_that_names_our_type_only_with_unknown_parameters_is_406() {
    let server = filled("ETAG = true");
    let accept = |value: &str| server.get("/v1/books/1", &[("Accept", value)]).status;
    assert_eq!(accept("application/vnd.api+json;charset=utf-8, */*"), 406);
    assert_eq!(accept("*/*;q=0.9, application/vnd.api+json; version=1;q=0.1"), 406);
    assert_eq!(accept("application/vnd.api+json;charset=utf-8, application/vnd.api+json, */*"), 200);
    assert_eq!(accept("application/json, */*"), 200);
}
