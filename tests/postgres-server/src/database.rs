//! An empty place for one test, in a server that all tests of a process share.

use std::{
    env, process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{Binaries, Server, server::psql};

/// An empty schema of a test's own, which its URL puts first in the search path. It goes with this value.
#[derive(Debug)]
pub struct Database {
    binaries: Binaries,
    schema: String,
    outer: String,
    url: String,
}

/// One server a process, from the first test that asks for it.
static SERVER: Mutex<Option<Server>> = Mutex::new(None);
static NEXT: AtomicU32 = AtomicU32::new(1);

impl Database {
    /// A schema in the database that `DATABASE_URL` names, or else in a server that this starts. Where there is
    /// neither, tells that the test is skipped.
    ///
    /// # Panics
    /// If the server can't be used; where there is none and `CI` is set.
    pub fn provide() -> Option<Self> {
        let binaries = Binaries::provide()?;
        let outer = match env::var("DATABASE_URL") {
            Ok(url) if url.starts_with("postgres") => url,
            _ => {
                let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
                server.get_or_insert_with(|| Server::start(&binaries, &[])).url("postgres")
            }
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("test_{}_{number}", process::id());
        psql(&binaries, &outer, &format!("CREATE SCHEMA {schema}"));
        let parting = if outer.contains('?') { '&' } else { '?' };
        let url = format!("{outer}{parting}options=-csearch_path%3D{schema}");
        Some(Self { binaries, schema, outer, url })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs SQL in it. Gives what it answers: a line a row, columns parted by `|`.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, sql: &str) -> String {
        psql(&self.binaries, &self.url, sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            psql(&self.binaries, &self.outer, &format!("DROP SCHEMA {} CASCADE", self.schema));
        }
    }
}
