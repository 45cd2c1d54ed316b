use super::*;
use crate::error::Source;
use crate::schema::unreadable::Unreadable;
use crate::store::contract::TALKS;

const LENGTHS: Lengths = Lengths { id: 36, text: 100 };

fn operation() -> Pointer {
    Pointer::ROOT.member("atomic:operations").element(2)
}

fn pointers(errors: &Errors) -> Vec<String> {
    let pointer = |error: &ErrorObject| match error.source() {
        Some(Source::Pointer(pointer)) => pointer.clone(),
        other => panic!("{other:?}"),
    };
    errors.iter().map(pointer).collect()
}

#[test]
fn errors_point_from_where_the_document_stands() {
    let object = |body: &'static str, base| ResourceObject::parse(body.as_bytes(), base, &TALKS, LENGTHS);
    for (body, expected) in [
        ("[]", ""),
        (r#"{"meta":{}}"#, ""),
        (r#"{"data":{"type":"talks"},"meta":[]}"#, ""),
        (r#"{"data":{"type":"talks","links":null}}"#, ""),
        (r#"{"data":{"type":"talks","relationships":{"room":{"data":null,"meta":1}}}}"#, ""),
        (r#"{"data":[]}"#, "/data"),
        (r#"{"data":{"type":"rooms"}}"#, "/data/type"),
        (r#"{"data":{"type":"talks","id":1}}"#, "/data/id"),
        (r#"{"data":{"type":"talks","attributes":1}}"#, "/data/attributes"),
    ] {
        let errors = object(body, Pointer::ROOT).unwrap_err();
        assert_eq!(pointers(&errors), [expected], "{body}");
        let errors = object(body, operation()).unwrap_err();
        assert_eq!(pointers(&errors), [format!("/atomic:operations/2{expected}")], "{body}");
    }
    let body = r#"{"data":{"type":"talks","attributes":{"title":1,"a/b":2},
        "relationships":{"room":{"data":7},"speakers":{"data":[{"type":"rooms","id":"1"}]}}}}"#;
    let sent = object(body, operation()).unwrap();
    assert_eq!(
        pointers(
            &sent
                .create(&TALKS, &Settable { made: &[], unreadable: &Unreadable::NONE, unwritable: &[] })
                .unwrap_err()
        ),
        [
            "/atomic:operations/2/data/attributes/a~1b",
            "/atomic:operations/2/data/attributes/title",
            "/atomic:operations/2/data/relationships/room/data",
            "/atomic:operations/2/data/relationships/speakers/data/0/type",
        ]
    );
    assert_eq!(String::from(sent.pointer_of("room")), "/atomic:operations/2/data/relationships/room");
    assert_eq!(String::from(sent.pointer_of("subtitle")), "/atomic:operations/2/data/attributes");
}

#[test]
fn what_is_json_but_no_document_is_told_as_such() {
    let told = |body: &'static str| {
        let errors = ResourceObject::parse(body.as_bytes(), Pointer::ROOT, &TALKS, LENGTHS).unwrap_err();
        errors.iter().map(|error| (error.code(), error.detail_text().map(str::to_owned))).collect::<Vec<_>>()
    };
    let body = r#"{"data":{"type":"talks"},"meta":[]}"#;
    let detail = "meta must be an object at line 1 column 35";
    assert_eq!(told(body), [("invalid_document", Some(detail.to_owned()))]);
    assert_eq!(told(r#"{"data":{"type":"talks"},"meta":{}"#)[0].0, "malformed_json");
    assert!(
        ResourceObject::parse(
            br#"{"data":{"type":"talks","meta":{"a":[1]},"links":{}}}"#,
            Pointer::ROOT,
            &TALKS,
            LENGTHS
        )
        .is_ok()
    );
}

#[test]
fn errors_of_a_hook_are_located_too() {
    let refused = ErrorObject::validation_failed("no").pointer("/data/attributes/title");
    let refused = Errors::from(refused).located(&operation());
    assert_eq!(pointers(&refused), ["/atomic:operations/2/data/attributes/title"]);
}
