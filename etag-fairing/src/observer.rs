//! [`Observer`]: request ids, a log line for what was really sent, spans, and `Server-Timing`.

use std::fmt;
use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::http::Header;
use rocket::request::{FromRequest, Outcome};
use rocket::{Build, Data, Request, Response, Rocket};

use crate::config::{ObserverConfig, RequestIds};
use crate::current::{self, CurrentRequest, RequestId};
use crate::observe::{self, Detail, Observation};

/// Asks a guard of the user's own whether the request may have something.
type AskGuard = for<'a> fn(&'a Request<'_>) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// Gives each request an id, logs what was really sent, and tells how long its parts took to whoever may know.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use etag_fairing::{EtagFairing, JsonApi, Observer};
///
/// let _ = rocket::build()
///     .attach(Observer::fairing())
///     .attach(JsonApi::fairing())
///     .attach(EtagFairing::new());
/// # }
/// ```
///
/// [`ObserverConfig`] has the switches. It works for every route, hand-written ones included, and for what catchers answer.
///
/// - **Request id**: sent as `X-Request-Id`, also with 304 and 412; the `id` of each error object that has none of its own;
///   and in the log lines of this crate. No tag is made of it, and the memo doesn't hold it.
/// - **Log**: a line at level `info` with the status as it was sent. Rocket's own line, `Outcome: Success(200 OK)`, is
///   written before fairings make a 304 of the answer.
/// - **`Server-Timing`**: `memo`, `revision`, `store`, `document`, `hash`, `sql` (the statements, which are a part of
///   `store` and `revision`) and `total`, in milliseconds. Only for requests with the secret field of the configuration,
///   or that pass the guard of [`server_timing_for`](Self::server_timing_for): how long something takes may tell strangers
///   what they must not know. Such an answer is `Cache-Control: private`.
#[cfg_attr(
    feature = "tracing",
    doc = "- **Spans** (feature `tracing`): one for each request, `request`, with the fields `method`, `route`, `resource`, `operation`, `request_id`, `memo`, `precondition`, `revision` and `status`; and in it an event for each statement, at level `debug`, with its text (without values), its rows and its time."
)]
#[derive(Default)]
pub struct Observer {
    guard: Option<AskGuard>,
    #[cfg(feature = "tracing")]
    with_span: Option<fn(&Request<'_>, &tracing::Span)>,
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").finish_non_exhaustive()
    }
}

impl Observer {
    /// The fairing, as `[default.observer]` configures it.
    pub fn fairing() -> Self {
        Self::default()
    }

    /// Sends `Server-Timing` with the answers to requests that pass this guard, whatever the configuration says.
    #[must_use]
    pub fn server_timing_for<G>(mut self) -> Self
    where
        G: for<'r> FromRequest<'r> + Send,
    {
        self.guard = Some(|request| {
            Box::pin(async move { matches!(request.guard::<G>().await, Outcome::Success(_)) })
        });
        self
    }

    /// Calls this with each request and its span before the request is routed: to give the span the parent that
    /// `traceparent` names, for example.
    #[cfg(feature = "tracing")]
    #[must_use]
    pub fn with_span(mut self, with_span: fn(&Request<'_>, &tracing::Span)) -> Self {
        self.with_span = Some(with_span);
        self
    }
}

#[rocket::async_trait]
impl Fairing for Observer {
    fn info(&self) -> Info {
        Info { name: "Observer", kind: Kind::Ignite }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        if rocket.state::<ObserverConfig>().is_some() {
            log::error!("two fairings of `Observer` are attached: attach one");
            return Err(rocket);
        }
        let config = match ObserverConfig::from_figment(rocket.figment()) {
            Ok(config) => config,
            Err(error) => {
                rocket::config::pretty_print_error(error);
                return Err(rocket);
            }
        };
        config.announce(rocket.figment());
        current::expect_any();
        let tells_timing = config.server_timing.is_some() || self.guard.is_some();
        let detail = if tells_timing { Detail::Phases } else { Detail::Outcomes };
        let observing = Observing {
            config: config.clone(),
            guard: self.guard,
            #[cfg(feature = "tracing")]
            with_span: self.with_span,
        };
        // Attached here, so that it comes after all others: it sees what they have made of an answer.
        Ok(observe::watch(rocket, detail).manage(config).attach(observing))
    }
}

/// The part that sees each request and its answer.
struct Observing {
    config: ObserverConfig,
    guard: Option<AskGuard>,
    #[cfg(feature = "tracing")]
    with_span: Option<fn(&Request<'_>, &tracing::Span)>,
}

#[rocket::async_trait]
impl Fairing for Observing {
    fn info(&self) -> Info {
        Info { name: "Observer of each request", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        // It begins with this look.
        let _ = observe::of(request);
        let id = self.request_id(request);
        #[cfg(feature = "tracing")]
        let span = self.span(request, id.as_ref());
        let current = CurrentRequest::new(id);
        #[cfg(feature = "tracing")]
        let current = current.with_span(span);
        current::set(request, current);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let (Some(current), Some(observation)) = (current::of(request), observe::of(request)) else { return };
        if let Some(id) = &current.id {
            response.set_header(Header::new("X-Request-Id", id.as_str()));
        }
        if self.may_know_times(request).await {
            response.set_header(Header::new("Server-Timing", server_timing(observation, current)));
            keep_private(response);
        }
        #[cfg(feature = "tracing")]
        if let Some(span) = &current.span {
            record(span, request, observation, response);
        }
        if self.config.log {
            let id = current.id.as_ref().map_or(String::new(), |id| format!(", request {}", id.as_str()));
            let took = observation.begun.elapsed().as_micros();
            // Rocket's lines whose target ends so are indented, below that of the request.
            log::info!(target: "etag_fairing::sent_", "Sent: {} after {took} µs{id}", response.status());
        }
    }
}

impl Observing {
    fn request_id(&self, request: &Request<'_>) -> Option<RequestId> {
        match self.config.request_id {
            RequestIds::Off => None,
            RequestIds::Make => Some(RequestId::make()),
            RequestIds::Take => {
                let mut lines = request.headers().get("X-Request-Id");
                let sent = match (lines.next(), lines.next()) {
                    (Some(line), None) => RequestId::parse(line.trim()),
                    _ => None,
                };
                Some(sent.unwrap_or_else(RequestId::make))
            }
        }
    }

    async fn may_know_times(&self, request: &Request<'_>) -> bool {
        if let Some((name, secret)) = &self.config.server_timing
            && request.headers().get(name).any(|sent| is_same_secret(sent, secret))
        {
            return true;
        }
        match self.guard {
            Some(guard) => guard(request).await,
            None => false,
        }
    }

    #[cfg(feature = "tracing")]
    fn span(&self, request: &Request<'_>, id: Option<&RequestId>) -> Option<tracing::Span> {
        use tracing::field::Empty;

        let span = tracing::info_span!(
            target: "etag_fairing",
            "request",
            method = request.method().as_str(),
            route = Empty,
            resource = Empty,
            operation = Empty,
            request_id = id.map(RequestId::as_str),
            memo = Empty,
            precondition = Empty,
            revision = Empty,
            status = Empty,
        );
        if span.is_disabled() {
            return None;
        }
        if let Some(with_span) = self.with_span {
            with_span(request, &span);
        }
        Some(span)
    }
}

/// Takes as long for each wrong secret of the same length.
fn is_same_secret(sent: &str, secret: &str) -> bool {
    let differences = sent.bytes().zip(secret.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
    sent.len() == secret.len() && std::hint::black_box(differences) == 0
}

/// `memo;dur=0.012, total;dur=1.204`: times in milliseconds.
fn server_timing(observation: &Observation, current: &CurrentRequest) -> String {
    let mut field = String::new();
    let mut add = |name: &str, time: Duration| {
        let comma = if field.is_empty() { "" } else { ", " };
        let microseconds = time.as_micros();
        // Writing to a text can't fail.
        let _ = write!(field, "{comma}{name};dur={}.{:03}", microseconds / 1000, microseconds % 1000);
    };
    for (phase, time) in observation.seen().phases() {
        add(phase.word(), time);
    }
    let sql = current.sql();
    if !sql.is_zero() {
        add("sql", sql);
    }
    add("total", observation.begun.elapsed());
    field
}

/// A shared cache would tell others.
fn keep_private(response: &mut Response<'_>) {
    let is_private =
        response.headers().get("Cache-Control").flat_map(|line| line.split(',')).any(|directive| {
            let directive = directive.trim();
            directive.eq_ignore_ascii_case("private") || directive.eq_ignore_ascii_case("no-store")
        });
    if !is_private {
        response.set_header(Header::new("Cache-Control", "private, no-cache"));
    }
}

#[cfg(feature = "tracing")]
fn record(span: &tracing::Span, request: &Request<'_>, observation: &Observation, response: &Response<'_>) {
    let seen = observation.seen();
    if let Some(route) = observe::route_name(request) {
        span.record("route", route);
    }
    if let Some(route) = seen.route {
        span.record("resource", route.resource.type_name);
        span.record("operation", operation_word(route.endpoint.operation()));
    }
    span.record("memo", seen.memo.word());
    span.record("precondition", seen.preconditions.word());
    if let Some(revision) = seen.revision {
        span.record("revision", revision.number());
    }
    span.record("status", response.status().code);
}

#[cfg(feature = "tracing")]
fn operation_word(operation: crate::resource::Operation) -> &'static str {
    use crate::resource::Operation;

    match operation {
        Operation::List => "list",
        Operation::Read => "read",
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Related => "related",
        Operation::Relationship => "relationship",
        Operation::UpdateRelationship => "update_relationship",
    }
}
