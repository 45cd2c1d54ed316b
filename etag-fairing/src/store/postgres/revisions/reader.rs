//! Reads revisions for a store.

use std::sync::{Arc, Mutex};

use deadpool_postgres::Pool;

use super::super::connection::Shared;
use super::{
    line::Line,
    question::{Latest, Numbers},
    sharing::Sharing,
};
use crate::store::StoreError;

/// Reads revisions for a store: requests that come at the same time share one question.
#[derive(Clone)]
pub(in super::super) struct Reader {
    database: Arc<Database>,
    sharing: Arc<Sharing<Numbers>>,
}

/// Where questions are asked.
struct Database {
    line: Line,
    latest: Latest,
}

impl Reader {
    /// Reads by a connection of its own, which this pool makes.
    pub(in super::super) fn by_own_connection(pool: Pool) -> Self {
        Self::by(Line::Own { pool, kept: Mutex::default() })
    }

    /// Reads by the connections of a pool that is the application's.
    pub(in super::super) fn by_borrowed_connections(pool: Pool) -> Self {
        Self::by(Line::Borrowed(pool))
    }

    fn by(line: Line) -> Self {
        Self { database: Arc::new(Database { line, latest: Latest::default() }), sharing: Arc::default() }
    }

    /// The numbers of these tables, and perhaps of others.
    pub(in super::super) async fn numbers(
        &self,
        shared: &Arc<Shared>,
        tables: &[&'static str],
    ) -> Result<Arc<Numbers>, StoreError> {
        let asker = || {
            let (database, shared) = (Arc::clone(&self.database), Arc::clone(shared));
            move |tables: Vec<&'static str>| {
                let (database, shared) = (Arc::clone(&database), Arc::clone(&shared));
                async move { database.ask(&shared, &tables).await }
            }
        };
        self.sharing.answer(tables, asker).await
    }

    /// Gives up its connection and makes no other.
    pub(in super::super) fn close(&self) {
        self.database.line.close();
    }
}

impl Database {
    async fn ask(&self, shared: &Arc<Shared>, tables: &[&'static str]) -> Result<Arc<Numbers>, StoreError> {
        let mut tries = 0;
        loop {
            let taken = self.line.take(shared).await?;
            let error = match self.latest.ask(&taken.connection, tables).await {
                Ok(numbers) => return Ok(numbers),
                Err(error) => error,
            };
            self.line.discard(&taken.connection);
            // A statement was prepared for a table that has changed since; its connection forgets it. Each connection of
            // a pool may have to.
            let is_stale = matches!(error, StoreError::Conflict) && taken.connection.was_stale();
            // The connection was lost while it was idle, which only a question tells.
            let is_lost =
                matches!(error, StoreError::Busy { .. }) && taken.is_used && !shared.closing.is_closed();
            tries += 1;
            if !(is_stale || is_lost) || tries > self.line.size() {
                return Err(error);
            }
        }
    }
}
