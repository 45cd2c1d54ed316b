//! A program that was built, as a process, and requests to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::Value;

/// A running server. It ends with this value.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a program over a database, which it may only check.
    pub(crate) fn start(program: &Path, arguments: &[&str], url: &str) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .env("ROCKET_PORT", "0")
            .env("ROCKET_ETAG", "true")
            .env("ROCKET_DATABASES", format!("{{api={{url={url:?},schema=\"check\"}}}}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (mut lines, mut address) = (Vec::new(), None);
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        while address.is_none() {
            let mut line = String::new();
            if output.read_line(&mut line).expect("text") == 0 {
                break;
            }
            address = line.split_once("launched from http://").and_then(|(_, rest)| {
                rest.chars()
                    .take_while(|c| c.is_ascii_digit() || ".:".contains(*c))
                    .collect::<String>()
                    .parse()
                    .ok()
            });
            lines.push(line);
        }
        let Some(address) = address else {
            let mut errors = String::new();
            drop(child.stderr.take().expect("a pipe").read_to_string(&mut errors));
            panic!("{}: it does not launch: {}{errors}", program.display(), lines.concat());
        };
        // What is written to a pipe that nobody reads would wait for somebody.
        thread::spawn(move || drop(std::io::copy(&mut output, &mut std::io::sink())));
        let mut errors = child.stderr.take().expect("a pipe");
        thread::spawn(move || drop(std::io::copy(&mut errors, &mut std::io::sink())));
        Self { child, address }
    }

    /// The document at a path, which is 200.
    pub(crate) fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
