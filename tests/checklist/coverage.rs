//! Which ids of the checklist have a test, and which have none yet.

use std::collections::BTreeSet;

/// How many ids each section has; section R is one.
const SECTIONS: [(char, u32); 15] = [
    ('a', 16),
    ('b', 24),
    ('c', 9),
    ('d', 9),
    ('e', 5),
    ('f', 6),
    ('g', 7),
    ('h', 2),
    ('i', 14),
    ('j', 13),
    ('k', 9),
    ('l', 4),
    ('m', 8),
    ('n', 8),
    ('p', 11),
];

/// What the server does not do yet, so that there is nothing true to test.
const NOT_YET: [(&str, &str); 0] = [];

const SOURCES: [&str; 15] = [
    include_str!("a_negotiation.rs"),
    include_str!("b_documents.rs"),
    include_str!("c_fetching.rs"),
    include_str!("d_include.rs"),
    include_str!("e_fields.rs"),
    include_str!("f_sort.rs"),
    include_str!("g_page.rs"),
    include_str!("h_filter.rs"),
    include_str!("i_create.rs"),
    include_str!("j_update.rs"),
    include_str!("k_relationships.rs"),
    include_str!("l_delete.rs"),
    include_str!("m_parameters.rs"),
    include_str!("n_errors.rs"),
    concat!(include_str!("p_cursors.rs"), "\n", include_str!("r_catalogue.rs")),
];

fn all_ids() -> BTreeSet<String> {
    let numbered =
        SECTIONS.iter().flat_map(|(section, most)| (1..=*most).map(move |n| format!("{section}{n}")));
    numbered.chain(["r".to_owned()]).collect()
}

/// The id in a test's name: `a1_…` is A1.
fn id(name: &str) -> Option<&str> {
    let id = name.split('_').next()?;
    let digits = id.strip_prefix(|first: char| first.is_ascii_lowercase())?;
    (id == "r" || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))).then_some(id)
}

/// The ids that have a test: a function with an id's name right behind `#[test]`.
fn tested_ids() -> Vec<String> {
    let mut found = Vec::new();
    for source in SOURCES {
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            if line.trim() == "#[test]" {
                let name = lines.next().and_then(|line| line.trim().strip_prefix("fn ")).unwrap_or_default();
                found.extend(id(name).map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn every_id_of_the_checklist_has_a_test() {
    let all = all_ids();
    let tested = tested_ids();
    let covered: BTreeSet<String> = tested.iter().cloned().collect();
    assert_eq!(covered.len(), tested.len(), "an id has one test");
    let not_yet: BTreeSet<String> = NOT_YET.iter().map(|(id, _)| (*id).to_owned()).collect();

    // Not by `println!`: the test harness would swallow what a passing test prints.
    let mut report =
        format!("{} of {} ids of the JSON:API checklist are covered\n", covered.len(), all.len());
    for (id, reason) in NOT_YET {
        report += &format!("not yet {}: {reason}\n", id.to_uppercase());
    }
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes()).expect("print");

    let unknown: Vec<_> = covered.difference(&all).collect();
    assert!(unknown.is_empty(), "no ids of the checklist: {unknown:?}");
    let both: Vec<_> = covered.intersection(&not_yet).collect();
    assert!(both.is_empty(), "covered, so no longer to be listed: {both:?}");
    let missing: Vec<_> = all.difference(&covered).filter(|id| !not_yet.contains(*id)).collect();
    assert!(missing.is_empty(), "no test: {missing:?}");
}
