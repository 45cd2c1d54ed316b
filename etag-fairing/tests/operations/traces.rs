//! Spans and events, as a subscriber collects them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::{Database, fill};

type Fields = BTreeMap<&'static str, String>;

/// What was collected.
#[derive(Default)]
struct Collected {
    spans: HashMap<u64, Fields>,
    closed: Vec<u64>,
    /// The span that each event is in, and its fields.
    events: Vec<(Option<u64>, Fields)>,
}

static COLLECTED: Mutex<Option<Collected>> = Mutex::new(None);

thread_local! {
    static ENTERED: std::cell::RefCell<Vec<u64>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn with<T>(work: impl FnOnce(&mut Collected) -> T) -> T {
    work(COLLECTED.lock().expect("no panic").get_or_insert_default())
}

struct Collector(AtomicU64);

struct Values<'f>(&'f mut Fields);

impl Visit for Values<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("etag_fairing") && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.fetch_add(1, Ordering::SeqCst);
        let mut fields = Fields::from([("span", span.metadata().name().to_owned())]);
        span.record(&mut Values(&mut fields));
        with(|all| all.spans.insert(id, fields));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        with(|all| values.record(&mut Values(all.spans.entry(span.into_u64()).or_default())));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::from([("target", event.metadata().target().to_owned())]);
        event.record(&mut Values(&mut fields));
        let span = ENTERED.with_borrow(|entered| entered.last().copied());
        with(|all| all.events.push((span, fields)));
    }

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            assert_eq!(entered.pop(), Some(span.into_u64()), "spans are left in the order of entering");
        });
    }

    fn try_close(&self, span: Id) -> bool {
        with(|all| all.closed.push(span.into_u64()));
        true
    }
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(Collector(AtomicU64::new(1))).expect("the first subscriber");
    });
}

/// The fields of the request's span, and of the events in it, once its status is there.
fn of_request(id: &str) -> (Fields, Vec<Fields>) {
    loop {
        let found = with(|all| {
            let mut spans = all.spans.iter();
            let (number, fields) =
                spans.find(|(_, fields)| fields.get("request_id").is_some_and(|own| own == id))?;
            fields.get("status")?;
            let events = all.events.iter().filter(|(span, _)| *span == Some(*number));
            Some((fields.clone(), events.map(|(_, fields)| fields.clone()).collect()))
        });
        match found {
            Some(found) => return found,
            None => std::thread::yield_now(),
        }
    }
}

#[test]
fn a_request_is_a_span_and_each_statement_an_event_in_it() {
    listen();
    for (number, database) in Database::each().into_iter().enumerate() {
        let server = database.serve("", "request_id = 'take'");
        fill(&server);
        let id = |what: &str| format!("trace-{number}-{what}");
        let tag = server.get("/api/notes/1", &[]).tag();
        let ask = |what: &str, path: &str, fields: &[(&str, &str)]| {
            let own = id(what);
            let fields = [fields, &[("X-Request-Id", own.as_str())]].concat();
            server.get(path, &fields);
        };
        ask("list", "/api/notes?filter[text]=geheim&include=author", &[]);
        ask("again", "/api/notes?filter[text]=geheim&include=author", &[]);
        ask("revalidated", "/api/notes/1", &[("If-None-Match", &tag)]);
        ask("refused", "/api/notes/1", &[("If-Match", "\"x\"")]);
        ask("motto", "/motto", &[]);
        ask("nowhere", "/nowhere", &[]);
        let patch = r#"{"data":{"type":"notes","id":"1","attributes":{"text":"geheimer"}}}"#;
        let own = id("write");
        let json = ("Content-Type", "application/vnd.api+json");
        server
            .send("PATCH", "/api/notes/1", &[json, ("If-Match", &tag), ("X-Request-Id", &own)], patch)
            .is(200);

        let generated = |operation: &str| {
            vec![
                ("route", format!("notes.{operation}")),
                ("resource", "notes".into()),
                ("operation", operation.into()),
            ]
        };
        for (what, method, route, memo, precondition, status) in [
            ("list", "GET", generated("list"), "miss", "none", "200"),
            ("again", "GET", generated("list"), "hit", "none", "200"),
            ("revalidated", "GET", generated("read"), "hit", "not_modified_memo", "304"),
            ("refused", "GET", generated("read"), "hit", "failed", "412"),
            ("write", "PATCH", generated("update"), "none", "passed", "200"),
            ("motto", "GET", vec![("route", "motto".into())], "none", "none", "200"),
            ("nowhere", "GET", vec![], "none", "none", "404"),
        ] {
            let (mut fields, events) = of_request(&id(what));
            let revision = fields.remove("revision");
            assert_eq!(
                revision.is_some(),
                matches!(what, "list" | "again" | "revalidated" | "refused"),
                "{what}"
            );
            let mut expected = Fields::from_iter(route);
            for (name, value) in [
                ("span", "request"),
                ("method", method),
                ("request_id", &id(what)),
                ("memo", memo),
                ("precondition", precondition),
                ("status", status),
            ] {
                expected.insert(name, value.to_owned());
            }
            assert_eq!(fields, expected, "{what}");
            let statements: Vec<_> =
                events.iter().filter(|event| event["target"] == "etag_fairing::sql").collect();
            // SQLite is not asked for a revision by a statement of the store.
            let is_sqlite = matches!(database, Database::Sqlite(_));
            match what {
                "list" => assert!(statements.len() >= 2, "{what}: {events:?}"),
                "write" => assert!(
                    statements.iter().any(|event| event["statement"].starts_with("UPDATE ")),
                    "{events:?}"
                ),
                "again" | "revalidated" | "refused" => {
                    assert!(statements.len() == usize::from(!is_sqlite), "{events:?}")
                }
                _ => assert!(statements.is_empty(), "{what}: {events:?}"),
            }
            for statement in statements {
                assert_eq!(
                    statement.keys().copied().collect::<Vec<_>>(),
                    ["microseconds", "rows", "statement", "target"]
                );
                assert!(!statement["statement"].contains("geheim"), "no value is told: {statement:?}");
                assert!(
                    statement["microseconds"].parse::<u64>().is_ok()
                        && statement["rows"].parse::<u64>().is_ok()
                );
            }
        }
    }
}

#[test]
fn a_span_is_carried_to_the_threads_of_sqlite_and_closed_with_its_request() {
    listen();
    let database = Database::each().remove(0);
    let server = database.serve("", "request_id = 'take'");
    fill(&server);
    // More than is read where the request is answered.
    database.run(
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) \
         INSERT INTO notes (id, text, author_id) SELECT i, 'x' || i, 1 FROM n",
    );
    server.get(
        "/api/notes?filter[text][contains]=99&sort=-text&page[totals]",
        &[("X-Request-Id", "on-a-thread")],
    );
    let (fields, events) = of_request("on-a-thread");
    assert_eq!(fields["memo"], "miss");
    assert!(
        events.iter().any(|event| event["target"] == "etag_fairing::sql" && event.contains_key("rows")),
        "{events:?}"
    );
    // Nothing of the server holds it any more.
    drop(server);
    with(|all| {
        let number = all
            .spans
            .iter()
            .find(|(_, fields)| fields.get("request_id").is_some_and(|id| id == "on-a-thread"));
        assert!(number.is_some_and(|(number, _)| all.closed.contains(number)), "the span is closed");
    });
}
