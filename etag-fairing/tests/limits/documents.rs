//! How many bytes a document may have.

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};

use super::databases::Database;
use super::support::{Answer, Server};

/// With texts of any length.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "papers", etag)]
struct Paper {
    #[jsonapi(id)]
    id: i64,
    title: String,
    text: String,
    #[jsonapi(relationship, inverse = "paper")]
    remarks: ToMany<Remark>,
}

/// Its linkage may be long, too.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "remarks", etag)]
struct Remark {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship)]
    paper: ToOne<Paper>,
}

/// Twenty papers of 10 KiB; the first has 3000 remarks, each other one of 8 KiB. The last has 200 KiB itself.
fn filled(database: &Database, jsonapi: &str) -> Server {
    let server = database.serve("ETAG = true", jsonapi, |rocket| {
        rocket.mount("/v1", Paper::routes()).mount("/v1", Remark::routes())
    });
    let (repeat, series): (fn(usize) -> String, &str) = match database.is_sqlite() {
        true => (
            |length: usize| format!("printf('%.{length}c', 'x')"),
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)",
        ),
        false => (
            |length: usize| format!("repeat('x', {length})"),
            "WITH n(n) AS (SELECT generate_series(1, 3000))",
        ),
    };
    let (paper, remark, long) = (repeat(10 << 10), repeat(8 << 10), repeat(200 << 10));
    database.run(&format!(
        "INSERT INTO papers (id, title, text) {series} SELECT n, 'a', {paper} FROM n WHERE n < 20;
         INSERT INTO papers (id, title, text) VALUES (20, 'long', {long});
         INSERT INTO remarks (id, text, paper_id) {series} SELECT n, 'a', 1 FROM n;
         INSERT INTO remarks (id, text, paper_id) {series} SELECT 3000 + n, {remark}, n FROM n WHERE n BETWEEN 2 AND 20;"
    ));
    server
}

#[track_caller]
fn is_too_large(answer: &Answer, parameter: &str) {
    assert_eq!(answer.status, 400, "{}", answer.text().len());
    assert_eq!(answer.error(), ("limit_exceeded".into(), json!({"parameter": parameter})));
    let told: Value = answer.json();
    let told = told["errors"][0]["detail"].as_str().expect("a detail");
    for word in ["64KiB", "max_document", "page[size]", "include", "fields["] {
        assert!(told.contains(word), "{word} in {told}");
    }
}

#[test]
fn no_document_has_more_bytes_than_it_may() {
    for database in Database::each() {
        let server = filled(&database, "max_document = '64 KiB'\nmax_included = 5000");
        let get = |path: &str| server.get(path, &[]);
        for (path, parameter) in [
            ("/v1/papers", "page[size]"),
            ("/v1/papers?page[size]=7&sort=-id", "page[size]"),
            (
                "/v1/papers?filter=[{\"name\":\"title\",\"op\":\"eq\",\"val\":\"a\"}]&page[totals]",
                "page[size]",
            ),
            ("/v1/papers/20", "fields[papers]"),
            ("/v1/remarks/3020/paper", "fields[papers]"),
            ("/v1/papers/1/relationships/remarks", "page[size]"),
            ("/v1/papers/1?include=remarks", "include"),
            ("/v1/remarks?page[size]=10&sort=-id&fields[remarks]=paper&include=paper", "include"),
            ("/v1/remarks/3020?include=paper", "include"),
        ] {
            let path = path.replace('[', "%5B").replace(']', "%5D").replace('"', "%22");
            let answer = get(&path.replace('{', "%7B").replace('}', "%7D"));
            is_too_large(&answer, parameter);
        }
        // What the error names helps.
        for path in [
            "/v1/papers?page%5Bsize%5D=3&sort=-title&fields%5Bpapers%5D=title,text&page%5Bnumber%5D=2",
            "/v1/papers?fields%5Bpapers%5D=title",
            "/v1/papers/1/relationships/remarks?page%5Bsize%5D=10",
            "/v1/papers/1/remarks?page%5Bsize%5D=100",
            "/v1/papers/2?include=remarks",
        ] {
            let answer = get(path).is(200);
            assert!(answer.body.len() <= 64 << 10, "{path}");
        }
        // Others are not kept waiting by what was broken off.
        for id in 2..12 {
            get(&format!("/v1/remarks/{id}")).is(200);
        }
    }
}

#[test]
fn what_is_too_long_to_be_read_can_be_made_shorter_and_be_deleted() {
    for database in Database::each() {
        let server = filled(&database, "max_document = '64 KiB'");
        server.get("/v1/papers/20", &[]).is(400);
        let short = json!({"data": {"type": "papers", "id": "20", "attributes": {"text": "short"}}});
        server.write("PATCH", "/v1/papers/20", &short).is(200);
        server.get("/v1/papers/20", &[]).is(200);
        let long =
            json!({"data": {"type": "papers", "id": "20", "attributes": {"text": "x".repeat(100 << 10)}}});
        let refused = server.write("PATCH", "/v1/papers/20", &long).is(400);
        assert_eq!(refused.error().0, "limit_exceeded");
        let text = server.get("/v1/papers/20", &[]).is(200).json()["data"]["attributes"]["text"].clone();
        assert_eq!(text, "short", "what could not be read back was not written");
        server.send("DELETE", "/v1/papers/1", &[], "").is(204);
    }
}

#[test]
fn text_that_grows_by_its_escapes_counts_as_it_is_written() {
    let database = Database::each().remove(0);
    let server = filled(&database, "max_document = '64 KiB'");
    database.run("UPDATE papers SET text = replace(text || text, 'x', char(1)) WHERE id = 2");
    is_too_large(&server.get("/v1/papers/2?fields%5Bpapers%5D=text,title", &[]), "fields[papers]");
}
