//! Several nodes over one PostgreSQL are one server; what they answer is what one over SQLite answers; and a database
//! that goes away is waited for.

use std::{collections::BTreeMap, thread};

use postgres_server::{Binaries, Server as Postgres};
use serde_json::{Value, json};

use crate::{
    api::{
        assert_error, assert_pointer, assert_precondition_failed, count, crawl, create, new_document,
        new_session, read, session_document,
    },
    support::{Connection, Launch, Response, Server},
};

const CLIENTS: usize = 16;

/// Tag and body of every URL.
fn everything(server: &Server) -> BTreeMap<String, (Option<String>, Vec<u8>)> {
    let entry = |(url, response): (String, Response)| {
        (url, (response.header("ETag").map(str::to_owned), response.body))
    };
    crawl(&mut server.connect()).into_iter().map(entry).collect()
}

/// Changes of every kind.
fn change(server: &Server) {
    let mut connection = server.connect();
    let attributes =
        json!({"title": "Größer — 大きい 🦀", "favourites": 7, "startTime": "2027-06-13T09:00:00.5+02:00"});
    assert_eq!(connection.patch("/v1/sessions/1", &[], &session_document("1", attributes)).status, 200);
    let attributes = json!({"name": "Attic", "latitude": 0.1, "longitude": -1e-7});
    create(&mut connection, "/v1/microlocations", &new_document("microlocations", attributes));
    let speakers = [json!({"type": "speakers", "id": "3"}), json!({"type": "speakers", "id": "1"})];
    create(
        &mut connection,
        "/v1/sessions",
        &json!({"data": {
            "type": "sessions",
            "attributes": {"title": "New", "startTime": "2027-06-13T09:00:00.5+02:00"},
            "relationships": {"speakers": {"data": speakers}},
        }}),
    );
    assert_eq!(connection.delete("/v1/sessions/2", &[]).status, 204);
}

#[test]
fn tags_and_bodies_are_those_of_sqlite() {
    let (postgres, sqlite) = (Launch::new().start(), Launch::on_sqlite().start());
    assert!(!postgres.folder().join("open-event.db").exists());
    for server in [&postgres, &sqlite] {
        change(server);
    }
    let (found, expected) = (everything(&postgres), everything(&sqlite));
    assert!(found.len() > 100);
    assert_eq!(found, expected);
    let rich = "/v1/sessions?include=speakers,track,microlocation&page[size]=100&fields[speakers]=name\
                &sort=track.name,-startTime&filter[title][ilike]=%25e%25";
    for url in [
        rich,
        "/v1/sessions?sort=-startTime,title&page[size]=7",
        "/v1/sessions?filter[startTime][gt]=2027-06-13T06:00:00Z&filter[favourites][ge]=0&sort=title",
        "/v1/sessions?filter[title][contains]=e&filter[track.name][ne]=x&include=track.sessions",
        "/v1/speakers?sort=-name&include=sessions&page[number]=2&page[size]=3",
        "/v1/microlocations?sort=latitude,-longitude",
    ] {
        let [found, expected] = [&postgres, &sqlite].map(|server| server.connect().get(url, &[]));
        assert_eq!(found.text(), expected.text(), "{url}");
        assert_eq!((found.status, found.header("ETag")), (200, expected.header("ETag")), "{url}");
    }
}

#[test]
fn nodes_that_start_at_once_prepare_and_load_once() {
    let first = Launch::new();
    let nodes: Vec<_> = (0..3).map(|_| first.another_node()).collect();
    let servers: Vec<Server> = thread::scope(|scope| {
        let starts: Vec<_> = nodes.iter().map(|node| scope.spawn(|| node.start())).collect();
        starts.into_iter().map(|start| start.join().expect("a node")).collect()
    });
    let expected = everything(&Launch::on_sqlite().start());
    for server in &servers {
        assert_eq!(everything(server), expected);
    }
}

fn two_nodes() -> [Server; 2] {
    let launch = Launch::new();
    let other = launch.another_node();
    [launch.start(), other.start()]
}

#[test]
fn what_one_node_writes_the_others_know() {
    let [one, two] = two_nodes();
    let (mut one, mut two) = (one.connect(), two.connect());
    let record = new_session(&mut one, "Somewhere");
    assert_eq!(read(&mut two, &record.path), record);
    let document = session_document(&record.id, json!({"title": "Elsewhere"}));
    let written = two.patch(&record.path, &[("If-Match", &record.tag)], &document);
    assert_eq!(written.status, 200);
    assert_eq!(one.get(&record.path, &[("If-None-Match", written.etag())]).status, 304);
    assert_eq!(one.get(&record.path, &[("If-None-Match", &record.tag)]).body, written.body);
    let late = one.patch(&record.path, &[("If-Match", &record.tag)], &document);
    assert_precondition_failed(&late, "If-Match", &record.path, Some(written.etag()));
    assert_eq!(one.delete(&record.path, &[("If-Match", written.etag())]).status, 204);
    assert_eq!(two.get(&record.path, &[]).status, 404);
}

/// The statuses of clients that do one thing at the same time, half of them at each node.
fn at_once(nodes: &[Server; 2], work: impl Fn(&mut Connection, usize) -> u16 + Sync) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    thread::scope(|scope| {
        let work = &work;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let mut connection = nodes[number % 2].connect();
                scope.spawn(move || work(&mut connection, number))
            })
            .collect();
        for client in clients {
            *statuses.entry(client.join().expect("a client")).or_default() += 1;
        }
    });
    statuses
}

#[test]
fn of_many_changes_with_one_tag_exactly_one_is_made() {
    let nodes = two_nodes();
    let mut connection = nodes[0].connect();
    let expected = BTreeMap::from([(200, 1), (412, CLIENTS - 1)]);
    for round in 0..10 {
        let record = new_session(&mut connection, "Wanted");
        let changed = at_once(&nodes, |connection, number| {
            let document = session_document(&record.id, json!({"favourites": number + 1}));
            connection.patch(&record.path, &[("If-Match", &record.tag)], &document).status
        });
        assert_eq!(changed, expected, "round {round}: PATCH");

        let linkage = format!("{}/relationships/speakers", record.path);
        let tag = connection.get(&linkage, &[]).etag().to_owned();
        let linked = at_once(&nodes, |connection, number| {
            let speakers = json!({"data": [{"type": "speakers", "id": (number % 4 + 1).to_string()}]});
            connection.post(&linkage, &[("If-Match", &tag)], &speakers).status
        });
        assert_eq!(linked, expected, "round {round}: POST to a relationship");

        let tag = read(&mut connection, &record.path).tag;
        let deleted =
            at_once(&nodes, |connection, _| connection.delete(&record.path, &[("If-Match", &tag)]).status);
        // Who comes after the deletion finds nothing to have a tag.
        assert_eq!(deleted.get(&204), Some(&1), "round {round}: DELETE: {deleted:?}");
        assert_eq!(deleted.get(&404), Some(&(CLIENTS - 1)), "round {round}: DELETE: {deleted:?}");
    }
}

/// A resource shows its linkage, so its tag covers it, from whichever end it is changed.
#[test]
fn linkage_that_is_changed_from_the_other_end_is_part_of_the_state() {
    let nodes = two_nodes();
    let mut connection = nodes[0].connect();
    for round in 0..10 {
        let session = new_session(&mut connection, "Linked");
        let speaker =
            create(&mut connection, "/v1/speakers", &new_document("speakers", json!({"name": "Somebody"})));
        let speaker = read(&mut connection, &speaker);
        let linkage = format!("{}/relationships/sessions", speaker.path);
        let linkage_tag = connection.get(&linkage, &[]).etag().to_owned();
        let ends = at_once(&nodes, |connection, number| match number % 2 {
            0 => {
                let linkage = json!({"data": [{"type": "speakers", "id": speaker.id}]});
                let document = json!({"data": {"type": "sessions", "id": session.id,
                    "relationships": {"speakers": linkage}}});
                connection.patch(&session.path, &[("If-Match", &session.tag)], &document).status
            }
            _ => {
                let sessions = json!({"data": [{"type": "sessions", "id": session.id}]});
                connection.post(&linkage, &[("If-Match", &linkage_tag)], &sessions).status
            }
        });
        assert_eq!(ends, BTreeMap::from([(200, 1), (412, CLIENTS - 1)]), "round {round}");
        // Whoever made the link made it for both ends.
        let session = read(&mut connection, &session.path);
        assert!(String::from_utf8_lossy(&session.body).contains(&speaker.id));
        assert!(connection.get(&linkage, &[]).text().contains(&session.id));
    }
}

#[test]
fn of_many_creations_by_one_tag_of_the_collection_exactly_one_is_made() {
    let nodes = two_nodes();
    let mut connection = nodes[0].connect();
    for round in 0..5 {
        let tag = connection.get("/v1/tracks", &[]).etag().to_owned();
        let before = count(&mut connection, "/v1/tracks");
        let made = at_once(&nodes, |connection, number| {
            let document = new_document("tracks", json!({"name": format!("Track {round} of {number}")}));
            connection.post("/v1/tracks", &[("If-Match", &tag)], &document).status
        });
        assert_eq!(made, BTreeMap::from([(201, 1), (412, CLIENTS - 1)]), "round {round}");
        assert_eq!(count(&mut connection, "/v1/tracks"), before + 1);
    }
}

#[test]
fn constraints_of_the_table_are_answered_with_what_they_are_about() {
    let launch = Launch::new();
    let server = launch.start();
    let database = launch.database().expect("a database");
    database.run("ALTER TABLE tracks ADD CONSTRAINT one_name UNIQUE (name)");
    database.run("ALTER TABLE tracks ADD CONSTRAINT no_shouting CHECK (name <> upper(name))");
    database.run("ALTER TABLE sessions ALTER COLUMN favourites TYPE integer");
    let mut connection = server.connect();
    let track = |name: &str| new_document("tracks", json!({"name": name}));
    assert_eq!(connection.post("/v1/tracks", &[], &track("One")).status, 201);
    assert_pointer(&connection.post("/v1/tracks", &[], &track("One")), 409, "/data/attributes/name");
    let errors = assert_error(&connection.post("/v1/tracks", &[], &track("LOUD")), 422);
    assert!(!errors[0].to_string().contains("no_shouting"), "{errors:?}");
    let record = new_session(&mut connection, "Popular");
    let many = session_document(&record.id, json!({"favourites": 3_000_000_000_u32}));
    assert_pointer(&connection.patch(&record.path, &[], &many), 422, "/data/attributes/favourites");
    let nul = session_document(&record.id, json!({"title": "a\u{0}b"}));
    assert_pointer(&connection.patch(&record.path, &[], &nul), 422, "/data/attributes/title");
    assert_eq!(read(&mut connection, &record.path), record);
    let mut session: Value = serde_json::from_slice(&record.body).expect("JSON");
    session["data"]["relationships"]["track"] = json!({"data": {"type": "tracks", "id": "99999"}});
    assert_error(&connection.patch(&record.path, &[], &session), 404);
}

#[test]
fn a_database_that_is_away_is_503_until_it_is_back() {
    let Some(binaries) = Binaries::provide() else { return };
    let mut postgres = Postgres::start(&binaries, &[]);
    postgres.create_database("conference");
    let database = format!("{{api={{url=\"{}\"}}}}", postgres.url("conference"));
    let server = Launch::on_sqlite().env("ROCKET_DATABASES", database).start();
    let mut connection = server.connect();
    let record = new_session(&mut connection, "Kept");
    for round in 0..2 {
        if round == 0 {
            postgres.stop()
        } else {
            postgres.kill()
        }
        let document = session_document(&record.id, json!({"favourites": 1}));
        for response in [
            connection.get("/v1/sessions", &[]),
            connection.get(&record.path, &[]),
            connection.patch(&record.path, &[("If-Match", &record.tag)], &document),
            connection.delete(&record.path, &[]),
        ] {
            let errors = assert_error(&response, 503);
            assert!(response.header("Retry-After").is_some(), "{response:?}");
            assert!(!errors[0].to_string().to_lowercase().contains("postgres"), "{errors:?}");
        }
        postgres.restart();
        assert_eq!(read(&mut connection, &record.path), record);
    }
    let document = session_document(&record.id, json!({"favourites": 1}));
    assert_eq!(connection.patch(&record.path, &[("If-Match", &record.tag)], &document).status, 200);
}
