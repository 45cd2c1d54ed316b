//! Which rows of many, in what order: filter, sort and page, typed.

use crate::resource::{ResourceId, Value};

/// Which resources of a collection, or of a to-many relationship, and in what order.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// Which rows; `None` for all.
    pub filter: Option<Filter>,
    /// In what order. The id comes last by itself, so that the order is total.
    pub sort: Vec<SortKey>,
    /// Which of them.
    pub page: Page,
    /// Whether to count all rows that the filter lets through.
    pub total: bool,
}

impl Listing {
    /// Every row, in ascending order of ids, uncounted.
    pub fn all() -> Self {
        Self { filter: None, sort: Vec::new(), page: Page::All, total: false }
    }
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// What is compared. Nulls stand behind all values, ascending or descending, on every database; so do rows
    /// whose path ends early because a to-one relationship is empty.
    pub member: Member,
    /// From large to small.
    pub descending: bool,
}

/// An attribute or the id, of the resource itself or at the end of a path of to-one relationships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The to-one relationships to follow: places in [`Description::relationships`] of the resource reached so
    /// far.
    ///
    /// [`Description::relationships`]: crate::resource::Description::relationships
    pub path: Vec<usize>,
    /// What of the resource at the end of the path.
    pub field: Field,
}

impl Member {
    /// A member at the end of a path. The id behind a to-one relationship stands in the row before it, so that
    /// `track.id` is [`Field::ToOne`]: nobody needs to read the track.
    pub fn at(mut path: Vec<usize>, field: Field) -> Self {
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
    /// The attribute at this place of [`Description::attributes`](crate::resource::Description::attributes).
    Attribute(usize),
    /// The id that the to-one relationship at this place of
    /// [`Description::relationships`](crate::resource::Description::relationships) leads to.
    ToOne(usize),
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
        path: Vec<usize>,
        /// The relationship, to-one or to-many: its place in the resource at the end of the path.
        relationship: usize,
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

/// Which rows of an ordered list.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    /// All of them.
    All,
    /// By position.
    Offset {
        /// How many rows to leave out first.
        offset: u64,
        /// How many rows at most.
        limit: u64,
    },
    /// By neighbours: the rows behind one place in the order and before another.
    Between {
        /// Only rows behind this place.
        after: Option<Place>,
        /// Only rows before this place.
        before: Option<Place>,
        /// How many rows at most: the first ones behind `after`, or, if only `before` is given, the last ones
        /// before it.
        limit: u64,
    },
}

/// A place in an order: between the row that had these values and the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// One value a sort key.
    pub keys: Vec<Value>,
    /// The row's id.
    pub id: ResourceId,
}
