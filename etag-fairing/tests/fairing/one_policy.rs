//! One table of preconditions and configurations: a generated route and a hand-written one answer alike.

use etag_fairing::document::error::Errors;
use etag_fairing::{EntityTag, JsonApi, JsonApiResource, Preconditions, Tagged};
use rocket::http::Status;
use rocket::{get, patch, routes};
use serde_json::json;

use crate::support::{Answer, Server};
use etag_fairing::EtagFairing;

const MOTTO: &str = "one write, one winner";

/// A note.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[get("/motto")]
fn motto() -> Tagged<&'static str> {
    Tagged(MOTTO)
}

#[patch("/motto")]
fn change_motto(preconditions: Preconditions<'_>) -> Result<Status, Errors> {
    preconditions.check(&EntityTag::of(MOTTO.as_bytes()))?;
    Ok(Status::NoContent)
}

fn start(etag: &str) -> Server {
    let toml = format!("[default]\n{etag}\n[default.databases.api]\nurl = 'sqlite::memory:'\n");
    let server = Server::start(&toml, |rocket| {
        rocket
            .attach(JsonApi::fairing())
            .attach(EtagFairing::new())
            .mount("/", routes![motto, change_motto])
            .mount("/", Note::routes())
    });
    let new = json!({"data": {"type": "notes", "attributes": {"text": "a"}}}).to_string();
    assert_eq!(server.send("POST", "/notes", &[JSON], &new).status, 201);
    server
}

const JSON: (&str, &str) = ("Content-Type", "application/vnd.api+json");

/// What an answer says of preconditions: `ok`, or the status and the reason, and whether the current tag came.
fn told(answer: &Answer, expected_tag: Option<&str>) -> String {
    if (200..300).contains(&answer.status) {
        return "ok".to_owned();
    }
    if answer.status == 304 {
        return "304".to_owned();
    }
    let document: serde_json::Value = serde_json::from_slice(&answer.body).expect("an error document");
    let error = &document["errors"][0];
    assert_eq!(answer.field("cache-control"), Some("no-store"));
    if answer.status == 428 {
        assert_eq!(answer.field("etag"), None);
        return "428".to_owned();
    }
    assert_eq!(answer.field("etag"), expected_tag, "the tag as it goes out");
    format!(
        "{} {} {}",
        answer.status,
        error["source"]["header"].as_str().unwrap(),
        error["meta"]["reason"].as_str().unwrap()
    )
}

const STRONG: &str = "ETAG = true";
const WEAK: &str = "[default.etag]\nstrength = 'weak'";
const WEAK_ACCEPTED: &str = "[default.etag]\nstrength = 'weak'\naccept_weakened = true";
const ACCEPTED: &str = "[default.etag]\naccept_weakened = true";
const REQUIRED: &str = "[default.etag]\nrequire_if_match = true";
const OFF: &str = "ETAG = false";

#[test]
fn generated_and_hand_written_routes_share_one_table() {
    let (im, inm) = ("If-Match", "If-None-Match");
    for (configuration, rows) in [
        (
            STRONG,
            &[
                ("PATCH", &[][..], "ok"),
                ("PATCH", &[(im, "{S}")], "ok"),
                ("PATCH", &[(im, "\"x\", {S}")], "ok"),
                ("PATCH", &[(im, "*")], "ok"),
                ("PATCH", &[(im, "W/{S}")], "412 If-Match weakened"),
                ("PATCH", &[(im, "\"x\"")], "412 If-Match changed"),
                ("PATCH", &[(im, "x")], "412 If-Match malformed"),
                ("PATCH", &[(im, "{S}, *")], "412 If-Match malformed"),
                ("PATCH", &[(im, "")], "412 If-Match empty"),
                ("PATCH", &[(inm, "*")], "412 If-None-Match exists"),
                ("PATCH", &[(inm, "W/{S}")], "412 If-None-Match exists"),
                ("PATCH", &[(inm, "\"x\"")], "ok"),
                // What proxies that compress make of a tag: Apache, Jetty and others.
                ("PATCH", &[(im, "{S-gzip}")], "ok"),
                ("PATCH", &[(im, "{S;br}")], "ok"),
                ("PATCH", &[(im, "{S--zstd}")], "ok"),
                ("PATCH", &[(im, "W/{S-gzip}")], "412 If-Match weakened"),
                ("GET", &[(inm, "{S}")], "304"),
                ("GET", &[(inm, "W/{S}")], "304"),
                ("GET", &[(inm, "{S-gzip}")], "304"),
                ("GET", &[(inm, "W/{S-gzip}")], "304"),
                ("GET", &[(inm, "{S;gzip}")], "304"),
                ("GET", &[(inm, "{S--gzip}")], "304"),
                ("GET", &[(inm, "{S-other}")], "ok"),
                ("GET", &[(im, "\"x\"")], "412 If-Match changed"),
                ("GET", &[(im, "W/{S}")], "412 If-Match weakened"),
                ("GET", &[(im, "{S}"), (inm, "{S}")], "304"),
            ][..],
        ),
        (
            ACCEPTED,
            &[
                ("PATCH", &[(im, "W/{S}")], "ok"),
                ("PATCH", &[(im, "W/{S-gzip}")], "ok"),
                ("PATCH", &[(im, "W/\"x\"")], "412 If-Match changed"),
            ],
        ),
        (
            WEAK,
            &[
                ("PATCH", &[(im, "{S}")], "412 If-Match all_weak"),
                ("PATCH", &[(im, "W/{S}")], "412 If-Match all_weak"),
                ("PATCH", &[(im, "\"x\"")], "412 If-Match all_weak"),
                ("PATCH", &[(im, "*")], "ok"),
                ("PATCH", &[(inm, "{S}")], "412 If-None-Match exists"),
                ("GET", &[(im, "{S}")], "412 If-Match all_weak"),
                ("GET", &[(im, "{S}"), (inm, "{S}")], "412 If-Match all_weak"),
                ("GET", &[(inm, "{S}")], "304"),
            ],
        ),
        (
            WEAK_ACCEPTED,
            &[
                ("PATCH", &[(im, "{S}")], "ok"),
                ("PATCH", &[(im, "W/{S}")], "ok"),
                ("PATCH", &[(im, "\"x\"")], "412 If-Match changed"),
                ("GET", &[(im, "W/{S}")], "ok"),
            ],
        ),
        (
            REQUIRED,
            &[
                ("PATCH", &[], "428"),
                ("PATCH", &[(inm, "{S}")], "428"),
                ("PATCH", &[(inm, "*")], "412 If-None-Match exists"),
                ("PATCH", &[("If-Unmodified-Since", "Thu, 01 Jan 2037 00:00:00 GMT")], "428"),
                ("PATCH", &[(im, "")], "412 If-Match empty"),
                ("PATCH", &[(im, "{S}")], "ok"),
                ("GET", &[], "ok"),
            ],
        ),
        (
            OFF,
            &[
                ("PATCH", &[(im, "{S}")], "412 If-Match untagged"),
                ("PATCH", &[(im, "x")], "412 If-Match untagged"),
                ("PATCH", &[(im, "*")], "ok"),
                ("PATCH", &[(inm, "*")], "412 If-None-Match exists"),
                ("PATCH", &[(inm, "{S}")], "ok"),
                ("GET", &[(inm, "{S}")], "ok"),
                ("GET", &[(inm, "*")], "ok"),
            ],
        ),
    ] {
        let server = start(configuration);
        for target in ["/motto", "/notes/1"] {
            let body = server.get(target, &[]).text();
            let digest = EntityTag::of(body.as_bytes()).to_string();
            let tag = match configuration {
                OFF => None,
                WEAK | WEAK_ACCEPTED => Some(format!("W/{digest}")),
                _ => Some(digest.clone()),
            };
            assert_eq!(server.get(target, &[]).field("etag"), tag.as_deref());
            for (method, fields, expected) in rows {
                let written =
                    |value: &str| value.replace("{S", digest.trim_end_matches('"')).replace('}', "\"");
                let mut sent: Vec<(&str, String)> =
                    fields.iter().map(|(name, value)| (*name, written(value))).collect();
                let document = json!({"data": {"type": "notes", "id": "1", "attributes": {}}}).to_string();
                let document = if *method == "PATCH" { document } else { String::new() };
                if !document.is_empty() {
                    sent.push((JSON.0, JSON.1.to_owned()));
                }
                let sent: Vec<(&str, &str)> =
                    sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let answer = server.send(method, target, &sent, &document);
                assert_eq!(
                    told(&answer, tag.as_deref()),
                    *expected,
                    "{configuration}: {method} {target} {fields:?}"
                );
            }
        }
    }
}

/// Lists and linkage have tags of one whole body; a proxy's suffix behind them is looked through, too.
#[test]
fn a_codings_suffix_behind_the_tag_of_any_url() {
    let server = start(STRONG);
    for target in ["/notes", "/notes?page[size]=1", "/notes/1?fields[notes]=text", "/notes/1", "/motto"] {
        let tag = server.get(target, &[]).tag();
        for suffix in ["-gzip", "-br", "-zstd", ";gzip", "--gzip"] {
            let sent = format!("{}{suffix}\"", tag.trim_end_matches('"'));
            let answer = server.get(target, &[("If-None-Match", &sent)]);
            assert_eq!((answer.status, answer.tag()), (304, tag.clone()), "{target} {sent}");
            let other = format!("\"{}{suffix}\"", "0".repeat(40));
            assert_eq!(server.get(target, &[("If-None-Match", &other)]).status, 200);
        }
    }
}
