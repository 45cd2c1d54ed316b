//! Fields from and to a [`Record`]: what a derived `from_record` and `to_record` are made of.

use super::{Corrupt, Linkage, Record, ResourceId, ToMany, ToOne, Value, ValueRef};

/// The id, read by `<Type as IdType>::from_id`.
#[doc(hidden)]
pub fn read_id<T>(record: &Record, read: fn(&ResourceId) -> Result<T, Corrupt>) -> Result<T, Corrupt> {
    read(record.id.as_ref().ok_or_else(|| Corrupt::new("a record without an id"))?)
}

/// One attribute, read by `<Type as AttributeType>::from_value`.
#[doc(hidden)]
pub fn read_attribute<T>(
    record: &Record,
    index: usize,
    column: &str,
    read: impl FnOnce(ValueRef<'_>) -> Result<T, Corrupt>,
) -> Result<T, Corrupt> {
    let value = record.attributes.get(index).map_or(ValueRef::Null, Value::as_ref);
    read(value).map_err(|error| Corrupt::new(format!("column `{column}`: {error}")))
}

/// To-one linkage. It stands in the resource's row: a record without it is of another shape.
#[doc(hidden)]
pub fn read_to_one<T>(record: &Record, index: usize, name: &str) -> Result<ToOne<T>, Corrupt> {
    match record.linkage.get(index) {
        Some(Linkage::One(Some(id))) => Ok(ToOne::to(id.clone())),
        Some(Linkage::One(None)) => Ok(ToOne::empty()),
        Some(Linkage::Unread | Linkage::Many(_)) | None => Err(other_linkage(name, "one or none")),
    }
}

/// To-many linkage, if it was read.
#[doc(hidden)]
pub fn read_to_many<T>(record: &Record, index: usize, name: &str) -> Result<ToMany<T>, Corrupt> {
    match record.linkage.get(index) {
        Some(Linkage::Many(ids)) => Ok(ToMany::to(ids.clone())),
        Some(Linkage::Unread) => Ok(ToMany::unread()),
        Some(Linkage::One(_)) | None => Err(other_linkage(name, "many")),
    }
}

fn other_linkage(name: &str, expected: &str) -> Corrupt {
    Corrupt::new(format!("relationship `{name}`: the record does not have the linkage of {expected}"))
}

/// To-one linkage for a record.
#[doc(hidden)]
pub fn write_to_one<T>(field: &ToOne<T>) -> Linkage {
    Linkage::One(field.id().cloned())
}

/// To-many linkage for a record: each once, in ascending order, however the struct was made.
#[doc(hidden)]
pub fn write_to_many<T>(field: &ToMany<T>) -> Linkage {
    field.ids().map_or(Linkage::Unread, |ids| {
        let mut ids = ids.to_vec();
        ids.sort();
        ids.dedup();
        Linkage::Many(ids)
    })
}
