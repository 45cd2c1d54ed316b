//! What the catalogue knows of the tables' rules, and PostgreSQL doesn't tell when one is broken: which columns a check
//! is about, and which column a value is too long or too large for.

use std::collections::HashMap;

use super::{
    connection::Connection,
    table::{FoundColumn, checks},
};
use crate::plan::Change;
use crate::schema::decimal::DeclaredDigits;
use crate::schema::{Description, Value};
use crate::store::sql::forms::check_digits;
use crate::store::{Constraint, StoreError};

/// The rules of all tables that resources use.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// The columns of each check, of a table's own or of a column's domain, by table and name.
    checks: HashMap<(&'static str, String), Vec<String>>,
    /// By table and column.
    limits: HashMap<(&'static str, String), Limit>,
    /// How many digits columns of decimal numbers hold, by table and column.
    digits: HashMap<(&'static str, String), DeclaredDigits>,
}

/// What a column holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// So many characters.
    Length(usize),
    /// Numbers below ten to the power of this.
    Digits(i32),
}

impl Limit {
    /// What a declared type says: `character varying(20)`, `numeric(10,2)`.
    fn of(declared: &str) -> Option<Self> {
        let (name, numbers) = declared.strip_suffix(')')?.split_once('(')?;
        let mut numbers = numbers.split(',').map(|number| number.trim().parse::<i32>());
        let first = numbers.next()?.ok()?;
        match name {
            "character varying" | "character" => Some(Self::Length(usize::try_from(first).ok()?)),
            "numeric" => Some(Self::Digits(first - numbers.next().unwrap_or(Ok(0)).ok()?)),
            _ => None,
        }
    }

    fn is_broken_by(self, value: &Value) -> bool {
        match (self, value) {
            // PostgreSQL cuts off spaces at the end by itself.
            (Self::Length(most), Value::Text(text)) => text.trim_end_matches(' ').chars().nth(most).is_some(),
            (Self::Digits(most), Value::Float(value)) => value.abs() >= 10_f64.powi(most),
            (Self::Digits(most), Value::Integer(value)) => (*value as f64).abs() >= 10_f64.powi(most),
            _ => false,
        }
    }
}

impl Rules {
    /// Learns those of a table.
    pub(super) async fn learn(
        &mut self,
        connection: &Connection,
        table: &'static str,
        columns: &[FoundColumn],
    ) -> Result<(), StoreError> {
        for column in columns {
            if let Some(digits) = DeclaredDigits::of(&column.limited) {
                self.digits.insert((table, column.name.clone()), digits);
            }
            if let Some(limit) = Limit::of(&column.declared) {
                self.limits.insert((table, column.name.clone()), limit);
            }
        }
        for (name, column) in checks(connection, table).await? {
            self.checks.entry((table, name)).or_default().push(column);
        }
        Ok(())
    }

    /// # Errors
    /// If a decimal number has more digits than its column holds. PostgreSQL itself would round it.
    pub(super) fn check_digits<'v>(
        &self,
        resource: &Description,
        values: impl Iterator<Item = Option<&'v Value>>,
    ) -> Result<(), StoreError> {
        if self.digits.is_empty() {
            return Ok(());
        }
        for (attribute, value) in resource.attributes.iter().zip(values) {
            let element = attribute.kind.element().filter(|element| element.kind().is_decimal());
            let numbers = match (value, element) {
                (Some(number @ Value::Decimal(_)), _) => vec![number.clone()],
                (Some(Value::Text(list)), Some(element)) => element.read_all(list).unwrap_or_default(),
                _ => continue,
            };
            let Some(digits) = self.digits.get(&(resource.table, attribute.column.to_owned())) else {
                continue;
            };
            for number in &numbers {
                if let Value::Decimal(number) = number {
                    check_digits(attribute.column, *digits, number)?;
                }
            }
        }
        Ok(())
    }

    /// An error as a change of a resource sees it.
    pub(super) fn explained(&self, change: &Change, error: StoreError) -> StoreError {
        let resource = change.resource();
        let StoreError::Constraint(constraint) = error else { return error };
        StoreError::Constraint(match constraint.seen_from(resource.table) {
            Constraint::Check { name } if name.is_empty() => match self.too_large(resource, change) {
                Some(column) => Constraint::Value { column: column.into() },
                None => Constraint::Check { name },
            },
            Constraint::Check { name } => match self.checks.get(&(resource.table, name.clone())) {
                Some(columns) => Constraint::CheckOf { name, columns: columns.clone() },
                None => Constraint::Check { name },
            },
            other => other,
        })
    }

    /// The column that a value of the change is too long or too large for.
    fn too_large(&self, resource: &'static Description, change: &Change) -> Option<&'static str> {
        let breaks = |place: usize, value: &Value| {
            let column = resource.attributes.get(place)?.column;
            let limit = self.limits.get(&(resource.table, column.to_owned()))?;
            limit.is_broken_by(value).then_some(column)
        };
        match change {
            Change::Insert { attributes, .. } => {
                attributes.iter().enumerate().find_map(|(place, value)| breaks(place, value))
            }
            Change::Update { attributes, .. } => {
                attributes.iter().enumerate().find_map(|(place, value)| breaks(place, value.as_ref()?))
            }
            Change::Delete { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_says_what_fits() {
        assert_eq!(Limit::of("character varying(20)"), Some(Limit::Length(20)));
        assert_eq!(Limit::of("character(2)"), Some(Limit::Length(2)));
        assert_eq!(Limit::of("numeric(10,2)"), Some(Limit::Digits(8)));
        assert_eq!(Limit::of("numeric(3)"), Some(Limit::Digits(3)));
        for declared in ["text", "numeric", "timestamp(3) without time zone", "geometry(Point,4326)", "x()"] {
            assert_eq!(Limit::of(declared), None, "{declared}");
        }
        assert!(Limit::Length(2).is_broken_by(&Value::Text("äöü".into())));
        assert!(!Limit::Length(2).is_broken_by(&Value::Text("äö  ".into())));
        assert!(Limit::Digits(2).is_broken_by(&Value::Float(-100.0)));
        assert!(!Limit::Digits(2).is_broken_by(&Value::Integer(99)));
    }
}
