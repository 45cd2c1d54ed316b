//! Bodies that are kept in memory: in blocks of one size, and what an allocator takes for them.
//!
//! An allocator has few sizes of pieces, far apart where they are large, and the gap that one large body leaves seldom fits
//! another. A body that is cut into blocks leaves places that fit whatever comes next, and only the end of it is rounded up.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use rocket::tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

/// The size of a block, in bytes: one that mimalloc and jemalloc have, so that they don't round it up.
const BLOCK: usize = 3584;

/// The bytes of a body, in pieces of memory that are no larger than a block.
#[derive(Debug)]
pub(crate) struct KeptBody(Pieces);

#[derive(Debug)]
enum Pieces {
    /// A body of a block at most.
    One(Box<[u8]>),
    /// A larger one: whole blocks, and what is left.
    Several { size: usize, blocks: Box<[Box<[u8]>]> },
}

impl KeptBody {
    /// A copy of these bytes, so that nothing of what they were made in is kept.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(match bytes.len() {
            ..=BLOCK => Pieces::One(bytes.into()),
            size => Pieces::Several { size, blocks: bytes.chunks(BLOCK).map(Box::from).collect() },
        })
    }

    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Pieces::One(bytes) => bytes.len(),
            Pieces::Several { size, .. } => *size,
        }
    }

    /// The bytes from this place on, as far as they lie side by side; none at the end.
    fn piece_at(&self, place: usize) -> &[u8] {
        let (block, place) = match &self.0 {
            Pieces::One(bytes) => (Some(bytes), place),
            Pieces::Several { blocks, .. } => (blocks.get(place / BLOCK), place % BLOCK),
        };
        block.and_then(|block| block.get(place..)).unwrap_or_default()
    }

    /// All of the bytes in one piece, for what takes them at once.
    #[cfg(any(feature = "compression", test))]
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        match &self.0 {
            Pieces::One(bytes) => bytes.to_vec(),
            Pieces::Several { blocks, .. } => blocks.concat(),
        }
    }

    /// How much memory it takes beside the value itself, in bytes.
    pub(crate) fn weight(&self) -> usize {
        match &self.0 {
            Pieces::One(bytes) => allocated(bytes.len()),
            Pieces::Several { blocks, .. } => {
                let of_blocks: usize = blocks.iter().map(|block| allocated(block.len())).sum();
                allocated(size_of_val(&**blocks)) + of_blocks
            }
        }
    }
}

/// What has a body.
pub(crate) trait HasBody {
    fn body(&self) -> Option<&KeptBody>;
}

/// Reads a body where it lies, without a copy of the whole.
pub(crate) struct BodyReader<B> {
    of: B,
    place: usize,
}

impl<B: HasBody> BodyReader<B> {
    pub(crate) fn new(of: B) -> Self {
        Self { of, place: 0 }
    }
}

impl<B: HasBody + Unpin> AsyncRead for BodyReader<B> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(body) = this.of.body() else { return Poll::Ready(Ok(())) };
        while buffer.remaining() > 0 {
            let piece = body.piece_at(this.place);
            let piece = piece.get(..buffer.remaining()).unwrap_or(piece);
            if piece.is_empty() {
                break;
            }
            buffer.put_slice(piece);
            this.place += piece.len();
        }
        Poll::Ready(Ok(()))
    }
}

impl<B: HasBody + Unpin> AsyncSeek for BodyReader<B> {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let size = self.of.body().map_or(0, KeptBody::len);
        let place = match position {
            SeekFrom::Start(place) => usize::try_from(place).ok(),
            SeekFrom::End(by) => isize::try_from(by).ok().and_then(|by| size.checked_add_signed(by)),
            SeekFrom::Current(by) => {
                isize::try_from(by).ok().and_then(|by| self.place.checked_add_signed(by))
            }
        };
        self.place = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.place as u64))
    }
}

/// How much memory an allocator takes for a piece of this size, in programs of 64 bits: what is between glibc, which takes a
/// little for itself and no less than 32 bytes, and mimalloc and jemalloc, which have four sizes between one power of two
/// and the next.
pub(crate) const fn allocated(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    let by_glibc = bytes.saturating_add(8).next_multiple_of(16);
    let by_glibc = if by_glibc < 32 { 32 } else { by_glibc };
    let step = if bytes <= 64 { 16 } else { 1 << (bytes - 1).ilog2() >> 2 };
    usize::midpoint(by_glibc, bytes.next_multiple_of(step))
}

#[cfg(test)]
mod tests {
    use rocket::tokio::io::{AsyncReadExt, AsyncSeekExt};

    use super::*;

    impl HasBody for KeptBody {
        fn body(&self) -> Option<&KeptBody> {
            Some(self)
        }
    }

    fn bytes(size: usize) -> Vec<u8> {
        (0..size).map(|number| (number * 7 % 251) as u8).collect()
    }

    #[test]
    fn all_of_a_body_is_read_from_wherever_it_begins() {
        rocket::async_test(async {
            for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 100] {
                let (whole, kept) = (bytes(size), KeptBody::of(&bytes(size)));
                assert_eq!((kept.len(), kept.to_vec()), (size, whole.clone()));
                let mut reader = BodyReader::new(kept);
                for from in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, size, size + 10] {
                    assert_eq!(
                        reader.seek(SeekFrom::Start(from as u64)).await.expect("a place"),
                        from as u64
                    );
                    let mut read = Vec::new();
                    reader.read_to_end(&mut read).await.expect("memory");
                    assert_eq!(read, whole.get(from..).unwrap_or_default(), "{size} from {from}");
                }
            }
        });
    }

    #[test]
    fn a_read_takes_all_that_there_is_room_for() {
        rocket::async_test(async {
            let mut reader = BodyReader::new(KeptBody::of(&bytes(3 * BLOCK)));
            let mut room = vec![0; 2 * BLOCK + 10];
            assert_eq!(reader.read(&mut room).await.expect("memory"), room.len());
            assert_eq!(room, bytes(room.len()));
            assert_eq!(reader.seek(SeekFrom::Current(-10)).await.expect("a place"), 2 * BLOCK as u64);
            assert_eq!(reader.seek(SeekFrom::End(-1)).await.expect("a place"), 3 * BLOCK as u64 - 1);
            assert!(reader.seek(SeekFrom::End(-1 - 3 * BLOCK as i64)).await.is_err());
        });
    }

    #[test]
    fn what_is_counted_of_a_piece_is_between_what_allocators_take() {
        for (size, glibc, mimalloc) in
            [(0, 0, 0), (1, 32, 16), (16, 32, 16), (100, 112, 112), (5000, 5008, 5120)]
        {
            assert_eq!(allocated(size), (glibc + mimalloc) / 2, "{size}");
        }
    }

    #[test]
    fn a_large_body_takes_little_more_than_its_bytes() {
        for size in (10_000..200_000).step_by(77) {
            let more = KeptBody::of(&bytes(size)).weight() as f64 / size as f64;
            assert!((1.0..1.05).contains(&more), "{size}: {more}");
        }
    }
}
