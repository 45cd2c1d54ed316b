//! The statement that makes a new row, and the id that it has then.

use super::cell::{self, Cells};
use super::change::{self, GivenId, Returned};
use super::linkage_write::misshapen;
use super::parameter::Parameter;
use super::read::exists;
use super::session::Session;
use crate::plan::Scopes;
use crate::schema::{Description, ResourceId};
use crate::store::{Constraint, StoreError};

/// Inserts a row with a statement that returns its id.
pub(crate) async fn insert_returning(
    session: &impl Session,
    resource: &'static Description,
    id: GivenId,
    parameters: &[Parameter<'_>],
    placed: &[&'static str],
) -> Result<ResourceId, StoreError> {
    if !resource.key().is_empty() {
        return Err(misshapen(resource));
    }
    let text = session.text(id.shape(resource, placed), || {
        change::insert(session.dialect(), resource, id, Returned::Id, &session.limits(), placed)
    })?;
    // If no row is returned, a trigger has prevented the insertion.
    let mut made = Err(StoreError::Constraint(Constraint::nameless()));
    session
        .each(&text, parameters, |row| {
            made = if row.is_null(0)? {
                Err(StoreError::Internal(format!("table `{}` gave a new row no id", resource.table)))
            } else {
                cell::id(resource.table, resource.id.columns(), resource.id.kind, row, 0)
            };
            Ok(())
        })
        .await
        .map_err(|error| error.seen_from(resource.table))?;
    made
}

/// Inserts a row with a composite id, which its members have.
pub(crate) async fn insert_with_members(
    session: &impl Session,
    resource: &'static Description,
    id: &ResourceId,
    parameters: &[Parameter<'_>],
    placed: &[&'static str],
) -> Result<ResourceId, StoreError> {
    match insert_given(session, resource, parameters, placed).await? {
        // A trigger has prevented the insertion.
        0 => Err(StoreError::Constraint(Constraint::nameless())),
        _ => Ok(id.clone()),
    }
}

/// Inserts a row into a view. The trigger or rule of the view need not tell of the new row.
pub(crate) async fn insert_into_view(
    session: &impl Session,
    resource: &'static Description,
    id: &ResourceId,
    parameters: &[Parameter<'_>],
    placed: &[&'static str],
) -> Result<ResourceId, StoreError> {
    insert_given(session, resource, parameters, placed).await?;
    if exists(session, &Scopes::NONE, resource, id).await? {
        Ok(id.clone())
    } else {
        Err(StoreError::Constraint(Constraint::nameless()))
    }
}

/// Inserts a row whose id is among the parameters. Returns the number of rows.
async fn insert_given(
    session: &impl Session,
    resource: &'static Description,
    parameters: &[Parameter<'_>],
    placed: &[&'static str],
) -> Result<u64, StoreError> {
    let (given, returned) = (GivenId::Yes, Returned::Nothing);
    let text = session.text(given.shape(resource, placed), || {
        change::insert(session.dialect(), resource, given, returned, &session.limits(), placed)
    })?;
    session.run(&text, parameters).await.map_err(|error| error.seen_from(resource.table))
}
