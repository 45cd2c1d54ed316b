//! Times in all the forms in which other programs write them, compared as what they mean.

use std::cmp::Ordering;

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::plan::{
    Comparison, Field, Filter, Listing, Member, Page, Place, Records, Relation, SortKey, matches, order,
};
use crate::schema::AttributeId;
use crate::schema::{AttributeType, Id, IdKind, Linkage, Operations, Record};

const ID: Id = Id { column: "id", kind: IdKind::Integer { min: 1, max: i64::MAX } };

const fn time<A: AttributeType>(name: &'static str) -> Attribute {
    Attribute { parse: crate::schema::parse::<A>, ..attribute(name, A::KIND, true, None) }
}

static ATTRIBUTES: [Attribute; 5] = [
    time::<DateTime<Utc>>("at"),
    time::<DateTime<Utc>>("other"),
    time::<NaiveDateTime>("local"),
    time::<NaiveDate>("day"),
    time::<NaiveTime>("clock"),
];

static EVENTS: Description =
    Description::new("events", "events", "Event", "events", ID, &ATTRIBUTES, &[], Operations::ALL);

const THEIRS: &str = "CREATE TABLE events (id INTEGER PRIMARY KEY, at DATETIME, other, local TIMESTAMP, day DATE, \
                      clock TIME)";

/// What a row holds, as SQL, and what is meant.
#[derive(Clone, Debug)]
struct Cell(String, Value);

fn text(value: impl std::fmt::Display) -> Value {
    Value::Text(value.to_string())
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

fn fraction(micros: i64, digits: usize) -> String {
    if digits == 0 { String::new() } else { format!(".{:0<9}", format!("{micros:06}"))[..=digits].into() }
}

/// Instants that lie near each other, so that forms meet: in whole seconds, and with a fraction now and then.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    let seconds = prop_oneof![
        3 => (0..4_i64, 0..3_i64).prop_map(|(days, hours)| 1_609_632_000 + days * 86_400 + hours * 3_600),
        1 => 10_000_000..4_000_000_000_i64,
        1 => -4_000_000_000..-1_i64,
    ];
    (seconds, prop_oneof![3 => Just(0), 1 => Just(500_000), 1 => 0..1_000_000_i64])
        .prop_map(|(seconds, micros)| DateTime::from_timestamp_micros(seconds * 1_000_000 + micros).unwrap())
}

fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_subsec_micros().into()
}

fn date_time_texts(time: DateTime<Utc>, form: u8, separator: &str, zone: &str) -> (String, DateTime<Utc>) {
    // What a form has no place for is not meant either.
    let (digits, kept) = match form % 6 {
        0 => (0, time - Duration::microseconds(micros(time))),
        1 => (6, time),
        2 => (9, time),
        3 => (3, time - Duration::microseconds(micros(time) % 1000)),
        4 => (1, time - Duration::microseconds(micros(time) % 100_000)),
        _ => (0, DateTime::from_timestamp(time.timestamp().div_euclid(60) * 60, 0).unwrap()),
    };
    let clock = if form % 6 == 5 { "%H:%M" } else { "%H:%M:%S" };
    let offset = match zone {
        "+02:00" => FixedOffset::east_opt(7_200).unwrap(),
        "-1130" => FixedOffset::west_opt(41_400).unwrap(),
        _ => FixedOffset::east_opt(0).unwrap(),
    };
    let pattern = format!("%Y-%m-%d{separator}{clock}");
    let there = kept.with_timezone(&offset).format(&pattern);
    (format!("{there}{}{zone}", fraction(micros(kept), digits)), kept)
}

fn midnight(time: DateTime<Utc>) -> DateTime<Utc> {
    time.date_naive().and_time(NaiveTime::MIN).and_utc()
}

fn at() -> impl Strategy<Value = Cell> {
    let zones = prop::sample::select(vec!["", "Z", "+00:00", "+02:00", "-1130", " UTC", " +0000"]);
    (instant(), 0..9_u8, prop::sample::select(vec![" ", "T"]), zones).prop_map(
        |(time, form, separator, zone)| {
            let (sql, meant) = match form {
                6 => (quoted(&time.format("%Y-%m-%d").to_string()), midnight(time)),
                7 => (time.timestamp().to_string(), time - Duration::microseconds(micros(time))),
                8 => (
                    format!("{}.{:06}", time.timestamp(), 500_000),
                    time - Duration::microseconds(micros(time)),
                ),
                form => {
                    let (text, meant) = date_time_texts(time, form, separator, zone);
                    (quoted(&text), meant)
                }
            };
            // A number with a fraction goes on from its whole seconds, away from zero.
            let meant = match form {
                8 if time.timestamp() < 0 => meant - Duration::microseconds(500_000),
                8 => meant + Duration::microseconds(500_000),
                _ => meant,
            };
            Cell(sql, text(meant.format("%Y-%m-%dT%H:%M:%S%.6fZ")))
        },
    )
}

fn local() -> impl Strategy<Value = Cell> {
    (instant(), 0..7_u8, prop::sample::select(vec![" ", "T"]), prop::sample::select(vec!["", "Z", "+00:00"]))
        .prop_map(|(time, form, separator, zone)| {
            let (written, meant) = match form {
                6 => (time.format("%Y-%m-%d").to_string(), midnight(time)),
                form => date_time_texts(time, form, separator, zone),
            };
            Cell(quoted(&written), text(meant.format("%Y-%m-%dT%H:%M:%S%.6f")))
        })
}

fn day() -> impl Strategy<Value = Cell> {
    (instant(), prop::sample::select(vec!["", " 00:00:00", "T00:00:00.000Z", " 00:00", "unix"])).prop_map(
        |(time, behind)| {
            let date = time.date_naive();
            let sql = match behind {
                "unix" => midnight(time).timestamp().to_string(),
                behind => quoted(&format!("{date}{behind}")),
            };
            Cell(sql, text(date))
        },
    )
}

fn clock() -> impl Strategy<Value = Cell> {
    (instant(), prop::sample::select(vec!["", "2000-01-01 ", "2000-01-01T"]), 0..6_u8).prop_map(
        |(time, before, form)| {
            let (written, meant) = date_time_texts(time, form, "T", "");
            let (_, clock) = written.split_once('T').unwrap();
            Cell(quoted(&format!("{before}{clock}")), text(meant.format("%H:%M:%S%.6f")))
        },
    )
}

/// With nulls, and what is no time at all, which is as null.
fn or_null(cell: impl Strategy<Value = Cell>) -> impl Strategy<Value = Cell> {
    let odd =
        prop::sample::select(vec!["NULL", "NULL", "'soon'", "12345", "'2021-02-30'", "''", "x'00'", "9e99"]);
    prop_oneof![6 => cell, 1 => odd.prop_map(|sql| Cell(sql.into(), Value::Null))]
}

fn row() -> impl Strategy<Value = [Cell; 5]> {
    (or_null(at()), or_null(at()), or_null(local()), or_null(day()), or_null(clock()))
        .prop_map(|(at, other, local, day, clock)| [at, other, local, day, clock])
}

struct Nobody;

impl Records for Nobody {
    fn record(&self, _: &'static Description, _: &ResourceId) -> Option<&Record> {
        None
    }
}

fn own(place: usize) -> Member {
    Member { path: Vec::new(), field: Field::Attribute(AttributeId::at(place)) }
}

fn relation() -> impl Strategy<Value = Relation> {
    use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
}

/// Comparisons with what stands in some row, or with what stands in none.
fn comparison(values: Vec<Value>) -> impl Strategy<Value = Comparison> {
    let one = || prop::sample::select(values.clone());
    prop_oneof![
        4 => (relation(), one()).prop_map(|(relation, value)| Comparison::Value(relation, value)),
        1 => prop::collection::vec(one(), 1..4).prop_map(Comparison::In),
        1 => (one(), one()).prop_map(|(low, high)| Comparison::Between(low, high)),
        1 => Just(Comparison::IsNull),
        1 => (relation(), 0..2_usize).prop_map(|(relation, place)| Comparison::Member(relation, own(place))),
        1 => Just(Comparison::Text { part: crate::plan::Part::Start, text: "2021-01-03".into(), case_sensitive: true }),
    ]
}

fn filter(rows: &[[Cell; 5]]) -> impl Strategy<Value = Filter> + use<> {
    let rows = rows.to_vec();
    (0..5_usize, any::<bool>()).prop_flat_map(move |(place, negated)| {
        let mut values: Vec<Value> =
            rows.iter().map(|row| row[place].1.clone()).filter(|it| !it.is_null()).collect();
        values.push(text(match place {
            0 | 1 => "2021-01-03T00:00:00.250000Z",
            2 => "2021-01-03T00:00:00.250000",
            3 => "2021-01-04",
            _ => "01:00:00.250000",
        }));
        comparison(values).prop_map(move |comparison| {
            // A local time and an instant are of two kinds, which a query does not compare.
            let place = if matches!(comparison, Comparison::Member(..)) { place % 2 } else { place };
            let filter = Filter::Compare { member: own(place), comparison };
            if negated { Filter::Not(Box::new(filter)) } else { filter }
        })
    })
}

async fn listed(store: &SqliteStore, listing: Listing, scope: Option<Filter>) -> Vec<i64> {
    let mut plan = Plan::new(Root::Collection(listing), Selection::whole(&EVENTS));
    if let Some(scope) = scope {
        plan.scopes = Scopes::new([(&EVENTS, scope)]);
    }
    let fetched = store.fetch(&plan).await.expect("readable");
    let id = |row: crate::schema::Row<'_>| match row.resource_id() {
        Ok(ResourceId::Integer(id)) => id,
        other => panic!("no id: {other:?}"),
    };
    fetched.rows.iter().map(id).collect()
}

fn fill(path: &Path, rows: &[[Cell; 5]]) {
    let mut sql = String::from("BEGIN; DELETE FROM events;");
    for (id, row) in (1..).zip(rows) {
        let values = row.each_ref().map(|cell| cell.0.as_str()).join(", ");
        sql.push_str(&format!("INSERT INTO events VALUES ({id}, {values});"));
    }
    outside(path).execute_batch(&format!("{sql} COMMIT;")).expect("their rows");
}

/// Filters, scopes, orders and places are those of the evaluation in memory, of what is meant.
async fn agrees(store: &SqliteStore, rows: &[[Cell; 5]], filters: Vec<Filter>, sort: &[(usize, bool)]) {
    let records: Vec<Record> = rows
        .iter()
        .zip(1..)
        .map(|(row, id)| Record {
            id: Some(ResourceId::Integer(id)),
            attributes: row.iter().map(|cell| cell.1.clone()).collect(),
            linkage: Vec::<Linkage>::new(),
        })
        .collect();
    let read = attributes(store, &EVENTS).await;
    let meant: Vec<Vec<Value>> = records.iter().map(|record| record.attributes.clone()).collect();
    assert_eq!(read, meant, "{rows:?}");
    let ids = |filter: &Filter| -> Vec<i64> {
        let records = records.iter().zip(1..);
        records.filter(|(record, _)| matches(filter, &EVENTS, record, &Nobody)).map(|(_, id)| id).collect()
    };
    for filter in filters {
        let expected = ids(&filter);
        let listing = Listing { filter: Some(filter.clone()), ..Listing::all() };
        assert_eq!(listed(store, listing, None).await, expected, "{filter:?} {rows:?}");
        assert_eq!(
            listed(store, Listing::all(), Some(filter.clone())).await,
            expected,
            "scope {filter:?} {rows:?}"
        );
    }
    let mut sorted: Vec<i64> = (1..=i64::try_from(rows.len()).unwrap()).collect();
    let value = |id: i64, place: usize| &records[usize::try_from(id - 1).unwrap()].attributes[place];
    sorted.sort_by(|one, other| {
        let keys = sort.iter().map(|(place, descending)| {
            let (one, other) = (value(*one, *place), value(*other, *place));
            match (one.is_null(), other.is_null()) {
                (false, false) => {
                    let order = order(one, other).unwrap();
                    if *descending { order.reverse() } else { order }
                }
                (one, other) => one.cmp(&other),
            }
        });
        keys.fold(Ordering::Equal, Ordering::then).then(one.cmp(other))
    });
    let keys: Vec<SortKey> = sort
        .iter()
        .map(|(place, descending)| SortKey { member: own(*place), descending: *descending })
        .collect();
    let listing = |page| Listing { sort: keys.clone(), page, ..Listing::all() };
    assert_eq!(listed(store, listing(Page::All), None).await, sorted, "{sort:?} {rows:?}");
    for (at, id) in sorted.iter().enumerate() {
        let place = Place {
            keys: sort.iter().map(|(place, _)| value(*id, *place).clone()).collect(),
            id: ResourceId::Integer(*id),
        };
        let after = Page::Between { after: Some(place.clone()), before: None, limit: 99 };
        assert_eq!(listed(store, listing(after), None).await, sorted[at + 1..], "after {place:?} {rows:?}");
        let before = Page::Between { after: None, before: Some(place.clone()), limit: 99 };
        assert_eq!(listed(store, listing(before), None).await, sorted[..at], "before {place:?} {rows:?}");
    }
}

/// Rows, what is asked of them, and an order: attributes, and whether each is descending.
type World = (Vec<[Cell; 5]>, Vec<Filter>, Vec<(usize, bool)>);

fn world() -> impl Strategy<Value = World> {
    prop::collection::vec(row(), 1..9).prop_flat_map(|rows| {
        let filters = prop::collection::vec(filter(&rows), 8);
        (Just(rows), filters, prop::collection::vec((0..5_usize, any::<bool>()), 1..3))
    })
}

#[test]
fn times_in_any_forms_are_compared_as_what_they_mean() {
    rocket::async_test(async {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("theirs.db");
        outside(&path).execute_batch(THEIRS).expect("their table");
        let store = open(&path);
        store.prepare(&[&EVENTS]).await.expect("prepared");
        let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::default());
        for _ in 0..60 {
            let (rows, filters, sort) = world()
                .new_tree(&mut runner)
                .map(|tree| proptest::strategy::ValueTree::current(&tree))
                .unwrap();
            fill(&path, &rows);
            agrees(&store, &rows, filters, &sort).await;
        }
        store.close().await;
    });
}
