//! Whether a record of concurrent operations is possible at all.
//!
//! An operation takes effect at one moment between its start and its end. A history is *linearizable* if such
//! moments can be chosen so that, one after the other, the operations do what their answers say (Herlihy and Wing,
//! 1990). [`check`] looks for such an order: Wing and Gong's search, with Lowe's memo of configurations that were
//! seen before, as Porcupine does it, and with two additions:
//!
//! - What changes nothing in any state (a read, a refusal) is taken as soon as it fits. That loses no order: where
//!   it stands later in one that is possible, it may as well stand here.
//! - An operation of unknown outcome may take effect at any time after its start, or never.
//!
//! Crates that test for linearizability are made for histories of model checkers: they clone what is left at every
//! step and remember nothing, which ends at some dozens of operations. A storm leaves tens of thousands a resource.
//!
//! Its memory and its steps are bounded. Where the bounds don't suffice it says so: [`Verdict::Undecided`] is never
//! an acceptance.

mod search;

use std::hash::Hash;

pub use search::check;

/// What the operations work on: states, and what each operation makes of one.
pub trait Model {
    /// A state.
    type State: Clone + Eq + Hash + std::fmt::Debug;
    /// An operation with its answer, if it has one.
    type Operation: std::fmt::Debug;

    /// The state in which every history begins.
    fn initial(&self) -> Self::State;

    /// The state after the operation; `None` if in this state it could not have had the answer that it had.
    ///
    /// Of an operation of unknown outcome: the state after it has taken effect, `None` if it can't.
    fn step(&self, state: &Self::State, operation: &Self::Operation) -> Option<Self::State>;

    /// Whether it leaves every state as it is.
    fn only_observes(&self, operation: &Self::Operation) -> bool;
}

/// An operation and when it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<O> {
    /// When it was sent.
    pub start: u64,
    /// When its answer was there; `None` if there never was one.
    pub end: Option<u64>,
    /// What it was.
    pub operation: O,
}

/// How far the search goes before it gives up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many operations it may take, those included that it takes back.
    pub steps: u64,
    /// How many bytes of configurations it may remember.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 20_000_000, memory: 1 << 30 }
    }
}

/// What the search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is an order in which everything is as it was answered.
    Possible,
    /// There is none. The text says how far the best one came.
    Impossible(String),
    /// The limits did not suffice.
    Undecided(String),
}

impl Verdict {
    /// The graver of two.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Impossible(why), _) | (_, Self::Impossible(why)) => Self::Impossible(why),
            (Self::Undecided(why), _) | (_, Self::Undecided(why)) => Self::Undecided(why),
            _ => Self::Possible,
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Possible => f.write_str("accepted"),
            Self::Impossible(why) => write!(f, "rejected: {why}"),
            Self::Undecided(why) => write!(f, "not decided: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
