//! Reads that have no end: what they cost, and whom.

use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Statistics};
use rocket::fairing::AdHoc;
use rocket::{Build, Rocket, State, get, routes};
use serde_json::json;

use super::support::{Server, figment};

/// There is no end to these.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "numbers", etag)]
struct Number {
    #[jsonapi(id)]
    id: i64,
    number: i64,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// None of the numbers is below nought.
const ENDLESS: &str = "/v1/numbers?filter%5Bnumber%5D%5Blt%5D=0";

#[get("/statistics")]
fn statistics(statistics: &State<Statistics>) -> String {
    format!("{} {}", statistics.reads_timed_out(), statistics.reads_abandoned())
}

/// A folder with a database.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = rusqlite::Connection::open(folder.path().join("api.db")).expect("a database");
    let view = "CREATE VIEW numbers (id, number) AS \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i FROM n";
    sqlite.execute_batch(view).expect("a view");
    folder
}

fn toml(folder: &tempfile::TempDir, keys: &str) -> String {
    let path = folder.path().join("api.db");
    format!("[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite:{}'\n{keys}", path.display())
}

fn routes_of(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Number::routes())
        .mount("/v1", Note::routes())
        .mount("/", routes![statistics])
}

#[test]
fn a_read_that_takes_too_long_is_503_with_retry_after_and_counted() {
    let folder = folder();
    let server = Server::start(&toml(&folder, "read_timeout = 1"), routes_of);
    let answer = server.get(ENDLESS, &[]).is(503);
    assert_eq!(answer.field("retry-after"), Some("5"));
    assert_eq!(answer.error().0, "unavailable");
    assert_eq!(server.get("/statistics", &[]).text(), "1 0");
    server.get("/v1/notes", &[]).is(200);
}

/// Clients that ask for what has no end, each in a way of its own.
fn ask(server: &Server) -> Vec<TcpStream> {
    (1..=8)
        .map(|size| {
            let mut stream = TcpStream::connect(server.address).expect("a connection");
            let head = format!("GET {ENDLESS}&page%5Bsize%5D={size} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            stream.write_all(head.as_bytes()).expect("sent");
            stream
        })
        .collect()
}

#[cfg(target_os = "linux")]
fn ask_and_go(server: &Server, stay: Duration) {
    let clients = ask(server);
    sleep(stay);
    drop(clients);
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_whose_client_is_gone_is_ended_running_or_waiting() {
    let folder = folder();
    let server =
        Server::start(&toml(&folder, "readers = 2\nread_timeout = 3600\nbusy_timeout = 3600"), routes_of);
    let abandoned = || -> u32 {
        let counted = server.get("/statistics", &[]).text();
        counted.split(' ').next_back().and_then(|count| count.parse().ok()).expect("a count")
    };
    // Where the machine does much else some go unseen; then others come, and stay for longer.
    let mut stay = Duration::from_millis(300);
    while abandoned() < 8 {
        ask_and_go(&server, stay);
        let gone = Instant::now();
        while abandoned() < 8 && gone.elapsed() < stay * 8 {
            sleep(Duration::from_millis(20));
        }
        stay *= 2;
    }
    server.get("/v1/notes", &[]).is(200);
}

#[test]
fn lists_and_writes_go_on_beside_reads_that_have_no_end() {
    let folder = folder();
    let server =
        Server::start(&toml(&folder, "readers = 1\nread_timeout = 3600\nbusy_timeout = 3600"), routes_of);
    let clients = ask(&server);
    sleep(Duration::from_millis(100));
    for number in 0..20 {
        let note = json!({"data": {"type": "notes", "attributes": {"text": number.to_string()}}});
        server.write("POST", "/v1/notes", &note).is(201);
        server.get("/v1/notes?sort=-text", &[]).is(200);
        // Costly by its looks, and yet answered.
        server.get("/v1/notes?filter%5Btext%5D%5Bicontains%5D=1", &[]).is(200);
    }
    drop(clients);
}

#[test]
fn a_server_with_a_read_that_has_no_end_stops_within_its_grace() {
    let folder = folder();
    let (send, receive) = mpsc::channel();
    let figment = figment(&toml(&folder, "read_timeout = 3600"))
        .merge(("port", 0))
        .merge(("log_level", "off"))
        .merge(("workers", 2))
        .merge(("shutdown.grace", 1))
        .merge(("shutdown.mercy", 1))
        .merge(("shutdown.ctrlc", false));
    let rocket = routes_of(rocket::custom(figment)).attach(AdHoc::on_liftoff("address", move |rocket| {
        send.send((rocket.config().port, rocket.shutdown())).expect("somebody waits");
        Box::pin(async {})
    }));
    let server = spawn(|| rocket::execute(rocket.launch()).is_ok());
    let (port, shutdown) = receive.recv_timeout(Duration::from_secs(60)).expect("the server starts");
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    client.write_all(format!("GET {ENDLESS} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).expect("sent");
    sleep(Duration::from_millis(100));
    shutdown.notify();
    // Rocket waits for its tasks at the end of the grace, and fails if one is left after that.
    assert!(server.join().expect("no panic"), "a task was left");
    let mut answer = String::new();
    let _ = std::io::Read::read_to_string(&mut client, &mut answer);
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer:?}");
}
