//! Queries.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rocket::http::{Method, Status};
use rocket::local::blocking::Client;
use serde_json::Value;

use super::server::{send, server};

/// Any text as the JSON of a filter.
pub fn filter(json: &str) {
    query(&format!("filter={}", utf8_percent_encode(json, NON_ALPHANUMERIC)));
}

/// Any query at every kind of URL that gives resources or linkage.
pub fn query(query: &str) {
    let client = server();
    for path in ["/sessions", "/sessions/1", "/tracks/1/sessions", "/sessions/2/relationships/speakers"] {
        let url = format!("{path}?{query}");
        let Some(first) = send(client, Method::Get, &url, &[], None) else { return };
        if first.status != Status::Ok {
            continue;
        }
        // The same state has the same bytes and the same tag, and the tag is known again.
        let tag = first.tag.expect("a tag");
        let again = send(client, Method::Get, &url, &[], None).expect("an answer");
        assert_eq!((again.body, again.tag), (first.body.clone(), Some(tag.clone())));
        let conditional = send(client, Method::Get, &url, &[("If-None-Match", &tag)], None);
        assert_eq!(conditional.map(|answer| answer.status), Some(Status::NotModified));
        check_links(client, &first.body);
    }
}

/// A page's links lead to pages.
fn check_links(client: &Client, body: &[u8]) {
    let document: Value = serde_json::from_slice(body).expect("JSON");
    for name in ["self", "first", "last", "prev", "next"] {
        if let Some(link) = document["links"][name].as_str() {
            let answer = send(client, Method::Get, link, &[], None);
            assert_eq!(answer.map(|answer| answer.status), Some(Status::Ok), "{name}: {link}");
        }
    }
}
