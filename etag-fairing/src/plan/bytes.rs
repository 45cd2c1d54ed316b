//! Parts of plans as bytes, for keys.

use super::{Comparison, Field, Filter, Member, Part, Relation, SortKey};
use crate::schema::{RelationshipId, Value};

/// Writes filters and values as bytes. Different filters have different bytes: each node has its own sign, and each list
/// and text begins with its length.
#[derive(Default)]
pub(super) struct PlanBytes(Vec<u8>);

impl PlanBytes {
    pub(super) fn into_vec(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn sign(&mut self, sign: u8) {
        self.0.push(sign);
    }

    fn number(&mut self, number: usize) {
        self.0.extend_from_slice(&(number as u64).to_be_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::And(filters) => self.filters(b'&', filters),
            Filter::Or(filters) => self.filters(b'|', filters),
            Filter::Not(filter) => {
                self.sign(b'!');
                self.filter(filter);
            }
            Filter::Compare { member, comparison } => {
                self.sign(b'c');
                self.member(member);
                self.comparison(comparison);
            }
            Filter::Related { path, relationship, filter } => {
                self.sign(if filter.is_some() { b'r' } else { b'e' });
                self.path(path);
                self.number(relationship.place());
                if let Some(filter) = filter {
                    self.filter(filter);
                }
            }
            Filter::Count { path, relationship, relation, number } => {
                self.sign(b'n');
                self.path(path);
                self.number(relationship.place());
                self.relation(*relation);
                self.number(usize::try_from(*number).unwrap_or(usize::MAX));
            }
        }
    }

    fn filters(&mut self, sign: u8, filters: &[Filter]) {
        self.sign(sign);
        self.number(filters.len());
        filters.iter().for_each(|filter| self.filter(filter));
    }

    fn path(&mut self, path: &[RelationshipId]) {
        self.number(path.len());
        path.iter().for_each(|step| self.number(step.place()));
    }

    pub(super) fn sort(&mut self, sort: &[SortKey]) {
        self.number(sort.len());
        for key in sort {
            self.sign(if key.descending { b'-' } else { b'+' });
            self.member(&key.member);
        }
    }

    fn member(&mut self, member: &Member) {
        self.path(&member.path);
        match member.field {
            Field::Id => self.sign(b'i'),
            Field::Attribute(id) => {
                self.sign(b'a');
                self.number(id.place());
            }
            Field::ToOne(id) => {
                self.sign(b'o');
                self.number(id.place());
            }
        }
    }

    fn comparison(&mut self, comparison: &Comparison) {
        match comparison {
            Comparison::IsNull => self.sign(b'n'),
            Comparison::Value(relation, value) => {
                self.sign(b'v');
                self.relation(*relation);
                self.value(value);
            }
            Comparison::Member(relation, member) => {
                self.sign(b'm');
                self.relation(*relation);
                self.member(member);
            }
            Comparison::In(values) => {
                self.sign(b'l');
                self.number(values.len());
                values.iter().for_each(|value| self.value(value));
            }
            Comparison::Between(from, to) => {
                self.sign(b'b');
                self.value(from);
                self.value(to);
            }
            Comparison::HasAny(values) => {
                self.sign(b'h');
                self.number(values.len());
                values.iter().for_each(|value| self.value(value));
            }
            Comparison::IsEmpty => self.sign(b'e'),
            Comparison::Inside(path, comparison) => {
                self.sign(b'i');
                self.number(path.len());
                path.iter().for_each(|name| self.text(name));
                self.comparison(comparison);
            }
            Comparison::Text { part, text, case_sensitive } => {
                self.sign(b't');
                self.sign(match part {
                    Part::Anywhere => b'a',
                    Part::Start => b's',
                    Part::End => b'e',
                    Part::Like => b'l',
                });
                self.sign((*case_sensitive).into());
                self.text(text);
            }
        }
    }

    fn relation(&mut self, relation: Relation) {
        self.sign(match relation {
            Relation::Equal => b'=',
            Relation::NotEqual => b'#',
            Relation::Less => b'<',
            Relation::LessOrEqual => b'(',
            Relation::Greater => b'>',
            Relation::GreaterOrEqual => b')',
        });
    }

    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.sign(b'n'),
            Value::Bool(value) => {
                self.sign(b'b');
                self.sign((*value).into());
            }
            Value::Integer(value) => {
                self.sign(b'i');
                self.0.extend_from_slice(&value.to_be_bytes());
            }
            Value::Float(value) => {
                self.sign(b'f');
                self.0.extend_from_slice(&value.to_bits().to_be_bytes());
            }
            Value::Text(value) => {
                self.sign(b't');
                self.text(value);
            }
            Value::Decimal(value) => {
                self.sign(b'd');
                self.text(value);
            }
            Value::Bytes(value) => {
                self.sign(b'y');
                self.bytes(value);
            }
        }
    }
}
