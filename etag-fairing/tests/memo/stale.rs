//! Between two conditional GETs of every kind of URL, somebody changes something, by every way there is.

use std::process::{Command, Stdio};

use rocket::http::Status;

use super::newspaper::{Database, Node, RAW, URLS};

/// The node that answers from its memo, another one, a third that has no memo, and all that was answered so far.
pub(crate) struct Bench {
    pub(crate) database: Database,
    pub(crate) node: Node,
    pub(crate) other: Node,
    oracle: Node,
}

impl Bench {
    fn new() -> Self {
        Self::over(Database::new())
    }

    pub(crate) fn over(database: Database) -> Self {
        let [node, other, oracle] = ["64 MiB", "64 MiB", "0"].map(|memo| database.node(memo));
        Self { database, node, other, oracle }
    }

    /// Asks for everything, changes something, and asks for everything again with the tags from before.
    ///
    /// Answers how many of the answers have changed.
    pub(crate) fn around(&self, told: &str, change: impl FnOnce(&Self)) -> usize {
        let ask = |url: &&str| {
            let first = self.node.get(url, &[]);
            let hits = self.node.statistics().memo_hits();
            assert_eq!(self.node.get(url, &[]), first, "{told}: {url}");
            assert_eq!(self.node.statistics().memo_hits(), hits + u64::from(first.tag.is_some()), "{url}");
            first
        };
        let before: Vec<_> = URLS.iter().map(ask).collect();
        change(self);
        let mut changed = 0;
        for (url, before) in URLS.iter().zip(before) {
            let truth = self.oracle.get(url, &[]);
            let tag = before.tag.clone().unwrap_or_else(|| "\"none\"".into());
            let again = self.node.get_again(url, &tag);
            if truth.tag.is_some() && truth.tag == before.tag {
                assert_eq!(again.status, Status::NotModified, "{told}: {url}");
                assert_eq!(again.tag, truth.tag, "{told}: {url}");
            } else {
                changed += 1;
                assert_eq!(again, truth, "{told}: {url}");
            }
            assert_eq!(self.node.get(url, &[]), truth, "{told}: {url}");
        }
        changed
    }

    pub(crate) fn sql(&self, sql: &str, at_least: usize) {
        let changed = self.around(sql, |bench| bench.database.somebody_else().run(sql));
        assert!(changed >= at_least, "{sql}: {changed} answers have changed");
    }
}

const TITLE: &str = r#"{"data":{"type":"articles","id":"1","attributes":{"title":"NEW"}}}"#;

#[test]
fn a_change_by_this_node_or_by_another_is_seen() {
    changes_by_nodes(&Bench::new());
}

pub(crate) fn changes_by_nodes(bench: &Bench) {
    for (by, title) in [("this", "one"), ("other", "two"), ("this", "three")] {
        let writes = [
            ("PATCH", "/articles/1", TITLE.replace("NEW", title), 10),
            (
                "PATCH",
                "/people/1",
                r#"{"data":{"type":"people","id":"1","attributes":{"name":"NEW"}}}"#.replace("NEW", title),
                5,
            ),
            (
                "PATCH",
                "/tags/news",
                r#"{"data":{"type":"tags","id":"news","attributes":{"label":"NEW"}}}"#.replace("NEW", title),
                4,
            ),
            ("DELETE", "/articles/1/relationships/tags", r#"{"data":[{"type":"tags","id":"news"}]}"#.into(), 6),
            ("POST", "/articles/1/relationships/tags", r#"{"data":[{"type":"tags","id":"news"}]}"#.into(), 6),
            ("PATCH", "/articles/1/relationships/author", r#"{"data":null}"#.into(), 6),
            (
                "PATCH",
                "/articles/1/relationships/author",
                r#"{"data":{"type":"people","id":"1"}}"#.into(),
                6,
            ),
            // Its hook changes the article, too.
            (
                "POST",
                "/comments",
                r#"{"data":{"type":"comments","attributes":{"text":"NEW"},"relationships":{"article":{"data":{"type":"articles","id":"1"}}}}}"#
                    .replace("NEW", title),
                10,
            ),
            (
                "POST",
                "/articles",
                r#"{"data":{"type":"articles","attributes":{"title":"NEW a"}}}"#.replace("NEW", title),
                5,
            ),
        ];
        for (method, url, document, at_least) in writes {
            let told = format!("{method} {url} {document} by {by} node");
            let changed = bench.around(&told, |bench| {
                let node = if by == "this" { &bench.node } else { &bench.other };
                let status = node.write(method, url, &document);
                assert!(matches!(status.code, 200..=204), "{told}: {status}");
            });
            assert!(changed >= at_least, "{told}: {changed} answers have changed");
        }
    }
}

#[test]
fn a_deletion_is_seen_wherever_it_reaches() {
    deletions(&Bench::new());
}

pub(crate) fn deletions(bench: &Bench) {
    for (url, at_least) in [
        // Its links end.
        ("/tags/news", 8),
        // Its articles have no author any more.
        ("/people/1", 10),
        // Its comments go with it.
        ("/articles/1", 15),
    ] {
        let changed = bench.around(url, |bench| {
            assert_eq!(bench.other.write("DELETE", url, ""), Status::NoContent, "{url}");
        });
        assert!(changed >= at_least, "{url}: {changed} answers have changed");
    }
}

#[test]
fn what_a_hook_writes_by_sql_is_seen() {
    hooks_by_sql(&Bench::new());
}

pub(crate) fn hooks_by_sql(bench: &Bench) {
    let told = "a hook by the SQL of its own";
    for (by, title) in [("this", "raw"), ("other", "rarer")] {
        let sql = format!("UPDATE articles SET title = '{title}' WHERE id < 3; DELETE FROM article_tags");
        let changed = bench.around(told, |bench| {
            let node = if by == "this" { &bench.node } else { &bench.other };
            assert_eq!(node.get("/comments", &[(RAW, &sql)]).status, Status::Ok);
        });
        assert!(changed >= 10, "{by} node: {changed} answers have changed");
    }
    // Also by the request itself, whose tag was current when it was sent.
    let url = "/comments?include=article.author&sort=text";
    let before = bench.node.get(url, &[]);
    let tag = before.tag.as_deref().expect("a tag");
    assert_eq!(bench.node.get_again(url, tag).status, Status::NotModified);
    let sql = "UPDATE people SET name = 'by the reader'";
    let after = bench.node.get(url, &[("If-None-Match", tag), (RAW, sql)]);
    assert_eq!(after.status, Status::Ok);
    assert!(after.body.contains("by the reader"), "{}", after.body);
    assert_eq!(after, bench.oracle.get(url, &[]));
}

#[test]
fn what_is_written_past_the_servers_is_seen() {
    let bench = Bench::new();
    bench.sql("UPDATE articles SET title = 'raw' WHERE id = 1", 10);
    bench.sql("UPDATE people SET name = 'raw'", 5);
    bench.sql("UPDATE tags SET label = 'raw'", 4);
    bench.sql("DELETE FROM article_tags WHERE article_id = 1", 6);
    bench.sql("INSERT INTO article_tags VALUES (1, 'sport')", 6);
    bench.sql("UPDATE comments SET text = 'raw', article_id = 3 WHERE id = 1", 5);
    bench.sql("REPLACE INTO articles (id, title, comment_count, author_id) VALUES (1, 'replaced', 7, 2)", 10);
    // A trigger of the user's own.
    bench
        .database
        .outside()
        .execute_batch(
            "CREATE TRIGGER theirs AFTER UPDATE ON tags BEGIN UPDATE people SET name = name || '!'; END",
        )
        .expect("a trigger");
    bench.sql("UPDATE tags SET label = 'fired'", 7);
    bench.sql("BEGIN; DELETE FROM comments; UPDATE articles SET title = 'a' || id; COMMIT", 10);
    // Neither a row nor a trigger.
    bench.sql("ALTER TABLE people RENAME COLUMN name TO former; ALTER TABLE people ADD COLUMN name TEXT NOT NULL DEFAULT 'x'", 5);
    bench.sql("DELETE FROM people", 5);
    bench.sql("DELETE FROM articles", 15);
}

#[test]
fn the_shell_of_the_database_is_somebody_else() {
    let shell = |path: &std::path::Path, sql: &str| {
        Command::new("sqlite3").arg(path).arg(sql).stdout(Stdio::null()).stderr(Stdio::inherit()).status()
    };
    let bench = Bench::new();
    if shell(&bench.database.path(), "SELECT 1").is_err() {
        assert!(std::env::var_os("CI").is_none(), "sqlite3 is missing");
        eprintln!("skipped: there is no sqlite3");
        return;
    }
    for sql in [
        "UPDATE articles SET title = 'by the shell'",
        "PRAGMA foreign_keys = ON; DELETE FROM people WHERE id = 1",
        "DELETE FROM article_tags",
    ] {
        let changed = bench.around(sql, |bench| {
            assert!(shell(&bench.database.path(), sql).expect("sqlite3").success(), "{sql}");
        });
        assert!(changed > 4, "{sql}: {changed} answers have changed");
    }
    // Put back from a copy, the database is not taken for what it became: neither at once, nor when as much was changed
    // as before.
    let copy = bench.database.path().with_extension("copy");
    bench.database.outside().execute("VACUUM INTO ?1", [copy.to_str()]).expect("a copy");
    bench.sql("UPDATE articles SET title = 'after the copy' WHERE id = 1", 5);
    let changed = bench.around("put back", |bench| {
        let put_back = format!(".restore '{}'", copy.display());
        assert!(shell(&bench.database.path(), &put_back).expect("sqlite3").success());
    });
    assert!(changed > 4, "{changed} answers have changed");
    bench.sql("UPDATE articles SET title = 'another' WHERE id = 1", 5);
}
