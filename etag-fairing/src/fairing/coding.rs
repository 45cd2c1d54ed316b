//! Which responses are put into a content coding, and how.

use std::borrow::Cow;
use std::io::{self, Cursor};
use std::sync::atomic::Ordering;

use rocket::http::Status;
use rocket::tokio::io::{AsyncRead, AsyncReadExt};
use rocket::tokio::task::spawn_blocking;
use rocket::{Request, Response};

use super::compression::{self, CompressionState};
use super::digest::send_in_large_chunks;
use super::mark::{self, CodingMark};
use super::tagger;
pub(super) use super::tagger::{OwnTag, own_tag};
use crate::compression::{CodedBody, INLINE, Levels, Negotiated, encode};
use crate::config::Coding;
use crate::error::{ErrorObject, Errors};

/// A body up to this size is coded as a whole, so that the client learns its length. A larger one, in bytes, and one of unknown
/// size is coded while it is sent.
const WHOLE: usize = 1 << 20;

/// So much of a coded stream is sent at once.
const STREAM_CHUNK: usize = 16 << 10;

/// What a request may be answered in.
#[derive(Clone, Copy)]
pub(crate) struct Offer<'r> {
    pub(super) compression: &'r CompressionState,
    pub(super) negotiated: Negotiated,
}

impl Offer<'_> {
    /// The coding for a body of this size, where it is known.
    pub(crate) fn coding_for(&self, size: Option<usize>) -> Option<Coding> {
        self.negotiated.coding_for(size, self.compression.config.min_size.as_u64())
    }

    /// Whether JSON:API documents are coded.
    pub(crate) fn codes_documents(&self) -> bool {
        self.compression.codes_documents
    }

    pub(crate) fn levels(&self) -> Levels {
        self.compression.levels
    }
}

/// What the response to this request may be coded in; `None` where nothing is coded.
pub(crate) fn offer<'r>(request: &'r Request<'_>) -> Option<Offer<'r>> {
    let compression = compression::of(request)?;
    let mark = &mark::of(request).coding;
    if mark.left_out.load(Ordering::Relaxed) {
        return None;
    }
    // Clients send few fields: to read their names costs less than the hash of one.
    let lines = request.headers().iter().filter_map(|header| match header.value {
        Cow::Borrowed(value) if header.name.as_str().eq_ignore_ascii_case("Accept-Encoding") => Some(value),
        _ => None,
    });
    let negotiate = || compression.negotiate(lines);
    Some(Offer { compression, negotiated: *mark.negotiated.get_or_init(negotiate) })
}

impl CodingMark {
    pub(super) fn leave_out(&self) {
        self.left_out.store(true, Ordering::Relaxed);
    }
}

/// Has the response to this request go out as it is.
pub(super) fn leave_out(request: &Request<'_>) {
    mark::of(request).coding.leave_out();
}

/// Says that the coding of the response is decided: that it has one, and its tag is that of the coded body, or that it goes
/// out as it is; and that it says what it varies by.
pub(crate) fn mark_coding(request: &Request<'_>) {
    mark::of(request).coding.is_decided.store(true, Ordering::Relaxed);
}

/// Whether the coding of the response is decided.
pub(super) fn is_decided(mark: &CodingMark) -> bool {
    mark.is_decided.load(Ordering::Relaxed)
}

/// Whether whoever made this response has decided its coding. An error that took its place later is another response.
pub(super) fn is_settled(request: &Request<'_>, response: &Response<'_>) -> bool {
    response.status() == Status::Ok && is_decided(&mark::of(request).coding)
}

/// Whether a response may have content, and all of it (RFC 9110 §15.3.5, §15.3.6, §15.3.7, §15.4.5).
pub(super) fn may_have_content(response: &Response<'_>) -> bool {
    let code = response.status().code;
    code >= 200 && !matches!(code, 204 | 205 | 206 | 304)
}

/// Whether a response is of a kind that is coded, whatever its size is and the client accepts.
pub(super) fn is_codable(response: &Response<'_>, compression: &CompressionState) -> bool {
    if !may_have_content(response) {
        return false;
    }
    let mut is_coded_type = false;
    for header in response.headers().iter() {
        let name = header.name().as_str();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("Content-Type") {
            is_coded_type = compression.config.codes(header.value());
        } else if ["Content-Encoding", "Content-Range", "Content-Digest", "Repr-Digest"].into_iter().any(is)
            || (is("Cache-Control") && forbids_transformation(header.value()))
        {
            return false;
        }
    }
    is_coded_type
}

/// Whether a `Cache-Control` asks for the body as it is (RFC 9111 §5.2.2.6). It is meant for proxies, and common servers keep
/// to it, too.
pub(crate) fn forbids_transformation(cache_control: &str) -> bool {
    cache_control.split(',').any(|element| element.trim().eq_ignore_ascii_case("no-transform"))
}

/// RFC 9110 §12.5.5: says that which coding is sent depends on `Accept-Encoding`.
pub(super) fn vary_by_coding(response: &mut Response<'_>) {
    if tagger::varies_by_coding(response) {
        return;
    }
    if response.headers().get("Vary").eq(["Accept"]) {
        // What nearly all documents say: one line, as those from the memo have it.
        response.set_raw_header("Vary", "Accept, Accept-Encoding");
    } else {
        response.adjoin_raw_header("Vary", "Accept-Encoding");
    }
}

/// What has become of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coded {
    Done,
    /// The body could not be read, and an error has taken its place.
    Failed,
}

/// Puts the body of a response into a coding. This is its size, if that is known.
pub(super) async fn code_body(
    response: &mut Response<'_>,
    coding: Coding,
    levels: Levels,
    size: Option<usize>,
) -> Coded {
    let mut body = response.body_mut().take();
    match size.filter(|size| *size <= WHOLE) {
        Some(size) => match code_whole(&mut body, size, coding, levels).await {
            Ok(Whole::Coded(coded)) => {
                response.set_sized_body(coded.len(), Cursor::new(coded));
                send_in_large_chunks(response);
            }
            Ok(Whole::Longer(begun)) => {
                stream(response, Cursor::new(begun).chain(body), coding, levels, None)
            }
            Err(error) => {
                log::error!("a response body could not be read or coded: {error}");
                *response = Errors::from(ErrorObject::internal()).to_response();
                return Coded::Failed;
            }
        },
        None => stream(response, body, coding, levels, size),
    }
    response.set_raw_header("Content-Encoding", coding.name());
    // Both speak of the body as it was.
    response.remove_header("Content-Length");
    response.remove_header("Accept-Ranges");
    Coded::Done
}

fn stream<'r>(
    response: &mut Response<'r>,
    source: impl AsyncRead + Send + Unpin + 'r,
    coding: Coding,
    levels: Levels,
    size: Option<usize>,
) {
    response.set_streamed_body(CodedBody::new(source, coding, levels, size));
    response.set_max_chunk_size(STREAM_CHUNK);
}

enum Whole {
    Coded(Vec<u8>),
    /// The body is longer than it said; this is its beginning.
    Longer(Vec<u8>),
}

async fn code_whole(
    body: &mut (impl AsyncRead + Unpin),
    size: usize,
    coding: Coding,
    levels: Levels,
) -> io::Result<Whole> {
    // One byte more than expected, so that reading finds the end without growing the vector.
    let limit = size + 1;
    let mut bytes = Vec::with_capacity(limit);
    AsyncReadExt::take(body, limit as u64).read_to_end(&mut bytes).await?;
    if bytes.len() > size {
        return Ok(Whole::Longer(bytes));
    }
    let coded = if size <= INLINE {
        encode(coding, levels, &bytes)?
    } else {
        spawn_blocking(move || encode(coding, levels, &bytes)).await.map_err(io::Error::other)??
    };
    Ok(Whole::Coded(coded))
}
