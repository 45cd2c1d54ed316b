//! Field syntax (RFC 9110 §5.3, §5.6.1.2, §8.8.3): each input as `If-Match` of a PATCH and of a DELETE and as
//! `If-None-Match` of a GET and a HEAD.

use super::{IM, INM, NotModified, Outcome, READS, RefusedByHttp, Row, Success, WRITES, row, run};
use crate::support::Launch;

/// What the values mean.
#[derive(Clone, Copy)]
enum Meaning {
    /// They name the current tag.
    Current,
    /// They name no current tag, or nothing.
    Other,
    /// An element is malformed, and another names the current tag: the whole of If-Match fails; of If-None-Match
    /// only that element doesn't match.
    CurrentBesideMalformed,
}

use Meaning::{Current, CurrentBesideMalformed, Other};

fn both(id: &'static str, values: &[&[u8]], meaning: Meaning) -> [Row; 2] {
    let lines = |name: &str| -> Vec<Vec<u8>> {
        values.iter().map(|value| [name.as_bytes(), b":", value].concat()).collect()
    };
    let (write, read): (Outcome, Outcome) = match meaning {
        Current => (Success, NotModified),
        Other => (IM, Success),
        CurrentBesideMalformed => (IM, NotModified),
    };
    [
        Row { lines: lines("If-Match"), ..row(id, WRITES, &[], write) },
        Row { lines: lines("If-None-Match"), ..row(id, READS, &[], read) },
    ]
}

fn run_values(table: &[(&'static str, &[&[u8]], Meaning)]) {
    let rows: Vec<_> = table.iter().flat_map(|(id, values, meaning)| both(id, values, *meaning)).collect();
    run(&Launch::new().start(), &rows);
}

#[test]
fn lists_lines_and_whitespace() {
    run_values(&[
        ("two lines, the second names it", &[b" \"a\"", b" {T}"], Current),
        ("two lines, the first names it", &[b" {T}", b" \"a\""], Current),
        ("two lines, none names it", &[b" \"a\"", b" \"b\""], Other),
        ("a tag does not reach into the next line", &[b" \"a", b" {t}\""], Other),
        ("empty elements", &[b" ,\t, \"a\"\t ,, {T} , "], Current),
        ("no whitespace", &[b"\"a\",{T},\"b\""], Current),
        ("tabs", &[b"\t\"a\"\t,\t{T}\t"], Current),
        ("empty", &[b""], Other),
        ("spaces", &[b"  \t "], Other),
        ("only commas", &[b" ,, ,"], Other),
        ("two empty lines", &[b"", b""], Other),
        ("an empty line and a tag", &[b"", b" {T}"], Current),
        ("weak and strong in one list", &[b" W/\"a\", {T}"], Current),
    ]);
}

#[test]
fn asterisks() {
    run_values(&[
        ("*", &[b" *"], Current),
        ("* in whitespace", &[b" \t* \t"], Current),
        ("\"*\"", &[b" \"*\""], Other),
        ("W/\"*\"", &[b" W/\"*\""], Other),
        ("W/*", &[b" W/*"], Other),
        ("**", &[b" **"], Other),
        ("* in a list", &[b" *, \"a\""], Other),
        ("a list with *", &[b" \"a\", *"], Other),
        ("*, *", &[b" *, *"], Other),
        ("* and a comma", &[b" *,"], Other),
        ("* and another line", &[b" *", b" \"a\""], Other),
        ("* on two lines", &[b" *", b" *"], Other),
        ("* beside the current tag", &[b" *, {T}"], CurrentBesideMalformed),
        ("* on a line, the current tag on another", &[b" *", b" {T}"], CurrentBesideMalformed),
    ]);
}

#[test]
fn what_stands_between_the_quotes() {
    run_values(&[
        ("comma inside", &[b" \"{t},{t}\""], Other),
        ("comma inside, then the tag", &[b" \"a,b\", {T}"], Current),
        ("a tag of a comma", &[b" \",\",{T}"], Current),
        ("empty tag", &[b" \"\""], Other),
        ("empty tag, then the tag", &[b" \"\", W/\"\", {T}"], Current),
        ("backslash is ordinary", &[b" \"a\\\", {T}"], Current),
        ("backslash is no escape", &[b" \"\\{t}\""], Other),
        ("UTF-8", &[b" \"\xc3\xa9\""], Other),
        ("UTF-8, then the tag", &[b" \"\xc3\xa9\", {T}"], Current),
        ("longer", &[b" \"{t}0\""], Other),
        ("space inside", &[b" \"{t} \""], Other),
        ("tab inside", &[b" \"{t}\t\""], Other),
        ("quote inside", &[b" \"{t}\"\""], Other),
    ]);
}

#[test]
fn case_of_the_tag_matters() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let tag = connection.get("/v1/sessions/1", &[]).etag().to_owned();
    let upper = tag.to_uppercase();
    assert_ne!(tag, upper, "forty digits without a letter: 1 in 10^8");
    assert_eq!(connection.get("/v1/sessions/1", &[("If-None-Match", &upper)]).status, 200);
    assert_eq!(connection.delete("/v1/sessions/1", &[("If-Match", &upper)]).status, 412);
}

#[test]
fn case_of_the_field_name_does_not() {
    let server = Launch::new().start();
    let mut connection = server.connect();
    let tag = connection.get("/v1/sessions/1", &[]).etag().to_owned();
    for name in ["if-none-match", "IF-NONE-MATCH", "iF-nOnE-mAtCh"] {
        assert_eq!(connection.get("/v1/sessions/1", &[(name, &tag)]).status, 304, "{name}");
    }
    for name in ["if-match", "IF-MATCH"] {
        assert_eq!(connection.delete("/v1/sessions/1", &[(name, "\"other\"")]).status, 412, "{name}");
    }
}

#[test]
fn malformed_tags_never_match() {
    run_values(&[
        ("w/", &[b" w/{T}"], Other),
        ("W/ and a space", &[b" W/ {T}"], Other),
        ("W//", &[b" W//{T}"], Other),
        ("W/W/", &[b" W/W/{T}"], Other),
        ("W without a slash", &[b" W{T}"], Other),
        ("weak, unquoted", &[b" W/{t}"], Other),
        ("unquoted", &[b" {t}"], Other),
        ("single quotes", &[b" '{t}'"], Other),
        ("typographic quotes", &[b" \xe2\x80\x9c{t}\xe2\x80\x9d"], Other),
        ("quote at the start only", &[b" \"{t}"], Other),
        ("quote at the end only", &[b" {t}\""], Other),
        ("one quote", &[b" \""], Other),
        ("something behind", &[b" {T}x"], Other),
        ("two tags without a comma", &[b" \"a\" {T}"], Other),
        ("semicolon", &[b" \"a\"; {T}"], Other),
        ("malformed before", &[b" x, {T}"], CurrentBesideMalformed),
        ("malformed behind", &[b" {T}, x"], CurrentBesideMalformed),
        ("malformed on another line", &[b" {T}", b" x"], CurrentBesideMalformed),
        ("space inside a tag beside", &[b" \"a b\", {T}"], CurrentBesideMalformed),
    ]);
}

/// Rocket drops the whole field line: what is left of the field is what the request said on its other lines.
#[test]
fn obs_text_that_is_not_utf_8_is_dropped_by_rocket() {
    let rows = [
        row("IM, the only line: no condition", WRITES, &[b"If-Match: \"\xe9\""], Success),
        row(
            "IM, the current tag in the same line: no condition",
            WRITES,
            &[b"If-Match: \"\xe9\", {T}"],
            Success,
        ),
        row("IM, another line stands", WRITES, &[b"If-Match: \"\xe9\"", b"If-Match: \"other\""], IM),
        row(
            "IM, the current tag on another line",
            WRITES,
            &[b"If-Match: \"\xe9\"", b"If-Match: {T}"],
            Success,
        ),
        row("INM, the only line", READS, &[b"If-None-Match: \"\xff\""], Success),
        row("INM, the current tag in the same line", READS, &[b"If-None-Match: {T}, \"\xff\""], Success),
        row(
            "INM, the current tag on another line",
            READS,
            &[b"If-None-Match: \"\xff\"", b"If-None-Match: {T}"],
            NotModified,
        ),
    ];
    run(&Launch::new().start(), &rows);
}

/// RFC 9110 §5.5: hyper refuses them before Rocket sees the request.
#[test]
fn controls_in_a_field_are_400() {
    let mut rows = Vec::new();
    for byte in (0x01..0x20).filter(|byte| ![b'\t', b'\n', b'\r'].contains(byte)).chain([0x00, 0x7f]) {
        let value = [b"If-Match: \"a", &[byte][..], b"b\", {T}"].concat();
        rows.push(row("control", WRITES, &[&value], RefusedByHttp(400)));
    }
    // A line feed in a value starts a new line, which is none.
    rows.push(row("LF", WRITES, &[b"If-Match: \"a\nb\""], RefusedByHttp(400)));
    rows.push(row("CR", WRITES, &[b"If-Match: \"a\rb\""], RefusedByHttp(400)));
    run(&Launch::new().start(), &rows);
}

#[test]
fn a_list_of_64_kib_is_read_to_its_end() {
    let many = b"\"0123456789abcdef\", ".repeat(3300);
    assert!(many.len() > 64 * 1024);
    let with = [b" ".as_slice(), &many, b"{T}"].concat();
    let without = [b" ".as_slice(), &many, b"\"other\""].concat();
    let broken = [b" ".as_slice(), &many, b"{T}, x"].concat();
    run_values(&[
        ("64 KiB with the tag at the end", &[&with], Current),
        ("64 KiB without it", &[&without], Other),
        ("64 KiB, the last element malformed", &[&broken], CurrentBesideMalformed),
    ]);
}

#[test]
fn ninety_lines_are_one_list_and_too_many_are_431() {
    let mut lines = vec![b" \"a\"".as_slice(); 90];
    lines.push(b" {T}");
    run_values(&[("90 lines, then the tag", &lines, Current)]);
    let lines = vec![b"If-Match: \"a\"".as_slice(); 200];
    run(&Launch::new().start(), &[row("200 lines", WRITES, &lines, RefusedByHttp(431))]);
}

/// `"S-D"` names the state S in a view of it, and so does a suffix that a proxy appends; If-Match asks for the
/// state. If-None-Match asks for the representation, which is another.
#[test]
fn a_view_of_the_state_is_enough_for_a_write_and_not_for_a_read() {
    const VIEW: &str = "\"{t}-a9993e364706816aba3e25717850c26c9cd0d89d\"";
    let (write, read) = (format!("If-Match: {VIEW}"), format!("If-None-Match: {VIEW}"));
    let weak = format!("If-Match: W/{VIEW}");
    let rows = [
        row("IM S-D", WRITES, &[write.as_bytes()], Success),
        row("IM S-gzip", WRITES, &[b"If-Match: \"{t}-gzip\""], Success),
        row("IM W/S-D: strong comparison", WRITES, &[weak.as_bytes()], IM),
        row("IM of a read", READS, &[write.as_bytes()], IM),
        row("INM S-D", READS, &[read.as_bytes()], Success),
        row("INM S-D of a write", WRITES, &[b"If-None-Match: {T}", read.as_bytes()], INM),
    ];
    run(&Launch::new().start(), &rows);
}
