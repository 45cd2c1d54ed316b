//! What operations have changed: several changes in one request, each of a resource of its own type.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts the operations that were made, by the type of the resource. All parts of an application share it.
#[derive(Debug, Default)]
pub(crate) struct OperationWrites(Mutex<BTreeMap<&'static str, u64>>);

impl OperationWrites {
    /// Counts the operations of a request, by the types of their resources.
    pub(crate) fn count(&self, types: impl Iterator<Item = &'static str>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for name in types {
            *counts.entry(name).or_default() += 1;
        }
    }

    /// How many there were of each type.
    #[cfg(feature = "metrics")]
    pub(crate) fn figures(&self) -> Vec<(&'static str, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(name, count)| (*name, *count)).collect()
    }
}
