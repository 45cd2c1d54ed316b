//! Counts how many bytes a document may still take while it is read.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::plan::Plan;
use crate::schema::{ResourceId, Rows};
use crate::store::{Excess, StoreError};

/// The minimum number of bytes that a value takes in a document, without its text.
const CELL: usize = 8;

/// The minimum number of bytes that a resource identifier object takes: `{"type":"a","id":"1"},`.
const LINK: usize = 22;

/// The rest of [`Plan::most_bytes`].
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    // Atomic, since several statements of one document may run at the same time.
    left: AtomicUsize,
}

impl Room {
    /// The full number of bytes that the plan allows.
    pub(crate) fn of(plan: &Plan) -> Self {
        Self { most: plan.most_bytes, left: AtomicUsize::new(plan.most_bytes) }
    }

    /// No limit.
    pub(crate) fn endless() -> Self {
        Self { most: usize::MAX, left: AtomicUsize::new(usize::MAX) }
    }

    /// The number of bytes that are left.
    #[cfg(feature = "postgres")]
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    /// The error for a document that is too large.
    pub(crate) fn exceeded(&self, by: Excess) -> StoreError {
        StoreError::DocumentTooLarge { by, most: self.most }
    }

    fn take(&self, bytes: usize, by: Excess) -> Result<(), StoreError> {
        let less = |left: usize| left.checked_sub(bytes);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.exceeded(by)),
        }
    }

    /// Subtracts the bytes of the last row. `before` is the number of bytes of text without that row.
    pub(crate) fn take_row(&self, rows: &Rows, before: usize, by: Excess) -> Result<(), StoreError> {
        self.take(rows.text_bytes().saturating_sub(before) + CELL * rows.width(), by)
    }

    /// Subtracts the bytes of an identifier.
    pub(crate) fn take_link(&self, id: &ResourceId) -> Result<(), StoreError> {
        let text = match id {
            ResourceId::Integer(_) => 0,
            ResourceId::Text(id) => id.len(),
            ResourceId::Composite(id) => id.to_string().len(),
        };
        self.take(LINK + text, Excess::Linkage)
    }
}
