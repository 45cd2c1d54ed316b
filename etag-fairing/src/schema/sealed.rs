//! Traits that only the types of this crate's choice implement: what a store and a document do with others is not defined.

use chrono::{DateTime, Utc};

/// A type with a trait of this crate that no other crate may implement.
pub trait Sealed {}

impl Sealed for bool {}
impl Sealed for f32 {}
impl Sealed for f64 {}
impl Sealed for i8 {}
impl Sealed for i16 {}
impl Sealed for i32 {}
impl Sealed for i64 {}
impl Sealed for u16 {}
impl Sealed for u32 {}
impl Sealed for u64 {}
impl Sealed for String {}
impl Sealed for uuid::Uuid {}
impl Sealed for DateTime<Utc> {}
impl Sealed for Option<DateTime<Utc>> {}
#[cfg(feature = "time")]
impl Sealed for time::OffsetDateTime {}
#[cfg(feature = "time")]
impl Sealed for Option<time::OffsetDateTime> {}
