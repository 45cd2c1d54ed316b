//! The connection by which revisions are asked for.

use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};

use deadpool_postgres::Pool;

use super::super::{
    connection::{Connection, Shared},
    limit::Limit,
};
use crate::store::StoreError;

/// The connection by which revisions are asked for.
///
/// It is one of its own, beside those of the pool, so that no slow read makes it wait. It is made when it is needed first,
/// and again when it is lost. Both questions that may be under way are sent by it, one behind the other. If the pool is
/// the application's, each question takes a connection from there.
pub(super) enum Line {
    /// A connection that is kept, made by this pool.
    Own { pool: Pool, kept: Mutex<Option<Kept>> },
    /// One of the application's pool, for each question.
    Borrowed(Pool),
}

pub(super) struct Kept {
    connection: Arc<Connection>,
    /// [`Shared::renewals`] as it was before the connection was made.
    renewals: u64,
}

/// A connection to ask by.
pub(super) struct Taken {
    pub(super) connection: Arc<Connection>,
    /// Whether others have asked by it before, so that it may have been lost meanwhile.
    pub(super) is_used: bool,
}

impl Line {
    pub(super) async fn take(&self, shared: &Arc<Shared>) -> Result<Taken, StoreError> {
        let (pool, kept) = match self {
            Self::Own { pool, kept } => (pool, kept),
            Self::Borrowed(pool) => {
                let connection = connect(pool, shared).await?;
                return Ok(Taken { connection: Arc::new(connection), is_used: false });
            }
        };
        if let Some(connection) = usable(kept, shared) {
            return Ok(Taken { connection, is_used: true });
        }
        let renewals = shared.renewals.load(Ordering::Relaxed);
        let connection = Arc::new(connect(pool, shared).await?);
        if let Some(other) = usable(kept, shared) {
            // The other question has made one in the meantime.
            connection.give_up();
            return Ok(Taken { connection: other, is_used: false });
        }
        let new = Kept { connection: Arc::clone(&connection), renewals };
        let old = lock(kept).replace(new);
        drop(old);
        Ok(Taken { connection, is_used: false })
    }

    /// No longer asks by this connection.
    pub(super) fn discard(&self, connection: &Arc<Connection>) {
        if let Self::Own { kept, .. } = self {
            connection.give_up();
            let mut kept = lock(kept);
            let is_kept = kept.as_ref().is_some_and(|kept| Arc::ptr_eq(&kept.connection, connection));
            let old = if is_kept { kept.take() } else { None };
            drop(kept);
            drop(old);
        }
    }

    /// Makes no connection any more, and gives up the one that is kept.
    pub(super) fn close(&self) {
        if let Self::Own { pool, kept } = self {
            pool.close();
            let old = lock(kept).take();
            drop(old);
        }
    }

    /// How many connections there can be.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Own { pool, .. } | Self::Borrowed(pool) => pool.status().max_size,
        }
    }
}

async fn connect(pool: &Pool, shared: &Arc<Shared>) -> Result<Connection, StoreError> {
    Ok(Connection::take(pool, shared).await?.within(Limit::EachRead(shared.read_timeout)))
}

/// The connection that is kept, if it is of use. Otherwise it is given up.
fn usable(kept: &Mutex<Option<Kept>>, shared: &Shared) -> Option<Arc<Connection>> {
    let mut kept = lock(kept);
    let there = kept.as_ref()?;
    if there.connection.is_of_use() && there.renewals == shared.renewals.load(Ordering::Relaxed) {
        return Some(Arc::clone(&there.connection));
    }
    there.connection.give_up();
    let old = kept.take();
    drop(kept);
    drop(old);
    None
}

fn lock(kept: &Mutex<Option<Kept>>) -> std::sync::MutexGuard<'_, Option<Kept>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
