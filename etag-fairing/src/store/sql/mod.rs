//! SQL text for stores over SQL databases.
//!
//! Text is built by `sea-query`: names are quoted and values are parameters, never text. What has a fixed shape
//! is built once a connection ([`cache`]). Each builder says which parameters its text takes, in order; a
//! [`Dialect`] holds what databases spell differently.

pub(crate) mod cache;
pub(crate) mod edge;
pub(crate) mod schema;
pub(crate) mod select;
pub(crate) mod write;

use sea_query::{Expr, FunctionCall, Query, QueryStatementWriter, SelectStatement};

/// What databases spell differently.
pub(crate) trait Dialect: Copy {
    /// The text of a statement.
    fn text(self, statement: &impl QueryStatementWriter) -> String;

    /// A table of the ids in one parameter, so that the text does not depend on their number: the place of
    /// each in the column `key`, the id in the column `value`.
    fn id_list(self) -> FunctionCall;
}

/// The place of a parameter. Its value is bound when the statement runs.
fn parameter() -> Expr {
    Expr::val(0_i64)
}

/// The ids of a list, for `IN` and `NOT IN`.
fn ids_of_list<D: Dialect>(dialect: D) -> SelectStatement {
    Query::select().column(("e", "value")).from_function(dialect.id_list(), "e").to_owned()
}
