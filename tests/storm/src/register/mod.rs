//! A resource as a register with compare-and-set: what the checker takes a record of requests for.
//!
//! The state of a register is what its row and its join table hold: a value and a set of members, or nothing at
//! all. Entity tags are opaque: which state a tag names is learnt from the record ([`Tags`]), and a tag that named
//! two states, or a state with two tags, is a fault by itself.

mod history;
mod tags;

pub use history::{histories, judge};
pub use tags::{Tags, state_part};

use crate::checker::Model;
use crate::record::{Call, Change, Link, Record, Seen, Target};

/// What a resource holds; `None` if there is none.
pub type State = Option<Content>;

/// A row and its join table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Content {
    /// The attribute. Every write sends a value that no other one sends.
    pub value: i64,
    /// The linkage, a bit a member.
    pub members: u32,
}

/// A request with its answer, as far as it tells something of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<'r> {
    /// The request and its answer, as recorded.
    pub record: &'r Record,
    /// What the answer means.
    pub outcome: Outcome,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, or read.
    Done,
    /// It was refused: nothing was changed.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// A register whose tags are known.
pub struct Register<'r> {
    /// What the tags of this register name.
    pub tags: &'r Tags,
}

impl Change {
    /// What it makes of a state; `None` if it can't be made there.
    pub fn apply(&self, state: State) -> Option<State> {
        Some(match (self, state) {
            (Self::Create { value, members }, None) => Some(Content { value: *value, members: *members }),
            (Self::Update { value, members }, Some(content)) => {
                Some(Content { value: *value, members: members.unwrap_or(content.members) })
            }
            (Self::Delete, Some(_)) => None,
            (Self::Link { link, members }, Some(content)) => {
                let members = match link {
                    Link::Replace => *members,
                    Link::Add => content.members | members,
                    Link::Remove => content.members & !members,
                };
                Some(Content { members, ..content })
            }
            _ => return None,
        })
    }
}

impl Register<'_> {
    /// Whether one of the sent tags names this state; a write without tags asks for nothing.
    fn meets(&self, record: &Record, state: State) -> bool {
        let Some(content) = state else { return record.if_match.is_empty() };
        record.if_match.is_empty()
            || record.if_match.iter().any(|tag| match record.target {
                Target::Linkage => self.tags.linkage.may_name(tag, &content.members),
                Target::Resource | Target::Item => self.tags.states.may_name(tag, &content),
            })
    }

    /// Whether none of the sent tags names this state for sure.
    fn may_fail(&self, record: &Record, state: State) -> bool {
        let Some(content) = state else { return true };
        !record.if_match.iter().any(|tag| match record.target {
            Target::Linkage => self.tags.linkage.names(tag, &content.members),
            Target::Resource | Target::Item => self.tags.states.names(tag, &content),
        })
    }

    /// Whether this state may look like that.
    fn shows(&self, seen: &Seen, target: Target, state: State) -> bool {
        let content = match (seen, state) {
            (Seen::Nothing, _) => return true,
            (Seen::Absent, state) => return state.is_none(),
            (Seen::Present { .. }, None) => return false,
            (Seen::Present { .. }, Some(content)) => content,
        };
        let Seen::Present { value, members, tag } = seen else { return true };
        value.is_none_or(|value| value == content.value)
            && members.is_none_or(|members| members == content.members)
            && tag.as_ref().is_none_or(|tag| match target {
                Target::Linkage => self.tags.linkage.may_name(tag, &content.members),
                Target::Resource | Target::Item => self.tags.states.may_name(tag, &content),
            })
    }
}

impl<'r> Model for Register<'r> {
    type State = State;
    type Operation = Operation<'r>;

    fn initial(&self) -> State {
        None
    }

    fn step(&self, state: &State, operation: &Operation<'r>) -> Option<State> {
        let Operation { record, outcome } = operation;
        let state = *state;
        let after = match (&record.call, outcome) {
            (Call::Write(_), Outcome::Refused) => {
                let reason = record.status != Some(412) || self.may_fail(record, state);
                return (reason && self.shows(&record.seen, record.target, state)).then_some(state);
            }
            (Call::Read, _) => state,
            (Call::Write(change), _) => change.apply(state).filter(|_| self.meets(record, state))?,
        };
        // Nobody can tell whether something that changes nothing was done.
        let is_idle = *outcome == Outcome::Unknown && after == state;
        (!is_idle && self.shows(&record.seen, record.target, after)).then_some(after)
    }

    fn only_observes(&self, operation: &Operation<'r>) -> bool {
        operation.record.call == Call::Read || operation.outcome == Outcome::Refused
    }
}

#[cfg(test)]
mod tests;
