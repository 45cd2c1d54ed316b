//! Whatever is asked, each tag in a document is that of the resource's own URL, and can be used to change the resource.

use serde_json::{Value, json};

use crate::support::Answer;
use crate::world::{CURSOR, Chance, J, PROFILE, WITH_PROFILE, World, json_of, objects, on_both, text};

const CALLERS: [&str; 4] = ["boss", "ann", "bob", ""];

/// Paths of `include` from each type.
const PATHS: [(&str, &[&str]); 8] = [
    ("tracks", &["talks", "talks.speakers", "talks.reviews", "talks.speakers.talks"]),
    ("talks", &["track", "speakers", "helpers", "reviews", "track.talks", "helpers.talks.track"]),
    ("rooms", &["host", "host.talks", "host.notes"]),
    ("speakers", &["talks", "notes", "talks.track", "talks.reviews.talk"]),
    ("reviews", &["talk", "talk.speakers", "talk.track"]),
    ("seats", &["room", "room.host", "takenBy"]),
    ("sheets", &["speaker", "parent", "parent.speaker"]),
    ("cards", &["sheet", "sheet.speaker"]),
];

/// What may stand in `fields` of each type.
const FIELDS: [(&str, &[&str]); 6] = [
    ("tracks", &["", "name", "talks"]),
    ("talks", &["", "title", "title,speakers", "reviews", "helpers"]),
    ("speakers", &["", "name", "shouted", "talks,notes"]),
    ("reviews", &["", "text", "length", "talk"]),
    ("rooms", &["", "name", "host"]),
    ("sheets", &["", "text", "parent"]),
];

/// A URL by chance, of one of the ways to a document.
fn url(chance: &mut Chance) -> String {
    let (kind, paths) = chance.of(&PATHS);
    let id = 1 + chance.below(3);
    let (path, paths, is_list) = match chance.below(8) {
        0 => (
            format!("/v1/{kind}/{}", if kind == "speakers" { "ada".into() } else { id.to_string() }),
            paths,
            false,
        ),
        1 => (format!("/v1/tracks/{id}/talks"), PATHS[1].1, true),
        2 => (format!("/v1/talks/{id}/speakers"), PATHS[3].1, true),
        3 => (format!("/v1/rooms/{id}/host"), PATHS[3].1, false),
        4 => (format!("/v1/talks/{id}/relationships/speakers"), &["speakers", "speakers.talks"][..], false),
        5 => ("/v1/labels/1/on".to_owned(), &[][..], false),
        _ => (format!("/v1/{kind}"), paths, true),
    };
    let mut parameters = Vec::new();
    if !paths.is_empty() && (!chance.is_one_in(3) || path.contains("/relationships/")) {
        let mut include = vec![if path.contains("/relationships/") { paths[0] } else { chance.of(paths) }];
        let second = chance.of(paths);
        if !include.contains(&second) {
            include.push(second);
        }
        parameters.push(format!("include={}", include.join(",")));
    }
    for (kind, sets) in FIELDS {
        if chance.is_one_in(4) {
            parameters.push(format!("fields[{kind}]={}", chance.of(sets)));
        }
    }
    if is_list && chance.is_one_in(3) {
        parameters.push(format!("page[size]={}", 1 + chance.below(4)));
    }
    if path == "/v1/tracks" && chance.is_one_in(3) {
        parameters.push("withCount=talks".to_owned());
    }
    if parameters.is_empty() { path } else { format!("{path}?{}", parameters.join("&")) }
}

/// Whether the resources of a type carry tags.
fn is_tagged(kind: &str) -> bool {
    kind != "sponsors"
}

/// Checks each object of a document, and returns how many tags it has.
#[track_caller]
fn check(world: &World, user: &str, url: &str, answer: &Answer) -> usize {
    let mut tags = 0;
    for object in objects(&json_of(answer)) {
        let (kind, link) = (text(&object, "/type").unwrap(), text(&object, "/links/self").unwrap());
        let tag = text(&object, "/meta/etag");
        let own = world.get(link, user, J).is(200);
        if is_tagged(kind) {
            assert_eq!(tag, own.field("etag"), "{user:?}, {url}: {link}\n{}", own.text());
            tags += 1;
        } else {
            assert_eq!(tag, None, "{url}: {link}");
        }
    }
    tags
}

fn agree(seed: u64) {
    on_both(seed, |world, chance| {
        let (mut answered, mut tags) = (0, 0);
        for _ in 0..50 {
            let (url, user) = (url(chance), chance.of(&CALLERS));
            let answer = world.get(&url, user, WITH_PROFILE);
            match answer.status {
                200 => {}
                // What a caller may not list, or has no field of this name, or is not there.
                400 | 403 | 404 => continue,
                status => panic!("{status} of {url} as {user:?}: {}", answer.text()),
            }
            answered += 1;
            tags += check(world, user, &url, &answer);
            // A representation with tags in it is another one, and says so.
            let plain = world.get(&url, user, J).is(200);
            let is_other = plain.body != answer.body;
            let tells_other = plain.field("content-type") != answer.field("content-type");
            assert!(is_other || !tells_other, "{url}: {:?}", answer.field("content-type"));
            assert!(answer.field("content-type") == Some(WITH_PROFILE) || !is_other, "{url}");
            if plain.field("etag").is_some() {
                assert_eq!(is_other, plain.field("etag") != answer.field("etag"), "{url}");
            }
            // The second answer comes from the memo, where there is one for this caller.
            assert_eq!(world.get(&url, user, WITH_PROFILE).body, answer.body, "{url}");
        }
        assert!(answered > 20 && tags > 60, "seed {seed}: {answered} answers, {tags} tags");
    });
}

#[test]
fn each_tag_is_that_of_the_resources_own_url_1() {
    agree(11);
}

#[test]
fn each_tag_is_that_of_the_resources_own_url_2() {
    agree(2_025);
}

/// A PATCH of the first text attribute.
fn patch(world: &World, object: &Value, user: &str, tag: &str, value: &str) -> Answer {
    let attribute = ["title", "name", "text", "label"]
        .into_iter()
        .find(|name| object["attributes"].get(*name).is_some())
        .unwrap_or("name");
    let document = json!({ "data": {
        "type": object["type"], "id": object["id"], "attributes": { attribute: value }
    } });
    let link = text(object, "/links/self").unwrap();
    let fields = [("Content-Type", J), ("X-User", user), ("If-Match", tag)];
    world.server.send("PATCH", link, &fields, &document.to_string())
}

#[test]
fn each_item_of_a_list_can_be_changed_by_its_tag_and_by_no_older_one() {
    on_both(3, |world, _| {
        for user in ["boss", "ann"] {
            for url in [
                "/v1/tracks?include=talks.speakers&page[size]=1",
                "/v1/talks?include=reviews&fields[talks]=title&fields[reviews]=text",
                "/v1/rooms",
                "/v1/seats?include=room",
                "/v1/tracks/1/talks",
            ] {
                for link in objects(&json_of(&world.get(url, user, WITH_PROFILE).is(200)))
                    .iter()
                    .filter_map(|object| text(object, "/links/self"))
                {
                    // Others of the same list may show what was changed before, so that it is read again.
                    let list = json_of(&world.get(url, user, WITH_PROFILE).is(200));
                    let object = objects(&list);
                    let object =
                        object.iter().find(|object| text(object, "/links/self") == Some(link)).unwrap();
                    let tag = text(object, "/meta/etag").unwrap();
                    let value = format!("changed by {user} in {url}");
                    let changed = patch(world, object, user, tag, &value).is(200);
                    assert_ne!(changed.field("etag"), Some(tag), "{link}");
                    let refused = patch(world, object, user, tag, "lost").is(412);
                    // Of the state: it may be shorter than that of the representation.
                    let now = refused.tag();
                    assert!(changed.tag().starts_with(now.trim_end_matches('"')), "{link}: {now}");
                }
            }
        }
    });
}

#[test]
fn sparse_fields_and_windows_change_no_tag() {
    on_both(4, |world, _| {
        for user in CALLERS {
            let tags = |query: &str| {
                let answer = world.get(&format!("/v1/talks{query}"), user, WITH_PROFILE).is(200);
                let document = json_of(&answer);
                let data = document["data"].as_array().unwrap();
                data.iter().map(|object| object["meta"]["etag"].clone()).collect::<Vec<_>>()
            };
            let whole = tags("");
            assert!(whole.iter().all(Value::is_string), "{whole:?}");
            for query in [
                "?fields[talks]=",
                "?fields[talks]=title",
                "?include=speakers&filterIncluded[speakers][page][size]=1",
                "?include=helpers",
                "?include=reviews&fields[reviews]=",
                "?withCount=speakers",
                "?sort=id",
                "?page[size]=100",
            ] {
                let url = format!("/v1/talks{query}");
                if world.get(&url, user, J).status == 200 {
                    assert_eq!(tags(query), whole, "{user:?}, {query}");
                }
            }
        }
    });
}

#[test]
fn the_profile_of_cursors_goes_with_it() {
    on_both(5, |world, _| {
        let both = format!("{J};profile=\"{PROFILE} {CURSOR}\"");
        let answer = world.get("/v1/rooms?page[size]=2&page[after]=&sort=name", "boss", &both);
        let answer = if answer.status == 200 {
            answer
        } else {
            world.get("/v1/rooms?page[size]=2", "boss", &both).is(200)
        };
        assert_eq!(answer.field("content-type"), Some(&*format!("{J};profile=\"{CURSOR} {PROFILE}\"")));
        let document = json_of(&answer);
        assert_eq!(document["jsonapi"]["profile"], json!([CURSOR, PROFILE]));
        assert_eq!(check(world, "boss", "/v1/rooms", &answer), 2);
    });
}

#[test]
fn weak_tags_are_told_as_they_are_sent() {
    crate::world::on_sqlite("strength = 'weak'\naccept_weakened = true", |world| {
        let answer = world.get("/v1/rooms", "", WITH_PROFILE).is(200);
        assert_eq!(check(world, "", "/v1/rooms", &answer), 3);
        let document = json_of(&answer);
        let room = &objects(&document)[0];
        let tag = text(room, "/meta/etag").unwrap();
        assert!(tag.starts_with("W/\""), "{tag}");
        patch(world, room, "", tag, "weakly").is(200);
        patch(world, room, "", tag, "lost").is(412);
    });
}
