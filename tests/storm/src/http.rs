//! One client's connections: HTTP/1.1, kept alive, one to each server.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, CONTENT_TYPE, ETAG, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.api+json");

/// Who waits longer than this for an answer doesn't know whether the request was done.
const PATIENCE: Duration = Duration::from_secs(20);

/// The connections of one client.
pub struct Client {
    servers: Vec<SocketAddr>,
    connections: Vec<Option<SendRequest<Full<Bytes>>>>,
}

/// An answer, all of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// `ETag`.
    pub tag: Option<String>,
    /// All fields of its header.
    pub fields: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// How a client leaves that doesn't wait for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It closes its connection: the server may notice it.
    Close,
    /// It looks away: the server sends an answer, which nobody reads. So does a proxy that has lost its client.
    LookAway,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nothing was sent.
    NotSent,
    /// The connection broke: it may have been done or not.
    Broken,
}

impl Answer {
    /// The body as JSON; `Null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A field of its header, if it is there and a text.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.to_str().ok()
    }

    /// The code of its first error.
    pub fn code(&self) -> Option<String> {
        self.json().pointer("/errors/0/code")?.as_str().map(str::to_owned)
    }
}

impl Client {
    /// A client of these servers.
    pub fn new(servers: &[SocketAddr]) -> Self {
        Self { servers: servers.to_vec(), connections: servers.iter().map(|_| None).collect() }
    }

    /// Connects to each server that it isn't connected to.
    ///
    /// # Errors
    /// If one takes no connection.
    pub async fn connect(&mut self) -> Result<(), NoAnswer> {
        for (address, connection) in self.servers.iter().zip(&mut self.connections) {
            if connection.as_ref().is_none_or(SendRequest::is_closed) {
                *connection = Some(open(*address).await?);
            }
        }
        Ok(())
    }

    /// Sends a request to one of the servers, picked at random.
    ///
    /// # Errors
    /// If there is no whole answer.
    pub async fn send(
        &mut self,
        method: Method,
        target: &str,
        fields: &[(HeaderName, String)],
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, NoAnswer> {
        let server = fastrand::usize(..self.servers.len().max(1));
        let (Some(address), Some(slot)) = (self.servers.get(server), self.connections.get_mut(server)) else {
            return Err(NoAnswer::NotSent);
        };
        let mut connection = match kept(slot.take()).await {
            Some(connection) => connection,
            None => open(*address).await?,
        };
        let request = request(*address, method, target, fields, body).ok_or(NoAnswer::NotSent)?;
        let answer = timeout(PATIENCE, exchange(&mut connection, request)).await;
        let answer = answer.map_err(|_| NoAnswer::Broken)??;
        *slot = Some(connection);
        Ok(answer)
    }

    /// Sends a request to one of the servers by a connection of its own, and leaves after so long, answered or not.
    ///
    /// # Errors
    /// If nothing was sent.
    pub async fn send_and_leave(
        &self,
        (leave, after): (Leave, Duration),
        method: Method,
        target: &str,
        fields: &[(HeaderName, String)],
        body: Option<&serde_json::Value>,
    ) -> Result<(), NoAnswer> {
        let server = fastrand::usize(..self.servers.len().max(1));
        let address = self.servers.get(server).ok_or(NoAnswer::NotSent)?;
        let request = request(*address, method, target, fields, body).ok_or(NoAnswer::NotSent)?;
        let mut stream = TcpStream::connect(address).await.map_err(|_| NoAnswer::NotSent)?;
        // Part of it may have been sent, so that nobody knows.
        if stream.write_all(&bytes_of(request).await).await.is_ok() {
            sleep(after).await;
        }
        if leave == Leave::LookAway {
            tokio::spawn(timeout(PATIENCE, async move { stream.read_to_end(&mut Vec::new()).await }));
        }
        Ok(())
    }
}

/// The request as it is sent, the last one of its connection.
async fn bytes_of(request: Request<Full<Bytes>>) -> Vec<u8> {
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    let mut bytes = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", head.method, head.uri).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
    bytes.extend(body);
    bytes
}

/// A connection once it is through with the last answer; `None` if it is closed.
async fn kept(connection: Option<SendRequest<Full<Bytes>>>) -> Option<SendRequest<Full<Bytes>>> {
    let mut connection = connection?;
    connection.ready().await.is_ok().then_some(connection)
}

async fn open(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, NoAnswer> {
    let stream = TcpStream::connect(address).await.map_err(|_| NoAnswer::NotSent)?;
    stream.set_nodelay(true).map_err(|_| NoAnswer::NotSent)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| NoAnswer::NotSent)?;
    // How it ends is told to whoever sends.
    tokio::spawn(connection);
    sender.ready().await.map_err(|_| NoAnswer::NotSent)?;
    Ok(sender)
}

fn request(
    address: SocketAddr,
    method: Method,
    target: &str,
    fields: &[(HeaderName, String)],
    body: Option<&serde_json::Value>,
) -> Option<Request<Full<Bytes>>> {
    let mut request = Request::builder().method(method).uri(target).header(HOST, address.to_string());
    if fields.iter().all(|(name, _)| *name != ACCEPT) {
        request = request.header(ACCEPT, MEDIA_TYPE);
    }
    for (name, value) in fields {
        request = request.header(name, value);
    }
    let body = match body {
        Some(body) => {
            if fields.iter().all(|(name, _)| *name != CONTENT_TYPE) {
                request = request.header(CONTENT_TYPE, MEDIA_TYPE);
            }
            Bytes::from(body.to_string())
        }
        None => Bytes::new(),
    };
    request.body(Full::new(body)).ok()
}

async fn exchange(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, NoAnswer> {
    let response = connection.send_request(request).await.map_err(|_| NoAnswer::Broken)?;
    let status = response.status().as_u16();
    let fields = response.headers().clone();
    let tag = fields.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let body = response.into_body().collect().await.map_err(|_| NoAnswer::Broken)?.to_bytes();
    Ok(Answer { status, tag, fields, body })
}
