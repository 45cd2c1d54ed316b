//! What refers to a row, and what becomes of it when the row is deleted, where the database doesn't see to it.

use sea_query::{Expr, ExprTrait, Query};

use super::{
    Dialect, parameter,
    schema::{Key, Reference, Table, kind_of_id},
};
use crate::resource::OnDelete;

/// A column that refers to a table.
#[derive(Debug)]
pub(crate) struct Referrer {
    /// The referring table, for telling rows apart.
    pub(crate) table: &'static str,
    /// The table it refers to.
    pub(crate) target: &'static str,
    /// What becomes of a row that refers to what is deleted.
    pub(crate) effect: Effect,
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

impl Referrer {
    /// All references of these tables.
    pub(crate) fn of<D: Dialect>(dialect: D, tables: &[Table]) -> Vec<Self> {
        let mut referrers = Vec::new();
        for table in tables {
            for column in &table.columns {
                let Some(Reference { table: target, on_delete, .. }) = column.reference else { continue };
                let refers = || dialect.by_code_points(Expr::col(column.name), column.kind).eq(parameter());
                let effect = match (table.key, on_delete) {
                    (Key::Pair { .. }, _) => {
                        Effect::End(dialect.text(Query::delete().from_table(table.name).and_where(refers())))
                    }
                    (Key::Id { column: key, kind }, on_delete) => {
                        let ids =
                            dialect.text(Query::select().column(key).from(table.name).and_where(refers()));
                        let own = dialect.by_code_points(Expr::col(key), kind_of_id(kind)).eq(parameter());
                        match on_delete {
                            OnDelete::SetNull => Effect::Empty {
                                ids,
                                empty: dialect.text(
                                    Query::update()
                                        .table(table.name)
                                        .value(column.name, Expr::null())
                                        .and_where(refers()),
                                ),
                            },
                            OnDelete::Cascade => Effect::Cascade {
                                ids,
                                delete: dialect.text(Query::delete().from_table(table.name).and_where(own)),
                            },
                            _ => Effect::Restrict(ids),
                        }
                    }
                };
                referrers.push(Self { table: table.name, target, effect });
            }
        }
        referrers
    }
}
