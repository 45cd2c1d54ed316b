//! Requests that are sent more than once with one `Idempotency-Key`, as a client does that has lost its answer, or that is in
//! doubt; and what their answers must be like.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use hyper::Method;
use hyper::header::HeaderName;
use serde_json::Value;
use tokio::time::sleep;

use crate::http::{Answer, Client, Leave, NoAnswer};

/// The field that names a request.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// For how long a client that wants an answer asks again at most, once it has sent the request as often as it meant to.
const PERSISTENCE: Duration = Duration::from_secs(20);

/// A request under a key.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub target: String,
    /// Its fields, the key among them.
    pub fields: Vec<(HeaderName, String)>,
    /// Its document.
    pub body: Option<Value>,
}

/// How much a client wants to know what has become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// It asks until it is told.
    Answer,
    /// If all its answers are lost, then so it is.
    Nothing,
}

/// Once that a request was sent.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it was sent, by the order in which all that happens is counted.
    pub start: u64,
    /// When its answer was there.
    pub end: u64,
    /// Its answer; `None` if there was none, or nobody has waited for it.
    pub answer: Option<Answer>,
}

/// What is known of a request after all its attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It was answered with a success.
    Acknowledged,
    /// Nobody knows.
    Unknown,
    /// It was refused with this status, each time.
    Refused(u16),
    /// It was never sent.
    NotSent,
}

/// Sends requests, each as often as it likes.
pub struct Repeater {
    /// Two connections to each server, for two attempts at once.
    clients: [Client; 2],
    random: Rng,
}

/// The next moment: whatever has happened before has a smaller one.
fn moment() -> u64 {
    static MOMENTS: AtomicU64 = AtomicU64::new(0);
    MOMENTS.fetch_add(1, Ordering::SeqCst)
}

impl Keyed {
    /// A request with the key of this name.
    pub fn new(name: &str, method: Method, target: impl Into<String>, body: Option<Value>) -> Self {
        // A structured string (RFC 8941 §3.3.3), as the draft has it, or a token, as many clients have it.
        let is_token = name.ends_with('3') && name.starts_with(char::is_alphabetic);
        let key = if is_token { name.to_owned() } else { format!("\"{name}\"") };
        Self { method, target: target.into(), fields: vec![(IDEMPOTENCY_KEY, key)], body }
    }

    /// The same with one more field.
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The same without a key.
    pub fn without_key(mut self) -> Self {
        self.fields.retain(|(name, _)| *name != IDEMPOTENCY_KEY);
        self
    }

    /// Sends it once.
    ///
    /// # Errors
    /// If nothing was sent.
    pub async fn send(&self, client: &mut Client) -> Result<Attempt, NoAnswer> {
        let start = moment();
        let answer = client.send(self.method.clone(), &self.target, &self.fields, self.body.as_ref()).await;
        match answer {
            Err(NoAnswer::NotSent) => Err(NoAnswer::NotSent),
            answer => Ok(Attempt { start, end: moment(), answer: answer.ok() }),
        }
    }

    async fn send_and_leave(&self, client: &Client, leave: (Leave, Duration)) -> Result<Attempt, NoAnswer> {
        let start = moment();
        let body = self.body.as_ref();
        client.send_and_leave(leave, self.method.clone(), &self.target, &self.fields, body).await?;
        Ok(Attempt { start, end: moment(), answer: None })
    }
}

impl Repeater {
    /// For requests to these servers.
    pub fn new(servers: &[SocketAddr]) -> Self {
        Self { clients: [Client::new(servers), Client::new(servers)], random: Rng::new() }
    }

    /// A client of the same servers, for all else.
    pub fn client(&mut self) -> &mut Client {
        let [client, _] = &mut self.clients;
        client
    }

    /// Sends a request one to three times, one after the other or at once, and leaves before some of the answers.
    ///
    /// Whoever wants an answer goes on until it is a success, or a refusal that says that nothing was changed.
    pub async fn send(&mut self, request: &Keyed, wants: Wants) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let mut times = self.random.usize(1..=3);
        if times > 1 && self.random.u8(..4) == 0 {
            let [one, other] = &mut self.clients;
            let (one, other) = tokio::join!(request.send(one), request.send(other));
            attempts.extend([one, other].into_iter().flatten());
            times -= 2;
        }
        for _ in 0..times {
            let leave = match self.random.u8(..16) {
                0 => Some(Leave::Close),
                1..5 => Some(Leave::LookAway),
                _ => None,
            };
            let [client, _] = &mut self.clients;
            let attempt = match leave {
                Some(leave) => {
                    let after = Duration::from_micros(self.random.u64(..15_000));
                    request.send_and_leave(client, (leave, after)).await
                }
                None => request.send(client).await,
            };
            attempts.extend(attempt);
        }
        let begin = Instant::now();
        while wants == Wants::Answer && !is_settled(&attempts) && begin.elapsed() < PERSISTENCE {
            sleep(Duration::from_millis(self.random.u64(10..100))).await;
            let [client, _] = &mut self.clients;
            attempts.extend(request.send(client).await);
        }
        attempts
    }
}

impl Attempt {
    fn is_success(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.status < 300)
    }

    /// Whether it may have been made, or may still be: no answer, one that says so, or another attempt is under way.
    fn is_unknown(&self) -> bool {
        match &self.answer {
            None => true,
            Some(answer) => matches!(answer.status, 500 | 502 | 504) || is_in_use(answer),
        }
    }

    /// Whether its answer says that it is an earlier one.
    pub fn is_replayed(&self) -> bool {
        let answer = self.answer.as_ref();
        answer.and_then(|answer| answer.field("idempotency-replayed")) == Some("true")
    }

    /// Whether the answer says that it may be sent again as it is.
    fn is_put_off(&self) -> bool {
        self.answer.as_ref().is_none_or(|answer| answer.status == 503)
    }
}

fn is_in_use(answer: &Answer) -> bool {
    answer.status == 409 && answer.code().as_deref() == Some("idempotency_key_in_use")
}

/// Whether its sender has no more to ask.
pub fn is_settled(attempts: &[Attempt]) -> bool {
    success(attempts).or_else(|| refusal(attempts)).is_some()
}

/// What is known of a request.
///
/// A refusal that is about the request tells it, whatever has become of the other attempts: if one of them had been made, then
/// the answer would be that one's.
pub fn fate(attempts: &[Attempt]) -> Fate {
    if attempts.iter().any(Attempt::is_success) {
        return Fate::Acknowledged;
    }
    if let Some(answer) = refusal(attempts) {
        return Fate::Refused(answer.status);
    }
    if attempts.iter().any(Attempt::is_unknown) {
        return Fate::Unknown;
    }
    let last = attempts.iter().rev().find_map(|attempt| attempt.answer.as_ref());
    last.map_or(Fate::NotSent, |answer| Fate::Refused(answer.status))
}

/// The first refusal that is about the request.
fn refusal(attempts: &[Attempt]) -> Option<&Answer> {
    let refusal =
        |attempt: &&Attempt| !attempt.is_success() && !attempt.is_unknown() && !attempt.is_put_off();
    attempts.iter().find(refusal)?.answer.as_ref()
}

/// The first success.
pub fn success(attempts: &[Attempt]) -> Option<&Answer> {
    attempts.iter().find(|attempt| attempt.is_success())?.answer.as_ref()
}

/// What is wrong with the answers of one request.
///
/// - Refusals are those that may be: a key that is in use, 503 and 504, and those of `refusals`.
/// - All successes are the same answer. All but one of them are marked as replayed, and so is each of those that were asked
///   for when a success was there already.
/// - Once there was a success, there is no refusal any more that is about the request.
pub fn faults(attempts: &[Attempt], refusals: &[u16]) -> Vec<String> {
    let mut faults = Vec::new();
    let successes: Vec<(&Attempt, &Answer)> = attempts
        .iter()
        .filter(|attempt| attempt.is_success())
        .filter_map(|attempt| Some((attempt, attempt.answer.as_ref()?)))
        .collect();
    let told = successes.iter().map(|(attempt, _)| attempt.end).min();
    for attempt in attempts {
        let Some(answer) = &attempt.answer else { continue };
        let is_late = told.is_some_and(|told| told < attempt.start);
        let may_be = match answer.status {
            ..300 => !is_late || attempt.is_replayed(),
            503 | 504 => true,
            // Also after a success: one whose client has left may be under way.
            409 if is_in_use(answer) => true,
            status => !is_late && refusals.contains(&status),
        };
        if !may_be {
            let when = if is_late { " after a success" } else { "" };
            faults.push(format!("answered{when} with {}", Short(answer)));
        }
    }
    if let Some((first, others)) = successes.split_first() {
        let differs = others.iter().find(|(_, other)| !is_same(first.1, other));
        faults.extend(
            differs.map(|(_, other)| format!("two answers: {} and {}", Short(first.1), Short(other))),
        );
    }
    let first_hand = successes.iter().filter(|(attempt, _)| !attempt.is_replayed()).count();
    if first_hand > 1 {
        faults.push(format!("{first_hand} answers that are not marked as replayed"));
    }
    faults
}

/// Whether two answers tell a client the same.
fn is_same(one: &Answer, other: &Answer) -> bool {
    let fields = ["location", "content-type", "last-modified", "preference-applied"];
    (one.status, &one.tag, &one.body) == (other.status, &other.tag, &other.body)
        && fields.iter().all(|name| one.field(name) == other.field(name))
}

/// An answer, in a line.
struct Short<'a>(&'a Answer);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer { status, tag, body, .. } = self.0;
        let body: String = String::from_utf8_lossy(body).chars().take(300).collect();
        write!(f, "{status} {} {body}", tag.as_deref().unwrap_or("without a tag"))
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;
    use hyper::header::{HeaderMap, HeaderValue};

    use super::*;

    fn attempt(start: u64, status: u16, body: &'static str, is_replayed: bool) -> Attempt {
        let mut fields = HeaderMap::new();
        if is_replayed {
            fields.insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        let body = Bytes::from_static(body.as_bytes());
        Attempt { start, end: start + 1, answer: Some(Answer { status, tag: None, fields, body }) }
    }

    const LOST: Attempt = Attempt { start: 0, end: 1, answer: None };
    const IN_USE: &str = r#"{"errors": [{"code": "idempotency_key_in_use"}]}"#;

    #[test]
    fn what_may_be() {
        for (attempts, expected) in [
            (vec![attempt(2, 201, "a", false), attempt(4, 201, "a", true)], Fate::Acknowledged),
            // The first answer was lost.
            (vec![LOST, attempt(4, 201, "a", true), attempt(6, 201, "a", true)], Fate::Acknowledged),
            (vec![attempt(2, 409, IN_USE, false), attempt(4, 201, "a", true)], Fate::Acknowledged),
            (vec![attempt(2, 201, "a", false), attempt(4, 409, IN_USE, false)], Fate::Acknowledged),
            (vec![attempt(2, 504, "", false), attempt(4, 201, "a", false)], Fate::Acknowledged),
            // At once.
            (vec![attempt(2, 201, "a", true), attempt(2, 201, "a", false)], Fate::Acknowledged),
            (vec![LOST, attempt(4, 503, "", false)], Fate::Unknown),
            (vec![attempt(2, 409, IN_USE, false)], Fate::Unknown),
            (vec![LOST, attempt(4, 412, "", false)], Fate::Refused(412)),
            (vec![attempt(2, 503, "", false)], Fate::Refused(503)),
            (vec![], Fate::NotSent),
        ] {
            assert_eq!(faults(&attempts, &[412]), Vec::<String>::new(), "{attempts:?}");
            assert_eq!(fate(&attempts), expected, "{attempts:?}");
        }
    }

    #[test]
    fn what_may_not_be() {
        for attempts in [
            // Made twice, one after the other and at once.
            vec![attempt(2, 201, "a", false), attempt(4, 201, "a", false)],
            vec![attempt(2, 201, "a", false), attempt(2, 201, "a", false)],
            // Another answer.
            vec![attempt(2, 201, "a", false), attempt(4, 201, "b", true)],
            vec![attempt(2, 201, "a", false), attempt(4, 200, "a", true)],
            // Refused, though it was made.
            vec![attempt(2, 201, "a", false), attempt(4, 412, "", false)],
            vec![attempt(2, 404, "", false)],
            vec![attempt(2, 409, r#"{"errors": [{"code": "id_exists"}]}"#, false)],
        ] {
            assert!(!faults(&attempts, &[412]).is_empty(), "{attempts:?}");
        }
    }
}
