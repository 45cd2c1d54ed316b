//! Evaluates a [`Filter`] on a record in memory. The SQL of every store must give the same results.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value as JsonValue;

use super::{Comparison, Field, Filter, Member, Part, Relation, fold_case};
use crate::schema::decimal;
use crate::schema::{Description, Element, Linkage, Record, RelationshipId, ResourceId, Value};

/// The records that a filter can reach.
pub trait Records {
    /// The record of this id, if there is one.
    fn record(&self, resource: &'static Description, id: &ResourceId) -> Option<&Record>;

    /// The ids of the related resources. They are the record's linkage, unless your store has them elsewhere.
    /// A relationship whose linkage was not read has none.
    fn related<'a>(
        &'a self,
        resource: &'static Description,
        record: &'a Record,
        relationship: RelationshipId,
    ) -> Cow<'a, [ResourceId]> {
        let _ = resource;
        Cow::Borrowed(match relationship.of(&record.linkage) {
            Some(Linkage::One(id)) => id.as_slice(),
            Some(Linkage::Many(ids)) => ids,
            Some(Linkage::Unread) | None => &[],
        })
    }
}

/// Whether a record of this resource matches a filter.
pub fn matches(
    filter: &Filter,
    resource: &'static Description,
    record: &Record,
    records: &dyn Records,
) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|filter| matches(filter, resource, record, records)),
        Filter::Or(any) => any.iter().any(|filter| matches(filter, resource, record, records)),
        Filter::Not(filter) => !matches(filter, resource, record, records),
        Filter::Compare { member, comparison } => {
            let value = value_of(member, resource, record, records);
            match comparison {
                Comparison::HasAny(values) => {
                    let element = element_of(member, resource);
                    element.is_some_and(|element| has_any(&value, element, values))
                }
                comparison => {
                    compares(&value, comparison, |other| value_of(other, resource, record, records))
                }
            }
        }
        Filter::Related { path, relationship, filter } => {
            let Some((resource, record)) = follow(path, resource, record, records) else { return false };
            let Some(target) = resource.relationship_at(*relationship).map(|there| there.target()) else {
                return false;
            };
            records.related(resource, record, *relationship).iter().any(|id| {
                records.record(target, id).is_some_and(|related| {
                    filter.as_deref().is_none_or(|filter| matches(filter, target, related, records))
                })
            })
        }
        Filter::Count { path, relationship, relation, number } => {
            let Some((resource, record)) = follow(path, resource, record, records) else { return false };
            let Some(target) = resource.relationship_at(*relationship).map(|there| there.target()) else {
                return false;
            };
            let related = records.related(resource, record, *relationship);
            let number_of = related.iter().filter(|id| records.record(target, id).is_some()).count();
            relation.holds(u64::try_from(number_of).unwrap_or(u64::MAX), u64::from(*number))
        }
    }
}

/// The value of a member. It is null if a to-one relationship on its path is empty.
pub fn value_of(
    member: &Member,
    resource: &'static Description,
    record: &Record,
    records: &dyn Records,
) -> Value {
    let Some((resource, record)) = follow(&member.path, resource, record, records) else {
        return Value::Null;
    };
    match member.field {
        Field::Id => record.id.as_ref().map_or(Value::Null, ResourceId::to_value),
        Field::Attribute(id) => id.of(&record.attributes).cloned().unwrap_or_default(),
        Field::ToOne(id) => {
            records.related(resource, record, id).first().map_or(Value::Null, ResourceId::to_value)
        }
    }
}

fn follow<'a>(
    path: &[RelationshipId],
    mut resource: &'static Description,
    mut record: &'a Record,
    records: &'a dyn Records,
) -> Option<(&'static Description, &'a Record)> {
    for relationship in path {
        let target = resource.relationship_at(*relationship)?.target();
        let id = records.related(resource, record, *relationship).first()?.clone();
        record = records.record(target, &id)?;
        resource = target;
    }
    Some((resource, record))
}

fn compares(value: &Value, comparison: &Comparison, other: impl FnOnce(&Member) -> Value) -> bool {
    if let Comparison::Inside(path, comparison) = comparison {
        return compares_inside(value, path, comparison);
    }
    // A comparison with null is never true.
    if value.is_null() {
        return *comparison == Comparison::IsNull;
    }
    match comparison {
        Comparison::IsNull => false,
        Comparison::Value(relation, with) => relates(value, *relation, with),
        Comparison::Member(relation, member) => relates(value, *relation, &other(member)),
        Comparison::In(values) => values.iter().any(|one| relates(value, Relation::Equal, one)),
        Comparison::Between(from, to) => {
            relates(value, Relation::GreaterOrEqual, from) && relates(value, Relation::LessOrEqual, to)
        }
        Comparison::IsEmpty => match value {
            Value::Text(list) => {
                serde_json::from_str::<Vec<JsonValue>>(list).is_ok_and(|list| list.is_empty())
            }
            _ => false,
        },
        // Of lists and JSON: they are asked for elsewhere.
        Comparison::HasAny(_) | Comparison::Inside(..) => false,
        Comparison::Text { part, text, case_sensitive } => match value {
            Value::Text(value) if *case_sensitive => has_part(value, *part, text),
            Value::Text(value) => has_part(&fold_case(value), *part, &fold_case(text)),
            _ => false,
        },
    }
}

/// What the elements of an attribute are that is a list.
fn element_of(member: &Member, resource: &'static Description) -> Option<Element> {
    let Field::Attribute(id) = member.field else { return None };
    let resource = member
        .path
        .iter()
        .try_fold(resource, |here, step| here.relationship_at(*step).map(|there| there.target()))?;
    resource.attribute_at(id)?.kind.element()
}

/// Whether a list has one of these values.
fn has_any(list: &Value, element: Element, values: &[Value]) -> bool {
    let Value::Text(list) = list else { return false };
    // A value of another kind is in no list.
    let values: Vec<&Value> =
        values.iter().filter(|value| element.to_json(value.as_ref()).is_some()).collect();
    let is = |own: &Value, given: &Value| {
        own.is_null() && given.is_null() || relates_as_json(own, Relation::Equal, given)
    };
    element.read_all(list).is_ok_and(|list| list.iter().any(|own| values.iter().any(|given| is(own, given))))
}

/// Compares what stands at the end of a path in JSON.
fn compares_inside(value: &Value, path: &[String], comparison: &Comparison) -> bool {
    let json = match value {
        Value::Text(text) => serde_json::from_str(text).unwrap_or(JsonValue::Null),
        _ => JsonValue::Null,
    };
    let there = path.iter().try_fold(&json, |json, name| json.as_object()?.get(name));
    match there {
        None | Some(JsonValue::Null) => *comparison == Comparison::IsNull,
        Some(json) => scalar(json).is_some_and(|value| match comparison {
            Comparison::Value(relation, with) => relates_as_json(&value, *relation, with),
            Comparison::In(values) => values.iter().any(|one| relates_as_json(&value, Relation::Equal, one)),
            Comparison::Between(from, to) => {
                relates_as_json(&value, Relation::GreaterOrEqual, from)
                    && relates_as_json(&value, Relation::LessOrEqual, to)
            }
            Comparison::Text { .. } => compares(&value, comparison, |_| Value::Null),
            _ => false,
        }),
    }
}

/// In JSON a boolean is no number, which it may be in a store.
fn relates_as_json(left: &Value, relation: Relation, right: &Value) -> bool {
    let is_bool = |value: &Value| matches!(value, Value::Bool(_));
    is_bool(left) == is_bool(right) && relates(left, relation, right)
}

/// A text, a number or a boolean.
fn scalar(json: &JsonValue) -> Option<Value> {
    match json {
        JsonValue::Bool(value) => Some(Value::Bool(*value)),
        JsonValue::String(text) => Some(Value::Text(text.clone())),
        JsonValue::Number(number) => match number.as_i64() {
            Some(whole) => Some(Value::Integer(whole)),
            None => number.as_f64().map(Value::Float),
        },
        JsonValue::Null | JsonValue::Array(_) | JsonValue::Object(_) => None,
    }
}

fn relates(left: &Value, relation: Relation, right: &Value) -> bool {
    let Some(order) = order(left, right) else { return false };
    match relation {
        Relation::Equal => order.is_eq(),
        Relation::NotEqual => order.is_ne(),
        Relation::Less => order.is_lt(),
        Relation::LessOrEqual => order.is_le(),
        Relation::Greater => order.is_gt(),
        Relation::GreaterOrEqual => order.is_ge(),
    }
}

/// The order of two values of the same kind; `None` if one is null or if their kinds differ.
pub fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        // Stores without booleans return integers.
        (Value::Bool(left), Value::Integer(right)) => Some(i64::from(*left).cmp(right)),
        (Value::Integer(left), Value::Bool(right)) => Some(left.cmp(&i64::from(*right))),
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Integer(left), Value::Float(right)) => order_mixed(*left, *right),
        (Value::Float(left), Value::Integer(right)) => order_mixed(*right, *left).map(Ordering::reverse),
        // The bytes of UTF-8 have the same order as the code points.
        (Value::Text(left), Value::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Value::Decimal(left), Value::Decimal(right)) => Some(decimal::order(left, right)),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// The comparison is exact: an integer larger than 2⁵³ is not rounded to a float.
fn order_mixed(integer: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // 2⁶³. A float holds it exactly, and all integers are less.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if float >= END {
        return Some(Ordering::Less);
    }
    if float < -END {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    let fraction = float - whole;
    Some(integer.cmp(&(whole as i64)).then(0.0_f64.partial_cmp(&fraction)?))
}

fn has_part(value: &str, part: Part, text: &str) -> bool {
    match part {
        Part::Anywhere => value.contains(text),
        Part::Start => value.starts_with(text),
        Part::End => value.ends_with(text),
        Part::Like => like(value, text),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wildcard {
    Many,
    One,
    Letter(char),
}

/// `%` matches any characters and `_` matches one. `\` before `%`, `_` or `\` stands for that character
/// itself.
fn like(value: &str, pattern: &str) -> bool {
    let mut letters = pattern.chars();
    let mut wildcards = Vec::new();
    while let Some(letter) = letters.next() {
        wildcards.push(match letter {
            '%' => Wildcard::Many,
            '_' => Wildcard::One,
            '\\' => Wildcard::Letter(letters.next().unwrap_or('\\')),
            letter => Wildcard::Letter(letter),
        });
    }
    let value: Vec<char> = value.chars().collect();
    // Only the last `%` may have to match more characters, so that the cost is at most value × pattern.
    let (mut at, mut in_pattern, mut retry) = (0, 0, None);
    while let Some(letter) = value.get(at) {
        match wildcards.get(in_pattern) {
            Some(Wildcard::Many) => {
                retry = Some((at, in_pattern));
                in_pattern += 1;
            }
            Some(wildcard) if matches!(wildcard, Wildcard::One) || *wildcard == Wildcard::Letter(*letter) => {
                at += 1;
                in_pattern += 1;
            }
            _ => {
                let Some((from, many)) = retry else { return false };
                at = from + 1;
                retry = Some((at, many));
                in_pattern = many + 1;
            }
        }
    }
    wildcards.iter().skip(in_pattern).all(|wildcard| *wildcard == Wildcard::Many)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn like_takes_any_characters_one_or_the_sign_itself() {
        for (value, pattern) in [
            ("", ""),
            ("", "%"),
            ("open", "open"),
            ("open", "%pe%"),
            ("open", "o%n"),
            ("open", "____"),
            ("größe", "gr__e"),
            ("100%", "100\\%"),
            ("a_b", "a\\_b"),
            ("a\\b", "a\\\\b"),
            ("aab", "%ab"),
            ("abcabc", "%abc"),
            ("open", "%%"),
        ] {
            assert!(like(value, pattern), "{value:?} {pattern:?}");
        }
        for (value, pattern) in [
            ("open", "ope"),
            ("open", "OPEN"),
            ("open", "___"),
            ("open", "_____"),
            ("100x", "100\\%"),
            ("axb", "a\\_b"),
            ("", "_"),
            ("abcab", "%abc"),
        ] {
            assert!(!like(value, pattern), "{value:?} {pattern:?}");
        }
    }

    /// The definition of the pattern, implemented directly. It is slow.
    fn like_by_definition(value: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => value.is_empty(),
            ['%', rest @ ..] => (0..=value.len()).any(|skip| like_by_definition(&value[skip..], rest)),
            ['_', rest @ ..] => {
                value.split_first().is_some_and(|(_, behind)| like_by_definition(behind, rest))
            }
            ['\\', letter, rest @ ..] | [letter, rest @ ..] => value
                .split_first()
                .is_some_and(|(first, behind)| first == letter && like_by_definition(behind, rest)),
        }
    }

    proptest! {
        #[test]
        fn like_agrees_with_its_definition(value in "[ab%_\\\\é]{0,8}", pattern in "([abé%_]|\\\\[%_\\\\]){0,6}") {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(like(&value, &pattern), like_by_definition(&letters(&value), &letters(&pattern)));
        }

        #[test]
        fn integers_and_floats_are_ordered_exactly(integer: i64, float in -1e19..1e19, near in -2_i64..3) {
            let exact = |float: f64| {
                let whole = float.floor() as i128;
                i128::from(integer).cmp(&whole).then(if float.fract() == 0.0 {
                    Ordering::Equal
                } else {
                    Ordering::Less
                })
            };
            for float in [float, integer.saturating_add(near) as f64, near as f64 + 0.5] {
                prop_assert_eq!(order_mixed(integer, float), Some(exact(float)));
            }
        }
    }
}
