//! What the rows of a table are told apart by: its primary key, or something that serves as one.

use crate::catalogue::{Catalogue, Column, Database, Holds, Table};

/// What the rows of a table are told apart by.
pub(super) enum Id<'a> {
    /// A column, with its Rust type.
    One(&'a Column, &'static str),
    /// Several columns.
    Several(Vec<&'a Column>),
}

impl Id<'_> {
    pub(super) fn has_part(&self, column: &str) -> bool {
        matches!(self, Self::Several(parts) if parts.iter().any(|part| part.name == column))
    }
}

/// What tells rows apart: the primary key, or else the columns of a unique index.
///
/// # Errors
/// Why there is nothing.
pub(super) fn id<'a>(catalogue: &Catalogue, table: &'a Table) -> Result<Id<'a>, String> {
    let is_sure = |name: &String| catalogue.column(table, name).is_some_and(|column| column.is_not_null);
    let names = match table.key.as_slice() {
        [] => {
            // On SQLite only the rowid makes integers.
            let can_be_id = |columns: &&Vec<String>| match columns.as_slice() {
                [name] => catalogue.column(table, name).is_some_and(|column| {
                    catalogue.database == Database::Postgres || column.holds == Holds::Text
                }),
                several => !several.is_empty(),
            };
            let mut uniques = table.uniques.iter().filter(|columns| columns.iter().all(is_sure));
            let unique = uniques.clone().find(|columns| columns.len() == 1 && can_be_id(columns));
            match unique.or_else(|| uniques.find(can_be_id)) {
                Some(names) => names.as_slice(),
                None => {
                    return Err("it has no primary key, so that no URL could name one of its rows (add one, or a unique \
                                index over columns that are NOT NULL)"
                        .into());
                }
            }
        }
        names => names,
    };
    if let [name] = names {
        let column = catalogue.column(table, name).ok_or_else(|| format!("its key {name:?} is no column"))?;
        if column.holds == Holds::Big && catalogue.database == Database::Sqlite && !table.makes_ids {
            return Err(format!(
                "its key {name:?} is {}, and SQLite makes values only for INTEGER PRIMARY KEY",
                column.declared
            ));
        }
        return Ok(Id::One(column, id_type(column)?));
    }
    let mut parts = Vec::new();
    for name in names {
        let column = catalogue.column(table, name).ok_or_else(|| format!("its key {name:?} is no column"))?;
        id_type(column)?;
        if column.is_generated {
            return Err(format!(
                "a part of its key, {name:?}, is generated, so that no resource could be created"
            ));
        }
        if table.columns.iter().filter(|other| other.name.eq_ignore_ascii_case(name)).count() > 1 {
            return Err(format!(
                "a part of its key, {name:?}, differs from another column only by the case of its letters"
            ));
        }
        parts.push(column);
    }
    Ok(Id::Several(parts))
}

/// The Rust type of a column that is an id, or part of one.
pub(super) fn id_type(column: &Column) -> Result<&'static str, String> {
    match &column.holds {
        Holds::Small | Holds::Integer => Ok("i32"),
        Holds::Big => Ok("i64"),
        Holds::Text => Ok("String"),
        Holds::Uuid => Ok("uuid::Uuid"),
        _ => Err(format!("its key {:?} is {}, which no id can be", column.name, column.declared)),
    }
}
