//! Where keys are not taken, and how long answers are kept.

use std::thread;
use std::time::Duration;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::error::ErrorKind;
use rocket::{Build, Rocket};

use crate::support::{Server, figment};
use crate::world::{J, Payment, World, each_database, order, refused};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

fn note() -> String {
    r#"{"data":{"type":"notes","attributes":{"text":"x"}}}"#.into()
}

#[test]
fn after_a_while_a_key_is_forgotten() {
    each_database(|database| {
        let world = World::start(database, "idempotency_keep = 1", |fairing| fairing);
        world.post("/v1/orders", "k", &order("book")).is(201);
        thread::sleep(Duration::from_millis(2_500));
        let again = world.post("/v1/orders", "k", &order("another")).is(201);
        assert_eq!(again.field("idempotency-replayed"), None);
        assert_eq!(world.count("/v1/orders"), 2);
    });
}

#[test]
fn what_is_kept_no_longer_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notes.db");
    let keys = |path: &std::path::Path| -> i64 {
        let sqlite = rusqlite::Connection::open(path).expect("the file");
        sqlite.query_row("SELECT count(*) FROM _etag_fairing_keys", [], |row| row.get(0)).expect("a count")
    };
    let toml = format!("[default.databases.api]\nurl = 'sqlite:{}'", path.display());
    let build = |rocket: Rocket<Build>| {
        rocket.attach(EtagFairing::new()).attach(JsonApi::fairing()).mount("/v1", Note::routes())
    };
    {
        let server = Server::start(&toml, build);
        for number in 0..3 {
            let key = format!("key-{number}");
            server
                .send("POST", "/v1/notes", &[("Content-Type", J), ("Idempotency-Key", &key)], &note())
                .is(201);
        }
        assert_eq!(keys(&path), 3);
    }
    let sqlite = rusqlite::Connection::open(&path).expect("the file");
    // Two days ago.
    sqlite.execute("UPDATE _etag_fairing_keys SET kept_at = kept_at - 172800", []).expect("a change");
    drop(sqlite);
    let server = Server::start(&toml, build);
    server.send("POST", "/v1/notes", &[("Content-Type", J), ("Idempotency-Key", "new")], &note()).is(201);
    // Beside the request: a moment later.
    for _ in 0..200 {
        if keys(&path) == 1 {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{} keys are left", keys(&path));
}

#[test]
fn a_key_that_cannot_be_kept_is_refused() {
    each_database(|database| {
        let toml =
            format!("[default.databases.api]\nurl = '{database}'\n[default.jsonapi]\nidempotency_keep = 0");
        let server = Server::start(&toml, |rocket| {
            rocket.attach(EtagFairing::new()).attach(JsonApi::fairing()).mount("/v1", Note::routes())
        });
        let answer =
            server.send("POST", "/v1/notes", &[("Content-Type", J), ("Idempotency-Key", "k")], &note());
        assert_eq!(refused(&answer, 400), "idempotency_key_not_supported");
        server.send("POST", "/v1/notes", &[("Content-Type", J)], &note()).is(201);
    });
}

#[test]
fn a_resource_that_requires_keys_stops_the_launch_where_none_are_kept() {
    let rocket = rocket::custom(figment(
        "[default]\nlog_level = 'off'\n[default.databases.api]\nurl = 'sqlite::memory:'\n[default.jsonapi]\n\
         idempotency_keep = 0",
    ))
    .attach(JsonApi::fairing())
    .mount("/v1", Payment::routes())
    .mount("/v1", crate::world::Order::routes())
    .mount("/v1", crate::world::Tag::routes());
    let error = rocket::execute(rocket.ignite()).expect_err("no launch");
    assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)), "{error}");
}

#[test]
fn idempotency_keep_is_a_number_of_seconds() {
    let keep = |value: &str| {
        let figment = figment(&format!("[default.jsonapi]\nidempotency_keep = {value}"));
        etag_fairing::config::JsonApiConfig::from_figment(&figment).map(|config| config.idempotency_keep)
    };
    assert_eq!(keep("3600").expect("seconds"), Duration::from_secs(3600));
    assert_eq!(keep("0").expect("seconds"), Duration::ZERO);
    for value in ["-1", "'a day'", "31536001", "1.5"] {
        let error = keep(value).expect_err(value);
        assert!(error.to_string().contains("idempotency_keep"), "{error}");
    }
}

#[test]
fn idempotency_max_bytes_is_a_number_of_bytes() {
    let most = |value: &str| {
        let figment = figment(&format!("[default.jsonapi]\nidempotency_max_bytes = {value}"));
        etag_fairing::config::JsonApiConfig::from_figment(&figment).map(|config| config.idempotency_max_bytes)
    };
    assert_eq!(most("'2 MiB'").expect("bytes").as_u64(), 2 << 20);
    assert_eq!(most("65536").expect("bytes").as_u64(), 65_536);
    for value in ["0", "1023", "-1", "'much'", "1.5"] {
        let error = most(value).expect_err(value);
        assert!(error.to_string().contains("idempotency_max_bytes"), "{error}");
    }
}
