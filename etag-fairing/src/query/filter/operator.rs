//! The operators of filters: a closed set, and which of them each kind of member takes.

use crate::plan::{Part, Relation};
use crate::schema::kind::Operators;
use crate::schema::{IdKind, Kind};

/// What a filter does with a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `eq`, `ne`, `gt`, `ge`, `lt`, `le`
    Relation(Relation),
    Between,
    In,
    NotIn,
    Is,
    IsNot,
    IsNull,
    /// `like`, `contains`, `startswith`, `endswith`, with `i` where case doesn't count, with `not` for the opposite.
    Text {
        part: Part,
        case_sensitive: bool,
        negated: bool,
    },
    Any,
    Has,
    IsEmpty,
    /// To which of its types a polymorphic relationship leads.
    Type,
    /// How many resources a to-many relationship leads to.
    Count,
}

/// What kind of thing an operator meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Attribute(Kind),
    /// What stands inside of JSON.
    InsideJson,
    Id(IdKind),
    ToOne,
    /// A polymorphic relationship.
    OneOf,
    ToMany,
}

const fn text(part: Part, case_sensitive: bool, negated: bool) -> Operator {
    Operator::Text { part, case_sensitive, negated }
}

/// The names: flask-rest-jsonapi's first, then the others that clients use.
///
/// A name in brackets is a member name (JSON:API §9.1) and cannot end with `_`: there, `in_`, `notin_` and `is_`
/// are written `in`, `not_in` and `is`. The origin's `match` is not offered: it means something else on each
/// database.
pub(crate) const OPERATORS: &[(&[&str], Operator)] = &[
    (&["eq"], Operator::Relation(Relation::Equal)),
    (&["ne"], Operator::Relation(Relation::NotEqual)),
    (&["gt"], Operator::Relation(Relation::Greater)),
    (&["ge", "gte"], Operator::Relation(Relation::GreaterOrEqual)),
    (&["lt"], Operator::Relation(Relation::Less)),
    (&["le", "lte"], Operator::Relation(Relation::LessOrEqual)),
    (&["between"], Operator::Between),
    (&["in_", "in"], Operator::In),
    (&["notin_", "not_in", "nin"], Operator::NotIn),
    (&["is_", "is"], Operator::Is),
    (&["isnot"], Operator::IsNot),
    (&["is_null", "isnull"], Operator::IsNull),
    (&["like"], text(Part::Like, true, false)),
    (&["notlike"], text(Part::Like, true, true)),
    (&["ilike"], text(Part::Like, false, false)),
    (&["notilike"], text(Part::Like, false, true)),
    (&["contains"], text(Part::Anywhere, true, false)),
    (&["icontains"], text(Part::Anywhere, false, false)),
    (&["startswith"], text(Part::Start, true, false)),
    (&["istartswith"], text(Part::Start, false, false)),
    (&["endswith"], text(Part::End, true, false)),
    (&["iendswith"], text(Part::End, false, false)),
    (&["any"], Operator::Any),
    (&["has"], Operator::Has),
    (&["is_empty"], Operator::IsEmpty),
    (&["type"], Operator::Type),
    (&["count"], Operator::Count),
];

impl Operator {
    /// The operator of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        OPERATORS.iter().find(|(names, _)| names.contains(&name)).map(|(_, operator)| *operator)
    }

    /// Whether it can be used on this.
    pub(crate) fn fits(self, operand: Operand) -> bool {
        match operand {
            Operand::Attribute(kind) => match kind.operators() {
                Operators::None => self == Self::IsNull,
                Operators::Equality => self.is_equality(),
                Operators::Order => self.is_equality() || self.is_order(),
                Operators::Elements => matches!(self, Self::IsNull | Self::Any | Self::Has | Self::IsEmpty),
                Operators::Text => self.is_equality() || self.is_order() || matches!(self, Self::Text { .. }),
            },
            Operand::InsideJson => self.is_equality() || self.is_order() || matches!(self, Self::Text { .. }),
            Operand::Id(IdKind::Uuid | IdKind::Composite(_)) => self.is_equality(),
            Operand::Id(_) => self.is_equality() || self.is_order(),
            Operand::ToOne => self.is_equality() || matches!(self, Self::Has | Self::IsEmpty),
            // An id alone doesn't tell whose it is: `subject.photos` does.
            Operand::OneOf => matches!(self, Self::Type | Self::IsNull | Self::Has | Self::IsEmpty),
            // Which of many is not equal, or null, nobody could say: `not`, `any` and `is_empty` do.
            Operand::ToMany => matches!(
                self,
                Self::Relation(Relation::Equal)
                    | Self::In
                    | Self::Any
                    | Self::Has
                    | Self::IsEmpty
                    | Self::Count
            ),
        }
    }

    fn is_equality(self) -> bool {
        matches!(
            self,
            Self::Relation(Relation::Equal | Relation::NotEqual)
                | Self::In
                | Self::NotIn
                | Self::Is
                | Self::IsNot
                | Self::IsNull
        )
    }

    fn is_order(self) -> bool {
        matches!(self, Self::Relation(_) | Self::Between)
    }
}

/// The names of all operators that fit, for messages.
pub(crate) fn offered(operand: Operand) -> String {
    let fitting = OPERATORS.iter().filter(|(_, operator)| operator.fits(operand));
    fitting.filter_map(|(names, _)| names.first().copied()).collect::<Vec<_>>().join(", ")
}
