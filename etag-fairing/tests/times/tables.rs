//! Tables of another program, over HTTP: its times are compared as what they mean, and it can go on reading ours.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::{Build, Request, Rocket};
use serde_json::{Value, json};

use crate::support::Server;

/// Shown from 2021-01-03 on.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "events", etag, scope = recent)]
struct Event {
    #[jsonapi(id)]
    id: i64,
    at: Option<DateTime<Utc>>,
}

async fn recent(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match request.headers().get_one("X-User").unwrap_or("") {
        "all" => Scope::All,
        _ => Scope::rows(member("at").at_least("2021-01-03T00:00:00Z")),
    })
}

struct Theirs(tempfile::TempDir);

impl Theirs {
    fn new(sql: &str) -> Self {
        let theirs = Self(tempfile::tempdir().unwrap());
        theirs.run(sql);
        theirs
    }

    fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.0.path().join("theirs.db")).unwrap()
    }

    fn run(&self, sql: &str) {
        self.sqlite().execute_batch(sql).unwrap();
    }

    /// A value, as SQL writes it.
    fn ask(&self, sql: &str) -> String {
        self.sqlite().query_row(&format!("SELECT quote(({sql}))"), [], |row| row.get(0)).unwrap()
    }

    fn serve(&self, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
        let url = format!("sqlite:{}", self.0.path().join("theirs.db").display());
        let toml = format!("[default]\nETAG = true\n[default.databases.api]\nurl = '{url}'\n");
        Server::start(&toml, |rocket| build(rocket.attach(JsonApi::fairing()).attach(EtagFairing::new())))
    }

    /// Why a server over it does not launch.
    fn refuses(&self, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> bool {
        let url = format!("sqlite:{}", self.0.path().join("theirs.db").display());
        let toml = format!("[default.databases.api]\nurl = '{url}'\n");
        let figment = crate::support::figment(&toml).merge(("log_level", "off"));
        let rocket = build(rocket::custom(figment).attach(JsonApi::fairing()));
        // An error that nobody has looked at is a panic of Rocket's.
        rocket::execute(rocket.ignite()).as_ref().map_err(rocket::Error::kind).is_err()
    }
}

fn ids(answer: crate::support::Answer) -> Vec<String> {
    let data = answer.is(200).json()["data"].clone();
    let id = |resource: &Value| resource["id"].as_str().unwrap_or_default().to_owned();
    data.as_array().into_iter().flatten().map(id).collect()
}

fn document(type_name: &str, id: Option<&str>, attributes: &Value) -> Value {
    let mut document = json!({"data": {"type": type_name, "attributes": attributes}});
    if let Some(id) = id {
        document["data"]["id"] = id.into();
    }
    document
}

const MIXED: &str = "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at DATETIME);
    INSERT INTO events (at) VALUES
    ('2021-01-02 23:59:59'), ('2021-01-03 00:00:00'), ('2021-01-03T00:00:00Z'), ('2021-01-03'),
    ('2021-01-03 01:00:00+02:00'), ('2021-01-03T00:30'), (1609632000), (1609631999.5), (NULL), ('2021-01-03 00:00:00.5');";

#[test]
fn no_scope_shows_what_lies_outside_and_hides_what_lies_within() {
    let theirs = Theirs::new(MIXED);
    let server = theirs.serve(|rocket| rocket.mount("/", Event::routes()));
    assert_eq!(ids(server.get("/events", &[])), ["2", "3", "4", "6", "7", "10"]);
    for hidden in [1, 5, 8, 9] {
        server.get(&format!("/events/{hidden}"), &[]).is(404);
    }
    server.get("/events/2", &[]).is(200);
    // What comes while the server runs, too.
    theirs.run("INSERT INTO events (at) VALUES ('2021-01-02T12:00:00'), ('2021-01-03 12:00')");
    assert_eq!(ids(server.get("/events", &[])), ["2", "3", "4", "6", "7", "10", "12"]);
}

#[test]
fn filters_orders_and_cursors_go_by_what_is_meant() {
    let theirs = Theirs::new(MIXED);
    let server = theirs.serve(|rocket| rocket.mount("/", Event::routes()));
    let get = |path: &str| server.get_as(path, "all");
    for (filter, expected) in [
        ("filter[at]=2021-01-03T00:00:00Z", &["2", "3", "4", "7"][..]),
        ("filter[at]=2021-01-03T02:00:00%2B02:00", &["2", "3", "4", "7"]),
        ("filter[at][ne]=2021-01-03T00:00:00Z", &["1", "5", "6", "8", "10"]),
        ("filter[at][gt]=2021-01-03T00:00:00Z", &["6", "10"]),
        ("filter[at][lt]=2021-01-03T00:00:00Z", &["1", "5", "8"]),
        ("filter[at]=2021-01-02T23:00:00Z,2021-01-03T00:30:00Z", &["5", "6"]),
        ("filter[at][between]=2021-01-02T23:59:59Z,2021-01-02T23:59:59.5Z", &["1", "8"]),
        ("filter[at][is_null]=true", &["9"]),
        ("sort=at", &["5", "1", "8", "2", "3", "4", "7", "10", "6", "9"]),
        ("sort=-at", &["6", "10", "2", "3", "4", "7", "8", "1", "5", "9"]),
    ] {
        assert_eq!(ids(get(&format!("/events?{filter}"))), expected, "{filter}");
    }
    let mut seen = Vec::new();
    let mut next = Some("/events?sort=at&page[size]=3&page[after]=".to_owned());
    next = next.map(|path| path.replace("&page[after]=", ""));
    let profile = (
        "Accept",
        "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"",
    );
    while let Some(path) = next {
        let answer = server.get(&path, &[("X-User", "all"), profile]).is(200);
        let page: Value = serde_json::from_slice(&answer.body).unwrap();
        let id = |resource: &Value| resource["id"].as_str().unwrap_or_default().to_owned();
        seen.extend(page["data"].as_array().into_iter().flatten().map(id));
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["5", "1", "8", "2", "3", "4", "7", "10", "6", "9"]);
}

macro_rules! held {
    ($($name:ident, $type:ty, $($stored:literal)?;)*) => {$(
        #[derive(Clone, Debug, JsonApiResource)]
        #[jsonapi(type = "events", etag)]
        struct $name {
            #[jsonapi(id)]
            id: i64,
            $(#[jsonapi(stored = $stored)])?
            at: Option<$type>,
        }
    )*};
}

held! {
    Instant, DateTime<Utc>,;
    Local, NaiveDateTime,;
    Day, NaiveDate,;
    Clock, NaiveTime,;
    Seconds, DateTime<Utc>, "unix seconds";
    Milliseconds, DateTime<Utc>, "unix milliseconds";
    Text, DateTime<Utc>, "YYYY-MM-DD hh:mm:ss";
    Three, DateTime<Utc>, "YYYY-MM-DDThh:mm:ss.fffZ";
}

/// What a table of others holds, what a client writes there, and what then stands in it.
fn written(routes: Vec<rocket::Route>, their: &str, rows: &[(&str, &str)]) {
    let theirs =
        Theirs::new(&format!("CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at {their}"));
    let server = theirs.serve(|rocket| rocket.mount("/", routes));
    for (text, held) in rows {
        let made = server.write("POST", "/events", &document("events", None, &json!({"at": text}))).is(201);
        let made = made.json()["data"].clone();
        let id = made["id"].as_str().unwrap();
        assert_eq!(made["attributes"]["at"], *text);
        assert_eq!(theirs.ask(&format!("SELECT at FROM events WHERE id = {id}")), *held, "{their} {text}");
        // Changed, it reads back as it was sent, and its tag serves for the next change.
        let path = format!("/events/{id}");
        let read = server.get(&path, &[]).is(200);
        assert_eq!(read.json()["data"], made);
        let changed = document("events", Some(id), &json!({"at": text}));
        let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", &read.tag())];
        let again = server.send("PATCH", &path, &fields, &changed.to_string()).is(200);
        assert_eq!((again.tag(), again.body), (read.tag(), read.body), "{their} {text}");
        let found = ids(server.get(&format!("/events?filter[at]={}", text.replace('+', "%2B")), &[]));
        assert!(found.contains(&id.to_owned()), "{their} {text}: {found:?}");
    }
}

#[test]
fn what_is_written_takes_the_columns_form() {
    let at = "2021-01-03T00:30:00Z";
    written(
        Instant::routes(),
        "DATETIME); INSERT INTO events (at) VALUES ('2020-01-01 00:00:00'), ('2020-01-01 00:00:00'), (1500000000)",
        &[(at, "'2021-01-03 00:30:00'"), ("2021-01-03T00:30:00.25Z", "'2021-01-03 00:30:00.250000'")],
    );
    written(
        Instant::routes(),
        "TEXT); INSERT INTO events (at) VALUES ('2020-01-01T00:00:00.000Z')",
        &[(at, "'2021-01-03T00:30:00.000Z'")],
    );
    written(
        Instant::routes(),
        "); INSERT INTO events (at) VALUES ('2020-01-01 00:00:00.000000000+00:00')",
        &[(at, "'2021-01-03 00:30:00.000000000+00:00'")],
    );
    written(
        Instant::routes(),
        "DATETIME); INSERT INTO events (at) VALUES (1500000000)",
        &[(at, "1609633800"), ("2021-01-03T00:30:00.5Z", "1609633800.5")],
    );
    written(
        Instant::routes(),
        "DATETIME); INSERT INTO events (at) VALUES ('2020-01-01')",
        &[("2021-01-03T00:00:00Z", "'2021-01-03'"), (at, "'2021-01-03 00:30:00'")],
    );
    // Where there is nothing to learn from: the store's own form, or what the type says.
    written(Instant::routes(), "DATETIME)", &[(at, "'2021-01-03T00:30:00.000000Z'")]);
    written(Instant::routes(), "INTEGER)", &[(at, "1609633800")]);
    written(
        Local::routes(),
        "TIMESTAMP); INSERT INTO events (at) VALUES ('2020-01-01 00:00')",
        &[("2021-01-03T00:30:00", "'2021-01-03 00:30'"), ("2021-01-03T00:30:07", "'2021-01-03 00:30:07'")],
    );
    written(
        Day::routes(),
        "DATE); INSERT INTO events (at) VALUES ('2020-01-01 00:00:00')",
        &[("2021-01-03", "'2021-01-03 00:00:00'")],
    );
    written(
        Clock::routes(),
        "TIME); INSERT INTO events (at) VALUES ('2000-01-01 10:00:00')",
        &[("13:30:00", "'2000-01-01 13:30:00'")],
    );
}

#[test]
fn a_declared_form_is_kept_to() {
    let at = "2021-01-03T00:30:00Z";
    written(Seconds::routes(), "INTEGER)", &[(at, "1609633800"), ("1970-01-01T03:25:45Z", "12345")]);
    written(
        Milliseconds::routes(),
        "DATETIME); INSERT INTO events (at) VALUES (1500000000123)",
        &[(at, "1609633800000"), ("2021-01-03T00:30:00.125Z", "1609633800125")],
    );
    written(Text::routes(), "DATETIME)", &[(at, "'2021-01-03 00:30:00'")]);
    written(Three::routes(), "TEXT)", &[("2021-01-03T00:30:00.5Z", "'2021-01-03T00:30:00.500Z'")]);
    let theirs = Theirs::new(
        "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at DATETIME); CREATE INDEX by_time ON events (at);
         INSERT INTO events (at) VALUES ('2021-01-03 00:00:00'), ('2021-01-02 23:59:59'), (NULL), ('2021-01-03 00:00:01')",
    );
    let server = theirs.serve(|rocket| rocket.mount("/", Text::routes()));
    for (query, expected) in [
        ("filter[at]=2021-01-03T00:00:00Z", &["1"][..]),
        ("filter[at]=2021-01-03T00:00:00.5Z", &[]),
        ("filter[at][ne]=2021-01-03T00:00:00.5Z", &["1", "2", "4"]),
        ("filter[at][ge]=2021-01-03T00:00:00Z", &["1", "4"]),
        ("filter[at][gt]=2021-01-03T00:00:00.5Z", &["4"]),
        ("filter[at][ge]=2021-01-03T00:00:00.5Z", &["4"]),
        ("filter[at][lt]=2021-01-03T00:00:00.5Z", &["1", "2"]),
        ("filter[at][le]=2021-01-03T00:00:00.5Z", &["1", "2"]),
        ("filter[at]=2021-01-03T00:00:00.5Z,2021-01-02T23:59:59Z", &["2"]),
        ("filter[at][between]=2021-01-02T23:59:59.5Z,2021-01-03T00:00:00.5Z", &["1"]),
        ("sort=-at", &["4", "1", "2", "3"]),
    ] {
        assert_eq!(ids(server.get(&format!("/events?{query}"), &[])), expected, "{query}");
    }
    // What the form can't tell is refused, and the member is named.
    let refused =
        server.write("POST", "/events", &document("events", None, &json!({"at": "2021-01-03T00:00:00.5Z"})));
    assert_eq!(refused.is(422).error().1, json!({"pointer": "/data/attributes/at"}));
}

#[test]
fn a_row_of_another_form_stops_the_launch_where_one_is_declared() {
    for (routes, held) in [
        (Text::routes(), "'2021-01-03T00:00:00'"),
        (Text::routes(), "'2021-01-03 00:00:00.5'"),
        (Text::routes(), "1609632000"),
        (Seconds::routes(), "'2021-01-03 00:00:00'"),
        (Seconds::routes(), "1609632000.5"),
        (Three::routes(), "'2021-01-03T00:00:00Z'"),
    ] {
        let table = "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at);";
        let theirs = Theirs::new(&format!("{table} INSERT INTO events (at) VALUES (NULL), ({held})"));
        assert!(theirs.refuses(|rocket| rocket.mount("/", routes)), "{held}");
    }
}

/// The store's own table, into which another program has written before a launch.
#[test]
fn in_a_table_of_our_own_others_times_are_found_at_launch() {
    let theirs = Theirs::new("");
    drop(theirs.serve(|rocket| rocket.mount("/", Event::routes())));
    theirs.run("INSERT INTO events (at) VALUES ('2021-01-03 00:00:00'), ('2021-01-02 00:00:00'), ('2021-01-03T00:00:00.000000Z')");
    let server = theirs.serve(|rocket| rocket.mount("/", Event::routes()));
    assert_eq!(ids(server.get("/events", &[])), ["1", "3"]);
    assert_eq!(ids(server.get_as("/events?sort=-at", "all")), ["1", "3", "2"]);
}

/// Versions and dates of the last change that another program has begun.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pages", etag, require_if_match)]
struct Page {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(version)]
    version: DateTime<Utc>,
    #[jsonapi(last_modified)]
    updated_at: DateTime<Utc>,
}

/// The same, in whole seconds.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pages", etag)]
struct Dated {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(last_modified, stored = "unix seconds")]
    updated_at: DateTime<Utc>,
}

#[test]
fn versions_and_dates_go_on_in_their_columns_form() {
    let theirs = Theirs::new(
        "CREATE TABLE pages (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, version DATETIME NOT NULL,
         updated_at DATETIME NOT NULL);
         INSERT INTO pages (title, version, updated_at) VALUES ('a', '2021-01-03 00:00:00', 1609632000)",
    );
    let server = theirs.serve(|rocket| rocket.mount("/", Page::routes()));
    let mut tag = server.get("/pages/1", &[]).is(200).tag();
    for title in ["b", "c", "d"] {
        let body = document("pages", Some("1"), &json!({"title": title})).to_string();
        let send = |tag: &str| {
            let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag)];
            server.send("PATCH", "/pages/1", &fields, &body)
        };
        let changed = send(&tag).is(200);
        let stale = send(&tag).is(412);
        assert_eq!(stale.tag(), changed.tag());
        assert_eq!(server.get("/pages/1", &[]).is(200).tag(), changed.tag());
        tag = changed.tag();
    }
    let like = theirs.ask("SELECT version GLOB '????-??-?? ??:??:??*' FROM pages");
    assert_eq!(like, "1", "{}", theirs.ask("SELECT version FROM pages"));
    assert_ne!(theirs.ask("SELECT typeof(updated_at) FROM pages"), "'text'");
    server.send("DELETE", "/pages/1", &[("If-Match", "\"other\"")], "").is(412);
    server.send("DELETE", "/pages/1", &[("If-Match", &tag)], "").is(204);
}

#[test]
fn a_date_in_whole_seconds_rises_with_each_change() {
    let theirs = Theirs::new(
        "CREATE TABLE pages (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, updated_at INTEGER NOT NULL);
         INSERT INTO pages (title, updated_at) VALUES ('a', 1609632000)",
    );
    let server = theirs.serve(|rocket| rocket.mount("/", Dated::routes()));
    let date = server.get("/pages/1", &[]).is(200).field("last-modified").map(str::to_owned).unwrap();
    assert_eq!(date, "Sun, 03 Jan 2021 00:00:00 GMT");
    let mut last = 1_609_632_000;
    for title in ["b", "c", "d"] {
        let body = document("pages", Some("1"), &json!({"title": title})).to_string();
        server.send("PATCH", "/pages/1", &[("Content-Type", "application/vnd.api+json")], &body).is(200);
        let now: i64 = theirs.ask("SELECT updated_at FROM pages").parse().unwrap();
        assert!(now > last, "{now} {last}");
        last = now;
    }
    let body = document("pages", Some("1"), &json!({"title": "lost"})).to_string();
    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Unmodified-Since", date.as_str())];
    server.send("PATCH", "/pages/1", &fields, &body).is(412);
}
