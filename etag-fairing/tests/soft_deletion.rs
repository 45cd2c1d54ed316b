//! `#[jsonapi(soft_delete)]`: a row that is marked as deleted looks as if it had really been deleted, on every way.
//!
//! By chance, the same requests go to a server that deletes softly and to one that really deletes: the answers have the
//! same bytes and tags.
#![cfg(feature = "sqlite")]

mod support;

use std::collections::BTreeMap;

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

/// Numbers by chance (xorshift), the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
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

const KINDS: [&str; 5] = ["folders", "files", "marks", "locks", "pages"];

const READS: [&str; 34] = [
    "/folders?page[totals]",
    "/folders?page[size]=2&page[number]=2&page[totals]",
    "/folders?include=files.marks,parent",
    "/folders?sort=parent.name,-name",
    "/folders?sort=-parent.id",
    "/folders?filter[parent][is_null]=true",
    "/folders?filter[parent.name][ne]=a",
    "/folders?filter[parent]=1",
    "/files?page[totals]",
    "/files?include=folder.files,original,marks",
    "/files?sort=original.name",
    "/files?filter[original][is_null]=false",
    "/files?filter[folder.parent.name]=b",
    "/files?fields[files]=name,original",
    "/files?filter=[{%22name%22:%22marks%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22id%22,%22op%22:%22gt%22,%22val%22:0}}]",
    "/marks?include=files",
    "/marks?filter=[{%22not%22:{%22name%22:%22files%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22name%22,%22op%22:%22ilike%22,%22val%22:%22%25%22}}}]",
    "/marks?filter=[{%22name%22:%22files%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22name%22,%22op%22:%22eq%22,%22val%22:%22a%22}}]",
    "/locks?include=file",
    "/locks?page[totals]",
    "/pages?page[totals]",
    "/pages?include=file.folder",
    "/folders/ID",
    "/folders/ID/files?page[totals]",
    "/folders/ID/children?sort=-name",
    "/folders/ID/relationships/children",
    "/folders/ID/parent",
    "/files/ID?include=original",
    "/files/ID/original",
    "/files/ID/relationships/original",
    "/files/ID/marks",
    "/marks/ID",
    "/marks/ID/files?page[size]=1&page[totals]",
    "/marks/ID/relationships/files",
];

/// Two servers that are asked the same.
struct Both {
    soft: Server,
    real: Server,
    /// The tags that both have told, by path.
    tags: BTreeMap<String, String>,
}

impl Both {
    fn send(&mut self, method: &str, path: &str, condition: Option<(&str, &str)>, body: &Value) -> Answer {
        let mut fields = vec![("Content-Type", MEDIA_TYPE)];
        fields.extend(condition);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let [soft, real] = [&self.soft, &self.real].map(|server| server.send(method, path, &fields, &body));
        let told = format!("{method} {path} {condition:?} {body}");
        assert_eq!(soft.status, real.status, "{told}: {} {}", soft.text(), real.text());
        assert_eq!(soft.text(), real.text(), "{told}");
        assert_eq!(soft.field("etag"), real.field("etag"), "{told}");
        if let Some(tag) = soft.field("etag") {
            self.tags.insert(path.to_owned(), tag.to_owned());
        }
        soft
    }

    fn read(&mut self, path: &str) {
        let tag = self.tags.get(path).cloned();
        self.send("GET", path, tag.as_deref().map(|tag| ("If-None-Match", tag)), &Value::Null);
    }
}

fn by_chance(both: &mut Both, seed: u64, steps: u64) {
    let mut chance = Chance(seed);
    let mut statuses: BTreeMap<u16, u32> = BTreeMap::new();
    let mut made: u64 = 3;
    let mut ids: BTreeMap<&str, Vec<u64>> = KINDS.iter().map(|kind| (*kind, vec![1, 2, 3])).collect();
    for id in 1..=3 {
        let name = json!({"name": char::from(b'a' + id as u8 - 1).to_string()});
        both.send("POST", "/folders", None, &document("folders", id, &name, &json!({}))).is(201);
        both.send("POST", "/marks", None, &document("marks", id, &name, &json!({}))).is(201);
        let folder = json!({"folder": to_one("folders", id)});
        both.send("POST", "/files", None, &document("files", id, &name, &folder)).is(201);
    }
    for _ in 0..steps {
        let [folder, file, mark, lock, page] = KINDS.map(|kind| {
            // Mostly one that was made lately, whether it is still there or not.
            let ids = &ids[kind];
            let recent = &ids[ids.len().saturating_sub(6)..];
            if chance.below(12) == 0 { 99_999 } else { *chance.one_of(recent) }
        });
        let [other_folder, other_file, other_mark] =
            ["folders", "files", "marks"].map(|kind| *chance.one_of(&ids[kind]));
        let name = json!({"name": *chance.one_of(&["a", "b", "c", "d"])});
        let many = |kind: &str, one, other| json!({"data": [identifier(kind, one), identifier(kind, other)]});
        let edit = |chance: &mut Chance| *chance.one_of(&["PATCH", "POST", "DELETE"]);
        let (method, path, body) = match chance.below(22) {
            0..=7 => {
                made += 1;
                let kind = *chance.one_of(&KINDS);
                let (attributes, relationships) = match kind {
                    "folders" if chance.below(2) == 0 => (name, json!({})),
                    "folders" => (name, json!({"parent": to_one("folders", folder)})),
                    "files" if chance.below(2) == 0 => (name, json!({"folder": to_one("folders", folder)})),
                    "files" => (
                        name,
                        json!({
                            "folder": to_one("folders", folder),
                            "original": to_one("files", file),
                            "marks": many("marks", mark, mark),
                        }),
                    ),
                    "marks" => (name, json!({"files": many("files", file, file)})),
                    "locks" => (json!({}), json!({"file": to_one("files", file)})),
                    _ => (json!({"text": "x"}), json!({"file": to_one("files", file)})),
                };
                ("POST", format!("/{kind}"), document(kind, made, &attributes, &relationships))
            }
            8..=12 => {
                let (kind, id) = *chance.one_of(&[
                    ("folders", folder),
                    ("files", file),
                    ("marks", mark),
                    ("locks", lock),
                    ("locks", lock),
                    ("pages", page),
                ]);
                ("DELETE", format!("/{kind}/{id}"), Value::Null)
            }
            13 => ("PATCH", format!("/folders/{folder}"), document("folders", folder, &name, &json!({}))),
            14 => {
                let parent = json!({"parent": to_one("folders", other_folder)});
                ("PATCH", format!("/folders/{folder}"), document("folders", folder, &name, &parent))
            }
            15 => {
                let original =
                    if chance.below(2) == 0 { Value::Null } else { identifier("files", other_file) };
                ("PATCH", format!("/files/{file}/relationships/original"), json!({"data": original}))
            }
            16 => {
                let path = format!("/files/{file}/relationships/marks");
                (edit(&mut chance), path, many("marks", mark, other_mark))
            }
            17 => {
                let path = format!("/marks/{mark}/relationships/files");
                (edit(&mut chance), path, many("files", file, other_file))
            }
            18 => {
                let path = format!("/folders/{folder}/relationships/files");
                ("POST", path, many("files", file, other_file))
            }
            19 => {
                let path = format!("/folders/{folder}/relationships/children");
                (edit(&mut chance), path, many("folders", other_folder, other_folder))
            }
            _ => {
                let marks = json!({"marks": many("marks", mark, other_mark), "original": {"data": null}});
                ("PATCH", format!("/files/{file}"), document("files", file, &json!({}), &marks))
            }
        };
        // A third of the changes have a tag, which is of this state or of an earlier one.
        let tag = both.tags.get(&path).cloned().filter(|_| method != "POST" && chance.below(3) == 0);
        let answer = both.send(method, &path, tag.as_deref().map(|tag| ("If-Match", tag)), &body);
        *statuses.entry(answer.status).or_default() += 1;
        if answer.status == 201
            && let Some(made_ids) = ids.get_mut(path.trim_start_matches('/'))
        {
            made_ids.push(made);
        }
        for _ in 0..4 {
            let path = *chance.one_of(&READS);
            let kind = KINDS.iter().find(|kind| path[1..].starts_with(*kind)).unwrap();
            let id = chance.one_of(&ids[kind]);
            both.read(&path.replace("ID", &id.to_string()));
        }
    }
    for path in READS {
        (1..=made).for_each(|id| both.read(&path.replace("ID", &id.to_string())));
    }
    for status in [200, 201, 204, 404, 409] {
        assert!(statuses.contains_key(&status), "no {status}: {statuses:?}");
    }
}

#[test]
fn it_looks_like_a_real_deletion() {
    for seed in 1..=2 {
        let real = start("sqlite::memory:", "", real::routes());
        let soft = start("sqlite::memory:", "", soft::routes());
        let mut both = Both { soft, real, tags: BTreeMap::new() };
        by_chance(&mut both, seed * 0x9E37_79B9, 150);
    }
}

#[cfg(feature = "postgres")]
#[test]
fn it_looks_like_a_real_deletion_on_postgresql() {
    let (Some(one), Some(other)) =
        (postgres_server::Database::provide(), postgres_server::Database::provide())
    else {
        return;
    };
    let real = start(other.url(), "", real::routes());
    let mut both = Both { soft: start(one.url(), "", soft::routes()), real, tags: BTreeMap::new() };
    by_chance(&mut both, 0x9E37_79B9, 150);
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
