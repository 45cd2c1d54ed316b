//! SQL of the application's own on a write's transaction.

use std::sync::atomic::Ordering;

use tokio_postgres::{Client, Error};

use super::{connection::Connection, transaction::PostgresTransaction};
use crate::store::StoreError;

impl PostgresTransaction {
    /// Does something with the connection itself. If it fails, what it has done is undone, and the transaction goes on.
    ///
    /// # Errors
    /// That of PostgreSQL, in the store's words.
    pub(crate) async fn raw<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        self.connection.raw(work).await
    }
}

impl Connection {
    async fn raw<T>(&self, work: impl AsyncFnOnce(&Client) -> Result<T, Error>) -> Result<T, StoreError> {
        self.check_not_failed()?;
        // Together with the beginning of the transaction, if that was not sent so far.
        self.batch("SAVEPOINT raw").await?;
        let client = self.client()?;
        // If this future is dropped, a statement may be running still.
        self.running.fetch_add(1, Ordering::Relaxed);
        let outcome = work(client).await;
        self.running.fetch_sub(1, Ordering::Relaxed);
        match outcome {
            Ok(output) => {
                // After a statement that has failed without a word, this fails, too, and nothing can be committed.
                self.batch("RELEASE SAVEPOINT raw").await?;
                Ok(output)
            }
            Err(error) => {
                let error = self.note(client, "SQL of the application's own", error);
                if !self.is_conflicted() && !client.is_closed() {
                    self.batch("ROLLBACK TO SAVEPOINT raw; RELEASE SAVEPOINT raw").await?;
                    self.failed.store(false, Ordering::Relaxed);
                }
                Err(error)
            }
        }
    }
}
