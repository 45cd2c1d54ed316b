//! Storms, rounds and crashes over SQLite, in a size that a test run can bear. `cargo run -p etag-fairing-storm --release -- …`
//! runs them in full.

mod support;

use etag_fairing_storm::checker::Verdict;
use etag_fairing_storm::crashes::Blow;
use etag_fairing_storm::node::Way;
use etag_fairing_storm::rounds::{Race, Rounds};
use etag_fairing_storm::storm::Size;
use etag_fairing_storm::transfers::Sending;
use support::{
    SIZE, all_rounds, assert_all_tried, assert_made_once, blows, one_key, repeats, sqlite, storm, storm_of,
    transfers,
};

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
    all_rounds(&sqlite(Way::Inside, 1).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_find_a_check_before_the_transaction() {
    let cluster = sqlite(Way::CheckThenWrite, 1).await;
    let mut rounds = Rounds::new(&cluster.addresses(), 16).await.unwrap();
    let outcome = rounds.run(Race::Update, 20).await.unwrap();
    assert!(!outcome.faults.is_empty(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_lose_nothing() {
    blows(sqlite(Way::Inside, 1).await, Blow::KillNode, 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_servers_lose_nothing() {
    blows(sqlite(Way::Inside, 1).await, Blow::StopNode, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_transfer_is_lost_or_half_made() {
    let outcome = transfers(sqlite(Way::Inside, 1).await, Sending::Once, 5, 0).await;
    assert!(outcome.faults.is_empty(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_leave_no_transfer_half_made() {
    let outcome = transfers(sqlite(Way::Inside, 1).await, Sending::Once, 0, 6).await;
    assert!(outcome.faults.is_empty(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_find_a_check_before_the_transaction() {
    let outcome = transfers(sqlite(Way::CheckThenWrite, 1).await, Sending::Once, 5, 0).await;
    assert!(!outcome.faults.is_empty(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_make_repeated_transfers_once() {
    let outcome = transfers(sqlite(Way::Inside, 1).await, Sending::Repeatedly, 2, 4).await;
    assert!(outcome.faults.is_empty(), "{outcome}");
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_requests_are_made_once() {
    assert_made_once(&repeats(sqlite(Way::Inside, 1).await, 5, Blow::KillNode, 0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_servers_make_repeated_requests_once() {
    assert_made_once(&repeats(sqlite(Way::Inside, 2).await, 1, Blow::KillNode, 6).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_from_many_at_once_is_made_once() {
    one_key(&sqlite(Way::Inside, 1).await, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_keys_is_found_out() {
    let outcome = repeats(sqlite(Way::ForgetKeys, 1).await, 3, Blow::KillNode, 0).await;
    assert!(outcome.made_twice > 0 && !outcome.faults.is_empty(), "{outcome}");
}

/// It repeats its answers, but two requests at once are both made, and after a restart it knows nothing any more.
#[tokio::test(flavor = "multi_thread")]
async fn keys_beside_the_write_are_found_out() {
    let outcome = repeats(sqlite(Way::KeysBesideTheWrite, 1).await, 1, Blow::KillNode, 2).await;
    assert!(outcome.made_twice > 0 && outcome.replayed > 0, "{outcome}");
}
