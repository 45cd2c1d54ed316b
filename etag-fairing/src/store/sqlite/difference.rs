//! What an SQLite database lacks of what resources need.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Result};

use super::marks::{self, MARKS};
use super::options::{Location, SqliteOptions};
use super::prepare::{check_key, is_large};
use super::{answers, dialect::Sqlite, revisions, table};
use crate::schema::Description;
use crate::store::PrepareError;
use crate::store::sql::difference::{Beside, NullChange, Step, before_trigrams, columns, new_tables};
use crate::store::sql::prepare::{FoundTable as _, check_columns, quoted};
use crate::store::sql::{definitions, definitions::IndexOrder, index_advice, schema, versions::Versions};

/// Everything that an empty database lacks.
///
/// # Errors
/// If the resources contradict each other.
pub(crate) fn definition(
    resources: &[&'static Description],
    beside: Beside,
) -> std::result::Result<Vec<Step>, PrepareError> {
    steps(None, resources, beside).map_err(|error| PrepareError::new(error.to_string()))?
}

/// What the database at this place lacks. It is only read.
///
/// # Errors
/// If it can't be read, or the resources contradict each other.
pub(crate) fn difference(
    options: &SqliteOptions,
    resources: &[&'static Description],
    beside: Beside,
) -> std::result::Result<Vec<Step>, PrepareError> {
    let path = match &options.location {
        Location::File(path) if path.exists() => path,
        Location::File(_) | Location::Temporary => return definition(resources, beside),
    };
    let read = |path: &Path| {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sqlite = Connection::open_with_flags(path, flags)?;
        sqlite.busy_timeout(options.busy_timeout)?;
        // One snapshot.
        sqlite.execute_batch("BEGIN")?;
        steps(Some(&sqlite), resources, beside)
    };
    read(path).map_err(|error| {
        PrepareError::new(format!("cannot read the database `{}`: {error}", path.display()))
    })?
}

fn steps(
    sqlite: Option<&Connection>,
    resources: &[&'static Description],
    beside: Beside,
) -> Result<std::result::Result<Vec<Step>, PrepareError>> {
    let mut problems = Vec::new();
    let tables = schema::tables(resources, &mut problems);
    if !problems.is_empty() {
        return Ok(Err(PrepareError { problems }));
    }
    let (mut new, mut existing, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    for table in &tables {
        match sqlite.map_or(Ok(None), |sqlite| table::find(sqlite, table.name))? {
            None => {
                new.push(table);
                counted.push(table.name);
            }
            Some(found) => {
                counted.extend(found.takes_triggers.then_some(table.name));
                existing.push((table, found));
            }
        }
    }
    let mut steps = before_trigrams(Sqlite, &tables.iter().collect::<Vec<_>>());
    steps.extend(new_tables(Sqlite, &new, |_| true));
    for (table, found) in existing {
        let Some(sqlite) = sqlite else { continue };
        let mut misfits = Vec::new();
        check_key(sqlite, table, &found, &mut misfits)?;
        let missing = check_columns(table, &found, &mut misfits);
        steps.extend(misfits.into_iter().map(Step::Remark));
        let has_rows = !found.is_view && table::has_rows(sqlite, &quoted(table.name))?;
        steps.extend(columns(Sqlite, table, &found, &missing, has_rows, NullChange::ByNewTable));
        if !found.is_view {
            for index in definitions::create_indexes(Sqlite, table) {
                if !table::has_index(sqlite, table.name, index.column, index.order)? {
                    steps.push(Step::Statement(index.statement));
                }
            }
            if is_large(sqlite, table)? {
                let mut columns = Vec::new();
                for column in index_advice::open_columns(table) {
                    // Decimal numbers have no index here.
                    if !column.kind.is_decimal()
                        && found.column(column.name).is_some()
                        && !table::has_index(sqlite, table.name, column.name, IndexOrder::ByCodePoints)?
                    {
                        columns.push(column.name);
                    }
                }
                steps.extend(
                    (!columns.is_empty()).then(|| Step::Remark(index_advice::remark(table, &columns))),
                );
            }
        }
    }
    if beside.revisions {
        steps.extend(revisions::definitions(sqlite, &counted)?.into_iter().map(Step::Statement));
    }
    let has_marks = sqlite.map_or(Ok(None), |sqlite| table::find(sqlite, marks::TABLE))?.is_some();
    if !has_marks && !Versions::of(Sqlite, resources).is_empty() {
        steps.push(Step::Statement(MARKS.to_owned()));
    }
    if beside.answers {
        let statements = answers::definitions(sqlite)?;
        steps.extend(statements.into_iter().map(|statement| Step::Statement(statement.to_owned())));
    }
    Ok(Ok(steps))
}
