//! Makes new rows, and gives them ids.

use super::connection::Connection;
use crate::schema::{Description, IdKind, ResourceId};
use crate::store::StoreError;
use crate::store::sql::change::GivenId;
use crate::store::sql::insert::{insert_into_view, insert_returning, insert_with_members};
use crate::store::sql::parameter::Parameter;

/// Makes a row. Answers its id.
pub(super) async fn insert_row(
    connection: &Connection,
    resource: &'static Description,
    id: Option<&ResourceId>,
    parameters: &[Parameter<'_>],
    placed: &[&'static str],
) -> Result<ResourceId, StoreError> {
    let Some(id) = id else { return insert_with_next_id(connection, resource, parameters, placed).await };
    let made = if connection.known().limits.is_view(resource.table) {
        insert_into_view(connection, resource, id, parameters, placed).await
    } else if !resource.key().is_empty() {
        insert_with_members(connection, resource, id, parameters, placed).await
    } else {
        insert_returning(connection, resource, GivenId::Yes, parameters, placed).await
    };
    // Somebody else was faster.
    made.map_err(|error| if is_taken_id(&error, resource) { StoreError::IdExists } else { error })?;
    if let (IdKind::Integer { .. }, ResourceId::Integer(number)) = (resource.id.kind, id) {
        connection.pass_over(resource.table, *number);
    }
    Ok(id.clone())
}

fn is_taken_id(error: &StoreError, resource: &Description) -> bool {
    error.breaks_key(resource)
}

/// A row whose id comes from the table's sequence. Somebody may have put rows there with ids of their own, which a
/// sequence knows nothing of: it is then set behind them.
async fn insert_with_next_id(
    connection: &Connection,
    resource: &'static Description,
    parameters: &[Parameter<'_>],
    placed: &[&'static str],
) -> Result<ResourceId, StoreError> {
    let known = connection.known();
    let insert = || insert_returning(connection, resource, GivenId::No, parameters, placed);
    let Some(sequence) = known.sequence(resource.table) else { return insert().await };
    // In vain if others put such rows there all the time.
    for _ in 0..5 {
        match connection.whole(insert()).await {
            Err(error) if is_taken_id(&error, resource) => {
                connection.rows(&sequence.behind_all, &[]).await?;
            }
            outcome => return outcome,
        }
    }
    insert().await
}
