//! C: fetching (JSON:API §8.1).

use serde_json::json;

use crate::{
    api::{COLLECTIONS, assert_error, crawl},
    case::{identifiers, read, serve, session},
};

#[test]
fn c1_every_link_that_is_sent_answers() {
    let (_server, mut http) = serve();
    let pages = crawl(&mut http);
    assert!(pages.keys().any(|url| url.contains("/relationships/")), "self links of relationships");
    assert!(pages.keys().any(|url| url.ends_with("/speakers")), "related links");
    assert!(pages.len() > 200, "{}", pages.len());
}

#[test]
fn c2_a_collection_is_200_with_an_array_even_if_nothing_is_in_it() {
    let (_server, mut http) = serve();
    for collection in COLLECTIONS {
        assert!(read(&mut http, collection)["data"].as_array().is_some_and(|data| !data.is_empty()));
        assert_eq!(read(&mut http, &format!("{collection}?filter[id]=999"))["data"], json!([]));
    }
}

#[test]
fn c3_a_resource_that_exists_is_200() {
    let (_server, mut http) = serve();
    for collection in COLLECTIONS {
        let document = read(&mut http, &format!("{collection}/1"));
        assert_eq!(document["data"]["id"], "1", "{collection}");
    }
}

#[test]
fn c4_a_resource_that_is_missing_is_404_also_for_head() {
    let (_server, mut http) = serve();
    for id in ["999", "abc", "-1", "99999999999999999999"] {
        let url = format!("/v1/sessions/{id}");
        assert_eq!(assert_error(&http.get(&url, &[]), 404)[0]["code"], "resource_not_found", "{url}");
        assert_eq!(http.head(&url, &[]).status, 404, "{url}");
    }
}

#[test]
fn c5_the_related_url_of_an_empty_to_one_is_200_with_null() {
    let (_server, mut http) = serve();
    let path = http.post("/v1/sessions", &[], &session("Alone")).header("Location").expect("one").to_owned();
    let document = read(&mut http, &format!("{path}/track"));
    assert_eq!(document["data"], json!(null));
    assert!(document.get("data").is_some());
}

#[test]
fn c6_urls_of_a_missing_parent_or_relationship_are_404() {
    let (_server, mut http) = serve();
    for url in [
        "/v1/sessions/999/track",
        "/v1/sessions/999/speakers",
        "/v1/sessions/999/relationships/track",
        "/v1/sessions/999/relationships/speakers",
        "/v1/sessions/1/nothing",
        "/v1/sessions/1/relationships/nothing",
        "/v1/sessions/1/title",
    ] {
        assert_error(&http.get(url, &[]), 404);
    }
}

#[test]
fn c7_linkage_is_200_and_null_or_empty_where_nothing_is_linked() {
    let (_server, mut http) = serve();
    let track = read(&mut http, "/v1/sessions/1/relationships/track");
    assert_eq!(track["data"], json!({"type": "tracks", "id": "4"}));
    let speakers = read(&mut http, "/v1/sessions/1/relationships/speakers");
    assert_eq!(speakers["data"], identifiers("speakers", &["7", "15"]));
    let path = http.post("/v1/sessions", &[], &session("Alone")).header("Location").expect("one").to_owned();
    assert_eq!(read(&mut http, &format!("{path}/relationships/track"))["data"], json!(null));
    assert_eq!(read(&mut http, &format!("{path}/relationships/speakers"))["data"], json!([]));
}

#[test]
fn c8_linkage_links_to_itself_and_to_what_is_related() {
    let (_server, mut http) = serve();
    for name in ["track", "speakers"] {
        let links = read(&mut http, &format!("/v1/sessions/1/relationships/{name}"))["links"].clone();
        assert_eq!(links["self"], format!("/v1/sessions/1/relationships/{name}"));
        assert_eq!(links["related"], format!("/v1/sessions/1/{name}"));
    }
}

#[test]
fn c9_head_is_get_without_its_body_and_other_methods_are_named() {
    let (_server, mut http) = serve();
    for url in
        ["/v1/sessions", "/v1/sessions/1", "/v1/sessions/1/speakers", "/v1/sessions/1/relationships/track"]
    {
        let (get, head) = (http.get(url, &[]), http.head(url, &[]));
        assert_eq!((head.status, head.body.len()), (200, 0), "{url}");
        let length = get.body.len().to_string();
        assert_eq!(head.header("Content-Length"), Some(length.as_str()), "{url}");
        assert_eq!(crate::api::fields(&head), crate::api::fields(&get), "{url}");
    }
    let options = http.request("OPTIONS", "/v1/sessions/1", &[], None);
    assert_eq!(options.header("Allow"), Some("GET, HEAD, PATCH, DELETE, OPTIONS"), "{options:?}");
    let refused = http.request("PUT", "/v1/sessions/1", &[], None);
    assert_error(&refused, 405);
    assert_eq!(refused.header("Allow"), options.header("Allow"));
}
