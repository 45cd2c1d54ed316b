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
        let (file, log) = self.paths.file_and_log();
        let writable = spawn_blocking(move || takes_writes(&file, &log)).await;
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
fn takes_writes(file: &Path, log: &Path) -> Result<(), String> {
    let fail =
        |what: &str, path: &Path, error: std::io::Error| format!("{what} `{}`: {error}", path.display());
    let metadata = fs::metadata(file).map_err(|error| fail("cannot look at", file, error))?;
    if metadata.permissions().readonly() {
        return Err(format!("`{}` is read-only", file.display()));
    }
    // A page, as the log would have to grow by. Not waited for until it is on the disk.
    let probe = log.with_file_name(format!(".etag-fairing-{}", uuid::Uuid::now_v7()));
    let written = fs::File::create_new(&probe).and_then(|mut file| file.write_all(&[0; 4096]));
    let removed = fs::remove_file(&probe);
    written.and(removed).map_err(|error| fail("cannot write beside", log, error))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::{Location, SqliteOptions};
    use super::*;
    use crate::store::Store;

    #[test]
    fn of_a_link_the_folder_that_it_leads_to_must_take_writes() {
        rocket::async_test(async {
            let folder = tempfile::tempdir().expect("a folder");
            let [links, data] = ["links", "data"].map(|name| folder.path().join(name));
            for made in [&links, &data] {
                fs::create_dir(made).expect("a folder");
            }
            let link = links.join("api.db");
            symlink(data.join("api.db"), &link).expect("a link");
            let store = SqliteStore::open(SqliteOptions::new(Location::File(link.clone()))).expect("a store");
            store.prepare(&[]).await.expect("prepared");
            let (file, log) = store.paths.file_and_log();
            let there = fs::canonicalize(&data).expect("the folder");
            assert_eq!((file, log.parent()), (link, Some(&*there)));
            assert!(store.look_after_health(&[]).await.iter().all(HealthCheck::is_passed));
            // A folder that is away takes no files, whoever asks.
            let away = folder.path().join("away").join("api.db-wal");
            let refused = takes_writes(&there.join("api.db"), &away).expect_err("no folder");
            assert!(refused.contains("api.db-wal"), "{refused}");
        });
    }
}
