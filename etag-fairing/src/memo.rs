//! The memo: answers that still hold.
//!
//! An entry says: *for this key, at this revision, the answer was that*. Whoever asks again first reads the revision
//! of the tables that the answer was made of; if it is the same, so is the answer, its tag and its body, and nothing
//! is queried, written or hashed. So there is no cache to invalidate: the revision in the database says whether an
//! entry is true, whoever has changed what.
//!
//! - The [`Key`] has everything else that the body depends on: the route, the target, the profile that was asked for,
//!   and the caller, where what a caller sees is the caller's own.
//! - Memory is bounded in bytes; what is asked for seldom goes first.
//! - Of several who ask at once for what isn't there, one makes the answer, and the others wait for it; for an error,
//!   too, if the store is in trouble.

mod flight;

use std::fmt;
use std::hash::{Hash, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};
use rocket::data::ByteUnit;
use rocket::tokio::time::Instant;

use self::flight::{Boarding, Flights, Outcome};
use crate::admission::HeldBytes;
use crate::conditional::{EntityTag, HttpDate};
use crate::error::Errors;
use crate::plan::Revision;

pub(crate) use self::flight::Flight;

/// An answer.
#[derive(Debug)]
pub(crate) struct Remembered {
    /// The tag of the body, strong.
    pub(crate) tag: EntityTag,
    /// The profile that applies to the document.
    pub(crate) profile: Option<&'static str>,
    /// When the resource last changed, where it keeps that.
    pub(crate) last_modified: Option<HttpDate>,
    /// The body, before any content coding.
    pub(crate) body: Box<[u8]>,
    /// The memory that it takes, also after the memo has forgotten it, until the last client has read it.
    #[allow(dead_code, reason = "it is given back when this is dropped")]
    pub(crate) held: Option<HeldBytes>,
}

/// What was found out under a key.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The tables that the answer is made of.
    pub(crate) tables: Box<[&'static str]>,
    /// Their revision, read before they were.
    pub(crate) revision: Revision,
    /// The answer; `None` if at that revision there is none to remember: 404, or more than the memo takes.
    pub(crate) answer: Option<Arc<Remembered>>,
}

/// What an answer depends on, beside the tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyRef<'a> {
    /// The route: its resource by the address of its description, its operation, its relationship.
    pub(crate) route: (usize, u8, Option<usize>),
    /// The path and the query as they were sent. Two ways to write one target are two keys, which costs memory and
    /// nothing else.
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    /// Whether the client asks for the profile of cursor pagination.
    pub(crate) profile: bool,
    pub(crate) caller: CallerRef<'a>,
}

/// Whom an answer is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CallerRef<'a> {
    /// Whoever may use the route.
    Anyone,
    /// Only who was asked again for what the query leads to: each time, by guards and hooks; and sees these rows.
    Scoped(&'a [u8]),
}

/// A [`KeyRef`] that owns its text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    route: (usize, u8, Option<usize>),
    path: Box<str>,
    query: Option<Box<str>>,
    profile: bool,
    scope: Option<Box<[u8]>>,
}

impl Key {
    fn of(key: &KeyRef<'_>) -> Self {
        Self {
            route: key.route,
            path: key.path.into(),
            query: key.query.map(Into::into),
            profile: key.profile,
            scope: match key.caller {
                CallerRef::Anyone => None,
                CallerRef::Scoped(scope) => Some(scope.into()),
            },
        }
    }

    fn borrowed(&self) -> KeyRef<'_> {
        KeyRef {
            route: self.route,
            path: &self.path,
            query: self.query.as_deref(),
            profile: self.profile,
            caller: self.scope.as_deref().map_or(CallerRef::Anyone, CallerRef::Scoped),
        }
    }
}

// As the borrowed key's, so that one is found by the other.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

impl Equivalent<Arc<Key>> for KeyRef<'_> {
    fn equivalent(&self, key: &Arc<Key>) -> bool {
        *self == key.borrowed()
    }
}

/// The memory that an entry takes, beside text and body, about.
const OVERHEAD: usize = 384;

#[derive(Clone)]
struct Bytes;

impl Weighter<Arc<Key>, Arc<Entry>> for Bytes {
    fn weight(&self, key: &Arc<Key>, entry: &Arc<Entry>) -> u64 {
        let text = key.path.len() + key.query.as_ref().map_or(0, |query| query.len());
        let text = text + key.scope.as_ref().map_or(0, |scope| scope.len());
        let answer = entry.answer.as_ref().map_or(0, |answer| answer.body.len() + answer.tag.opaque().len());
        (OVERHEAD + size_of_val(&*entry.tables) + text + answer) as u64
    }
}

/// How long one waits for the answer that another one makes, however many give up before.
const PATIENCE: Duration = Duration::from_secs(10);

/// The memo of an application.
pub(crate) struct Memo {
    entries: Cache<Arc<Key>, Arc<Entry>, Bytes, RandomState>,
    flights: Flights,
    /// The largest body that it takes.
    largest: usize,
}

/// What the memo knows.
pub(crate) enum Recalled<'m> {
    /// This, at the revision asked for.
    Known(Arc<Entry>),
    /// Nothing, and whoever else asks now waits for what comes of this.
    Unknown {
        /// To be told.
        flight: Flight<'m>,
        /// Whether there was something, of another revision.
        stale: bool,
    },
    /// That who was making the answer could not: this error.
    Failed(Arc<Errors>),
    /// Nothing, and others have taken too long to find out.
    Late,
}

impl Memo {
    /// A memo of at most so many bytes; `None` for none at all.
    pub(crate) fn new(limit: ByteUnit) -> Option<Self> {
        let limit = limit.as_u64();
        if limit == 0 {
            return None;
        }
        // Each shard bounds its own part, and takes nothing larger. Few of them, so that a part is large.
        let shards = 1_u64 << (limit / (8 << 20)).clamp(1, 16).ilog2();
        let options = OptionsBuilder::new()
            .shards(usize::try_from(shards).unwrap_or(1))
            .weight_capacity(limit)
            .estimated_items_capacity(usize::try_from(limit / 8192).unwrap_or(usize::MAX).clamp(16, 1 << 16))
            .build()
            .ok()?;
        let entries =
            Cache::with_options(options, Bytes, RandomState::default(), DefaultLifecycle::default());
        // Half of a part, so that one body never empties the whole of it.
        let largest = usize::try_from(entries.shard_capacity() / 2).unwrap_or(usize::MAX);
        Some(Self { entries, flights: Flights::default(), largest })
    }

    /// What was found out under this key, at whatever revision.
    pub(crate) fn get(&self, key: &KeyRef<'_>) -> Option<Arc<Entry>> {
        self.entries.get(key)
    }

    /// What is known under this key at this revision; waits for whoever is finding out.
    pub(crate) async fn recall(&self, key: &KeyRef<'_>, revision: Revision) -> Recalled<'_> {
        let known = self.get(key);
        let stale = match known {
            Some(entry) if entry.revision == revision => return Recalled::Known(entry),
            other => other.is_some(),
        };
        let owned = Arc::new(Key::of(key));
        let until = Instant::now() + PATIENCE;
        loop {
            match self.board(&owned, revision) {
                Boarding::First(flight) => {
                    // Whoever had the turn before may have found out since this one looked.
                    return match self.get(key).filter(|entry| entry.revision == revision) {
                        Some(entry) => Recalled::Known(entry),
                        None => Recalled::Unknown { flight, stale },
                    };
                }
                Boarding::Behind(shared) => match shared.outcome(until).await {
                    Some(Outcome::Landed(entry)) => return Recalled::Known(entry),
                    Some(Outcome::Failed(errors)) => return Recalled::Failed(errors),
                    Some(Outcome::Abandoned) => {}
                    None => return Recalled::Late,
                },
            }
        }
    }

    /// Whether a body of this size is remembered.
    pub(crate) fn takes(&self, size: usize) -> bool {
        size <= self.largest
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo")
            .field("entries", &self.entries.len())
            .field("bytes", &self.entries.weight())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use rocket::futures::FutureExt;

    use super::*;

    fn key(path: &str) -> KeyRef<'_> {
        KeyRef { route: (1, 2, Some(3)), path, query: None, profile: false, caller: CallerRef::Anyone }
    }

    fn entry(revision: u64, body: usize) -> Entry {
        let body = vec![b'x'; body];
        let tag = EntityTag::of(&body);
        let answer = Remembered { tag, profile: None, last_modified: None, body: body.into(), held: None };
        Entry { tables: Box::new(["t"]), revision: Revision::new(revision), answer: Some(Arc::new(answer)) }
    }

    async fn land(memo: &Memo, key: &KeyRef<'_>, entry: Entry) {
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
                for number in 0..3000 {
                    let size = number % 7 * (limit as usize / 600).min(20_000);
                    if memo.takes(size) {
                        land(&memo, &key(&format!("/{number}")), entry(1, size)).await;
                    }
                    assert!(memo.entries.weight() <= limit, "{memo:?} of {limit}");
                }
                assert!(memo.entries.weight() > limit / 4 || limit < 4096, "{memo:?} of {limit}");
            }
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
                KeyRef { route: (9, 2, Some(3)), ..same },
                KeyRef { route: (1, 9, Some(3)), ..same },
                KeyRef { route: (1, 2, None), ..same },
                KeyRef { path: "/y", ..same },
                KeyRef { query: Some("a=c"), ..same },
                KeyRef { query: None, ..same },
                KeyRef { path: "/xa=b", query: None, ..same },
                KeyRef { profile: true, ..same },
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
            let mut one: Waiting<'_> =
                Box::pin(async move { memo.recall(&key("/x"), Revision::new(1)).await });
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
}
