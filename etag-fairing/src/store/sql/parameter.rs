//! The parameters of statements.

use super::ids::id_value;
use crate::schema::{Columns, ResourceId, ValueRef};

/// A value for a statement, and its column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter<'a> {
    pub(crate) value: ValueRef<'a>,
    /// The column that the value is written to; empty if the value is only compared. An error of PostgreSQL
    /// names this column.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite's errors name their columns"))]
    pub(crate) column: &'static str,
    /// The parts of a composite id, each of which is a parameter of its own. `value` is none then.
    parts: &'a [ResourceId],
}

impl<'a> From<ValueRef<'a>> for Parameter<'a> {
    fn from(value: ValueRef<'a>) -> Self {
        Self { value, column: "", parts: &[] }
    }
}

impl<'a> From<&'a ResourceId> for Parameter<'a> {
    fn from(id: &'a ResourceId) -> Self {
        Self::id(id)
    }
}

impl<'a> Parameter<'a> {
    /// A value that is written to a column.
    pub(crate) fn of(column: &'static str, value: ValueRef<'a>) -> Self {
        Self { value, column, parts: &[] }
    }

    /// An id that is written to columns, or null, as a value for each of them.
    pub(crate) fn of_each(
        columns: Columns,
        id: Option<&'a ResourceId>,
    ) -> impl Iterator<Item = Self> + use<'a> {
        columns.names().enumerate().map(move |(place, column)| {
            let value = match id {
                None => ValueRef::Null,
                Some(id) if id.parts().is_empty() => id_value(id),
                Some(id) => id.parts().get(place).map_or(ValueRef::Null, id_value),
            };
            Self::of(column, value)
        })
    }

    /// An id that is compared. In the text of the statement it is one parameter, or one for each part.
    pub(crate) fn id(id: &'a ResourceId) -> Self {
        Self { value: id_value(id), column: "", parts: id.parts() }
    }

    /// An id that is written to columns, of which this is the first.
    pub(crate) fn id_of(column: &'static str, id: &'a ResourceId) -> Self {
        Self { column, ..Self::id(id) }
    }

    /// Whether it stands for several parameters.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite takes the values one by one"))]
    pub(crate) fn is_composite(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The values that it stands for.
    pub(crate) fn values(self) -> impl Iterator<Item = ValueRef<'a>> {
        let own = self.parts.is_empty().then_some(self.value);
        own.into_iter().chain(self.parts.iter().map(id_value))
    }
}
