use proptest::prelude::*;
use serde_json::Value as JsonValue;

use super::*;

/// Whether what was read says the same as the JSON, as far as it says anything.
trait Agrees {
    fn agrees(&self, json: &JsonValue) -> bool;
}

/// A member, if it was read, and what there is of that name.
fn member<T: Agrees>(read: &Option<T>, name: &str, json: &JsonValue) -> bool {
    match (read, json.get(name)) {
        (Some(read), Some(json)) => read.agrees(json),
        (read, json) => read.is_none() && json.is_none(),
    }
}

impl Agrees for TextMember<'_> {
    fn agrees(&self, json: &JsonValue) -> bool {
        match self {
            Self::Text(text) => json == text.as_ref(),
            Self::Other => !json.is_string(),
        }
    }
}

impl Agrees for &RawValue {
    fn agrees(&self, json: &JsonValue) -> bool {
        serde_json::from_str::<JsonValue>(self.get()).is_ok_and(|this| this == *json)
    }
}

impl Agrees for SentIdentifier<'_> {
    fn agrees(&self, json: &JsonValue) -> bool {
        match self {
            Self::Object { type_name, id, lid } => {
                json.is_object()
                    && member(type_name, "type", json)
                    && member(id, "id", json)
                    && member(lid, "lid", json)
            }
            Self::Other => !json.is_object(),
        }
    }
}

impl Agrees for SentLinkage<'_> {
    fn agrees(&self, json: &JsonValue) -> bool {
        match (self, json) {
            (Self::Null, json) => json.is_null(),
            (Self::Many(identifiers), JsonValue::Array(elements)) => {
                identifiers.len() == elements.len()
                    && identifiers.iter().zip(elements).all(|(one, other)| one.agrees(other))
            }
            (Self::Many(_), _) => false,
            (Self::One(identifier), json) => !json.is_null() && !json.is_array() && identifier.agrees(json),
        }
    }
}

impl<T: Agrees> Agrees for WithData<T> {
    fn agrees(&self, json: &JsonValue) -> bool {
        match self {
            Self::Object(data) => json.is_object() && member(data, "data", json),
            Self::Described => {
                json.get("data").is_none() && (json.get("links").is_some() || json.get("meta").is_some())
            }
            Self::Other => !json.is_object(),
        }
    }
}

impl<T: Agrees> Agrees for ObjectMember<'_, T> {
    fn agrees(&self, json: &JsonValue) -> bool {
        match (self, json) {
            (Self::Object(members), JsonValue::Object(others)) => {
                members.iter().count() == others.len()
                    && members.iter().zip(others).all(|((name, member), (other_name, other))| {
                        name == other_name && member.agrees(other)
                    })
                    && others.keys().all(|name| members.contains(name))
            }
            (Self::Object(_), _) => false,
            (Self::Other, json) => !json.is_object(),
        }
    }
}

impl Agrees for PrimaryData<'_> {
    fn agrees(&self, json: &JsonValue) -> bool {
        match self {
            Self::Resource { type_name, id, lid, attributes, relationships } => {
                json.is_object()
                    && member(type_name, "type", json)
                    && member(id, "id", json)
                    && member(lid, "lid", json)
                    && member(attributes, "attributes", json)
                    && member(relationships, "relationships", json)
            }
            Self::Other => !json.is_object(),
        }
    }
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("-0.5e3".to_owned()),
        "[a-c]{0,2}".prop_map(|text| format!("{text:?}")),
        Just(r#""\u00e9\n\"""#.to_owned()),
    ];
    let name = prop_oneof![
        4 => Just(r#""data""#.to_owned()),
        1 => Just(r#""d\u0061ta""#.to_owned()),
        2 => Just(r#""type""#.to_owned()),
        2 => Just(r#""id""#.to_owned()),
        2 => Just(r#""attributes""#.to_owned()),
        2 => Just(r#""relationships""#.to_owned()),
        1 => "[a-b]{0,1}".prop_map(|text| format!("{text:?}")),
    ];
    leaf.prop_recursive(6, 64, 5, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(|it| format!("[{}]", it.join(","))),
            // Names repeat.
            3 => prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

fn is_read_as_serde_json_reads_it<'t, T: Agrees + Deserialize<'t>>(text: &'t str, json: &JsonValue) {
    let read: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    assert!(read.agrees(json), "{text}");
}

proptest! {
    #[test]
    fn what_is_sent_is_read_as_serde_json_reads_it(text in json_text(), cut in any::<prop::sample::Index>()) {
        let json: JsonValue = serde_json::from_str(&text).expect("JSON");
        is_read_as_serde_json_reads_it::<TextMember<'_>>(&text, &json);
        is_read_as_serde_json_reads_it::<SentLinkage<'_>>(&text, &json);
        is_read_as_serde_json_reads_it::<ObjectMember<'_, &RawValue>>(&text, &json);
        is_read_as_serde_json_reads_it::<WithData<SentLinkage<'_>>>(&text, &json);
        is_read_as_serde_json_reads_it::<WithData<PrimaryData<'_>>>(&text, &json);
        let cut = &text[..cut.index(text.len())];
        // What is wrong with a number is told in other words where nobody reads it.
        let place = |error: serde_json::Error| (error.line(), error.column());
        let errors = (
            serde_json::from_str::<WithData<PrimaryData<'_>>>(cut).err().map(place),
            serde_json::from_str::<JsonValue>(cut).err().map(place),
        );
        prop_assert_eq!(errors.0, errors.1, "{}", cut);
    }
}

#[test]
fn of_members_with_one_name_the_last_counts() {
    let WithData::Object(Some(PrimaryData::Resource { type_name, id, attributes, relationships, .. })) =
        serde_json::from_str(
            r#"{"data": 1, "x": [1, {"y": null}], "data": {"id": 1, "type": "a", "data": {"id": "z"}, "type": "b",
                "id": "2", "attributes": [], "attributes": {"m": 1, "n": 2, "m": {"a": [3]}}, "relationships": 5}}"#,
        )
        .expect("a document")
    else {
        panic!("no document of a resource object");
    };
    assert!(matches!(type_name, Some(TextMember::Text(Cow::Borrowed("b")))), "{type_name:?}");
    assert!(matches!(id, Some(TextMember::Text(Cow::Borrowed("2")))), "{id:?}");
    assert!(matches!(relationships, Some(ObjectMember::Other)));
    let Some(ObjectMember::Object(attributes)) = attributes else { panic!("no attributes") };
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (name, value.get())).collect();
    assert_eq!(attributes, [("m", r#"{"a": [3]}"#), ("n", "2")]);
}

#[test]
fn what_is_no_object_is_read_to_its_end() {
    for text in ["null", "true", "1", "-1", "1.5", "\"x\"", "[]", "[[1], {\"data\": 2}]"] {
        assert!(matches!(serde_json::from_str(text), Ok(WithData::<SentLinkage<'_>>::Other)), "{text}");
        assert!(matches!(serde_json::from_str(text), Ok(PrimaryData::Other)), "{text}");
        assert!(serde_json::from_str::<WithData<SentLinkage<'_>>>(&format!("{text} 1")).is_err(), "{text}");
    }
    for text in ["", "{", "{\"data\"}", "{\"data\": }", "{\"x\": [}", "{} {}", "{'data': 1}"] {
        assert!(serde_json::from_str::<WithData<PrimaryData<'_>>>(text).is_err(), "{text}");
    }
}
