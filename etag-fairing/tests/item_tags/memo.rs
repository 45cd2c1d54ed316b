//! The memo keeps what was asked with the profile apart from what was asked without.

use crate::world::{CURSOR, J, PROFILE, WITH_PROFILE, World, on_both, on_sqlite};

const URLS: [&str; 5] =
    ["/v1/rooms", "/v1/rooms/1", "/v1/talks?include=speakers", "/v1/tracks?include=talks", "/v1/tracks/1"];

#[test]
fn answers_with_and_without_the_profile_are_never_mixed() {
    on_both(8, |world, chance| {
        let cursor = format!("{J};profile=\"{CURSOR}\"");
        let accepts = [J, WITH_PROFILE, cursor.as_str(), "*/*"];
        for _ in 0..60 {
            let (url, user) = (chance.of(&URLS), chance.of(&["boss", "ann", ""]));
            let accept = chance.of(&accepts);
            if chance.is_one_in(5) {
                let body = serde_json::json!({ "data": { "type": "rooms", "id": "1",
                    "attributes": { "seats": chance.below(1000) } } });
                world.server.write("PATCH", "/v1/rooms/1", &body).is(200);
            }
            let answer = world.get(url, user, accept);
            if answer.status == 404 {
                continue;
            }
            let answer = answer.is(200);
            let is_asked = accept == WITH_PROFILE;
            let told = answer.field("content-type").unwrap();
            assert_eq!(told.contains(PROFILE), is_asked, "{url}");
            assert_eq!(told.contains(CURSOR), accept == cursor && !url.ends_with("/1"), "{url}");
            assert_eq!(answer.text().contains("\"etag\":"), is_asked, "{url} as {accept}");
            assert_eq!(answer.field("vary").map(|vary| vary.contains("Accept")), Some(true));
        }
    });
}

/// A GET and a HEAD with this tag.
fn is_not_modified(world: &World, url: &str, accept: &str, tag: &str, status: u16) {
    for method in ["GET", "HEAD"] {
        let fields = [("Accept", accept), ("If-None-Match", tag)];
        let answer = world.server.send(method, url, &fields, "").is(status);
        assert_eq!(answer.field("vary").map(|vary| vary.contains("Accept")), Some(true), "{method} {url}");
        assert!(answer.field("etag").is_some());
    }
}

#[test]
fn a_304_is_of_the_representation_that_was_asked_for() {
    on_both(9, |world, _| {
        for url in ["/v1/rooms", "/v1/rooms/1", "/v1/talks?include=speakers", "/v1/tracks/1/talks"] {
            let (plain, asked) =
                (world.get(url, "", J).is(200).tag(), world.get(url, "", WITH_PROFILE).is(200).tag());
            assert_ne!(plain, asked, "{url}");
            for _ in 0..2 {
                is_not_modified(world, url, J, &plain, 304);
                is_not_modified(world, url, WITH_PROFILE, &asked, 304);
                is_not_modified(world, url, J, &asked, 200);
                is_not_modified(world, url, WITH_PROFILE, &plain, 200);
            }
        }
    });
}

#[test]
fn the_list_has_another_tag_once_an_item_has() {
    on_both(10, |world, _| {
        let before = world.get("/v1/rooms?fields[rooms]=name", "", WITH_PROFILE).is(200);
        // The list doesn't show it, but the tag of the item says that there is something new.
        let seats =
            serde_json::json!({ "data": { "type": "rooms", "id": "1", "attributes": { "seats": 77 } } });
        world.server.write("PATCH", "/v1/rooms/1", &seats).is(200);
        let after = world.get("/v1/rooms?fields[rooms]=name", "", WITH_PROFILE).is(200);
        assert_ne!(before.tag(), after.tag());
    });
}

#[cfg(feature = "compression")]
#[test]
fn answers_in_codings_tell_the_profile_too() {
    on_sqlite("", |world| {
        for _ in 0..2 {
            for (accept, told) in [(J, J), (WITH_PROFILE, WITH_PROFILE)] {
                let fields = [("Accept", accept), ("Accept-Encoding", "gzip")];
                let answer = world.server.get("/v1/talks?include=speakers", &fields).is(200);
                assert_eq!(answer.field("content-type"), Some(told));
            }
        }
    });
}

#[cfg(not(feature = "compression"))]
#[test]
fn without_codings_the_profile_is_told() {
    on_sqlite("", |world| drop(world.get("/v1/rooms", "", WITH_PROFILE).is(200)));
}
