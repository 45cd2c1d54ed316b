//! The columns that refer to a row, and what happens to the referring rows when the row is deleted.
//!
//! In tables that the store has created, the structs decide (`on_delete`). In other tables the foreign keys
//! decide, unless `on_delete` is written on the relationship. If such a table has no foreign key, the structs
//! decide.

use sea_query::{Expr, ExprTrait, Query};

use super::{
    Dialect,
    ids::IdColumns,
    schema::{Decider, Key, Reference, Table, kind_of_id},
};
use crate::schema::{Id, IdPart, OnDelete};

/// A column that refers to a table.
#[derive(Debug)]
pub(crate) struct Referrer {
    /// The referring table, as part of a row's identity.
    pub(crate) table: &'static str,
    /// The table it refers to.
    pub(crate) target: &'static str,
    /// Who applies the effect.
    pub(crate) by: By,
    /// What happens to the referring rows.
    pub(crate) effect: Effect,
    /// If the referring rows are deleted softly: returns the ids of those that are not deleted yet.
    pub(crate) living: Option<String>,
    /// Whether it leads to the row even if that is deleted softly.
    pub(crate) sees_deleted: bool,
    /// The parts of the referring rows' ids, if these are composite.
    pub(crate) key: &'static [IdPart],
}

/// Who applies the effect of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A foreign key of the database.
    Database,
    /// The store, by its own statements.
    Store,
}

/// The effect of a deletion on the referring rows. The parameter of the statements is the id of the deleted
/// row.
#[derive(Debug)]
pub(crate) enum Effect {
    /// The referring rows forbid the deletion, unless they are deleted too. The statement returns their ids.
    Restrict(String),
    /// One statement deletes the referring rows of a join table.
    End(String),
    /// One statement sets the references to null.
    Empty {
        /// Returns the ids of the referring rows.
        ids: String,
        /// Sets their references to null.
        empty: String,
    },
    /// The referring rows are deleted too, with the effects on the rows that refer to them.
    Cascade {
        /// Returns the ids of the referring rows.
        ids: String,
        /// Deletes one of them, by its own id.
        delete: String,
    },
}

/// A foreign key in the database's catalogue.
#[derive(Debug)]
pub(crate) struct ForeignKey {
    /// Its columns. A composite key has several.
    pub(crate) columns: Vec<String>,
    /// The table it refers to.
    pub(crate) target: String,
    /// `RESTRICT`, `NO ACTION`, `SET NULL`, `CASCADE` or `SET DEFAULT`.
    pub(crate) on_delete: String,
}

/// An existing table and its entries in the database's catalogue.
#[derive(Debug)]
pub(crate) struct FoundTable {
    pub(crate) table: Table,
    /// Whether the store has created it.
    pub(crate) is_ours: bool,
    pub(crate) keys: Vec<ForeignKey>,
}

impl Referrer {
    /// All references in these tables. `same` tells whether two names mean the same.
    pub(crate) fn of<D: Dialect>(
        dialect: D,
        tables: &[FoundTable],
        same: fn(&str, &str) -> bool,
    ) -> Vec<Self> {
        let mut referrers = Vec::new();
        for FoundTable { table, is_ours, keys } in tables {
            for reference in &table.references {
                let mut keys: Vec<&ForeignKey> =
                    keys.iter().filter(|key| key.is_of(reference, same)).collect();
                if reference.only.is_some() {
                    // A foreign key knows nothing of types.
                    keys.clear();
                }
                let by_struct = *is_ours || reference.decider == Decider::Struct || keys.is_empty();
                let (effect, by) = if by_struct {
                    let seen_to = keys.iter().any(|key| key.does(reference));
                    (Some(reference.on_delete), if seen_to { By::Database } else { By::Store })
                } else {
                    (keys.iter().find_map(|key| key.effect(reference)), By::Database)
                };
                let Some(effect) = effect else { continue };
                let refers = Refers { dialect, table, reference };
                let (effect, living) = (refers.effect(effect), refers.living());
                let Reference { table: target, sees_deleted, .. } = *reference;
                let (table, key) = (table.name, table.key.parts());
                referrers.push(Self { table, target, by, effect, living, sees_deleted, key });
            }
        }
        referrers
    }

    /// Returns the ids of the referring rows. A row of a join table has none.
    pub(crate) fn ids(&self) -> Option<&str> {
        match &self.effect {
            Effect::End(_) => None,
            Effect::Restrict(ids) | Effect::Empty { ids, .. } | Effect::Cascade { ids, .. } => Some(ids),
        }
    }

    /// Whether the database applies the effects of all these references.
    pub(crate) fn all_seen_to(referrers: &[Self]) -> bool {
        referrers.iter().all(|referrer| referrer.by == By::Database)
    }
}

impl ForeignKey {
    /// Whether the foreign key has a part of the columns of a reference, and leads to the same table.
    fn is_of(&self, reference: &Reference, same: fn(&str, &str) -> bool) -> bool {
        same(&self.target, reference.table)
            && self.columns.iter().any(|own| reference.columns.names().any(|column| same(own, column)))
    }

    /// Whether the foreign key has just the columns of a reference.
    fn is_whole(&self, reference: &Reference) -> bool {
        self.columns.len() == reference.columns.number()
            && self.columns.iter().all(|column| reference.columns.has(column))
    }

    /// Whether the foreign key has the effect that a struct asks for.
    fn does(&self, reference: &Reference) -> bool {
        let actions: &[&str] = match reference.on_delete {
            OnDelete::Restrict => &["RESTRICT", "NO ACTION"],
            OnDelete::SetNull => &["SET NULL"],
            OnDelete::Cascade => &["CASCADE"],
        };
        self.is_whole(reference) && actions.contains(&self.on_delete.as_str())
    }

    /// The effect on the referring rows; `None` if they forbid the deletion.
    fn effect(&self, reference: &Reference) -> Option<OnDelete> {
        match self.on_delete.as_str() {
            // A key of other columns deletes only some of the rows that refer to the same row. So the most that is
            // known about these rows is that they change.
            "CASCADE" if self.is_whole(reference) => Some(OnDelete::Cascade),
            "CASCADE" | "SET NULL" | "SET DEFAULT" => Some(OnDelete::SetNull),
            _ => None,
        }
    }
}

/// The columns of a table that refer to rows of another one.
struct Refers<'a, D> {
    dialect: D,
    table: &'a Table,
    reference: &'a Reference,
}

impl<D: Dialect> Refers<'_, D> {
    fn columns(&self) -> IdColumns<'static> {
        IdColumns::at(None, self.reference.columns, self.reference.kind)
    }

    /// The id of the rows; `None` for those of a join table.
    fn own(&self) -> Option<IdColumns<'static>> {
        match self.table.key {
            Key::Id { column, kind } => Some(IdColumns::at(None, Id { column, kind }.columns(), kind)),
            Key::Pair { .. } => None,
        }
    }

    /// Whether a row refers to the id that is the parameter.
    fn condition(&self) -> Expr {
        let Self { dialect, reference, .. } = self;
        let by = |column, kind| dialect.by_code_points(column, kind_of_id(kind));
        let refers = self.columns().is_parameter_by(by);
        match reference.only {
            None => refers,
            Some(only) => only.bare().and(refers),
        }
    }

    /// Returns the ids of the referring rows that are not deleted, of a table whose rows are deleted softly.
    /// Parameters: the id that they refer to.
    fn living(&self) -> Option<String> {
        let Self { dialect, table, .. } = self;
        let (own, (deletion, _)) = (self.own()?, table.deletion?);
        let mut living = Query::select();
        living
            .expr(own.cell(*dialect))
            .from(table.name)
            .and_where(self.condition())
            .and_where(Expr::col(deletion).is_null());
        Some(dialect.text(&living))
    }

    fn effect(&self, on_delete: OnDelete) -> Effect {
        let Self { dialect, table, reference } = self;
        let refers = || self.condition();
        let Some(own) = self.own() else {
            return Effect::End(dialect.text(Query::delete().from_table(table.name).and_where(refers())));
        };
        let ids = Query::select().expr(own.cell(*dialect)).from(table.name).and_where(refers()).to_owned();
        let ids = dialect.text(&ids);
        let by = |column, kind| dialect.by_code_points(column, kind_of_id(kind));
        let own = own.is_parameter_by(by);
        match on_delete {
            OnDelete::SetNull => Effect::Empty {
                ids,
                empty: dialect.text(
                    Query::update()
                        .table(table.name)
                        .values(self.columns().emptied())
                        .values(reference.only.map(|only| (only.column, Expr::null())))
                        .and_where(refers()),
                ),
            },
            OnDelete::Cascade => Effect::Cascade {
                ids,
                delete: dialect.text(Query::delete().from_table(table.name).and_where(own)),
            },
            OnDelete::Restrict => Effect::Restrict(ids),
        }
    }
}
