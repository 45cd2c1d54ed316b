//! The preconditions of a write, decided inside its transaction.

use rocket::Request;

use crate::conditional::{
    ConditionalHeaders, Decision, EntityTag, HttpDate, MethodKind, Options, Precondition, Selected, TagField,
    Validator, evaluate,
};
use crate::config::{EtagConfig, Strength};
use crate::document::error::{ErrorObject, Errors};
use crate::fairing::{Statistics, conditional_headers};
use crate::resource::Description;

/// The conditional fields of a write and what the configuration makes of them.
pub(super) struct Conditions<'r> {
    headers: ConditionalHeaders<'r>,
    etag: Option<&'r EtagConfig>,
    statistics: Option<&'r Statistics>,
    required: bool,
}

impl<'r> Conditions<'r> {
    pub(super) fn of(request: &'r Request<'_>, resource: &Description, etag: Option<&'r EtagConfig>) -> Self {
        Self {
            headers: conditional_headers(request),
            etag,
            statistics: request.rocket().state(),
            required: etag.is_some_and(|config| config.require_if_match || resource.require_if_match),
        }
    }

    /// The same for a request that overwrites nothing, and so needs no `If-Match`.
    pub(super) fn not_required(self) -> Self {
        Self { required: false, ..self }
    }

    /// Whether the current tag takes part in the decision, so that it must be made.
    pub(super) fn need_tag(&self) -> bool {
        self.etag.is_some() && !self.headers.is_empty()
    }

    /// Whether the date of the target's last change takes part in the decision. It does without entity tags too:
    /// who sends a date asks not to overwrite blindly.
    pub(super) fn need_date(&self) -> bool {
        self.headers.if_unmodified_since().is_some()
    }

    /// Whether the change is meant for certain states, and for none that comes in between.
    pub(super) fn name_states(&self) -> bool {
        self.lists_tags() || self.need_date()
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
        let checked = self.judge(validator, last_modified, about);
        if checked.is_err()
            && let Some(statistics) = self.statistics
        {
            statistics.count_precondition_failed();
        }
        checked
    }

    fn judge(
        &self,
        validator: Validator<'_>,
        last_modified: Option<HttpDate>,
        about: &str,
    ) -> Result<(), Errors> {
        // RFC 6585 §3. If-None-Match and dates don't say which state the change is meant for.
        if self.required && matches!(self.headers.if_match(), TagField::Absent) {
            let detail =
                format!("read {about} and send the entity tag that comes with it, its ETag, in If-Match");
            return Err(ErrorObject::precondition_required().detail(detail).about(about).into());
        }
        if self.headers.is_empty() {
            return Ok(());
        }
        let validator = if self.etag.is_some() { validator } else { Validator::Untagged };
        let options = Options { accept_weakened: self.etag.is_some_and(|config| config.accept_weakened) };
        let selected = Selected { validator, last_modified };
        let precondition = match evaluate(&self.headers, MethodKind::Write, Some(&selected), &options) {
            Decision::Failed(precondition) => precondition,
            // RFC 9110 §8.8.3.2: a tag that went out weak matches no other strongly, not even without its `W/`.
            _ if self.lists_tags() && self.etag.is_some_and(EtagConfig::never_matches_strongly) => {
                Precondition::IfMatch
            }
            _ => return Ok(()),
        };
        let current = match validator {
            Validator::Untagged => None,
            Validator::Tag(tag) => Some(tag.clone()),
            Validator::State(state) => Some(state.entity_tag()),
        };
        let current = current.map(|tag| self.issue(tag));
        let detail = match (&current, precondition.header()) {
            (None, "If-Match") => {
                "this route carries no ETags, so no entity tag matches; nothing was changed".to_owned()
            }
            (Some(tag), "If-Match") => {
                format!(
                    "the resource is not in the state that you have seen: its entity tag is now {tag}; nothing was changed"
                )
            }
            (_, header) => format!("the resource does not meet {header}; nothing was changed"),
        };
        let error = ErrorObject::precondition_failed(precondition.header(), detail).about(about);
        Err(Errors::from(error).with_current_tag(current))
    }

    /// Whether `If-Match` names tags: then one of them must match.
    fn lists_tags(&self) -> bool {
        !matches!(self.headers.if_match(), TagField::Absent | TagField::Any)
    }

    fn issue(&self, tag: EntityTag) -> EntityTag {
        match self.etag.map(|config| config.strength) {
            Some(Strength::Weak) => tag.weakened(),
            _ => tag,
        }
    }
}
