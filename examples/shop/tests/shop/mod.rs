//! What the tests know of the shop.

mod catalogue;
mod check_out;
mod pictures;
mod release;
mod roles;

use serde_json::{Value, json};

use crate::support::transcript::{curl_is_there, run_transcripts};
use crate::support::{Connection, Launch, Response, Server};

/// Who asks.
pub(crate) const ADMIN: (&str, &str) = ("Authorization", "Bearer admin");
pub(crate) const CLERK: (&str, &str) = ("Authorization", "Bearer clerk");
pub(crate) const ADA: (&str, &str) = ("Authorization", "Bearer customer-1");
pub(crate) const GRACE: (&str, &str) = ("Authorization", "Bearer customer-2");

/// A shop in which nothing is released while a test looks.
pub(crate) fn open() -> Server {
    Launch::new().start()
}

/// The id of an order: any UUID that the customer makes.
pub(crate) fn order_id(number: u32) -> String {
    format!("018f0000-0000-7000-8000-{number:012}")
}

/// Checks out a basket of products and quantities.
pub(crate) fn check_out(
    connection: &mut Connection,
    who: (&str, &str),
    order: &str,
    lines: &[(u64, u32)],
) -> Response {
    let lines: Vec<_> =
        lines.iter().map(|(product, quantity)| json!({"product": product, "quantity": quantity})).collect();
    put(connection, who, order, &json!({"lines": lines}).to_string())
}

/// Checks out whatever this is.
pub(crate) fn put(connection: &mut Connection, who: (&str, &str), order: &str, basket: &str) -> Response {
    let fields = [("Content-Type", "application/json"), who];
    connection.request("PUT", &format!("/orders/{order}"), &fields, Some(basket.as_bytes()))
}

/// The document at a path.
#[track_caller]
pub(crate) fn read(connection: &mut Connection, who: (&str, &str), path: &str) -> Value {
    let response = connection.get(path, &[who]);
    assert_eq!(response.status, 200, "{path}: {response:?}");
    response.json()
}

/// An attribute of the resource at a path.
#[track_caller]
pub(crate) fn attribute(connection: &mut Connection, path: &str, name: &str) -> Value {
    read(connection, ADMIN, path)["data"]["attributes"][name].clone()
}

/// The one error of a refusal: its code and its pointer.
#[track_caller]
pub(crate) fn refused(response: &Response, status: u16) -> (String, Value) {
    assert_eq!(response.status, status, "{response:?}");
    let document = response.json();
    let [error] = document["errors"].as_array().expect("errors").as_slice() else { panic!("{response:?}") };
    (error["code"].as_str().expect("a code").to_owned(), error["source"]["pointer"].clone())
}

/// The document that changes a resource.
pub(crate) fn change(kind: &str, id: &str, attributes: Value) -> Value {
    json!({"data": {"type": kind, "id": id, "attributes": attributes}})
}

#[test]
fn the_readmes_transcripts_are_what_curl_shows() {
    if curl_is_there() {
        assert_eq!(run_transcripts("README.md", include_str!("../../README.md")), 5);
    }
}
