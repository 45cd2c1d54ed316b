//! How many bytes a document may still take, while it is read.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::plan::Plan;
use crate::schema::{ResourceId, Rows};
use crate::store::{Excess, StoreError};

/// A value takes at least so much of a document, beside its text.
const CELL: usize = 8;

/// An identifier takes at least so much: `{"type":"a","id":"1"},`.
const LINK: usize = 22;

/// What is left of [`Plan::most_bytes`].
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    // Statements of one document may run at the same time.
    left: AtomicUsize,
}

impl Room {
    /// All that the plan allows.
    pub(crate) fn of(plan: &Plan) -> Self {
        Self { most: plan.most_bytes, left: AtomicUsize::new(plan.most_bytes) }
    }

    /// As much as there is.
    pub(crate) fn endless() -> Self {
        Self { most: usize::MAX, left: AtomicUsize::new(usize::MAX) }
    }

    /// What is left.
    #[cfg(feature = "postgres")]
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    /// The error of a document that takes more than it may.
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

    /// Takes the room of the last row, before which there was so much text.
    pub(crate) fn take_row(&self, rows: &Rows, before: usize, by: Excess) -> Result<(), StoreError> {
        self.take(rows.text_bytes().saturating_sub(before) + CELL * rows.width(), by)
    }

    /// Takes the room of an identifier.
    pub(crate) fn take_link(&self, id: &ResourceId) -> Result<(), StoreError> {
        let text = match id {
            ResourceId::Integer(_) => 0,
            ResourceId::Text(id) => id.len(),
        };
        self.take(LINK + text, Excess::Linkage)
    }
}
