//! [`Committed`]: what the application hears of a change after its commit.

use super::JsonApiResource;
use crate::schema::{Corrupt, Description, Record};

/// A change of a resource that is committed: see [`after_commit`](crate::JsonApiFairing::after_commit).
///
/// The structs have the linkage that documents show.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Committed<T> {
    /// It was created.
    Created(T),
    /// It was changed, or one of its relationships was.
    #[non_exhaustive]
    Updated {
        /// As it was before.
        before: T,
        /// As it is now.
        after: T,
    },
    /// It was deleted.
    Deleted(T),
}

impl<T> Committed<T> {
    /// The resource as it is now; `None` if it was deleted.
    pub fn after(&self) -> Option<&T> {
        match self {
            Self::Created(after) | Self::Updated { after, .. } => Some(after),
            Self::Deleted(_) => None,
        }
    }

    /// The resource as it was before; `None` if it was created.
    pub fn before(&self) -> Option<&T> {
        match self {
            Self::Created(_) => None,
            Self::Updated { before, .. } | Self::Deleted(before) => Some(before),
        }
    }
}

/// The same without the Rust type.
#[derive(Clone, Debug)]
pub(crate) struct CommittedRecord {
    pub(crate) resource: &'static Description,
    pub(crate) before: Option<Record>,
    pub(crate) after: Option<Record>,
}

impl CommittedRecord {
    /// The change in terms of the struct; `None` if there is none in the end.
    pub(crate) fn of<T: JsonApiResource>(&self) -> Result<Option<Committed<T>>, Corrupt> {
        let read = |record: &Option<Record>| record.as_ref().map(T::from_record).transpose();
        Ok(match (read(&self.before)?, read(&self.after)?) {
            (None, None) => None,
            (None, Some(after)) => Some(Committed::Created(after)),
            (Some(before), Some(after)) => Some(Committed::Updated { before, after }),
            (Some(before), None) => Some(Committed::Deleted(before)),
        })
    }
}
