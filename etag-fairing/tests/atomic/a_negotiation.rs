//! X1–X13: media types, extensions, methods and parameters.

use serde_json::{Value, json};

use crate::world::{ATOMIC, EXT, J, URL, World, add_talk, errors, json_of, on_sqlite};

fn body() -> String {
    json!({ "atomic:operations": [add_talk("a")] }).to_string()
}

#[track_caller]
fn is_415(world: &World, content_type: &str) {
    let before = world.all();
    let answer = world.send_with(&[("Content-Type", content_type)], &body()).is(415);
    assert_eq!(errors(&answer)[0]["source"]["header"], "Content-Type", "{content_type}");
    assert_eq!(world.all(), before);
}

#[test]
fn x1_operations_as_plain_json_api_are_415() {
    on_sqlite(|world| {
        is_415(world, J);
        is_415(world, "application/json");
        let answer = world.send_with(&[], &body()).is(415);
        assert!(errors(&answer)[0]["detail"].as_str().unwrap().contains(EXT));
    });
}

#[test]
fn x2_an_answer_with_results_names_the_extension() {
    on_sqlite(|world| {
        let answer = world.send_with(&[("Content-Type", ATOMIC)], &body()).is(200);
        assert_eq!(answer.field("content-type"), Some(ATOMIC));
    });
}

#[test]
fn x3_an_unknown_extension_is_415() {
    on_sqlite(|world| {
        for ext in ["https://other.example/ext", "https://jsonapi.org/ext/atomic https://other.example/ext"] {
            is_415(world, &format!("{J};ext=\"{ext}\""));
        }
    });
}

#[test]
fn x4_another_parameter_is_415() {
    on_sqlite(|world| {
        is_415(world, &format!("{ATOMIC};charset=utf-8"));
        is_415(world, &format!("{J};charset=utf-8;ext=\"{EXT}\""));
    });
}

#[test]
fn x5_uris_are_quoted_and_compared_exactly() {
    on_sqlite(|world| {
        is_415(world, &format!("{J};ext={EXT}"));
        is_415(world, &format!("{J};ext=\"{EXT}/\""));
        is_415(world, &format!("{J};ext=\"http://jsonapi.org/ext/atomic\""));
        is_415(world, &format!("{J};ext=\"HTTPS://jsonapi.org/ext/atomic\""));
        is_415(world, &format!("{J};ext=\"\""));
        for fine in [
            format!("{J} ; ext = \"{EXT}\""),
            format!("{J};EXT=\"{EXT}\""),
            format!("APPLICATION/vnd.api+json;Ext=\"{EXT}\""),
            format!("{J};profile=\"https://x.example/a;b,c\";ext=\"{EXT}\""),
        ] {
            world.send_with(&[("Content-Type", &fine)], &body()).is(200);
        }
    });
}

#[test]
fn x6_accept_that_allows_no_answer_is_406() {
    on_sqlite(|world| {
        let send = |accept: &str| world.send_with(&[("Content-Type", ATOMIC), ("Accept", accept)], &body());
        for refused in [
            "text/html",
            "application/json",
            r#"application/vnd.api+json;ext="https://other.example/ext""#,
            "application/vnd.api+json;charset=utf-8",
            r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic https://other.example/ext""#,
            "application/vnd.api+json;ext=https://jsonapi.org/ext/atomic",
            r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic";q=0"#,
        ] {
            let before = world.all();
            let answer = send(refused).is(406);
            assert_eq!(errors(&answer)[0]["source"]["header"], "Accept", "{refused}");
            assert_eq!(world.all(), before);
        }
        for fine in [
            ATOMIC,
            J,
            "*/*",
            "application/*;q=0.1",
            r#"application/vnd.api+json;ext="https://other.example/ext", application/vnd.api+json"#,
            r#"application/vnd.api+json;charset=utf-8, application/vnd.api+json;ext="https://jsonapi.org/ext/atomic""#,
        ] {
            send(fine).is(200);
        }
    });
}

#[test]
fn x7_accept_may_ask_for_the_extension() {
    on_sqlite(|world| {
        let accept = format!("{ATOMIC};q=0.9, {J};q=0.5");
        let answer = world.send_with(&[("Content-Type", ATOMIC), ("Accept", &accept)], &body()).is(200);
        assert_eq!(answer.field("content-type"), Some(ATOMIC));
    });
}

#[test]
fn x8_every_answer_varies_by_accept() {
    on_sqlite(|world| {
        let talk = world.talk("a");
        let fine = [("Content-Type", ATOMIC)];
        let removal =
            json!({ "atomic:operations": [{ "op": "remove", "ref": { "type": "talks", "id": talk } }] });
        for (status, fields, body) in [
            (200, &fine[..], body()),
            (204, &fine, removal.to_string()),
            (400, &fine, "{".to_owned()),
            (404, &fine, removal.to_string()),
            (415, &[("Content-Type", J)], body()),
            (406, &[("Content-Type", ATOMIC), ("Accept", "text/html")], body()),
        ] {
            let answer = world.send_with(fields, &body).is(status);
            assert_eq!(answer.field("vary"), Some("Accept"), "{status}");
        }
    });
}

#[test]
fn x9_the_member_ext_of_a_body_is_not_negotiation() {
    on_sqlite(|world| {
        let mut document: Value = serde_json::from_str(&body()).unwrap();
        document["jsonapi"] = json!({ "ext": ["https://other.example/ext"] });
        let answer = world.send_document(&document).is(200);
        assert_eq!(json_of(&answer)["jsonapi"]["ext"], json!([EXT]));
        document["jsonapi"] = json!({ "ext": [EXT] });
        world.send_with(&[("Content-Type", J)], &document.to_string()).is(415);
    });
}

#[test]
fn x10_an_unknown_profile_is_ignored_and_a_known_one_is_told() {
    const PROFILE: &str =
        "https://github.com/etag-fairing/etag-fairing/blob/main/docs/profiles/concurrency.md";
    on_sqlite(|world| {
        let unknown = format!("{ATOMIC};profile=\"https://unknown.example/profile\"");
        let known = format!("{ATOMIC};profile=\"{PROFILE}\"");
        let both = format!("{ATOMIC};profile=\"https://unknown.example/profile {PROFILE}\"");
        for (sent, accept, told) in [
            (&*unknown, &*unknown, ATOMIC),
            (&known, ATOMIC, &*known),
            (ATOMIC, &known, &known),
            (&both, "*/*", &known),
            (&unknown, &both, &known),
        ] {
            let answer = world.send_with(&[("Content-Type", sent), ("Accept", accept)], &body()).is(200);
            assert_eq!(answer.field("content-type"), Some(told), "{sent}, {accept}");
            let profile = if told == ATOMIC { Value::Null } else { json!([PROFILE]) };
            assert_eq!(json_of(&answer)["jsonapi"]["profile"], profile, "{sent}, {accept}");
        }
    });
}

#[test]
fn x11_other_methods_are_405() {
    on_sqlite(|world| {
        for method in ["GET", "PATCH", "PUT", "DELETE"] {
            let answer = world.server.send(method, URL, &[("Content-Type", ATOMIC)], "").is(405);
            assert_eq!(answer.field("allow"), Some("POST, OPTIONS"), "{method}");
        }
        let answer = world.server.send("OPTIONS", URL, &[], "").is(204);
        assert_eq!(answer.field("allow"), Some("POST, OPTIONS"));
    });
}

#[test]
fn x12_the_answer_has_no_other_member_of_the_namespace() {
    on_sqlite(|world| {
        let answer = world.send_with(&[("Content-Type", ATOMIC)], &body()).is(200);
        let document = json_of(&answer);
        let names: Vec<_> = document.as_object().unwrap().keys().collect();
        assert_eq!(names, ["atomic:results", "jsonapi"]);
        assert!(!answer.text().replace("atomic:results", "").contains("atomic:"));
    });
}

#[test]
fn x13_a_query_parameter_is_400() {
    on_sqlite(|world| {
        for (query, name) in [("foo=1", "foo"), ("include=talks", "include"), ("page[size]=1", "page[size]")]
        {
            let url = format!("{URL}?{query}");
            let answer = world.server.send("POST", &url, &[("Content-Type", ATOMIC)], &body()).is(400);
            assert_eq!(errors(&answer)[0]["source"]["parameter"], name);
        }
    });
}
