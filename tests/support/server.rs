//! The example, started as a user starts it: a process in a folder.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, LazyLock, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use postgres_server::Database;
use tempfile::TempDir;

use super::http::{self, Connection};
use super::openapi::Operations;

/// How long a launch or an end may take before the test gives up; no test waits for it to pass.
const LIMIT: Duration = Duration::from_secs(120);

/// Whether this is the test program that has the example keep its resources in PostgreSQL.
const ON_POSTGRES: bool =
    matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"acceptance_on_postgres" | b"shop_on_postgres");

/// The example whose tests these are.
const EXAMPLE: &str = env!("CARGO_PKG_NAME");

/// Its program. Cargo tells the tests of a package where that of the same package is.
const PROGRAM: Option<&str> = match option_env!("CARGO_BIN_EXE_open-event") {
    None => option_env!("CARGO_BIN_EXE_shop"),
    program => program,
};

/// How to start the example. It runs in a temporary folder of its own, on a free port of the loopback
/// interface, with no `ROCKET_…` or `OPEN_EVENT_…` variable but those given here.
#[derive(Clone)]
pub struct Launch {
    folder: Arc<TempDir>,
    variables: Vec<(String, String)>,
    database: Option<Arc<Database>>,
    values_are_ours: bool,
}

/// The example, running. It ends with this value.
pub struct Server {
    launch: Launch,
    process: Process,
    address: SocketAddr,
}

/// A launch that was refused, or the end of a server.
#[derive(Debug)]
pub struct Failure {
    /// The process's exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// All that it printed.
    pub output: String,
}

struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Default for Launch {
    fn default() -> Self {
        Self::new()
    }
}

impl Launch {
    /// In a new empty folder, without a `Rocket.toml`.
    ///
    /// Where the tests are those on PostgreSQL and there is none, all of them end here.
    pub fn new() -> Self {
        if !ON_POSTGRES {
            return Self::on_sqlite();
        }
        match Database::provide() {
            Some(database) => Self::on(database),
            None => std::process::exit(0),
        }
    }

    /// With the database in a file of the folder, as it is by itself.
    pub fn on_sqlite() -> Self {
        let folder = tempfile::Builder::new().prefix(EXAMPLE).tempdir().expect("a temporary folder");
        Self { folder: Arc::new(folder), variables: Vec::new(), database: None, values_are_ours: true }
    }

    /// With a database of PostgreSQL.
    pub fn on(database: Database) -> Self {
        Self { database: Some(Arc::new(database)), ..Self::on_sqlite() }
    }

    /// Another node over the same database, in a folder of its own.
    pub fn another_node(&self) -> Self {
        Self { folder: Self::on_sqlite().folder, ..self.clone() }
    }

    /// The database of PostgreSQL.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_deref()
    }

    /// With this environment variable.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.into(), value.into()));
        self
    }

    /// With this `Rocket.toml` in its folder.
    pub fn rocket_toml(self, text: &str) -> Self {
        self.file("Rocket.toml", text)
    }

    /// With this file in its folder; folders on the way are made.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("make the folder");
        fs::write(path, text).expect("write the file");
        self
    }

    /// The folder it runs in. It stays as long as a launch or a server of it is held.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the server and waits until it answers.
    ///
    /// Panics with all that the process printed if it ends instead.
    pub fn start(&self) -> Server {
        match self.try_start() {
            Ok(server) => server,
            Err(failure) => panic!("{EXAMPLE} ended with {:?}:\n{}", failure.code, failure.output),
        }
    }

    /// Starts the server, which must refuse to launch.
    ///
    /// Panics if it launches.
    pub fn refused(&self) -> Failure {
        match self.try_start() {
            Ok(server) => panic!("{EXAMPLE} was launched:\n{}", server.output()),
            Err(failure) => failure,
        }
    }

    /// What the answers of this server are checked by: its OpenAPI document, which its program prints without a launch.
    /// That of one configuration is made once.
    fn described(&self) -> Option<Arc<Operations>> {
        static MADE: LazyLock<Mutex<HashMap<String, Option<Arc<Operations>>>>> =
            LazyLock::new(Mutex::default);
        if !self.values_are_ours {
            return None;
        }
        let written = fs::read_to_string(self.folder().join("Rocket.toml")).unwrap_or_default();
        let configuration = format!("{written}{:?}", self.variables);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let printed = self.command().arg("openapi").output().expect("run the example");
            let document = serde_json::from_slice(&printed.stdout).ok()?;
            Some(Arc::new(Operations::of(document)))
        };
        made.entry(configuration).or_insert_with(make).clone()
    }

    /// What the program prints with this argument, without a server.
    pub fn print(&self, argument: &str) -> String {
        let printed = self.command().arg(argument).output().expect("run the example");
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        String::from_utf8(printed.stdout).expect("UTF-8")
    }

    /// For tests with values that only other programs would have stored: no schema allows them.
    pub fn with_values_of_others(self) -> Self {
        Self { values_are_ours: false, ..self }
    }

    /// The program with its environment.
    fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM.expect("a program in this package"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("ROCKET_") || text.starts_with("OPEN_EVENT_") {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(self.folder())
            // Port 0: the system picks a free one, and Rocket prints which. No two tests can meet.
            .env("ROCKET_PORT", "0")
            .env("ROCKET_ADDRESS", "127.0.0.1")
            .env("ROCKET_CLI_COLORS", "false")
            .envs(
                self.database
                    .iter()
                    .map(|database| ("ROCKET_DATABASES", format!("{{api={{url=\"{}\"}}}}", database.url()))),
            )
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn try_start(&self) -> Result<Server, Failure> {
        let mut child = self.command().spawn().expect("start the example");

        let output = Arc::new(Mutex::new(String::new()));
        let (launched, address) = mpsc::channel();
        let readers = vec![
            collect(child.stdout.take().expect("piped"), Arc::clone(&output), Some(launched)),
            collect(child.stderr.take().expect("piped"), Arc::clone(&output), None),
        ];
        let mut process = Process { child, output, readers };

        // The sender goes when the process closes its output: the wait ends with a launch or with the process.
        match address.recv_timeout(LIMIT) {
            Ok(address) => {
                TcpStream::connect(address).expect("a launched server takes connections");
                http::describe(address, self.described());
                Ok(Server { launch: self.clone(), process, address })
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let code = process.child.wait().expect("wait for the example").code();
                process.join();
                Err(Failure { code, output: process.text() })
            }
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("no launch in {LIMIT:?}:\n{}", process.text()),
        }
    }
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address with `http://` before and no slash behind.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The process id, for its `/proc`.
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// The folder it runs in.
    pub fn folder(&self) -> &Path {
        self.launch.folder()
    }

    /// All that it printed so far.
    pub fn output(&self) -> String {
        self.process.text()
    }

    /// A new connection to it.
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Ends the process as a service manager would, and tells how it ended.
    pub fn end(mut self) -> Failure {
        self.process.end();
        let code = self.process.child.wait().ok().and_then(|status| status.code());
        Failure { code, output: self.process.text() }
    }

    /// Ends the process as a service manager would, and gives back the launch, which can start it again over
    /// the same folder.
    pub fn stop(mut self) -> Launch {
        self.process.end();
        self.launch.clone()
    }
}

impl Process {
    fn text(&self) -> String {
        self.output.lock().map(|output| output.clone()).unwrap_or_default()
    }

    fn join(&mut self) {
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }

    /// SIGTERM, which Rocket takes as a request to finish; SIGKILL if it doesn't finish.
    fn end(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let asked = cfg!(unix) && Command::new("kill").arg(self.child.id().to_string()).status().is_ok();
            let deadline = Instant::now() + Duration::from_secs(10);
            while asked && matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(10));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        self.join();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Collects what is printed, line by line, and reports the address of the launch.
fn collect(
    pipe: impl Read + Send + 'static,
    output: Arc<Mutex<String>>,
    launched: Option<mpsc::Sender<SocketAddr>>,
) -> JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            if let Ok(mut output) = output.lock() {
                output.push_str(&line);
                output.push('\n');
            }
            let address = line
                .split_once("Rocket has launched from http://")
                .and_then(|(_, address)| address.trim().parse().ok());
            if let (Some(launched), Some(address)) = (&launched, address) {
                let _ = launched.send(address);
            }
        }
    })
}
