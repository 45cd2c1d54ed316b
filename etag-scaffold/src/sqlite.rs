//! The tables of a SQLite file.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Result};

use crate::catalogue::{Catalogue, Column, Database, ForeignKey, Holds, Table, TableKind};

/// How many rows tell what a column without a type holds.
const SAMPLE: u32 = 1000;

/// Reads a file.
pub(crate) fn read(path: &str) -> std::result::Result<Catalogue, String> {
    if !Path::new(path).is_file() {
        return Err(format!("there is no file `{path}`"));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let tables = Connection::open_with_flags(path, flags).and_then(|sqlite| {
        // One snapshot.
        sqlite.execute_batch("BEGIN")?;
        tables(&sqlite)
    });
    let tables = tables.map_err(|error| format!("cannot read `{path}`: {error}"))?;
    Ok(Catalogue { database: Database::Sqlite, url: format!("sqlite:{path}"), tables })
}

fn tables(sqlite: &Connection) -> Result<Vec<Table>> {
    let mut statement = sqlite.prepare(
        "SELECT l.name, l.type, l.wr FROM pragma_table_list AS l \
         WHERE l.schema = 'main' AND l.type <> 'shadow' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY l.name",
    )?;
    let found = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?))
    })?;
    found
        .map(|found| {
            let (name, kind, without_rowid) = found?;
            table(sqlite, name, &kind, without_rowid)
        })
        .collect()
}

fn table(sqlite: &Connection, name: String, kind: &str, without_rowid: bool) -> Result<Table> {
    let kind = match kind {
        "table" => TableKind::Table,
        "view" => TableKind::View,
        _ => TableKind::Other,
    };
    let mut statement = sqlite.prepare(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) WHERE hidden <> 1",
    )?;
    let mut key = Vec::new();
    let columns: Result<Vec<Column>> = statement
        .query_map([&name], |row| {
            let column = Column {
                name: row.get(0)?,
                declared: row.get(1)?,
                holds: Holds::Nothing,
                is_not_null: row.get(2)?,
                default: row.get(3)?,
                is_generated: row.get::<_, i64>(5)? > 1,
                is_identity: false,
            };
            let place: i64 = row.get(4)?;
            if place > 0 {
                key.push((place, column.name.clone()));
            }
            Ok(column)
        })?
        .collect();
    let mut columns = columns?;
    for column in &mut columns {
        column.holds = match column.declared.is_empty() && kind == TableKind::Table {
            true => sampled(sqlite, &name, &column.name)?,
            false => holds(&column.declared),
        };
    }
    key.sort();
    let key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
    let is_integer = |name: &String| {
        columns.iter().any(|column| column.name == *name && column.declared.eq_ignore_ascii_case("INTEGER"))
    };
    // `INTEGER PRIMARY KEY DESC` is no rowid: it has an index of its own.
    let has_key_index: bool = sqlite.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk')",
        [&name],
        |row| row.get(0),
    )?;
    let makes_ids = !without_rowid && !has_key_index && key.len() == 1 && key.iter().all(is_integer);
    let (uniques, foreign_keys) = (uniques(sqlite, &name)?, foreign_keys(sqlite, &name)?);
    Ok(Table { name, kind, columns, key, uniques, foreign_keys, makes_ids })
}

fn uniques(sqlite: &Connection, table: &str) -> Result<Vec<Vec<String>>> {
    let mut statement = sqlite
        .prepare("SELECT name FROM pragma_index_list(?1) WHERE \"unique\" AND NOT partial ORDER BY name")?;
    let names: Result<Vec<String>> = statement.query_map([table], |row| row.get(0))?.collect();
    let mut columns =
        sqlite.prepare("SELECT coalesce(name, '') FROM pragma_index_info(?1) ORDER BY seqno")?;
    names?.iter().map(|index| columns.query_map([index], |row| row.get(0))?.collect()).collect()
}

fn foreign_keys(sqlite: &Connection, table: &str) -> Result<Vec<ForeignKey>> {
    let mut statement = sqlite.prepare(
        "SELECT id, \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq",
    )?;
    let mut rows = statement.query([table])?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, from, target): (i64, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(3)?);
        if !matches!(keys.last(), Some((last, _)) if *last == id) {
            keys.push((id, ForeignKey { columns: Vec::new(), table: row.get(2)?, targets: Vec::new() }));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(from);
            key.targets.extend(target);
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// What a declared type means: first by words that programs write there, then by SQLite's rules of affinity
/// (<https://sqlite.org/datatype3.html>, 3.1).
fn holds(declared: &str) -> Holds {
    let declared = declared.to_ascii_uppercase();
    let has = |word: &str| declared.contains(word);
    if has("INT") {
        return Holds::Big;
    }
    if has("CHAR") || has("CLOB") || has("TEXT") {
        return Holds::Text;
    }
    if has("BLOB") {
        return Holds::Bytes;
    }
    if has("REAL") || has("FLOA") || has("DOUB") {
        return Holds::Double;
    }
    // The rest has affinity NUMERIC, which keeps text that is no number as it is.
    if has("BOOL") {
        Holds::Bool
    } else if has("DATETIME") || has("TIMESTAMP") {
        if has("TZ") || has("WITH TIME ZONE") { Holds::Timestamp } else { Holds::DateTime }
    } else if has("DATE") {
        Holds::Date
    } else if has("TIME") {
        Holds::Time
    } else if has("UUID") || has("GUID") {
        Holds::Uuid
    } else if has("JSON") {
        Holds::Json
    } else if has("DEC") || has("NUM") || has("MONEY") {
        Holds::Decimal
    } else {
        Holds::Nothing
    }
}

/// What a column without a type holds: what its rows hold, if that is one thing.
fn sampled(sqlite: &Connection, table: &str, column: &str) -> Result<Holds> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let text = format!(
        "SELECT group_concat(DISTINCT typeof(c)) FROM (SELECT {} AS c FROM {} LIMIT {SAMPLE}) WHERE c IS NOT NULL",
        quoted(column),
        quoted(table)
    );
    let types: Option<String> = sqlite.query_row(&text, [], |row| row.get(0))?;
    Ok(match types.as_deref() {
        Some("integer") => Holds::Big,
        Some("real" | "integer,real" | "real,integer") => Holds::Double,
        None | Some("text") => Holds::Text,
        Some("blob") => Holds::Bytes,
        Some(_) => Holds::Nothing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        for (declared, expected) in [
            ("INTEGER", Holds::Big),
            ("NVARCHAR(160)", Holds::Text),
            ("DATETIME", Holds::DateTime),
            ("timestamptz", Holds::Timestamp),
            ("date", Holds::Date),
            ("TIME", Holds::Time),
            ("NUMERIC(10,2)", Holds::Decimal),
            ("BOOLEAN", Holds::Bool),
            ("UUID", Holds::Uuid),
            ("JSON", Holds::Json),
            ("BLOB", Holds::Bytes),
            ("VARBINARY(16)", Holds::Nothing),
            ("double precision", Holds::Double),
            ("GEOMETRY", Holds::Nothing),
            // By affinity, whatever it says: it holds whole numbers.
            ("POINT", Holds::Big),
        ] {
            assert_eq!(holds(declared), expected, "{declared}");
        }
    }
}
