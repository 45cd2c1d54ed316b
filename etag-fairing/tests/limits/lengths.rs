//! How long ids and texts may be that clients send.

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};

use super::databases::Database;
use super::support::{Answer, Server};

/// Of ids that are text.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pages", etag)]
struct Page {
    #[jsonapi(id)]
    id: String,
    title: String,
    note: Option<String>,
    #[jsonapi(json)]
    extra: Value,
    #[jsonapi(relationship)]
    parent: ToOne<Page>,
    #[jsonapi(relationship, inverse = "parent", linkage = true)]
    children: ToMany<Page>,
}

fn serve(database: &Database, jsonapi: &str) -> Server {
    let jsonapi = format!("client_ids = true\n{jsonapi}");
    database.serve("ETAG = true", &jsonapi, |rocket| rocket.mount("/v1", Page::routes()))
}

fn page(id: &str, more: &Value) -> Value {
    let mut data = json!({"type": "pages", "id": id, "attributes": {"title": "a", "extra": null}});
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more.clone());
    }
    json!({"data": data})
}

#[track_caller]
fn is_too_long(answer: &Answer, pointer: &str, key: &str) {
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(answer.error(), ("validation_failed".into(), json!({"pointer": pointer})));
    let told = answer.json()["errors"][0]["detail"].to_string();
    assert!(told.contains(key), "{told}");
}

#[test]
fn an_id_has_no_more_bytes_than_it_may_wherever_it_is_sent() {
    for (database, limit) in Database::each().iter().flat_map(|database| [(database, 255), (database, 40)]) {
        let keys = if limit == 255 { String::new() } else { format!("max_id_length = {limit}") };
        let server = serve(database, &keys);
        let (longest, long) = ("x".repeat(limit), "x".repeat(limit + 1));
        // In bytes: of two each.
        let wide = "ä".repeat(limit / 2 + 1);
        server.write("POST", "/v1/pages", &page(&longest, &Value::Null)).is(201);
        server.get(&format!("/v1/pages/{longest}"), &[]).is(200);
        for id in [&long, &wide, &"y".repeat(100_000)] {
            let link = json!({"type": "pages", "id": id});
            is_too_long(
                &server.write("POST", "/v1/pages", &page(id, &Value::Null)),
                "/data/id",
                "max_id_length",
            );
            let to_one = json!({"relationships": {"parent": {"data": link}}});
            let to_many =
                json!({"relationships": {"children": {"data": [{"type": "pages", "id": longest}, link]}}});
            for (more, pointer) in [
                (&to_one, "/data/relationships/parent/data/id"),
                (&to_many, "/data/relationships/children/data/1/id"),
            ] {
                is_too_long(&server.write("POST", "/v1/pages", &page("b", more)), pointer, "max_id_length");
                let path = format!("/v1/pages/{longest}");
                is_too_long(&server.write("PATCH", &path, &page(&longest, more)), pointer, "max_id_length");
            }
            let relationships = format!("/v1/pages/{longest}/relationships");
            let answer = server.write("PATCH", &format!("{relationships}/parent"), &json!({"data": link}));
            is_too_long(&answer, "/data/id", "max_id_length");
            for method in ["PATCH", "POST", "DELETE"] {
                let answer =
                    server.write(method, &format!("{relationships}/children"), &json!({"data": [link]}));
                is_too_long(&answer, "/data/0/id", "max_id_length");
            }
        }
        for path in ["", "/parent", "/children", "/relationships/parent"] {
            let answer = server.get(&format!("/v1/pages/{long}{path}"), &[]).is(404);
            assert!(answer.text().contains("max_id_length"), "{}", answer.text());
        }
        server.send("DELETE", &format!("/v1/pages/{long}"), &[], "").is(404);
        server.send("DELETE", &format!("/v1/pages/{longest}"), &[], "").is(204);
    }
}

#[test]
fn a_text_has_no_more_bytes_than_it_may() {
    for database in Database::each() {
        let server = serve(&database, "max_length = 100");
        let (longest, long) = ("x".repeat(100), "x".repeat(101));
        let with = |title: &str| json!({"attributes": {"title": title, "extra": null}});
        server.write("POST", "/v1/pages", &page("a", &with(&longest))).is(201);
        for (attributes, member) in [
            (json!({"title": long, "extra": null}), "title"),
            (json!({"title": "ä".repeat(51), "extra": null}), "title"),
            (json!({"title": "a", "note": long, "extra": null}), "note"),
            (json!({"title": "a", "extra": {"a": long}}), "extra"),
            (json!({"title": "a", "extra": vec![1; 60]}), "extra"),
        ] {
            let pointer = format!("/data/attributes/{member}");
            let more = json!({"attributes": attributes});
            is_too_long(&server.write("POST", "/v1/pages", &page("b", &more)), &pointer, "max_length");
            is_too_long(&server.write("PATCH", "/v1/pages/a", &page("a", &more)), &pointer, "max_length");
        }
        // What is there already may stay, and be sent back.
        database.run(&format!("UPDATE pages SET title = '{}'", "y".repeat(300)));
        let read = server.get("/v1/pages/a", &[]).is(200);
        let back = json!({"data": read.json()["data"]});
        assert_eq!(server.write("PATCH", "/v1/pages/a", &back).is(200).tag(), read.tag());
    }
    // As long as the body may be.
    let database = Database::each().remove(0);
    let server = serve(&database, "max_body = '3 MiB'");
    let long = json!({"attributes": {"title": "x".repeat(2 << 20), "extra": null}});
    server.write("POST", "/v1/pages", &page("a", &long)).is(201);
}
