//! Checks of existing tables, the same for all databases.
//!
//! Each store describes its database's catalogue by [`FoundTable`] and [`FoundColumn`]. The definitions of
//! tables and columns are the store's own.

use super::missing::Missing;
use super::schema::{Column, Key, Reference, Table};
use crate::schema::{IdKind, Kind, OnDelete};

/// The table with the names of the tables that the store has created. It is created together with the first
/// of them.
pub(in crate::store) const OURS: &str = "_etag_fairing_tables";

/// An existing table or view.
pub(in crate::store) trait FoundTable {
    type Column: FoundColumn;

    /// Whether it is a view.
    fn is_view(&self) -> bool;

    /// Its columns.
    fn columns(&self) -> &[Self::Column];

    /// Whether an existing column returns the values that were stored in it.
    fn fits(&self, found: &Self::Column, column: &Column) -> bool;

    /// Whether the database treats two names as the same.
    fn is_same_name(one: &str, other: &str) -> bool;

    /// The type that a column of this kind should have, for messages.
    fn type_name(kind: Kind) -> &'static str;

    /// A column by its name.
    fn column(&self, name: &str) -> Option<&Self::Column> {
        self.columns().iter().find(|column| Self::is_same_name(column.name(), name))
    }
}

/// An existing column.
pub(in crate::store) trait FoundColumn {
    fn name(&self) -> &str;

    /// The type in the column's definition, for messages.
    fn declared(&self) -> &str;

    fn is_not_null(&self) -> bool;

    /// Whether the database sets a value if none is given: a default, or a generated one.
    fn is_filled(&self) -> bool;

    /// The texts that its type lists, if it is an enum of the database's own.
    fn labels(&self) -> &[String] {
        &[]
    }

    /// Whether the database generates all of its values, so that none may be given.
    fn is_made(&self) -> bool;
}

/// Who has created a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Owner {
    /// The store, which adds columns for new attributes.
    Store,
    /// The user, or another program. The store never alters such a table.
    User,
}

impl Owner {
    /// The owner of a table. `is_ours` tells whether its name is in [`OURS`].
    pub(in crate::store) fn of(is_ours: bool) -> Self {
        if is_ours { Self::Store } else { Self::User }
    }
}

/// The column and the kind of a resource's id; `None` for a join table and for a composite id. A missing column is a problem.
pub(in crate::store) fn id_column<'found, F: FoundTable>(
    table: &Table,
    found: &'found F,
    problems: &mut Vec<String>,
) -> Option<(&'found F::Column, IdKind)> {
    let (Key::Id { column: name, kind }, []) = (table.key, table.key.parts()) else { return None };
    let column = found.column(name);
    if column.is_none() {
        problems.push(format!(
            "table `{}` has no column `{name}`, which is the id of `{}`: add it, or name the right one with \
             #[jsonapi(column = \"…\")]",
            table.name,
            table.resources()
        ));
    }
    Some((column?, kind))
}

/// Checks the columns other than the id. Returns those that the table lacks.
pub(in crate::store) fn check_columns<'table, F: FoundTable>(
    table: &'table Table,
    found: &F,
    problems: &mut Vec<String>,
) -> Vec<Missing<'table>> {
    let mut missing = Vec::new();
    for column in &table.columns {
        match found.column(column.name) {
            Some(known) if !found.fits(known, column) => problems.push(wrong_type::<F>(
                table,
                column.name,
                column.kind,
                known.declared(),
                &column.needed_by,
            )),
            Some(known) => {
                check_labels(table, column, known, problems);
                let can_be_null = !known.is_not_null() || known.is_filled() || known.is_made();
                if !can_be_null && !table.is_required(column) && !column.is_position {
                    log::warn!(
                        "table `{}`, column `{}` is NOT NULL, but {} may be null: such writes will be refused",
                        table.name,
                        column.name,
                        column.needed_by
                    );
                }
            }
            None => missing.push(Missing::of(table, column, found)),
        }
    }
    if !found.is_view() {
        warn_of_others(table, found);
    }
    missing
}

/// The columns of a table that nothing here uses, and that can be given values.
pub(in crate::store) fn unused<'found, F: FoundTable>(
    table: &Table,
    found: &'found F,
) -> impl Iterator<Item = &'found F::Column> {
    found.columns().iter().filter(|column| !column.is_made() && !is_used::<F>(table, column.name()))
}

fn is_used<F: FoundTable>(table: &Table, name: &str) -> bool {
    table.columns.iter().any(|known| F::is_same_name(known.name, name))
        // The columns of a composite id are among these.
        || matches!(table.key, Key::Id { column: id, .. } if F::is_same_name(id, name))
}

/// What is wrong with a table after it was prepared: it is missing, or it lacks a column, or has one of another type.
pub(in crate::store) fn misfits<F: FoundTable>(table: &Table, found: Option<&F>) -> Vec<String> {
    let Some(found) = found else { return vec![format!("table `{}` is missing", table.name)] };
    let id = match table.key {
        Key::Id { column, .. } if table.key.parts().is_empty() => Some(column),
        Key::Id { .. } | Key::Pair { .. } => None,
    };
    let lacks = |name: &str| found.column(name).is_none();
    let missing = id.into_iter().chain(table.columns.iter().map(|column| column.name));
    let missing = missing.filter(|name| lacks(name));
    let missing = missing.map(|name| format!("table `{}` has no column `{name}`", table.name));
    let wrong = table.columns.iter().filter_map(|column| {
        let known = found.column(column.name).filter(|known| !found.fits(known, column))?;
        Some(wrong_type::<F>(table, column.name, column.kind, known.declared(), &column.needed_by))
    });
    missing.chain(wrong).collect()
}

/// An enum of the database's own must have each variant of the attribute's: else writing it would fail.
fn check_labels(table: &Table, column: &Column, known: &impl FoundColumn, problems: &mut Vec<String>) {
    let (labels, Some(variants)) = (known.labels(), &column.variants) else { return };
    if labels.is_empty() {
        return;
    }
    let missing = variants.iter().filter(|variant| !labels.iter().any(|label| label == *variant));
    for variant in missing {
        problems.push(format!(
            "table `{}`, column `{}`: its type `{}` has no `{variant}`, which {} may be: add it (`ALTER TYPE {} ADD \
             VALUE '{}'`), or remove the variant",
            table.name,
            column.name,
            known.declared(),
            column.needed_by,
            known.declared(),
            variant.replace('\'', "''")
        ));
    }
    for label in labels.iter().filter(|label| !variants.contains(&label.as_str())) {
        log::warn!(
            "table `{}`, column `{}`: its type `{}` has `{label}`, which {} cannot be: a row that has it is shown with a \
             warning, or not at all",
            table.name,
            column.name,
            known.declared(),
            column.needed_by
        );
    }
}

/// Logs a warning about other columns that need a value and get none.
fn warn_of_others<F: FoundTable>(table: &Table, found: &F) {
    for column in found.columns() {
        if !is_used::<F>(table, column.name()) && column.is_not_null() && !column.is_filled() {
            log::warn!(
                "table `{}`, column `{}` needs a value, but nothing here gives it one: creating will fail",
                table.name,
                column.name()
            );
        }
    }
}

/// The message about a column whose type cannot hold the attribute's values.
pub(in crate::store) fn wrong_type<F: FoundTable>(
    table: &Table,
    column: &str,
    kind: Kind,
    declared: &str,
    needed_by: &str,
) -> String {
    format!(
        "table `{}`, column `{column}`: expected {}, found `{declared}`; {needed_by} needs it",
        table.name,
        F::type_name(kind)
    )
}

/// The message about an id column that is not unique.
pub(in crate::store) fn id_is_not_unique(table: &Table, column: &str) -> String {
    format!(
        "table `{}`, column `{column}`: the id of `{}` must be the primary key, or unique",
        table.name,
        table.resources()
    )
}

/// Checks the columns of a composite id: together they must be unique, and each must have a value. `sets` are the columns
/// of each unique index, with those of the primary key. Their types are checked as those of the members that they are.
pub(in crate::store) fn check_composite_key<F: FoundTable>(
    table: &Table,
    found: &F,
    sets: &[Vec<String>],
    problems: &mut Vec<String>,
) {
    let key = table.key.parts();
    if key.is_empty() || found.is_view() {
        return;
    }
    let is_key = |set: &Vec<String>| {
        set.len() == key.len()
            && key.iter().all(|part| set.iter().any(|name| F::is_same_name(name, part.column)))
    };
    if !sets.iter().any(is_key) {
        let columns: Vec<String> = key.iter().map(|part| format!("`{}`", part.column)).collect();
        problems.push(format!(
            "table `{}`: the columns {} are the id of `{}`, so that they must be the primary key, or unique together, and no \
             other column with them",
            table.name,
            columns.join(", "),
            table.resources()
        ));
    }
}

/// The message about a new column that needs a value in existing rows.
pub(in crate::store) fn no_value_for_rows(table: &Table, column: &Column) -> String {
    format!(
        "table `{}` has rows, but no column `{}`, which {} needs, and there is no value to give them: \
         give it a default, or make it optional",
        table.name, column.name, column.needed_by
    )
}

/// The indexes of a table that the store creates: their names, and the reference of each. Without them, each
/// deletion of a referenced row and each inverse relationship would read the whole table.
pub(in crate::store) fn indexes(table: &Table) -> Vec<(String, &Reference)> {
    // What the key begins with already has the key's index.
    let key = table.key.columns();
    let mut indexes: Vec<(String, &Reference)> = Vec::new();
    for reference in &table.references {
        let has_one = key.iter().copied().zip(reference.columns.names()).all(|(key, own)| key == own)
            && reference.columns.number() <= key.len();
        let columns: Vec<&str> = reference.columns.names().collect();
        let name = format!("{}_{}_index", table.name, columns.join("_"));
        // The arms of a polymorphic relationship have one together.
        if !has_one && indexes.iter().all(|(known, _)| *known != name) {
            indexes.push((name, reference));
        }
    }
    indexes
}

/// The `ON DELETE` action of a foreign key that the store creates.
pub(in crate::store) fn on_delete(action: OnDelete) -> &'static str {
    match action {
        OnDelete::Restrict => "RESTRICT",
        OnDelete::SetNull => "SET NULL",
        OnDelete::Cascade => "CASCADE",
    }
}

/// A quoted name for a statement.
pub(in crate::store) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
