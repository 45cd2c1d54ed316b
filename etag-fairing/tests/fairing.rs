//! The fairing over raw sockets: which responses it tags, and what 304 and 412 look like on the wire.

mod support;

use std::io::Cursor;

use etag_fairing::document::MEDIA_TYPE;
use etag_fairing::{EntityTag, EtagFairing, NotModified, Preconditions, Statistics, Tagged, etagged};
use rocket::form::Form;
use rocket::futures::stream;
use rocket::http::{ContentType, Header, Status};
use rocket::response::stream::{ByteStream, EventStream};
use rocket::response::{self, Responder, Response};
use rocket::tokio::io::AsyncReadExt;
use rocket::{Build, FromForm, Request, Rocket, State};
use rocket::{catch, catchers, delete, get, head, options, patch, post, put, routes};
use support::{Answer, Server};

const ON: &str = "[default]\nETAG = true";
const SMALL: &str = "small body";

/// The body that a 200 of `/sized/<size>` has.
fn letters(size: usize) -> String {
    "etag".chars().cycle().take(size).collect()
}

fn quoted_hash(body: &[u8]) -> String {
    EntityTag::of(body).to_string()
}

/// A response made by hand: fields, body, status.
struct Made {
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
fn small() -> &'static str {
    SMALL
}

#[get("/sized/<size>")]
fn sized(size: usize) -> String {
    letters(size)
}

#[get("/tagged")]
fn tagged() -> Tagged<&'static str> {
    Tagged(SMALL)
}

#[get("/plain")]
fn plain() -> &'static str {
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
fn bytes() -> ByteStream<stream::Iter<std::vec::IntoIter<Vec<u8>>>> {
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
fn early(preconditions: Preconditions<'_>) -> Result<Tagged<Made>, NotModified> {
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
fn single_page() -> (Status, &'static str) {
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
fn put_small() -> &'static str {
    SMALL
}

#[patch("/small", data = "<form>")]
fn patch_small(form: Form<Text>) -> Made {
    Made { body: MadeBody::Sized(form.into_inner().text.into()), ..made(&[("ETag", "\"new\"")]) }
}

#[delete("/small")]
fn delete_small() {}

#[options("/small")]
fn options_small() -> &'static str {
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

fn app(rocket: Rocket<Build>) -> Rocket<Build> {
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

fn start(toml: &str) -> Server {
    Server::start(toml, app)
}

fn if_none_match(tag: &str) -> [(&'static str, &str); 1] {
    [("If-None-Match", tag)]
}

/// RFC 9110 §15.4.5 and §8.6, on the wire.
#[track_caller]
fn assert_is_304(answer: &Answer, tag: &str) {
    assert_eq!(answer.status, 304, "{answer:?}");
    assert_eq!(answer.tag(), tag);
    assert_ne!(answer.field("content-length"), Some("0"));
    assert_eq!(answer.field("transfer-encoding"), None);
    assert_eq!(answer.field("content-type"), None);
}

/// As if the fairing weren't there.
#[track_caller]
fn assert_is_untouched(answer: &Answer) {
    assert_eq!(answer.field("etag"), None, "{answer:?}");
    assert_eq!(answer.field("cache-control"), None, "{answer:?}");
}

#[test]
fn a_tag_is_the_sha_1_of_the_body() {
    let server = start(ON);
    for path in ["/small", "/tagged"] {
        let answer = server.get(path, &[]);
        assert_eq!((answer.status, answer.text().as_str()), (200, SMALL));
        assert_eq!(answer.tag(), quoted_hash(SMALL.as_bytes()));
        assert_eq!(answer.tag(), "\"4d9c65572f8c694d1f2c7502b6672f3079218b69\"");
        assert_eq!(answer.field("cache-control"), Some("private, no-cache"));
        assert_eq!(answer.field("content-length"), Some("10"));
    }
}

#[test]
fn only_opted_in_routes_are_tagged() {
    let server = start(ON);
    assert_is_untouched(&server.get("/plain", &if_none_match("*")));
    let answer = server.get("/plain", &[("If-Match", "\"x\"")]);
    assert_eq!(answer.status, 200);
}

#[test]
fn a_forward_takes_the_mark_along_with_it() {
    let server = start(ON);
    let answer = server.get("/forwards", &[]);
    assert_eq!(answer.text(), SMALL);
    assert_is_untouched(&answer);
}

#[test]
fn all_tags_every_eligible_route_but_nothing_unrouted() {
    let server = Server::start(ON, |rocket| {
        rocket
            .attach(EtagFairing::all())
            .mount("/", routes![plain, bytes, put_small, options_small])
            .register("/", catchers![single_page])
    });
    assert_eq!(server.get("/plain", &[]).tag(), quoted_hash(SMALL.as_bytes()));
    assert_is_304(&server.get("/plain", &if_none_match("*")), &quoted_hash(SMALL.as_bytes()));
    assert_is_untouched(&server.get("/bytes", &[]));
    let missing = server.get("/missing", &if_none_match("*"));
    assert_eq!((missing.status, missing.text().as_str()), (200, SMALL));
    assert_is_untouched(&missing);
    assert_is_untouched(&server.send("OPTIONS", "/small", &if_none_match("*"), ""));
    assert_is_untouched(&server.send("PUT", "/small", &if_none_match("*"), ""));
}

#[test]
fn every_size_goes_out_whole_with_its_tag() {
    let server = start(ON);
    for size in [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1 << 20] {
        let answer = server.get(&format!("/sized/{size}"), &[]);
        assert_eq!(answer.text(), letters(size));
        assert_eq!(answer.tag(), quoted_hash(letters(size).as_bytes()));
        let again = server.get(&format!("/sized/{size}"), &if_none_match(&answer.tag()));
        assert_is_304(&again, &answer.tag());
    }
}

#[test]
fn head_carries_the_fields_of_the_get() {
    let server = start(ON);
    let get = server.get("/small", &[]);
    let head = server.send("HEAD", "/small", &[], "");
    assert_eq!((head.status, head.tag()), (200, get.tag()));
    assert_eq!(head.field("content-length"), get.field("content-length"));
    assert_eq!(head.field("cache-control"), get.field("cache-control"));
    assert_is_304(&server.send("HEAD", "/small", &if_none_match(&get.tag()), ""), &get.tag());
    assert_eq!(server.send("HEAD", "/small", &[("If-Match", "\"x\"")], "").status, 412);
}

#[test]
fn an_explicit_head_route_has_the_tag_it_sets_or_none() {
    let server = start(ON);
    let head = server.send("HEAD", "/own-head", &[], "");
    assert_eq!((head.status, head.tag().as_str()), (200, "\"head\""));
    assert_is_304(&server.send("HEAD", "/own-head", &if_none_match("\"head\""), ""), "\"head\"");
    assert_is_untouched(&server.send("HEAD", "/bare-head", &[], ""));
    assert_eq!(server.get("/bare-head", &[]).tag(), quoted_hash(SMALL.as_bytes()));
}

#[test]
fn if_none_match_compares_weakly_all_lines_of_it() {
    let server = start(ON);
    let tag = server.get("/small", &[]).tag();
    let weak = format!("W/{tag}");
    let list = format!("\"a,b\", {weak} ,");
    for same in [tag.as_str(), &weak, &list, "*"] {
        assert_is_304(&server.get("/small", &if_none_match(same)), &tag);
    }
    let lines = [("If-None-Match", "\"x\""), ("if-none-match", tag.as_str())];
    assert_is_304(&server.get("/small", &lines), &tag);
    for other in ["\"x\"", "", ",", "*, *", tag.trim_matches('"'), "w/\"x\""] {
        let answer = server.get("/small", &if_none_match(other));
        assert_eq!((answer.status, answer.text().as_str()), (200, SMALL), "{other}");
    }
}

#[test]
fn if_match_on_a_get_is_412_with_an_error_document() {
    let server = start(ON);
    let tag = server.get("/small", &[]).tag();
    assert_eq!(server.get("/small", &[("If-Match", &tag)]).status, 200);
    assert_eq!(server.get("/small", &[("If-Match", "*")]).status, 200);
    let weak = format!("W/{tag}");
    for stale in ["\"x\"", &weak, "", "x", "*, *"] {
        let answer = server.get("/small", &[("If-Match", stale), ("If-None-Match", &tag)]);
        assert_eq!(answer.status, 412, "{stale}");
        assert_eq!(answer.field("content-type"), Some(MEDIA_TYPE));
        assert_eq!(answer.field("cache-control"), Some("no-store"));
        assert_eq!(answer.tag(), tag);
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let error = &document["errors"][0];
        assert_eq!((&error["status"], &error["code"]), (&"412".into(), &"precondition_failed".into()));
        assert_eq!(error["source"]["header"], "If-Match");
        assert_eq!(error["links"]["about"], "/small");
    }
}

#[test]
fn if_match_that_holds_goes_on_to_if_none_match() {
    let server = start(ON);
    let tag = server.get("/small", &[]).tag();
    assert_is_304(&server.get("/small", &[("If-Match", &tag), ("If-None-Match", &tag)]), &tag);
}

#[test]
fn last_modified_of_the_handler_takes_part() {
    let server = start(ON);
    let same = "Thu, 01 Jan 2026 00:00:00 GMT";
    let before = "Wed, 31 Dec 2025 23:59:59 GMT";
    let tag = server.get("/dated", &[]).tag();
    assert_is_304(&server.get("/dated", &[("If-Modified-Since", same)]), &tag);
    assert_eq!(server.get("/dated", &[("If-Modified-Since", before)]).status, 200);
    assert_eq!(server.get("/dated", &[("If-Unmodified-Since", same)]).status, 200);
    let answer = server.get("/dated", &[("If-Unmodified-Since", before)]);
    assert_eq!((answer.status, answer.field("last-modified")), (412, None));
    // If-None-Match is there, so the date doesn't count.
    let fields = [("If-None-Match", "\"x\""), ("If-Modified-Since", same)];
    assert_eq!(server.get("/dated", &fields).status, 200);
    assert_eq!(server.get("/small", &[("If-Unmodified-Since", before)]).status, 200);
}

#[test]
fn a_304_keeps_what_caches_and_scripts_need() {
    let server = start(ON);
    let full = server.get("/fields", &[]);
    let answer = server.get("/fields", &if_none_match("*"));
    assert_is_304(&answer, &full.tag());
    for kept in [
        "content-location",
        "content-security-policy",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "set-cookie",
        "vary",
        "cache-control",
        "expires",
        "x-content-type-options",
    ] {
        assert!(full.field(kept).is_some(), "{kept}");
        assert_eq!(answer.field(kept), full.field(kept), "{kept}");
    }
    assert!(answer.field("date").is_some());
    for dropped in ["content-type", "content-language", "last-modified"] {
        assert!(full.field(dropped).is_some(), "{dropped}");
        assert_eq!(answer.field(dropped), None, "{dropped}");
    }
    // RFC 9110 §8.6: it may have the 200's length, but some clients would then wait for such a body.
    assert_eq!(answer.field("content-length"), None);
}

#[test]
fn a_412_keeps_cors_and_drops_the_representation() {
    let server = start(ON);
    let answer = server.get("/fields", &[("If-Match", "\"x\"")]);
    assert_eq!(answer.status, 412);
    assert_eq!(answer.field("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    assert_eq!(answer.field("content-type"), Some(MEDIA_TYPE));
    for dropped in ["content-language", "content-location", "last-modified", "expires"] {
        assert_eq!(answer.field(dropped), None, "{dropped}");
    }
    assert_eq!(answer.lines("vary"), ["Accept-Language", "Accept"]);
    let answer = server.get("/coded?vary=Accept", &[("If-Match", "\"x\"")]);
    assert_eq!(answer.lines("vary"), ["Accept", "Accept-Encoding"]);
}

#[test]
fn an_early_304_has_no_length_at_all() {
    let server = start(ON);
    for method in ["GET", "HEAD"] {
        let answer = server.send(method, "/early", &if_none_match("W/\"early\""), "");
        assert_is_304(&answer, "\"early\"");
        assert_eq!(answer.field("content-length"), None);
        assert_eq!(answer.field("cache-control"), Some("private, no-cache"));
    }
    assert_eq!(server.get("/early", &if_none_match("\"x\"")).status, 200);
}

#[test]
fn a_304_of_an_empty_body_has_no_length_either() {
    let server = start(ON);
    for path in ["/sized/0", "/none"] {
        let answer = server.get(path, &if_none_match("*"));
        assert_is_304(&answer, &quoted_hash(b""));
        assert_eq!(answer.field("content-length"), None);
    }
}

#[test]
fn the_connection_goes_on_after_every_kind_of_304() {
    let server = start(ON);
    let mut connection = server.connect();
    for path in ["/small", "/sized/70000", "/early", "/own-stream", "/none", "/sized/0"] {
        for method in ["GET", "HEAD"] {
            assert_eq!(connection.send(method, path, &if_none_match("*"), "").status, 304, "{path}");
            // Any byte of a body would stand before this answer's head.
            let next = connection.send("GET", "/small", &[], "");
            assert_eq!((next.status, next.text().as_str()), (200, SMALL), "{method} {path}");
        }
    }
}

#[test]
fn a_handlers_own_tag_is_used_and_nothing_is_hashed() {
    let server = start(ON);
    for tag in ["\"mine\"", "W/\"mine\"", "\"\""] {
        let path = format!("/own?tag={}", tag.replace('"', "%22").replace('/', "%2F"));
        let answer = server.get(&path, &[]);
        assert_eq!((answer.status, answer.tag().as_str()), (200, tag));
        assert_eq!(answer.field("cache-control"), Some("private, no-cache"));
        assert_is_304(&server.get(&path, &if_none_match(tag)), tag);
    }
    assert_eq!(server.get("/own?tag=%22mine%22", &[("If-Match", "\"mine\"")]).status, 200);
    assert_eq!(server.get("/own?tag=W%2F%22mine%22", &[("If-Match", "W/\"mine\"")]).status, 412);
    assert!(server.get("/statistics", &[]).text().starts_with("0 "));
}

#[test]
fn a_malformed_own_tag_leaves_the_response_alone() {
    let server = start(ON);
    for tag in ["mine", "w/%22mine%22", "%22a%22,%22b%22", "%22a%20b%22"] {
        let answer = server.get(&format!("/own?tag={tag}"), &[("If-Match", "\"x\""), ("If-None-Match", "*")]);
        assert_eq!((answer.status, answer.text().as_str()), (200, SMALL), "{tag}");
        assert_eq!(answer.field("cache-control"), None);
    }
    let answer = server.get("/own-twice", &if_none_match("*"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.lines("etag"), ["\"a\"", "\"b\""]);
}

#[test]
fn streams_pass_through_untouched() {
    let server = start(ON);
    let answer = server.get("/bytes", &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "one two"));
    assert_is_untouched(&answer);
    for path in ["/events", "/sized-events"] {
        let answer = server.get(path, &if_none_match("*"));
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("hello"));
        assert_eq!(answer.field("etag"), None);
    }
    let answer = server.get("/seekable", &if_none_match("*"));
    assert_eq!(answer.text(), SMALL);
    assert_is_untouched(&answer);
}

#[test]
fn a_stream_with_its_own_tag_is_revalidated() {
    let server = start(ON);
    let answer = server.get("/own-stream", &[]);
    assert_eq!((answer.text().as_str(), answer.tag().as_str()), (SMALL, "\"s\""));
    assert_is_304(&server.get("/own-stream", &if_none_match("\"s\"")), "\"s\"");
    assert_eq!(server.get("/own-stream", &[("If-Match", "\"x\"")]).status, 412);
}

#[test]
fn max_body_is_the_longest_that_is_hashed() {
    let server = start("[default.etag]\nmax_body = 1000");
    assert_eq!(server.get("/sized/1000", &[]).tag(), quoted_hash(letters(1000).as_bytes()));
    let answer = server.get("/sized/1001", &if_none_match("*"));
    assert_eq!((answer.status, answer.text()), (200, letters(1001)));
    assert_is_untouched(&answer);
    assert!(server.get("/statistics", &[]).text().starts_with("1 "));
}

#[test]
fn a_body_shorter_than_it_claims_is_tagged_as_it_is() {
    let server = start(ON);
    let answer = server.get("/claims/1000", &[]);
    assert_eq!((answer.text().as_str(), answer.field("content-length")), (SMALL, Some("10")));
    assert_eq!(answer.tag(), quoted_hash(SMALL.as_bytes()));
}

#[test]
fn a_body_longer_than_it_claims_goes_out_whole_and_untagged() {
    let server = start(ON);
    let answer = server.get("/claims/3", &[]);
    assert_eq!((answer.status, answer.text().as_str()), (200, SMALL));
    assert_is_untouched(&answer);
}

#[test]
fn a_body_that_cannot_be_read_is_500() {
    let server = start(ON);
    let answer = server.get("/broken", &[]);
    assert_eq!((answer.status, answer.field("content-type")), (500, Some(MEDIA_TYPE)));
    assert_eq!(answer.field("etag"), None);
}

#[test]
fn no_store_is_not_tagged_and_other_cache_control_stays() {
    let server = start(ON);
    for value in ["no-store", "private,%20No-Store"] {
        let answer = server.get(&format!("/cache-control?value={value}"), &if_none_match("*"));
        assert_eq!((answer.status, answer.field("etag")), (200, None), "{value}");
    }
    let answer = server.get("/cache-control?value=max-age%3D60", &[]);
    assert_eq!(answer.tag(), quoted_hash(SMALL.as_bytes()));
    assert_eq!(answer.field("cache-control"), Some("max-age=60"));
    assert_eq!(server.get("/expires", &[]).field("cache-control"), None);
    assert!(server.get("/expires", &[]).field("etag").is_some());
}

#[test]
fn cache_control_is_as_configured() {
    let server = start("[default.etag]\ncache_control = 'public, max-age=5'");
    assert_eq!(server.get("/small", &[]).field("cache-control"), Some("public, max-age=5"));
    let early = server.get("/early", &if_none_match("\"early\""));
    assert_eq!(early.field("cache-control"), Some("public, max-age=5"));
    let server = start("[default.etag]\ncache_control = ''");
    assert_eq!(server.get("/small", &[]).field("cache-control"), None);
    assert_eq!(server.get("/small", &if_none_match("*")).field("cache-control"), None);
}

#[test]
fn a_coded_body_varies_on_accept_encoding() {
    let server = start(ON);
    assert_eq!(server.get("/coded", &[]).field("vary"), Some("Accept-Encoding"));
    assert_eq!(server.get("/coded", &if_none_match("*")).field("vary"), Some("Accept-Encoding"));
    assert_eq!(server.get("/coded?vary=accept-encoding", &[]).field("vary"), Some("accept-encoding"));
    assert_eq!(server.get("/coded?vary=*", &[]).field("vary"), Some("*"));
}

#[test]
fn only_a_200_is_tagged() {
    let server = start(ON);
    for code in [201, 202, 203, 206, 301, 400, 404, 500, 503] {
        let answer = server.get(&format!("/status/{code}"), &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
        assert_eq!(answer.status, code);
        assert_is_untouched(&answer);
    }
    for code in [201, 404, 500] {
        let answer = server.get(&format!("/own-status/{code}"), &if_none_match("*"));
        assert_eq!((answer.status, answer.tag().as_str()), (code, "\"s\""));
        assert_eq!(answer.field("cache-control"), None);
    }
    assert_is_untouched(&server.get("/tagged-error", &if_none_match("*")));
    assert_eq!(server.get("/own-part", &[]).status, 206);
    assert_is_304(&server.get("/own-part", &if_none_match("\"p\"")), "\"p\"");
}

#[test]
fn catcher_output_is_not_touched_even_as_a_200() {
    let server = start(ON);
    let answer = server.get("/failing", &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
    assert_eq!((answer.status, answer.text().as_str()), (200, "tea"));
    assert_is_untouched(&answer);
    let missing = server.get("/missing", &if_none_match("*"));
    assert_eq!(missing.status, 404);
    assert_is_untouched(&missing);
}

#[test]
fn responses_of_unsafe_methods_are_never_touched() {
    let server = start(ON);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let conditions = [form, ("If-Match", "\"x\""), ("If-None-Match", "*")];
    for (method, body) in [("POST", "text=hello"), ("PATCH", "text=hello"), ("PUT", ""), ("DELETE", "")] {
        let answer = server.send(method, "/small", &conditions, body);
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.field("cache-control"), None, "{method}");
        let own = (method == "PATCH").then_some("\"new\"");
        assert_eq!(answer.field("etag"), own, "{method}");
    }
}

#[test]
fn the_effective_method_counts_in_forms() {
    let server = start(ON);
    let fields = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("If-Match", "\"x\""),
        ("If-None-Match", "*"),
    ];
    let answer = server.send("POST", "/small", &fields, "_method=patch&text=hello");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    assert_eq!(answer.tag(), "\"new\"");
}

#[test]
fn options_is_never_conditional() {
    let server = start(ON);
    for path in ["/small", "/tagged"] {
        let conditional = [("If-None-Match", "*"), ("If-Match", "\"x\"")];
        let answer = server.send("OPTIONS", path, &conditional, "");
        assert_eq!(answer.status, server.send("OPTIONS", path, &[], "").status);
        assert_is_untouched(&answer);
    }
}

#[test]
fn a_range_is_not_served_but_preconditions_are_answered() {
    let server = start(ON);
    let tag = server.get("/small", &[]).tag();
    let range = ("Range", "bytes=0-1");
    assert_eq!(server.get("/small", &[range]).text(), SMALL);
    assert_eq!(server.get("/small", &[range, ("If-Range", "\"x\"")]).status, 200);
    assert_is_304(&server.get("/small", &[range, ("If-None-Match", &tag)]), &tag);
    assert_eq!(server.get("/small", &[range, ("If-Match", "\"x\"")]).status, 412);
}

#[test]
fn weak_tags_never_match_strongly_unless_accepted() {
    let strong = quoted_hash(SMALL.as_bytes());
    let weak = format!("W/{strong}");
    let server = start("[default.etag]\nstrength = 'weak'");
    assert_eq!(server.get("/small", &[]).tag(), weak);
    assert_is_304(&server.get("/small", &if_none_match(&strong)), &weak);
    for tag in [&weak, &strong] {
        let answer = server.get("/small", &[("If-Match", tag)]);
        assert_eq!((answer.status, answer.tag()), (412, weak.clone()));
    }
    // A handler's own tag stays as strong as it set it.
    assert_eq!(server.get("/own?tag=%22mine%22", &[]).tag(), "\"mine\"");
    let server = start("[default.etag]\nstrength = 'weak'\naccept_weakened = true");
    assert_eq!(server.get("/small", &[("If-Match", &weak)]).tag(), weak);
    assert_eq!(server.get("/small", &[("If-Match", "W/\"x\"")]).status, 412);
}

#[test]
fn accept_weakened_takes_what_a_proxy_weakened() {
    let weakened = format!("W/{}", quoted_hash(SMALL.as_bytes()));
    let if_match = [("If-Match", weakened.as_str())];
    assert_eq!(start(ON).get("/small", &if_match).status, 412);
    assert_eq!(start("[default.etag]\naccept_weakened = true").get("/small", &if_match).status, 200);
}

#[test]
fn off_is_off_and_hashes_nothing() {
    for toml in ["", "[default]\nETAG = false", "[default.etag]\nenabled = false"] {
        let server = start(toml);
        for path in ["/small", "/tagged", "/sized/5000", "/early"] {
            for fields in [&[][..], &if_none_match("*"), &[("If-Match", "\"x\"")]] {
                let answer = server.get(path, fields);
                assert_eq!((answer.status, answer.field("cache-control")), (200, None), "{path}");
                if path != "/early" {
                    assert_eq!(answer.field("etag"), None, "{path}");
                }
            }
        }
        assert_eq!(server.get("/statistics", &[]).text(), "0 0 0 0");
    }
}

#[test]
fn statistics_count_what_was_done() {
    let server = start(ON);
    server.get("/small", &[]);
    server.get("/small", &if_none_match("*"));
    server.get("/small", &[("If-Match", "\"x\"")]);
    server.get("/early", &if_none_match("*"));
    server.get("/plain", &[]);
    assert_eq!(server.get("/statistics", &[]).text(), "3 2 1 10");
}

#[test]
fn without_the_fairing_a_tagged_route_is_a_plain_one() {
    let server = Server::start(ON, |rocket| {
        rocket.mount("/", etagged(routes![small])).mount("/", routes![tagged, early])
    });
    for path in ["/small", "/tagged"] {
        let answer = server.get(path, &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
        assert_eq!((answer.status, answer.text().as_str()), (200, SMALL));
        assert_is_untouched(&answer);
    }
    assert_eq!(server.get("/early", &if_none_match("*")).status, 200);
}

#[test]
fn the_same_body_has_the_same_tag_after_a_restart() {
    let tag = start(ON).get("/small", &[]).tag();
    assert_is_304(&start(ON).get("/small", &if_none_match(&tag)), &tag);
}
