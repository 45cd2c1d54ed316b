//! A server on a free loopback port, and a client that sees every byte.
#![allow(dead_code, reason = "every test file uses its part of it")]
#![allow(unexpected_cfgs, reason = "tests of packages without our features use it too")]

#[cfg(feature = "sqlite")]
pub(crate) mod api;
#[cfg(feature = "sqlite")]
#[allow(unreachable_pub, reason = "the tests at the root use it too")]
#[path = "../../../tests/support/document.rs"]
mod document;
#[cfg(feature = "sqlite")]
#[allow(unreachable_pub, reason = "the same")]
#[path = "../../../tests/support/openapi.rs"]
mod openapi;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
#[cfg(feature = "sqlite")]
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::figment::providers::{Format, Toml};
use rocket::{Build, Rocket, Shutdown};

/// Rocket's defaults with this `Rocket.toml`: neither files nor the environment of the machine count.
pub(crate) fn figment(toml: &str) -> Figment {
    Figment::from(rocket::Config::debug_default()).merge(Toml::string(toml).nested())
}

/// A running server, stopped when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
    /// What every answer is checked by.
    #[cfg(feature = "sqlite")]
    operations: Option<Arc<openapi::Operations>>,
}

impl Server {
    /// Starts `build`'s routes with this `Rocket.toml`.
    pub(crate) fn start(toml: &str, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Server {
        let figment = figment(toml)
            .merge(("address", "127.0.0.1"))
            .merge(("port", 0))
            .merge(("log_level", "off"))
            .merge(("workers", 2))
            .merge(("shutdown.grace", 0))
            .merge(("shutdown.mercy", 0))
            .merge(("shutdown.ctrlc", false));
        let (send, receive) = mpsc::channel();
        let rocket = build(rocket::custom(figment));
        let rocket = rocket.attach(AdHoc::on_liftoff("address", move |rocket| {
            let config = rocket.config();
            let address = SocketAddr::new(config.address, config.port);
            // Only a launched server knows what its database lets it write.
            #[cfg(feature = "sqlite")]
            let document = etag_fairing::JsonApi::openapi().document(rocket, "/").ok();
            #[cfg(not(feature = "sqlite"))]
            let document = ();
            send.send((address, rocket.shutdown(), document)).unwrap();
            Box::pin(async {})
        }));
        let thread = std::thread::spawn(move || {
            // A connection that a client hasn't closed yet may outlast the shutdown's patience: no fault.
            match rocket::execute(rocket.launch()).as_ref().map_err(rocket::Error::kind) {
                Ok(_) | Err(ErrorKind::Shutdown(..)) => {}
                Err(error) => panic!("the server failed: {error}"),
            }
        });
        let launched = receive.recv_timeout(Duration::from_secs(60)).expect("the server starts");
        Server {
            address: launched.0,
            shutdown: launched.1,
            thread: Some(thread),
            #[cfg(feature = "sqlite")]
            operations: launched.2.map(|document| Arc::new(openapi::Operations::of(document))),
        }
    }

    /// For tests with values that only other programs would have stored: no schema allows them.
    #[cfg(feature = "sqlite")]
    pub(crate) fn with_values_of_others(mut self) -> Server {
        self.operations = None;
        self
    }

    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Connection {
            stream,
            seen: Vec::new(),
            #[cfg(feature = "sqlite")]
            operations: self.operations.clone(),
        }
    }

    /// One request on a connection of its own.
    pub(crate) fn send(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        self.connect().send(method, path, fields, body)
    }

    pub(crate) fn get(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("GET", path, fields, "")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.clone().notify();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the server ends well");
            }
        }
    }
}

/// A kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Bytes that came and belong to no answer yet.
    seen: Vec<u8>,
    #[cfg(feature = "sqlite")]
    operations: Option<Arc<openapi::Operations>>,
}

impl Connection {
    pub(crate) fn send(&mut self, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in fields {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        request += body;
        self.stream.write_all(request.as_bytes()).unwrap();
        self.receive(method, path)
    }

    /// A request without a body, with raw field lines, each ended by CRLF.
    pub(crate) fn send_bytes(&mut self, method: &str, path: &str, lines: &[u8]) -> Answer {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        self.stream.write_all(&[head.as_bytes(), lines, b"\r\n"].concat()).unwrap();
        self.receive(method, path)
    }

    /// Reads one answer by the framing rules of RFC 9112 §6.3.
    fn receive(&mut self, method: &str, path: &str) -> Answer {
        let answer = self.receive_any(method);
        #[cfg(feature = "sqlite")]
        {
            answer.check_document();
            if let Some(operations) = &self.operations {
                answer.check_by(operations, method, path);
            }
        }
        #[cfg(not(feature = "sqlite"))]
        let _ = path;
        answer
    }

    fn receive_any(&mut self, method: &str) -> Answer {
        let end = loop {
            match self.seen.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                Some(end) => break end,
                None => assert!(self.read(), "the connection ended within a head: {:?}", self.seen),
            }
        };
        let head = String::from_utf8(self.seen.drain(..end + 4).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer { status, fields, body: Vec::new() };
        if method == "HEAD" || status == 304 || status == 204 {
            return answer;
        }
        if answer.field("transfer-encoding") == Some("chunked") {
            loop {
                let line = loop {
                    match self.seen.windows(2).position(|bytes| bytes == b"\r\n") {
                        Some(end) => break end,
                        None => assert!(self.read(), "the connection ended within a chunk's head"),
                    }
                };
                let head = String::from_utf8(self.seen.drain(..line + 2).collect()).unwrap();
                let size = usize::from_str_radix(head.trim(), 16).unwrap();
                let chunk = self.take(size + 2);
                answer.body.extend_from_slice(&chunk[..size]);
                if size == 0 {
                    return answer;
                }
            }
        }
        let length = answer.field("content-length").expect("a length").parse().unwrap();
        answer.body = self.take(length);
        answer
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        while self.seen.len() < length {
            assert!(self.read(), "the connection ended within a body");
        }
        self.seen.drain(..length).collect()
    }

    fn read(&mut self) -> bool {
        let mut bytes = [0; 65536];
        let count = self.stream.read(&mut bytes).unwrap();
        self.seen.extend_from_slice(&bytes[..count]);
        count > 0
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, in the order received.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The only line of a field.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let lines = self.lines(name);
        assert!(lines.len() < 2, "two lines of {name}: {self:?}");
        lines.first().copied()
    }

    /// Whatever a test is about: what says that it is JSON:API is a valid document.
    #[cfg(feature = "sqlite")]
    fn check_document(&self) {
        let media_type = self.lines("content-type").first().copied().unwrap_or_default();
        let is_coded = self.field("content-encoding").is_some();
        if self.body.is_empty() || is_coded || !media_type.starts_with("application/vnd.api+json") {
            return;
        }
        let json =
            serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()));
        let faults = [document::response_faults(&json), document::compound_faults(&json)].concat();
        assert!(faults.is_empty(), "{faults:#?} in {json:#}");
    }

    /// Whatever a test is about: an answer of a generated route is one that the OpenAPI document says.
    #[cfg(feature = "sqlite")]
    fn check_by(&self, operations: &openapi::Operations, method: &str, path: &str) {
        let media_type = self.lines("content-type").first().copied().unwrap_or_default();
        let is_ours = media_type.starts_with("application/vnd.api+json");
        if self.field("content-encoding").is_some() || (!is_ours && !self.body.is_empty()) {
            return;
        }
        let fields = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        let exchange = openapi::Exchange { method, url: path, status: self.status, fields, body: &self.body };
        let faults = operations.faults(&exchange);
        assert!(faults.is_empty(), "{faults:#?} of {self:?}, {}", self.text());
    }

    /// All lines of a field, in order.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(there, _)| there == name).map(|(_, value)| value.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn tag(&self) -> String {
        self.field("etag").unwrap_or_else(|| panic!("no tag: {self:?}")).to_owned()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}
