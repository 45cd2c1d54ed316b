//! One rich list over a whole conference: right, compared with the files that it came from, and cheap.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use etag_fairing::{
    JsonApi, JsonApiResource,
    resource::Description,
    store::{
        Fetched, Plan, PrepareError, Store, StoreError, Transaction,
        sqlite::{Location, SqliteOptions, SqliteStore},
    },
};
use rocket::local::blocking::Client;
use serde_json::{Value, json};

use crate::{
    case::{ids, names, objects, read},
    resources::{Microlocation, Session, SessionType, Speaker, Track},
    support::Launch,
};

const URL: &str = "/v1/sessions?include=speakers,track,microlocation&page[size]=100&fields[speakers]=name\
                   &sort=track.name,-startTime&filter[track.name][ilike]=%25open%25";

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

/// The records of a file by their ids.
fn records(folder: &Path, name: &str) -> BTreeMap<i64, Value> {
    let text = fs::read_to_string(folder.join(name)).expect("read the data");
    let list: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    list.into_iter().map(|record| (record["id"].as_i64().expect("an id"), record)).collect()
}

fn instant(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().expect("a time"))
}

fn identifier(type_name: &str, id: &Value) -> Value {
    id.as_i64().map_or(Value::Null, |id| json!({"type": type_name, "id": id.to_string()}))
}

#[test]
fn the_sessions_of_open_tracks_are_those_of_the_files_in_their_order() {
    let Some(folder) = fossasia() else { return };
    let server = Launch::new().env("OPEN_EVENT_DATA", folder.to_str().expect("a path in UTF-8")).start();
    let document = read(&mut server.connect(), URL);

    let tracks = records(&folder, "tracks.json");
    let speakers = records(&folder, "speakers.json");
    let rooms = records(&folder, "microlocations.json");
    let track_name = |session: &Value| {
        let track = tracks.get(&session["track"].as_i64()?)?;
        Some(track["name"].as_str().expect("a name").to_owned())
    };
    let sessions = records(&folder, "sessions.json");
    let mut expected: Vec<(i64, &Value)> = sessions
        .iter()
        .filter(|(_, session)| track_name(session).is_some_and(|name| name.to_lowercase().contains("open")))
        .map(|(id, session)| (*id, session))
        .collect();
    expected
        .sort_by_key(|(id, session)| (track_name(session), Reverse(instant(&session["start_time"])), *id));
    assert!(expected.len() > 50, "the filter leaves something: {}", expected.len());

    let expected_ids: Vec<_> = expected.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(ids(&document["data"]), expected_ids);
    assert_eq!(document["meta"]["count"], expected.len());
    let mut included = BTreeSet::new();
    for (resource, (id, session)) in document["data"].as_array().expect("a list").iter().zip(&expected) {
        let attributes = &resource["attributes"];
        for (member, column) in [
            ("title", "title"),
            ("subtitle", "subtitle"),
            ("shortAbstract", "short_abstract"),
            ("language", "language"),
            ("level", "level"),
            ("state", "state"),
        ] {
            assert_eq!(attributes[member], session[column], "{id}: {member}");
        }
        for (member, column) in [("startTime", "start_time"), ("endTime", "end_time")] {
            assert_eq!(instant(&attributes[member]), instant(&session[column]), "{id}: {member}");
        }
        let relationships = &resource["relationships"];
        assert_eq!(relationships["track"]["data"], identifier("tracks", &session["track"]), "{id}");
        let room = identifier("microlocations", &session["microlocation"]);
        assert_eq!(relationships["microlocation"]["data"], room, "{id}");
        let kind = identifier("session-types", &session["session_type"]);
        assert_eq!(relationships["sessionType"]["data"], kind, "{id}");
        let mut speaking: Vec<_> = session["speakers"].as_array().expect("a list").clone();
        speaking.sort_by_key(Value::as_i64);
        let linkage: Vec<_> = speaking.iter().map(|id| identifier("speakers", id)).collect();
        assert_eq!(relationships["speakers"]["data"], json!(linkage), "{id}");
        included.extend(
            linkage
                .iter()
                .chain([&relationships["track"]["data"], &room])
                .filter_map(|one| Some(format!("{}/{}", one["type"].as_str()?, one["id"].as_str()?))),
        );
    }
    assert_eq!(objects(&document["included"]), included.into_iter().collect::<Vec<_>>());
    for resource in document["included"].as_array().expect("a list") {
        let id: i64 = resource["id"].as_str().and_then(|id| id.parse().ok()).expect("a number");
        let attributes = &resource["attributes"];
        match resource["type"].as_str() {
            Some("speakers") => assert_eq!(*attributes, json!({"name": speakers[&id]["name"]})),
            Some("tracks") => {
                let track = &tracks[&id];
                let whole =
                    json!({"name": track["name"], "color": track["color"], "fontColor": track["font_color"]});
                assert_eq!(*attributes, whole);
            }
            _ => {
                for name in names(attributes) {
                    assert_eq!(attributes[name].as_f64(), rooms[&id][name].as_f64(), "{id}: {name}");
                    assert_eq!(attributes[name].as_str(), rooms[&id][name].as_str(), "{id}: {name}");
                }
            }
        }
    }
}

/// Four times from each session to all of its track, and from each of those to all in its room.
#[test]
fn filters_nested_along_to_many_relationships_are_answered_on_both_databases() {
    let Some(folder) = fossasia() else { return };
    let sessions = records(&folder, "sessions.json");
    // The sessions of the tracks, and of the rooms, of these.
    let along = |found: &BTreeSet<i64>, member: &str| -> BTreeSet<i64> {
        let ends: BTreeSet<_> = found.iter().filter_map(|id| sessions[id][member].as_i64()).collect();
        let meets = |session: &Value| session[member].as_i64().is_some_and(|end| ends.contains(&end));
        sessions.iter().filter(|(_, session)| meets(session)).map(|(id, _)| *id).collect()
    };
    let launches = [Some(Launch::on_sqlite()), postgres_server::Database::provide().map(Launch::on)];
    for launch in launches.into_iter().flatten() {
        let server = launch.env("OPEN_EVENT_DATA", folder.to_str().expect("a path in UTF-8")).start();
        let mut http = server.connect();
        for text in ["zz9zz", "fossasia", "kernel"] {
            let path = "track.sessions.microlocation.sessions";
            let leaf = json!({"name": "title", "op": "ilike", "val": format!("%{text}%")});
            let any = |filter: &Value| json!({"name": path, "op": "any", "val": filter});
            let nested = any(&any(&leaf));
            let titled = |session: &Value| {
                session["title"].as_str().is_some_and(|title| title.to_lowercase().contains(text))
            };
            let mut found: BTreeSet<i64> =
                sessions.iter().filter(|(_, session)| titled(session)).map(|(id, _)| *id).collect();
            let leaves = found.clone();
            for member in ["microlocation", "track", "microlocation", "track"] {
                found = along(&found, member);
            }
            let others = sessions.keys().filter(|id| !found.contains(id)).copied().collect();
            let either = found.union(&leaves).copied().collect();
            for (filter, expected) in [
                (json!([nested]), found),
                (json!([{"not": nested}]), others),
                (json!([{"or": [leaf, nested]}]), either),
            ] {
                let filter = filter.to_string().replace('%', "%25").replace('"', "%22");
                let filter = filter.replace('{', "%7B").replace('}', "%7D");
                let document = read(&mut http, &format!("/v1/sessions?page[size]=1&filter={filter}"));
                assert_eq!(document["meta"]["count"], expected.len(), "{filter}");
                let first = expected.first().map(i64::to_string);
                assert_eq!(ids(&document["data"]), first.into_iter().collect::<Vec<_>>(), "{filter}");
            }
        }
    }
}

/// A store whose statements can still be counted when a server has it.
struct Counted(Arc<SqliteStore>);

#[rocket::async_trait]
impl Store for Counted {
    async fn prepare(&self, resources: &[&'static Description]) -> Result<(), PrepareError> {
        self.0.prepare(resources).await
    }

    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        self.0.fetch(plan).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Store::begin(self.0.as_ref()).await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

#[test]
fn the_sessions_of_open_tracks_take_five_statements_at_most() {
    let Some(folder) = fossasia() else { return };
    // The example fills the database and gives the answer; the same structs over the same file give it again, here,
    // where statements can be counted. With the total, as the example is configured to give it.
    let launch = Launch::new().env("OPEN_EVENT_DATA", folder.to_str().expect("a path in UTF-8"));
    let server = launch.start();
    let url = format!("{URL}&page[totals]=true");
    let over_http = read(&mut server.connect(), &url);
    drop(server.stop());

    crate::launch::listen();
    let location = Location::File(launch.folder().join("open-event.db"));
    let store = Arc::new(SqliteStore::open(SqliteOptions::new(location)).expect("the example's database"));
    let figment = rocket::figment::Figment::from(rocket::Config::debug_default()).merge(("log_level", "off"));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::with_store(Counted(Arc::clone(&store))))
        .mount("/v1", Session::routes())
        .mount("/v1", Speaker::routes())
        .mount("/v1", Track::routes())
        .mount("/v1", Microlocation::routes())
        .mount("/v1", SessionType::routes())
        .mount("/v1", JsonApi::openapi().routes());
    let client = Client::tracked(rocket).expect("the same structs launch");
    let uri = url.replace('[', "%5B").replace(']', "%5D");
    let before = store.statements();
    let body = client.get(uri).dispatch().into_string().expect("a body");
    let statements = store.statements() - before;
    let document: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(document, over_http);
    assert!((1..=5).contains(&statements), "{statements} statements");
}
