//! The buffers of documents that are no longer needed, kept for the next document of the same thread.
//!
//! A buffer comes back once its document is sent, or once its entity tag is made if the document was made for that alone:
//! a write makes the document of the state that it found, and then that of its answer. Without this pool each document
//! allocates from the part of the allocator's memory that all threads share and lock.
//!
//! A page of some tens of resources needs it for another reason. Its document and the chunk that it is sent in are over
//! 128 KiB together, and when both are free, glibc gives the memory back to the system: the next page then begins with a
//! page fault for every 4 KiB that it writes.

use std::cell::Cell;

use crate::admission::HeldBytes;

/// The largest buffer that a thread keeps, in bytes: that of a page with what it includes.
const MOST: usize = 256 << 10;

thread_local! {
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An empty buffer with room for this many bytes.
pub(super) fn take(capacity: usize) -> Vec<u8> {
    let kept = KEPT.take();
    // A buffer that is far too large is not taken, since the memo would hold all of it with the document.
    if kept.capacity() >= capacity && kept.capacity() / 2 <= capacity {
        kept
    } else {
        Vec::with_capacity(capacity)
    }
}

/// Gives a buffer back to the pool of this thread.
pub(crate) fn give(mut buffer: Vec<u8>) {
    if buffer.capacity() <= MOST {
        buffer.clear();
        // A thread that ends keeps no buffer.
        let _ = KEPT.try_with(|kept| kept.set(buffer));
    }
}

/// A document that is being sent, whose buffer comes back when it is dropped.
pub(crate) struct SentDocument {
    document: Vec<u8>,
    _held: Option<HeldBytes>,
}

impl SentDocument {
    pub(crate) fn new(document: Vec<u8>, held: Option<HeldBytes>) -> Self {
        Self { document, _held: held }
    }
}

impl AsRef<[u8]> for SentDocument {
    fn as_ref(&self) -> &[u8] {
        &self.document
    }
}

impl Drop for SentDocument {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.document));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_taken_once_and_empty() {
        let mut first = Vec::with_capacity(1000);
        first.extend_from_slice(b"secret");
        let place = first.as_ptr();
        give(first);
        let second = take(900);
        assert_eq!((second.as_ptr(), second.len()), (place, 0));
        let third = take(900);
        assert_ne!(third.as_ptr(), place);
        give(second);
        assert!(take(10).capacity() < 1000, "far too large");
        give(Vec::with_capacity(MOST + 1));
        assert!(take(MOST).capacity() <= MOST);
    }

    #[test]
    fn what_was_sent_comes_back() {
        let mut document = Vec::with_capacity(1000);
        document.extend_from_slice(b"secret");
        let place = document.as_ptr();
        let sent = SentDocument::new(document, None);
        assert_eq!(sent.as_ref(), b"secret");
        drop(sent);
        let next = take(900);
        assert_eq!((next.as_ptr(), next.len()), (place, 0));
    }
}
