//! Hostile text wherever a client can put text: answered as what it is, text, and nothing else happens.

use serde_json::{Value, json};

use crate::{
    api::{COLLECTIONS, assert_error},
    case::{read, send_json, serve},
    support::Connection,
};

/// What has broken other servers: SQL in every quoting, comments, stacked statements, patterns, NUL and other
/// controls, broken UTF-8 (percent-encoded), format strings, templates, paths, headers, JSON, huge numbers.
const HOSTILE: [&str; 40] = [
    "'",
    "''",
    "\"",
    "`",
    "\\",
    ";",
    "--",
    "/*",
    "*/",
    "#",
    "' OR '1'='1",
    "' OR 1=1 --",
    "\" OR \"\"=\"",
    "1 OR 1=1",
    "1; DROP TABLE sessions",
    "'; DROP TABLE sessions; --",
    "\"; DROP TABLE sessions; --",
    "'); DELETE FROM sessions; --",
    "x'; UPDATE sessions SET title='owned'; --",
    "' UNION SELECT name FROM sqlite_master --",
    "title) FROM sessions; DROP TABLE speakers; --",
    "title; ATTACH DATABASE 'x.db' AS x",
    "(SELECT title FROM sessions)",
    "CASE WHEN 1=1 THEN title ELSE id END",
    "title COLLATE NOCASE",
    "rowid",
    "sqlite_master",
    "?1",
    ":id",
    "$1",
    "%",
    "_",
    "\0",
    "a\0b",
    "\u{feff}\u{202e}",
    "\r\nX-Injected: 1",
    "${jndi:ldap://x}{{7*7}}%s%n",
    "../../../etc/passwd",
    "{\"$ne\":null}",
    "-9223372036854775809e999",
];

/// Every byte percent-encoded: the text arrives as it is.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// All that is stored.
fn everything(http: &mut Connection) -> Vec<Value> {
    COLLECTIONS.iter().map(|url| read(http, &format!("{url}?page[size]=100"))).collect()
}

/// Checks that an answer to a read is a document of success or of the client's mistake (any document that is received
/// is held against the schema).
#[track_caller]
fn assert_harmless(http: &mut Connection, url: &str) {
    let response = http.get(url, &[]);
    assert!([200, 400, 404].contains(&response.status), "{url}: {response:?}");
    assert!(!response.body.is_empty(), "{url}: {response:?}");
    assert_eq!(response.header("X-Injected"), None, "{url}");
    let text = response.text().to_lowercase();
    for leak in ["sqlite error", "syntax error", "no such column", "no such table", "unrecognized token"] {
        assert!(!text.contains(leak), "{url}: {response:?}");
    }
    if response.status != 200 {
        assert_error(&response, response.status);
    }
}

#[test]
fn hostile_text_in_every_parameter_and_name_reads_and_breaks_nothing() {
    let (_server, mut http) = serve();
    let before = everything(&mut http);
    for text in HOSTILE {
        let hostile = encoded(text);
        let json = |value: Value| encoded(&value.to_string());
        let mut queries = vec![
            format!("{hostile}=1"),
            hostile.clone(),
            format!("include={hostile}"),
            format!("include=track.{hostile}"),
            format!("include=track,{hostile}"),
            format!("fields[sessions]={hostile}"),
            format!("fields[sessions]=title,{hostile}"),
            format!("fields[{hostile}]=title"),
            format!("sort={hostile}"),
            format!("sort=-{hostile}"),
            format!("sort=track.{hostile}"),
            format!("sort=title,{hostile}"),
            format!("page[{hostile}]=1"),
            format!("filter={hostile}"),
            format!("filter[{hostile}]=1"),
            format!("filter[track.{hostile}]=1"),
            format!("filter[title][{hostile}]=1"),
            format!("filter[id][]={hostile}"),
        ];
        for key in ["number", "size", "offset", "limit", "after", "before", "totals"] {
            queries.push(format!("page[{key}]={hostile}"));
        }
        for field in
            ["title", "id", "startTime", "favourites", "state", "track", "track.name", "speakers.name"]
        {
            queries.push(format!("filter[{field}]={hostile}"));
            queries.push(format!("filter[{field}]={hostile},{hostile}"));
        }
        for operator in [
            "eq",
            "ne",
            "gt",
            "ge",
            "lt",
            "le",
            "between",
            "in",
            "not_in",
            "is",
            "isnot",
            "is_null",
            "like",
            "notlike",
            "ilike",
            "contains",
            "icontains",
            "startswith",
            "endswith",
        ] {
            queries.push(format!("filter[title][{operator}]={hostile}"));
        }
        for filter in [
            json!([{"name": text, "op": "eq", "val": "x"}]),
            json!([{"name": "title", "op": text, "val": "x"}]),
            json!([{"name": "title", "op": "eq", "val": text}]),
            json!([{"name": "title", "op": "eq", "field": text}]),
            json!([{"name": "speakers", "op": "any", "val": {"name": "name", "op": "ilike", "val": text}}]),
            json!([{text: []}]),
        ] {
            queries.push(format!("filter={}", json(filter)));
        }
        for query in queries {
            assert_harmless(&mut http, &format!("/v1/sessions?{query}"));
        }
        for path in [
            format!("/v1/{hostile}"),
            format!("/v1/sessions/{hostile}"),
            format!("/v1/sessions/1/{hostile}"),
            format!("/v1/sessions/{hostile}/track"),
            format!("/v1/sessions/1/relationships/{hostile}"),
        ] {
            assert_harmless(&mut http, &path);
        }
    }
    assert_eq!(everything(&mut http), before);
}

#[test]
fn a_filter_by_hostile_text_finds_what_is_equal_to_it_and_nothing_else() {
    let (_server, mut http) = serve();
    for text in HOSTILE.into_iter().filter(|text| !text.contains('\0')) {
        let document = json!({"data": {"type": "sessions", "attributes": {"title": text}}});
        let created = http.post("/v1/sessions", &[], &document);
        assert_eq!(created.status, 201, "{text:?}: {created:?}");
        assert_eq!(created.json()["data"]["attributes"]["title"], text);
        for operator in ["eq", "contains", "startswith", "endswith"] {
            let url = format!("/v1/sessions?filter[title][{operator}]={}&page[size]=100", encoded(text));
            let found = read(&mut http, &url);
            let titles: Vec<_> = found["data"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|one| one["attributes"]["title"].as_str().expect("a title").to_owned())
                .collect();
            assert!(titles.iter().any(|title| title == text), "{operator} {text:?}: {titles:?}");
            let fits = |title: &String| match operator {
                "eq" => title == text,
                "contains" => title.contains(text),
                "startswith" => title.starts_with(text),
                _ => title.ends_with(text),
            };
            assert!(titles.iter().all(fits), "{operator} {text:?}: {titles:?}");
        }
        let path = created.header("Location").expect("a Location").to_owned();
        assert_eq!(http.delete(&path, &[]).status, 204);
    }
}

#[test]
fn hostile_text_in_documents_is_stored_as_text_or_refused() {
    let (_server, mut http) = serve();
    let before = everything(&mut http);
    for text in HOSTILE {
        for document in [
            json!({"data": {"type": text, "attributes": {"title": "x"}}}),
            json!({"data": {"type": "sessions", "id": text, "attributes": {"title": "x"}}}),
            json!({"data": {"type": "sessions", "attributes": {"title": "x", text: "x"}}}),
            json!({"data": {"type": "sessions", "attributes": {"title": "x", "state": text}}}),
            json!({"data": {"type": "sessions", "attributes": {"title": "x", "startTime": text}}}),
            json!({"data": {"type": "sessions", "attributes": {"title": "x"}, "relationships": {text: {"data": null}}}}),
            json!({"data": {"type": "sessions", "attributes": {"title": "x"},
                "relationships": {"track": {"data": {"type": "tracks", "id": text}}}}}),
            json!({"data": {"type": "sessions", "attributes": {"title": "x"},
                "relationships": {"track": {"data": {"type": text, "id": "1"}}}}}),
        ] {
            let response = send_json(&mut http, "POST", "/v1/sessions", &document);
            assert!([400, 403, 404, 409, 422].contains(&response.status), "{document}: {response:?}");
            assert_error(&response, response.status);
        }
    }
    assert_eq!(everything(&mut http), before);
}
