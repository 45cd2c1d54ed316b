//! What refers to a row, and what becomes of it when the row is deleted.
//!
//! In the tables that the store has made, the structs say it (`on_delete`). In a table of the user's its foreign keys
//! do, unless a struct says it all the same; where it has none, the structs do.

use sea_query::{Expr, ExprTrait, Query};

use super::{
    Dialect, parameter,
    schema::{Column, Decider, Key, Table, kind_of_id},
};
use crate::schema::OnDelete;

/// A column that refers to a table.
#[derive(Debug)]
pub(crate) struct Referrer {
    /// The referring table, for telling rows apart.
    pub(crate) table: &'static str,
    /// The table it refers to.
    pub(crate) target: &'static str,
    /// Who makes the effect.
    pub(crate) by: By,
    /// What becomes of a row that refers to what is deleted.
    pub(crate) effect: Effect,
}

/// Who makes what a deletion brings with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A foreign key of the database.
    Database,
    /// The store, with statements of its own.
    Store,
}

/// With statements whose parameter is the id of what is deleted.
#[derive(Debug)]
pub(crate) enum Effect {
    /// It stands against the deletion, unless it is itself deleted with it. The statement gives the ids of those
    /// rows.
    Restrict(String),
    /// One statement ends the row of a join table.
    End(String),
    /// One statement empties the reference.
    Empty {
        /// Gives the ids of those rows.
        ids: String,
        /// Empties the reference of all of them.
        empty: String,
    },
    /// It is deleted too, and so on from there.
    Cascade {
        /// Gives the ids of those rows.
        ids: String,
        /// Deletes one, by its own id.
        delete: String,
    },
}

/// A foreign key, as a database tells of it.
#[derive(Debug)]
pub(crate) struct ForeignKey {
    /// Its columns; more than one in a composite key.
    pub(crate) columns: Vec<String>,
    /// The table it refers to.
    pub(crate) target: String,
    /// `RESTRICT`, `NO ACTION`, `SET NULL`, `CASCADE` or `SET DEFAULT`.
    pub(crate) on_delete: String,
}

/// A table that is there, with what the database says of it.
#[derive(Debug)]
pub(crate) struct FoundTable {
    pub(crate) table: Table,
    /// Whether the store has made it.
    pub(crate) is_ours: bool,
    pub(crate) keys: Vec<ForeignKey>,
}

impl Referrer {
    /// All references of these tables. `same` says whether two names are one.
    pub(crate) fn of<D: Dialect>(
        dialect: D,
        tables: &[FoundTable],
        same: fn(&str, &str) -> bool,
    ) -> Vec<Self> {
        let mut referrers = Vec::new();
        for FoundTable { table, is_ours, keys } in tables {
            for column in &table.columns {
                let Some(reference) = column.reference else { continue };
                let keys: Vec<&ForeignKey> = keys
                    .iter()
                    .filter(|key| {
                        same(&key.target, reference.table)
                            && key.columns.iter().any(|it| same(it, column.name))
                    })
                    .collect();
                let by_struct = *is_ours || reference.decider == Decider::Struct || keys.is_empty();
                let (effect, by) = if by_struct {
                    let seen_to = keys.iter().any(|key| key.does(reference.on_delete));
                    (Some(reference.on_delete), if seen_to { By::Database } else { By::Store })
                } else {
                    (keys.iter().find_map(|key| key.effect()), By::Database)
                };
                let Some(effect) = effect else { continue };
                let effect = Effect::of(dialect, table, column, effect);
                referrers.push(Self { table: table.name, target: reference.table, by, effect });
            }
        }
        referrers
    }

    /// Whether the database does all that these bring with them.
    pub(crate) fn all_seen_to(referrers: &[Self]) -> bool {
        referrers.iter().all(|referrer| referrer.by == By::Database)
    }
}

impl ForeignKey {
    /// Whether the database does by it what a struct asks for.
    fn does(&self, on_delete: OnDelete) -> bool {
        let actions: &[&str] = match on_delete {
            OnDelete::Restrict => &["RESTRICT", "NO ACTION"],
            OnDelete::SetNull => &["SET NULL"],
            OnDelete::Cascade => &["CASCADE"],
        };
        self.columns.len() == 1 && actions.contains(&self.on_delete.as_str())
    }

    /// What it does to rows that refer to what is deleted; `None` if it stands against the deletion.
    fn effect(&self) -> Option<OnDelete> {
        match self.on_delete.as_str() {
            // By a composite key not all that have the same value in this column go along: what is told of them here
            // must not be more than that they change.
            "CASCADE" if self.columns.len() == 1 => Some(OnDelete::Cascade),
            "CASCADE" | "SET NULL" | "SET DEFAULT" => Some(OnDelete::SetNull),
            _ => None,
        }
    }
}

impl Effect {
    fn of<D: Dialect>(dialect: D, table: &Table, column: &Column, on_delete: OnDelete) -> Self {
        let refers = || dialect.by_code_points(Expr::col(column.name), column.kind).eq(parameter());
        let Key::Id { column: key, kind } = table.key else {
            return Self::End(dialect.text(Query::delete().from_table(table.name).and_where(refers())));
        };
        let ids = dialect.text(Query::select().column(key).from(table.name).and_where(refers()));
        let own = dialect.by_code_points(Expr::col(key), kind_of_id(kind)).eq(parameter());
        match on_delete {
            OnDelete::SetNull => Self::Empty {
                ids,
                empty: dialect.text(
                    Query::update().table(table.name).value(column.name, Expr::null()).and_where(refers()),
                ),
            },
            OnDelete::Cascade => Self::Cascade {
                ids,
                delete: dialect.text(Query::delete().from_table(table.name).and_where(own)),
            },
            OnDelete::Restrict => Self::Restrict(ids),
        }
    }
}
