//! The guard of hand-written routes: the rows of a write, over raw sockets.

mod support;

use etag_fairing::conditional::{HttpDate, Selected, StateTag, Validator};
use etag_fairing::document::MEDIA_TYPE;
use etag_fairing::document::error::Errors;
use etag_fairing::{EntityTag, EtagFairing, Preconditions, Statistics};
use rocket::http::Status;
use rocket::{State, delete, get, patch, post, put, routes};
use support::{Answer, Server};

const ON: &str = "[default]\nETAG = true";
const REQUIRED: &str = "[default.etag]\nrequire_if_match = true";

fn current() -> EntityTag {
    EntityTag::strong("now").unwrap()
}

#[put("/thing")]
fn put_thing(preconditions: Preconditions<'_>) -> Result<Status, Errors> {
    preconditions.check(&current())?;
    Ok(Status::NoContent)
}

#[patch("/thing")]
fn patch_thing(preconditions: Preconditions<'_>) -> Result<Status, Errors> {
    preconditions.check(&current())?;
    Ok(Status::NoContent)
}

#[delete("/thing")]
fn delete_thing(preconditions: Preconditions<'_>) -> Result<Status, Errors> {
    preconditions.check(&current())?;
    Ok(Status::NoContent)
}

#[post("/thing")]
fn post_thing(preconditions: Preconditions<'_>) -> Result<Status, Errors> {
    preconditions.check(&current())?;
    Ok(Status::NoContent)
}

#[get("/thing")]
fn get_thing(preconditions: Preconditions<'_>) -> Result<&'static str, Errors> {
    preconditions.check(&current())?;
    Ok("thing")
}

#[put("/missing")]
fn put_missing(preconditions: Preconditions<'_>) -> Result<Status, Errors> {
    preconditions.check(None)?;
    Ok(Status::Created)
}

#[put("/state")]
fn put_state(preconditions: Preconditions<'_>) -> Result<Status, Errors> {
    let state = StateTag::of_version("17");
    let last_modified = HttpDate::parse(b"Thu, 01 Jan 2026 00:00:00 GMT");
    let selected = Selected { validator: Validator::State(&state), last_modified };
    preconditions.check_selected(Some(&selected))?;
    Ok(Status::NoContent)
}

#[get("/statistics")]
fn statistics(statistics: &State<Statistics>) -> String {
    format!("{} {}", statistics.digests(), statistics.preconditions_failed())
}

fn start(toml: &str) -> Server {
    Server::start(toml, |rocket| {
        rocket.attach(EtagFairing::new()).mount(
            "/",
            routes![
                put_thing,
                patch_thing,
                delete_thing,
                post_thing,
                get_thing,
                put_missing,
                put_state,
                statistics
            ],
        )
    })
}

fn error(answer: &Answer) -> serde_json::Value {
    assert_eq!(answer.field("content-type"), Some(MEDIA_TYPE));
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    let mut document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    document["errors"][0].take()
}

#[test]
fn every_row_of_a_write() {
    let server = start(ON);
    for method in ["PUT", "PATCH", "DELETE", "POST"] {
        for (fields, status) in [
            (&[][..], 204),
            (&[("If-Match", "\"now\"")], 204),
            (&[("If-Match", "*")], 204),
            (&[("If-Match", "\"a\", \"now\"")], 204),
            (&[("If-Match", "\"a\""), ("If-Match", "\"now\"")], 204),
            (&[("If-Match", "\"old\"")], 412),
            (&[("If-Match", "W/\"now\"")], 412),
            (&[("If-Match", "now")], 412),
            (&[("If-Match", "\"now\", x")], 412),
            (&[("If-Match", "")], 412),
            (&[("If-Match", "*, *")], 412),
            (&[("If-None-Match", "\"now\"")], 412),
            (&[("If-None-Match", "W/\"now\"")], 412),
            (&[("If-None-Match", "*")], 412),
            (&[("If-None-Match", "\"old\"")], 204),
            (&[("If-Match", "\"now\""), ("If-None-Match", "\"now\"")], 412),
            (&[("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")], 204),
            (&[("If-Modified-Since", "Thu, 01 Jan 2037 00:00:00 GMT")], 204),
        ] {
            let answer = server.send(method, "/thing", fields, "");
            assert_eq!(answer.status, status, "{method} {fields:?}");
            if status == 412 {
                assert_eq!(answer.tag(), "\"now\"");
                let error = error(&answer);
                assert_eq!((&error["status"], &error["links"]["about"]), (&"412".into(), &"/thing".into()));
                assert_eq!(error["source"]["header"], fields[fields.len() - 1].0);
            }
        }
    }
}

#[test]
fn a_header_that_is_not_utf_8_is_dropped_by_rocket_and_only_428_closes_that() {
    // RFC 9110 §8.8.3 allows these bytes; what Rocket never hands on can't be compared.
    for (toml, status) in [(ON, 204), (REQUIRED, 428)] {
        let server = start(toml);
        let answer = server.connect().send_bytes("PUT", "/thing", b"If-Match: \"\xe9\"\r\n");
        assert_eq!(answer.status, status);
    }
}

#[test]
fn nothing_there_fails_if_match_and_may_be_created() {
    let server = start(ON);
    for (fields, status) in [
        (&[][..], 201),
        (&[("If-None-Match", "*")], 201),
        (&[("If-Match", "*")], 412),
        (&[("If-Match", "\"now\"")], 412),
    ] {
        let answer = server.send("PUT", "/missing", fields, "");
        assert_eq!((answer.status, answer.field("etag")), (status, None), "{fields:?}");
    }
}

#[test]
fn a_state_takes_the_tag_of_any_view_and_a_date() {
    let server = start(ON);
    let state = StateTag::of_version("17");
    let (tag, view) = (state.entity_tag().to_string(), state.with_view(b"with include").to_string());
    for (fields, status) in [
        (&[("If-Match", tag.as_str())][..], 204),
        (&[("If-Match", view.as_str())], 204),
        (&[("If-Match", "\"v18\"")], 412),
        (&[("If-Unmodified-Since", "Thu, 01 Jan 2026 00:00:00 GMT")], 204),
        (&[("If-Unmodified-Since", "Wed, 31 Dec 2025 23:59:59 GMT")], 412),
        (&[("If-Match", tag.as_str()), ("If-Unmodified-Since", "Wed, 31 Dec 2025 23:59:59 GMT")], 204),
    ] {
        let answer = server.send("PUT", "/state", fields, "");
        assert_eq!(answer.status, status, "{fields:?}");
        assert_eq!(answer.field("etag"), (status == 412).then_some(tag.as_str()));
    }
}

#[test]
fn required_428_for_a_change_that_names_no_state() {
    let server = start(REQUIRED);
    for method in ["PUT", "PATCH", "DELETE"] {
        for fields in [
            &[][..],
            &[("If-None-Match", "\"old\"")],
            &[("If-Unmodified-Since", "Thu, 01 Jan 2037 00:00:00 GMT")],
        ] {
            let answer = server.send(method, "/thing", fields, "");
            assert_eq!((answer.status, answer.field("etag")), (428, None), "{method} {fields:?}");
            let error = error(&answer);
            assert_eq!((&error["code"], &error["status"]), (&"precondition_required".into(), &"428".into()));
            assert_eq!(error["source"]["header"], "If-Match");
        }
        assert_eq!(server.send(method, "/thing", &[("If-Match", "\"now\"")], "").status, 204);
        assert_eq!(server.send(method, "/thing", &[("If-Match", "\"old\"")], "").status, 412);
        assert_eq!(server.send(method, "/thing", &[("If-None-Match", "*")], "").status, 412);
    }
    assert_eq!(server.send("POST", "/thing", &[], "").status, 204);
    assert_eq!(server.get("/thing", &[]).status, 200);
    // There is nothing to overwrite.
    assert_eq!(server.send("PUT", "/missing", &[], "").status, 201);
}

#[test]
fn on_a_get_only_412_is_refused() {
    let server = start(ON);
    assert_eq!(server.get("/thing", &[("If-None-Match", "\"now\"")]).status, 200);
    assert_eq!(server.get("/thing", &[("If-Match", "\"old\"")]).status, 412);
}

#[test]
fn off_means_that_no_tag_matches_and_a_star_asks_for_existence() {
    for toml in ["", "[default]\nETAG = false", "[default.etag]\nenabled = false\nrequire_if_match = true"] {
        let server = start(toml);
        for (fields, status) in [
            (&[][..], 204),
            (&[("If-Match", "*")], 204),
            (&[("If-Match", "\"now\"")], 412),
            (&[("If-None-Match", "\"now\"")], 204),
            (&[("If-None-Match", "*")], 412),
        ] {
            let answer = server.send("PUT", "/thing", fields, "");
            assert_eq!((answer.status, answer.field("etag")), (status, None), "{fields:?}");
        }
        let answer = server.send("PUT", "/thing", &[("If-Match", "\"now\"")], "");
        assert!(error(&answer)["detail"].as_str().unwrap().contains("turned off"));
        assert_eq!(server.send("PUT", "/missing", &[("If-Match", "*")], "").status, 412);
        assert_eq!(server.get("/statistics", &[]).text(), "0 4");
    }
}

#[test]
fn without_the_fairing_the_guard_is_as_with_tags_off() {
    let server = Server::start(ON, |rocket| rocket.mount("/", routes![put_thing]));
    assert_eq!(server.send("PUT", "/thing", &[], "").status, 204);
    assert_eq!(server.send("PUT", "/thing", &[("If-Match", "\"now\"")], "").status, 412);
}

#[test]
fn accept_weakened_takes_the_weak_form_of_a_strong_tag() {
    let server = start("[default.etag]\naccept_weakened = true");
    assert_eq!(server.send("PUT", "/thing", &[("If-Match", "W/\"now\"")], "").status, 204);
    assert_eq!(server.send("PUT", "/thing", &[("If-Match", "W/\"old\"")], "").status, 412);
}
