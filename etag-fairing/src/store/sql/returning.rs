//! Statements that make or change a row and read it.

use sea_query::{Expr, ExprTrait, Query, TableRef};

use super::{
    Dialect,
    abilities::Limits,
    change::{GivenId, new_rows},
    ids::IdColumns,
    parameter,
    select::{ROWS, exprs},
};
use crate::plan::Selection;

/// Changes a row, and returns what a selection reads of it. Parameters: the values of the columns, in order, its id, then
/// the version that it must have, if there is a version column.
pub(crate) fn update_returning<D: Dialect>(
    dialect: D,
    selection: &Selection,
    columns: &[&'static str],
    version: Option<&'static str>,
) -> String {
    let resource = selection.resource;
    dialect.text(
        Query::update()
            .table(TableRef::from(resource.table).alias(ROWS))
            .values(columns.iter().map(|column| (*column, parameter())))
            .and_where(IdColumns::of(Some(ROWS), resource).is_parameter())
            .and_where_option(version.map(|version| Expr::col((ROWS, version)).eq(parameter())))
            .returning(Query::returning().exprs(exprs(dialect, selection))),
    )
}

/// Makes a row, and returns what a selection reads of it. Parameters: the id if it is given, then a value for each column that
/// the database doesn't generate.
///
/// # Errors
/// Never for a description: the numbers of values and columns are equal.
pub(crate) fn insert_returning<D: Dialect>(
    dialect: D,
    selection: &Selection,
    given: GivenId,
    limits: &Limits,
) -> Result<String, String> {
    let resource = selection.resource;
    let mut insert = new_rows(resource, given, limits, &[], 1)?;
    insert
        .into_table(TableRef::from(resource.table).alias(ROWS))
        .returning(Query::returning().exprs(exprs(dialect, selection)));
    Ok(dialect.text(&insert))
}
