//! The transaction across stock, order and account.

use serde_json::{Value, json};

use super::{ADA, ADMIN, CLERK, GRACE, attribute, change, check_out, open, order_id, put, read, refused};

#[test]
fn a_check_out_takes_stock_and_money_and_makes_the_order() {
    let server = open();
    let mut connection = server.connect();
    let placed = check_out(&mut connection, ADA, &order_id(1), &[(1, 2), (3, 1)]);
    assert_eq!(placed.status, 201, "{placed:?}");
    let path = placed.header("Location").expect("a Location").to_owned();
    // The answer is what a GET shows, with the tag that a confirmation needs.
    let shown = connection.get(&path, &[ADA]);
    assert_eq!((&shown.body, shown.etag()), (&placed.body, placed.etag()));
    let order = read(&mut connection, ADA, &format!("{path}?include=lines.product"));
    assert_eq!(order["data"]["attributes"]["status"], "reserved");
    assert_eq!(order["data"]["attributes"]["total"], "66.30");
    assert_eq!(order["data"]["relationships"]["customer"]["data"], json!({"type": "accounts", "id": "1"}));
    let of_type = |kind: &str| {
        let included = order["included"].as_array().cloned().unwrap_or_default();
        included.into_iter().filter(|one| one["type"] == kind).collect::<Vec<_>>()
    };
    let lines: Vec<_> = of_type("order-lines").iter().map(|line| line["attributes"].clone()).collect();
    let expected = [
        json!({"quantity": 2, "price": "29.90", "amount": "59.80"}),
        json!({"quantity": 1, "price": "6.50", "amount": "6.50"}),
    ];
    assert_eq!(lines, expected);
    assert_eq!(of_type("articles").len(), 2);
    // A line is named by its order and its product.
    let lines: Vec<_> = of_type("order-lines").iter().map(|line| line["id"].clone()).collect();
    let id = |product: u32| format!("{}~{product}", order_id(1));
    assert_eq!(lines, [json!(id(1)), json!(id(3))]);
    let line = read(&mut connection, ADA, &format!("/order-lines/{}", id(3)));
    assert_eq!(line["data"]["relationships"]["product"]["data"], json!({"type": "articles", "id": "3"}));
    let of_tea = read(&mut connection, ADA, "/order-lines?filter[product]=3&filter[order.status]=reserved");
    assert_eq!(of_tea["data"][0]["id"], id(3));
    assert_eq!(connection.get(&format!("/order-lines/{}", id(2)), &[ADA]).status, 404);
    assert_eq!(attribute(&mut connection, "/products/1", "stock"), 10);
    assert_eq!(attribute(&mut connection, "/products/3", "stock"), 79);
    assert_eq!(attribute(&mut connection, "/accounts/1", "balance"), "33.70");
    // One mail, once the order is there.
    let mail = format!("mail to customer 1: order {} is placed, 66.30", order_id(1));
    wait_for(&server, &mail);
}

/// The mailbox is emptied by and by.
fn wait_for(server: &crate::support::Server, line: &str) {
    let count = || server.output().matches(line).count();
    for _ in 0..1_000 {
        if count() > 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(count(), 1, "{line}: {}", server.output());
}

#[test]
fn who_asks_again_buys_once() {
    let server = open();
    let mut connection = server.connect();
    let basket = [(3, 2)];
    assert_eq!(check_out(&mut connection, ADA, &order_id(1), &basket).status, 201);
    let again = check_out(&mut connection, ADA, &order_id(1), &basket);
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(again.header("Location"), Some(&*format!("/orders/{}", order_id(1))));
    assert_eq!(attribute(&mut connection, "/products/3", "stock"), 78);
    assert_eq!(attribute(&mut connection, "/accounts/1", "balance"), "87.00");
    // Somebody else's id is taken, and this is all that is told.
    let taken = check_out(&mut connection, GRACE, &order_id(1), &basket);
    assert_eq!(refused(&taken, 409).0, "id_exists");
    assert_eq!(attribute(&mut connection, "/accounts/2", "balance"), "100.00");
}

#[test]
fn what_is_refused_changes_nothing() {
    let server = open();
    let mut connection = server.connect();
    let before: Vec<Value> = ["/products", "/accounts", "/orders", "/order-lines"]
        .iter()
        .map(|path| read(&mut connection, ADMIN, path)["data"].clone())
        .collect();
    let order = order_id(1);
    // The first line could be bought, the second one can't.
    let short = check_out(&mut connection, ADA, &order, &[(3, 1), (2, 4)]);
    assert_eq!(refused(&short, 409), ("out_of_stock".into(), json!("/lines/1/quantity")));
    assert_eq!(short.json()["errors"][0]["meta"]["left"], 3);
    let poor = check_out(&mut connection, ADA, &order, &[(1, 4)]);
    assert_eq!(refused(&poor, 402), ("not_enough_money".into(), Value::Null));
    let unknown = check_out(&mut connection, ADA, &order, &[(3, 1), (9, 1)]);
    assert_eq!(refused(&unknown, 404), ("not_sold".into(), json!("/lines/1/product")));
    let none = check_out(&mut connection, ADA, &order, &[(3, 0)]);
    assert_eq!(refused(&none, 422), ("bad_basket".into(), json!("/lines/0/quantity")));
    let twice = check_out(&mut connection, ADA, &order, &[(3, 1), (3, 1)]);
    assert_eq!(refused(&twice, 422), ("bad_basket".into(), json!("/lines/1/product")));
    assert_eq!(refused(&check_out(&mut connection, ADA, &order, &[]), 422).1, "/lines");
    let number = put(&mut connection, ADA, &order, r#"{"lines": [{"product": 1, "quantity": -1}]}"#);
    assert_eq!(refused(&number, 422).0, "bad_basket");
    let misspelt = put(&mut connection, ADA, &order, r#"{"lines": [], "price": "0.01"}"#);
    assert_eq!(refused(&misspelt, 422).0, "bad_basket");
    for id in ["no-uuid", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(check_out(&mut connection, ADA, id, &[(3, 1)]).status, 404);
    }
    // Nobody has such an account, and the shop's people have none.
    let nobody = ("Authorization", "Bearer customer-99");
    assert_eq!(check_out(&mut connection, nobody, &order, &[(3, 1)]).status, 404);
    assert_eq!(check_out(&mut connection, CLERK, &order, &[(3, 1)]).status, 403);
    assert_eq!(check_out(&mut connection, ("X-Nobody", "x"), &order, &[(3, 1)]).status, 401);
    let after: Vec<Value> = ["/products", "/accounts", "/orders", "/order-lines"]
        .iter()
        .map(|path| read(&mut connection, ADMIN, path)["data"].clone())
        .collect();
    assert_eq!(after, before);
}

#[test]
fn an_order_goes_its_way_and_never_back() {
    let server = open();
    let mut connection = server.connect();
    assert_eq!(check_out(&mut connection, ADA, &order_id(1), &[(3, 1)]).status, 201);
    let path = format!("/orders/{}", order_id(1));
    let step = |connection: &mut crate::support::Connection, who, status: &str, tag: &str| {
        let document = change("orders", &order_id(1), json!({"status": status}));
        connection.patch(&path, &[who, ("If-Match", tag)], &document)
    };
    let reserved = connection.get(&path, &[ADA]).etag().to_owned();
    let early = step(&mut connection, ADA, "shipped", &reserved);
    assert_eq!(refused(&early, 409), ("wrong_step".into(), json!("/data/attributes/status")));
    let confirmed = step(&mut connection, ADA, "confirmed", &reserved);
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    // Seen before that, it can't be decided on.
    assert_eq!(step(&mut connection, CLERK, "shipped", &reserved).status, 412);
    let confirmed = confirmed.etag().to_owned();
    assert_eq!(refused(&step(&mut connection, ADA, "shipped", &confirmed), 409).0, "wrong_step");
    let shipped = step(&mut connection, CLERK, "shipped", &confirmed);
    assert_eq!(shipped.status, 200, "{shipped:?}");
    let back = step(&mut connection, CLERK, "reserved", shipped.etag());
    assert_eq!(refused(&back, 409).0, "wrong_step");
    // A closed set of texts.
    let wrong = step(&mut connection, CLERK, "lost", "*");
    assert!(wrong.status == 422 && wrong.text().contains("confirmed"), "{wrong:?}");
    let found = read(&mut connection, CLERK, "/orders?filter[status]=shipped");
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1));
    // What a check-out has made, nobody else makes or deletes.
    assert_eq!(connection.delete(&path, &[ADMIN]).status, 405);
    assert_eq!(connection.post("/order-lines", &[ADMIN], &json!({"data": null})).status, 405);
}
