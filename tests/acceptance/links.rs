//! Every link leads somewhere, with a whole conference in the database.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    api::{COLLECTIONS, count, crawl},
    support::{Connection, Launch, Server},
};

/// The FOSSASIA 2018 data: `FOSSASIA_DATA`, or the folder beside the workspace.
fn fossasia() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/fossasia-2018");
    let folder = std::env::var_os("FOSSASIA_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("sessions.json").is_file() {
        return Some(folder.canonicalize().expect("a folder"));
    }
    // Not part of this repository, so its absence is no failure even under CI=true; unless it was named.
    assert!(std::env::var_os("FOSSASIA_DATA").is_none(), "no sessions.json in {}", folder.display());
    eprintln!("skipped: no FOSSASIA data at {}; name its folder in FOSSASIA_DATA", folder.display());
    None
}

fn records(folder: &Path, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(name)).expect("read the data");
    serde_json::from_str(&text).expect("JSON")
}

fn serve(folder: &Path) -> Server {
    Launch::new().env("OPEN_EVENT_DATA", folder.to_str().expect("a path in UTF-8")).start()
}

fn id(value: &Value) -> Option<String> {
    value.as_i64().map(|id| id.to_string())
}

#[test]
fn every_link_of_the_built_in_conference_answers_200() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let pages = crawl(&mut connection);
    for collection in COLLECTIONS {
        assert!(count(&mut connection, collection) > 0, "{collection}");
    }
    assert!((15..=30).contains(&count(&mut connection, "/v1/sessions")), "about 20 sessions");
    assert!(pages.keys().any(|url| url.contains("page")), "the collection has pages");
    assert_every_resource_is_reached(&mut connection, pages.keys());
}

#[test]
fn every_link_of_fossasia_2018_answers_200() {
    let Some(folder) = fossasia() else { return };
    let server = serve(&folder);
    let mut connection = server.connect();
    assert_eq!(count(&mut connection, "/v1/sessions"), 234);
    assert_eq!(count(&mut connection, "/v1/speakers"), 215);
    let pages = crawl(&mut connection);
    assert_every_resource_is_reached(&mut connection, pages.keys());
    for (collection, file) in [
        ("/v1/sessions", "sessions.json"),
        ("/v1/speakers", "speakers.json"),
        ("/v1/tracks", "tracks.json"),
        ("/v1/microlocations", "microlocations.json"),
        ("/v1/session-types", "session_types.json"),
    ] {
        for record in records(&folder, file) {
            let path = format!("{collection}/{}", id(&record["id"]).expect("an id"));
            assert!(pages.contains_key(&path), "{path}");
        }
    }
}

/// The crawl has found as many resources of each type as the collection says there are.
fn assert_every_resource_is_reached<'a>(
    connection: &mut Connection,
    urls: impl Iterator<Item = &'a String> + Clone,
) {
    for collection in COLLECTIONS {
        let items = urls
            .clone()
            .filter_map(|url| url.strip_prefix(collection)?.strip_prefix('/'))
            .filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
            .count();
        assert_eq!(items as u64, count(connection, collection), "{collection}");
    }
}

/// All resources of a related collection, page by page.
fn related(connection: &mut Connection, url: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = Some(url.to_owned());
    while let Some(url) = next {
        let page = connection.get(&url, &[]).json();
        found.extend(page["data"].as_array().expect("a collection").iter().cloned());
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    found
}

fn ids(identifiers: &Value) -> BTreeSet<String> {
    let identifiers = identifiers.as_array().expect("to-many linkage is an array");
    let ids: BTreeSet<_> =
        identifiers.iter().map(|one| one["id"].as_str().expect("an id is a string").to_owned()).collect();
    assert_eq!(ids.len(), identifiers.len(), "no resource twice");
    ids
}

#[test]
fn every_session_of_fossasia_2018_leads_to_its_speakers_track_and_room() {
    let Some(folder) = fossasia() else { return };
    let server = serve(&folder);
    let mut connection = server.connect();
    let names: BTreeMap<String, Value> = records(&folder, "speakers.json")
        .into_iter()
        .map(|speaker| (id(&speaker["id"]).expect("an id"), speaker["name"].clone()))
        .collect();
    let sessions = records(&folder, "sessions.json");
    assert_eq!(sessions.len(), 234);
    for expected in sessions {
        let path = format!("/v1/sessions/{}", id(&expected["id"]).expect("an id"));
        let session = connection.get(&path, &[]).json();
        let relationships = &session["data"]["relationships"];
        let link =
            |name: &str, kind: &str| relationships[name]["links"][kind].as_str().expect("a link").to_owned();

        for (name, member, type_name) in [
            ("track", "track", "tracks"),
            ("microlocation", "microlocation", "microlocations"),
            ("sessionType", "session_type", "session-types"),
        ] {
            let linkage = connection.get(&link(name, "self"), &[]).json();
            assert_eq!(linkage["data"], relationships[name]["data"], "{path} {name}");
            let resource = connection.get(&link(name, "related"), &[]).json();
            match id(&expected[member]) {
                None => {
                    assert_eq!(
                        (&linkage["data"], &resource["data"]),
                        (&Value::Null, &Value::Null),
                        "{path} {name}"
                    );
                }
                Some(id) => {
                    for one in [&linkage["data"], &resource["data"]] {
                        assert_eq!(
                            (&one["type"], &one["id"]),
                            (&type_name.into(), &id.clone().into()),
                            "{path} {name}"
                        );
                    }
                    let itself = connection.get(&format!("/v1/{type_name}/{id}"), &[]).json();
                    assert_eq!(resource["data"], itself["data"], "{path} {name}");
                }
            }
        }

        let speakers: BTreeSet<_> =
            expected["speakers"].as_array().expect("speakers").iter().filter_map(id).collect();
        assert_eq!(ids(&connection.get(&link("speakers", "self"), &[]).json()["data"]), speakers, "{path}");
        let people = related(&mut connection, &link("speakers", "related"));
        assert_eq!(ids(&Value::Array(people.clone())), speakers, "{path}");
        for speaker in people {
            assert_eq!(speaker["attributes"]["name"], names[speaker["id"].as_str().expect("an id")]);
            // And back.
            let back = speaker["relationships"]["sessions"]["links"]["related"].as_str().expect("a link");
            assert!(related(&mut connection, back).iter().any(|back| back["id"] == session["data"]["id"]));
        }
    }
}

#[test]
fn the_attributes_of_fossasia_2018_are_those_of_the_files() {
    let Some(folder) = fossasia() else { return };
    let server = serve(&folder);
    let mut connection = server.connect();
    let instant = |value: &Value| {
        value.as_str().map(|text| chrono::DateTime::parse_from_rfc3339(text).expect("a time").to_utc())
    };
    for expected in records(&folder, "sessions.json") {
        let path = format!("/v1/sessions/{}", id(&expected["id"]).expect("an id"));
        let session = connection.get(&path, &[]).json();
        let attributes = &session["data"]["attributes"];
        for (name, member) in [
            ("title", "title"),
            ("subtitle", "subtitle"),
            ("shortAbstract", "short_abstract"),
            ("language", "language"),
            ("level", "level"),
            ("state", "state"),
        ] {
            assert_eq!(attributes[name], expected[member], "{path} {name}");
        }
        for (name, member) in [("startTime", "start_time"), ("endTime", "end_time")] {
            assert_eq!(instant(&attributes[name]), instant(&expected[member]), "{path} {name}");
        }
        assert_eq!(attributes["favourites"], 0, "{path}");
    }
    for expected in records(&folder, "speakers.json") {
        let path = format!("/v1/speakers/{}", id(&expected["id"]).expect("an id"));
        let speaker = connection.get(&path, &[]).json();
        let attributes = &speaker["data"]["attributes"];
        for (name, member) in [
            ("name", "name"),
            ("organisation", "organisation"),
            ("country", "country"),
            ("shortBiography", "short_biography"),
        ] {
            assert_eq!(attributes[name], expected[member], "{path} {name}");
        }
    }
}

#[test]
fn a_folder_that_is_not_there_stops_the_launch_and_is_named() {
    let failure = Launch::new().env("OPEN_EVENT_DATA", "no-such-folder").refused();
    assert_ne!(failure.code, Some(0));
    assert!(failure.output.contains("no-such-folder"), "{}", failure.output);
}
