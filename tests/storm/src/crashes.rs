//! Kills in the middle of a storm, and stops.

use std::fmt;
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use hyper::Method;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::http::{Answer, Client, NoAnswer};
use crate::record::{Call, Change, Record, Target};
use crate::storm::{Size, Storm};
use crate::wire::{MEMBERS, Request};

/// What is done to whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Blow {
    /// `kill -9` of a server.
    #[default]
    KillNode,
    /// SIGTERM to a server, which it may answer as it likes.
    StopNode,
    /// `kill -9` of all processes of the database.
    KillDatabase,
    /// The same, and a standby takes its place for good. Once, where there is one.
    #[value(skip)]
    FailOver,
}

/// How long a server may take to stop, before it counts as one that doesn't.
const STOP: Duration = Duration::from_secs(60);

/// How long servers may take to find their database again, before they count as broken.
const RECOVERY: Duration = Duration::from_secs(60);

/// What has come of it.
#[derive(Clone, Debug, Default)]
pub struct Crashes {
    /// How often something was killed.
    pub kills: usize,
    /// Representations whose tags were compared before and after, all kills together.
    pub compared: usize,
    /// Those that had another tag after.
    pub changed: Vec<String>,
    /// How long the longest stop took.
    pub longest_stop: Duration,
    /// Servers that were asked to stop, and failed.
    pub bad_ends: Vec<String>,
    /// All requests.
    pub records: Vec<Record>,
}

impl fmt::Display for Crashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} times; ", self.kills)?;
        if !self.longest_stop.is_zero() {
            write!(f, "longest stop: {:?}; ", self.longest_stop)?;
        }
        write!(f, "tags compared over a restart: {}, changed: {}", self.compared, self.changed.len())?;
        self.changed.iter().chain(&self.bad_ends).take(5).try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

/// A register that the storm leaves alone.
const STILL: usize = 1_000_000;

/// Lets a storm blow and kills so often; the servers are started again each time, on the same data.
///
/// # Errors
/// If a server can't be started again, or doesn't answer.
pub async fn crashes(cluster: &mut Cluster, size: Size, blow: Blow, kills: usize) -> Result<Crashes, String> {
    let addresses = cluster.addresses();
    let storm = Storm::begin(&addresses, size).await?;
    make_still(&addresses).await?;
    let before = still_tags(&addresses).await?;
    let mut crashes = Crashes { kills, ..Crashes::default() };
    for kill in 0..kills {
        sleep(Duration::from_millis(fastrand::u64(100..400))).await;
        if let Some(Stop { length, ended }) = strike(cluster, blow, kill).await? {
            crashes.longest_stop = crashes.longest_stop.max(length);
            if !ended.success() {
                crashes.bad_ends.push(ended.to_string());
            }
        }
        let after = still_tags(&addresses).await?;
        crashes.compared += after.len();
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after);
        crashes.changed.extend(changed.map(|(before, after)| format!("{before:?} is now {after:?}")));
    }
    crashes.records = storm.end().await?;
    Ok(crashes)
}

/// How a server has stopped.
struct Stop {
    length: Duration,
    ended: ExitStatus,
}

/// One blow; servers in turn. What was hit is there again after it.
async fn strike(cluster: &mut Cluster, blow: Blow, number: usize) -> Result<Option<Stop>, String> {
    let place = number % cluster.nodes.len().max(1);
    let node = cluster.nodes.get_mut(place).ok_or("there is no server to kill")?;
    match blow {
        Blow::KillNode => {
            node.kill()?;
            node.restart().await?;
        }
        Blow::StopNode => {
            node.terminate()?;
            let asked = Instant::now();
            let ended = node.ended(STOP).await?;
            let stop = Stop { length: asked.elapsed(), ended };
            node.restart().await?;
            return Ok(Some(stop));
        }
        Blow::KillDatabase => cluster.database.kill_and_restart()?,
        Blow::FailOver => cluster.database.fail_over()?,
    }
    Ok(None)
}

/// So many blows, one after the other, and a little time after the last one.
///
/// # Errors
/// If a server can't be started again.
pub async fn strikes(cluster: &mut Cluster, blow: Blow, count: usize) -> Result<(), String> {
    for number in 0..count {
        sleep(Duration::from_millis(fastrand::u64(100..400))).await;
        strike(cluster, blow, number).await?;
    }
    sleep(Duration::from_millis(300)).await;
    Ok(())
}

async fn make_still(servers: &[SocketAddr]) -> Result<(), String> {
    let create = Change::Create { value: 1, members: 0b1010_0101 };
    let request = Request::new(STILL, Target::Resource, Call::Write(create));
    match request.send(&mut Client::new(servers)).await {
        Ok(answer) if answer.status == 201 => Ok(()),
        other => Err(format!("a register could not be made: {other:?}")),
    }
}

/// Reads, and reads again where the server is not in order yet: its database may have gone.
async fn patiently(client: &mut Client, target: &str) -> Result<Answer, NoAnswer> {
    let begin = Instant::now();
    loop {
        let answer = client.send(Method::GET, target, &[], None).await;
        let is_in_order = answer.as_ref().is_ok_and(|answer| answer.status < 500);
        if is_in_order || begin.elapsed() > RECOVERY {
            return answer;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// The tags of what nobody writes to, from every server.
async fn still_tags(servers: &[SocketAddr]) -> Result<Vec<(String, Option<String>)>, String> {
    let still = format!("/registers/r{STILL}");
    let mut targets = vec![
        still.clone(),
        format!("{still}?include=members"),
        format!("{still}/members"),
        format!("{still}/relationships/members"),
        "/members".to_owned(),
    ];
    targets.extend((0..MEMBERS).map(|member| format!("/members/m{member}")));
    let mut tags = Vec::new();
    for server in servers {
        let mut client = Client::new(&[*server]);
        for target in &targets {
            match patiently(&mut client, target).await {
                Ok(answer) if answer.status == 200 => tags.push((target.clone(), answer.tag)),
                other => return Err(format!("{target}: {other:?}")),
            }
        }
    }
    Ok(tags)
}
