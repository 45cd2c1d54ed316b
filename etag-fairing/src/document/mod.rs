//! JSON:API 1.1 documents.

pub(crate) mod buffer_pool;
pub(crate) mod hidden;
pub(crate) mod read;
pub(crate) mod state;
mod warnings;
pub(crate) mod write;

pub use crate::error::MEDIA_TYPE;

/// Error objects and the documents that carry them (JSON:API 1.1, "Errors").
pub mod error {
    pub use crate::error::*;
}
