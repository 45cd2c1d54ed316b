//! M: names of query parameters (JSON:API §8, §8.7).

use crate::{
    api::assert_error,
    case::{assert_bad, ids, read, serve},
};

#[test]
fn m1_unknown_parameters_are_400() {
    let (_server, mut http) = serve();
    for name in ["foo", "Filter", "FILTER[title]", "includes", "page[unheardOf]", "sort[title]", "include[a]"]
    {
        for url in ["/v1/sessions", "/v1/sessions/1/speakers"] {
            assert_bad(&mut http, &format!("{url}?{name}=1"), &[name]);
        }
    }
    assert_bad(&mut http, "/v1/sessions/1?foo=1", &["foo"]);
    assert_bad(&mut http, "/v1/sessions?foo=1&bar", &["foo", "bar"]);
}

#[test]
fn m2_names_of_small_letters_alone_belong_to_the_specification() {
    let (_server, mut http) = serve();
    // Legal or not, no such parameter is defined here, so each is refused.
    for name in ["q", "scopes", "camelCase", "get_trashed"] {
        assert_bad(&mut http, &format!("/v1/sessions?{name}=1"), &[name]);
    }
}

#[test]
fn m3_brackets_hold_member_names_dotted_lists_or_nothing() {
    let (_server, mut http) = serve();
    for name in [
        "filter[_]",
        "filter[a",
        "filter]a[",
        "filter[a]b",
        "filter[-a]",
        "page[size",
        "fields[a/b]",
        "filter[a..b]",
        "filter[.a]",
    ] {
        let errors = assert_error(&http.get(&format!("/v1/sessions?{name}=1"), &[]), 400);
        assert_eq!(errors[0]["source"]["parameter"], name);
        assert_eq!(errors[0]["code"], "invalid_parameter_name", "{name}");
    }
    read(&mut http, "/v1/sessions?filter[track.name]=x&filter[id][]=1");
}

#[test]
fn m4_raw_and_encoded_brackets_are_the_same() {
    let (_server, mut http) = serve();
    let raw = http.get("/v1/sessions?page[size]=2&filter[level]=beginner&fields[sessions]=title", &[]);
    let url = "/v1/sessions?page%5Bsize%5D=2&filter%5blevel%5d=beginner&fields%5Bsessions%5D=title";
    let encoded = http.get(url, &[]);
    assert_eq!((raw.status, raw.text(), raw.etag()), (200, encoded.text(), encoded.etag()));
}

#[test]
fn m5_a_plus_is_a_space() {
    let (_server, mut http) = serve();
    for value in ["SQLite+below+deck", "SQLite%20below%20deck"] {
        let document = read(&mut http, &format!("/v1/sessions?filter[title]={value}"));
        assert_eq!(ids(&document["data"]), ["4"], "{value}");
    }
    let document = read(&mut http, "/v1/sessions?filter[title]=SQLite%2Bbelow%2Bdeck");
    assert!(ids(&document["data"]).is_empty(), "an encoded plus is a plus");
}

#[test]
fn m6_parameters_of_extensions_are_400_without_their_extension() {
    let (_server, mut http) = serve();
    for name in ["atomic:operations", "ns:name", "ns:name[a]"] {
        assert_bad(&mut http, &format!("/v1/sessions?{name}=1"), &[name]);
    }
}

#[test]
fn m7_families_that_mean_nothing_at_a_url_are_400() {
    let (_server, mut http) = serve();
    for url in ["/v1/sessions/1", "/v1/sessions/1/track", "/v1/sessions/1/relationships/track"] {
        for name in ["sort", "page[size]", "filter[id]"] {
            assert_bad(&mut http, &format!("{url}?{name}=1"), &[name]);
        }
    }
    // Linkage of many is a list, which can be put in order and filtered.
    let url = "/v1/sessions/1/relationships/speakers";
    let mut linked = |query: &str| -> Vec<String> {
        let document = read(&mut http, &format!("{url}?{query}"));
        ids(&document["data"]).into_iter().map(Into::into).collect()
    };
    let (mut ascending, first) = (linked("sort=id"), linked("sort=id&page[size]=1"));
    assert_eq!(linked(&format!("filter[id]={}", first[0])), first);
    ascending.reverse();
    assert_eq!(linked("sort=-id"), ascending);
    assert_bad(&mut http, &format!("{url}?sort=1"), &["sort"]);
}

#[test]
fn m8_a_parameter_stands_once() {
    let (_server, mut http) = serve();
    for name in ["include", "sort", "page[size]", "fields[sessions]", "filter[level]", "filter"] {
        let value = match name {
            "include" => "track",
            "sort" => "title",
            "page[size]" => "1",
            "fields[sessions]" => "title",
            "filter[level]" => "x",
            _ => "[]",
        };
        let url = format!("/v1/sessions?{name}={value}&{name}={value}");
        let errors = assert_error(&http.get(&url, &[]), 400);
        assert_eq!(errors[0]["source"]["parameter"], name, "{url}");
    }
    // The one that is made to be repeated.
    let document = read(&mut http, "/v1/sessions?filter[id][]=1&filter[id][]=2");
    assert_eq!(ids(&document["data"]), ["1", "2"]);
}
