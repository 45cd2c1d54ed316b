//! What is measured: requests that go the hot paths, on one thread and without a socket.

use std::cell::Cell;

use chrono::{DateTime, Utc};
use etag_fairing::{Compression, EtagFairing, JsonApi, JsonApiResource, Metrics, ToMany, ToOne};
use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;
use rocket::tokio::runtime::{Builder, Runtime};

/// Somebody who writes.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "people", etag)]
struct Person {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "author")]
    articles: ToMany<Article>,
}

/// A record of a size that is common in practice.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "articles", etag)]
struct Article {
    #[jsonapi(id)]
    id: i64,
    title: String,
    summary: Option<String>,
    published: bool,
    rating: f64,
    written_at: DateTime<Utc>,
    #[jsonapi(relationship)]
    author: ToOne<Person>,
}

/// The same with a version.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "reports", etag)]
struct Report {
    #[jsonapi(id)]
    id: i64,
    title: String,
    summary: Option<String>,
    published: bool,
    rating: f64,
    written_at: DateTime<Utc>,
    #[jsonapi(relationship)]
    author: ToOne<Person>,
    #[jsonapi(version)]
    version: i64,
}

/// A case: its name, the target, whether the memo is on, and whether the client has the current answer.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    target: &'static str,
    memo: bool,
    known: bool,
    /// Whether the client writes back what it has, changed, with the tag of what it has.
    write: bool,
    /// Whether the server codes its answers, and what the client accepts.
    coding: Option<&'static str>,
    /// Whether the requests are counted for Prometheus.
    metrics: bool,
    /// What the client accepts.
    accept: &'static str,
}

const JSON_API: &str = "application/vnd.api+json";
/// The entity tag of each resource in a document.
const ITEM_TAGS: &str = "application/vnd.api+json;profile=\"https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md\"";

const RECORD: &str = "/articles/7";
const PAGE: &str = "/articles?page%5Bsize%5D=50&page%5Bnumber%5D=2";
const REPORTS: &str = "/reports?page%5Bsize%5D=50&page%5Bnumber%5D=2";
const INCLUDE: &str = "/articles?include=author&page%5Bsize%5D=20";

const fn case(name: &'static str, target: &'static str, memo: bool, known: bool) -> Case {
    Case { name, target, memo, known, write: false, coding: None, metrics: false, accept: JSON_API }
}

/// A case with the memo, of a server that codes its answers, and a client that accepts this.
const fn coded(name: &'static str, target: &'static str, known: bool, accepted: &'static str) -> Case {
    Case { coding: Some(accepted), ..case(name, target, true, known) }
}

/// All of them.
pub(crate) const CASES: [Case; 19] = [
    case("record_304", RECORD, true, true),
    Case { metrics: true, ..case("record_304_with_metrics", RECORD, true, true) },
    case("record_200", RECORD, true, false),
    case("record_304_without_memo", RECORD, false, true),
    case("record_200_without_memo", RECORD, false, false),
    case("page_304", PAGE, true, true),
    case("page_200", PAGE, true, false),
    case("page_200_without_memo", PAGE, false, false),
    Case { accept: ITEM_TAGS, ..case("page_200_without_memo_item_tags", PAGE, false, false) },
    case("versions_200_without_memo", REPORTS, false, false),
    Case { accept: ITEM_TAGS, ..case("versions_200_without_memo_item_tags", REPORTS, false, false) },
    case("include_304", INCLUDE, true, true),
    case("include_200_without_memo", INCLUDE, false, false),
    Case { write: true, ..case("record_patch", RECORD, true, false) },
    coded("page_200_br", PAGE, false, "gzip, deflate, br"),
    coded("page_200_gzip", PAGE, false, "gzip, deflate"),
    coded("page_304_br", PAGE, true, "gzip, deflate, br"),
    coded("page_200_not_coded", PAGE, false, "identity"),
    coded("record_200_too_small", RECORD, false, "gzip, deflate, br"),
];

/// A case that is set up: a server with a database of its own.
pub(crate) struct Bench {
    runtime: Runtime,
    client: Client,
    target: &'static str,
    tag: Option<String>,
    status: Status,
    write: bool,
    accepted: Option<&'static str>,
    accept: &'static str,
    last: Cell<usize>,
}

impl Bench {
    /// Starts the server, fills the database and asks once.
    pub(crate) fn new(case: &Case) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = runtime.block_on(client(case));
        let mut bench = Self {
            runtime,
            client,
            target: case.target,
            tag: None,
            status: Status::Ok,
            write: case.write,
            accepted: case.coding,
            accept: case.accept,
            last: Cell::new(0),
        };
        let tag = bench.ask();
        if case.write {
            // Both tags that there are in turn, so that each change finds one of them.
            bench.tag = Some(format!("{tag}, {}", bench.ask()));
        }
        match case.known {
            true => Self { tag: Some(tag), status: Status::NotModified, ..bench },
            false => bench,
        }
    }

    /// Asks; answers the tag that came.
    pub(crate) fn ask(&self) -> String {
        self.runtime.block_on(async {
            if self.write {
                return self.write().await;
            }
            let mut request = self.client.get(self.target);
            request.add_header(Header::new("Accept", self.accept));
            if let Some(tag) = &self.tag {
                request.add_header(Header::new("If-None-Match", tag.clone()));
            }
            if let Some(accepted) = self.accepted {
                request.add_header(Header::new("Accept-Encoding", accepted));
            }
            let response = request.dispatch().await;
            assert_eq!(response.status(), self.status, "{}", self.target);
            response.headers().get_one("ETag").expect("a tag").to_owned()
        })
    }
}

impl Bench {
    /// Changes the title from one to another and back.
    async fn write(&self) -> String {
        let turn = self.last.get();
        self.last.set(turn + 1);
        let title = ["Article 7", "Another"][turn % 2];
        let document =
            format!(r#"{{"data":{{"type":"articles","id":"7","attributes":{{"title":"{title}"}}}}}}"#);
        let mut request = self.client.patch(self.target);
        request.add_header(Header::new("Accept", "application/vnd.api+json"));
        request.add_header(Header::new("Content-Type", "application/vnd.api+json"));
        if let Some(tags) = &self.tag {
            request.add_header(Header::new("If-Match", tags.clone()));
        }
        let response = request.body(document).dispatch().await;
        assert_eq!(response.status(), self.status, "{}", self.target);
        response.headers().get_one("ETag").expect("a tag").to_owned()
    }
}

async fn client(case: &Case) -> Client {
    let figment = rocket::Config::figment()
        .merge(("log_level", "off"))
        .merge(("etag.enabled", true))
        .merge(("etag.memo", if case.memo { "8 MiB" } else { "0" }))
        .merge(("compression.enabled", case.coding.is_some()))
        .merge(("databases.api.url", "sqlite::memory:"))
        .merge(("databases.api.readers", 1))
        .merge(("databases.api.synchronous", "normal"));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .attach(Compression::new())
        .mount("/", Person::routes())
        .mount("/", Article::routes())
        .mount("/", Report::routes());
    let rocket = if case.metrics { rocket.attach(Metrics::new()) } else { rocket };
    let client = Client::untracked(rocket).await.expect("a rocket");
    let create = async |target: &'static str, document: String| {
        let request = client.post(target).header(Header::new("Content-Type", "application/vnd.api+json"));
        assert_eq!(request.body(document).dispatch().await.status(), Status::Created, "{target}");
    };
    for number in 0..10 {
        let name = format!("Writer {number}");
        create("/people", format!(r#"{{"data":{{"type":"people","attributes":{{"name":"{name}"}}}}}}"#))
            .await;
    }
    let kind = if case.target == REPORTS { "reports" } else { "articles" };
    for number in 0..120 {
        let document = format!(
            r#"{{"data":{{"type":"{kind}","attributes":{{"title":"Article {number}","summary":"{}","published":true,"rating":4.5,"writtenAt":"2027-06-12T09:40:00Z"}},"relationships":{{"author":{{"data":{{"type":"people","id":"{}"}}}}}}}}}}"#,
            "Two people open the same form. ".repeat(10),
            number % 10 + 1
        );
        create(if kind == "reports" { "/reports" } else { "/articles" }, document).await;
    }
    client
}
