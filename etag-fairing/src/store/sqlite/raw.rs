//! SQL of the application's own on a write's transaction.

use super::{error::store_error, transaction::SqliteTransaction};
use crate::store::StoreError;

impl SqliteTransaction {
    /// Does something with the connection itself. If it fails, what it has done is undone, and the transaction goes on.
    ///
    /// # Errors
    /// That of SQLite, in the store's words.
    pub(crate) async fn raw<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |connection| {
            connection.control("SAVEPOINT raw")?;
            let outcome = work(&connection.sqlite).map_err(store_error);
            let end = match outcome {
                Ok(_) => &["RELEASE raw"][..],
                Err(_) => &["ROLLBACK TO raw", "RELEASE raw"],
            };
            if let Err(error) = end.iter().try_for_each(|statement| connection.control(statement)) {
                // It has ended the transaction, or SQLite has after an error: nothing more is done in what is left.
                connection.undo_all();
                return Err(outcome.err().unwrap_or_else(|| {
                    StoreError::Internal(format!(
                        "SQL of the application's own has ended the transaction: {error}"
                    ))
                }));
            }
            outcome
        })
        .await
    }
}
