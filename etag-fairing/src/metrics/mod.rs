//! Metrics, in the text that Prometheus reads.
//!
//! Attach [`Metrics`], and mount its route where your Prometheus asks:
//!
//! ```
//! # use rocket::{get, routes};
//! use etag_fairing::Metrics;
//! use rocket::local::blocking::Client;
//!
//! #[get("/hello")]
//! fn hello() -> &'static str {
//!     "hello"
//! }
//!
//! let rocket = rocket::build()
//!     .attach(Metrics::new())
//!     .mount("/", routes![hello])
//!     .mount("/metrics", Metrics::routes());
//!
//! let client = Client::untracked(rocket).unwrap();
//! client.get("/hello").dispatch();
//! let metrics = client.get("/metrics").dispatch().into_string().unwrap();
//! assert!(metrics.contains(r#"etag_requests_total{route="hello",method="GET",status="200"} 1"#));
//! ```
//!
//! The counters that the fairings and stores have anyway are read when somebody asks; only requests and their times are
//! counted for this alone. Without [`Metrics`] none of it is there.
//!
//! # What it does not do
//! It doesn't keep history, and it doesn't push: Prometheus asks. The numbers begin at 0 with each launch.

mod families;
mod requests;
mod scrape;
mod sources;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::registry::Registry;
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::request::FromRequest;
use rocket::{Build, Data, Orbit, Request, Response, Rocket, Route};

use self::families::{Counted, FAMILIES, Samples};
use self::requests::RequestTable;
use self::sources::Sources;
use crate::fairing::NothingToDo;
use crate::observe::{self, Detail};

/// Counts what an application does, and tells it as text for Prometheus. See the [module](self).
///
/// It is a fairing, and the handle of the counters: a clone tells the same, also in another application of the process,
/// which may listen at another port:
///
/// ```
/// use etag_fairing::Metrics;
///
/// # rocket::async_test(async {
/// let metrics = Metrics::new();
/// let api = rocket::build().attach(metrics.clone());
/// // Only for the machine itself: nothing of it is seen from outside.
/// let figment = rocket::Config::figment().merge(("address", "127.0.0.1")).merge(("port", 9464));
/// let inside = rocket::custom(figment).manage(metrics).mount("/metrics", Metrics::routes());
/// # if false {
/// let (api, inside) = rocket::tokio::join!(api.launch(), inside.launch());
/// # let _ = (api, inside);
/// # }
/// # });
/// ```
///
/// It may be attached before or after all other fairings: what it counts is the answer as it goes out.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Once the application is launched.
    launched: OnceLock<Launched>,
}

/// What is counted, from the launch on.
struct Launched {
    requests: RequestTable,
    sources: Sources,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("launched", &self.0.launched.get().is_some()).finish()
    }
}

impl Metrics {
    /// Metrics that count nothing yet. Attach them to the application that they are to count.
    pub fn new() -> Self {
        Self::default()
    }

    /// The route that tells them: `GET` at the path where it is mounted. For everybody; see
    /// [`routes_guarded_by`](Self::routes_guarded_by).
    ///
    /// It tells the metrics of the application that it is mounted in, or those in its managed state.
    pub fn routes() -> Vec<Route> {
        vec![scrape::open()]
    }

    /// The same, for those whom a request guard lets through. The others get the guard's status.
    ///
    /// ```
    /// use etag_fairing::Metrics;
    /// use rocket::http::Status;
    /// use rocket::request::{FromRequest, Outcome, Request};
    ///
    /// /// Whoever sends the token that Prometheus is configured with.
    /// struct Scraper;
    ///
    /// #[rocket::async_trait]
    /// impl<'r> FromRequest<'r> for Scraper {
    ///     type Error = ();
    ///
    ///     async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
    ///         match request.headers().get_one("Authorization") {
    ///             Some("Bearer let-me-scrape") => Outcome::Success(Scraper),
    ///             _ => Outcome::Error((Status::Unauthorized, ())),
    ///         }
    ///     }
    /// }
    ///
    /// let _ = rocket::build()
    ///     .attach(Metrics::new())
    ///     .mount("/metrics", Metrics::routes_guarded_by::<Scraper>());
    /// ```
    pub fn routes_guarded_by<G>() -> Vec<Route>
    where
        G: for<'r> FromRequest<'r> + Send + 'static,
    {
        vec![scrape::guarded_by::<G>()]
    }

    /// The metrics in the text format of Prometheus (version 0.0.4).
    pub fn to_text(&self) -> String {
        self.told(prometheus_text::encode)
    }

    /// The metrics in the text format of OpenMetrics (version 1.0.0).
    pub fn to_open_metrics(&self) -> String {
        self.told(text::encode)
    }

    fn told(&self, encode: impl FnOnce(&mut String, &Registry) -> fmt::Result) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Telling(self.clone())));
        let mut told = String::new();
        if encode(&mut told, &registry).is_err() {
            // A text takes all that is written into it.
            log::error!("the metrics could not be written");
        }
        told
    }
}

/// Tells what is counted, as a registry asks for it.
#[derive(Debug)]
struct Telling(Metrics);

impl Collector for Telling {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Before the launch there is nothing to tell.
        let Self(Metrics(shared)) = self;
        let Some(Launched { requests, sources }) = shared.launched.get() else { return Ok(()) };
        let counted = Counted { requests, sources };
        FAMILIES.iter().try_for_each(|family| {
            let encoder = encoder.encode_descriptor(family.name, family.help, None, family.kind)?;
            (family.write)(&counted, &mut Samples(encoder))
        })
    }
}

#[rocket::async_trait]
impl Fairing for Metrics {
    fn info(&self) -> Info {
        // No singleton: Rocket would let the later one replace the earlier in silence.
        Info { name: "Metrics", kind: Kind::Ignite | Kind::Liftoff | Kind::Request }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        if rocket.state::<Self>().is_some() {
            log::error!(
                "two `Metrics` are attached or managed: each request would be counted twice; attach one"
            );
            return Err(rocket);
        }
        // Fairings that are attached here come after all those of the application: so the answer is counted as it goes
        // out, a 304 as a 304.
        let rocket = observe::watch(rocket, Detail::Outcomes).attach(CountsAnswers(self.clone()));
        Ok(rocket.manage(self.clone()))
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let launched = Launched { requests: RequestTable::of(rocket), sources: Sources::of(rocket) };
        if self.0.launched.set(launched).is_err() {
            log::warn!("one `Metrics` is attached to two applications: it counts what the first one does");
        }
    }

    // Written out, as the next one: `async fn` would allocate a future for each request.
    fn on_request<'fairing, 'a, 'request, 'b, 'data, 'future>(
        &'fairing self,
        request: &'a mut Request<'request>,
        _: &'b mut Data<'data>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'future>>
    where
        'fairing: 'future,
        'a: 'future,
        'request: 'future,
        'b: 'future,
        'data: 'future,
        Self: 'future,
    {
        // From here on time counts.
        let _ = observe::of(request);
        Box::pin(NothingToDo)
    }
}

/// Counts each answer.
struct CountsAnswers(Metrics);

impl Fairing for CountsAnswers {
    fn info(&self) -> Info {
        Info { name: "Metrics of answers", kind: Kind::Response }
    }

    fn on_response<'r, 'fairing, 'request, 'response, 'future>(
        &'fairing self,
        request: &'r Request<'request>,
        response: &'response mut Response<'r>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'future>>
    where
        'r: 'future,
        'fairing: 'future,
        'request: 'future,
        'response: 'future,
    {
        let Self(Metrics(shared)) = self;
        if let Some(launched) = shared.launched.get()
            && let Some(observation) = observe::of(request)
            && let Some(slot) = launched.requests.slot(request)
        {
            slot.count(response.status(), observation.begun.elapsed());
        }
        Box::pin(NothingToDo)
    }
}
