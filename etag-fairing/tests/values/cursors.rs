//! Cursors that somebody else has made are checked as filters are, and those of the server lead through all rows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use etag_fairing::JsonApiResource;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::place::Place;
use crate::support::Server;

/// What a job is in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Done,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "jobs", table = "jobs")]
struct Job {
    #[jsonapi(id)]
    id: String,
    level: Option<u8>,
    size: Option<f32>,
    open: Option<bool>,
    at: Option<DateTime<Utc>>,
    local: Option<NaiveDateTime>,
    day: Option<NaiveDate>,
    time: Option<NaiveTime>,
    code: Option<Uuid>,
    #[jsonapi(text)]
    state: Option<State>,
    word: Option<String>,
}

const SORTS: [&str; 10] = ["level", "size", "open", "at", "local", "day", "time", "code", "state", "word"];

fn cursor(sort: &str, value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json!(["jobs", sort, [value], "b"]).to_string())
}

fn forged_cursors_are_refused(server: &Server) {
    for (sort, values) in [
        ("level", vec![json!(256), json!("1"), json!(1.5), json!(["x"])]),
        ("size", vec![json!("x"), json!("1e999"), json!(0.5), json!(["inf"])]),
        ("open", vec![json!(1), json!("true"), json!([true])]),
        (
            "at",
            vec![json!("2021-01-03 00:00:00"), json!("infinity"), json!(5), json!(["2021-01-03 00:00:00"])],
        ),
        ("local", vec![json!("2021-01-03 00:00:00"), json!("2021-01-03T00:00:00Z"), json!(["2021"])]),
        ("day", vec![json!("2021-02-30"), json!("20210203"), json!(["x"])]),
        ("time", vec![json!("25:00"), json!("1:00"), json!(["noon"])]),
        ("code", vec![json!("abc"), json!(""), json!(7)]),
        ("state", vec![json!("gone"), json!(true)]),
        ("word", vec![json!(1), json!({}), json!("\0"), json!([])]),
    ] {
        for value in values {
            for side in ["page[after]", "page[before]"] {
                let url = format!("/jobs?sort={sort}&{side}={}", cursor(sort, &value));
                let error = server.get(&url, &[]).is(400).error();
                assert_eq!(error, ("invalid_page".into(), json!({"parameter": side})), "{sort} {value}");
            }
        }
    }
    // What a column could hold, and this one may not, is a place like another.
    for (sort, value) in [
        ("level", json!([i64::MAX])),
        ("size", json!(["1e300"])),
        ("code", json!(["abc"])),
        ("code", json!(["\0"])),
        ("state", json!(["gone"])),
        ("word", json!(["a\0b"])),
        ("at", json!("0000-01-01T00:00:00Z")),
        ("at", json!("9999-12-31T23:59:59.999999Z")),
    ] {
        for side in ["page[after]", "page[before]"] {
            server.get(&format!("/jobs?sort={sort}&{side}={}", cursor(sort, &value)), &[]).is(200);
        }
    }
    for id in ["", ".", "\0", "\u{10ffff}"] {
        let token = URL_SAFE_NO_PAD.encode(json!(["jobs", "", [], id]).to_string());
        server.get(&format!("/jobs?page[after]={token}"), &[]).is(200);
    }
}

/// With it a client asks for pages by cursor.
const PROFILE: &str =
    "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"";

fn document(server: &Server, url: &str, fields: &[(&str, &str)]) -> Value {
    serde_json::from_slice(&server.get(url, fields).is(200).body).expect("JSON")
}

/// The ids, page by page from this URL on.
fn walk(server: &Server, url: String, link: &str) -> Vec<String> {
    let (mut url, mut seen) = (url, Vec::new());
    while seen.len() < 50 {
        let page = document(server, &url, &[]);
        let data = page["data"].as_array().cloned().unwrap_or_default();
        seen.extend(data.iter().map(|job| job["id"].as_str().unwrap_or_default().to_owned()));
        match page["links"][link].as_str() {
            Some(next) => url = next.into(),
            None => break,
        }
    }
    seen
}

fn own_cursors_lead_through_all(server: &Server) {
    for sort in SORTS {
        for direction in ["", "-"] {
            let url = format!("/jobs?sort={direction}{sort}&page[size]=");
            let all = walk(server, format!("{url}50"), "next");
            let first = document(server, &format!("{url}1"), &[("Accept", PROFILE)]);
            let next = first["links"]["next"].as_str().expect("a next page").to_owned();
            let seen = [vec![all[0].clone()], walk(server, next, "next")].concat();
            assert_eq!(seen, all, "{direction}{sort}");
        }
    }
}

const ROWS: &str = "INSERT INTO jobs VALUES
    ('a', 1, 0.1, true, '2021-01-03T00:00:00Z', '2021-01-03T00:00:00', '2021-01-03', '10:00:00',
        '0190163d-8694-739b-aea5-966c26f8ad91', 'open', 'a'),
    ('b', 255, 0.123456789, false, '2021-01-02T12:00:00Z', '2021-01-02T12:00:00.5', '2021-01-02', '10:00:00.5',
        '0190163d-8694-739b-aea5-966c26f8ad92', 'gone', 'b'),
    ('c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('d', 0, 1e30, true, '2021-01-03T00:00:00.000001Z', '2021-01-03T00:00:00', '0001-01-01', '23:59:59.999999',
        '0190163d-8694-739b-aea5-966c26f8ad90', 'done', ''),
    ('.', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)";

fn serve(place: &Place) -> Server {
    place.serve(|rocket| rocket.mount("/", Job::routes())).with_values_of_others()
}

#[test]
fn values_in_cursors_are_checked_on_sqlite() {
    let place = Place::sqlite(
        "CREATE TABLE jobs (id TEXT PRIMARY KEY NOT NULL, level INTEGER, size REAL, open BOOLEAN, at DATETIME,
            local DATETIME, day DATE, time TIME, code TEXT, state TEXT, word TEXT)",
    );
    place.run(ROWS);
    // Of other programs: times in other forms, UUIDs in other spellings and none, texts that end before their end.
    place.run(
        "INSERT INTO jobs VALUES
            ('e', 2, 5, 1, '2021-01-03 00:00:00', '2021-01-03 00:00', '2021-01-03 00:00:00', '10:00',
                '0190163D8694739BAEA5966C26F8AD91', 'x', CAST(x'610062' AS TEXT)),
            ('f', 2, 5, 0, 1609632000, 1609632000.5, '2021-01-03', '10:00:00', 'abc', '', CAST(x'6100' AS TEXT)),
            ('g', 2, 5, 0, 'yesterday', '?', 'never', 'noon', '', 'y', 'a')",
    );
    let server = serve(&place);
    own_cursors_lead_through_all(&server);
    forged_cursors_are_refused(&server);
}

#[cfg(feature = "postgres")]
#[test]
fn values_in_cursors_are_checked_on_postgresql() {
    let Some(place) = Place::postgres(
        "CREATE TABLE jobs (id text PRIMARY KEY, level smallint, size real, open boolean, at timestamptz,
            local timestamp, day date, time time, code uuid, state text, word text)",
    ) else {
        return;
    };
    place.run(ROWS);
    let server = serve(&place);
    own_cursors_lead_through_all(&server);
    forged_cursors_are_refused(&server);
}
