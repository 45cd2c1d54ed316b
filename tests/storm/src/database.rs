//! The database that the servers share.

use std::path::Path;

use postgres_server::{Binaries, Server};
use tempfile::TempDir;
use tokio::task::block_in_place;

/// A database, private to a storm, gone with it.
pub struct Database {
    // First: it ends before its folder goes.
    kind: Kind,
    folder: TempDir,
}

enum Kind {
    /// A file in the folder.
    Sqlite,
    /// A server of its own.
    Postgres(Box<Server>),
}

/// The one database in the server.
const NAME: &str = "storm";

impl Database {
    /// An SQLite database.
    ///
    /// # Errors
    /// If there can be no temporary folder.
    pub fn sqlite() -> Result<Self, String> {
        Ok(Self { kind: Kind::Sqlite, folder: folder()? })
    }

    /// A PostgreSQL with a database in it.
    ///
    /// # Errors
    /// If there can be no temporary folder.
    pub fn postgres(binaries: &Binaries) -> Result<Self, String> {
        let server = block_in_place(|| {
            let server = Server::start(binaries, &[("max_connections", "300")]);
            server.create_database(NAME);
            server
        });
        Ok(Self { kind: Kind::Postgres(Box::new(server)), folder: folder()? })
    }

    /// What a server is told.
    pub fn url(&self) -> String {
        match &self.kind {
            Kind::Sqlite => format!("sqlite:{}", self.folder.path().join("storm.db").display()),
            Kind::Postgres(server) => server.url(NAME),
        }
    }

    /// Where the servers write what they have to say; for SQLite, where the database is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite => "SQLite",
            Kind::Postgres(_) => "PostgreSQL",
        }
    }

    /// `kill -9` of all its processes, and a new start on the same data.
    ///
    /// # Errors
    /// If it has none of its own.
    pub fn kill_and_restart(&mut self) -> Result<(), String> {
        match &mut self.kind {
            Kind::Sqlite => Err("SQLite has no process of its own: kill the server".to_owned()),
            Kind::Postgres(server) => {
                block_in_place(|| {
                    server.kill();
                    server.restart();
                });
                Ok(())
            }
        }
    }
}

fn folder() -> Result<TempDir, String> {
    let folder = tempfile::Builder::new().prefix("storm-").tempdir();
    folder.map_err(|error| format!("no temporary folder: {error}"))
}
