//! A client's time is RFC 3339, in documents and in filters; nothing else is guessed at.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use etag_fairing::JsonApiResource;
use serde_json::{Value, json};

use crate::support::{Server, api};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "entries", etag)]
struct Entry {
    #[jsonapi(id)]
    id: i64,
    at: Option<DateTime<Utc>>,
    local: Option<NaiveDateTime>,
    day: Option<NaiveDate>,
    time: Option<NaiveTime>,
}

fn entry(name: &str, value: &Value) -> Value {
    json!({"data": {"type": "entries", "attributes": {name: value}}})
}

fn filtered(server: &Server, name: &str, value: &str) -> crate::support::Answer {
    let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    server.get(&format!("/entries?filter%5B{name}%5D={encoded}"), &[])
}

#[test]
fn what_is_no_time_is_refused_and_the_form_is_told() {
    let server = api::start(|rocket| rocket.mount("/", Entry::routes()));
    for (name, form, texts) in [
        (
            "at",
            "RFC 3339",
            &[
                "2018-03-24 13:30:00",
                "24-03-24 13:30:00",
                "24-03-24T13:30:00Z",
                "2018-03-24T13:30:00",
                "2018-03-24T13:30Z",
                "2018-03-24",
                "+2018-03-24T13:30:00Z",
                "+12018-03-24T13:30:00Z",
                "10000-01-01T00:00:00Z",
                "-0001-01-01T00:00:00Z",
                " 2018-03-24T13:30:00Z",
                "2018-03-24T13:30:00Z ",
                "2018-03-24T13:30:00.Z",
                "2018-03-24T13:30:00.5 Z",
                "2018-W12-6T13:30:00Z",
                "2018-03-24T24:00:00Z",
                "2018-03-24T13:30:60Z",
                "2018-03-24T13:30:00+0800",
                "1521898200",
                "",
            ][..],
        ),
        (
            "local",
            "2018-03-24T13:30:00",
            &[
                "2018-03-24 13:30:00",
                "24-03-24T13:30:00",
                "2018-03-24T13:30:00Z",
                "2018-03-24",
                "2018-03-24T 3:30:00",
            ],
        ),
        (
            "day",
            "2018-03-24",
            &["18-03-24", "+2018-03-24", "2018-3-24", " 2018-03-24", "2018-02-30", "2018-W12-6"],
        ),
        (
            "time",
            "13:30:00",
            &["1:30:00", "24:00:00", "13:30:00Z", "+3:30:00", "13:30:00,5", " 13:30:00", "23:59:60"],
        ),
    ] {
        for text in texts {
            let refused = server.write("POST", "/entries", &entry(name, &json!(text))).is(422);
            let (code, source) = refused.error();
            assert_eq!(
                (code.as_str(), source),
                ("validation_failed", json!({"pointer": format!("/data/attributes/{name}")})),
                "{text:?}"
            );
            let detail = refused.json()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
            assert!(detail.contains(form), "{text:?}: {detail}");

            let refused = filtered(&server, name, text).is(400);
            let (code, source) = refused.error();
            let parameter = json!({"parameter": format!("filter[{name}]")});
            assert_eq!((code.as_str(), source), ("invalid_filter", parameter), "{text:?}");
            assert!(String::from_utf8_lossy(&refused.body).contains(form), "{text:?}: {refused:?}");
        }
    }
    for number in [json!(1_521_898_200), json!(0), json!(1.5), json!(true)] {
        for name in ["at", "local", "day", "time"] {
            server.write("POST", "/entries", &entry(name, &number)).is(422);
        }
    }
    assert_eq!(server.get("/entries", &[]).is(200).json()["data"], json!([]), "nothing was changed");
}

#[test]
fn what_is_a_time_is_kept_and_found() {
    let server = api::start(|rocket| rocket.mount("/", Entry::routes()));
    for (name, text, told) in [
        ("at", "2018-03-24T13:30:00+08:00", "2018-03-24T05:30:00Z"),
        ("at", "2018-03-24t13:30:00z", "2018-03-24T13:30:00Z"),
        ("at", "2018-03-24T13:30:00-00:00", "2018-03-24T13:30:00Z"),
        ("at", "2018-03-24T13:30:00.1200Z", "2018-03-24T13:30:00.12Z"),
        ("at", "2018-03-24T13:30:00.123456789Z", "2018-03-24T13:30:00.123456Z"),
        ("at", "0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ("at", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        // A leap second is the second that follows, as PostgreSQL has it.
        ("at", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("at", "1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"),
        ("local", "2018-03-24T13:30", "2018-03-24T13:30:00"),
        ("local", "2018-03-24T13:30:00.5", "2018-03-24T13:30:00.5"),
        ("day", "2020-02-29", "2020-02-29"),
        ("time", "13:30", "13:30:00"),
        ("time", "23:59:59.999999", "23:59:59.999999"),
    ] {
        let made = server.write("POST", "/entries", &entry(name, &json!(text))).is(201).json();
        assert_eq!(made["data"]["attributes"][name], told, "{text}");
        let found = filtered(&server, name, text).is(200).json();
        let ids: Vec<_> = found["data"].as_array().into_iter().flatten().map(|found| &found["id"]).collect();
        assert!(ids.contains(&&made["data"]["id"]), "{text}: {found}");
    }
}
