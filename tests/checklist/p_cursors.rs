//! P: the cursor pagination profile (<https://jsonapi.org/profiles/ethanresnick/cursor-pagination/>).

use serde_json::{Value, json};

use crate::{
    api::assert_error,
    case::{CURSORS, assert_bad, by_cursor, ids, names, read, serve, serve_with, session},
    support::Connection,
};

#[track_caller]
fn page(http: &mut Connection, url: &str) -> Value {
    let response = by_cursor(http, url);
    assert_eq!(response.status, 200, "{url}: {response:?}");
    response.json()
}

/// The link of a page.
#[track_caller]
fn link(page: &Value, name: &str) -> String {
    page["links"][name].as_str().unwrap_or_else(|| panic!("{name}: {page}")).to_owned()
}

/// The ids of all pages along a link, each page at most as long as the last one before.
fn walk(http: &mut Connection, start: &str, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut next = Some(start.to_owned());
    while let Some(url) = next {
        let document = page(http, &url);
        all.extend(ids(&document["data"]).into_iter().map(str::to_owned));
        next = document["links"][name].as_str().map(str::to_owned);
        assert!(all.len() < 100, "the walk ends");
    }
    all
}

#[test]
fn p1_sizes_and_cursors_that_cannot_be_are_400() {
    let (_server, mut http) = serve();
    for (query, parameter) in [
        ("page[size]=0", "page[size]"),
        ("page[size]=-1", "page[size]"),
        ("page[size]=1.0", "page[size]"),
        ("page[after]=", "page[after]"),
        ("page[after]=nonsense", "page[after]"),
        ("page[before]=W10", "page[before]"),
        ("page[before]=%00", "page[before]"),
    ] {
        let errors = assert_error(&by_cursor(&mut http, &format!("/v1/sessions?{query}")), 400);
        assert_eq!(errors[0]["source"]["parameter"], parameter, "{query}");
    }
    // A cursor of another order, and one of another type.
    let next = link(&page(&mut http, "/v1/sessions?sort=title&page[size]=2"), "next");
    let cursor = next.rsplit('=').next().expect("a cursor").to_owned();
    assert_bad(&mut http, &format!("/v1/sessions?sort=-title&page[after]={cursor}"), &["page[after]"]);
    assert_bad(&mut http, &format!("/v1/speakers?sort=name&page[after]={cursor}"), &["page[after]"]);
}

#[test]
fn p2_a_size_above_the_largest_is_told_as_the_profile_says() {
    let (_server, mut http) = serve_with("max_page_size = 50");
    let errors = assert_error(&by_cursor(&mut http, "/v1/sessions?page[size]=51"), 400);
    assert_eq!(errors[0]["links"]["type"], format!("{CURSORS}/max-size-exceeded"));
    assert_eq!(errors[0]["source"]["parameter"], "page[size]");
    assert_eq!(errors[0]["meta"]["page"]["maxSize"], 50);
}

#[test]
fn p3_pages_are_as_long_as_they_say() {
    let (_server, mut http) = serve_with("page_size = 4");
    assert_eq!(ids(&page(&mut http, "/v1/sessions")["data"]).len(), 4);
    assert_eq!(ids(&page(&mut http, "/v1/sessions?page[size]=7")["data"]).len(), 7);
    assert_eq!(ids(&page(&mut http, "/v1/sessions?page[size]=100")["data"]).len(), 21);
}

#[test]
fn p4_prev_and_next_are_always_there() {
    let (_server, mut http) = serve();
    let first = page(&mut http, "/v1/sessions?page[size]=10");
    let second = page(&mut http, &link(&first, "next"));
    let third = page(&mut http, &link(&second, "next"));
    let empty = page(&mut http, "/v1/sessions?filter[title]=Nothing");
    for document in [&first, &second, &third, &empty] {
        let links = names(&document["links"]);
        assert!(links.contains(&"prev") && links.contains(&"next"), "{links:?}");
        assert!(document["links"]["first"].is_string());
    }
    assert_eq!((&first["links"]["prev"], &third["links"]["next"]), (&Value::Null, &Value::Null));
    assert_eq!((&empty["links"]["prev"], &empty["links"]["next"]), (&Value::Null, &Value::Null));
}

#[test]
fn p5_whether_there_is_more_is_known_where_it_must_be() {
    let (_server, mut http) = serve();
    // Exactly as many as there are: without `before`, next is null and not a link to nothing.
    assert_eq!(page(&mut http, "/v1/sessions?page[size]=21")["links"]["next"], json!(null));
    assert!(page(&mut http, "/v1/sessions?page[size]=20")["links"]["next"].is_string());
    let first = page(&mut http, "/v1/sessions?page[size]=20");
    let last = page(&mut http, &link(&first, "next"));
    assert_eq!((ids(&last["data"]), &last["links"]["next"]), (vec!["21"], &json!(null)));
    // Without `after`, prev.
    let before = page(&mut http, &link(&last, "prev"));
    assert_eq!(ids(&before["data"]).len(), 20);
    assert_eq!(before["links"]["prev"], json!(null), "{before}");
}

#[test]
fn p6_pages_begin_right_behind_and_end_right_before_their_cursor() {
    let (_server, mut http) = serve();
    for sort in ["id", "-title", "level,-startTime", "state,level"] {
        let whole = read(&mut http, &format!("/v1/sessions?sort={sort}&page[size]=100"));
        let all: Vec<_> = ids(&whole["data"]).into_iter().map(str::to_owned).collect();
        assert_eq!(walk(&mut http, &format!("/v1/sessions?sort={sort}&page[size]=4"), "next"), all, "{sort}");
        let first = page(&mut http, &format!("/v1/sessions?sort={sort}&page[size]=4"));
        let second = page(&mut http, &link(&first, "next"));
        assert_eq!(ids(&second["data"]), all[4..8], "{sort}");
        let back = page(&mut http, &link(&second, "prev"));
        assert_eq!(ids(&back["data"]), all[..4], "{sort}");
    }
    let end = page(&mut http, "/v1/sessions?sort=-id&page[size]=21");
    assert_eq!(end["links"]["next"], json!(null));
}

#[test]
fn p7_ranges_are_refused_as_the_profile_says() {
    let (_server, mut http) = serve();
    let next = link(&page(&mut http, "/v1/sessions?page[size]=2"), "next");
    let cursor = next.rsplit('=').next().expect("a cursor").to_owned();
    let url = format!("/v1/sessions?page[after]={cursor}&page[before]={cursor}");
    let errors = assert_error(&http.get(&url, &[]), 400);
    assert_eq!(errors[0]["links"]["type"], format!("{CURSORS}/range-pagination-not-supported"));
}

#[test]
fn p8_the_order_is_total_and_one_that_cannot_be_is_told_as_the_profile_says() {
    let (_server, mut http) = serve();
    // Four levels for 21 sessions: nearly all keys are equal, and none is lost or comes twice.
    let mut found = walk(&mut http, "/v1/sessions?sort=level&page[size]=2", "next");
    assert_eq!(found.len(), 21);
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 21);
    for sort in ["nothing", "track.name", "speakers.name"] {
        let errors = assert_error(&by_cursor(&mut http, &format!("/v1/sessions?sort={sort}")), 400);
        assert_eq!(errors[0]["links"]["type"], format!("{CURSORS}/unsupported-sort"), "{sort}");
        assert_eq!(errors[0]["source"]["parameter"], "sort");
    }
}

#[test]
fn p9_cursors_hold_when_rows_come_and_go() {
    let (_server, mut http) = serve();
    let first = page(&mut http, "/v1/sessions?sort=title&page[size]=5");
    let whole = read(&mut http, "/v1/sessions?sort=title&page[size]=100");
    let all = ids(&whole["data"]);
    // Before the cursor one comes, and the row that it was made of goes.
    assert_eq!(http.post("/v1/sessions", &[], &session("  Very first")).status, 201);
    assert_eq!(http.delete(&format!("/v1/sessions/{}", all[4]), &[]).status, 204);
    let second = page(&mut http, &link(&first, "next"));
    assert_eq!(ids(&second["data"]), all[5..10]);
}

#[test]
fn p10_what_the_profile_puts_into_meta_is_right_where_it_is_sent() {
    let (_server, mut http) = serve();
    let document = page(&mut http, "/v1/sessions?page[size]=2&page[totals]=true");
    assert_eq!(document["meta"], json!({"count": 21}), "counted on demand");
    let document = page(&mut http, "/v1/sessions?page[size]=2&page[totals]=false");
    assert_eq!(document.get("meta"), None);
    for resource in document["data"].as_array().expect("a list") {
        assert_eq!(resource.get("meta"), None, "no cursors of items: the links hold those of the page");
    }
}

#[test]
fn p11_linkage_has_pages_too() {
    let (_server, mut http) = serve();
    let url = "/v1/tracks/1/relationships/sessions";
    let whole = read(&mut http, url);
    let all = ids(&whole["data"]);
    assert!(all.len() > 2, "{whole}");
    assert_eq!(whole["links"].get("next"), None, "whole unless a page is asked for");

    assert_eq!(walk(&mut http, &format!("{url}?page[size]=2"), "next"), all);
    let first = page(&mut http, &format!("{url}?page[size]=2"));
    assert_eq!(first["jsonapi"]["profile"], json!([CURSORS]));
    assert_eq!(first["links"]["prev"], json!(null));
    assert_eq!(names(&first["links"]), ["describedby", "first", "last", "next", "prev", "related", "self"]);
    let second = page(&mut http, &link(&first, "next"));
    let back = page(&mut http, &link(&second, "prev"));
    assert_eq!(back["data"], first["data"]);

    // By number and by offset as well, counted where asked for, and with what they lead to.
    let second = read(&mut http, &format!("{url}?page[size]=1&page[number]=2&page[totals]=true"));
    assert_eq!((ids(&second["data"]), &second["meta"]["count"]), (vec![all[1]], &json!(all.len())));
    let second = read(&mut http, &format!("{url}?page[offset]=1&page[limit]=1&include=sessions.speakers"));
    assert_eq!(ids(&second["data"]), [all[1]]);
    let included = second["included"].as_array().expect("what is included");
    let sessions: Vec<_> = included.iter().filter(|one| one["type"] == "sessions").collect();
    assert_eq!(sessions.len(), 1, "only the page's: {second}");
    assert_eq!(sessions[0]["id"], all[1]);

    // A page is a representation of its own: its tag is not that of the linkage.
    let tag = |http: &mut Connection, url: &str| http.get(url, &[]).header("etag").map(str::to_owned);
    let (whole, part) = (tag(&mut http, url), tag(&mut http, &format!("{url}?page[size]=1")));
    assert!(whole.is_some() && part.is_some() && whole != part);

    assert_bad(&mut http, &format!("{url}?page[size]=0"), &["page[size]"]);
    assert_bad(&mut http, &format!("{url}?page[after]=x"), &["page[after]"]);
    assert_bad(&mut http, "/v1/sessions/1/relationships/track?page[size]=1", &["page[size]"]);
    assert_eq!(http.get("/v1/tracks/0/relationships/sessions?page[size]=1", &[]).status, 404);
}
