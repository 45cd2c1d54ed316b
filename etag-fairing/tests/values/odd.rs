//! One odd row takes nothing else down: its members are null with a warning, and nobody overwrites them unseen.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};

use crate::place::Place;
use crate::support::{Answer, Server};

/// Every kind of attribute, each of which may be null but the name.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "readings", table = "readings", etag, computed(word_or_none = Self::word_or_none))]
struct Reading {
    #[jsonapi(id)]
    id: i64,
    name: String,
    number: Option<i32>,
    size: Option<f64>,
    open: Option<bool>,
    at: Option<DateTime<Utc>>,
    local: Option<NaiveDateTime>,
    day: Option<NaiveDate>,
    time: Option<NaiveTime>,
    extra: Option<Value>,
    word: Option<String>,
    #[jsonapi(relationship)]
    station: ToOne<Station>,
}

impl Reading {
    fn word_or_none(&self) -> String {
        self.word.clone().unwrap_or_else(|| "none".into())
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "stations", table = "stations", etag)]
struct Station {
    #[jsonapi(id)]
    id: String,
    #[jsonapi(relationship, inverse = "station")]
    readings: ToMany<Reading>,
}

const SQLITE: &str = "CREATE TABLE stations (id TEXT UNIQUE);
    CREATE TABLE readings (id INTEGER PRIMARY KEY, name, number NUMERIC, size NUMERIC, open BOOLEAN, at DATETIME,
        local DATETIME, day DATE, time TIME, extra JSON, word, station_id TEXT);
    INSERT INTO stations VALUES ('s');
    INSERT INTO readings (id, name, station_id) VALUES (1, 'a', 's'), (2, 'b', 's'), (3, 'c', NULL);";

/// Columns, members and odd values of SQLite, two for each.
const OF_SQLITE: [(&str, &str, &str, &str); 13] = [
    ("number", "number", "2147483648", "-9223372036854775808"),
    ("number", "number", "'many'", "9223372036854775808"),
    ("number", "number", "0.5", "x'00'"),
    ("size", "size", "'much'", "9e999"),
    ("open", "open", "2", "'yes'"),
    ("at", "at", "'yesterday'", "x'61'"),
    ("at", "at", "'20000-01-01T00:00:00Z'", "CAST(x'ff' AS TEXT)"),
    ("local", "local", "'2021-13-01T00:00:00'", "'?'"),
    ("day", "day", "'2021-02-30'", "'-0044-03-15'"),
    ("time", "time", "'25:00:00'", "'noon'"),
    ("extra", "extra", "'{\"a\":'", "'1} , {'"),
    ("word", "word", "CAST(x'61ff62' AS TEXT)", "7"),
    ("station_id", "station", "x'00'", "CAST(x'ff' AS TEXT)"),
];

fn serve(place: &Place) -> Server {
    place
        .serve(|rocket| rocket.mount("/", Reading::routes()).mount("/", Station::routes()))
        .with_values_of_others()
}

fn patch(server: &Server, tag: &str, attributes: &Value) -> Answer {
    let document = json!({"data": {"type": "readings", "id": "2", "attributes": attributes}}).to_string();
    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag)];
    server.send("PATCH", "/readings/2", &fields, &document)
}

fn ids(answer: &Answer) -> Vec<String> {
    let document = answer.json();
    let data = document["data"].as_array().unwrap();
    data.iter().map(|resource| resource["id"].as_str().unwrap().to_owned()).collect()
}

/// Goes through all that can be asked of a table with an odd value, whatever it is.
fn odd_values_are_null_with_a_warning(place: &Place, values: &[(&str, &str, &str, &str)]) {
    let server = serve(place);
    let null = server.get("/readings/2", &[]).is(200);
    for (column, member, odd, other) in values {
        let set = |value: &str| place.run(&format!("UPDATE readings SET {column} = {value} WHERE id = 2"));
        let told = format!("{column} = {odd}");
        let part = if *member == "station" { "relationships" } else { "attributes" };
        set(odd);
        let one = server.get("/readings/2", &[]).is(200);
        let data = &one.json()["data"];
        let value = if *member == "station" { &data[part][member]["data"] } else { &data[part][member] };
        assert_eq!(*value, Value::Null, "{told}");
        let warning = &data["meta"]["warnings"][0];
        assert_eq!(
            (&warning["type"], &warning["id"], &warning["member"]),
            (&json!("readings"), &json!("2"), &json!(member)),
            "{told}"
        );
        assert_eq!(data["meta"]["warnings"].as_array().unwrap().len(), 1, "{told}");

        // Wherever it stands in a document, and the others with it.
        let list = server.get("/readings", &[]).is(200);
        assert_eq!(ids(&list), ["1", "2", "3"], "{told}");
        assert_eq!(list.json()["data"][1], *data, "{told}");
        assert_eq!(list.json()["data"][0]["meta"], Value::Null, "{told}");
        let related = server.get("/stations/s/readings", &[]).is(200).json();
        assert!(related["data"].as_array().unwrap().iter().all(|it| it["id"] != "2" || it == data), "{told}");
        let included = server.get("/stations?include=readings", &[]).is(200).json();
        assert!(
            included["included"].as_array().unwrap().iter().all(|it| it["id"] != "2" || it == data),
            "{told}"
        );
        let without = server.get("/readings?fields[readings]=name", &[]).is(200).json();
        assert_eq!(without["data"][1]["meta"], Value::Null, "{told}");

        // Another odd value is another representation, and so is a real null.
        set(other);
        let another = server.get("/readings/2", &[]).is(200);
        assert_ne!(one.tag(), another.tag(), "{told}");
        assert_ne!(null.tag(), another.tag(), "{told}");
        patch(&server, &one.tag(), &json!({"name": "x"})).is(412);

        // What is not mentioned stays as it is.
        let stored = || place.stored(column, "readings WHERE id = 2");
        let before = stored();
        let changed = patch(&server, &another.tag(), &json!({"name": "x"})).is(200);
        assert_eq!(stored(), before, "{told}");
        assert_eq!(changed.tag(), server.get("/readings/2", &[]).is(200).tag(), "{told}");
        let back = patch(&server, &changed.tag(), &json!({"name": "b"})).is(200);
        assert_eq!(back.tag(), another.tag(), "{told}");

        // No filter and no order fails because of it.
        for query in [
            format!("filter[{member}][is_null]=true"),
            format!("sort={member}"),
            format!("sort=-{member}&page[size]=1"),
            "filter[word][icontains]=A".into(),
            "filter[word][ilike]=%25A%25".into(),
            "filter[word][gt]=A".into(),
            "filter[number][lt]=5".into(),
            "filter[size][between]=1,2".into(),
            "filter[open]=true".into(),
            "filter[at][ge]=2020-01-01T00:00:00Z".into(),
            "filter[day][lt]=2020-01-01".into(),
        ] {
            if ["extra", "station"].contains(member) && query.contains("sort") {
                continue;
            }
            server.get(&format!("/readings?{query}"), &[]).is(200);
        }

        // Who sends back what a GET gave leaves what it could not show.
        let mut whole = server.get("/readings/2", &[]).is(200).json();
        let data = whole["data"].as_object_mut().unwrap();
        data.retain(|member, _| ["type", "id", "attributes", "relationships"].contains(&member.as_str()));
        let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", &*back.tag())];
        let sent_back = server.send("PATCH", "/readings/2", &fields, &whole.to_string()).is(200);
        assert_eq!((stored(), sent_back.tag()), (before, back.tag()), "{told}");

        // A real null is another one.
        set("NULL");
        let now = server.get("/readings/2", &[]).is(200);
        if *member == "station" {
            place.run("UPDATE readings SET station_id = 's' WHERE id = 2");
        } else {
            assert_eq!(now.tag(), null.tag(), "{told}");
        }
    }
}

#[test]
fn an_odd_value_of_sqlite_is_null_with_a_warning() {
    odd_values_are_null_with_a_warning(&Place::sqlite(SQLITE), &OF_SQLITE);
}

/// The same of PostgreSQL, whose columns have a type each.
#[cfg(feature = "postgres")]
const OF_POSTGRES: [(&str, &str, &str, &str); 7] = [
    ("number", "number", "2147483648", "-9223372036854775808"),
    ("size", "size", "'NaN'", "'Infinity'"),
    ("at", "at", "'infinity'", "'-infinity'"),
    ("at", "at", "'20000-01-01Z'", "'0044-03-15 12:00 BC'"),
    ("local", "local", "'infinity'", "'10000-01-01'"),
    ("day", "day", "'-infinity'", "'infinity'"),
    ("day", "day", "'10000-01-01'", "'0044-03-15 BC'"),
];

#[cfg(feature = "postgres")]
#[test]
fn an_odd_value_of_postgresql_is_null_with_a_warning() {
    let sql = "CREATE TABLE stations (id text UNIQUE);
        CREATE TABLE readings (id bigint PRIMARY KEY, name text, number bigint, size numeric, open boolean,
            at timestamptz, local timestamp, day date, time time, extra jsonb, word text, station_id text);
        INSERT INTO stations VALUES ('s');
        INSERT INTO readings (id, name, station_id) VALUES (1, 'a', 's'), (2, 'b', 's'), (3, 'c', NULL)";
    let Some(place) = Place::postgres(sql) else { return };
    odd_values_are_null_with_a_warning(&place, &OF_POSTGRES);
}

#[test]
fn a_member_that_cannot_be_null_is_named_and_can_be_mended() {
    let place = Place::sqlite(SQLITE);
    let server = serve(&place);
    for odd in ["NULL", "7", "x'61'", "CAST(x'ff' AS TEXT)"] {
        place.run(&format!("UPDATE readings SET name = {odd} WHERE id = 2"));
        for url in [
            "/readings",
            "/readings/2",
            "/stations/s/readings",
            "/stations?include=readings",
            "/readings?sort=name",
        ] {
            let error = server.get(url, &[]).is(500).json()["errors"][0].clone();
            assert_eq!(error["code"], "unreadable_value", "{odd} {url}");
            assert_eq!(
                error["meta"],
                json!({"type": "readings", "id": "2", "member": "name"}),
                "{odd} {url}"
            );
            assert!(
                error["id"].is_string() && error["detail"].as_str().unwrap().contains("name of readings 2")
            );
        }
        // The others can be read, and it without the member.
        server.get("/readings/1", &[]).is(200);
        server.get("/readings?filter[id][ne]=2", &[]).is(200);
        assert_eq!(ids(&server.get("/readings?fields[readings]=number", &[]).is(200)), ["1", "2", "3"]);
        let part = server.get("/readings/2?fields[readings]=number", &[]).is(200);
        // Its tag is that of the state which is there, so that it can be mended, and by one alone.
        place.run("UPDATE readings SET number = 5 WHERE id = 2");
        patch(&server, &part.tag(), &json!({"name": "mended"})).is(412);
        place.run("UPDATE readings SET number = NULL WHERE id = 2");
        let half = patch(&server, &part.tag(), &json!({"number": 6})).is(200);
        assert_eq!(half.json()["data"]["attributes"]["name"], Value::Null);
        assert_eq!(half.json()["data"]["meta"]["warnings"][0]["member"], "name");
        let mended = patch(&server, &half.tag(), &json!({"name": "b", "number": null})).is(200);
        assert_eq!(mended.tag(), server.get("/readings/2", &[]).is(200).tag());
    }
}

#[test]
fn a_row_without_an_id_is_no_resource() {
    let place = Place::sqlite(SQLITE);
    let server = serve(&place);
    place.run("INSERT INTO stations VALUES (NULL), (x'00'), ('t'), ('u'), (CAST(x'ff' AS TEXT))");
    let all = server.get("/stations", &[]).is(200);
    assert_eq!(ids(&all), ["s", "t", "u"]);
    assert_eq!(all.json()["meta"]["warnings"][0]["type"], "stations");
    // Each is on one page, whichever are passed over.
    for size in 1..5 {
        let (mut url, mut seen) = (format!("/stations?page[size]={size}"), Vec::new());
        loop {
            let page = server.get(&url.replace(' ', "%20"), &[]).is(200);
            seen.extend(ids(&page));
            match page.json()["links"]["next"].as_str() {
                Some(next) => url = next.into(),
                None => break,
            }
        }
        assert_eq!(seen, ["s", "t", "u"], "pages of {size}");
    }
}
