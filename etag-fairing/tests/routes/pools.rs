//! Stores over connections that the application makes, and uses beside them.

use std::error::Error;
use std::path::Path;

use etag_fairing::store::sqlite::rusqlite::{Connection, functions::FunctionFlags};
use etag_fairing::store::sqlite::{Location, SqliteOptions, SqliteStore};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::http::{Method, Status};
use rocket::local::blocking::Client;
use rocket::{Build, Rocket};
use serde_json::json;

use super::stores::stops;
use super::{Book, Chapter, send};

type Opened = Result<Connection, Box<dyn Error + Send + Sync>>;

fn library(url: &str, connect: impl Fn(&Path) -> Opened + Send + Sync + 'static) -> Rocket<Build> {
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", url));
    rocket::custom(figment)
        .attach(JsonApi::fairing().with_connections(connect))
        .attach(EtagFairing::new())
        .mount("/v1", Book::routes())
        .mount("/v1", Chapter::routes())
}

/// With a function that a trigger of the database asks for.
fn with_a_function(path: &Path) -> Opened {
    let connection = Connection::open(path)?;
    connection.create_scalar_function("shout", 1, FunctionFlags::SQLITE_UTF8, |context| {
        context.get::<String>(0).map(|text| text.to_uppercase())
    })?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS books (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL) STRICT;
         CREATE TRIGGER IF NOT EXISTS loud AFTER INSERT ON books
         BEGIN UPDATE books SET title = shout(title) WHERE id = NEW.id; END",
    )?;
    Ok(connection)
}

#[test]
fn functions_of_the_applications_connections_are_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("api.db");
    let client = Client::untracked(library(&format!("sqlite:{}", file.display()), with_a_function));
    let client = client.expect("a rocket");
    let book = json!({"data": {"type": "books", "attributes": {"title": "quiet"}}});
    let (status, made) = send(&client, Method::Post, "/v1/books", &book);
    assert_eq!((status, &made["data"]["attributes"]["title"]), (Status::Created, &json!("QUIET")));
    // The application's own connection writes, and what is remembered is known to be old.
    let tag = |client: &Client| {
        let response = client.get("/v1/books/1").dispatch();
        response.headers().get_one("ETag").map(str::to_owned).expect("a tag")
    };
    let before = tag(&client);
    assert_eq!(before, tag(&client));
    let own = with_a_function(&file).expect("a connection");
    own.execute("UPDATE books SET title = 'other' WHERE id = 1", []).expect("a change");
    assert_ne!(before, tag(&client));
}

#[test]
fn connections_that_a_store_can_not_use_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("api.db");
    let other = folder.path().join("other.db");
    let refused = |connect: Box<dyn Fn(&Path) -> Opened + Send + Sync>, named: &[&str]| {
        let options = SqliteOptions::new(Location::File(file.clone()));
        let error = SqliteStore::with_connections(options, connect).expect_err("a problem").to_string();
        for word in named.iter().chain(&["api.db"]) {
            assert!(error.contains(word), "{error} should name {word}");
        }
    };
    refused(Box::new(|_| Err("the key is not known".into())), &["the key is not known"]);
    refused(Box::new(|_| Ok(Connection::open_in_memory()?)), &["in memory"]);
    refused(Box::new(move |_| Ok(Connection::open(&other)?)), &["other.db"]);
    let statements = |sql: &'static str| -> Box<dyn Fn(&Path) -> Opened + Send + Sync> {
        Box::new(move |path| {
            let connection = Connection::open(path)?;
            connection.execute_batch(sql)?;
            Ok(connection)
        })
    };
    refused(statements("BEGIN"), &["transaction"]);
    refused(statements("PRAGMA locking_mode = exclusive"), &["locking_mode"]);
    // As with a wrong key.
    std::fs::write(&file, "this is no database, and so it cannot be read as one").expect("a file");
    refused(Box::new(|path| Ok(Connection::open(path)?)), &["cannot read it"]);
}

#[test]
fn a_store_that_has_connections_is_given_none() {
    let refused = |fairing| {
        let rocket = rocket::build().attach(fairing).mount("/v1", Book::routes());
        stops(rocket.mount("/v1", Chapter::routes()));
    };
    let own = SqliteStore::open(SqliteOptions::new(Location::Temporary)).expect("a store");
    refused(JsonApi::with_store(own).with_connections(with_a_function));
    refused(JsonApi::fairing().with_connections(with_a_function).with_connections(with_a_function));
    let url = "postgres://nobody@127.0.0.1:1/none";
    let rocket = library(url, with_a_function);
    stops(rocket);
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use etag_fairing::store::Store;
    use etag_fairing::store::postgres::deadpool_postgres::{
        Manager, ManagerConfig, Pool, RecyclingMethod,
        tokio_postgres::{self, NoTls},
    };
    use etag_fairing::store::postgres::{PoolOptions, PostgresStore};
    use postgres_server::Database;
    use rocket::figment::Figment;
    use rocket::futures::future::{join, join_all};
    use rocket::http::Header;
    use rocket::local::asynchronous::{Client, LocalResponse};
    use rocket::tokio::time::sleep;
    use rocket::{State, put, routes};

    use super::*;

    /// Two connections, and no limit for the wait: it is the store that doesn't wait for ever.
    fn pool(database: &Database, recycling_method: RecyclingMethod) -> Pool {
        let config = database.url().parse().expect("a URL");
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        Pool::builder(manager).max_size(2).build().expect("a pool")
    }

    /// The application's own write, over the same pool.
    #[put("/own/<title>")]
    async fn own(title: &str, pool: &State<Pool>) -> Result<(), String> {
        let told = |error: &dyn Error| error.to_string();
        let mut client = pool.get().await.map_err(|error| told(&error))?;
        let transaction = client.transaction().await.map_err(|error| told(&error))?;
        let text = "UPDATE books SET title = $1 WHERE id = 1";
        transaction.execute(text, &[&title]).await.map_err(|error| told(&error))?;
        transaction.commit().await.map_err(|error| told(&error))
    }

    /// A connection that goes back with a transaction open.
    #[put("/leave/<isolation>")]
    async fn leave(isolation: &str, pool: &State<Pool>) -> Result<(), String> {
        let client = pool.get().await.map_err(|error| error.to_string())?;
        let text =
            format!("BEGIN {isolation}; SELECT count(*) FROM books; INSERT INTO notes VALUES ('never')");
        client.batch_execute(&text).await.map_err(|error| error.to_string())
    }

    async fn client(pool: &Pool) -> Client {
        let figment = rocket::Config::figment()
            .merge(("ETAG", true))
            .merge(("log_level", "off"))
            .merge(("databases.api.wait_timeout", 1));
        let rocket = rocket::custom(figment)
            .attach(JsonApi::fairing().with_pool(pool.clone()))
            .attach(EtagFairing::new())
            .manage(pool.clone())
            .mount("/", routes![own, leave])
            .mount("/v1", Book::routes())
            .mount("/v1", Chapter::routes());
        let client = Client::untracked(rocket).await.expect("a rocket");
        let book = json!({"data": {"type": "books", "attributes": {"title": "a"}}});
        assert_eq!(write(&client, Method::Post, "/v1/books", book).await, Status::Created);
        client
    }

    async fn write(client: &Client, method: Method, url: &str, document: serde_json::Value) -> Status {
        let request = client.req(method, url.to_owned()).header(media()).body(document.to_string());
        request.dispatch().await.status()
    }

    fn media() -> Header<'static> {
        Header::new("Content-Type", "application/vnd.api+json")
    }

    fn tag(response: &LocalResponse<'_>) -> String {
        response.headers().get_one("ETag").expect("a tag").to_owned()
    }

    async fn title(client: &Client) -> String {
        let response = client.get("/v1/books/1").dispatch().await;
        assert_eq!(response.status(), Status::Ok);
        let body = response.into_string().await.expect("a body");
        let body: serde_json::Value = serde_json::from_str(&body).expect("a document");
        body["data"]["attributes"]["title"].as_str().expect("a title").to_owned()
    }

    #[test]
    fn the_application_and_the_store_share_two_connections() {
        let Some(database) = Database::provide() else { return };
        rocket::async_test(async {
            let pool = pool(&database, RecyclingMethod::Fast);
            let client = client(&pool).await;
            let one = async |number: usize| {
                for round in 0..6 {
                    let read = client.get("/v1/books/1").dispatch().await;
                    assert_eq!(read.status(), Status::Ok);
                    let tag = Header::new("If-None-Match", tag(&read));
                    let again = client.get("/v1/books/1").header(tag).dispatch().await.status();
                    assert!([Status::Ok, Status::NotModified].contains(&again), "{again}");
                    let status = if (number + round).is_multiple_of(2) {
                        client.put(format!("/own/own-{number}-{round}")).dispatch().await.status()
                    } else {
                        let title = format!("generated-{number}-{round}");
                        let change =
                            json!({"data": {"type": "books", "id": "1", "attributes": {"title": title}}});
                        write(&client, Method::Patch, "/v1/books/1", change).await
                    };
                    assert_eq!(status, Status::Ok);
                }
            };
            join_all((0..8).map(one)).await;
            // Each write shows at once, whoever made it.
            let before = tag(&client.get("/v1/books/1").dispatch().await);
            assert_eq!(client.put("/own/last").dispatch().await.status(), Status::Ok);
            let after = client.get("/v1/books/1").header(Header::new("If-None-Match", before.clone()));
            let after = after.dispatch().await;
            assert_eq!(after.status(), Status::Ok);
            assert_ne!(before, tag(&after));
            assert_eq!(title(&client).await, "last");
            let stale = client.patch("/v1/books/1").header(media()).header(Header::new("If-Match", before));
            let change = json!({"data": {"type": "books", "id": "1", "attributes": {"title": "lost"}}});
            assert_eq!(stale.body(change.to_string()).dispatch().await.status(), Status::PreconditionFailed);
        });
    }

    #[test]
    fn a_transaction_that_was_left_open_is_undone_and_harms_nobody() {
        let Some(database) = Database::provide() else { return };
        rocket::async_test(async {
            let pool = pool(&database, RecyclingMethod::Fast);
            let client = client(&pool).await;
            database.run("CREATE TABLE notes (text text)");
            // The last one fails, too, and takes no statements any more.
            for isolation in ["READ WRITE", "ISOLATION LEVEL SERIALIZABLE", "READ ONLY"] {
                let left = format!("/leave/{}", isolation.replace(' ', "%20"));
                // Read, by the memo and without it, and written.
                client.put(left.clone()).dispatch().await;
                assert_eq!(title(&client).await, "a");
                client.put(left.clone()).dispatch().await;
                assert_eq!(client.get("/v1/books?page[size]=7").dispatch().await.status(), Status::Ok);
                client.put(left).dispatch().await;
                let change = json!({"data": {"type": "books", "id": "1", "attributes": {"title": "b"}}});
                assert_eq!(write(&client, Method::Patch, "/v1/books/1", change).await, Status::Ok);
                assert_eq!(database.run("SELECT title FROM books").trim(), "b");
                let back = json!({"data": {"type": "books", "id": "1", "attributes": {"title": "a"}}});
                assert_eq!(write(&client, Method::Patch, "/v1/books/1", back).await, Status::Ok);
            }
            assert_eq!(database.run("SELECT count(*) FROM notes").trim(), "0");
        });
    }

    /// The application's connections wait for locks only shortly, and another node prepares for longer.
    #[test]
    fn a_node_that_starts_waits_for_another_whatever_the_lock_timeout() {
        // The lock that prepares: `etagfair` in ASCII.
        const PREPARING: i64 = 0x6574_6167_6661_6972;
        const NAME: &str = "a node that starts";
        const WAITING: &str = "SELECT virtualtransaction FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE locktype = 'advisory' AND NOT granted AND application_name = $1";
        let Some(database) = Database::provide() else { return };
        rocket::async_test(async {
            let mut config: tokio_postgres::Config = database.url().parse().expect("a URL");
            config.application_name(NAME).options("-clock_timeout=50ms");
            let fast = ManagerConfig { recycling_method: RecyclingMethod::Fast };
            let of_node = Pool::builder(Manager::from_config(config, NoTls, fast)).max_size(2).build();
            let store = PostgresStore::with_pool(of_node.expect("a pool"), PoolOptions::default());
            let others = pool(&database, RecyclingMethod::Fast);
            let (other, look) = (others.get().await.expect("one"), others.get().await.expect("another"));
            other.execute("SELECT pg_advisory_lock($1)", &[&PREPARING]).await.expect("the lock");
            // Until it waits in a second transaction: the limit has ended the first one.
            let other_node = async {
                let mut transactions = BTreeSet::new();
                while transactions.len() < 2 {
                    let rows = look.query(WAITING, &[&NAME]).await.expect("locks");
                    transactions.extend(rows.iter().map(|row| row.get::<_, String>(0)));
                    sleep(Duration::from_millis(5)).await;
                }
                other.execute("SELECT pg_advisory_unlock($1)", &[&PREPARING]).await.expect("no lock");
            };
            let (prepared, ()) = join(store.prepare(&[]), other_node).await;
            prepared.expect("it has had its turn");
            store.close().await;
        });
    }

    #[test]
    fn whoever_has_all_connections_is_waited_for_only_so_long() {
        let Some(database) = Database::provide() else { return };
        rocket::async_test(async {
            let pool = pool(&database, RecyclingMethod::Fast);
            let client = client(&pool).await;
            let held = (pool.get().await.expect("one"), pool.get().await.expect("the other"));
            let answer = client.get("/v1/books/1").dispatch().await;
            assert_eq!(answer.status(), Status::ServiceUnavailable);
            assert!(answer.headers().get_one("Retry-After").is_some());
            drop(held);
            assert_eq!(title(&client).await, "a");
        });
    }

    #[test]
    fn closing_the_store_leaves_the_pool_open() {
        let Some(database) = Database::provide() else { return };
        rocket::async_test(async {
            let pool = pool(&database, RecyclingMethod::Fast);
            let store = PostgresStore::with_pool(pool.clone(), PoolOptions::default());
            store.prepare(&[]).await.expect("prepared");
            let transaction = store.begin().await.expect("a transaction");
            drop(transaction);
            store.close().await;
            assert!(store.begin().await.is_err(), "the store is closed");
            let client = pool.get().await.expect("a connection");
            let limit = client.query_one("SHOW statement_timeout", &[]).await.expect("a row");
            assert_eq!(limit.get::<_, String>(0), "0", "nothing of the store is left");
        });
    }

    #[test]
    fn a_pool_that_forgets_its_statements_is_refused() {
        let Some(database) = Database::provide() else { return };
        rocket::async_test(async {
            for (method, is_fine) in [
                (RecyclingMethod::Custom("DISCARD ALL".into()), false),
                (RecyclingMethod::Custom("DEALLOCATE ALL".into()), false),
                (RecyclingMethod::Clean, true),
                (RecyclingMethod::Verified, true),
            ] {
                let store = PostgresStore::with_pool(pool(&database, method.clone()), PoolOptions::default());
                let prepared = store.prepare(&[]).await.map_err(|error| error.to_string());
                assert_eq!(prepared.is_ok(), is_fine, "{method:?}: {prepared:?}");
                assert!(prepared.err().is_none_or(|told| told.contains("RecyclingMethod::Clean")));
            }
        });
    }

    #[test]
    fn keys_that_say_nothing_to_a_pool_are_named() {
        let figment = |key: &str, value: &str| Figment::from((format!("databases.api.{key}"), value));
        for key in ["url", "connections", "connect_timeout"] {
            let error = PoolOptions::from_figment(&figment(key, "postgres://u:geheim@h/d"), "api");
            let told = error.expect_err("a problem").to_string();
            assert!(told.contains(&format!("`{key}` has no effect")) && !told.contains("geheim"), "{told}");
        }
        for (key, meant) in
            [("wait_timout", "wait_timeout"), ("readers", "the keys are"), ("urls", "the keys are")]
        {
            let told = PoolOptions::from_figment(&figment(key, "1"), "api").expect_err("unknown").to_string();
            assert!(told.contains(&format!("unknown key `{key}`")) && told.contains(meant), "{told}");
            assert!(!told.contains("`url`"), "{told}");
        }
        assert_eq!(
            PoolOptions::from_figment(&Figment::new(), "api").map(|found| found.wait_timeout),
            Ok(Duration::from_secs(5))
        );
        let read = PoolOptions::from_figment(&figment("statement_timeout", "7"), "api").expect("options");
        assert_eq!(read.statement_timeout, Duration::from_secs(7));
        let rocket =
            rocket::custom(rocket::Config::figment().merge(("databases.api.url", "postgres://a@h/d")));
        let manager = Manager::new("postgres://a@127.0.0.1:1/none".parse().expect("a URL"), NoTls);
        let pool = Pool::builder(manager).build().expect("a pool");
        let rocket = rocket.attach(JsonApi::fairing().with_pool(pool)).mount("/v1", Book::routes());
        stops(rocket.mount("/v1", Chapter::routes()));
    }
}
