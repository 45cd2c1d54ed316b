//! What is there: tables and columns, as SQLite tells of them.

use rusqlite::{Connection, OptionalExtension, Result};

use super::checks::{self, Check};
use crate::schema::{Kind, StoredTime};
use crate::store::sql::abilities::Verb;
use crate::store::sql::definitions::IndexOrder;
use crate::store::sql::prepare::{self, FoundTable};
use crate::store::sql::referrer::ForeignKey;
use crate::store::sql::schema::Column;

/// A table or view that is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) is_view: bool,
    /// Neither a view nor a virtual table: triggers can stand on it.
    pub(super) takes_triggers: bool,
    pub(super) has_rowid: bool,
    pub(super) auto_increment: bool,
    /// Those that have a name.
    pub(super) checks: Vec<Check>,
    pub(super) columns: Vec<FoundColumn>,
}

/// One of its columns.
#[derive(Debug)]
pub(super) struct FoundColumn {
    pub(super) name: String,
    pub(super) declared_type: String,
    pub(super) is_not_null: bool,
    pub(super) has_default: bool,
    /// Whether it alone is the primary key.
    pub(super) is_sole_key: bool,
    pub(super) is_generated: bool,
}

impl FoundTable for Found {
    type Column = FoundColumn;

    fn is_view(&self) -> bool {
        self.is_view
    }

    fn columns(&self) -> &[FoundColumn] {
        &self.columns
    }

    fn fits(&self, found: &FoundColumn, column: &Column) -> bool {
        let affinity = Affinity::of(&found.declared_type);
        if self.is_view && found.declared_type.is_empty() {
            true
        } else if column.kind.is_time() {
            affinity.fits_time(column.kind, column.stored)
        } else {
            affinity.fits(column.kind)
        }
    }

    /// SQLite's names ignore the case of ASCII letters.
    fn is_same_name(one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other)
    }

    fn type_name(kind: Kind) -> &'static str {
        kind.sqlite().ours
    }
}

impl prepare::FoundColumn for FoundColumn {
    fn name(&self) -> &str {
        &self.name
    }

    fn declared(&self) -> &str {
        if self.declared_type.is_empty() { "no type" } else { &self.declared_type }
    }

    fn is_not_null(&self) -> bool {
        self.is_not_null
    }

    fn is_filled(&self) -> bool {
        self.has_default || self.is_generated
    }

    fn is_made(&self) -> bool {
        self.is_generated
    }
}

impl FoundColumn {
    /// Whether its type makes numbers of what looks like one, and nothing else is meant to be in it.
    pub(super) fn holds_numbers(&self) -> bool {
        matches!(Affinity::of(&self.declared_type), Affinity::Integer | Affinity::Real)
    }

    /// Whether a key of this type is the rowid, for which SQLite makes values: `INTEGER`, not `INT`.
    pub(super) fn is_integer_key(&self) -> bool {
        self.declared_type.eq_ignore_ascii_case("INTEGER")
    }
}

/// Looks for a table or view.
pub(super) fn find(sqlite: &Connection, name: &str) -> Result<Option<Found>> {
    let table = sqlite
        .query_row(
            "SELECT l.type, l.wr, coalesce(s.sql, '') FROM pragma_table_list AS l \
             LEFT JOIN main.sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view') \
             WHERE l.schema = 'main' AND l.name = ?1 COLLATE NOCASE",
            [name],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, String>(2)?)),
        )
        .optional()?;
    let Some((kind, without_rowid, sql)) = table else { return Ok(None) };
    let mut statement = sqlite.prepare(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?1)",
    )?;
    let mut keys = 0;
    let columns: Result<Vec<_>> = statement
        .query_map([name], |row| {
            let is_key = row.get::<_, i64>(4)? > 0;
            keys += i32::from(is_key);
            Ok(FoundColumn {
                name: row.get(0)?,
                declared_type: row.get(1)?,
                is_not_null: row.get(2)?,
                has_default: row.get(3)?,
                is_sole_key: is_key,
                is_generated: row.get::<_, i64>(5)? > 1,
            })
        })?
        .collect();
    let mut columns = columns?;
    for column in &mut columns {
        column.is_sole_key &= keys == 1;
    }
    Ok(Some(Found {
        is_view: kind == "view",
        takes_triggers: kind == "table",
        has_rowid: !without_rowid,
        auto_increment: sql.to_ascii_uppercase().contains("AUTOINCREMENT"),
        checks: checks::named(&sql),
        columns,
    }))
}

/// The foreign keys of a table.
pub(super) fn foreign_keys(sqlite: &Connection, table: &str) -> Result<Vec<ForeignKey>> {
    let mut statement = sqlite.prepare(
        "SELECT id, \"from\", \"table\", upper(on_delete) FROM pragma_foreign_key_list(?1) ORDER BY id, seq",
    )?;
    let mut rows = statement.query([table])?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, column) = (row.get(0)?, row.get(1)?);
        match keys.last_mut() {
            Some((last, key)) if *last == id => key.columns.push(column),
            _ => {
                let key = ForeignKey { columns: vec![column], target: row.get(2)?, on_delete: row.get(3)? };
                keys.push((id, key));
            }
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// What a view takes, since INSTEAD OF triggers do it.
pub(super) fn instead_of(sqlite: &Connection, view: &str) -> Result<Vec<Verb>> {
    let mut statement = sqlite.prepare(
        "SELECT sql FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE",
    )?;
    let mut rows = statement.query([view])?;
    let mut verbs = Vec::new();
    while let Some(row) = rows.next()? {
        let words = checks::words(&row.get::<_, String>(0)?);
        let is = |at: usize, word: &str| words.get(at).is_some_and(|it| it.eq_ignore_ascii_case(word));
        let Some(at) = (0..words.len()).find(|at| is(*at, "INSTEAD") && is(at + 1, "OF")) else { continue };
        for (word, verb) in [("INSERT", Verb::Insert), ("UPDATE", Verb::Update), ("DELETE", Verb::Delete)] {
            if is(at + 2, word) {
                verbs.push(verb);
            }
        }
    }
    Ok(verbs)
}

/// Whether a unique index makes the column's values differ.
pub(super) fn is_unique(sqlite: &Connection, table: &str, column: &str) -> Result<bool> {
    sqlite.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) AS l WHERE l.\"unique\" AND NOT l.partial \
         AND (SELECT count(*) FROM pragma_index_info(l.name)) = 1 \
         AND (SELECT i.name FROM pragma_index_info(l.name) AS i) = ?2 COLLATE NOCASE)",
        [table, column],
        |row| row.get(0),
    )
}

/// The columns of the primary key, and those of each unique index of the whole table.
pub(super) fn unique_sets(sqlite: &Connection, table: &str) -> Result<Vec<Vec<String>>> {
    let mut statement = sqlite.prepare(
        "SELECT '', name FROM pragma_table_info(?1) WHERE pk > 0 UNION ALL \
         SELECT l.name, i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i \
         WHERE l.\"unique\" AND NOT l.partial",
    )?;
    let mut rows = statement.query([table])?;
    let mut sets: Vec<(String, Vec<String>)> = Vec::new();
    while let Some(row) = rows.next()? {
        // Of an expression there is no name.
        let (index, column): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let column = column.unwrap_or_default();
        match sets.iter_mut().find(|(known, _)| *known == index) {
            Some((_, columns)) => columns.push(column),
            None => sets.push((index, vec![column])),
        }
    }
    Ok(sets.into_iter().map(|(_, columns)| columns).collect())
}

/// Whether an index begins with the column, so that rows are found by it.
pub(super) fn has_index(sqlite: &Connection, table: &str, column: &str, order: IndexOrder) -> Result<bool> {
    sqlite.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) AS l WHERE NOT l.partial \
         AND EXISTS (SELECT 1 FROM pragma_index_xinfo(l.name) AS i WHERE i.seqno = 0 \
         AND i.name = ?2 COLLATE NOCASE AND (?3 OR i.coll = 'BINARY')))",
        (table, column, order == IndexOrder::OfColumn),
        |row| row.get(0),
    )
}

/// Whether the primary key has an index: then it is not the rowid, as with `INTEGER PRIMARY KEY DESC`.
pub(super) fn has_key_index(sqlite: &Connection, table: &str) -> Result<bool> {
    sqlite.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk')",
        [table],
        |row| row.get(0),
    )
}

/// Whether the table has a row. Takes its quoted name.
pub(super) fn has_rows(sqlite: &Connection, quoted: &str) -> Result<bool> {
    sqlite.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {quoted})"), [], |row| row.get(0))
}

/// What SQLite does with values on their way into a column (<https://sqlite.org/datatype3.html>, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    /// Numbers, whole where that loses nothing.
    Integer,
    /// Text.
    Text,
    /// Everything as it comes, into a column that says nothing of its type.
    Any,
    /// The same, into a column that says that it holds bytes: what another program puts there is no text and no number.
    Blob,
    /// Floats.
    Real,
    /// Numbers, and text that is no number.
    Numeric,
}

impl Affinity {
    /// The affinity of a declared type.
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |word: &str| declared.contains(word);
        if has("INT") {
            Self::Integer
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Self::Text
        } else if has("BLOB") {
            Self::Blob
        } else if declared.is_empty() || declared == "ANY" {
            Self::Any
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    /// Whether a column of this affinity gives back times in the form that is declared, or in some form.
    pub(super) fn fits_time(self, kind: Kind, stored: Option<StoredTime>) -> bool {
        match stored {
            // Bytes are no attribute of any kind.
            _ if self == Self::Blob => false,
            Some(form) if form.is_number() => self != Self::Text,
            Some(_) => self.fits(kind),
            None => kind != Kind::Time || self.fits(kind),
        }
    }

    /// Whether a column of this affinity gives back what was put in.
    pub(super) fn fits(self, kind: Kind) -> bool {
        kind.sqlite().taken.contains(&self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Text => "TEXT",
            Self::Any => "ANY",
            Self::Blob => "BLOB",
            Self::Real => "REAL",
            Self::Numeric => "NUMERIC",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinities_of_declared_types() {
        for (declared, affinity) in [
            ("INTEGER", Affinity::Integer),
            ("bigint", Affinity::Integer),
            ("VARCHAR(20)", Affinity::Text),
            ("", Affinity::Any),
            ("ANY", Affinity::Any),
            ("BLOB", Affinity::Blob),
            ("longblob", Affinity::Blob),
            ("DOUBLE PRECISION", Affinity::Real),
            ("BOOLEAN", Affinity::Numeric),
            ("DATETIME", Affinity::Numeric),
        ] {
            assert_eq!(Affinity::of(declared), affinity, "{declared:?}");
        }
    }

    #[test]
    fn text_that_looks_like_a_number_needs_a_text_column() {
        assert!(Affinity::Text.fits(Kind::Text));
        assert!(!Affinity::Numeric.fits(Kind::Text));
        assert!(!Affinity::Integer.fits(Kind::Text));
        assert!(Affinity::Numeric.fits(Kind::Date));
        assert!(Affinity::Numeric.fits(Kind::Bool));
        assert!(!Affinity::Text.fits(Kind::Integer));
        for kind in
            [Kind::Json, Kind::Text, Kind::Integer, Kind::Float, Kind::Bool, Kind::Timestamp, Kind::Uuid]
        {
            assert!(!Affinity::Blob.fits(kind), "{kind:?}: bytes are none of them");
        }
    }
}
