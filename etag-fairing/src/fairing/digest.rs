//! From a response body to its entity tag, and back into the response.

use std::io::{self, Cursor};

use rocket::Response;
use rocket::response::Body;
use rocket::tokio::io::{AsyncRead, AsyncReadExt};

use super::bodies::{BEGINNING, Bodies, KnownBody};
use super::statistics::Statistics;
use crate::conditional::EntityTag;

/// Rocket reads a body in pieces of 4 KiB unless told otherwise, which costs more than the hash does.
pub(super) const LARGEST_CHUNK: usize = 64 * 1024;

/// The tag of the body: read once into memory that is large enough, hashed unless its bytes are known, put back. Of a
/// large one that is known no copy is made: the known one is sent.
///
/// `size` is the size that the body claims to have. The tag is that of the bytes that will be sent;
/// `None` if the body is longer than it claims, which then goes out as a stream, untagged.
///
/// # Errors
///
/// If the body can't be read. It is lost then.
pub(super) async fn digest(
    response: &mut Response<'_>,
    size: usize,
    bodies: Option<&Bodies>,
    statistics: &Statistics,
) -> io::Result<Option<EntityTag>> {
    let mut body = response.body_mut().take();
    // One byte more than expected, so that reading finds the end without growing the vector.
    let limit = size.saturating_add(1);
    let mut bytes = Vec::new();
    if size > BEGINNING
        && let Some(bodies) = bodies
    {
        match recognise(&mut body, size, bodies).await? {
            Recognised::As(known) => {
                statistics.count_digest_saved();
                let tag = known.tag().clone();
                response.set_sized_body(size, Cursor::new(known));
                send_in_large_chunks(response);
                return Ok(Some(tag));
            }
            Recognised::Not(begun) => bytes = begun,
        }
    }
    bytes.reserve_exact(limit - bytes.len());
    let rest = (limit - bytes.len()) as u64;
    AsyncReadExt::take(&mut body, rest).read_to_end(&mut bytes).await?;
    if bytes.len() > size {
        response.set_streamed_body(Cursor::new(bytes).chain(body));
        return Ok(None);
    }
    let tag = match bodies {
        Some(bodies) => bodies.tag_of(&bytes, statistics),
        None => {
            statistics.count_digest();
            EntityTag::of(&bytes)
        }
    };
    response.set_sized_body(bytes.len(), Cursor::new(bytes));
    send_in_large_chunks(response);
    Ok(Some(tag))
}

enum Recognised {
    /// The body is this one, to its last byte.
    As(KnownBody),
    /// It is none that is known. So much of it was read, one byte more than its size at most.
    Not(Vec<u8>),
}

/// Compares a body with the known one that it begins like, piece by piece.
async fn recognise(
    body: &mut (impl AsyncRead + Unpin),
    size: usize,
    bodies: &Bodies,
) -> io::Result<Recognised> {
    let mut piece = Vec::with_capacity(BEGINNING + 1);
    AsyncReadExt::take(&mut *body, BEGINNING as u64).read_to_end(&mut piece).await?;
    let Some(known) = bodies.beginning_with(size, &piece) else { return Ok(Recognised::Not(piece)) };
    let mut before = 0;
    loop {
        let (same, expected) = known.as_ref().split_at(before);
        if !expected.starts_with(&piece) || (piece.is_empty() && !expected.is_empty()) {
            return Ok(Recognised::Not([same, &piece].concat()));
        }
        if expected.is_empty() {
            return Ok(Recognised::As(known));
        }
        before += piece.len();
        piece.clear();
        // At the end for a byte that should not be there.
        let next = (size - before).clamp(1, BEGINNING);
        AsyncReadExt::take(&mut *body, next as u64).read_to_end(&mut piece).await?;
    }
}

/// Has a body of known size sent in as few pieces as are sensible. To be called after the body was
/// set: setting one sets the chunk size back.
pub(crate) fn send_in_large_chunks(response: &mut Response<'_>) {
    if let Some(size) = response.body().preset_size()
        && response.body().max_chunk_size() == Body::DEFAULT_MAX_CHUNK
    {
        // One byte more than there is: where a piece fills all of its memory, Rocket takes as much again to find
        // that nothing follows.
        response.set_max_chunk_size(size.min(LARGEST_CHUNK) + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body of `bytes` that claims to have `size` of them: its tag, and what is sent.
    async fn answered(
        bytes: &[u8],
        size: usize,
        bodies: &Bodies,
        statistics: &Statistics,
    ) -> (Option<EntityTag>, Vec<u8>) {
        let mut response = Response::build().sized_body(size, Cursor::new(bytes.to_vec())).finalize();
        let tag = digest(&mut response, size, Some(bodies), statistics).await.expect("a tag");
        let sent = response.body_mut().to_bytes().await.expect("a body");
        (tag, sent)
    }

    #[test]
    fn a_large_body_is_recognised_only_if_all_of_it_is_the_same() {
        rocket::async_test(async {
            for size in [BEGINNING + 1, 2 * BEGINNING, 3 * BEGINNING + 7] {
                let (bodies, statistics) = (Bodies::new(8 << 20).expect("bodies"), Statistics::default());
                let body: Vec<u8> = (0..size).map(|number| (number % 251) as u8).collect();
                let own = Some(EntityTag::of(&body));
                for _ in 0..3 {
                    assert_eq!(
                        answered(&body, size, &bodies, &statistics).await,
                        (own.clone(), body.clone())
                    );
                }
                assert_eq!((statistics.digests(), statistics.digests_saved()), (2, 1));
                for place in [0, BEGINNING - 1, BEGINNING, size - 1] {
                    let mut other = body.clone();
                    other[place] ^= 1;
                    let tag = Some(EntityTag::of(&other));
                    assert_eq!(answered(&other, size, &bodies, &statistics).await, (tag, other), "{place}");
                }
                // Others with the same beginning have taken its place.
                for _ in 0..2 {
                    assert_eq!(
                        answered(&body, size, &bodies, &statistics).await,
                        (own.clone(), body.clone())
                    );
                }
                // A body that is not as long as it says.
                for short in [size - 1, BEGINNING, BEGINNING - 1, 1, 0] {
                    let (tag, sent) = answered(&body[..short], size, &bodies, &statistics).await;
                    assert_eq!((tag, sent.len()), (Some(EntityTag::of(&body[..short])), short));
                }
                let longer = [&body[..], b"more"].concat();
                assert_eq!(answered(&longer, size, &bodies, &statistics).await, (None, longer));
            }
        });
    }
}
