//! The meaning of filters, on records in memory.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::plan::{Records, matches};
use crate::schema::{Linkage, Record, ResourceId, Value};

#[derive(Default)]
struct Memory(BTreeMap<(&'static str, ResourceId), Record>);

impl Records for Memory {
    fn record(&self, resource: &'static Description, id: &ResourceId) -> Option<&Record> {
        self.0.get(&(resource.type_name, id.clone()))
    }
}

impl Memory {
    fn put(
        &mut self,
        resource: &'static Description,
        id: ResourceId,
        values: JsonValue,
        linkage: Vec<Linkage>,
    ) {
        let value = |attribute: &crate::schema::Attribute| match values.get(attribute.name) {
            Some(JsonValue::Null) | None => Value::Null,
            Some(json) => (attribute.parse)(json).unwrap(),
        };
        let attributes = resource.attributes.iter().map(value).collect();
        self.0.insert((resource.type_name, id.clone()), Record { id: Some(id), attributes, linkage });
    }

    /// The ids of the sessions that a query lets through.
    fn sessions(&self, query: &str) -> Vec<i64> {
        let filter = good(query).filter.expect("a filter");
        let sessions = self.0.iter().filter(|((resource, _), _)| *resource == "sessions");
        sessions
            .filter(|(_, record)| matches(&filter, Session::description(), record, self))
            .filter_map(|((_, id), _)| if let ResourceId::Integer(id) = id { Some(*id) } else { None })
            .collect()
    }
}

fn text_id(id: &str) -> ResourceId {
    ResourceId::Text(id.into())
}

/// Session 1 is full, 2 differs, 3 has nothing.
fn conference() -> Memory {
    let mut memory = Memory::default();
    memory.put(Speaker::description(), text_id("a"), json!({"name": "Ada", "age": 36}), vec![]);
    memory.put(Speaker::description(), text_id("g"), json!({"name": "Grace"}), vec![]);
    let chair = Linkage::One(Some(text_id("a")));
    memory.put(
        Track::description(),
        ResourceId::Integer(9),
        json!({"name": "Web", "color": null}),
        vec![Linkage::Many(vec![ResourceId::Integer(1)]), chair],
    );
    let session = Session::description();
    let linkage = |track: Option<i64>, speakers: &[&str]| {
        vec![
            Linkage::One(track.map(ResourceId::Integer)),
            Linkage::Many(speakers.iter().map(|id| text_id(id)).collect()),
        ]
    };
    memory.put(
        session,
        ResourceId::Integer(1),
        json!({"title": "Open 100%", "level": 3, "rating": 3.0, "open": true, "room-name": "Open 100%"}),
        linkage(Some(9), &["a", "g"]),
    );
    memory.put(
        session,
        ResourceId::Integer(2),
        json!({"title": "open Äther", "level": 1, "rating": 4.5, "open": false, "extra": {"a": 1}}),
        linkage(None, &["g"]),
    );
    memory.put(session, ResourceId::Integer(3), json!({"title": "", "open": false}), linkage(None, &[]));
    memory
}

#[test]
fn h1_filters_mean_what_they_say() {
    let memory = conference();
    for (query, expected) in [
        ("filter[title]=Open 100%25", vec![1]),
        ("filter[title][ilike]=open%25", vec![1, 2]),
        ("filter[title][like]=open%25", vec![2]),
        ("filter[title][notlike]=open%25", vec![1, 3]),
        ("filter[title][contains]=%25", vec![1]),
        ("filter[title][icontains]=äTHER", vec![2]),
        ("filter[title][icontains]=ÄTHER", vec![2]),
        ("filter[title][endswith]=%25", vec![1]),
        ("filter[level][ge]=1", vec![1, 2]),
        ("filter[level][ne]=3", vec![2]),
        ("filter[level][not_in]=3", vec![2]),
        ("filter[level][between]=1,2", vec![2]),
        ("filter[level][is_null]=true", vec![3]),
        ("filter[extra][is_null]=false", vec![2]),
        ("filter[open][isnot]=true", vec![2, 3]),
        ("filter[id]=1,3", vec![1, 3]),
        ("filter[id]=x", vec![]),
        ("filter[id][ne]=x", vec![1, 2, 3]),
        ("filter[id][gt]=1", vec![2, 3]),
        ("filter[track]=9", vec![1]),
        ("filter[track][ne]=8", vec![1]),
        ("filter[track][is_null]=true", vec![2, 3]),
        ("filter[track][is_empty]=true", vec![2, 3]),
        ("filter[track.name]=Web", vec![1]),
        ("filter[track.name][is_null]=true", vec![2, 3]),
        ("filter[track.color][is_null]=true", vec![1, 2, 3]),
        ("filter[track.chair.age][gt]=30", vec![1]),
        ("filter[track.sessions.title][startswith]=Open", vec![1]),
        ("filter[speakers]=g", vec![1, 2]),
        ("filter[speakers.name]=Ada", vec![1]),
        ("filter[speakers.name][ne]=Ada", vec![1, 2]),
        ("filter[speakers.age][is_null]=true", vec![1, 2]),
        ("filter[speakers][any]=false", vec![3]),
        (r#"filter={"not":{"name":"level","op":"eq","val":3}}"#, vec![2, 3]),
        (
            r#"filter={"not":{"name":"speakers","op":"any","val":{"name":"name","op":"eq","val":"Ada"}}}"#,
            vec![2, 3],
        ),
        (r#"filter={"name":"title","op":"eq","field":"room-name"}"#, vec![1]),
        (r#"filter={"name":"title","op":"ne","field":"room-name"}"#, vec![]),
        (r#"filter={"name":"level","op":"eq","field":"rating"}"#, vec![1]),
        (
            r#"filter=[{"or":[{"name":"level","op":"eq","val":3},{"name":"track","op":"eq","val":null}]}]"#,
            vec![1, 2, 3],
        ),
    ] {
        assert_eq!(memory.sessions(query), expected, "{query}");
    }
}

#[test]
fn linkage_to_what_is_gone_leads_nowhere() {
    let mut memory = conference();
    memory.0.remove(&("tracks", ResourceId::Integer(9)));
    assert_eq!(memory.sessions("filter[track][has]=true"), [0; 0]);
    assert_eq!(memory.sessions("filter[track.name][is_null]=true"), [1, 2, 3]);
}

proptest! {
    /// Two-valued logic: a filter lets a record through, or its opposite does; and `ne` is never null's.
    #[test]
    fn a_filter_or_its_opposite(level in proptest::option::of(0..6_u8), with in 0..6_u8, operator in 0..6_usize) {
        let operator = ["eq", "ne", "lt", "le", "gt", "ge"][operator];
        let mut memory = Memory::default();
        let linkage = vec![Linkage::One(None), Linkage::Many(vec![])];
        memory.put(Session::description(), ResourceId::Integer(1), json!({"level": level}), linkage);
        let leaf = json!({"name": "level", "op": operator, "val": with});
        let holds = |json: &JsonValue| !memory.sessions(&format!("filter={json}")).is_empty();
        prop_assert_ne!(holds(&leaf), holds(&json!({"not": leaf})));
        let expected = level.is_some_and(|level| match operator {
            "eq" => level == with,
            "ne" => level != with,
            "lt" => level < with,
            "le" => level <= with,
            "gt" => level > with,
            _ => level >= with,
        });
        prop_assert_eq!(holds(&leaf), expected);
    }
}
