//! How long the user of a connection waits for the server.

use std::time::Duration;

use rocket::tokio::time::Instant;

use super::error::busy;
use crate::store::StoreError;

/// How long the user of a connection waits for the server. The server's own limit (`statement_timeout`) does
/// not help if the server does not receive the statement or if its answer is lost: its process may be
/// stopped, or the network may drop packets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// A limit for each statement.
    Each(Duration),
    /// A limit for each statement, which is a read of its own.
    EachRead(Duration),
    /// One limit for all statements of a read together.
    All {
        /// The end of the time.
        end: Instant,
        /// The full time from the beginning.
        limit: Duration,
    },
}

impl Limit {
    /// The limit for statements that the server itself should stop after `statement_timeout`.
    pub(super) fn beyond(statement_timeout: Duration) -> Self {
        Self::Each(patience(statement_timeout))
    }

    /// The limit for a read that begins now.
    pub(super) fn read(limit: Duration) -> Self {
        Self::All { end: Instant::now() + limit, limit }
    }

    pub(super) fn end(self) -> Instant {
        match self {
            Self::Each(limit) | Self::EachRead(limit) => Instant::now() + limit,
            Self::All { end, .. } => end,
        }
    }

    /// The error for a limit that has passed.
    pub(super) fn passed(self) -> StoreError {
        match self {
            Self::Each(limit) => {
                log::warn!("no answer from the database in {limit:?}: the connection is given up");
                busy()
            }
            Self::EachRead(limit) | Self::All { limit, .. } => StoreError::ReadTimedOut { limit },
        }
    }
}

/// Longer than the server needs to stop the statement by itself.
pub(super) fn patience(statement_timeout: Duration) -> Duration {
    statement_timeout.saturating_add(Duration::from_secs(2))
}
