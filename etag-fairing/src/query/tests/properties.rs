use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::*;
use crate::plan::Place;
use crate::query::DefaultOrder;
use crate::schema::{ResourceId, Value};

fn piece() -> impl Strategy2<Value = String> {
    let known = select(vec![
        "filter",
        "sort",
        "include",
        "fields",
        "page",
        "[",
        "]",
        "[]",
        "=",
        "&",
        ",",
        ".",
        "-",
        "__",
        "%",
        "%5B",
        "+",
        "title",
        "track",
        "speakers",
        "name",
        "id",
        "rating",
        "open",
        "startsAt",
        "sessions",
        "after",
        "before",
        "size",
        "number",
        "offset",
        "limit",
        "totals",
        "eq",
        "in",
        "between",
        "like",
        "any",
        "has",
        "is_null",
        "null",
        "true",
        "1",
        "-1",
        "0.5",
        "{",
        "}",
        "\"",
        ":",
        "\"name\"",
        "\"op\"",
        "\"val\"",
        "\"or\"",
        "\"not\"",
        "é",
        "%00",
        "%ff",
        "2018-03-24T13:30:00Z",
        "99999999999999999999",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => ".{0,4}"]
}

use crate::schema::RelationshipId;
use proptest::strategy::Strategy as Strategy2;

fn expression() -> impl Strategy2<Value = JsonValue> {
    let word = select(vec![
        "title",
        "track",
        "track.name",
        "speakers.age",
        "id",
        "rating",
        "nobody",
        "eq",
        "in_",
        "any",
        "has",
        "like",
        "between",
        "is_",
        "gt",
        "is_null",
        "name",
        "op",
        "val",
        "field",
        "or",
        "and",
        "not",
        "",
        "a\\",
    ]);
    let leaf = prop_oneof![
        Just(JsonValue::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        word.clone().prop_map(Into::into),
    ];
    let member = (word.clone(), word.clone(), leaf.clone())
        .prop_map(|(name, op, val)| json!({"name": name, "op": op, "val": val}));
    prop_oneof![leaf, member].prop_recursive(8, 64, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(JsonValue::Array),
            prop::collection::hash_map(word.clone().prop_map(str::to_owned), inner.clone(), 0..4)
                .prop_map(|members| JsonValue::Object(members.into_iter().collect())),
            (word.clone(), select(vec!["any", "has"]), inner)
                .prop_map(|(name, op, val)| json!({"name": name, "op": op, "val": val})),
        ]
    })
}

/// Canonical ones.
fn time(date: &'static str, zone: &'static str) -> impl Strategy2<Value = Value> {
    (0..24_u8, 0..60_u8, 0..60_u8, 0..1_000_000_u32).prop_map(move |(hour, minute, second, fraction)| {
        Value::Text(format!("{date}{hour:02}:{minute:02}:{second:02}.{fraction:06}{zone}"))
    })
}

/// Whatever a column may hold: numbers beyond their attribute, words that an enum has lost, nulls.
fn value_of(name: &'static str) -> BoxedStrategy<Value> {
    let value = match name {
        "title" | "track.name" | "state" => any::<String>().prop_map(Value::Text).boxed(),
        "startsAt" => time("2021-02-03T", "Z").boxed(),
        "day" => (0..28_u8)
            .prop_map(|day| Value::Text(format!("{:04}-02-{:02}", 1999 + u16::from(day), day + 1)))
            .boxed(),
        "level" | "id" | "track.id" => any::<i32>().prop_map(|number| Value::Integer(number.into())).boxed(),
        "open" => any::<bool>().prop_map(Value::Bool).boxed(),
        _ => prop::num::f64::NORMAL.prop_map(Value::Float).boxed(),
    };
    prop_oneof![9 => value, 1 => Just(Value::Null)].boxed()
}

fn place() -> impl Strategy2<Value = (String, Place)> {
    let names =
        vec!["title", "track.name", "startsAt", "day", "state", "level", "id", "track.id", "open", "rating"];
    let count = names.len();
    let chosen = prop::sample::subsequence(names, 0..=count).prop_shuffle();
    let key = |name: &'static str| {
        (any::<bool>(), value_of(name)).prop_map(move |(descending, value)| {
            (format!("{}{name}", if descending { "-" } else { "" }), value)
        })
    };
    chosen
        .prop_flat_map(move |names| (names.into_iter().map(key).collect::<Vec<_>>(), any::<i32>()))
        .prop_map(|(keys, id)| {
            let (sort, keys): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
            (sort.join(","), Place { keys, id: ResourceId::Integer(id.into()) })
        })
}

proptest! {
    #[test]
    fn no_query_string_breaks_the_parser(pieces in prop::collection::vec(piece(), 0..30)) {
        let query = pieces.concat();
        for target in [Target::Many, Target::Single, Target::Linkage(RelationshipId::at(0)), Target::Nothing] {
            if let Err(errors) = parse_with(&query, target, |_, _| ()) {
                prop_assert_eq!(errors.status().code, 400);
            }
        }
    }

    #[test]
    fn no_json_breaks_the_filter(json in expression()) {
        let text = percent_encoding::utf8_percent_encode(&json.to_string(), percent_encoding::NON_ALPHANUMERIC)
            .to_string();
        if let Err(errors) = parse(&format!("filter={text}")) {
            for error in errors.iter() {
                let shown = serde_json::to_value(error).unwrap();
                prop_assert_eq!(&shown["source"]["parameter"], "filter");
                // N5, for meta.path: it points to something that is there.
                let path = shown["meta"]["path"].as_str().unwrap();
                prop_assert!(json.pointer(path).is_some(), "{} in {}", path, json);
            }
        }
    }

    #[test]
    fn a_cursor_leads_back_to_its_place((sort, place) in place()) {
        let keys = if sort.is_empty() { vec![] } else { good(&format!("sort={sort}")).sort };
        let token = cursor::encode(Session::description(), &keys, &place);
        prop_assert_eq!(cursor::decode(&token, Session::description(), &keys, DefaultOrder::Ids), Ok(place));
    }

    #[test]
    fn an_order_reads_back_as_it_prints((sort, _) in place()) {
        prop_assume!(!sort.is_empty());
        let keys = good(&format!("sort={sort}")).sort;
        prop_assert_eq!(super::super::sort::print(&keys, Session::description()), sort);
    }

    #[test]
    fn links_of_a_page_are_pages(number in 1..1000_u64, size in 1..=100_u64, total in 0..5000_u64, by_offset: bool) {
        let query = match by_offset {
            true => format!("page[offset]={number}&page[limit]={size}"),
            false => format!("page[number]={number}&page[size]={size}"),
        };
        let parsed = good(&query);
        let extent = Extent { total: Some(total), more: true, ends: None };
        let parameters = Parameters::parse(Some(&query)).unwrap();
        let links = parsed.page.unwrap().links("", &parameters, Session::description(), &[], &extent);
        for link in [links.first, links.last.clone(), links.prev, links.next].into_iter().flatten() {
            good(link.trim_start_matches('?'));
        }
        // The last page is the one that has the last row.
        let last = good(links.last.unwrap().trim_start_matches('?')).page.unwrap().rows();
        let Page::Offset { offset, limit } = last else { panic!("{last:?}") };
        prop_assert!(offset < total.max(1) && (by_offset && number % size > total || offset + limit >= total));
    }
}
