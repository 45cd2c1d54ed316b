//! One or more servers over one database.

use std::net::SocketAddr;
use std::path::Path;

use crate::database::Database;
use crate::node::Way;
use crate::process::{Launch, Node};

/// Servers and their database.
pub struct Cluster {
    // First: they end before the database goes.
    /// The servers.
    pub nodes: Vec<Node>,
    /// What they share.
    pub database: Database,
}

impl Cluster {
    /// Starts so many servers. `program` is the program of this package.
    ///
    /// # Errors
    /// If one doesn't start.
    pub async fn start(program: &Path, database: Database, way: Way, count: usize) -> Result<Self, String> {
        let launch = Launch::new(program, &database, way);
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(launch.start().await?);
        }
        Ok(Self { nodes, database })
    }

    /// Where the servers listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::address).collect()
    }
}
