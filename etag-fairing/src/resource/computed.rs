//! The functions that a derive's output makes computed attributes with.

use super::JsonApiResource;
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Record, Value};

/// The value of one computed attribute.
type Function<S> = fn(&S) -> Result<(Kind, Value), Mismatch>;

/// One computed value.
#[doc(hidden)]
pub fn computed<S, T: AttributeType<Field = T>>(
    resource: &S,
    function: fn(&S) -> T,
) -> Result<(Kind, Value), Mismatch> {
    Ok((T::KIND, T::to_value(&function(resource))?))
}

/// All computed values of a record, by functions of its struct.
#[doc(hidden)]
pub fn compute<S: JsonApiResource>(
    record: &Record,
    functions: &[Function<S>],
) -> Result<Vec<(Kind, Value)>, Corrupt> {
    let resource = S::from_record(record)?;
    let values = functions.iter().map(|function| {
        function(&resource).map_err(|mismatch| Corrupt::new(format!("a computed attribute {mismatch}")))
    });
    values.collect()
}
