//! Writing a conference through the store's seam, as any program can that holds typed structs.

use etag_fairing::{
    JsonApiResource,
    resource::{Description, Linkage},
    store::{Change, LinkageChange, Listing, Page, Plan, Root, Scopes, Selection, StoreError, Transaction},
};

use super::conference::Conference;
use crate::resources::{Microlocation, Session, SessionType, Speaker, Track};

/// Whether there is no resource of any type.
///
/// # Errors
/// If the store cannot tell.
pub(crate) async fn is_empty(transaction: &mut dyn Transaction) -> Result<bool, StoreError> {
    let resources: [&'static Description; 5] = [
        Session::description(),
        Speaker::description(),
        Track::description(),
        Microlocation::description(),
        SessionType::description(),
    ];
    for resource in resources {
        let first = Listing::all().paged(Page::Offset { offset: 0, limit: 1 });
        let plan = Plan::new(Root::Collection(first), Selection::identifiers(resource));
        if !transaction.fetch(&plan).await?.rows.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds the whole conference with the ids it came with: first what others refer to.
///
/// # Errors
/// With the first resource that the store refuses.
pub(crate) async fn insert(transaction: &mut dyn Transaction, conference: &Conference) -> Result<(), String> {
    insert_each(transaction, &conference.session_types).await?;
    insert_each(transaction, &conference.microlocations).await?;
    insert_each(transaction, &conference.tracks).await?;
    insert_each(transaction, &conference.speakers).await?;
    insert_each(transaction, &conference.sessions).await
}

async fn insert_each<R: JsonApiResource>(
    transaction: &mut dyn Transaction,
    resources: &[R],
) -> Result<(), String> {
    let description = R::description();
    for resource in resources {
        let record = resource.to_record().map_err(|mismatch| {
            format!("a value in the files for {} cannot be stored: it {mismatch}", description.type_name)
        })?;
        let name = match &record.id {
            Some(id) => format!("{} {id}", description.type_name),
            None => format!("one of {}", description.type_name),
        };
        let linkage = record
            .linkage
            .into_iter()
            .map(|linkage| match linkage {
                Linkage::Unread => None,
                Linkage::One(id) => Some(LinkageChange::One(id)),
                Linkage::Many(ids) => Some(LinkageChange::Replace(ids)),
            })
            .collect();
        let change =
            Change::Insert { resource: description, id: record.id, attributes: record.attributes, linkage };
        transaction
            .apply(change, &Scopes::NONE)
            .await
            .map_err(|error| format!("{name} cannot be stored: {error}"))?;
    }
    Ok(())
}
