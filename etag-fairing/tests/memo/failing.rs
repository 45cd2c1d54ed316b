//! Several who ask for one URL while the store is in trouble: they are told together, not one behind the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use etag_fairing::resource::Description;
use etag_fairing::store::sqlite::{SqliteOptions, SqliteStore};
use etag_fairing::store::{Fetched, Plan, PrepareError, Revision, Store, StoreError, Transaction};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::futures::future::{join_all, select};
use rocket::http::Status;
use rocket::local::asynchronous::Client;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::task::yield_now;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// A store whose reads take as long as a test wants, and then fail.
struct Slow {
    inner: SqliteStore,
    state: Arc<State>,
}

struct State {
    asked: AtomicUsize,
    read: AtomicUsize,
    fail: Semaphore,
}

#[rocket::async_trait]
impl Store for Slow {
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError> {
        self.inner.prepare(resources).await
    }

    async fn fetch(&self, _: &Plan) -> Result<Fetched, StoreError> {
        self.state.read.fetch_add(1, Ordering::SeqCst);
        if let Ok(permit) = self.state.fail.acquire().await {
            permit.forget();
        }
        Err(StoreError::Busy { retry_after: Duration::from_secs(7) })
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Store::begin(&self.inner).await
    }

    async fn revision(&self, _: &[&'static str]) -> Result<Option<Revision>, StoreError> {
        self.state.asked.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Revision::new(1)))
    }
}

async fn client() -> (Client, Arc<State>) {
    let options = SqliteOptions::from_url("sqlite::memory:").expect("a URL");
    let inner = SqliteStore::open(options).expect("a database");
    let state =
        Arc::new(State { asked: AtomicUsize::new(0), read: AtomicUsize::new(0), fail: Semaphore::new(0) });
    let figment = rocket::Config::figment().merge(("ETAG", true)).merge(("log_level", "off"));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::with_store(Slow { inner, state: Arc::clone(&state) }))
        .attach(EtagFairing::new())
        .mount("/", Note::routes());
    (Client::untracked(rocket).await.expect("a rocket"), state)
}

async fn ask(client: &Client) -> (Status, Option<String>) {
    let response = client.get("/notes").dispatch().await;
    (response.status(), response.headers().get_one("Retry-After").map(str::to_owned))
}

/// Waits until so many have asked: from there each of them waits within the same turn of the scheduler.
async fn until_asked(state: &State, number: usize) {
    while state.asked.load(Ordering::SeqCst) < number || state.read.load(Ordering::SeqCst) == 0 {
        yield_now().await;
    }
}

#[test]
fn who_waits_for_a_read_that_fails_fails_with_it() {
    rocket::async_test(async {
        let (client, state) = client().await;
        let all = join_all((0..12).map(|_| ask(&client)));
        let fail = async {
            until_asked(&state, 12).await;
            state.fail.add_permits(1);
        };
        let (answers, ()) = rocket::tokio::join!(all, fail);
        for answer in answers {
            assert_eq!(answer, (Status::ServiceUnavailable, Some("7".into())));
        }
        assert_eq!(state.read.load(Ordering::SeqCst), 1, "one has read for all");
        // Who comes later tries again.
        state.fail.add_permits(1);
        ask(&client).await;
        assert_eq!(state.read.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn where_the_one_who_reads_goes_another_one_reads_for_all() {
    rocket::async_test(async {
        let (client, state) = client().await;
        let gone = async {
            until_asked(&state, 12).await;
        };
        let first = Box::pin(ask(&client));
        let first = async {
            // Dropped while it reads.
            drop(select(first, Box::pin(gone)).await);
        };
        let others = async {
            until_asked(&state, 1).await;
            join_all((0..11).map(|_| ask(&client))).await
        };
        let fail = async {
            while state.read.load(Ordering::SeqCst) < 2 {
                yield_now().await;
            }
            state.fail.add_permits(1);
        };
        let ((), answers, ()) = rocket::tokio::join!(first, others, fail);
        assert!(answers.iter().all(|(status, _)| *status == Status::ServiceUnavailable), "{answers:?}");
        assert_eq!(state.read.load(Ordering::SeqCst), 2);
    });
}
