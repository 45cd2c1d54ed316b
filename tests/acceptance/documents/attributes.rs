//! Every kind of attribute, written and read back.

use serde_json::{Value, json};

use super::{attributes, send};
use crate::{
    api::{
        assert_error, assert_pointer, create, new_document, new_session, pointers, read, session_document,
    },
    support::{Connection, Launch},
};

/// Writes attributes by POST and by PATCH; both times they read back as `expected`.
fn round_trip(connection: &mut Connection, type_name: &str, sent: Value, expected: Value) {
    let collection = format!("/v1/{type_name}");
    let path = create(connection, &collection, &new_document(type_name, sent.clone()));
    let check = |read: Value| {
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(read[name], *value, "{type_name} {name}");
        }
    };
    check(attributes(connection, &path));
    let title = if type_name == "sessions" { "title" } else { "name" };
    let other = create(connection, &collection, &new_document(type_name, json!({title: "Other"})));
    let id = other.rsplit('/').next().expect("an id");
    let document = json!({"data": {"type": type_name, "id": id, "attributes": sent}});
    let changed = connection.patch(&other, &[], &document);
    assert_eq!(changed.status, 200, "{changed:?}");
    check(attributes(connection, &other));
}

#[test]
fn every_kind_of_attribute_is_read_back() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let session = json!({
        "title": "T", "subtitle": "S", "shortAbstract": "A", "language": "de", "level": "beginner",
        "state": "accepted", "startTime": "2027-06-12T09:00:00Z", "endTime": "2027-06-12T09:30:00.25Z",
        "favourites": 4294967295_u32,
    });
    round_trip(&mut connection, "sessions", session.clone(), session);
    let nothing = json!({"title": "", "subtitle": null, "startTime": null, "favourites": 0});
    round_trip(&mut connection, "sessions", nothing.clone(), nothing);
    // Every offset is an instant, and instants are written in UTC.
    round_trip(
        &mut connection,
        "sessions",
        json!({"title": "T", "startTime": "2018-03-24T13:30:00+08:00", "endTime": "1969-12-31T23:59:59-01:00"}),
        json!({"startTime": "2018-03-24T05:30:00Z", "endTime": "1970-01-01T00:59:59Z"}),
    );
    for (floor, latitude, longitude) in
        [(-2, json!(54.3231), json!(-180.0)), (0, json!(0.1), json!(1e-7)), (i32::MAX, json!(3), json!(-0.5))]
    {
        let room = json!({"name": "R", "floor": floor, "room": "0.01", "latitude": latitude, "longitude": longitude});
        let expected = json!({"floor": floor, "longitude": longitude});
        round_trip(&mut connection, "microlocations", room, expected);
    }
    let none = json!({"name": "R", "floor": null, "latitude": null});
    round_trip(&mut connection, "microlocations", none.clone(), none);
    let speaker = json!({"name": "N", "organisation": "O", "country": "C", "shortBiography": "<p>B</p>"});
    round_trip(&mut connection, "speakers", speaker.clone(), speaker);
    let track = json!({"name": "N", "color": "#e83700", "fontColor": null});
    round_trip(&mut connection, "tracks", track.clone(), track);
    let kind = json!({"name": "N", "length": "00:25"});
    round_trip(&mut connection, "session-types", kind.clone(), kind);
}

#[test]
fn text_is_read_back_character_by_character() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for text in [
        "Größer — 大きい 🦀 👩‍👩‍👧",
        "e\u{301} is not \u{e9}",
        "\u{202e}right to left\u{202c} العربية",
        "\u{1}\u{1f}\u{7f}\u{80}\u{2028}\u{2029}\u{feff}\u{fffd}\u{10ffff}",
        "\"quotes\", \\backslashes\\, /slashes/, 'apostrophes'",
        "lines\r\n\tand tabs\n",
        "'; DROP TABLE sessions; --",
        "</script><script>alert(1)</script>",
        "  spaces around  ",
        "null",
        "",
    ] {
        let expected = json!({"title": text, "subtitle": text});
        round_trip(&mut connection, "sessions", expected.clone(), expected);
    }
    let long = "ä".repeat(100_000);
    round_trip(&mut connection, "sessions", json!({"title": long}), json!({"title": long}));
    // Escapes of the other half of Unicode, as some clients send them.
    let body = br#"{"data":{"type":"sessions","attributes":{"title":"\ud83e\udd80 \u00e9 \/"}}}"#;
    let created = send(&mut connection, "POST", "/v1/sessions", body);
    assert_eq!(created.json()["data"]["attributes"]["title"], "🦀 é /");
}

#[test]
fn text_that_no_store_can_keep_is_422() {
    let server = Launch::new().start();
    let document = new_document("sessions", json!({"title": "a\u{0}b"}));
    let refused = server.connect().post("/v1/sessions", &[], &document);
    assert_pointer(&refused, 422, "/data/attributes/title");
    // A lone surrogate is no text, so this is no JSON text that can be read.
    let body = br#"{"data":{"type":"sessions","attributes":{"title":"\ud83e"}}}"#;
    assert_error(&send(&mut server.connect(), "POST", "/v1/sessions", body), 400);
}

#[test]
fn values_of_another_type_or_range_are_422_with_the_pointer() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Typed");
    for (type_name, name, value) in [
        ("sessions", "title", json!(3)),
        ("sessions", "title", json!(null)),
        ("sessions", "title", json!(["a"])),
        ("sessions", "subtitle", json!({"en": "a"})),
        ("sessions", "subtitle", json!(true)),
        ("sessions", "state", json!("unheard-of")),
        ("sessions", "state", json!(null)),
        ("sessions", "state", json!("Accepted")),
        ("sessions", "startTime", json!("tomorrow")),
        ("sessions", "startTime", json!("2027-06-12")),
        ("sessions", "startTime", json!("2027-06-12T09:00:00")),
        ("sessions", "startTime", json!("2027-02-30T09:00:00Z")),
        ("sessions", "startTime", json!(1_800_000_000)),
        ("sessions", "favourites", json!(-1)),
        ("sessions", "favourites", json!(1.5)),
        ("sessions", "favourites", json!(4_294_967_296_u64)),
        ("sessions", "favourites", json!("1")),
        ("sessions", "favourites", json!(null)),
        ("sessions", "favourites", json!(true)),
        ("microlocations", "floor", json!(2_147_483_648_u64)),
        ("microlocations", "floor", json!("2")),
        ("microlocations", "latitude", json!("54.3")),
        ("microlocations", "latitude", json!([54.3])),
    ] {
        let required = if type_name == "sessions" { "title" } else { "name" };
        let mut sent = json!({required: "x"});
        sent[name] = value.clone();
        let refused =
            connection.post(&format!("/v1/{type_name}"), &[], &new_document(type_name, sent.clone()));
        assert_pointer(&refused, 422, &format!("/data/attributes/{name}"));
        if type_name == "sessions" {
            let refused = connection.patch(&record.path, &[], &session_document(&record.id, sent));
            assert_pointer(&refused, 422, &format!("/data/attributes/{name}"));
        }
    }
    assert_eq!(read(&mut connection, &record.path), record, "nothing was changed on the way");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Right");
    let wrong = json!({"title": 3, "favourites": -1, "unheardOf": 1, "startTime": "x", "level": "right"});
    let expected =
        ["favourites", "startTime", "title", "unheardOf"].map(|name| format!("/data/attributes/{name}"));
    for response in [
        connection.post("/v1/sessions", &[], &new_document("sessions", wrong.clone())),
        connection.patch(&record.path, &[], &session_document(&record.id, wrong)),
    ] {
        let errors = assert_error(&response, 422);
        let mut found = pointers(&errors);
        found.sort_unstable();
        assert_eq!(found, expected, "{response:?}");
        assert!(
            errors.iter().all(|error| error["status"] == "422" && error["title"] == errors[0]["title"]),
            "N4"
        );
    }
    assert_eq!(read(&mut connection, &record.path), record);
}

#[test]
fn n5_what_is_missing_is_pointed_to_by_what_would_hold_it() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let without = connection.post("/v1/sessions", &[], &json!({"data": {"type": "sessions"}}));
    assert_pointer(&without, 422, "/data");
    let empty = connection.post("/v1/sessions", &[], &new_document("sessions", json!({})));
    assert_pointer(&empty, 422, "/data/attributes");
}

#[test]
fn only_the_title_is_required_of_a_session() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Only a title");
    let read = attributes(&mut connection, &record.path);
    assert_eq!(
        read,
        json!({"title": "Only a title", "subtitle": null, "shortAbstract": null, "language": null, "level": null,
               "state": "draft", "startTime": null, "endTime": null, "favourites": 0})
    );
}

#[test]
fn j3_what_a_patch_leaves_out_stays_and_null_is_null() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let full = json!({"title": "T", "subtitle": "S", "level": "L", "favourites": 3, "startTime": "2027-06-12T09:00:00Z"});
    let path = create(&mut connection, "/v1/sessions", &new_document("sessions", full.clone()));
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let changed = connection.patch(&path, &[], &session_document(&id, json!({"subtitle": null})));
    assert_eq!(changed.status, 200);
    let now = attributes(&mut connection, &path);
    assert_eq!(now["subtitle"], Value::Null);
    for name in ["title", "level", "favourites", "startTime"] {
        assert_eq!(now[name], full[name], "{name}");
    }
}

#[test]
fn b22_b4_at_members_and_members_that_nobody_defined_are_ignored() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let document = json!({
        "@context": "x", "foo": 1, "meta": {"a": 1}, "jsonapi": {"version": "1.0"},
        "data": {
            "type": "sessions", "@id": "7", "meta": {}, "links": {"self": "/elsewhere"},
            "attributes": {"title": "Ignored", "@type": "Event", "@": null},
            "relationships": {"@rel": 1, "track": {"data": null, "@x": 2, "links": {}, "meta": {}}},
        },
    });
    let created = connection.post("/v1/sessions", &[], &document);
    assert_eq!(created.status, 201, "{created:?}");
    let data = created.json()["data"].clone();
    assert!(!data.to_string().contains('@'), "{data}");
    let patch =
        json!({"data": {"type": "sessions", "id": data["id"], "@x": 1, "attributes": {"@title": "x"}}});
    let path = created.header("Location").expect("a Location").to_owned();
    let changed = connection.patch(&path, &[("If-Match", created.etag())], &patch);
    assert_eq!((changed.status, changed.etag()), (200, created.etag()));
}

#[test]
fn i14_attributes_that_a_type_does_not_have_are_422() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    for name in ["unheardOf", "short_abstract", "Title", "trackId", "track", "id~/x"] {
        let refused =
            connection.post("/v1/sessions", &[], &new_document("sessions", json!({"title": "x", name: 1})));
        // RFC 6901 §3.
        let token = name.replace('~', "~0").replace('/', "~1");
        assert_pointer(&refused, 422, &format!("/data/attributes/{token}"));
    }
}
