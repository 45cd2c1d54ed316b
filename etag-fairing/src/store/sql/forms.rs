//! The forms of times and UUIDs in columns that don't have our own form, since other programs write them,
//! too.

use std::time::Duration;

use super::spelling::Spelled;
use crate::plan::Relation;
use crate::schema::decimal::{DeclaredDigits, Digits, KEPT_BY_FLOAT};
use crate::schema::time::stored;
use crate::schema::{Corrupt, Kind, StoredTime, Upkeep, Value, ValueRef};
use crate::store::{Constraint, DigitLimit, StoreError};

/// The columns in which not all times or UUIDs have our own form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forms {
    times: Vec<ColumnForm>,
    uuids: Vec<ColumnSpelling>,
    decimals: Vec<ColumnDecimals>,
}

/// A column of UUIDs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnSpelling {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) spelled: Spelled,
}

/// A column of decimal numbers whose type makes numbers of them: integers and floats of SQLite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnDecimals {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// How many digits its type declares.
    pub(crate) declared: Option<DeclaredDigits>,
}

impl ColumnDecimals {
    /// A decimal number as the column holds it: whole numbers exactly, others as the nearest float.
    ///
    /// # Errors
    /// If that is not exact.
    pub(crate) fn write(&self, value: &Value) -> Result<Value, StoreError> {
        let Value::Decimal(number) = value else { return Ok(value.clone()) };
        if let Some(declared) = self.declared {
            check_digits(self.column, declared, number)?;
        }
        let digits = Digits::of(number);
        if digits.behind == 0
            && let Ok(whole) = number.split('.').next().unwrap_or_default().parse()
        {
            return Ok(Value::Integer(whole));
        }
        match number.parse() {
            Ok(float) if digits.significant <= KEPT_BY_FLOAT => Ok(Value::Float(float)),
            _ => Err(StoreError::Constraint(Constraint::Digits {
                column: self.column.into(),
                most: DigitLimit::Significant(KEPT_BY_FLOAT),
            })),
        }
    }
}

/// # Errors
/// If a number has more digits than its column's type declares.
pub(crate) fn check_digits(column: &str, declared: DeclaredDigits, number: &str) -> Result<(), StoreError> {
    if declared.hold(number) {
        return Ok(());
    }
    let (before, behind) = declared.places();
    let most = DigitLimit::Places { before, behind };
    Err(StoreError::Constraint(Constraint::Digits { column: column.into(), most }))
}

/// A column of times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnForm {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) kind: Kind,
    pub(crate) form: Form,
}

/// The forms of times in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The one form that the attribute declares. Values are converted to it before they are compared with the
    /// column, so that an index can be used.
    Declared(StoredTime),
    /// Any forms. Each stored value is converted when it is compared. New values are written in the form that
    /// most rows have, if it is known.
    Any(Option<StoredTime>),
}

impl Forms {
    pub(crate) const NONE: Self = Self { times: Vec::new(), uuids: Vec::new(), decimals: Vec::new() };

    pub(crate) fn add(&mut self, column: ColumnForm) {
        self.times.push(column);
    }

    pub(crate) fn add_spelling(&mut self, column: ColumnSpelling) {
        self.uuids.push(column);
    }

    pub(crate) fn add_decimals(&mut self, column: ColumnDecimals) {
        self.decimals.push(column);
    }

    /// How a column holds decimal numbers; `None` for text.
    pub(crate) fn decimals(&self, table: &str, column: &str) -> Option<ColumnDecimals> {
        let is = |known: &&ColumnDecimals| {
            known.column.eq_ignore_ascii_case(column) && known.table.eq_ignore_ascii_case(table)
        };
        self.decimals.iter().find(is).copied()
    }

    /// How many digits a column of numbers declares behind the point.
    pub(crate) fn scale(&self, table: &str, column: &str) -> Option<usize> {
        let (_, behind) = self.decimals(table, column)?.declared?.places();
        Some(behind)
    }

    /// How a column spells UUIDs; `None` for our own spelling.
    pub(crate) fn spelled(&self, table: &str, column: &str) -> Option<Spelled> {
        let is = |known: &&ColumnSpelling| {
            known.column.eq_ignore_ascii_case(column) && known.table.eq_ignore_ascii_case(table)
        };
        self.uuids.iter().find(is).map(|known| known.spelled)
    }

    /// Whether any column has UUIDs in another spelling than ours.
    pub(crate) fn has_spellings(&self) -> bool {
        !self.uuids.is_empty()
    }

    /// The form of a column of times; `None` for our own form.
    pub(crate) fn of(&self, table: &str, column: &str) -> Option<ColumnForm> {
        let is = |known: &&ColumnForm| {
            known.column.eq_ignore_ascii_case(column) && known.table.eq_ignore_ascii_case(table)
        };
        self.times.iter().find(is).copied()
    }

    /// Whether the table has a column of times in another form, or of decimal numbers that are not text.
    pub(crate) fn has(&self, table: &str) -> bool {
        self.times.iter().any(|known| known.table.eq_ignore_ascii_case(table))
            || self.decimals.iter().any(|known| known.table.eq_ignore_ascii_case(table))
    }

    /// Sets the form in which to write to a column, if it was unknown.
    pub(crate) fn learn(&mut self, table: &str, column: &str, form: StoredTime) {
        for known in &mut self.times {
            if known.form == Form::Any(None)
                && known.column.eq_ignore_ascii_case(column)
                && known.table.eq_ignore_ascii_case(table)
            {
                known.form = Form::Any(Some(form));
            }
        }
    }
}

impl ColumnForm {
    /// Converts one of our values to the column's form.
    ///
    /// # Errors
    /// If the form cannot write the value exactly.
    pub(crate) fn write(&self, value: ValueRef<'_>) -> Result<Value, StoreError> {
        let own = StoredTime::own(self.kind);
        let form = match self.form {
            Form::Declared(form) | Form::Any(Some(form)) => form,
            Form::Any(None) => own,
        };
        let ValueRef::Text(text) = value else { return Ok(value.to_owned()) };
        if form == own && stored::is_own(self.kind, text) {
            return Ok(value.to_owned());
        }
        let Some((moment, _)) = stored::read(self.kind, value, None) else { return Err(self.unfit()) };
        let moment = form.of_kind(self.kind, moment);
        match self.form {
            Form::Declared(form) => form.exact(moment).ok_or_else(|| self.unfit()),
            Form::Any(_) => Ok(form.lossless(moment)),
        }
    }

    /// The same, but digits that the form doesn't have are dropped. It is used for values that the store
    /// itself sets.
    pub(crate) fn write_floor(&self, value: ValueRef<'_>) -> Result<Value, StoreError> {
        let Form::Declared(form) = self.form else { return self.write(value) };
        let Some((moment, _)) = stored::read(self.kind, value, None) else { return Err(self.unfit()) };
        // A form in whole seconds cannot mark a state without a date. So the write has to wait until it can
        // have a date.
        if form.step() > 1 && Upkeep::is_dateless(moment.unix()) {
            return Err(StoreError::Busy { retry_after: Duration::from_secs(1) });
        }
        form.exact(form.floor(form.of_kind(self.kind, moment))).ok_or_else(|| self.unfit())
    }

    fn unfit(&self) -> StoreError {
        StoreError::Constraint(Constraint::Value { column: self.column.into() })
    }

    /// Converts a value of the column to our own form.
    ///
    /// # Errors
    /// If the value is no time.
    pub(crate) fn read(&self, value: ValueRef<'_>) -> Result<Value, Corrupt> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let declared = match self.form {
            Form::Declared(form) => Some(form),
            Form::Any(_) => None,
        };
        stored::canonical(self.kind, value, declared).map(|time| Value::Text(time.as_str().into()))
    }
}

/// A comparison with a value, in a declared form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Compared {
    /// Compare with this value.
    With(Relation, Value),
    /// True for every time.
    Always,
    /// False for every time.
    Never,
}

/// How stored values in this form relate to one of our values; `None` if that is no time. Then the texts must
/// be compared.
pub(crate) fn compared(form: StoredTime, kind: Kind, relation: Relation, with: &Value) -> Option<Compared> {
    let Value::Text(text) = with else { return None };
    if !stored::is_canonical(kind, text) {
        return None;
    }
    let (moment, _) = stored::read(kind, with.as_ref(), None)?;
    let moment = form.of_kind(kind, moment);
    if let Some(value) = form.exact(moment) {
        return Some(Compared::With(relation, value));
    }
    // The value is between two steps of the form: a stored value that is not after the lower step is less
    // than the value.
    let below = form.exact(form.floor(moment))?;
    Some(match relation {
        Relation::Equal => Compared::Never,
        Relation::NotEqual => Compared::Always,
        Relation::Less | Relation::LessOrEqual => Compared::With(Relation::LessOrEqual, below),
        Relation::Greater | Relation::GreaterOrEqual => Compared::With(Relation::Greater, below),
    })
}
