//! Durations, and the types of the crate time: in documents, tables, filters, orders and pages, on both databases.

use chrono::TimeDelta;
use etag_fairing::JsonApiResource;
use serde_json::{Value, json};

use crate::place::Place;
use crate::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "runs", table = "runs", etag)]
struct Run {
    #[jsonapi(id)]
    id: i64,
    length: TimeDelta,
    pause: Option<std::time::Duration>,
    #[jsonapi(default = "half_an_hour")]
    most: TimeDelta,
}

fn half_an_hour() -> TimeDelta {
    TimeDelta::minutes(30)
}

fn send(server: &Server, method: &str, id: &str, attributes: &Value) -> Answer {
    let body = json!({"data": {"type": "runs", "id": id, "attributes": attributes}}).to_string();
    let path = if method == "POST" { "/runs".into() } else { format!("/runs/{id}") };
    server.send(method, &path, &[("Content-Type", "application/vnd.api+json")], &body)
}

fn lengths(server: &Server, query: &str) -> Vec<String> {
    let document = server.get(&format!("/runs?{query}"), &[]).is(200).json();
    let rows = document["data"].as_array().expect("a list");
    rows.iter().map(|row| row["attributes"]["length"].as_str().expect("text").to_owned()).collect()
}

/// With it a client asks for pages by cursor.
const PROFILE: &str =
    "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"";

fn durations_are_what_they_last(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Run::routes()));
    let ascending = ["-PT5S", "PT0S", "PT0.000001S", "PT59M59.5S", "PT1H30M", "PT36H"];
    let written = ["-PT5S", "P0D", "PT0.000001S", "PT59M59.5S", "PT90M", "P1DT12H"];
    for index in [3, 0, 5, 1, 4, 2] {
        let id = (index + 1).to_string();
        let made = send(&server, "POST", &id, &json!({"length": written[index]})).is(201).json();
        let expected = json!({"length": ascending[index], "pause": null, "most": "PT30M"});
        assert_eq!(made["data"]["attributes"], expected);
        assert_eq!(server.get(&format!("/runs/{id}"), &[]).is(200).json()["data"], made["data"]);
    }
    assert_eq!(lengths(&server, "sort=length"), ascending);
    let mut descending = ascending;
    descending.reverse();
    assert_eq!(lengths(&server, "sort=-length"), descending);
    let (mut url, mut seen) = ("/runs?sort=length&page[size]=1".to_owned(), Vec::new());
    while seen.len() < 10 {
        let answer = server.get(&url, &[("Accept", PROFILE)]).is(200);
        let page: Value = serde_json::from_slice(&answer.body).expect("JSON");
        seen.push(page["data"][0]["attributes"]["length"].as_str().unwrap_or_default().to_owned());
        match page["links"]["next"].as_str() {
            Some(next) => url = next.into(),
            None => break,
        }
    }
    assert_eq!(seen, ascending);
    for (query, expected) in [
        ("filter[length]=PT5400S", &["PT1H30M"][..]),
        ("filter[length][ne]=PT36H", &ascending[..5]),
        ("filter[length][lt]=PT1H", &ascending[..4]),
        ("filter[length][ge]=PT1H30M", &ascending[4..]),
        ("filter[length][between]=PT0S,PT1H", &ascending[1..4]),
        ("filter[length]=P1DT12H,PT0S,P2W", &["PT0S", "PT36H"]),
        ("filter[pause][is_null]=false", &[]),
        ("filter=[%7B%22name%22:%22length%22,%22op%22:%22gt%22,%22field%22:%22most%22%7D]", &ascending[3..]),
    ] {
        assert_eq!(lengths(&server, &format!("sort=length&{query}")), expected, "{query}");
    }
    for sent in [
        json!("1h"),
        json!("P1M"),
        json!("P1Y"),
        json!(5400),
        json!(""),
        json!(null),
        json!("PT99999999999999H"),
    ] {
        let refused = send(&server, "PATCH", "1", &json!({"length": sent})).is(422);
        assert_eq!(refused.pointers(), ["/data/attributes/length"], "{sent}");
    }
    let refused = send(&server, "PATCH", "1", &json!({"pause": "-PT1S"})).is(422);
    assert_eq!(refused.pointers(), ["/data/attributes/pause"]);
    for query in ["filter[length]=P1M", "filter[length][gt]=5", "filter[length][in]=PT1S,x"] {
        let refused = server.get(&format!("/runs?{query}"), &[]).is(400);
        let parameter = query.split('=').next().unwrap();
        assert_eq!(refused.error(), ("invalid_filter".into(), json!({"parameter": parameter})), "{query}");
    }
    let tag = server.get("/runs/6", &[]).is(200).tag();
    send(&server, "PATCH", "6", &json!({"length": "P1DT12H"})).is(200);
    assert_eq!(server.get("/runs/6", &[]).is(200).tag(), tag, "the same length is no change");
    let changed = send(&server, "PATCH", "6", &json!({"pause": "PT0.5S", "length": "PT1S"})).is(200).json();
    assert_eq!(changed["data"]["attributes"]["pause"], "PT0.5S");
    send(&server, "PATCH", "6", &json!({"pause": null})).is(200);
}

#[test]
fn durations_are_what_they_last_on_sqlite() {
    for table in [
        "SELECT 1",
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, length INTEGER NOT NULL, pause BIGINT, most INTEGER)",
    ] {
        let place = Place::sqlite(table);
        durations_are_what_they_last(&place);
        assert_eq!(place.ask("SELECT length FROM runs WHERE id = 5"), "5400000000");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn durations_are_what_they_last_on_postgresql() {
    let intervals =
        "CREATE TABLE runs (id bigint PRIMARY KEY, length interval NOT NULL, pause interval, most interval)";
    for table in ["SELECT 1".to_owned(), intervals.into(), intervals.replace("interval", "bigint")] {
        let Some(place) = Place::postgres(&table) else { return };
        durations_are_what_they_last(&place);
    }
    // Days are 24 hours, and a month is no duration.
    let Some(place) = Place::postgres(intervals) else { return };
    place.run("INSERT INTO runs VALUES (1, '1 day 12:00', '1 month', '0'), (2, '-1 day', NULL, '1 week')");
    let server = place.serve(|rocket| rocket.mount("/", Run::routes()));
    assert_eq!(lengths(&server, "sort=length"), ["-PT24H", "PT36H"]);
    assert_eq!(lengths(&server, "filter[length]=PT36H"), ["PT36H"]);
    let document = server.get("/runs/1", &[]).is(200).json();
    assert_eq!(document["data"]["attributes"]["pause"], Value::Null);
    assert_eq!(document["data"]["meta"]["warnings"][0]["member"], "pause");
}

#[cfg(feature = "time")]
mod of_the_crate_time {
    use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time};

    use super::*;

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "runs", table = "runs", etag)]
    struct Event {
        #[jsonapi(id)]
        id: i64,
        at: Option<OffsetDateTime>,
        local: Option<PrimitiveDateTime>,
        day: Option<Date>,
        time: Option<Time>,
        length: Duration,
    }

    fn times_are_those_of_chrono(place: &Place) {
        let server = place.serve(|rocket| rocket.mount("/", Event::routes()));
        let sent = json!({"at": "2018-03-24T13:30:00.5+08:00", "local": "2018-03-24T13:30", "day": "2018-03-24",
            "time": "13:30:00.25", "length": "PT90M"});
        let shown = json!({"at": "2018-03-24T05:30:00.5Z", "local": "2018-03-24T13:30:00", "day": "2018-03-24",
            "time": "13:30:00.25", "length": "PT1H30M"});
        assert_eq!(send(&server, "POST", "1", &sent).is(201).json()["data"]["attributes"], shown);
        let none = json!({"at": null, "local": null, "day": null, "time": null, "length": "PT0S"});
        assert_eq!(
            send(&server, "POST", "2", &json!({"length": "PT0S"})).is(201).json()["data"]["attributes"],
            none
        );
        for (query, expected) in [
            ("filter[at]=2018-03-24T05:30:00.5Z", 1),
            ("filter[at][lt]=2018-03-24T05:30:00.5Z", 0),
            ("filter[local][ge]=2018-03-24T13:30", 1),
            ("filter[day]=2018-03-24,2018-03-25", 1),
            ("filter[time][between]=13:00,14:00", 1),
            ("filter[time][is_null]=true", 1),
            ("sort=-at,local,day,time,length", 2),
        ] {
            assert_eq!(lengths(&server, query).len(), expected, "{query}");
        }
        for (member, sent) in [
            ("at", "2018-03-24T13:30:00"),
            ("local", "2018-03-24"),
            ("day", "2018-02-30"),
            ("time", "24:00"),
            ("length", "P1Y"),
        ] {
            let refused = send(&server, "PATCH", "1", &json!({member: sent})).is(422);
            assert_eq!(refused.pointers(), [format!("/data/attributes/{member}")], "{sent}");
        }
        assert_eq!(send(&server, "PATCH", "1", &shown).is(200).json()["data"]["attributes"], shown);
    }

    /// The store keeps these, as it does for chrono's type.
    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "notes", etag, soft_delete = "deleted_at")]
    struct Note {
        #[jsonapi(id)]
        id: i64,
        text: String,
        #[jsonapi(version)]
        version: OffsetDateTime,
        #[jsonapi(last_modified)]
        changed_at: OffsetDateTime,
        #[jsonapi(hidden)]
        deleted_at: Option<OffsetDateTime>,
    }

    fn the_store_keeps_them(place: &Place) {
        let server = place.serve(|rocket| rocket.mount("/", Note::routes()));
        let write = |method: &str, path: &str, tag: &str| {
            let body =
                json!({"data": {"type": "notes", "id": "1", "attributes": {"text": method}}}).to_string();
            let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag)];
            let fields = if tag.is_empty() { &fields[..1] } else { &fields[..] };
            server.send(method, path, fields, &body)
        };
        let made = write("POST", "/notes", "").is(201);
        let version = |answer: &Answer| {
            let version = answer.json()["data"]["attributes"]["version"].as_str().expect("text").to_owned();
            chrono::DateTime::parse_from_rfc3339(&version).expect("a time")
        };
        let changed = write("PATCH", "/notes/1", &made.tag()).is(200);
        assert!(version(&changed) > version(&made));
        write("PATCH", "/notes/1", &made.tag()).is(412);
        server.send("DELETE", "/notes/1", &[("If-Match", &changed.tag())], "").is(204);
        server.get("/notes/1", &[]).is(404);
        assert_ne!(place.ask("SELECT deleted_at FROM notes"), "");
    }

    #[test]
    fn the_store_keeps_them_on_sqlite() {
        the_store_keeps_them(&Place::sqlite("SELECT 1"));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn the_store_keeps_them_on_postgresql() {
        if let Some(place) = Place::postgres("SELECT 1") {
            the_store_keeps_them(&place);
        }
    }

    #[test]
    fn times_are_those_of_chrono_on_sqlite() {
        times_are_those_of_chrono(&Place::sqlite("SELECT 1"));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn times_are_those_of_chrono_on_postgresql() {
        if let Some(place) = Place::postgres("SELECT 1") {
            times_are_those_of_chrono(&place);
        }
    }
}

/// Tables of other programs, which count seconds and milliseconds.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tracks", table = "tracks", etag)]
struct Track {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(stored = "seconds")]
    length: TimeDelta,
    #[jsonapi(stored = "milliseconds")]
    gap: Option<std::time::Duration>,
}

fn counted_durations_are_whole(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Track::routes()));
    let write = |method: &str, path: &str, attributes: Value| {
        let id = path.rsplit('/').next().filter(|_| method == "PATCH").unwrap_or("7");
        let body = json!({"data": {"type": "tracks", "id": id, "attributes": attributes}}).to_string();
        server.send(method, path, &[("Content-Type", "application/vnd.api+json")], &body)
    };
    let shown =
        |id: i64| server.get(&format!("/tracks/{id}"), &[]).is(200).json()["data"]["attributes"].clone();
    assert_eq!(shown(1), json!({"length": "PT3M25S", "gap": "PT1.5S"}));
    write("POST", "/tracks", json!({"length": "P1D", "gap": "PT0.001S"})).is(201);
    assert_eq!(shown(7), json!({"length": "PT24H", "gap": "PT0.001S"}));
    assert_eq!(place.ask("SELECT length FROM tracks WHERE id = 7"), "86400");
    assert_eq!(place.ask("SELECT gap FROM tracks WHERE id = 7"), "1");
    let ids = |query: &str| -> Vec<String> {
        let list = server.get(&format!("/tracks?{query}"), &[]).is(200).json();
        let rows = list["data"].as_array().expect("a list");
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    for (query, expected) in [
        ("sort=-length", &["7", "1", "2"][..]),
        ("filter[length]=PT205S", &["1"]),
        ("filter[length][gt]=PT4M", &["7"]),
        ("filter[length][in]=PT24H,PT3M25S&sort=id", &["1", "7"]),
        ("filter[length][between]=-PT10S,PT4M&sort=id", &["1", "2"]),
        ("filter[gap][lt]=PT1S", &["7"]),
        // Beyond what a narrow column holds, and what any holds.
        ("filter[length][lt]=PT99999999H&sort=id", &["1", "2", "7"]),
        ("filter[gap][is_null]=true", &["2"]),
    ] {
        assert_eq!(ids(query), expected, "{query}");
    }
    for (attributes, pointer) in [
        (json!({"length": "PT0.5S"}), "/data/attributes/length"),
        (json!({"length": "PT1H0.000001S"}), "/data/attributes/length"),
        (json!({"length": 205}), "/data/attributes/length"),
        (json!({"gap": "PT0.0005S"}), "/data/attributes/gap"),
        (json!({"gap": "-PT1S"}), "/data/attributes/gap"),
    ] {
        let refused = write("PATCH", "/tracks/1", attributes.clone()).is(422);
        assert_eq!(refused.pointers(), [pointer], "{attributes}");
    }
    let refused = server.get("/tracks?filter[length]=PT0.5S", &[]).is(400);
    assert_eq!(refused.error(), ("invalid_filter".into(), json!({"parameter": "filter[length]"})));
    // Two units are not compared with each other.
    let fields = "filter=[%7B%22name%22:%22length%22,%22op%22:%22gt%22,%22field%22:%22gap%22%7D]";
    server.get(&format!("/tracks?{fields}"), &[]).is(400);
    let tag = server.get("/tracks/1", &[]).is(200).tag();
    write("PATCH", "/tracks/1", json!({"length": "PT205S", "gap": "PT1.500S"})).is(200);
    assert_eq!(server.get("/tracks/1", &[]).is(200).tag(), tag, "the same lengths are no change");
}

const COUNTED: &str = "CREATE TABLE tracks (id INTEGER PRIMARY KEY, length INTEGER NOT NULL, gap BIGINT);
    INSERT INTO tracks VALUES (1, 205, 1500), (2, -5, NULL)";

#[test]
fn counted_durations_are_whole_on_sqlite() {
    counted_durations_are_whole(&Place::sqlite(COUNTED));
    // What another program has written there may be anything.
    let place = Place::sqlite(COUNTED);
    place.run("UPDATE tracks SET length = 9223372036854775807, gap = 9223372036854775807 WHERE id = 2");
    let server = place.serve(|rocket| rocket.mount("/", Track::routes()));
    server.get("/tracks/1", &[]).is(200);
    let odd = server.get("/tracks/2", &[]);
    assert!([200, 500].contains(&odd.status), "{}", odd.text());
    assert!(odd.status == 200 || odd.text().contains("unreadable_value"), "{}", odd.text());
}

#[cfg(feature = "postgres")]
#[test]
fn counted_durations_are_whole_on_postgresql() {
    if let Some(place) = Place::postgres(COUNTED) {
        counted_durations_are_whole(&place);
    }
}
