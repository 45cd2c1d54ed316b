//! Exact decimal numbers: in documents, in columns of every kind, in filters, orders and pages, on both databases.

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::place::Place;
use crate::support::{Answer, Server};

/// A price list, in tables that the store makes.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "prices", etag)]
struct Price {
    #[jsonapi(id)]
    id: i64,
    amount: Decimal,
    #[jsonapi(number)]
    rate: Option<Decimal>,
    limit: Option<Decimal>,
    #[jsonapi(relationship)]
    shop: ToOne<Shop>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "shops", etag)]
struct Shop {
    #[jsonapi(id)]
    id: i64,
    fee: Decimal,
    #[jsonapi(relationship, inverse = "shop")]
    prices: ToMany<Price>,
}

/// The same, in somebody else's table.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "items", table = "items", etag)]
struct Item {
    #[jsonapi(id)]
    id: i64,
    /// `NUMERIC(10,2)`
    price: Decimal,
    /// `NUMERIC`
    weight: Option<Decimal>,
    /// `NUMERIC(10,2)`, not null: what it holds may be wrong.
    #[jsonapi(number)]
    total: Option<Decimal>,
}

const ITEMS: &str = "CREATE TABLE items (id INTEGER PRIMARY KEY, price NUMERIC(10,2) NOT NULL, weight NUMERIC, \
     total NUMERIC(10,2))";

/// With it a client asks for pages by cursor.
const PROFILE: &str =
    "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"";

/// More than a float keeps apart.
const LONG: [&str; 5] = [
    "0.1234567890123456789012345678",
    "0.1234567890123456789012345679",
    "1234567890123456789012345678",
    "1234567890123456789012345679",
    "-1234567890123456789012345.678",
];

fn send(server: &Server, method: &str, path: &str, body: &str) -> Answer {
    server.send(method, path, &[("Content-Type", "application/vnd.api+json")], body)
}

fn post(server: &Server, type_name: &str, attributes: &str) -> Answer {
    let body = format!(r#"{{"data":{{"type":"{type_name}","attributes":{attributes}}}}}"#);
    send(server, "POST", &format!("/{type_name}"), &body)
}

fn patch(server: &Server, type_name: &str, id: &str, attributes: &str) -> Answer {
    let body = format!(r#"{{"data":{{"type":"{type_name}","id":"{id}","attributes":{attributes}}}}}"#);
    send(server, "PATCH", &format!("/{type_name}/{id}"), &body)
}

fn shown(document: &Value, member: &str) -> Vec<String> {
    let rows = document["data"].as_array().expect("a list");
    rows.iter()
        .map(|row| match &row["attributes"][member] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect()
}

fn found(server: &Server, query: &str, member: &str) -> Vec<String> {
    let query = query.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
    shown(&server.get(&query, &[]).is(200).json(), member)
}

/// Walks through an order by cursors, a resource a page.
fn walked(server: &Server, query: &str, member: &str) -> Vec<String> {
    let (mut url, mut seen) = (format!("{query}&page[size]=1"), Vec::new());
    loop {
        let answer = server.get(&url, &[("Accept", PROFILE)]).is(200);
        let document: Value = serde_json::from_slice(&answer.body).expect("JSON");
        seen.extend(shown(&document, member));
        assert!(seen.len() < 100, "{query} goes round");
        match document["links"]["next"].as_str() {
            Some(next) => url = next.into(),
            None => return seen,
        }
    }
}

fn decimals_are_exact(place: &Place) {
    let server = place.serve(|rocket| rocket.mount("/", Price::routes()).mount("/", Shop::routes()));
    // In the order of what they mean.
    let ascending = [
        LONG[4],
        "-10",
        "-9.99",
        "-0.5",
        "0",
        "0.0000000000000000000000000001",
        LONG[0],
        LONG[1],
        "0.5",
        "2",
        "10",
        "10.01",
        "100.5",
        LONG[2],
        LONG[3],
    ];
    let mut made = ascending;
    made.reverse();
    made.rotate_left(4);
    post(&server, "shops", r#"{"fee":"1.50"}"#).is(201);
    for amount in made {
        let document =
            post(&server, "prices", &format!(r#"{{"amount":"{amount}","rate":{amount}}}"#)).is(201);
        let attributes = format!(r#""amount":"{amount}","rate":{amount},"limit":null"#);
        assert!(document.text().contains(&attributes), "{amount}: {}", document.text());
        let read = server.get(&format!("/prices/{}", document.json()["data"]["id"].as_str().unwrap()), &[]);
        assert_eq!(read.is(200).text(), document.text());
    }

    // Orders, and cursors through them.
    for member in ["amount", "rate"] {
        assert_eq!(found(&server, &format!("/prices?sort={member}"), "amount"), ascending);
        let mut descending = ascending;
        descending.reverse();
        assert_eq!(found(&server, &format!("/prices?sort=-{member}"), "amount"), descending);
        assert_eq!(walked(&server, &format!("/prices?sort={member}"), "amount"), ascending);
        assert_eq!(walked(&server, &format!("/prices?sort=-{member}"), "amount"), descending);
    }

    // Filters by every operator, in every spelling of the number.
    for (place, amount) in ascending.iter().enumerate() {
        let more_zeros = if amount.contains('.') { format!("{amount}0") } else { format!("{amount}.000") };
        for given in [(*amount).to_owned(), more_zeros] {
            for (operator, expected) in [
                ("eq", &ascending[place..=place]),
                ("lt", &ascending[..place]),
                ("le", &ascending[..=place]),
                ("gt", &ascending[place + 1..]),
                ("ge", &ascending[place..]),
                ("in", &ascending[place..=place]),
            ] {
                let url = format!("/prices?sort=amount&filter[amount][{operator}]={given}");
                assert_eq!(found(&server, &url, "amount"), expected, "{url}");
                let url = format!("/prices?sort=amount&filter[rate][{operator}]={given}");
                assert_eq!(found(&server, &url, "amount"), expected, "{url}");
            }
            let others: Vec<_> = ascending.iter().filter(|other| *other != amount).copied().collect();
            let url = format!("/prices?sort=amount&filter[amount][ne]={given}");
            assert_eq!(found(&server, &url, "amount"), others, "{url}");
        }
    }
    for (query, expected) in [
        ("filter[amount]=2,0.5,7", &["0.5", "2"][..]),
        ("filter[amount][between]=0.5,10", &["0.5", "2", "10"]),
        ("filter[amount][notin_]=2,0.5", &[]),
        ("filter[amount][lt]=1e1&filter[amount][gt]=5e-1", &["2"]),
        (r#"filter=[{"name":"amount","op":"eq","val":"2.0"}]"#, &["2"]),
        (r#"filter=[{"name":"rate","op":"eq","val":2.0}]"#, &["2"]),
        (
            r#"filter=[{"name":"amount","op":"eq","field":"rate"},{"name":"rate","op":"eq","val":0.5}]"#,
            &["0.5"],
        ),
        ("filter[limit][is_null]=false", &[]),
    ] {
        let query = query.replace("[notin_]", "[not_in]");
        let amounts = found(&server, &format!("/prices?sort=amount&{query}"), "amount");
        match query.contains("not_in") {
            true => assert_eq!(amounts.len(), ascending.len() - 2),
            false => assert_eq!(amounts, expected, "{query}"),
        }
    }

    // By a path, in both directions, and in what is included.
    let body = r#"{"data":{"type":"shops","id":"1"}}"#;
    send(&server, "PATCH", "/prices/1/relationships/shop", body).is(200);
    let first = server.get("/prices/1?include=shop", &[]).is(200).json();
    assert_eq!(first["included"][0]["attributes"]["fee"], "1.50");
    let amount = first["data"]["attributes"]["amount"].as_str().unwrap();
    assert_eq!(found(&server, "/prices?filter[shop.fee]=1.5", "amount"), [amount]);
    assert_eq!(found(&server, "/prices?filter[shop.fee][gt]=1.5", "amount"), [""; 0]);
    assert_eq!(found(&server, &format!("/shops?filter[prices.amount]={amount}"), "fee"), ["1.50"]);
    for sort in ["shop.fee,amount", "-shop.fee,amount"] {
        let nulls_last = found(&server, &format!("/prices?sort={sort}"), "amount");
        assert_eq!((nulls_last[0].as_str(), nulls_last.len()), (amount, ascending.len()), "{sort}");
    }

    // Written back as it was shown; null; and what is refused, with the place.
    patch(&server, "prices", "1", &format!(r#"{{"amount":"{amount}","rate":{amount},"limit":null}}"#))
        .is(200);
    patch(&server, "prices", "1", r#"{"rate":"12.50","limit":"-0.00"}"#).is(200);
    let text = server.get("/prices/1", &[]).is(200).text();
    assert!(text.contains(r#""rate":12.50,"limit":"0.00""#), "{text}");
    patch(&server, "prices", "1", r#"{"rate":null}"#).is(200);
    assert_eq!(server.get("/prices/1", &[]).is(200).json()["data"]["attributes"]["rate"], Value::Null);
    for sent in [
        r#"1.5"#,
        "7",
        r#""""#,
        r#""1,5""#,
        r#""NaN""#,
        r#""Infinity""#,
        r#""1.""#,
        r#""+1""#,
        r#"" 1""#,
        r#""0x10""#,
        r#""1e500""#,
        r#""0.12345678901234567890123456789""#,
        r#""123456789012345678901234567890""#,
        "null",
        "true",
        "[]",
        "1e999",
    ] {
        let refused = patch(&server, "prices", "1", &format!(r#"{{"amount":{sent}}}"#)).is(422);
        assert_eq!(refused.pointers(), ["/data/attributes/amount"], "{sent}");
        let detail = refused.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("decimal number in a string") || sent == "null", "{sent}: {detail}");
    }
    for sent in [r#""x""#, "0.12345678901234567890123456789", "1e999", "true"] {
        let refused = patch(&server, "prices", "1", &format!(r#"{{"rate":{sent}}}"#)).is(422);
        assert_eq!(refused.pointers(), ["/data/attributes/rate"], "{sent}");
    }
    for (query, parameter) in [
        ("filter[amount]=1,x", "filter[amount]"),
        ("filter[amount][gt]=NaN", "filter[amount][gt]"),
        ("filter[amount][contains]=1", "filter[amount][contains]"),
        (r#"filter=[{"name":"amount","op":"eq","val":2.0}]"#, "filter"),
        (r#"filter=[{"name":"rate","op":"eq","val":0.12345678901234567}]"#, "filter"),
        (r#"filter=[{"name":"amount","op":"eq","field":"id"}]"#, "filter"),
    ] {
        let url = format!("/prices?{query}").replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let refused = server.get(&url, &[]).is(400);
        assert_eq!(refused.error(), ("invalid_filter".into(), json!({"parameter": parameter})), "{query}");
    }
    patch(&server, "prices", "1", r#"{"limit":"1"}"#).is(200);
    assert_eq!(found(&server, "/prices?filter[limit]=1.0", "limit"), ["1"]);
}

#[test]
fn decimals_are_exact_on_sqlite() {
    decimals_are_exact(&Place::sqlite("SELECT 1"));
}

#[cfg(feature = "postgres")]
#[test]
fn decimals_are_exact_on_postgresql() {
    if let Some(place) = Place::postgres("SELECT 1") {
        decimals_are_exact(&place);
    }
}

fn the_columns_digits_are_kept(place: &Place) {
    place.run(
        "INSERT INTO items (id, price, weight, total) VALUES (1, 0.99, 0.125, 1), (2, 1.00, 12, 13.86), \
         (3, -0.5, NULL, NULL), (4, 10, 123456.789012345, 0.10), (5, 9.9, 0, 2328.60)",
    );
    let server = place.serve(|rocket| rocket.mount("/", Item::routes()));
    // The declared digits behind the point stand there, whether the database keeps them or not.
    assert_eq!(found(&server, "/items?sort=price", "price"), ["-0.50", "0.99", "1.00", "9.90", "10.00"]);
    assert_eq!(walked(&server, "/items?sort=-price", "price"), ["10.00", "9.90", "1.00", "0.99", "-0.50"]);
    assert_eq!(
        found(&server, "/items?sort=weight", "weight"),
        ["0", "0.125", "12", "123456.789012345", "null"]
    );
    assert_eq!(
        walked(&server, "/items?sort=-weight", "weight"),
        ["123456.789012345", "12", "0.125", "0", "null"]
    );
    let text = server.get("/items/2", &[]).is(200).text();
    assert!(text.contains(r#""price":"1.00","weight":"12","total":13.86"#), "{text}");
    for (query, ids) in [
        ("filter[price]=1", &["1.00"][..]),
        ("filter[price]=0.990", &["0.99"]),
        ("filter[price][lt]=0.99", &["-0.50"]),
        ("filter[price][le]=0.99", &["-0.50", "0.99"]),
        ("filter[price][gt]=9.8999999999999999999999", &["9.90", "10.00"]),
        ("filter[price][in]=10.0,9.9,8", &["9.90", "10.00"]),
        ("filter[weight][is_null]=true", &["-0.50"]),
        ("filter[weight][ge]=12", &["1.00", "10.00"]),
    ] {
        assert_eq!(found(&server, &format!("/items?sort=price&{query}"), "price"), ids, "{query}");
    }
    // What is sent back is not written, and what is written is there to the last digit.
    patch(&server, "items", "4", r#"{"price":"10.00","weight":"123456.789012345"}"#).is(200);
    patch(&server, "items", "4", r#"{"price":"99999999.99","weight":"-0.000000123456789","total":0.30}"#)
        .is(200);
    let text = server.get("/items/4", &[]).is(200).text();
    assert!(text.contains(r#""price":"99999999.99","weight":"-0.000000123456789","total":0.30"#), "{text}");
    assert_eq!(
        found(&server, "/items?filter[price]=99999999.99", "total"),
        ["0.3"],
        "serde_json drops zeros"
    );
    // Never rounded: more digits than the column declares are refused.
    for (member, sent) in [
        ("price", r#""0.001""#),
        ("price", r#""100000000""#),
        ("price", r#""1.005""#),
        ("total", "0.125"),
        ("total", "1e10"),
    ] {
        let refused = patch(&server, "items", "4", &format!(r#"{{"{member}":{sent}}}"#)).is(422);
        assert_eq!(refused.pointers(), [format!("/data/attributes/{member}")], "{sent}");
        let detail = refused.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
        let expected = format!(
            "{member} must be a decimal number of at most 8 digits before the point and 2 digits behind it"
        );
        assert_eq!(detail.replace("and 2 behind", "and 2 digits behind"), expected);
        let refused = post(&server, "items", &format!(r#"{{"price":"1","{member}":{sent}}}"#)).is(422);
        assert_eq!(refused.pointers(), [format!("/data/attributes/{member}")], "{sent}");
    }
    let made = post(&server, "items", r#"{"price":"5","weight":"9007199254740993"}"#).is(201).text();
    assert!(made.contains(r#""price":"5.00","weight":"9007199254740993","total":null"#), "{made}");
}

#[test]
fn the_columns_digits_are_kept_on_sqlite() {
    let place = Place::sqlite(ITEMS);
    the_columns_digits_are_kept(&place);
    // A NUMERIC column of SQLite's keeps 15 digits, so that more are refused.
    let server = place.serve(|rocket| rocket.mount("/", Item::routes()));
    let refused = patch(&server, "items", "1", r#"{"weight":"0.1234567890123456"}"#).is(422);
    assert_eq!(refused.pointers(), ["/data/attributes/weight"]);
    let detail = refused.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "weight must be a decimal number of at most 15 significant digits");
    // What another program has computed in floats is the number that its column declares, or none.
    place.run("UPDATE items SET total = 4.62 + 9.24, weight = 0.1 + 0.2 WHERE id = 1");
    assert_eq!(place.ask("SELECT printf('%!.17g', weight) FROM items WHERE id = 1"), "0.30000000000000004");
    let document = server.get("/items/1", &[]).is(200).json();
    assert_eq!(document["data"]["attributes"]["total"].to_string(), "13.86");
    assert_eq!(document["data"]["attributes"]["weight"], Value::Null);
    assert_eq!(document["data"]["meta"]["warnings"][0]["member"], "weight");
    assert_eq!(found(&server, "/items?filter[total]=13.86&sort=id", "price").len(), 2);
    // It is null in filters, orders and pages, too.
    assert_eq!(found(&server, "/items?filter[weight][is_null]=true&filter[price]=0.99", "price"), ["0.99"]);
    assert_eq!(walked(&server, "/items?sort=weight", "price").len(), 6);
    // Text that is no number, in a column that would make one of it.
    place.run("UPDATE items SET weight = 'heavy' WHERE id = 2");
    let document = server.get("/items/2", &[]).is(200).json();
    assert_eq!(document["data"]["attributes"]["weight"], Value::Null);
    patch(&server, "items", "2", r#"{"weight":"1.5"}"#).is(200);
    assert_eq!(place.ask("SELECT typeof(weight) || weight FROM items WHERE id = 2"), "real1.5");
}

#[cfg(feature = "postgres")]
#[test]
fn the_columns_digits_are_kept_on_postgresql() {
    let Some(place) = Place::postgres(&ITEMS.replace("id INTEGER", "id bigserial")) else { return };
    the_columns_digits_are_kept(&place);
    let server = place.serve(|rocket| rocket.mount("/", Item::routes()));
    for (stored, is_shown) in [
        ("'NaN'", false),
        ("'Infinity'", false),
        ("1e40", false),
        ("1e-20", true),
        ("0.1234567890123456789", true),
    ] {
        place.run(&format!("UPDATE items SET weight = {stored} WHERE id = 1"));
        let document = server.get("/items/1", &[]).is(200).json();
        assert_eq!(document["data"]["attributes"]["weight"].is_string(), is_shown, "{stored}: {document}");
        assert_eq!(document["data"]["meta"]["warnings"][0]["member"] == "weight", !is_shown, "{stored}");
        server.get("/items?sort=weight", &[]).is(200);
    }
    // A domain's digits are its columns'.
    place.run("CREATE DOMAIN cents AS numeric(6,2); ALTER TABLE items ALTER weight TYPE cents USING 1");
    let server = place.serve(|rocket| rocket.mount("/", Item::routes()));
    assert_eq!(
        patch(&server, "items", "1", r#"{"weight":"0.005"}"#).is(422).pointers(),
        ["/data/attributes/weight"]
    );
    patch(&server, "items", "1", r#"{"weight":"9999.99"}"#).is(200);
    assert_eq!(found(&server, "/items?filter[weight]=9999.99", "weight"), ["9999.99"]);
}
