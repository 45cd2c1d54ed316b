//! The table of the answers that are kept for requests with an `Idempotency-Key`.

use super::{connection::Connection, prepare::PREPARING, table};
use crate::config::SchemaMode;
use crate::schema::ValueRef;
use crate::store::StoreError;
use crate::store::sql::answers::{DEFINITIONS, TABLE};

/// What the store does with the table.
const MAY_USE: &str = "SELECT 1 WHERE has_table_privilege('_etag_fairing_keys', 'SELECT') \
     AND has_table_privilege('_etag_fairing_keys', 'INSERT') AND has_table_privilege('_etag_fairing_keys', 'UPDATE') \
     AND has_table_privilege('_etag_fairing_keys', 'DELETE')";

/// Makes the table in the open transaction, as far as the mode and the role let it. Returns whether it can be used.
pub(super) async fn install(connection: &Connection, mode: SchemaMode) -> Result<bool, StoreError> {
    if mode != SchemaMode::Check {
        // Another node may be making it.
        connection.rows("SELECT pg_advisory_xact_lock($1)", &[ValueRef::Integer(PREPARING).into()]).await?;
    }
    if table::find(connection, TABLE).await?.is_some() {
        return Ok(!connection.rows(MAY_USE, &[]).await?.is_empty());
    }
    if mode == SchemaMode::Check {
        return Ok(false);
    }
    match connection.whole(connection.batch(&DEFINITIONS.join("; "))).await {
        Ok(()) => Ok(true),
        Err(error) if connection.is_conflicted() => Err(error),
        Err(error) => {
            log::warn!("the table `{TABLE}` is not made: {error}");
            Ok(false)
        }
    }
}

/// The statements that make the table, as far as it is not there.
pub(super) async fn missing_definitions(connection: &Connection) -> Result<Vec<&'static str>, StoreError> {
    let is_there = table::find(connection, TABLE).await?.is_some();
    Ok(if is_there { Vec::new() } else { DEFINITIONS.to_vec() })
}
