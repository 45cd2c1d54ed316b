//! Numbers as JSON has them: whole ones however they are written, none rounded, none beyond its type.

use etag_fairing::JsonApiResource;
use serde_json::{Value, json};

use crate::place::Place;
use crate::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "numbers", table = "numbers")]
struct Number {
    #[jsonapi(id)]
    id: i32,
    a: Option<i8>,
    b: Option<u8>,
    c: Option<i16>,
    d: Option<u16>,
    e: Option<i32>,
    f: Option<u32>,
    g: Option<i64>,
    h: Option<u64>,
    x: Option<f32>,
    y: Option<f64>,
    any: Option<Value>,
    #[jsonapi(json)]
    tree: Option<Value>,
    #[jsonapi(json)]
    list: Option<Vec<i64>>,
}

const SQLITE: &str =
    "CREATE TABLE numbers (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER,
    e INTEGER, f INTEGER, g INTEGER, h INTEGER, x REAL, y REAL, \"any\" TEXT, tree TEXT, list TEXT)";

#[cfg(feature = "postgres")]
const POSTGRES: &str =
    "CREATE TABLE numbers (id int PRIMARY KEY, a smallint, b smallint, c smallint, d int, e int,
    f bigint, g int, h bigint, x real, y float4, \"any\" jsonb, tree jsonb, list json)";

fn patch(server: &Server, attributes: &str) -> Answer {
    let body = format!(r#"{{"data":{{"type":"numbers","id":"1","attributes":{attributes}}}}}"#);
    server.send("PATCH", "/numbers/1", &[("Content-Type", "application/vnd.api+json")], &body)
}

fn numbers_are_what_they_are(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Number::routes()));
    place.run("INSERT INTO numbers (id) VALUES (1)");
    for (name, least, most) in [
        ("a", i128::from(i8::MIN), i128::from(i8::MAX)),
        ("b", 0, i128::from(u8::MAX)),
        ("c", i128::from(i16::MIN), i128::from(i16::MAX)),
        ("d", 0, i128::from(u16::MAX)),
        ("e", i128::from(i32::MIN), i128::from(i32::MAX)),
        ("f", 0, i128::from(u32::MAX)),
        // Databases end here.
        ("h", 0, i128::from(i64::MAX)),
    ] {
        for number in [least, most, 3] {
            let tenfold = if number == 0 { "0e5".into() } else { format!("{number}0e-1") };
            for text in [format!("{number}"), format!("{number}.0"), tenfold, format!("{number}.000E+0")] {
                let changed = patch(&server, &format!(r#"{{"{name}":{text}}}"#)).is(200).text();
                assert!(changed.contains(&format!(r#""{name}":{number},"#)), "{text} {changed}");
                let filter = format!(r#"[{{"name":"{name}","op":"eq","val":{text}}}]"#)
                    .replace('"', "%22")
                    .replace('+', "%2B");
                for query in
                    [format!("filter[{name}]={}", text.replace('+', "%2B")), format!("filter={filter}")]
                {
                    let found = server.get(&format!("/numbers?{query}"), &[]).is(200).json();
                    assert_eq!(found["data"].as_array().unwrap().len(), 1, "{query}");
                }
            }
        }
        for text in [
            format!("{}", most + 1),
            format!("{}", least - 1),
            format!("{}.0", most + 1),
            "1e30".into(),
            "1.5".into(),
            // As floats these are whole.
            "1.0000000000000000000001".into(),
            "0.99999999999999999999".into(),
            "1e-400".into(),
            "1e999".into(),
            "99999999999999999999999999".into(),
        ] {
            let refused = patch(&server, &format!(r#"{{"{name}":{text}}}"#)).is(422);
            assert_eq!(refused.pointers(), [format!("/data/attributes/{name}")], "{text}");
            for operator in ["eq", "ne", "lt", "ge", "in"] {
                let refused = server.get(&format!("/numbers?filter[{name}][{operator}]={text}"), &[]).is(400);
                assert_eq!(
                    refused.error().1,
                    json!({"parameter": format!("filter[{name}][{operator}]")}),
                    "{text}"
                );
            }
            let filter = format!(r#"[{{"name":"{name}","op":"le","val":{text}}}]"#).replace('"', "%22");
            let refused = server.get(&format!("/numbers?filter={filter}"), &[]).is(400);
            assert_eq!(refused.error().1, json!({"parameter": "filter"}), "{text}");
        }
    }
    // Ids, too; and a text that is no number names nothing.
    for query in
        ["filter[id]=2147483648", "filter[id][gt]=-2147483649", "filter[id][in]=1,99999999999999999999"]
    {
        assert_eq!(
            server.get(&format!("/numbers?{query}"), &[]).is(400).error().0,
            "invalid_filter",
            "{query}"
        );
    }
    assert_eq!(server.get("/numbers?filter[id]=x", &[]).is(200).json()["data"], json!([]));

    // A column may be narrower than the type.
    for (query, count) in [
        ("filter[g]=3000000000", 0),
        ("filter[g][lt]=3000000000", 1),
        ("filter[g][in]=3000000000,5", 1),
        ("filter[y][lt]=1e300", 1),
        ("filter[y][gt]=-1e300", 1),
    ] {
        patch(&server, r#"{"g":5,"y":1.5}"#).is(200);
        let found = server.get(&format!("/numbers?{query}"), &[]).is(200).json();
        assert_eq!(found["data"].as_array().unwrap().len(), count, "{query}");
    }

    for (text, shown) in [("-0.0", 0.0), ("1e-400", 0.0), ("3", 3.0), ("1e2", 100.0), ("-2.5e10", -2.5e10)] {
        let changed = patch(&server, &format!(r#"{{"y":{text}}}"#)).is(200).json();
        assert_eq!(changed["data"]["attributes"]["y"].as_f64(), Some(shown), "{text}");
    }
    for text in ["1e999", "-1e999"] {
        assert_eq!(patch(&server, &format!(r#"{{"y":{text}}}"#)).is(422).pointers(), ["/data/attributes/y"]);
        server.get(&format!("/numbers?filter[y][lt]={text}"), &[]).is(400);
    }
    assert_eq!(patch(&server, r#"{"x":1e39}"#).is(422).pointers(), ["/data/attributes/x"]);
    server.get("/numbers?filter[x]=1e39", &[]).is(400);

    for text in [
        "12345678901234567890123",
        "-9223372036854775809",
        r#"{"a":[12345678901234567890123,0.1234567890123456789012],"b":"1e2"}"#,
        "[18446744073709551616,3]",
    ] {
        for member in ["any", "tree"] {
            let changed = patch(&server, &format!(r#"{{"{member}":{text}}}"#)).is(200).text();
            let without_blanks = changed.replace(' ', "");
            assert!(without_blanks.contains(&format!(r#""{member}":{text},"#)), "{text}: {changed}");
            assert_eq!(server.get("/numbers/1", &[]).is(200).text(), changed);
        }
    }
    assert_eq!(patch(&server, r#"{"any":{"a":[1e999]}}"#).is(422).pointers(), ["/data/attributes/any"]);
    patch(&server, r#"{"list":[1,9223372036854775807]}"#).is(200);
    assert_eq!(
        patch(&server, r#"{"list":[12345678901234567890123]}"#).is(422).pointers(),
        ["/data/attributes/list"]
    );
}

#[test]
fn numbers_are_what_they_are_on_sqlite() {
    numbers_are_what_they_are(&Place::sqlite(SQLITE));
}

#[cfg(feature = "postgres")]
#[test]
fn numbers_are_what_they_are_on_postgresql() {
    if let Some(place) = Place::postgres(POSTGRES) {
        numbers_are_what_they_are(&place);
    }
}
