//! Creating, changing and deleting them.

use std::sync::Barrier;

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};

use super::super::support::{Answer, Server};
use super::super::theirs::{data, delete, over_both, to};
use super::{ids, line, over_shops};

fn write_if(server: &Server, url: &str, document: &Value, tag: &str) -> Answer {
    let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag)];
    server.send("PATCH", url, &fields, &document.to_string())
}

#[test]
fn the_members_of_a_new_resource_make_its_id() {
    over_shops(|_, server| {
        let created = server.write("POST", "/order-lines", &line("1", "2", 3)).is(201);
        assert_eq!(created.field("location"), Some("/order-lines/1~2"));
        let read = server.get("/order-lines/1~2", &[]).is(200);
        assert_eq!(read.body, created.body);
        assert_eq!(read.tag(), created.tag());
        let resource = &read.json()["data"];
        assert_eq!(resource["id"], "1~2");
        assert_eq!(resource["links"]["self"], "/order-lines/1~2");
        assert_eq!(resource["relationships"]["order"]["data"], json!({"type": "orders", "id": "1"}));
        assert_eq!(resource["relationships"]["product"]["links"]["related"], "/order-lines/1~2/product");

        let twice = server.write("POST", "/order-lines", &line("1", "2", 4)).is(409);
        assert_eq!(twice.error(), ("id_exists".into(), json!({"pointer": "/data/relationships/order"})));
        // What the client calls it must be what the members make of it.
        let mut named = line("1", "10", 1);
        named["data"]["id"] = "1~2".into();
        let error = server.write("POST", "/order-lines", &named).is(409).error();
        assert_eq!(error, ("id_mismatch".into(), json!({"pointer": "/data/id"})));
        named["data"]["id"] = "1~10".into();
        server.write("POST", "/order-lines", &named).is(201);

        let mut incomplete = line("1", "1", 1);
        incomplete["data"]["relationships"].as_object_mut().unwrap().remove("product");
        server.write("POST", "/order-lines", &incomplete).is(422);
        let mut empty = line("1", "1", 1);
        empty["data"]["relationships"]["product"]["data"] = Value::Null;
        let error = server.write("POST", "/order-lines", &empty);
        assert!(matches!(error.status, 400 | 422), "{}", error.text());
        let missing = server.write("POST", "/order-lines", &line("1", "77", 1)).is(404);
        assert_eq!(missing.pointers(), ["/data/relationships/product/data/id"]);
        assert_eq!(ids(&server.get("/order-lines", &[]).is(200).json()), ["1~2", "1~10"]);
    });
}

#[test]
fn parts_may_be_any_text_and_uuids() {
    over_shops(|_, server| {
        let room = "0190163d-8694-739b-aea5-966c26f8ad91";
        server
            .write("POST", "/rooms", &data("rooms", Some(room), json!({"name": "Hall"}), json!({})))
            .is(201);
        let label = |language: &str, number: Value| {
            let attributes = json!({"language": language, "number": number, "text": "Saal"});
            data("labels", None, attributes, json!({"room": to("rooms", room)}))
        };
        for (language, segment) in [
            ("de", "de"),
            ("a~b", "a%21~b"),
            ("a!", "a%21%21"),
            ("!~", "%21%21%21~"),
            (".", "."),
            ("..", ".."),
            ("é/ü?#%", "%C3%A9%2F%C3%BC%3F%23%25"),
            ("it's \"here\"\\", "it%27s%20%22here%22%5C"),
            ("[1]", "%5B1%5D"),
        ] {
            let made = server.write("POST", "/labels", &label(language, 7.into())).is(201);
            let url = format!("/labels/{room}~{segment}~7");
            assert_eq!(made.field("location"), Some(&*url), "{language:?}");
            let read = server.get(&url, &[]).is(200);
            assert_eq!(read.body, made.body);
            let id = read.json()["data"]["id"].as_str().unwrap().to_owned();
            let by_id = server.get(
                &format!("/labels?filter[id]={segment_of_id}", segment_of_id = &url["/labels/".len()..]),
                &[],
            );
            assert_eq!(ids(&by_id.is(200).json()), std::slice::from_ref(&id));
            server.write("POST", "/labels", &label(language, 7.into())).is(409);
            let patch = json!({"data": {"type": "labels", "id": id, "attributes": {"text": "Halle"}}});
            let changed = server.write("PATCH", &url, &patch).is(200);
            assert_eq!(changed.body, server.get(&url, &[]).body);
            // Its room shows it, by the same id.
            let linkage = server.get(&format!("/rooms/{room}/relationships/labels"), &[]).is(200).json();
            assert_eq!(ids(&linkage), [id]);
            delete(server, &url).is(204);
            server.get(&url, &[]).is(404);
        }
        for (language, number) in
            [("", json!(1)), ("a", json!(-1)), ("a", json!("1")), ("a", json!(4_294_967_296_u64))]
        {
            server.write("POST", "/labels", &label(language, number)).is(422);
        }
        // As long as an id may be, and a byte more. (`room~language~7`, where `!` stands twice.)
        let most = 255 - room.len() - "~~7".len();
        for language in ["x".repeat(most), "!".repeat(most / 2)] {
            let made = server.write("POST", "/labels", &label(&language, 7.into())).is(201);
            server.get(made.field("location").unwrap(), &[]).is(200);
        }
        for language in ["x".repeat(most + 1), "!".repeat(most / 2 + 1), "y".repeat(100_000)] {
            let refused = server.write("POST", "/labels", &label(&language, 7.into())).is(422);
            assert_eq!(refused.error(), ("validation_failed".into(), json!({"pointer": "/data"})));
            assert!(refused.text().contains("max_id_length"), "{}", refused.text());
        }
    });
}

#[test]
fn an_id_never_changes() {
    over_shops(|_, server| {
        let tag = server.write("POST", "/order-lines", &line("1", "2", 3)).is(201).tag();
        // Sent back whole, and with another quantity.
        let mut whole = server.get("/order-lines/1~2", &[]).json();
        let same = write_if(server, "/order-lines/1~2", &whole, &tag).is(200);
        assert_eq!(same.tag(), tag);
        whole["data"]["attributes"]["quantity"] = 4.into();
        let changed = write_if(server, "/order-lines/1~2", &whole, &tag).is(200);
        write_if(server, "/order-lines/1~2", &whole, &tag).is(412);
        assert_ne!(changed.tag(), tag);

        let whole = changed.json();
        let mut moved = whole.clone();
        moved["data"]["relationships"]["product"] = to("products", "1");
        let error = server.write("PATCH", "/order-lines/1~2", &moved).is(403).error();
        assert_eq!(error, ("part_of_id".into(), json!({"pointer": "/data/relationships/product"})));
        let mut renamed = whole.clone();
        renamed["data"]["id"] = "1~1".into();
        let error = server.write("PATCH", "/order-lines/1~2", &renamed).is(409).error();
        assert_eq!(error, ("id_mismatch".into(), json!({"pointer": "/data/id"})));

        // By the relationships' own URLs, from either end.
        let product = "/order-lines/1~2/relationships/product";
        server.write("PATCH", product, &to("products", "2")).is(200);
        let error = server.write("PATCH", product, &to("products", "1")).is(403).error();
        assert_eq!(error, ("part_of_id".into(), json!({"pointer": "/data"})));
        for (method, lines) in [
            ("PATCH", json!([])),
            ("POST", json!([{"type": "order-lines", "id": "1~2"}])),
            ("DELETE", json!([{"type": "order-lines", "id": "1~2"}])),
        ] {
            for parent in ["/orders/1", "/orders/2", "/products/2"] {
                let url = format!("{parent}/relationships/lines");
                let error = server.write(method, &url, &json!({"data": lines})).is(403).error();
                assert_eq!(error.0, "part_of_id", "{method} {url}");
            }
        }
        // Nor with the parent.
        let mut order = server.get("/orders/1", &[]).json();
        server.write("PATCH", "/orders/1", &order).is(200);
        order["data"]["relationships"]["lines"]["data"] = json!([]);
        let error = server.write("PATCH", "/orders/1", &order).is(403).error();
        assert_eq!(error, ("part_of_id".into(), json!({"pointer": "/data/relationships/lines"})));
        let lines = json!({"lines": {"data": [{"type": "order-lines", "id": "1~2"}]}});
        server.write("POST", "/orders", &data("orders", None, json!({"name": "x"}), lines)).is(403);
        let none = json!({"lines": {"data": []}});
        server.write("POST", "/orders", &data("orders", None, json!({"name": "x"}), none)).is(201);

        // A part that is an attribute.
        let room = "0190163d-8694-739b-aea5-966c26f8ad91";
        server
            .write("POST", "/rooms", &data("rooms", Some(room), json!({"name": "Hall"}), json!({})))
            .is(201);
        let attributes = json!({"language": "de", "number": 1, "text": "Saal"});
        let label = data("labels", None, attributes, json!({"room": to("rooms", room)}));
        let url = server.write("POST", "/labels", &label).is(201).field("location").unwrap().to_owned();
        let mut label = server.get(&url, &[]).json();
        server.write("PATCH", &url, &label).is(200);
        label["data"]["attributes"]["language"] = "fr".into();
        let error = server.write("PATCH", &url, &label).is(403).error();
        assert_eq!(error, ("part_of_id".into(), json!({"pointer": "/data/attributes/language"})));
    });
}

#[test]
fn of_two_who_have_seen_the_same_one_wins() {
    over_shops(|_, server| {
        let mut tag = server.write("POST", "/order-lines", &line("2", "10", 0)).is(201).tag();
        for round in 1..6 {
            let barrier = Barrier::new(4);
            let statuses: Vec<u16> = std::thread::scope(|scope| {
                let writers: Vec<_> = (0..4)
                    .map(|writer| {
                        let (tag, barrier) = (&tag, &barrier);
                        scope.spawn(move || {
                            let quantity = json!({"quantity": round * 10 + writer});
                            let patch = json!({"data": {"type": "order-lines", "id": "2~10", "attributes": quantity}});
                            barrier.wait();
                            write_if(server, "/order-lines/2~10", &patch, tag).status
                        })
                    })
                    .collect();
                writers.into_iter().map(|writer| writer.join().unwrap()).collect()
            });
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
            assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 3, "{statuses:?}");
            tag = server.get("/order-lines/2~10", &[]).is(200).tag();
        }
    });
}

#[test]
fn of_two_who_make_the_same_one_wins() {
    over_shops(|_, server| {
        for product in ["1", "2", "10"] {
            let barrier = Barrier::new(4);
            let mut statuses: Vec<u16> = std::thread::scope(|scope| {
                let make = || {
                    barrier.wait();
                    server.write("POST", "/order-lines", &line("1", product, 1)).status
                };
                let writers: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
                writers.into_iter().map(|writer| writer.join().unwrap()).collect()
            });
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409, 409, 409]);
        }
    });
}

#[test]
fn parents_show_them_and_decide_on_their_end() {
    over_shops(|theirs, server| {
        let tag = || server.get("/orders/1", &[]).is(200).tag();
        let before = tag();
        for (order, product) in [("1", "2"), ("1", "10"), ("2", "2")] {
            server.write("POST", "/order-lines", &line(order, product, 1)).is(201);
        }
        let with_lines = tag();
        assert_ne!(before, with_lines, "its linkage shows");
        // A product stays as long as lines need it.
        let refused = delete(server, "/products/2").is(409);
        assert_eq!(refused.error().0, "foreign_key_violation");
        delete(server, "/order-lines/1~2").is(204);
        assert_ne!(tag(), with_lines);
        delete(server, "/order-lines/1~2").is(404);
        // Lines end with their order.
        delete(server, "/orders/2").is(204);
        assert_eq!(ids(&server.get("/order-lines", &[]).json()), ["1~10"]);
        delete(server, "/products/2").is(204);
        assert_eq!(theirs.dangling(), [""; 0]);
        // A version is never used twice for one id.
        let old = server.get("/order-lines/1~10", &[]).json()["data"]["attributes"]["version"].as_i64();
        delete(server, "/order-lines/1~10").is(204);
        let new = server.write("POST", "/order-lines", &line("1", "10", 1)).is(201).json();
        assert!(new["data"]["attributes"]["version"].as_i64() > old, "{new} {old:?}");
    });
}

#[test]
fn a_relationship_beside_the_id_changes_from_either_end() {
    over_shops(|_, server| {
        for product in ["1", "2", "10"] {
            server.write("POST", "/order-lines", &line("1", product, 1)).is(201);
        }
        let linkage = |warehouse: &str| {
            ids(&server.get(&format!("/warehouses/{warehouse}/relationships/lines"), &[]).is(200).json())
        };
        let lines = |ids: &[&str]| {
            let lines = ids.iter().map(|id| json!({"type": "order-lines", "id": id}));
            json!({"data": lines.collect::<Vec<_>>()})
        };
        let north = "/warehouses/north/relationships/lines";
        server.write("POST", north, &lines(&["1~10", "1~2"])).is(200);
        assert_eq!(linkage("north"), ["1~2", "1~10"]);
        server.write("PATCH", "/warehouses/south/relationships/lines", &lines(&["1~10", "1~1"])).is(200);
        assert_eq!(linkage("north"), ["1~2"]);
        assert_eq!(linkage("south"), ["1~1", "1~10"]);
        server.write("PATCH", "/warehouses/south/relationships/lines", &lines(&["1~1"])).is(200);
        server.write("DELETE", north, &lines(&["1~2", "1~10"])).is(200);
        assert_eq!((linkage("north"), linkage("south")), (vec![], vec!["1~1".to_owned()]));
        for missing in ["2~1", "1~3"] {
            let error = server.write("POST", north, &lines(&["1~2", missing])).is(404);
            assert_eq!(error.pointers(), ["/data/1/id"], "{missing}");
        }
        for impossible in ["1", "1~", "1~2~3", "~", "x~2", "01~2", ""] {
            let error = server.write("POST", north, &lines(&[impossible]));
            assert!(matches!(error.status, 400 | 404), "{impossible}: {}", error.text());
        }
        let warehouse = "/order-lines/1~2/relationships/warehouse";
        server.write("PATCH", warehouse, &to("warehouses", "north")).is(200);
        assert_eq!(linkage("north"), ["1~2"]);
        // What refers to a warehouse lets go of it.
        let tag = server.get("/order-lines/1~2", &[]).tag();
        delete(server, "/warehouses/north").is(204);
        let line = server.get("/order-lines/1~2", &[]).is(200);
        assert_eq!(line.json()["data"]["relationships"]["warehouse"]["data"], Value::Null);
        assert_ne!(line.tag(), tag);
    });
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "bills", etag)]
struct Bill {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "bill", order = "place", linkage = true)]
    items: ToMany<Item>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "items", id(bill, product), etag)]
struct Item {
    #[jsonapi(relationship, on_delete = "cascade")]
    bill: ToOne<Bill>,
    product: String,
}

#[test]
fn a_list_puts_rows_in_order_whose_ids_have_its_owner() {
    let tables = "CREATE TABLE bills (id {id});
        CREATE TABLE items (
            bill_id bigint NOT NULL REFERENCES bills (id), product {text} NOT NULL, place smallint NOT NULL,
            PRIMARY KEY (bill_id, product), UNIQUE (bill_id, place)
        );
        INSERT INTO bills (id) VALUES (1), (2);";
    let tables = tables.replace("{text}", "text");
    over_both(&tables, |theirs| {
        let server = theirs.serve("", |rocket| rocket.mount("/", [Bill::routes(), Item::routes()].concat()));
        for (bill, product) in [("1", "tea"), ("1", "cup"), ("1", "milk"), ("2", "tea")] {
            let item = data("items", None, json!({"product": product}), json!({"bill": to("bills", bill)}));
            server.write("POST", "/items", &item).is(201);
        }
        let url = "/bills/1/relationships/items";
        let listed = || ids(&server.get(url, &[]).json());
        let list = |ids: &[&str]| -> Value {
            json!({"data": ids.iter().map(|id| json!({"type": "items", "id": id})).collect::<Vec<_>>()})
        };
        assert_eq!(listed(), ["1~tea", "1~cup", "1~milk"], "new ones come last");
        for order in
            [["1~milk", "1~tea", "1~cup"], ["1~tea", "1~cup", "1~milk"], ["1~cup", "1~tea", "1~milk"]]
        {
            server.write("PATCH", url, &list(&order)).is(200);
            assert_eq!(listed(), order);
        }
        let order = ["1~milk", "1~cup", "1~tea"];
        let tag = server.get("/bills/1", &[]).tag();
        let bill = data("bills", Some("1"), json!({}), json!({"items": list(&order)}));
        let changed = write_if(&server, "/bills/1", &bill, &tag).is(200);
        assert_ne!(changed.tag(), tag);
        write_if(&server, "/bills/1", &bill, &tag).is(412);
        assert_eq!(listed(), order);
        assert_eq!(ids(&server.get("/bills/1/items", &[]).json()), order);
        // No list gives a row another id.
        for (method, list) in [
            ("PATCH", list(&["1~milk", "1~cup"])),
            ("PATCH", list(&["1~milk", "1~cup", "1~tea", "2~tea"])),
            ("PATCH", list(&[])),
            ("POST", list(&["2~tea"])),
            ("DELETE", list(&["1~cup"])),
        ] {
            let error = server.write(method, url, &list).is(403).error();
            assert_eq!(error, ("part_of_id".into(), json!({"pointer": "/data"})), "{method} {list}");
        }
        let fewer = data("bills", Some("1"), json!({}), json!({"items": list(&["1~milk"])}));
        let error = server.write("PATCH", "/bills/1", &fewer).is(403).error();
        assert_eq!(error, ("part_of_id".into(), json!({"pointer": "/data/relationships/items"})));
        assert_eq!(listed(), order);
        // A window has the same order.
        let window = server.get("/bills/1?include=items&page[items][size]=2", &[]).is(200).json();
        assert_eq!(ids(&window["data"]["relationships"]["items"]), ["1~milk", "1~cup"]);
    });
}
