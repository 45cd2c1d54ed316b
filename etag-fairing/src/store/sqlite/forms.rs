//! The forms in which this database's columns hold times: found at launch, and learned where there was nothing to find.

use std::{borrow::Cow, cmp::Reverse};

use rusqlite::{Connection as Sqlite, OptionalExtension, Result, types::ValueRef as SqliteValue};

use super::{connection::Connection, table::Found};
use crate::schema::time::stored;
use crate::schema::{Attribute, Description, Kind, StoredTime, Value, ValueRef};
use crate::store::StoreError;
use crate::store::sql::forms::{ColumnForm, Form, Forms};
use crate::store::sql::prepare::{FoundTable, quoted};
use crate::store::sql::schema::{Column, Table};

/// How many rows are looked at from either end of a table: a launch must not take longer with each row.
const LOOKED_AT: u32 = 10_000;

/// How many rows tell in which form to write.
const SAMPLE: u32 = 200;

/// Which form a column of times has, if not our own. What is not as declared is told in `problems`.
pub(super) fn of_column(
    sqlite: &Sqlite,
    table: &Table,
    column: &Column,
    found: &Found,
    is_ours: bool,
    problems: &mut Vec<String>,
) -> Result<Option<ColumnForm>> {
    if !column.kind.is_time() {
        return Ok(None);
    }
    let own = StoredTime::own(column.kind);
    let place = Place { sqlite, table: table.name, column: column.name, found };
    let declared = column.stored.or(is_ours.then_some(own));
    let other = match declared {
        Some(form) => place.first_other(form)?,
        None => None,
    };
    let form = match (column.stored, other) {
        (Some(form), Some(other)) => {
            problems.push(format!(
                "table `{}`, column `{}`: {} is declared as stored = \"{form}\", but a row holds {other}: without \
                 `stored` a column may hold any forms",
                table.name, column.name, column.needed_by
            ));
            return Ok(None);
        }
        (Some(form), None) if form == own => return Ok(None),
        (Some(form), None) => Form::Declared(form),
        (None, None) if is_ours => return Ok(None),
        (None, other) => {
            if let (true, Some(other)) = (is_ours, other) {
                log::warn!(
                    "table `{}`, column `{}`: another program has written {other}; its times are compared one by one, \
                     without an index",
                    table.name,
                    column.name
                );
            }
            Form::Any(place.most(column.kind)?.or_else(|| place.by_type(column.kind)))
        }
    };
    Ok(Some(ColumnForm { table: table.name, column: column.name, kind: column.kind, form }))
}

/// A column as `c`, of so many rows from either end; of what has no ends, of so many rows.
pub(super) fn rows_of(table: &str, column: &str, found: &Found, number: u32) -> String {
    let (table, column) = (quoted(table), quoted(column));
    if found.is_view || !found.has_rowid {
        format!("SELECT {column} AS c FROM {table} LIMIT {number}")
    } else {
        format!(
            "SELECT c FROM (SELECT {column} AS c FROM {table} ORDER BY rowid LIMIT {number}) UNION ALL \
             SELECT c FROM (SELECT {column} AS c FROM {table} ORDER BY rowid DESC LIMIT {number})"
        )
    }
}

/// A column of the database.
struct Place<'a> {
    sqlite: &'a Sqlite,
    table: &'a str,
    column: &'a str,
    found: &'a Found,
}

impl Place<'_> {
    /// The column as `c`, of so many rows from either end; of what has no ends, so many rows.
    fn rows(&self, number: u32) -> String {
        rows_of(self.table, self.column, self.found, number)
    }

    /// A value that is not of a form, for a message.
    fn first_other(&self, form: StoredTime) -> Result<Option<String>> {
        let is_other = if form.is_number() {
            "NOT (typeof(c) IN ('integer', 'real') AND c = CAST(c AS INTEGER))".to_owned()
        } else {
            format!("NOT (typeof(c) = 'text' AND c GLOB '{}')", form.glob())
        };
        let rows = self.rows(LOOKED_AT);
        let text = format!(
            "SELECT substr(quote(c), 1, 60) FROM ({rows}) WHERE c IS NOT NULL AND {is_other} LIMIT 1"
        );
        self.sqlite.query_row(&text, [], |row| row.get(0)).optional()
    }

    /// The form that most of the rows have.
    fn most(&self, kind: Kind) -> Result<Option<StoredTime>> {
        let text = format!("SELECT c FROM ({}) WHERE c IS NOT NULL", self.rows(SAMPLE));
        let mut statement = self.sqlite.prepare(&text)?;
        let mut rows = statement.query([])?;
        let mut forms: Vec<(StoredTime, usize)> = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(form) = form_of(kind, row.get_ref(0)?) {
                match forms.iter_mut().find(|(known, _)| *known == form) {
                    Some((_, number)) => *number += 1,
                    None => forms.push((form, 1)),
                }
            }
        }
        // The first of those that are as many.
        Ok(forms.into_iter().min_by_key(|(_, number)| Reverse(*number)).map(|(form, _)| form))
    }

    /// What the column's type says where no row does.
    fn by_type(&self, kind: Kind) -> Option<StoredTime> {
        let found = self.found.column(self.column)?;
        let numbers = found.holds_numbers() && kind != Kind::Time;
        numbers.then_some(StoredTime::Unix { per_second: 1 })
    }
}

fn form_of(kind: Kind, value: SqliteValue<'_>) -> Option<StoredTime> {
    let value = match value {
        SqliteValue::Integer(number) => ValueRef::Integer(number),
        SqliteValue::Real(number) => ValueRef::Float(number),
        SqliteValue::Text(text) => ValueRef::Text(std::str::from_utf8(text).ok()?),
        SqliteValue::Null | SqliteValue::Blob(_) => return None,
    };
    stored::read(kind, value, None).map(|(_, form)| form)
}

impl Connection {
    /// The values of a resource's attributes as their columns hold them.
    pub(super) fn as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Value],
    ) -> std::result::Result<Cow<'v, [Value]>, StoreError> {
        let forms = self.forms();
        if !forms.has(resource.table) {
            return Ok(Cow::Borrowed(values));
        }
        let values = resource
            .attributes
            .iter()
            .zip(values)
            .map(|(attribute, value)| self.as_held(&forms, resource, attribute, value));
        values.collect::<std::result::Result<Vec<_>, _>>().map(Cow::Owned)
    }

    /// New values of some attributes, as their columns hold them.
    pub(super) fn changes_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Option<Value>],
    ) -> std::result::Result<Cow<'v, [Option<Value>]>, StoreError> {
        let forms = self.forms();
        if !forms.has(resource.table) {
            return Ok(Cow::Borrowed(values));
        }
        let values = resource.attributes.iter().zip(values).map(|(attribute, value)| match value {
            None => Ok(None),
            Some(value) => self.as_held(&forms, resource, attribute, value).map(Some),
        });
        values.collect::<std::result::Result<Vec<_>, _>>().map(Cow::Owned)
    }

    /// A value as its column holds it.
    fn as_held(
        &self,
        forms: &Forms,
        resource: &Description,
        attribute: &Attribute,
        value: &Value,
    ) -> std::result::Result<Value, StoreError> {
        if let (Value::Decimal(_), Some(column)) = (value, forms.decimals(resource.table, attribute.column)) {
            return column.write(value);
        }
        match self.form_to_write(forms, resource, attribute.column)? {
            Some(form) => form.write(value.as_ref()),
            None => Ok(value.clone()),
        }
    }

    /// The form to write to a column in. If nothing was known of it at launch, there may be rows now.
    fn form_to_write(
        &self,
        forms: &Forms,
        resource: &Description,
        column: &str,
    ) -> std::result::Result<Option<ColumnForm>, StoreError> {
        let Some(mut known) = forms.of(resource.table, column) else { return Ok(None) };
        if known.form == Form::Any(None) {
            let (table, id, name) = (quoted(resource.table), quoted(resource.id.column), quoted(column));
            let text = format!(
                "SELECT c FROM (SELECT {name} AS c FROM {table} ORDER BY {id} DESC LIMIT {SAMPLE}) \
                 WHERE c IS NOT NULL LIMIT 1"
            );
            let mut statement = self.prepare(&text)?;
            let mut rows = statement.query([]).map_err(super::error::store_error)?;
            if let Some(row) = rows.next().map_err(super::error::store_error)?
                && let Some(form) = form_of(known.kind, row.get_ref(0).map_err(super::error::store_error)?)
            {
                known.form = Form::Any(Some(form));
                self.learn_form(resource.table, column, form);
            }
        }
        Ok(Some(known))
    }
}
