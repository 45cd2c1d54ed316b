//! Two servers, one of which holds only what the caller sees of the other: they answer alike.

use serde_json::{Value, json};

use super::{
    programme::*,
    support::{Answer, Server},
};

pub(crate) fn same(with: &Answer, without: &Answer, told: &str) {
    assert_eq!(with.status, without.status, "{told}: {}", with.text());
    assert_eq!(with.text(), without.text(), "{told}");
    assert_eq!(with.field("etag"), without.field("etag"), "{told}");
}

pub(crate) const READS: [&str; 58] = [
    "/v1/sessions",
    "/v1/sessions/1",
    "/v1/sessions/2",
    "/v1/sessions/3",
    "/v1/sessions/4",
    "/v1/sessions/5",
    "/v1/sessions/99",
    "/v1/tracks",
    "/v1/tracks/1",
    "/v1/tracks/2",
    "/v1/speakers",
    "/v1/speakers/2",
    "/v1/notes",
    "/v1/notes/1",
    "/v1/notes/2",
    "/v1/notes/3",
    // Related URLs, and linkage, of what is seen and of what isn't.
    "/v1/sessions/1/track",
    "/v1/sessions/3/track",
    "/v1/sessions/2/track",
    "/v1/sessions/4/sequelOf",
    "/v1/sessions/1/speakers",
    "/v1/sessions/1/speakers?page[totals]",
    "/v1/sessions/2/speakers",
    "/v1/sessions/3/notes",
    "/v1/tracks/1/sessions",
    "/v1/tracks/1/sessions?page[totals]&page[size]=1",
    "/v1/tracks/2/sessions",
    "/v1/sessions/1/relationships/speakers",
    "/v1/sessions/3/relationships/speakers",
    "/v1/sessions/3/relationships/track",
    "/v1/sessions/4/relationships/sequelOf",
    "/v1/sessions/3/relationships/notes",
    "/v1/sessions/2/relationships/notes",
    "/v1/tracks/3/relationships/sessions",
    "/v1/sessions/3/relationships/speakers?include=speakers",
    // Included, at every depth.
    "/v1/sessions?include=track,speakers,notes,sequelOf",
    "/v1/sessions/4?include=sequelOf.track,track.sessions.speakers",
    "/v1/tracks?include=sessions.notes.session",
    "/v1/notes?include=session.track.sessions,session.sequelOf.speakers",
    "/v1/speakers?include=",
    // Filters see neither rows nor links.
    "/v1/sessions?filter[track.name]=track%202",
    "/v1/sessions?filter[track.id]=2",
    "/v1/sessions?filter[track]=2",
    "/v1/sessions?filter[track][ne]=1",
    "/v1/sessions?filter[sequelOf][is_null]=true",
    "/v1/sessions?filter=[{%22name%22:%22speakers%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22id%22,%22op%22:%22eq%22,%22val%22:2}}]",
    "/v1/sessions?filter=[{%22not%22:{%22name%22:%22notes%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22text%22,%22op%22:%22ilike%22,%22val%22:%22%25%22}}}]",
    "/v1/tracks?filter=[{%22name%22:%22sessions%22,%22op%22:%22any%22,%22val%22:{%22name%22:%22title%22,%22op%22:%22eq%22,%22val%22:%22session%204%22}}]",
    "/v1/sessions?filter[id]=2",
    // Orders and pages.
    "/v1/sessions?sort=track.name,-title",
    "/v1/sessions?sort=-sequelOf.title",
    "/v1/notes?sort=session.title",
    "/v1/sessions?page[number]=2&page[size]=2&page[totals]",
    "/v1/sessions?page[number]=1&page[size]=2&page[totals]",
    "/v1/sessions?page[offset]=2&page[limit]=2",
    "/v1/sessions?sort=title&page[size]=1",
    "/v1/sessions?fields[sessions]=title,track",
    "/v1/sessions?fields[sessions]=speakers&include=speakers",
];

#[test]
fn what_is_hidden_is_read_in_no_way() {
    let (with, without) = (server(true), server(false));
    let mut statuses = Vec::new();
    for url in READS {
        let answer = with.get_as(url, "ann");
        same(&answer, &without.get_as(url, "ann"), url);
        statuses.push(answer.status);
        for secret in ["track 2", "speaker 2", "note 2", "note 3", "session 7"] {
            assert!(!answer.text().contains(secret), "{url}: {}", answer.text());
        }
    }
    let number = |status| statuses.iter().filter(|known| **known == status).count();
    assert_eq!(number(200) + number(404), READS.len(), "none was asked wrongly: {statuses:?}");
    // Others see more of the same URLs, and nobody nothing.
    assert_ne!(with.get_as("/v1/sessions/3", "admin").text(), with.get_as("/v1/sessions/3", "ann").text());
    assert_eq!(with.get_as("/v1/sessions", "").is(200).json()["data"], json!([]));
    with.get_as("/v1/sessions/3", "").is(404);
}

#[test]
fn cursors_walk_over_what_is_seen() {
    let (with, without) = (server(true), server(false));
    let mut url = "/v1/sessions?sort=-title&page[size]=1".to_owned();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let profile = (
            "Accept",
            "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination/\"",
        );
        let ask = |server: &Server| server.get(&url, &[("X-User", "ann"), profile]);
        let answer = ask(&with);
        same(&answer, &ask(&without), &url);
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        let resources = document["data"].as_array().unwrap();
        seen.extend(resources.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(next) = document["links"]["next"].as_str() else { break };
        url = next.to_owned();
        assert!(seen.len() < 9, "{seen:?}");
    }
    assert_eq!(seen, ["1", "3", "4"]);
}

/// Everything, as `admin` sees it.
fn everything(server: &Server) -> Vec<String> {
    ["/v1/sessions?include=speakers,notes", "/v1/tracks", "/v1/speakers", "/v1/notes"]
        .map(|url| server.get_as(url, "admin").is(200).text())
        .to_vec()
}

#[test]
fn what_is_hidden_is_written_in_no_way() {
    let (with, without) = (server(true), server(false));
    let (before, before_without) = (everything(&with), everything(&without));
    let title = |id| document("sessions", id, json!({"title": "x"}), json!({}));
    let relates = |id, name: &str, linkage: Value| {
        document("sessions", id, json!({}), json!({name: {"data": linkage}}))
    };
    let new = |name: &str, linkage: Value| {
        json!({"data": {
            "type": "sessions",
            "attributes": {"title": "new", "owner": "ann"},
            "relationships": {name: {"data": linkage}},
        }})
    };
    let many = |kind: &str, ids: &[i64]| Value::from_iter(ids.iter().map(|id| identifier(kind, *id)));
    let data = |linkage: Value| json!({"data": linkage});
    let mut statuses = Vec::new();
    for (method, url, body) in [
        // A hidden row.
        ("PATCH", "/v1/sessions/2", title(2)),
        ("PATCH", "/v1/sessions/99", title(99)),
        ("DELETE", "/v1/sessions/2", Value::Null),
        ("DELETE", "/v1/notes/3", Value::Null),
        ("PATCH", "/v1/sessions/2/relationships/track", data(Value::Null)),
        ("PATCH", "/v1/sessions/2/relationships/speakers", data(json!([]))),
        ("POST", "/v1/sessions/2/relationships/speakers", data(many("speakers", &[3]))),
        ("DELETE", "/v1/sessions/2/relationships/speakers", data(many("speakers", &[1]))),
        ("POST", "/v1/tracks/2/relationships/sessions", data(many("sessions", &[1]))),
        // A relationship to one.
        ("PATCH", "/v1/sessions/1", relates(1, "track", identifier("tracks", 2))),
        ("PATCH", "/v1/sessions/1", relates(1, "sequelOf", identifier("sessions", 2))),
        ("PATCH", "/v1/sessions/1", relates(1, "speakers", many("speakers", &[1, 2]))),
        ("POST", "/v1/sessions", new("track", identifier("tracks", 2))),
        ("POST", "/v1/sessions", new("sequelOf", identifier("sessions", 2))),
        ("POST", "/v1/sessions", new("speakers", many("speakers", &[3, 2]))),
        ("POST", "/v1/sessions", new("notes", many("notes", &[3]))),
        ("PATCH", "/v1/sessions/1/relationships/track", data(identifier("tracks", 2))),
        ("PATCH", "/v1/sessions/1/relationships/speakers", data(many("speakers", &[1, 2]))),
        ("POST", "/v1/sessions/1/relationships/speakers", data(many("speakers", &[2]))),
        ("POST", "/v1/tracks/1/relationships/sessions", data(many("sessions", &[2]))),
        ("POST", "/v1/sessions/1/relationships/notes", data(many("notes", &[3]))),
        ("PATCH", "/v1/notes/1/relationships/session", data(identifier("sessions", 2))),
    ] {
        let told = format!("{method} {url} {body}");
        let answer = with.write_as(method, url, "ann", &body);
        same(&answer, &without.write_as(method, url, "ann", &body), &told);
        statuses.push((told, answer.status));
    }
    assert!(statuses.iter().all(|(_, status)| *status == 404), "{statuses:?}");
    assert_eq!(everything(&with), before);
    assert_eq!(everything(&without), before_without);
}

#[test]
fn writing_what_is_seen_is_the_same_and_leaves_what_is_hidden() {
    let (with, without) = (server(true), server(false));
    let data = |linkage: Value| json!({"data": linkage});
    let speakers = |ids: &[i64]| data(Value::from_iter(ids.iter().map(|id| identifier("speakers", *id))));
    for (method, url, body) in [
        ("PATCH", "/v1/sessions/3/relationships/speakers", speakers(&[1])),
        ("DELETE", "/v1/sessions/1/relationships/speakers", speakers(&[1, 2])),
        ("POST", "/v1/sessions/1/relationships/speakers", speakers(&[3])),
        ("PATCH", "/v1/sessions/3/relationships/track", data(Value::Null)),
        ("PATCH", "/v1/sessions/4?include=sequelOf", {
            document(
                "sessions",
                4,
                json!({"title": "y"}),
                json!({"sequelOf": {"data": null}, "speakers": speakers(&[1])}),
            )
        }),
        ("PATCH", "/v1/tracks/1/relationships/sessions", data(json!([identifier("sessions", 4)]))),
    ] {
        let told = format!("{method} {url} {body}");
        let answer = with.write_as(method, url, "ann", &body).is(200);
        same(&answer, &without.write_as(method, url, "ann", &body), &told);
    }
    for url in READS {
        same(&with.get_as(url, "ann"), &without.get_as(url, "ann"), url);
    }
    // Whatever ann's replacements did not see is where it was.
    let linkage = |url: &str| with.get_as(url, "admin").is(200).json()["data"].clone();
    assert_eq!(linkage("/v1/sessions/3/relationships/speakers"), speakers(&[1, 2])["data"]);
    assert_eq!(linkage("/v1/sessions/1/relationships/speakers"), speakers(&[2, 3])["data"]);
    assert_eq!(linkage("/v1/sessions/3/relationships/track"), identifier("tracks", 2));
    assert_eq!(linkage("/v1/sessions/4/relationships/sequelOf"), identifier("sessions", 2));
    let of_track = json!([identifier("sessions", 2), identifier("sessions", 4)]);
    assert_eq!(linkage("/v1/tracks/1/relationships/sessions"), of_track);
}

#[test]
fn nobody_writes_what_they_would_not_see() {
    let server = server(true);
    let before = everything(&server);
    let tag = server.get_as("/v1/sessions/1", "ann").tag();
    let given_away = |id| document("sessions", id, json!({"title": "x", "owner": "bob"}), json!({}));
    let note = json!({"data": [identifier("notes", 1)]});
    for (method, url, body) in [
        ("POST", "/v1/sessions", given_away(7)),
        ("PATCH", "/v1/sessions/1", given_away(1)),
        ("PATCH", "/v1/notes/1/relationships/session", json!({"data": identifier("sessions", 3)})),
        ("PATCH", "/v1/notes/1", {
            document("notes", 1, json!({}), json!({"session": {"data": identifier("sessions", 3)}}))
        }),
        // The column is the note's, which would go to a session that isn't ann's.
        ("POST", "/v1/sessions/3/relationships/notes", note),
        ("POST", "/v1/sessions", {
            let notes = json!({"notes": {"data": [identifier("notes", 1)]}});
            document("sessions", 8, json!({"title": "x", "owner": "bob", "public": true}), notes)
        }),
    ] {
        let refused = server.write_as(method, url, "ann", &body);
        assert_eq!(refused.status, 403, "{method} {url} {body}: {}", refused.text());
        assert_eq!(refused.error().0, "outside_scope");
    }
    assert_eq!(everything(&server), before);
    assert_eq!(server.get_as("/v1/sessions/1", "ann").tag(), tag);
    // Within the scope, all of it goes.
    server
        .write_as(
            "POST",
            "/v1/sessions",
            "ann",
            &document("sessions", 7, json!({"title": "x", "owner": "ann"}), json!({})),
        )
        .is(201);
    server
        .write_as(
            "PATCH",
            "/v1/sessions/1",
            "ann",
            &document("sessions", 1, json!({"owner": "bob", "public": true}), json!({})),
        )
        .is(200);
}

#[test]
fn preconditions_are_about_what_the_caller_sees() {
    let server = server(true);
    let [ann, admin] = ["ann", "admin"].map(|user| server.get_as("/v1/sessions/3", user).tag());
    assert_ne!(ann, admin, "its track is hidden from ann");
    let body = document("sessions", 3, json!({"title": "z"}), json!({})).to_string();
    let patch = |user, tag: &str| {
        let fields = [("Content-Type", "application/vnd.api+json"), ("X-User", user), ("If-Match", tag)];
        server.send("PATCH", "/v1/sessions/3", &fields, &body)
    };
    let refused = patch("ann", &admin).is(412);
    assert_eq!(refused.tag(), ann, "the current tag is ann's own");
    let changed = patch("ann", &ann).is(200);
    assert_eq!(changed.tag(), server.get_as("/v1/sessions/3", "ann").tag());
    patch("admin", &admin).is(412);
    // A hidden one has no state: `*` doesn't tell that it is there.
    let fields = [("Content-Type", "application/vnd.api+json"), ("X-User", "ann"), ("If-Match", "*")];
    let hidden = document("sessions", 2, json!({"title": "z"}), json!({})).to_string();
    assert_eq!(server.send("PATCH", "/v1/sessions/2", &fields, &hidden).status, 404);
    let read = server.get("/v1/sessions/3", &[("X-User", "ann"), ("If-None-Match", &admin)]);
    assert_eq!(read.status, 200);
}
