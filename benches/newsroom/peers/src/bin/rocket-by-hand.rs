//! Handlers written by hand on Rocket, over the database in `DB`, at the port in `PORT`.

use std::io::Cursor;

use newsroom_peers::{Document, Failure, MEDIA_TYPE, Pool, article, comment, none_match, pool, port, tag_of};
use rocket::data::{Data, ToByteUnit};
use rocket::http::{Header, Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::{Responder, Response, Result as Answer};
use rocket::{FromForm, State, get, patch, post, routes};

/// Rocket's default is 4 KiB; the newsroom has this.
const CHUNK: usize = 64 << 10;

struct Outcomes(Result<Document, Failure>);

impl<'r> Responder<'r, 'static> for Outcomes {
    fn respond_to(self, request: &'r Request<'_>) -> Answer<'static> {
        let mut response = Response::build();
        let document = match self.0 {
            Ok(document) => document,
            Err(failure) => {
                let body = failure.document();
                response.status(Status::new(failure.status())).raw_header("Content-Type", MEDIA_TYPE);
                return response.sized_body(body.len(), Cursor::new(body)).ok();
            }
        };
        let tag = tag_of(&document.body);
        let reads = matches!(request.method(), Method::Get | Method::Head);
        let known =
            reads && request.headers().get_one("If-None-Match").is_some_and(|field| none_match(field, &tag));
        response.raw_header("Vary", "Accept").header(Header::new("ETag", tag));
        if reads {
            response.raw_header("Cache-Control", "private, no-cache");
        }
        if known {
            return response.status(Status::NotModified).ok();
        }
        response.raw_header("Content-Type", MEDIA_TYPE);
        if let Some(location) = document.location {
            response.status(Status::Created).header(Header::new("Location", location));
        }
        // After the body, which sets the size of chunks, too.
        response.sized_body(document.body.len(), Cursor::new(document.body)).max_chunk_size(CHUNK).ok()
    }
}

struct IfMatch<'r>(Option<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IfMatch<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Self(request.headers().get_one("If-Match")))
    }
}

#[derive(FromForm)]
struct Page {
    #[field(default = 20)]
    size: i64,
    #[field(default = 1)]
    number: i64,
}

#[get("/articles/<id>")]
async fn one(id: i64, pool: &State<Pool>) -> Outcomes {
    Outcomes(article::one(pool, id).await)
}

#[get("/articles?<page>&<include>")]
async fn page(page: Page, include: Option<&str>, pool: &State<Pool>) -> Outcomes {
    Outcomes(match article::Include::of(include) {
        Ok(include) => article::page(pool, page.size, page.number, include).await,
        Err(failure) => Err(failure),
    })
}

async fn read(data: Data<'_>) -> Result<Vec<u8>, Failure> {
    match data.open(1.mebibytes()).into_bytes().await {
        Ok(bytes) if bytes.is_complete() => Ok(bytes.into_inner()),
        _ => Err(Failure::BadRequest),
    }
}

#[patch("/articles/<id>", data = "<data>")]
async fn change(id: i64, if_match: IfMatch<'_>, data: Data<'_>, pool: &State<Pool>) -> Outcomes {
    Outcomes(match read(data).await {
        Ok(document) => article::change(pool, id, &document, if_match.0).await,
        Err(failure) => Err(failure),
    })
}

#[post("/comments", data = "<data>")]
async fn add(data: Data<'_>, pool: &State<Pool>) -> Outcomes {
    Outcomes(match read(data).await {
        Ok(document) => comment::add(pool, &document).await,
        Err(failure) => Err(failure),
    })
}

/// As the newsroom is configured.
#[rocket::launch]
fn launch() -> _ {
    let figment = rocket::Config::figment()
        .merge(("log_level", "off"))
        .merge(("workers", 2))
        .merge(("address", "127.0.0.1"))
        .merge(("port", port()))
        .merge(("keep_alive", 60))
        .merge(("ident", "bench"));
    rocket::custom(figment).manage(pool()).mount("/", routes![one, page, change, add])
}
