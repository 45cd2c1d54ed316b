//! Page, sort and filter of what is included: for each owner, the window is what its related URL shows.
#![cfg(feature = "sqlite")]

mod mistakes;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};
use support::{Answer, Server};

const MEDIA_TYPE: &str = "application/vnd.api+json";
const CURSORS: &str = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination";

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks", etag)]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    title: String,
    level: Option<i64>,
    #[jsonapi(relationship)]
    track: ToOne<Track>,
    #[jsonapi(relationship, through = "talk_speakers")]
    speakers: ToMany<Speaker>,
    #[jsonapi(relationship, inverse = "talk")]
    reviews: ToMany<Review>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", etag)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "track", linkage = true)]
    talks: ToMany<Talk>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers", etag)]
struct Speaker {
    #[jsonapi(id)]
    id: i64,
    name: String,
    age: Option<i64>,
    #[jsonapi(relationship, through = "talk_speakers")]
    talks: ToMany<Talk>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "reviews", etag)]
struct Review {
    #[jsonapi(id)]
    id: i64,
    text: String,
    stars: Option<i64>,
    #[jsonapi(relationship, required)]
    talk: ToOne<Talk>,
}

fn start(url: &str, json_api: &str) -> Server {
    let toml = format!(
        "[default]\nETAG = true\n[default.databases.api]\nurl = '{url}'\nread_timeout = 60\n\
         [default.jsonapi]\nclient_ids = true\n{json_api}"
    );
    let routes = [Talk::routes(), Track::routes(), Speaker::routes(), Review::routes()].concat();
    Server::start(&toml, |rocket| {
        rocket.attach(JsonApi::fairing()).attach(EtagFairing::new()).mount("/", routes)
    })
}

/// Calls `test` with a server over each database.
fn on_each_database(test: impl Fn(&Server)) {
    test(&start("sqlite::memory:", ""));
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        test(&start(database.url(), ""));
    }
}

fn send(server: &Server, method: &str, path: &str, document: &Value, fields: &[(&str, &str)]) -> Answer {
    let fields = [&[("Content-Type", MEDIA_TYPE), ("Accept", MEDIA_TYPE)], fields].concat();
    server.send(method, path, &fields, &document.to_string())
}

fn create(server: &Server, kind: &str, id: u64, attributes: &Value, relationships: &Value) {
    let document = json!({"data": {
        "type": kind, "id": id.to_string(), "attributes": attributes, "relationships": relationships,
    }});
    let answer = send(server, "POST", &format!("/{kind}"), &document, &[]);
    assert_eq!(answer.status, 201, "{}", answer.text());
}

fn identifiers(kind: &str, ids: impl IntoIterator<Item = u64>) -> Value {
    ids.into_iter().map(|id| json!({"type": kind, "id": id.to_string()})).collect()
}

fn read(server: &Server, path: &str) -> Value {
    let answer = server.get(path, &[]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    serde_json::from_str(&answer.text()).expect("a document")
}

fn ids(data: &Value) -> Vec<&str> {
    let data = data.as_array().unwrap_or_else(|| panic!("a list: {data}"));
    data.iter().map(|one| one["id"].as_str().expect("an id")).collect()
}

/// `type/id` of every resource object, each once.
fn objects(data: &Value) -> BTreeSet<String> {
    let all: Vec<String> = data
        .as_array()
        .unwrap_or_else(|| panic!("a list: {data}"))
        .iter()
        .map(|one| format!("{}/{}", one["type"].as_str().unwrap(), one["id"].as_str().unwrap()))
        .collect();
    let set: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(set.len(), all.len(), "each stands there once: {all:?}");
    set
}

/// Two tracks, four talks, six speakers and reviews. The speakers of talk 1 are all, of talk 2 the first three, of talk
/// 3 the last one.
fn programme(server: &Server) {
    for (id, name) in [(1, "Rust"), (2, "Data")] {
        create(server, "tracks", id, &json!({"name": name}), &json!({}));
    }
    let speakers =
        [("Ada", Some(36)), ("Bo", None), ("Cy", Some(20)), ("Di", Some(36)), ("Ed", None), ("Flo", Some(9))];
    for (id, (name, age)) in (1..).zip(speakers) {
        create(server, "speakers", id, &json!({"name": name, "age": age}), &json!({}));
    }
    for (id, of, track) in [(1, 1..7, 1), (2, 1..4, 1), (3, 6..7, 1), (4, 0..0, 2)] {
        let relationships = json!({
            "speakers": {"data": identifiers("speakers", of)},
            "track": {"data": {"type": "tracks", "id": track.to_string()}},
        });
        create(server, "talks", id, &json!({"title": format!("Talk {id}"), "level": id % 3}), &relationships);
    }
    for id in 1..=9 {
        let talk = if id < 7 { 1 } else { 2 };
        let relationships = json!({"talk": {"data": {"type": "talks", "id": talk.to_string()}}});
        let stars = (id % 4 > 0).then_some(id % 4);
        create(
            server,
            "reviews",
            id,
            &json!({"text": format!("{}", 9 - id), "stars": stars}),
            &relationships,
        );
    }
}

/// What windows are made of: of the family, as it is at the related URL.
const SORTS: [&str; 5] = ["", "id", "-id", "KEY,-id", "-KEY"];
const FILTERS: [&str; 3] = ["", "[KEY][ge]=2", "[id][]=1&FILTER[id][]=3&FILTER[id][]=4"];
const PAGES: [&str; 5] =
    ["", "size=2", "size=2&PAGE number=2", "limit=3&PAGE offset=1", "size=1&PAGE totals="];

/// A query of the related URL, and the same of what is included.
fn queries(path: &str, key: &str, sort: &str, filter: &str, page: &str) -> [String; 2] {
    let of = |of_sort: &str, of_filter: &str, of_page: &str| {
        let mut query = String::new();
        if !sort.is_empty() {
            query += &format!("&{of_sort}={}", sort.replace("KEY", key));
        }
        if !filter.is_empty() {
            query += &format!("&{of_filter}{}", filter.replace("KEY", key).replace("FILTER", of_filter));
        }
        for page in page.split('&').filter(|page| !page.is_empty()) {
            let (name, value) = page.trim_start_matches("PAGE ").split_once('=').unwrap();
            query += &format!("&{of_page}[{name}]={value}");
        }
        query
    };
    [
        of("sort", "filter", "page"),
        of(&format!("sort[{path}]"), &format!("filterIncluded[{path}]"), &format!("page[{path}]")),
    ]
}

#[test]
fn each_owner_has_what_its_related_url_shows() {
    on_each_database(|server| {
        programme(server);
        for (relationship, key) in [("speakers", "age"), ("reviews", "stars")] {
            for (sort, filter, page) in SORTS.iter().flat_map(|sort| {
                FILTERS.iter().flat_map(move |filter| PAGES.iter().map(move |page| (sort, filter, page)))
            }) {
                let [related, window] = queries(relationship, key, sort, filter, page);
                if window.is_empty() {
                    continue;
                }
                let document = read(server, &format!("/talks?include={relationship}{window}"));
                let mut all = BTreeSet::new();
                for talk in document["data"].as_array().unwrap() {
                    let told = format!("{window} of {talk}");
                    let shown = &talk["relationships"][relationship];
                    let url = format!("/talks/{}/{relationship}?{related}", talk["id"].as_str().unwrap());
                    let url = if page.is_empty() { format!("{url}&page[size]=100") } else { url };
                    let expected = read(server, &url);
                    assert_eq!(ids(&shown["data"]), ids(&expected["data"]), "{told}");
                    all.extend(objects(&expected["data"]));
                    let totals = page.contains("totals");
                    assert_eq!(shown["meta"]["count"].is_u64(), totals, "{told}");
                    assert_eq!(shown["meta"]["count"], expected["meta"]["count"], "{told}");
                    let links = shown["links"].as_object().unwrap();
                    assert_eq!(links.contains_key("next"), !page.is_empty(), "{told}");
                    if !page.is_empty() {
                        for name in ["first", "last", "prev", "next"] {
                            assert_eq!(
                                links[name].is_null(),
                                expected["links"][name].is_null(),
                                "{name} {told}"
                            );
                        }
                    }
                }
                assert_eq!(objects(&document["included"]), all, "{window}");
            }
        }
    });
}

/// Follows `next` from a relationship object to the end; the ids, and what came with them.
fn walk(server: &Server, shown: &Value, fields: &[(&str, &str)]) -> (Vec<String>, BTreeSet<String>) {
    let mut found: Vec<String> = ids(&shown["data"]).into_iter().map(str::to_owned).collect();
    let mut with = BTreeSet::new();
    let mut next = shown["links"]["next"].as_str().map(str::to_owned);
    while let Some(url) = next {
        let answer = server.get(&url, fields);
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        let page: Value = serde_json::from_str(&answer.text()).unwrap();
        found.extend(ids(&page["data"]).into_iter().map(str::to_owned));
        with.extend(objects(&page["included"]));
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    (found, with)
}

#[test]
fn the_links_of_a_relationship_lead_through_the_rest() {
    let accept = format!("{MEDIA_TYPE};profile=\"{CURSORS}\"");
    on_each_database(|server| {
        programme(server);
        for fields in [&[][..], &[("Accept", accept.as_str())]] {
            let query = "include=speakers.talks,track&page[size]=1&sort=id&page[speakers][size]=2&sort[speakers]=-age\
                         &filterIncluded[speakers][name][ne]=Bo&page[speakers.talks][size]=1&fields[talks]=speakers,title";
            let answer = server.get(&format!("/talks?{query}"), fields);
            let document: Value = serde_json::from_str(&answer.text()).expect("a document");
            let shown = &document["data"][0]["relationships"]["speakers"];
            assert_eq!(ids(&shown["data"]), ["1", "4"], "{document}");
            let (found, with) = walk(server, shown, fields);
            assert_eq!(found, ["1", "4", "3", "6", "5"]);
            // With what was included of them, by the same window: each has talk 1 as its first.
            assert_eq!(with, ["speakers/3", "speakers/5", "speakers/6", "talks/1"].map(str::to_owned).into());
            let by_cursor = !fields.is_empty();
            let next = shown["links"]["next"].as_str().unwrap();
            assert_eq!(next.contains("after"), by_cursor, "{next}");
            let content_type = answer.field("content-type").unwrap();
            assert_eq!(content_type.contains(CURSORS), by_cursor, "{content_type}");
        }
    });
}

#[test]
fn a_cursor_page_of_one_resource_names_its_profile() {
    let server = start("sqlite::memory:", "");
    programme(&server);
    let accept = format!("{MEDIA_TYPE};profile=\"{CURSORS}\"");
    let answer = server.get("/talks/1?include=speakers&page[speakers][size]=4", &[("Accept", &accept)]);
    assert!(answer.field("content-type").unwrap().contains(CURSORS));
    let document: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!(document["jsonapi"]["profile"][0], CURSORS);
    let (found, _) = walk(&server, &document["data"]["relationships"]["speakers"], &[("Accept", &accept)]);
    assert_eq!(found, ["1", "2", "3", "4", "5", "6"]);
}

#[test]
fn windows_are_nested_and_stand_at_every_url() {
    on_each_database(|server| {
        programme(server);
        for url in ["/tracks?include=", "/tracks/1?include=", "/talks/1/track?include="] {
            let query = "talks.reviews&page[talks][size]=2&sort[talks]=-title&page[talks.reviews][size]=1\
                         &sort[talks.reviews]=-stars,text&filterIncluded[talks.reviews][stars][lt]=3";
            let document = read(server, &format!("{url}{query}"));
            let track = if document["data"].is_array() { &document["data"][0] } else { &document["data"] };
            assert_eq!(ids(&track["relationships"]["talks"]["data"]), ["3", "2"], "{url}");
            let included = document["included"].as_array().unwrap();
            let talk =
                |id: &str| included.iter().find(|one| one["type"] == "talks" && one["id"] == id).unwrap();
            // Talk 2 has the reviews 7, 8 and 9, with 3, none and 1 stars.
            assert_eq!(ids(&talk("2")["relationships"]["reviews"]["data"]), ["9"], "{url}");
            assert_eq!(ids(&talk("3")["relationships"]["reviews"]["data"]), Vec::<&str>::new(), "{url}");
        }
        let document = read(
            server,
            "/talks/1/relationships/speakers?include=speakers.talks&page[speakers.talks][size]=1&page[size]=2",
        );
        assert_eq!(ids(&document["data"]), ["1", "2"]);
        assert_eq!(
            objects(&document["included"]),
            ["speakers/1", "speakers/2", "talks/1"].map(str::to_owned).into()
        );
        // A change is answered in the same way.
        let document = json!({"data": {"type": "talks", "id": "1", "attributes": {"level": 2}}});
        let url = "/talks/1?include=speakers&page[speakers][size]=1&page[speakers][totals]";
        let answer = send(server, "PATCH", url, &document, &[]);
        let changed: Value = serde_json::from_str(&answer.text()).unwrap();
        assert_eq!(changed["data"]["relationships"]["speakers"]["meta"], json!({"count": 6}));
        assert_eq!(changed, read(server, url));
    });
}

#[test]
fn linkage_is_sorted_and_filtered_at_its_own_url() {
    on_each_database(|server| {
        programme(server);
        let url = "/talks/1/relationships/speakers";
        assert_eq!(ids(&read(server, &format!("{url}?sort=-name"))["data"]), ["6", "5", "4", "3", "2", "1"]);
        let filtered =
            read(server, &format!("{url}?filter[age][ge]=10&sort=age,-id&page[size]=2&page[totals]"));
        assert_eq!((ids(&filtered["data"]), &filtered["meta"]["count"]), (vec!["3", "4"], &json!(3)));
        assert_eq!(server.get("/talks/1/relationships/track?sort=name", &[]).status, 400);
    });
}

#[test]
fn a_resource_stands_there_once_and_what_is_sent_counts() {
    let server = start("sqlite::memory:", "max_included = 3");
    programme(&server);
    // Both windows have speakers 1 and 2; the third is speaker 6.
    let document = read(&server, "/talks?include=speakers&page[speakers][size]=2");
    assert_eq!(
        objects(&document["included"]),
        ["speakers/1", "speakers/2", "speakers/6"].map(str::to_owned).into()
    );
    assert_eq!(server.get("/talks?include=speakers&page[speakers][size]=3", &[]).status, 400);
    assert_eq!(server.get("/talks?include=speakers", &[]).status, 400);
}

#[test]
fn a_relationship_that_is_not_followed_shows_no_linkage() {
    let server = start("sqlite::memory:", "");
    programme(&server);
    let query = "include=speakers,track.talks&page[speakers][size]=1&filter[id]=1";
    let document = read(&server, &format!("/talks?{query}"));
    assert_eq!(ids(&document["data"][0]["relationships"]["speakers"]["data"]), ["1"]);
    let included = document["included"].as_array().unwrap();
    let talk = included.iter().find(|one| one["type"] == "talks" && one["id"] == "2").unwrap();
    let shown = talk["relationships"]["speakers"].as_object().unwrap();
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["links"], "its speakers were not asked for");
    // By one window for all paths they are.
    let query = query.replace("track.talks", "track.talks.speakers");
    let query = format!("{query}&page[track.talks.speakers][size]=1");
    let document = read(&server, &format!("/talks?{query}"));
    let included = document["included"].as_array().unwrap();
    let talk = included.iter().find(|one| one["type"] == "talks" && one["id"] == "2").unwrap();
    assert_eq!(ids(&talk["relationships"]["speakers"]["data"]), ["1"]);
}

fn tag(answer: &Answer) -> String {
    answer.field("etag").expect("a tag").to_owned()
}

#[test]
fn who_has_seen_a_window_does_not_replace_the_whole() {
    on_each_database(|server| {
        programme(server);
        let whole = tag(&server.get("/talks/1", &[]));
        let answer = server.get("/talks/1?include=speakers&page[speakers][size]=2", &[]);
        let seen = tag(&answer);
        let state = |tag: &str| tag.trim_matches('"').split('-').next().unwrap().to_owned();
        assert_eq!(state(&seen), state(&whole), "the state is that of the whole");
        // Whoever sends back what they have read, with a change of their own, takes no speaker away.
        let document: Value = serde_json::from_str(&answer.text()).unwrap();
        let speakers = document["data"]["relationships"]["speakers"].clone();
        let change = |speakers: &Value| {
            json!({"data": {
                "type": "talks", "id": "1", "attributes": {"title": "New"}, "relationships": {"speakers": speakers},
            }})
        };
        for coded in [seen.clone(), format!("{}-gzip\"", seen.trim_end_matches('"'))] {
            let refused = send(server, "PATCH", "/talks/1", &change(&speakers), &[("If-Match", &coded)]);
            assert_eq!(refused.status, 403, "{}", refused.text());
            let refused: Value = serde_json::from_str(&refused.text()).unwrap();
            assert_eq!(refused["errors"][0]["code"], "full_replacement_not_allowed");
            assert_eq!(refused["errors"][0]["source"]["pointer"], "/data/relationships/speakers");
        }
        // All of them, whoever has told them: nothing is changed by that.
        let all = json!({"data": identifiers("speakers", 1..=6)});
        assert_eq!(send(server, "PATCH", "/talks/1", &change(&all), &[("If-Match", &seen)]).status, 200);
        // Without the linkage.
        let seen = tag(&server.get("/talks/1?include=speakers&page[speakers][size]=2", &[]));
        let title = json!({"data": {"type": "talks", "id": "1", "attributes": {"title": "Newer"}}});
        assert_eq!(send(server, "PATCH", "/talks/1", &title, &[("If-Match", &seen)]).status, 200);
        assert_eq!(
            send(server, "PATCH", "/talks/1", &title, &[("If-Match", &seen)]).status,
            412,
            "it has changed"
        );
        assert_eq!(ids(&read(server, "/talks/1/relationships/speakers")["data"]).len(), 6);
        // Who has read all as well may replace it, and who has seen a window of another relationship.
        let whole = tag(&server.get("/talks/1", &[]));
        let seen = tag(&server.get("/talks/1?include=speakers&page[speakers][size]=2", &[]));
        let two = json!({"data": identifiers("speakers", [1, 2])});
        let both = format!("{seen}, {whole}");
        assert_eq!(send(server, "PATCH", "/talks/1", &change(&two), &[("If-Match", &both)]).status, 200);
        let seen = tag(&server.get("/talks/1?include=reviews&page[reviews][size]=2", &[]));
        let one = json!({"data": identifiers("speakers", [1])});
        assert_eq!(send(server, "PATCH", "/talks/1", &change(&one), &[("If-Match", &seen)]).status, 200);
        assert_eq!(ids(&read(server, "/talks/1/relationships/speakers")["data"]), ["1"]);
    });
}

#[test]
fn a_tag_changes_with_what_the_window_is_made_by() {
    on_each_database(|server| {
        programme(server);
        // The track of a talk, by which the window is sorted, stands in no document here.
        let url =
            "/speakers/1?include=talks&page[talks][size]=1&sort[talks]=-track.name,id&fields[talks]=title";
        let before = server.get(url, &[]);
        assert_eq!(server.get(url, &[("If-None-Match", &tag(&before))]).status, 304);
        let other = json!({"data": {"type": "talks", "id": "2", "relationships": {
            "track": {"data": {"type": "tracks", "id": "2"}},
        }}});
        assert_eq!(send(server, "PATCH", "/talks/2", &other, &[]).status, 200);
        let renamed = json!({"data": {"type": "tracks", "id": "2", "attributes": {"name": "Zig"}}});
        let between = server.get(url, &[]);
        assert_eq!(send(server, "PATCH", "/tracks/2", &renamed, &[]).status, 200);
        let after = server.get(url, &[("If-None-Match", &tag(&between))]);
        assert_eq!(after.status, 200);
        let document: Value = serde_json::from_str(&after.text()).unwrap();
        assert_eq!(ids(&document["data"]["relationships"]["talks"]["data"]), ["2"]);
    });
}
