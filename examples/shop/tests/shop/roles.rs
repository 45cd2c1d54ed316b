//! Who sees what, and who may do what.

use serde_json::{Value, json};

use super::{ADA, ADMIN, CLERK, GRACE, change, check_out, open, order_id, read};

#[test]
fn a_customer_sees_the_own_orders_and_the_own_account() {
    let server = open();
    let mut connection = server.connect();
    assert_eq!(check_out(&mut connection, ADA, &order_id(1), &[(3, 1)]).status, 201);
    assert_eq!(check_out(&mut connection, GRACE, &order_id(2), &[(3, 1), (2, 1)]).status, 201);
    let count = |connection: &mut crate::support::Connection, who, path: &str| {
        read(connection, who, path)["data"].as_array().map(Vec::len)
    };
    for (path, ada, grace, clerk) in [("/orders", 1, 1, 2), ("/order-lines", 1, 2, 3), ("/accounts", 1, 1, 2)]
    {
        assert_eq!(count(&mut connection, ADA, path), Some(ada), "{path}");
        assert_eq!(count(&mut connection, GRACE, path), Some(grace), "{path}");
        assert_eq!(count(&mut connection, CLERK, path), Some(clerk), "{path}");
        assert_eq!(connection.get(path, &[]).status, 401, "{path}");
    }
    let path = format!("/orders/{}", order_id(2));
    assert_eq!(connection.get(&path, &[ADA]).status, 404);
    let document = change("orders", &order_id(2), json!({"status": "confirmed"}));
    assert_eq!(connection.patch(&path, &[ADA, ("If-Match", "*")], &document).status, 404);
    assert_eq!(connection.get("/accounts/2", &[ADA]).status, 404);
}

#[test]
fn nobody_gives_themselves_money() {
    let server = open();
    let mut connection = server.connect();
    let rich = change("accounts", "1", json!({"balance": "1000.00"}));
    for who in [ADA, CLERK] {
        assert_eq!(connection.patch("/accounts/1", &[who], &rich).status, 403);
    }
    let account =
        json!({"data": {"type": "accounts", "attributes": {"name": "Ada again", "balance": "5.00"}}});
    assert_eq!(connection.post("/accounts", &[ADA], &account).status, 403);
    assert_eq!(connection.post("/accounts", &[ADMIN], &account).status, 201);
    assert_eq!(check_out(&mut connection, ADA, &order_id(1), &[(3, 1)]).status, 201);
    // Neither by a total of their own, nor by somebody else's account.
    let path = format!("/orders/{}", order_id(1));
    let cheap = change("orders", &order_id(1), json!({"total": "0.00"}));
    assert_eq!(connection.patch(&path, &[ADA], &cheap).status, 422);
    let customer = json!({"data": {"type": "accounts", "id": "2"}});
    let relationship = format!("{path}/relationships/customer");
    assert_eq!(connection.patch(&relationship, &[ADA], &customer).status, 403);
    let moved =
        json!({"data": {"type": "orders", "id": order_id(1), "relationships": {"customer": customer}}});
    assert_eq!(connection.patch(&path, &[ADA], &moved).status, 403);
}

#[test]
fn only_admins_know_what_the_shop_has_paid() {
    let server = open();
    let mut connection = server.connect();
    let paid = |document: &Value| document["data"]["attributes"]["purchasePrice"].clone();
    assert_eq!(paid(&read(&mut connection, ADMIN, "/products/1")), "14.00");
    for who in [ADA, CLERK] {
        assert_eq!(paid(&read(&mut connection, who, "/products/1")), Value::Null);
        for query in ["filter[purchasePrice][lt]=20", "sort=purchasePrice", "fields[products]=purchasePrice"]
        {
            assert_eq!(connection.get(&format!("/products?{query}"), &[who]).status, 400, "{query}");
        }
    }
    // Nobody's memo is anybody else's.
    assert_eq!(paid(&read(&mut connection, ADMIN, "/products/1")), "14.00");
    let tag = connection.get("/products/1", &[CLERK]).etag().to_owned();
    let document = change("products", "1", json!({"purchasePrice": "1.00"}));
    assert_eq!(connection.patch("/products/1", &[CLERK, ("If-Match", &tag)], &document).status, 403);
    assert_eq!(connection.patch("/products/1", &[ADMIN, ("If-Match", "*")], &document).status, 200);
    // What a clerk can't see, doesn't stand against what a clerk does.
    let document = change("products", "1", json!({"title": "Kettle, red"}));
    assert_eq!(connection.patch("/products/1", &[CLERK, ("If-Match", &tag)], &document).status, 200);
    assert_eq!(paid(&read(&mut connection, ADMIN, "/products/1")), "1.00");
    assert_eq!(connection.post("/products", &[ADA], &document).status, 403);
}
