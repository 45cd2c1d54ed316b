//! Many clients that send one request with one key at the same moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::changes::{add, count, create, delete, operations};
use super::{Change, Notes, Outcome, judge, make_counters, read_last};
use crate::http::Client;
use crate::keyed::{Attempt, Keyed, is_settled, success};

/// For how long each asks again, if another one is at it, or if the server has too much to do.
const PERSISTENCE: Duration = Duration::from_secs(60);

/// Lets so many clients send each kind of change, each kind under one key, and judges. Each client asks until it is told.
///
/// # Errors
/// If the servers don't answer.
pub async fn all_at_once(servers: &[SocketAddr], clients: usize) -> Result<Outcome, String> {
    make_counters(servers).await?;
    let mut changes = Vec::new();
    let requests = [
        add("added"),
        count("counted", (0, 5)),
        operations("operated", [(1, 7), (2, 9)]),
        create("created", "slot"),
        delete("deleted", "slot", "created", "*"),
    ];
    for (mut change, request) in requests {
        change.attempts = race(servers, clients, &request).await?;
        changes.push(change);
    }
    let notes =
        Notes { faults: changes.iter().flat_map(|change| untold(change, clients)).collect(), changes };
    Ok(judge::judge(&[notes], &read_last(servers).await?))
}

/// Those that were never told.
fn untold(change: &Change, clients: usize) -> Option<String> {
    let told = change.attempts.iter().filter(|attempt| success(std::slice::from_ref(*attempt)).is_some());
    let told = told.count();
    (told != clients).then(|| format!("{:?}: {told} of {clients} were told", change.kind))
}

async fn race(servers: &[SocketAddr], clients: usize, request: &Keyed) -> Result<Vec<Attempt>, String> {
    let barrier = Arc::new(Barrier::new(clients));
    let mut running = JoinSet::new();
    for server in servers.iter().cycle().take(clients) {
        let (request, barrier, mut client) = (request.clone(), Arc::clone(&barrier), Client::new(&[*server]));
        client.connect().await.map_err(|error| format!("cannot connect: {error:?}"))?;
        running.spawn(async move {
            barrier.wait().await;
            let mut attempts = Vec::new();
            let begin = Instant::now();
            while !is_settled(&attempts) && begin.elapsed() < PERSISTENCE {
                attempts.extend(request.send(&mut client).await);
                sleep(Duration::from_millis(fastrand::u64(100..1_000))).await;
            }
            attempts
        });
    }
    let mut all = Vec::new();
    while let Some(attempts) = running.join_next().await {
        all.extend(attempts.map_err(|error| format!("a client: {error}"))?);
    }
    Ok(all)
}
