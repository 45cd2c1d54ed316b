//! Pagination: `page[number]`, `page[size]`, links (JSON:API §8.4).

use serde_json::Value;

use crate::{
    api::{assert_document, assert_error},
    support::{Connection, Launch},
};

fn ids(document: &Value) -> Vec<String> {
    let resources = document["data"].as_array().expect("an array");
    resources.iter().map(|one| one["id"].as_str().expect("a string").to_owned()).collect()
}

/// All pages along one link.
fn walk(connection: &mut Connection, start: &str, link: &str) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut next = Some(start.to_owned());
    while let Some(url) = next {
        let document = assert_document(&connection.get(&url, &[]));
        next = document["links"][link].as_str().map(str::to_owned);
        pages.push(document);
        assert!(pages.len() < 1000, "the walk ends");
    }
    pages
}

#[test]
fn g1_g2_next_and_prev_walk_the_whole_collection_without_loss_or_repetition() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for (collection, size) in [
        ("/v1/sessions", 1),
        ("/v1/sessions", 7),
        ("/v1/speakers", 4),
        ("/v1/tracks", 2),
        ("/v1/tracks/1/sessions", 2),
    ] {
        let first = format!("{collection}?page[totals]=true&page[size]={size}");
        let pages = walk(&mut connection, &first, "next");
        let count = pages[0]["meta"]["count"].as_u64().expect("a count") as usize;
        assert_eq!(pages.len(), count.div_ceil(size), "{collection} {size}");
        let forward: Vec<_> = pages.iter().flat_map(ids).collect();
        let mut unique = forward.clone();
        unique.sort();
        unique.dedup();
        assert_eq!((forward.len(), unique.len()), (count, count), "{collection} {size}");
        for page in &pages[..pages.len() - 1] {
            assert_eq!(ids(page).len(), size);
        }

        let (start, end) = (&pages[0]["links"], &pages[pages.len() - 1]["links"]);
        assert_eq!((&start["prev"], &end["next"]), (&Value::Null, &Value::Null), "G2");
        for page in &pages {
            assert_eq!(
                (&page["links"]["first"], &page["links"]["last"]),
                (&start["first"], &end["last"]),
                "G1"
            );
        }
        let mut backward = walk(&mut connection, start["last"].as_str().expect("last"), "prev");
        backward.reverse();
        assert_eq!(backward.iter().flat_map(ids).collect::<Vec<_>>(), forward, "G3");
        assert_eq!(ids(&connection.get(start["first"].as_str().expect("first"), &[]).json()), ids(&pages[0]));
        // All at once is the same in the same order.
        let all = connection.get(&format!("{collection}?page[size]=100"), &[]).json();
        assert_eq!(ids(&all), forward);
    }
}

#[test]
fn g2_without_totals_next_walks_the_whole_collection_and_last_is_not_known() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let all = connection.get("/v1/sessions?page[size]=100", &[]).json();
    let pages = walk(&mut connection, "/v1/sessions?page[size]=4&page[totals]=false", "next");
    assert_eq!(pages.iter().flat_map(ids).collect::<Vec<_>>(), ids(&all));
    for page in pages {
        assert_eq!((&page["links"]["last"], page.get("meta")), (&Value::Null, None));
    }
}

#[test]
fn g5_links_keep_the_size_and_encode_brackets() {
    let server = Launch::new().start();
    let document = server.connect().get("/v1/sessions?page[size]=3&page[number]=2", &[]).json();
    let links = &document["links"];
    assert_eq!(links["self"], "/v1/sessions?page%5Bsize%5D=3&page%5Bnumber%5D=2", "B18");
    assert_eq!(links["prev"], "/v1/sessions?page%5Bsize%5D=3&page%5Bnumber%5D=1");
    assert_eq!(links["next"], "/v1/sessions?page%5Bsize%5D=3&page%5Bnumber%5D=3");
}

#[test]
fn m4_raw_and_encoded_brackets_are_one_url() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let raw = connection.get("/v1/sessions?page[size]=3", &[]);
    let encoded = connection.get("/v1/sessions?page%5Bsize%5D=3", &[]);
    assert_eq!((raw.etag(), raw.text()), (encoded.etag(), encoded.text()));
}

#[test]
fn g6_bad_pages_are_400_with_the_parameter() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for (query, parameter) in [
        ("page[size]=0", "page[size]"),
        ("page[size]=-1", "page[size]"),
        ("page[size]=abc", "page[size]"),
        ("page[size]=", "page[size]"),
        ("page[size]", "page[size]"),
        ("page[size]=+5", "page[size]"),
        ("page[size]=1.5", "page[size]"),
        ("page[size]=101", "page[size]"),
        ("page[size]=99999999999999999999999", "page[size]"),
        ("page[number]=0", "page[number]"),
        ("page[number]=-3", "page[number]"),
        ("page[number]=x", "page[number]"),
        ("page[number]=18446744073709551615", "page[number]"),
        ("page%5Bsize%5D=0", "page[size]"),
        ("page[size]=5&page[size]=6", "page[size]"),
    ] {
        for path in ["/v1/sessions", "/v1/tracks/1/sessions"] {
            let errors = assert_error(&connection.get(&format!("{path}?{query}"), &[]), 400);
            assert_eq!(errors.len(), 1, "{query}: {errors:?}");
            assert_eq!(errors[0]["source"]["parameter"], parameter, "{query}");
        }
    }
    let both = assert_error(&connection.get("/v1/sessions?page[size]=0&page[number]=0", &[]), 400);
    assert_eq!(both.len(), 2);
}

#[test]
fn page_sizes_are_those_of_the_configuration() {
    let toml = "[default.jsonapi]\npage_size = 3\nmax_page_size = 5\n";
    let server = Launch::new().rocket_toml(toml).start();
    let mut connection = server.connect();
    assert_eq!(ids(&connection.get("/v1/sessions", &[]).json()).len(), 3);
    assert_eq!(ids(&connection.get("/v1/sessions?page[size]=5", &[]).json()).len(), 5);
    let errors = assert_error(&connection.get("/v1/sessions?page[size]=6", &[]), 400);
    assert_eq!(errors[0]["source"]["parameter"], "page[size]");
}

#[test]
fn m1_m7_unknown_and_misplaced_parameters_are_400() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for (url, parameter) in [
        ("/v1/sessions?foo=1", "foo"),
        ("/v1/sessions?Page[size]=1", "Page[size]"),
        ("/v1/sessions?page[unheardOf]=1", "page[unheardOf]"),
        ("/v1/sessions?page=1", "page"),
        ("/v1/sessions/1?foo", "foo"),
        ("/v1/sessions/1?page[size]=1", "page[size]"),
        ("/v1/sessions/1/track?page[size]=1", "page[size]"),
        ("/v1/sessions/1/relationships/speakers?foo=1", "foo"),
        ("/v1/sessions?f%6Fo=1", "foo"),
    ] {
        let errors = assert_error(&connection.get(url, &[]), 400);
        assert_eq!(errors[0]["source"]["parameter"], parameter, "{url}");
    }
    assert_error(&connection.get("/v1/sessions?%ff=1", &[]), 400);
    assert_eq!(connection.get("/v1/sessions?", &[]).status, 200, "an empty query has no parameter");
}
