//! The same over PostgreSQL: two nodes, each with a memo of its own, and others who write to the database.

use std::process::{Command, Stdio};

use rocket::http::Status;
use rocket::tokio::{self, runtime::Runtime};

use super::chance::steps;
use super::newspaper::{Database, Outside, RAW};
use super::stale::{Bench, changes_by_nodes, deletions, hooks_by_sql};

/// A connection that is no server's.
pub(crate) struct Connection {
    client: tokio_postgres::Client,
    runtime: Runtime,
}

impl Connection {
    pub(crate) fn open(url: String) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let client = runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a connection");
            tokio::spawn(connection);
            client
        });
        Self { client, runtime }
    }
}

impl Outside for Connection {
    fn run(&self, sql: &str) {
        self.runtime
            .block_on(self.client.batch_execute(sql))
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

#[test]
fn a_change_by_a_node_is_seen_by_all() {
    let Some(database) = Database::on_postgres() else { return };
    changes_by_nodes(&Bench::over(database));
}

#[test]
fn a_deletion_is_seen_wherever_it_reaches() {
    let Some(database) = Database::on_postgres() else { return };
    deletions(&Bench::over(database));
}

#[test]
fn what_is_written_past_the_servers_is_seen() {
    let Some(database) = Database::on_postgres() else { return };
    let bench = Bench::over(database);
    bench.sql("UPDATE articles SET title = 'raw' WHERE id = 1", 10);
    bench.sql("UPDATE people SET name = 'raw'", 5);
    bench.sql("UPDATE tags SET label = 'raw'", 4);
    bench.sql("DELETE FROM article_tags WHERE article_id = 1", 6);
    bench.sql("INSERT INTO article_tags (article_id, tag_id) VALUES (1, 'sport')", 6);
    bench.sql("UPDATE comments SET text = 'raw', article_id = 3 WHERE id = 1", 5);
    bench.sql(
        "INSERT INTO articles (id, title, comment_count, author_id) VALUES (1, 'x', 7, 2)
         ON CONFLICT (id) DO UPDATE SET title = 'replaced', comment_count = 7, author_id = 2",
        10,
    );
    bench.sql("MERGE INTO tags USING (VALUES ('news')) AS v (id) ON tags.id = v.id WHEN MATCHED THEN UPDATE SET label = 'merged'", 3);
    // A trigger of the user's own.
    bench.database.somebody_else().run(
        "CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN UPDATE people SET name = name || '!'; RETURN NULL; END $$;
         CREATE TRIGGER theirs AFTER UPDATE ON tags FOR EACH STATEMENT EXECUTE FUNCTION theirs()",
    );
    bench.sql("UPDATE tags SET label = 'fired'", 7);
    bench.sql("BEGIN; DELETE FROM comments; UPDATE articles SET title = 'a' || id; COMMIT", 10);
    // No row of it is looked at.
    bench.sql("TRUNCATE article_tags", 8);
    bench.sql("INSERT INTO article_tags (article_id, tag_id) VALUES (1, 'sport')", 6);
    // Neither a row nor a trigger.
    bench.sql("ALTER TABLE articles ALTER COLUMN title TYPE text USING upper(title)", 10);
    bench.sql(
        "ALTER TABLE people RENAME COLUMN name TO former;
         ALTER TABLE people ADD COLUMN name text NOT NULL DEFAULT 'x'",
        5,
    );
    bench.sql(
        "ALTER TABLE people RENAME COLUMN name TO other; ALTER TABLE people RENAME COLUMN former TO name",
        5,
    );
    bench.sql("DELETE FROM people", 5);
    bench.sql("TRUNCATE articles CASCADE", 15);
}

#[test]
fn what_a_hook_writes_by_sql_is_seen() {
    let Some(database) = Database::on_postgres() else { return };
    let bench = Bench::over(database);
    hooks_by_sql(&bench);
    // In the middle of a write, of which it is no part.
    let changed = bench.around("a hook of a write", |bench| {
        let document = r#"{"data":{"type":"comments","attributes":{"text":"new"},"relationships":{"article":{"data":{"type":"articles","id":"1"}}}}}"#;
        let sql = "UPDATE tags SET label = 'by the hook'";
        assert_eq!(bench.node.write_with("POST", "/comments", document, &[(RAW, sql)]), Status::Created);
    });
    assert!(changed >= 10, "{changed} answers have changed");
    let tags = bench.node.get("/tags/news?include=articles", &[]).body;
    assert!(tags.contains("by the hook"), "{tags}");
}

#[test]
fn what_changes_without_a_row_is_seen() {
    let Some(database) = Database::on_postgres() else { return };
    let bench = Bench::over(database);
    bench.sql(
        "CREATE TYPE word AS ENUM ('News', 'Sport'); CREATE DOMAIN good AS word CHECK (VALUE <> 'Sport');
         ALTER TABLE tags ALTER label TYPE word USING CAST(label AS word)",
        0,
    );
    bench.sql("ALTER TYPE word RENAME VALUE 'News' TO 'Novelties'", 4);
    bench.sql("DELETE FROM tags WHERE id = 'sport'; ALTER TABLE tags ALTER label TYPE good", 1);
    bench.sql("ALTER TYPE word RENAME VALUE 'Novelties' TO 'News'", 4);
    // A domain over a domain, over another one.
    bench.sql(
        "CREATE DOMAIN better AS good; CREATE DOMAIN best AS better; ALTER TABLE tags ALTER label TYPE best",
        0,
    );
    bench.sql("ALTER TYPE word RENAME VALUE 'News' TO 'Tidings'", 4);
    bench.sql("ALTER TYPE word RENAME VALUE 'Tidings' TO 'News'", 4);
    // Counted before and afterwards, but not when it was changed.
    bench.sql(
        "BEGIN; ALTER TABLE articles DISABLE TRIGGER _etag_fairing_count; UPDATE articles SET title = 'silent';
         ALTER TABLE articles ENABLE ALWAYS TRIGGER _etag_fairing_count; COMMIT",
        10,
    );
}

#[test]
fn what_a_policy_hides_is_seen() {
    let Some(database) = Database::on_postgres() else { return };
    // Servers work as somebody whom policies bind.
    let role = format!("writer_{}", std::process::id());
    let owner = database.somebody_else();
    owner.run(&format!(
        "CREATE ROLE {role};
         DO $$ DECLARE it regclass; BEGIN
             FOR it IN SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace(current_schema())
                 AND relkind = 'r' LOOP
                 EXECUTE format('ALTER TABLE %s OWNER TO {role}', it);
             END LOOP;
             EXECUTE format('GRANT ALL ON SCHEMA %I TO {role}', current_schema());
         END $$"
    ));
    let database = database.worked_in_as(&role);
    let (node, oracle) = (database.node("64 MiB"), database.node("0"));
    let (articles, people) = ("/articles?sort=-title", "/people/1");
    let mut before = node.get(articles, &[]);
    for change in [
        "ALTER TABLE articles ENABLE ROW LEVEL SECURITY; ALTER TABLE articles FORCE ROW LEVEL SECURITY",
        // What it lets through stands in another table.
        "CREATE TABLE allowed (id bigint); CREATE POLICY p ON articles USING (id IN (SELECT id FROM allowed))",
        "INSERT INTO allowed VALUES (1), (2)",
        "UPDATE allowed SET id = id + 2",
        "ALTER TABLE articles NO FORCE ROW LEVEL SECURITY",
    ] {
        let tag = before.tag.as_deref().expect("a tag");
        assert_eq!(node.get_again(articles, tag).status, Status::NotModified);
        database.somebody_else().run(change);
        let after = node.get_again(articles, tag);
        let truth = oracle.get(articles, &[]);
        // The policy hides all at first, as no policy does.
        assert_eq!(after.status == Status::NotModified, truth == before, "{change}");
        assert_eq!(node.get(articles, &[]), truth, "{change}");
        before = truth;
    }
    // Others are remembered as before.
    let hits = node.statistics().memo_hits();
    assert_eq!(node.get(people, &[]), node.get(people, &[]));
    assert_eq!(node.statistics().memo_hits(), hits + 1);
    drop((node, oracle));
    owner.run(&format!("REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn the_shell_of_the_database_is_somebody_else() {
    let Some(database) = Database::on_postgres() else { return };
    let bench = Bench::over(database);
    let shell = |bench: &Bench, sql: &str| {
        Command::new("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &bench.database.url(), "-c", sql])
            .stdout(Stdio::null())
            .status()
    };
    if shell(&bench, "SELECT 1").is_err() {
        assert!(std::env::var_os("CI").is_none(), "psql is missing");
        eprintln!("skipped: there is no psql");
        return;
    }
    for sql in [
        "UPDATE articles SET title = 'by the shell'",
        "\\copy comments (text, article_id) FROM PROGRAM 'echo copied,1' (FORMAT csv)",
        "DELETE FROM people WHERE id = 1",
        "DELETE FROM article_tags",
    ] {
        let changed = bench.around(sql, |bench| assert!(shell(bench, sql).expect("psql").success(), "{sql}"));
        assert!(changed >= 3, "{sql}: {changed} answers have changed");
    }
}

#[test]
fn what_is_committed_late_is_seen_then() {
    let Some(database) = Database::on_postgres() else { return };
    let bench = Bench::over(database);
    let [first, second] = [(); 2].map(|()| bench.database.somebody_else());
    // Both take their numbers now. What is remembered in between is of the state before.
    first.run("BEGIN; UPDATE articles SET title = 'late' WHERE id = 1");
    second.run("BEGIN; UPDATE articles SET title = 'later' WHERE id = 2");
    assert_eq!(bench.around("neither is committed", |_| {}), 0);
    // A third that begins after them and ends before.
    bench.sql("UPDATE articles SET title = 'at once' WHERE id = 3", 5);
    assert!(bench.around("the later one first", |_| second.run("COMMIT")) >= 5);
    assert_eq!(bench.around("nothing", |_| {}), 0);
    assert!(bench.around("then the other", |_| first.run("COMMIT")) >= 5);
    // What is undone has never been.
    first.run("BEGIN; UPDATE articles SET title = 'never'");
    assert_eq!(bench.around("undone", |_| first.run("ROLLBACK")), 0);
    first.run(
        "BEGIN; UPDATE people SET name = 'part'; SAVEPOINT s; UPDATE articles SET title = 'x'; ROLLBACK TO s",
    );
    assert!(bench.around("half of it", |_| first.run("COMMIT")) >= 5);
    assert_eq!(bench.node.write("DELETE", "/comments/1", ""), Status::NoContent);
}

#[test]
fn after_each_of_ten_thousand_changes_what_is_remembered_is_what_is() {
    let Some(database) = Database::on_postgres() else { return };
    steps(&database, 2, |_, _| "TRUNCATE article_tags".into());
}

/// Also what costs nothing but the question whether it still holds, and what is asked for by many at once.
#[test]
fn a_silent_database_is_503_soon() {
    let Some(database) = Database::on_postgres() else { return };
    let link = postgres_server::Link::to(&database.url());
    let node = database.node_with(&[
        ("etag.memo", "64 MiB"),
        ("databases.api.url", link.url()),
        ("databases.api.read_timeout", "1"),
        ("databases.api.statement_timeout", "1"),
        ("databases.api.connect_timeout", "1"),
        ("databases.api.wait_timeout", "1"),
    ]);
    let tag = node.get("/articles/1", &[]).tag.expect("a tag");
    assert_eq!(node.get_again("/articles/1", &tag).status, Status::NotModified);
    link.fall_silent();
    let begin = std::time::Instant::now();
    // One that is remembered, twice: on a connection that is there, and one that can't be made; one that isn't; a write.
    for _ in 0..2 {
        assert_eq!(node.get_again("/articles/1", &tag).status, Status::ServiceUnavailable);
    }
    assert_eq!(node.get("/people/1", &[]).status, Status::ServiceUnavailable);
    assert_eq!(node.write("DELETE", "/comments/1", ""), Status::ServiceUnavailable);
    let response = node.0.get("/tags").dispatch();
    assert_eq!(response.status(), Status::ServiceUnavailable);
    assert!(response.headers().get_one("Retry-After").is_some());
    drop(response);
    assert!(begin.elapsed() < std::time::Duration::from_secs(40), "each of them has an end");
    link.speak();
    let begin = std::time::Instant::now();
    while node.get_again("/articles/1", &tag).status != Status::NotModified {
        assert!(begin.elapsed() < std::time::Duration::from_secs(30), "it is found again");
    }
    assert_eq!(node.write("DELETE", "/comments/1", ""), Status::NoContent);
}
