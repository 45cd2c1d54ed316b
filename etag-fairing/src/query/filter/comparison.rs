//! A comparison of a member with given values, or its opposite.

use serde_json::Value as JsonValue;

use super::Fault;
use super::given::{FilterValue, Scalar};
use super::operator::Operator;
use crate::plan::{Comparison, Filter, Member, Part, Relation};
use crate::query::limits::{MAX_TEXT_LENGTH, MAX_WILDCARDS};
use crate::schema::{Attribute, Element, IdKind, Kind, Value};

/// A comparison, or its opposite.
#[derive(Debug)]
pub(super) struct SignedComparison {
    comparison: Comparison,
    /// For `ne`, `notin_` and `notlike`: the member has a value for which the comparison doesn't hold. As in SQL, null is not
    /// unequal.
    negated: bool,
    /// For `isnot`: the comparison doesn't hold. This includes null.
    inverted: bool,
    /// The names that lead to what is compared, inside of JSON.
    inside: Vec<String>,
}

impl SignedComparison {
    pub(super) fn plain(comparison: Comparison) -> Self {
        Self { comparison, negated: false, inverted: false, inside: Vec::new() }
    }

    pub(super) fn negated_if(condition: bool, comparison: Comparison) -> Self {
        Self { negated: condition, ..Self::plain(comparison) }
    }

    /// The same of what stands there, inside of JSON.
    pub(super) fn at(self, inside: &[String]) -> Self {
        Self { inside: inside.to_vec(), ..self }
    }

    pub(super) fn is_null() -> Self {
        Self::plain(Comparison::IsNull)
    }

    /// The opposite, which holds also for null.
    pub(super) fn inverted_if(self, condition: bool) -> Self {
        Self { inverted: self.inverted != condition, ..self }
    }

    pub(super) fn of(self, member: Member) -> Filter {
        let not = |filter| Filter::Not(Box::new(filter));
        let compare = |member, comparison| {
            let comparison = match self.inside.as_slice() {
                [] => comparison,
                inside => Comparison::Inside(inside.to_vec(), Box::new(comparison)),
            };
            Filter::Compare { member, comparison }
        };
        match (self.negated, self.inverted) {
            (true, _) => Filter::And(vec![
                not(compare(member.clone(), self.comparison)),
                not(compare(member, Comparison::IsNull)),
            ]),
            (false, true) => not(compare(member, self.comparison)),
            (false, false) => compare(member, self.comparison),
        }
    }

    pub(super) fn of_attribute(
        operator: Operator,
        given: &FilterValue<'_>,
        attribute: &Attribute,
    ) -> Result<Self, Fault> {
        let value = |scalar: &Scalar<'_>| scalar.value(attribute);
        Ok(match operator {
            Operator::Is | Operator::IsNot => {
                let is = match given.one()?.json(Kind::Bool) {
                    JsonValue::Null => Self::is_null(),
                    JsonValue::String(word) if word == "null" => Self::is_null(),
                    JsonValue::Bool(truth) if attribute.kind == Kind::Bool => {
                        Self::plain(Comparison::Value(Relation::Equal, Value::Bool(truth)))
                    }
                    _ if attribute.kind == Kind::Bool => {
                        return Err(Fault::new("must be null, true or false"));
                    }
                    _ => return Err(Fault::new("must be null")),
                };
                is.inverted_if(operator == Operator::IsNot)
            }
            Operator::Text { part, case_sensitive, negated } => {
                return Self::of_text(part, case_sensitive, negated, given);
            }
            operator => Self::by_value(operator, given, value)?,
        })
    }

    pub(super) fn of_text(
        part: Part,
        case_sensitive: bool,
        negated: bool,
        given: &FilterValue<'_>,
    ) -> Result<Self, Fault> {
        let text = given.one()?.text()?;
        if text.chars().count() > MAX_TEXT_LENGTH {
            return Err(Fault::limit(format!("at most {MAX_TEXT_LENGTH} characters of text to look for")));
        }
        if part == Part::Like && wildcards(&text) > MAX_WILDCARDS {
            return Err(Fault::limit(format!("at most {MAX_WILDCARDS} times % in a pattern")));
        }
        if part == Part::Like && !is_pattern(&text) {
            return Err(Fault::new("must be a pattern: a \\ in it stands before %, _ or \\"));
        }
        Ok(Self::negated_if(negated, Comparison::Text { part, text, case_sensitive }))
    }

    /// Of an attribute that is a list.
    pub(super) fn of_list(
        operator: Operator,
        given: &FilterValue<'_>,
        attribute: &Attribute,
        element: Element,
    ) -> Result<Self, Fault> {
        let value = |scalar: &Scalar<'_>| match scalar.is_null() {
            true if attribute.kind.has_nulls() => Ok(Value::Null),
            true => Err(Fault::new("is null, which no element of this list is")),
            false => scalar.element(attribute, element),
        };
        Ok(match operator {
            Operator::Has => Self::plain(Comparison::HasAny(vec![value(given.one()?)?])),
            Operator::Any => {
                let values = given.list()?;
                Self::plain(Comparison::HasAny(values.iter().map(value).collect::<Result<_, _>>()?))
            }
            Operator::IsEmpty => Self::negated_if(!given.truth()?, Comparison::IsEmpty),
            _ => Self::is_null().inverted_if(!given.truth()?),
        })
    }

    /// Of what stands inside of JSON, whose type nobody has declared.
    pub(super) fn inside(operator: Operator, given: &FilterValue<'_>) -> Result<Self, Fault> {
        let null = |scalar: &Scalar<'_>| {
            scalar.is_null()
                || matches!(scalar, Scalar::Text("null"))
                    && matches!(operator, Operator::Is | Operator::IsNot)
        };
        Ok(match operator {
            Operator::Is | Operator::IsNot if null(given.one()?) => {
                Self::is_null().inverted_if(operator == Operator::IsNot)
            }
            Operator::Is | Operator::IsNot => return Err(Fault::new("must be null")),
            Operator::IsNull => Self::is_null().inverted_if(!given.truth()?),
            Operator::Relation(relation @ (Relation::Equal | Relation::NotEqual)) => {
                let negated = relation == Relation::NotEqual;
                match given.one()? {
                    scalar if null(scalar) => Self::is_null().inverted_if(negated),
                    scalar => Self::negated_if(negated, Comparison::In(scalar.possible()?)),
                }
            }
            Operator::Relation(relation) => {
                Self::plain(Comparison::Value(relation, not_null(given.one()?, |scalar| scalar.likely())?))
            }
            Operator::In | Operator::NotIn => {
                let mut values = Vec::new();
                for scalar in given.list()? {
                    not_null(&scalar, |_| Ok(Value::Null))?;
                    values.extend(scalar.possible()?);
                }
                Self::negated_if(operator == Operator::NotIn, Comparison::In(values))
            }
            Operator::Between => match given.list()?.as_slice() {
                [from, to] => Self::plain(Comparison::Between(
                    not_null(from, |scalar| scalar.likely())?,
                    not_null(to, |scalar| scalar.likely())?,
                )),
                _ => return Err(Fault::new("must be two values, from and to")),
            },
            Operator::Text { part, case_sensitive, negated } => {
                return Self::of_text(part, case_sensitive, negated, given);
            }
            // `Operator::fits` has refused all other operators.
            _ => return Err(Fault::new("can't be compared so")),
        })
    }

    pub(super) fn of_id(operator: Operator, given: &FilterValue<'_>, kind: IdKind) -> Result<Self, Fault> {
        // An id that no resource can have is no mistake: no resource has it. A number beyond the type's range is a mistake.
        let known = |scalar: &Scalar<'_>| {
            let id = scalar.id()?;
            within(kind, &id)?;
            Ok(kind.parse(&id).map(|id| id.to_value()))
        };
        Ok(match operator {
            Operator::Relation(relation @ (Relation::Equal | Relation::NotEqual))
                if !given.one()?.is_null() =>
            {
                match known(given.one()?)? {
                    Some(id) => Self::plain(Comparison::Value(relation, id)),
                    None => Self::negated_if(relation == Relation::NotEqual, Comparison::In(Vec::new())),
                }
            }
            Operator::In | Operator::NotIn => {
                let ids: Vec<Option<Value>> =
                    given.list()?.iter().map(known).collect::<Result<_, Fault>>()?;
                let ids = Comparison::In(ids.into_iter().flatten().collect());
                Self::negated_if(operator == Operator::NotIn, ids)
            }
            Operator::Is | Operator::IsNot => match given.one()?.json(Kind::Text) {
                JsonValue::Null => Self::is_null().inverted_if(operator == Operator::IsNot),
                JsonValue::String(word) if word == "null" => {
                    Self::is_null().inverted_if(operator == Operator::IsNot)
                }
                _ => return Err(Fault::new("must be null")),
            },
            operator => Self::by_value(operator, given, |scalar| {
                let id = scalar.id()?;
                within(kind, &id)?;
                match kind {
                    IdKind::Integer { .. } => {
                        id.parse().map(Value::Integer).map_err(|_| Fault::new("must be a whole number"))
                    }
                    _ => Ok(Value::Text(id)),
                }
            })?,
        })
    }

    pub(super) fn by_value(
        operator: Operator,
        given: &FilterValue<'_>,
        value: impl Fn(&Scalar<'_>) -> Result<Value, Fault>,
    ) -> Result<Self, Fault> {
        Ok(match operator {
            Operator::Relation(relation @ (Relation::Equal | Relation::NotEqual))
                if given.one()?.is_null() =>
            {
                Self::is_null().inverted_if(relation == Relation::NotEqual)
            }
            Operator::Relation(relation) => {
                Self::plain(Comparison::Value(relation, not_null(given.one()?, &value)?))
            }
            Operator::In | Operator::NotIn => {
                let values = given.list()?;
                let values =
                    values.iter().map(|scalar| not_null(scalar, &value)).collect::<Result<_, _>>()?;
                Self::negated_if(operator == Operator::NotIn, Comparison::In(values))
            }
            Operator::Between => match given.list()?.as_slice() {
                [from, to] => {
                    Self::plain(Comparison::Between(not_null(from, &value)?, not_null(to, &value)?))
                }
                _ => return Err(Fault::new("must be two values, from and to")),
            },
            Operator::IsNull => Self::is_null().inverted_if(!given.truth()?),
            // `Operator::fits` has refused all other operators.
            _ => return Err(Fault::new("can't be compared so")),
        })
    }
}

/// Refuses a whole number beyond the range of this kind of id: its author must have meant something else.
fn within(kind: IdKind, id: &str) -> Result<(), Fault> {
    let IdKind::Integer { min, max } = kind else { return Ok(()) };
    let digits = id.strip_prefix('-').unwrap_or(id);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_within = id.parse::<i64>().is_ok_and(|id| (min..=max).contains(&id));
    if is_whole && !is_within {
        return Err(Fault::new(format!("must be a whole number from {min} to {max}")));
    }
    Ok(())
}

fn not_null(
    scalar: &Scalar<'_>,
    value: impl Fn(&Scalar<'_>) -> Result<Value, Fault>,
) -> Result<Value, Fault> {
    if scalar.is_null() {
        return Err(Fault::new("null compares with nothing: use is_null"));
    }
    value(scalar)
}

/// How often `%` stands in a pattern. Several in a row count once.
fn wildcards(text: &str) -> usize {
    let mut number = 0;
    let mut letters = text.chars();
    let mut last = None;
    while let Some(letter) = letters.next() {
        let any = letter == '%';
        number += usize::from(any && last != Some('%'));
        if letter == '\\' {
            letters.next();
        }
        last = Some(letter);
    }
    number
}

/// Whether each `\` stands before `%`, `_` or `\`. Databases differ in what it means before other characters, and PostgreSQL
/// refuses it at the end.
fn is_pattern(text: &str) -> bool {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' && !matches!(letters.next(), Some('%' | '_' | '\\')) {
            return false;
        }
    }
    true
}
