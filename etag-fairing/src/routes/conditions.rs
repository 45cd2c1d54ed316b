//! The preconditions of a write, decided inside its transaction.

use rocket::Request;

use crate::conditional::{
    ConditionalHeaders, HttpDate, MethodKind, Policy, Requirement, Selected, StateTag, TagField, Tagging,
    Validator, Verdict,
};
use crate::config::EtagConfig;
use crate::error::Errors;
use crate::fairing::{Statistics, conditional_headers, precondition_failed, precondition_required};
use crate::observe::{self, Observation, PreconditionOutcome};
use crate::schema::Description;

/// The conditional fields of a write and what the configuration makes of them.
pub(super) struct Conditions<'r> {
    headers: ConditionalHeaders<'r>,
    policy: Policy,
    statistics: Option<&'r Statistics>,
    observation: Option<&'r Observation>,
}

impl<'r> Conditions<'r> {
    pub(super) fn of(request: &'r Request<'_>, resource: &Description, etag: Option<&'r EtagConfig>) -> Self {
        Self::with_fields(conditional_headers(request), request, resource, etag)
    }

    /// The same with these fields in the place of the request's own.
    pub(super) fn with_fields(
        headers: ConditionalHeaders<'r>,
        request: &'r Request<'_>,
        resource: &Description,
        etag: Option<&'r EtagConfig>,
    ) -> Self {
        let mut policy = etag.map_or(Policy::OFF, EtagConfig::policy);
        if etag.is_some_and(|config| config.require_if_match || resource.require_if_match) {
            policy.requirement = Requirement::NamedState;
        }
        Self { headers, policy, statistics: request.rocket().state(), observation: observe::of(request) }
    }

    /// The same for a request that overwrites nothing, and so needs no `If-Match`.
    pub(super) fn not_required(self) -> Self {
        Self { policy: Policy { requirement: Requirement::None, ..self.policy }, ..self }
    }

    /// The same for a look at the state after a refusal, which is no decision more.
    pub(super) fn uncounted(self) -> Self {
        Self { statistics: None, observation: None, ..self }
    }

    /// Whether the current tag takes part in the decision, so that it must be made.
    pub(super) fn need_tag(&self) -> bool {
        self.policy.tagging != Tagging::Off && !self.headers.is_empty()
    }

    /// Whether the date of the target's last change takes part in the decision. It does without entity tags too:
    /// who sends a date asks not to overwrite blindly.
    pub(super) fn need_date(&self) -> bool {
        self.headers.if_unmodified_since().is_some()
    }

    /// Whether the change is meant for certain states, and for none that comes in between.
    pub(super) fn name_states(&self) -> bool {
        matches!(self.headers.if_match(), TagField::List(_)) || self.need_date()
    }

    /// The relationships, by their places, of which the client has seen only a part, by the tags that it names of the
    /// current state. If one of them is of a read that showed all, it has seen all.
    pub(super) fn seen_in_part(&self, state: &StateTag) -> Vec<usize> {
        let TagField::List(tags) = self.headers.if_match() else { return Vec::new() };
        let mut seen = tags.elements().flatten().filter_map(|tag| state.seen_in_part(tag.opaque()));
        let mut in_part = seen.next().unwrap_or_default();
        for other in seen {
            in_part.retain(|place| other.contains(place));
        }
        in_part
    }

    /// Judges the current state of the target: 428, then 412 (RFC 9110 §13.2.2).
    ///
    /// `validator` and `last_modified` are those of the target's current representation; `about` is its URL.
    ///
    /// # Errors
    /// 428 if the configuration asks for `If-Match` and there is none, 412 if a precondition fails.
    pub(super) fn check(
        &self,
        validator: Validator<'_>,
        last_modified: Option<HttpDate>,
        about: &str,
    ) -> Result<(), Errors> {
        let selected = Selected { validator, last_modified };
        let verdict = self.policy.judge(&self.headers, MethodKind::Write, Some(&selected));
        if let Some(observation) = self.observation
            && let Some(outcome) = PreconditionOutcome::of(&verdict, &self.headers)
        {
            observation.preconditions(outcome);
        }
        match verdict {
            Verdict::Proceed | Verdict::NotModified => Ok(()),
            Verdict::Required => Err(precondition_required(about, self.statistics)),
            Verdict::Failed(failure) => {
                Err(precondition_failed(&failure, MethodKind::Write, about, self.statistics))
            }
        }
    }
}
