//! Whether the database is there, as it is described, and writable.

use std::{fs, io::Write, path::Path};

use rocket::tokio::{task::spawn_blocking, time::Instant};

use super::{SqliteStore, error::store_error, table};
use crate::schema::Description;
use crate::store::sql::{prepare::misfits, schema};
use crate::store::{HealthCheck, StoreError, health};

impl SqliteStore {
    pub(super) async fn look_after_health(&self, resources: &[&'static Description]) -> Vec<HealthCheck> {
        if self.paths.check().is_err() {
            let told = "the file of the database was deleted or replaced while the server has it open";
            return vec![HealthCheck::failed(HealthCheck::STORE, told, told)];
        }
        let mut checks = match self.misfits(resources.to_vec()).await {
            Ok(problems) => vec![HealthCheck::passed(HealthCheck::STORE), health::of_schema(&problems)],
            Err(error) => {
                let told = "the database does not answer";
                vec![HealthCheck::failed(HealthCheck::STORE, told, error.to_string())]
            }
        };
        let path = self.path.clone();
        let writable = spawn_blocking(move || takes_writes(&path)).await;
        checks.push(match writable.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(()) => HealthCheck::passed(HealthCheck::WRITABLE),
            Err(detail) => {
                let told = "the file of the database, or its folder, takes no writes";
                HealthCheck::failed(HealthCheck::WRITABLE, told, detail)
            }
        });
        checks
    }

    /// What is wrong with the tables.
    async fn misfits(&self, resources: Vec<&'static Description>) -> Result<Vec<String>, StoreError> {
        let turn = self.readers.turn(Instant::now() + self.queue_timeout).await?;
        let look = move |sqlite: &rusqlite::Connection| -> rusqlite::Result<_> {
            let mut problems = Vec::new();
            for table in schema::tables(&resources, &mut problems) {
                problems.extend(misfits(&table, table::find(sqlite, table.name)?.as_ref()));
            }
            Ok(problems)
        };
        let looked = self.readers.run(move |connection| {
            let problems = look(&connection.sqlite).map_err(store_error);
            drop(turn);
            problems
        });
        looked.await
    }
}

/// Whether a write would find room. SQLite itself can only tell by a write, for which all other writes would wait, and
/// after which every connection would read its pages again. The file isn't opened: to close it would end the locks that
/// SQLite has on it (POSIX's are the process's).
fn takes_writes(path: &Path) -> Result<(), String> {
    let fail = |what: &str, error: std::io::Error| format!("{what} `{}`: {error}", path.display());
    let metadata = fs::metadata(path).map_err(|error| fail("cannot look at", error))?;
    if metadata.permissions().readonly() {
        return Err(format!("`{}` is read-only", path.display()));
    }
    // A page, as the log beside the file would have to grow by. Not waited for until it is on the disk.
    let probe = path.with_file_name(format!(".etag-fairing-{}", uuid::Uuid::now_v7()));
    let written = fs::File::create_new(&probe).and_then(|mut file| file.write_all(&[0; 4096]));
    let removed = fs::remove_file(&probe);
    written.and(removed).map_err(|error| fail("cannot write beside", error))
}
