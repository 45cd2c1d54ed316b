//! Handlers written by hand on axum, over the database in `DB`, at the port in `PORT`.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION, VARY,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use newsroom_peers::{Document, Failure, MEDIA_TYPE, Pool, article, comment, none_match, pool, port, tag_of};
use serde::Deserialize;

const JSON_API: HeaderValue = HeaderValue::from_static(MEDIA_TYPE);
const ACCEPT: HeaderValue = HeaderValue::from_static("accept");
const NO_CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");

fn field(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn refused(failure: Failure) -> Response {
    let mut response = Response::new(Body::from(failure.document()));
    *response.status_mut() =
        StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, JSON_API);
    response
}

/// 200, or 304 where the client has it.
fn read(headers: &HeaderMap, outcome: Result<Document, Failure>) -> Response {
    let document = match outcome {
        Ok(document) => document,
        Err(failure) => return refused(failure),
    };
    let tag = tag_of(&document.body);
    let known = field(headers, IF_NONE_MATCH).is_some_and(|field| none_match(field, &tag));
    let mut response = if known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let mut response = Response::new(Body::from(document.body));
        response.headers_mut().insert(CONTENT_TYPE, JSON_API);
        response
    };
    response.headers_mut().insert(CACHE_CONTROL, NO_CACHE);
    tagged(response, tag)
}

/// 200, or 201 where something has been created.
fn written(outcome: Result<Document, Failure>) -> Response {
    let document = match outcome {
        Ok(document) => document,
        Err(failure) => return refused(failure),
    };
    let tag = tag_of(&document.body);
    let mut response = Response::new(Body::from(document.body));
    response.headers_mut().insert(CONTENT_TYPE, JSON_API);
    if let Some(location) = document.location.and_then(|location| HeaderValue::try_from(location).ok()) {
        *response.status_mut() = StatusCode::CREATED;
        response.headers_mut().insert(LOCATION, location);
    }
    tagged(response, tag)
}

fn tagged(mut response: Response, tag: String) -> Response {
    response.headers_mut().insert(VARY, ACCEPT);
    if let Ok(tag) = HeaderValue::from_maybe_shared(Bytes::from(tag)) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "page[size]", default = "twenty")]
    size: i64,
    #[serde(rename = "page[number]", default = "first")]
    number: i64,
    include: Option<String>,
}

fn twenty() -> i64 {
    20
}

fn first() -> i64 {
    1
}

async fn one(State(pool): State<Pool>, Path(id): Path<i64>, headers: HeaderMap) -> Response {
    read(&headers, article::one(&pool, id).await)
}

async fn page(State(pool): State<Pool>, Query(asked): Query<Parameters>, headers: HeaderMap) -> Response {
    let include = match article::Include::of(asked.include.as_deref()) {
        Ok(include) => include,
        Err(failure) => return refused(failure),
    };
    read(&headers, article::page(&pool, asked.size, asked.number, include).await)
}

async fn change(
    State(pool): State<Pool>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    document: Bytes,
) -> Response {
    written(article::change(&pool, id, &document, field(&headers, IF_MATCH)).await)
}

async fn add(State(pool): State<Pool>, document: Bytes) -> Response {
    written(comment::add(&pool, &document).await)
}

async fn serve() -> std::io::Result<()> {
    let router = Router::new()
        .route("/articles/{id}", get(one).patch(change))
        .route("/articles", get(page))
        .route("/comments", post(add))
        .with_state(pool());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port())).await?;
    // As servers over hyper usually have it.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(serve())
}
