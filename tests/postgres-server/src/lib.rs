//! A PostgreSQL of a test's own, from the binaries that are installed, or the one that `DATABASE_URL` names.
//!
//! A test that only needs a database asks for a [`Database`]; all of a process's share one server:
//!
//! ```no_run
//! # use postgres_server::Database;
//! // Nothing, and a word of why, where there is no PostgreSQL; a panic where `CI` is set.
//! let Some(database) = Database::provide() else { return };
//! println!("{}", database.url());
//! ```
//!
//! A test that takes a server down has its own [`Server`]:
//!
//! ```no_run
//! # use postgres_server::{Binaries, Server};
//! let Some(binaries) = Binaries::provide() else { return };
//! let mut server = Server::start(&binaries, &[("max_connections", "300")]);
//! server.create_database("storm");
//! println!("{}", server.url("storm"));
//! server.kill();      // SIGKILL to all of its processes
//! server.restart();   // the same folder and port; recovers what was committed
//! server.stop();      // finishes, as a service manager would ask it to
//! ```
//!
//! With a [`Certificate`] of an [`Authority`] of the test's own it takes encrypted connections:
//!
//! ```no_run
//! # use postgres_server::{Authority, Binaries, Server, Validity};
//! # let Some(binaries) = Binaries::provide() else { return };
//! let certificate = Authority::new("ours").certify(&["localhost", "127.0.0.1"], Validity::Valid);
//! let server = Server::start_encrypted(&binaries, &certificate, &[], &[]);
//! ```
//!
//! A server ends, and its folder goes, with the value or with the process that holds it, however that ends.

mod binaries;
mod certificates;
mod database;
mod link;
mod server;
mod system;

pub use binaries::Binaries;
pub use certificates::{Authority, Certificate, Validity};
pub use database::Database;
pub use link::Link;
pub use server::Server;
