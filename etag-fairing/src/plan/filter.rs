//! Filters: which rows, by their members and by the resources that they lead to.

use crate::schema::{AttributeId, RelationshipId, Value};

/// An attribute or the id, of the resource itself or at the end of a path of to-one relationships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The to-one relationships to follow, each one of the resource reached so far.
    pub path: Vec<RelationshipId>,
    /// What of the resource at the end of the path.
    pub field: Field,
}

impl Member {
    /// A member at the end of a path. The id behind a to-one relationship stands in the row before it, so that
    /// `track.id` is [`Field::ToOne`]: nobody needs to read the track.
    pub fn at(mut path: Vec<RelationshipId>, field: Field) -> Self {
        match (field, path.pop()) {
            (Field::Id, Some(relationship)) => Self { path, field: Field::ToOne(relationship) },
            (field, last) => {
                path.extend(last);
                Self { path, field }
            }
        }
    }
}

/// What of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Its id.
    Id,
    /// An attribute.
    Attribute(AttributeId),
    /// The id that a to-one relationship leads to.
    ToOne(RelationshipId),
}

/// Which rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of these; true if there are none.
    And(Vec<Filter>),
    /// One of these; false if there are none.
    Or(Vec<Filter>),
    /// Not this. Two-valued: what is null does not match, and its opposite does.
    Not(Box<Filter>),
    /// A member compared with something. Null equals nothing; ask for it with [`Comparison::IsNull`].
    Compare {
        /// The member.
        member: Member,
        /// How, and with what.
        comparison: Comparison,
    },
    /// A relationship leads to a resource that the filter lets through; `None` for any resource at all.
    Related {
        /// The to-one relationships to follow first.
        path: Vec<RelationshipId>,
        /// The relationship, to-one or to-many, of the resource at the end of the path.
        relationship: RelationshipId,
        /// What the related resource must be like, in terms of itself.
        filter: Option<Box<Filter>>,
    },
}

/// A comparison with values of the member's kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Whether there is no value.
    IsNull,
    /// Against one value.
    Value(Relation, Value),
    /// Against another member of the same resource.
    Member(Relation, Member),
    /// One of these values.
    In(Vec<Value>),
    /// From the first to the second, both included.
    Between(Value, Value),
    /// Text by its parts.
    Text {
        /// Which part.
        part: Part,
        /// The text to look for, taken literally but for [`Part::Like`].
        text: String,
        /// Whether case counts. Where it doesn't, ASCII letters are equal in both cases, on every database.
        case_sensitive: bool,
    },
}

/// How two values are compared. Booleans: false before true. Text by Unicode code points, which is the order of
/// its bytes in UTF-8, on every database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Equal.
    Equal,
    /// Not equal; and not null.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

/// Which part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Anywhere.
    Anywhere,
    /// At its start.
    Start,
    /// At its end.
    End,
    /// The whole text by a pattern: `%` for any characters, `_` for one, `\` before `%`, `_` or `\` for
    /// itself. A `\` before anything else, or at the end, is in no pattern that a query makes.
    Like,
}
