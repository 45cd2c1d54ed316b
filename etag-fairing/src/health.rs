//! [`Health`]: what probes ask, whether the process lives and whether it can serve requests now.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rocket::futures::FutureExt;
use rocket::futures::future::join_all;
use rocket::http::{ContentType, Header, Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::tokio::spawn;
use rocket::tokio::sync::watch;
use rocket::tokio::time::timeout;
use rocket::{Data, Request, Response};
use serde_json::{Map, Value};

use crate::api::JsonApi;
use crate::schema::Description;
use crate::stop::Stopping;
use crate::store::{HealthCheck, Store};

/// How long a probe waits for the stores. Kubernetes gives up after a second unless it is told otherwise.
const DEADLINE: Duration = Duration::from_millis(750);

/// For how long what was found is told again: whoever may ask must not be able to keep the databases busy with it.
const FRESH: Duration = Duration::from_secs(1);

/// Routes for whoever watches over the server: a load balancer, Kubernetes, `docker compose`.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use etag_fairing::{Health, JsonApi};
///
/// let _ = rocket::build().attach(JsonApi::fairing()).mount("/health", Health::routes());
/// # }
/// ```
///
/// | route | 200 | 503 |
/// |---|---|---|
/// | `GET /live` | always: the process answers | never |
/// | `GET /ready` | every store answers, has its tables as they are described, and takes writes | one of them doesn't, or not within 750 ms, or the server is stopping |
///
/// The body is JSON, with a line for each check. It names no host, file or table, so that anybody may read it: what
/// exactly is wrong is in the log, once when it begins and once when it is over. The stores are asked at most once a
/// second, however many ask. Both answers are `Cache-Control: no-store` and never have a tag.
#[derive(Clone, Copy, Debug)]
pub struct Health;

impl Health {
    /// The routes `GET /live` and `GET /ready`, for a mount of your choice.
    pub fn routes() -> Vec<Route> {
        let named = |name: &'static str, mut route: Route| {
            route.name = Some(name.into());
            route
        };
        vec![
            named("live", Route::new(Method::Get, "/live", Live)),
            named("ready", Route::new(Method::Get, "/ready", Ready::default())),
        ]
    }
}

#[derive(Clone)]
struct Live;

#[rocket::async_trait]
impl Handler for Live {
    async fn handle<'r>(&self, _: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        Outcome::Success(answer(Status::Ok, "live", Map::new()))
    }
}

/// What is known of the stores.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// What was found last, and when.
    last: Option<(Instant, Arc<Found>)>,
    /// The look that is under way.
    looking: Option<Look>,
    /// Whether the last answer was 503.
    was_in_trouble: bool,
}

/// A look at all stores.
#[derive(Clone)]
struct Look {
    /// What is told once all have answered.
    all: watch::Receiver<Option<Arc<Found>>>,
    /// What each store has answered so far, with its path.
    each: Arc<Mutex<Answers>>,
}

/// What each store has answered so far, with its path; `None` where it has not.
type Answers = Vec<(String, Option<Vec<HealthCheck>>)>;

/// The checks of all stores, each with the path below which the store's resources are mounted.
type Found = Vec<(String, HealthCheck)>;

impl Look {
    /// What is known now. A store that has not answered is in trouble.
    fn so_far(&self) -> Found {
        let mut found = Vec::new();
        for (base, checks) in lock(&self.each).iter() {
            match checks {
                Some(checks) => found.extend(checks.iter().map(|check| (base.clone(), check.clone()))),
                None => found.push(failed(base, "no answer within 750 ms")),
            }
        }
        found
    }
}

/// The store of a part of the application, with its path and its resources.
struct Part {
    base: String,
    store: Arc<dyn Store>,
    resources: Vec<&'static Description>,
}

#[rocket::async_trait]
impl Handler for Ready {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        let rocket = request.rocket();
        if rocket.state::<Stopping>().is_some_and(Stopping::has_begun) {
            return Outcome::Success(answer(Status::ServiceUnavailable, "stopping", Map::new()));
        }
        let found = match rocket.state::<JsonApi>() {
            Some(api) => self.found(api).await,
            None => Arc::new(vec![failed("", "JsonApi::fairing() is not attached")]),
        };
        self.log(&found);
        let checks = found.iter().map(|(base, check)| {
            let name =
                if base.is_empty() { check.name().to_owned() } else { format!("{base} {}", check.name()) };
            (name, Value::from(check.told().unwrap_or("ok")))
        });
        let checks = checks.collect();
        Outcome::Success(match is_ready(&found) {
            true => answer(Status::Ok, "ready", checks),
            false => answer(Status::ServiceUnavailable, "not ready", checks),
        })
    }
}

impl Ready {
    fn lock(&self) -> MutexGuard<'_, Known> {
        lock(&self.0)
    }

    /// What is known, if it is fresh; else what a look finds, which all who ask meanwhile wait for.
    ///
    /// The look goes on if nobody waits for it any more: a connection that takes long to make is there for the next one.
    async fn found(&self, api: &JsonApi) -> Arc<Found> {
        let mut looking = {
            let mut known = self.lock();
            match &known.last {
                Some((when, found)) if when.elapsed() < FRESH => return Arc::clone(found),
                _ => {}
            }
            match &known.looking {
                Some(looking) => looking.clone(),
                None => {
                    let parts = parts(api);
                    let each = parts.iter().map(|part| (part.base.clone(), None)).collect();
                    let (tell, all) = watch::channel(None);
                    let looking = Look { all, each: Arc::new(Mutex::new(each)) };
                    known.looking = Some(looking.clone());
                    spawn(self.clone().look(parts, looking.clone(), tell));
                    looking
                }
            }
        };
        let found = match timeout(DEADLINE, looking.all.wait_for(Option::is_some)).await {
            Ok(Ok(found)) => found.clone(),
            Ok(Err(_)) | Err(_) => None,
        };
        found.unwrap_or_else(|| Arc::new(looking.so_far()))
    }

    /// Asks all stores at once: one that is silent does not hide the trouble of another.
    async fn look(self, parts: Vec<Part>, looking: Look, tell: watch::Sender<Option<Arc<Found>>>) {
        let each = &looking.each;
        let asked = parts.into_iter().enumerate().map(|(place, Part { store, resources, .. })| async move {
            // A store of the user's own may panic.
            let checks = AssertUnwindSafe(store.check_health(&resources)).catch_unwind().await;
            let checks = checks.unwrap_or_else(|_| vec![failed("", "the check has failed").1]);
            if let Some((_, found)) = lock(each).get_mut(place) {
                *found = Some(checks);
            }
        });
        join_all(asked).await;
        let found = Arc::new(looking.so_far());
        let mut known = self.lock();
        known.last = Some((Instant::now(), Arc::clone(&found)));
        known.looking = None;
        drop(known);
        // If nobody waits any more, the next one finds it.
        let _ = tell.send(Some(found));
    }

    /// Logs the beginning and the end of a trouble.
    fn log(&self, found: &Found) {
        let is_in_trouble = !is_ready(found);
        if std::mem::replace(&mut self.lock().was_in_trouble, is_in_trouble) == is_in_trouble {
            return;
        }
        if !is_in_trouble {
            log::warn!("the server is ready again");
        }
        for (base, check) in found {
            if let Some(trouble) = check.logged() {
                let below = if base.is_empty() { "" } else { " below " };
                log::error!("the server is not ready: {}{below}{base}: {trouble}", check.name());
            }
        }
    }
}

fn parts(api: &JsonApi) -> Vec<Part> {
    let own = std::iter::once(("", api));
    let others = api.state.others.iter().map(|(base, part)| (base.as_str(), part));
    let part = |(base, part): (&str, &JsonApi)| Part {
        base: base.to_owned(),
        store: Arc::clone(&part.state.store),
        resources: part.state.registry.resources().collect(),
    };
    own.chain(others).map(part).collect()
}

fn is_ready(found: &Found) -> bool {
    found.iter().all(|(_, check)| check.is_passed())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(base: &str, told: &'static str) -> (String, HealthCheck) {
    (base.to_owned(), HealthCheck::failed(HealthCheck::STORE, told, told))
}

/// RFC 9111 §5.2.2.5: no cache keeps it, and with `no-store` it gets no tag, either.
fn answer(status: Status, told: &str, checks: Map<String, Value>) -> Response<'static> {
    let mut members = Map::new();
    members.insert("status".into(), told.into());
    if !checks.is_empty() {
        members.insert("checks".into(), checks.into());
    }
    let mut body = format!("{:#}", Value::Object(members));
    body.push('\n');
    Response::build()
        .status(status)
        .header(ContentType::JSON)
        .header(Header::new("Cache-Control", "no-store"))
        .sized_body(body.len(), std::io::Cursor::new(body))
        .finalize()
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use rocket::local::asynchronous::Client;

    use super::*;

    async fn client() -> Client {
        let figment = rocket::Config::figment()
            .merge(("databases.api.url", "sqlite::memory:"))
            .merge(("log_level", "off"));
        let rocket = rocket::custom(figment).attach(JsonApi::fairing()).mount("/", Health::routes());
        Client::untracked(rocket).await.expect("a rocket")
    }

    #[test]
    fn a_server_that_is_stopping_is_not_ready() {
        rocket::async_test(async {
            let client = client().await;
            assert_eq!(client.get("/ready").dispatch().await.status(), Status::Ok);
            client.rocket().state::<Stopping>().expect("managed").begin();
            let answer = client.get("/ready").dispatch().await;
            assert_eq!(answer.status(), Status::ServiceUnavailable);
            assert_eq!(answer.headers().get_one("Cache-Control"), Some("no-store"));
            assert_eq!(answer.into_string().await.as_deref(), Some("{\n  \"status\": \"stopping\"\n}\n"));
            assert_eq!(client.get("/live").dispatch().await.status(), Status::Ok);
        });
    }

    #[test]
    fn the_fairing_says_when_the_server_is_stopping() {
        rocket::async_test(async {
            let rocket = client().await.terminate().await;
            assert!(rocket.state::<Stopping>().expect("managed").has_begun());
        });
    }
}
