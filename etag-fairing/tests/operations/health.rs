//! `Health`: what probes are told, over both databases, in their troubles and after them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use etag_fairing::resource::Description;
use etag_fairing::store::sqlite::{SqliteOptions, SqliteStore};
use etag_fairing::store::{Fetched, Plan, PrepareError, Store, StoreError, Transaction};
use etag_fairing::{EtagFairing, Health, JsonApi, JsonApiResource};
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use super::logged::{lines, listen};
use super::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

fn serve(url: &str, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
    listen();
    let toml = format!("[default]\nETAG = true\n[default.databases.api]\nurl = '{url}'\n");
    Server::start(&toml, |rocket| {
        // For all routes: these must stay without tags even so.
        let rocket = rocket.attach(JsonApi::fairing()).attach(EtagFairing::all());
        build(rocket.mount("/api", Note::routes()).mount("/health", Health::routes()))
    })
}

fn checks(answer: &Answer) -> Value {
    assert_eq!(answer.field("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(answer.field("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.field("etag"), None, "{answer:?}");
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let expected = if answer.status == 200 { "ready" } else { "not ready" };
    assert_eq!(body["status"], expected, "{body}");
    body["checks"].clone()
}

/// Asks until the answer has this status: what was found is told again for a moment.
fn until(server: &Server, status: u16) -> Answer {
    loop {
        let answer = server.get("/health/ready", &[]);
        if answer.status == status {
            return answer;
        }
        checks(&answer);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn all_is_well() -> Value {
    json!({"store": "ok", "schema": "ok", "writable": "ok"})
}

/// What holds for both databases. `run` is SQL past the server.
fn tables(server: &Server, run: impl Fn(&str)) {
    let answer = server.get("/health/ready", &[("If-None-Match", "*")]);
    assert_eq!((answer.status, checks(&answer)), (200, all_is_well()));
    assert_eq!(answer.text().lines().count(), 8, "a line for each check: {}", answer.text());
    let head = server.send("HEAD", "/health/ready", &[], "");
    assert_eq!((head.status, head.field("content-length")), (200, Some(&*answer.body.len().to_string())));
    let live = server.get("/health/live", &[]);
    assert_eq!((live.status, live.text()), (200, "{\n  \"status\": \"live\"\n}\n".into()));
    assert_eq!((live.field("cache-control"), live.field("etag")), (Some("no-store"), None));

    let told = "a table is missing, or is not as it is described; the log of the server says which";
    for (break_it, mend_it) in [
        ("ALTER TABLE notes RENAME COLUMN text TO other", "ALTER TABLE notes RENAME COLUMN other TO text"),
        ("ALTER TABLE notes RENAME TO other", "ALTER TABLE other RENAME TO notes"),
    ] {
        run(break_it);
        let answer = until(server, 503);
        assert_eq!(checks(&answer), json!({"store": "ok", "schema": told, "writable": "ok"}), "{break_it}");
        run(mend_it);
        assert_eq!(checks(&until(server, 200)), all_is_well(), "{mend_it}");
    }
    assert_eq!(server.get("/api/notes", &[]).status, 200);
}

fn sqlite_in(folder: &Path) -> (Server, impl Fn(&str)) {
    let path = folder.join("api.db");
    let server = serve(&format!("sqlite:{}", path.display()), |rocket| rocket);
    let run = move |sql: &str| {
        let sqlite = rusqlite::Connection::open(&path).expect("a database");
        sqlite.busy_timeout(Duration::from_secs(10)).expect("patience");
        sqlite.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    };
    (server, run)
}

#[test]
fn the_tables_of_sqlite_are_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, run) = sqlite_in(folder.path());
    tables(&server, run);
    let names =
        std::fs::read_dir(folder.path()).expect("the folder").map(|entry| entry.expect("a file").file_name());
    let names: Vec<_> = names.filter(|name| !name.to_string_lossy().starts_with("api.db")).collect();
    assert!(names.is_empty(), "nothing is left of the checks: {names:?}");
}

#[test]
fn the_file_of_sqlite_is_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, _) = sqlite_in(folder.path());
    let file = folder.path().join("api.db");
    let set_readonly = |readonly| {
        let mut permissions = std::fs::metadata(&file).expect("the file").permissions();
        permissions.set_readonly(readonly);
        std::fs::set_permissions(&file, permissions).expect("set permissions");
    };
    until(&server, 200);
    set_readonly(true);
    let told = "the file of the database, or its folder, takes no writes";
    assert_eq!(checks(&until(&server, 503)), json!({"store": "ok", "schema": "ok", "writable": told}));
    set_readonly(false);
    until(&server, 200);
    let away = folder.path().join("away");
    std::fs::rename(&file, &away).expect("move the file away");
    let told = "the file of the database was deleted or replaced while the server has it open";
    assert_eq!(checks(&until(&server, 503)), json!({"store": told}));
    std::fs::rename(&away, &file).expect("move the file back");
    assert_eq!(checks(&until(&server, 200)), all_is_well());
}

#[cfg(feature = "postgres")]
mod postgres {
    use postgres_server::{Binaries, Database, Server};

    use super::*;

    #[test]
    fn the_tables_of_postgres_are_looked_at() {
        let Some(database) = Database::provide() else { return };
        let server = serve(database.url(), |rocket| rocket);
        tables(&server, |sql| drop(database.run(sql)));
    }

    #[test]
    fn a_server_that_is_gone_or_silent_or_read_only_is_noticed_and_so_is_that_it_is_back() {
        let Some(binaries) = Binaries::provide() else { return };
        let mut postgres = Server::start(&binaries, &[]);
        let server = serve(&postgres.url("postgres"), |rocket| rocket);
        assert_eq!(checks(&until(&server, 200)), all_is_well());

        postgres.stop();
        let answer = until(&server, 503);
        assert_eq!(checks(&answer), json!({"store": "there is no connection to the database"}));
        assert_eq!(server.get("/health/live", &[]).status, 200);
        postgres.restart();
        assert_eq!(checks(&until(&server, 200)), all_is_well());

        postgres.pause();
        let answer = until(&server, 503);
        let told = checks(&answer)["store"].clone();
        assert!(
            told == "no answer within 750 ms" || told == "there is no connection to the database",
            "{told}"
        );
        postgres.go_on();
        assert_eq!(checks(&until(&server, 200)), all_is_well());

        // What writes the setting may write itself.
        let switch = |change: &str| {
            postgres.run("postgres?options=-cdefault_transaction_read_only%3Doff", change);
            postgres.run("postgres", "SELECT pg_reload_conf()");
        };
        switch("ALTER SYSTEM SET default_transaction_read_only = on");
        let told = "the database takes no writes: it is a standby, or read-only";
        assert_eq!(checks(&until(&server, 503)), json!({"store": "ok", "writable": told}));
        switch("ALTER SYSTEM RESET default_transaction_read_only");
        assert_eq!(checks(&until(&server, 200)), all_is_well());
    }

    #[test]
    fn a_standby_is_not_ready_until_it_is_promoted() {
        let Some(binaries) = Binaries::provide() else { return };
        let mut primary = Server::start(&binaries, &[]);
        let standby = primary.standby();
        let url = primary.url("postgres");
        let both = format!(",127.0.0.1:{}/postgres", standby.port());
        let both = url.strip_suffix("/postgres").expect("a database").to_owned() + &both;
        let server = serve(&both, |rocket| rocket);
        until(&server, 200);
        primary.stop();
        let answer = until(&server, 503);
        let told = "the database takes no writes: it is a standby, or read-only";
        let checks = checks(&answer);
        assert!(
            checks["writable"] == told || checks["store"] == "there is no connection to the database",
            "{checks}"
        );
        standby.promote();
        // Its commits would wait for a standby that it hasn't got; none is made here.
        until(&server, 200);
    }
}

/// A store of somebody's own, which looks after its health as every store does by default.
struct Own {
    inner: SqliteStore,
    trouble: Arc<Trouble>,
}

#[derive(Default)]
struct Trouble {
    fails: AtomicBool,
    hangs: AtomicBool,
    panics: AtomicBool,
}

#[rocket::async_trait]
impl Store for Own {
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError> {
        self.inner.prepare(resources).await
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        if self.trouble.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Internal("db.internal.example is away".into()));
        }
        assert!(!self.trouble.panics.load(Ordering::SeqCst), "as a test wants");
        while self.trouble.hangs.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(20)).await;
        }
        self.inner.fetch(plan).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Store::begin(&self.inner).await
    }
}

#[test]
fn a_store_of_somebodys_own_is_asked_for_one_id() {
    listen();
    let trouble = Arc::new(Trouble::default());
    let inner =
        SqliteStore::open(SqliteOptions::from_url("sqlite::memory:").expect("a URL")).expect("a store");
    let own = Own { inner, trouble: Arc::clone(&trouble) };
    let toml = "[default]\nETAG = true\n[default.databases.shop]\nurl = 'sqlite::memory:'";
    let server = Server::start(toml, |rocket| {
        rocket
            .attach(JsonApi::with_store(own).below("/shop", JsonApi::database("shop")))
            .mount("/api", Note::routes())
            .mount("/shop", Note::routes())
            .mount("/health", Health::routes())
    });
    let with = |told: &str| json!({"store": told, "/shop store": "ok", "/shop schema": "ok", "/shop writable": "ok"});
    assert_eq!(checks(&until(&server, 200)), with("ok"));
    for (switch, told) in [
        (&trouble.fails, with("the store does not answer")),
        (&trouble.panics, with("the check has failed")),
        (&trouble.hangs, with("no answer within 750 ms")),
    ] {
        switch.store(true, Ordering::SeqCst);
        // On a busy machine the other one may be late, too, at first.
        let mut answer = until(&server, 503);
        while checks(&answer)["/shop writable"] != "ok" {
            answer = until(&server, 503);
        }
        assert_eq!(checks(&answer), told);
        assert!(!answer.text().contains("internal.example"), "{}", answer.text());
        assert_eq!(lines("db.internal.example is away").len(), 1, "the log has it once");
        switch.store(false, Ordering::SeqCst);
        assert_eq!(checks(&until(&server, 200)), with("ok"));
    }
}

#[test]
fn without_the_fairing_nothing_is_ready() {
    listen();
    let server = Server::start("[default]\n", |rocket| rocket.mount("/health", Health::routes()));
    let answer = server.get("/health/ready", &[]);
    assert_eq!(
        (answer.status, checks(&answer)["store"].clone()),
        (503, "JsonApi::fairing() is not attached".into())
    );
    assert_eq!(server.get("/health/live", &[]).status, 200);
}
