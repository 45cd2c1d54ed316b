//! The explorer's page and what it loads, as bytes. In a browser, `tests/browser.rs` tries it.

use std::io::Read;

use etag_fairing::{EtagFairing, Explorer, JsonApi, Statistics};
use flate2::read::GzDecoder;
use rocket::http::{Header, Status};
use rocket::local::blocking::{Client, LocalResponse};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Build, Rocket, get, routes};

const FILES: [&str; 8] = [
    "swagger-ui.js",
    "swagger-ui.css",
    "explorer.js",
    "tags.js",
    "large.js",
    "explorer.css",
    "oauth2-redirect.html",
    "oauth2-redirect.js",
];

fn explorer() -> Explorer {
    JsonApi::openapi().title("A & B").explorer("/v1/openapi.json")
}

fn launched(mounted: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Client {
    let figment = rocket::Config::figment().merge(("ETAG", true)).merge(("log_level", "off"));
    let rocket = mounted(rocket::custom(figment).attach(EtagFairing::new()));
    Client::untracked(rocket).expect("a launch")
}

fn field<'a>(response: &'a LocalResponse<'_>, name: &str) -> Option<&'a str> {
    response.headers().get_one(name)
}

#[test]
fn the_page_and_what_it_loads_are_not_sent_again_and_not_hashed_again() {
    let client = launched(|rocket| rocket.mount("/docs", explorer().routes()));
    let digests = |client: &Client| client.rocket().state::<Statistics>().expect("statistics").digests();
    let before = digests(&client);
    for path in FILES.map(|file| format!("/docs/{file}")) {
        for coding in ["gzip, br", ""] {
            let ask = || client.get(&path).header(Header::new("Accept-Encoding", coding));
            let first = ask().dispatch();
            assert_eq!(first.status(), Status::Ok, "{path}");
            let tag = field(&first, "ETag").expect("a tag").to_owned();
            let policy = field(&first, "Content-Security-Policy").expect("a policy");
            assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
            let again = ask().header(Header::new("If-None-Match", tag.clone())).dispatch();
            assert_eq!(again.status(), Status::NotModified, "{path} {coding}");
            assert_eq!(field(&again, "ETag"), Some(&*tag));
            let head = client.head(&path).header(Header::new("Accept-Encoding", coding)).dispatch();
            assert_eq!((head.status(), field(&head, "ETag")), (Status::Ok, Some(&*tag)));
        }
    }
    assert_eq!(digests(&client), before, "the tags of files are known");
    let page = client.get("/docs").dispatch();
    let tag = field(&page, "ETag").expect("a tag").to_owned();
    let again = client.get("/docs").header(Header::new("If-None-Match", tag)).dispatch();
    assert_eq!(again.status(), Status::NotModified);
}

/// The tag of a file is the digest of its bytes, and so `etag_swagger_ui` has the bytes that its digests are of.
#[test]
fn swagger_ui_is_sent_compressed_unless_the_client_refuses_that() {
    let client = launched(|rocket| rocket.mount("/docs", explorer().routes()));
    for path in ["/docs/swagger-ui.js", "/docs/swagger-ui.css"] {
        let packed = client.get(path).header(Header::new("Accept-Encoding", "br;q=1, gzip;q=0.5")).dispatch();
        assert_eq!(field(&packed, "Content-Encoding"), Some("gzip"));
        assert_eq!(field(&packed, "Vary"), Some("Accept-Encoding"));
        let tag = field(&packed, "ETag").expect("a tag").to_owned();
        let mut unpacked = Vec::new();
        let packed = packed.into_bytes().expect("a body");
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).expect("gzip");
        for coding in [None, Some("br"), Some("gzip;q=0, *;q=0.1")] {
            let mut request = client.get(path);
            if let Some(coding) = coding {
                request.add_header(Header::new("Accept-Encoding", coding));
            }
            let plain = request.dispatch();
            assert_eq!(field(&plain, "Content-Encoding"), None, "{coding:?}");
            assert_eq!(field(&plain, "Vary"), Some("Accept-Encoding"));
            let own = field(&plain, "ETag").expect("a tag").to_owned();
            assert_eq!(tag, format!("{}~gzip\"", own.trim_end_matches('"')));
            let bytes = plain.into_bytes().expect("a body");
            assert_eq!(bytes, unpacked);
            assert_eq!(own, etag_fairing::EntityTag::of(&bytes).to_string());
        }
    }
}

#[test]
fn it_may_be_mounted_anywhere_and_takes_nothing_from_others() {
    #[get("/own.js")]
    fn own() -> &'static str {
        "mine"
    }
    for base in ["/docs", "/a/b/docs", "/"] {
        let client = launched(|rocket| rocket.mount(base, explorer().routes()).mount(base, routes![own]));
        let base = base.trim_end_matches('/');
        for page in [format!("{base}/"), base.to_owned()].iter().filter(|page| !page.is_empty()) {
            let response = client.get(page).dispatch();
            assert_eq!(response.status(), Status::Ok, "{page}");
            let page_text = response.into_string().expect("text");
            assert!(page_text.contains("<title>A &amp; B</title>"), "{page_text}");
            for reference in references(&page_text) {
                let target = resolved(page, reference);
                let expected = if reference.ends_with(".json") {
                    "/v1/openapi.json".into()
                } else {
                    below(base, &target)
                };
                assert_eq!(target, expected, "{page}: {reference}");
                let status = client.get(&target).dispatch().status();
                assert!(status == Status::Ok || reference.ends_with(".json"), "{target}: {status}");
            }
        }
        assert_eq!(client.get(format!("{base}/own.js")).dispatch().into_string().as_deref(), Some("mine"));
        for missing in ["other.js", "docs", "docs/", "explorer.js/"] {
            assert_eq!(client.get(format!("{base}/x/{missing}")).dispatch().status(), Status::NotFound);
        }
    }
}

/// What a page names in `src`, `href` and `data-document`.
fn references(page: &str) -> Vec<&str> {
    let values = page.split(['"']).skip(1).step_by(2);
    values.filter(|value| value.starts_with('.')).collect()
}

/// A relative reference as a browser resolves it (RFC 3986 §5.2).
fn resolved(page: &str, reference: &str) -> String {
    let mut segments: Vec<&str> = page.split('/').collect();
    segments.pop();
    for segment in reference.split('/') {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments.join("/")
}

/// The file of this name below the page.
fn below(base: &str, target: &str) -> String {
    format!("{base}/{}", target.rsplit('/').next().unwrap_or_default())
}

struct Editor;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Editor {
    type Error = std::rc::Rc<()>;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        match request.headers().get_one("Cookie") {
            Some("who=editor") => Outcome::Success(Self),
            Some(_) => Outcome::Error((Status::Forbidden, std::rc::Rc::new(()))),
            None => Outcome::Forward(Status::Unauthorized),
        }
    }
}

#[test]
fn a_guard_stands_before_the_page_and_all_that_it_loads() {
    let client = launched(|rocket| rocket.mount("/docs", explorer().routes_guarded_by::<Editor>()));
    let paths = FILES.map(|file| format!("/docs/{file}"));
    for path in paths.iter().map(String::as_str).chain(["/docs", "/docs/"]) {
        for (cookie, status) in [
            (None, Status::Unauthorized),
            (Some("who=guest"), Status::Forbidden),
            (Some("who=editor"), Status::Ok),
        ] {
            let mut request = client.get(path);
            if let Some(cookie) = cookie {
                request.add_header(Header::new("Cookie", cookie));
            }
            let response = request.dispatch();
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(field(&response, "ETag").is_some(), status == Status::Ok);
        }
    }
}

#[test]
fn the_page_may_ask_the_server_that_is_configured() {
    let client = launched(|rocket| {
        let figment = rocket.figment().clone().merge(("jsonapi.base_url", "https://example.org/api"));
        rocket.configure(figment).mount("/docs", explorer().routes())
    });
    let page = client.get("/docs").dispatch();
    let policy = field(&page, "Content-Security-Policy").expect("a policy");
    assert!(policy.contains("; connect-src 'self' https://example.org; "), "{policy}");
}
