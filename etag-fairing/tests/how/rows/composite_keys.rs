//! A key of several columns.

use etag_fairing::testing::Document;
use etag_fairing::{JsonApiResource, ToMany, ToOne};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "order-lines", id(order, product), etag)]
struct OrderLine {
    #[jsonapi(relationship)]
    order: ToOne<Order>,
    #[jsonapi(relationship)]
    product: ToOne<Product>,
    quantity: u32,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "orders")]
struct Order {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "order")]
    lines: ToMany<OrderLine>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "products")]
struct Product {
    #[jsonapi(id)]
    id: i64,
}

#[test]
fn are_one_id() {
    on_each(
        || {
            let routes = [OrderLine::routes(), Order::routes(), Product::routes()].concat();
            application().mount("/v1", routes)
        },
        |client| {
            client.seed(&Order { id: 1, lines: ToMany::unread() });
            client.seed(&Product { id: 5 });
            let line = OrderLine { order: ToOne::to(1), product: ToOne::to(5), quantity: 2 };
            let id = client.seed(&line);
            assert_eq!(id.to_string(), "1~5");
            let seen = client.get("/v1/order-lines/1~5").send().expect(200);
            assert_eq!(seen.one::<OrderLine>(), line);
            let edit = Document::new("order-lines").id("1~5").attribute("quantity", 3);
            let path = "/v1/order-lines/1~5";
            let edited = client.patch(path).if_match(seen.tag()).document(&edit).send().expect(200);
            assert_eq!(edited.one::<OrderLine>().quantity, 3);
            let order = client.get("/v1/orders/1?include=lines.product").send().expect(200);
            assert_eq!(order.resource().related_ids("lines"), ["1~5"]);
            assert_eq!(order.included::<Product>()[0].id, 5);
            assert_eq!(client.get("/v1/order-lines?filter[id]=1~5,1~6").send().expect(200).ids(), ["1~5"]);
            let moved = serde_json::json!({ "data": { "type": "products", "id": "6" } });
            client.patch("/v1/order-lines/1~5/relationships/product").json(&moved).send().expect(403);
        },
    );
}
