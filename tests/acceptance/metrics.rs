//! `GET /metrics` after a script of traffic: it tells exactly what the script did, and no more labels than routes.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    api::new_document,
    support::{Connection, Launch, Response},
};

/// Each series that counts, with its value.
type Series = BTreeMap<String, f64>;

fn scrape(connection: &mut Connection) -> Series {
    let answer = connection.request("GET", "/metrics", &[], None);
    assert_eq!((answer.status, answer.header("ETag")), (200, None), "{answer:?}");
    assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let mut series = Series::new();
    for line in answer.text().lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("a sample");
        let known = series.insert(name.to_owned(), value.parse().expect("a number"));
        assert_eq!(known, None, "{name} is told twice");
    }
    series
}

/// What the script counts itself.
struct Script {
    connection: Connection,
    expected: Series,
}

impl Script {
    fn count(&mut self, series: &str, number: usize) {
        *self.expected.entry(series.to_owned()).or_default() += number as f64;
    }

    /// Sends a request that this route answers with this status.
    fn ask(
        &mut self,
        (route, method, target): (&str, &str, &str),
        headers: &[(&str, &str)],
        body: Option<&serde_json::Value>,
        status: u16,
    ) -> Response {
        let sent = body.map(|body| body.to_string().into_bytes());
        let mut all = vec![("Accept", "application/vnd.api+json, text/html;q=0.5")];
        if sent.is_some() && !headers.iter().any(|(name, _)| *name == "Content-Type") {
            all.push(("Content-Type", "application/vnd.api+json"));
        }
        all.extend_from_slice(headers);
        let answer = self.connection.request(method, target, &all, sent.as_deref());
        assert_eq!(answer.status, status, "{method} {target} {headers:?}: {answer:?}");
        // A HEAD is answered by the route of the GET.
        let method = if method == "HEAD" { "GET" } else { method };
        self.count(
            &format!("etag_requests_total{{route=\"{route}\",method=\"{method}\",status=\"{status}\"}}"),
            1,
        );
        self.count(
            &format!("etag_request_duration_seconds_count{{route=\"{route}\",method=\"{method}\"}}"),
            1,
        );
        answer
    }

    fn memo(&mut self, outcome: &str) {
        self.count(&format!("etag_memo_lookups_total{{outcome=\"{outcome}\"}}"), 1);
    }

    fn not_modified(&mut self, way: &str, bytes: usize) {
        self.count(&format!("etag_not_modified_total{{way=\"{way}\"}}"), 1);
        self.count("etag_bytes_saved_total", bytes);
    }

    fn refused(&mut self, reason: &str) {
        let status = if reason == "required" { 428 } else { 412 };
        self.count(
            &format!("etag_precondition_refusals_total{{status=\"{status}\",reason=\"{reason}\"}}"),
            1,
        );
    }

    fn written(&mut self) {
        self.count("etag_writes_total{type=\"sessions\"}", 1);
        self.count("etag_store_commit_writes_sum{store=\"/\"}", 1);
    }
}

const ATOMIC: &str = r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic""#;
const READ: &str = "sessions.read";
const UPDATE: &str = "sessions.update";

/// What happens in a minute: readers who are up to date, readers who are not, editors who meet, and mistakes.
fn minute(script: &mut Script, minute: usize) {
    let path = format!("/v1/sessions/{}", minute % 7 + 1);
    let read = (READ, "GET", path.as_str());
    // The representation of the last time may be in the memo, at a revision that has passed.
    let fresh = script.ask(read, &[], None, 200);
    script.memo(if minute < 7 { "miss" } else { "stale" });
    let (tag, size) = (fresh.etag().to_owned(), fresh.body.len());
    for _ in 0..minute % 4 {
        script.ask(read, &[("If-None-Match", &tag)], None, 304);
        script.memo("hit");
        script.not_modified("memo", size);
    }
    // A browser says which codings it takes. Each has a tag of its own, and it's the memo's body all the same.
    let coded = script.ask(read, &[("Accept-Encoding", "gzip, br")], None, 200).etag().to_owned();
    script.memo("hit");
    script.ask(read, &[("If-None-Match", &coded), ("Accept-Encoding", "gzip, br")], None, 304);
    script.memo("hit");
    script.not_modified("memo", size);
    script.ask((READ, "HEAD", &path), &[], None, 200);
    script.memo("hit");

    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    let edit =
        |text: String| json!({"data": {"type": "sessions", "id": id, "attributes": {"subtitle": text}}});
    let write = (UPDATE, "PATCH", path.as_str());
    script.ask(write, &[("If-Match", &tag)], Some(&edit(format!("Minute {minute}"))), 200);
    script.written();
    for _ in 0..minute % 3 {
        script.ask(write, &[("If-Match", &tag)], Some(&edit("Too late".into())), 412);
        script.refused("changed");
    }
    let now = script.ask(read, &[("If-None-Match", &tag)], None, 200);
    script.memo("stale");
    let weakened = format!("W/{}", now.etag());
    script.ask(write, &[("If-Match", &weakened)], Some(&edit("By a proxy".into())), 412);
    script.refused("weakened");
    script.ask(read, &[("If-Match", "\"another\"")], None, 412);
    script.memo("hit");
    script.refused("changed");

    let created = script.ask(
        ("sessions.create", "POST", "/v1/sessions"),
        &[],
        Some(&new_document("sessions", json!({"title": "New"}))),
        201,
    );
    script.written();
    let created = created.header("Location").expect("a Location").to_owned();
    script.ask(("sessions.delete", "DELETE", &created), &[], None, 204);
    script.written();

    // Each operation counts, of one request and one commit.
    let operations = json!({"atomic:operations": [
        {"op": "add", "data": {"type": "sessions", "lid": "new", "attributes": {"title": "By an operation"}}},
        {"op": "remove", "ref": {"type": "sessions", "lid": "new"}},
    ]});
    script.ask(
        ("operations", "POST", "/v1/operations"),
        &[("Content-Type", ATOMIC), ("Accept", ATOMIC)],
        Some(&operations),
        200,
    );
    script.written();
    script.count("etag_writes_total{type=\"sessions\"}", 1);

    // Not opted in: no tag, no memo.
    script.ask(("session-types.read", "GET", "/v1/session-types/1"), &[("If-None-Match", &tag)], None, 200);
    script.ask(("session-types.read", "GET", "/v1/session-types/99999"), &[], None, 404);
    script.ask((UPDATE, "PATCH", &path), &[], Some(&json!({"data": 1})), 400);
    script.ask(("method not allowed", "PUT", &path), &[], None, 405);

    // A hand-written route that opts in: its body is built, and left out.
    let style = script.ask(("style", "GET", "/assets/style.css"), &[], None, 200);
    let (tag, size) = (style.etag().to_owned(), style.body.len());
    script.ask(("style", "GET", "/assets/style.css"), &[("If-None-Match", &tag)], None, 304);
    script.not_modified("built", size);

    // Whatever a client invents, no route answers it.
    script.ask(("other", "GET", &format!("/nowhere/{minute}?x={minute}")), &[], None, 404);
    script.ask(("other", "DELETE", &format!("/nowhere/{minute}")), &[], None, 404);
}

/// The families whose every series must be what the script did.
const EXACT: [&str; 8] = [
    "etag_requests_total",
    "etag_request_duration_seconds_count",
    "etag_not_modified_total",
    "etag_bytes_saved_total",
    "etag_precondition_refusals_total",
    "etag_memo_lookups_total",
    "etag_writes_total",
    "etag_store_commit_writes_sum",
];

#[test]
fn after_an_hour_in_miniature_the_counts_are_those_of_the_script() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let before = scrape(&mut connection);
    let mut script = Script { connection, expected: Series::new() };
    // The first scrape is counted by now.
    script.count("etag_requests_total{route=\"metrics\",method=\"GET\",status=\"200\"}", 1);
    script.count("etag_request_duration_seconds_count{route=\"metrics\",method=\"GET\"}", 1);
    for number in 0..60 {
        minute(&mut script, number);
    }
    let after = scrape(&mut script.connection);
    let is_exact = |series: &&String| EXACT.contains(&series.split('{').next().unwrap_or_default());
    let change = |series: &String| {
        after.get(series).copied().unwrap_or_default() - before.get(series).copied().unwrap_or_default()
    };
    let changes: Series = after
        .keys()
        .filter(is_exact)
        .map(|series| (series.clone(), change(series)))
        .filter(|(_, change)| *change != 0.0)
        .collect();
    assert_eq!(changes, script.expected);
    for grown in ["etag_store_statements_total", "etag_store_rows_read_total", "etag_bodies_hashed_total"] {
        let grows = |series: &&String| series.starts_with(grown) && change(series) > 0.0;
        assert!(after.keys().any(|series| grows(&series)), "{grown}");
    }
    // Nobody waited, was refused, or took too long.
    for idle in ["etag_admission_refused_total", "etag_reads_timed_out_total", "etag_writes_timed_out_total"]
    {
        assert!(after.iter().any(|(series, count)| series.starts_with(idle) && *count == 0.0), "{idle}");
    }
}

#[test]
fn hostile_urls_and_methods_make_no_labels() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let labels = |series: &Series| {
        let of = |series: &String| series.split_once("status=").map(|(labels, _)| labels.to_owned());
        let mut labels: Vec<String> =
            series.keys().filter(|series| series.starts_with("etag_requests_total")).filter_map(of).collect();
        labels.dedup();
        labels
    };
    let mut ask = |round: usize| {
        for target in [
            format!("/v1/sessions/{round}"),
            format!("/v1/sessions/%22%7D%0A{round}?a%22=%0A"),
            format!("/v1/sessions/1/relationships/none{round}"),
            format!("/{round}/\"}}"),
            format!("/metrics/{round}"),
        ] {
            for method in ["GET", "HEAD", "POST", "OPTIONS", "TRACE"] {
                let answer = connection.request(method, &target, &[], None);
                assert!(answer.status >= 200, "{answer:?}");
            }
        }
        // Methods that HTTP doesn't know.
        for method in ["BREW", "PROPFIND", "get"] {
            server.connect().request(method, &format!("/v1/sessions/{round}"), &[], None);
        }
        labels(&scrape(&mut connection))
    };
    ask(1);
    let first = ask(2);
    for round in 3..30 {
        assert_eq!(ask(round), first, "round {round}");
    }
}

#[test]
fn who_asks_for_open_metrics_gets_them() {
    let server = Launch::new().start();
    let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3";
    let answer = server.connect().request("GET", "/metrics", &[("Accept", accept)], None);
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(answer.text().ends_with("# EOF\n"), "{answer:?}");
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
}
