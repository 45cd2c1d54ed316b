//! The memo: answers that the server remembers, with the state of the database in which they hold.
//!
//! An entry says: *for this key, at this revision, the answer was that*. A request first reads the revision of the tables
//! from which the answer was made. If it is the same, the remembered answer still holds, with its tag and its body:
//! nothing is queried, written or hashed. So there is no cache to invalidate. Whoever has changed a table, the revision
//! in the database tells.
//!
//! - The [`MemoKey`] holds everything else on which the body depends: the route, the target, the profiles that the client
//!   asks for, and the caller, if different callers see different things.
//! - The memory has a limit in bytes. Answers that are seldom asked for are forgotten first.
//! - If several requests ask at once for an answer that isn't remembered, one of them makes it, and the others wait for it.
//!   If the store fails, they all get the error.

mod flight;
mod page_ends;
mod weight;

use std::fmt;
use std::hash::{Hash, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(feature = "compression")]
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Lifecycle, OptionsBuilder};
use rocket::data::ByteUnit;
use rocket::tokio::time::Instant;

pub(crate) use self::flight::Flight;
use self::flight::{Boarding, FlightOutcome, Flights};
pub(crate) use self::page_ends::ListRef;
use self::page_ends::PageEnds;
use self::weight::EntryWeight;
use crate::admission::HeldBytes;
#[cfg(feature = "compression")]
use crate::compression::CodedForms;
use crate::conditional::{EntityTag, HttpDate};
use crate::error::Errors;
use crate::kept_body::KeptBody;
use crate::negotiate::Profiles;
use crate::plan::Revision;
use crate::schema::RelationshipId;

/// An answer.
#[derive(Debug)]
pub(crate) struct Remembered {
    /// The tag of the body, strong.
    pub(crate) tag: EntityTag,
    /// The profiles that apply to the document, as the `profile` parameter has them.
    pub(crate) profile: Option<&'static str>,
    /// When the resource last changed, where it keeps that.
    pub(crate) last_modified: Option<HttpDate>,
    /// The body, before any content coding.
    pub(crate) body: KeptBody,
    /// The memory of the body. It counts until the last client has read the body, even if the memo has forgotten it.
    #[allow(dead_code, reason = "the memory is given back when this is dropped")]
    pub(crate) held: Option<HeldBytes>,
    /// The body in content codings.
    #[cfg(feature = "compression")]
    pub(crate) coded: CodedForms,
}

/// What the memo knows about a key.
#[derive(Debug)]
pub(crate) struct MemoEntry {
    /// The tables from which the answer was made.
    pub(crate) tables: Box<[&'static str]>,
    /// Their revision, which was read before the tables.
    pub(crate) revision: Revision,
    /// The answer; `None` if there is none to remember: it was 404, or it is too large.
    pub(crate) answer: Option<Arc<Remembered>>,
    /// The total of a listing, which is remembered apart from the pages that show it.
    pub(crate) total: Option<u64>,
    /// How much memory the coded forms of the answer took when this entry was put here. An entry's weight must not change
    /// while it is in the memo.
    pub(crate) coded_weight: usize,
}

/// What an answer depends on in addition to the tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyRef<'a> {
    /// The route: its resource by the address of its description, its operation, its relationship.
    pub(crate) route: (usize, u8, Option<RelationshipId>),
    /// The path and the query as the client has sent them. Two spellings of one target have two entries, which only costs
    /// memory.
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    /// The profiles that the client asks for.
    pub(crate) profiles: Profiles,
    pub(crate) caller: CallerRef<'a>,
}

/// What stands for the operation in the key of a total, which the pages of one filter share.
pub(crate) const TOTAL: u8 = u8::MAX;

/// Whom an answer is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CallerRef<'a> {
    /// Every caller who may use the route sees the same.
    Anyone,
    /// Only callers with the same scope see this, which these bytes name. Guards and hooks are asked again for each request.
    Scoped(&'a [u8]),
}

/// An owned [`KeyRef`].
#[derive(Clone, Debug, PartialEq, Eq)]
struct MemoKey {
    route: (usize, u8, Option<RelationshipId>),
    path: Box<str>,
    query: Option<Box<str>>,
    profiles: Profiles,
    scope: Option<Box<[u8]>>,
}

impl MemoKey {
    fn of(key: &KeyRef<'_>) -> Self {
        Self {
            route: key.route,
            path: key.path.into(),
            query: key.query.map(Into::into),
            profiles: key.profiles,
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
            profiles: self.profiles,
            caller: self.scope.as_deref().map_or(CallerRef::Anyone, CallerRef::Scoped),
        }
    }
}

// The hash must be that of the borrowed key, since entries are looked up by one.
impl Hash for MemoKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

impl Equivalent<Arc<MemoKey>> for KeyRef<'_> {
    fn equivalent(&self, key: &Arc<MemoKey>) -> bool {
        *self == key.borrowed()
    }
}

/// Counts the entries that are forgotten so that others find room.
#[derive(Clone, Default)]
struct CountsEvictions(Arc<AtomicU64>);

/// What drops evicted entries outside the cache's locks.
type Dropping = DefaultLifecycle<Arc<MemoKey>, Arc<MemoEntry>>;

impl Lifecycle<Arc<MemoKey>, Arc<MemoEntry>> for CountsEvictions {
    type RequestState = <Dropping as Lifecycle<Arc<MemoKey>, Arc<MemoEntry>>>::RequestState;

    fn on_evict(&self, state: &mut Self::RequestState, key: Arc<MemoKey>, entry: Arc<MemoEntry>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        Dropping::default().on_evict(state, key, entry);
    }
}

/// How full the memo is.
#[cfg(feature = "metrics")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemoFigures {
    pub(crate) entries: usize,
    /// What the entries take, in bytes.
    pub(crate) bytes: u64,
    /// What they may take, in bytes.
    pub(crate) most_bytes: u64,
    /// How many entries were forgotten so that others found room.
    pub(crate) evictions: u64,
}

/// How long a request waits in all for answers that other requests make.
const PATIENCE: Duration = Duration::from_secs(10);

/// The memo of an application.
pub(crate) struct Memo {
    entries: Cache<Arc<MemoKey>, Arc<MemoEntry>, EntryWeight, RandomState, CountsEvictions>,
    evictions: Arc<AtomicU64>,
    flights: Flights,
    page_ends: PageEnds,
    /// The largest body that is remembered, in bytes.
    largest: usize,
    /// Held by whoever weighs an entry again, so that what is counted last is all that there is.
    #[cfg(feature = "compression")]
    weighing: Mutex<()>,
}

/// What the memo knows about an answer at a revision.
pub(crate) enum Recalled<'m> {
    /// This entry holds.
    Known(Arc<MemoEntry>),
    /// No entry holds. This request must make the answer, and others wait for it.
    Unknown {
        /// Tells the waiters.
        flight: Flight<'m>,
        /// Whether there is an entry of another revision.
        stale: bool,
    },
    /// Another request should have made the answer, and the store has failed with this error.
    Failed(Arc<Errors>),
    /// Another request has taken too long to make the answer.
    Late,
}

impl Memo {
    /// A memo of at most this many bytes; `None` if that is 0.
    pub(crate) fn new(limit: ByteUnit) -> Option<Self> {
        let limit = limit.as_u64();
        if limit == 0 {
            return None;
        }
        // Each shard has a part of the memory and keeps nothing larger. There are few, so that each part is large.
        let shards = 1_u64 << (limit / (8 << 20)).clamp(1, 16).ilog2();
        let options = OptionsBuilder::new()
            .shards(usize::try_from(shards).unwrap_or(1))
            .weight_capacity(limit)
            .estimated_items_capacity(usize::try_from(limit / 8192).unwrap_or(usize::MAX).clamp(16, 1 << 16))
            .build()
            .ok()?;
        let counts = CountsEvictions::default();
        let evictions = Arc::clone(&counts.0);
        let entries = Cache::with_options(options, EntryWeight, RandomState::default(), counts);
        // A body may take half of a shard at most, so that it doesn't push out all other entries.
        let largest = usize::try_from(entries.shard_capacity() / 2).unwrap_or(usize::MAX);
        Some(Self {
            entries,
            evictions,
            flights: Flights::default(),
            page_ends: PageEnds::default(),
            largest,
            #[cfg(feature = "compression")]
            weighing: Mutex::default(),
        })
    }

    /// Where pages far in have ended.
    pub(crate) fn page_ends(&self) -> &PageEnds {
        &self.page_ends
    }

    /// The entry of this key, at any revision.
    pub(crate) fn get(&self, key: &KeyRef<'_>) -> Option<Arc<MemoEntry>> {
        self.entries.get(key)
    }

    /// The answer of this key at this revision. Waits if another request is making it.
    pub(crate) async fn recall(&self, key: &KeyRef<'_>, revision: Revision) -> Recalled<'_> {
        let known = self.get(key);
        let stale = match known {
            Some(entry) if entry.revision == revision => return Recalled::Known(entry),
            other => other.is_some(),
        };
        let owned = Arc::new(MemoKey::of(key));
        let until = Instant::now() + PATIENCE;
        loop {
            match self.board(&owned, revision) {
                Boarding::First(flight) => {
                    // The answer may have been remembered since the look-up above.
                    return match self.get(key).filter(|entry| entry.revision == revision) {
                        Some(entry) => Recalled::Known(entry),
                        None => Recalled::Unknown { flight, stale },
                    };
                }
                Boarding::Behind(shared) => match shared.outcome(until).await {
                    Some(FlightOutcome::Landed(entry)) => return Recalled::Known(entry),
                    Some(FlightOutcome::Failed(errors)) => return Recalled::Failed(errors),
                    Some(FlightOutcome::Abandoned) => {}
                    None => return Recalled::Late,
                },
            }
        }
    }

    /// How full it is.
    #[cfg(feature = "metrics")]
    pub(crate) fn figures(&self) -> MemoFigures {
        MemoFigures {
            entries: self.entries.len(),
            bytes: self.entries.weight(),
            most_bytes: self.entries.capacity(),
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }

    /// Whether a body of this size is remembered.
    pub(crate) fn takes(&self, size: usize) -> bool {
        size <= self.largest
    }

    /// Whether a coded form of this size is remembered beside an answer.
    #[cfg(feature = "compression")]
    pub(crate) fn takes_coded(&self, answer: &Remembered, size: usize) -> bool {
        // Together they may take as much as one body may.
        self.takes(answer.body.len() + answer.coded.weight() + size)
    }

    /// Counts the coded forms that were made of an answer since it was put here.
    #[cfg(feature = "compression")]
    pub(crate) fn weigh_again(&self, key: &KeyRef<'_>, answer: &Arc<Remembered>) {
        let _turn = self.weighing.lock().unwrap_or_else(PoisonError::into_inner);
        // Others may have forgotten the answer by now, or may have another.
        let Some(entry) = self.get(key) else { return };
        if entry.answer.as_ref().is_some_and(|there| Arc::ptr_eq(there, answer)) {
            let weighed = MemoEntry {
                tables: entry.tables.clone(),
                revision: entry.revision,
                answer: Some(Arc::clone(answer)),
                total: entry.total,
                coded_weight: answer.coded.weight(),
            };
            self.entries.insert(Arc::new(MemoKey::of(key)), Arc::new(weighed));
        }
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo")
            .field("entries", &self.entries.len())
            .field("bytes", &self.entries.weight())
            .field("evictions", &self.evictions)
            .finish()
    }
}

#[cfg(test)]
mod tests;
