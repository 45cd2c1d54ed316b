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
//! - it says `Cache-Control: no-store` (a generated route has its tag then, too: a write needs it);
//! - the route is an explicit `#[head]`: its body isn't that of the GET.
//!
//! Such responses pass through untouched. So does every response of an unsafe method: the change is
//! made by then, and a refusal would be a lie. Those are decided where the change is made, for
//! hand-written routes with [`Preconditions`].
//!
//! # Compression
//!
//! `Compression`, with the feature of that name, knows the tags, and it doesn't matter where it is attached.
//!
//! Attach a fairing of others that compresses before this one. The tag of a generated route's body, made before
//! any content coding, then gets the coding's name as a suffix (RFC 9110 §8.8.3.3); what was compressed of
//! a hand-written route is a stream, and untagged. A fairing that is attached after this one must weaken
//! the tags of what it compresses, or give them a suffix. Where a proxy weakens them, see
//! [`EtagConfig::accept_weakened`].

mod bodies;
#[cfg(feature = "compression")]
mod coding;
#[cfg(feature = "compression")]
mod compression;
mod digest;
mod file_digests;
mod mark;
mod not_modified;
mod precondition_failed;
mod preconditions_guard;
mod request_fields;
mod statistics;
mod tagged;
mod tagged_file;
mod tagger;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rocket::data::ByteUnit;
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::{Build, Orbit, Request, Response, Rocket};

pub(crate) use self::bodies::Bodies;
#[cfg(feature = "compression")]
pub(crate) use self::coding::{Offer, forbids_transformation, mark_coding, offer};
#[cfg(feature = "compression")]
pub use self::compression::{Compression, uncompressed};
pub(crate) use self::digest::send_in_large_chunks;
use self::file_digests::FileDigests;
use self::mark::Mark;
pub(crate) use self::mark::{mark_remembered, mark_untagged, mark_with_tag};
pub use self::not_modified::NotModified;
pub(crate) use self::not_modified::early as early_not_modified;
pub(crate) use self::precondition_failed::{precondition_failed, precondition_required};
pub use self::preconditions_guard::Preconditions;
pub(crate) use self::request_fields::conditional_headers;
use self::request_fields::method_kind;
#[cfg(feature = "metrics")]
pub(crate) use self::statistics::NotModifiedWay;
pub use self::statistics::Statistics;
pub use self::tagged::{Tagged, etagged};
pub use self::tagged_file::{Files, TaggedFile};
use self::tagger::{ResponseFields, TagSource, Tagger, complete_untagged};
use crate::conditional::MethodKind;
use crate::config::EtagConfig;
use crate::memo::Memo;

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
                // The memo saves more work than the digests of bodies, so that it gets most of the memory.
                let bodies = limit / 8;
                if let Some(memo) = Memo::new(ByteUnit::Byte(limit - bodies)) {
                    rocket = rocket.manage(Arc::new(memo));
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
        // `async fn` would allocate a future for each response. Here only a body that must be hashed needs one, since `NothingToDo`
        // has no size.
        let Some(tagger) = self.tagger(request, response) else {
            complete_untagged(request, response);
            return Box::pin(NothingToDo);
        };
        let source = tagger.tag_source(response);
        #[cfg(feature = "compression")]
        if !matches!(source, TagSource::None)
            && let Some(offer) = tagger.offer(response)
        {
            return Box::pin(async move { tagger.issue_coded(response, source, offer).await });
        }
        match source {
            TagSource::None => {}
            TagSource::Own(tag) => tagger.finish(response, &tag, tagger.config.policy().with_own_tag()),
            TagSource::Known(tag) => tagger.issue(response, tag),
            TagSource::OfBody => {
                return Box::pin(async move {
                    if let Some(tag) = tagger.tag_of_body(response).await {
                        tagger.issue(response, tag);
                    }
                });
            }
        }
        Box::pin(NothingToDo)
    }
}

impl EtagFairing {
    /// `None` if this response gets no tag.
    fn tagger<'r, 'request>(
        &self,
        request: &'r Request<'request>,
        response: &Response<'r>,
    ) -> Option<Tagger<'r, 'request>> {
        if !matches!(response.status().code, 200 | 206) {
            return None;
        }
        let config = request.rocket().state::<EtagConfig>().filter(|config| config.enabled)?;
        let mark = mark::of(request);
        if method_kind(request) != MethodKind::Read || !self.is_opted_in(request, mark) {
            return None;
        }
        let statistics = request.rocket().state::<Statistics>()?;
        Some(Tagger { request, config, statistics, mark, fields: ResponseFields::of(response) })
    }
}

/// A future with nothing to do. It has no size, so that a box of it takes no memory.
pub(crate) struct NothingToDo;

impl Future for NothingToDo {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
