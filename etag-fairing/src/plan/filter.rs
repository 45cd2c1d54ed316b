//! Filters: conditions on rows, by their members and by their related resources.

use crate::schema::{AttributeId, Description, IdKind, Relationship, RelationshipId, Value};

/// An attribute or the id, of the resource itself or of the resource at the end of a path of to-one
/// relationships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The to-one relationships to follow. Each is a relationship of the resource that the previous one leads
    /// to.
    pub path: Vec<RelationshipId>,
    /// The field of the resource at the end of the path.
    pub field: Field,
}

impl Member {
    /// A member at the end of a path. The id behind a to-one relationship is in the owner's row: for the path
    /// `track.id` the result is [`Field::ToOne`], so that the track itself need not be read.
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

impl Member {
    /// The kind of the ids that the member has the values of: its own, or those of what it refers to; `None` for an
    /// attribute. Ids of several columns are ordered by their parts, and not as the texts that they are in documents.
    pub fn id_kind(&self, resource: &Description) -> Option<IdKind> {
        let mut end = Some(resource);
        for step in &self.path {
            end = end.and_then(|resource| resource.relationship_at(*step)).map(Relationship::target);
        }
        match self.field {
            Field::Id => end.map(|resource| resource.id.kind),
            Field::ToOne(id) => end.and_then(|end| end.relationship_at(id)).map(|it| it.target().id.kind),
            Field::Attribute(_) => None,
        }
    }
}

/// A field of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Its id.
    Id,
    /// An attribute.
    Attribute(AttributeId),
    /// The id of the related resource of a to-one relationship.
    ToOne(RelationshipId),
}

/// A condition on rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of these filters; true if there are none.
    And(Vec<Filter>),
    /// At least one of these filters; false if there are none.
    Or(Vec<Filter>),
    /// Not this filter. A filter is true or false and never null: a comparison with null is false, and its
    /// negation is true.
    Not(Box<Filter>),
    /// A member compared with a value or a member. Null equals nothing; use [`Comparison::IsNull`] to find
    /// it.
    Compare {
        /// The member.
        member: Member,
        /// The comparison.
        comparison: Comparison,
    },
    /// A relationship leads to at least one resource that the filter lets through; `None` lets every resource
    /// through.
    Related {
        /// The to-one relationships to follow first.
        path: Vec<RelationshipId>,
        /// The relationship, to-one or to-many, of the resource at the end of the path.
        relationship: RelationshipId,
        /// The condition on the related resource, with paths that begin at it.
        filter: Option<Box<Filter>>,
    },
    /// A to-many relationship leads to so many resources. If a to-one relationship on the path is empty, it is false,
    /// whatever the number.
    Count {
        /// The to-one relationships to follow first.
        path: Vec<RelationshipId>,
        /// The to-many relationship of the resource at the end of the path.
        relationship: RelationshipId,
        /// The relation of the number of related resources to the number.
        relation: Relation,
        /// The number.
        number: u32,
    },
}

/// A comparison with values of the member's kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// The member is null.
    IsNull,
    /// Compares it with one value.
    Value(Relation, Value),
    /// Compares it with another member of the same resource.
    Member(Relation, Member),
    /// The member is one of these values.
    In(Vec<Value>),
    /// The member is between these two values or equal to one of them.
    Between(Value, Value),
    /// The member is a list that has at least one of these values. Null is one of the values that a
    /// [`Kind::ArrayWithNulls`](crate::schema::Kind::ArrayWithNulls) may have.
    HasAny(Vec<Value>),
    /// The member is a list without elements.
    IsEmpty,
    /// Compares what stands inside of a member that holds JSON, at the end of these names of objects' members. A text, a
    /// number and a boolean are values of their own classes: one of another class is neither equal, nor less, nor
    /// greater. [`IsNull`](Self::IsNull) holds for a null and for what is not there. The inner comparison is one with
    /// values.
    Inside(Vec<String>, Box<Comparison>),
    /// Compares a part of a text.
    Text {
        /// The part of the text.
        part: Part,
        /// The text to find. It is taken literally, except for [`Part::Like`].
        text: String,
        /// Whether case matters. If not, ASCII letters match in both cases on every database.
        case_sensitive: bool,
    },
}

/// The relation of two values. For booleans, false is less than true. Text is ordered by Unicode code points
/// on every database, which is also the order of its UTF-8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Equal.
    Equal,
    /// Not equal, and not null.
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

impl Relation {
    /// Whether it holds for two numbers.
    pub(crate) fn holds(self, left: u64, right: u64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    /// The relation that holds for two numbers if this one doesn't.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

/// The part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Anywhere.
    Anywhere,
    /// At its start.
    Start,
    /// At its end.
    End,
    /// The whole text, by a pattern: `%` matches any characters, `_` matches one, and `\` before `%`, `_` or
    /// `\` stands for that character itself. Queries make no pattern with a `\` before anything else, or at
    /// its end.
    Like,
}
