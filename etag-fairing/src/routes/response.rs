//! Responses with documents.

use std::io::Cursor;

use rocket::Response;
use rocket::http::Status;
use rocket::tokio::io::{AsyncRead, AsyncSeek};

use crate::document::buffer_pool::SentDocument;
use crate::error::MEDIA_TYPE;
use crate::fairing::send_in_large_chunks;
use crate::resource::caching::VARY;

/// A response with the document of a write, which is made by now, and must be told.
pub(super) fn of_write(status: Status, body: Vec<u8>) -> Response<'static> {
    let mut response = of_body(status, body.len(), Cursor::new(SentDocument::new(body, None)), None);
    response.set_raw_header("Vary", VARY);
    response
}

/// 204: the change is made, and there is nothing to show.
pub(super) fn without_document() -> Response<'static> {
    let mut response = Response::new();
    response.set_status(Status::NoContent);
    response.set_raw_header("Vary", VARY);
    response
}

/// JSON:API's media type with the extension and the profiles that apply to a document (JSON:API §5.1).
pub(super) fn content_type(extension: Option<&str>, profiles: Option<&str>) -> String {
    let mut media_type = MEDIA_TYPE.to_owned();
    for (name, value) in [("ext", extension), ("profile", profiles)] {
        if let Some(value) = value {
            media_type.push_str(&format!(";{name}=\"{value}\""));
        }
    }
    media_type
}

/// A response with the bytes of a document, wherever they lie, without `Vary`.
pub(super) fn of_body<'r>(
    status: Status,
    size: usize,
    body: impl AsyncRead + AsyncSeek + Send + Unpin + 'r,
    profile: Option<&str>,
) -> Response<'r> {
    let mut response = Response::new();
    response.set_status(status);
    match profile {
        Some(profile) => {
            response.set_raw_header("Content-Type", content_type(None, Some(profile)));
        }
        None => drop(response.set_raw_header("Content-Type", MEDIA_TYPE)),
    }
    response.set_sized_body(size, body);
    send_in_large_chunks(&mut response);
    response
}
