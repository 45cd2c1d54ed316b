//! SQL of the application's own on the transaction of a [`WriteTransaction`].

use std::any::Any;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use super::error::ApiError;
use super::write::WriteTransaction;

impl WriteTransaction {
    /// Runs SQL on SQLite's own connection, inside the transaction: what the closure does is committed or undone together
    /// with the rest. The closure runs on the connection's thread.
    ///
    /// **What it gives up:** versions and dates of the last change (`version`, `last_modified`) don't rise, hooks, guards,
    /// scopes and `after_commit` don't hear of it, and values are stored as they are given. Entity tags that are digests,
    /// and the memo, are right all the same, since triggers count each change.
    ///
    /// If the closure fails, what it has done is undone, and the transaction goes on. It must not end the transaction, nor
    /// change how the connection works (`PRAGMA`).
    ///
    /// The types are those of the crate rusqlite, in the version that
    /// [`store::sqlite::rusqlite`](crate::store::sqlite::rusqlite) is.
    ///
    /// # Errors
    /// That of SQLite, in the store's words; [`ApiError::Mistake`] if the store is another one.
    #[cfg(feature = "sqlite")]
    pub async fn raw_sqlite<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let transaction: &mut crate::store::sqlite::SqliteTransaction =
            self.store_transaction().ok_or_else(|| other_store("SQLite"))?;
        Ok(transaction.raw(work).await?)
    }

    /// Runs SQL on PostgreSQL's own connection, inside the transaction: what the closure does is committed or undone
    /// together with the rest. All of the client's methods that take `&self` are there.
    ///
    /// **What it gives up:** versions and dates of the last change (`version`, `last_modified`) don't rise, hooks, guards,
    /// scopes and `after_commit` don't hear of it, values are stored as they are given, and rows that it locks are not
    /// locked in the order that keeps writes from waiting for each other (PostgreSQL ends one of them after a second, and
    /// it is repeated). Entity tags that are digests, and the memo, are right all the same, since triggers count each
    /// change.
    ///
    /// If the closure fails, what it has done is undone, and the transaction goes on. It must not end the transaction, nor
    /// change the session (`SET` without `LOCAL`).
    ///
    /// The types are those of the crate tokio-postgres, in the version that
    /// [`store::postgres::tokio_postgres`](crate::store::postgres::tokio_postgres) is.
    ///
    /// # Errors
    /// That of PostgreSQL, in the store's words; [`ApiError::Mistake`] if the store is another one.
    #[cfg(feature = "postgres")]
    pub async fn raw_postgres<T>(
        &mut self,
        work: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, ApiError> {
        let transaction: &mut crate::store::postgres::PostgresTransaction =
            self.store_transaction().ok_or_else(|| other_store("PostgreSQL"))?;
        Ok(transaction.raw(work).await?)
    }

    /// The transaction of a store of your own, in its own type
    /// ([`Transaction::as_any`](crate::store::Transaction::as_any)); `None` if it is of another type.
    pub fn store_transaction<S: Any>(&mut self) -> Option<&mut S> {
        self.transaction.as_any()?.downcast_mut()
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn other_store(name: &str) -> ApiError {
    ApiError::mistake(format_args!("SQL for {name} is run on a transaction of another store"))
}
