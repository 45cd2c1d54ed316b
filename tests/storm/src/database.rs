//! The database that the servers share.

use std::path::Path;

use postgres_server::{Binaries, Link, Server};
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
    /// A server of its own, and a standby of that, until it takes its place.
    Postgres(Box<Server>, Option<Box<Server>>),
    /// A server of its own, by way of a link that cuts connections.
    Linked(Box<Server>, Link),
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
        Ok(Self { kind: Kind::Postgres(Box::new(server), None), folder: folder()? })
    }

    /// The same, with a standby that each commit waits for. Servers are told of both.
    ///
    /// # Errors
    /// If there can be no temporary folder.
    pub fn postgres_with_standby(binaries: &Binaries) -> Result<Self, String> {
        let mut database = Self::postgres(binaries)?;
        if let Kind::Postgres(server, standby) = &mut database.kind {
            *standby = Some(Box::new(block_in_place(|| server.standby())));
        }
        Ok(database)
    }

    /// A PostgreSQL that servers reach by a link, which cuts the connections of one in so many commits.
    ///
    /// # Errors
    /// If there can be no temporary folder.
    pub fn postgres_that_cuts(binaries: &Binaries, one_in: usize) -> Result<Self, String> {
        let Self { kind, folder } = Self::postgres(binaries)?;
        let kind = match kind {
            Kind::Postgres(server, None) => {
                let link = Link::to(&server.url(NAME));
                link.cut_commits(one_in);
                Kind::Linked(server, link)
            }
            other => other,
        };
        Ok(Self { kind, folder })
    }

    /// What a server is told.
    pub fn url(&self) -> String {
        match &self.kind {
            Kind::Sqlite => format!("sqlite:{}", self.folder.path().join("storm.db").display()),
            Kind::Postgres(server, None) => server.url(NAME),
            Kind::Linked(_, link) => link.url().to_owned(),
            Kind::Postgres(server, Some(standby)) => {
                let ports = [server.port(), standby.port()].map(|port| format!("127.0.0.1:{port}"));
                let [first, _] = &ports;
                server.url(NAME).replace(first, &ports.join(","))
            }
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
            Kind::Postgres(..) => "PostgreSQL",
            Kind::Linked(..) => "PostgreSQL whose commits are cut",
        }
    }

    /// `kill -9` of all its processes, and a new start on the same data.
    ///
    /// # Errors
    /// If it has none of its own.
    pub fn kill_and_restart(&mut self) -> Result<(), String> {
        match &mut self.kind {
            Kind::Sqlite => Err("SQLite has no process of its own: kill the server".to_owned()),
            Kind::Postgres(server, _) | Kind::Linked(server, _) => {
                block_in_place(|| {
                    server.kill();
                    server.restart();
                });
                Ok(())
            }
        }
    }
}

impl Database {
    /// `kill -9` of the primary, which stays dead, and the standby in its place.
    ///
    /// # Errors
    /// If there is no standby.
    pub fn fail_over(&mut self) -> Result<(), String> {
        let Kind::Postgres(server, standby) = &mut self.kind else {
            return Err("SQLite has no standby".to_owned());
        };
        let next = standby.take().ok_or("there is no standby")?;
        block_in_place(|| {
            server.kill();
            next.promote();
        });
        *server = next;
        Ok(())
    }
}

fn folder() -> Result<TempDir, String> {
    let folder = tempfile::Builder::new().prefix("storm-").tempdir();
    folder.map_err(|error| format!("no temporary folder: {error}"))
}
