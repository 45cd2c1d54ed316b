//! Revisions: how a store finds out that tables have not changed, without reading their rows.

/// The state of one or several tables, as a number.
///
/// The number changes with every committed change to one of the tables, by any program: this process, another
/// process, or a database shell. No number is used again for another state.
///
/// Read the revision *before* the rows. As long as it is still the current revision, the rows are current,
/// too: if the rows already show a later change, the revision has changed with it. So reading both needs no
/// common snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Revision(u64);

impl Revision {
    /// The revision of this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}
