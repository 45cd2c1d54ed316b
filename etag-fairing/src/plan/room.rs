//! Whether a document can be too large, told before it is written.

use super::{Fetched, Plan};
use crate::schema::{Description, ResourceId, Value};

/// More than a value takes in a document, without its text.
const CELL: usize = 64;

/// More than an id takes in a document.
pub(crate) fn link_bytes(id: &ResourceId) -> usize {
    match id {
        ResourceId::Integer(_) => CELL,
        ResourceId::Text(text) => CELL + text.len(),
        ResourceId::Composite(id) => CELL + id.to_string().len(),
    }
}

/// Whether what a plan reads of one resource can't be too large, so that nothing is refused for it. So many bytes are there
/// without the values.
pub(crate) fn leaves_room<'v>(
    resource: &Description,
    bytes: usize,
    values: impl Iterator<Item = &'v Value>,
    plan: &Plan,
) -> bool {
    let new = values.map(|value| match value {
        Value::Text(text) | Value::Decimal(text) => text.len(),
        Value::Bytes(bytes) => bytes.len() * 2,
        _ => 0,
    });
    let cells = 1 + resource.attributes.len() + resource.relationships.len();
    // Twice, since the database may spell a value in another way.
    let most = (bytes + new.sum::<usize>() + cells * CELL).saturating_mul(2);
    most <= plan.most_bytes
}

impl Fetched {
    /// The bytes that the text of the root's rows and their linkage take in a document.
    pub(crate) fn bytes_of_root(&self) -> usize {
        let links = self.links.iter().flatten().flat_map(|links| links.ids());
        self.rows.text_bytes() + links.map(link_bytes).sum::<usize>()
    }

    /// Whether this, as one resource and without what it includes, can't be too large for the answer to a plan.
    pub(crate) fn has_room_in(&self, plan: &Plan) -> bool {
        leaves_room(plan.selection.resource, self.bytes_of_root(), std::iter::empty(), plan)
    }
}
