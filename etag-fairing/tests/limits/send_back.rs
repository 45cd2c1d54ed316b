//! What a GET gives can be sent back, and changes nothing.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::databases::Database;
use super::support::Server;

/// A state that is kept as text.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Draft,
    Accepted,
}

fn made_here() -> String {
    "made here".into()
}

/// With an attribute of each kind.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "talks", etag, computed(shouted = Self::shouted, double = Self::double))]
struct Talk {
    #[jsonapi(id)]
    id: i64,
    title: String,
    abstract_text: Option<String>,
    #[jsonapi(text)]
    state: State,
    rating: f64,
    narrow: f32,
    seats: u8,
    open: bool,
    starts_at: DateTime<Utc>,
    local: NaiveDateTime,
    day: Option<NaiveDate>,
    at: Option<NaiveTime>,
    key: Option<uuid::Uuid>,
    #[jsonapi(json)]
    extra: Value,
    #[jsonapi(read_only, default = "made_here")]
    origin: String,
    #[jsonapi(read_only, default)]
    checked: f64,
    #[jsonapi(read_only, default)]
    seen_at: Option<DateTime<Utc>>,
    #[jsonapi(write_only)]
    secret: Option<String>,
    #[jsonapi(relationship, required)]
    room: ToOne<Room>,
    #[jsonapi(relationship)]
    follows: ToOne<Talk>,
    #[jsonapi(relationship, through = "talk_speakers", linkage = true)]
    speakers: ToMany<Speaker>,
    #[jsonapi(relationship, through = "talk_fans", linkage = false)]
    fans: ToMany<Speaker>,
    #[jsonapi(relationship, inverse = "follows", linkage = false)]
    followers: ToMany<Talk>,
}

impl Talk {
    fn shouted(&self) -> String {
        self.title.to_uppercase()
    }

    fn double(&self) -> f64 {
        self.rating * 2.0
    }
}

/// With a version that counts.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", etag)]
struct Room {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, inverse = "room", linkage = true)]
    talks: ToMany<Talk>,
}

/// With a date of its last change.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "speakers", etag)]
struct Speaker {
    #[jsonapi(id)]
    id: String,
    name: String,
    #[jsonapi(last_modified)]
    changed_at: DateTime<Utc>,
}

fn filled(database: &Database) -> Server {
    let server = database.serve("ETAG = true", "client_ids = true", |rocket| {
        rocket.mount("/v1", Talk::routes()).mount("/v1", Room::routes()).mount("/v1", Speaker::routes())
    });
    server
        .write("POST", "/v1/rooms", &json!({"data": {"type": "rooms", "attributes": {"name": "Hall"}}}))
        .is(201);
    for id in ["ada", "bob ä/1"] {
        let data = json!({"type": "speakers", "id": id, "attributes": {"name": id}});
        server.write("POST", "/v1/speakers", &json!({"data": data})).is(201);
    }
    for (number, follows) in [(1, Value::Null), (2, json!({"type": "talks", "id": "1"}))] {
        let data = json!({"type": "talks", "id": number.to_string(), "attributes": {
            "title": "A \"talk\"\n", "abstractText": null, "state": "draft", "rating": 0.1, "narrow": 0.1, "seats": 200,
            "open": true, "startsAt": "2018-03-24T13:30:00.1+08:00", "local": "2018-03-24T13:30:00",
            "day": "2018-03-24", "at": "13:30:00.5", "key": "0190163d-8694-739b-aea5-966c26f8ad91",
            "extra": {"z": [1, 2.5, null], "a": "b"}, "secret": "s"
        }, "relationships": {
            "room": {"data": {"type": "rooms", "id": "1"}}, "follows": {"data": follows},
            "speakers": {"data": [{"type": "speakers", "id": "bob ä/1"}, {"type": "speakers", "id": "ada"}]},
            "fans": {"data": [{"type": "speakers", "id": "ada"}]}
        }});
        server.write("POST", "/v1/talks", &json!({"data": data})).is(201);
    }
    server
}

/// Every subset of a few.
fn subsets<'a>(of: &[&'a str]) -> Vec<Vec<&'a str>> {
    let chosen = |mask: usize| {
        of.iter().enumerate().filter(move |(place, _)| mask >> place & 1 == 1).map(|(_, it)| *it)
    };
    (0..1 << of.len()).map(|mask| chosen(mask).collect()).collect()
}

#[test]
fn whatever_a_get_gives_changes_nothing_when_it_is_sent_back() {
    let resources: [(&str, &str, &[&str], &[&str]); 4] = [
        (
            "/v1/talks/2",
            "talks",
            &["room", "speakers", "fans", "followers"],
            &["title,startsAt,extra,narrow,at,key", "room,fans,followers", "speakers,double,shouted,origin"],
        ),
        ("/v1/talks/1", "talks", &["follows", "followers"], &["title", "checked,seenAt,day", "followers"]),
        ("/v1/rooms/1", "rooms", &["talks"], &["name", "version", "talks"]),
        ("/v1/speakers/bob%20%C3%A4%2F1", "speakers", &[], &["name", "changedAt"]),
    ];
    for database in Database::each() {
        let server = filled(&database);
        let mut tried = 0;
        for (path, resource, includes, fields) in resources {
            for include in subsets(includes) {
                for shown in subsets(fields) {
                    let mut query = Vec::new();
                    if !include.is_empty() {
                        query.push(format!("include={}", include.join(",")));
                    }
                    if !shown.is_empty() {
                        query.push(format!("fields%5B{resource}%5D={}", shown.join(",")));
                    }
                    let url = format!("{path}?{}", query.join("&"));
                    let read = server.get(&url, &[]).is(200);
                    let back = json!({"data": read.json()["data"]}).to_string();
                    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", &read.tag())];
                    let written = server.send("PATCH", &url, &fields, &back).is(200);
                    assert_eq!((written.tag(), written.text()), (read.tag(), read.text()), "{url}: {back}");
                    tried += 1;
                }
            }
        }
        assert_eq!(tried, 16 * 8 + 4 * 8 + 2 * 8 + 4);
    }
}

#[test]
fn a_relationship_without_data_changes_nothing_and_makes_nothing() {
    for database in Database::each() {
        let server = filled(&database);
        let before = server.get("/v1/talks/2", &[]).is(200);
        for without in [json!({"links": {"self": "/x"}}), json!({"meta": {"a": 1}})] {
            let relationships: Value = ["room", "follows", "speakers", "fans", "followers"]
                .iter()
                .map(|name| ((*name).to_owned(), without.clone()))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let data = json!({"type": "talks", "id": "2", "relationships": relationships});
            let answer = server.write("PATCH", "/v1/talks/2", &json!({"data": data})).is(200);
            assert_eq!(answer.tag(), before.tag());
            // JSON:API §9.1: a new resource's relationships have data.
            let data =
                json!({"type": "rooms", "attributes": {"name": "b"}, "relationships": {"talks": without}});
            let refused = server.write("POST", "/v1/rooms", &json!({"data": data})).is(400);
            let expected = ("invalid_linkage".into(), json!({"pointer": "/data/relationships/talks"}));
            assert_eq!(refused.error(), expected);
        }
        // JSON:API §7.2.2: a relationship object has links, data or meta.
        for wrong in [Value::Null, json!([]), json!("room"), json!({}), json!({"what": 1})] {
            let data = json!({"type": "talks", "id": "2", "relationships": {"room": wrong}});
            server.write("PATCH", "/v1/talks/2", &json!({"data": data})).is(400);
        }
    }
}

#[test]
fn what_cannot_be_set_is_told_with_what_it_is_now() {
    for database in Database::each() {
        let server = filled(&database);
        let refused = |path: &str, resource: &str, name: &str, value: Value, now: &str| {
            let id = path.rsplit('/').next().unwrap_or_default().to_owned();
            let data = json!({"type": resource, "id": id, "attributes": {name: value}});
            let answer = server.write("PATCH", path, &json!({"data": data})).is(422);
            let expected = json!({"pointer": format!("/data/attributes/{name}")});
            assert_eq!(answer.error(), ("validation_failed".into(), expected));
            let told = answer.json()["errors"][0]["detail"].clone();
            let told = told.as_str().expect("a detail");
            assert!(told.contains("read-only") && told.contains(now), "{told}");
        };
        refused("/v1/talks/2", "talks", "origin", json!("elsewhere"), "\"made here\"");
        refused("/v1/talks/2", "talks", "checked", json!(1), "0");
        refused("/v1/talks/2", "talks", "seenAt", json!("2018-03-24T13:30:00Z"), "null");
        refused("/v1/talks/2", "talks", "double", json!(0.3), "0.2");
        refused("/v1/talks/2", "talks", "shouted", json!("a"), "\"A ");
        refused("/v1/rooms/1", "rooms", "version", json!(77), "now");
        let changed =
            server.get("/v1/speakers/ada", &[]).json()["data"]["attributes"]["changedAt"].to_string();
        refused("/v1/speakers/ada", "speakers", "changedAt", json!("2001-01-01T00:00:00Z"), &changed);
        // Linkage that is no part of the representation can be sent back, and not be replaced.
        let fans = |ids: &[&str]| {
            let data: Vec<_> = ids.iter().map(|id| json!({"type": "speakers", "id": id})).collect();
            let data = json!({"type": "talks", "id": "2", "relationships": {"fans": {"data": data}}});
            server.write("PATCH", "/v1/talks/2", &json!({"data": data})).status
        };
        assert_eq!((fans(&["ada"]), fans(&["ada", "ada"])), (200, 200));
        assert_eq!((fans(&[]), fans(&["ada", "bob ä/1"]), fans(&["bob ä/1"])), (403, 403, 403));
    }
}

#[test]
fn what_is_sent_back_with_a_change_changes_that_alone() {
    for database in Database::each() {
        let server = filled(&database);
        let read = server.get("/v1/rooms/1", &[]).is(200).json();
        let mut data = read["data"].clone();
        data["attributes"]["name"] = "Yard".into();
        let written = server.write("PATCH", "/v1/rooms/1", &json!({"data": data})).is(200).json();
        assert_eq!(written["data"]["attributes"]["name"], "Yard");
        assert_ne!(written["data"]["attributes"]["version"], read["data"]["attributes"]["version"]);
        assert_eq!(written["data"]["relationships"], read["data"]["relationships"]);
        // Once more with the old version: it is what it was, and not what it is.
        server.write("PATCH", "/v1/rooms/1", &json!({"data": data})).is(422);
    }
}
