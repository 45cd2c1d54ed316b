//! Whether the server answers, takes writes, and has the tables as they are described.

use std::{sync::atomic::Ordering, time::Duration};

use deadpool_postgres::PoolError;
use rocket::futures::future::try_join_all;

use super::{
    PostgresStore,
    connection::Connection,
    error::{TAKES_NO_WRITES, is_standby, no_connection},
    limit::Limit,
    table,
};
use crate::schema::Description;
use crate::store::sql::{prepare::misfits, schema};
use crate::store::{HealthCheck, StoreError, health};

/// How long the server may take.
const LIMIT: Duration = Duration::from_secs(5);

const STANDBY: &str = "the database takes no writes: it is a standby, or read-only";

impl PostgresStore {
    pub(super) async fn look_after_health(&self, resources: &[&'static Description]) -> Vec<HealthCheck> {
        let answered = || HealthCheck::passed(HealthCheck::STORE);
        let read_only = || HealthCheck::failed(HealthCheck::WRITABLE, STANDBY, TAKES_NO_WRITES);
        let silent = |logged: String| {
            HealthCheck::failed(HealthCheck::STORE, "there is no connection to the database", logged)
        };
        let client = match self.get().await {
            Ok(client) => client,
            // It was asked whether it takes writes when the connection was made.
            Err(PoolError::Backend(error)) if is_standby(&error) => return vec![answered(), read_only()],
            Err(error) => return vec![silent(no_connection(&error))],
        };
        let connection = Connection::of(client, &self.shared).within(Limit::read(LIMIT));
        match connection.is_read_only().await {
            Ok(false) => {}
            Ok(true) => {
                // All connections lead to the same server. A new one may lead to the one that has taken over.
                drop(self.pool.retain(|_, _| false));
                self.shared.renewals.fetch_add(1, Ordering::Relaxed);
                connection.give_up();
                return vec![answered(), read_only()];
            }
            Err(error) => return vec![silent(error.to_string())],
        }
        let writable = HealthCheck::passed(HealthCheck::WRITABLE);
        match problems(&connection, resources).await {
            Ok(problems) => vec![answered(), health::of_schema(&problems), writable],
            Err(error) => vec![silent(error.to_string())],
        }
    }
}

/// What is wrong with the tables. All of them are looked at side by side.
async fn problems(
    connection: &Connection,
    resources: &[&'static Description],
) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    let tables = schema::tables(resources, &mut problems);
    let found = try_join_all(tables.iter().map(|table| table::find(connection, table.name))).await?;
    let misfits = tables.iter().zip(&found).flat_map(|(table, found)| misfits(table, found.as_ref()));
    problems.extend(misfits);
    Ok(problems)
}
