//! What the OpenAPI document says beside what is known of the structs: how one logs in, and the routes that are written by
//! hand. `cargo run -p shop -- openapi` prints it.

use etag_fairing::{JsonApi, OpenApi};
use serde_json::{Value, json};

use crate::roles::{Admin, Caller, Clerk};

pub(crate) fn openapi() -> OpenApi {
    let scheme = json!({
        "type": "http", "scheme": "bearer", "description": "`customer-7`, `clerk` or `admin`, in plain words.",
    });
    JsonApi::openapi()
        .title("The shop")
        .version(env!("CARGO_PKG_VERSION"))
        .security_scheme("token", scheme)
        .guard::<Caller>("token")
        .guard::<Clerk>("token")
        .guard::<Admin>("token")
        .merge(routes_by_hand())
}

fn routes_by_hand() -> Value {
    let refused = |description: &str| {
        json!({"description": description, "content": {
            "application/vnd.api+json": {"schema": {"$ref": "#/components/schemas/jsonapi..errors"}},
        }})
    };
    let order =
        json!({"application/vnd.api+json": {"schema": {"$ref": "#/components/schemas/orders.document"}}});
    let (tag, location) = (header("ETag"), header("Location"));
    let placed = |description: &str| json!({"description": description, "content": order, "headers": {"ETag": tag, "Location": location}});
    let mut changed = refused("Somebody has replaced it.");
    changed["headers"] = json!({"ETag": tag});
    let stored = |description: &str| json!({"description": description, "headers": {"ETag": tag}});
    let image = json!({"schema": {"type": "string", "contentEncoding": "binary"}});
    let images = json!({"image/png": image, "image/jpeg": image, "image/webp": image});
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}]);
    json!({
        "paths": {
            "/orders/{id}": {"put": {
                "operationId": "orders.check_out",
                "tags": ["orders"],
                "summary": "Buy what is in the basket",
                "description": "The customer chooses the id: who gets no answer may ask again, and buys once.",
                "security": [{"token": []}],
                "requestBody": {"required": true, "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/basket"}},
                }},
                "responses": {
                    "201": placed("Bought."),
                    "200": placed("Bought before, by a request with the same id."),
                    "default": refused("Nothing was bought."),
                },
            }},
            "/products/{id}/picture": {
                "parameters": id,
                "get": {
                    "operationId": "products.picture",
                    "tags": ["products"],
                    "summary": "The picture of a product",
                    "responses": {
                        "200": {"description": "The picture.", "content": images, "headers": {"ETag": tag}},
                        "304": {"description": "The client has it already.", "headers": {"ETag": tag}},
                        "default": refused("There is no such picture."),
                    },
                },
                "put": {
                    "operationId": "products.put_picture",
                    "tags": ["products"],
                    "summary": "Replace the picture of a product",
                    "parameters": [
                        {"$ref": "#/components/parameters/If-Match"},
                        {"$ref": "#/components/parameters/If-None-Match"},
                    ],
                    "security": [{"token": []}],
                    "requestBody": {"required": true, "content": images},
                    "responses": {
                        "200": stored("Replaced."),
                        "201": stored("The first one."),
                        "412": changed,
                        "default": refused("The picture stays as it is."),
                    },
                },
            },
        },
        "components": {"schemas": {"basket": {
            "type": "object",
            "required": ["lines"],
            "additionalProperties": false,
            "properties": {"lines": {"type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["product", "quantity"],
                "additionalProperties": false,
                "properties": {
                    "product": {"type": "integer"},
                    "quantity": {"type": "integer", "minimum": 1, "maximum": u32::MAX},
                },
            }}},
        }}},
    })
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}
