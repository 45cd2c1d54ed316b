//! Storms, rounds and crashes of several servers over one PostgreSQL, in a size that a test run can bear.

mod support;

use etag_fairing_storm::crashes::Blow;
use etag_fairing_storm::node::Way;
use etag_fairing_storm::transfers::Sending;
use support::{
    all_rounds, assert_all_tried, assert_made_once, blows, one_key, postgres, postgres_that_cuts,
    postgres_with_standby, repeats, storm, transfers,
};

async fn servers_are_one(count: usize) {
    let Some(cluster) = postgres(Way::Inside, count).await else { return };
    let report = storm(&cluster, 10).await;
    assert!(report.is_clean(), "{report}");
    assert_all_tried(&report);
    assert_eq!(report.count(0), 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers() {
    servers_are_one(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers() {
    servers_are_one(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_each_round_one_wins() {
    let Some(cluster) = postgres(Way::Inside, 2).await else { return };
    all_rounds(&cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_lose_nothing() {
    let Some(cluster) = postgres(Way::Inside, 2).await else { return };
    blows(cluster, Blow::KillNode, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_servers_lose_nothing() {
    let Some(cluster) = postgres(Way::Inside, 2).await else { return };
    blows(cluster, Blow::StopNode, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_loses_nothing() {
    let Some(cluster) = postgres(Way::Inside, 2).await else { return };
    blows(cluster, Blow::KillDatabase, 3).await;
}

/// Writes go on at the standby that was promoted in the middle of them, and none that was acknowledged is missing there.
#[tokio::test(flavor = "multi_thread")]
async fn a_failover_loses_nothing() {
    let Some(cluster) = postgres_with_standby(Way::Inside, 2).await else { return };
    blows(cluster, Blow::FailOver, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_transfer_is_lost_or_half_made() {
    let Some(cluster) = postgres(Way::Inside, 3).await else { return };
    let outcome = transfers(cluster, Sending::Once, 5, 0).await;
    assert!(outcome.faults.is_empty(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_leave_no_transfer_half_made() {
    let Some(cluster) = postgres(Way::Inside, 2).await else { return };
    let outcome = transfers(cluster, Sending::Once, 0, 6).await;
    assert!(outcome.faults.is_empty(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_make_repeated_transfers_once() {
    let Some(cluster) = postgres(Way::Inside, 3).await else { return };
    let outcome = transfers(cluster, Sending::Repeatedly, 2, 4).await;
    assert!(outcome.faults.is_empty(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_requests_are_made_once() {
    let Some(cluster) = postgres(Way::Inside, 3).await else { return };
    assert_made_once(&repeats(cluster, 5, Blow::KillNode, 0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_make_repeated_requests_once() {
    let Some(cluster) = postgres(Way::Inside, 3).await else { return };
    assert_made_once(&repeats(cluster, 1, Blow::KillNode, 5).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_makes_repeated_requests_once() {
    let Some(cluster) = postgres(Way::Inside, 2).await else { return };
    assert_made_once(&repeats(cluster, 1, Blow::KillDatabase, 2).await);
}

/// Before the change is made and after it: the server says that it doesn't know (504), and whoever asks again is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_is_made_once() {
    let Some(cluster) = postgres_that_cuts(Way::Inside, 2, 5).await else { return };
    let outcome = repeats(cluster, 4, Blow::KillNode, 0).await;
    assert_made_once(&outcome);
    assert!(outcome.count(504) > 0, "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_from_many_at_once_is_made_once() {
    let Some(cluster) = postgres(Way::Inside, 3).await else { return };
    one_key(&cluster, 100).await;
}
