//! Random clients with random preferences: what they have is always what is there, and no update is lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::notes::{ACCEPTED, Database, JSON_API, change, decode, text};

/// What a client does.
#[derive(Clone, Debug)]
enum Step {
    /// Reads, with the tags that it has of the last so many answers.
    Read { accepted: usize, known: usize },
    /// Writes, with the tag of the answer that was so many ago.
    Write { ago: usize, text: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let read = (0..ACCEPTED.len(), 0_usize..6).prop_map(|(accepted, known)| Step::Read { accepted, known });
    let write = (0_usize..6, 0_usize..4).prop_map(|(ago, text)| Step::Write { ago, text });
    prop::collection::vec(prop_oneof![3 => read, 1 => write], 1..40)
}

#[test]
fn what_a_client_has_in_any_coding_is_what_is_there() {
    for database in Database::each() {
        let server = database.with_notes("[default]\nETAG = true");
        let mut runner =
            TestRunner::new(Config { cases: 20, failure_persistence: None, ..Config::default() });
        runner
            .run(&steps(), |steps| {
                let mut connection = server.connect();
                // What was answered: the tag, the coding, the bytes, and the text in it.
                let mut had: Vec<(String, Vec<u8>)> = Vec::new();
                let mut stored: BTreeMap<String, (Option<String>, Vec<u8>)> = BTreeMap::new();
                let read = |connection: &mut crate::support::Connection| {
                    connection.send("GET", "/notes/5", &[("Accept", JSON_API)], "").body
                };
                for step in steps {
                    let now = read(&mut connection);
                    match step {
                        Step::Read { accepted, known } => {
                            let (accepted, coding) = ACCEPTED[accepted];
                            let tags: Vec<_> =
                                had.iter().rev().take(known).map(|(tag, _)| tag.clone()).collect();
                            let tags = tags.join(", ");
                            let mut fields = vec![("Accept", JSON_API), ("Accept-Encoding", accepted)];
                            if !tags.is_empty() {
                                fields.push(("If-None-Match", &tags));
                            }
                            let answer = connection.send("GET", "/notes/5", &fields, "");
                            let tag = answer.tag();
                            if answer.status == 304 {
                                prop_assert!(tags.contains(&tag), "{tag} is not among {tags}");
                                let (coding, bytes) = &stored[&tag];
                                prop_assert_eq!(decode(coding.as_deref(), bytes), now.clone());
                            } else {
                                prop_assert_eq!(answer.field("content-encoding"), coding);
                                prop_assert_eq!(answer.decoded(), now.clone());
                                prop_assert!(!tags.contains(&tag), "{tag} is among {tags}");
                                let coding = answer.field("content-encoding").map(str::to_owned);
                                stored.insert(tag.clone(), (coding, answer.body));
                                had.push((tag, now));
                            }
                        }
                        Step::Write { ago, text: number } => {
                            let Some((tag, then)) = had.iter().rev().nth(ago).cloned() else { continue };
                            let fields = [("Content-Type", JSON_API), ("If-Match", tag.as_str())];
                            let document = change("notes", 5, &text(number));
                            let answer = connection.send("PATCH", "/notes/5", &fields, &document);
                            prop_assert_eq!(answer.status, if then == now { 200 } else { 412 }, "{}", tag);
                            if answer.status == 412 {
                                prop_assert_eq!(read(&mut connection), now);
                            }
                        }
                    }
                }
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn clients_with_different_codings_never_get_each_others() {
    for database in Database::each() {
        let server = database.with_notes("[default]\nETAG = true");
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let readers: Vec<_> = ACCEPTED
                .iter()
                .map(|(accepted, coding)| {
                    let (server, done) = (&server, &done);
                    scope.spawn(move || {
                        let mut connection = server.connect();
                        let (mut has, mut reads) = (None::<(String, Vec<u8>)>, 0);
                        while !done.load(Ordering::Relaxed) || reads < 20 {
                            reads += 1;
                            let mut fields = vec![("Accept", JSON_API), ("Accept-Encoding", *accepted)];
                            if let Some((tag, _)) = &has {
                                fields.push(("If-None-Match", tag));
                            }
                            let answer = connection.send("GET", "/notes", &fields, "");
                            if answer.status == 304 {
                                assert_eq!(Some(answer.tag()), has.as_ref().map(|(tag, _)| tag.clone()));
                                continue;
                            }
                            assert_eq!((answer.status, answer.field("content-encoding")), (200, *coding));
                            let ends = coding.map_or(41, |coding| 42 + coding.len());
                            assert_eq!(answer.tag().len(), ends + 1, "{}", answer.tag());
                            let body = answer.decoded();
                            serde_json::from_slice::<serde_json::Value>(&body).expect("a whole document");
                            has = Some((answer.tag(), body));
                        }
                        has.expect("an answer")
                    })
                })
                .collect();
            for number in 0..30 {
                let fields = [("Content-Type", JSON_API)];
                let document = change("notes", number % 5 + 1, &text(number * 3));
                let path = format!("/notes/{}", number % 5 + 1);
                assert_eq!(server.send("PATCH", &path, &fields, &document).status, 200);
            }
            done.store(true, Ordering::Relaxed);
            for reader in readers {
                let (tag, _) = reader.join().expect("no reader is answered wrongly");
                assert!(tag.len() > 40);
            }
        });
    }
}
