//! `Cache-Groups`, and surrogate keys: which tables an answer is made of, and which ones a write has changed.

use std::collections::BTreeSet;

use etag_fairing::resource::{HookError, Hooks, Write};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use super::databases::Database;
use super::policy::User;
use super::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "albums", table = "All Albums", etag, guard(update = User))]
struct Album {
    #[jsonapi(id)]
    id: String,
    title: String,
    #[jsonapi(relationship, on_delete = "cascade")]
    band: ToOne<Band>,
    #[jsonapi(relationship, through = "album_tags")]
    tags: ToMany<Tag>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "bands", etag)]
struct Band {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

/// Each change of a tag is counted in another table, by a hook.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tags", etag, hooks)]
struct Tag {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

#[rocket::async_trait]
impl Hooks for Tag {
    async fn after_update(&self, _: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        write.insert(&Note { id: 7, text: self.name.clone() }).await.map(drop)
    }
}

/// Nobody but users see it.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag, guard = User)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket.mount("/", [Album::routes(), Band::routes(), Tag::routes(), Note::routes()].concat())
}

fn create(server: &Server, path: &str, data: Value) -> Answer {
    let mut data = data;
    data["type"] = json!(&path[1..]);
    server.write_as("POST", path, "ada", &json!({"data": data})).is(201)
}

const ALBUM: &str = "a b:1";

fn fill(server: &Server) {
    create(server, "/bands", json!({"attributes": {"name": "Los Brincos"}}));
    create(server, "/tags", json!({"attributes": {"name": "pop"}}));
    let relationships = json!({
        "band": {"data": {"type": "bands", "id": "1"}}, "tags": {"data": [{"type": "tags", "id": "1"}]}
    });
    let attributes = json!({"title": "Contrabando"});
    create(server, "/albums", json!({"id": ALBUM, "attributes": attributes, "relationships": relationships}));
}

fn set(list: Option<&str>, separator: &str) -> BTreeSet<String> {
    list.unwrap_or_default().split(separator).filter(|key| !key.is_empty()).map(str::to_owned).collect()
}

fn keys<const N: usize>(keys: [&str; N]) -> BTreeSet<String> {
    keys.map(str::to_owned).into()
}

const CONFIGURATION: &str = "client_ids = true\ncache_groups = true\nsurrogate_keys = 'xkey'";

#[test]
fn an_answer_names_the_tables_that_it_is_made_of() {
    for database in Database::each() {
        let server = database.serve("ETAG = true", CONFIGURATION, mount);
        fill(&server);
        for (url, tables, own) in [
            ("/albums", keys(["All%20Albums", "album_tags"]), None),
            ("/albums/a%20b:1", keys(["All%20Albums", "album_tags"]), Some("albums:a%20b%3A1")),
            ("/albums?include=band", keys(["All%20Albums", "album_tags", "bands"]), None),
            ("/albums?sort=band.name&fields[albums]=title", keys(["All%20Albums", "bands"]), None),
            ("/albums/a%20b:1/band", keys(["All%20Albums", "bands"]), Some("albums:a%20b%3A1")),
            (
                "/albums/a%20b:1/relationships/tags",
                keys(["All%20Albums", "album_tags"]),
                Some("albums:a%20b%3A1"),
            ),
            ("/bands/1", keys(["bands"]), Some("bands:1")),
        ] {
            let first = server.get(url, &[]).is(200);
            let again = server.get(url, &[]).is(200);
            let tag = first.tag();
            let known = server.get(url, &[("If-None-Match", &tag), ("Accept-Encoding", "identity")]).is(304);
            let late = server.get(url, &[("If-None-Match", &tag), ("Accept-Encoding", "br")]).is(304);
            for answer in [first, again, known, late] {
                let groups = set(answer.field("cache-groups"), ", ");
                let quoted: BTreeSet<_> = tables.iter().map(|table| format!("\"{table}\"")).collect();
                assert_eq!(groups, quoted, "{url}");
                let mut expected = tables.clone();
                expected.extend(own.map(str::to_owned));
                assert_eq!(set(answer.field("xkey"), " "), expected, "{url}");
            }
        }
    }
}

#[test]
fn a_write_names_the_tables_that_it_has_changed() {
    for database in Database::each() {
        let server = database.serve("ETAG = true", CONFIGURATION, mount);
        fill(&server);
        let title =
            |title: &str| json!({"data": {"type": "albums", "id": ALBUM, "attributes": {"title": title}}});
        let tag = json!({"data": {"type": "tags", "id": "1", "attributes": {"name": "rock"}}});
        let none = json!({"data": []});
        let check = |answer: Answer, tables: BTreeSet<String>| {
            assert!((200..300).contains(&answer.status), "{answer:?}");
            assert_eq!(set(answer.field("xkey-purge"), " "), tables, "{answer:?}");
            let quoted: BTreeSet<_> = tables.iter().map(|table| format!("\"{table}\"")).collect();
            assert_eq!(set(answer.field("cache-group-invalidation"), ", "), quoted, "{answer:?}");
            assert_eq!((answer.field("xkey"), answer.field("cache-groups")), (None, None));
        };
        let album = "/albums/a%20b:1";
        // A guarded write, too: what it changes, everybody sees.
        check(server.write_as("PATCH", album, "ada", &title("Two")), keys(["All%20Albums"]));
        // By a hook: a table that the request doesn't name.
        check(server.write("PATCH", "/tags/1", &tag), keys(["notes", "tags"]));
        check(server.write("PATCH", "/albums/a%20b:1/relationships/tags", &none), keys(["album_tags"]));
        let one = json!({"data": [{"type": "tags", "id": "1"}]});
        check(server.write("POST", "/albums/a%20b:1/relationships/tags", &one), keys(["album_tags"]));
        check(create(&server, "/bands", json!({"attributes": {"name": "Crucis"}})), keys(["bands"]));
        // By cascades.
        let all = keys(["All%20Albums", "album_tags", "bands"]);
        check(server.write("DELETE", "/bands/1", &Value::Null), all);
        // By a trigger of somebody else's.
        if database.is_sqlite() {
            database.run(
                "CREATE TRIGGER theirs AFTER INSERT ON bands BEGIN INSERT INTO tags (name) VALUES ('x'); END",
            );
            check(create(&server, "/bands", json!({"attributes": {"name": "Sui"}})), keys(["bands", "tags"]));
        }
        // What changes nothing drops nothing.
        let refused = server.write("PATCH", "/tags/99", &tag);
        assert_eq!((refused.status, refused.field("xkey-purge")), (404, None));
        assert_eq!(server.get("/tags", &[]).is(200).field("xkey-purge"), None);
    }
}

#[test]
fn answers_of_one_caller_name_nothing() {
    let server = Database::in_memory("ETAG = true", CONFIGURATION, mount);
    fill(&server);
    for _ in 0..2 {
        let answer = server.get_as("/notes", "ada").is(200);
        assert_eq!((answer.field("xkey"), answer.field("cache-groups")), (None, None));
    }
}

#[test]
fn each_cache_has_its_own_name_and_form() {
    for (configuration, field, purge, separator) in [
        ("surrogate_keys = 'Surrogate-Key'", "surrogate-key", "surrogate-key-purge", " "),
        ("surrogate_keys = 'Cache-Tag'", "cache-tag", "cache-tag-purge", ","),
    ] {
        let server =
            Database::in_memory("ETAG = true", &format!("client_ids = true\n{configuration}"), mount);
        fill(&server);
        let answer = server.get("/albums?include=band", &[]).is(200);
        assert_eq!(set(answer.field(field), separator), keys(["All%20Albums", "album_tags", "bands"]));
        assert_eq!((answer.field("xkey"), answer.field("cache-groups")), (None, None));
        let made = create(&server, "/bands", json!({"attributes": {"name": "Crucis"}}));
        assert_eq!(made.field(purge), Some("bands"));
    }
}

#[test]
fn by_default_nothing_is_named() {
    let server = Database::in_memory("ETAG = true", "client_ids = true", mount);
    fill(&server);
    let made = create(&server, "/bands", json!({"attributes": {"name": "Crucis"}}));
    let read = server.get("/bands", &[]).is(200);
    for (name, _) in made.fields.iter().chain(&read.fields) {
        assert!(!name.contains("key") && !name.contains("group") && !name.contains("cache-tag"), "{name}");
    }
}

#[test]
fn without_revisions_every_table_may_have_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("api.db").display());
    let toml = format!(
        "[default]\nETAG = true\n[default.databases.api]\nurl = '{url}'\nrevisions = false\n[default.jsonapi]\n{CONFIGURATION}\n"
    );
    let server = Server::start(&toml, |rocket| {
        mount(rocket.attach(etag_fairing::JsonApi::fairing()).attach(etag_fairing::EtagFairing::new()))
    });
    let made = create(&server, "/bands", json!({"attributes": {"name": "Crucis"}}));
    let all = keys(["All%20Albums", "album_tags", "bands", "notes", "tags"]);
    assert_eq!(set(made.field("xkey-purge"), " "), all);
}
