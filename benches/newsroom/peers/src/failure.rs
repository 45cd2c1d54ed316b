//! Why a request is refused.

use std::fmt;

use tokio_postgres::error::SqlState;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The parameters are none that this server knows.
    BadRequest,
    /// No such row.
    NotFound,
    /// The document is about something else.
    Conflict,
    /// The row is in another state than the client has seen.
    PreconditionFailed,
    /// The document isn't understood.
    Unprocessable,
    /// The database failed.
    Database,
}

impl Failure {
    /// Its status.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::Unprocessable => 422,
            Self::Database => 500,
        }
    }

    /// The document that says so.
    pub fn document(self) -> Vec<u8> {
        format!("{{\"errors\":[{{\"status\":\"{}\"}}]}}", self.status()).into_bytes()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status())
    }
}

impl std::error::Error for Failure {}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        // Something that the row would refer to is missing.
        if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) { Self::NotFound } else { Self::Database }
    }
}

impl From<deadpool_postgres::PoolError> for Failure {
    fn from(_: deadpool_postgres::PoolError) -> Self {
        Self::Database
    }
}

impl From<serde_json::Error> for Failure {
    fn from(_: serde_json::Error) -> Self {
        Self::Unprocessable
    }
}
