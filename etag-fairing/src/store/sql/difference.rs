//! What a database lacks of what resources need, as statements to review before they are run.
//!
//! A new database lacks everything, so that its definition is the same thing.

use super::definitions::{
    Definitions, ForeignKeys, Layout, NewColumn, Trigrams, add_column, add_foreign_key, create_indexes,
    create_table,
};
use super::index_advice::no_trigrams;
use super::missing::Missing;
use super::prepare::{FoundColumn as _, FoundTable, quoted, unused};
use super::schema::{Column, Reference, Table};

/// What a store needs beside the tables of the resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beside {
    /// What counts changes.
    pub(crate) revisions: bool,
    /// The table of the answers that are kept for requests with an `Idempotency-Key`.
    pub(crate) answers: bool,
}

/// A part of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A statement, without the semicolon that ends it.
    Statement(String),
    /// What somebody has to decide, or can't be done by a statement.
    Remark(String),
}

/// The steps as a script.
pub(crate) fn script(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Statement(statement) => text.push_str(&format!("{statement};\n")),
            // A name may have line breaks, and what follows one would be a statement.
            Step::Remark(remark) => text.push_str(&format!("-- {}\n", remark.replace(['\n', '\r'], " "))),
        }
    }
    text
}

/// What has to be there before indexes of trigrams are made, or is said of them where there are none.
pub(in crate::store) fn before_trigrams<D: Definitions>(_: D, tables: &[&Table]) -> Vec<Step> {
    let columns = tables.iter().flat_map(|table| table.columns.iter().map(move |column| (*table, column)));
    let mut columns = columns.filter(|(_, column)| column.has_trigrams).peekable();
    match D::TRIGRAMS {
        Trigrams::Extension(..) if columns.peek().is_none() => Vec::new(),
        Trigrams::Extension(remark, statement) => {
            vec![Step::Remark(remark.to_owned()), Step::Statement(statement.to_owned())]
        }
        Trigrams::Nowhere(instead) => {
            columns.map(|(table, column)| Step::Remark(no_trigrams(table, column, instead))).collect()
        }
    }
}

/// The definitions of tables that are not there: first all tables, then what refers from one to another. `can_refer` says
/// whether foreign keys can refer to a table; they can't refer to views.
pub(in crate::store) fn new_tables<D: Definitions>(
    dialect: D,
    tables: &[&Table],
    can_refer: impl Fn(&str) -> bool,
) -> Vec<Step> {
    let mut steps: Vec<Step> =
        tables.iter().map(|table| Step::Statement(create_table(dialect, table, Layout::Lines))).collect();
    if D::FOREIGN_KEYS == ForeignKeys::Behind {
        for table in tables {
            let refers = |reference: &&Reference| can_refer(reference.table);
            let keys = table.foreign_keys().filter(refers);
            steps.extend(keys.map(|reference| Step::Statement(add_foreign_key(table, reference))));
        }
    }
    let indexes = tables.iter().flat_map(|table| create_indexes(dialect, table));
    steps.extend(indexes.map(|index| Step::Statement(index.statement)));
    steps
}

/// Whether a database can change later whether a column may be null.
#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "each database has its way")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum NullChange {
    /// `ALTER TABLE … ALTER COLUMN … DROP NOT NULL`.
    ByStatement,
    /// Only a new table in the place of the old one does it.
    ByNewTable,
}

/// What a table that is there lacks, given the columns that are missing. `has_rows` says whether it has any rows.
pub(in crate::store) fn columns<D: Definitions, F: FoundTable>(
    dialect: D,
    table: &Table,
    found: &F,
    missing: &[Missing<'_>],
    has_rows: bool,
    change: NullChange,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for lacking in missing {
        add(dialect, table, lacking, has_rows, change, &mut steps);
    }
    if found.is_view() {
        return steps;
    }
    for column in &table.columns {
        if let Some(known) = found.column(column.name) {
            nullability(table, column, known, change, &mut steps);
        }
    }
    for column in unused(table, found) {
        let needs = match column.is_not_null() && !column.is_filled() {
            true => ", and it needs a value, so that nothing can be created",
            false => "",
        };
        steps.push(Step::Remark(format!(
            "table {}, column {}: nothing uses it{needs}",
            quoted(table.name),
            quoted(column.name())
        )));
    }
    steps
}

fn add<D: Definitions>(
    dialect: D,
    table: &Table,
    lacking: &Missing<'_>,
    has_rows: bool,
    change: NullChange,
    steps: &mut Vec<Step>,
) {
    let (name, column) = (quoted(table.name), quoted(lacking.column.name));
    if lacking.of_view {
        steps.push(Step::Remark(format!(
            "{name} is a view, and has no column {column}, which {} needs",
            lacking.column.needed_by
        )));
        return;
    }
    if let Some(former) = lacking.former_name() {
        steps.push(Step::Remark(format!(
            "Renamed? Then, in place of the next statement: {};",
            lacking.rename(table, former)
        )));
    }
    match add_column(dialect, table, lacking.column, has_rows) {
        Err(problem) => steps.push(Step::Remark(problem)),
        Ok(NewColumn::Whole(statement)) => steps.push(Step::Statement(statement)),
        Ok(NewColumn::WithoutValues(statement)) => {
            steps.push(Step::Statement(statement));
            steps.push(Step::Remark(format!(
                "Each row needs a value, which only you can know: UPDATE {name} SET {column} = …;"
            )));
            steps.push(Step::Remark(match change {
                NullChange::ByStatement => {
                    format!("And then: ALTER TABLE {name} ALTER COLUMN {column} SET NOT NULL;")
                }
                NullChange::ByNewTable => format!(
                    "Or add it with NOT NULL and a DEFAULT: SQLite can't make {column} NOT NULL afterwards."
                ),
            }));
        }
    }
}

/// Tells where a column may be null and its attribute may not, or the other way round.
fn nullability<C: super::prepare::FoundColumn>(
    table: &Table,
    column: &Column,
    known: &C,
    change: NullChange,
    steps: &mut Vec<Step>,
) {
    let refuses_null = known.is_not_null() && !known.is_filled() && !known.is_made();
    let (name, column_name) = (quoted(table.name), quoted(column.name));
    match (table.is_required(column), refuses_null, change) {
        (false, true, NullChange::ByStatement) => steps
            .push(Step::Statement(format!("ALTER TABLE {name} ALTER COLUMN {column_name} DROP NOT NULL"))),
        (false, true, NullChange::ByNewTable) => steps.push(Step::Remark(format!(
            "table {name}, column {column_name}: {} may be null, but the column is NOT NULL, which SQLite changes only with \
             a new table",
            column.needed_by
        ))),
        (true, false, NullChange::ByStatement) if !known.is_not_null() && !known.is_made() => {
            steps.push(Step::Remark(format!(
                "{} is never null, but the column may be. If no row has null in it: ALTER TABLE {name} ALTER COLUMN \
                 {column_name} SET NOT NULL;",
                column.needed_by
            )));
        }
        _ => {}
    }
}
