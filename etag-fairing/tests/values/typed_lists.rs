//! Lists of decimals, times, durations, bytes and enums, and lists with nulls: in documents, tables and filters, on both
//! databases.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use etag_fairing::JsonApiResource;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::lists::escaped;
use crate::place::Place;
use crate::support::{Answer, Server};

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Draft,
    Live,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "readings", etag)]
struct Reading {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(default)]
    prices: Vec<Decimal>,
    #[jsonapi(number)]
    rates: Option<Vec<Decimal>>,
    instants: Option<Vec<DateTime<Utc>>>,
    locals: Option<Vec<NaiveDateTime>>,
    days: Option<Vec<NaiveDate>>,
    hours: Option<Vec<NaiveTime>>,
    lengths: Option<Vec<TimeDelta>>,
    pieces: Option<Vec<Vec<u8>>>,
    #[jsonapi(text)]
    states: Option<Vec<State>>,
    gaps: Option<Vec<Option<i64>>>,
    missed: Option<Vec<Option<DateTime<Utc>>>>,
    #[jsonapi(text)]
    unknown: Option<Vec<Option<State>>>,
}

fn send(server: &Server, method: &str, path: &str, id: &str, attributes: &str) -> Answer {
    let body = format!(r#"{{"data":{{"type":"readings","id":"{id}","attributes":{attributes}}}}}"#);
    server.send(method, path, &[("Content-Type", "application/vnd.api+json")], &body)
}

fn patch(server: &Server, id: &str, attributes: &Value) -> Answer {
    send(server, "PATCH", &format!("/readings/{id}"), id, &attributes.to_string())
}

fn ids(server: &Server, query: &str) -> Vec<String> {
    let document = server.get(&format!("/readings?{}", escaped(query)), &[]).is(200).json();
    let rows = document["data"].as_array().expect("a list");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

const NUMBER: &str = "1234567890123456789.123456789";

fn they_are_kept_and_found(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Reading::routes()));
    let all = format!(
        r#"{{"prices":["12.50","0","-{NUMBER}"],"rates":[12.50,{NUMBER},"3"],
        "instants":["2018-03-24T13:30:00+08:00","9999-12-31T23:59:59.999999Z"],"locals":["2018-03-24T13:30:00.5"],
        "days":["2018-03-24","2018-03-24"],"hours":["13:30","00:00:00.000001"],"lengths":["PT90M","-PT0.5S"],
        "pieces":["","aGVsbG8"],"states":["live","draft"],"gaps":[1,null,-3],
        "missed":[null,"2018-03-24T05:30:00Z"],"unknown":[null,"live"]}}"#
    );
    let shown = format!(
        concat!(
            r#""prices":["12.50","0","-{}"],"rates":[12.50,{},3],"#,
            r#""instants":["2018-03-24T05:30:00Z","9999-12-31T23:59:59.999999Z"],"locals":["2018-03-24T13:30:00.5"],"#,
            r#""days":["2018-03-24","2018-03-24"],"hours":["13:30:00","00:00:00.000001"],"lengths":["PT1H30M","-PT0.5S"],"#,
            r#""pieces":["","aGVsbG8="],"states":["live","draft"],"gaps":[1,null,-3],"#,
            r#""missed":[null,"2018-03-24T05:30:00Z"],"unknown":[null,"live"]"#
        ),
        NUMBER, NUMBER
    );
    let made = send(&server, "POST", "/readings", "1", &all).is(201);
    assert!(made.text().contains(&shown), "{}", made.text());
    let tag = made.tag();
    let read = server.get("/readings/1", &[]).is(200);
    assert!(read.text().contains(&shown), "{}", read.text());
    // Written back as it was shown, or in another spelling, which is no change.
    assert_eq!(send(&server, "PATCH", "/readings/1", "1", &format!("{{{shown}}}")).is(200).tag(), tag);
    assert_eq!(send(&server, "PATCH", "/readings/1", "1", &all).is(200).tag(), tag);
    let empty = json!({"prices": [], "rates": [], "instants": [], "locals": [], "days": [], "hours": [], "lengths": [],
        "pieces": [], "states": [], "gaps": [], "missed": [], "unknown": []});
    let made = send(&server, "POST", "/readings", "2", &empty.to_string()).is(201);
    assert_eq!(made.json()["data"]["attributes"], empty);
    let few = json!({"prices": ["12.5"], "gaps": [7], "days": ["2020-02-29"]});
    send(&server, "POST", "/readings", "3", &few.to_string()).is(201);

    for (query, expected) in [
        ("filter[prices][has]=12.500", &["1", "3"][..]),
        ("filter[prices][has]=-1234567890123456789.123456789", &["1"]),
        ("filter[prices][any]=1,0.0", &["1"]),
        ("filter[prices][is_empty]=true", &["2"]),
        ("filter[rates][has]=3.0", &["1"]),
        (r#"filter=[{"name":"rates","op":"has","val":12.5}]"#, &["1"]),
        ("filter[instants][has]=2018-03-24T05:30:00Z", &["1"]),
        ("filter[instants][has]=2018-03-24T13:30:00+08:00", &["1"]),
        ("filter[instants][has]=2018-03-24T05:30:01Z", &[]),
        ("filter[locals][has]=2018-03-24T13:30:00.500", &["1"]),
        ("filter[days][any]=2018-03-24,2020-02-29", &["1", "3"]),
        ("filter[hours][has]=13:30:00", &["1"]),
        ("filter[lengths][has]=PT1H30M", &["1"]),
        ("filter[lengths][has]=-PT0.500S", &["1"]),
        ("filter[pieces][has]=aGVsbG8", &["1"]),
        ("filter[pieces][has]=aGVsbG9v", &[]),
        ("filter[states][has]=draft", &["1"]),
        ("filter[gaps][any]=-3,7", &["1", "3"]),
        (r#"filter=[{"name":"gaps","op":"has","val":null}]"#, &["1"]),
        (r#"filter=[{"name":"gaps","op":"any","val":[null,7]}]"#, &["1", "3"]),
        (r#"filter=[{"not":{"name":"gaps","op":"has","val":null}}]"#, &["2", "3"]),
        (r#"filter=[{"name":"missed","op":"has","val":null}]"#, &["1"]),
        ("filter[missed][has]=2018-03-24T05:30:00Z", &["1"]),
        ("filter[unknown][has]=live", &["1"]),
    ] {
        assert_eq!(ids(&server, query), expected, "{query}");
    }
    for (query, parameter, detail) in [
        ("filter[prices][has]=x", "filter[prices][has]", "must be a decimal number"),
        ("filter[prices]=1", "filter[prices]", "is_null, any, has, is_empty"),
        ("filter[days][has]=2018-02-30", "filter[days][has]", "must be a date"),
        ("filter[hours][any]=1:2", "filter[hours][any]", "must be a time"),
        ("filter[lengths][has]=5", "filter[lengths][has]", "must be a duration"),
        ("filter[states][has]=gone", "filter[states][has]", r#"must be one of "draft" or "live""#),
        (r#"filter=[{"name":"days","op":"has","val":null}]"#, "filter", "is null, which no element"),
        ("sort=days", "sort", "can't be sorted by"),
    ] {
        let refused = server.get(&format!("/readings?{}", escaped(query)), &[]).is(400);
        assert_eq!(refused.error().1, json!({"parameter": parameter}), "{query}");
        let told = refused.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(told.contains(detail), "{query}: {told}");
    }
    // Each points to the element.
    for (member, sent, place, detail) in [
        ("prices", json!(["1", 2]), "/1", "prices must be a list, whose element 1 must be a decimal number"),
        ("prices", json!([null]), "/0", "prices must be a list, whose element 0 must be a decimal number"),
        ("rates", json!([1, 2, "x"]), "/2", "rates must be a list, whose element 2 must be a decimal number"),
        ("rates", json!({}), "", "rates must be a list"),
        (
            "instants",
            json!(["2018-03-24"]),
            "/0",
            "instants must be a list, whose element 0 must be a date and time",
        ),
        ("days", json!(["2018-03-24", null]), "/1", "days must be a list, whose element 1 must be a date"),
        ("hours", json!(["25:00"]), "/0", "hours must be a list, whose element 0 must be a time"),
        ("lengths", json!(["P1Y"]), "/0", "lengths must be a list, whose element 0 must be a duration"),
        ("pieces", json!(["", "é"]), "/1", "pieces must be a list, whose element 1 must be bytes"),
        (
            "states",
            json!(["gone"]),
            "/0",
            r#"states must be a list, whose element 0 must be one of "draft" or "live""#,
        ),
        ("gaps", json!([null, "x"]), "/1", "gaps must be a list, whose element 1 must be a whole number"),
        ("unknown", json!([null, 1]), "/1", "unknown must be a list, whose element 1 must be one of"),
    ] {
        let new = send(&server, "POST", "/readings", "9", &json!({member: sent}).to_string()).is(422);
        let changed = patch(&server, "1", &json!({member: sent})).is(422);
        for answer in [new, changed] {
            assert_eq!(answer.pointers(), [format!("/data/attributes/{member}{place}")], "{sent}");
            let told = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
            assert!(told.starts_with(detail), "{sent}: {told}");
        }
    }
    let changed = patch(&server, "1", &json!({"gaps": [null], "prices": ["0.10"]})).is(200).json();
    assert_eq!(changed["data"]["attributes"]["gaps"], json!([null]));
    assert_eq!(changed["data"]["attributes"]["prices"], json!(["0.10"]));
}

#[test]
fn lists_of_each_kind_are_kept_and_found_on_sqlite() {
    they_are_kept_and_found(&Place::sqlite("SELECT 1"));
    let place = Place::sqlite(
        "CREATE TABLE readings (id INTEGER PRIMARY KEY, prices TEXT NOT NULL, rates JSON, instants JSON, locals TEXT, days TEXT, \
         hours TEXT, lengths TEXT, pieces TEXT, states TEXT, gaps TEXT, missed TEXT, unknown TEXT)",
    );
    they_are_kept_and_found(&place);
    // What another program has written: in other spellings, …
    place.run(
        "INSERT INTO readings (id, prices, instants, hours, pieces, gaps) VALUES \
         (8, '[ 12.5, 3 , \"4.10\"]', '[\"2018-03-24 05:30:00\"]', '[\"13:30\"]', '[\"aGVsbG8\"]', '[null ,5]')",
    );
    // … or of other kinds.
    place.run(
        "INSERT INTO readings (id, prices, rates, instants, days, hours, lengths, pieces, states, gaps) VALUES \
         (9, '[]', '[\"x\"]', '[\"soon\"]', '[null]', '[5]', '[\"PT1H\"]', '[\"!\"]', '[\"gone\"]', '[1.5]')",
    );
    let server = place.serve(|rocket| rocket.mount("/", Reading::routes())).with_values_of_others();
    let document = server.get("/readings/8", &[]).is(200).json();
    let attributes = &document["data"]["attributes"];
    assert_eq!(attributes["prices"], json!(["12.5", "3", "4.10"]), "{document}");
    assert_eq!(attributes["instants"], json!(["2018-03-24T05:30:00Z"]), "{document}");
    assert_eq!((&attributes["hours"], &attributes["gaps"]), (&json!(["13:30:00"]), &json!([null, 5])));
    assert_eq!(document["data"]["meta"], Value::Null, "{document}");
    for query in [
        "filter[prices][has]=12.50&filter[id]=8",
        "filter[prices][has]=3&filter[id]=8",
        "filter[instants][has]=2018-03-24T05:30:00Z&filter[id]=8",
        "filter[hours][has]=13:30&filter[id]=8",
        "filter[pieces][has]=aGVsbG8=&filter[id]=8",
        r#"filter=[{"name":"gaps","op":"has","val":null}]&filter[id]=8"#,
    ] {
        assert_eq!(ids(&server, query), ["8"], "{query}");
    }
    // Sent back as shown, they stay as they are.
    patch(&server, "8", &json!({"instants": ["2018-03-24T05:30:00Z"], "prices": ["12.5", "3", "4.10"]}))
        .is(200);
    assert_eq!(place.ask("SELECT prices FROM readings WHERE id = 8"), "[ 12.5, 3 , \"4.10\"]");
    odd_ones_are_null_with_a_warning(
        &server,
        &["days", "gaps", "hours", "instants", "lengths", "pieces", "rates"],
    );
}

/// An enum's odd texts are its own to tell.
fn odd_ones_are_null_with_a_warning(server: &Server, members: &[&str]) {
    let document = server.get("/readings/9", &[]).is(200).json();
    for member in members {
        assert_eq!(document["data"]["attributes"][member], Value::Null, "{member}: {document}");
    }
    let warnings = document["data"]["meta"]["warnings"].as_array().expect("warnings");
    assert!(warnings.len() >= members.len(), "{document}");
}

#[cfg(feature = "postgres")]
#[test]
fn lists_of_each_kind_are_kept_and_found_on_postgresql() {
    for table in [
        "SELECT 1",
        "CREATE TABLE readings (id bigserial PRIMARY KEY, prices numeric(28, 9)[] NOT NULL, rates numeric[], instants timestamptz[], \
         locals timestamp[], days date[], hours time[], lengths interval[], pieces bytea[], states varchar(20)[], gaps int4[], \
         missed timestamptz[], unknown text[])",
    ] {
        let Some(place) = Place::postgres(table) else { return };
        if table == "SELECT 1" {
            they_are_kept_and_found(&place);
            assert_eq!(place.problems(&[Reading::description()]), [""; 0]);
        } else {
            // PostgreSQL itself would round to the digits that the column has.
            let server = place.serve(|rocket| rocket.mount("/", Reading::routes()));
            send(&server, "POST", "/readings", "1", r#"{"prices":["1.500000000"],"gaps":[1,null]}"#).is(201);
            let refused = patch(&server, "1", &json!({"prices": ["1", "0.1234567891"]})).is(422);
            assert_eq!(refused.pointers(), ["/data/attributes/prices"]);
            assert_eq!(place.ask("SELECT prices FROM readings"), "{1.500000000}");
            assert_eq!(ids(&server, "filter[prices][has]=1.5"), ["1"]);
            assert_eq!(ids(&server, r#"filter=[{"name":"gaps","op":"has","val":null}]"#), ["1"]);
        }
        // What another program has written, of other kinds.
        place.run(
            "INSERT INTO readings (id, prices, rates, instants, days, hours, lengths, gaps) VALUES \
             (9, '{}', '{NaN}', '{infinity}', '{NULL}', '{24:00}', '{1 month}', '{{1,2},{3,4}}')",
        );
        let server = place.serve(|rocket| rocket.mount("/", Reading::routes()));
        odd_ones_are_null_with_a_warning(&server, &["days", "gaps", "hours", "instants", "lengths", "rates"]);
        assert_eq!(ids(&server, r#"filter=[{"name":"gaps","op":"has","val":null}]&filter[id]=9"#), [""; 0]);
    }
}

#[cfg(feature = "time")]
#[test]
fn lists_of_the_types_of_the_crate_time() {
    use etag_fairing::resource::{AttributeType, Element, Kind};

    for (ours, theirs) in [
        (<Vec<DateTime<Utc>>>::KIND, <Vec<time::OffsetDateTime>>::KIND),
        (<Vec<NaiveDateTime>>::KIND, <Vec<time::PrimitiveDateTime>>::KIND),
        (<Vec<Option<NaiveDate>>>::KIND, <Vec<Option<time::Date>>>::KIND),
        (<Vec<NaiveTime>>::KIND, <Vec<time::Time>>::KIND),
        (<Vec<TimeDelta>>::KIND, <Vec<time::Duration>>::KIND),
        (Kind::ArrayWithNulls(Element::Duration), <Vec<Option<std::time::Duration>>>::KIND),
    ] {
        assert_eq!(ours, theirs);
    }
    let sent = json!(["2018-03-24T13:30:00+08:00", "1969-12-31T23:59:59.999999Z"]);
    let read = <Vec<time::OffsetDateTime>>::from_json(&sent).expect("times");
    let value = <Vec<time::OffsetDateTime>>::to_value(&read).expect("a value");
    let chrono = <Vec<DateTime<Utc>>>::from_value(value.as_ref()).expect("times");
    assert_eq!(<Vec<DateTime<Utc>>>::to_value(&chrono), Ok(value));
}
