//! Products: exact prices, and what is no longer sold.

use serde_json::json;

use super::{ADA, ADMIN, CLERK, attribute, change, check_out, open, order_id, read, refused};

#[test]
fn prices_are_exact_and_never_negative() {
    let server = open();
    let mut connection = server.connect();
    let tag = connection.get("/products/3", &[CLERK]).etag().to_owned();
    let set = |connection: &mut crate::support::Connection, price: serde_json::Value, tag: &str| {
        let document = change("products", "3", json!({"price": price}));
        connection.patch("/products/3", &[CLERK, ("If-Match", tag)], &document)
    };
    for price in [json!("-0.01"), json!("0.001"), json!(6.5), json!("6,50")] {
        let response = set(&mut connection, price.clone(), &tag);
        assert_eq!(refused(&response, 422).1, "/data/attributes/price", "{price}");
    }
    let response = set(&mut connection, json!("0.10"), &tag);
    assert_eq!(response.status, 200, "{response:?}");
    // Three times 0.10 is 0.30, which it isn't in floats.
    assert_eq!(check_out(&mut connection, ADA, &order_id(1), &[(3, 3)]).status, 201);
    assert_eq!(attribute(&mut connection, &format!("/orders/{}", order_id(1)), "total"), "0.30");
    assert_eq!(attribute(&mut connection, "/accounts/1", "balance"), "99.70");
    let cheap = read(&mut connection, ADA, "/products?filter[price][lt]=1&sort=-price");
    assert_eq!(cheap["data"].as_array().map(Vec::len), Some(1), "{cheap}");
}

#[test]
fn a_clerk_who_has_seen_an_old_price_does_not_overwrite() {
    let server = open();
    let mut connection = server.connect();
    let document = change("products", "1", json!({"price": "27.90"}));
    assert_eq!(connection.patch("/products/1", &[CLERK], &document).status, 428);
    let seen = connection.get("/products/1", &[CLERK]).etag().to_owned();
    // Somebody buys one meanwhile.
    assert_eq!(check_out(&mut connection, ADA, &order_id(1), &[(1, 1)]).status, 201);
    let old = connection.patch("/products/1", &[CLERK, ("If-Match", &seen)], &document);
    assert_eq!(old.status, 412, "{old:?}");
    let now = old.etag().to_owned();
    assert_eq!(connection.patch("/products/1", &[CLERK, ("If-Match", &now)], &document).status, 200);
    assert_eq!(attribute(&mut connection, "/products/1", "stock"), 11);
}

#[test]
fn what_is_no_longer_sold_stays_in_its_orders() {
    let server = open();
    let mut connection = server.connect();
    assert_eq!(check_out(&mut connection, ADA, &order_id(1), &[(2, 1)]).status, 201);
    let tag = connection.get("/products/2", &[CLERK]).etag().to_owned();
    assert_eq!(connection.delete("/products/2", &[ADA, ("If-Match", &tag)]).status, 403);
    assert_eq!(connection.delete("/products/2", &[CLERK, ("If-Match", &tag)]).status, 204);
    assert_eq!(connection.get("/products/2", &[ADA]).status, 404);
    assert_eq!(read(&mut connection, ADA, "/products")["data"].as_array().map(Vec::len), Some(2));
    let gone = check_out(&mut connection, ADA, &order_id(2), &[(2, 1)]);
    assert_eq!(refused(&gone, 404), ("not_sold".into(), json!("/lines/0/product")));
    let path = format!("/orders/{}?include=lines.product", order_id(1));
    let order = read(&mut connection, ADA, &path);
    let included = order["included"].as_array().expect("included");
    let article = included.iter().find(|one| one["type"] == "articles").expect("an article");
    assert_eq!(article["attributes"]["title"], "Teapot");
    assert!(article["attributes"]["soldUntil"].is_string(), "{article}");
    // Nobody writes to what was ever sold but the shop itself.
    assert_eq!(connection.delete("/articles/2", &[ADMIN]).status, 405);
}
