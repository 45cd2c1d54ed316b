//! Rows that a test begins with.

use std::time::Duration;

use async_trait::async_trait;

use crate::api::JsonApi;
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::resource::JsonApiResource;
use crate::resource::hooks::change_to;
use crate::schema::ResourceId;
use crate::store::{Decision, StoreError, Transaction, modify};

/// Stores a struct in the part of the application that its resource is mounted in. The store makes its id if that is 0
/// or empty.
///
/// # Errors
/// A sentence for whoever reads the failure.
pub(super) async fn seed<T: JsonApiResource>(api: &JsonApi, new: &T) -> Result<ResourceId, String> {
    let resource = T::description();
    let is_ours = |part: &&JsonApi| part.registry().resources().any(|known| known.is(resource));
    let part = api.parts().find(is_ours).ok_or_else(|| {
        format!("{name} is not mounted: `.mount(\"/…\", {name}::routes())`", name = resource.rust_name)
    })?;
    let cannot = |error: &dyn std::fmt::Display| format!("{} cannot be stored: {error}", resource.rust_name);
    let record = new.to_record().map_err(|mismatch| cannot(&format_args!("it has what {mismatch}")))?;
    let id = record.id.filter(|id| !id.is_open()).or_else(|| resource.id.kind.generate());
    let linkage = record.linkage.into_iter().map(change_to).collect();
    let change = Change::Insert { resource, id, attributes: record.attributes, linkage };
    let made = modify(part.store().as_ref(), None, &mut Insert(change), Duration::from_secs(60)).await;
    made.map(|(id, _)| id).map_err(|error| cannot(&error))
}

/// An insertion that nobody has to be asked about.
struct Insert(Change);

#[async_trait]
impl Decision for Insert {
    type Refusal = StoreError;

    async fn decide(&mut self, _: Fetched, _: &mut dyn Transaction) -> Result<Change, StoreError> {
        Ok(self.0.clone())
    }

    fn read_back(&self, _: &ResourceId) -> Option<Plan> {
        None
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}
