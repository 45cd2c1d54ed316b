//! Attributes that no column holds: functions of the whole struct.

use super::{AttributeType, Corrupt, JsonApiResource, Kind, Mismatch, Record, Value};

/// The values of a record's computed attributes, in their order.
pub(crate) type Values = fn(&Record) -> Result<Vec<(Kind, Value)>, Corrupt>;

/// The value of one computed attribute.
type Function<S> = fn(&S) -> Result<(Kind, Value), Mismatch>;

/// The computed attributes of a resource.
///
/// A store knows nothing of them: they are made from the record that it gives, when a document shows them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Computed {
    /// Their member names.
    pub(crate) names: &'static [&'static str],
    /// Their values, one a name.
    values: Values,
}

impl Computed {
    /// No computed attributes.
    pub(crate) const NONE: Self = Self { names: &[], values: |_| Ok(Vec::new()) };

    pub(crate) const fn new(names: &'static [&'static str], values: Values) -> Self {
        Self { names, values }
    }

    /// The place of one.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| *known == name)
    }

    /// Each with its name, of a record whose attributes and to-one linkage were read.
    pub(crate) fn of(&self, record: &Record) -> Result<Vec<(&'static str, Kind, Value)>, Corrupt> {
        let values = (self.values)(record)?;
        Ok(self.names.iter().zip(values).map(|(name, (kind, value))| (*name, kind, value)).collect())
    }
}

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
