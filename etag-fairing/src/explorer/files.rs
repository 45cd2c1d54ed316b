//! What the page loads.

use std::io::{Cursor, Read};
use std::sync::{Arc, OnceLock};

use etag_swagger_ui::Packed;
use flate2::read::GzDecoder;
use rocket::http::{ContentType, Header, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Response};

use super::policy;
use crate::compression::negotiate;
use crate::conditional::EntityTag;
use crate::config::Coding;
use crate::fairing::{mark_coding, mark_with_tag};

/// All files, by their names below the page.
pub(super) fn all() -> impl Iterator<Item = (&'static str, File)> {
    let (css, js) = (ContentType::CSS, ContentType::JavaScript);
    let files = [
        ("/swagger-ui.js", File::packed(js.clone(), etag_swagger_ui::SCRIPT)),
        ("/swagger-ui.css", File::packed(css.clone(), etag_swagger_ui::STYLE)),
        ("/explorer.js", File::plain(js.clone(), include_str!("explorer.js"))),
        ("/tags.js", File::plain(js.clone(), include_str!("tags.js"))),
        ("/large.js", File::plain(js.clone(), include_str!("large.js"))),
        ("/explorer.css", File::plain(css, include_str!("explorer.css"))),
        // Where a login by OAuth 2 leads back to.
        ("/oauth2-redirect.html", File::plain(ContentType::HTML, include_str!("oauth2-redirect.html"))),
        ("/oauth2-redirect.js", File::plain(js, etag_swagger_ui::OAUTH2_REDIRECT)),
    ];
    files.into_iter()
}

/// A file with its tag, which is not made of the bytes at each request.
#[derive(Clone)]
pub(super) struct File(Arc<Kept>);

struct Kept {
    content_type: ContentType,
    tag: EntityTag,
    body: Body,
}

enum Body {
    /// Small, and sent as it is, unless `Compression` is attached.
    Plain(&'static [u8]),
    Packed(Packed, OnceLock<Vec<u8>>),
}

impl File {
    fn plain(content_type: ContentType, text: &'static str) -> Self {
        let tag = EntityTag::of(text.as_bytes());
        Self(Arc::new(Kept { content_type, tag, body: Body::Plain(text.as_bytes()) }))
    }

    fn packed(content_type: ContentType, packed: Packed) -> Self {
        // Those digits are always allowed in a tag.
        let tag = EntityTag::strong(packed.sha1).unwrap_or_else(|_| EntityTag::of(packed.gzip));
        Self(Arc::new(Kept { content_type, tag, body: Body::Packed(packed, OnceLock::new()) }))
    }

    fn respond<'r>(&self, request: &'r Request<'_>) -> Result<Response<'r>, Status> {
        let Self(kept) = self;
        let mut response = Response::new();
        response.set_header(kept.content_type.clone());
        response.set_header(Header::new("Content-Security-Policy", policy::OF_FILES));
        match &kept.body {
            Body::Plain(bytes) => {
                mark_with_tag(request, kept.tag.clone());
                response.set_sized_body(bytes.len(), Cursor::new(*bytes));
            }
            Body::Packed(packed, unpacked) => {
                // The coding is decided here: nothing is compressed anew for anybody.
                mark_coding(request);
                response.set_raw_header("Vary", "Accept-Encoding");
                if takes_gzip(request) {
                    mark_with_tag(request, kept.tag.of_coding(Coding::Gzip.name()));
                    response.set_raw_header("Content-Encoding", Coding::Gzip.name());
                    response.set_sized_body(packed.gzip.len(), Cursor::new(packed.gzip));
                } else {
                    let bytes = unpacked.get_or_init(|| unpack(packed));
                    if bytes.is_empty() {
                        return Err(Status::InternalServerError);
                    }
                    mark_with_tag(request, kept.tag.clone());
                    let shared = Unpacked(Arc::clone(kept));
                    response.set_sized_body(bytes.len(), Cursor::new(shared));
                }
            }
        }
        Ok(response)
    }
}

fn takes_gzip(request: &Request<'_>) -> bool {
    negotiate(request.headers().get("Accept-Encoding"), &[Coding::Gzip]).coding.is_some()
}

/// The file itself, for the few clients that take no gzip. It is unpacked once, in some milliseconds.
fn unpack(packed: &Packed) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = GzDecoder::new(packed.gzip).read_to_end(&mut bytes) {
        log::error!("a file of the explorer could not be unpacked: {error}");
        bytes.clear();
    }
    bytes
}

/// The bytes that were unpacked, for a body that reads them where they are.
struct Unpacked(Arc<Kept>);

impl AsRef<[u8]> for Unpacked {
    fn as_ref(&self) -> &[u8] {
        match &self.0.body {
            Body::Packed(_, unpacked) => unpacked.get().map_or(&[], Vec::as_slice),
            Body::Plain(bytes) => bytes,
        }
    }
}

#[rocket::async_trait]
impl Handler for File {
    async fn handle<'r>(&self, request: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        match self.respond(request) {
            Ok(response) => Outcome::Success(response),
            Err(status) => Outcome::Error(status),
        }
    }
}
