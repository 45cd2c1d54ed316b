//! Servers as processes: started, killed, stopped.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use clap::ValueEnum;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::database::Database;
use crate::node::Way;

/// Starts one and the same server as often as is asked.
#[derive(Clone, Debug)]
pub struct Launch {
    program: PathBuf,
    url: String,
    way: Way,
    folder: PathBuf,
}

/// A running server. It ends with this value.
#[derive(Debug)]
pub struct Node {
    launch: Launch,
    child: Child,
    address: SocketAddr,
}

impl Launch {
    /// Servers over this database. `program` is the program of this package.
    pub fn new(program: impl Into<PathBuf>, database: &Database, way: Way) -> Self {
        Self { program: program.into(), url: database.url(), way, folder: database.folder().to_owned() }
    }

    /// Starts one on a free port, and waits until it answers.
    ///
    /// # Errors
    /// With what it printed, if it ends instead.
    pub async fn start(&self) -> Result<Node, String> {
        self.start_at(free_port()?).await
    }

    async fn start_at(&self, port: u16) -> Result<Node, String> {
        let log = self.folder.join(format!("node-{port}.log"));
        let output = || {
            File::options()
                .create(true)
                .append(true)
                .open(&log)
                .map_err(|error| format!("{}: {error}", log.display()))
        };
        let way = self.way.to_possible_value().ok_or("a way without a name")?;
        let child = Command::new(&self.program)
            .args(["node", "--port", &port.to_string(), "--url", &self.url, "--way", way.get_name()])
            .stdin(Stdio::null())
            .stdout(output()?)
            .stderr(output()?)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let mut node = Node { launch: self.clone(), child, address: (Ipv4Addr::LOCALHOST, port).into() };
        node.wait_until_it_answers(&log).await?;
        Ok(node)
    }
}

impl Node {
    /// Where it listens, before and after a restart.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `kill -9`: it ends at once, wherever it is.
    ///
    /// # Errors
    /// If it can't be killed.
    pub fn kill(&mut self) -> Result<(), String> {
        self.child.kill().and_then(|()| self.child.wait()).map(drop).map_err(|error| format!("kill: {error}"))
    }

    /// Asks it to stop (SIGTERM).
    ///
    /// # Errors
    /// If it can't be asked.
    pub fn terminate(&self) -> Result<(), String> {
        signal("-TERM", &self.child.id().to_string())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If it goes on for longer than that.
    pub async fn ended(&mut self, limit: Duration) -> Result<ExitStatus, String> {
        let wait = async {
            loop {
                if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                    return Ok(status);
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(limit, wait).await.map_err(|_| format!("it goes on after {limit:?}"))?
    }

    /// Starts it again, over the same data, at the same address.
    ///
    /// # Errors
    /// As [`Launch::start`].
    pub async fn restart(&mut self) -> Result<(), String> {
        let launch = self.launch.clone();
        *self = launch.start_at(self.address.port()).await?;
        Ok(())
    }

    async fn wait_until_it_answers(&mut self, log: &Path) -> Result<(), String> {
        // Against waiting for ever; no measure of the machine.
        for _ in 0..12_000 {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                let printed = std::fs::read_to_string(log).unwrap_or_default();
                return Err(format!("the server ended with {status}:\n{printed}"));
            }
            if TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        Err("the server does not answer".to_owned())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Ended already: nothing to do.
        let _ = self.kill();
    }
}

/// Sends a signal to a process, or to a group of them (`-GROUP`).
pub(crate) fn signal(signal: &str, process: &str) -> Result<(), String> {
    let sent = Command::new("kill").args([signal, "--", process]).status();
    match sent {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("kill {signal} {process}: {status}")),
        Err(error) => Err(format!("kill: {error}")),
    }
}

/// A port that nobody listens at. Not one of those that the system gives to clients: a client that tries again and
/// again to reach a server that is down would get the server's own port, and be connected to itself.
pub fn free_port() -> Result<u16, String> {
    (0..1000)
        .map(|_| fastrand::u16(15_000..30_000))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or_else(|| "no free port".to_owned())
}
