//! The decision table (RFC 9110 §13, §8.8.3, §5.6.7): each row a request as bytes, sent to the running example.
//!
//! Every row meets a session of its own, whose state is compared before and after: a refused write changes
//! nothing, not one byte. `{T}` in a row stands for the session's current tag with its quotes, `{t}` for what is
//! between them, `{stale}` for a tag that it had before, `{another}` for another session's current tag, `{C}` for
//! the collection's, `{item}` for the session's path and `{id}` for its id.

mod dates;
mod order;
mod reads;
mod relationships;
mod required;
mod syntax;
mod writes;

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;

use crate::{
    api::{Record, assert_error, assert_precondition_failed, count, new_session, read, session_document},
    support::{Connection, MEDIA_TYPE, Response, Server},
};

/// One row, run once for each of its methods.
struct Row {
    id: &'static str,
    methods: &'static [&'static str],
    target: &'static str,
    /// Header field lines as bytes. `Content-Type` and `Accept` are added where they don't stand here.
    lines: Vec<Vec<u8>>,
    /// `None`: the right one for the method.
    body: Option<&'static str>,
    outcome: Outcome,
}

/// What a row expects. Whatever is no success must leave the state as it was.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// The method's own success: 200, 201, 204.
    Success,
    /// 304 with the current tag.
    NotModified,
    /// 412 because of this header field.
    Failed(&'static str),
    /// An error document with this status.
    Refused(u16),
    /// A refusal by the HTTP layer, before anything of ours.
    RefusedByHttp(u16),
}

use Outcome::{Failed, NotModified, Refused, RefusedByHttp, Success};

const READS: &[&str] = &["GET", "HEAD"];
const WRITES: &[&str] = &["PATCH", "DELETE"];
const IM: Outcome = Failed("If-Match");
const INM: Outcome = Failed("If-None-Match");

/// A row on the session itself with the right body.
fn row(id: &'static str, methods: &'static [&'static str], lines: &[&[u8]], outcome: Outcome) -> Row {
    let lines = lines.iter().map(|line| line.to_vec()).collect();
    Row { id, methods, target: "{item}", lines, body: None, outcome }
}

impl Row {
    fn at(self, target: &'static str) -> Self {
        Self { target, ..self }
    }

    fn with_body(self, body: &'static str) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// Runs all rows.
fn run(server: &Server, rows: &[Row]) {
    let named = rows.iter().flat_map(|row| {
        row.methods.iter().map(move |method| (format!("{method} {}", row.id), (row, *method)))
    });
    run_named(named, |(row, method)| check(server, row, method));
}

/// Runs a check for each row; fails with the list of those that failed.
fn run_named<T>(rows: impl IntoIterator<Item = (String, T)>, check: impl Fn(T)) {
    let mut failed = Vec::new();
    for (id, row) in rows {
        if catch_unwind(AssertUnwindSafe(|| check(row))).is_err() {
            eprintln!("^ row {id}");
            failed.push(id);
        }
    }
    assert!(failed.is_empty(), "{} rows failed:\n{}", failed.len(), failed.join("\n"));
}

/// What the placeholders of a row stand for.
struct Scene {
    item: Record,
    stale: String,
    another: String,
    collection: String,
    count: u64,
}

impl Scene {
    fn set(connection: &mut Connection) -> Self {
        let draft = new_session(connection, "Draft");
        let document = session_document(&draft.id, json!({"title": "Before"}));
        assert_eq!(connection.patch(&draft.path, &[("If-Match", &draft.tag)], &document).status, 200);
        let item = read(connection, &draft.path);
        assert_ne!(item.tag, draft.tag);
        let another = read(connection, "/v1/sessions/1").tag;
        let collection = connection.get("/v1/sessions", &[]).etag().to_owned();
        let count = count(connection, "/v1/sessions");
        Self { item, stale: draft.tag, another, collection, count }
    }

    fn fill(&self, text: &[u8]) -> Vec<u8> {
        let places = [
            ("{T}", self.item.tag.as_str()),
            ("{t}", self.item.tag.trim_matches('"')),
            ("{stale}", &self.stale),
            ("{another}", &self.another),
            ("{C}", &self.collection),
            ("{item}", &self.item.path),
            ("{id}", &self.item.id),
        ];
        let mut filled = Vec::with_capacity(text.len());
        let mut rest = text;
        'next: while let Some((first, more)) = rest.split_first() {
            for (name, value) in places {
                if let Some(after) = rest.strip_prefix(name.as_bytes()) {
                    filled.extend_from_slice(value.as_bytes());
                    rest = after;
                    continue 'next;
                }
            }
            filled.push(*first);
            rest = more;
        }
        filled
    }
}

fn check(server: &Server, row: &Row, method: &str) {
    let mut connection = server.connect();
    let scene = Scene::set(&mut connection);
    let target = String::from_utf8(scene.fill(row.target.as_bytes())).expect("a target is ASCII");
    let body = match (row.body, method) {
        (Some(body), _) => scene.fill(body.as_bytes()),
        (None, "PATCH") => {
            session_document(&scene.item.id, json!({"title": "After"})).to_string().into_bytes()
        }
        (None, "POST") => br#"{"data":{"type":"sessions","attributes":{"title":"Posted"}}}"#.to_vec(),
        (None, _) => Vec::new(),
    };
    let response = exchange(server, method, &target, &row.lines, &scene, &body);

    match row.outcome {
        Success => {
            let status = match method {
                "POST" => 201,
                "DELETE" | "OPTIONS" => 204,
                _ => 200,
            };
            assert_eq!(response.status, status, "{response:?}");
        }
        NotModified => {
            assert_eq!((response.status, response.body.len()), (304, 0), "{response:?}");
            let tag = if target == scene.item.path { &scene.item.tag } else { &scene.collection };
            assert_eq!(response.etag(), tag, "a 304 has the representation's own tag: {response:?}");
        }
        Failed(header) => {
            let path = target.split('?').next().unwrap_or_default();
            let tag = if path == scene.item.path { &scene.item.tag } else { &scene.collection };
            if method == "HEAD" {
                assert_eq!(response.status, 412, "{response:?}");
                assert_eq!(response.etag(), tag);
            } else {
                assert_precondition_failed(&response, header, path, Some(tag));
            }
        }
        Refused(status) if method == "HEAD" => assert_eq!(response.status, status, "{response:?}"),
        Refused(status) => {
            assert_error(&response, status);
        }
        RefusedByHttp(status) => assert_eq!(response.status, status, "{response:?}"),
    }

    // The state, whole: body, tag, and the number of records.
    let after = connection.get(&scene.item.path, &[]);
    let changed = row.outcome == Success;
    let expected_count = match method {
        "POST" if changed => scene.count + 1,
        "DELETE" if changed => scene.count - 1,
        _ => scene.count,
    };
    assert_eq!(count(&mut connection, "/v1/sessions"), expected_count, "the number of records");
    match method {
        "PATCH" if changed => {
            assert_eq!(after.json()["data"]["attributes"]["title"], "After");
            assert_ne!(after.etag(), scene.item.tag, "a new state has a new tag");
            assert_eq!(after.etag(), response.etag(), "the answer has the tag of the next GET");
        }
        "DELETE" if changed => assert_eq!(after.status, 404),
        _ => {
            let untouched = Record { tag: after.etag().into(), body: after.body, ..scene.item.clone() };
            assert_eq!(untouched, scene.item, "the record is as it was");
        }
    }
}

/// Sends the request as bytes on a connection of its own and makes sure that nothing follows the response.
fn exchange(
    server: &Server,
    method: &str,
    target: &str,
    lines: &[Vec<u8>],
    scene: &Scene,
    body: &[u8],
) -> Response {
    let has = |name: &[u8]| lines.iter().any(|line| line.starts_with(name));
    let mut request =
        format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
    for line in lines {
        request.extend_from_slice(&scene.fill(line));
        request.extend_from_slice(b"\r\n");
    }
    if !has(b"Accept:") {
        request.extend_from_slice(format!("Accept: {MEDIA_TYPE}\r\n").as_bytes());
    }
    if !body.is_empty() {
        if !has(b"Content-Type:") {
            request.extend_from_slice(format!("Content-Type: {MEDIA_TYPE}\r\n").as_bytes());
        }
        request.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(body);
    let mut connection = server.connect();
    let response = connection.exchange(&request);
    let rest = connection.rest();
    assert!(rest.is_empty(), "{} bytes behind the response {response:?}", rest.len());
    response
}
