//! E: `fields` (JSON:API §8.3).

use serde_json::Value;

use crate::{
    case::{assert_bad, names, objects, read, serve, session},
    support::Connection,
};

/// The names of what a resource shows: attributes and relationships.
fn shown(resource: &Value) -> Vec<&str> {
    let members = ["attributes", "relationships"].into_iter();
    members.flat_map(|member| resource.get(member).map(names).unwrap_or_default()).collect()
}

fn first(http: &mut Connection, url: &str) -> Value {
    read(http, url)["data"][0].clone()
}

#[test]
fn e1_only_the_fields_asked_for_are_shown_of_a_type_wherever_it_stands() {
    let (_server, mut http) = serve();
    let url =
        "/v1/sessions?fields[sessions]=title,track&fields[tracks]=name&include=track,speakers&page[size]=3";
    let document = read(&mut http, url);
    for session in document["data"].as_array().expect("a list") {
        assert_eq!(shown(session), ["title", "track"]);
        assert!(
            session["id"].is_string()
                && session["type"] == "sessions"
                && session["links"]["self"].is_string()
        );
    }
    for resource in document["included"].as_array().expect("a list") {
        match resource["type"].as_str() {
            Some("tracks") => assert_eq!(shown(resource), ["name"]),
            _ => assert!(shown(resource).len() > 3, "a type that fields doesn't name is whole: {resource}"),
        }
    }
}

#[test]
fn e2_an_empty_list_shows_no_field() {
    let (_server, mut http) = serve();
    let track = first(&mut http, "/v1/tracks?fields[tracks]=");
    assert_eq!(names(&track), ["id", "links", "type"]);
}

#[test]
fn e3_fields_apply_to_the_answers_of_writes() {
    let (_server, mut http) = serve();
    let created = http.post("/v1/sessions?fields[sessions]=level,speakers", &[], &session("Sparse"));
    assert_eq!((created.status, shown(&created.json()["data"])), (201, vec!["level", "speakers"]));
    let path = created.header("Location").expect("a Location").to_owned();
    let mut document = session("Sparser");
    document["data"]["id"] = created.json()["data"]["id"].clone();
    let changed = http.patch(&format!("{path}?fields[sessions]=title"), &[], &document);
    assert_eq!((changed.status, shown(&changed.json()["data"])), (200, vec!["title"]));
}

#[test]
fn e4_types_and_fields_that_nobody_has_are_400() {
    let (_server, mut http) = serve();
    assert_bad(&mut http, "/v1/sessions?fields[nothing]=a", &["fields[nothing]"]);
    for field in ["nothing", "Title", "track_id", "title,nothing", "title,title", "title,,level"] {
        let url = format!("/v1/sessions/1?fields[sessions]={field}");
        assert_bad(&mut http, &url, &["fields[sessions]"]);
    }
    // Every resource object has these, whatever its fields.
    let document = read(&mut http, "/v1/sessions/1?fields[sessions]=id,type,title");
    assert_eq!(shown(&document["data"]), ["title"]);
    for parameter in ["fields", "fields[]", "fields[sessions][title]"] {
        assert_bad(&mut http, &format!("/v1/sessions?{parameter}=title"), &[parameter]);
    }
}

#[test]
fn e5_what_is_included_stays_where_the_relationship_is_hidden() {
    let (_server, mut http) = serve();
    let document = read(&mut http, "/v1/sessions/1?fields[sessions]=title&include=track,speakers");
    assert_eq!(shown(&document["data"]), ["title"]);
    assert_eq!(objects(&document["included"]), ["speakers/15", "speakers/7", "tracks/4"]);
    let document = read(&mut http, "/v1/sessions/4?fields[speakers]=name&include=speakers.sessions");
    assert_eq!(objects(&document["included"]), ["sessions/20", "speakers/3"]);
}
