//! F: `sort` (JSON:API §8.5).

use serde_json::Value;

use crate::{
    case::{assert_bad, ids, read, serve},
    support::Connection,
};

fn sessions(http: &mut Connection, sort: &str) -> Vec<Value> {
    let document = read(http, &format!("/v1/sessions?sort={sort}&page[size]=100"));
    document["data"].as_array().expect("a list").clone()
}

fn values(sessions: &[Value], name: &str) -> Vec<Value> {
    sessions.iter().map(|session| session["attributes"][name].clone()).collect()
}

fn numbers(sessions: &[Value]) -> Vec<u64> {
    ids(&Value::Array(sessions.to_vec())).iter().map(|id| id.parse().expect("a number")).collect()
}

#[test]
fn f1_ascending_and_with_a_minus_descending() {
    let (_server, mut http) = serve();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let up: Vec<_> = values(&sessions(&mut http, "title"), "title").iter().map(text).collect();
    assert_eq!(up.len(), 21);
    assert!(up.is_sorted(), "{up:?}");
    let down: Vec<_> = values(&sessions(&mut http, "-title"), "title").iter().map(text).collect();
    assert!(down.iter().rev().eq(up.iter()), "{down:?}");
    let times = values(&sessions(&mut http, "-startTime"), "startTime");
    assert!(times.iter().map(Value::as_str).rev().is_sorted(), "{times:?}");
}

#[test]
fn f2_several_fields_apply_one_after_the_other() {
    let (_server, mut http) = serve();
    let sorted = sessions(&mut http, "level,-title");
    let keys: Vec<_> = sorted
        .iter()
        .map(|one| {
            let text = |name: &str| one["attributes"][name].as_str().map(str::to_owned);
            (text("level"), std::cmp::Reverse(text("title")))
        })
        .filter(|(level, _)| level.is_some())
        .collect();
    assert_eq!(keys.len(), 19);
    assert!(keys.is_sorted(), "{keys:?}");
    // Equal keys stand in the order of ids, so that pages neither lose nor repeat one.
    let by_state: Vec<_> =
        sessions(&mut http, "microlocation.id").iter().map(|one| one["relationships"].clone()).collect();
    assert_eq!(by_state.len(), 21);
    let first: Vec<_> = numbers(&sessions(&mut http, "microlocation.id"));
    assert_eq!(first[..13], [1, 2, 3, 6, 8, 10, 11, 13, 15, 18, 19, 21, 4], "{first:?}");
}

#[test]
fn f3_fields_that_cannot_be_sorted_by_are_400() {
    let (_server, mut http) = serve();
    for sort in ["nothing", "speakers.name", "track", "track.nothing", "", "-", "Title"] {
        assert_bad(&mut http, &format!("/v1/sessions?sort={sort}"), &["sort"]);
    }
}

#[test]
fn f4_dotted_paths_sort_by_a_related_resource() {
    let (_server, mut http) = serve();
    let document = read(&mut http, "/v1/sessions?sort=track.name,id&include=track&page[size]=100");
    let name = |id: &str| {
        let mut tracks = document["included"].as_array().expect("a list").iter();
        let track = tracks.find(|track| track["id"] == id).expect("the track");
        track["attributes"]["name"].as_str().expect("a name").to_owned()
    };
    let sorted: Vec<_> = document["data"].as_array().expect("a list").iter().collect();
    let names: Vec<_> = sorted
        .iter()
        .map(|one| name(one["relationships"]["track"]["data"]["id"].as_str().expect("a track")))
        .collect();
    assert_eq!(names.len(), 21);
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn f5_one_resource_cannot_be_sorted() {
    let (_server, mut http) = serve();
    for url in ["/v1/sessions/1", "/v1/sessions/1/track", "/v1/sessions/1/relationships/track"] {
        assert_bad(&mut http, &format!("{url}?sort=title"), &["sort"]);
    }
}

#[test]
fn f6_names_are_exact() {
    let (_server, mut http) = serve();
    for sort in ["ti-tle", "--title", "title-", "%20title", "TITLE", "start_time"] {
        assert_bad(&mut http, &format!("/v1/sessions?sort={sort}"), &["sort"]);
    }
}
