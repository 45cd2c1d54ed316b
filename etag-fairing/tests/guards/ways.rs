//! Every way to a guarded resource through somebody else's relationship, by machine: where the linkage is kept, times
//! what a request does with it, times the operation that has the guard.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use crate::support::{Answer, Server, api};

/// Whoever has a name.
pub(crate) struct Editor<'r>(#[allow(dead_code)] &'r str);

/// How often anybody was asked.
static ASKED: AtomicU64 = AtomicU64::new(0);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Editor<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        ASKED.fetch_add(1, Ordering::Relaxed);
        match request.headers().get_one("X-User") {
            Some("") | None => Outcome::Error((Status::Unauthorized, ())),
            Some(name) => Outcome::Success(Editor(name)),
        }
    }
}

/// A server over this database.
fn start(url: &str, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
    let toml = format!("[default]\nETAG = true\n[default.databases.api]\nurl = '{url}'\n");
    Server::start(&toml, |rocket| build(rocket.attach(JsonApi::fairing()).attach(EtagFairing::new())))
}

/// Projects and teams for everybody, and notes with this guard.
macro_rules! world {
    ($module:ident, $($guard:tt)*) => {
        mod $module {
            use super::*;

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "projects", etag)]
            pub(super) struct Project {
                #[jsonapi(id)]
                id: i64,
                name: String,
                #[jsonapi(relationship)]
                lead: ToOne<Note>,
                #[jsonapi(relationship, inverse = "project", linkage = true)]
                notes: ToMany<Note>,
                #[jsonapi(relationship, through = "pins")]
                pinned: ToMany<Note>,
                #[jsonapi(relationship)]
                team: ToOne<Team>,
            }

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "teams", etag)]
            pub(super) struct Team {
                #[jsonapi(id)]
                id: i64,
                #[jsonapi(relationship, inverse = "team")]
                projects: ToMany<Project>,
            }

            #[derive(Clone, Debug, JsonApiResource)]
            #[jsonapi(type = "notes", etag, $($guard)*)]
            pub(super) struct Note {
                #[jsonapi(id)]
                id: i64,
                text: String,
                #[jsonapi(relationship)]
                project: ToOne<Project>,
                #[jsonapi(relationship, through = "pins")]
                pinned_in: ToMany<Project>,
            }

            pub(super) fn server(url: &str) -> Server {
                start(url, |rocket| {
                    rocket
                        .mount("/", Project::routes())
                        .mount("/", Team::routes())
                        .mount("/", Note::routes())
                })
            }
        }
    };
}

world!(every, guard = Editor<'_>);
world!(list, guard(list = Editor));
world!(create, guard(create = Editor));
world!(read, guard(read = Editor<'r>));
world!(update, guard(update = "Editor<'_>"));
world!(delete, guard(delete = Editor));
world!(related, guard(related = Editor));
world!(relationship, guard(relationship = Editor));
world!(update_relationship, guard(update_relationship = Editor));

/// The operation that has the guard, and such a server.
type World = (&'static str, fn(&str) -> Server);

/// Each operation alone; the first has it on all.
const WORLDS: [World; 9] = [
    ("every", every::server),
    ("list", list::server),
    ("create", create::server),
    ("read", read::server),
    ("update", update::server),
    ("delete", delete::server),
    ("related", related::server),
    ("relationship", relationship::server),
    ("update_relationship", update_relationship::server),
];

/// The relationships of projects: kept here, there, and in a join table.
const RELATIONSHIPS: [&str; 3] = ["lead", "notes", "pinned"];

/// A request that would be a way around, and what of notes it must be asked about.
struct Way {
    method: &'static str,
    url: String,
    body: Value,
    asks: BTreeSet<&'static str>,
    /// Without permission: refused with this, or 200 and silence.
    refused: u16,
}

fn identifier(id: u8) -> Value {
    json!({"type": "notes", "id": id.to_string()})
}

fn ways(name: &'static str) -> Vec<Way> {
    let to_one = name == "lead";
    let linkage = |id| if to_one { identifier(id) } else { json!([identifier(id)]) };
    let document = |id: Option<&str>| {
        let mut data = json!({
            "type": "projects",
            "attributes": {"name": "new"},
            "relationships": {name: {"data": linkage(2)}},
        });
        if let Some(id) = id {
            data["id"] = id.into();
        }
        json!({"data": data})
    };
    let lists = BTreeSet::from(["list"]);
    let reads = if to_one { BTreeSet::from(["list", "read"]) } else { lists.clone() };
    // Whose row is changed, and whose relationship.
    let there = BTreeSet::from(["list", "update", "update_relationship"]);
    let (writes, documents) = if to_one { (lists.clone(), BTreeSet::new()) } else { (there.clone(), there) };
    let mut ways = Vec::new();
    let mut way = |method, url: String, body: Value, asks: &BTreeSet<&'static str>, refused| {
        ways.push(Way { method, url, body, asks: asks.clone(), refused });
    };
    let own = format!("/projects/1/relationships/{name}");
    way("GET", own.clone(), Value::Null, &lists, 401);
    way("GET", format!("{own}?include={name}"), Value::Null, &lists, 401);
    way("PATCH", own.clone(), json!({"data": linkage(2)}), &writes, 401);
    way("PATCH", own.clone(), json!({"data": if to_one { Value::Null } else { json!([]) }}), &writes, 401);
    if !to_one {
        way("POST", own.clone(), json!({"data": linkage(2)}), &writes, 401);
        way("DELETE", own, json!({"data": linkage(1)}), &writes, 401);
        way("GET", format!("/projects/1/relationships/{name}?page[size]=1"), Value::Null, &lists, 401);
    }
    way("GET", format!("/projects/1/{name}"), Value::Null, &reads, 401);
    way("POST", "/projects".into(), document(None), &documents, 403);
    way("PATCH", "/projects/1".into(), document(Some("1")), &documents, 403);
    for url in ["/projects", "/projects/1"] {
        way("GET", format!("{url}?include={name}"), Value::Null, &lists, 403);
        way("GET", url.into(), Value::Null, &lists, 200);
        way("GET", format!("{url}?fields[projects]={name}"), Value::Null, &lists, 200);
    }
    way("GET", format!("/teams/1?include=projects.{name}"), Value::Null, &lists, 403);
    way("GET", "/teams/1?include=projects".into(), Value::Null, &lists, 200);
    way("GET", "/teams/1/projects".into(), Value::Null, &lists, 200);
    way("GET", format!("/teams?sort=id&filter[projects.{name}.text]=secret"), Value::Null, &lists, 403);
    way("GET", format!("/projects?filter[{name}.text]=secret"), Value::Null, &lists, 403);
    way("GET", format!("/projects?filter[{name}.id]=1"), Value::Null, &lists, 403);
    way("GET", format!("/projects?filter[{name}]=1"), Value::Null, &lists, 403);
    let operator = if to_one { "has" } else { "any" };
    for op in [operator, "is_empty"] {
        let filter = json!([{"name": name, "op": op}]).to_string();
        let filter: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
        way("GET", format!("/projects?filter={filter}"), Value::Null, &lists, 403);
    }
    if to_one {
        way("GET", "/projects?sort=lead.text".into(), Value::Null, &lists, 403);
        way("GET", "/projects?sort=-lead.id".into(), Value::Null, &lists, 403);
    }
    ways
}

fn fill(server: &Server) {
    let make = |path: &str, document: Value| {
        server.write_as("POST", path, "ada", &json!({"data": document})).is(201);
    };
    make("/teams", json!({"type": "teams"}));
    for text in ["secret", "another"] {
        make("/notes", json!({"type": "notes", "attributes": {"text": text}}));
    }
    make(
        "/projects",
        json!({"type": "projects", "attributes": {"name": "old"}, "relationships": {
            "team": {"data": {"type": "teams", "id": "1"}},
            "lead": {"data": identifier(1)},
            "notes": {"data": [identifier(1)]},
            "pinned": {"data": [identifier(1)]},
        }}),
    );
}

/// All that there is.
fn state(server: &Server) -> Vec<Value> {
    ["/projects", "/notes", "/teams"].map(|url| server.get_as(url, "ada").is(200).json()).into()
}

fn send(server: &Server, way: &Way, user: &str) -> Answer {
    match way.method {
        "GET" => server.get_as(&way.url, user),
        method => server.write_as(method, &way.url, user, &way.body),
    }
}

/// Undoes what a way has done to the first project.
fn reset(server: &Server) {
    for (name, linkage) in
        [("lead", identifier(1)), ("notes", json!([identifier(1)])), ("pinned", json!([identifier(1)]))]
    {
        let url = format!("/projects/1/relationships/{name}");
        server.write_as("PATCH", &url, "ada", &json!({"data": linkage})).is(200);
    }
}

/// The linkage of this relationship in each project of a document.
fn shown<'d>(document: &'d Value, name: &str) -> Vec<Option<&'d Value>> {
    let primary = match &document["data"] {
        Value::Array(resources) => resources.iter().collect(),
        resource => vec![resource],
    };
    let included = document["included"].as_array();
    let all = primary.into_iter().chain(included.into_iter().flatten());
    let projects = all.filter(|resource| resource["type"] == "projects");
    projects.map(|project| project["relationships"][name].get("data")).collect()
}

/// A read that is for everybody, but what it leads to is not.
fn check_silence(server: &Server, way: &Way, name: &str, about: &str) {
    let permitted = send(server, way, "ada").is(200);
    let (without, with) = (send(server, way, "").is(200), permitted.json());
    let document = without.json();
    let of_permitted = shown(&with, name);
    assert!(of_permitted.iter().all(Option::is_some), "{about}: {with}");
    assert!(of_permitted.iter().flatten().any(|data| data.to_string().contains("notes")), "{about}: {with}");
    assert!(shown(&document, name).iter().all(Option::is_none), "{about}: {document}");
    assert!(!shown(&document, name).is_empty(), "{about}: {document}");
    // The relationship is there, and leads to where the guard stands itself.
    assert!(!without.text().contains("\"notes\",\"id\""), "{about}: {document}");
    assert!(without.text().contains(&format!("/relationships/{name}\"")), "{about}: {document}");
    // Two callers, two tags, and neither gets a 304 on what the other has seen, nor the other's document.
    assert_ne!(permitted.tag(), without.tag(), "{about}");
    for (user, mine, other) in [("", &without, &permitted), ("ada", &permitted, &without)] {
        let again = |tag: &str| server.get(&way.url, &[("X-User", user), ("If-None-Match", tag)]);
        assert_eq!(again(&mine.tag()).status, 304, "{about}");
        assert_eq!(again(&other.tag()).is(200).body, mine.body, "{about}");
        assert_eq!(server.get_as(&way.url, user).is(200).body, mine.body, "{about}");
    }
}

#[test]
fn no_way_leads_around_a_guard() {
    let sqlite = WORLDS.map(|world| (world, "sqlite::memory:".to_owned(), None));
    // What is guarded is decided before the store is asked, so that one is enough there.
    let database = if cfg!(feature = "postgres") { postgres_server::Database::provide() } else { None };
    let postgres = database.map(|database| (WORLDS[0], database.url().to_owned(), Some(database)));
    for ((guarded, server), url, _database) in sqlite.into_iter().chain(postgres) {
        let server = server(&url);
        fill(&server);
        for name in RELATIONSHIPS {
            for way in ways(name) {
                let about = format!("guard of {guarded}: {} {} {}", way.method, way.url, way.body);
                let asks = (guarded == "every" && !way.asks.is_empty()) || way.asks.contains(guarded);
                let writes = way.method != "GET";
                match (asks, way.refused) {
                    (true, 200) => check_silence(&server, &way, name, &about),
                    (true, status) => {
                        let before = writes.then(|| state(&server));
                        let answer = send(&server, &way, "");
                        assert_eq!(answer.status, status, "{about}: {}", answer.text());
                        assert!(!answer.text().contains("secret"), "{about}: {}", answer.text());
                        let source = &answer.json()["errors"][0]["source"];
                        match way.method {
                            "GET" if status == 403 => assert!(source["parameter"].is_string(), "{about}"),
                            "POST" | "PATCH" if status == 403 => {
                                assert_eq!(
                                    source["pointer"],
                                    format!("/data/relationships/{name}"),
                                    "{about}"
                                );
                            }
                            _ => assert_eq!(source["header"], "Authorization", "{about}"),
                        }
                        assert_eq!(writes.then(|| state(&server)), before, "{about}");
                    }
                    (false, _) => {
                        let answer = send(&server, &way, "");
                        assert!(answer.status < 300, "{about}: {}", answer.text());
                        if writes && name == "lead" && matches!(guarded, "every" | "list") {
                            // A value of the project's own, which it may have and not show.
                            assert_eq!(shown(&answer.json(), name), [None], "{about}");
                        }
                        if writes {
                            reset(&server);
                        }
                    }
                }
                let asked = ASKED.load(Ordering::Relaxed);
                let answer = send(&server, &way, "ada");
                assert!(answer.status < 300, "{about}: {}", answer.text());
                assert!(ASKED.load(Ordering::Relaxed) - asked <= 1, "{about}: asked twice");
                if writes {
                    reset(&server);
                }
            }
        }
    }
}

/// Leads to its like by a join table, which only one end names.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "topics", etag, guard(update = Reader, update_relationship = Reader))]
struct Topic {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "topic_links", owner_column = "from_id", target_column = "to_id")]
    see: ToMany<Topic>,
}

#[test]
fn what_a_new_resource_leads_to_is_part_of_making_it() {
    let server = start("sqlite::memory:", |rocket| rocket.mount("/", Topic::routes()));
    let topic = |id: Option<&str>, see: Value| {
        let mut data = json!({"type": "topics", "relationships": {"see": {"data": see}}});
        if let Some(id) = id {
            data["id"] = id.into();
        }
        json!({"data": data})
    };
    let first = json!([{"type": "topics", "id": "1"}]);
    server.write_as("POST", "/topics", "", &topic(None, json!([]))).is(201);
    server.write_as("POST", "/topics", "", &topic(None, first.clone())).is(201);
    // A guard that forwards leaves the request to whoever else has the URL: nobody.
    server.write_as("PATCH", "/topics/2", "", &topic(Some("2"), json!([]))).is(404);
    server.write_as("POST", "/topics/1/relationships/see", "", &json!({"data": first})).is(404);
    server.write_as("PATCH", "/topics/2", "ada", &topic(Some("2"), json!([]))).is(200);
}

/// `Editor`, without the count.
struct Reader;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Reader {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User") {
            Some("") | None => Outcome::Forward(Status::NotFound),
            Some("broken") => Outcome::Error((Status::ServiceUnavailable, ())),
            Some(_) => Outcome::Success(Reader),
        }
    }
}

/// Its tag is a digest.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "logs", etag, hooks)]
struct Log {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship)]
    first: ToOne<Leaf>,
    #[jsonapi(relationship, through = "log_leaves")]
    leaves: ToMany<Leaf>,
}

/// Hooks are the program, and see all linkage.
#[rocket::async_trait]
impl etag_fairing::resource::Hooks for Log {
    async fn before_update(
        &mut self,
        current: &Self,
        _: &mut etag_fairing::resource::Write<'_>,
    ) -> Result<(), etag_fairing::resource::HookError> {
        let leaves = current.leaves.ids().map_or(0, <[_]>::len);
        self.title = format!("{}, {leaves}", self.title);
        Ok(())
    }
}

/// Its tag is a version.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pages", etag)]
struct Page {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(last_modified)]
    changed: chrono::DateTime<chrono::Utc>,
    #[jsonapi(relationship)]
    first: ToOne<Leaf>,
    #[jsonapi(relationship, through = "page_leaves")]
    leaves: ToMany<Leaf>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "leaves", etag, guard = Reader)]
struct Leaf {
    #[jsonapi(id)]
    id: i64,
}

fn book() -> Server {
    let server = api::start(|rocket| {
        rocket.mount("/", Log::routes()).mount("/", Page::routes()).mount("/", Leaf::routes())
    });
    server.write_as("POST", "/leaves", "ada", &json!({"data": {"type": "leaves"}})).is(201);
    let leaf = json!({"type": "leaves", "id": "1"});
    for kind in ["logs", "pages"] {
        let document = json!({"data": {"type": kind, "attributes": {"title": "a"}, "relationships": {
            "first": {"data": leaf}, "leaves": {"data": [leaf]},
        }}});
        server.write_as("POST", &format!("/{kind}"), "ada", &document).is(201);
    }
    server
}

#[test]
fn who_does_not_see_linkage_writes_what_they_see() {
    let server = book();
    for kind in ["logs", "pages"] {
        let url = format!("/{kind}/1");
        let patch = |user, tag: &str, title: &str| {
            let document =
                json!({"data": {"type": kind, "id": "1", "attributes": {"title": title}}}).to_string();
            let fields = [("Content-Type", "application/vnd.api+json"), ("X-User", user), ("If-Match", tag)];
            server.send("PATCH", &url, &fields, &document)
        };
        let (mine, theirs) = (server.get_as(&url, "").is(200), server.get_as(&url, "ada").is(200));
        assert_eq!(mine.json()["data"]["relationships"]["leaves"].get("data"), None);
        assert_ne!(mine.tag(), theirs.tag());
        // What one was answered with is what the next GET gives, and the tag goes on.
        let written = patch("", &mine.tag(), "b").is(200);
        let read = server.get_as(&url, "").is(200);
        assert_eq!((written.text(), written.tag()), (read.text(), read.tag()));
        let late = patch("", &mine.tag(), "c").is(412);
        assert!(read.tag().starts_with(late.tag().trim_end_matches('"')), "{late:?} {read:?}");
        patch("ada", &theirs.tag(), "c").is(412);
        // Nobody's linkage is lost by a write of who doesn't see it.
        let theirs = server.get_as(&url, "ada").is(200).json();
        assert_eq!(theirs["data"]["relationships"]["leaves"]["data"][0]["id"], "1");
        assert_eq!(theirs["data"]["relationships"]["first"]["data"]["id"], "1");
        let created = json!({"data": {"type": kind, "attributes": {"title": "x"}}});
        let created = server.write_as("POST", &format!("/{kind}"), "", &created).is(201);
        let there = server.get_as(created.field("location").unwrap(), "").is(200);
        assert_eq!((created.text(), created.tag()), (there.text(), there.tag()));
        let gone = |tag: &str| server.send("DELETE", &url, &[("If-Match", tag), ("X-User", "")], "");
        gone(&mine.tag()).is(412);
        gone(&read.tag()).is(204);
    }
}

#[test]
fn a_date_says_nothing_where_linkage_is_hidden() {
    let server = book();
    let date = server.get_as("/pages/1", "ada").is(200).field("last-modified").map(str::to_owned);
    let date = date.expect("a date for who sees all");
    let since = |user| server.get("/pages/1", &[("X-User", user), ("If-Modified-Since", &date)]);
    assert_eq!(since("ada").status, 304);
    // What it says of the row is not said of what is shown: who may no longer see it gets what there is.
    assert_eq!(since("").is(200).field("last-modified"), None);
}

#[test]
fn a_guard_in_trouble_is_no_answer_without_linkage() {
    let server = book();
    for url in ["/logs", "/logs/1", "/pages/1", "/logs/1/leaves", "/logs/1/relationships/first"] {
        server.get_as(url, "broken").is(503);
        server.get_as(url, "ada").is(200);
    }
    // A guard that forwards hides as well as one that fails.
    server.get_as("/logs/1/relationships/leaves", "").is(404);
    server.get_as("/logs?filter[first]=1", "").is(403);
}
