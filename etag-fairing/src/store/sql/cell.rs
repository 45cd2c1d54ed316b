//! Reads the values of a row that a statement returned, and checks them against the description.

use super::select::{Cell, Content};
use crate::schema::{
    Columns, CompositeId, Corrupt, IdKind, IdPart, Kind, Odd, ResourceId, Rows, StoredTime, Value, ValueRef,
};
use crate::store::StoreError;

/// A row that the database returned.
pub(crate) trait Cells {
    /// The value in a column, of any kind. `text` is the buffer for a value that is text for us, but has
    /// another form in the database.
    fn value<'a>(&'a self, index: usize, text: &'a mut String) -> Result<ValueRef<'a>, Unreadable>;

    /// The value of an attribute of this kind, or null. A time may have a declared form, and a decimal number a
    /// declared number of digits behind the point.
    fn attribute<'a>(
        &'a self,
        index: usize,
        kind: Kind,
        stored: Option<StoredTime>,
        scale: Option<usize>,
        text: &'a mut String,
    ) -> Result<ValueRef<'a>, Unreadable>;

    /// Whether the column is null.
    fn is_null(&self, index: usize) -> Result<bool, StoreError>;

    /// The odd value for a stored value that its member cannot have.
    fn odd(&self, index: usize, detail: String) -> Odd;
}

/// Why there is no value.
pub(crate) enum Unreadable {
    /// The stored value is not of this kind. The text says why.
    Odd(String),
    /// The row has no such column, or the database failed. The error is in a box to keep this type small.
    Failed(Box<StoreError>),
}

impl From<StoreError> for Unreadable {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Unreadable {
    /// The error for a value that must be readable.
    fn of(self, table: &str, columns: Columns) -> StoreError {
        match self {
            Self::Odd(detail) => corrupt(table, columns, &detail).into(),
            Self::Failed(error) => *error,
        }
    }

    /// The error for `value` where another type was expected.
    pub(crate) fn expected(expected: &str, value: ValueRef<'_>) -> Self {
        Self::Odd(format!("expected {expected}, found {}", value.word()))
    }
}

/// Adds a row, whose columns begin at index `first`. A value that its member cannot have is added as an odd
/// value. A row without an id is no resource and is skipped.
pub(crate) fn push_row(
    row: &impl Cells,
    first: usize,
    cells: &[Option<Cell>],
    table: &str,
    rows: &mut Rows,
) -> Result<(), StoreError> {
    let mut text = String::new();
    let mut index = first;
    for cell in cells {
        let Some(cell) = cell else {
            rows.push(ValueRef::Null);
            continue;
        };
        match read(row, index, cell.content, &mut text) {
            Ok(value) => rows.push(value),
            Err(Unreadable::Failed(error)) => return Err(*error),
            Err(Unreadable::Odd(detail)) if matches!(cell.content, Content::Id(_)) => {
                log::warn!("{}; the row is not shown", corrupt(table, cell.columns, &detail));
                rows.skip_row();
                return Ok(());
            }
            Err(Unreadable::Odd(detail)) => rows.push_odd(row.odd(index, detail)),
        }
        index += 1;
    }
    Ok(())
}

fn read<'a>(
    row: &'a impl Cells,
    index: usize,
    content: Content,
    text: &'a mut String,
) -> Result<ValueRef<'a>, Unreadable> {
    match content {
        Content::Id(kind) if kind.parts().is_empty() => check_id(kind, row.value(index, text)?),
        Content::Link(kind) if kind.parts().is_empty() => match row.value(index, text)? {
            ValueRef::Null => Ok(ValueRef::Null),
            value => check_id(kind, value),
        },
        // As documents have it.
        Content::Id(kind) | Content::Link(kind) => {
            let id = match row.value(index, text)? {
                ValueRef::Null if matches!(content, Content::Link(_)) => return Ok(ValueRef::Null),
                ValueRef::Text(json) => composite(kind, json)?.to_string(),
                other => return Err(Unreadable::expected("the parts of an id", other)),
            };
            *text = id;
            Ok(ValueRef::Text(text))
        }
        Content::Attribute { kind, nullable, stored, scale, check } => {
            let value = row.attribute(index, kind, stored, scale, text)?;
            if value.is_null() && !nullable {
                return Err(Unreadable::expected("a value", value));
            }
            if let (Some(check), ValueRef::Integer(_) | ValueRef::Decimal(_)) = (check, value)
                && check(value).is_err()
            {
                return Err(Unreadable::expected("a number within the range of its member", value));
            }
            Ok(value)
        }
    }
}

/// An id of a row, or at the other end of an edge. If the stored value cannot be an id, it is logged and
/// skipped.
pub(crate) fn known_id(
    table: &str,
    columns: Columns,
    kind: IdKind,
    row: &impl Cells,
    index: usize,
) -> Result<Option<ResourceId>, StoreError> {
    match id(table, columns, kind, row, index) {
        Ok(id) => Ok(Some(id)),
        Err(StoreError::Corrupt(corrupt)) => {
            log::warn!("{corrupt}; it is not shown");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A stored id.
pub(crate) fn id(
    table: &str,
    columns: Columns,
    kind: IdKind,
    row: &impl Cells,
    index: usize,
) -> Result<ResourceId, StoreError> {
    let mut text = String::new();
    let found = row.value(index, &mut text).and_then(|value| match check_id(kind, value)? {
        ValueRef::Text(json) if !kind.parts().is_empty() => composite(kind, json).map(ResourceId::Composite),
        ValueRef::Integer(id) => Ok(ResourceId::Integer(id)),
        ValueRef::Text(id) => Ok(ResourceId::Text(id.into())),
        other => Err(Unreadable::expected("an id", other)),
    });
    found.map_err(|unreadable| unreadable.of(table, columns))
}

/// A stored id, integer or text, or composite if it has parts. A value that cannot be an id is skipped.
pub(crate) fn any_id(
    row: &impl Cells,
    index: usize,
    key: &'static [IdPart],
) -> Result<Option<ResourceId>, StoreError> {
    match row.value(index, &mut String::new()) {
        Ok(ValueRef::Text(json)) if !key.is_empty() => {
            Ok(CompositeId::of_json(json, key).map(ResourceId::Composite))
        }
        Ok(value) => Ok(IdKind::Text.id_of_value(value).ok().flatten()),
        Err(Unreadable::Odd(_)) => Ok(None),
        Err(Unreadable::Failed(error)) => Err(*error),
    }
}

/// A stored value of any kind.
pub(crate) fn any(
    table: &str,
    column: &'static str,
    row: &impl Cells,
    index: usize,
) -> Result<Value, StoreError> {
    let mut text = String::new();
    let found = row.value(index, &mut text).map(ValueRef::to_owned);
    found.map_err(|unreadable| unreadable.of(table, Columns::one(column)))
}

/// A number that the statement computed: a count, or a place in a list.
pub(crate) fn number(row: &impl Cells, index: usize) -> Result<Option<i64>, StoreError> {
    let mut text = String::new();
    let found = row.value(index, &mut text).and_then(|value| match value {
        ValueRef::Null => Ok(None),
        ValueRef::Integer(number) => Ok(Some(number)),
        other => Err(Unreadable::expected("a whole number", other)),
    });
    found.map_err(|unreadable| unreadable.of("", Columns::one("")))
}

fn corrupt(table: &str, columns: Columns, detail: &str) -> Corrupt {
    Corrupt::new(format!("table `{table}`, column {}: {detail}", columns.in_words()))
}

/// The id of a JSON array of parts, as a statement returns it.
fn composite(kind: IdKind, json: &str) -> Result<CompositeId, Unreadable> {
    CompositeId::of_json(json, kind.parts()).ok_or_else(|| {
        let has_null = serde_json::from_str::<Vec<serde_json::Value>>(json)
            .is_ok_and(|parts| parts.iter().any(serde_json::Value::is_null));
        Unreadable::Odd(match has_null {
            true => format!("of {json} some parts are null, and others are not, so that it is no id"),
            false => format!("its key {json} is none that its resource can have"),
        })
    })
}

fn check_id(kind: IdKind, value: ValueRef<'_>) -> Result<ValueRef<'_>, Unreadable> {
    match (kind, value) {
        (IdKind::Integer { min, max }, ValueRef::Integer(id)) if !(min..=max).contains(&id) => {
            Err(Unreadable::Odd(format!("the id {id} is not one from {min} to {max}")))
        }
        (IdKind::Integer { .. }, ValueRef::Integer(_)) | (IdKind::Text | IdKind::Uuid, ValueRef::Text(_)) => {
            Ok(value)
        }
        (IdKind::Composite(_), ValueRef::Text(_)) => Ok(value),
        (IdKind::Composite(_), _) => Err(Unreadable::expected("the parts of an id", value)),
        (IdKind::Integer { .. }, _) => Err(Unreadable::expected("an integer id", value)),
        (IdKind::Text | IdKind::Uuid, _) => Err(Unreadable::expected("a text id", value)),
    }
}
