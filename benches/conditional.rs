//! Reading conditional fields and evaluating them: what every conditional request pays.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use etag_fairing::EntityTag;
use etag_fairing::conditional::{
    ConditionalHeaders, Decision, HttpDate, MethodKind, Options, Precondition, Selected, StateTag, TagField,
    Validator, evaluate,
};

/// The tag that a generated route sends: 40 hex digits.
fn tag(number: u32) -> String {
    EntityTag::of(&number.to_be_bytes()).to_string()
}

/// `count` tags, none of them the current one.
fn list(count: u32) -> String {
    (1..=count).map(tag).collect::<Vec<_>>().join(", ")
}

/// How many elements the field has, and how many of them are no tags.
fn read(lines: &[&[u8]]) -> (usize, usize) {
    let headers = ConditionalHeaders::from_fields(lines.iter().map(|line| ("If-None-Match", *line)));
    let TagField::List(tags) = headers.if_none_match() else { return (0, 0) };
    tags.elements().fold((0, 0), |(all, bad), element| (all + 1, bad + usize::from(element.is_err())))
}

fn parse(criterion: &mut Criterion) {
    let one = tag(1);
    let twenty = list(20);
    let mut full = list(64 * 1024 / 44);
    full.truncate(64 * 1024);
    let line = list(5);
    let several = [line.as_bytes(); 4];
    let wrong = ["W/ \"x\"", "w/\"x\"", "unquoted", "*", "'x'", "\"a\"b"];
    let malformed: Vec<_> = wrong.into_iter().cycle().take(20).collect();
    let malformed = malformed.join(", ");
    type Row<'a> = (&'a str, &'a [&'a [u8]], (usize, usize));
    let rows: [Row<'_>; 5] = [
        ("one tag", &[one.as_bytes()], (1, 0)),
        ("20 tags", &[twenty.as_bytes()], (20, 0)),
        ("20 tags on 4 lines", &several, (20, 0)),
        ("64 kB of tags", &[full.as_bytes()], (1489, 0)),
        ("20 malformed elements", &[malformed.as_bytes()], (20, 20)),
    ];

    let mut group = criterion.benchmark_group("parse");
    for (name, lines, expected) in rows {
        assert_eq!(read(lines), expected, "{name}");
        group.throughput(Throughput::Bytes(lines.iter().map(|line| line.len() as u64).sum()));
        group.bench_function(name, |bencher| bencher.iter(|| read(black_box(lines))));
    }
    group.finish();
}

fn rows(criterion: &mut Criterion) {
    const BEFORE: &str = "Sat, 01 Jan 2022 00:00:00 GMT";
    const AT: &str = "Sun, 02 Jan 2022 00:00:00 GMT";

    let state = StateTag::of_body(b"the body of a resource");
    let current = state.entity_tag();
    let own = current.to_string();
    let view = state.with_view(b"the body with include").to_string();
    let weak = format!("W/{own}");
    let twenty = format!("{}, {own}", list(19));
    let thousands = list(64 * 1024 / 44);
    let modified = HttpDate::parse(AT.as_bytes());
    let whole = Selected { validator: Validator::Tag(&current), last_modified: modified };
    let of_state = Selected { validator: Validator::State(&state), last_modified: None };
    let failed = Decision::Failed(Precondition::IfMatch);

    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a Selected<'a>, Decision);
    let table: [Row<'_>; 11] = [
        ("GET unconditional", "GET", &[], &whole, Decision::Proceed),
        ("GET If-None-Match: the tag", "GET", &[("If-None-Match", &own)], &whole, Decision::NotModified),
        (
            "GET If-None-Match: its weak form",
            "GET",
            &[("If-None-Match", &weak)],
            &whole,
            Decision::NotModified,
        ),
        (
            "GET If-None-Match: the last of 20",
            "GET",
            &[("If-None-Match", &twenty)],
            &whole,
            Decision::NotModified,
        ),
        (
            "GET If-None-Match: none of 64 kB",
            "GET",
            &[("If-None-Match", &thousands)],
            &whole,
            Decision::Proceed,
        ),
        ("GET If-Modified-Since", "GET", &[("If-Modified-Since", AT)], &whole, Decision::NotModified),
        (
            "GET If-None-Match and If-Modified-Since",
            "GET",
            &[("If-None-Match", &own), ("If-Modified-Since", BEFORE)],
            &whole,
            Decision::NotModified,
        ),
        ("PATCH If-Match: the tag", "PATCH", &[("If-Match", &own)], &of_state, Decision::Proceed),
        ("PATCH If-Match: the tag of a view", "PATCH", &[("If-Match", &view)], &of_state, Decision::Proceed),
        ("PATCH If-Match: its weak form", "PATCH", &[("If-Match", &weak)], &of_state, failed),
        ("PATCH If-Match: malformed", "PATCH", &[("If-Match", "unquoted")], &of_state, failed),
    ];

    let mut group = criterion.benchmark_group("evaluate");
    for (name, method, fields, selected, expected) in table {
        let decide = |fields: &[(&str, &str)]| {
            let headers =
                ConditionalHeaders::from_fields(fields.iter().map(|(name, value)| (*name, value.as_bytes())));
            evaluate(&headers, MethodKind::of(method), Some(selected), &Options::default())
        };
        assert_eq!(decide(fields), expected, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| decide(black_box(fields))));
    }
    group.finish();
}

criterion_group!(benches, parse, rows);
criterion_main!(benches);
