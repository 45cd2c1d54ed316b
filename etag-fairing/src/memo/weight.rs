//! How much memory an entry takes, so that the limit in bytes is one of the process, too.
//!
//! Each part of an entry is a piece of memory of its own, and an allocator takes more for a piece than it has bytes. Of small
//! answers that is a third of all.

use std::mem::size_of;
use std::sync::Arc;

use quick_cache::Weighter;

use super::{MemoEntry, MemoKey, Remembered};
use crate::kept_body::allocated;

/// What the cache takes for an entry in its own tables: its slot, its place in the table of hashes, and what it keeps of
/// entries that it has forgotten.
const SLOT: usize = 96;

/// The two numbers of an `Arc`.
const COUNTS: usize = 2 * size_of::<usize>();

/// A full memo takes about so many parts more than its pieces: what is free between them.
const GAPS: usize = 32;

#[derive(Clone)]
pub(super) struct EntryWeight;

impl Weighter<Arc<MemoKey>, Arc<MemoEntry>> for EntryWeight {
    fn weight(&self, key: &Arc<MemoKey>, entry: &Arc<MemoEntry>) -> u64 {
        let pieces = SLOT + of_key(key) + of_entry(entry);
        (pieces + pieces / GAPS) as u64
    }
}

fn of_key(key: &MemoKey) -> usize {
    allocated(COUNTS + size_of::<MemoKey>())
        + allocated(key.path.len())
        + key.query.as_ref().map_or(0, |query| allocated(query.len()))
        + key.scope.as_ref().map_or(0, |scope| allocated(scope.len()))
}

fn of_entry(entry: &MemoEntry) -> usize {
    allocated(COUNTS + size_of::<MemoEntry>())
        + allocated(size_of_val(&*entry.tables))
        + entry.answer.as_deref().map_or(0, of_answer)
        + entry.coded_weight
}

/// An answer without its coded forms.
fn of_answer(answer: &Remembered) -> usize {
    allocated(COUNTS + size_of::<Remembered>())
        + answer.body.weight()
        + allocated(COUNTS + answer.tag.opaque().len())
}
