use rocket::futures::FutureExt;

use super::*;

fn key(path: &str) -> KeyRef<'_> {
    KeyRef {
        route: (1, 2, Some(RelationshipId::at(3))),
        path,
        query: None,
        profiles: Profiles::default(),
        caller: CallerRef::Anyone,
    }
}

fn entry(revision: u64, body: usize) -> MemoEntry {
    let body = vec![b'x'; body];
    tagged(EntityTag::of(&body), revision, body)
}

fn tagged(tag: EntityTag, revision: u64, body: Vec<u8>) -> MemoEntry {
    let answer = Remembered {
        tag,
        profile: None,
        last_modified: None,
        body: KeptBody::of(&body),
        held: None,
        #[cfg(feature = "compression")]
        coded: CodedForms::default(),
    };
    MemoEntry {
        tables: Box::new(["t"]),
        revision: Revision::new(revision),
        answer: Some(Arc::new(answer)),
        total: None,
        coded_weight: 0,
    }
}

async fn land(memo: &Memo, key: &KeyRef<'_>, entry: MemoEntry) {
    match memo.recall(key, entry.revision).await {
        Recalled::Unknown { flight, .. } => flight.land(entry),
        _ => panic!("known already"),
    }
}

fn memo(limit: u64) -> Memo {
    Memo::new(ByteUnit::Byte(limit)).expect("a memo")
}

#[test]
fn without_memory_there_is_none() {
    assert!(Memo::new(ByteUnit::Byte(0)).is_none());
}

#[test]
fn memory_is_bounded_whatever_comes() {
    rocket::async_test(async {
        for limit in [1, 4 << 10, 64 << 10, 1 << 20, 64 << 20] {
            let memo = memo(limit);
            let mut landed = 0;
            for number in 0..3000 {
                let size = number % 7 * (limit as usize / 600).min(20_000);
                if memo.takes(size) {
                    land(&memo, &key(&format!("/{number}")), entry(1, size)).await;
                    landed += 1;
                }
                assert!(memo.entries.weight() <= limit, "{memo:?} of {limit}");
            }
            let evictions = memo.evictions.load(Ordering::Relaxed);
            assert_eq!(evictions, landed - memo.entries.len() as u64, "{memo:?} of {limit}");
            assert!(memo.entries.weight() > limit / 4 || limit < 4096, "{memo:?} of {limit}");
        }
    });
}

#[cfg(feature = "compression")]
#[test]
fn coded_forms_count_and_go_with_their_answer() {
    use crate::compression::CodedBytes;
    use crate::config::Coding;
    rocket::async_test(async {
        let memo = memo(64 << 10);
        for number in 0..200 {
            let path = format!("/{number}");
            let key = key(&path);
            land(&memo, &key, entry(1, 3000)).await;
            let answer = memo.get(&key).and_then(|entry| entry.answer.clone()).expect("it was put there");
            let before = memo.entries.weight();
            for coding in [Coding::Brotli, Coding::Gzip] {
                assert!(memo.takes_coded(&answer, 1000));
                let form = answer.coded.form(coding, &answer.tag).expect("a form");
                form.body.set(CodedBytes { bytes: KeptBody::of(&[0; 1000]), held: None }).expect("the first");
                memo.weigh_again(&key, &answer);
            }
            assert!(number > 5 || memo.entries.weight() >= before + 2000, "{memo:?}");
            assert!(memo.entries.weight() <= 64 << 10, "{memo:?}");
        }
        assert!(memo.entries.len() < 64 / 5 + 1, "{memo:?}");
        // What is forgotten stays so, and another state isn't pushed out by the one before.
        let (old, key) = (entry(1, 100), key("/x"));
        let answer = old.answer.clone().expect("an answer");
        memo.weigh_again(&key, &answer);
        assert!(memo.get(&key).is_none());
        land(&memo, &key, old).await;
        land(&memo, &key, entry(2, 100)).await;
        memo.weigh_again(&key, &answer);
        assert_eq!(memo.get(&key).expect("an entry").revision, Revision::new(2));
        assert!(!memo.takes_coded(&answer, 40 << 10));
    });
}

#[test]
fn an_entry_is_found_by_all_of_its_key() {
    let same = KeyRef { query: Some("a=b"), ..key("/x") };
    rocket::async_test(async {
        let memo = memo(1 << 20);
        land(&memo, &same, entry(1, 10)).await;
        assert!(memo.get(&same).is_some());
        for other in [
            KeyRef { route: (9, 2, Some(RelationshipId::at(3))), ..same },
            KeyRef { route: (1, 9, Some(RelationshipId::at(3))), ..same },
            KeyRef { route: (1, 2, None), ..same },
            KeyRef { path: "/y", ..same },
            KeyRef { query: Some("a=c"), ..same },
            KeyRef { query: None, ..same },
            KeyRef { path: "/xa=b", query: None, ..same },
            KeyRef { profiles: Profiles { cursor_pagination: true, ..Profiles::default() }, ..same },
            KeyRef { profiles: Profiles { concurrency: true, ..Profiles::default() }, ..same },
            KeyRef { caller: CallerRef::Scoped(b""), ..same },
            KeyRef { caller: CallerRef::Scoped(b"ann"), ..same },
        ] {
            assert!(memo.get(&other).is_none());
        }
    });
}

#[test]
fn of_another_revision_it_is_found_out_again() {
    rocket::async_test(async {
        let memo = memo(1 << 20);
        land(&memo, &key("/x"), entry(1, 10)).await;
        let known = memo.recall(&key("/x"), Revision::new(1)).await;
        assert!(matches!(known, Recalled::Known(entry) if entry.revision == Revision::new(1)));
        let Recalled::Unknown { flight, stale: true } = memo.recall(&key("/x"), Revision::new(2)).await
        else {
            panic!("the revision is another")
        };
        // Given up: the next one's turn.
        drop(flight);
        land(&memo, &key("/x"), entry(2, 20)).await;
        assert!(matches!(memo.recall(&key("/x"), Revision::new(2)).await, Recalled::Known(_)));
    });
}

#[test]
fn who_asks_while_it_is_found_out_waits_for_it() {
    rocket::async_test(async {
        let memo = Arc::new(memo(1 << 20));
        let key = key("/x");
        let Recalled::Unknown { flight, .. } = memo.recall(&key, Revision::new(1)).await else {
            panic!("nothing is known yet")
        };
        let mut waiting = Box::pin(memo.recall(&key, Revision::new(1)));
        let short = std::time::Duration::from_millis(20);
        assert!(rocket::tokio::time::timeout(short, &mut waiting).await.is_err());
        flight.land(entry(1, 10));
        assert!(matches!(waiting.await, Recalled::Known(_)));
    });
}

fn trouble() -> Errors {
    Errors::unavailable(7)
}

type Waiting<'m> = std::pin::Pin<Box<dyn Future<Output = Recalled<'m>> + 'm>>;

/// Callers who ask for one key at one revision, each as far as it gets by itself.
async fn begin(memo: &Memo, number: usize) -> (Flight<'_>, Vec<Waiting<'_>>) {
    let Recalled::Unknown { flight, .. } = memo.recall(&key("/x"), Revision::new(1)).await else {
        panic!("nothing is known yet")
    };
    let mut waiting = Vec::new();
    for _ in 0..number {
        let mut one: Waiting<'_> = Box::pin(async move { memo.recall(&key("/x"), Revision::new(1)).await });
        assert!((&mut one).now_or_never().is_none(), "it waits for the first");
        waiting.push(one);
    }
    (flight, waiting)
}

#[test]
fn an_error_goes_to_all_who_wait_and_to_nobody_later() {
    rocket::async_test(async {
        let memo = memo(1 << 20);
        let (flight, waiting) = begin(&memo, 5).await;
        flight.fail(&trouble());
        // Before any of them looks.
        let later = memo.recall(&key("/x"), Revision::new(1)).await;
        assert!(matches!(later, Recalled::Unknown { .. }), "who comes later tries again");
        for one in waiting {
            assert!(matches!(one.await, Recalled::Failed(errors) if *errors == trouble()));
        }
    });
}

#[test]
fn where_the_first_is_given_up_one_takes_its_turn_and_the_others_wait_for_that_one() {
    rocket::async_test(async {
        let memo = memo(1 << 20);
        let (flight, mut waiting) = begin(&memo, 4).await;
        // One who waits may go, too.
        drop(waiting.pop());
        drop(flight);
        let Recalled::Unknown { flight, .. } = waiting.remove(0).await else { panic!("a turn is free") };
        for one in &mut waiting {
            assert!(one.now_or_never().is_none());
        }
        flight.fail(&trouble());
        for one in waiting {
            assert!(matches!(one.await, Recalled::Failed(_)));
        }
        assert!(memo.flights.is_empty());
    });
}

#[test]
fn who_asks_after_a_change_does_not_wait_for_what_was_read_before() {
    rocket::async_test(async {
        let memo = memo(1 << 20);
        let (flight, waiting) = begin(&memo, 1).await;
        land(&memo, &key("/x"), entry(2, 10)).await;
        flight.land(entry(1, 10));
        for one in waiting {
            assert!(matches!(one.await, Recalled::Known(entry) if entry.revision == Revision::new(1)));
        }
    });
}

/// Set in the process in which the memo is filled.
#[cfg(target_os = "linux")]
const FILLING: &str = "ETAG_FAIRING_TESTS_FILL_A_MEMO";

/// The memory of this process, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number") << 10
}

/// What a memo counts is what the process takes for it, whatever the size of the answers. In a process of its own, since
/// other tests take memory, too.
#[cfg(target_os = "linux")]
#[test]
fn what_is_counted_is_what_the_process_takes() {
    // The sizes of bodies: small ones alone, large ones alone, and all of them.
    const SIZES: [(usize, usize); 4] = [(200, 400), (1_200, 1_500), (60_000, 100_000), (200, 20_000)];
    if let Ok(which) = std::env::var(FILLING) {
        let (least, most) = SIZES[which.parse::<usize>().expect("a place")];
        return rocket::async_test(fill(least, most));
    }
    for (place, sizes) in SIZES.iter().enumerate() {
        let test = "memo::tests::what_is_counted_is_what_the_process_takes";
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(FILLING, place.to_string())
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let figures = text.lines().find_map(|line| line.split_once("FILLED ")).expect("figures").1;
        let figures: Vec<f64> = figures.split(' ').map(|figure| figure.parse().expect("a figure")).collect();
        for (when, pair) in [("full", &figures[..2]), ("after many others", &figures[2..])] {
            let ratio = pair[1] / pair[0];
            assert!((0.9..=1.1).contains(&ratio), "{sizes:?}, {when}: {pair:?}, {ratio:.3}");
        }
    }
}

/// Fills a memo, prints what it counts and what the process has taken, and the same after it has forgotten all of that for
/// others.
#[cfg(target_os = "linux")]
async fn fill(least: usize, most: usize) {
    let memo = memo(64 << 20);
    let before = resident();
    let mut figures = Vec::new();
    let (mut number, mut size) = (0_u64, least);
    for round in [0, 2] {
        let until = memo.evictions.load(Ordering::Relaxed) + round * memo.entries.len() as u64;
        loop {
            // Sizes in no order.
            size = least + (size * 31 + 17) % (most - least);
            let path = format!("/articles/{number}");
            let query = format!("include=author&page[number]={number}");
            let key = KeyRef { query: Some(&query), ..key(&path) };
            let tag = EntityTag::strong(format!("{number:032x}")).expect("a tag");
            land(&memo, &key, tagged(tag, 1, vec![b'x'; size])).await;
            number += 1;
            if memo.evictions.load(Ordering::Relaxed) > until {
                break;
            }
        }
        figures.push(memo.entries.weight().to_string());
        figures.push((resident() - before).to_string());
    }
    println!("FILLED {}", figures.join(" "));
}
