//! The fairing: entity tags on the way out.
//!
//! For a response that is opted in, [`EtagFairing`] hashes the body, adds `ETag`, evaluates the
//! request's preconditions (RFC 9110 §13) and, where they say so, answers 304 or 412 instead.
//!
//! # Which responses
//!
//! A response is *eligible* if
//! - entity tags are on ([`EtagConfig`]) and the route is opted in: by [`etagged`], by [`Tagged`], by
//!   `etag` on a derived resource, or all routes by [`EtagFairing::all`];
//! - the effective method is GET or HEAD (a form's `_method=PATCH` is PATCH) and the status is 200.
//!   RFC 9110 §15.4.5: a 304 stands for a 200;
//! - a handler made it: not a catcher, nor Rocket for a request without a route. (With
//!   [`EtagFairing::all`] a catcher that turns a matched route's error into a 200 can't be told apart
//!   from the route.)
//!
//! A tag that the handler set itself is used as it is; if it is malformed, the response is left alone,
//! with a warning. Else the tag is made from the body, unless
//! - it has no size (streams) or is longer than `max_body`, or it is `text/event-stream`: nothing is ever
//!   buffered but what was in memory, or a file, of known size. The tag of a [`TaggedFile`] is remembered, so that a
//!   304 doesn't read it;
//! - it says `Cache-Control: no-store`;
//! - the route is an explicit `#[head]`: its body isn't that of the GET.
//!
//! Such responses pass through untouched. So does every response of an unsafe method: the change is
//! made by then, and a refusal would be a lie. Those are decided where the change is made, for
//! hand-written routes with [`Preconditions`].
//!
//! # Compression
//!
//! Attach a fairing that compresses before this one. The tag of a generated route's body, made before
//! any content coding, then gets the coding's name as a suffix (RFC 9110 §8.8.3.3); what was compressed of
//! a hand-written route is a stream, and untagged. A fairing that is attached after this one must weaken
//! the tags of what it compresses, or give them a suffix. Where a proxy weakens them, see
//! [`EtagConfig::accept_weakened`].

mod bodies;
mod digest;
mod file_digests;
mod mark;
mod not_modified;
mod precondition_failed;
mod preconditions_guard;
mod statistics;
mod tagged;
mod tagged_file;

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use rocket::data::ByteUnit;
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::http::{Method, Status};
use rocket::{Build, Orbit, Request, Response, Rocket};

pub(crate) use bodies::Bodies;
pub(crate) use digest::send_in_large_chunks;
#[allow(unused_imports, reason = "called by generated routes")]
pub(crate) use mark::{mark_untagged, mark_with_tag};
pub use not_modified::NotModified;
pub(crate) use not_modified::early as early_not_modified;
#[allow(unused_imports, reason = "called by generated routes")]
pub(crate) use not_modified::turn_into_not_modified;
pub(crate) use precondition_failed::{precondition_failed, precondition_required};
pub use preconditions_guard::Preconditions;
pub use statistics::Statistics;
pub use tagged::{Tagged, etagged};
pub use tagged_file::{Files, TaggedFile};

use crate::conditional::{
    ConditionalHeaders, EntityTag, HttpDate, MethodKind, Policy, Selected, Validator, Verdict,
};
use crate::config::EtagConfig;
use crate::error::{ErrorObject, Errors};
use crate::memo::Memo;
use file_digests::FileDigests;
use mark::Mark;

/// Adds entity tags and answers preconditions. See the [module's documentation](crate::fairing) for
/// which responses, and [`EtagConfig`] for the switch in `Rocket.toml`.
///
/// ```
/// # use rocket::{get, routes};
/// use etag_fairing::{EtagFairing, etagged};
/// use rocket::http::{Header, Status};
/// use rocket::local::blocking::Client;
///
/// #[get("/motto")]
/// fn motto() -> &'static str {
///     "one write, one winner"
/// }
///
/// let figment = rocket::Config::figment().merge(("ETAG", true)); // Rocket.toml says ETAG = true
/// let rocket = rocket::custom(figment)
///     .attach(EtagFairing::new())
///     .mount("/", etagged(routes![motto]));
///
/// let client = Client::tracked(rocket).unwrap();
/// let first = client.get("/motto").dispatch();
/// let tag = first.headers().get_one("ETag").unwrap().to_owned();
/// let again = client.get("/motto").header(Header::new("If-None-Match", tag)).dispatch();
/// assert_eq!(again.status(), Status::NotModified);
/// ```
///
/// It may be attached before or after mounting. Attached twice, it stops the launch: two of them
/// would not agree on which responses are tagged.
#[derive(Clone, Copy, Debug, Default)]
pub struct EtagFairing {
    all: bool,
}

impl EtagFairing {
    /// For the routes that are opted in.
    pub fn new() -> EtagFairing {
        EtagFairing { all: false }
    }

    /// For every eligible response of every route.
    pub fn all() -> EtagFairing {
        EtagFairing { all: true }
    }

    fn is_opted_in(&self, request: &Request<'_>, mark: &Mark) -> bool {
        mark.is_set() || (self.all && request.route().is_some())
    }
}

#[rocket::async_trait]
impl Fairing for EtagFairing {
    fn info(&self) -> Info {
        // No singleton: Rocket would let the later one replace the earlier in silence.
        Info { name: "ETag", kind: Kind::Ignite | Kind::Liftoff | Kind::Response }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        if rocket.state::<Statistics>().is_some() {
            log::error!(
                "two fairings of `EtagFairing` are attached: attach one, `EtagFairing::new()` for the routes that are \
                 opted in, or `EtagFairing::all()` for every route"
            );
            return Err(rocket);
        }
        match EtagConfig::from_figment(rocket.figment()) {
            Ok(config) => {
                config.announce(rocket.figment());
                let enabled = config.enabled;
                let limit = if enabled { config.memo.as_u64() } else { 0 };
                let mut rocket = rocket.manage(config).manage(Statistics::default());
                // Most of the memory is for what saves most.
                let bodies = limit / 8;
                if let Some(memo) = Memo::new(ByteUnit::Byte(limit - bodies)) {
                    rocket = rocket.manage(memo);
                }
                if let Some(bodies) = Bodies::new(bodies) {
                    rocket = rocket.manage(bodies);
                }
                if enabled {
                    rocket = rocket.manage(FileDigests::new());
                }
                Ok(rocket)
            }
            Err(error) => {
                rocket::config::pretty_print_error(error);
                Err(rocket)
            }
        }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let generated =
            rocket.routes().any(|route| crate::resource::route_names::generated_route(route).is_some());
        if generated && rocket.state::<crate::api::JsonApi>().is_none() {
            log::error!("resources are mounted, but JsonApi::fairing() is not attached: they answer 500");
        }
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
        // Written out, since only a body whose tag nobody knows is awaited: for all else there is no future to make.
        let Some(tagging) = self.tagging(request, response) else {
            complete_untagged(request, response);
            return Box::pin(Done);
        };
        match tagging.tag_without_the_body(response) {
            Tag::None => {}
            Tag::Own(tag) => tagging.finish(response, &tag, tagging.config.policy().with_own_tag()),
            Tag::Known(tag) => tagging.issue(response, tag),
            Tag::OfBody => {
                return Box::pin(async move {
                    if let Some(tag) = tagging.tag_of_body(response).await {
                        tagging.issue(response, tag);
                    }
                });
            }
        }
        Box::pin(Done)
    }
}

impl EtagFairing {
    /// `None` if this response gets no tag.
    fn tagging<'r, 'request>(
        &self,
        request: &'r Request<'request>,
        response: &Response<'r>,
    ) -> Option<Tagging<'r, 'request>> {
        if !matches!(response.status().code, 200 | 206) {
            return None;
        }
        let config = request.rocket().state::<EtagConfig>().filter(|config| config.enabled)?;
        let mark = mark::of(request);
        if method_kind(request) != MethodKind::Read || !self.is_opted_in(request, mark) {
            return None;
        }
        let statistics = request.rocket().state::<Statistics>()?;
        Some(Tagging { request, config, statistics, mark, seen: Seen::of(response) })
    }
}

/// Nothing left to do.
struct Done;

impl Future for Done {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// Where the tag of a response comes from.
enum Tag {
    /// It has none.
    None,
    /// The handler has set it.
    Own(EntityTag),
    /// It is known without a look at the bytes.
    Known(EntityTag),
    /// It is to be made from the bytes.
    OfBody,
}

/// A response that is to have a tag, and its request.
struct Tagging<'r, 'request> {
    request: &'r Request<'request>,
    config: &'r EtagConfig,
    statistics: &'r Statistics,
    mark: &'r Mark,
    seen: Seen,
}

impl<'r> Tagging<'r, '_> {
    fn tag_without_the_body(&self, response: &mut Response<'r>) -> Tag {
        let own = if self.seen.tag { own_tag(response) } else { OwnTag::Absent };
        match own {
            // RFC 9110 §14.2: what a handler answers with 206 would be a 200 without Range, and
            // preconditions come first. Its body is a part, so that only its own tag will do.
            OwnTag::Valid(tag) => Tag::Own(tag),
            OwnTag::Absent if is_taggable(self.request, response, &self.seen) => {
                match self.mark.tag().cloned().or_else(|| self.tag_of_file()) {
                    Some(tag) if self.seen.coded => Tag::Known(of_coding(&tag, response)),
                    Some(tag) => Tag::Known(tag),
                    None => Tag::OfBody,
                }
            }
            OwnTag::Malformed => {
                let route = self.request.route().and_then(|route| route.name.as_deref()).unwrap_or("a route");
                log::warn!(
                    "`{route}` set an ETag that is none (RFC 9110 §8.8.3): its response is left alone"
                );
                Tag::None
            }
            OwnTag::Absent => Tag::None,
        }
    }

    /// The tag of a file that need not be read for it.
    fn tag_of_file(&self) -> Option<EntityTag> {
        let stamp = self.mark.file()?;
        match stamp.length() <= self.config.max_body.as_u64() {
            true => self.digests()?.get(stamp),
            false => Some(stamp.tag()),
        }
    }

    fn digests(&self) -> Option<&'r FileDigests> {
        self.request.rocket().state()
    }

    /// The tag of the bytes; `None` if there is none to give, and then the response is as it should go out.
    async fn tag_of_body(&self, response: &mut Response<'r>) -> Option<EntityTag> {
        let Some(stamp) = self.mark.file() else { return self.digest(response).await };
        let tag = match self.seen.coded {
            false => self.digest(response).await?,
            // Of what a fairing has compressed, the file tells what it was.
            true => {
                let content = stamp.content().await?;
                self.statistics.count_digest();
                EntityTag::of(&content)
            }
        };
        if let Some(digests) = self.digests() {
            digests.remember(stamp, &tag).await;
        }
        Some(if self.seen.coded { of_coding(&tag, response) } else { tag })
    }

    /// The digest of a body that has a size, which of a file is not known before it is asked for.
    async fn digest(&self, response: &mut Response<'r>) -> Option<EntityTag> {
        let size = response.body_mut().size().await?;
        if size as u64 > self.config.max_body.as_u64() {
            return None;
        }
        match digest::digest(response, size, self.request.rocket().state(), self.statistics).await {
            Ok(Some(tag)) => Some(tag),
            Ok(None) => {
                log::warn!(
                    "a body of {size} bytes turned out to be longer: it goes out untagged, as a stream"
                );
                None
            }
            Err(error) => {
                log::error!("a response body could not be read: {error}");
                *response = Errors::from(ErrorObject::internal()).to_response();
                None
            }
        }
    }

    /// Sets the tag as the configuration wants it, and answers the preconditions.
    fn issue(&self, response: &mut Response<'r>, tag: EntityTag) {
        let policy = self.config.policy();
        set_tag(response, &policy.issue(tag.clone()));
        self.finish(response, &tag, policy);
    }

    /// Completes the fields and answers the preconditions.
    fn finish(&self, response: &mut Response<'r>, tag: &EntityTag, policy: Policy) {
        digest::send_in_large_chunks(response);
        complete_cache_fields(response, self.config, &self.seen);

        let last_modified = match self.seen.last_modified {
            true => response.headers().get_one("Last-Modified"),
            false => None,
        };
        let last_modified = last_modified.and_then(|date| HttpDate::parse(date.as_bytes()));
        let selected = Selected { validator: Validator::Tag(tag), last_modified };
        let headers = conditional_headers(self.request);
        match policy.judge(&headers, MethodKind::Read, Some(&selected)) {
            // A read overwrites nothing: no precondition is required of it.
            Verdict::Proceed | Verdict::Required => {}
            Verdict::NotModified => {
                let of_file = || usize::try_from(self.mark.file()?.length()).ok();
                let size = response.body().preset_size().or_else(of_file);
                self.statistics.count_not_modified(size.unwrap_or(0));
                not_modified::turn_into_not_modified(response);
            }
            Verdict::Failed(failure) => {
                precondition_failed::turn_into_precondition_failed(
                    response,
                    self.request,
                    &failure,
                    self.statistics,
                );
            }
        }
    }
}

/// What there is to know of a response's fields, found in one pass over them: each look into the map of fields costs
/// more than the pass.
#[derive(Default)]
struct Seen {
    tag: bool,
    last_modified: bool,
    /// Whether it says how it may be cached.
    caching: bool,
    /// `Cache-Control: no-store`, in whatever case and place.
    no_store: bool,
    coded: bool,
    event_stream: bool,
}

impl Seen {
    fn of(response: &Response<'_>) -> Seen {
        let mut seen = Seen::default();
        for header in response.headers().iter() {
            let (name, value) = (header.name().as_str(), header.value());
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("ETag") {
                seen.tag = true;
            } else if is("Last-Modified") {
                seen.last_modified = true;
            } else if is("Expires") {
                seen.caching = true;
            } else if is("Cache-Control") {
                seen.caching = true;
                seen.no_store |=
                    value.split(',').any(|element| element.trim().eq_ignore_ascii_case("no-store"));
            } else if is("Content-Encoding") {
                seen.coded = true;
            } else if is("Content-Type") {
                let essence = value.split(';').next().unwrap_or_default();
                seen.event_stream |= essence.trim().eq_ignore_ascii_case("text/event-stream");
            }
        }
        seen
    }
}

/// The tag that a handler has set.
enum OwnTag {
    Absent,
    Valid(EntityTag),
    Malformed,
}

fn own_tag(response: &Response<'_>) -> OwnTag {
    let mut lines = response.headers().get("ETag");
    match (lines.next(), lines.next()) {
        (None, _) => OwnTag::Absent,
        (Some(line), None) => EntityTag::parse(line.as_bytes()).map_or(OwnTag::Malformed, OwnTag::Valid),
        (Some(_), Some(_)) => OwnTag::Malformed,
    }
}

/// Whether the body is one to make a tag from, if it is not too long.
fn is_taggable(request: &Request<'_>, response: &Response<'_>, seen: &Seen) -> bool {
    response.status() == Status::Ok && request.method() == Method::Get && !seen.no_store && !seen.event_stream
}

/// The tag of a body that was coded after its tag was made.
///
/// RFC 9110 §8.8.3.3: each coding of a representation has a strong tag of its own. `"S-gzip"` still begins with
/// the state tag, so that a client can write back with it.
fn of_coding(tag: &EntityTag, response: &Response<'_>) -> EntityTag {
    let mut opaque = tag.opaque().to_vec();
    for coding in response.headers().get("Content-Encoding") {
        opaque.push(b'-');
        opaque.extend(coding.bytes().filter(u8::is_ascii_alphanumeric));
    }
    EntityTag::strong(opaque).unwrap_or_else(|_| tag.clone().weakened())
}

/// What caches have to know about a tagged response, where the handler didn't say.
fn complete_cache_fields<'r>(response: &mut Response<'r>, config: &'r EtagConfig, seen: &Seen) {
    // RFC 9110 §12.5.5: a response that was coded depends on what the client can decode.
    let coded =
        seen.coded
            && !response.headers().get("Vary").flat_map(|line| line.split(',')).any(|name| {
                matches!(name.trim(), "*") || name.trim().eq_ignore_ascii_case("Accept-Encoding")
            });
    if !seen.caching
        && let Some(cache_control) = &config.cache_control
    {
        response.set_raw_header("Cache-Control", cache_control.as_str());
    }
    if coded {
        response.adjoin_raw_header("Vary", "Accept-Encoding");
    }
}

/// The same for a read of a generated route that has no tag: RFC 9111 §4.2.2 lets a cache that is told nothing keep it
/// for as long as it thinks right.
fn complete_untagged<'r>(request: &'r Request<'_>, response: &mut Response<'r>) {
    if response.status() == Status::Ok
        && mark::of(request).is_untagged_read()
        && let Some(config) = request.rocket().state::<EtagConfig>()
    {
        complete_cache_fields(response, config, &Seen::of(response));
    }
}

fn set_tag(response: &mut Response<'_>, tag: &EntityTag) {
    response.set_raw_header("ETag", tag.borrowed().to_field());
}

fn method_kind(request: &Request<'_>) -> MethodKind {
    MethodKind::of(request.method().as_str())
}

/// The conditional fields of a request, all lines of each.
pub(crate) fn conditional_headers<'r>(request: &'r Request<'_>) -> ConditionalHeaders<'r> {
    let mut headers = ConditionalHeaders::new();
    // One pass over few fields, where a look for each of four costs more.
    for header in request.headers().iter() {
        match header.value {
            Cow::Borrowed(value) => headers.push(header.name.as_str(), value.as_bytes()),
            Cow::Owned(_) => {
                return ConditionalHeaders::from_lookup(|name| {
                    request.headers().get(name).map(str::as_bytes)
                });
            }
        }
    }
    headers
}
