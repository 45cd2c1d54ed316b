//! Memory of documents that were needed for their tags alone.
//!
//! A write makes two documents: that of the state it meets, which nobody is sent, and that of its answer. The second one
//! takes the memory of the first, since memory of this size comes from where all threads ask for it.

use std::cell::Cell;

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
        SPARE.set(buffer);
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
}
