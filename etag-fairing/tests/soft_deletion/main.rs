//! `#[jsonapi(soft_delete)]`: a row that is marked as deleted looks as if it had really been deleted, on every way.
//!
//! By chance, the same requests go to a server that deletes softly and to one that really deletes: the answers have the
//! same bytes and tags.
#![cfg(feature = "sqlite")]

mod by_chance;
#[path = "../support/mod.rs"]
mod support;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use serde_json::{Value, json};
use support::{Answer, Server};

const MEDIA_TYPE: &str = "application/vnd.api+json";

/// The same resources twice: of one module they are deleted softly.
macro_rules! world {
    ($name:ident, $($soft:tt)*) => {
        mod $name {
            use etag_fairing::{JsonApiResource, ToMany, ToOne};

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "folders", etag, $($soft)*)]
            pub(crate) struct Folder {
                #[jsonapi(id)]
                id: i64,
                name: String,
                #[jsonapi(relationship, on_delete = "cascade")]
                parent: ToOne<Folder>,
                #[jsonapi(relationship, inverse = "parent")]
                children: ToMany<Folder>,
                #[jsonapi(relationship, inverse = "folder", linkage = true)]
                files: ToMany<File>,
            }

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "files", etag, $($soft)*)]
            pub(crate) struct File {
                #[jsonapi(id)]
                id: i64,
                name: String,
                #[jsonapi(relationship, required, on_delete = "cascade")]
                folder: ToOne<Folder>,
                #[jsonapi(relationship)]
                original: ToOne<File>,
                #[jsonapi(relationship, through = "file_marks")]
                marks: ToMany<Mark>,
            }

            /// Really deleted in both.
            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "marks", etag)]
            pub(crate) struct Mark {
                #[jsonapi(id)]
                id: i64,
                name: String,
                #[jsonapi(relationship, through = "file_marks")]
                files: ToMany<File>,
            }

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "locks", etag, $($soft)*)]
            pub(crate) struct Lock {
                #[jsonapi(id)]
                id: i64,
                #[jsonapi(relationship, required)]
                file: ToOne<File>,
            }

            /// Really deleted in both, with the file.
            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "pages", etag)]
            pub(crate) struct Page {
                #[jsonapi(id)]
                id: i64,
                text: String,
                #[jsonapi(relationship, required, on_delete = "cascade")]
                file: ToOne<File>,
            }

            pub(crate) fn routes() -> Vec<rocket::Route> {
                [Folder::routes(), File::routes(), Mark::routes(), Lock::routes(), Page::routes()].concat()
            }
        }
    };
}

world!(soft, soft_delete = "deleted_at");
world!(real,);

/// The files with all that is stored of them: a resource over the same table, to look into the bin.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "stored-files", table = "files", etag)]
struct StoredFile {
    #[jsonapi(id)]
    id: i64,
    name: String,
    deleted_at: Option<chrono::DateTime<chrono::Utc>>,
    #[jsonapi(relationship, required, on_delete = "cascade")]
    folder: etag_fairing::ToOne<soft::Folder>,
}

fn start(url: &str, more: &str, routes: Vec<rocket::Route>) -> Server {
    let toml = format!(
        "[default]\netag = {{ enabled = true{more} }}\n[default.databases.api]\nurl = '{url}'\nread_timeout = 60\n\
         [default.jsonapi]\nclient_ids = true"
    );
    Server::start(&toml, |rocket| {
        rocket.attach(JsonApi::fairing()).attach(EtagFairing::new()).mount("/", routes)
    })
}

fn over_sqlite() -> Server {
    start("sqlite::memory:", "", soft_routes())
}

fn soft_routes() -> Vec<rocket::Route> {
    [soft::routes(), StoredFile::routes()].concat()
}

/// Calls `test` with a server that deletes softly, over each database.
fn on_each_database(test: impl Fn(&Server)) {
    test(&over_sqlite());
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        test(&start(database.url(), "", soft_routes()));
    }
}

fn identifier(kind: &str, id: u64) -> Value {
    json!({"type": kind, "id": id.to_string()})
}

fn to_one(kind: &str, id: u64) -> Value {
    json!({"data": identifier(kind, id)})
}

fn document(kind: &str, id: u64, attributes: &Value, relationships: &Value) -> Value {
    json!({"data": {"type": kind, "id": id.to_string(), "attributes": attributes, "relationships": relationships}})
}

/// A folder with a file, and a mark on the file.
fn fill(server: &Server) {
    let name = json!({"name": "a"});
    for (kind, relationships) in [
        ("folders", json!({})),
        ("marks", json!({})),
        ("files", json!({"folder": to_one("folders", 1), "marks": {"data": [identifier("marks", 1)]}})),
    ] {
        server.write("POST", &format!("/{kind}"), &document(kind, 1, &name, &relationships)).is(201);
    }
}

fn delete(server: &Server, path: &str, tag: &str) -> Answer {
    server.send("DELETE", path, &[("If-Match", tag)], "")
}

#[test]
fn a_deletion_has_its_preconditions() {
    on_each_database(|server| {
        fill(server);
        let old = server.get("/files/1", &[]).tag();
        let renamed = document("files", 1, &json!({"name": "b"}), &json!({}));
        let tag = server.write("PATCH", "/files/1", &renamed).is(200).tag();
        assert_eq!(delete(server, "/files/1", &old).is(412).tag(), tag);
        delete(server, "/files/1", &tag).is(204);
        // It has no state any more.
        for tag in [&*tag, "*"] {
            delete(server, "/files/1", tag).is(404);
        }
    });
    let demanding = start("sqlite::memory:", ", require_if_match = true", soft_routes());
    fill(&demanding);
    demanding.write("DELETE", "/files/1", &Value::Null).is(428);
    let tag = demanding.get("/files/1", &[]).tag();
    delete(&demanding, "/files/1", &tag).is(204);
}

#[test]
fn nobody_is_told_that_nothing_has_changed() {
    on_each_database(|server| {
        fill(server);
        let paths = [
            "/files",
            "/files/1",
            "/folders/1",
            "/folders?include=files",
            "/folders/1/files",
            "/marks/1",
            "/marks/1/relationships/files",
            "/marks?filter=[{%22name%22:%22files%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22id%22,%22op%22:%22eq%22,%22val%22:1}}]",
        ];
        let tags = paths.map(|path| server.get(path, &[]).is(200).tag());
        let ask = |path: &str, tag: &str| server.get(path, &[("If-None-Match", tag)]).status;
        // Twice: from the memo the second time.
        for _ in 0..2 {
            assert!(paths.iter().zip(&tags).all(|(path, tag)| ask(path, tag) == 304));
        }
        server.write("DELETE", "/files/1", &Value::Null).is(204);
        for (path, tag) in paths.iter().zip(&tags) {
            assert_ne!(ask(path, tag), 304, "{path}");
        }
        // What is shown again has the tag that it had.
        let stored = server.get("/stored-files/1", &[]).is(200);
        let restored = document("stored-files", 1, &json!({"deletedAt": null}), &json!({}));
        let fields = [("Content-Type", MEDIA_TYPE), ("If-Match", &*stored.tag())];
        server.send("PATCH", "/stored-files/1", &fields, &restored.to_string()).is(200);
        for (path, tag) in paths.iter().zip(&tags) {
            assert_eq!(ask(path, tag), 304, "{path}");
        }
    });
}

#[test]
fn another_resource_over_the_table_looks_into_the_bin() {
    on_each_database(|server| {
        fill(server);
        server.write("DELETE", "/folders/1", &Value::Null).is(204);
        server.get("/files/1", &[]).is(404);
        let bin = "/stored-files?filter[deletedAt][is_null]=false";
        let document_of_bin = server.get(bin, &[]).is(200).json();
        assert_eq!(document_of_bin["data"][0]["id"], "1");
        // Its folder is still deleted.
        assert_eq!(document_of_bin["data"][0]["relationships"]["folder"]["data"], Value::Null);
        // Restored under a precondition.
        let stored = server.get("/stored-files/1", &[]).is(200).tag();
        let restore = |tag: &str| {
            let restored = document("stored-files", 1, &json!({"deletedAt": null}), &json!({}));
            let fields = [("Content-Type", MEDIA_TYPE), ("If-Match", tag)];
            server.send("PATCH", "/stored-files/1", &fields, &restored.to_string())
        };
        let renamed = document("stored-files", 1, &json!({"name": "b"}), &json!({}));
        server.write("PATCH", "/stored-files/1", &renamed).is(200);
        restore(&stored).is(412);
        server.get("/files/1", &[]).is(404);
        let now = server.get("/stored-files/1", &[]).tag();
        restore(&now).is(200);
        let restored = server.get("/files/1", &[]).is(200).json();
        assert_eq!(restored["data"]["attributes"], json!({"name": "b"}));
        assert_eq!(restored["data"]["relationships"]["marks"]["data"], json!([identifier("marks", 1)]));
        // Really deleted.
        server.write("DELETE", "/stored-files/1", &Value::Null).is(204);
        server.get("/files/1", &[]).is(404);
        assert_eq!(server.get(bin, &[]).is(200).json()["data"], json!([]));
    });
}

#[test]
fn what_is_deleted_is_hidden_from_the_hostile() {
    on_each_database(|server| {
        fill(server);
        let made = document("files", 7, &json!({"name": "b"}), &json!({"folder": to_one("folders", 1)}));
        server.write("POST", "/files", &made).is(201);
        server.write("DELETE", "/files/1", &Value::Null).is(204);
        // Each request about the deleted file is answered as that about one that never was.
        let same = |method: &str, path: &str, body: &str| {
            let fields = [("Content-Type", MEDIA_TYPE)];
            let [gone, never] = ["1", "99"]
                .map(|id| server.send(method, &path.replace("ID", id), &fields, &body.replace("ID", id)));
            assert_eq!(gone.status, never.status, "{method} {path} {body}: {}", gone.text());
            assert_eq!(
                gone.text().replace("99", "1"),
                never.text().replace("99", "1"),
                "{method} {path} {body}"
            );
            never.status
        };
        let of_file = r#"{"data": {"type": "files", "id": "ID"}}"#;
        let of_files = r#"{"data": [{"type": "files", "id": "ID"}]}"#;
        for (method, path, body) in [
            ("GET", "/files/ID", ""),
            ("GET", "/files/ID/folder", ""),
            ("GET", "/files/ID/relationships/marks", ""),
            ("DELETE", "/files/ID", ""),
            ("PATCH", "/files/ID", r#"{"data": {"type": "files", "id": "ID", "attributes": {"name": "x"}}}"#),
            ("PATCH", "/files/ID/relationships/original", r#"{"data": null}"#),
            ("POST", "/files/ID/relationships/marks", r#"{"data": [{"type": "marks", "id": "1"}]}"#),
            ("PATCH", "/files/7/relationships/original", of_file),
            ("POST", "/marks/1/relationships/files", of_files),
            ("PATCH", "/folders/1/relationships/files", of_files),
            (
                "PATCH",
                "/files/7",
                r#"{"data": {"type": "files", "id": "7", "relationships":
                    {"original": {"data": {"type": "files", "id": "ID"}}}}}"#,
            ),
        ] {
            assert_eq!(same(method, path, body), 404, "{method} {path}");
        }
        for filter in ["filter[id]=ID", "filter[id][in]=ID", "filter[original]=ID", "filter[original.id]=ID"]
        {
            assert_eq!(same("GET", &format!("/files?{filter}"), ""), 200);
        }
        // The time of the deletion is no member.
        for query in ["filter[deletedAt][is_null]=false", "sort=deletedAt", "fields[files]=deletedAt"] {
            assert_eq!(same("GET", &format!("/files?{query}"), ""), 400, "{query}");
        }
        let deleted = json!({"deletedAt": "2026-01-01T00:00:00Z"});
        let unknown = json!({"neverWas": "2026-01-01T00:00:00Z"});
        let [deleted, unknown] = [deleted, unknown]
            .map(|it| server.write("PATCH", "/files/7", &document("files", 7, &it, &json!({}))));
        assert_eq!(deleted.status, unknown.status, "{}", deleted.text());
        server.get("/files/7", &[]).is(200);
        // Its id is not used again.
        let again = document("files", 1, &json!({"name": "b"}), &json!({"folder": to_one("folders", 1)}));
        assert_eq!(server.write("POST", "/files", &again).is(409).error().0, "id_exists");
    });
}
