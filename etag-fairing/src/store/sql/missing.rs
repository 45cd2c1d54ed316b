//! Columns and tables that are not there: whether a launch may make them, and what it says if not.

use super::definitions::{Definitions, Layout, NewColumn, create_table};
use super::prepare::{FoundColumn as _, FoundTable, Owner, quoted, unused};
use super::schema::{Column, Table};
use crate::config::{SchemaMode, nearest};

/// How many columns a message names that the missing one may have been.
const NAMED: usize = 3;

/// A column that a table lacks.
#[derive(Debug)]
pub(in crate::store) struct Missing<'table> {
    pub(in crate::store) column: &'table Column,
    /// Whether it is a view that lacks it.
    pub(super) of_view: bool,
    /// Columns that nothing uses, of which it may be the new name; the likeliest come first.
    unused: Vec<Unused>,
}

/// A column that nothing uses.
#[derive(Debug)]
struct Unused {
    name: String,
    /// Whether its type is one that the missing column can have.
    fits: bool,
}

impl<'table> Missing<'table> {
    pub(in crate::store) fn of<F: FoundTable>(table: &Table, column: &'table Column, found: &F) -> Self {
        let mut others: Vec<_> = unused(table, found)
            .map(|other| Unused { name: other.name().to_owned(), fits: found.fits(other, column) })
            .collect();
        if others.iter().any(|other| other.fits) {
            others.retain(|other| other.fits);
        }
        let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
        if let Some(near) = nearest(column.name, &names).map(str::to_owned) {
            others.retain(|other| other.name == near);
        }
        Self { column, of_view: found.is_view(), unused: others }
    }

    /// Whether a launch may add the column. If the table has a column that nothing uses, the attribute may have been
    /// renamed: a new column would be empty, and the values would seem to be lost.
    pub(in crate::store) fn may_be_added(&self, owner: Owner, mode: SchemaMode) -> bool {
        owner == Owner::Store && mode == SchemaMode::Extend && self.unused.is_empty() && !self.of_view
    }

    /// The column that it may have been, if its values could stay where they are.
    pub(super) fn former_name(&self) -> Option<&str> {
        self.unused.first().filter(|other| other.fits).map(|other| other.name.as_str())
    }

    /// The statement that renames a column to this one.
    pub(super) fn rename(&self, table: &Table, former: &str) -> String {
        let (table, former, name) = (quoted(table.name), quoted(former), quoted(self.column.name));
        format!("ALTER TABLE {table} RENAME COLUMN {former} TO {name}")
    }

    /// What stops the launch. `new` is the statement that would add the column.
    pub(in crate::store) fn problem(
        &self,
        table: &Table,
        owner: Owner,
        mode: SchemaMode,
        new: &NewColumn,
    ) -> String {
        let name = self.column.name;
        let mut text =
            format!("table `{}` has no column `{name}`, which {} needs", table.name, self.column.needed_by);
        if self.of_view {
            text.push_str(
                ": it is a view; add it there, or name the right one with #[jsonapi(column = \"…\")]",
            );
            return text;
        }
        let mut add = format!("`{}`", new.statement());
        if matches!(new, NewColumn::WithoutValues(_)) {
            add.push_str(", then give each row a value");
        }
        let Some(first) = self.unused.first() else {
            text.push_str(&format!(": add it ({add}), "));
            if owner == Owner::Store && mode == SchemaMode::Create {
                text.push_str(
                    "let the launch add it (`schema = \"extend\"` in the configuration of the database), ",
                );
            }
            text.push_str("or name the right one with #[jsonapi(column = \"…\")]");
            return text;
        };
        let names: Vec<_> = self.unused.iter().take(NAMED).map(|other| format!("`{}`", other.name)).collect();
        let of_type = if first.fits { "" } else { " of another type" };
        text.push_str(&format!(
            ", but has {}{of_type}, which nothing here uses: renamed? ",
            names.join(", ")
        ));
        if first.fits {
            text.push_str(&format!(
                "If so, rename the column (`{}`), or keep its name with #[jsonapi(column = \"{}\")]. If not, add the \
                 new one yourself ({add})",
                self.rename(table, &first.name),
                first.name
            ));
        } else {
            text.push_str(&format!(
                "If so, add the new one ({add}) and bring the values over; if not, add it yourself as well"
            ));
        }
        text
    }
}

/// The message about a table that is not there, where a launch makes none.
pub(in crate::store) fn no_table<D: Definitions>(dialect: D, table: &Table) -> String {
    format!(
        "there is no table `{}`, which {} needs: make it (`{}`), or let the launch make it (`schema = \"create\"` in the \
         configuration of the database)",
        table.name,
        table.needed_by(),
        create_table(dialect, table, Layout::Line)
    )
}

/// The message about the table of the marks that is not there, where a launch makes none. `definition` makes it.
pub(in crate::store) fn marks_are_missing(definition: &str) -> String {
    format!(
        "there is no table for the versions of deleted rows, which resources with a version need: make it (`{definition}`), \
         or let the launch make it (`schema = \"create\"` in the configuration of the database)"
    )
}

/// Warns that a table that has just been made may be one that is there under another name. `others` are tables that the
/// store has made, and that nothing here uses.
pub(in crate::store) fn warn_of_former_table<F: FoundTable>(table: &Table, others: &[(String, F)]) {
    for (other, found) in others {
        let has = |column: &Column| found.column(column.name).is_some_and(|known| found.fits(known, column));
        if !table.columns.is_empty() && table.columns.iter().all(has) {
            log::warn!(
                "the table `{}` was not there and is made, while nothing uses the table `{other}`, which has all of its \
                 columns: renamed? Then stop, drop the new one and rename the other (`ALTER TABLE {} RENAME TO {}`), or \
                 keep its name with #[jsonapi(table = \"{other}\")]",
                table.name,
                quoted(other),
                quoted(table.name)
            );
        }
    }
}
