//! PgBouncer between the store and its server.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rocket::tokio::time::sleep;

use super::*;
use crate::store::contract::{ALL, ROOMS};

/// A PgBouncer of a test's own, in front of a database; it ends with this.
struct Pooler {
    process: Child,
    url: String,
    /// Such as (1, 18).
    version: (u32, u32),
    _folder: tempfile::TempDir,
}

impl Pooler {
    /// Nothing, and a word of why, where there is no PgBouncer; a panic where `CI` is set.
    async fn before(database: &Database, settings: &str) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
            .into_iter()
            .find(|path| fs::exists(path).unwrap_or(false));
        let Some(program) = program else {
            assert!(std::env::var_os("CI").is_none(), "pgbouncer is missing");
            eprintln!("skipped: there is no pgbouncer");
            return None;
        };
        let told = Command::new(program).arg("--version").output().expect("run pgbouncer").stdout;
        let told = String::from_utf8_lossy(&told);
        let mut numbers = told.split_whitespace().nth(1).unwrap_or_default().split('.').map(str::parse);
        let mut number = || numbers.next().and_then(Result::ok).unwrap_or(0);
        let version = (number(), number());
        let config: tokio_postgres::Config = database.url().parse().expect("a URL");
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned();
        let user = config.get_user().unwrap_or_default();
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("users"), format!("\"{user}\" \"{password}\"\n")).expect("written");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={} {}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\n\
             ignore_startup_parameters = options,extra_float_digits\n{settings}\n",
            config.get_ports().first().copied().unwrap_or(5432),
            // Tests of one server have schemas of their own.
            config.get_options().map_or(String::new(), |options| {
                let path = options.rsplit_once('=').map_or("", |(_, path)| path);
                format!("connect_query='SET search_path = {path}'")
            }),
            folder.path().join("users").display()
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, text).expect("written");
        for path in [folder.path().to_owned(), file.clone(), folder.path().join("users")] {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(path, mode).expect("readable");
        }
        let mut command = Command::new(program);
        // It refuses to run as root.
        if Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n") {
            command.args(["-u", "nobody"]);
        }
        command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("start pgbouncer");
        let (before, rest) = database.url().split_once('@').expect("a user");
        let (_, after) = rest.split_once('/').expect("a database");
        let url = format!("{before}@127.0.0.1:{port}/{after}");
        let pooler = Self { process, url, version, _folder: folder };
        for _ in 0..1_000 {
            if tokio_postgres::connect(&pooler.url, tokio_postgres::NoTls).await.is_ok() {
                return Some(pooler);
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("pgbouncer doesn't answer");
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = (self.process.kill(), self.process.wait());
    }
}

async fn prepared(url: &str) -> Result<PostgresStore, String> {
    let store = PostgresStore::open(PostgresOptions::new(url).expect("a URL")).expect("a store");
    store.prepare(&ALL).await.map(|()| store).map_err(|error| error.to_string())
}

#[test]
fn one_that_mixes_prepared_statements_stops_the_launch() {
    with_database(async |database| {
        for more in ["", "default_pool_size = 1", "min_pool_size = 5", "server_round_robin = 1"] {
            let settings = format!("pool_mode = transaction\n{more}");
            let Some(pooler) = Pooler::before(database, &settings).await else { return };
            if pooler.version >= (1, 24) {
                // It follows them unless it is told not to.
                prepared(&pooler.url).await.expect("followed").close().await;
                let settings = format!("{settings}\nmax_prepared_statements = 0");
                let Some(pooler) = Pooler::before(database, &settings).await else { return };
                let problem = prepared(&pooler.url).await.expect_err("a problem");
                assert!(problem.contains("max_prepared_statements"), "{more}: {problem}");
                continue;
            }
            let problem = prepared(&pooler.url).await.expect_err("a problem");
            assert!(problem.contains("pool_mode = session"), "{more}: {problem}");
            assert!(problem.contains("max_prepared_statements"), "{more}: {problem}");
        }
    });
}

#[test]
fn one_that_pools_sessions_is_as_good_as_none() {
    with_database(async |database| {
        let Some(pooler) = Pooler::before(database, "pool_mode = session").await else { return };
        let store = prepared(&pooler.url).await.expect("prepared");
        let room = Change::Insert {
            resource: &ROOMS,
            id: Some(ResourceId::Text("a".into())),
            attributes: vec![],
            linkage: vec![None],
        };
        write(&store, room).await.expect("written");
        let plan = Plan::new(Root::Collection(Listing::all()), Selection::whole(&ROOMS));
        assert_eq!(store.fetch(&plan).await.expect("read").rows.len(), 1);
        store.close().await;
    });
}
