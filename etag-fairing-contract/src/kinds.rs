//! Rules of the kinds of values: what is written comes back, and is compared by what it means.

use std::sync::{Arc, LazyLock};

use etag_fairing::{
    JsonApiResource,
    resource::{
        AttributeId, AttributeType, Corrupt, Description, Kind, Mismatch, ResourceId, Value, ValueRef,
    },
    store::{Change, Comparison, Field, Listing, Member, Page, Place, Relation, SortKey, Store},
};

use serde_json::Value as JsonValue;

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
}

/// An exact decimal number of as many digits as it has.
struct Exact(String);

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
    for other in [Value::Text("1".into()), Value::Integer(1), Value::Float(1.0), Value::Bool(true)] {
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
    let change = |amount: &str, most: &str| Change::Insert {
        resource: *MEASURES,
        id: None,
        attributes: vec![decimal(amount), decimal(most), Value::Null],
        linkage: vec![],
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
