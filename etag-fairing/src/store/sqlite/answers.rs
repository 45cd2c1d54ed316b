//! The table of the answers that are kept for requests with an `Idempotency-Key`.

use rusqlite::{Connection, Result};

use super::table;
use crate::config::SchemaMode;
use crate::store::sql::answers::{DEFINITIONS, TABLE};

/// Makes the table, as far as the mode lets it. Returns whether it is there.
pub(super) fn install(sqlite: &Connection, mode: SchemaMode) -> Result<bool> {
    if table::find(sqlite, TABLE)?.is_some() {
        return Ok(true);
    }
    if mode == SchemaMode::Check {
        return Ok(false);
    }
    DEFINITIONS.into_iter().try_for_each(|statement| sqlite.execute_batch(statement))?;
    Ok(true)
}

/// The statements that make the table, as far as it is not there; all of them without a database.
pub(super) fn definitions(sqlite: Option<&Connection>) -> Result<Vec<&'static str>> {
    let is_there = sqlite.map_or(Ok(None), |sqlite| table::find(sqlite, TABLE))?.is_some();
    Ok(if is_there { Vec::new() } else { DEFINITIONS.to_vec() })
}
