//! Which ids of the extension's checklist have a test.

use std::collections::BTreeSet;

/// X1 to X116.
const IDS: u32 = 116;

const SOURCES: [&str; 10] = [
    include_str!("a_negotiation.rs"),
    include_str!("b_document.rs"),
    include_str!("c_operations.rs"),
    include_str!("d_local_ids.rs"),
    include_str!("e_processing.rs"),
    include_str!("f_resources.rs"),
    include_str!("g_relationships.rs"),
    include_str!("h_choices.rs"),
    include_str!("i_preconditions.rs"),
    include_str!("j_repeats.rs"),
];

/// The ids that have a test: a function with an id's name right behind `#[test]`.
fn tested_ids() -> Vec<u32> {
    let lines: Vec<&str> = SOURCES.iter().flat_map(|source| source.lines()).collect();
    let tests = lines.windows(2).filter(|pair| pair[0] == "#[test]").map(|pair| pair[1]);
    let id = |line: &str| line.strip_prefix("fn x")?.split('_').next()?.parse().ok();
    tests.filter_map(id).collect()
}

#[test]
fn every_id_of_the_checklist_has_a_test() {
    let tested = tested_ids();
    let covered: BTreeSet<u32> = tested.iter().copied().collect();
    assert_eq!(covered.len(), tested.len(), "an id has one test");
    // Not by `println!`: the test harness would swallow what a passing test prints.
    let report = format!("{} of {IDS} ids of the atomic operations' checklist are covered\n", covered.len());
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes()).expect("print");
    let missing: Vec<u32> = (1..=IDS).filter(|id| !covered.contains(id)).collect();
    assert!(missing.is_empty(), "no test: {missing:?}");
    assert!(covered.iter().all(|id| (1..=IDS).contains(id)), "no ids of the checklist");
}
