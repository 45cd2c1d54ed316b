//! Revisions: how a store tells that nothing has changed, without reading what might have.

/// The state of one or several tables, as a number.
///
/// It takes another value with every committed change to any of them, whoever makes it: this process, another one,
/// a database's shell. A value is not used again for another state.
///
/// A revision that was read *before* some rows were read stands for them for as long as it is the current one: a
/// change that the rows show and the number doesn't makes it another number. So the two need no common snapshot.
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
