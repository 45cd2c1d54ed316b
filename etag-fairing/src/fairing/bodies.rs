//! Bodies whose tags are known.
//!
//! What a hand-written route answers is known only once it is there, and then mostly it is what it was the last time;
//! and what a write finds is mostly what the one before it left. To see that takes a tenth of the time that SHA-1
//! takes. Nothing here depends on who asks for what: a tag is found
//! by the bytes of the body, all of them compared.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use super::statistics::Statistics;
use crate::conditional::EntityTag;

/// So much of a body says which one it may be, together with its size.
pub(super) const BEGINNING: usize = 64 << 10;

/// For a smaller body, in bytes, a look-up costs as much as its hash.
const SMALLEST: usize = 256;

/// About how many bytes an entry takes in addition to its body.
const OVERHEAD: usize = 192;

#[derive(Clone)]
enum CachedBody {
    /// A body with this fingerprint was hashed once. If it comes again, it is worth the memory to keep it.
    Seen,
    /// This body has this tag.
    Body(KnownBody),
}

/// A body whose tag is known.
#[derive(Clone)]
pub(super) struct KnownBody(Arc<(Box<[u8]>, EntityTag)>);

impl KnownBody {
    pub(super) fn tag(&self) -> &EntityTag {
        &self.0.1
    }
}

impl AsRef<[u8]> for KnownBody {
    fn as_ref(&self) -> &[u8] {
        &self.0.0
    }
}

#[derive(Clone)]
struct BodyWeight;

impl Weighter<u64, CachedBody> for BodyWeight {
    fn weight(&self, _: &u64, known: &CachedBody) -> u64 {
        let body = match known {
            CachedBody::Seen => 0,
            CachedBody::Body(known) => known.as_ref().len() + known.tag().opaque().len(),
        };
        (OVERHEAD + body) as u64
    }
}

/// The bodies of an application's hand-written routes, and the representations that its writes judge.
pub(crate) struct Bodies {
    // The key is a fingerprint of the body. It is made with a random seed, so that clients can't choose bodies that collide.
    known: Cache<u64, CachedBody, BodyWeight, RandomState>,
    fingerprints: RandomState,
    /// The largest body that is kept, in bytes.
    largest: usize,
}

impl Bodies {
    /// Keeps at most this many bytes of bodies; `None` if that is 0.
    pub(super) fn new(limit: u64) -> Option<Self> {
        if limit == 0 {
            return None;
        }
        let options = OptionsBuilder::new()
            .shards(1)
            .weight_capacity(limit)
            .estimated_items_capacity(usize::try_from(limit / 4096).unwrap_or(usize::MAX).clamp(16, 1 << 14))
            .build()
            .ok()?;
        let known =
            Cache::with_options(options, BodyWeight, RandomState::default(), DefaultLifecycle::default());
        let largest = usize::try_from(known.shard_capacity() / 2).unwrap_or(usize::MAX);
        Some(Self { known, fingerprints: RandomState::default(), largest })
    }

    /// The tag of a body: its SHA-1, which is made now unless the same bytes are kept.
    pub(crate) fn tag_of(&self, body: &[u8], statistics: &Statistics) -> EntityTag {
        if !(SMALLEST..=self.largest).contains(&body.len()) {
            statistics.count_digest();
            return EntityTag::of(body);
        }
        let fingerprint = self.fingerprint(body.len(), body);
        let known = self.known.get(&fingerprint);
        if let Some(CachedBody::Body(known)) = &known
            && known.as_ref() == body
        {
            statistics.count_digest_saved();
            return known.tag().clone();
        }
        let tag = EntityTag::of(body);
        statistics.count_digest();
        let now = match known {
            None => CachedBody::Seen,
            Some(_) => CachedBody::Body(KnownBody(Arc::new((body.into(), tag.clone())))),
        };
        self.known.insert(fingerprint, now);
        tag
    }

    /// The known body of this size that a body with this beginning may be.
    pub(super) fn beginning_with(&self, size: usize, beginning: &[u8]) -> Option<KnownBody> {
        match self.known.get(&self.fingerprint(size, beginning)) {
            Some(CachedBody::Body(known)) if known.as_ref().len() == size => Some(known),
            _ => None,
        }
    }

    fn fingerprint(&self, size: usize, body: &[u8]) -> u64 {
        self.fingerprints.hash_one((size, body.get(..BEGINNING).unwrap_or(body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_hashed_twice_and_then_known() {
        let (bodies, statistics) = (Bodies::new(1 << 20).unwrap(), Statistics::default());
        let body = vec![b'x'; 5000];
        for round in 1..=5_u64 {
            assert_eq!(bodies.tag_of(&body, &statistics), EntityTag::of(&body));
            assert_eq!(
                (statistics.digests(), statistics.digests_saved()),
                (round.min(2), round.saturating_sub(2))
            );
        }
        let mut other = body.clone();
        other[2500] = b'y';
        assert_eq!(bodies.tag_of(&other, &statistics), EntityTag::of(&other));
        assert_eq!(statistics.digests(), 3);
    }

    #[test]
    fn one_fingerprint_of_two_bodies_gives_each_its_own_tag() {
        let (bodies, statistics) = (Bodies::new(1 << 20).unwrap(), Statistics::default());
        let (one, other) = (vec![1; 300], vec![2; 300]);
        // As if the fingerprints were the same.
        let wrong = CachedBody::Body(KnownBody(Arc::new((other.clone().into(), EntityTag::of(&other)))));
        bodies.known.insert(bodies.fingerprint(one.len(), &one), wrong);
        for _ in 0..3 {
            assert_eq!(bodies.tag_of(&one, &statistics), EntityTag::of(&one));
        }
    }

    #[test]
    fn memory_is_bounded_and_bodies_that_come_once_take_little() {
        for limit in [1, 1 << 10, 64 << 10, 1 << 20] {
            let (bodies, statistics) = (Bodies::new(limit).unwrap(), Statistics::default());
            for number in 0..2000_u32 {
                let body: Vec<u8> = number.to_le_bytes().repeat(100 + (number % 50) as usize);
                for _ in 0..number % 3 {
                    assert_eq!(bodies.tag_of(&body, &statistics), EntityTag::of(&body));
                }
                assert!(bodies.known.weight() <= limit, "{} of {limit}", bodies.known.weight());
            }
        }
        let (bodies, statistics) = (Bodies::new(1 << 20).unwrap(), Statistics::default());
        bodies.tag_of(&[3; 10_000], &statistics);
        assert!(bodies.known.weight() < 1000);
    }
}
