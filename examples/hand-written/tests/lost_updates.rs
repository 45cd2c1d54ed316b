//! Many clients over real sockets, one notice: no change is ever lost.

#[path = "../../../etag-fairing/tests/support/mod.rs"]
mod support;

use std::sync::Barrier;

use support::Server;

fn start(toml: &str) -> Server {
    Server::start(toml, |rocket| hand_written::notice_board(rocket.figment().clone()))
}

/// Sixteen clients read a number, add one, and write it back if it is still the number they read.
#[test]
fn every_accepted_change_counts() {
    const CLIENTS: usize = 16;
    const ROUNDS: usize = 40;
    let server = start("");
    assert_eq!(server.send("PUT", "/notices/n", &[], "0").status, 201);
    let barrier = Barrier::new(CLIENTS);
    let accepted: usize = std::thread::scope(|scope| {
        let client = || {
            let mut connection = server.connect();
            let mut accepted = 0;
            barrier.wait();
            for _ in 0..ROUNDS {
                let read = connection.send("GET", "/notices/n", &[], "");
                let next = read.text().parse::<usize>().unwrap() + 1;
                let tag = read.tag();
                let written =
                    connection.send("PUT", "/notices/n", &[("If-Match", tag.as_str())], &next.to_string());
                match written.status {
                    200 => accepted += 1,
                    412 => assert_ne!(written.tag(), tag, "the current tag comes with the refusal"),
                    status => panic!("{status}"),
                }
            }
            accepted
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert_eq!(server.get("/notices/n", &[]).text(), accepted.to_string());
    assert!((ROUNDS..=CLIENTS * ROUNDS).contains(&accepted));
}

/// Everybody has seen the same state; exactly one change of it is taken, each round.
#[test]
fn of_many_who_saw_the_same_exactly_one_wins() {
    let server = start("");
    for round in 0..20 {
        for method in ["PUT", "DELETE"] {
            let first = server.send("PUT", "/notices/n", &[], &format!("round {round}"));
            let tag = first.tag();
            let barrier = Barrier::new(8);
            let race = |client: usize| {
                let mut connection = server.connect();
                let body = if method == "PUT" { format!("from {client}") } else { String::new() };
                barrier.wait();
                connection.send(method, "/notices/n", &[("If-Match", tag.as_str())], &body).status
            };
            let race = &race;
            let mut answers: Vec<u16> = std::thread::scope(|scope| {
                let clients: Vec<_> = (0..8).map(|client| scope.spawn(move || race(client))).collect();
                clients.into_iter().map(|client| client.join().unwrap()).collect()
            });
            answers.sort_unstable();
            let (won, lost) = if method == "PUT" { (200, 412) } else { (204, 404) };
            assert_eq!(answers[0], won, "{method} {answers:?}");
            assert!(answers[1..].iter().all(|status| *status == lost), "{method} {answers:?}");
        }
    }
}

#[test]
fn of_many_who_create_exactly_one_does() {
    let server = start("");
    let barrier = Barrier::new(8);
    let mut answers: Vec<u16> = std::thread::scope(|scope| {
        let race = || {
            let mut connection = server.connect();
            barrier.wait();
            connection.send("PUT", "/notices/n", &[("If-None-Match", "*")], "mine").status
        };
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(race)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    answers.sort_unstable();
    assert_eq!(answers, [201, 412, 412, 412, 412, 412, 412, 412]);
}
