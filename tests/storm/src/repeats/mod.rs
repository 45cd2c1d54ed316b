//! Changes under an `Idempotency-Key`, each sent one to three times, while answers are lost and servers are killed.
//!
//! Each change leaves entries behind, with its name and with ids of the database, once each time that it is made: those that
//! it adds, and those that the hooks of other resources add in its transaction. So the last state tells what was made, and how
//! often. What is judged from the record:
//!
//! - What was acknowledged was made once; what was refused was not; all else at most once.
//! - What consists of several changes was made whole.
//! - Whoever repeats a request gets the first answer, and is told that it is the first one ([`crate::keyed::faults`]).
//! - Another request under the same key is 422.
//! - A DELETE that is repeated when its resource is there again leaves the new one alone.

mod at_once;
mod changes;
mod client;
mod judge;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

pub use self::at_once::all_at_once;
use self::client::RepeatingClient;
use crate::http::{Answer, Client, NoAnswer};
use crate::keyed::{Attempt, Fate};

/// How many counters all clients add to.
const COUNTERS: usize = 8;

/// For how long a server may be out of order before and after the storm.
const PATIENCE: Duration = Duration::from_secs(60);

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// POST of a resource whose id the database gives.
    Add,
    /// PATCH that adds to a counter.
    Count,
    /// POST of a resource with an id of the client's.
    Create,
    /// DELETE of that.
    Delete,
    /// Two additions and two counts, in one request of operations.
    Operations,
    /// Another request under a key that was used.
    Reuse,
}

/// A change that a client has sent.
#[derive(Clone, Debug)]
struct Change {
    kind: Kind,
    name: String,
    /// The entries that it leaves behind.
    entries: Vec<String>,
    /// The counters that it adds to, and how much.
    amounts: Vec<(usize, i64)>,
    attempts: Vec<Attempt>,
}

/// What a client has written down.
#[derive(Debug, Default)]
struct Notes {
    changes: Vec<Change>,
    /// What it has seen, and could not be.
    faults: Vec<String>,
}

/// What is there at the end.
#[derive(Clone, Debug, Default)]
struct Last {
    /// The ids of the entries of each name.
    entries: BTreeMap<String, Vec<String>>,
    totals: Vec<i64>,
}

/// Changes that go on.
pub struct Repeats {
    servers: Vec<SocketAddr>,
    over: Arc<AtomicBool>,
    clients: JoinSet<Notes>,
}

/// What has come of them.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many changes of each kind, and what was known of them at last.
    pub fates: BTreeMap<(Kind, Fate), usize>,
    /// How many requests were sent, by status; 0 is no answer.
    pub statuses: BTreeMap<u16, usize>,
    /// How many answers were marked as replayed.
    pub replayed: usize,
    /// How many changes were made more than once.
    pub made_twice: usize,
    /// How many were made in part.
    pub half_made: usize,
    /// How many were acknowledged, and are not there.
    pub lost: usize,
    /// All that is wrong.
    pub faults: Vec<String>,
}

impl Outcome {
    /// How many changes of this kind were acknowledged.
    pub fn acknowledged(&self, kind: Kind) -> usize {
        self.fates.get(&(kind, Fate::Acknowledged)).copied().unwrap_or(0)
    }

    /// How many requests got this status.
    pub fn count(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut known: BTreeMap<Fate, usize> = BTreeMap::new();
        for ((_, fate), count) in &self.fates {
            *known.entry(*fate).or_default() += count;
        }
        writeln!(f, "changes: {}, {known:?}", known.values().sum::<usize>())?;
        writeln!(f, "requests by status: {:?}; replayed: {}", self.statuses, self.replayed)?;
        write!(
            f,
            "made twice: {}; half made: {}; lost: {}; faults: {}",
            self.made_twice,
            self.half_made,
            self.lost,
            self.faults.len()
        )?;
        self.faults.iter().take(10).try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl Repeats {
    /// Makes the counters and lets the clients loose.
    ///
    /// # Errors
    /// If the counters can't be made.
    pub async fn begin(servers: &[SocketAddr], clients: usize) -> Result<Self, String> {
        make_counters(servers).await?;
        let over = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        for number in 0..clients {
            let (over, mut client) = (Arc::clone(&over), RepeatingClient::new(number, servers));
            running.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    client.act().await;
                }
                client.notes
            });
        }
        Ok(Self { servers: servers.to_vec(), over, clients: running })
    }

    /// Ends them and judges.
    ///
    /// # Errors
    /// If the last state can't be read.
    pub async fn end(mut self) -> Result<Outcome, String> {
        self.over.store(true, Ordering::Relaxed);
        let mut notes = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            notes.push(client.map_err(|error| format!("a client: {error}"))?);
        }
        Ok(judge::judge(&notes, &read_last(&self.servers).await?))
    }
}

fn counter(number: usize) -> String {
    format!("c{number}")
}

async fn make_counters(servers: &[SocketAddr]) -> Result<(), String> {
    let mut client = Client::new(servers);
    for number in 0..COUNTERS {
        let document = json!({ "data": { "type": "counters", "id": counter(number),
            "attributes": { "amount": 0, "marker": "" } } });
        let answer = patiently(&mut client, Method::POST, "/counters", Some(&document)).await;
        match answer {
            // 409: it was made by a request whose answer was 504.
            Ok(answer) if matches!(answer.status, 201 | 409) => {}
            other => return Err(format!("a counter could not be made: {other:?}")),
        }
    }
    Ok(())
}

async fn read_last(servers: &[SocketAddr]) -> Result<Last, String> {
    let mut client = Client::new(servers);
    let mut last = Last::default();
    let mut next = Some("/entries?sort=id&page[size]=1000".to_owned());
    while let Some(target) = next.take() {
        let page = read(&mut client, &target).await?;
        for entry in page["data"].as_array().into_iter().flatten() {
            let (id, marker) = (entry["id"].as_str(), entry["attributes"]["marker"].as_str());
            let (id, marker) = id.zip(marker).ok_or_else(|| format!("not an entry: {entry}"))?;
            last.entries.entry(marker.to_owned()).or_default().push(id.to_owned());
        }
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    for number in 0..COUNTERS {
        let counter = read(&mut client, &format!("/counters/{}", counter(number))).await?;
        let total = counter["data"]["attributes"]["total"].as_i64();
        last.totals.push(total.ok_or_else(|| format!("not a counter: {counter}"))?);
    }
    Ok(last)
}

async fn read(client: &mut Client, target: &str) -> Result<Value, String> {
    match patiently(client, Method::GET, target, None).await {
        Ok(answer) if answer.status == 200 => Ok(answer.json()),
        other => Err(format!("{target} can't be read at the end: {other:?}")),
    }
}

/// Asks again where the server is not in order: its database may have gone, or its connections may be cut.
async fn patiently(
    client: &mut Client,
    method: Method,
    target: &str,
    body: Option<&Value>,
) -> Result<Answer, NoAnswer> {
    let begin = Instant::now();
    loop {
        let answer = client.send(method.clone(), target, &[], body).await;
        let is_in_order = answer.as_ref().is_ok_and(|answer| answer.status < 500);
        if is_in_order || begin.elapsed() > PATIENCE {
            return answer;
        }
        sleep(Duration::from_millis(20)).await;
    }
}
