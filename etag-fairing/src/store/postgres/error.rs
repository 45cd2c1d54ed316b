//! PostgreSQL's errors in the store's words.

use std::{error::Error as _, time::Duration};

use deadpool_postgres::{PoolError, TimeoutType};
use tokio_postgres::{
    Error,
    error::{DbError, Severity, SqlState},
};

use super::{encode::Unfit, tls};
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

/// Whether whoever has this connection should give it up, since it is gone, or leads to a server that is going away, has
/// not come yet, or takes no writes: a new one may lead to another server.
pub(super) fn lost(error: &Error) -> bool {
    match error.as_db_error() {
        Some(error) => Meaning::of(error) == Meaning::Lost,
        None => is_lost(error),
    }
}

/// Whether the answer to a statement that was sent is lost, so that nobody knows whether it was done. A server that goes away
/// says so itself (57P01), and has undone it.
pub(super) fn is_answer_lost(error: &Error) -> bool {
    // Whatever the driver makes of it, the server has not answered.
    let Some(error) = error.as_db_error() else { return !is_unsent(error) };
    let code = error.code().code();
    // A pooler that has lost its server says 08P01, 58000 or what it likes, but not where in the server's source that is.
    let is_anothers =
        || error.routine().is_none() && ["57", "58", "XX"].iter().any(|class| code.starts_with(class));
    code == "40003" || code.starts_with("08") || is_anothers()
}

/// Whether a statement was not sent, since its values can't be written.
fn is_unsent(error: &Error) -> bool {
    error.source().is_some_and(|source| source.is::<Unfit>())
        || error.to_string().starts_with("error serializing")
}

/// Whether the server takes no writes.
pub(super) fn is_read_only(error: &Error) -> bool {
    error.as_db_error().is_some_and(refuses_writes)
}

/// Whether the server ended a statement before its end: at `statement_timeout`, or since somebody told it to.
pub(super) fn is_canceled(error: &Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
}

/// Whether the server has ended a transaction since it waited in a circle with others.
pub(super) fn is_deadlock(error: &Error) -> bool {
    error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the connection is gone, or never was.
fn is_lost(error: &Error) -> bool {
    error.is_closed()
        || error.source().is_some_and(|source| source.is::<std::io::Error>())
        || error.code().is_none() && error.to_string().contains("connect")
}

/// What is said of a server that takes no writes.
pub(super) const TAKES_NO_WRITES: &str = "the server takes no writes: it is a standby, or `default_transaction_read_only` \
     is on; name the primary, or all hosts, of which the one that takes writes is used: `postgres://<user>@one,two/<database>`";

/// Why there is no connection. The server may be starting, or a balancer has none: whatever it is, a later request may
/// find it.
pub(super) fn pool_error(error: PoolError) -> StoreError {
    log::error!("no connection to the database: {}", no_connection(&error));
    busy()
}

/// Why there is none, in words.
pub(super) fn no_connection(error: &PoolError) -> String {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => "all are in use (`wait_timeout`)".into(),
        PoolError::Timeout(_) => "the server does not answer (`connect_timeout`)".into(),
        PoolError::Backend(error) if is_standby(error) => TAKES_NO_WRITES.into(),
        PoolError::Backend(error) => told(error),
        PoolError::Closed => "the store is closed".into(),
        PoolError::PostCreateHook(_) | PoolError::NoRuntimeSpecified => error.to_string(),
    }
}

/// Whether a server was there, but doesn't take writes, as it was asked whether it does.
pub(super) fn is_standby(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|source| {
        source.kind() == std::io::ErrorKind::PermissionDenied
            && source.to_string().contains("does not allow writes")
    })
}

/// What becomes of an error that the database tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A unique key is taken: 409.
    Unique,
    /// A reference is broken: 409.
    ForeignKey,
    /// There is no value where one must be: 422.
    NotNull,
    /// A rule of the table, or of a column's type, stands against a value: 422.
    Check,
    /// A column whose value the database itself makes, or a view that takes no such change: 422.
    Unwritable,
    /// Another transaction came in between: once more.
    Repeat,
    /// There is no room: 507.
    Full,
    /// It may be otherwise a moment later: 503.
    Passing,
    /// The same, by another connection: 503, and this one is given up.
    Lost,
    /// Nothing that a client could know of: 500.
    Other,
}

impl Meaning {
    /// By SQLSTATE (PostgreSQL, appendix A).
    fn of(error: &DbError) -> Self {
        let code = error.code().code();
        match code {
            "23505" => Self::Unique,
            // 23001: ON DELETE RESTRICT.
            "23503" | "23001" => Self::ForeignKey,
            "23502" => Self::NotNull,
            // Checks, exclusion constraints; values that a column's type or length doesn't take, for which PostgreSQL
            // names no column.
            "23514" | "23P01" | "22001" | "22003" | "22007" | "22008" | "22021" | "22P02" | "22P05" => {
                Self::Check
            }
            // Of a view WITH CHECK OPTION.
            "44000" => Self::Check,
            // RAISE in a trigger of the user's: a check that the table makes.
            "P0001" => Self::Check,
            "428C9" => Self::Unwritable,
            "55000" if error.message().contains(" view ") => Self::Unwritable,
            // A value that is too long for an index of its column.
            "54000" if error.routine().is_some_and(|routine| INDEXING.contains(&routine)) => Self::Check,
            _ if must_be_repeated(error) => Self::Repeat,
            // disk_full. A limit for temporary files is another one (53400): less may fit.
            "53100" => Self::Full,
            _ if refuses_writes(error) => Self::Lost,
            // The server shuts down (57P01), has crashed (57P02), is starting (57P03), the database goes (57P04); a
            // session or a transaction was idle, or open, for too long (57P05, 25P03, 25P04). Class 08: the connection.
            "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "25P03" | "25P04" => Self::Lost,
            _ if code.starts_with("08") => Self::Lost,
            // Class 53: no memory, no connections, a limit. Class 57: canceled. Class 58: the system's own trouble, but
            // for a missing file (58P01), which stays missing. 55006, 55P04: in use for a moment. 40000 and the like.
            "58000" | "58030" | "55006" => Self::Passing,
            _ if ["53", "57", "40"].iter().any(|class| code.starts_with(class)) => Self::Passing,
            _ => Self::Other,
        }
    }
}

/// What finds that a value is too long for an index.
const INDEXING: [&str; 4] =
    ["_bt_check_third_page", "index_form_tuple", "index_form_tuple_context", "brin_form_tuple"];

/// Whether the server is a standby, or has become one, or takes no writes for another reason.
fn refuses_writes(error: &DbError) -> bool {
    // 25006: read_only_sql_transaction. `BEGIN … READ WRITE` during recovery is 0A000, as much else; the function that
    // says so is called check_XactReadOnly, and check_transaction_read_only from PostgreSQL 16 on.
    *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION
        || *error.code() == SqlState::FEATURE_NOT_SUPPORTED
            && (error.routine().is_some_and(|routine| READ_ONLY.contains(&routine))
                || error.message().contains("during recovery"))
}

/// What finds that a transaction cannot write.
const READ_ONLY: [&str; 3] =
    ["check_XactReadOnly", "check_transaction_read_only", "PreventCommandDuringRecovery"];

fn database_error(error: &DbError) -> StoreError {
    let meaning = Meaning::of(error);
    // Whoever raises an error in a function of their own chooses its code, too. It is a rule of the table, unless the
    // code says that it is none of what was sent: no room, a server that is busy or goes away, another transaction.
    let is_raised = error.routine() == Some("exec_stmt_raise");
    let is_passing = matches!(meaning, Meaning::Full | Meaning::Passing | Meaning::Lost | Meaning::Repeat);
    if is_raised && !is_passing {
        return StoreError::Constraint(Constraint::Check { name: error.message().into() });
    }
    let of_table = |constraint: Constraint| StoreError::Constraint(constraint.of_table(error.table()));
    match meaning {
        Meaning::Unique => of_table(Constraint::Unique { columns: key_columns(error) }),
        Meaning::ForeignKey => StoreError::Constraint(Constraint::ForeignKey),
        // Of a domain it names no column.
        Meaning::NotNull => of_table(Constraint::NotNull { column: error.column().unwrap_or("").into() }),
        Meaning::Check => match error.code().code() {
            "P0001" => StoreError::Constraint(Constraint::Check { name: error.message().into() }),
            "23P01" => of_table(Constraint::Exclusion { columns: key_columns(error) }),
            _ => of_table(Constraint::Check { name: error.constraint().unwrap_or("").into() }),
        },
        Meaning::Unwritable => {
            log::warn!("{}", told_by_database(error));
            StoreError::Constraint(Constraint::nameless())
        }
        Meaning::Repeat => StoreError::Conflict,
        Meaning::Full => {
            log::error!("the database: {}", told_by_database(error));
            StoreError::StorageFull
        }
        Meaning::Passing | Meaning::Lost => {
            log::warn!("the database: {}", told_by_database(error));
            busy()
        }
        Meaning::Other => StoreError::Internal(told_by_database(error)),
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

/// Whether a failed `COMMIT` may have committed all the same.
pub(super) fn is_outcome_unknown(error: &Error) -> bool {
    is_answer_lost(error)
        || error.as_db_error().is_some_and(|error| {
            // 57…: ended by the server, maybe after the deed. A process that falls may have written it to the log.
            error.code().code().starts_with("57")
                || matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
        })
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
    if let Some(told) = tls::explain(error) {
        return told;
    }
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
