//! `on_delete`: what becomes of resources when another is deleted, in tables of the store's and of the user's.
#![cfg(feature = "sqlite")]

mod support;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};
use support::Server;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "events")]
struct Event {
    #[jsonapi(id)]
    id: i64,
}

/// Goes with its event, and takes along what goes with it.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required, on_delete = "cascade")]
    event: ToOne<Event>,
    #[jsonapi(relationship, on_delete = "cascade")]
    follows: ToOne<Session>,
    #[jsonapi(relationship, through = "session_tags")]
    tags: ToMany<Tag>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tags")]
struct Tag {
    #[jsonapi(id)]
    id: String,
    #[jsonapi(relationship, on_delete = "set_null")]
    session: ToOne<Session>,
}

/// Keeps its session.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "recordings")]
struct Recording {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, on_delete = "restrict")]
    session: ToOne<Session>,
}

/// Tables without a single foreign key, as many databases have them.
const THEIRS: &str = "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT);
    CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, event_id INTEGER, follows_id INTEGER);
    CREATE TABLE tags (id TEXT PRIMARY KEY, session_id INTEGER);
    CREATE TABLE recordings (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id INTEGER);
    CREATE TABLE session_tags (session_id INTEGER, tag_id TEXT);";

/// One table alone has foreign keys, which do something else than the resources ask for.
const OTHERS: &str = "CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id INTEGER REFERENCES events (id) ON DELETE SET NULL,
        follows_id INTEGER REFERENCES sessions (id));
    CREATE TABLE recordings (id INTEGER PRIMARY KEY AUTOINCREMENT,
        session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE);";

/// A server over tables of its own, and over each kind of the user's.
fn servers() -> Vec<(&'static str, Server, tempfile::TempDir)> {
    vec![server_over("ours", ""), server_over("theirs", THEIRS), server_over("others", OTHERS)]
}

fn server_over(name: &'static str, tables: &str) -> (&'static str, Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(tables).unwrap();
    let toml = format!(
        "[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite:{}'\nschema = 'extend'\n[default.jsonapi]\nclient_ids = true",
        path.display()
    );
    let server = Server::start(&toml, |rocket| {
        let rocket = rocket.attach(JsonApi::fairing()).attach(EtagFairing::new());
        rocket
            .mount("/", Event::routes())
            .mount("/", Session::routes())
            .mount("/", Tag::routes())
            .mount("/", Recording::routes())
    });
    (name, server, folder)
}

fn identifier(kind: &str, id: &str) -> Value {
    json!({"data": {"type": kind, "id": id}})
}

fn make(server: &Server, kind: &str, id: &str, relationships: Value) {
    let data = json!({"type": kind, "id": id, "relationships": relationships});
    server.write("POST", &format!("/{kind}"), &json!({"data": data})).is(201);
}

fn delete(server: &Server, path: &str) -> support::Answer {
    server.write("DELETE", path, &Value::Null)
}

fn ids(server: &Server, kind: &str) -> Vec<String> {
    let document = server.get(&format!("/{kind}"), &[]).is(200).json();
    let rows = document["data"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Two events with a session each; the third follows the first and the first follows it.
fn fill(server: &Server) {
    make(server, "events", "1", json!({}));
    make(server, "events", "2", json!({}));
    make(server, "sessions", "1", json!({"event": identifier("events", "1")}));
    make(server, "sessions", "2", json!({"event": identifier("events", "2")}));
    make(
        server,
        "sessions",
        "3",
        json!({"event": identifier("events", "2"), "follows": identifier("sessions", "1")}),
    );
    let circle = json!({"data": {"type": "sessions", "id": "1", "relationships":
        {"follows": identifier("sessions", "3")}}});
    server.write("PATCH", "/sessions/1", &circle).is(200);
    make(server, "tags", "a", json!({"session": identifier("sessions", "3")}));
    make(server, "tags", "b", json!({"session": identifier("sessions", "2")}));
    let both = json!({"data": [{"type": "tags", "id": "a"}, {"type": "tags", "id": "b"}]});
    for session in ["1", "2", "3"] {
        server.write("PATCH", &format!("/sessions/{session}/relationships/tags"), &both).is(200);
    }
}

#[test]
fn a_cascade_goes_all_the_way_and_ends_in_a_circle() {
    for (tables, server, _folder) in servers() {
        fill(&server);
        delete(&server, "/events/1").is(204);
        assert_eq!(ids(&server, "events"), ["2"], "{tables}");
        assert_eq!(ids(&server, "sessions"), ["2"], "{tables}: the third goes with the first");
        let tag =
            |id: &str| server.get(&format!("/tags/{id}/relationships/session"), &[]).json()["data"].clone();
        assert_eq!(tag("a"), Value::Null, "{tables}: emptied behind a cascade");
        assert_eq!(tag("b")["id"], "2", "{tables}");
    }
}

#[test]
fn what_must_stay_stands_against_the_whole_deletion() {
    for (tables, server, _folder) in servers() {
        fill(&server);
        make(&server, "recordings", "1", json!({"session": identifier("sessions", "3")}));
        // Directly, and at the end of a cascade of two.
        for path in ["/sessions/3", "/sessions/1", "/events/1"] {
            assert_eq!(delete(&server, path).is(409).error().0, "foreign_key_violation", "{tables} {path}");
        }
        assert_eq!(ids(&server, "events"), ["1", "2"], "{tables}");
        assert_eq!(ids(&server, "sessions"), ["1", "2", "3"], "{tables}");
        let linkage = server.get("/sessions/1/relationships/tags", &[]).json();
        assert_eq!(linkage["data"].as_array().unwrap().len(), 2, "{tables}: nothing was changed");
        assert_eq!(server.get("/tags/a/relationships/session", &[]).json()["data"]["id"], "3", "{tables}");
        delete(&server, "/recordings/1").is(204);
        delete(&server, "/events/1").is(204);
    }
}

#[test]
fn links_end_with_either_end() {
    for (tables, server, folder) in servers() {
        fill(&server);
        delete(&server, "/tags/a").is(204);
        delete(&server, "/sessions/2").is(204);
        let sqlite = rusqlite::Connection::open(folder.path().join("events.db")).unwrap();
        let mut statement =
            sqlite.prepare("SELECT session_id, tag_id FROM session_tags ORDER BY session_id").unwrap();
        let links: Vec<(i64, String)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(links, [(1, "b".into()), (3, "b".into())], "{tables}: no link leads nowhere");
    }
}

#[test]
fn what_is_not_there_takes_nothing_along() {
    for (_, server, _folder) in servers() {
        fill(&server);
        delete(&server, "/events/9").is(404);
        assert_eq!(ids(&server, "sessions"), ["1", "2", "3"]);
    }
}

#[test]
fn a_rule_that_came_later_holds_too() {
    // The tables were made by an earlier version of the structs, in which nothing cascades.
    #[derive(JsonApiResource)]
    #[jsonapi(type = "sessions")]
    #[allow(dead_code)]
    struct Earlier {
        #[jsonapi(id)]
        id: i64,
        #[jsonapi(relationship, required)]
        event: ToOne<Event>,
    }
    let folder = tempfile::tempdir().unwrap();
    let toml = format!(
        "[default.databases.api]\nurl = 'sqlite:{}'\nschema = 'extend'\n[default.jsonapi]\nclient_ids = true",
        folder.path().join("events.db").display()
    );
    let earlier = Server::start(&toml, |rocket| {
        rocket.attach(JsonApi::fairing()).mount("/", Event::routes()).mount("/", Earlier::routes())
    });
    make(&earlier, "events", "1", json!({}));
    make(&earlier, "sessions", "1", json!({"event": identifier("events", "1")}));
    delete(&earlier, "/events/1").is(409);
    drop(earlier);
    let later = Server::start(&toml, |rocket| {
        let rocket = rocket.attach(JsonApi::fairing()).mount("/", Event::routes());
        rocket.mount("/", Session::routes()).mount("/", Tag::routes())
    });
    delete(&later, "/events/1").is(204);
    assert_eq!(ids(&later, "sessions"), Vec::<String>::new());
}

#[test]
fn a_write_whose_row_does_not_stay_is_undone() {
    let theirs = "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT);
        CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, event_id INTEGER, follows_id INTEGER);
        CREATE TRIGGER one_event AFTER INSERT ON events WHEN new.id > 1 BEGIN DELETE FROM events WHERE id = new.id; END;
        CREATE TRIGGER other_id AFTER INSERT ON sessions WHEN new.id = 2 BEGIN UPDATE sessions SET id = 20 WHERE id = 2; END;
        CREATE TRIGGER ends AFTER UPDATE OF follows_id ON sessions BEGIN DELETE FROM sessions WHERE id = new.id; END;";
    let (_, server, _folder) = server_over("theirs", theirs);
    make(&server, "events", "1", json!({}));
    make(&server, "sessions", "1", json!({"event": identifier("events", "1")}));
    let refused = |method, path: &str, data: Value| {
        let answer = server.write(method, path, &json!({"data": data})).is(422);
        assert_eq!(answer.json()["errors"][0]["code"], "validation_failed", "{path}");
    };
    refused("POST", "/events", json!({"type": "events", "id": "2"}));
    refused(
        "POST",
        "/sessions",
        json!({"type": "sessions", "id": "2", "relationships": {"event": identifier("events", "1")}}),
    );
    refused(
        "PATCH",
        "/sessions/1",
        json!({"type": "sessions", "id": "1", "relationships": {"follows": identifier("sessions", "1")}}),
    );
    assert_eq!((ids(&server, "events"), ids(&server, "sessions")), (vec!["1".into()], vec!["1".into()]));
}

/// What is on sale.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "products", soft_delete = "deleted_at")]
struct Product {
    #[jsonapi(id)]
    id: i64,
}

/// What was ever on sale.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "articles", table = "products")]
struct Article {
    #[jsonapi(id)]
    id: i64,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "lines")]
struct Line {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required)]
    article: ToOne<Article>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "offers")]
struct Offer {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required)]
    product: ToOne<Product>,
}

fn sells(url: &str) {
    let toml = format!("[default]\nETAG = true\n[default.databases.api]\nurl = '{url}'");
    let server = Server::start(&toml, |rocket| {
        let routes = [Product::routes(), Article::routes(), Line::routes(), Offer::routes()].concat();
        rocket.attach(JsonApi::fairing()).attach(EtagFairing::new()).mount("/", routes)
    });
    let create = |kind: &str, relationships: Value| {
        let document = json!({"data": {"type": kind, "relationships": relationships}});
        server.write("POST", &format!("/{kind}"), &document)
    };
    let of_article = |id: &str| json!({"article": {"data": {"type": "articles", "id": id}}});
    create("products", json!({})).is(201);
    create("products", json!({})).is(201);
    create("lines", of_article("1")).is(201);
    create("offers", json!({"product": {"data": {"type": "products", "id": "2"}}})).is(201);
    // An offer of what is not there would be none; a line of it stays what it was.
    server.write("DELETE", "/products/2", &Value::Null).is(409);
    server.write("DELETE", "/products/1", &Value::Null).is(204);
    server.get("/products/1", &[]).is(404);
    let line = server.get("/lines/1?include=article", &[]).is(200).json();
    assert_eq!(line["included"][0]["id"], "1", "{line}");
    create("lines", of_article("1")).is(201);
    // Really deleted, it would be gone.
    server.write("DELETE", "/articles/1", &Value::Null).is(409);
}

#[test]
fn a_soft_deletion_ends_nothing_for_who_sees_what_is_deleted() {
    sells("sqlite::memory:");
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        sells(database.url());
    }
}
