//! PostgreSQL's errors in the store's words.

use std::{error::Error as _, time::Duration};

use deadpool_postgres::PoolError;
use tokio_postgres::{
    Error,
    error::{DbError, SqlState},
};

use super::encode::Unfit;
use crate::store::{Constraint, StoreError};

/// When to try again after waiting was in vain.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

pub(super) fn busy() -> StoreError {
    StoreError::Busy { retry_after: RETRY_AFTER }
}

/// What an error of a statement means.
pub(super) fn store_error(error: Error) -> StoreError {
    if let Some(error) = error.as_db_error() {
        return database_error(error);
    }
    if let Some(unfit) = error.source().and_then(|source| source.downcast_ref::<Unfit>()) {
        return StoreError::Constraint(Constraint::Value { column: unfit.column.into() });
    }
    if is_lost(&error) {
        log::warn!("the connection to the database is lost: {}", told(&error));
        return busy();
    }
    StoreError::Internal(told(&error))
}

/// Whether the connection is gone, or never was.
fn is_lost(error: &Error) -> bool {
    error.is_closed()
        || error.source().is_some_and(|source| source.is::<std::io::Error>())
        || error.code().is_none() && error.to_string().contains("connect")
}

/// Why there is no connection.
pub(super) fn pool_error(error: PoolError) -> StoreError {
    match error {
        PoolError::Timeout(wait) => {
            log::warn!("no connection to the database in time ({wait:?})");
            busy()
        }
        PoolError::Backend(error) => {
            // The server may be starting, or a balancer has none: whatever it is, a later request may find it.
            log::error!("cannot connect to the database: {}", told(&error));
            busy()
        }
        PoolError::Closed => {
            log::warn!("the store is closed");
            busy()
        }
        PoolError::PostCreateHook(error) => {
            log::error!("cannot set up a connection to the database: {error}");
            busy()
        }
        PoolError::NoRuntimeSpecified => StoreError::Internal(PoolError::NoRuntimeSpecified.to_string()),
    }
}

fn database_error(error: &DbError) -> StoreError {
    let check =
        || StoreError::Constraint(Constraint::Check { name: error.constraint().unwrap_or("").into() });
    match error.code().code() {
        "23505" => StoreError::Constraint(Constraint::Unique { columns: key_columns(error) }),
        // 23001: ON DELETE RESTRICT.
        "23503" | "23001" => StoreError::Constraint(Constraint::ForeignKey),
        "23502" => {
            StoreError::Constraint(Constraint::NotNull { column: error.column().unwrap_or("").into() })
        }
        // Checks, exclusion constraints; values that a column's type or length doesn't take, for which PostgreSQL
        // names no column.
        "23514" | "23P01" | "22001" | "22003" | "22007" | "22008" | "22021" | "22P02" | "22P05" => check(),
        // RAISE in a trigger of the user's: a check that the table makes.
        "P0001" => StoreError::Constraint(Constraint::Check { name: error.message().into() }),
        _ if must_be_repeated(error) => StoreError::Conflict,
        code if is_passing(code) => {
            log::warn!("the database: {}", told_by_database(error));
            busy()
        }
        _ => StoreError::Internal(told_by_database(error)),
    }
}

/// Whether another transaction came in between, or the statement was prepared for a table that has changed since.
fn must_be_repeated(error: &DbError) -> bool {
    let code = error.code();
    *code == SqlState::T_R_SERIALIZATION_FAILURE
        || *code == SqlState::T_R_DEADLOCK_DETECTED
        // A row beside the target, which is waited for only shortly: see `lock`.
        || *code == SqlState::LOCK_NOT_AVAILABLE
        || is_stale(error)
}

/// Whether a prepared statement is of no use any more.
pub(super) fn is_stale(error: &DbError) -> bool {
    // `cached plan must not change result type`, and a statement that a pooler has forgotten.
    *error.code() == SqlState::INVALID_SQL_STATEMENT_NAME
        || *error.code() == SqlState::FEATURE_NOT_SUPPORTED
            && error.routine() == Some("RevalidateCachedQuery")
}

/// Whether it may be otherwise a moment later: timeouts, a server that shuts down, starts, or is short of something.
fn is_passing(code: &str) -> bool {
    // 25006: a server that has become a standby. 25P03: idle for too long.
    matches!(code, "25006" | "25P03") || ["08", "53", "57"].iter().any(|class| code.starts_with(class))
}

/// Whether a failed `COMMIT` may have committed all the same.
pub(super) fn is_outcome_unknown(error: &Error) -> bool {
    match error.as_db_error() {
        // 40003: statement completion unknown. 57…: ended by the server, maybe after the deed.
        Some(error) => error.code().code() == "40003" || error.code().code().starts_with("57"),
        None => true,
    }
}

/// The columns of a key that is taken. PostgreSQL names them in the detail alone: `Key (a, "B c")=(1, 2) …`.
fn key_columns(error: &DbError) -> Vec<String> {
    let columns = error.detail().and_then(|detail| detail.split_once('(')?.1.split_once(")=("));
    let Some((columns, _)) = columns else { return Vec::new() };
    let names = columns.split(", ").map(|name| match name.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').map(|name| name.replace("\"\"", "\"")),
        // An index over expressions has no columns to name.
        None => (!name.contains(['(', ')', ' ', ':'])).then(|| name.to_owned()),
    });
    names.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// All that an error says; the message alone leaves the reason out.
pub(super) fn told(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(error), _) => told_by_database(error),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

fn told_by_database(error: &DbError) -> String {
    let mut told = format!("{} (SQLSTATE {})", error.message(), error.code().code());
    for more in [error.detail(), error.hint(), error.where_()].into_iter().flatten() {
        told.push_str("; ");
        told.push_str(more);
    }
    told
}
