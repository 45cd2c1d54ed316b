//! Resources whose ids are made of several columns.

mod permission;
mod reads;
mod references;
mod schema;
mod writes;

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::Server;
use super::theirs::{Theirs, data, to};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "orders", etag)]
pub(super) struct Order {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, inverse = "order", linkage = true)]
    lines: ToMany<Line>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "products", etag)]
pub(super) struct Product {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(relationship, inverse = "product")]
    lines: ToMany<Line>,
}

/// A join table with attributes of its own.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "order-lines", id(order, product), etag)]
pub(super) struct Line {
    #[jsonapi(relationship, on_delete = "cascade")]
    order: ToOne<Order>,
    #[jsonapi(relationship)]
    product: ToOne<Product>,
    quantity: i64,
    note: Option<String>,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship)]
    warehouse: ToOne<Warehouse>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "warehouses", etag)]
pub(super) struct Warehouse {
    #[jsonapi(id)]
    id: String,
    #[jsonapi(relationship, inverse = "warehouse", linkage = true)]
    lines: ToMany<Line>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "rooms", etag)]
pub(super) struct Room {
    #[jsonapi(id)]
    id: Uuid,
    name: String,
    #[jsonapi(relationship, inverse = "room", linkage = true)]
    labels: ToMany<Label>,
}

/// An id of a UUID, text and a number.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "labels", id(room, language, number), etag)]
pub(super) struct Label {
    number: u32,
    language: String,
    text: String,
    #[jsonapi(relationship, on_delete = "cascade")]
    room: ToOne<Room>,
}

pub(super) fn serve(theirs: &Theirs) -> Server {
    theirs.serve("client_ids = true", |rocket| {
        let routes = [
            Order::routes(),
            Product::routes(),
            Line::routes(),
            Warehouse::routes(),
            Room::routes(),
            Label::routes(),
        ];
        rocket.mount("/", routes.concat())
    })
}

/// Runs a test over both databases, each with two orders, three products and two warehouses.
fn over_shops(test: impl Fn(&Theirs, &Server)) {
    super::theirs::over_both("SELECT 1", |theirs| {
        let server = serve(theirs);
        let make = |kind: &str, id: &str, attributes: Value| {
            server.write("POST", &format!("/{kind}"), &data(kind, Some(id), attributes, json!({}))).is(201);
        };
        ["1", "2"].iter().for_each(|id| make("orders", id, json!({"name": "order"})));
        ["1", "2", "10"].iter().for_each(|id| make("products", id, json!({"name": "product"})));
        ["north", "south"].iter().for_each(|id| make("warehouses", id, json!({})));
        test(theirs, &server);
    });
}

fn line(order: &str, product: &str, quantity: i64) -> Value {
    let relationships = json!({"order": to("orders", order), "product": to("products", product)});
    data("order-lines", None, json!({"quantity": quantity}), relationships)
}

/// The ids of a document's primary data.
fn ids(document: &Value) -> Vec<String> {
    let of = |resource: &Value| resource["id"].as_str().expect("an id").to_owned();
    document["data"].as_array().expect("a list").iter().map(of).collect()
}
