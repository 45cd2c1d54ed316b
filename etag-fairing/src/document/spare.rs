//! Memory of documents that are done with: sent, or needed for their tags alone.
//!
//! The next document takes it, since memory of this size comes from where all threads ask for it, and wait for each
//! other. So does the second document of a write, that of its answer, from that of the state it met.

use std::cell::Cell;

use crate::admission::Held;

/// No more is kept, by each thread.
const MOST: usize = 64 << 10;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An empty buffer with room for so many bytes.
pub(super) fn take(capacity: usize) -> Vec<u8> {
    let spare = SPARE.take();
    // Not a far too large one: its memory goes with the answer.
    match spare.capacity() >= capacity && spare.capacity() / 2 <= capacity {
        true => spare,
        false => Vec::with_capacity(capacity),
    }
}

/// Gives a buffer back.
pub(crate) fn give(mut buffer: Vec<u8>) {
    if buffer.capacity() <= MOST {
        buffer.clear();
        // A thread that ends has none to keep it for.
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}

/// A document that is sent, whose memory comes back.
pub(crate) struct Sent {
    document: Vec<u8>,
    _held: Option<Held>,
}

impl Sent {
    pub(crate) fn new(document: Vec<u8>, held: Option<Held>) -> Self {
        Self { document, _held: held }
    }
}

impl AsRef<[u8]> for Sent {
    fn as_ref(&self) -> &[u8] {
        &self.document
    }
}

impl Drop for Sent {
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
        let sent = Sent::new(document, None);
        assert_eq!(sent.as_ref(), b"secret");
        drop(sent);
        let next = take(900);
        assert_eq!((next.as_ptr(), next.len()), (place, 0));
    }
}
