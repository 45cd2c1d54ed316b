//! How SQLite spells what databases spell differently.

use sea_query::{Expr, Func, FunctionCall, QueryStatementWriter, SqliteQueryBuilder};

use crate::store::sql::Dialect;

/// SQLite's dialect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sqlite;

impl Dialect for Sqlite {
    fn text(self, statement: &impl QueryStatementWriter) -> String {
        statement.build(SqliteQueryBuilder).0
    }

    /// The parameter is a JSON array.
    fn id_list(self) -> FunctionCall {
        Func::cust("json_each").arg(Expr::val(""))
    }
}
