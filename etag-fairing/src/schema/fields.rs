//! Fields from and to a [`Record`]: what a derived `from_record` and `to_record` are made of.

use std::fmt;

use serde_json::Value as JsonValue;

use super::{
    Access, Attribute, AttributeType, Corrupt, Description, Kind, Linkage, Mismatch, Record, ResourceId,
    ToMany, ToManyOf, ToOne, ToOneOf, Value, ValueRef, check, parse, parse_digits,
};

/// The id, read by `<Type as IdType>::from_id`.
#[doc(hidden)]
pub fn read_id<T>(record: &Record, read: fn(&ResourceId) -> Result<T, Corrupt>) -> Result<T, Corrupt> {
    read(record.id.as_ref().ok_or_else(|| Corrupt::new("a record without an id"))?)
}

/// How one attribute's field goes through documents and stores.
///
/// A derive's output makes one of these an attribute, and names the field's type in no other bound: so a type
/// that is no attribute is one error, at the field.
#[doc(hidden)]
pub struct Carrier<T> {
    kind: Kind,
    nullable: bool,
    parse: fn(&JsonValue) -> Result<Value, Mismatch>,
    parse_digits: fn(&str) -> Result<Value, Mismatch>,
    check: fn(ValueRef<'_>) -> Result<(), Corrupt>,
    variants: fn() -> Option<Vec<&'static str>>,
    json_schema: fn() -> JsonValue,
    from_value: fn(ValueRef<'_>) -> Result<T, Corrupt>,
    to_value: fn(&T) -> Result<Value, Mismatch>,
}

impl<T> fmt::Debug for Carrier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier")
            .field("kind", &self.kind)
            .field("nullable", &self.nullable)
            .finish_non_exhaustive()
    }
}

impl<T> Carrier<T> {
    /// By `A`: the field's own type, or an adapter.
    pub const fn of<A: AttributeType<Field = T>>() -> Self {
        Self {
            kind: A::KIND,
            nullable: A::NULLABLE,
            parse: parse::<A>,
            parse_digits: parse_digits::<A>,
            check: check::<A>,
            variants: A::variants,
            json_schema: A::json_schema,
            from_value: A::from_value,
            to_value: A::to_value,
        }
    }

    /// The attribute's description.
    pub const fn describe(
        &self,
        name: &'static str,
        column: &'static str,
        access: Access,
        default: Option<fn() -> Result<Value, Mismatch>>,
    ) -> Attribute {
        Attribute {
            name,
            column,
            kind: self.kind,
            nullable: self.nullable,
            access,
            filter: access.is_shown(),
            sort: access.is_shown(),
            default,
            parse: self.parse,
            parse_digits: self.parse_digits,
            check: self.check,
            variants: self.variants,
            json_schema: self.json_schema,
        }
    }

    /// The field of the record.
    pub fn read(&self, record: &Record, index: usize, column: &str) -> Result<T, Corrupt> {
        let value = record.attributes.get(index).map_or(ValueRef::Null, Value::as_ref);
        (self.from_value)(value).map_err(|error| Corrupt::new(format!("column `{column}`: {error}")))
    }

    /// The value of the field.
    pub fn write(&self, field: &T) -> Result<Value, Mismatch> {
        (self.to_value)(field)
    }
}

/// The record of a struct.
#[doc(hidden)]
pub fn record<const ATTRIBUTES: usize, const RELATIONSHIPS: usize>(
    id: ResourceId,
    attributes: [Value; ATTRIBUTES],
    linkage: [Linkage; RELATIONSHIPS],
) -> Record {
    Record { id: Some(id), attributes: attributes.into(), linkage: linkage.into() }
}

/// The record of a struct whose id is made of its members.
#[doc(hidden)]
pub fn composite_record<const ATTRIBUTES: usize, const RELATIONSHIPS: usize>(
    description: &Description,
    attributes: [Value; ATTRIBUTES],
    linkage: [Linkage; RELATIONSHIPS],
) -> Record {
    let id = description.id_of_record(&attributes, &linkage);
    Record { id, attributes: attributes.into(), linkage: linkage.into() }
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

/// Linkage of a polymorphic to-one relationship: of its arms, at most one leads to a resource.
#[doc(hidden)]
pub fn read_one_of<T>(record: &Record, index: usize, arms: usize, name: &str) -> Result<ToOneOf<T>, Corrupt> {
    let mut related = None;
    for place in 0..arms {
        match record.linkage.get(index + place) {
            Some(Linkage::One(Some(id))) => related = related.or(Some((place, id.clone()))),
            Some(Linkage::One(None)) => {}
            Some(Linkage::Unread | Linkage::Many(_)) | None => {
                return Err(other_linkage(name, "one or none"));
            }
        }
    }
    Ok(ToOneOf::at(related))
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

/// Linkage of a polymorphic to-many relationship, if that of each of its arms was read.
#[doc(hidden)]
pub fn read_many_of<T>(
    record: &Record,
    index: usize,
    arms: usize,
    name: &str,
) -> Result<ToManyOf<T>, Corrupt> {
    let mut related = Some(Vec::new());
    for place in 0..arms {
        match record.linkage.get(index + place) {
            Some(Linkage::Many(ids)) => {
                let ids = ids.iter().map(|id| (place, id.clone()));
                related = related.map(|known: Vec<_>| known.into_iter().chain(ids).collect());
            }
            Some(Linkage::Unread) => related = None,
            Some(Linkage::One(_)) | None => return Err(other_linkage(name, "many")),
        }
    }
    Ok(ToManyOf::at(related))
}

fn other_linkage(name: &str, expected: &str) -> Corrupt {
    Corrupt::new(format!("relationship `{name}`: the record does not have the linkage of {expected}"))
}

/// To-one linkage for a record.
#[doc(hidden)]
pub fn write_to_one<T>(field: &ToOne<T>) -> Linkage {
    Linkage::One(field.id().cloned())
}

/// Linkage of one arm of a polymorphic to-one relationship for a record.
#[doc(hidden)]
pub fn write_one_of<T>(field: &ToOneOf<T>, place: usize) -> Linkage {
    Linkage::One(field.id().filter(|_| field.place() == Some(place)).cloned())
}

/// Linkage of one arm of a polymorphic to-many relationship for a record.
#[doc(hidden)]
pub fn write_many_of<T>(field: &ToManyOf<T>, place: usize) -> Linkage {
    field.ids_at(place).map_or(Linkage::Unread, each_in_order)
}

/// To-many linkage for a record: each once, in ascending order, however the struct was made.
#[doc(hidden)]
pub fn write_to_many<T>(field: &ToMany<T>) -> Linkage {
    field.ids().map_or(Linkage::Unread, |ids| each_in_order(ids.to_vec()))
}

fn each_in_order(mut ids: Vec<ResourceId>) -> Linkage {
    ids.sort();
    ids.dedup();
    Linkage::Many(ids)
}
