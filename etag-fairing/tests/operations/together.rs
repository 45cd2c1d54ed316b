//! All fairings at once, in whatever order they are attached: what one adds to an answer, no other takes away, and none of it
//! is remembered for other requests.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};

use etag_fairing::resource::{Description, HookError, Scope, member};
use etag_fairing::store::sqlite::{SqliteOptions, SqliteStore};
use etag_fairing::store::{Fetched, Plan, PrepareError, Revision, Store, StoreError, Transaction};
use etag_fairing::{
    Compression, EtagFairing, Health, JsonApi, JsonApiResource, Metrics, Observer, ToMany, ToOne, etagged,
};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::tokio::time::sleep;
use rocket::{Build, Request, Rocket, get, routes};
use serde_json::{Value, json};

use super::Database;
use super::logged::{lines, listen};
use super::support::{Answer, Server};

const JSON_API: &str = "application/vnd.api+json";

/// What caches may keep, and what is deleted softly.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "folders", etag, cache_control = "public, max-age=60")]
struct Folder {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "folder", linkage = true)]
    pages: ToMany<Page>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pages", etag, soft_delete = "deleted_at", cache_control = "public, max-age=60")]
struct Page {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(relationship)]
    folder: ToOne<Folder>,
}

struct User;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-User") {
            Some(name) if !name.is_empty() => Outcome::Success(User),
            _ => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "reports", etag, guard = User, cache_control = "private, max-age=5")]
struct Report {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "letters", etag, scope = own)]
struct Letter {
    #[jsonapi(id)]
    id: i64,
    owner: String,
    text: String,
}

async fn own(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(Scope::rows(member("owner").equals(request.headers().get_one("X-User").unwrap_or_default())))
}

/// What caches may keep, and leads to what only some may read.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "teams", etag, cache_control(list = "public, max-age=60", read = "public, max-age=60"))]
struct Team {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "team", linkage = true)]
    people: ToMany<Person>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", etag)]
struct Person {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(readable_by = User)]
    salary: i64,
    #[jsonapi(relationship)]
    team: ToOne<Team>,
}

/// No tags at all.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "plains", cache_control = "no-cache")]
struct Plain {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[get("/poem")]
fn poem() -> String {
    text("poem")
}

fn text(what: &str) -> String {
    format!("{what}: {}", "what one adds no other takes away; ".repeat(60))
}

const SECRET: &str = "correct-horse-battery";

/// Attaches all fairings, beginning with this one.
fn attach(mut rocket: Rocket<Build>, first: usize) -> Rocket<Build> {
    for number in 0..5 {
        rocket = match (first + number) % 5 {
            0 => rocket.attach(JsonApi::fairing()),
            1 => rocket.attach(EtagFairing::new()),
            2 => rocket.attach(Compression::new()),
            3 => rocket.attach(Observer::fairing()),
            _ => rocket.attach(Metrics::new()),
        };
    }
    let public = [Folder::routes(), Page::routes(), Plain::routes()];
    let resources =
        [public.concat(), Report::routes(), Letter::routes(), Team::routes(), Person::routes()].concat();
    rocket
        .mount("/api", resources)
        .mount("/health", Health::routes())
        .mount("/metrics", Metrics::routes())
        .mount("/", etagged(routes![poem]))
}

fn serve(database: &Database, first: usize) -> Server {
    let toml = format!(
        "[default]\nETAG = true\n[default.databases.api]\nurl = '{}'\nread_timeout = 60\n[default.jsonapi]\ncache_groups = true\n\
         surrogate_keys = 'xkey'\n[default.observer]\nrequest_id = 'take'\nserver_timing = 'X-Timing: {SECRET}'\n",
        database.url()
    );
    Server::start(&toml, |rocket| attach(rocket, first))
}

fn fill(server: &Server) {
    let folder = json!({"folder": {"data": {"type": "folders", "id": "1"}}});
    let team = json!({"team": {"data": {"type": "teams", "id": "1"}}});
    for (path, attributes, relationships) in [
        ("/api/folders", json!({"name": text("folder")}), json!({})),
        ("/api/pages", json!({"text": text("one")}), folder.clone()),
        ("/api/pages", json!({"text": text("two")}), folder),
        ("/api/reports", json!({"text": text("report")}), json!({})),
        ("/api/letters", json!({"owner": "ann", "text": text("letter")}), json!({})),
        ("/api/plains", json!({"text": text("plain")}), json!({})),
        ("/api/teams", json!({"name": text("team")}), json!({})),
        ("/api/people", json!({"name": text("person"), "salary": 4711}), team),
    ] {
        let mut data = json!({"type": &path["/api/".len()..], "attributes": attributes});
        if relationships != json!({}) {
            data["relationships"] = relationships;
        }
        server.write_as("POST", path, "ann", &json!({"data": data})).is(201);
    }
}

/// Each URL with the name of its route, its `Cache-Control`, what it varies by beside the coding, and its groups.
const TARGETS: [(&str, &str, &str, &str, Option<&str>); 9] = [
    ("/api/folders/1", "folders.read", "public, max-age=60", "Accept", Some("\"folders\", \"pages\"")),
    ("/api/pages", "pages.list", "public, max-age=60", "Accept", Some("\"pages\"")),
    (
        "/api/pages/1?include=folder",
        "pages.read",
        "public, max-age=60",
        "Accept",
        Some("\"folders\", \"pages\""),
    ),
    (
        "/api/folders/1/pages",
        "folders.related.pages",
        "public, max-age=60",
        "Accept",
        Some("\"folders\", \"pages\""),
    ),
    ("/api/reports", "reports.list", "private, max-age=5", "Accept, Authorization, Cookie", None),
    ("/api/letters", "letters.list", "private, no-cache", "Accept, Authorization, Cookie", None),
    ("/api/letters/1", "letters.read", "private, no-cache", "Accept, Authorization, Cookie", None),
    ("/api/plains/1", "plains.read", "no-cache", "Accept", Some("\"plains\"")),
    ("/poem", "poem", "private, no-cache", "", None),
];

const CODINGS: [Option<&str>; 3] = [None, Some("br"), Some("gzip")];

/// The names in a field, in order.
fn names(answer: &Answer, field: &str) -> Vec<String> {
    let lines = answer.lines(field);
    let mut names: Vec<_> = lines
        .iter()
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names
}

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut body = Vec::new();
    match answer.field("content-encoding") {
        // That of a HEAD is not there.
        _ if answer.body.is_empty() => return body,
        None => return answer.body.clone(),
        Some("br") => brotli::Decompressor::new(&*answer.body, 4096).read_to_end(&mut body),
        Some("gzip") => flate2::read::GzDecoder::new(&*answer.body).read_to_end(&mut body),
        Some(other) => panic!("{other} was not asked for"),
    }
    .expect("a coded body");
    body
}

/// What the test counts itself: the requests by route and status.
type Counts = BTreeMap<(String, u16), u64>;

struct Asks<'s> {
    server: &'s Server,
    counts: Counts,
    sent: usize,
}

impl Asks<'_> {
    /// A request with an id of its own, which the answer must have and nothing else of it.
    fn ask(&mut self, method: &str, target: &str, route: &str, fields: &[(&str, &str)]) -> Answer {
        self.sent += 1;
        let id = format!("request-{}", self.sent);
        let all = [&[("Accept", JSON_API), ("X-User", "ann"), ("X-Request-Id", &*id)], fields].concat();
        let answer = self.server.send(method, target, &all, "");
        assert_eq!(answer.field("x-request-id"), Some(&*id), "{target}");
        let body = String::from_utf8(decoded(&answer)).expect("text");
        assert!(answer.status >= 400 || !body.contains("request-"), "{body}");
        *self.counts.entry((route.to_owned(), answer.status)).or_default() += 1;
        answer
    }
}

fn metrics(server: &Server) -> BTreeMap<String, u64> {
    let text = server.get("/metrics", &[]).is(200).text();
    let samples = text.lines().filter_map(|line| line.rsplit_once(' '));
    samples.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
}

fn not_modified(metrics: &BTreeMap<String, u64>, way: &str) -> u64 {
    metrics.get(&format!("etag_not_modified_total{{way=\"{way}\"}}")).copied().unwrap_or_default()
}

/// Asks for each target in each coding, twice, as a 304, as HEAD, and by somebody who is told the times.
fn each_target(server: &Server) {
    let before = metrics(server);
    let mut asks = Asks { server, counts: Counts::new(), sent: 0 };
    let mut by_fairing = 0;
    let mut from_memo = 0;
    for (target, route, control, vary, groups) in TARGETS {
        for coding in CODINGS {
            let row = format!("{target} {coding:?}");
            let accepted = [("Accept-Encoding", coding.unwrap_or("identity"))];
            let timed = [accepted[0], ("X-Timing", SECRET)];
            let told = asks.ask("GET", target, route, &timed).is(200);
            let mut varies: Vec<_> = vary.split(", ").filter(|name| !name.is_empty()).collect();
            varies.push("Accept-Encoding");
            varies.sort_unstable();
            let of_caches = |answer: &Answer, control: &str| {
                let row = format!("{row}: {:?}", answer.fields);
                assert_eq!(answer.field("cache-control"), Some(control), "{row}");
                assert_eq!(names(answer, "vary"), varies, "{row}");
                let tables: Vec<_> = groups.iter().flat_map(|all| all.split(", ")).collect();
                assert_eq!(names(answer, "cache-groups"), tables, "{row}");
                assert_eq!(answer.field("xkey").is_some(), groups.is_some(), "{row}");
            };
            let of_told = if control.starts_with("private") { control } else { "private, no-cache" };
            of_caches(&told, of_told);
            assert!(told.field("server-timing").is_some(), "{row}");
            let first = asks.ask("GET", target, route, &accepted).is(200);
            let again = asks.ask("GET", target, route, &accepted).is(200);
            let head = asks.ask("HEAD", target, route, &accepted).is(200);
            for answer in [&first, &again, &head] {
                of_caches(answer, control);
                assert_eq!(answer.field("server-timing"), None, "{row}");
                assert_eq!(answer.field("content-encoding"), coding, "{row}");
                assert_eq!(answer.field("etag"), told.field("etag"), "{row}");
            }
            assert_eq!(decoded(&first), decoded(&again), "{row}");
            let Some(tag) = first.field("etag") else {
                assert_eq!(route, "plains.read");
                continue;
            };
            let known = [accepted[0], ("If-None-Match", tag)];
            for method in ["GET", "HEAD"] {
                let answer = asks.ask(method, target, route, &known).is(304);
                of_caches(&answer, control);
                assert_eq!((answer.field("etag"), answer.field("server-timing")), (Some(tag), None), "{row}");
            }
            let known_and_timed = [known[0], known[1], timed[1]];
            let answer = asks.ask("GET", target, route, &known_and_timed).is(304);
            of_caches(&answer, of_told);
            assert!(answer.field("server-timing").is_some_and(|times| times.contains("total")), "{row}");
            if route == "poem" { by_fairing += 3 } else { from_memo += 3 }
        }
    }
    for _ in 0..3 {
        let gone = asks.ask("GET", "/api/pages/99", "pages.read", &[("Accept-Encoding", "br")]).is(404);
        assert_eq!((gone.field("cache-control"), gone.field("xkey")), (Some("no-store"), None));
    }
    let after = metrics(server);
    for ((route, status), count) in &asks.counts {
        let name = format!("etag_requests_total{{route=\"{route}\",method=\"GET\",status=\"{status}\"}}");
        let of = |metrics: &BTreeMap<String, u64>| metrics.get(&name).copied().unwrap_or_default();
        assert_eq!(of(&after) - of(&before), *count, "{name}");
    }
    let since = |way: &str| not_modified(&after, way) - not_modified(&before, way);
    assert_eq!((since("memo"), since("built"), since("handler")), (from_memo, by_fairing, 0));
}

#[test]
fn in_every_order_each_answer_has_what_each_fairing_adds() {
    for (number, database) in Database::each().into_iter().enumerate() {
        fill(&serve(&database, 0));
        // In all orders over one of the databases, since nothing of it is the database's.
        for first in if number == 0 { 0..5 } else { 3..4 } {
            each_target(&serve(&database, first));
        }
    }
}

#[test]
fn what_is_deleted_softly_is_gone_from_every_coding_that_is_remembered() {
    for database in Database::each() {
        let server = serve(&database, 0);
        fill(&server);
        let targets = [
            "/api/pages",
            "/api/pages/1",
            "/api/folders/1",
            "/api/folders/1?include=pages",
            "/api/folders/1/pages",
            "/api/folders/1/relationships/pages",
            "/api/pages?filter[folder.id]=1",
            "/api/folders?filter[pages.id]=1",
        ];
        let ask = |target: &str, coding: Option<&str>, known: &str| {
            let mut fields = vec![("Accept", JSON_API), ("Accept-Encoding", coding.unwrap_or("identity"))];
            if !known.is_empty() {
                fields.push(("If-None-Match", known));
            }
            server.get(target, &fields)
        };
        let all = || targets.into_iter().flat_map(|target| CODINGS.map(|coding| (target, coding)));
        let tags: Vec<String> = all()
            .map(|(target, coding)| {
                ask(target, coding, "").is(200);
                let tag = ask(target, coding, "").is(200).tag();
                ask(target, coding, &tag).is(304);
                tag
            })
            .collect();
        // With the tag of a coded form, as who has read that would.
        let read = ask("/api/pages/1", Some("br"), "").tag();
        assert!(read.ends_with("~br\""), "{read}");
        let stale = read.replacen('"', "\"0", 1);
        server.send("DELETE", "/api/pages/1", &[("If-Match", &stale)], "").is(412);
        let deleted = server.send("DELETE", "/api/pages/1", &[("If-Match", &read)], "").is(204);
        assert!(deleted.field("xkey-purge").is_some_and(|keys| keys.contains("pages")), "{deleted:?}");
        for ((target, coding), tag) in all().zip(&tags) {
            let answer = ask(target, coding, tag);
            let row = format!("{target} {coding:?}: {:?}", answer.fields);
            if target == "/api/pages/1" {
                assert_eq!((answer.status, answer.field("cache-control")), (404, Some("no-store")), "{row}");
                continue;
            }
            assert_eq!(answer.status, 200, "{row}");
            assert_ne!(answer.tag(), *tag, "{row}");
            let document: Value = serde_json::from_slice(&decoded(&answer)).expect("JSON");
            assert!(!document.to_string().contains("one: "), "{row}");
        }
    }
}

#[test]
fn what_some_may_not_read_is_in_nothing_that_others_are_sent() {
    for database in Database::each() {
        let server = serve(&database, 4);
        fill(&server);
        let by_caller = ["Accept", "Accept-Encoding", "Authorization", "Cookie"];
        for (target, is_public) in [
            ("/api/teams/1", true),
            ("/api/teams", true),
            ("/api/teams/1?include=people", false),
            ("/api/teams/1/people", false),
            ("/api/people/1", false),
            ("/api/people?sort=name", false),
        ] {
            for coding in CODINGS {
                let ask = |user: &str, known: &str| {
                    let accepted = ("Accept-Encoding", coding.unwrap_or("identity"));
                    let mut fields = vec![("Accept", JSON_API), ("X-User", user), accepted];
                    if !known.is_empty() {
                        fields.push(("If-None-Match", known));
                    }
                    server.get(target, &fields)
                };
                // In turn, so that each finds what the other one has left in the memo.
                for _ in 0..2 {
                    for (user, other) in [("ann", ""), ("", "ann")] {
                        let answer = ask(user, "").is(200);
                        let row = format!("{target} {coding:?} {user}: {:?}", answer.fields);
                        assert_eq!(answer.field("content-encoding"), coding, "{row}");
                        let control = if is_public { "public, max-age=60" } else { "private, no-cache" };
                        assert_eq!(answer.field("cache-control"), Some(control), "{row}");
                        assert_eq!(answer.field("cache-groups").is_some(), is_public, "{row}");
                        let varies = if is_public { &by_caller[..2] } else { &by_caller[..] };
                        assert_eq!(names(&answer, "vary"), varies, "{row}");
                        let body = String::from_utf8(decoded(&answer)).expect("text");
                        let shows = body.contains("salary") || body.contains("4711");
                        assert_eq!(shows, !is_public && user == "ann", "{row}");
                        let tag = answer.tag();
                        ask(user, &tag).is(304);
                        assert_eq!(ask(other, &tag).status, if is_public { 304 } else { 200 }, "{row}");
                    }
                }
            }
        }
        let hidden = server.get("/api/teams?filter[people.salary]=4711", &[("X-User", "")]).is(400);
        assert_eq!(hidden.field("cache-control"), Some("no-store"));
    }
}

#[test]
fn long_errors_are_coded_with_the_id_of_their_own_request() {
    let database = Database::each().remove(0);
    let server = serve(&database, 2);
    fill(&server);
    let unknown: Vec<_> = (0..20).map(|number| format!("filter[nothing{number}]=1")).collect();
    let target = format!("/api/pages?{}", unknown.join("&"));
    for number in 0..3 {
        for coding in CODINGS {
            let id = format!("long-{number}");
            let fields = [("Accept-Encoding", coding.unwrap_or("identity")), ("X-Request-Id", &*id)];
            let answer = server.get(&target, &fields);
            assert_eq!((answer.status, answer.field("content-encoding")), (400, coding));
            assert_eq!((answer.field("etag"), answer.field("cache-control")), (None, Some("no-store")));
            assert_eq!(names(&answer, "vary"), ["Accept", "Accept-Encoding"]);
            let document: Value = serde_json::from_slice(&decoded(&answer)).expect("JSON");
            for error in document["errors"].as_array().expect("errors") {
                assert_eq!(error["id"], json!(id));
            }
        }
    }
}

/// A store whose reads take a while, and then fail.
struct Failing {
    inner: SqliteStore,
    fails: Arc<AtomicBool>,
}

#[rocket::async_trait]
impl Store for Failing {
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError> {
        self.inner.prepare(resources).await
    }

    async fn revision(&self, tables: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        self.inner.revision(tables).await
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            sleep(std::time::Duration::from_millis(200)).await;
            return Err(StoreError::Internal("as a test wants".into()));
        }
        self.inner.fetch(plan).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Store::begin(&self.inner).await
    }
}

#[test]
fn of_requests_that_fail_together_the_log_has_each_id() {
    listen();
    let fails = Arc::new(AtomicBool::new(false));
    let inner =
        SqliteStore::open(SqliteOptions::from_url("sqlite::memory:").expect("a URL")).expect("a store");
    let store = Failing { inner, fails: Arc::clone(&fails) };
    let toml = "[default]\nETAG = true\n[default.observer]\nrequest_id = 'take'\n";
    let server = Server::start(toml, |rocket| {
        rocket
            .attach(JsonApi::with_store(store))
            .attach(EtagFairing::new())
            .attach(Observer::fairing())
            .mount("/api", Plain::routes())
            .mount("/api", Page::routes())
            .mount("/api", Folder::routes())
    });
    fails.store(true, Ordering::SeqCst);
    // Most of them wait for the one that has asked the store. Whichever that is, each id leads to a line.
    let start = Barrier::new(8);
    let ids: Vec<String> = (0..8).map(|number| format!("together-{number}")).collect();
    std::thread::scope(|scope| {
        for id in &ids {
            let (server, start) = (&server, &start);
            scope.spawn(move || {
                start.wait();
                let answer = server.get("/api/pages", &[("X-Request-Id", id)]).is(500);
                assert_eq!(answer.json()["errors"][0]["id"], json!(id));
            });
        }
    });
    for id in &ids {
        assert!(!lines(&format!("{id}: ")).is_empty(), "{:?}", lines("together-"));
    }
}
