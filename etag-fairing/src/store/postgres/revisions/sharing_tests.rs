//! The questions of many requests, with a database whose clock and whose answers the test holds.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rocket::{
    futures::{FutureExt, future::join_all},
    tokio::{
        runtime::{Builder, Runtime},
        sync::oneshot,
        task::{JoinHandle, yield_now},
        time::timeout,
    },
};

use super::*;

const TABLES: [&str; 3] = ["articles", "people", "tags"];

/// What was read: the time, and of which tables.
#[derive(Debug)]
struct Seen {
    time: u64,
    tables: Vec<&'static str>,
}

type Answered = Result<Arc<Seen>, StoreError>;

/// A question that waits for the test.
struct Pending {
    tables: Vec<&'static str>,
    answer: oneshot::Sender<Answered>,
}

/// A database that answers when the test says so.
#[derive(Clone, Default)]
struct Fake {
    time: Arc<AtomicU64>,
    pending: Arc<Mutex<VecDeque<Pending>>>,
    asked: Arc<AtomicUsize>,
}

impl Fake {
    fn now(&self) -> u64 {
        self.time.load(Ordering::SeqCst)
    }

    fn under_way(&self) -> usize {
        self.pending.lock().expect("a lock").len()
    }

    fn take(&self, place: usize) -> Option<Pending> {
        self.pending.lock().expect("a lock").remove(place)
    }

    /// Looks now, and answers.
    fn answer(&self, place: usize) {
        if let Some(Pending { tables, answer }) = self.take(place) {
            let _ = answer.send(Ok(Arc::new(Seen { time: self.now(), tables })));
        }
    }

    /// Answers until nobody asks any more.
    async fn answer_all(&self) {
        settle().await;
        while self.under_way() > 0 {
            self.answer(0);
            settle().await;
        }
    }

    fn fail(&self, place: usize, error: StoreError) {
        if let Some(pending) = self.take(place) {
            let _ = pending.answer.send(Err(error));
        }
    }

    async fn ask(&self, sharing: &Arc<Sharing<Seen>>, tables: &[&'static str]) -> Answered {
        let asker = || {
            let fake = self.clone();
            move |tables: Vec<&'static str>| {
                let (answer, told) = oneshot::channel();
                fake.asked.fetch_add(1, Ordering::SeqCst);
                fake.pending.lock().expect("a lock").push_back(Pending { tables, answer });
                async move { told.await.unwrap_or_else(|_| Err(StoreError::Internal("dropped".into()))) }
            }
        };
        sharing.answer(tables, asker).await
    }

    /// A request of its own, and when it has come.
    fn request(
        &self,
        sharing: &Arc<Sharing<Seen>>,
        tables: Vec<&'static str>,
    ) -> JoinHandle<(u64, Answered)> {
        let (fake, sharing) = (self.clone(), Arc::clone(sharing));
        rocket::tokio::spawn(async move {
            let come = fake.now();
            let answered = fake.ask(&sharing, &tables).await;
            if let Ok(seen) = &answered {
                assert!(seen.time >= come, "of {}, told to one who has come at {come}", seen.time);
                assert!(tables.iter().all(|table| seen.tables.contains(table)), "{seen:?} lacks {tables:?}");
            }
            (come, answered)
        })
    }
}

/// Lets everybody go on as far as they can.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// Numbers by chance (xorshift).
fn below(state: &mut u64, end: u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state % end).expect("small")
}

fn single() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn by_chance_nobody_is_told_what_was_seen_before_they_came() {
    single().block_on(async {
        let (mut answers, mut errors, mut asked) = (0, 0, 0);
        for round in 1..=400_u64 {
            let mut chance = round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let (fake, sharing) = (Fake::default(), Arc::new(Sharing::default()));
            let mut requests = Vec::new();
            for _ in 0..60 {
                match below(&mut chance, 12) {
                    0 | 1 => drop(fake.time.fetch_add(1, Ordering::SeqCst)),
                    2..=5 => {
                        let first = below(&mut chance, 3);
                        let tables = TABLES[first..].to_vec();
                        requests.push(fake.request(&sharing, tables));
                    }
                    6..=8 => fake.answer(below(&mut chance, 2)),
                    9 => fake.fail(0, StoreError::Busy { retry_after: Duration::from_secs(1) }),
                    10 if !requests.is_empty() => {
                        let place = below(&mut chance, requests.len() as u64);
                        requests.swap_remove(place).abort();
                    }
                    _ => settle().await,
                }
                assert!(fake.under_way() <= 2, "two at most");
                if below(&mut chance, 3) == 0 {
                    yield_now().await;
                }
            }
            // Whoever is left is answered.
            fake.answer_all().await;
            for request in requests {
                let (_, answered) = request.await.expect("no panic");
                if answered.is_ok() { answers += 1 } else { errors += 1 }
            }
            asked += fake.asked.load(Ordering::SeqCst);
        }
        assert!(answers > 2000 && errors > 100, "{answers} answers, {errors} errors");
        assert!(asked < answers + errors, "{asked} questions for {answers} answers");
    });
}

#[test]
fn all_who_come_meanwhile_share_one_question_about_all_their_tables() {
    single().block_on(async {
        let (fake, sharing) = (Fake::default(), Arc::new(Sharing::default()));
        let mut requests = Vec::new();
        for _ in 0..2 {
            requests.push(fake.request(&sharing, vec!["articles"]));
            settle().await;
        }
        assert_eq!(fake.under_way(), 2);
        for place in 0..30 {
            requests.push(fake.request(&sharing, vec![TABLES[place % 2]]));
        }
        settle().await;
        assert_eq!(fake.under_way(), 2, "nobody else asks");
        fake.answer(0);
        settle().await;
        assert_eq!(fake.pending.lock().expect("a lock")[1].tables, ["articles", "people"]);
        fake.answer(1);
        fake.answer(0);
        for request in join_all(requests).await {
            request.expect("no panic").1.expect("an answer");
        }
        assert_eq!(fake.asked.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn an_error_is_told_to_all_and_whoever_comes_then_asks_again() {
    single().block_on(async {
        let (fake, sharing) = (Fake::default(), Arc::new(Sharing::default()));
        let mut requests = Vec::new();
        for _ in 0..5 {
            requests.push(fake.request(&sharing, TABLES.to_vec()));
            settle().await;
        }
        // The first question has one passenger; those who wait for the third would wait for as long.
        fake.fail(0, StoreError::ReadTimedOut { limit: Duration::from_secs(5) });
        settle().await;
        assert_eq!(requests.iter().filter(|request| request.is_finished()).count(), 4);
        assert_eq!((fake.under_way(), fake.asked.load(Ordering::SeqCst)), (1, 2));
        fake.answer(0);
        let later = fake.request(&sharing, TABLES.to_vec());
        settle().await;
        fake.answer(0);
        later.await.expect("no panic").1.expect("an answer");
        let (mut told, mut failed) = (0, 0);
        for request in join_all(requests).await {
            match request.expect("no panic").1 {
                Ok(_) => told += 1,
                Err(StoreError::ReadTimedOut { .. }) => failed += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((told, failed), (1, 4));
    });
}

#[test]
fn whoever_is_dropped_takes_no_answer_along() {
    single().block_on(async {
        let (fake, sharing) = (Fake::default(), Arc::new(Sharing::default()));
        // The first one calls for the question. It goes before the question departs, or while it is under way.
        for turns in 0..6 {
            let first = fake.request(&sharing, vec!["articles"]);
            let others: Vec<_> = (0..3).map(|_| fake.request(&sharing, vec!["people"])).collect();
            for _ in 0..turns {
                yield_now().await;
            }
            first.abort();
            let behind = fake.request(&sharing, vec!["tags"]);
            fake.answer_all().await;
            for request in others.into_iter().chain([behind]) {
                request.await.expect("no panic").1.expect("an answer");
            }
        }
        // Where nobody waits, nothing is asked.
        let asked = fake.asked.load(Ordering::SeqCst);
        assert!(fake.ask(&sharing, &["articles"]).now_or_never().is_none());
        settle().await;
        assert_eq!(fake.asked.load(Ordering::SeqCst), asked);
    });
}

/// The task that asks belongs to the runtime of whoever has called for it.
#[test]
#[allow(clippy::async_yields_async, reason = "it is awaited by nobody, and ends with its runtime")]
fn a_question_that_ends_with_its_runtime_is_asked_again() {
    let (fake, sharing) = (Fake::default(), Arc::new(Sharing::default()));
    let (ending, other) = (single(), single());
    let first = ending.block_on(async {
        let first = fake.request(&sharing, vec!["articles"]);
        settle().await;
        first
    });
    let requests = other.block_on(async {
        let mut requests = vec![fake.request(&sharing, vec!["people"])];
        settle().await;
        requests.push(fake.request(&sharing, vec!["people"]));
        settle().await;
        requests
    });
    assert_eq!(fake.under_way(), 2);
    // With its question, which nobody answers any more.
    drop((ending, first, fake.take(0)));
    other.block_on(async {
        fake.answer_all().await;
        for request in requests {
            request.await.expect("no panic").1.expect("an answer");
        }
    });
}

/// Several threads, so that coming, departing and ending meet by chance.
#[test]
fn on_several_threads_nobody_is_forgotten() {
    let runtime = Builder::new_multi_thread().worker_threads(3).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (time, sharing) = (Arc::new(AtomicU64::new(0)), Arc::new(Sharing::<Seen>::default()));
        let requests = (0..8).map(|_| {
            let (time, sharing) = (Arc::clone(&time), Arc::clone(&sharing));
            rocket::tokio::spawn(async move {
                for _ in 0..500 {
                    let come = time.fetch_add(1, Ordering::SeqCst) + 1;
                    let asker = || {
                        let time = Arc::clone(&time);
                        move |tables: Vec<&'static str>| {
                            let time = Arc::clone(&time);
                            async move {
                                yield_now().await;
                                let seen = time.load(Ordering::SeqCst);
                                yield_now().await;
                                Ok(Arc::new(Seen { time: seen, tables }))
                            }
                        }
                    };
                    let seen = sharing.answer(&["articles"], asker).await.expect("an answer");
                    assert!(seen.time >= come);
                }
            })
        });
        let all = timeout(Duration::from_secs(120), join_all(requests)).await.expect("nobody waits for ever");
        for request in all {
            request.expect("no panic");
        }
    });
}
