//! Servers for the tests: this package's program, a process each.
#![allow(dead_code, reason = "every test file uses its part of it")]

use std::path::Path;
use std::time::Duration;

use etag_fairing_storm::cluster::Cluster;
use etag_fairing_storm::crashes::{Blow, crashes, strikes};
use etag_fairing_storm::database::Database;
use etag_fairing_storm::node::Way;
use etag_fairing_storm::repeats::{self, Kind, Repeats, all_at_once};
use etag_fairing_storm::report::Report;
use etag_fairing_storm::rounds::{RACES, Rounds};
use etag_fairing_storm::storm::{Size, Storm};
use etag_fairing_storm::transfers::{Outcome, Sending, Transfers};
use postgres_server::Binaries;

const PROGRAM: &str = env!("CARGO_BIN_EXE_etag-fairing-storm");

/// Servers over one database.
pub(crate) async fn start(database: Database, way: Way, count: usize) -> Cluster {
    Cluster::start(Path::new(PROGRAM), database, way, count).await.unwrap()
}

/// Servers over one SQLite database.
pub(crate) async fn sqlite(way: Way, count: usize) -> Cluster {
    start(Database::sqlite().unwrap(), way, count).await
}

/// Servers over one PostgreSQL; nothing, and a word of why, where there is none.
pub(crate) async fn postgres(way: Way, count: usize) -> Option<Cluster> {
    let binaries = Binaries::provide()?;
    Some(start(Database::postgres(&binaries).unwrap(), way, count).await)
}

/// The same, with the connection cut at one in so many commits.
pub(crate) async fn postgres_that_cuts(way: Way, count: usize, one_in: usize) -> Option<Cluster> {
    let binaries = Binaries::provide()?;
    Some(start(Database::postgres_that_cuts(&binaries, one_in).unwrap(), way, count).await)
}

/// The same with a standby, which each commit waits for.
pub(crate) async fn postgres_with_standby(way: Way, count: usize) -> Option<Cluster> {
    let binaries = Binaries::provide()?;
    Some(start(Database::postgres_with_standby(&binaries).unwrap(), way, count).await)
}

/// A storm of 64.
pub(crate) const SIZE: Size = Size { clients: 64, registers: 8, parameters: true };

/// A storm, judged.
pub(crate) async fn storm(cluster: &Cluster, seconds: u64) -> Report {
    storm_of(cluster, SIZE, seconds).await
}

/// The same, of another size.
pub(crate) async fn storm_of(cluster: &Cluster, size: Size, seconds: u64) -> Report {
    let storm = Storm::begin(&cluster.addresses(), size).await.unwrap();
    let records = storm.blow(Duration::from_secs(seconds)).await.unwrap();
    let report = Report::of(&records);
    println!("{report}");
    report
}

/// Each kind of answer was given: the storm has tried everything.
#[track_caller]
pub(crate) fn assert_all_tried(report: &Report) {
    for status in [200, 201, 204, 304, 404, 409, 412, 428] {
        assert!(report.count(status) > 0, "no {status}: {report}");
    }
    assert!(report.edited_items > 0, "{report}");
}

/// Some rounds of each race: one wins each.
pub(crate) async fn all_rounds(cluster: &Cluster) {
    let mut rounds = Rounds::new(&cluster.addresses(), 16).await.unwrap();
    for race in RACES {
        let outcome = rounds.run(race, 50).await.unwrap();
        println!("{outcome}");
        assert!(outcome.faults.is_empty(), "{outcome}");
    }
}

/// A storm with so many blows: nothing is lost.
pub(crate) async fn blows(mut cluster: Cluster, blow: Blow, count: usize) {
    let crashes = crashes(&mut cluster, SIZE, blow, count).await.unwrap();
    let report = Report::of(&crashes.records);
    println!("{crashes}\n{report}");
    assert!(report.is_clean(), "{report}");
    assert!(crashes.compared > 0 && crashes.changed.is_empty() && crashes.bad_ends.is_empty(), "{crashes}");
}

/// Transfers of 64 clients between 8 accounts, for so long or while so many servers are killed.
pub(crate) async fn transfers(mut cluster: Cluster, sending: Sending, seconds: u64, kills: usize) -> Outcome {
    let transfers = Transfers::begin(&cluster.addresses(), SIZE.clients, 8, sending).await.unwrap();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    strikes(&mut cluster, Blow::KillNode, kills).await.unwrap();
    let outcome = transfers.end().await.unwrap();
    println!("{outcome}");
    assert!(outcome.count(200) > 0 && outcome.count(412) > 0 && outcome.lists > 0, "{outcome}");
    assert_eq!(outcome.replayed > 0, sending == Sending::Repeatedly, "{outcome}");
    outcome
}

/// Changes of 16 clients, each sent one to three times under one key, for so long or with so many blows.
pub(crate) async fn repeats(
    mut cluster: Cluster,
    seconds: u64,
    blow: Blow,
    count: usize,
) -> repeats::Outcome {
    let repeats = Repeats::begin(&cluster.addresses(), 16).await.unwrap();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    strikes(&mut cluster, blow, count).await.unwrap();
    let outcome = repeats.end().await.unwrap();
    println!("{outcome}");
    outcome
}

/// Each change was made once; each kind of it was tried, and some were repeated.
#[track_caller]
pub(crate) fn assert_made_once(outcome: &repeats::Outcome) {
    assert!(outcome.faults.is_empty(), "{outcome}");
    for kind in [Kind::Add, Kind::Count, Kind::Create, Kind::Delete, Kind::Operations] {
        assert!(outcome.acknowledged(kind) > 0, "no {kind:?}: {outcome}");
    }
    assert!(outcome.replayed > 0, "{outcome}");
}

/// So many clients send one change under one key at once, for each kind of change: it is made once, and all get one answer.
pub(crate) async fn one_key(cluster: &Cluster, clients: usize) {
    let outcome = all_at_once(&cluster.addresses(), clients).await.unwrap();
    println!("{outcome}");
    assert_made_once(&outcome);
    assert_eq!(outcome.replayed, 5 * (clients - 1), "{outcome}");
}
