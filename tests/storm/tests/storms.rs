//! Storms, rounds and crashes, in a size that a test run can bear. `cargo run -p etag-fairing-storm --release -- …`
//! runs them in full.

mod support;

use std::time::Duration;

use etag_fairing_storm::checker::Verdict;
use etag_fairing_storm::cluster::Cluster;
use etag_fairing_storm::crashes::{Blow, crashes};
use etag_fairing_storm::node::Way;
use etag_fairing_storm::report::Report;
use etag_fairing_storm::rounds::{RACES, Race, Rounds};
use etag_fairing_storm::storm::{Size, Storm};
use support::sqlite;

const SIZE: Size = Size { clients: 64, registers: 8, parameters: true };

async fn storm(cluster: &Cluster, seconds: u64) -> Report {
    storm_of(cluster, SIZE, seconds).await
}

async fn storm_of(cluster: &Cluster, size: Size, seconds: u64) -> Report {
    let storm = Storm::begin(&cluster.addresses(), size).await.unwrap();
    let records = storm.blow(Duration::from_secs(seconds)).await.unwrap();
    let report = Report::of(&records);
    println!("{report}");
    report
}

/// Each kind of answer was given: the storm has tried everything.
#[track_caller]
fn assert_all_tried(report: &Report) {
    for status in [200, 201, 204, 304, 404, 409, 412, 428] {
        assert!(report.count(status) > 0, "no {status}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server() {
    let report = storm(&sqlite(Way::Inside, 1).await, 10).await;
    assert!(report.is_clean(), "{report}");
    assert_all_tried(&report);
    assert_eq!(report.count(0), 0, "{report}");
}

/// SQLite lets several processes of one machine share a file.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_over_one_file() {
    let report = storm(&sqlite(Way::Inside, 2).await, 5).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_before_the_transaction_is_found_out() {
    let report = storm(&sqlite(Way::CheckThenWrite, 1).await, 5).await;
    assert!(matches!(report.verdict, Verdict::Impossible(_)), "{report}");
    assert!(report.lost.updates > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_after_the_write_is_found_out() {
    let size = Size { parameters: false, ..SIZE };
    let report = storm_of(&sqlite(Way::CheckAfterWrite, 1).await, size, 5).await;
    assert!(matches!(report.verdict, Verdict::Impossible(_)), "{report}");
    assert!(report.lost.updates > 0 && report.lost.refused_but_made > 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_each_round_one_wins() {
    let cluster = sqlite(Way::Inside, 1).await;
    let mut rounds = Rounds::new(&cluster.addresses(), 16).await.unwrap();
    for race in RACES {
        let outcome = rounds.run(race, 50).await.unwrap();
        println!("{outcome}");
        assert!(outcome.faults.is_empty(), "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_find_a_check_before_the_transaction() {
    let cluster = sqlite(Way::CheckThenWrite, 1).await;
    let mut rounds = Rounds::new(&cluster.addresses(), 16).await.unwrap();
    let outcome = rounds.run(Race::Update, 20).await.unwrap();
    assert!(!outcome.faults.is_empty(), "{outcome}");
}

async fn blows(blow: Blow, count: usize) {
    let mut cluster = sqlite(Way::Inside, 1).await;
    let crashes = crashes(&mut cluster, SIZE, blow, count).await.unwrap();
    let report = Report::of(&crashes.records);
    println!("{crashes}\n{report}");
    assert!(report.is_clean(), "{report}");
    assert!(crashes.compared > 0 && crashes.changed.is_empty() && crashes.bad_ends.is_empty(), "{crashes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_lose_nothing() {
    blows(Blow::KillNode, 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_servers_lose_nothing() {
    blows(Blow::StopNode, 3).await;
}
