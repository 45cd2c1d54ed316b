//! `etag(items)`: the tags of a struct's resources stand in documents without being asked for.

use serde_json::json;

use crate::world::{J, PROFILE, WITH_PROFILE, json_of, objects, on_both, on_sqlite, text};

#[test]
fn lists_related_resources_and_included_ones_have_their_tags() {
    on_both(6, |world, _| {
        for url in [
            "/v1/sheets",
            "/v1/sheets?fields[sheets]=",
            "/v1/cards",
            "/v1/cards?include=sheet.speaker",
            "/v1/cards/1?include=sheet",
            "/v1/cards/1/sheet",
            "/v1/sheets/2/parent",
            "/v1/cards/1/relationships/sheet?include=sheet",
        ] {
            let answer = world.get(url, "ann", J).is(200);
            assert_eq!(answer.field("content-type"), Some(WITH_PROFILE), "{url}");
            let document = json_of(&answer);
            assert_eq!(document["jsonapi"]["profile"], json!([PROFILE]));
            for object in objects(&document) {
                let link = text(&object, "/links/self").unwrap();
                let own = world.get(link, "ann", J).is(200);
                // Speakers are not declared so.
                let expected = own.field("etag").filter(|_| !link.starts_with("/v1/speakers"));
                assert_eq!(text(&object, "/meta/etag"), expected, "{url}: {link}");
            }
        }
    });
}

#[test]
fn the_representation_at_its_own_url_has_its_tag_in_the_field_alone() {
    on_both(7, |world, _| {
        for url in ["/v1/sheets/1", "/v1/cards/1"] {
            let answer = world.get(url, "", J).is(200);
            assert_eq!(answer.field("content-type"), Some(J));
            assert_eq!(json_of(&answer)["data"].get("meta"), None);
            // Unless it is asked for: then the representation is another one, of the same state.
            let asked = world.get(url, "", WITH_PROFILE).is(200);
            assert_eq!(json_of(&asked)["data"]["meta"]["etag"], json!(answer.tag()));
            assert!(asked.tag().starts_with(answer.tag().trim_end_matches('"')), "{}", asked.tag());
            assert_ne!(asked.tag(), answer.tag());
        }
        // Nothing changes where no struct says so.
        let rooms = world.get("/v1/rooms", "", J).is(200);
        assert_eq!(rooms.field("content-type"), Some(J));
        assert!(!rooms.text().contains("etag"));
    });
}

#[test]
fn without_entity_tags_there_is_no_profile() {
    on_sqlite("enabled = false", |world| {
        for url in ["/v1/sheets", "/v1/rooms", "/v1/cards/1?include=sheet", "/v1/sheets/1"] {
            for accept in [J, WITH_PROFILE] {
                let answer = world.get(url, "", accept).is(200);
                assert_eq!(answer.field("content-type"), Some(J), "{url}");
                assert!(!answer.text().contains("etag"), "{url}");
            }
        }
    });
}

#[test]
fn resources_without_tags_have_no_profile() {
    on_sqlite("", |world| {
        let answer = world.get("/v1/sponsors", "", WITH_PROFILE).is(200);
        assert_eq!(answer.field("content-type"), Some(J));
        let answer = world.get("/v1/sponsors?include=room", "", WITH_PROFILE).is(200);
        assert_eq!(answer.field("content-type"), Some(WITH_PROFILE));
        // The tag of linkage is that of its bytes, which a write of it compares: nothing is added to it.
        let plain = world.get("/v1/talks/1/relationships/speakers", "", J).is(200);
        let asked = world.get("/v1/talks/1/relationships/speakers", "", WITH_PROFILE).is(200);
        assert_eq!((plain.tag(), plain.field("content-type")), (asked.tag(), asked.field("content-type")));
        assert_eq!(plain.body, asked.body);
    });
}
