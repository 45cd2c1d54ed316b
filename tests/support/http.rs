//! HTTP/1.1 as bytes on a socket: nothing is added to a request, nothing is hidden of a response.

use std::{
    collections::HashMap,
    fmt,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use super::openapi::{Exchange, Operations};
use super::{MEDIA_TYPE, document};

/// The OpenAPI documents of the servers that run, by their addresses: what their answers are checked by.
static DESCRIBED: LazyLock<Mutex<HashMap<SocketAddr, Arc<Operations>>>> = LazyLock::new(Mutex::default);

/// Says what the answers from this address are checked by; nothing if there is no document.
pub fn describe(address: SocketAddr, operations: Option<Arc<Operations>>) {
    let mut described = DESCRIBED.lock().unwrap_or_else(PoisonError::into_inner);
    described.remove(&address);
    described.extend(operations.map(|operations| (address, operations)));
}

/// One connection, kept alive from request to request.
///
/// A response is read to its exact end. A byte too many (a body where there must be none) is found by the next
/// exchange, whose status line it would spoil, or by [`Connection::rest`].
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    operations: Option<Arc<Operations>>,
}

/// A response as it was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// All header fields in the order in which they came: names as sent, values without the space around.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What ended the body.
    pub framing: Framing,
    /// The body, chunks joined.
    pub body: Vec<u8>,
    /// The head as sent, up to and with the empty line.
    pub head: Vec<u8>,
}

/// What tells where a body ends (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none: the answer to HEAD, 1xx, 204, 304; whatever the header fields say.
    None,
    /// `Content-Length`.
    Length(usize),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// The end of the connection.
    Close,
}

impl Connection {
    /// Opens a connection.
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connect");
        // Against a test that waits for ever, not a measure.
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set a timeout");
        stream.set_nodelay(true).expect("set TCP_NODELAY");
        let operations = DESCRIBED.lock().unwrap_or_else(PoisonError::into_inner).get(&address).cloned();
        Self { stream: BufReader::new(stream), host: address.to_string(), operations }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("send");
    }

    /// Sends nothing more.
    pub fn end(&mut self) {
        self.stream.get_ref().shutdown(std::net::Shutdown::Write).expect("an end");
    }

    /// Reads one response to a request of `method` to `target`; interim ones (1xx) are passed over.
    pub fn receive(&mut self, method: &str, target: &str) -> Response {
        loop {
            let response = self.receive_one(method);
            if response.status >= 200 {
                response.assert_json_api();
                if let Some(operations) = &self.operations {
                    response.assert_described(operations, method, target);
                }
                return response;
            }
        }
    }

    /// Sends a whole request as bytes and reads its response.
    pub fn exchange(&mut self, request: &[u8]) -> Response {
        self.send(request);
        let mut words = request.split(|byte| *byte == b' ');
        let mut word = || String::from_utf8_lossy(words.next().unwrap_or_default());
        let (method, target) = (word(), word());
        self.receive(&method, &target)
    }

    /// Sends a request with exactly these header fields behind `Host`, and `Content-Length` if it has a body.
    pub fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Response {
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        self.request_bytes(method, target, &headers, body)
    }

    /// As [`request`](Self::request), with field values of any bytes.
    pub fn request_bytes(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &[u8])],
        body: Option<&[u8]>,
    ) -> Response {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.host).into_bytes();
        for (name, value) in headers {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value);
            request.extend_from_slice(b"\r\n");
        }
        if let Some(body) = body {
            request.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.unwrap_or_default());
        self.send(&request);
        self.receive(method, target)
    }

    /// GET, asking for a JSON:API document.
    pub fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> Response {
        self.request("GET", target, &[&[("Accept", MEDIA_TYPE)], headers].concat(), None)
    }

    /// HEAD, asking for a JSON:API document.
    pub fn head(&mut self, target: &str, headers: &[(&str, &str)]) -> Response {
        self.request("HEAD", target, &[&[("Accept", MEDIA_TYPE)], headers].concat(), None)
    }

    /// PATCH with a JSON:API document.
    pub fn patch(
        &mut self,
        target: &str,
        headers: &[(&str, &str)],
        document: &serde_json::Value,
    ) -> Response {
        self.write("PATCH", target, headers, document)
    }

    /// POST with a JSON:API document.
    pub fn post(&mut self, target: &str, headers: &[(&str, &str)], document: &serde_json::Value) -> Response {
        self.write("POST", target, headers, document)
    }

    /// DELETE without a body.
    pub fn delete(&mut self, target: &str, headers: &[(&str, &str)]) -> Response {
        self.request("DELETE", target, &[&[("Accept", MEDIA_TYPE)], headers].concat(), None)
    }

    fn write(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        document: &serde_json::Value,
    ) -> Response {
        let fields = [&[("Accept", MEDIA_TYPE), ("Content-Type", MEDIA_TYPE)], headers].concat();
        self.request(method, target, &fields, Some(document.to_string().as_bytes()))
    }

    /// Everything that still comes until the server closes. For requests with `Connection: close`: what is here
    /// after the response is a byte too many.
    pub fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("read to the end");
        rest
    }

    fn receive_one(&mut self, method: &str) -> Response {
        let mut head = Vec::new();
        let status_line = self.line(&mut head);
        let status = status_line
            .strip_prefix(b"HTTP/1.1 ")
            .and_then(|rest| std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok())
            .unwrap_or_else(|| panic!("not a status line: {:?}", String::from_utf8_lossy(&status_line)));

        let mut headers = Vec::new();
        loop {
            let line = self.line(&mut head);
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|byte| *byte == b':').expect("a header field has a colon");
            let name = String::from_utf8(line[..colon].to_vec()).expect("a field name is ASCII");
            headers.push((name, line[colon + 1..].trim_ascii().to_vec()));
        }

        let mut response = Response { status, headers, framing: Framing::None, body: Vec::new(), head };
        response.framing = response.framing_for(method);
        match response.framing {
            Framing::None => {}
            Framing::Length(length) => {
                response.body.resize(length, 0);
                self.stream.read_exact(&mut response.body).expect("a body as long as Content-Length says");
            }
            Framing::Chunked => response.body = self.chunks(),
            Framing::Close => {
                self.stream.read_to_end(&mut response.body).expect("read to the end");
            }
        }
        response
    }

    /// One line without its CRLF; the raw bytes are added to `raw`.
    fn line(&mut self, raw: &mut Vec<u8>) -> Vec<u8> {
        let start = raw.len();
        self.stream.read_until(b'\n', raw).expect("read a line");
        let line = &raw[start..];
        line.strip_suffix(b"\r\n")
            .unwrap_or_else(|| panic!("no CRLF behind {:?}", String::from_utf8_lossy(line)))
            .to_vec()
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = String::from_utf8(self.line(&mut Vec::new())).expect("a chunk size is ASCII");
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).expect("a chunk size in hex");
            if size == 0 {
                while !self.line(&mut Vec::new()).is_empty() {}
                return body;
            }
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..]).expect("a chunk as long as it says");
            assert!(self.line(&mut Vec::new()).is_empty(), "CRLF ends a chunk");
        }
    }
}

impl Response {
    /// The value of a header field that may come once; `None` without it. Panics if it came twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.header_lines(name);
        let value = values.next();
        assert!(values.next().is_none(), "{name} came twice:\n{self:?}");
        value
    }

    /// The values of all lines of a header field.
    pub fn header_lines<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| std::str::from_utf8(value).expect("a field value in UTF-8"))
    }

    /// The entity tag. Panics without one.
    pub fn etag(&self) -> &str {
        self.header("ETag").unwrap_or_else(|| panic!("no ETag:\n{self:?}"))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}:\n{self:?}"))
    }

    /// Whatever a test is about: what calls itself JSON:API is JSON:API.
    fn assert_json_api(&self) {
        let mut types = self.header_lines("Content-Type");
        // What a proxy has compressed is not looked into.
        let is_coded = self.header("Content-Encoding").is_some();
        if self.body.is_empty() || is_coded || !types.any(|value| value.starts_with(MEDIA_TYPE)) {
            return;
        }
        let json = self.json();
        let faults = [document::response_faults(&json), document::compound_faults(&json)].concat();
        assert!(faults.is_empty(), "no JSON:API document: {faults:?}\n{self:?}");
    }

    /// Whatever a test is about: an answer of the API is one that its OpenAPI document says.
    fn assert_described(&self, operations: &Operations, method: &str, target: &str) {
        let is_ours = self.header_lines("Content-Type").any(|value| value.starts_with(MEDIA_TYPE));
        // What can't be read is answered by the server's HTTP library, which no API describes.
        let is_of_application = self.header("Server").is_some();
        let is_coded = self.header("Content-Encoding").is_some();
        if !is_of_application || is_coded || (!is_ours && !self.body.is_empty()) {
            return;
        }
        let fields = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        let exchange = Exchange { method, url: target, status: self.status, fields, body: &self.body };
        let faults = operations.faults(&exchange);
        assert!(faults.is_empty(), "{faults:#?} of {method} {target}:\n{self:?}");
    }

    // RFC 9112 §6.3, in its order.
    fn framing_for(&self, method: &str) -> Framing {
        if method == "HEAD" || self.status < 200 || matches!(self.status, 204 | 304) {
            return Framing::None;
        }
        if let Some(coding) = self.header("Transfer-Encoding") {
            assert_eq!(coding.to_ascii_lowercase(), "chunked", "the one transfer coding read here");
            return Framing::Chunked;
        }
        match self.header("Content-Length") {
            Some(length) => Framing::Length(length.parse().expect("Content-Length is a number")),
            None => Framing::Close,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.head))?;
        f.write_str(&String::from_utf8_lossy(&self.body))
    }
}
