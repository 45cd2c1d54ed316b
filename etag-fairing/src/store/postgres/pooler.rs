//! What stands between the store and the server, as far as it can be seen at launch.
//!
//! A pooler that hands out server connections for a transaction each, and doesn't follow prepared statements, runs a
//! statement on a server where another node has prepared another one under the same name: a read of one node then is the
//! write of another. PgBouncer does so in transaction mode before 1.21, and later with `max_prepared_statements = 0`, which
//! was the default before 1.24. Nothing tells when it happens. So it is tried out.

use std::{ops::Deref, time::Duration};

use deadpool_postgres::{ClientWrapper, Connect, Object, Pool};
use rocket::tokio::time::timeout;
use tokio_postgres::{Config, error::SqlState};

use super::dial::Dial;

/// How often it is tried: a pooler that is busy with others may give back the same server by chance.
const TRIES: usize = 3;

/// How long a statement may take which waits for nobody. In a pooler with one server, it waits for ourselves.
const SOON: Duration = Duration::from_secs(2);

const PROBLEM: &str = "between here and the server stands a pooler that gives each transaction another server connection, and \
     doesn't follow prepared statements: nodes would run each other's statements. Pool whole sessions (PgBouncer: \
     `pool_mode = session`), or have PgBouncer from 1.21 on follow them (`max_prepared_statements = 200`, the default from \
     1.24 on), or connect without it";

/// Where connections come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// They are made, and closed afterwards.
    Dial(&'a Dial),
    /// They are those of the application's pool, each waited for so long at most.
    Pool(&'a Pool, Duration),
}

/// A connection to try it with.
enum Taken {
    Made(ClientWrapper),
    Borrowed(Object),
}

impl Deref for Taken {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        match self {
            Self::Made(client) => client,
            Self::Borrowed(client) => client,
        }
    }
}

impl Source<'_> {
    fn patience(self) -> Duration {
        match self {
            Self::Dial(dial) => dial.patience(),
            Self::Pool(_, patience) => patience * 2,
        }
    }

    async fn connect(self) -> Option<Taken> {
        match self {
            Self::Dial(dial) => {
                let (client, task) = dial.connect(&Config::new()).await.ok()?;
                // Ends the task with it.
                Some(Taken::Made(ClientWrapper::new(client, task)))
            }
            Self::Pool(pool, patience) => timeout(patience, pool.get()).await.ok()?.ok().map(Taken::Borrowed),
        }
    }
}

/// Looks for a pooler that mixes what different connections have prepared.
///
/// # Errors
/// If there is one. Whatever else goes wrong here will go wrong again, where it has better words.
pub(super) async fn check(source: Source<'_>) -> Result<(), &'static str> {
    match timeout(source.patience().saturating_add(SOON * 4), mixes(source)).await {
        Ok(Some(true)) => Err(PROBLEM),
        Ok(Some(false)) => Ok(()),
        Ok(None) | Err(_) => {
            log::debug!("whether a pooler mixes prepared statements could not be found out");
            Ok(())
        }
    }
}

async fn mixes(source: Source<'_>) -> Option<bool> {
    let (first, mut second) = (source.connect().await?, source.connect().await?);
    let statement = first.prepare("SELECT 'prepared by the first'").await.ok()?;
    // The name alone goes to the server: one that knows it is the first one's.
    if second.query(&statement, &[]).await.is_ok() {
        return Some(true);
    }
    // A pooler that does follow them has thrown us out.
    if second.is_closed() {
        second = source.connect().await?;
    }
    for number in 0..TRIES {
        let statement = first.prepare(&format!("SELECT 'prepared before {number}'")).await.ok()?;
        // Keeps a server connection: where transactions share them, perhaps the one where that was prepared.
        timeout(SOON, second.batch_execute("BEGIN; SELECT 1")).await.ok()?.ok()?;
        let found = timeout(SOON, first.query(&statement, &[])).await;
        timeout(SOON, second.batch_execute("ROLLBACK")).await.ok()?.ok()?;
        match found {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) => {
                return Some(true);
            }
            Ok(Err(_)) | Err(_) => return None,
        }
    }
    Some(false)
}
