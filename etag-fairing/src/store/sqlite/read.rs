//! Answers plans, in whatever spelling and forms the columns hold their values.

use super::{connection::Connection, session::at_once, spellings};
use crate::plan::{Fetched, Plan, Root};
use crate::store::StoreError;
use crate::store::sql::plan::is_one_statement;
use crate::store::sql::read;
use crate::store::sql::read::Locking;
use crate::store::sql::select::Total;

/// Answers a plan in a read transaction of its own: one snapshot.
pub(super) fn fetch_snapshot(connection: &Connection, plan: &Plan) -> Result<Fetched, StoreError> {
    if is_one_statement(plan, Total::None) {
        // A statement sees one snapshot anyway.
        return fetch(connection, plan);
    }
    connection.control("BEGIN")?;
    let fetched = fetch(connection, plan);
    connection.rollback();
    fetched
}

/// Whether it takes no longer than to find one row by its key.
pub(super) fn is_short(plan: &Plan) -> bool {
    matches!(plan.root, Root::One(_)) && plan.scopes.is_empty() && is_one_statement(plan, Total::None)
}

/// Answers a plan in whatever transaction is open.
pub(super) fn fetch(connection: &Connection, plan: &Plan) -> Result<Fetched, StoreError> {
    // Whoever writes is the only one: no row needs a lock.
    let Some(forms) = connection.spellings() else {
        return at_once(read::fetch(connection, plan, Locking::None));
    };
    let plan = connection.plan_as_stored(&forms, plan)?;
    let mut fetched = at_once(read::fetch(connection, &plan, Locking::None))?;
    spellings::told(&forms, &plan, &mut fetched);
    Ok(fetched)
}
