//! Not one lost update: many clients over HTTP, one record: exactly one wins.

use std::{
    process::Command,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::json;

use crate::{
    api::{assert_precondition_failed, new_session, read, session_document},
    support::{Launch, Server, skip},
};

const CLIENTS: usize = 32;
const ROUNDS: usize = 50;

fn favourites(body: &[u8]) -> u64 {
    let document: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    document["data"]["attributes"]["favourites"].as_u64().expect("favourites is a number")
}

/// Runs the clients at the same time; what they give.
fn clients<T: Send>(count: usize, client: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let client = &client;
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || client(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a client")).collect()
    })
}

#[test]
fn the_counter_is_the_number_of_200s() {
    let server = Launch::new().start();
    let record = new_session(&mut server.connect(), "Popular");
    let won: u64 = clients(CLIENTS, |_| {
        let mut connection = server.connect();
        let mut won = 0;
        for _ in 0..ROUNDS {
            let seen = read(&mut connection, &record.path);
            let one_more = session_document(&record.id, json!({"favourites": favourites(&seen.body) + 1}));
            let response = connection.patch(&record.path, &[("If-Match", &seen.tag)], &one_more);
            match response.status {
                200 => won += 1,
                _ => {
                    // Never 409, never 500, never 503: somebody else was first, and this is what they made.
                    let current = response.header("ETag").map(str::to_owned);
                    assert_precondition_failed(&response, "If-Match", &record.path, current.as_deref());
                    assert_ne!(current.as_deref(), Some(seen.tag.as_str()));
                }
            }
        }
        won
    })
    .into_iter()
    .sum();
    let last = read(&mut server.connect(), &record.path);
    assert_eq!(favourites(&last.body), won);
    assert!(won >= ROUNDS as u64, "each client alone would win each round: {won}");
}

/// As above, with all clients holding the same tag when they write: exactly one wins each round.
#[test]
fn one_tag_is_worth_one_change() {
    let server = Launch::new().start();
    let record = new_session(&mut server.connect(), "Popular");
    let (start, end) = (Barrier::new(CLIENTS), Barrier::new(CLIENTS));
    let wins: Vec<AtomicU64> = (0..ROUNDS).map(|_| AtomicU64::new(0)).collect();
    clients(CLIENTS, |_| {
        let mut connection = server.connect();
        for round in &wins {
            let seen = read(&mut connection, &record.path);
            start.wait();
            let one_more = session_document(&record.id, json!({"favourites": favourites(&seen.body) + 1}));
            match connection.patch(&record.path, &[("If-Match", &seen.tag)], &one_more).status {
                200 => _ = round.fetch_add(1, Ordering::Relaxed),
                412 => {}
                other => panic!("{other}"),
            }
            end.wait();
        }
    });
    let wins: Vec<u64> = wins.iter().map(|round| round.load(Ordering::Relaxed)).collect();
    assert_eq!(wins, [1; ROUNDS]);
    assert_eq!(favourites(&read(&mut server.connect(), &record.path).body), ROUNDS as u64);
}

#[test]
fn of_many_deletes_with_one_tag_exactly_one_is_204() {
    let server = Launch::new().start();
    for round in 0..10 {
        let record = new_session(&mut server.connect(), "Short-lived");
        let start = Barrier::new(CLIENTS);
        let mut statuses = clients(CLIENTS, |_| {
            let mut connection = server.connect();
            start.wait();
            connection.delete(&record.path, &[("If-Match", &record.tag)]).status
        });
        statuses.sort_unstable();
        // Whoever comes later finds nothing: 404, as a repeated DELETE.
        let mut expected = [404; CLIENTS];
        expected[0] = 204;
        assert_eq!(statuses, expected, "round {round}");
    }
}

#[test]
fn of_edits_and_deletes_with_one_tag_exactly_one_wins() {
    let server = Launch::new().start();
    for round in 0..10 {
        let record = new_session(&mut server.connect(), "Disputed");
        let start = Barrier::new(CLIENTS);
        let answers = clients(CLIENTS, |number| {
            let mut connection = server.connect();
            start.wait();
            let tag = [("If-Match", record.tag.as_str())];
            if number % 2 == 0 {
                connection.delete(&record.path, &tag).status
            } else {
                let title = json!({"title": format!("Edited by {number}")});
                connection.patch(&record.path, &tag, &session_document(&record.id, title)).status
            }
        });
        let won: Vec<_> = answers.iter().filter(|status| **status < 300).collect();
        assert_eq!(won.len(), 1, "round {round}: {answers:?}");
        let lost = if *won[0] == 204 { 404 } else { 412 };
        assert_eq!(answers.iter().filter(|status| **status == lost).count(), CLIENTS - 1, "{answers:?}");
        let now = server.connect().get(&record.path, &[]).status;
        assert_eq!(now, if *won[0] == 204 { 404 } else { 200 });
    }
}

/// Some don't wait for their answers, wherever their writes are then; the others' go on.
#[test]
fn who_breaks_off_harms_nobody() {
    let server = Launch::new().start();
    let records: Vec<_> = (0..5).map(|_| new_session(&mut server.connect(), "Before")).collect();
    let (steady, torn) = (&records[..4], &records[4]);
    clients(12, |number| {
        if let Some(record) = steady.get(number) {
            let mut connection = server.connect();
            for round in 1..=ROUNDS {
                let document = session_document(&record.id, json!({"favourites": round}));
                let response = connection.patch(&record.path, &[], &document);
                assert_eq!((response.status, favourites(&response.body)), (200, round as u64));
            }
            return;
        }
        for round in 0..ROUNDS {
            let document = session_document(&torn.id, json!({"favourites": round})).to_string();
            let mut connection = server.connect();
            connection.send(
                format!(
                    "PATCH {} HTTP/1.1\r\nHost: test\r\nContent-Type: application/vnd.api+json\r\n\
                     Content-Length: {}\r\n\r\n{document}",
                    torn.path,
                    document.len()
                )
                .as_bytes(),
            );
            thread::sleep(Duration::from_micros(200 * (round as u64 % 7)));
        }
    });
    let mut connection = server.connect();
    for record in steady {
        assert_eq!(favourites(&read(&mut connection, &record.path).body), ROUNDS as u64);
    }
    // Nobody holds the turn to write.
    let document = session_document(&torn.id, json!({"favourites": 7}));
    assert_eq!(connection.patch(&torn.path, &[], &document).status, 200);
    server.stop();
}

/// POSTs that each mean the collection as they saw it.
#[test]
fn of_many_posts_with_the_collections_tag_exactly_one_is_201() {
    let server = Launch::new().start();
    let tag = server.connect().get("/v1/tracks", &[]).etag().to_owned();
    let start = Barrier::new(CLIENTS);
    let statuses = clients(CLIENTS, |number| {
        let mut connection = server.connect();
        let document = json!({"data": {"type": "tracks", "attributes": {"name": format!("Track {number}")}}});
        start.wait();
        connection.post("/v1/tracks", &[("If-Match", &tag)], &document).status
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), CLIENTS - 1, "{statuses:?}");
}

/// Readers never see half a change, and a tag always belongs to its body.
#[test]
fn readers_beside_writers_get_whole_states() {
    let server = Launch::new().start();
    let record = new_session(&mut server.connect(), "0");
    let bodies = clients(8, |number| {
        let mut connection = server.connect();
        let mut seen = Vec::new();
        for round in 0..ROUNDS {
            if number == 0 {
                let text = round.to_string();
                let both = session_document(&record.id, json!({"title": text, "subtitle": text}));
                assert_eq!(connection.patch(&record.path, &[], &both).status, 200);
            } else {
                seen.push(read(&mut connection, &record.path));
            }
        }
        seen
    });
    let mut known = std::collections::BTreeMap::new();
    for record in bodies.into_iter().flatten() {
        let document: serde_json::Value = serde_json::from_slice(&record.body).expect("JSON");
        let attributes = &document["data"]["attributes"];
        assert!(
            attributes["subtitle"].is_null() || attributes["subtitle"] == attributes["title"],
            "{attributes}"
        );
        assert_eq!(*known.entry(record.tag).or_insert(record.body.clone()), record.body);
    }
}

/// Runs `tests/race.py`; its exit code and output, `None` without Python.
fn script(server: &Server, arguments: &[&str]) -> Option<(Option<i32>, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/race.py");
    let output = Command::new("python3").arg(path).arg(server.origin()).args(arguments).output();
    let Ok(output) = output else {
        skip("there is no python3 to run tests/race.py with");
        return None;
    };
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Some((output.status.code(), text))
}

#[test]
fn the_script_finds_no_lost_update() {
    let server = Launch::new().start();
    let collection = server.connect().get("/v1/sessions", &[]).text().to_owned();
    let Some((code, output)) = script(&server, &["32", "50"]) else { return };
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("1600 writes"), "{output}");
    assert!(output.contains("no update was lost"), "{output}");
    assert_eq!(server.connect().get("/v1/sessions", &[]).text(), collection, "it cleans up behind itself");
}

/// The script can fail: on a server that gives no tags, and when it doesn't send the tag.
#[test]
fn the_script_fails_where_updates_are_lost() {
    let untagged = Launch::new().env("ROCKET_ETAG", "false").start();
    let Some((code, output)) = script(&untagged, &["2", "2"]) else { return };
    assert_eq!(code, Some(1), "{output}");
    let server = Launch::new().start();
    let Some((code, output)) = script(&server, &["8", "10", "--without-if-match"]) else { return };
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("lost"), "{output}");
}
