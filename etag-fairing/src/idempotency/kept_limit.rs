//! How much is kept of each caller, so that nobody fills the database with answers.
//!
//! A node adds up what it keeps itself. Of a caller of whom that is a good part of the limit it asks the store for all of it,
//! which other nodes and earlier runs have kept, too, and does so again now and then. So most callers are never asked for, and
//! nobody keeps much more than the limit for each node.
//!
//! Callers whom the application doesn't tell apart share their keys, but no room: one of them could take it from all the
//! others for a day. They are counted by their addresses, by this node alone, since the store knows none.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::store::{KeptAnswer, KeptSize, RepeatableRequest};

/// What an answer takes beside its document and header fields: the key, the caller, the digest, indexes. About.
const EACH: u64 = 256;

/// The store is asked of a caller of whom this part of the limit is kept by this node.
const ASKED_FROM: u64 = 16;

/// Of whom less than this part of the limit is kept, this need not be known for long.
const WORTH_KNOWING: u64 = 256;

/// How long the store's answer holds, at least, in seconds.
const BETWEEN_QUESTIONS: i64 = 60;

/// The store is asked for no more than this part of the time.
const SHARE_OF_TIME: u64 = 100;

/// Whose room an answer takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Payer {
    /// A caller whom the application knows.
    Caller(String),
    /// Whoever asks from this address; `None` if there is none, as in a test without a network.
    Address(Option<IpAddr>),
}

impl Payer {
    /// The payer for a request from this address.
    pub(crate) fn of(request: &RepeatableRequest, address: Option<IpAddr>) -> Self {
        if !request.caller.is_empty() {
            return Self::Caller(request.caller.clone());
        }
        Self::Address(address.map(|address| match address.to_canonical() {
            // Whoever has one address of version 6 has all that begin with the same 64 bits.
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
            address @ IpAddr::V4(_) => address,
        }))
    }
}

/// How much may be kept of each caller, and is.
#[derive(Debug)]
pub(super) struct KeptLimit {
    most: u64,
    callers: Mutex<HashMap<Payer, Kept>>,
}

/// What is known of a caller.
#[derive(Debug, Default)]
struct Kept {
    /// What the store has told.
    told: u64,
    /// What this node has kept since then.
    added: u64,
    /// When the oldest answer was kept, as the store has told, or the first one from an address; in seconds since 1970, as all
    /// times here.
    oldest: i64,
    /// When to ask the store again.
    ask_at: i64,
    last_added: i64,
}

/// Whether there is room for one answer more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is.
    Free,
    /// The store is to be asked, by whoever is told so: others are not told meanwhile.
    Unknown,
    /// There is none before the oldest answer, which was kept at this time, is forgotten.
    Full { oldest: i64 },
}

impl KeptLimit {
    pub(super) fn new(most: u64) -> Self {
        Self { most, callers: Mutex::default() }
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<Payer, Kept>) -> T) -> T {
        work(&mut self.callers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether there is room for an answer to this caller. What was kept before `kept_since` is forgotten.
    pub(super) fn room(&self, payer: &Payer, now: i64, kept_since: i64) -> Room {
        self.with(|callers| {
            let Some(kept) = callers.get_mut(payer) else { return Room::Free };
            if matches!(payer, Payer::Address(_)) {
                if kept.oldest < kept_since {
                    (kept.added, kept.oldest) = (0, now);
                }
                let is_full = kept.added >= self.most;
                return if is_full { Room::Full { oldest: kept.oldest } } else { Room::Free };
            }
            let (sum, oldest) = (kept.told.saturating_add(kept.added), kept.oldest);
            let is_full = sum >= self.most;
            if sum < self.most / ASKED_FROM {
                return Room::Free;
            }
            if now >= kept.ask_at || (is_full && oldest < kept_since) {
                kept.ask_at = now.saturating_add(BETWEEN_QUESTIONS);
                // Nobody else asks because of it.
                kept.oldest = kept.oldest.max(kept_since);
                return Room::Unknown;
            }
            if is_full { Room::Full { oldest } } else { Room::Free }
        })
    }

    /// Notes what the store has told, after this time. Returns whether there is no room.
    pub(super) fn told(&self, payer: &Payer, size: KeptSize, took: Duration, now: i64) -> bool {
        let told = size.bytes.saturating_add(size.answers.saturating_mul(EACH));
        let pause = took.as_secs().saturating_mul(SHARE_OF_TIME);
        let pause = i64::try_from(pause).unwrap_or(i64::MAX).max(BETWEEN_QUESTIONS);
        self.with(|callers| {
            let kept = callers.entry(payer.clone()).or_default();
            (kept.told, kept.added, kept.oldest) = (told, 0, size.oldest);
            kept.ask_at = now.saturating_add(pause);
        });
        told >= self.most
    }

    /// Notes an answer that this node has kept.
    pub(super) fn add(&self, payer: &Payer, bytes: u64, now: i64) {
        self.with(|callers| {
            let new = || Kept { oldest: now, ..Kept::default() };
            let kept = callers.entry(payer.clone()).or_insert_with(new);
            kept.added = kept.added.saturating_add(bytes).saturating_add(EACH);
            kept.last_added = now;
        });
    }

    /// Forgets callers of whom nothing is kept any more, or so little that it doesn't matter whether it is known.
    pub(super) fn forget_idle(&self, now: i64, kept_since: i64) {
        let before = now.saturating_sub(10 * BETWEEN_QUESTIONS);
        self.with(|callers| {
            callers.retain(|_, kept| {
                let is_much = kept.told.saturating_add(kept.added) >= self.most / WORTH_KNOWING;
                kept.last_added >= if is_much { kept_since } else { before }
            });
        });
    }
}

/// The bytes of an answer.
pub(crate) fn size_of(answer: &KeptAnswer) -> u64 {
    let document = answer.document.as_ref().map_or(0, String::len);
    u64::try_from(answer.fields.len().saturating_add(document)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: &str) -> Payer {
        Payer::of(&RepeatableRequest::new(name, "k", "f", 0), Some(IpAddr::from([127, 0, 0, 1])))
    }

    fn address(text: &str) -> Payer {
        Payer::of(&RepeatableRequest::new("", "k", "f", 0), Some(text.parse().expect("an address")))
    }

    #[test]
    fn the_store_is_asked_of_callers_of_whom_much_is_kept_and_seldom() {
        let limit = KeptLimit::new(16_000);
        assert_eq!(limit.room(&caller("ann"), 1_000, 0), Room::Free);
        limit.add(&caller("ann"), 700, 1_000);
        assert_eq!(limit.room(&caller("ann"), 1_000, 0), Room::Free, "956 of 1000");
        limit.add(&caller("ann"), 700, 1_000);
        assert_eq!(limit.room(&caller("ann"), 1_000, 0), Room::Unknown);
        assert_eq!(limit.room(&caller("ann"), 1_000, 0), Room::Free, "another one asks");
        assert!(!limit.told(&caller("ann"), KeptSize::new(2, 15_000, 990), Duration::ZERO, 1_000));
        assert_eq!(limit.room(&caller("ann"), 1_059, 0), Room::Free);
        limit.add(&caller("ann"), 300, 1_059);
        assert_eq!(limit.room(&caller("ann"), 1_059, 0), Room::Full { oldest: 990 });
        assert_eq!(limit.room(&caller("ann"), 1_060, 0), Room::Unknown, "a minute later");
        assert!(limit.told(&caller("ann"), KeptSize::new(9, 15_000, 991), Duration::from_secs(3), 1_060));
        assert_eq!(limit.room(&caller("ann"), 1_359, 0), Room::Full { oldest: 991 }, "it took long");
        assert_eq!(limit.room(&caller("ann"), 1_360, 0), Room::Unknown);
        assert_eq!(limit.room(&caller("bob"), 1_360, 0), Room::Free);
    }

    #[test]
    fn it_is_asked_as_soon_as_the_oldest_is_forgotten() {
        let limit = KeptLimit::new(1_000);
        limit.add(&caller("ann"), 1_000, 100);
        assert_eq!(limit.room(&caller("ann"), 100, 0), Room::Unknown);
        assert!(limit.told(&caller("ann"), KeptSize::new(1, 1_000, 100), Duration::ZERO, 100));
        assert_eq!(limit.room(&caller("ann"), 110, 100), Room::Full { oldest: 100 });
        assert_eq!(limit.room(&caller("ann"), 111, 101), Room::Unknown);
        assert_eq!(limit.room(&caller("ann"), 111, 101), Room::Full { oldest: 101 }, "by one alone");
        assert!(!limit.told(&caller("ann"), KeptSize::default(), Duration::ZERO, 111));
        assert_eq!(limit.room(&caller("ann"), 111, 101), Room::Free);
    }

    #[test]
    fn little_is_known_for_a_while_and_much_as_long_as_it_is_kept() {
        let limit = KeptLimit::new(1 << 20);
        limit.add(&caller("little"), 10, 1_000);
        limit.add(&caller("much"), 10_000, 1_000);
        limit.forget_idle(1_600, 0);
        let known = |limit: &KeptLimit| {
            limit.with(|callers| ["little", "much"].map(|name| callers.contains_key(&caller(name))))
        };
        assert_eq!(known(&limit), [true, true]);
        limit.forget_idle(1_601, 1_000);
        assert_eq!(known(&limit), [false, true]);
        limit.forget_idle(1_601, 1_001);
        assert_eq!(known(&limit), [false, false]);
    }

    #[test]
    fn who_is_not_known_is_counted_by_their_address() {
        let limit = KeptLimit::new(1_000);
        let (mine, others) = (address("192.0.2.1"), address("192.0.2.2"));
        limit.add(&mine, 1_000, 100);
        assert_eq!(limit.room(&mine, 150, 60), Room::Full { oldest: 100 });
        assert_eq!(limit.room(&others, 150, 60), Room::Free);
        assert_eq!(limit.room(&mine, 201, 101), Room::Free, "forgotten");
        limit.add(&mine, 1_000, 201);
        assert_eq!(limit.room(&mine, 201, 101), Room::Full { oldest: 201 });
        assert_eq!(address("2001:db8:0:1::1"), address("2001:db8:0:1:ffff::2"));
        assert_ne!(address("2001:db8:0:1::1"), address("2001:db8:0:2::1"));
        assert_eq!(address("::ffff:192.0.2.1"), mine);
    }
}
