//! Responses of hand-written routes, and of nobody's: which are coded, and what becomes of their tags.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use etag_fairing::document::error::Errors;
use etag_fairing::{
    Compression, EntityTag, EtagFairing, NotModified, Preconditions, TaggedFile, etagged, uncompressed,
};
use rocket::http::{ContentType, Header, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::response::stream::{ReaderStream, TextStream};
use rocket::tokio::sync::Mutex;
use rocket::{Request, Response, State, catch, catchers, get, patch, routes};

use super::notes::{ACCEPTED, of_coding};
use super::support::{Answer, Server};

const LINE: &str = "one write, one winner; each coding has a tag of its own\n";

#[derive(Default)]
struct Motto(Mutex<String>, AtomicUsize);

impl Motto {
    fn new() -> Self {
        Self(Mutex::new(LINE.repeat(50)), AtomicUsize::new(0))
    }
}

#[get("/motto")]
async fn motto(motto: &State<Motto>) -> String {
    motto.0.lock().await.clone()
}

#[patch("/motto", data = "<new>")]
async fn change_motto(
    new: String,
    preconditions: Preconditions<'_>,
    motto: &State<Motto>,
) -> Result<String, Errors> {
    let mut motto = motto.0.lock().await;
    preconditions.check(&EntityTag::of(motto.as_bytes()))?;
    *motto = new.repeat(50);
    Ok(motto.clone())
}

/// A response with fields of its own.
struct Fields(&'static str, Vec<(&'static str, &'static str)>);

impl<'r> rocket::response::Responder<'r, 'static> for Fields {
    fn respond_to(self, _: &'r Request<'_>) -> rocket::response::Result<'static> {
        let mut response = Response::new();
        response.set_sized_body(self.0.len(), Cursor::new(self.0));
        for (name, value) in self.1 {
            response.set_header(Header::new(name, value));
        }
        Ok(response)
    }
}

fn long() -> &'static str {
    LINE.repeat(50).leak()
}

/// A response whose fields the request names, `name=value`, one a line.
#[get("/fields?<field>")]
fn fields(field: Vec<String>) -> Fields {
    let fields = field.into_iter().map(|line| {
        let line: &'static str = line.leak();
        line.split_once('=').expect("a field")
    });
    Fields(long(), fields.collect())
}

#[get("/early")]
fn early(preconditions: Preconditions<'_>, motto: &State<Motto>) -> Result<Fields, NotModified> {
    let tag = EntityTag::strong("revision-17").expect("a tag");
    preconditions.not_modified(&tag).map_or(Ok(()), Err)?;
    motto.1.fetch_add(1, Ordering::Relaxed);
    Ok(Fields(long(), vec![("Content-Type", "text/plain"), ("ETag", "\"revision-17\"")]))
}

#[get("/lines")]
fn lines() -> TextStream![String] {
    TextStream! {
        for number in 0..200 {
            yield format!("{number}: {LINE}");
        }
    }
}

#[get("/large")]
fn large() -> (ContentType, ReaderStream![Cursor<Vec<u8>>]) {
    (ContentType::Plain, ReaderStream::one(Cursor::new(LINE.repeat(60_000).into_bytes())))
}

#[get("/sized/<size>")]
fn sized(size: usize) -> String {
    LINE.repeat(size / LINE.len() + 1)[..size].to_owned()
}

#[get("/image")]
fn image() -> (ContentType, Vec<u8>) {
    (ContentType::PNG, LINE.repeat(50).into_bytes())
}

#[get("/events")]
fn events() -> (ContentType, String) {
    (ContentType::EventStream, LINE.repeat(50))
}

#[get("/part")]
fn part() -> (Status, Fields) {
    (
        Status::PartialContent,
        Fields(long(), vec![("Content-Type", "text/plain"), ("Content-Range", "bytes 0-2799/9999")]),
    )
}

#[get("/none")]
fn none() -> Status {
    Status::NoContent
}

#[get("/file")]
async fn file(path: &State<Arc<tempfile::NamedTempFile>>) -> Option<TaggedFile> {
    TaggedFile::open(path.path()).await.ok()
}

struct Member;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Member {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        Compression::leave_out(request);
        Outcome::Success(Member)
    }
}

#[get("/member")]
fn member(_member: Member) -> String {
    LINE.repeat(50)
}

#[get("/token")]
fn token() -> String {
    LINE.repeat(50)
}

#[catch(404)]
fn missing() -> String {
    format!("not here. {}", LINE.repeat(50))
}

fn server(toml: &str) -> Server {
    let file = tempfile::Builder::new().suffix(".txt").tempfile().expect("a file");
    std::fs::write(file.path(), LINE.repeat(100)).expect("a file");
    Server::start(toml, |rocket| {
        rocket
            .attach(EtagFairing::new())
            .attach(Compression::new())
            .manage(Motto::new())
            .manage(Arc::new(file))
            .register("/", catchers![missing])
            .mount("/", etagged(routes![motto, change_motto, early, lines, sized, image, part, file, member]))
            .mount("/tagged", etagged(routes![fields]))
            .mount("/", routes![fields, large, events, none])
            .mount("/", uncompressed(etagged(routes![token])))
    })
}

fn tagged() -> Server {
    server("[default]\nETAG = true")
}

fn ask(server: &Server, path: &str, accepted: &str, fields: &[(&str, &str)]) -> Answer {
    server.get(path, &[&[("Accept-Encoding", accepted)], fields].concat())
}

#[test]
fn a_hand_written_representation_has_a_tag_for_each_coding() {
    let server = tagged();
    for path in ["/motto", "/file", "/sized/100000", "/sized/3000000"] {
        let plain = ask(&server, path, "", &[]);
        for (accepted, coding) in ACCEPTED {
            let row = format!("{path} {accepted}");
            let own = of_coding(&plain.tag(), coding);
            let answer = ask(&server, path, accepted, &[]);
            assert_eq!((answer.status, answer.field("content-encoding")), (200, coding), "{row}");
            assert_eq!((answer.tag(), answer.decoded()), (own.clone(), plain.body.clone()), "{row}");
            assert!(answer.varies_by_coding(), "{row}");
            if coding.is_none() || !path.ends_with("3000000") {
                let length = answer.body.len().to_string();
                assert_eq!(answer.field("content-length"), Some(length.as_str()), "{row}");
            } else {
                assert_eq!(answer.field("transfer-encoding"), Some("chunked"), "{row}");
            }
            let head = server.send("HEAD", path, &[("Accept-Encoding", accepted)], "");
            assert_eq!((head.status, head.tag(), head.field("content-encoding")), (200, own.clone(), coding));
            let again = ask(&server, path, accepted, &[("If-None-Match", &own)]);
            assert_eq!(
                (again.status, again.tag(), again.varies_by_coding()),
                (304, own.clone(), true),
                "{row}"
            );
            if coding.is_some() {
                let known = plain.tag();
                let other = ask(&server, path, accepted, &[("If-None-Match", &known)]);
                assert_eq!((other.status, other.tag()), (200, own.clone()), "{row}");
                assert_eq!(ask(&server, path, accepted, &[("If-Match", &known)]).status, 412, "{row}");
            }
            assert_eq!(ask(&server, path, accepted, &[("If-Match", &own)]).status, 200, "{row}");
        }
    }
}

#[test]
fn a_hand_written_write_takes_the_tag_of_any_coding_once() {
    let server = tagged();
    for (number, (accepted, coding)) in ACCEPTED.into_iter().enumerate() {
        let tag = ask(&server, "/motto", accepted, &[]).tag();
        let fields =
            [("If-Match", tag.as_str()), ("Accept-Encoding", accepted), ("Content-Type", "text/plain")];
        let new = format!("{number} {LINE}");
        let written = server.send("PATCH", "/motto", &fields, &new);
        assert_eq!((written.status, written.field("content-encoding")), (200, coding), "{accepted}");
        assert_eq!(written.decoded(), new.repeat(50).into_bytes(), "{accepted}");
        assert_eq!(server.send("PATCH", "/motto", &fields, "lost").status, 412, "{accepted}");
    }
}

#[test]
fn an_early_304_names_the_coding_that_the_client_has() {
    let server = tagged();
    for (accepted, coding) in ACCEPTED {
        let own = of_coding("\"revision-17\"", coding);
        let answer = ask(&server, "/early", accepted, &[]);
        assert_eq!((answer.tag(), answer.field("content-encoding")), (own.clone(), coding), "{accepted}");
        let again = ask(&server, "/early", accepted, &[("If-None-Match", &own)]);
        assert_eq!((again.status, again.tag(), again.varies_by_coding()), (304, own, true), "{accepted}");
        // In a coding that it would not get now, it has nothing.
        let other =
            of_coding("\"revision-17\"", if coding == Some("br") { Some("gzip") } else { Some("br") });
        assert_eq!(ask(&server, "/early", accepted, &[("If-None-Match", &other)]).status, 200, "{accepted}");
    }
}

#[test]
fn what_is_left_as_it_is() {
    let server = tagged();
    let text = "field=Content-Type%3Dtext/plain";
    let paths = [
        "/image".to_owned(),
        "/events".to_owned(),
        "/part".to_owned(),
        "/none".to_owned(),
        "/member".to_owned(),
        "/token".to_owned(),
        "/fields".to_owned(),
        format!("/fields?{text}&field=Content-Encoding%3Dfoo"),
        format!("/fields?{text}&field=Content-Range%3Dbytes%200-1/2"),
        format!("/fields?{text}&field=Content-Digest%3Dx"),
        format!("/fields?{text}&field=Repr-Digest%3Dx"),
        format!("/fields?{text}&field=Cache-Control%3Dmax-age%3D5,%20No-Transform"),
        // Nobody here judges this tag, so that nobody would know it again.
        format!("/fields?{text}&field=ETag%3D%22now%22"),
        format!("/fields?{text}&field=ETag%3Dnow"),
        format!("/tagged/fields?{text}&field=ETag%3Dnow"),
        format!("/tagged/fields?{text}&field=ETag%3D%22now%22&field=Cache-Control%3Dno-transform"),
    ];
    for path in paths {
        for accepted in ["gzip, br, zstd", "identity;q=0, gzip"] {
            let plain = ask(&server, &path, "", &[]);
            let answer = ask(&server, &path, accepted, &[]);
            assert_eq!((answer.status, &answer.body), (plain.status, &plain.body), "{path}");
            assert_eq!(answer.field("etag"), plain.field("etag"), "{path}");
            let coding = path.contains("Content-Encoding").then_some("foo");
            assert_eq!(answer.field("content-encoding"), coding, "{path}");
            assert!(!answer.varies_by_coding(), "{path}: {answer:?}");
        }
    }
}

#[test]
fn a_tag_of_the_handlers_own() {
    let server = tagged();
    let text = "field=Content-Type%3Dtext/plain";
    for (path, tag) in [
        // Strong and judged: one for each coding.
        (format!("/tagged/fields?{text}&field=ETag%3D%22now%22"), "\"now~br\""),
        // Weak: it promises nothing about bytes.
        (format!("/tagged/fields?{text}&field=ETag%3DW/%22now%22"), "W/\"now\""),
        (format!("/fields?{text}&field=ETag%3DW/%22now%22"), "W/\"now\""),
    ] {
        let answer = ask(&server, &path, "br", &[]);
        assert_eq!((answer.tag().as_str(), answer.field("content-encoding")), (tag, Some("br")), "{path}");
        assert_eq!(answer.decoded(), long().as_bytes(), "{path}");
        if path.starts_with("/tagged") {
            assert_eq!(ask(&server, &path, "br", &[("If-None-Match", tag)]).status, 304, "{path}");
        }
    }
    let path = format!("/tagged/fields?{text}&field=Accept-Ranges%3Dbytes&field=Vary%3DOrigin");
    let answer = ask(&server, &path, "br", &[]);
    assert_eq!(
        (answer.field("accept-ranges"), answer.lines("vary").join(", ").as_str()),
        (None, "Origin, Accept-Encoding")
    );
    let path = format!("/tagged/fields?{text}&field=Vary%3Daccept-encoding,Origin");
    assert_eq!(ask(&server, &path, "br", &[]).lines("vary"), ["accept-encoding,Origin"]);
}

#[test]
fn streams_are_coded_while_they_are_sent() {
    let server = tagged();
    for (accepted, coding) in ACCEPTED {
        let plain = ask(&server, "/lines", "", &[]);
        let answer = ask(&server, "/lines", accepted, &[]);
        assert_eq!((answer.field("etag"), answer.field("content-length")), (None, None), "{accepted}");
        assert_eq!(answer.field("content-encoding"), coding, "{accepted}");
        assert_eq!(answer.decoded(), plain.body, "{accepted}");
        assert!(answer.varies_by_coding(), "{accepted}");
    }
    let answer = ask(&server, "/large", "zstd", &[]);
    assert_eq!(answer.field("content-encoding"), Some("zstd"));
    assert_eq!(answer.decoded(), LINE.repeat(60_000).into_bytes());
}

#[test]
fn what_is_above_max_body_is_coded_without_a_tag() {
    let server = server("[default.etag]\nmax_body = 2000");
    let answer = ask(&server, "/sized/5000", "gzip", &[]);
    assert_eq!((answer.field("etag"), answer.field("content-encoding")), (None, Some("gzip")));
    assert_eq!(answer.decoded().len(), 5000);
    let answer = ask(&server, "/sized/1500", "gzip", &[]);
    assert!(answer.tag().ends_with("~gzip\""));
}

#[test]
fn the_least_size_is_what_is_configured() {
    let server = server("[default]\nETAG = true\n[default.compression]\nmin_size = 100");
    for (size, coding) in [(0, None), (1, None), (99, None), (100, Some("gzip")), (101, Some("gzip"))] {
        let answer = ask(&server, &format!("/sized/{size}"), "gzip", &[]);
        assert_eq!((answer.status, answer.field("content-encoding")), (200, coding), "{size}");
        assert_eq!((answer.decoded().len(), answer.varies_by_coding()), (size, true), "{size}");
    }
    let answer = ask(&server, "/sized/1", "identity;q=0, gzip", &[]);
    assert_eq!((answer.field("content-encoding"), answer.decoded().len()), (Some("gzip"), 1));
    assert_eq!(ask(&server, "/sized/0", "identity;q=0, gzip", &[]).field("content-encoding"), None);
}

#[test]
fn errors_are_coded_if_they_are_large() {
    let server = tagged();
    let answer = ask(&server, "/nowhere", "gzip", &[]);
    assert_eq!(
        (answer.status, answer.field("content-encoding"), answer.field("etag")),
        (404, Some("gzip"), None)
    );
    assert!(answer.decoded().starts_with(b"not here") && answer.varies_by_coding());
    assert_eq!(ask(&server, "/nowhere", "", &[]).field("content-encoding"), None);
}
