//! A pool or connections of the application's, which it uses beside the resources.

use std::path::Path;

use etag_fairing::store::sqlite::rusqlite::{self, Connection};
use etag_fairing::testing::{Client, Database, Setup};
use etag_fairing::{JsonApi, JsonApiResource};

use crate::applications::plain;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

const RENAME: &str = "UPDATE notes SET text = 'mine' WHERE id = 1";

/// What the application's own connection changes shows at once, and in the tag.
fn is_seen_at_once(client: &Client, change: impl FnOnce()) {
    client.seed(&Note { id: 1, text: "theirs".into() });
    let before = client.get("/notes/1").send().expect(200);
    change();
    let after = client.get("/notes/1").if_none_match(before.tag()).send().expect(200);
    assert_eq!(after.one::<Note>().text, "mine");
}

#[test]
fn connections_of_sqlite() {
    let connect = |path: &Path| -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA cache_size = -4096")?;
        Ok(connection)
    };
    let file = Database::file();
    let path = file.url().strip_prefix("sqlite:").expect("a file").to_owned();
    let rocket = plain().attach(JsonApi::fairing().with_connections(connect)).mount("/", Note::routes());
    let client = Setup::new(rocket).database("api", file).start();
    is_seen_at_once(&client, || {
        let own = Connection::open(&path).expect("a connection");
        own.execute(RENAME, []).expect("a change");
    });
}

#[cfg(feature = "postgres")]
#[test]
fn a_pool_of_postgresql() {
    use etag_fairing::store::postgres::deadpool_postgres::{
        Manager, ManagerConfig, Pool, tokio_postgres::NoTls,
    };

    let Some(server) = postgres_server::Database::provide() else { return };
    let config = server.url().parse().expect("a URL");
    let pool = Pool::builder(Manager::from_config(config, NoTls, ManagerConfig::default())).build();
    let pool = pool.expect("a pool");
    let rocket = plain().attach(JsonApi::fairing().with_pool(pool.clone())).mount("/", Note::routes());
    let client = Setup::new(rocket).without_database("api").start();
    is_seen_at_once(&client, || {
        client.wait(async {
            let own = pool.get().await.expect("a connection");
            own.execute(RENAME, &[]).await.expect("a change");
        });
    });
}
