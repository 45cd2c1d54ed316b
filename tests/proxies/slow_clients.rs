//! nginx waits for slow clients in place of the server, and not for ever.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    thread::sleep,
    time::Duration,
};

use serde_json::json;

use super::{
    Client, Recipe, free_address, nginx_files, recipe, session_document,
    support::{Launch, Server},
    through,
};

/// The recipe's section in the guide.
pub(super) const SECTION: &str = "Slow and greedy clients";

/// Against waiting for ever; no test waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// What its configuration needs besides: a port for HTTP/2, and times that a test can wait for.
pub(super) fn more(folder: &Path) -> Vec<(&'static str, String)> {
    vec![nginx_files(folder), (":8443", format!(":{}", free_address().port())), ("10s", "1s".into())]
}

/// The same, with times that no test waits for.
fn patient(folder: &Path) -> Vec<(&'static str, String)> {
    let times =
        more(folder).into_iter().map(|(from, to)| (from, if from == "10s" { "600s".into() } else { to }));
    times.collect()
}

#[test]
fn nginx_that_waits_for_slow_clients_passes_edits() {
    through(SECTION);
}

/// Whether a peer has ended this connection, which nothing was to be read from.
fn has_ended(client: &mut TcpStream, wait: Duration) -> bool {
    client.set_read_timeout(Some(wait)).expect("a timeout");
    match client.read(&mut [0; 512]) {
        Ok(0) => true,
        Ok(_) => panic!("there was an answer"),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => false,
        Err(_) => true,
    }
}

#[test]
fn a_client_that_sends_byte_by_byte_is_ended_and_never_reaches_the_server() {
    // In place of the server: nobody may come to it but who is meant to.
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    server.set_nonblocking(true).expect("no waiting");
    let folder = tempfile::tempdir().expect("a folder");
    let address = server.local_addr().expect("its address");
    let Some(proxy) = recipe(SECTION).start(address, folder.path()) else { return };
    let open = |begin: &str| {
        let mut client = TcpStream::connect(proxy.address).expect("connect");
        client.set_nodelay(true).expect("each byte by itself");
        client.write_all(begin.as_bytes()).expect("sent");
        client
    };
    let head = "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/vnd.api+json\r\nContent-Length: 5000\r\n\r\n";
    let mut clients = vec![open(head), open("GET /v1/sessions HTTP/1.1\r\n")];
    let mut pause = Duration::from_millis(100);
    while !clients.is_empty() {
        assert!(pause < PATIENCE, "{}", proxy.said());
        clients.retain_mut(|client| client.write_all(b"x").is_ok() && !has_ended(client, pause));
        pause = pause * 3 / 2;
    }
    let nobody = server.accept().expect_err("somebody came");
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);

    // One whose body is whole comes through.
    let _whole = open(&format!("{head}{}", "x".repeat(5000)));
    let mut waited = Duration::ZERO;
    while server.accept().is_err() {
        assert!(waited < PATIENCE, "{}", proxy.said());
        sleep(Duration::from_millis(5));
        waited += Duration::from_millis(5);
    }
}

/// More than the kernel takes for a client that does not read.
const LENGTH: usize = 16 << 20;

const LONG: &str = "/v1/sessions/1?fields%5Bsessions%5D=subtitle";

/// Asks for much, and reads nothing but the status.
fn ask(address: SocketAddr) -> (String, TcpStream) {
    let mut client = TcpStream::connect(address).expect("connect");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client.write_all(format!("GET {LONG} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).expect("sent");
    let mut status = [0; 12];
    client.read_exact(&mut status).expect("a status");
    (String::from_utf8_lossy(&status).into_owned(), client)
}

/// The same; refused are those who come before all of the last answer is taken.
fn ask_until_answered(address: SocketAddr) -> TcpStream {
    loop {
        match ask(address) {
            (status, client) if status == "HTTP/1.1 200" => return client,
            (status, _) => assert_eq!(status, "HTTP/1.1 503"),
        }
        sleep(Duration::from_millis(5));
    }
}

/// A server that holds one long answer for all clients together, and has a session of such a length.
fn server_of_one() -> Server {
    let toml = "[default.etag]\nenabled = false\nmemo = 0\n[default.jsonapi]\nmax_body = '24 MiB'\n\
                max_document = '24 MiB'\nmax_unread = '30 MiB'";
    let server = Launch::new().rocket_toml(toml).start();
    let long = session_document("1", json!({"subtitle": "x".repeat(LENGTH)}));
    assert_eq!(server.connect().patch("/v1/sessions/1?fields%5Bsessions%5D=", &[], &long).status, 200);
    server
}

#[test]
fn a_client_that_reads_nothing_is_cut_off_and_holds_nothing_of_the_server() {
    let server = server_of_one();
    let folder = tempfile::tempdir().expect("a folder");

    // Without nginx, one takes all that there is.
    let (first, held) = ask(server.address());
    assert_eq!(first, "HTTP/1.1 200");
    assert_eq!(server.connect().get(LONG, &[]).status, 503);
    drop(held);
    while server.connect().get(LONG, &[]).status == 503 {
        sleep(Duration::from_millis(20));
    }

    // Through it the next is answered while others read nothing, however long they stay.
    let patient = Recipe { more: patient, ..*recipe(SECTION) };
    let Some(proxy) = patient.start(server.address(), folder.path()) else { return };
    let unread = [(); 3].map(|()| ask_until_answered(proxy.address));
    drop((unread, proxy));

    // And they do not stay.
    let Some(proxy) = recipe(SECTION).start(server.address(), folder.path()) else { return };
    let mut client = ask_until_answered(proxy.address);
    // A reset drops also what is on the way.
    while client.take_error().expect("its state").is_none() {
        sleep(Duration::from_millis(20));
    }
    let mut rest = Vec::new();
    assert!(client.read_to_end(&mut rest).is_err() || rest.len() < LENGTH, "all of it came");
}

#[test]
fn bodies_connections_and_streams_of_one_client_are_limited() {
    let server = Launch::new().start();
    let folder = tempfile::tempdir().expect("a folder");
    let Some(proxy) = recipe(SECTION).start(server.address(), folder.path()) else { return };
    let status = |head: &str| {
        let mut client = TcpStream::connect(proxy.address).expect("connect");
        client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        client.write_all(head.as_bytes()).expect("sent");
        let mut status = [0; 12];
        client.read_exact(&mut status).expect("a status");
        String::from_utf8_lossy(&status).into_owned()
    };
    let long = "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n";
    assert_eq!(status(long), "HTTP/1.1 413");

    // Others end them after a second: so there must be more of them all the time.
    let mut slow = Vec::new();
    let get = "GET /v1/sessions/1 HTTP/1.1\r\nHost: a\r\n\r\n";
    loop {
        for _ in 0..40 {
            let mut client = TcpStream::connect(proxy.address).expect("connect");
            client
                .write_all(b"POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
                .expect("sent");
            slow.push(client);
        }
        if status(get) == "HTTP/1.1 429" {
            break;
        }
    }
    drop(slow);
    while status(get) != "HTTP/1.1 200" {
        sleep(Duration::from_millis(20));
    }
    let client = Client { address: proxy.address, coding: Some("gzip") };
    assert_eq!(client.get("/v1/sessions/1", None).status, 200);

    // RFC 9113 §6.5: the first frame that a server sends has its settings.
    let configuration = std::fs::read_to_string(folder.path().join("configuration")).expect("it is there");
    let address =
        |line: &str| line.trim().strip_prefix("listen ")?.strip_suffix(" http2;").map(str::to_owned);
    let address = configuration.lines().find_map(address).expect("an address of HTTP/2");
    let mut client = TcpStream::connect(address).expect("connect");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("sent");
    let mut head = [0; 9];
    client.read_exact(&mut head).expect("a frame");
    let [high, middle, low, kind, ..] = head;
    assert_eq!(kind, 4);
    let mut settings = vec![0; u32::from_be_bytes([0, high, middle, low]) as usize];
    client.read_exact(&mut settings).expect("settings");
    let streams = settings.chunks_exact(6).find(|setting| setting[..2] == [0, 3]).expect("a limit");
    assert_eq!(streams[2..], 32_u32.to_be_bytes());
}
