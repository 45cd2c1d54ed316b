//! D: `include` (JSON:API §8.2).

use serde_json::json;

use crate::{
    api::assert_error,
    case::{assert_bad, objects, read, send_json, serve, serve_with, session},
    support::Connection,
};

fn included(http: &mut Connection, url: &str) -> Vec<String> {
    objects(&read(http, url)["included"])
}

#[test]
fn d1_where_nothing_can_be_included_asking_is_400() {
    let (_server, mut http) = serve_with("max_include_depth = 0");
    for url in ["/v1/sessions", "/v1/sessions/1", "/v1/sessions/1/track", "/v1/sessions/1/speakers"] {
        assert_bad(&mut http, &format!("{url}?include=track"), &["include"]);
    }
    // A change of linkage is answered with the linkage alone, so it refuses, and before it changes anything.
    let (_server, mut http) = serve();
    let document = json!({"data": {"type": "tracks", "id": "1"}});
    let url = "/v1/sessions/1/relationships/track";
    let refused = send_json(&mut http, "PATCH", &format!("{url}?include=track"), &document);
    assert_eq!(assert_error(&refused, 400)[0]["source"]["parameter"], "include");
    assert_eq!(read(&mut http, url)["data"]["id"], "4");
}

#[test]
fn d2_once_asked_for_included_is_there_even_empty() {
    let (_server, mut http) = serve();
    let path = http.post("/v1/sessions", &[], &session("Alone")).header("Location").expect("one").to_owned();
    for url in [
        format!("{path}?include=track"),
        format!("{path}/track?include=sessions"),
        format!("{path}/speakers?include=sessions"),
        format!("{path}/relationships/track?include=track"),
        format!("{path}/relationships/speakers?include=speakers"),
        "/v1/sessions?filter[title]=Nothing&include=track".to_owned(),
    ] {
        assert_eq!(read(&mut http, &url)["included"], json!([]), "{url}");
    }
}

#[test]
fn d3_nothing_is_included_that_was_not_asked_for() {
    let (_server, mut http) = serve();
    for url in
        ["/v1/sessions", "/v1/sessions/1", "/v1/sessions/1/track", "/v1/sessions/1/relationships/track"]
    {
        assert_eq!(read(&mut http, url).get("included"), None, "{url}");
    }
    assert_eq!(included(&mut http, "/v1/sessions/1?include=track"), ["tracks/4"]);
}

#[test]
fn d4_an_empty_include_includes_nothing() {
    let (_server, mut http) = serve();
    for url in ["/v1/sessions?include=", "/v1/sessions/1?include=", "/v1/sessions/1/track?include="] {
        assert_eq!(read(&mut http, url)["included"], json!([]), "{url}");
    }
}

#[test]
fn d5_paths_that_lead_nowhere_are_400() {
    let (_server, mut http) = serve();
    for path in [
        "nothing",
        "track.nothing",
        "title",
        "tracks",
        "Track",
        "track,nothing",
        ",",
        "track,",
        "track.",
        ".track",
    ] {
        for url in ["/v1/sessions", "/v1/sessions/1"] {
            let response = http.get(&format!("{url}?include={path}"), &[]);
            let errors = assert_error(&response, 400);
            assert!(
                errors.iter().all(|error| error["source"]["parameter"] == "include"),
                "{path}: {response:?}"
            );
        }
    }
}

#[test]
fn d6_a_dotted_path_brings_what_lies_between() {
    let (_server, mut http) = serve();
    let found = included(&mut http, "/v1/sessions/4?include=speakers.sessions");
    assert_eq!(found, ["sessions/20", "speakers/3"]);
    let found = included(&mut http, "/v1/sessions/4?include=speakers.sessions.speakers");
    assert_eq!(found, ["sessions/20", "speakers/3", "speakers/5"]);
}

#[test]
fn d7_every_document_of_resources_can_include() {
    let (_server, mut http) = serve();
    for (url, expected) in [
        ("/v1/sessions?filter[id]=1&include=track", "tracks/4"),
        ("/v1/sessions/1?include=track", "tracks/4"),
        ("/v1/speakers/7/sessions?include=track", "tracks/4"),
        ("/v1/sessions/4/track?include=sessions.microlocation", "microlocations/1"),
        ("/v1/sessions/1/relationships/track?include=track", "tracks/4"),
    ] {
        assert!(included(&mut http, url).contains(&expected.to_owned()), "{url}");
    }
    let mut document = session("Included");
    document["data"]["relationships"] = json!({"track": {"data": {"type": "tracks", "id": "2"}}});
    let created = http.post("/v1/sessions?include=track", &[], &document);
    assert_eq!(objects(&created.json()["included"]), ["tracks/2"]);
    let path = created.header("Location").expect("a Location").to_owned();
    document["data"]["id"] = created.json()["data"]["id"].clone();
    document["data"]["relationships"]["track"]["data"]["id"] = json!("3");
    let changed = http.patch(&format!("{path}?include=track"), &[], &document);
    assert_eq!(objects(&changed.json()["included"]), ["tracks/3"]);
}

#[test]
fn d8_paths_that_overlap_bring_each_resource_once() {
    let (_server, mut http) = serve();
    let url =
        "/v1/sessions?filter[track]=1&include=speakers,speakers.sessions,track,track.sessions&page[size]=100";
    let mut found = included(&mut http, url);
    let all = found.len();
    found.dedup();
    assert_eq!(found.len(), all, "{found:?}");
    assert!(found.contains(&"tracks/1".to_owned()) && found.contains(&"speakers/1".to_owned()));
}

#[test]
fn d9_paths_that_are_too_deep_are_400() {
    let (_server, mut http) = serve();
    read(&mut http, "/v1/sessions?include=track.sessions.track");
    assert_bad(&mut http, "/v1/sessions?include=track.sessions.track.sessions", &["include"]);
    let (_server, mut http) = serve_with("max_include_depth = 1");
    read(&mut http, "/v1/sessions?include=track");
    assert_bad(&mut http, "/v1/sessions?include=track.sessions", &["include"]);
}
