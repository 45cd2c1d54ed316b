//! Attributes that no column holds: functions of the whole struct.

use super::{Corrupt, Kind, Record, Value};

/// The values of a record's computed attributes, in their order.
pub(crate) type Values = fn(&Record) -> Result<Vec<(Kind, Value)>, Corrupt>;

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
