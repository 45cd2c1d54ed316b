//! Encrypted connections to PostgreSQL: the example, over servers with certificates of the test's own.

mod support;

use std::{
    thread,
    time::{Duration, Instant},
};

use postgres_server::{Authority, Binaries, Certificate, Link, Server, Validity};
use support::Launch;

/// How long something may take before the test gives up; no test waits for it to pass.
const LIMIT: Duration = Duration::from_secs(60);

/// The names of the servers' certificates, but where a test says otherwise.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// The URL of a server's database, by this name of its host and with these parameters. Whatever the name, it is this
/// machine that is connected to.
fn url(server: &Server, host: &str, query: &str) -> String {
    let url = server.url("postgres").replace("127.0.0.1", host);
    let address = if host == "db.example" { "hostaddr=127.0.0.1&" } else { "" };
    format!("{url}?{address}{query}")
}

fn launch(url: &str) -> Launch {
    Launch::on_sqlite().env("ROCKET_DATABASES", format!("{{api={{url=\"{url}\"}}}}"))
}

/// A launch, with the certificates of these authorities and the like in its folder.
fn launch_with(url: &str, files: &[(&str, &str)]) -> Launch {
    files.iter().fold(launch(url), |launch, (name, text)| launch.file(name, text))
}

/// Whether the connections of nodes are encrypted, by the word of the server itself.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Encrypted,
    Plain,
}

fn seen(server: &Server) -> Seen {
    let told = server.run(
        "postgres",
        "SELECT string_agg(DISTINCT ssl::text, ',') FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = 'etag-fairing'",
    );
    match told.trim() {
        "true" => Seen::Encrypted,
        "false" => Seen::Plain,
        other => panic!("{other:?}"),
    }
}

/// The launch succeeds, a request is answered, and the connections are so. Gives what was printed.
fn serves(launch: &Launch, server: &Server, expected: Seen) -> String {
    let node = launch.start();
    let response = node.connect().get("/v1/sessions/1", &[]);
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(seen(server), expected, "{}", node.output());
    node.end().output
}

/// The launch is refused with these words, and says where the URL stands, but nothing of the password.
fn is_refused(launch: &Launch, password: &str, words: &[&str]) {
    let output = launch.refused().output;
    for word in words.iter().chain(&["`databases.api.url`"]) {
        assert!(output.contains(word), "{word} is missing:\n{output}");
    }
    assert!(!output.contains(password), "{output}");
}

/// Tries again until this is so.
fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "still not so after {LIMIT:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn password(server: &Server) -> String {
    let url = server.url("postgres");
    let (_, rest) =
        url.split_once("postgres:").and_then(|(_, rest)| rest.split_once(':')).expect("a password");
    rest.split_once('@').expect("a host").0.to_owned()
}

#[test]
fn certificates_are_verified_as_the_url_says() {
    let Some(binaries) = Binaries::provide() else { return };
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let server = Server::start_encrypted(&binaries, &ours.certify(&NAMES, Validity::Valid), &[], &[]);
    let files =
        [("ours.pem", ours.pem()), ("other.pem", other.pem()), ("none.pem", "no PEM"), ("empty.pem", "")];
    let launch = |host: &str, query: &str| launch_with(&url(&server, host, query), &files);
    let password = password(&server);

    // The right authority and the right name, with and without a mode that says so.
    for (host, query) in [
        ("localhost", "sslmode=verify-full&sslrootcert=ours.pem"),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=ours.pem"),
        ("localhost", "sslrootcert=ours.pem"),
        // The name is not looked at.
        ("db.example", "sslmode=verify-ca&sslrootcert=ours.pem"),
        ("db.example", "sslmode=require&sslrootcert=ours.pem"),
        ("localhost", "sslrootcert=ours.pem&channel_binding=require"),
    ] {
        let output = serves(&launch(host, query), &server, Seen::Encrypted);
        assert!(output.contains("are encrypted, and it is verified"), "{query}: {output}");
    }
    // By its address alone, for which there is a certificate too.
    let address = format!("hostaddr=127.0.0.1&port={}&sslrootcert=ours.pem", server.port());
    let url = format!("postgres://postgres:{password}@/postgres?{address}");
    serves(&launch_with(&url, &files), &server, Seen::Encrypted);
    // The authorities of the system are these, for once.
    let system = launch("localhost", "sslmode=verify-full&sslrootcert=system");
    serves(&system.env("SSL_CERT_FILE", "ours.pem"), &server, Seen::Encrypted);

    // Encrypted, but not verified, and the log says so.
    for query in ["sslmode=require", "sslmode=prefer"] {
        let output = serves(&launch("db.example", query), &server, Seen::Encrypted);
        assert!(output.contains("whoever stands in between can read along"), "{query}: {output}");
    }
    let output =
        serves(&launch("localhost", "sslmode=require&channel_binding=require"), &server, Seen::Encrypted);
    assert!(output.contains("its password is bound to them"), "{output}");

    // This machine is reached as it is, unless the URL says otherwise.
    for query in ["", "sslmode=disable"] {
        serves(&launch("localhost", query), &server, Seen::Plain);
    }
    let socket = format!("&host={}&port={}", server.folder().display(), server.port());
    let url = format!("postgres://postgres:{password}@/postgres?sslmode=verify-full{socket}");
    serves(&launch_with(&url, &files), &server, Seen::Plain);

    // An authority that has not signed it.
    for query in [
        "sslmode=verify-full&sslrootcert=other.pem",
        "sslmode=verify-ca&sslrootcert=other.pem",
        "sslmode=require&sslrootcert=other.pem",
        "sslmode=prefer&sslrootcert=other.pem",
        "sslrootcert=webpki",
    ] {
        is_refused(&launch("localhost", query), &password, &["signed by no authority", "`sslrootcert`"]);
    }
    let system = launch("localhost", "sslmode=verify-full").env("SSL_CERT_FILE", "other.pem");
    is_refused(&system, &password, &["signed by no authority", "`sslrootcert`"]);

    // Another name than the certificate's.
    let wrong = launch("db.example", "sslmode=verify-full&sslrootcert=ours.pem");
    is_refused(&wrong, &password, &["`db.example`", "but for localhost, 127.0.0.1", "`sslmode=verify-full`"]);

    // Files that are not what they should be.
    for (query, word) in [
        ("sslrootcert=missing.pem", "`sslrootcert=missing.pem`: there is no such file"),
        ("sslrootcert=none.pem", "`sslrootcert=none.pem` holds no certificate in PEM form"),
        ("sslrootcert=empty.pem", "`sslrootcert=empty.pem` holds no certificate in PEM form"),
        ("sslcert=missing.pem&sslkey=missing.key", "`sslcert=missing.pem`: there is no such file"),
        ("sslcert=ours.pem&sslkey=ours.pem", "`sslkey=ours.pem` holds no private key in PEM form"),
        ("sslcert=ours.pem", "`sslkey`"),
        ("sslmode=allow", "`sslmode=allow`"),
        ("sslmode=disable&channel_binding=require", "`channel_binding=require`"),
    ] {
        is_refused(&launch("localhost", query), &password, &[word]);
    }
    let none = launch("localhost", "sslmode=verify-full");
    let none = none.env("SSL_CERT_FILE", "empty.pem").env("SSL_CERT_DIR", "missing");
    is_refused(&none, &password, &["`sslrootcert=webpki`"]);
}

#[test]
fn an_expired_certificate_stops_the_launch() {
    let Some(binaries) = Binaries::provide() else { return };
    let ours = Authority::new("ours");
    let server = Server::start_encrypted(&binaries, &ours.certify(&NAMES, Validity::Expired), &[], &[]);
    let files = [("ours.pem", ours.pem())];
    for mode in ["verify-full", "verify-ca"] {
        let url = url(&server, "localhost", &format!("sslmode={mode}&sslrootcert=ours.pem"));
        is_refused(&launch_with(&url, &files), &password(&server), &["has expired, on 2000-12-31"]);
    }
}

#[test]
fn a_certificate_that_signs_itself_is_trusted_by_name() {
    let Some(binaries) = Binaries::provide() else { return };
    let (own, other) = (Certificate::signed_by_itself(&NAMES), Certificate::signed_by_itself(&NAMES));
    let server = Server::start_encrypted(&binaries, &own, &[], &[]);
    let files = [("own.pem", &*own.pem), ("other.pem", &*other.pem)];
    let launch = |query: &str| launch_with(&url(&server, "localhost", query), &files);
    serves(&launch("sslmode=verify-full&sslrootcert=own.pem"), &server, Seen::Encrypted);
    for mode in ["verify-full", "verify-ca"] {
        let other = launch(&format!("sslmode={mode}&sslrootcert=other.pem"));
        is_refused(&other, &password(&server), &["the server's certificate"]);
    }
}

#[test]
fn a_server_without_tls_is_used_only_where_the_url_allows_that() {
    let Some(binaries) = Binaries::provide() else { return };
    let server = Server::start(&binaries, &[]);
    let ours = Authority::new("ours");
    let files = [("ours.pem", ours.pem())];
    let launch = |query: &str| launch_with(&url(&server, "localhost", query), &files);
    for query in [
        "sslmode=require",
        "sslmode=verify-ca&sslrootcert=ours.pem",
        "sslmode=verify-full&sslrootcert=ours.pem",
        "sslrootcert=ours.pem",
    ] {
        is_refused(&launch(query), &password(&server), &["the server has no TLS", "`sslmode=disable`"]);
    }
    let bound = launch("sslmode=prefer&channel_binding=require");
    is_refused(&bound, &password(&server), &["`channel_binding=require`"]);
    let output = serves(&launch("sslmode=prefer"), &server, Seen::Plain);
    assert!(output.contains("it says that it has no TLS (sslmode=prefer)"), "{output}");
    serves(&launch("sslmode=disable"), &server, Seen::Plain);
}

#[test]
fn a_client_certificate_is_given_to_servers_that_ask_for_one() {
    let Some(binaries) = Binaries::provide() else { return };
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let rules = "host all postgres 127.0.0.1/32 scram-sha-256\n\
                 hostssl all certified 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n\
                 hostssl all trusted 127.0.0.1/32 trust\n";
    let server = Server::start_encrypted(
        &binaries,
        &ours.certify(&NAMES, Validity::Valid),
        &[("pg_hba.conf", rules), ("clients.pem", theirs.pem())],
        &[("ssl_ca_file", "clients.pem")],
    );
    server.run(
        "postgres",
        "CREATE ROLE certified SUPERUSER LOGIN PASSWORD 'geheim'; CREATE ROLE trusted SUPERUSER LOGIN",
    );
    let (right, wrong) = (theirs.certify(&[], Validity::Valid), ours.certify(&[], Validity::Valid));
    let files = [
        ("ours.pem", ours.pem()),
        ("right.pem", &*right.pem),
        ("right.key", &*right.key),
        ("wrong.pem", &*wrong.pem),
        ("wrong.key", &*wrong.key),
    ];
    let launch = |user: &str, query: &str| {
        let url = format!("postgres://{user}@localhost:{}/postgres?{query}", server.port());
        launch_with(&url, &files)
    };
    let certified = |query: &str| launch("certified:geheim", &format!("sslrootcert=ours.pem{query}"));
    serves(&certified("&sslcert=right.pem&sslkey=right.key"), &server, Seen::Encrypted);
    is_refused(&certified(""), "geheim", &["valid client certificate", "`sslcert`"]);
    is_refused(
        &certified("&sslcert=wrong.pem&sslkey=wrong.key"),
        "geheim",
        &["refuses our certificate", "`sslcert`"],
    );
    is_refused(
        &certified("&sslcert=right.pem&sslkey=wrong.key"),
        "geheim",
        &["`sslkey=wrong.key` is not the key"],
    );

    // A server that takes encrypted connections alone, and one that asks for no password, to which nothing is bound.
    is_refused(&launch("certified:geheim", "sslmode=disable"), "geheim", &["`sslmode=verify-full`"]);
    serves(&launch("trusted", "sslrootcert=ours.pem"), &server, Seen::Encrypted);
    let bound = launch("trusted", "sslrootcert=ours.pem&channel_binding=require");
    is_refused(&bound, "geheim", &["does not bind", "`channel_binding=require`"]);
}

/// What a client sends first that asks for TLS, and one that has a statement stopped, in the clear (PostgreSQL's manual,
/// "Message Formats").
const TLS_REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const CANCEL_REQUEST: &[u8] = &[0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e];

#[test]
fn a_read_that_is_given_up_is_ended_by_a_request_that_is_encrypted_too() {
    let Some(binaries) = Binaries::provide() else { return };
    let ours = Authority::new("ours");
    let server = Server::start_encrypted(&binaries, &ours.certify(&NAMES, Validity::Valid), &[], &[]);
    let link = Link::to(&server.url("postgres"));
    let url = link.url().replace("127.0.0.1", "localhost") + "?sslmode=verify-full&sslrootcert=ours.pem";
    let databases = format!("{{api={{url=\"{url}\",read_timeout=1,statement_timeout=600}}}}");
    let node = launch_with(&url, &[("ours.pem", ours.pem())]).env("ROCKET_DATABASES", databases).start();
    assert_eq!(node.connect().get("/v1/sessions", &[]).status, 200);

    // Whoever reads the table waits for this.
    let lock = "BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)";
    thread::scope(|scope| {
        scope.spawn(|| server.try_run("postgres", lock));
        let waiting = |name: &str, expected: &str| {
            let count = format!(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND state = 'active'
                 AND pid <> pg_backend_pid()"
            );
            until(|| server.run("postgres", &count).trim() == expected);
        };
        waiting("psql", "1");
        let response = node.connect().get("/v1/sessions?sort=title", &[]);
        assert_eq!(response.status, 503, "{response:?}");
        waiting("etag-fairing", "0");
        server.run(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'",
        );
    });
    assert!(server.log().contains("canceling statement due to user request"), "{}", server.log());
    let openings = link.openings();
    assert!(openings.len() > 2, "{openings:?}");
    for opening in &openings {
        assert!(opening.starts_with(TLS_REQUEST), "{opening:?}");
        assert!(!opening.windows(16).any(|bytes| bytes.starts_with(CANCEL_REQUEST)), "{opening:?}");
        // The name goes out in the clear, so that a host knows which of its databases is meant (SNI).
        assert!(opening.windows(9).any(|bytes| bytes == b"localhost"), "{opening:?}");
    }
    assert_eq!(node.connect().get("/v1/sessions", &[]).status, 200);
}

#[test]
fn a_server_that_comes_back_with_another_certificate_is_not_used() {
    let Some(binaries) = Binaries::provide() else { return };
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let right = ours.certify(&NAMES, Validity::Valid);
    let mut server = Server::start_encrypted(&binaries, &right, &[], &[]);
    let url = url(&server, "localhost", "sslmode=verify-full&sslrootcert=ours.pem");
    let node = launch_with(&url, &[("ours.pem", ours.pem())]).start();
    assert_eq!(node.connect().get("/v1/sessions/1", &[]).status, 200);

    server.replace_certificate(&other.certify(&NAMES, Validity::Valid));
    server.restart();
    // The first answer may be that the old connection is gone.
    until(|| {
        assert_eq!(node.connect().get("/v1/sessions/1", &[]).status, 503, "{}", node.output());
        node.output().contains("signed by no authority that is trusted")
    });
    let nodes = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'etag-fairing'";
    assert_eq!(server.run("postgres", nodes).trim(), "0");

    server.replace_certificate(&right);
    server.restart();
    until(|| node.connect().get("/v1/sessions/1", &[]).status == 200);
    assert_eq!(seen(&server), Seen::Encrypted);
}

#[test]
fn connections_are_encrypted_after_a_restart_and_a_failover_too() {
    let Some(binaries) = Binaries::provide() else { return };
    let ours = Authority::new("ours");
    let mut server = Server::start_encrypted(&binaries, &ours.certify(&NAMES, Validity::Valid), &[], &[]);
    let standby = server.standby();
    let url = format!(
        "postgres://postgres:{}@localhost:{},localhost:{}/postgres?sslmode=verify-full&sslrootcert=ours.pem",
        password(&server),
        server.port(),
        standby.port()
    );
    let node = launch_with(&url, &[("ours.pem", ours.pem())]).start();
    let answers = || {
        until(|| {
            let status = node.connect().get("/v1/sessions/1", &[]).status;
            assert!([200, 503].contains(&status), "{status}\n{}", node.output());
            status == 200
        });
    };
    answers();
    assert_eq!(seen(&server), Seen::Encrypted);
    server.restart();
    answers();
    assert_eq!(seen(&server), Seen::Encrypted);
    server.kill();
    standby.promote();
    answers();
    assert_eq!(seen(&standby), Seen::Encrypted);
}
