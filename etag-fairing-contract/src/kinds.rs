//! Rules of the kinds of values: what is written comes back, and is compared by what it means.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use etag_fairing::{
    JsonApiResource,
    resource::{
        ArrayElement, AttributeId, AttributeType, Corrupt, Description, Kind, Mismatch, ResourceId, Value,
        ValueRef,
    },
    store::{Change, Comparison, Field, Listing, Member, Page, Part, Place, Relation, SortKey, Store},
};

use serde_json::{Value as JsonValue, json};

use crate::{filters::*, steps::*};

/// Attributes of the kinds that talks have none of.
pub(crate) static MEASURES: LazyLock<&'static Description> = LazyLock::new(Measure::description);

#[derive(JsonApiResource)]
#[jsonapi(type = "measures")]
struct Measure {
    #[jsonapi(id)]
    id: i64,
    amount: Option<Exact>,
    #[jsonapi(number)]
    most: Option<Exact>,
    data: Option<Vec<u8>>,
    words: Option<Vec<String>>,
    counts: Option<Vec<i64>>,
    settings: Option<JsonValue>,
    length: Option<TimeDelta>,
    #[jsonapi(stored = "seconds")]
    seconds: Option<TimeDelta>,
    amounts: Option<Vec<Exact>>,
    instants: Option<Vec<DateTime<Utc>>>,
    days: Option<Vec<NaiveDate>>,
    hours: Option<Vec<NaiveTime>>,
    lengths: Option<Vec<TimeDelta>>,
    pieces: Option<Vec<Vec<u8>>>,
    gaps: Option<Vec<Option<i64>>>,
    gapped_amounts: Option<Vec<Option<Exact>>>,
}

/// An exact decimal number of as many digits as it has.
struct Exact(String);

impl ArrayElement for Exact {}

impl AttributeType for Exact {
    type Field = Self;

    const KIND: Kind = Kind::Decimal;

    fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
        json.as_str().map(|number| Self(number.into())).ok_or_else(|| Mismatch::new("a decimal number"))
    }

    fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
        match value {
            ValueRef::Decimal(number) => Ok(Self(number.into())),
            other => Err(Corrupt::expected("a decimal number", other)),
        }
    }

    fn to_value(field: &Self) -> Result<Value, Mismatch> {
        Value::decimal(&field.0).ok_or_else(|| Mismatch::new("a decimal number"))
    }
}

const AMOUNT: AttributeId = AttributeId::at(0);
const MOST: AttributeId = AttributeId::at(1);
const DATA: AttributeId = AttributeId::at(2);
const WORDS: AttributeId = AttributeId::at(3);
const COUNTS: AttributeId = AttributeId::at(4);
const SETTINGS: AttributeId = AttributeId::at(5);
const LENGTH: AttributeId = AttributeId::at(6);
const SECONDS: AttributeId = AttributeId::at(7);
const AMOUNTS: AttributeId = AttributeId::at(8);
const INSTANTS: AttributeId = AttributeId::at(9);
const DAYS: AttributeId = AttributeId::at(10);
const HOURS: AttributeId = AttributeId::at(11);
const LENGTHS: AttributeId = AttributeId::at(12);
const PIECES: AttributeId = AttributeId::at(13);
const GAPS: AttributeId = AttributeId::at(14);
const GAPPED_AMOUNTS: AttributeId = AttributeId::at(15);

/// Makes a measure with this one value.
async fn measure(store: &dyn Store, attribute: AttributeId, value: Value) -> ResourceId {
    let mut attributes = vec![Value::Null; MEASURES.attributes.len()];
    attributes[attribute.place()] = value;
    done(store, Change::Insert { resource: *MEASURES, id: None, attributes, linkage: vec![] }).await
}

async fn value_of(store: &dyn Store, id: &ResourceId, attribute: AttributeId) -> Value {
    let fetched = read(store, &one(*MEASURES, id)).await;
    fetched.rows.get(0).expect("a measure").attribute(attribute).to_owned()
}

async fn set_value(store: &dyn Store, id: &ResourceId, attribute: AttributeId, value: Value) {
    let mut attributes = vec![None; MEASURES.attributes.len()];
    attributes[attribute.place()] = Some(value);
    let change = Change::Update { resource: *MEASURES, id: id.clone(), attributes, linkage: vec![] };
    done(store, change).await;
}

fn decimal(number: &str) -> Value {
    Value::decimal(number).expect("a decimal number")
}

/// Compares each of `ascending` with each, and walks through them. Beside them there is a null.
async fn they_are_ordered(store: &dyn Store, attribute: AttributeId, ascending: &[Value], spelled: &[Value]) {
    let null = measure(store, attribute, Value::Null).await;
    let mut ids = vec![ResourceId::Integer(0); ascending.len()];
    // Not made in their own order.
    for index in (0..ascending.len()).rev().filter(|index| index % 2 == 0) {
        ids[index] = measure(store, attribute, ascending[index].clone()).await;
    }
    for index in (0..ascending.len()).filter(|index| index % 2 == 1) {
        ids[index] = measure(store, attribute, ascending[index].clone()).await;
    }
    let sorted = |mut ids: Vec<ResourceId>| {
        ids.sort();
        ids
    };
    for (place, spelled) in spelled.iter().enumerate() {
        assert_eq!(value_of(store, &ids[place], attribute).await, ascending[place]);
        let others = [&ids[..place], &ids[place + 1..]].concat();
        for (comparison, expected) in [
            (Comparison::Value(Relation::Equal, spelled.clone()), ids[place..=place].to_vec()),
            (Comparison::Value(Relation::NotEqual, spelled.clone()), others),
            (Comparison::Value(Relation::Less, spelled.clone()), ids[..place].to_vec()),
            (Comparison::Value(Relation::LessOrEqual, spelled.clone()), ids[..=place].to_vec()),
            (Comparison::Value(Relation::Greater, spelled.clone()), ids[place + 1..].to_vec()),
            (Comparison::Value(Relation::GreaterOrEqual, spelled.clone()), ids[place..].to_vec()),
            (Comparison::In(vec![spelled.clone(), Value::Null]), ids[place..=place].to_vec()),
            (Comparison::Between(ascending[0].clone(), spelled.clone()), ids[..=place].to_vec()),
        ] {
            let filter = compared(own(attribute), comparison);
            assert_eq!(found(store, *MEASURES, filter.clone()).await, sorted(expected), "{filter:?}");
        }
    }
    let is_null = compared(own(attribute), Comparison::IsNull);
    assert_eq!(found(store, *MEASURES, is_null.clone()).await, std::slice::from_ref(&null));
    assert_eq!(found(store, *MEASURES, not(is_null)).await, sorted(ids.clone()));
    // A value of another kind is neither equal, nor less, nor greater.
    let others = [Value::Text("1".into()), Value::Integer(1), Value::Float(1.0), Value::Bool(true)];
    // Microseconds are integers, and a store may have no booleans.
    let is_number = matches!(ascending[0], Value::Integer(_));
    let others = others.into_iter().filter(|other| !is_number || matches!(other, Value::Text(_)));
    for other in others {
        for relation in [Relation::Equal, Relation::NotEqual, Relation::Less, Relation::GreaterOrEqual] {
            let filter = compared(own(attribute), Comparison::Value(relation, other.clone()));
            assert_eq!(found(store, *MEASURES, filter.clone()).await, [], "{filter:?}");
        }
        assert_eq!(found(store, *MEASURES, compared(own(attribute), Comparison::In(vec![other]))).await, []);
    }
    for descending in [false, true] {
        let mut expected = ids.clone();
        if descending {
            expected.reverse();
        }
        expected.push(null.clone());
        let listing = Listing::all().sorted(vec![SortKey { member: own(attribute), descending }]);
        assert_eq!(self::ids(&read(store, &collection(*MEASURES, listing.clone())).await), expected);
        for (index, id) in expected.iter().enumerate() {
            let place = Place { keys: vec![value_of(store, id, attribute).await], id: id.clone() };
            let after = Page::Between { after: Some(place.clone()), before: None, limit: 2 };
            let fetched = read(store, &collection(*MEASURES, listing.clone().paged(after))).await;
            let end = (index + 3).min(expected.len());
            assert_eq!(self::ids(&fetched), expected[index + 1..end], "after {place:?}");
            let before = Page::Between { after: None, before: Some(place.clone()), limit: 2 };
            let fetched = read(store, &collection(*MEASURES, listing.clone().paged(before))).await;
            assert_eq!(self::ids(&fetched), expected[index.saturating_sub(2)..index], "before {place:?}");
        }
    }
    // Written over, and away.
    for value in [ascending[0].clone(), Value::Null] {
        set_value(store, &ids[1], attribute, value.clone()).await;
        assert_eq!(value_of(store, &ids[1], attribute).await, value);
    }
}

pub(crate) async fn decimal_numbers_are_exact(store: Arc<dyn Store>) {
    store.prepare(&[*MEASURES]).await.expect("prepared");
    let ascending = [
        "-1234567890123456789012345678901234567890",
        "-1.01",
        "-1.001",
        "-0.0000000000000000000000000000000000000001",
        "0.00",
        "0.1234567890123456789012345678901234567890",
        "0.1234567890123456789012345678901234567891",
        "0.5",
        "2",
        "10.10",
        "1234567890123456789012345678901234567890",
        "1234567890123456789012345678901234567890.5",
    ];
    let spelled = ascending.map(|number| match number {
        "0.00" => decimal("-0"),
        "0.5" => decimal("0.500"),
        "2" => decimal("2.0"),
        "10.10" => decimal("101e-1"),
        number => decimal(number),
    });
    for attribute in [AMOUNT, MOST] {
        they_are_ordered(&*store, attribute, &ascending.map(decimal), &spelled).await;
        for id in ids(&read(&*store, &collection(*MEASURES, Listing::all())).await) {
            done(&*store, delete(*MEASURES, &id)).await;
        }
    }
    // Two attributes are compared with each other.
    let change = |amount: &str, most: &str| {
        let mut attributes = vec![Value::Null; MEASURES.attributes.len()];
        attributes[AMOUNT.place()] = decimal(amount);
        attributes[MOST.place()] = decimal(most);
        Change::Insert { resource: *MEASURES, id: None, attributes, linkage: vec![] }
    };
    let same = done(&*store, change("1.50", "1.5")).await;
    let more = done(&*store, change("10", "9")).await;
    let other = |relation| {
        let other = Member { path: Vec::new(), field: Field::Attribute(MOST) };
        compared(own(AMOUNT), Comparison::Member(relation, other))
    };
    assert_eq!(found(&*store, *MEASURES, other(Relation::Equal)).await, [same]);
    assert_eq!(found(&*store, *MEASURES, other(Relation::Greater)).await, [more]);
}

pub(crate) async fn durations_are_compared_by_their_length(store: Arc<dyn Store>) {
    store.prepare(&[*MEASURES]).await.expect("prepared");
    let ascending = [i64::MIN / 2, -86_400_000_001, -1, 0, 1, 86_400_000_000, 86_400_000_001, i64::MAX / 2];
    let ascending = ascending.map(Value::Integer);
    they_are_ordered(&*store, LENGTH, &ascending, &ascending).await;
}

pub(crate) async fn durations_are_counted_in_the_unit_of_their_column(store: Arc<dyn Store>) {
    store.prepare(&[*MEASURES]).await.expect("prepared");
    let ascending = [-9_000_000_000_000, -86_401, -1, 0, 1, 86_400, 32_768, 4_294_967_296, 9_000_000_000_000];
    let mut ascending = ascending.map(Value::Integer);
    ascending.swap(5, 6);
    they_are_ordered(&*store, SECONDS, &ascending, &ascending).await;
}

pub(crate) async fn bytes_come_back_and_are_compared(store: Arc<dyn Store>) {
    store.prepare(&[*MEASURES]).await.expect("prepared");
    let ascending =
        [&b""[..], b"\0", b"\0\0", b"A", b"a", b"a\0", b"it's \\x00", b"\x80", b"\xff", b"\xff\xfe\xfd"];
    let ascending = ascending.map(|bytes| Value::Bytes(bytes.into()));
    they_are_ordered(&*store, DATA, &ascending, &ascending).await;
    let long = Value::Bytes((0..=255).cycle().take(100_000).collect());
    let id = measure(&*store, DATA, long.clone()).await;
    assert_eq!(value_of(&*store, &id, DATA).await, long);
}

fn json(value: &JsonValue) -> Value {
    Value::Text(value.to_string())
}

/// Makes a measure of each value, and finds those that a comparison should find, by their places.
async fn they_are_found(
    store: &dyn Store,
    attribute: AttributeId,
    values: &[Value],
    cases: Vec<(Comparison, Vec<usize>)>,
) {
    let mut ids = Vec::new();
    for value in values {
        let id = measure(store, attribute, value.clone()).await;
        assert_eq!(value_of(store, &id, attribute).await, *value);
        ids.push(id);
    }
    for (comparison, places) in cases {
        let filter = compared(own(attribute), comparison);
        let expected: Vec<_> = places.iter().map(|place| ids[*place].clone()).collect();
        assert_eq!(found(store, *MEASURES, filter.clone()).await, expected, "{filter:?}");
        let others = (0..ids.len()).filter(|place| !places.contains(place));
        let others: Vec<_> = others.map(|place| ids[place].clone()).collect();
        assert_eq!(found(store, *MEASURES, not(filter.clone())).await, others, "not {filter:?}");
    }
    for id in ids {
        done(store, delete(*MEASURES, &id)).await;
    }
}

pub(crate) async fn lists_are_found_by_their_elements(store: Arc<dyn Store>) {
    store.prepare(&[*MEASURES]).await.expect("prepared");
    let text = |text: &str| Value::Text(text.into());
    let words = [
        Value::Null,
        json(&json!([])),
        json(&json!(["a"])),
        json(&json!(["b", "A", "a", "a"])),
        json(&json!(["it's \"x\" \\ {,} %_", "NULL", "", "é🦀"])),
        json(&json!(["1", "true"])),
    ];
    let cases = vec![
        (Comparison::IsNull, vec![0]),
        (Comparison::IsEmpty, vec![1]),
        (Comparison::HasAny(vec![text("a")]), vec![2, 3]),
        (Comparison::HasAny(vec![text("A")]), vec![3]),
        (Comparison::HasAny(vec![text("A"), text("NULL"), text("nobody")]), vec![3, 4]),
        (Comparison::HasAny(vec![text("it's \"x\" \\ {,} %_")]), vec![4]),
        (Comparison::HasAny(vec![text("")]), vec![4]),
        (Comparison::HasAny(vec![text("é🦀")]), vec![4]),
        (Comparison::HasAny(vec![text("[\"a\"]")]), vec![]),
        (Comparison::HasAny(vec![]), vec![]),
        // Values of another kind are no elements.
        (Comparison::HasAny(vec![Value::Integer(1), Value::Bool(true), Value::Null]), vec![]),
    ];
    they_are_found(&*store, WORDS, &words, cases).await;
    let counts = [
        json(&json!([0, -1, i64::MAX])),
        json(&json!([i64::MIN, 9_007_199_254_740_993_i64])),
        json(&json!([])),
        Value::Null,
    ];
    let cases = vec![
        (Comparison::IsNull, vec![3]),
        (Comparison::IsEmpty, vec![2]),
        (Comparison::HasAny(vec![Value::Integer(0)]), vec![0]),
        (Comparison::HasAny(vec![Value::Integer(i64::MAX), Value::Integer(i64::MIN)]), vec![0, 1]),
        (Comparison::HasAny(vec![Value::Integer(9_007_199_254_740_993)]), vec![1]),
        (Comparison::HasAny(vec![Value::Integer(9_007_199_254_740_992)]), vec![]),
        (Comparison::HasAny(vec![text("0")]), vec![]),
    ];
    they_are_found(&*store, COUNTS, &counts, cases).await;
}

pub(crate) async fn elements_of_lists_are_compared_by_what_they_mean(store: Arc<dyn Store>) {
    store.prepare(&[*MEASURES]).await.expect("prepared");
    let text = |text: &str| Value::Text(text.into());
    let long = "1234567890123456789012345678901234567890.12345678901234567890";
    let amounts =
        [json(&json!(["1.50", "0", "-3"])), json(&json!([long])), json(&json!([])), json(&json!(["-0.001"]))];
    let cases = vec![
        (Comparison::HasAny(vec![decimal("1.5")]), vec![0]),
        (Comparison::HasAny(vec![decimal("-0.00"), decimal("-1e-3")]), vec![0, 3]),
        (Comparison::HasAny(vec![decimal(&format!("{long}0"))]), vec![1]),
        (Comparison::HasAny(vec![decimal(&format!("{long}1"))]), vec![]),
        (Comparison::HasAny(vec![text("0"), Value::Integer(0), Value::Float(1.5)]), vec![]),
        (Comparison::IsEmpty, vec![2]),
    ];
    they_are_found(store.as_ref(), AMOUNTS, &amounts, cases).await;
    for (attribute, values, no_value) in [
        (
            INSTANTS,
            ["2018-03-24T13:30:00.000000Z", "0000-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"],
            "2018-03-24T13:30:00.000001Z",
        ),
        (DAYS, ["2018-03-24", "0000-02-29", "9999-12-31"], "2018-03-25"),
        (HOURS, ["00:00:00.000000", "13:30:00.500000", "23:59:59.999999"], "13:30:00.000000"),
    ] {
        let [first, second, third] = values;
        let rows =
            [json(&json!([first, second, first])), json(&json!([third])), Value::Null, json(&json!([]))];
        let cases = vec![
            (Comparison::HasAny(vec![text(first)]), vec![0]),
            (Comparison::HasAny(vec![text(second), text(third)]), vec![0, 1]),
            (Comparison::HasAny(vec![text(no_value)]), vec![]),
            (Comparison::HasAny(vec![text("never")]), vec![]),
            (Comparison::IsNull, vec![2]),
            (Comparison::IsEmpty, vec![3]),
        ];
        they_are_found(store.as_ref(), attribute, &rows, cases).await;
    }
    let lengths = [json(&json!([0, -1, i64::MAX / 2])), json(&json!([86_400_000_000_i64])), json(&json!([]))];
    let cases = vec![
        (Comparison::HasAny(vec![Value::Integer(-1)]), vec![0]),
        (Comparison::HasAny(vec![Value::Integer(i64::MAX / 2), Value::Integer(86_400_000_000)]), vec![0, 1]),
        (Comparison::HasAny(vec![text("0")]), vec![]),
    ];
    they_are_found(store.as_ref(), LENGTHS, &lengths, cases).await;
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.into());
    let pieces = [json(&json!(["", "AA==", "/+8="])), json(&json!(["AAA="])), Value::Null];
    let cases = vec![
        (Comparison::HasAny(vec![bytes(b"")]), vec![0]),
        (Comparison::HasAny(vec![bytes(b"\0")]), vec![0]),
        (Comparison::HasAny(vec![bytes(b"\0\0"), bytes(b"\xff\xef")]), vec![0, 1]),
        (Comparison::HasAny(vec![text("AA==")]), vec![]),
    ];
    they_are_found(store.as_ref(), PIECES, &pieces, cases).await;
}

pub(crate) async fn elements_of_lists_may_be_null(store: Arc<dyn Store>) {
    store.prepare(&[*MEASURES]).await.expect("prepared");
    let null = || Value::Null;
    let gaps = [
        json(&json!([1, null, 2])),
        json(&json!([null, null])),
        json(&json!([3])),
        json(&json!([])),
        Value::Null,
    ];
    let cases = vec![
        (Comparison::HasAny(vec![null()]), vec![0, 1]),
        (Comparison::HasAny(vec![Value::Integer(2)]), vec![0]),
        (Comparison::HasAny(vec![Value::Integer(3), null()]), vec![0, 1, 2]),
        (Comparison::HasAny(vec![Value::Integer(0)]), vec![]),
        (Comparison::IsEmpty, vec![3]),
        (Comparison::IsNull, vec![4]),
    ];
    they_are_found(store.as_ref(), GAPS, &gaps, cases).await;
    let amounts = [json(&json!(["1.50", null])), json(&json!(["1"])), json(&json!([null]))];
    let cases = vec![
        (Comparison::HasAny(vec![null()]), vec![0, 2]),
        (Comparison::HasAny(vec![decimal("1.5"), decimal("1.0")]), vec![0, 1]),
    ];
    they_are_found(store.as_ref(), GAPPED_AMOUNTS, &amounts, cases).await;
}

pub(crate) async fn what_stands_inside_of_json_is_found(store: Arc<dyn Store>) {
    store.prepare(&[*MEASURES]).await.expect("prepared");
    let settings = [
        json(&json!({"a": "x", "n": 1, "on": true})),
        json(&json!({"a": "X", "n": 1.5, "on": false})),
        json(&json!({"a": {"b": "x"}, "n": "1", "on": "true"})),
        json(&json!({"a": {"b": null}, "n": null})),
        json(&json!({"a": ["x"], "n": -1e300, "é \u{1f980}": "x"})),
        json(&json!("a")),
        json(&json!(["a", "x"])),
        Value::Null,
        json(&json!({"n": 9_007_199_254_740_993_i64, "a": ""})),
    ];
    let text = |text: &str| Value::Text(text.into());
    let at = |path: &[&str], comparison| {
        Comparison::Inside(path.iter().map(|name| (*name).to_owned()).collect(), Box::new(comparison))
    };
    let value = |relation, value| Comparison::Value(relation, value);
    let cases = vec![
        (Comparison::IsNull, vec![7]),
        (at(&["a"], value(Relation::Equal, text("x"))), vec![0]),
        (at(&["a"], value(Relation::NotEqual, text("x"))), vec![1, 8]),
        (at(&["a"], value(Relation::Greater, text("X"))), vec![0]),
        (at(&["a"], value(Relation::LessOrEqual, text("X"))), vec![1, 8]),
        (at(&["a"], Comparison::In(vec![text("x"), text("X"), Value::Integer(1)])), vec![0, 1]),
        (at(&["a"], Comparison::In(vec![])), vec![]),
        (at(&["a"], Comparison::Between(text("X"), text("x"))), vec![0, 1]),
        (at(&["a"], Comparison::IsNull), vec![5, 6, 7]),
        (at(&["a", "b"], value(Relation::Equal, text("x"))), vec![2]),
        (at(&["a", "b"], Comparison::IsNull), vec![0, 1, 3, 4, 5, 6, 7, 8]),
        (at(&["é \u{1f980}"], value(Relation::Equal, text("x"))), vec![4]),
        (at(&["0"], Comparison::IsNull), vec![0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (at(&["n"], value(Relation::Equal, Value::Integer(1))), vec![0]),
        (at(&["n"], value(Relation::Equal, Value::Float(1.0))), vec![0]),
        (at(&["n"], value(Relation::Equal, text("1"))), vec![2]),
        (at(&["n"], value(Relation::Less, Value::Float(1.25))), vec![0, 4]),
        (at(&["n"], value(Relation::Greater, Value::Integer(1))), vec![1, 8]),
        (at(&["n"], value(Relation::Equal, Value::Integer(9_007_199_254_740_993))), vec![8]),
        (at(&["n"], value(Relation::Equal, Value::Integer(9_007_199_254_740_992))), vec![]),
        (at(&["n"], Comparison::Between(Value::Integer(0), Value::Float(1.5))), vec![0, 1]),
        (at(&["n"], Comparison::In(vec![text("1"), Value::Float(1.5), Value::Bool(true)])), vec![1, 2]),
        (at(&["on"], value(Relation::Equal, Value::Bool(true))), vec![0]),
        (at(&["on"], value(Relation::NotEqual, Value::Bool(true))), vec![1]),
        (at(&["on"], value(Relation::Equal, text("true"))), vec![2]),
        (
            at(&["a"], Comparison::Text { part: Part::Anywhere, text: "x".into(), case_sensitive: false }),
            vec![0, 1],
        ),
        (at(&["a"], Comparison::Text { part: Part::Start, text: "x".into(), case_sensitive: true }), vec![0]),
        (
            at(&["a"], Comparison::Text { part: Part::End, text: String::new(), case_sensitive: true }),
            vec![0, 1, 8],
        ),
        (
            at(&["a"], Comparison::Text { part: Part::Like, text: "_".into(), case_sensitive: true }),
            vec![0, 1],
        ),
    ];
    they_are_found(&*store, SETTINGS, &settings, cases).await;
}
