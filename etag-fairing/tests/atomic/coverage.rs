//! Which ids of the extension's checklist have a test.

use std::collections::BTreeSet;

/// X1 to X116.
const IDS: u32 = 116;

/// What the server does not do yet, so that there is nothing true to test.
const NOT_YET: [(u32, &str); 1] = [(116, "there are no idempotency keys yet")];

const SOURCES: [&str; 9] = [
    include_str!("a_negotiation.rs"),
    include_str!("b_document.rs"),
    include_str!("c_operations.rs"),
    include_str!("d_local_ids.rs"),
    include_str!("e_processing.rs"),
    include_str!("f_resources.rs"),
    include_str!("g_relationships.rs"),
    include_str!("h_choices.rs"),
    include_str!("i_preconditions.rs"),
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
    let mut report =
        format!("{} of {IDS} ids of the atomic operations' checklist are covered\n", covered.len());
    for (id, reason) in NOT_YET {
        report += &format!("not yet X{id}: {reason}\n");
        assert!(!covered.contains(&id), "X{id} is covered, so no longer to be listed");
    }
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes()).expect("print");
    let missing: Vec<u32> = (1..=IDS)
        .filter(|id| !covered.contains(id) && NOT_YET.iter().all(|(known, _)| known != id))
        .collect();
    assert!(missing.is_empty(), "no test: {missing:?}");
    assert!(covered.iter().all(|id| (1..=IDS).contains(id)), "no ids of the checklist");
}
