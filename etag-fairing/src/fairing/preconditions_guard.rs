//! Preconditions for hand-written routes.

use std::convert::Infallible;

use rocket::Request;
use rocket::http::Method;
use rocket::request::{FromRequest, Outcome};

use super::not_modified::NotModified;
use super::precondition_failed::{precondition_failed, precondition_required};
use super::request_fields::{conditional_headers, method_kind};
use super::statistics::Statistics;
use crate::conditional::{
    ConditionalHeaders, EntityTag, MethodKind, Policy, Requirement, Selected, Validator, Verdict,
};
use crate::config::EtagConfig;
use crate::error::Errors;
use crate::observe::{self, Observation, PreconditionOutcome};

/// The preconditions of a request, for a handler that changes something: a request guard that never
/// fails by itself.
///
/// Call [`check`](Preconditions::check) **while you hold what keeps others from changing the
/// resource**: the lock, or the transaction that has locked the row. Checked before that, two
/// clients with the same tag would both be told to go on, and one change would be lost.
///
/// ```
/// # use rocket::{State, put, routes, tokio::sync::Mutex};
/// use etag_fairing::document::error::Errors;
/// use etag_fairing::{EntityTag, Preconditions};
///
/// #[put("/motto", data = "<new>")]
/// async fn change_motto(
///     new: String,
///     preconditions: Preconditions<'_>,
///     motto: &State<Mutex<String>>,
/// ) -> Result<(), Errors> {
///     let mut motto = motto.lock().await;
///     preconditions.check(&EntityTag::of(motto.as_bytes()))?;
///     *motto = new;
///     Ok(())
/// }
/// # let _ = routes![change_motto];
/// ```
///
/// A write of a resource that has generated routes checks them by
/// [`WriteTransaction::check`](crate::own::WriteTransaction::check), which knows the current tag.
///
/// - A false precondition is 412 with the current tag. With `require_if_match`, PUT, PATCH and
///   DELETE without `If-Match` are 428.
/// - With `strength = "weak"` the tag that you give counts as the weak one that goes out: `If-Match` then matches it
///   only with `accept_weakened`.
/// - With entity tags off, no tag is ever current: a list of tags in `If-Match` is 412, since the
///   client asked not to overwrite blindly; `*` asks only whether the resource exists.
/// - Rocket drops a header field whose value isn't UTF-8 before anyone can see it, so that such an
///   `If-Match` counts as none. `require_if_match` closes that.
#[derive(Debug)]
pub struct Preconditions<'r> {
    headers: ConditionalHeaders<'r>,
    method: MethodKind,
    policy: Policy,
    /// The content coding that a read would be answered in, if it is large enough.
    coding: Option<&'static str>,
    request: &'r Request<'r>,
    path: &'r str,
    statistics: Option<&'r Statistics>,
    observation: Option<&'r Observation>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Preconditions<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let config = request.rocket().state::<EtagConfig>();
        let mut policy = config.map_or(Policy::OFF, EtagConfig::policy);
        let replaces = matches!(request.method(), Method::Put | Method::Patch | Method::Delete);
        if replaces && config.is_some_and(|config| config.require_if_match) {
            policy.requirement = Requirement::NamedState;
        }
        Outcome::Success(Preconditions {
            headers: conditional_headers(request),
            method: method_kind(request),
            policy,
            coding: coding_of_read(request),
            request,
            path: request.uri().path().as_str(),
            statistics: request.rocket().state::<Statistics>(),
            observation: observe::of(request),
        })
    }
}

impl<'r> Preconditions<'r> {
    /// The request.
    pub(crate) fn request(&self) -> &'r Request<'r> {
        self.request
    }

    /// Checks the preconditions against the current tag of what is to be changed; `None` if there is
    /// no such thing (then answer 404 first, unless the request may create it).
    ///
    /// On GET and HEAD the only refusal is 412: a 304 is given by the fairing on the way out, or
    /// earlier with [`not_modified`](Preconditions::not_modified).
    ///
    /// # Errors
    ///
    /// The answer, as a responder: 412, or 428 where `If-Match` is required. Nothing may have been
    /// changed by then.
    pub fn check<'t>(&self, current: impl Into<Option<&'t EntityTag>>) -> Result<(), Errors> {
        let selected =
            current.into().map(|tag| Selected { validator: Validator::Tag(tag), last_modified: None });
        self.check_selected(selected.as_ref())
    }

    /// As [`check`](Preconditions::check), for what also has a `Last-Modified`, or whose tag names a
    /// state (see [`Validator`]).
    ///
    /// # Errors
    ///
    /// As [`check`](Preconditions::check).
    pub fn check_selected(&self, current: Option<&Selected<'_>>) -> Result<(), Errors> {
        let verdict = self.judge(current);
        if let Some(observation) = self.observation
            && let Some(outcome) = PreconditionOutcome::of(&verdict, &self.headers)
        {
            observation.preconditions(outcome);
        }
        match verdict {
            Verdict::Proceed | Verdict::NotModified => Ok(()),
            Verdict::Required => Err(precondition_required(self.path, self.statistics)),
            Verdict::Failed(failure) => {
                Err(precondition_failed(&failure, self.method, self.path, self.statistics))
            }
        }
    }

    /// On GET and HEAD: the early 304, if the client has the representation with this tag. What the
    /// handler would have to do for a 200 needs not be done then.
    ///
    /// ```
    /// # use rocket::{State, get, routes};
    /// use etag_fairing::document::error::Errors;
    /// use etag_fairing::{EntityTag, NotModified, Preconditions};
    ///
    /// #[get("/report")]
    /// fn report(preconditions: Preconditions<'_>) -> Result<String, NotModified> {
    ///     let revision = EntityTag::strong("revision-17").unwrap();
    ///     preconditions.not_modified(&revision).map_or(Ok(()), Err)?;
    ///     Ok("the long way".to_owned())
    /// }
    /// # let _ = routes![report];
    /// ```
    pub fn not_modified(&self, current: &EntityTag) -> Option<NotModified> {
        let selected = Selected { validator: Validator::Tag(current), last_modified: None };
        if self.method == MethodKind::Read
            && let Some(coded) = self.coding.map(|coding| current.of_coding(coding))
            && self.verdict_on(&selected, &coded) == Verdict::NotModified
        {
            return Some(NotModified::new(self.policy.issue(coded)));
        }
        let verdict = self.policy.judge(&self.headers, self.method, Some(&selected));
        (verdict == Verdict::NotModified).then(|| NotModified::new(self.policy.issue(current.clone())))
    }

    /// Whether a read is answered in a content coding is known only when its answer is there. Until then, a client that names
    /// the coded form and would get it may go on.
    fn judge(&self, current: Option<&Selected<'_>>) -> Verdict {
        let verdict = self.policy.judge(&self.headers, self.method, current);
        match (&verdict, current, self.coding) {
            (Verdict::Failed(_), Some(selected), Some(coding)) if self.method == MethodKind::Read => {
                let Validator::Tag(tag) = selected.validator else { return verdict };
                match self.verdict_on(selected, &tag.of_coding(coding)) {
                    Verdict::Failed(_) => verdict,
                    of_coded => of_coded,
                }
            }
            _ => verdict,
        }
    }

    /// What the preconditions come to if this is the tag.
    fn verdict_on(&self, selected: &Selected<'_>, tag: &EntityTag) -> Verdict {
        let selected = Selected { validator: Validator::Tag(tag), ..*selected };
        self.policy.judge(&self.headers, self.method, Some(&selected))
    }
}

#[cfg(feature = "compression")]
fn coding_of_read(request: &Request<'_>) -> Option<&'static str> {
    super::coding::offer(request)?.negotiated.coding.map(crate::config::Coding::name)
}

#[cfg(not(feature = "compression"))]
fn coding_of_read(_: &Request<'_>) -> Option<&'static str> {
    None
}
