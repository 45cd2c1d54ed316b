//! Preconditions for hand-written routes.

use std::convert::Infallible;

use rocket::Request;
use rocket::http::Method;
use rocket::request::{FromRequest, Outcome};

use super::{NotModified, Statistics, method_kind, options, precondition_failed};
use crate::conditional::{
    ConditionalHeaders, Decision, EntityTag, MethodKind, Options, Selected, TagField, Validator, evaluate,
};
use crate::config::EtagConfig;
use crate::document::error::{ErrorObject, Errors};

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
/// - A false precondition is 412 with the current tag. With `require_if_match`, PUT, PATCH and
///   DELETE without `If-Match` are 428.
/// - With entity tags off, no tag is ever current: a list of tags in `If-Match` is 412, since the
///   client asked not to overwrite blindly; `*` asks only whether the resource exists.
/// - Rocket drops a header field whose value isn't UTF-8 before anyone can see it, so that such an
///   `If-Match` counts as none. `require_if_match` closes that.
#[derive(Debug)]
pub struct Preconditions<'r> {
    headers: ConditionalHeaders<'r>,
    method: MethodKind,
    if_match_required: bool,
    tags_on: bool,
    options: Options,
    path: &'r str,
    statistics: Option<&'r Statistics>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Preconditions<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let config = request.rocket().state::<EtagConfig>().filter(|config| config.enabled);
        let replaces = matches!(request.method(), Method::Put | Method::Patch | Method::Delete);
        Outcome::Success(Preconditions {
            headers: super::conditional_headers(request),
            method: method_kind(request),
            if_match_required: replaces && config.is_some_and(|config| config.require_if_match),
            tags_on: config.is_some(),
            options: config.map(options).unwrap_or_default(),
            path: request.uri().path().as_str(),
            statistics: request.rocket().state::<Statistics>(),
        })
    }
}

impl Preconditions<'_> {
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
        if current.is_some() && self.if_match_required && !self.names_a_state() {
            return Err(self.refused(ErrorObject::precondition_required().about(self.path).into()));
        }
        let current = current.map(|selected| self.as_configured(selected));
        match evaluate(&self.headers, self.method, current.as_ref(), &self.options) {
            Decision::Proceed | Decision::NotModified => Ok(()),
            Decision::Failed(failed) => {
                let tag = current.and_then(|selected| match selected.validator {
                    Validator::Untagged => None,
                    Validator::Tag(tag) => Some(tag.clone()),
                    Validator::State(state) => Some(state.entity_tag()),
                });
                let tags_off = !self.tags_on;
                Err(self.refused(precondition_failed::error(failed, self.path, tag.as_ref(), tags_off)))
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
        let decision = evaluate(&self.headers, self.method, Some(&selected), &self.options);
        (self.tags_on && decision == Decision::NotModified).then(|| NotModified::new(current.clone()))
    }

    /// Whether the request says which state it is meant for: `If-Match`, or, to create and not to
    /// replace, `If-None-Match: *`. A date doesn't: two changes may fall into one second
    /// (RFC 9110 §8.8.2.2).
    fn names_a_state(&self) -> bool {
        !matches!(self.headers.if_match(), TagField::Absent)
            || matches!(self.headers.if_none_match(), TagField::Any)
    }

    fn as_configured<'s>(&self, selected: &Selected<'s>) -> Selected<'s> {
        match self.tags_on {
            true => *selected,
            false => Selected { validator: Validator::Untagged, ..*selected },
        }
    }

    fn refused(&self, errors: Errors) -> Errors {
        if let Some(statistics) = self.statistics {
            statistics.count_precondition_failed();
        }
        errors
    }
}
