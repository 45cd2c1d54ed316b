//! How many resources a relationship leads to, in conditions of the application's own.

use super::scope::Condition;
use crate::plan::Relation;

/// The number of resources that a to-many relationship leads to; see [`MemberName::count`](super::MemberName::count).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a number alone is no condition"]
pub struct MemberCount(String);

impl MemberCount {
    pub(super) fn of(name: String) -> Self {
        Self(name)
    }

    /// It leads to so many.
    pub fn equals(self, number: u32) -> Condition {
        self.relates(Relation::Equal, number)
    }

    /// It leads to more, or to fewer.
    pub fn differs_from(self, number: u32) -> Condition {
        self.relates(Relation::NotEqual, number)
    }

    /// It leads to fewer.
    pub fn less_than(self, number: u32) -> Condition {
        self.relates(Relation::Less, number)
    }

    /// It leads to so many, or to fewer.
    pub fn at_most(self, number: u32) -> Condition {
        self.relates(Relation::LessOrEqual, number)
    }

    /// It leads to more.
    pub fn greater_than(self, number: u32) -> Condition {
        self.relates(Relation::Greater, number)
    }

    /// It leads to so many, or to more.
    pub fn at_least(self, number: u32) -> Condition {
        self.relates(Relation::GreaterOrEqual, number)
    }

    fn relates(self, relation: Relation, number: u32) -> Condition {
        Condition::counted(self.0, relation, number)
    }
}
