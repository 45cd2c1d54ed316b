//! What is logged: slow statements, what was really sent, and the ids of requests in it.

use std::sync::{Mutex, Once};

use super::{Database, fill};

static LINES: Mutex<Vec<(log::Level, String)>> = Mutex::new(Vec::new());

struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        LINES.lock().expect("no panic").push((record.level(), record.args().to_string()));
    }

    fn flush(&self) {}
}

/// From now on what is logged is kept, whatever level a Rocket asks for: its own logger comes too late.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Log).expect("the first logger");
        log::set_max_level(log::LevelFilter::Info);
    });
}

/// The lines that have this in them.
pub(crate) fn lines(with: &str) -> Vec<(log::Level, String)> {
    let lines = LINES.lock().expect("no panic");
    lines.iter().filter(|(_, line)| line.contains(with)).cloned().collect()
}

#[test]
fn a_slow_statement_is_logged_without_its_values_and_with_the_request_that_waits_for_it() {
    listen();
    for (number, database) in Database::each().into_iter().enumerate() {
        let id = |what: &str| format!("slow-{number}-{what}");
        // Every statement takes a millisecond or less at first, so that nothing is slow.
        let server = database.serve("slow_query = '10 s'", "request_id = 'take'");
        fill(&server);
        server.get("/api/notes?include=author", &[("X-Request-Id", &id("quick"))]).is(200);
        assert_eq!(lines("slow statement").iter().filter(|(_, line)| line.contains(&id("quick"))).count(), 0);
        drop(server);

        // As slow as a view makes it.
        database.run(&slow_view(&database));
        let server = database.serve("slow_query = '20 ms'", "request_id = 'take'");
        let path = "/api/notes?filter[text]=geheim&include=author";
        let answer = server.get(path, &[("X-Request-Id", &id("read"))]).is(200);
        assert_eq!(answer.json()["data"].as_array().map(Vec::len), Some(1));
        let logged: Vec<_> =
            lines("slow statement").into_iter().filter(|(_, line)| line.contains(&id("read"))).collect();
        assert!(!logged.is_empty(), "{:?}", lines("slow"));
        for (level, line) in &logged {
            assert_eq!(*level, log::Level::Warn);
            assert!(
                line.contains(" rows, request ") && line.contains(" ms, ") && line.contains("SELECT"),
                "{line}"
            );
            assert!(!line.contains("geheim"), "no value is logged: {line}");
        }
        // A flood of them.
        for _ in 0..40 {
            server.get(&format!("{path}&page[size]=5"), &[("X-Request-Id", &id("flood"))]);
            database.run("UPDATE authors SET name = name");
        }
        let flood =
            lines("slow statement").into_iter().filter(|(_, line)| line.contains(&id("flood"))).count();
        assert!(flood <= 30, "{flood} lines");
    }
}

/// Makes a view of the table of the notes, each of whose rows takes its time.
fn slow_view(database: &Database) -> String {
    match database {
        Database::Sqlite(_) => {
            let count = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT count(*) FROM n WHERE i > notes_of.id)";
            format!(
                "ALTER TABLE notes RENAME TO notes_of; CREATE VIEW notes AS SELECT id, text, author_id FROM notes_of WHERE {count} > 0"
            )
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(_) => {
            "ALTER TABLE notes RENAME TO notes_of; CREATE VIEW notes AS SELECT id, text, author_id \
                                  FROM notes_of WHERE (SELECT count(*) FROM pg_sleep(0.05 + id * 0)) > 0"
                .into()
        }
    }
}

#[test]
fn the_log_says_what_was_really_sent() {
    listen();
    for (number, database) in Database::each().into_iter().enumerate() {
        let server = database.serve("", "request_id = 'take'");
        fill(&server);
        let id = |what: &str| format!("sent-{number}-{what}");
        let tag = server.get("/motto", &[]).tag();
        server.get("/motto", &[("If-None-Match", &tag), ("X-Request-Id", &id("motto"))]).is(304);
        let tag = server.get("/api/notes/1", &[]).tag();
        for what in ["memo", "memo-again"] {
            server.get("/api/notes/1", &[("If-None-Match", &tag), ("X-Request-Id", &id(what))]).is(304);
        }
        server.get("/api/notes/1", &[("If-Match", "\"x\""), ("X-Request-Id", &id("failed"))]).is(412);
        for (what, status) in [
            ("motto", "304 Not Modified"),
            ("memo", "304 Not Modified"),
            ("failed", "412 Precondition Failed"),
        ] {
            let sent = loop {
                let lines = lines(&format!("request {}", id(what)));
                if let Some((level, line)) = lines.into_iter().find(|(_, line)| line.starts_with("Sent: ")) {
                    assert_eq!(level, log::Level::Info);
                    break line;
                }
                std::thread::yield_now();
            };
            assert!(sent.starts_with(&format!("Sent: {status} after ")), "{sent}");
        }
        assert!(!lines("Sent: 304 Not Modified in place of this").is_empty(), "also without an observer");
    }
}

#[test]
fn a_launch_names_once_which_indexes_a_large_table_lacks() {
    for database in Database::each() {
        let told = || lines("table `notes` has over 10000 rows");
        fill(&database.serve("", ""));
        let before = told().len();
        assert_eq!(before, 0, "of a small table nothing is said");
        database.run(match &database {
            Database::Sqlite(_) => {
                "WITH RECURSIVE n (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM n WHERE n < 10020) \
                 INSERT INTO notes (id, text, author_id) SELECT n, 't' || n, 1 FROM n"
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => {
                "INSERT INTO notes (id, text, author_id) SELECT n, 't' || n, 1 FROM generate_series(10, 10020) AS n"
            }
        });
        database.serve("index_advice = false", "").get("/api/notes/1", &[]).is(200);
        assert_eq!(told().len(), before, "it was turned off");
        database.serve("", "").get("/api/notes/1", &[]).is(200);
        let told = told();
        assert_eq!(told.len(), before + 1, "{told:?}");
        let (level, line) = &told[before];
        assert_eq!(*level, log::Level::Warn);
        assert!(line.contains("(`text`)") && line.contains("`index_advice = false`"), "{line}");
        // The statement that it names is the one that ends it.
        let (_, statement) = line.split_once("The indexes: ").expect("a statement");
        assert!(
            statement.starts_with(r#"CREATE INDEX IF NOT EXISTS "notes_text_index" ON "notes" ("#),
            "{statement}"
        );
        database.run(statement);
        let number = told.len();
        database.serve("", "").get("/api/notes/1", &[]).is(200);
        assert_eq!(lines("table `notes` has over 10000 rows").len(), number);
        LINES
            .lock()
            .expect("no panic")
            .retain(|(_, line)| !line.contains("table `notes` has over 10000 rows"));
    }
}
