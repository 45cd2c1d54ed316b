//! From preconditions to a verdict: the one step that every route and the fairing share.
//!
//! [`evaluate`] says whether a precondition holds. What follows from that depends on the configuration too: whether
//! there are entity tags at all, whether they go out weak, whether `If-Match` takes weakened ones, and whether a change
//! must carry one. [`Policy`] is that configuration, and [`Policy::judge`] the only place where it is looked at.

use super::conditional_headers::{ConditionalHeaders, TagField};
use super::entity_tag::EntityTag;
use super::evaluate::{
    Decision, MethodKind, Options, Precondition, Selected, Validator, evaluate, names_weakly,
};

/// How the entity tags of a resource go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tagging {
    /// Not at all: no tag of a client's names anything.
    #[default]
    Off,
    /// As strong tags.
    Strong,
    /// As weak ones, which `If-Match` never matches unless [`Options::accept_weakened`].
    Weak,
}

/// Whether a change must say which state it is meant for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Requirement {
    /// It need not.
    #[default]
    None,
    /// It must carry `If-Match`, or `If-None-Match: *`, which creates and never replaces. A date is not enough: two
    /// changes may fall into one second (RFC 9110 §8.8.2.2).
    NamedState,
}

/// What the configuration makes of the preconditions of a request.
///
/// ```
/// use etag_fairing::conditional::{
///     ConditionalHeaders, EntityTag, MethodKind, Policy, Reason, Selected, Tagging, Validator, Verdict,
/// };
///
/// let policy = Policy { tagging: Tagging::Strong, ..Policy::OFF };
/// let tag = EntityTag::strong("17").unwrap();
/// let selected = Selected { validator: Validator::Tag(&tag), last_modified: None };
/// let weakened = ConditionalHeaders::from_fields([("If-Match", &b"W/\"17\""[..])]);
/// let verdict = policy.judge(&weakened, MethodKind::Write, Some(&selected));
/// let Verdict::Failed(failure) = verdict else { panic!("If-Match compares strongly") };
/// assert_eq!((failure.reason, failure.current), (Reason::Weakened, Some(tag)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How tags go out.
    pub tagging: Tagging,
    /// How preconditions are read.
    pub options: Options,
    /// What a change must carry. Without tags, nothing.
    pub requirement: Requirement,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Perform the method.
    Proceed,
    /// Answer 304 (Not Modified).
    NotModified,
    /// Answer 428 (Precondition Required, RFC 6585 §3) and change nothing.
    Required,
    /// Answer 412 (Precondition Failed) and change nothing.
    Failed(Failure),
}

/// Why a request is answered with 412.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The precondition that is false.
    pub precondition: Precondition,
    /// Why it is.
    pub reason: Reason,
    /// The tag that the representation has now, as it goes out.
    pub current: Option<EntityTag>,
}

/// Why a precondition is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// `If-Match` names other states than the current one.
    Changed,
    /// `If-Match` names the current state by a weak tag, and compares strongly (RFC 9110 §13.1.1): something between
    /// client and server has weakened the tag. Nobody need have changed anything.
    Weakened,
    /// Tags go out weak, so that `If-Match` can match none.
    AllWeak,
    /// An element of `If-Match` is no entity tag, so that the whole field fails.
    Malformed,
    /// `If-Match` lists no tag at all.
    Empty,
    /// There are no tags here that `If-Match` could name.
    Untagged,
    /// There is no current representation.
    Missing,
    /// `If-None-Match` names the current representation.
    Exists,
    /// The representation was modified after `If-Unmodified-Since`.
    Modified,
}

impl Reason {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 9] = [
        Self::Changed,
        Self::Weakened,
        Self::AllWeak,
        Self::Malformed,
        Self::Empty,
        Self::Untagged,
        Self::Missing,
        Self::Exists,
        Self::Modified,
    ];

    /// A word for programs: `meta.reason` of the error.
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Weakened => "weakened",
            Self::AllWeak => "all_weak",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
            Self::Untagged => "untagged",
            Self::Missing => "missing",
            Self::Exists => "exists",
            Self::Modified => "modified",
        }
    }
}

impl Policy {
    /// Without entity tags.
    pub const OFF: Self = Self {
        tagging: Tagging::Off,
        options: Options { accept_weakened: false },
        requirement: Requirement::None,
    };

    /// The same for a response whose handler has set a tag of its own, which goes out as it is.
    #[must_use]
    pub fn with_own_tag(self) -> Self {
        match self.tagging {
            Tagging::Off => self,
            Tagging::Strong | Tagging::Weak => Self { tagging: Tagging::Strong, ..self },
        }
    }

    /// A tag as it goes out.
    pub fn issue(&self, tag: EntityTag) -> EntityTag {
        match self.tagging {
            Tagging::Weak => tag.weakened(),
            Tagging::Strong | Tagging::Off => tag,
        }
    }

    /// Judges a request: 428, then 412 and 304 (RFC 9110 §13.2.2).
    ///
    /// `selected` is what the target has now, with the tag as it is made, before [`issue`](Self::issue); `None` if it
    /// has no current representation.
    pub fn judge(
        &self,
        headers: &ConditionalHeaders<'_>,
        method: MethodKind,
        selected: Option<&Selected<'_>>,
    ) -> Verdict {
        let is_required = self.requirement == Requirement::NamedState && self.tagging != Tagging::Off;
        if is_required && method == MethodKind::Write && selected.is_some() && !names_a_state(headers) {
            return Verdict::Required;
        }
        if headers.is_empty() {
            return Verdict::Proceed;
        }
        let selected = selected.map(|selected| match self.tagging {
            Tagging::Off => Selected { validator: Validator::Untagged, ..*selected },
            Tagging::Strong | Tagging::Weak => *selected,
        });
        let decision = match (headers.if_match(), method, &selected) {
            // RFC 9110 §8.8.3.2: a tag that went out weak matches no other strongly, not even without its `W/`.
            (TagField::List(_), MethodKind::Read | MethodKind::Write, Some(_)) if self.matches_no_tag() => {
                Decision::Failed(Precondition::IfMatch)
            }
            _ => evaluate(headers, method, selected.as_ref(), &self.options),
        };
        match decision {
            Decision::Proceed => Verdict::Proceed,
            // Off is off: no 304 is given, neither for `*` nor for a date.
            Decision::NotModified if self.tagging == Tagging::Off => Verdict::Proceed,
            Decision::NotModified => Verdict::NotModified,
            Decision::Failed(precondition) => Verdict::Failed(Failure {
                precondition,
                reason: self.reason(precondition, headers, method, selected.as_ref()),
                current: selected.and_then(|selected| self.current(selected.validator)),
            }),
        }
    }

    /// Whether `If-Match` can match no tag, since those that go out are weak and it compares strongly.
    pub fn matches_no_tag(&self) -> bool {
        self.tagging == Tagging::Weak && !self.options.accept_weakened
    }

    fn current(&self, validator: Validator<'_>) -> Option<EntityTag> {
        let tag = match validator {
            Validator::Untagged => return None,
            Validator::Tag(tag) => tag.clone(),
            Validator::State(state) => state.entity_tag(),
        };
        Some(self.issue(tag))
    }

    fn reason(
        &self,
        failed: Precondition,
        headers: &ConditionalHeaders<'_>,
        method: MethodKind,
        selected: Option<&Selected<'_>>,
    ) -> Reason {
        match failed {
            Precondition::IfUnmodifiedSince => return Reason::Modified,
            Precondition::IfNoneMatch => return Reason::Exists,
            Precondition::IfMatch => {}
        }
        let (TagField::List(tags), Some(selected)) = (headers.if_match(), selected) else {
            return Reason::Missing;
        };
        if matches!(selected.validator, Validator::Untagged) {
            return Reason::Untagged;
        }
        let (mut is_empty, mut is_named) = (true, false);
        for element in tags {
            is_empty = false;
            let Ok(tag) = element else { return Reason::Malformed };
            is_named |= names_weakly(tag, method, selected.validator);
        }
        if is_empty {
            Reason::Empty
        } else if self.matches_no_tag() {
            Reason::AllWeak
        } else if is_named {
            Reason::Weakened
        } else {
            Reason::Changed
        }
    }
}

/// Whether a request says which state it is meant for.
fn names_a_state(headers: &ConditionalHeaders<'_>) -> bool {
    !matches!(headers.if_match(), TagField::Absent) || matches!(headers.if_none_match(), TagField::Any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conditional::StateTag;

    const STRONG: Policy = Policy { tagging: Tagging::Strong, ..Policy::OFF };
    const WEAK: Policy = Policy { tagging: Tagging::Weak, ..Policy::OFF };
    const REQUIRED: Policy = Policy { requirement: Requirement::NamedState, ..STRONG };

    fn accepting(policy: Policy) -> Policy {
        Policy { options: Options { accept_weakened: true }, ..policy }
    }

    /// 200 for `Proceed`; for a failure the reason's word.
    fn verdict(policy: Policy, method: MethodKind, fields: &[(&str, &str)], there: bool) -> &'static str {
        let tag = EntityTag::strong("now").unwrap();
        let state = StateTag::of_version("now");
        let fields = fields.iter().map(|(name, value)| (*name, value.as_bytes()));
        let headers = ConditionalHeaders::from_fields(fields);
        let judged = [Validator::Tag(&tag), Validator::State(&state)].map(|validator| {
            let selected = Selected { validator, last_modified: None };
            match policy.judge(&headers, method, there.then_some(&selected)) {
                Verdict::Proceed => "proceed",
                Verdict::NotModified => "304",
                Verdict::Required => "428",
                Verdict::Failed(failure) => {
                    let tagged = policy.tagging != Tagging::Off && there;
                    assert_eq!(failure.current, tagged.then(|| policy.issue(tag.clone())));
                    failure.reason.word()
                }
            }
        });
        assert_eq!(judged[0], judged[1]);
        judged[0]
    }

    #[test]
    fn one_table_of_verdicts() {
        use MethodKind::{Other, Read, Write};
        let (im, inm) = ("If-Match", "If-None-Match");
        for (policy, method, fields, expected) in [
            (STRONG, Write, &[][..], "proceed"),
            (STRONG, Write, &[(im, "\"now\"")], "proceed"),
            (STRONG, Write, &[(im, "\"old\"")], "changed"),
            (STRONG, Write, &[(im, "W/\"now\"")], "weakened"),
            (STRONG, Write, &[(im, "W/\"old\"")], "changed"),
            (STRONG, Write, &[(im, "now")], "malformed"),
            (STRONG, Write, &[(im, "\"now\", now")], "malformed"),
            (STRONG, Write, &[(im, "")], "empty"),
            (STRONG, Write, &[(im, "*")], "proceed"),
            (STRONG, Write, &[(inm, "*")], "exists"),
            (STRONG, Write, &[(inm, "W/\"now\"")], "exists"),
            (STRONG, Read, &[(inm, "\"now\"")], "304"),
            (STRONG, Read, &[(im, "\"old\""), (inm, "\"now\"")], "changed"),
            (STRONG, Other, &[(im, "\"old\"")], "proceed"),
            (accepting(STRONG), Write, &[(im, "W/\"now\"")], "proceed"),
            (accepting(STRONG), Write, &[(im, "W/\"old\"")], "changed"),
            // What went out was W/"now": neither that nor what a client makes of it is a strong tag of ours.
            (WEAK, Write, &[(im, "W/\"now\"")], "all_weak"),
            (WEAK, Write, &[(im, "\"now\"")], "all_weak"),
            (WEAK, Write, &[(im, "now")], "malformed"),
            (WEAK, Write, &[(im, "")], "empty"),
            (WEAK, Write, &[(im, "*")], "proceed"),
            (WEAK, Read, &[(im, "\"now\""), (inm, "\"now\"")], "all_weak"),
            (WEAK, Read, &[(inm, "\"now\"")], "304"),
            (WEAK, Other, &[(im, "\"now\"")], "proceed"),
            (accepting(WEAK), Write, &[(im, "W/\"now\"")], "proceed"),
            (accepting(WEAK), Write, &[(im, "\"now\"")], "proceed"),
            (accepting(WEAK), Write, &[(im, "W/\"old\"")], "changed"),
            (REQUIRED, Write, &[], "428"),
            (REQUIRED, Write, &[(inm, "\"now\"")], "428"),
            (REQUIRED, Write, &[("If-Unmodified-Since", "Thu, 01 Jan 2037 00:00:00 GMT")], "428"),
            (REQUIRED, Write, &[(inm, "*")], "exists"),
            (REQUIRED, Write, &[(im, "*")], "proceed"),
            (REQUIRED, Write, &[(im, "")], "empty"),
            (REQUIRED, Read, &[], "proceed"),
            (REQUIRED, Other, &[], "proceed"),
            (Policy { tagging: Tagging::Off, ..REQUIRED }, Write, &[], "proceed"),
            (Policy::OFF, Write, &[(im, "\"now\"")], "untagged"),
            (Policy::OFF, Write, &[(im, "W/\"now\"")], "untagged"),
            (Policy::OFF, Write, &[(im, "*")], "proceed"),
            (Policy::OFF, Write, &[(inm, "*")], "exists"),
            (Policy::OFF, Write, &[(inm, "\"now\"")], "proceed"),
            (Policy::OFF, Read, &[(inm, "\"now\"")], "proceed"),
            (Policy::OFF, Read, &[(inm, "*")], "proceed"),
        ] {
            assert_eq!(verdict(policy, method, fields, true), expected, "{policy:?} {method:?} {fields:?}");
        }
    }

    #[test]
    fn what_is_not_there() {
        use MethodKind::{Read, Write};
        for (policy, method, fields, expected) in [
            (REQUIRED, Write, &[][..], "proceed"),
            (REQUIRED, Write, &[("If-None-Match", "*")], "proceed"),
            (STRONG, Write, &[("If-Match", "*")], "missing"),
            (STRONG, Write, &[("If-Match", "\"now\"")], "missing"),
            (WEAK, Write, &[("If-Match", "\"now\"")], "missing"),
            (STRONG, Read, &[("If-Match", "\"now\"")], "proceed"),
        ] {
            assert_eq!(verdict(policy, method, fields, false), expected, "{policy:?} {method:?} {fields:?}");
        }
    }

    #[test]
    fn a_handlers_own_tag_goes_out_as_it_is() {
        let own = WEAK.with_own_tag();
        assert_eq!(verdict(own, MethodKind::Read, &[("If-Match", "\"now\"")], true), "proceed");
        assert_eq!(verdict(own, MethodKind::Read, &[("If-Match", "W/\"now\"")], true), "weakened");
        assert_eq!(Policy::OFF.with_own_tag(), Policy::OFF);
    }
}
