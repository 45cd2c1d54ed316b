//! The foreign keys by which the database itself sees to it that what a row refers to is there, and stays while the row does.

use std::collections::HashMap;

use super::connection::Connection;
use crate::schema::{Columns, ValueRef};
use crate::store::StoreError;

/// Foreign keys of one column each that nobody has turned off, between tables of resources, by the table that refers.
#[derive(Debug, Default)]
pub(super) struct References(HashMap<&'static str, Vec<Reference>>);

#[derive(Debug)]
struct Reference {
    column: String,
    target: String,
    target_column: String,
    /// Whether older rows were checked, too.
    is_valid: bool,
}

impl References {
    /// Those of these tables.
    pub(super) async fn of(connection: &Connection, tables: &[&'static str]) -> Result<Self, StoreError> {
        let list = serde_json::to_string(tables).map_err(|error| StoreError::Internal(error.to_string()))?;
        // A key is kept by triggers at both ends. One that is not enforced has none. Where policies hide rows from us, a key finds
        // them all the same.
        let found = "WITH n AS (SELECT name, to_regclass(quote_ident(name)) AS oid FROM unnest(CAST($1 AS text[])) AS n(name)) \
             SELECT n.name, CAST(a.attname AS text), m.name, CAST(b.attname AS text), f.convalidated \
             FROM pg_constraint AS f JOIN n ON n.oid = f.conrelid JOIN n AS m ON m.oid = f.confrelid \
             JOIN pg_class AS t ON t.oid = f.confrelid \
             JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1] \
             JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1] \
             WHERE f.contype = 'f' AND array_length(f.conkey, 1) = 1 AND NOT t.relrowsecurity \
             AND EXISTS (SELECT 1 FROM pg_trigger AS g WHERE g.tgconstraint = f.oid AND g.tgrelid = f.conrelid) \
             AND NOT EXISTS (SELECT 1 FROM pg_trigger AS g WHERE g.tgconstraint = f.oid AND g.tgenabled NOT IN ('O', 'A'))";
        let broken = |error| StoreError::Internal(format!("the catalogue: {error}"));
        let mut references: HashMap<_, Vec<Reference>> = HashMap::new();
        for row in connection.rows(found, &[ValueRef::Text(&list).into()]).await? {
            let name: String = row.try_get(0).map_err(broken)?;
            let Some(table) = tables.iter().find(|table| **table == name) else { continue };
            let (column, target) = (row.try_get(1).map_err(broken)?, row.try_get(2).map_err(broken)?);
            let target_column = row.try_get(3).map_err(broken)?;
            let is_valid = row.try_get(4).map_err(broken)?;
            references.entry(*table).or_default().push(Reference { column, target, target_column, is_valid });
        }
        Ok(Self(references))
    }

    /// Whether the database refuses a new row whose column refers to no row of the other table.
    pub(super) fn refuse_a_dangling(&self, from: (&str, Columns), to: (&str, Columns)) -> bool {
        self.any(from, to, |_| true)
    }

    /// Whether no row refers to an id of the other table that has no row there.
    pub(super) fn none_dangles(&self, from: (&str, Columns), to: (&str, Columns)) -> bool {
        self.any(from, to, |key| key.is_valid)
    }

    fn any(&self, from: (&str, Columns), to: (&str, Columns), is: impl Fn(&Reference) -> bool) -> bool {
        let are_single = from.1.number() == 1 && to.1.number() == 1;
        let (column, target) = (from.1.first(), (to.0, to.1.first()));
        let mut keys = self.0.get(from.0).into_iter().flatten();
        are_single
            && keys.any(|key| {
                key.column == column && (key.target.as_str(), key.target_column.as_str()) == target && is(key)
            })
    }
}
