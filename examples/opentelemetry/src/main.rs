//! Spans of requests and statements, sent to an OpenTelemetry collector by OTLP over HTTP.
//!
//! ```sh
//! docker run --rm -p 4318:4318 -p 16686:16686 jaegertracing/all-in-one    # or any other collector
//! cargo run
//! curl -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' http://127.0.0.1:8000/v1/notes
//! ```
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_SERVICE_NAME` are read by the exporter, as everywhere.

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Observer};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use rocket::Request;
use rocket::http::HeaderMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

/// A note.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// The request's fields, as OpenTelemetry looks for `traceparent` and `tracestate` in them.
struct Fields<'r>(&'r HeaderMap<'r>);

impl Extractor for Fields<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get_one(key)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// The trace that the client has begun goes on here (W3C Trace Context).
fn continue_trace(request: &Request<'_>, span: &Span) {
    let parent = TraceContextPropagator::new().extract(&Fields(request.headers()));
    // Where no layer of OpenTelemetry takes the span, it has no parent to set.
    let _ = span.set_parent(parent);
}

fn provider() -> Result<SdkTracerProvider, Box<dyn std::error::Error>> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).build())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Before Rocket's runtime: the exporter has a thread of its own.
    let provider = provider()?;
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("etag-fairing"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
    let figment = rocket::Config::figment()
        .join(("ETAG", true))
        .join(("databases.api.url", "sqlite::memory:"));
    let rocket = rocket::custom(figment)
        .attach(Observer::fairing().with_span(continue_trace))
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Note::routes());
    let outcome = rocket::execute(rocket.launch());
    // What was not sent yet.
    provider.shutdown()?;
    outcome.map(drop).map_err(Into::into)
}
