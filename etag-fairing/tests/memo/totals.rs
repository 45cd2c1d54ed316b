//! Totals: counted once a change for all pages of a filter, and of the same state as the rows beside them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use etag_fairing::resource::Description;
use etag_fairing::store::sqlite::{SqliteOptions, SqliteStore};
use etag_fairing::store::{
    Fetched, Page, Plan, PrepareError, Revision, Root, Store, StoreError, Transaction, Unwritable,
};
use etag_fairing::{EtagFairing, JsonApi, JsonApiFairing, JsonApiResource};
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::local::asynchronous::Client;
use serde_json::Value;

use super::newspaper::{Article, Comment, Database, Person, Tag};

/// A store that tells what it is asked, and in whose reads others can get in between.
struct Watched {
    inner: Box<dyn Store>,
    seen: Arc<Seen>,
}

/// What somebody else does.
type Deed = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Seen {
    counted: AtomicUsize,
    uncounted: AtomicUsize,
    /// How many pages were read from a place on, and not by number.
    followed: AtomicUsize,
    /// Done before the next read that leaves the total out.
    between: Mutex<Option<Deed>>,
}

#[rocket::async_trait]
impl Store for Watched {
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError> {
        self.inner.prepare(resources).await
    }

    fn unwritable(&self, resource: &'static Description) -> Unwritable {
        self.inner.unwritable(resource)
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        let counts = match &plan.root {
            Root::Collection(listing) | Root::Related { listing, .. } => {
                let follows = matches!(listing.page, Page::Between { .. });
                self.seen.followed.fetch_add(usize::from(follows), Ordering::SeqCst);
                listing.total
            }
            _ => false,
        };
        if counts {
            self.seen.counted.fetch_add(1, Ordering::SeqCst);
        } else {
            self.seen.uncounted.fetch_add(1, Ordering::SeqCst);
            let deed = self.seen.between.lock().expect("nobody panics").take();
            if let Some(deed) = deed {
                // What blocks has a thread of its own.
                std::thread::scope(|scope| scope.spawn(deed).join().expect("a deed"));
            }
        }
        self.inner.fetch(plan).await
    }

    async fn revision(&self, tables: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        self.inner.revision(tables).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        self.inner.begin().await
    }
}

pub(crate) struct Server {
    pub(crate) client: Client,
    seen: Arc<Seen>,
    database: Arc<Database>,
}

impl Server {
    pub(crate) async fn over(database: Database) -> Self {
        let seen = Arc::new(Seen::default());
        let store = Watched { inner: store(&database.url()), seen: Arc::clone(&seen) };
        let client = launched(JsonApi::with_store(store)).await;
        Self { client, seen, database: Arc::new(database) }
    }

    /// A page as the count and the titles that it shows.
    async fn page(&self, url: &str) -> (u64, Vec<String>) {
        let response = self.client.get(url.to_owned()).dispatch().await;
        assert_eq!(response.status(), Status::Ok, "{url}");
        let body = response.into_string().await.expect("a body");
        let document: Value = serde_json::from_str(&body).expect("a document");
        let titles = document["data"].as_array().expect("rows").iter();
        let titles = titles.map(|row| row["attributes"]["title"].as_str().unwrap_or_default().to_owned());
        (document["meta"]["count"].as_u64().expect("a count"), titles.collect())
    }

    pub(crate) fn followed(&self) -> usize {
        self.seen.followed.load(Ordering::SeqCst)
    }

    /// A server over the same database that remembers nothing.
    pub(crate) async fn without_memo(&self) -> Client {
        let seen = Arc::default();
        let store = Watched { inner: store(&self.database.url()), seen };
        launched_with(JsonApi::with_store(store), "0").await
    }

    fn counted(&self) -> usize {
        self.seen.counted.load(Ordering::SeqCst)
    }

    pub(crate) fn between(&self, sql: &'static str) {
        self.between_of(sql.to_owned());
    }

    pub(crate) fn between_of(&self, sql: String) {
        let database = Arc::clone(&self.database);
        let deed = move || database.somebody_else().run(&sql);
        *self.seen.between.lock().expect("nobody panics") = Some(Box::new(deed));
    }

    pub(crate) async fn change(&self, sql: &str) {
        let database = &self.database;
        std::thread::scope(|scope| scope.spawn(|| database.somebody_else().run(sql)).join().expect("SQL"));
    }
}

async fn launched(api: JsonApiFairing) -> Client {
    launched_with(api, "64 MiB").await
}

async fn launched_with(api: JsonApiFairing, memo: &str) -> Client {
    let figment = rocket::Config::figment()
        .merge(("etag.enabled", true))
        .merge(("etag.memo", memo))
        .merge(("log_level", "off"));
    let rocket = rocket::custom(figment)
        .attach(api)
        .attach(EtagFairing::new())
        .mount("/", Person::routes())
        .mount("/", Article::routes())
        .mount("/", Comment::routes())
        .mount("/", Tag::routes());
    Client::untracked(rocket).await.expect("a rocket")
}

fn store(url: &str) -> Box<dyn Store> {
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres") {
        use etag_fairing::store::postgres::{PostgresOptions, PostgresStore};
        let options = PostgresOptions::new(url).expect("a URL");
        return Box::new(PostgresStore::open(options).expect("a pool"));
    }
    Box::new(SqliteStore::open(SqliteOptions::from_url(url).expect("a URL")).expect("a database"))
}

/// One test for both databases.
pub(crate) fn on_each(test: impl AsyncFn(Database)) {
    let each: [fn() -> Option<Database>; 2] = [
        || Some(Database::new()),
        || {
            #[cfg(feature = "postgres")]
            return Database::on_postgres();
            #[cfg(not(feature = "postgres"))]
            None
        },
    ];
    for database in each {
        // It is made outside of the runtime of the test, since it has runtimes of its own.
        if let Some(database) = database() {
            rocket::async_test(test(database));
        }
    }
}

const FILTER: &str = "/articles?page[totals]&filter[title][like]=%25a%25";

#[test]
fn a_total_is_counted_once_a_change_for_all_pages_of_its_filter() {
    on_each(async |database| {
        let server = Server::over(database).await;
        assert_eq!(server.page(&format!("{FILTER}&page[size]=1")).await, (4, vec!["alpha".into()]));
        assert_eq!(server.counted(), 1);
        // Other pages, orders and representations.
        for (rest, titles) in [
            ("&page[size]=1", "alpha"),
            ("&page[size]=1&page[number]=2", "beta"),
            ("&page[offset]=3&page[limit]=1", "delta"),
            ("&page[size]=1&sort=-title", "gamma"),
            ("&page[size]=1&fields[articles]=title", "alpha"),
            ("&page[size]=1&include=author,tags", "alpha"),
        ] {
            assert_eq!(server.page(&format!("{FILTER}{rest}")).await, (4, vec![titles.into()]), "{rest}");
        }
        assert_eq!(server.counted(), 1, "it was counted already");
        // Another table changes: what is included is read anew, and nothing is counted.
        server.change("UPDATE people SET name = 'Eve'").await;
        assert_eq!(server.page(&format!("{FILTER}&page[size]=1&include=author")).await.0, 4);
        assert_eq!(server.counted(), 1, "it doesn't depend on people");
        server.change("DELETE FROM articles WHERE id = 2").await;
        for rest in ["&page[size]=1&include=author", "&page[size]=1&page[number]=2", "&page[size]=1"] {
            assert_eq!(server.page(&format!("{FILTER}{rest}")).await.0, 3, "{rest}");
        }
        assert_eq!(server.counted(), 2);
        // Other filters have other totals.
        assert_eq!(server.page("/articles?page[totals]&filter[title]=alpha").await.0, 1);
        assert_eq!(server.page("/articles?page[totals]").await.0, 3);
        assert_eq!(server.page("/people/1/articles?page[totals]").await.0, 1);
        assert_eq!(server.page("/people/2/articles?page[totals]").await.0, 1);
        assert_eq!(server.counted(), 6);
    });
}

#[test]
fn rows_and_total_are_of_one_state_whatever_comes_in_between() {
    on_each(async |database| {
        let server = Server::over(database).await;
        assert_eq!(server.page(&format!("{FILTER}&page[size]=3")).await.0, 4);
        server.between("DELETE FROM articles WHERE id IN (1, 2)");
        let (total, titles) = server.page(&format!("{FILTER}&page[size]=9")).await;
        assert_eq!((total, titles), (2, vec!["gamma".into(), "delta".into()]), "not four");
        assert_eq!(server.counted(), 2, "rows and total were read together");
        // What has come in between has no part in the list.
        let (total, _) = server.page(&format!("{FILTER}&page[size]=8")).await;
        assert_eq!((total, server.counted()), (2, 3), "the total of before was not kept for after");
        server.between("UPDATE tags SET label = 'other'");
        assert_eq!(server.page(&format!("{FILTER}&page[size]=7")).await.0, 2);
        assert_eq!(server.counted(), 3);
    });
}

#[test]
fn many_who_ask_for_pages_at_once_count_once() {
    on_each(async |database| {
        let server = Server::over(database).await;
        let urls: Vec<String> =
            (1..=12).map(|size| format!("{FILTER}&page[size]={size}&sort=-title")).collect();
        for (total, titles) in join_all(urls.iter().map(|url| server.page(url))).await {
            assert_eq!((total, titles.first().map(String::as_str)), (4, Some("gamma")));
        }
        assert_eq!(server.counted(), 1);
        assert_eq!(server.seen.uncounted.load(Ordering::SeqCst), 11);
    });
}
