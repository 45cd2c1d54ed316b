//! A server's life: it keeps what was committed over a stop and a kill, and leaves nothing behind.

use std::{
    env, fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use postgres_server::{Binaries, Database, Server};

#[test]
fn what_was_committed_outlives_a_kill_and_nothing_else_does() {
    let Some(binaries) = Binaries::provide() else { return };
    let mut server = Server::start(&binaries, &[("log_min_duration_statement", "0")]);
    server.create_database("kept");
    server.run("kept", "CREATE TABLE t (a integer); INSERT INTO t VALUES (1)");
    let first = server.pid().expect("it runs");

    server.kill();
    assert_eq!(server.pid(), None);
    assert!(!fs::exists(format!("/proc/{first}")).expect("/proc"), "the process is gone");
    server.restart();
    assert_ne!(server.pid(), Some(first));
    assert!(server.log().contains("was not properly shut down"), "{}", server.log());
    assert_eq!(server.run("kept", "SELECT a FROM t"), "1\n");

    server.stop();
    server.restart();
    assert_eq!(server.run("kept", "SHOW fsync"), "on\n");
    assert!(server.log().contains("SELECT a FROM t"), "the setting is kept");

    let (folder, pid) = (server.folder().to_owned(), server.pid().expect("it runs"));
    drop(server);
    assert!(!folder.exists());
    assert!(!fs::exists(format!("/proc/{pid}")).expect("/proc"));
}

#[test]
fn databases_of_one_process_share_a_server_and_nothing_else() {
    let Some(one) = Database::provide() else { return };
    let Some(other) = Database::provide() else { return };
    one.run("CREATE TABLE t (a text)");
    other.run("CREATE TABLE t (a text)");
    one.run("INSERT INTO t VALUES ('one')");
    assert_eq!(one.run("SELECT count(*) FROM t"), "1\n");
    assert_eq!(other.run("SELECT count(*) FROM t"), "0\n");
    let port = |url: &str| url.split('/').nth(2).map(str::to_owned);
    assert_eq!(port(one.url()), port(other.url()));
}

/// Runs itself again as a process that is killed with its server in a static.
#[test]
fn a_server_goes_with_its_process() {
    const ROLE: &str = "POSTGRES_SERVER_TEST_ROLE";
    if env::var_os(ROLE).is_some() {
        let server = Server::start(&Binaries::find().expect("found before"), &[]);
        fs::write(env::var_os(ROLE).expect("a file"), server.folder().to_str().expect("UTF-8"))
            .expect("tell");
        std::mem::forget(server);
        std::process::abort();
    }
    if Binaries::provide().is_none() {
        return;
    }
    let told = tempfile::NamedTempFile::new().expect("a temporary file");
    let status = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "a_server_goes_with_its_process"])
        .env(ROLE, told.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("run this program");
    assert!(!status.success());
    let folder = fs::read_to_string(told.path()).expect("the folder");
    assert!(!folder.is_empty());
    let deadline = Instant::now() + Duration::from_secs(30);
    while fs::exists(&folder).expect("look") {
        assert!(Instant::now() < deadline, "{folder} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}
