//! SIGTERM: what runs is finished, new work is refused, the store is closed.
#![cfg(unix)]

mod support;

use std::time::{Duration, Instant};

use etag_fairing_storm::cluster::Cluster;
use etag_fairing_storm::http::{Answer, Client, NoAnswer};
use etag_fairing_storm::node::Way;
use etag_fairing_storm::process::Node;
use hyper::Method;
use serde_json::json;
use support::sqlite;
use tokio::time::sleep;

/// Creates a resource, which takes so long in its transaction.
async fn slow_write(node: &Node, id: &str, milliseconds: u32) -> Result<Answer, NoAnswer> {
    let document =
        json!({"data": {"type": "slow-writes", "id": id, "attributes": {"milliseconds": milliseconds}}});
    Client::new(&[node.address()]).send(Method::POST, "/slow-writes", &[], Some(&document)).await
}

async fn get(node: &Node, id: &str) -> Result<u16, NoAnswer> {
    let path = format!("/slow-writes/{id}");
    Client::new(&[node.address()]).send(Method::GET, &path, &[], None).await.map(|answer| answer.status)
}

#[tokio::test]
async fn a_write_in_flight_is_answered_and_kept() {
    let Cluster { mut nodes, database } = sqlite(Way::Inside, 1).await;
    let mut node = nodes.remove(0);
    let stop = async {
        // Long enough for the write to be under way, on a busy machine too.
        sleep(Duration::from_millis(1_500)).await;
        node.terminate().unwrap();
        sleep(Duration::from_millis(1_000)).await;
        // New work.
        get(&node, "slow").await
    };
    // Longer than Rocket waits by itself.
    let (written, refused) = tokio::join!(slow_write(&node, "slow", 5_000), stop);
    assert_eq!(written.map(|answer| answer.status), Ok(201));
    assert_eq!(refused, Err(NoAnswer::NotSent));
    let answered = Instant::now();
    let ended = node.ended(Duration::from_secs(60)).await.unwrap();
    println!("the process ended {:?} after the answer", answered.elapsed());
    assert!(ended.success(), "{ended}");

    // All is in the database, nothing in its log.
    let log = database.folder().join("storm.db-wal");
    assert_eq!(std::fs::metadata(&log).map_or(0, |log| log.len()), 0);
    node.restart().await.unwrap();
    assert_eq!(get(&node, "slow").await, Ok(200));
}

/// Those that wait for their turn behind a slow one: each is answered, and only what was acknowledged is there.
#[tokio::test]
async fn writes_in_the_queue_are_answered() {
    let Cluster { mut nodes, database: _database } = sqlite(Way::Inside, 1).await;
    let mut node = nodes.remove(0);
    let ids: Vec<_> = (0..8).map(|number| format!("queued-{number}")).collect();
    let mut writes = tokio::task::JoinSet::new();
    for id in ids.clone() {
        let address = node.address();
        writes.spawn(async move {
            let document =
                json!({"data": {"type": "slow-writes", "id": id, "attributes": {"milliseconds": 200}}});
            let mut client = Client::new(&[address]);
            let answer = client.send(Method::POST, "/slow-writes", &[], Some(&document)).await;
            (id, answer.map(|answer| answer.status))
        });
    }
    sleep(Duration::from_millis(500)).await;
    node.terminate().unwrap();
    let answers = writes.join_all().await;
    assert!(node.ended(Duration::from_secs(60)).await.unwrap().success());
    node.restart().await.unwrap();
    for (id, answer) in answers {
        assert_eq!(answer, Ok(201), "{id}");
        assert_eq!(get(&node, &id).await, Ok(200), "{id}");
    }
}
