//! What a full memo counts is what the process takes for it, in an application that has mimalloc, as the guide advises. (With
//! the C library's allocator: `memo/tests.rs` beside the memo.)

#![cfg(all(feature = "sqlite", feature = "metrics", target_os = "linux"))]

use std::process::Command;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Metrics};
use rocket::http::{Header, Status};
use rocket::local::blocking::Client;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A note.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// Set in a process that fills a memo of this size.
const FILLING: &str = "ETAG_FAIRING_TESTS_FILL_A_MEMO_OF";

const NOTES: usize = 300;

/// The memory of this process, and what its memo counts, in bytes.
fn figures(client: &Client) -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    let resident: f64 = resident.trim().trim_end_matches("kB").trim().parse().expect("a number");
    let told = client.get("/metrics").dispatch().into_string().expect("a text");
    let counted = told.lines().filter_map(|line| line.strip_prefix("etag_memo_bytes"));
    let counted = counted.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    (resident * 1024.0, counted)
}

/// Prints what the process has taken and what the memo counts after more than there is room for was asked for.
fn fill(memo: &str) {
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("etag.memo", memo))
        .merge(("workers", 2))
        .merge(("log_level", "off"))
        .merge(("jsonapi.max_page_size", 60))
        .merge(("databases.api.url", "sqlite::memory:"));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .attach(Metrics::new())
        .mount("/", Note::routes())
        .mount("/metrics", Metrics::routes());
    let client = Client::untracked(rocket).expect("a rocket");
    for number in 0..NOTES {
        // From 200 to 20,000 bytes, in no order.
        let text = "x".repeat(200 + number * 7919 % 19_800);
        let new = format!(r#"{{"data":{{"type":"notes","attributes":{{"text":"{text}"}}}}}}"#);
        let content_type = Header::new("Content-Type", "application/vnd.api+json");
        let created = client.post("/notes").header(content_type).body(new).dispatch();
        assert_eq!(created.status(), Status::Created);
    }
    let ask = |target: &str| {
        let answer = client.get(target.to_owned()).dispatch();
        assert_eq!(answer.status(), Status::Ok, "{target}");
        answer.into_bytes().map_or(0, |body| body.len())
    };
    ask("/notes/1");
    let (at_first, _) = figures(&client);
    let mut sent = 0;
    for size in (0..40).map(|number| number * 17 % 40 + 3) {
        for page in 1..NOTES / size {
            sent += ask(&format!("/notes?page[size]={size}&page[number]={page}"));
        }
    }
    let (resident, counted) = figures(&client);
    println!("FILLED {sent} {} {counted}", resident - at_first);
}

#[test]
fn what_is_counted_is_what_the_process_takes_with_mimalloc() {
    if let Ok(memo) = std::env::var(FILLING) {
        return fill(&memo);
    }
    let filled = |memo: &str| {
        let test = "what_is_counted_is_what_the_process_takes_with_mimalloc";
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(FILLING, memo)
            // What was given back is not the memo's, and pages of 2 MiB would hide how much of them is used.
            .env("MIMALLOC_PURGE_DELAY", "0")
            .env("MIMALLOC_ALLOW_THP", "0")
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let figures = text.lines().find_map(|line| line.split_once("FILLED ")).expect("figures").1;
        let figures: Vec<f64> = figures.split(' ').map(|figure| figure.parse().expect("a figure")).collect();
        (figures[0], figures[1], figures[2])
    };
    // What the process takes for other things, it takes without a memo, too.
    let ((sent, taken, counted), (_, other, nothing)) = (filled("64 MiB"), filled("0"));
    assert!(nothing == 0.0 && sent > 1.5 * counted && counted > 50e6, "{sent} {counted} {nothing}");
    let ratio = (taken - other) / counted;
    assert!((0.9..=1.1).contains(&ratio), "{taken} - {other} of {counted}: {ratio:.3}");
}
