//! Parameters of windows that mean nothing, and those that meant something before there were windows.

use serde_json::{Value, json};

use crate::{ids, programme, read, send, start};

#[test]
fn mistakes_name_their_parameter() {
    let server = start("sqlite::memory:", "max_page_size = 50\nmax_filter_relationships = 2");
    programme(&server);
    for (query, code, parameter) in [
        ("page[speakers][size]=2", "unknown_parameter", "page[speakers][size]"),
        ("include=track&sort[speakers]=name", "unknown_parameter", "sort[speakers]"),
        (
            "include=speakers&filterIncluded[reviews][text]=x",
            "unknown_parameter",
            "filterIncluded[reviews][text]",
        ),
        ("include=speakers&page[nobody][size]=2", "unknown_parameter", "page[nobody][size]"),
        ("include=speakers&page[speakers.talks][size]=2", "unknown_parameter", "page[speakers.talks][size]"),
        ("include=track&page[track][size]=2", "unknown_parameter", "page[track][size]"),
        ("include=track&filterIncluded[track][name]=x", "unknown_parameter", "filterIncluded[track][name]"),
        ("include=speakers&page[speakers][size]=0", "invalid_page", "page[speakers][size]"),
        ("include=speakers&page[speakers][size]=x", "invalid_page", "page[speakers][size]"),
        ("include=speakers&page[speakers][size]=51", "page_too_large", "page[speakers][size]"),
        ("include=speakers&page[speakers][limit]=51", "page_too_large", "page[speakers][limit]"),
        ("include=speakers&page[speakers][after]=x", "invalid_page", "page[speakers][after]"),
        ("include=speakers&page[speakers][x]=2", "unknown_parameter", "page[speakers][x]"),
        (
            "include=speakers&page[speakers][size]=2&page[speakers][size]=3",
            "unknown_parameter",
            "page[speakers][size]",
        ),
        (
            "include=speakers&page[speakers][size]=2&page[speakers][offset]=3",
            "invalid_page",
            "page[speakers][offset]",
        ),
        ("include=speakers&sort[speakers]=nothing", "invalid_sort", "sort[speakers]"),
        ("include=speakers&sort[speakers]=talks.title", "invalid_sort", "sort[speakers]"),
        ("include=speakers&sort[]=name", "unknown_parameter", "sort[]"),
        ("include=speakers&sort[speakers][x]=name", "unknown_parameter", "sort[speakers][x]"),
        (
            "include=speakers&filterIncluded[speakers][nothing]=x",
            "invalid_filter",
            "filterIncluded[speakers][nothing]",
        ),
        (
            "include=speakers&filterIncluded[speakers][age][like]=x",
            "invalid_filter",
            "filterIncluded[speakers][age][like]",
        ),
        ("include=speakers&filterIncluded[speakers]=x", "invalid_filter", "filterIncluded[speakers]"),
        ("include=speakers&filterIncluded=x", "unknown_parameter", "filterIncluded"),
        (
            "include=speakers&filterincluded[speakers][name]=x",
            "unknown_parameter",
            "filterincluded[speakers][name]",
        ),
        (
            "include=speakers,track.talks.speakers&page[speakers][size]=2",
            "invalid_page",
            "page[speakers][size]",
        ),
        ("include=talks&sort[talks]=name", "invalid_include", "include"),
        (
            "include=reviews&filter[track.name]=a&filterIncluded[reviews][talk.track.name]=x",
            "limit_exceeded",
            "filterIncluded[reviews][talk.track.name]",
        ),
    ] {
        let answer = server.get(&format!("/talks?{query}"), &[]);
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        let errors: Value = serde_json::from_str(&answer.text()).unwrap();
        let error = &errors["errors"][0];
        assert_eq!(errors["errors"].as_array().unwrap().len(), 1, "{query}: {errors}");
        assert_eq!(
            (error["code"].as_str(), error["source"]["parameter"].as_str()),
            (Some(code), Some(parameter)),
            "{query}"
        );
    }
    let own = "/talks/1/relationships/speakers?include=speakers&page[speakers][size]=2";
    let answer = server.get(own, &[]);
    assert!(answer.status == 400 && answer.text().contains("list of this URL"), "{}", answer.text());
    let document = json!({"data": []});
    let url = "/talks/1/relationships/speakers?filterIncluded[speakers][name]=x";
    assert_eq!(send(&server, "PATCH", url, &document, &[]).status, 400);
}

#[test]
fn every_url_that_was_valid_means_what_it_meant() {
    let server = start("sqlite::memory:", "");
    programme(&server);
    // The root is filtered, with an operator too.
    let all =
        |url: &str| ids(&read(&server, url)["data"]).iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    assert_eq!(all("/talks?include=speakers&filter[speakers]=6"), ["1", "3"]);
    assert_eq!(all("/talks?include=speakers&filter[speakers.name]=Flo"), ["1", "3"]);
    assert_eq!(all("/talks?include=speakers&filter[speakers.age][lt]=10"), ["1", "3"]);
    let document = read(&server, "/talks?include=speakers&filter[speakers]=6&page[size]=1");
    assert_eq!(ids(&document["data"][0]["relationships"]["speakers"]["data"]).len(), 6);
}
