//! How much is done at the same time, and how much is held for clients that do not read or send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use etag_fairing::JsonApiResource;
use etag_fairing::document::error::ErrorObject;
use etag_fairing::resource::{HookError, Hooks, Operation};
use rocket::http::Status;
use rocket::tokio::sync::Semaphore;
use rocket::{Build, Request, Rocket};
use serde_json::json;

use super::databases::Database;
use super::support::{Answer, Server};

/// Whose reads take as long as a test wants.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "slow", hooks)]
struct Slow {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

/// How many may wait no longer, and how many have come.
static LEAVE: Semaphore = Semaphore::const_new(0);
static COME: Semaphore = Semaphore::const_new(0);

#[rocket::async_trait]
impl Hooks for Slow {
    async fn before_read(_: &Request<'_>, _: Operation) -> Result<(), HookError> {
        COME.add_permits(1);
        match LEAVE.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => {
                let closed = ErrorObject::new(Status::InternalServerError, "closed", "Closed");
                return Err(closed.into());
            }
        }
        Ok(())
    }
}

/// With texts of any length.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "papers")]
struct Paper {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

fn mounted(rocket: Rocket<Build>) -> Rocket<Build> {
    rocket.mount("/v1", Slow::routes()).mount("/v1", Paper::routes())
}

#[track_caller]
fn is_refused(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!((answer.field("retry-after"), answer.field("cache-control")), (Some("1"), Some("no-store")));
    assert_eq!(answer.error().0, "unavailable");
}

/// Asks again until something else than this is answered.
#[track_caller]
fn soon(server: &Server, path: &str, refused: u16) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = server.get(path, &[]);
        if answer.status != refused {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", answer.text());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn more_requests_than_may_be_in_progress_are_503_at_once() {
    let server = Database::in_memory("ETAG = true", "max_requests = 2", mounted);
    let paper = json!({"data": {"type": "papers", "attributes": {"text": "a"}}});
    server.write("POST", "/v1/papers", &paper).is(201);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| server.get("/v1/slow", &[]).is(200));
        }
        rocket::async_test(async { COME.acquire_many(2).await.expect("both").forget() });
        for path in ["/v1/papers", "/v1/papers/1", "/v1/slow"] {
            is_refused(&server.get(path, &[]));
        }
        is_refused(&server.write("POST", "/v1/papers", &paper));
        is_refused(&server.send("DELETE", "/v1/papers/1", &[], ""));
        // Neither costs more than its answer.
        assert_eq!(server.send("OPTIONS", "/v1/papers", &[], "").status, 204);
        assert_eq!(server.send("PUT", "/v1/papers", &[], "").status, 405);
        LEAVE.add_permits(2);
    });
    server.get("/v1/papers/1", &[]).is(200);
    // One that sends its body slowly is not in progress yet.
    let mut slowly = Vec::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(server.address).expect("a connection");
        let head = "POST /v1/papers HTTP/1.1\r\nHost: a\r\nContent-Type: application/vnd.api+json\r\nContent-Length: 900\r\n\r\n{";
        stream.write_all(head.as_bytes()).expect("sent");
        slowly.push(stream);
    }
    server.write("POST", "/v1/papers", &paper).is(201);
    server.get("/v1/papers", &[]).is(200);
}

#[test]
fn answers_that_nobody_reads_are_bounded_and_keep_small_ones_from_nobody() {
    for database in Database::each() {
        let limits = "max_document = '20 MiB'\nmax_unread = '28 MiB'";
        let server = database.serve("[default.etag]\nenabled = false\nmemo = 0", limits, mounted);
        let text = match database.is_sqlite() {
            true => "printf('%.1000000c', 'x')",
            false => "repeat('x', 1000000)",
        };
        let rows: Vec<_> = (1..=16).map(|id| format!("({id}, {text})")).collect();
        database.run(&format!("INSERT INTO papers (id, text) VALUES {}", rows.join(", ")));
        let ask = || {
            let mut stream = TcpStream::connect(server.address).expect("a connection");
            stream.write_all(b"GET /v1/papers?page%5Bsize%5D=25 HTTP/1.1\r\nHost: a\r\n\r\n").expect("sent");
            let mut status = [0; 12];
            stream.read_exact(&mut status).expect("a status");
            (String::from_utf8_lossy(&status).into_owned(), stream)
        };
        let (first, unread) = ask();
        assert_eq!(first, "HTTP/1.1 200");
        for _ in 0..3 {
            is_refused(&server.get("/v1/papers?page%5Bsize%5D=25", &[]));
        }
        // Of 64 KiB and less each is answered.
        server.get("/v1/papers?page%5Bsize%5D=25&fields%5Bpapers%5D=", &[]).is(200);
        drop(unread);
        soon(&server, "/v1/papers?page%5Bsize%5D=25", 503).is(200);
    }
}
