//! [`Metrics`]: attached anywhere, told anywhere, and to whom a guard lets through.

use std::fmt;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Metrics, etagged};
use rocket::figment::Figment;
use rocket::http::{Header, Status};
use rocket::local::blocking::Client;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Build, Rocket, get, routes};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[get("/hello")]
fn hello() -> &'static str {
    "hello"
}

fn figment() -> Figment {
    rocket::Config::figment()
        .merge(("log_level", "off"))
        .merge(("etag.enabled", true))
        .merge(("databases.api.url", "sqlite::memory:"))
}

fn told(client: &Client) -> String {
    let answer = client.get("/metrics").dispatch();
    assert_eq!(answer.status(), Status::Ok);
    answer.into_string().expect("a text")
}

fn assert_tells(told: &str, sample: &str) {
    assert!(told.lines().any(|line| line == sample), "`{sample}` is not in:\n{told}");
}

/// Asks twice for the same, so that the second answer is a 304.
fn ask_twice(client: &Client, target: &'static str) {
    let answer = client.get(target).dispatch();
    let tag = answer.headers().get_one("ETag").expect("a tag").to_owned();
    let again = client.get(target).header(Header::new("If-None-Match", tag)).dispatch();
    assert_eq!(again.status(), Status::NotModified);
}

#[test]
fn a_304_is_counted_as_one_wherever_the_metrics_are_attached() {
    let before = |rocket: Rocket<Build>| rocket.attach(Metrics::new()).attach(EtagFairing::new());
    let after = |rocket: Rocket<Build>| rocket.attach(EtagFairing::new()).attach(Metrics::new());
    for attach in [before as fn(_) -> _, after] {
        let rocket = attach(rocket::custom(figment()))
            .mount("/", etagged(routes![hello]))
            .mount("/metrics", Metrics::routes());
        let client = Client::untracked(rocket).expect("a rocket");
        ask_twice(&client, "/hello");
        let told = told(&client);
        for sample in [
            r#"etag_requests_total{route="hello",method="GET",status="200"} 1"#,
            r#"etag_requests_total{route="hello",method="GET",status="304"} 1"#,
            r#"etag_not_modified_total{way="built"} 1"#,
            "etag_bytes_saved_total 5",
        ] {
            assert_tells(&told, sample);
        }
    }
}

/// As at another port: the second application counts nothing of its own.
#[test]
fn another_application_of_the_process_tells_them() {
    let metrics = Metrics::new();
    let inside = rocket::custom(figment()).manage(metrics.clone()).mount("/metrics", Metrics::routes());
    let inside = Client::untracked(inside).expect("a rocket");
    assert!(!told(&inside).contains("etag_requests"), "nothing is launched yet");
    let api = rocket::custom(figment())
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .attach(metrics)
        .mount("/", Note::routes());
    let api = Client::untracked(api).expect("a rocket");
    ask_twice(&api, "/notes");
    for _ in 0..3 {
        let told = told(&inside);
        for sample in [
            r#"etag_requests_total{route="notes.list",method="GET",status="200"} 1"#,
            r#"etag_requests_total{route="notes.list",method="GET",status="304"} 1"#,
            r#"etag_memo_lookups_total{outcome="miss"} 1"#,
            r#"etag_memo_lookups_total{outcome="hit"} 1"#,
            "etag_memo_entries 1",
        ] {
            assert_tells(&told, sample);
        }
        assert!(told.contains("etag_store_rows_read_total{store=\"/\"}"), "{told}");
        assert!(!told.contains("route=\"metrics\""), "{told}");
    }
    // It is nowhere in the API itself.
    assert_eq!(api.get("/metrics").dispatch().status(), Status::NotFound);
}

/// Whoever sends the token.
struct Scraper;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Scraper {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("Authorization") {
            Some("Bearer let-me") => Outcome::Success(Self),
            Some(_) => Outcome::Error((Status::Unauthorized, ())),
            None => Outcome::Forward(Status::NotFound),
        }
    }
}

#[test]
fn a_guard_says_who_is_told() {
    let rocket = rocket::custom(figment())
        .attach(Metrics::new())
        .mount("/metrics", Metrics::routes_guarded_by::<Scraper>());
    let client = Client::untracked(rocket).expect("a rocket");
    let ask = |authorization: Option<&'static str>| {
        let mut request = client.get("/metrics");
        if let Some(value) = authorization {
            request.add_header(Header::new("Authorization", value));
        }
        request.dispatch().status()
    };
    assert_eq!(ask(Some("Bearer let-me")), Status::Ok);
    assert_eq!(ask(Some("Bearer other")), Status::Unauthorized);
    assert_eq!(ask(None), Status::NotFound);
}

#[test]
fn two_of_them_stop_the_launch_and_none_is_500() {
    let twice = rocket::custom(figment()).attach(Metrics::new()).attach(Metrics::new());
    let refused = Client::untracked(twice).expect_err("the launch is refused");
    assert!(matches!(refused.kind(), rocket::error::ErrorKind::FailedFairings(_)), "{refused}");
    let none = rocket::custom(figment()).mount("/metrics", Metrics::routes());
    let client = Client::untracked(none).expect("a rocket");
    assert_eq!(client.get("/metrics").dispatch().status(), Status::InternalServerError);
}
/// The names of all metrics, as Prometheus stores them, with their kinds.
fn names() -> Vec<(String, String)> {
    let rocket = rocket::custom(figment())
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .attach(Metrics::new())
        .mount("/", Note::routes())
        .mount("/metrics", Metrics::routes());
    let client = Client::untracked(rocket).expect("a rocket");
    let told = told(&client);
    let name = |line: &str| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        Some((name.to_owned(), kind.to_owned()))
    };
    let names: Vec<_> = told.lines().filter_map(name).collect();
    assert!(names.len() > 30, "{told}");
    names
}

fn file(path: &str) -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The words of a text that look like names of metrics.
fn named(text: &str) -> Vec<&str> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    words.filter(|word| word.starts_with("etag_") && !word.starts_with("etag_fairing")).collect()
}

/// Asserts that each word is a metric, or a series of a histogram.
fn assert_known(words: &[&str], place: &dyn fmt::Display) {
    let names = names();
    for word in words {
        let is_known = names.iter().any(|(name, kind)| {
            name == word
                || (kind == "histogram"
                    && ["_bucket", "_sum", "_count"]
                        .iter()
                        .any(|suffix| word.strip_suffix(suffix) == Some(name)))
        });
        assert!(is_known, "{place} names {word}, which is no metric");
    }
}

#[test]
fn the_guides_table_has_every_metric_and_no_other() {
    let guide = file("docs/guide/metrics.md");
    assert_known(&named(&guide), &"the guide");
    let in_table: Vec<&str> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.split('{').next().unwrap_or(name))
        .collect();
    let names = names();
    let missing: Vec<_> = names.iter().filter(|(name, _)| !in_table.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "the guide lacks {missing:?}");
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let dashboard = file("../docs/grafana-dashboard.json");
    let parsed: serde_json::Value = serde_json::from_str(&dashboard).expect("JSON");
    let panels = parsed["panels"].as_array().expect("panels");
    let mut queries = Vec::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap_or_else(|| panic!("{panel} asks for nothing"));
        assert!(!targets.is_empty(), "{panel}");
        for target in targets {
            let query = target["expr"].as_str().unwrap_or_else(|| panic!("{target} has no query"));
            assert!(!named(query).is_empty(), "{query}");
            assert_eq!(query.matches('(').count(), query.matches(')').count(), "{query}");
            queries.push(query.to_owned());
        }
    }
    assert_known(&named(&dashboard), &"the dashboard");
    let identifiers: std::collections::BTreeSet<_> =
        panels.iter().filter_map(|panel| panel["id"].as_i64()).collect();
    assert_eq!(identifiers.len(), panels.len(), "each panel has an id of its own");
    for wanted in ["etag_requests_total", "etag_not_modified_total", "etag_memo_lookups_total"] {
        assert!(queries.iter().any(|query| query.contains(wanted)), "{wanted}");
    }
}
