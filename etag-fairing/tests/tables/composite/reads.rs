//! Lists, filters, sorts, pages and includes, compared with a model.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::support::Server;
use super::super::theirs::{data, to};
use super::{ids, line, over_shops};

/// The lines as they must be: by order and product, with their quantity.
type Model = BTreeMap<(i64, i64), i64>;

const CURSORS: (&str, &str) = (
    "Accept",
    "application/vnd.api+json;profile=\"https://jsonapi.org/profiles/ethanresnick/cursor-pagination\"",
);

/// Lines by chance (xorshift), the same in each run.
fn fill(server: &Server) -> Model {
    let mut chance = 88_172_645_463_325_252_u64;
    let mut below = |end: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        i64::try_from(chance % end).unwrap()
    };
    for kind in ["orders", "products"] {
        for id in 11..31 {
            let id: i64 = if id % 5 == 0 { -id } else { id };
            let resource = data(kind, Some(&id.to_string()), json!({"name": kind}), json!({}));
            server.write("POST", &format!("/{kind}"), &resource).is(201);
        }
    }
    let number = |place: i64| if (place + 11) % 5 == 0 { -(place + 11) } else { place + 11 };
    let mut model = Model::new();
    while model.len() < 60 {
        let (order, product, quantity) = (number(below(20)), number(below(20)), below(5));
        let made =
            server.write("POST", "/order-lines", &line(&order.to_string(), &product.to_string(), quantity));
        let expected = if model.contains_key(&(order, product)) { 409 } else { 201 };
        assert_eq!(made.status, expected, "{}", made.text());
        model.entry((order, product)).or_insert(quantity);
    }
    model
}

fn named<'m>(lines: impl Iterator<Item = &'m (i64, i64)>) -> Vec<String> {
    lines.map(|(order, product)| format!("{order}~{product}")).collect()
}

/// The ids of all pages, along this link.
fn walk(server: &Server, start: &str, link: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(start.to_owned());
    while let Some(url) = next {
        let answer = server.get(&url, &[CURSORS]).is(200);
        let page: Value = serde_json::from_slice(&answer.body).unwrap();
        pages.push(ids(&page));
        next = page["links"][link].as_str().map(str::to_owned);
        assert!(pages.len() < 100, "the walk ends");
    }
    pages
}

#[test]
fn lists_agree_with_a_model() {
    over_shops(|_, server| {
        let model = fill(server);
        let all = named(model.keys());
        let list = |query: &str| {
            ids(&server.get(&format!("/order-lines?page[size]=100{query}"), &[]).is(200).json())
        };
        let of = |keep: &dyn Fn(&(i64, i64), i64) -> bool| {
            named(model.iter().filter(|(key, quantity)| keep(key, **quantity)).map(|(key, _)| key))
        };
        assert_eq!(list(""), all);
        assert_eq!(list("&sort=id"), all);
        let backwards: Vec<String> = all.iter().rev().cloned().collect();
        assert_eq!(list("&sort=-id"), backwards);
        let mut by_quantity: Vec<_> = model.iter().collect();
        by_quantity.sort_by_key(|((order, product), quantity)| (-**quantity, *order, *product));
        assert_eq!(list("&sort=-quantity"), named(by_quantity.iter().map(|(key, _)| *key)));
        by_quantity.sort_by_key(|((order, product), quantity)| (**quantity, -*order, -*product));
        assert_eq!(list("&sort=quantity,-id"), named(by_quantity.iter().map(|(key, _)| *key)));
        let mut by_product: Vec<_> = model.keys().collect();
        by_product.sort_by_key(|(order, product)| (*product, *order));
        assert_eq!(list("&sort=product.id"), named(by_product.into_iter()));

        let (one, other) = (&all[7], &all[40]);
        assert_eq!(list(&format!("&filter[id]={other},{one},1~1")), [one.clone(), other.clone()]);
        assert_eq!(list(&format!("&filter[id]={one}")), std::slice::from_ref(one));
        let others: Vec<String> = all.iter().filter(|id| *id != one).cloned().collect();
        assert_eq!(list(&format!("&filter[id][ne]={one}")), others);
        let others: Vec<String> = all.iter().filter(|id| *id != one && *id != other).cloned().collect();
        assert_eq!(list(&format!("&filter[id][nin]={one},{other}")), others);
        for none in ["7", "7~", "x~1", "1~2~3", "01~2", "1~9999999999999999999"] {
            assert_eq!(list(&format!("&filter[id]={none}")), [""; 0], "{none}");
        }
        for refused in ["filter[id][gt]=1~2", "filter[id][contains]=1", "filter[id][between]=1~2,3~4"] {
            server.get(&format!("/order-lines?{refused}"), &[]).is(400);
        }
        let order = *model.keys().next().unwrap();
        assert_eq!(list(&format!("&filter[order]={}", order.0)), of(&|key, _| key.0 == order.0));
        assert_eq!(list("&filter[quantity]=3"), of(&|_, quantity| quantity == 3));
        assert_eq!(list("&filter[order.id][lt]=0"), of(&|key, _| key.0 < 0));
        assert_eq!(
            list("&filter[product.name]=product&filter[quantity]=1").len(),
            0,
            "a name of another row"
        );

        // By way of the parents.
        let orders =
            |query: &str| ids(&server.get(&format!("/orders?page[size]=100{query}"), &[]).is(200).json());
        let parent: i64 = one.split('~').next().unwrap().parse().unwrap();
        assert_eq!(orders(&format!("&filter[lines]={one}")), [parent.to_string()]);
        assert_eq!(orders(&format!("&filter[lines.id]={one}")), [parent.to_string()]);
        let mut with_lines: Vec<i64> = model.keys().map(|(order, _)| *order).collect();
        with_lines.dedup();
        let with_lines: Vec<String> = with_lines.iter().map(ToString::to_string).collect();
        assert_eq!(orders("&filter[lines][any]=true"), with_lines);

        for (sort, size) in [
            ("", 7),
            ("&sort=id", 1),
            ("&sort=-id", 13),
            ("&sort=quantity", 4),
            ("&sort=-quantity,id", 9),
            ("&sort=note,-quantity", 11),
        ] {
            let expected = list(sort);
            let start = format!("/order-lines?page[size]={size}{sort}");
            let pages = walk(server, &start, "next");
            assert_eq!(pages.concat(), expected, "{start}");
            assert!(pages.iter().rev().skip(1).all(|page| page.len() == size), "{start}");
            // And back from the end.
            let last = server.get(&start, &[CURSORS]).is(200);
            let last: Value = serde_json::from_slice(&last.body).unwrap();
            if let Some(last) = last["links"]["last"].as_str() {
                let mut pages = walk(server, last, "prev");
                pages.reverse();
                assert_eq!(pages.concat(), expected, "{start}, backwards");
            }
        }
        // By number, too.
        let second =
            ids(&server.get("/order-lines?page[size]=10&page[number]=2&page[totals]", &[]).is(200).json());
        assert_eq!(second, all[10..20]);
    });
}

#[test]
fn parents_and_lines_include_each_other() {
    over_shops(|_, server| {
        let model = fill(server);
        let get = |url: &str| server.get(url, &[]).is(200).json();
        let included = |document: &Value, kind: &str| -> Vec<String> {
            let of_kind = document["included"].as_array().unwrap().iter().filter(|it| it["type"] == *kind);
            of_kind.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
        };
        let (order, product) = *model.keys().nth(30).unwrap();
        let lines: Vec<String> = named(model.keys().filter(|key| key.0 == order));

        let document = get(&format!("/orders/{order}?include=lines.product"));
        assert_eq!(included(&document, "order-lines"), lines);
        let linked = ids(&document["data"]["relationships"]["lines"]);
        assert_eq!(linked, lines, "in the order of the key");
        // What is included and what is not doesn't change what the resource is.
        assert_eq!(
            document["data"]["relationships"],
            get(&format!("/orders/{order}"))["data"]["relationships"]
        );
        let mut products: Vec<i64> = model.keys().filter(|key| key.0 == order).map(|key| key.1).collect();
        products.sort_unstable();
        let products: Vec<String> = products.iter().map(ToString::to_string).collect();
        assert_eq!(included(&document, "products"), products);

        let document = get(&format!("/order-lines/{order}~{product}?include=order.lines,product.lines"));
        let mut all = named(model.keys().filter(|key| key.0 == order || key.1 == product));
        all.retain(|id| *id != format!("{order}~{product}"));
        let mut found = included(&document, "order-lines");
        found.sort();
        all.sort();
        assert_eq!(found, all);
        assert_eq!(included(&document, "orders").len(), 1);

        assert_eq!(ids(&get(&format!("/orders/{order}/lines?page[size]=100"))), lines);
        let some = get(&format!("/orders/{order}/lines?filter[product]={product}"));
        assert_eq!(ids(&some), [format!("{order}~{product}")]);
        assert_eq!(get(&format!("/order-lines/{order}~{product}/order"))["data"]["id"], order.to_string());
        let linkage = get(&format!("/order-lines/{order}~{product}/relationships/product"));
        assert_eq!(linkage["data"]["id"], product.to_string());
        let document = get(&format!("/products?include=lines&filter[id]={product}"));
        assert_eq!(included(&document, "order-lines"), named(model.keys().filter(|key| key.1 == product)));
        let fields = get("/order-lines?fields[order-lines]=quantity&page[size]=3");
        assert_eq!(fields["data"][0]["attributes"].as_object().unwrap().len(), 1);
        assert!(fields["data"][0].get("relationships").is_none());
        assert_eq!(ids(&fields), named(model.keys().take(3)));
    });
}

#[test]
fn an_answer_holds_until_its_table_changes() {
    over_shops(|theirs, server| {
        server.write("POST", "/order-lines", &line("1", "2", 3)).is(201);
        let tag = server.get("/order-lines/1~2", &[]).is(200).tag();
        let list = server.get("/order-lines", &[]).is(200).tag();
        server.get("/order-lines/1~2", &[("If-None-Match", &tag)]).is(304);
        server.get("/order-lines", &[("If-None-Match", &list)]).is(304);
        // By another program.
        theirs.run("UPDATE order_lines SET quantity = 8, version = version + 1 WHERE order_id = 1 AND product_id = 2");
        let changed = server.get("/order-lines/1~2", &[("If-None-Match", &tag)]).is(200);
        assert_eq!(changed.json()["data"]["attributes"]["quantity"], 8);
        server.get("/order-lines", &[("If-None-Match", &list)]).is(200);
    });
}

#[test]
fn what_no_line_can_be_is_not_found() {
    over_shops(|_, server| {
        server.write("POST", "/order-lines", &line("1", "2", 3)).is(201);
        let long = "9".repeat(3000);
        for id in [
            "1",
            "1~",
            "~2",
            "~",
            "~~",
            "1~2~",
            "1~2~3",
            "~1~2",
            "1~~2",
            "01~2",
            "1~02",
            "+1~2",
            "1~+2",
            "a~2",
            "1~b",
            "1~2.0",
            "1~%002",
            "1%00~2",
            "1~2%20",
            "%201~2",
            "1!~2",
            "1~!2",
            "null",
            "[1,2]",
            "%5B1,2%5D",
            "1~-0",
            "1%2F2",
            "9223372036854775808~1",
            "1~9223372036854775807",
            "1~1e1",
            "1;2",
            "1~2'",
            "1~2%22",
            &long,
            "%C3%A9~2",
        ] {
            for (method, url) in [
                ("GET", format!("/order-lines/{id}")),
                ("DELETE", format!("/order-lines/{id}")),
                ("GET", format!("/order-lines/{id}/order")),
                ("GET", format!("/order-lines/{id}/relationships/order")),
            ] {
                let answer = server.send(method, &url, &[], "");
                assert_eq!(answer.status, 404, "{method} {url}: {}", answer.text());
            }
            let patch = json!({"data": {"type": "order-lines", "id": id, "attributes": {"quantity": 1}}});
            let answer = server.write("PATCH", &format!("/order-lines/{id}"), &patch);
            assert_eq!(answer.status, 404, "{id}: {}", answer.text());
        }
        // Encoded or not, it is one id.
        server.get("/order-lines/1%7E2", &[]).is(200);
        let warehouse = to("warehouses", "1~2");
        server.write("PATCH", "/order-lines/1~2/relationships/warehouse", &warehouse).is(404);
    });
}
