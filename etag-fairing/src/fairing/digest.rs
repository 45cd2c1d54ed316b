//! From a response body to its entity tag, and back into the response.

use std::io::{self, Cursor};

use rocket::Response;
use rocket::response::Body;
use rocket::tokio::io::AsyncReadExt;

use super::Statistics;
use super::bodies::Bodies;
use crate::conditional::EntityTag;

/// Rocket reads a body in pieces of 4 KiB unless told otherwise, which costs more than the hash does.
const LARGEST_CHUNK: usize = 64 * 1024;

/// The tag of the body: read once into memory that is large enough, hashed unless its bytes are known, put back.
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
    let mut bytes = Vec::with_capacity(limit);
    AsyncReadExt::take(&mut body, limit as u64).read_to_end(&mut bytes).await?;
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
