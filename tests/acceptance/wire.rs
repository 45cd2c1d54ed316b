//! The bytes of a 304 (RFC 9110 §15.4.5, §8.6): caches serve `Content-Length: 0` on a 304 as an empty 200. And of
//! bodies that break off.

use std::collections::BTreeSet;

use crate::{
    api::{carries_tags, crawl},
    support::{Connection, Launch, MEDIA_TYPE, Response},
};

/// Checks the 304 for what would be `full`.
fn assert_not_modified(response: &Response, full: &Response) {
    assert_eq!(response.status, 304, "{response:?}");
    assert_eq!(response.body, b"");
    // RFC 9110 §8.6: it may be that of the 200, but some clients would then wait for such a body.
    for field in ["Content-Length", "Transfer-Encoding", "Content-Type", "Content-Encoding", "Last-Modified"]
    {
        assert_eq!(response.header(field), None, "{response:?}");
    }
    for field in ["ETag", "Cache-Control", "Vary", "Content-Location", "Expires"] {
        assert_eq!(response.header(field), full.header(field), "{field}: {response:?}");
    }
    assert!(response.header("Date").is_some(), "{response:?}");
    assert!(response.header("ETag").is_some(), "{response:?}");
}

/// One URL of each kind: ids and page numbers left out.
fn kinds(urls: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    urls.filter(|url| seen.insert(url.chars().filter(|c| !c.is_ascii_digit()).collect::<String>())).collect()
}

/// Every URL of the API that carries tags, and the pages.
fn tagged_urls(connection: &mut Connection) -> Vec<String> {
    let urls = crawl(connection).into_keys().filter(|url| carries_tags(url));
    urls.chain(["/", "/editors"].map(str::to_owned)).collect()
}

#[test]
fn no_304_has_a_body_or_content_length_0_on_a_connection_that_is_kept() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let urls = tagged_urls(&mut connection);
    assert!(urls.len() > 100, "{}", urls.len());
    for url in urls {
        let full = connection.request("GET", &url, &[], None);
        assert_eq!(full.status, 200, "{url}");
        for method in ["GET", "HEAD"] {
            for value in [full.etag(), "*"] {
                // The next exchange on this connection finds a byte too many.
                let response = connection.request(method, &url, &[("If-None-Match", value)], None);
                assert_not_modified(&response, &full);
            }
        }
        assert_eq!(connection.request("GET", &url, &[], None).body, full.body, "{url}");
    }
}

#[test]
fn no_304_has_a_body_or_content_length_0_on_a_connection_that_is_closed() {
    let server = Launch::new().start();
    let urls = tagged_urls(&mut server.connect());
    for url in kinds(urls.into_iter()) {
        let full = server.connect().request("GET", &url, &[], None);
        for method in ["GET", "HEAD"] {
            for value in [full.etag(), "*"] {
                let mut connection = server.connect();
                let headers = [("If-None-Match", value), ("Connection", "close")];
                assert_not_modified(&connection.request(method, &url, &headers, None), &full);
                assert_eq!(connection.rest(), b"", "{method} {url}: nothing behind the head");
            }
        }
    }
}

#[test]
fn no_304_breaks_the_next_answer_of_a_pipeline() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for url in ["/v1/sessions/1", "/v1/sessions", "/v1/sessions/1/relationships/speakers", "/"] {
        let full = connection.request("GET", url, &[], None);
        let conditional =
            |method| format!("{method} {url} HTTP/1.1\r\nHost: x\r\nIf-None-Match: {}\r\n\r\n", full.etag());
        let plain = format!("GET {url} HTTP/1.1\r\nHost: x\r\n\r\n");
        let pipeline = [conditional("GET"), conditional("HEAD"), conditional("GET"), plain].concat();
        connection.send(pipeline.as_bytes());
        for method in ["GET", "HEAD", "GET"] {
            assert_not_modified(&connection.receive(method, url), &full);
        }
        assert_eq!(connection.receive("GET", url).body, full.body, "{url}");
    }
}

#[test]
fn http_1_0_gets_its_304_without_a_body_too() {
    let server = Launch::new().start();
    let full = server.connect().request("GET", "/v1/sessions/1", &[], None);
    let mut connection = server.connect();
    connection
        .send(format!("GET /v1/sessions/1 HTTP/1.0\r\nIf-None-Match: {}\r\n\r\n", full.etag()).as_bytes());
    let bytes = connection.rest();
    let text = String::from_utf8(bytes).expect("a head in ASCII");
    assert!(text.starts_with("HTTP/1.0 304") || text.starts_with("HTTP/1.1 304"), "{text}");
    assert!(text.ends_with("\r\n\r\n") && text.matches("\r\n\r\n").count() == 1, "{text}");
    assert!(!text.to_lowercase().contains("content-length: 0"), "{text}");
}

#[test]
fn no_204_has_a_body_or_a_length() {
    let server = Launch::new().start();
    for (method, url) in
        [("OPTIONS", "/v1/sessions"), ("OPTIONS", "/v1/sessions/1"), ("DELETE", "/v1/sessions/1")]
    {
        let mut connection = server.connect();
        let response = connection.request(method, url, &[("Connection", "close")], None);
        assert_eq!(response.status, 204, "{method} {url}");
        for field in ["Content-Length", "Transfer-Encoding", "Content-Type"] {
            assert_eq!(response.header(field), None, "RFC 9110 §8.6: {response:?}");
        }
        assert_eq!(connection.rest(), b"");
    }
}

#[test]
fn documents_go_out_with_their_length() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for url in ["/v1/sessions/1", "/v1/sessions", "/v1/session-types", "/v1/nowhere"] {
        let response = connection.get(url, &[]);
        let length = response.header("Content-Length").expect("a Content-Length");
        assert_eq!(length, response.body.len().to_string(), "{url}");
    }
}

/// RFC 9112 §8: what is not whole is no request. Where it breaks off in the first bytes, which Rocket has looked at
/// before any route, it seems to end; and what was sent until then may be a document.
#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let server = Launch::new().start();
    let mut reader = server.connect();
    let url = "/v1/sessions/1/relationships/track";
    let before = reader.get(url, &[]).json()["data"].clone();
    assert!(before.is_object(), "there is something to lose: {before}");
    let whole = "{\"data\":null}";
    let long = format!("{whole}{}", " ".repeat(100));
    for (framing, sent) in [
        ("Content-Length: 500", whole.to_owned()),
        ("Content-Length: 500", long.clone()),
        ("Content-Length: 14", whole.to_owned()),
        ("Transfer-Encoding: chunked", format!("fff\r\n{whole}")),
        ("Transfer-Encoding: chunked", format!("d\r\n{whole}\r\n")),
        ("Transfer-Encoding: chunked", format!("d\r\n{whole}\r\nno number\r\n")),
        ("Transfer-Encoding: chunked", format!("71\r\n{long}\r\n")),
    ] {
        let mut connection = server.connect();
        let etag = reader.get(url, &[]).etag().to_owned();
        let head = format!(
            "PATCH {url} HTTP/1.1\r\nHost: x\r\nIf-Match: {etag}\r\nContent-Type: {MEDIA_TYPE}\r\n{framing}\r\n\r\n"
        );
        connection.send(head.as_bytes());
        connection.send(sent.as_bytes());
        connection.end();
        // Either an answer or none, but never that of a whole request.
        let answer = String::from_utf8_lossy(&connection.rest()).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{framing} {sent:?}: {answer}");
        assert_eq!(reader.get(url, &[]).json()["data"], before, "{framing} {sent:?}");
    }
    // Whole, it is made.
    let etag = reader.get(url, &[]).etag().to_owned();
    let chunked = format!(
        "PATCH {url} HTTP/1.1\r\nHost: x\r\nIf-Match: {etag}\r\nContent-Type: {MEDIA_TYPE}\r\n\
         Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\nc\r\n{}\r\n0\r\n\r\n",
        &whole[1..]
    );
    assert_eq!(server.connect().exchange(chunked.as_bytes()).status, 200);
    assert_eq!(reader.get(url, &[]).json()["data"], serde_json::Value::Null);
}
