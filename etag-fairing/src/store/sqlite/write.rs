//! Makes changes, in a transaction that is open, in whatever spelling the columns hold their values.

use super::{connection::Connection, session::at_once, spellings};
use crate::plan::{Change, LinkageChange, Scopes};
use crate::schema::{ResourceId, Value};
use crate::store::StoreError;
use crate::store::sql::write;

/// Makes one change, whole or not at all, if the resource has this version. Answers the id of the resource.
pub(super) fn apply(
    connection: &Connection,
    change: &Change,
    version: Option<&Value>,
    scopes: &Scopes,
) -> Result<ResourceId, StoreError> {
    let Some(forms) = connection.spellings() else {
        return at_once(write::apply(connection, change, version, scopes));
    };
    let stored = connection.change_as_stored(&forms, change);
    let stored = stored.map_err(|error| connection.explained(change, error))?;
    spellings::told_change(change.resource(), at_once(write::apply(connection, &stored, version, scopes)))
}

/// The table of the resource that it is about.
pub(super) fn table(change: &Change) -> &'static str {
    change.resource().table
}

/// Whether it changes one row, and nothing that goes with it.
pub(super) fn is_short(change: &Change) -> bool {
    match change {
        Change::Delete { .. } => false,
        Change::Insert { linkage, .. } | Change::Update { linkage, .. } => {
            linkage.iter().all(|change| matches!(change, None | Some(LinkageChange::One(_))))
        }
    }
}
