//! What the fuzz targets try, each with what must hold whatever the input is. The ordinary tests try their seeds.

mod document;
mod entity_tags;
mod operations;
mod query;
mod server;

pub use document::document;
pub use entity_tags::entity_tags;
pub use operations::operations;
pub use query::{filter, query};
