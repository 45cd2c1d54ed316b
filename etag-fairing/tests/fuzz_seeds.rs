//! The seeds of the fuzz targets, and all that fuzzing once found.
#![cfg(feature = "sqlite")]

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "public for the targets")]
mod fuzz;

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::collection;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Runs every seed of a target.
fn each(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut seeds = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        eprintln!("{}", path.display());
        run(&std::fs::read(&path).expect("a seed"));
        seeds += 1;
    }
    assert!(seeds > 0, "no seeds in {}", folder.display());
}

/// What is not text is no input of the target.
fn text(seed: &[u8]) -> &str {
    std::str::from_utf8(seed).expect("a seed of text")
}

#[test]
fn queries() {
    each("query", |seed| fuzz::query(text(seed)));
}

#[test]
fn filters() {
    each("filter", |seed| fuzz::filter(text(seed)));
}

#[test]
fn documents() {
    each("document", fuzz::document);
}

#[test]
fn entity_tags() {
    each("entity_tags", fuzz::entity_tags);
}

#[test]
fn operations() {
    each("operations", fuzz::operations);
}

/// Documents at random: a few, the same ones each time, or others for as long as `FUZZ_SECONDS` says.
#[test]
fn operations_at_random() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut cases = 0_u64;
    loop {
        let rng = match end {
            None => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
            Some(_) => {
                let seed = RandomState::new().hash_one(cases).to_be_bytes().repeat(4);
                TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
            }
        };
        // A new one each time: one that has tried all its cases tries no more.
        let config = Config { cases: 600, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let run = runner.run(&collection::vec(any::<u8>(), 1..200), |input| {
            fuzz::operations(&input);
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{error}"));
        cases += 600;
        if end.is_none_or(|end| Instant::now() >= end) {
            break;
        }
    }
    eprintln!("{cases} documents");
}
