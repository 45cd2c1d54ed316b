//! G: `page` (JSON:API §8.6).

use serde_json::{Value, json};

use crate::{
    case::{assert_bad, ids, read, serve},
    support::Connection,
};

/// The ids along one of the links.
fn walk(http: &mut Connection, start: &str, link: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(start.to_owned());
    while let Some(url) = next {
        let document = read(http, &url);
        pages.push(ids(&document["data"]).into_iter().map(str::to_owned).collect());
        next = document["links"][link].as_str().map(str::to_owned);
        assert!(pages.len() < 100, "the walk ends");
    }
    pages
}

#[test]
fn g1_page_links_stand_beside_the_collection_that_they_page() {
    let (_server, mut http) = serve();
    for url in ["/v1/sessions?page[size]=2", "/v1/tracks/1/sessions?page[size]=2"] {
        let document = read(&mut http, url);
        let next = document["links"]["next"].as_str().expect("a next page").to_owned();
        assert!(next.starts_with(url.split('?').next().expect("a path")), "{next}");
        let pages = walk(&mut http, url, "next");
        assert!(pages.len() > 1 && pages.concat().len() > 2, "{pages:?}");
    }
}

#[test]
fn g2_the_links_are_first_last_prev_next_and_null_where_there_is_none() {
    let (_server, mut http) = serve();
    let links = |http: &mut Connection, number: u32| {
        read(http, &format!("/v1/sessions?page[size]=10&page[number]={number}"))["links"].clone()
    };
    let page = |number: u32| json!(format!("/v1/sessions?page%5Bsize%5D=10&page%5Bnumber%5D={number}"));
    for (number, prev, next) in [(1, Value::Null, page(2)), (2, page(1), page(3)), (3, page(2), Value::Null)]
    {
        let links = links(&mut http, number);
        assert_eq!((&links["first"], &links["last"]), (&page(1), &page(3)), "{number}");
        assert_eq!((&links["prev"], &links["next"]), (&prev, &next), "{number}");
    }
}

#[test]
fn g3_pages_follow_the_order() {
    let (_server, mut http) = serve();
    for sort in ["-title", "level", "track.name,-startTime", "state"] {
        let whole = read(&mut http, &format!("/v1/sessions?sort={sort}&page[size]=100"));
        let pages = walk(&mut http, &format!("/v1/sessions?sort={sort}&page[size]=4"), "next");
        assert_eq!(pages.concat(), ids(&whole["data"]), "{sort}");
        let last =
            read(&mut http, &format!("/v1/sessions?sort={sort}&page[size]=4"))["links"]["last"].clone();
        let mut back = walk(&mut http, last.as_str().expect("a last page"), "prev");
        back.reverse();
        assert_eq!(back.concat(), ids(&whole["data"]), "{sort}");
    }
}

#[test]
fn g4_pages_are_asked_for_by_the_page_family() {
    let (_server, mut http) = serve();
    for url in ["/v1/sessions?page[size]=3&page[number]=2", "/v1/sessions?page[limit]=3&page[offset]=3"] {
        assert_eq!(ids(&read(&mut http, url)["data"]), ["4", "5", "6"], "{url}");
    }
    assert_bad(&mut http, "/v1/sessions?limit=3", &["limit"]);
    assert_bad(&mut http, "/v1/sessions?page[number]=2&page[offset]=3", &["page[offset]"]);
}

#[test]
fn g5_page_links_keep_the_rest_of_the_query_percent_encoded() {
    let (_server, mut http) = serve();
    let url = "/v1/sessions?filter[title][ne]=a%26b%20c&include=track&fields[sessions]=title,track&sort=title&page[size]=4";
    let document = read(&mut http, url);
    for link in ["first", "last", "next"] {
        let link = document["links"][link].as_str().expect("a link").to_owned();
        for part in [
            "filter%5Btitle%5D%5Bne%5D=a%26b%20c",
            "include=track",
            "fields%5Bsessions%5D=title,track",
            "sort=title",
            "page%5Bsize%5D=4",
        ] {
            assert!(link.contains(part), "{part} in {link}");
        }
        assert!(!link.contains('['), "{link}");
        assert!(read(&mut http, &link)["included"].is_array());
    }
}

#[test]
fn g6_pages_that_cannot_be_are_400() {
    let (_server, mut http) = serve();
    for (query, parameter) in [
        ("page[size]=-1", "page[size]"),
        ("page[size]=0", "page[size]"),
        ("page[size]=abc", "page[size]"),
        ("page[size]=101", "page[size]"),
        ("page[number]=0", "page[number]"),
        ("page[number]=-3", "page[number]"),
        ("page[limit]=0", "page[limit]"),
        ("page[limit]=101", "page[limit]"),
        ("page[offset]=-1", "page[offset]"),
        ("page[offset]=18446744073709551616", "page[offset]"),
    ] {
        assert_bad(&mut http, &format!("/v1/sessions?{query}"), &[parameter]);
    }
}

#[test]
fn g7_a_page_beyond_the_end_is_empty() {
    let (_server, mut http) = serve();
    for query in ["page[number]=99", "page[offset]=500&page[limit]=5", "page[size]=100&page[number]=2"] {
        let document = read(&mut http, &format!("/v1/sessions?{query}"));
        assert_eq!((&document["data"], &document["links"]["next"]), (&json!([]), &Value::Null), "{query}");
    }
}
