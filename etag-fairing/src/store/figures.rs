//! What a store did and how busy it is, in numbers, for metrics.

use std::time::Duration;

/// What a store did since it was opened, and how busy it is at the moment.
///
/// A store of your own fills in what it knows: what is left at its default is 0, or absent.
///
/// ```
/// use etag_fairing::store::{QueueFigures, StoreFigures};
///
/// let mut figures = StoreFigures::default();
/// figures.statements = 12;
/// figures.queues.push(QueueFigures::new("connections"));
/// # assert_eq!(figures.queues[0].waits, 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StoreFigures {
    /// The statements that were run, without transaction control.
    pub statements: u64,
    /// The rows that statements gave: those of answers, and those that were read to find or check something.
    pub rows_read: u64,
    /// The commits of writes, by how many writes shared one.
    pub commits: CommitSizes,
    /// How often the database has ended a transaction that waited in a circle with others.
    pub deadlocks: u64,
    /// The connections that are open. `None` if the store has none, or doesn't count them.
    pub connections: Option<ConnectionFigures>,
    /// What is waited for in this store.
    pub queues: Vec<QueueFigures>,
}

/// The connections of a store at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFigures {
    /// Those that somebody uses.
    pub used: usize,
    /// Those that are open and that nobody uses.
    pub idle: usize,
    /// How many there may be.
    pub most: usize,
}

/// What became of those who had to wait in a queue. Who gets what it wants at once isn't counted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct QueueFigures {
    /// What is waited for, in one word: the label of the metrics.
    pub name: &'static str,
    /// How many had to wait.
    pub waits: u64,
    /// How long they have waited, all together.
    pub waited: Duration,
    /// How many of them have waited in vain.
    pub timed_out: u64,
    /// How many wait at the moment.
    pub waiting: usize,
}

impl QueueFigures {
    /// A queue that nobody has waited in.
    pub fn new(name: &'static str) -> Self {
        Self { name, waits: 0, waited: Duration::ZERO, timed_out: 0, waiting: 0 }
    }
}

/// How many writes the commits had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitSizes {
    /// The number of commits of each size: those with at most [`UP_TO`](Self::UP_TO) writes, but more than the size
    /// before; in the last place those with more than all of these.
    pub commits: [u64; Self::UP_TO.len() + 1],
    /// The number of writes in all commits together.
    pub writes: u64,
}

impl CommitSizes {
    /// The sizes that are told apart.
    pub const UP_TO: [u64; 7] = [1, 2, 4, 8, 16, 32, 64];

    /// The number of commits.
    pub fn number(&self) -> u64 {
        self.commits.iter().sum()
    }
}
