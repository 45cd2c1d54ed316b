//! Local ids: the names that a request of several operations gives to the resources that it makes (JSON:API §6.2.1, `lid`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::lengths::Lengths;
use crate::schema::{Description, ResourceId};

/// The resources that the operations of one request have made so far, by their types and local ids.
#[derive(Debug, Default)]
pub(crate) struct LocalIds(Mutex<HashMap<String, Vec<MadeResource>>>);

/// A resource that has a local id. One name under two types is that of two resources.
#[derive(Debug)]
struct MadeResource {
    type_name: &'static str,
    id: ResourceId,
}

impl LocalIds {
    /// Gives a local id to a resource that was made.
    pub(crate) fn assign(&self, resource: &Description, lid: &str, id: ResourceId) {
        let mut assigned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assigned.entry(lid.to_owned()).or_default().push(MadeResource { type_name: resource.type_name, id });
    }

    /// The id of the resource with a local id.
    pub(crate) fn id_of(&self, resource: &Description, lid: &str) -> Option<ResourceId> {
        let assigned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = assigned.get(lid)?.iter();
        made.find(|made| made.type_name == resource.type_name).map(|made| made.id.clone())
    }

    /// Forgets all of them: the operations are undone, and begin again.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What the reading of a document depends on, beside the document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) lengths: Lengths,
    /// The local ids of the request; `None` where a `lid` has no meaning, and is ignored.
    pub(crate) local_ids: Option<&'a LocalIds>,
}

impl From<Lengths> for Reading<'_> {
    fn from(lengths: Lengths) -> Self {
        Self { lengths, local_ids: None }
    }
}
