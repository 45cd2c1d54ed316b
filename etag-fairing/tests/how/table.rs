//! The table of the page and the tests of its rows, side by side.

use std::fs;
use std::path::Path;

use crate::rows::TESTED;

/// One row: the words in bold, as the name of a file, and the code of its answer.
struct Row {
    name: String,
    code: Vec<String>,
    links: usize,
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/how.md");
    fs::read_to_string(path).expect("the page")
}

fn rows(page: &str) -> Vec<Row> {
    let lines = page.lines().filter(|line| line.starts_with("| **"));
    lines
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [need, answer, pages] = cells.as_slice() else { panic!("three cells: {line}") };
            let bold: Vec<_> = need.split("**").collect();
            assert_eq!(bold.len(), 3, "one phrase in bold: {line}");
            Row {
                name: file_name(bold[1]),
                code: answer.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|")).collect(),
                links: pages.matches('[').count(),
            }
        })
        .collect()
}

fn file_name(words: &str) -> String {
    let letters =
        words.chars().map(|letter| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
    letters.collect()
}

/// Without blanks and line ends, which rustfmt decides on.
fn squeezed(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

fn source(row: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/how/rows/{row}.rs"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_row_has_a_test_and_each_test_a_row() {
    let named: Vec<_> = rows(&page()).into_iter().map(|row| row.name).collect();
    assert_eq!(named, TESTED, "the table, and the list of tests in main.rs");
    assert!(named.len() >= 30, "{}", named.len());
    for row in &named {
        assert!(source(row).contains("#[test]"), "rows/{row}.rs has no test");
    }
}

#[test]
fn the_code_of_each_answer_stands_in_its_test() {
    for row in rows(&page()) {
        assert!(
            !row.code.is_empty() && row.links > 0,
            "{}: an answer has code, and leads to a page",
            row.name
        );
        let source = squeezed(&source(&row.name));
        for code in row.code {
            assert!(source.contains(&squeezed(&code)), "`{code}` stands not in rows/{}.rs", row.name);
        }
    }
}

/// Nobody finds a page by a word that it doesn't have.
#[test]
fn the_index_has_the_words_that_people_look_for() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/needs.md");
    let index = fs::read_to_string(path).expect("the index");
    let rows: Vec<_> = index.lines().filter(|line| line.starts_with("| ")).map(str::to_lowercase).collect();
    for word in [
        "decimal",
        "money",
        "enum",
        "soft deletion",
        "file upload",
        "file download",
        "audit",
        "multi-tenant",
        "pagination",
        "migrations",
        "test",
        "roles",
        "login",
        "duration",
        "list",
        "json",
        "join table",
        "composite key",
        "version",
        "two databases",
        "composite key",
    ] {
        let found: Vec<_> = rows.iter().filter(|row| row.contains(word)).collect();
        assert!(!found.is_empty(), "no row of needs.md has the word `{word}`");
        assert!(found.iter().all(|row| row.contains('[')), "a row with `{word}` leads to no page: {found:?}");
    }
}

#[test]
fn a_table_is_read_as_it_is_written() {
    let rows = rows(
        "| I need | how | more |\n|---|---|---|\n| **Two words**, or more | write `a b` and `c` | [Page], [Other] |\n",
    );
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].name.as_str(), rows[0].links), ("two_words", 2));
    assert_eq!(rows[0].code, ["a b", "c"]);
}
