//! Each coding with each answer: 200, 304, HEAD, 412, and PATCH with each coding's tag.

use std::sync::Barrier;
use std::thread;

use etag_fairing::JsonApiResource;

use super::notes::{ACCEPTED, Database, JSON_API, change, of_coding, text};
use super::support::{Answer, Server};

const CODINGS: [Option<&str>; 4] = [None, Some("br"), Some("zstd"), Some("gzip")];

const TARGETS: [&str; 5] =
    ["/notes/1", "/notes/1?fields[notes]=text", "/notes", "/drafts/1", "/drafts?sort=-text"];

fn get(server: &Server, method: &str, target: &str, accepted: &str, fields: &[(&str, &str)]) -> Answer {
    let mut all = vec![("Accept", JSON_API)];
    if !accepted.is_empty() {
        all.push(("Accept-Encoding", accepted));
    }
    all.extend_from_slice(fields);
    server.send(method, target, &all, "")
}

/// The rows of the table for reads of a server.
fn reads(server: &Server, with_tags: &str) {
    for target in TARGETS {
        let plain = get(server, "GET", target, "", &[]);
        assert_eq!(plain.status, 200, "{target}");
        let identity = plain.tag();
        // Each twice: made for the request, and remembered.
        for (accepted, coding) in ACCEPTED.into_iter().chain(ACCEPTED) {
            let row = format!("{with_tags}: {target}, Accept-Encoding: {accepted}");
            let own = of_coding(&identity, coding);
            let answer = get(server, "GET", target, accepted, &[]);
            assert_eq!((answer.status, answer.field("content-encoding")), (200, coding), "{row}");
            assert_eq!(answer.decoded(), plain.body, "{row}");
            assert_eq!(answer.tag(), own, "{row}");
            assert_eq!(answer.field("content-length"), Some(answer.body.len().to_string().as_str()), "{row}");
            assert_eq!(answer.field("content-type"), Some(JSON_API), "{row}");
            assert!(answer.varies_by_coding(), "{row}: {answer:?}");
            assert!(coding.is_none() || answer.body.len() < plain.body.len() / 2, "{row}");

            let head = get(server, "HEAD", target, accepted, &[]);
            let fields = |answer: &Answer| {
                let mut fields = answer.fields.clone();
                fields.retain(|(name, _)| name != "date");
                fields.sort();
                fields
            };
            assert_eq!((head.status, fields(&head)), (200, fields(&answer)), "{row}");

            let all: Vec<_> = CODINGS.iter().map(|coding| of_coding(&identity, *coding)).collect();
            for known in [own.clone(), format!("W/{own}"), "*".to_owned(), all.join(", ")] {
                for method in ["GET", "HEAD"] {
                    let answer = get(server, method, target, accepted, &[("If-None-Match", &known)]);
                    assert_eq!(answer.status, 304, "{row}, {method}, If-None-Match: {known}");
                    assert_eq!(answer.tag(), own, "{row}, If-None-Match: {known}");
                    assert!(answer.varies_by_coding(), "{row}, If-None-Match: {known}: {answer:?}");
                    for absent in ["content-length", "content-encoding", "content-type"] {
                        assert_eq!(answer.field(absent), None, "{row}, If-None-Match: {known}");
                    }
                }
            }
            for other in CODINGS.into_iter().filter(|other| *other != coding) {
                // The client has another representation than the one that it would get.
                let tag = of_coding(&identity, other);
                let answer = get(server, "GET", target, accepted, &[("If-None-Match", &tag)]);
                assert_eq!((answer.status, answer.tag()), (200, own.clone()), "{row}, If-None-Match: {tag}");
                let answer = get(server, "GET", target, accepted, &[("If-Match", &tag)]);
                assert_eq!(answer.status, 412, "{row}, If-Match: {tag}");
            }
            let answer = get(server, "GET", target, accepted, &[("If-Match", &own)]);
            assert_eq!((answer.status, answer.tag()), (200, own.clone()), "{row}, If-Match: {own}");
            // A proxy that codes what it gets from here as it is.
            if coding.is_none() {
                let proxys = format!("{}-gzip\"", identity.trim_end_matches('"'));
                let answer = get(server, "GET", target, accepted, &[("If-None-Match", &proxys)]);
                assert_eq!((answer.status, answer.tag()), (304, identity.clone()), "{row}");
            }
        }
    }
}

#[test]
fn each_coding_is_a_representation_with_a_tag_of_its_own() {
    for database in Database::each() {
        reads(&database.with_notes("[default]\nETAG = true"), "with the memo");
        reads(&database.serve("[default.etag]\nmemo = 0", mount), "without the memo");
        let nearly_nothing = "[default.etag]\nmemo = '30 KiB'";
        reads(&database.serve(nearly_nothing, mount), "with a memo that is too small");
    }
}

fn mount(rocket: rocket::Rocket<rocket::Build>) -> rocket::Rocket<rocket::Build> {
    rocket.mount("/", super::notes::Note::routes()).mount("/", super::notes::Draft::routes())
}

fn patch(server: &Server, kind: &str, id: usize, text: &str, fields: &[(&str, &str)]) -> Answer {
    let all = [&[("Content-Type", JSON_API)], fields].concat();
    server.send("PATCH", &format!("/{kind}/{id}"), &all, &change(kind, id, text))
}

#[test]
fn the_tag_of_any_coding_serves_for_one_write() {
    for database in Database::each() {
        let server = database.with_notes("[default]\nETAG = true");
        for kind in ["notes", "drafts"] {
            for (number, (accepted, coding)) in ACCEPTED.into_iter().enumerate() {
                for query in ["", "?fields[notes]=text&fields[drafts]=text"] {
                    let row = format!("{kind}{query}, {accepted}");
                    let target = format!("/{kind}/2{query}");
                    let tag = get(&server, "GET", &target, accepted, &[]).tag();
                    let exists = patch(&server, kind, 2, "no", &[("If-None-Match", &tag)]);
                    // A tag with parameters is that of another URL.
                    let expected = if query.is_empty() { 412 } else { exists.status };
                    assert_eq!(exists.status, expected, "{row}");
                    let tag = get(&server, "GET", &target, accepted, &[]).tag();
                    let text = text(number + 10 * query.len());
                    let fields = [("If-Match", tag.as_str()), ("Accept-Encoding", accepted)];
                    let written = patch(&server, kind, 2, &text, &fields);
                    assert_eq!((written.status, written.field("content-encoding")), (200, coding), "{row}");
                    let read = get(&server, "GET", &format!("/{kind}/2"), accepted, &[]);
                    assert_eq!((written.tag(), written.decoded()), (read.tag(), read.decoded()), "{row}");
                    assert!(written.varies_by_coding(), "{row}");
                    let again = patch(&server, kind, 2, "lost", &fields);
                    assert_eq!(again.status, 412, "{row}");
                    assert_eq!(
                        get(&server, "GET", &format!("/{kind}/2"), accepted, &[]).tag(),
                        read.tag(),
                        "{row}"
                    );
                }
            }
            // What proxies make of the tag of the body as it is.
            for suffix in ["-gzip", "-br", ";br", "--gzip", "~br", "~gzip", "~zstd"] {
                let tag = get(&server, "GET", &format!("/{kind}/2"), "", &[]).tag();
                let tag = format!("{}{suffix}\"", tag.trim_end_matches('"'));
                let written =
                    patch(&server, kind, 2, &text(suffix.len()).replace('t', suffix), &[("If-Match", &tag)]);
                assert_eq!(written.status, 200, "{kind} {suffix}: {}", written.text());
            }
            for suffix in ["~deflate", "~BR", "~", "~br~br", "~br-gzip", "~0a"] {
                let tag = get(&server, "GET", &format!("/{kind}/2"), "", &[]).tag();
                let tag = format!("{}{suffix}\"", tag.trim_end_matches('"'));
                assert_eq!(
                    patch(&server, kind, 2, "lost", &[("If-Match", &tag)]).status,
                    412,
                    "{kind} {suffix}"
                );
            }
        }
    }
}

#[test]
fn of_writers_with_a_tag_each_of_one_state_one_wins() {
    for database in Database::each() {
        let server = database.with_notes("[default]\nETAG = true");
        for round in 0..5 {
            for kind in ["notes", "drafts"] {
                let target = format!("/{kind}/3");
                let tags: Vec<_> = ["", "br", "gzip", "zstd"]
                    .into_iter()
                    .cycle()
                    .take(12)
                    .map(|accepted| get(&server, "GET", &target, accepted, &[]).tag())
                    .collect();
                let start = Barrier::new(tags.len());
                let won = thread::scope(|scope| {
                    let writers: Vec<_> = tags
                        .iter()
                        .enumerate()
                        .map(|(number, tag)| {
                            let (server, start) = (&server, &start);
                            scope.spawn(move || {
                                start.wait();
                                let text = text(round * 100 + number + 7);
                                let status = patch(server, kind, 3, &text, &[("If-Match", tag)]).status;
                                (status, text)
                            })
                        })
                        .collect();
                    let outcomes: Vec<_> =
                        writers.into_iter().map(|writer| writer.join().expect("an outcome")).collect();
                    assert!(outcomes.iter().all(|(status, _)| matches!(status, 200 | 412)), "{outcomes:?}");
                    outcomes.into_iter().filter(|(status, _)| *status == 200).collect::<Vec<_>>()
                });
                assert_eq!(won.len(), 1, "{kind}: {won:?}");
                let now = get(&server, "GET", &target, "br", &[]);
                let now: serde_json::Value = serde_json::from_slice(&now.decoded()).expect("JSON");
                assert_eq!(now["data"]["attributes"]["text"], won[0].1);
            }
        }
    }
}

#[test]
fn weak_tags_stay_weak_in_each_coding() {
    let database = Database::each().remove(0);
    let server = database.with_notes("[default.etag]\nstrength = 'weak'\naccept_weakened = true");
    for (accepted, coding) in ACCEPTED {
        let plain = get(&server, "GET", "/notes/1", "", &[]).tag();
        let answer = get(&server, "GET", "/notes/1", accepted, &[]);
        assert_eq!(answer.tag(), of_coding(&plain, coding));
        assert!(answer.tag().starts_with("W/"));
        let again = get(&server, "GET", "/notes/1", accepted, &[("If-None-Match", &answer.tag())]);
        assert_eq!((again.status, again.tag()), (304, answer.tag()));
        let fields = [("If-Match", &*answer.tag()), ("Accept-Encoding", accepted)];
        let written = patch(&server, "notes", 1, &text(accepted.len() + 30), &fields);
        assert_eq!((written.status, written.field("content-encoding")), (200, coding), "{accepted}");
        let read = get(&server, "GET", "/notes/1", accepted, &[]);
        assert_eq!((written.tag(), written.decoded()), (read.tag(), read.decoded()), "{accepted}");
    }
}

#[test]
fn with_no_transform_nothing_is_coded() {
    let database = Database::each().remove(0);
    drop(database.with_notes("[default]\nETAG = true"));
    for memo in ["memo = '1 MiB'", "memo = 0"] {
        let toml = format!("[default.etag]\ncache_control = 'private, No-Transform'\n{memo}");
        let server = database.serve(&toml, mount);
        for target in TARGETS.into_iter().chain(TARGETS) {
            let answer = get(&server, "GET", target, "br, gzip", &[]);
            assert_eq!((answer.status, answer.field("content-encoding")), (200, None), "{memo} {target}");
            assert!(!answer.varies_by_coding() && !answer.tag().contains('~'), "{memo} {target}: {answer:?}");
            let again = get(&server, "GET", target, "br, gzip", &[("If-None-Match", &answer.tag())]);
            assert_eq!((again.status, again.tag()), (304, answer.tag()), "{memo} {target}");
        }
    }
}

#[test]
fn small_documents_go_out_as_they_are_unless_that_is_refused() {
    let database = Database::each().remove(0);
    let server = database.with_notes("[default]\nETAG = true");
    assert_eq!(patch(&server, "notes", 4, "short", &[]).status, 200);
    for _ in 0..3 {
        let plain = get(&server, "GET", "/notes/4", "", &[]);
        for (accepted, coding) in [("gzip, br", None), ("identity;q=0, gzip", Some("gzip")), ("*;q=0", None)]
        {
            let answer = get(&server, "GET", "/notes/4", accepted, &[]);
            assert_eq!(answer.field("content-encoding"), coding, "{accepted}");
            assert_eq!(
                (answer.tag(), answer.decoded()),
                (of_coding(&plain.tag(), coding), plain.body.clone())
            );
            // RFC 9110 §12.5.5: the next state may be larger, and one client gets another answer already.
            assert!(answer.varies_by_coding(), "{accepted}");
            let again = get(&server, "GET", "/notes/4", accepted, &[("If-None-Match", &answer.tag())]);
            assert_eq!((again.status, again.tag(), again.varies_by_coding()), (304, answer.tag(), true));
        }
    }
}
