//! The job that releases orders.

use std::time::Duration;

use serde_json::json;

use super::{ADA, CLERK, attribute, change, check_out, order_id, read, refused};
use crate::support::Launch;

#[test]
fn an_order_that_nobody_confirms_gives_everything_back() {
    let server = Launch::new().env("ROCKET_SHOP", "{reservation=0,release_every=1}").start();
    let mut connection = server.connect();
    let before = connection.get("/products", &[ADA]).etag().to_owned();
    assert_eq!(check_out(&mut connection, ADA, &order_id(1), &[(1, 2), (3, 1)]).status, 201);
    // What is no longer sold is given back, too.
    assert_eq!(connection.delete("/products/3", &[CLERK, ("If-Match", "*")]).status, 204);
    let path = format!("/orders/{}", order_id(1));
    for _ in 0..1_000 {
        if attribute(&mut connection, &path, "status") == "released" {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let order = read(&mut connection, ADA, &path);
    assert_eq!(order["data"]["attributes"]["status"], "released");
    assert_eq!(order["data"]["attributes"]["total"], "66.30");
    assert_eq!(attribute(&mut connection, "/products/1", "stock"), 12);
    assert_eq!(attribute(&mut connection, "/articles/3", "stock"), 80);
    assert_eq!(attribute(&mut connection, "/accounts/1", "balance"), "100.00");
    // Too late.
    let late = change("orders", &order_id(1), json!({"status": "confirmed"}));
    assert_eq!(refused(&connection.patch(&path, &[ADA], &late), 409).0, "wrong_step");
    // Neither the memo nor a tag is of the time before.
    assert_eq!(connection.get("/products", &[ADA, ("If-None-Match", &before)]).status, 200);
    let output = server.output();
    assert_eq!(output.matches(&format!("order {} is released", order_id(1))).count(), 1, "{output}");
}

#[test]
fn a_confirmed_order_stays() {
    let server = Launch::new().env("ROCKET_SHOP", "{reservation=1,release_every=1}").start();
    let mut connection = server.connect();
    for number in [1, 2] {
        assert_eq!(check_out(&mut connection, ADA, &order_id(number), &[(3, 1)]).status, 201);
    }
    let path = format!("/orders/{}", order_id(1));
    let document = change("orders", &order_id(1), json!({"status": "confirmed"}));
    let confirmed = connection.patch(&path, &[ADA], &document);
    let other = format!("/orders/{}", order_id(2));
    for _ in 0..2_000 {
        if attribute(&mut connection, &other, "status") == "released" {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(attribute(&mut connection, &other, "status"), "released");
    // On a slow machine the job may have been first; then the customer was told.
    let expected = if confirmed.status == 200 { ("confirmed", 79) } else { ("released", 80) };
    assert_eq!(attribute(&mut connection, &path, "status"), expected.0);
    assert_eq!(attribute(&mut connection, "/products/3", "stock"), expected.1);
}

#[test]
fn a_wrong_setting_stops_the_launch() {
    let failure = Launch::new().env("ROCKET_SHOP", "{reservations=60}").refused();
    assert!(failure.output.contains("reservations"), "{}", failure.output);
}
