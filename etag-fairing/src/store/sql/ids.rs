//! Ids in the form in which the databases compare them.

use crate::schema::{Corrupt, IdKind, ResourceId, ValueRef};
use crate::store::StoreError;

/// Whether an id is of the resource's kind. SQLite would find the row 1 for the text `'1'`.
pub(crate) fn can_be(id: &ResourceId, kind: IdKind) -> bool {
    match (id, kind) {
        (ResourceId::Integer(id), IdKind::Integer { min, max }) => (min..=max).contains(id),
        (ResourceId::Text(_), IdKind::Text | IdKind::Uuid) => true,
        _ => false,
    }
}

/// An id as a parameter.
pub(crate) fn id_value(id: &ResourceId) -> ValueRef<'_> {
    match id {
        ResourceId::Integer(id) => ValueRef::Integer(*id),
        ResourceId::Text(id) => ValueRef::Text(id),
    }
}

/// Ids as the one parameter that [`Dialect::list`](super::Dialect::list) takes, which is a JSON array.
pub(crate) fn id_list<'a>(ids: impl Iterator<Item = ValueRef<'a>>) -> Result<String, StoreError> {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        match id {
            ValueRef::Integer(id) => list.push_str(itoa::Buffer::new().format(id)),
            ValueRef::Text(id) => {
                list.push_str(&serde_json::to_string(id).map_err(|e| StoreError::Internal(e.to_string()))?);
            }
            other => return Err(Corrupt::expected("an id", other).into()),
        }
    }
    list.push(']');
    Ok(list)
}
