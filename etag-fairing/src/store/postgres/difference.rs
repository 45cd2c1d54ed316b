//! What a PostgreSQL database lacks of what resources need.

use std::collections::HashSet;

use super::connection::{Connection, Purpose};
use super::marks::{self, MARKS};
use super::options::PostgresOptions;
use super::prepare::{check_key, is_large};
use super::{PostgresStore, answers, dialect::Postgres, revisions, table};
use crate::schema::Description;
use crate::store::sql::answers::DEFINITIONS;
use crate::store::sql::difference::{Beside, NullChange, Step, before_trigrams, columns, new_tables};
use crate::store::sql::prepare::{FoundTable as _, check_columns, quoted};
use crate::store::sql::schema::{self, Table};
use crate::store::sql::{definitions, definitions::IndexOrder, index_advice, versions::Versions};
use crate::store::{PrepareError, StoreError};

/// Everything that an empty database lacks.
///
/// # Errors
/// If the resources contradict each other.
pub(crate) fn definition(
    resources: &[&'static Description],
    beside: Beside,
) -> Result<Vec<Step>, PrepareError> {
    let tables = tables(resources)?;
    let all: Vec<&Table> = tables.iter().collect();
    let mut steps = before_trigrams(Postgres, &all);
    steps.extend(new_tables(Postgres, &all, |_| true));
    if beside.revisions {
        let names: Vec<_> = tables.iter().map(|table| table.name).collect();
        steps.extend(revisions::definitions(&names).into_iter().map(Step::Statement));
    }
    if !Versions::of(Postgres, resources).is_empty() {
        steps.push(Step::Statement(MARKS.to_owned()));
    }
    if beside.answers {
        steps.extend(DEFINITIONS.map(|statement| Step::Statement(statement.to_owned())));
    }
    Ok(steps)
}

/// What this database lacks. It is only read.
///
/// # Errors
/// If it can't be read, or the resources contradict each other.
pub(crate) async fn difference(
    options: PostgresOptions,
    resources: &[&'static Description],
    beside: Beside,
) -> Result<Vec<Step>, PrepareError> {
    let tables = tables(resources)?;
    let store = PostgresStore::open(options)?;
    let failed = |error| PrepareError::new(format!("cannot read {}: {error}", store.place));
    // For its error, which tells more.
    drop(store.connect().await?);
    let connection = store.take().await.map_err(failed)?;
    connection.begin(Purpose::Write);
    let steps = async {
        connection.batch("SET TRANSACTION READ ONLY").await?;
        steps(&connection, &tables, resources, beside).await
    };
    steps.await.map_err(failed)
}

fn tables(resources: &[&'static Description]) -> Result<Vec<Table>, PrepareError> {
    let mut problems = Vec::new();
    let tables = schema::tables(resources, &mut problems);
    if problems.is_empty() { Ok(tables) } else { Err(PrepareError { problems }) }
}

async fn steps(
    connection: &Connection,
    tables: &[Table],
    resources: &[&'static Description],
    beside: Beside,
) -> Result<Vec<Step>, StoreError> {
    let (mut new, mut existing, mut views) = (Vec::new(), Vec::new(), HashSet::new());
    for table in tables {
        match table::find(connection, table.name).await? {
            None => new.push(table),
            Some(found) => {
                if found.is_view {
                    views.insert(table.name);
                }
                existing.push((table, found));
            }
        }
    }
    let mut steps = Vec::new();
    if !table::has_trigrams(connection).await? {
        let kept: Vec<&Table> = tables.iter().filter(|table| !views.contains(table.name)).collect();
        steps.extend(before_trigrams(Postgres, &kept));
    }
    steps.extend(new_tables(Postgres, &new, |name| !views.contains(name)));
    for (table, found) in existing {
        let mut misfits = Vec::new();
        check_key(connection, table, &found, &mut misfits).await?;
        let missing = check_columns(table, &found, &mut misfits);
        steps.extend(misfits.into_iter().map(Step::Remark));
        let has_rows = !found.is_view && table::has_rows(connection, table.name).await?;
        steps.extend(columns(Postgres, table, &found, &missing, has_rows, NullChange::ByStatement));
        if found.is_view {
            continue;
        }
        for index in definitions::create_indexes(Postgres, table) {
            if !table::has_index(connection, table.name, index.column, index.order).await? {
                steps.push(Step::Statement(index.statement));
                // Only then the planner knows how many rows a text is in.
                let is_new = index.order == IndexOrder::Trigrams;
                steps.extend(is_new.then(|| Step::Statement(format!("ANALYZE {}", quoted(table.name)))));
            }
        }
        if is_large(connection, table).await? {
            let mut columns = Vec::new();
            for column in index_advice::open_columns(table) {
                if found.column(column.name).is_some()
                    && !table::has_index(connection, table.name, column.name, IndexOrder::ByCodePoints)
                        .await?
                {
                    columns.push(column.name);
                }
            }
            steps.extend((!columns.is_empty()).then(|| Step::Remark(index_advice::remark(table, &columns))));
        }
    }
    if beside.revisions {
        let names = tables.iter().map(|table| table.name).filter(|name| !views.contains(name));
        let statements = revisions::missing_definitions(connection, &names.collect::<Vec<_>>()).await?;
        steps.extend(statements.into_iter().map(Step::Statement));
    }
    if !Versions::of(Postgres, resources).is_empty() && table::find(connection, marks::TABLE).await?.is_none()
    {
        steps.push(Step::Statement(MARKS.to_owned()));
    }
    if beside.answers {
        let statements = answers::missing_definitions(connection).await?;
        steps.extend(statements.into_iter().map(|statement| Step::Statement(statement.to_owned())));
    }
    Ok(steps)
}
