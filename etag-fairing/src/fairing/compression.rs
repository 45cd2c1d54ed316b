//! [`Compression`]: responses in content codings.

use std::future::Future;
use std::pin::Pin;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::http::Method;
use rocket::route::{Handler, Outcome};
use rocket::{Build, Data, Request, Response, Rocket, Route};

use super::NothingToDo;
use super::coding::{
    self, Coded, OwnTag, code_body, is_codable, is_settled, may_have_content, offer, own_tag, vary_by_coding,
};
use super::mark;
use crate::compression::{Levels, Negotiated, negotiate};
use crate::config::CompressionConfig;
use crate::error::MEDIA_TYPE;
use crate::resource::route_names::generated_route;

/// Sends responses in a content coding that the client accepts (RFC 9110 §12.5.3): `br`, `gzip`, and `zstd` with its
/// feature.
///
/// Each coding of a representation has a strong tag of its own: that of the body as it is, `~` and the name of the coding,
/// such as `"2fd4e1c6…~br"`. All of them name the same state, so that a client may send any of them in `If-Match`.
/// Answers of generated routes are coded once and remembered in the memo, beside the body as it is.
///
/// ```
/// # use rocket::{get, routes};
/// use etag_fairing::{Compression, EtagFairing, etagged};
/// use rocket::http::{Header, Status};
/// use rocket::local::blocking::Client;
///
/// #[get("/poem")]
/// fn poem() -> String {
///     "one write, one winner\n".repeat(100)
/// }
///
/// let figment = rocket::Config::figment().merge(("ETAG", true)); // Rocket.toml says ETAG = true
/// let rocket = rocket::custom(figment)
///     .attach(EtagFairing::new())
///     .attach(Compression::new())
///     .mount("/", etagged(routes![poem]));
///
/// let client = Client::tracked(rocket).unwrap();
/// let coded = client.get("/poem").header(Header::new("Accept-Encoding", "gzip, br")).dispatch();
/// assert_eq!(coded.headers().get_one("Content-Encoding"), Some("br"));
/// assert!(coded.headers().get_one("ETag").unwrap().ends_with("~br\""));
/// ```
///
/// In which order fairings are attached doesn't matter: this one codes what all others have left.
/// [`CompressionConfig`] has what can be configured.
///
/// # What is left as it is
///
/// - what is smaller than `min_size`, or of a media type that `types` doesn't name, such as images;
/// - what has a `Content-Encoding` or `Content-Range`, a digest of its content, or a `Cache-Control: no-transform` of its
///   handler's;
/// - what carries a strong tag that [`EtagFairing`](crate::EtagFairing) doesn't judge: nobody would know the tag of the coded form
///   again. Opt the route in (see [`etagged`](crate::etagged));
/// - routes that are [`uncompressed`], and responses that a guard has [left out](Compression::leave_out).
///
/// # Secrets
///
/// Who can have a client ask for a URL with text of their choice, and sees how long the encrypted answer is, can guess a secret
/// that stands beside that text, letter by letter: a guess that is right compresses better (BREACH). Leave out
/// what shows a secret, such as a token, beside what the request says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compression(());

impl Compression {
    /// For every response that may be coded.
    pub fn new() -> Compression {
        Compression(())
    }

    /// Has the response to this request go out as it is. For guards, and for handlers before they answer.
    ///
    /// ```
    /// use etag_fairing::Compression;
    /// use rocket::Request;
    /// use rocket::request::{FromRequest, Outcome};
    ///
    /// /// Somebody who is shown a token.
    /// struct Member;
    ///
    /// #[rocket::async_trait]
    /// impl<'r> FromRequest<'r> for Member {
    ///     type Error = ();
    ///
    ///     async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
    ///         Compression::leave_out(request);
    ///         Outcome::Success(Member)
    ///     }
    /// }
    /// ```
    pub fn leave_out(request: &Request<'_>) {
        coding::leave_out(request);
    }
}

/// What was configured, in Rocket's managed state: there if, and only if, responses are coded.
#[derive(Debug)]
pub(super) struct CompressionState {
    pub(super) config: CompressionConfig,
    pub(super) levels: Levels,
    /// Whether JSON:API documents are coded.
    pub(super) codes_documents: bool,
    /// What the usual `Accept-Encoding` lead to, so that they need not be read.
    usual: [(&'static str, Negotiated); USUAL.len()],
}

/// What browsers and the libraries of most languages send.
const USUAL: [&str; 8] = [
    "gzip, deflate, br, zstd",
    "gzip, deflate, br",
    "gzip, deflate",
    "gzip",
    "br",
    "gzip, br",
    "br, gzip, deflate",
    "identity",
];

impl CompressionState {
    fn new(config: CompressionConfig) -> Self {
        let usual = USUAL.map(|line| (line, negotiate([line].into_iter(), &config.codings)));
        let (levels, codes_documents) = (Levels::of(&config), config.codes(MEDIA_TYPE));
        Self { config, levels, codes_documents, usual }
    }

    /// What a request's lines of `Accept-Encoding` lead to.
    pub(super) fn negotiate<'a>(&self, mut lines: impl Iterator<Item = &'a str>) -> Negotiated {
        let (first, second) = (lines.next(), lines.next());
        let known = first.filter(|_| second.is_none());
        let known = known.and_then(|line| self.usual.iter().find(|(usual, _)| *usual == line));
        match known {
            Some((_, negotiated)) => *negotiated,
            None => negotiate(first.into_iter().chain(second).chain(lines), &self.config.codings),
        }
    }
}

/// What was configured; `None` if nothing is coded.
pub(super) fn of<'r>(request: &'r Request<'_>) -> Option<&'r CompressionState> {
    request.rocket().state()
}

#[rocket::async_trait]
impl Fairing for Compression {
    fn info(&self) -> Info {
        // No singleton: Rocket would let the later one replace the earlier in silence.
        Info { name: "Compression", kind: Kind::Ignite }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        if rocket.state::<CompressionState>().is_some() {
            log::error!("two fairings of `Compression` are attached: attach one");
            return Err(rocket);
        }
        let config = match CompressionConfig::from_figment(rocket.figment()) {
            Ok(config) => config,
            Err(error) => {
                rocket::config::pretty_print_error(error);
                return Err(rocket);
            }
        };
        config.announce(rocket.figment());
        if !config.enabled {
            return Ok(rocket);
        }
        // Attached while the rocket ignites, it comes behind all that the application attaches.
        Ok(rocket.manage(CompressionState::new(config)).attach(Compressor))
    }
}

/// Codes the responses that nothing before it has coded.
struct Compressor;

impl Fairing for Compressor {
    fn info(&self) -> Info {
        Info { name: "Content coding", kind: Kind::Response }
    }

    fn on_response<'r, 'fairing, 'request, 'response, 'future>(
        &'fairing self,
        request: &'r Request<'request>,
        response: &'response mut Response<'r>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'future>>
    where
        'r: 'future,
        'fairing: 'future,
        'request: 'future,
        'response: 'future,
    {
        // Most responses, with the fewest steps.
        if !may_have_content(response) || is_settled(request, response) {
            return Box::pin(NothingToDo);
        }
        let Some(offer) = offer(request).filter(|offer| is_codable(response, offer.compression)) else {
            return Box::pin(NothingToDo);
        };
        let tag = if response.status().class().is_success() { own_tag(response) } else { OwnTag::Absent };
        let is_read = matches!(request.method(), Method::Get | Method::Head);
        // A strong tag of a read has been judged by now, and the body stays as it is; or nobody judges it.
        if !matches!(tag, OwnTag::Absent) && is_read {
            // A weak one promises nothing about bytes, and stays.
            if !matches!(&tag, OwnTag::Valid(tag) if tag.is_weak()) {
                return Box::pin(NothingToDo);
            }
        }
        vary_by_coding(response);
        if offer.negotiated.coding.is_none() {
            return Box::pin(NothingToDo);
        }
        Box::pin(async move {
            let size = response.body_mut().size().await;
            let Some(coding) = offer.coding_for(size) else { return };
            let tag = match tag {
                // What a write has made, in this coding: so the next read will name it.
                OwnTag::Valid(tag) if !is_read => match request.route().and_then(generated_route) {
                    Some(_) => Some(tag.of_coding(coding.name())),
                    None if tag.is_weak() => None,
                    None => return,
                },
                OwnTag::Malformed if !is_read => return,
                _ => None,
            };
            if let (Coded::Done, Some(tag)) =
                (code_body(response, coding, offer.compression.levels, size).await, tag)
            {
                response.set_raw_header("ETag", tag.to_string());
            }
        })
    }
}

/// Routes whose responses always go out as they are. Also for the routes of a resource:
///
/// ```
/// # use rocket::{get, routes};
/// use etag_fairing::uncompressed;
///
/// #[get("/token")]
/// fn token() -> &'static str {
///     "never beside what a request says, and compressed"
/// }
///
/// let rocket = rocket::build().mount("/", uncompressed(routes![token]));
/// # let _ = rocket;
/// ```
pub fn uncompressed(routes: impl Into<Vec<Route>>) -> Vec<Route> {
    let mut routes = routes.into();
    for route in &mut routes {
        let inner = route.handler.clone();
        route.handler = Box::new(Uncompressed { inner });
    }
    routes
}

/// The handler of a route whose responses are not coded.
#[derive(Clone)]
struct Uncompressed {
    inner: Box<dyn Handler>,
}

// Written without `async_trait`, whose future would hold the request's data twice.
impl Handler for Uncompressed {
    fn handle<'r, 'handler, 'request, 'future>(
        &'handler self,
        request: &'r Request<'request>,
        data: Data<'r>,
    ) -> Pin<Box<dyn Future<Output = Outcome<'r>> + Send + 'future>>
    where
        'r: 'future,
        'handler: 'future,
        'request: 'future,
    {
        mark::of(request).coding.leave_out();
        self.inner.handle(request, data)
    }
}
