//! Two databases of different kinds in one application, and a store of its own: each alone, and one of them away.

use std::path::Path;
use std::time::Duration;

use etag_fairing::config::DatabaseConfig;
use etag_fairing::store::sqlite::{Location, SqliteOptions, SqliteStore};
use etag_fairing::{EtagFairing, Health, JsonApi, JsonApiResource};
use postgres_server::{Binaries, Server as Postgres};
use rocket::figment::Figment;
use rocket::figment::providers::{Format, Toml};
use rocket::http::Status;
use rocket::{State, get, routes};
use serde_json::{Value, json};

use super::logged::listen;
use super::support::{Answer, Server};

/// The same struct in all three of them.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "memos", etag)]
struct Memo {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

const BASES: [&str; 3] = ["/v1", "/shop", "/own"];

/// The text of the first memo of the part, by code beside the routes.
#[get("/beside/<part>")]
async fn beside(part: &str, api: &State<JsonApi>) -> Result<String, Status> {
    let memo = api.at(&format!("/{part}")).read::<Memo>(1).await.map_err(|_| Status::ServiceUnavailable)?;
    Ok(memo.text)
}

fn serve(folder: &Path, shop: &str) -> Server {
    listen();
    let toml = format!(
        "[default]\nETAG = true\n[default.jsonapi]\nmax_page_size = 7\npage_size = 5\n[default.databases.api]\nurl = \
         'sqlite:{}'\n[default.databases.shop]\nurl = '{shop}'\nconnect_timeout = 1\nread_timeout = 2\n",
        folder.join("api.db").display()
    );
    let own = SqliteStore::open(SqliteOptions::new(Location::Temporary)).expect("a store");
    Server::start(&toml, |rocket| {
        let api = JsonApi::fairing()
            .below("/shop", JsonApi::database("shop"))
            .below("/own", JsonApi::with_store(own));
        let mut rocket = rocket.attach(api).attach(EtagFairing::new()).mount("/", routes![beside]);
        #[cfg(feature = "metrics")]
        {
            rocket = rocket
                .attach(etag_fairing::Metrics::new())
                .mount("/metrics", etag_fairing::Metrics::routes());
        }
        for base in BASES {
            rocket = rocket.mount(base, Memo::routes());
        }
        rocket.mount("/health", Health::routes())
    })
}

const MEDIA: (&str, &str) = ("Content-Type", "application/vnd.api+json");

fn document(id: Option<&str>, text: &str) -> String {
    let mut data = json!({"type": "memos", "attributes": {"text": text}});
    if let Some(id) = id {
        data["id"] = id.into();
    }
    json!({"data": data}).to_string()
}

fn make(server: &Server, base: &str, text: &str) -> Answer {
    server.send("POST", &format!("{base}/memos"), &[MEDIA], &document(None, text))
}

fn change(server: &Server, base: &str, tag: &str, text: &str) -> Answer {
    let fields = [MEDIA, ("If-Match", tag)];
    server.send("PATCH", &format!("{base}/memos/1"), &fields, &document(Some("1"), text))
}

fn first(server: &Server, base: &str, tag: Option<&str>) -> Answer {
    let fields: Vec<_> = tag.map(|tag| ("If-None-Match", tag)).into_iter().collect();
    server.get(&format!("{base}/memos/1"), &fields)
}

fn tag(answer: &Answer) -> String {
    answer.field("etag").unwrap_or_else(|| panic!("a tag: {answer:?}")).to_owned()
}

/// Asks until this is told: on a busy machine the first answer may be that there was none in time.
fn until(server: &Server, status: u16, expected: impl Fn(&Value) -> bool) {
    let mut told = Value::Null;
    for _ in 0..600 {
        let answer = server.get("/health/ready", &[]);
        let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
        told = body["checks"].clone();
        if answer.status == status && expected(&told) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{told}");
}

/// What is told if all is well with all but these.
fn health(trouble: &[(&str, Option<&str>)]) -> Value {
    let mut all = json!({});
    for base in ["", "/shop ", "/own "] {
        for check in ["store", "schema", "writable"] {
            all[format!("{base}{check}")] = "ok".into();
        }
    }
    for (check, told) in trouble {
        match told {
            Some(told) => all[*check] = (*told).into(),
            None => drop(all.as_object_mut().and_then(|all| all.remove(*check))),
        }
    }
    all
}

#[test]
fn each_database_is_alone() {
    let Some(binaries) = Binaries::provide() else { return };
    let postgres = Postgres::start(&binaries, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(folder.path(), &postgres.url("postgres"));
    let mut tags = Vec::new();
    for base in BASES {
        let made = make(&server, base, base);
        assert_eq!((made.status, made.field("location")), (201, Some(&*format!("{base}/memos/1"))));
        tags.push(tag(&first(&server, base, None)));
        // Configuration that all share.
        assert_eq!(server.get(&format!("{base}/memos?page[size]=8"), &[]).status, 400);
        assert_eq!(server.get(&format!("/beside{base}"), &[]).text(), base);
    }
    for (base, tag_here) in BASES.iter().zip(&tags) {
        assert_eq!(first(&server, base, Some(tag_here)).status, 304, "{base}");
        for other in tags.iter().filter(|other| *other != tag_here) {
            assert_eq!(first(&server, base, Some(other)).status, 200, "a tag of another one's");
            assert_eq!(change(&server, base, other, "lost").status, 412);
        }
    }
    // A write to one of them, by whatever way, makes nothing old of the others.
    for (place, base) in BASES.iter().enumerate() {
        let changed = change(&server, base, &tags[place], &format!("{base} again"));
        assert_eq!(changed.status, 200, "{changed:?}");
        tags[place] = tag(&changed);
        for (base, tag) in BASES.iter().zip(&tags) {
            assert_eq!(first(&server, base, Some(tag)).status, 304);
        }
    }
    postgres.run("postgres", "UPDATE memos SET text = 'from elsewhere'");
    assert_eq!(first(&server, "/shop", Some(&tags[1])).status, 200);
    assert_eq!(first(&server, "/v1", Some(&tags[0])).status, 304);
    assert_eq!(server.get("/beside/shop", &[]).text(), "from elsewhere");
    assert_eq!(server.get("/beside/v1", &[]).text(), "/v1 again");
    until(&server, 200, |told| *told == health(&[]));
    #[cfg(feature = "metrics")]
    {
        let told = server.get("/metrics", &[]).text();
        for store in ["/", "/shop", "/own"] {
            assert!(told.contains(&format!("store=\"{store}\"")), "{store}: {told}");
        }
    }
    // All of them end with the server.
    drop(server);
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'etag-fairing'";
    for _ in 0..500 {
        if postgres.run("postgres", connections).trim() == "0" {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(postgres.run("postgres", connections).trim(), "0");
    assert!(!folder.path().join("api.db-wal").exists());
}

#[test]
fn of_a_database_that_is_away_only_its_resources_are() {
    let Some(binaries) = Binaries::provide() else { return };
    let mut postgres = Postgres::start(&binaries, &[]);
    let folder = tempfile::tempdir().expect("a folder");
    let server = serve(folder.path(), &postgres.url("postgres"));
    let mut tags: Vec<String> =
        BASES.iter().map(|base| tag(&make(&server, base, &format!("of {base}")))).collect();
    // The others read, remember and write, while this one does not even say what it remembers.
    let mut is_away = |away: usize, round: usize| {
        for (place, base) in BASES.iter().enumerate() {
            if place == away {
                for answer in [first(&server, base, Some(&tags[place])), make(&server, base, "never")] {
                    assert_eq!(answer.status, 503, "{base}: {answer:?}");
                    assert_eq!(answer.field("content-type"), Some("application/vnd.api+json"));
                    assert!(answer.field("retry-after").is_some());
                }
                assert_eq!(server.get(&format!("/beside{base}"), &[]).status, 503);
                continue;
            }
            assert_eq!(first(&server, base, Some(&tags[place])).status, 304, "{base}");
            let changed = change(&server, base, &tags[place], &format!("{base} in round {round}"));
            assert_eq!(changed.status, 200, "{changed:?}");
            tags[place] = tag(&changed);
        }
    };
    let no_connection = Some("there is no connection to the database");
    postgres.stop();
    is_away(1, 1);
    let gone = [("/shop store", no_connection), ("/shop schema", None), ("/shop writable", None)];
    until(&server, 503, |told| *told == health(&gone));
    postgres.restart();
    until(&server, 200, |told| *told == health(&[]));

    // Silent, so that nothing says that it is away. The others are told of all the same.
    postgres.pause();
    is_away(1, 2);
    until(&server, 503, |told| {
        let silent = told["/shop store"].as_str();
        let is_told = silent == Some("no answer within 750 ms") || silent == no_connection;
        is_told && told["store"] == "ok" && told["/own store"] == "ok"
    });
    postgres.go_on();
    until(&server, 200, |told| *told == health(&[]));

    let (file, elsewhere) = (folder.path().join("api.db"), folder.path().join("elsewhere.db"));
    std::fs::rename(&file, &elsewhere).expect("moved");
    let lost = "the file of the database was deleted or replaced while the server has it open";
    // Noticed within a second.
    let gone = [("store", Some(lost)), ("schema", None), ("writable", None)];
    until(&server, 503, |told| *told == health(&gone));
    is_away(0, 3);
    std::fs::rename(&elsewhere, &file).expect("moved back");
    until(&server, 200, |told| *told == health(&[]));

    // Nothing was lost, and what was answered before still holds.
    for (base, tag) in BASES.iter().zip(&tags) {
        assert_eq!(first(&server, base, Some(tag)).status, 304, "{base}");
        let list = server.get(&format!("{base}/memos"), &[]);
        assert!(!list.text().contains("never"), "{}", list.text());
    }
}

#[test]
fn keys_of_each_database_are_named_with_it() {
    let toml = "[default.databases.api]\nurl = 'sqlite:a.db'\nconnections = 3\n\
                [default.databases.shop]\nurl = 'postgres://a@h/d'\nreader = 3\nwait_timeut = 3\n";
    let figment = Figment::from(rocket::Config::debug_default()).merge(Toml::string(toml).nested());
    for (name, words) in [
        ("api", &["unknown key `connections`", "databases.api.connections"][..]),
        ("shop", &["unknown key `reader`", "databases.shop.reader", "did you mean `wait_timeout`"]),
    ] {
        let errors: Vec<String> = DatabaseConfig::from_figment(&figment, name)
            .expect_err("unknown keys")
            .into_iter()
            .map(|error| format!("{error} ({})", error.path.join(".")))
            .collect();
        let told = errors.join("\n");
        for word in words {
            assert!(told.contains(word), "{told} should name {word}");
        }
    }
}
