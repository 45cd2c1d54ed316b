//! The way of flask-rest-jsonapi: the precondition of a write is compared with the hash of its own response.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Header, Method, Status};
use rocket::{Data, Request, Response};
use sha1::{Digest, Sha1};

/// Tags what goes out, and only then looks at `If-Match`: what was written stays written.
pub(super) struct CheckAfterWrite;

/// `If-Match` as it was sent.
#[derive(Default)]
struct IfMatch(Option<String>);

#[rocket::async_trait]
impl Fairing for CheckAfterWrite {
    fn info(&self) -> Info {
        Info { name: "check after the write", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let sent = request.headers().get_one("If-Match").map(str::to_owned);
        if sent.is_some() {
            // The routes shall not see it: there it asks for no more than that the resource exists.
            request.replace_header(Header::new("If-Match", "*"));
        }
        request.local_cache(|| IfMatch(sent));
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if response.status().code >= 300 {
            return;
        }
        let Ok(body) = response.body_mut().to_bytes().await else {
            response.set_status(Status::InternalServerError);
            return;
        };
        let tag = format!("\"{}\"", hex::encode(Sha1::digest(&body)));
        response.set_sized_body(body.len(), std::io::Cursor::new(body));
        let IfMatch(sent) = request.local_cache(IfMatch::default);
        let lists = |list: &str| list.split(',').any(|listed| listed.trim() == tag);
        if sent.as_deref().is_some_and(|list| !lists(list)) {
            response.set_status(Status::PreconditionFailed);
            response.set_sized_body(0, std::io::Cursor::new(Vec::new()));
        } else if request.method() != Method::Delete {
            response.set_header(Header::new("ETag", tag));
        }
    }
}
