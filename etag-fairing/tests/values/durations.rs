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
