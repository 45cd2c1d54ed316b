//! The routes that the tests ask, and what they say of the answers.

use std::io::Cursor;

use crate::support::{Answer, Server};
use etag_fairing::{EntityTag, EtagFairing, NotModified, Preconditions, Statistics, Tagged, etagged};
use rocket::form::Form;
use rocket::futures::stream;
use rocket::http::{ContentType, Header, Status};
use rocket::response::stream::{ByteStream, EventStream};
use rocket::response::{self, Responder, Response};
use rocket::tokio::io::AsyncReadExt;
use rocket::{Build, FromForm, Request, Rocket, State};
use rocket::{catch, catchers, delete, get, head, options, patch, post, put, routes};

pub(crate) const ON: &str = "[default]\nETAG = true";
pub(crate) const SMALL: &str = "small body";

/// The body that a 200 of `/sized/<size>` has.
pub(crate) fn letters(size: usize) -> String {
    "etag".chars().cycle().take(size).collect()
}

pub(crate) fn quoted_hash(body: &[u8]) -> String {
    EntityTag::of(body).to_string()
}

/// A response made by hand: fields, body, status.
pub(crate) struct Made {
    status: Status,
    fields: Vec<(&'static str, String)>,
    body: MadeBody,
}

enum MadeBody {
    Sized(Vec<u8>),
    /// Claims a size.
    Claimed(usize, Vec<u8>),
    Broken,
    Seekable(Vec<u8>),
    Stream(Vec<u8>),
    None,
}

fn made(fields: &[(&'static str, &str)]) -> Made {
    let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Made { status: Status::Ok, fields, body: MadeBody::Sized(SMALL.into()) }
}

/// Reads a little, then fails.
struct Failing;

impl rocket::tokio::io::AsyncRead for Failing {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut rocket::tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Err(std::io::Error::other("the disk is gone")))
    }
}

impl rocket::tokio::io::AsyncSeek for Failing {
    fn start_seek(self: std::pin::Pin<&mut Self>, _: std::io::SeekFrom) -> std::io::Result<()> {
        Ok(())
    }

    fn poll_complete(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<u64>> {
        std::task::Poll::Ready(Ok(0))
    }
}

impl<'r> Responder<'r, 'static> for Made {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build();
        response.status(self.status);
        for (name, value) in self.fields {
            response.header_adjoin(Header::new(name, value));
        }
        match self.body {
            MadeBody::Sized(bytes) => response.sized_body(bytes.len(), Cursor::new(bytes)),
            MadeBody::Claimed(size, bytes) => response.sized_body(size, Cursor::new(bytes)),
            MadeBody::Broken => response.sized_body(10, Failing),
            MadeBody::Seekable(bytes) => response.sized_body(None, Cursor::new(bytes)),
            MadeBody::Stream(bytes) => response.streamed_body(Cursor::new(bytes).take(u64::MAX)),
            MadeBody::None => &mut response,
        };
        response.ok()
    }
}

#[get("/small")]
pub(crate) fn small() -> &'static str {
    SMALL
}

#[get("/sized/<size>")]
fn sized(size: usize) -> String {
    letters(size)
}

#[get("/tagged")]
pub(crate) fn tagged() -> Tagged<&'static str> {
    Tagged(SMALL)
}

#[get("/plain")]
pub(crate) fn plain() -> &'static str {
    SMALL
}

#[get("/tagged-error")]
fn tagged_error() -> Tagged<Status> {
    Tagged(Status::NotFound)
}

#[get("/fields")]
fn fields() -> Made {
    made(&[
        ("Content-Type", "text/plain"),
        ("Content-Language", "en"),
        ("Content-Location", "/small"),
        ("Content-Security-Policy", "default-src 'none'"),
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Expose-Headers", "ETag"),
        ("Set-Cookie", "seen=1"),
        ("Vary", "Accept-Language"),
        ("Cache-Control", "max-age=5"),
        ("Expires", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ])
}

#[get("/own?<tag>")]
fn own(tag: String) -> Made {
    made(&[("ETag", &tag)])
}

#[get("/own-status/<code>")]
fn own_status(code: u16) -> Made {
    Made { status: Status::new(code), ..made(&[("ETag", "\"s\"")]) }
}

#[get("/own-twice")]
fn own_twice() -> Made {
    made(&[("ETag", "\"a\""), ("ETag", "\"b\"")])
}

#[get("/own-stream")]
fn own_stream() -> Made {
    Made { body: MadeBody::Stream(SMALL.into()), ..made(&[("ETag", "\"s\"")]) }
}

#[get("/own-part")]
fn own_part() -> Made {
    Made { status: Status::PartialContent, ..made(&[("ETag", "\"p\"")]) }
}

#[get("/cache-control?<value>")]
fn cache_control(value: String) -> Made {
    made(&[("Cache-Control", &value)])
}

#[get("/expires")]
fn expires() -> Made {
    made(&[("Expires", "Thu, 01 Jan 2026 00:00:00 GMT")])
}

#[get("/coded?<vary>")]
fn coded(vary: Option<String>) -> Made {
    match vary {
        Some(vary) => made(&[("Content-Encoding", "identity"), ("Vary", &vary)]),
        None => made(&[("Content-Encoding", "identity")]),
    }
}

#[get("/dated")]
fn dated() -> Made {
    made(&[("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")])
}

#[get("/status/<code>")]
fn status(code: u16) -> Made {
    Made { status: Status::new(code), ..made(&[]) }
}

#[get("/bytes")]
pub(crate) fn bytes() -> ByteStream<stream::Iter<std::vec::IntoIter<Vec<u8>>>> {
    ByteStream(stream::iter(vec![b"one ".to_vec(), b"two".to_vec()]))
}

#[get("/events")]
fn events() -> EventStream![] {
    EventStream! {
        yield response::stream::Event::data("hello");
    }
}

#[get("/sized-events")]
fn sized_events() -> (ContentType, &'static str) {
    (ContentType::EventStream, "data: hello\n\n")
}

#[get("/seekable")]
fn seekable() -> Made {
    Made { body: MadeBody::Seekable(SMALL.into()), ..made(&[]) }
}

#[get("/none")]
fn none() -> Made {
    Made { body: MadeBody::None, ..made(&[]) }
}

#[get("/claims/<size>")]
fn claims(size: usize) -> Made {
    Made { body: MadeBody::Claimed(size, SMALL.into()), ..made(&[]) }
}

#[get("/broken")]
fn broken() -> Made {
    Made { body: MadeBody::Broken, ..made(&[]) }
}

#[get("/early")]
pub(crate) fn early(preconditions: Preconditions<'_>) -> Result<Tagged<Made>, NotModified> {
    let tag = EntityTag::strong("early").unwrap();
    preconditions.not_modified(&tag).map_or(Ok(()), Err)?;
    Ok(Tagged(made(&[("ETag", "\"early\"")])))
}

#[head("/own-head")]
fn own_head() -> Made {
    made(&[("ETag", "\"head\"")])
}

#[head("/bare-head")]
fn bare_head() -> &'static str {
    "not the body of the GET"
}

#[get("/bare-head")]
fn bare_head_get() -> &'static str {
    SMALL
}

#[get("/forwards", rank = 1)]
fn forwards(_never: Never) -> Tagged<&'static str> {
    Tagged("never")
}

#[get("/forwards", rank = 2)]
fn forwarded_to() -> &'static str {
    SMALL
}

/// A guard that always forwards.
struct Never;

#[rocket::async_trait]
impl<'r> rocket::request::FromRequest<'r> for Never {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> rocket::request::Outcome<Self, ()> {
        rocket::request::Outcome::Forward(Status::NotFound)
    }
}

#[get("/failing")]
fn failing() -> Status {
    Status::ImATeapot
}

/// Turns a request without a route into a 200.
#[catch(404)]
pub(crate) fn single_page() -> (Status, &'static str) {
    (Status::Ok, SMALL)
}

/// Turns an error into a 200.
#[catch(418)]
fn teapot() -> (Status, &'static str) {
    (Status::Ok, "tea")
}

#[derive(FromForm)]
struct Text {
    text: String,
}

#[post("/small", data = "<form>")]
fn post_small(form: Form<Text>) -> String {
    form.into_inner().text
}

#[put("/small")]
pub(crate) fn put_small() -> &'static str {
    SMALL
}

#[patch("/small", data = "<form>")]
fn patch_small(form: Form<Text>) -> Made {
    Made { body: MadeBody::Sized(form.into_inner().text.into()), ..made(&[("ETag", "\"new\"")]) }
}

#[delete("/small")]
fn delete_small() {}

#[options("/small")]
pub(crate) fn options_small() -> &'static str {
    SMALL
}

#[get("/statistics")]
fn statistics(statistics: &State<Statistics>) -> String {
    format!(
        "{} {} {} {}",
        statistics.digests(),
        statistics.not_modified(),
        statistics.preconditions_failed(),
        statistics.bytes_saved()
    )
}

pub(crate) fn app(rocket: Rocket<Build>) -> Rocket<Build> {
    let opted_in = routes![
        small,
        sized,
        fields,
        own,
        own_twice,
        own_status,
        own_stream,
        own_part,
        cache_control,
        expires,
        coded,
        dated,
        status,
        bytes,
        events,
        sized_events,
        seekable,
        none,
        claims,
        broken,
        own_head,
        bare_head,
        bare_head_get,
        failing,
        post_small,
        put_small,
        patch_small,
        delete_small,
        options_small
    ];
    let others = routes![tagged, plain, tagged_error, early, forwards, forwarded_to, statistics];
    rocket
        .attach(EtagFairing::new())
        .mount("/", etagged(opted_in))
        .mount("/", others)
        .register("/", catchers![teapot])
}

pub(crate) fn start(toml: &str) -> Server {
    Server::start(toml, app)
}

pub(crate) fn if_none_match(tag: &str) -> [(&'static str, &str); 1] {
    [("If-None-Match", tag)]
}

/// RFC 9110 §15.4.5 and §8.6, on the wire.
#[track_caller]
pub(crate) fn assert_is_304(answer: &Answer, tag: &str) {
    assert_eq!(answer.status, 304, "{answer:?}");
    assert_eq!(answer.tag(), tag);
    assert_ne!(answer.field("content-length"), Some("0"));
    assert_eq!(answer.field("transfer-encoding"), None);
    assert_eq!(answer.field("content-type"), None);
}

/// As if the fairing weren't there.
#[track_caller]
pub(crate) fn assert_is_untouched(answer: &Answer) {
    assert_eq!(answer.field("etag"), None, "{answer:?}");
    assert_eq!(answer.field("cache-control"), None, "{answer:?}");
}
