//! Bytes: base64 in documents, `BLOB` and `bytea` in tables, on both databases.

use etag_fairing::JsonApiResource;
use serde_json::{Value, json};

use crate::place::Place;
use crate::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "files", table = "files", etag)]
struct File {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(default)]
    content: Vec<u8>,
    digest: Option<Vec<u8>>,
}

fn patch(server: &Server, attributes: &Value) -> Answer {
    let body = json!({"data": {"type": "files", "id": "1", "attributes": attributes}}).to_string();
    server.send("PATCH", "/files/1", &[("Content-Type", "application/vnd.api+json")], &body)
}

fn ids(server: &Server, query: &str) -> Vec<String> {
    let query = query.replace('"', "%22").replace('{', "%7B").replace('}', "%7D").replace('+', "%2B");
    let document = server.get(&format!("/files?{query}"), &[]).is(200).json();
    let rows = document["data"].as_array().expect("a list");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

fn bytes_are_base64(place: &Place, row: &str) {
    let server = place.serve(|rocket| rocket.mount("/", File::routes()));
    place.run(row);
    for (sent, shown) in [
        ("AA==", "AA=="),
        ("AA", "AA=="),
        ("aGVsbG8=", "aGVsbG8="),
        ("+/+/", "+/+/"),
        ("//79/A==", "//79/A=="),
    ] {
        let changed = patch(&server, &json!({"content": sent, "digest": sent})).is(200).json();
        assert_eq!(changed["data"]["attributes"], json!({"content": shown, "digest": shown}), "{sent}");
        assert_eq!(server.get("/files/1", &[]).is(200).json()["data"], changed["data"]);
        for (query, expected) in [
            (format!("filter[digest]={sent}"), &["1"][..]),
            (format!("filter[digest][ne]={sent}"), &["2"]),
            ("filter[digest]=".into(), &["2"]),
            (format!("filter[digest][in]=Zm9v,{sent}"), &["1"]),
            (format!(r#"filter=[{{"name":"digest","op":"eq","val":"{sent}"}}]"#), &["1"]),
            (r#"filter=[{"name":"digest","op":"eq","field":"content"}]"#.into(), &["1", "2"]),
            ("filter[digest][is_null]=true".into(), &["3"]),
        ] {
            if sent.is_empty() && query.contains(",") {
                continue;
            }
            assert_eq!(ids(&server, &query), expected, "{query}");
        }
    }
    assert_eq!(ids(&server, "sort=digest"), ["2", "1", "3"]);
    assert_eq!(ids(&server, "sort=-digest"), ["1", "2", "3"]);
    let first = server.get("/files?sort=digest&page[size]=1&page[before]=", &[]);
    assert_eq!(first.is(400).error().1, json!({"parameter": "page[before]"}));
    for sent in
        [json!("a"), json!("a==="), json!("=AA="), json!("aGVs bG8="), json!("-_-_"), json!(7), json!([1, 2])]
    {
        let refused = patch(&server, &json!({"content": sent})).is(422);
        assert_eq!(refused.pointers(), ["/data/attributes/content"], "{sent}");
        assert!(refused.text().contains("bytes in base64"), "{}", refused.text());
    }
    for (query, parameter) in
        [("filter[digest]=a", "filter[digest]"), ("filter[digest][lt]=AA", "filter[digest][lt]")]
    {
        let refused = server.get(&format!("/files?{query}"), &[]).is(400);
        assert_eq!(refused.error(), ("invalid_filter".into(), json!({"parameter": parameter})));
    }
    patch(&server, &json!({"digest": null})).is(200);
    assert_eq!(ids(&server, "filter[digest][is_null]=true"), ["1", "3"]);
    // As long as a body may be.
    let long = "AAEC".repeat(200_000);
    let changed = patch(&server, &json!({"content": long})).is(200).json();
    assert_eq!(changed["data"]["attributes"]["content"], json!(long));
    let body = json!({"data": {"type": "files", "id": "9", "attributes": {}}}).to_string();
    let made = server.send("POST", "/files", &[("Content-Type", "application/vnd.api+json")], &body);
    assert_eq!(made.is(201).json()["data"]["attributes"], json!({"content": "", "digest": null}));
}

#[test]
fn bytes_are_base64_on_sqlite() {
    let table = "CREATE TABLE files (id INTEGER PRIMARY KEY, content BLOB NOT NULL, digest BLOB)";
    let place = Place::sqlite(table);
    bytes_are_base64(&place, "INSERT INTO files VALUES (1, x'00', x'00'), (2, x'', x''), (3, x'01', NULL)");
    // Text in such a column is not bytes: it is shown as nothing, and stays.
    place.run("UPDATE files SET digest = 'text' WHERE id = 2");
    let server = place.serve(|rocket| rocket.mount("/", File::routes()));
    let document = server.get("/files/2", &[]).is(200).json();
    assert_eq!(document["data"]["attributes"]["digest"], Value::Null);
    assert_eq!(document["data"]["meta"]["warnings"][0]["member"], "digest");
    // In a table of the store's own.
    let place = Place::sqlite("SELECT 1");
    let rows =
        "INSERT INTO files (id, content, digest) VALUES (1, x'00', x'00'), (2, x'', x''), (3, x'01', NULL)";
    bytes_are_base64(&place, rows);
    assert_eq!(place.ask("SELECT typeof(content) FROM files WHERE id = 1"), "blob");
}

#[cfg(feature = "postgres")]
#[test]
fn bytes_are_base64_on_postgresql() {
    let rows = "INSERT INTO files (id, content, digest) VALUES (1, '\\x00', '\\x00'), (2, '', ''), (3, '\\x01', NULL)";
    for table in
        ["CREATE TABLE files (id bigserial PRIMARY KEY, content bytea NOT NULL, digest bytea)", "SELECT 1"]
    {
        let Some(place) = Place::postgres(table) else { return };
        bytes_are_base64(&place, rows);
    }
}
