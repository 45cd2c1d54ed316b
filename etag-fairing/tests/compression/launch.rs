//! What stops the launch, and in which order fairings may be attached.

use etag_fairing::{Compression, EtagFairing, etagged};
use rocket::error::ErrorKind;
use rocket::http::{Header, Status};
use rocket::local::blocking::Client;
use rocket::{Build, Rocket, get, routes};

use super::support::figment;

#[get("/poem")]
fn poem() -> String {
    "one write, one winner\n".repeat(100)
}

fn answered(client: &Client) -> (Option<String>, bool) {
    let response = client.get("/poem").header(Header::new("Accept-Encoding", "gzip")).dispatch();
    assert_eq!(response.status(), Status::Ok);
    let tag = response.headers().get_one("ETag").map(str::to_owned);
    (tag, response.headers().get_one("Content-Encoding") == Some("gzip"))
}

#[test]
fn fairings_may_be_attached_in_any_order() {
    let toml = "[default]\nETAG = true\nlog_level = 'off'";
    let build = || rocket::custom(figment(toml)).mount("/", etagged(routes![poem]));
    let rockets = [
        build().attach(EtagFairing::new()).attach(Compression::new()),
        build().attach(Compression::new()).attach(EtagFairing::new()),
        build().attach(Compression::new()).attach(EtagFairing::all()),
    ];
    let mut tags = Vec::new();
    for rocket in rockets {
        let client = Client::tracked(rocket).expect("a rocket");
        let (tag, is_coded) = answered(&client);
        assert!(is_coded);
        tags.extend(tag);
    }
    assert_eq!(tags.len(), 3);
    assert!(tags.iter().all(|tag| *tag == tags[0] && tag.ends_with("~gzip\"")), "{tags:?}");
}

#[test]
fn without_tags_bodies_are_coded_all_the_same() {
    for (toml, coded) in [
        ("[default]\nlog_level = 'off'", true),
        ("[default]\nlog_level = 'off'\nETAG = false", true),
        ("[default]\nlog_level = 'off'\ncompression = false", false),
        ("[default]\nlog_level = 'off'\n[default.compression]\nenabled = false\nmin_size = 1", false),
        ("[default]\nlog_level = 'off'\n[default.compression]\nmin_size = '1 MiB'", false),
        ("[default]\nlog_level = 'off'\n[default.compression]\ncodings = ['br']", false),
        ("[default]\nlog_level = 'off'\n[default.compression]\ntypes = ['+json']", false),
    ] {
        let rocket = rocket::custom(figment(toml))
            .attach(EtagFairing::new())
            .attach(Compression::new())
            .mount("/", etagged(routes![poem]));
        let client = Client::tracked(rocket).expect("a rocket");
        assert_eq!(answered(&client), (None, coded), "{toml}");
    }
}

#[test]
fn what_is_configured_wrong_stops_the_launch() {
    for toml in ["gzip_level = 10", "codings = ['deflate']", "levels = 1", "types = 'text/*'"] {
        let toml = format!("[default]\nlog_level = 'off'\n[default.compression]\n{toml}");
        let rocket = rocket::custom(figment(&toml)).attach(Compression::new());
        refused(rocket, &toml);
    }
    let twice = rocket::custom(figment("[default]\nlog_level = 'off'"))
        .attach(Compression::new())
        .attach(Compression::new());
    refused(twice, "attached twice");
}

fn refused(rocket: Rocket<Build>, case: &str) {
    let error = Client::tracked(rocket).map(drop).expect_err(case);
    // An error that nobody looks at panics.
    assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)), "{case}: {error:?}");
}
