//! One server: its folder, its processes, and what ends them.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Binaries, Certificate,
    system::{close_to_others, part},
};

/// How long a start or an end may take before the test gives up; no test waits for it to pass.
const LIMIT: Duration = Duration::from_secs(60);

/// A PostgreSQL server with a folder, a port and a password of its own. It keeps its promises about the disk:
/// `fsync` is on. It ends with this value.
#[derive(Debug)]
pub struct Server {
    binaries: Binaries,
    folder: PathBuf,
    port: u16,
    password: String,
    settings: Vec<(String, String)>,
    process: Option<Child>,
    keeper: Keeper,
}

impl Server {
    /// Makes a folder, starts a server in it with these settings of `postgresql.conf`, and waits until it answers.
    ///
    /// Its databases are in UTF-8 and sort text as English does, where this PostgreSQL can: whoever means the order
    /// of code points has to say so.
    ///
    /// # Panics
    /// If it doesn't start, with what it logged.
    pub fn start(binaries: &Binaries, settings: &[(&str, &str)]) -> Self {
        Self::start_with(binaries, &[], settings)
    }

    /// The same, but with this certificate it takes encrypted connections too; and with these files in the folder of its
    /// data, each its name and what it holds, which only it can read.
    ///
    /// # Panics
    /// If it doesn't start, with what it logged.
    pub fn start_encrypted(
        binaries: &Binaries,
        certificate: &Certificate,
        files: &[(&str, &str)],
        settings: &[(&str, &str)],
    ) -> Self {
        let mut all = vec![("server.crt", &*certificate.pem), ("server.key", &*certificate.key)];
        all.extend(files);
        // The files have the names that PostgreSQL expects.
        Self::start_with(binaries, &all, &[&[("ssl", "on")], settings].concat())
    }

    fn start_with(binaries: &Binaries, files: &[(&str, &str)], settings: &[(&str, &str)]) -> Self {
        let folder =
            tempfile::Builder::new().prefix("postgres-").tempdir().expect("a temporary folder").keep();
        let keeper = Keeper::of(&folder);
        binaries.hand_over(&folder);
        let password = password();
        initialise(binaries, &folder, &password);
        for (name, text) in files {
            let path = folder.join("data").join(name);
            fs::write(&path, text).expect("write a file of the server");
            close_to_others(&path);
            binaries.hand_over(&path);
        }
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let binaries = binaries.clone();
        let mut server = Self { binaries, folder, port: 0, password, settings, process: None, keeper };
        // Between finding a free port and taking it somebody else may come.
        for _ in 0..10 {
            server.port = free_port();
            if server.launch() {
                return server;
            }
        }
        panic!("no PostgreSQL:\n{}", server.log());
    }

    /// Gives it another certificate in place of the one that it was started with; it shows that from its next start on.
    ///
    /// # Panics
    /// If its files can't be written.
    pub fn replace_certificate(&self, certificate: &Certificate) {
        let data = self.folder.join("data");
        fs::write(data.join("server.crt"), &certificate.pem).expect("write the certificate");
        fs::write(data.join("server.key"), &certificate.key).expect("write its key");
    }

    /// Starts a standby of it, and waits until it follows. From then on each commit waits for the standby: what was
    /// acknowledged is there too.
    ///
    /// # Panics
    /// If it doesn't start, with what it logged, or doesn't follow.
    pub fn standby(&self) -> Self {
        let folder =
            tempfile::Builder::new().prefix("postgres-").tempdir().expect("a temporary folder").keep();
        let keeper = Keeper::of(&folder);
        self.binaries.hand_over(&folder);
        let mut command = self.binaries.server_command("pg_basebackup");
        command.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--dbname"]);
        command.arg(self.url("postgres")).arg("--pgdata").arg(folder.join("data"));
        let output = command.current_dir(&folder).stdin(Stdio::null()).output().expect("run pg_basebackup");
        assert!(output.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&output.stderr));
        let mut standby = Self {
            binaries: self.binaries.clone(),
            folder,
            port: 0,
            password: self.password.clone(),
            settings: self.settings.clone(),
            process: None,
            keeper,
        };
        for _ in 0..10 {
            standby.port = free_port();
            if standby.launch() {
                break;
            }
        }
        assert!(standby.process.is_some(), "no standby:\n{}", standby.log());
        self.run("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.run("postgres", "SELECT pg_reload_conf()");
        let deadline = Instant::now() + LIMIT;
        let follows =
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'sync'";
        while self.run("postgres", follows).trim() != "1" {
            assert!(Instant::now() < deadline, "the standby doesn't follow:\n{}", standby.log());
            thread::sleep(Duration::from_millis(20));
        }
        standby
    }

    /// Makes a primary of a standby, and waits until it takes writes.
    ///
    /// # Panics
    /// If it doesn't become one.
    pub fn promote(&self) {
        assert_eq!(self.run("postgres", "SELECT pg_promote()").trim(), "t", "{}", self.log());
    }

    /// The URL of one of its databases, for its superuser. `postgres` is there from the beginning.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The port it listens on, the same after every restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket; also holds its data and its log.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process that accepts connections, while the server runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// All that it logged.
    pub fn log(&self) -> String {
        fs::read(self.folder.join("log"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// Makes a database.
    ///
    /// # Panics
    /// If it can't.
    pub fn create_database(&self, name: &str) {
        self.run("postgres", &format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\"")));
    }

    /// Runs SQL in one of its databases. Gives what it answers: a line a row, columns parted by `|`.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, database: &str, sql: &str) -> String {
        psql(&self.binaries, &self.url(database), sql)
    }

    /// The same, but tells whether it succeeded: for what somebody else will end.
    pub fn try_run(&self, database: &str, sql: &str) -> bool {
        psql_output(&self.binaries, &self.url(database), sql).status.success()
    }

    /// Stops it in good order: open transactions are undone, clients are told, nothing is left to recover.
    ///
    /// # Panics
    /// If it doesn't end.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            signal("INT", &[process.id()]);
            self.await_end(process);
        }
    }

    /// Kills all of its processes at once, as a crash of the machine would.
    ///
    /// # Panics
    /// If they don't end.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            // Each of its processes leads a group of its own. Stopped, it starts no more of them.
            signal("STOP", &[process.id()]);
            let mut processes = children(process.id());
            processes.push(process.id());
            signal("KILL", &processes);
            self.await_end(process);
            let deadline = Instant::now() + LIMIT;
            while processes.iter().any(|pid| is_running(*pid)) {
                assert!(Instant::now() < deadline, "killed processes of PostgreSQL go on");
                thread::sleep(Duration::from_millis(2));
            }
        }
    }

    /// Stops all its processes where they are (SIGSTOP): it takes connections, and answers nothing.
    pub fn pause(&self) {
        self.signal_all("STOP");
    }

    /// Lets it go on after [`pause`](Self::pause).
    pub fn go_on(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let Some(process) = &self.process else { return };
        signal(name, &[process.id()]);
        signal(name, &children(process.id()));
    }

    /// Starts it again, after [`stop`](Self::stop) or [`kill`](Self::kill), over the same data and on the same
    /// port, and waits until it has recovered and answers.
    ///
    /// # Panics
    /// If it doesn't start, with what it logged.
    pub fn restart(&mut self) {
        self.stop();
        assert!(self.launch(), "PostgreSQL did not start again:\n{}", self.log());
    }

    /// Whether it runs now.
    fn launch(&mut self) -> bool {
        let log =
            fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log")).expect("a log");
        let mut command = self.binaries.server_command("postgres");
        command.arg("-D").arg(self.folder.join("data")).arg("-p").arg(self.port.to_string());
        let socket = format!("unix_socket_directories={}", self.folder.display());
        for setting in ["listen_addresses=127.0.0.1", "fsync=on", "max_connections=200", &socket] {
            command.arg("-c").arg(setting);
        }
        for (name, value) in &self.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let log_too = log.try_clone().expect("a log");
        // In the folder: what it is started from may be closed to the other user.
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(log).stderr(log_too);
        let mut process = command.spawn().expect("start PostgreSQL");
        self.keeper.watch(Some(process.id()));

        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if process.try_wait().expect("wait for PostgreSQL").is_some() {
                self.keeper.watch(None);
                return false;
            }
            if self.is_ready(process.id()) {
                self.process = Some(process);
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        signal("KILL", &[process.id()]);
        let _ = process.wait();
        panic!("PostgreSQL was not ready in {LIMIT:?}:\n{}", self.log());
    }

    /// Its lock file says so: the process in the first line, the state in the eighth.
    fn is_ready(&self, pid: u32) -> bool {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = file.lines();
        lines.next() == Some(&pid.to_string())
            && lines.nth(6).is_some_and(|state| ["ready", "standby"].contains(&state.trim()))
    }

    fn await_end(&mut self, mut process: Child) {
        let deadline = Instant::now() + LIMIT;
        while process.try_wait().expect("wait for PostgreSQL").is_none() {
            assert!(Instant::now() < deadline, "PostgreSQL did not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
        self.keeper.watch(None);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.keeper.end();
        if let Some(mut process) = self.process.take() {
            let _ = process.wait();
        }
    }
}

/// A shell that waits for the end of this process or of the server's value, then ends the server and removes its
/// folder. It knows by the pipe, which is closed however this process ends; statics are never dropped.
#[derive(Debug)]
struct Keeper {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Keeper {
    fn of(folder: &Path) -> Self {
        const SCRIPT: &str = r#"
            while read -r line; do pid=$line; done
            if [ -n "$pid" ]; then
                kill -QUIT "$pid"
                left=500
                while [ -e "$0/data/postmaster.pid" ] && [ $left -gt 0 ]; do sleep 0.01; left=$((left - 1)); done
                kill -KILL "$pid"
            fi 2>/dev/null
            rm -rf "$0"
        "#;
        let mut shell = Command::new("sh");
        part(&mut shell, None);
        let mut shell = shell
            .arg("-c")
            .arg(SCRIPT)
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start a shell");
        let pipe = shell.stdin.take();
        Self { shell, pipe }
    }

    /// The process to end; `None` while there is none.
    fn watch(&mut self, pid: Option<u32>) {
        if let Some(pipe) = &mut self.pipe {
            let line = pid.map_or(String::new(), |pid| pid.to_string());
            let _ = writeln!(pipe, "{line}").and_then(|()| pipe.flush());
        }
    }

    fn end(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs SQL by `psql`.
pub(crate) fn psql(binaries: &Binaries, url: &str, sql: &str) -> String {
    let output = psql_output(binaries, url, sql);
    assert!(output.status.success(), "psql: {}\n{sql}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("psql answers in UTF-8")
}

fn psql_output(binaries: &Binaries, url: &str, sql: &str) -> Output {
    binaries
        .client_command("psql")
        .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
        .args(["--dbname", url, "--command", sql])
        .stdin(Stdio::null())
        .output()
        .expect("run psql")
}

fn initialise(binaries: &Binaries, folder: &Path, password: &str) {
    let file = folder.join("password");
    fs::write(&file, password).expect("write the password");
    binaries.hand_over(&file);
    let attempt = |collation: &[&str]| {
        let mut command = binaries.server_command("initdb");
        command.args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]);
        command.args(collation).arg("--pwfile").arg(&file).arg("-D").arg(folder.join("data"));
        command.current_dir(folder).stdin(Stdio::null()).output().expect("run initdb")
    };
    // ICU came to initdb with PostgreSQL 15, where it was built with it.
    if !attempt(&["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]).status.success() {
        let output = attempt(&["--locale=C"]);
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
    }
    let _ = fs::remove_file(&file);
}

/// Nobody else on this machine gets in by the port.
fn password() -> String {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).expect("random bytes");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn signal(name: &str, processes: &[u32]) {
    // The shell's own `kill`: the program may be missing. Some may have ended by themselves.
    let processes = processes.iter().map(u32::to_string);
    let mut command = Command::new("sh");
    command.args(["-c", r#"signal=$0; for pid; do kill -"$signal" "$pid"; done"#, name]).args(processes);
    let _ = command.stderr(Stdio::null()).status();
}

/// The state and the parent of a process.
fn state(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the program's name, which may hold anything.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn is_running(pid: u32) -> bool {
    state(pid).is_some_and(|(state, _)| state != 'Z')
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| state(*pid).is_some_and(|(_, its)| its == parent))
        .collect()
}
