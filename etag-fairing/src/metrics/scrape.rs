//! The route that tells the metrics.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use rocket::http::{Header, Method, Status};
use rocket::request::{FromRequest, Outcome as Guarded};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request, Response};

use super::Metrics;

/// The content type of the text format of Prometheus.
const PROMETHEUS: &str = prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// The content type of the text format of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The route for everybody.
pub(super) fn open() -> Route {
    named(Route::new(Method::Get, "/", Scrape::<Everybody>(PhantomData)))
}

/// The route for those whom a guard lets through.
pub(super) fn guarded_by<G: for<'r> FromRequest<'r> + Send + 'static>() -> Route {
    named(Route::new(Method::Get, "/", Scrape::<G>(PhantomData)))
}

fn named(mut route: Route) -> Route {
    route.name = Some("metrics".into());
    route
}

/// A guard that lets everybody through.
struct Everybody;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Everybody {
    type Error = std::convert::Infallible;

    async fn from_request(_: &'r Request<'_>) -> Guarded<Self, Self::Error> {
        Guarded::Success(Self)
    }
}

struct Scrape<G>(PhantomData<fn() -> G>);

impl<G> Clone for Scrape<G> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<G: for<'r> FromRequest<'r> + Send + 'static> Handler for Scrape<G> {
    fn handle<'r, 'route, 'request, 'future>(
        &'route self,
        request: &'r Request<'request>,
        data: Data<'r>,
    ) -> Pin<Box<dyn Future<Output = Outcome<'r>> + Send + 'future>>
    where
        'r: 'future,
        'route: 'future,
        'request: 'future,
    {
        Box::pin(async move {
            match G::from_request(request).await {
                Guarded::Success(_) => answer(request),
                Guarded::Error((status, _)) => Outcome::Error(status),
                Guarded::Forward(status) => Outcome::Forward((data, status)),
            }
        })
    }
}

fn answer<'r>(request: &'r Request<'_>) -> Outcome<'r> {
    let Some(metrics) = request.rocket().state::<Metrics>() else {
        log::error!("`Metrics::routes()` is mounted, but no `Metrics` is attached or managed");
        return Outcome::Error(Status::InternalServerError);
    };
    // Prometheus names what it takes; who names nothing is mostly somebody who looks.
    let takes_open_metrics =
        request.headers().get("Accept").any(|line| line.contains("application/openmetrics-text"));
    let (told, content_type) = if takes_open_metrics {
        (metrics.to_open_metrics(), OPEN_METRICS)
    } else {
        (metrics.to_text(), PROMETHEUS)
    };
    let mut response = Response::new();
    response.set_header(Header::new("Content-Type", content_type));
    response.set_header(Header::new("Cache-Control", "no-store"));
    response.set_header(Header::new("Vary", "Accept"));
    response.set_sized_body(told.len(), std::io::Cursor::new(told));
    Outcome::Success(response)
}
