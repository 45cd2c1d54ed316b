//! Lists of values, and what stands inside of JSON: in documents, tables and filters, on both databases.

use etag_fairing::JsonApiResource;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{Answer, Server};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "posts", table = "posts", etag)]
struct Post {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(default)]
    tags: Vec<String>,
    sizes: Option<Vec<i32>>,
    rates: Option<Vec<f64>>,
    marks: Option<Vec<bool>>,
    codes: Option<Vec<Uuid>>,
    settings: Option<Value>,
}

const CODE: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

fn send(server: &Server, method: &str, path: &str, id: &str, attributes: &Value) -> Answer {
    let body = json!({"data": {"type": "posts", "id": id, "attributes": attributes}}).to_string();
    server.send(method, path, &[("Content-Type", "application/vnd.api+json")], &body)
}

fn post(server: &Server, id: &str, attributes: &Value) -> Value {
    send(server, "POST", "/posts", id, attributes).is(201).json()["data"]["attributes"].clone()
}

fn patch(server: &Server, id: &str, attributes: &Value) -> Answer {
    send(server, "PATCH", &format!("/posts/{id}"), id, attributes)
}

pub(crate) fn escaped(query: &str) -> String {
    let mut url = String::new();
    for letter in query.chars() {
        match letter {
            '"' | '{' | '}' | '\\' | ' ' | '+' | '%' => url.push_str(&format!("%{:02X}", u32::from(letter))),
            letter if letter.is_ascii() => url.push(letter),
            letter => letter.to_string().bytes().for_each(|byte| url.push_str(&format!("%{byte:02X}"))),
        }
    }
    url
}

fn ids(server: &Server, query: &str) -> Vec<String> {
    let document = server.get(&format!("/posts?{}", escaped(query)), &[]).is(200).json();
    let rows = document["data"].as_array().expect("a list");
    rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

fn refused(server: &Server, query: &str, parameter: &str, detail: &str) {
    let refused = server.get(&format!("/posts?{}", escaped(query)), &[]).is(400);
    assert_eq!(refused.error().1, json!({"parameter": parameter}), "{query}");
    let told = refused.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(told.contains(detail), "{query}: {told}");
}

fn lists_are_kept_and_found(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Post::routes()));
    let all = json!({"tags": ["rust", "it's \"quoted\" \\ {,}", "NULL", "", "größe"], "sizes": [3, -2147483648, 3],
        "rates": [0.1, 2.0, -1e300], "marks": [true, false], "codes": [CODE], "settings": null});
    assert_eq!(post(&server, "1", &all), all);
    assert_eq!(server.get("/posts/1", &[]).is(200).json()["data"]["attributes"], all);
    let empty = json!({"tags": [], "sizes": [], "rates": [], "marks": [], "codes": [], "settings": []});
    assert_eq!(post(&server, "2", &empty), empty);
    let none = json!({"tags": ["go", "Rust"], "sizes": null, "rates": null, "marks": null, "codes": null, "settings": null});
    assert_eq!(post(&server, "3", &json!({"tags": ["go", "Rust"]})), none);
    assert_eq!(
        post(&server, "4", &json!({"sizes": [7], "rates": [7], "marks": [true]}))["rates"],
        json!([7.0])
    );

    for (query, expected) in [
        ("filter[tags][has]=rust", &["1"][..]),
        ("filter[tags][has]=Rust", &["3"]),
        ("filter[tags][has]=", &["1"]),
        ("filter[tags][has]=NULL", &["1"]),
        ("filter[tags][has]=größe", &["1"]),
        ("filter[tags][has]=ru", &[]),
        ("filter[tags][any]=go,rust", &["1", "3"]),
        ("filter[tags][any]=java", &[]),
        (r#"filter=[{"name":"tags","op":"has","val":"it's \"quoted\" \\ {,}"}]"#, &["1"]),
        (r#"filter=[{"name":"tags","op":"any","val":["go","java"]}]"#, &["3"]),
        (r#"filter=[{"not":{"name":"tags","op":"any","val":["go","java"]}}]"#, &["1", "2", "4"]),
        ("filter[tags][is_empty]=true", &["2", "4"]),
        ("filter[tags][is_empty]=false", &["1", "3"]),
        ("filter[sizes][is_empty]=true", &["2"]),
        ("filter[sizes][is_empty]=false", &["1", "4"]),
        ("filter[sizes][is_null]=true", &["3"]),
        ("filter[sizes][has]=3", &["1"]),
        ("filter[sizes][has]=3.0", &["1"]),
        ("filter[sizes][any]=7,-2147483648", &["1", "4"]),
        (r#"filter=[{"name":"sizes","op":"any","val":[7,8]}]"#, &["4"]),
        ("filter[rates][has]=0.1", &["1"]),
        ("filter[rates][any]=2,7", &["1", "4"]),
        ("filter[marks][has]=false", &["1"]),
        ("filter[marks][has]=true", &["1", "4"]),
        (&format!("filter[codes][has]={}", CODE.to_uppercase()), &["1"]),
        ("filter[tags][has]=go&filter[sizes][is_null]=true", &["3"]),
    ] {
        assert_eq!(ids(&server, query), expected, "{query}");
    }
    // Rows are counted once, whatever is in their lists.
    assert_eq!(ids(&server, "filter[marks][any]=true,false&page[offset]=1&page[limit]=5"), ["4"]);

    for (query, parameter, detail) in [
        ("filter[tags]=rust", "filter[tags]", "is_null, any, has, is_empty"),
        ("filter[tags][eq]=rust", "filter[tags][eq]", "is_null, any, has, is_empty"),
        ("filter[sizes][has]=x", "filter[sizes][has]", "must be a whole number from"),
        ("filter[sizes][any]=1,2147483648", "filter[sizes][any]", "must be a whole number from"),
        ("filter[marks][has]=1", "filter[marks][has]", "must be true or false"),
        ("filter[codes][has]=1", "filter[codes][has]", "must be a UUID"),
        (r#"filter=[{"name":"tags","op":"has","val":1}]"#, "filter", "must be text"),
        (r#"filter=[{"name":"tags","op":"has","val":null}]"#, "filter", "null"),
        (r#"filter=[{"name":"tags","op":"has"}]"#, "filter", "val or field is missing"),
        (
            r#"filter=[{"name":"tags","op":"has","val":{"name":"id","op":"eq","val":1}}]"#,
            "filter",
            "must be text",
        ),
        (r#"filter=[{"name":"tags","op":"has","field":"tags"}]"#, "filter", "two fields"),
        ("sort=tags", "sort", "can't be sorted by"),
    ] {
        refused(&server, query, parameter, detail);
    }
    for (member, sent, element, detail) in [
        ("tags", json!("rust"), "", "tags must be a list"),
        ("tags", json!(null), "", "tags must be a list"),
        ("tags", json!(["a", 1]), "/1", "tags must be a list, whose element 1 must be text"),
        (
            "tags",
            json!(["a\u{0}"]),
            "/0",
            "tags must be a list, whose element 0 must be text, without the character U+0000",
        ),
        (
            "sizes",
            json!([1, null]),
            "/1",
            "sizes must be a list, whose element 1 must be a whole number from",
        ),
        (
            "sizes",
            json!([2_147_483_648_i64]),
            "/0",
            "sizes must be a list, whose element 0 must be a whole number from",
        ),
        ("codes", json!(["x"]), "/0", "codes must be a list, whose element 0 must be a UUID"),
        ("rates", json!([[1.5]]), "/0", "rates must be a list, whose element 0 must be a number"),
    ] {
        let answer = patch(&server, "1", &json!({member: sent})).is(422);
        assert_eq!(answer.pointers(), [format!("/data/attributes/{member}{element}")], "{sent}");
        let told = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(told.starts_with(detail), "{sent}: {told}");
    }
    let body = r#"{"data":{"type":"posts","id":"1","attributes":{"rates":[1e999]}}}"#;
    let answer = server.send("PATCH", "/posts/1", &[("Content-Type", "application/vnd.api+json")], body);
    assert_eq!(answer.is(422).pointers(), ["/data/attributes/rates"]);
    // Written back as it was shown, which is no change; over; and away.
    let tag = server.get("/posts/1", &[]).is(200).tag();
    patch(&server, "1", &all).is(200);
    assert_eq!(server.get("/posts/1", &[]).is(200).tag(), tag);
    let changed = patch(&server, "1", &json!({"tags": ["b", "a"], "sizes": null})).is(200).json();
    assert_eq!(changed["data"]["attributes"]["tags"], json!(["b", "a"]));
    assert_eq!(changed["data"]["attributes"]["sizes"], Value::Null);
}

fn what_stands_inside_of_json_is_found(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Post::routes()));
    let rows = [
        json!({"theme": "dark", "size": 3, "on": true, "deep": {"er": {"name": "Größe"}}, "my.key": 1, "it's": "x"}),
        json!({"theme": "Dark", "size": 3.5, "on": false, "deep": {"er": {"name": ""}}}),
        json!({"theme": null, "size": "3", "on": "true", "deep": [{"er": 1}]}),
        json!({"theme": {"name": "dark"}, "size": -1e300, "list": ["dark"]}),
        json!(["theme", "dark"]),
        json!("dark"),
        json!({"theme": "true", "size": 9_007_199_254_740_993_i64}),
        json!({"theme": "a%b_c", "size": 0.1}),
    ];
    for (id, settings) in (1..).zip(&rows) {
        post(&server, &id.to_string(), &json!({"settings": settings}));
    }
    post(&server, "9", &json!({}));
    for (query, expected) in [
        ("filter[settings.theme]=dark", &["1"][..]),
        ("filter[settings__theme]=dark", &["1"]),
        ("filter[settings.theme]=dark,Dark", &["1", "2"]),
        ("filter[settings.theme][ne]=dark", &["2", "4", "7", "8"]),
        ("filter[settings.theme][not_in]=dark,Dark", &["4", "7", "8"]),
        ("filter[settings.theme][is_null]=true", &["3", "5", "6", "9"]),
        ("filter[settings.theme][is_null]=false", &["1", "2", "4", "7", "8"]),
        ("filter[settings.theme][is]=null", &["3", "5", "6", "9"]),
        ("filter[settings.theme][isnot]=null", &["1", "2", "4", "7", "8"]),
        ("filter[settings.theme][gt]=Dark", &["1", "7", "8"]),
        ("filter[settings.theme][between]=Dark,dark", &["1", "2", "8"]),
        ("filter[settings.theme][icontains]=DAR", &["1", "2"]),
        ("filter[settings.theme][startswith]=dar", &["1"]),
        ("filter[settings.theme][endswith]=rk", &["1", "2"]),
        ("filter[settings.theme][like]=a\\%b\\_c", &["8"]),
        ("filter[settings.theme][like]=d_rk", &["1"]),
        ("filter[settings.theme][notilike]=d%", &["4", "7", "8"]),
        ("filter[settings.theme][contains]=", &["1", "2", "7", "8"]),
        ("filter[settings.deep.er.name]=Größe", &["1"]),
        ("filter[settings.deep.er.name]=", &["2"]),
        ("filter[settings.deep.er][is_null]=false", &["1", "2"]),
        (r#"filter=[{"name":"settings.it's","op":"eq","val":"x"}]"#, &["1"]),
        ("filter[settings.nothing]=x", &[]),
        ("filter[settings.nothing][ne]=x", &[]),
        // In a URL, 3 is the number or the text.
        ("filter[settings.size]=3", &["1", "3"]),
        ("filter[settings.size]=3.0", &["1"]),
        ("filter[settings.size]=9007199254740993", &["7"]),
        ("filter[settings.size]=9007199254740992", &[]),
        ("filter[settings.size][gt]=3", &["2", "7"]),
        ("filter[settings.size][le]=0.1", &["4", "8"]),
        ("filter[settings.size][between]=0,3.5", &["1", "2", "8"]),
        ("filter[settings.size][lt]=4.5e0", &["1", "2", "4", "8"]),
        ("filter[settings.on]=true", &["1", "3"]),
        ("filter[settings.on]=false", &["2"]),
        // In JSON it is what it is.
        (r#"filter=[{"name":"settings.size","op":"eq","val":3}]"#, &["1"]),
        (r#"filter=[{"name":"settings.size","op":"eq","val":"3"}]"#, &["3"]),
        (r#"filter=[{"name":"settings.size","op":"in_","val":["3",3.5,true]}]"#, &["2", "3"]),
        (r#"filter=[{"name":"settings.on","op":"eq","val":true}]"#, &["1"]),
        (r#"filter=[{"name":"settings.on","op":"ne","val":true}]"#, &["2", "3"]),
        (r#"filter=[{"name":"settings.theme","op":"eq","val":null}]"#, &["3", "5", "6", "9"]),
        (
            r#"filter=[{"not":{"name":"settings.theme","op":"eq","val":"dark"}}]"#,
            &["2", "3", "4", "5", "6", "7", "8", "9"],
        ),
        ("filter[settings][is_null]=true", &["9"]),
    ] {
        assert_eq!(ids(&server, query), expected, "{query}");
    }
    for (query, parameter, detail) in [
        ("filter[settings]=dark", "filter[settings]", "is_null"),
        ("filter[settings.theme][has]=x", "filter[settings.theme][has]", "can't be used here"),
        (r#"filter=[{"name":"settings.a\"b","op":"eq","val":1}]"#, "filter", "can't be looked for"),
        (r#"filter=[{"name":"settings.a\\b","op":"eq","val":1}]"#, "filter", "can't be looked for"),
        (r#"filter=[{"name":"settings.a\u0000b","op":"eq","val":1}]"#, "filter", "can't be looked for"),
        (r#"filter=[{"name":"settings..b","op":"eq","val":1}]"#, "filter", "can't be looked for"),
        ("filter[settings.1.2.3.4.5.6.7.8.9]=x", "filter[settings.1.2.3.4.5.6.7.8.9]", "at most 8 names"),
        ("filter[settings.size][between]=1", "filter[settings.size][between]", "two values"),
        (
            r#"filter=[{"name":"settings.theme","op":"eq","val":{}}]"#,
            "filter",
            "must be text, a number, true or false",
        ),
        (r#"filter=[{"name":"settings.theme","op":"gt","val":true}]"#, "filter", "must be text or a number"),
        (r#"filter=[{"name":"settings.theme","op":"gt","val":null}]"#, "filter", "null"),
        (r#"filter=[{"name":"settings.theme","op":"eq","field":"id"}]"#, "filter", "nothing to compare"),
        ("filter[tags.x]=y", "filter[tags.x]", "is not a relationship"),
        ("sort=settings.theme", "sort", "is not a relationship"),
    ] {
        refused(&server, query, parameter, detail);
    }
}

#[test]
fn lists_are_kept_and_found_on_sqlite() {
    lists_are_kept_and_found(&Place::sqlite("SELECT 1"));
    let table = "CREATE TABLE posts (id INTEGER PRIMARY KEY, tags TEXT NOT NULL, sizes JSON, rates TEXT, marks TEXT, \
         codes TEXT, settings JSON)";
    let place = Place::sqlite(table);
    lists_are_kept_and_found(&place);
    // What another program has written: in other blanks, or no list.
    place.run(
        "INSERT INTO posts (id, tags, sizes, rates, marks) VALUES (8, '[ \"a\" , \"b\" ]', '[1, \"x\"]', '{}', '[1')",
    );
    let server = place.serve(|rocket| rocket.mount("/", Post::routes()));
    let document = server.get("/posts/8", &[]).is(200).json();
    let attributes = &document["data"]["attributes"];
    assert_eq!((&attributes["tags"], &attributes["sizes"]), (&json!(["a", "b"]), &Value::Null), "{document}");
    assert_eq!(document["data"]["meta"]["warnings"].as_array().map(Vec::len), Some(3), "{document}");
    assert!(ids(&server, "filter[tags][has]=a").contains(&"8".to_owned()));
    assert_eq!(ids(&server, "filter[marks][has]=true&filter[id]=8"), [""; 0]);
    assert_eq!(ids(&server, "filter[rates][is_empty]=true&filter[id]=8"), [""; 0]);
}

#[cfg(feature = "postgres")]
#[test]
fn lists_are_kept_and_found_on_postgresql() {
    for table in [
        "SELECT 1",
        "CREATE DOMAIN words AS text[]; CREATE TABLE posts (id bigserial PRIMARY KEY, tags words NOT NULL, sizes int4[], \
         rates float8[], marks boolean[], codes uuid[], settings jsonb)",
    ] {
        let Some(place) = Place::postgres(table) else { return };
        lists_are_kept_and_found(&place);
        // What another program has written: nulls, and more than one dimension.
        place.run(
            "INSERT INTO posts (id, tags, sizes, rates) VALUES (8, '{a,b}', '{1,NULL}', '{{1,2},{3,4}}')",
        );
        let server = place.serve(|rocket| rocket.mount("/", Post::routes()));
        let document = server.get("/posts/8", &[]).is(200).json();
        let attributes = &document["data"]["attributes"];
        assert_eq!(
            (&attributes["tags"], &attributes["sizes"]),
            (&json!(["a", "b"]), &Value::Null),
            "{document}"
        );
        assert_eq!(document["data"]["meta"]["warnings"].as_array().map(Vec::len), Some(2), "{document}");
    }
}

#[test]
fn what_stands_inside_of_json_is_found_on_sqlite() {
    let place = Place::sqlite("SELECT 1");
    what_stands_inside_of_json_is_found(&place);
    place.run("UPDATE posts SET settings = '{\"theme\": \"dark' WHERE id = 2");
    let server = place.serve(|rocket| rocket.mount("/", Post::routes()));
    assert_eq!(ids(&server, "filter[settings.theme]=dark"), ["1"]);
}

#[cfg(feature = "postgres")]
#[test]
fn what_stands_inside_of_json_is_found_on_postgresql() {
    let table = "CREATE TABLE posts (id bigserial PRIMARY KEY, tags text[] NOT NULL DEFAULT '{}', sizes int[], rates float8[], \
         marks boolean[], codes uuid[], settings jsonb)";
    for table in ["SELECT 1", table] {
        let Some(place) = Place::postgres(table) else { return };
        what_stands_inside_of_json_is_found(&place);
    }
    // U+0000, which `jsonb` doesn't take: there is nothing inside.
    let Some(place) = Place::postgres("SELECT 1") else { return };
    let server = place.serve(|rocket| rocket.mount("/", Post::routes()));
    post(&server, "1", &json!({"settings": {"theme": "dark", "other": "\u{0}"}}));
    assert_eq!(ids(&server, "filter[settings.theme]=dark"), [""; 0]);
    assert_eq!(ids(&server, "filter[settings.theme][is_null]=true"), ["1"]);
}
