//! SQLite's errors in the store's words.

use std::time::Duration;

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::{Constraint, PrepareError, StoreError};

/// When to try again after waiting was in vain.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// When to try again after somebody has to do something.
const AFTER_A_LOSS: Duration = Duration::from_secs(30);

/// The store is closed: the server is stopping, and the next one is perhaps there already.
pub(super) fn closed() -> StoreError {
    StoreError::Busy { retry_after: RETRY_AFTER }
}

/// The database's file is no longer where it was: somebody has to start the server anew.
pub(super) fn lost() -> StoreError {
    StoreError::Busy { retry_after: AFTER_A_LOSS }
}

/// A statement was ended before its end: nobody waits for it any more, or its time is over.
pub(super) fn interrupted() -> StoreError {
    StoreError::Busy { retry_after: RETRY_AFTER }
}

/// A connection's thread cannot be started.
pub(super) fn cannot_start_thread(error: std::io::Error) -> PrepareError {
    PrepareError::new(format!("cannot start a thread for the database: {error}"))
}

/// What an error of SQLite means.
pub(super) fn store_error(error: Error) -> StoreError {
    let (code, text) = match &error {
        Error::SqliteFailure(code, text) => (*code, text.as_deref().unwrap_or("")),
        Error::SqlInputError { error: code, msg, .. } => (*code, msg.as_str()),
        _ => return StoreError::Internal(error.to_string()),
    };
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy { retry_after: RETRY_AFTER },
        ErrorCode::OperationInterrupted => interrupted(),
        ErrorCode::DiskFull => StoreError::StorageFull,
        // A quota, a limit on the file's size, or no room for the log's index: SQLite doesn't call these full.
        ErrorCode::SystemIoFailure
            if matches!(code.extended_code, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE) =>
        {
            log::error!("SQLite cannot write: {error}");
            StoreError::StorageFull
        }
        ErrorCode::ConstraintViolation => match constraint(text, code.extended_code) {
            Some(constraint) => StoreError::Constraint(constraint),
            None => StoreError::Internal(error.to_string()),
        },
        // Beyond SQLite's limit for one value, or no number where the key is the rowid.
        ErrorCode::TooBig | ErrorCode::TypeMismatch => StoreError::Constraint(Constraint::nameless()),
        // What an INSTEAD OF trigger of this view is not for.
        ErrorCode::Unknown
            if text.starts_with("cannot modify ") && text.ends_with(" because it is a view") =>
        {
            log::warn!("{text}");
            StoreError::Constraint(Constraint::nameless())
        }
        _ => StoreError::Internal(error.to_string()),
    }
}

/// Which constraint failed: SQLite names it only in the message.
fn constraint(text: &str, extended: i32) -> Option<Constraint> {
    let after = |prefix: &str| text.strip_prefix(prefix).unwrap_or("").trim();
    match extended {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            let failed = after("UNIQUE constraint failed:");
            let names: Vec<_> = match failed.starts_with("index '") {
                // An index over expressions has no columns to name.
                true => Vec::new(),
                false => failed.split(", ").filter(|name| !name.is_empty()).map(parts).collect(),
            };
            let table = names.first().map(|(table, _)| *table);
            let columns = names.iter().map(|(_, column)| (*column).to_owned()).collect();
            Some(Constraint::Unique { columns }.of_table(table))
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => {
            let (table, column) = parts(after("NOT NULL constraint failed:"));
            Some(Constraint::NotNull { column: column.into() }.of_table(Some(table)))
        }
        ffi::SQLITE_CONSTRAINT_CHECK => {
            Some(Constraint::Check { name: after("CHECK constraint failed:").into() })
        }
        // Of a STRICT table: `cannot store TEXT value in INTEGER column tags.weight`.
        ffi::SQLITE_CONSTRAINT_DATATYPE => {
            let (table, column) = parts(text.rsplit_once(" column ").map_or("", |(_, name)| name));
            Some(Constraint::Value { column: column.into() }.of_table(Some(table)))
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Some(Constraint::ForeignKey),
        // ON DELETE RESTRICT is a trigger inside SQLite.
        ffi::SQLITE_CONSTRAINT_TRIGGER if text.starts_with("FOREIGN KEY") => Some(Constraint::ForeignKey),
        // RAISE(ABORT, …) in a trigger of the user's, or a virtual table's own rule: a check that the table makes.
        ffi::SQLITE_CONSTRAINT_TRIGGER | ffi::SQLITE_CONSTRAINT_VTAB => {
            Some(Constraint::Check { name: text.into() })
        }
        _ => None,
    }
}

/// `sessions.title` → `sessions`, `title`
fn parts(qualified: &str) -> (&str, &str) {
    qualified.rsplit_once('.').unwrap_or(("", qualified))
}
