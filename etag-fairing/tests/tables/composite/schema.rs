//! The tables that they are kept in: made, checked, and of others.

use etag_fairing::{DatabaseSchema, JsonApiResource, ToMany, ToOne, config::SchemaMode};
use serde_json::json;

use super::super::migrations::launch;
use super::super::theirs::{Theirs, data, delete, over_both, to};
use super::{Label, Line, ids, serve};

const PARENTS: &str = "CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, name text NOT NULL, version bigint NOT NULL);\
     CREATE TABLE products (id bigint NOT NULL PRIMARY KEY, name text NOT NULL);\
     CREATE TABLE warehouses (id text NOT NULL PRIMARY KEY);";

fn lines(key: &str) -> String {
    format!(
        "{}CREATE TABLE order_lines (order_id bigint NOT NULL, product_id bigint NOT NULL, \
         quantity bigint NOT NULL, note text, version bigint NOT NULL, warehouse_id text{key})",
        PARENTS.replace("bigint NOT NULL PRIMARY KEY", "{id}")
    )
}

fn attempt(key: &str) -> Vec<Vec<String>> {
    let told = std::cell::RefCell::new(Vec::new());
    over_both(&lines(key), |theirs| {
        told.borrow_mut().push(launch(theirs, SchemaMode::Check, &[Line::description()]));
    });
    told.into_inner()
}

#[test]
fn the_key_of_a_table_of_others_must_have_exactly_these_columns() {
    let whole = [", PRIMARY KEY (order_id, product_id)", ", UNIQUE (product_id, order_id)"];
    for told in whole.iter().flat_map(|key| attempt(key)) {
        assert!(!told.iter().any(|problem| problem.contains("are the id of")), "{told:?}");
    }
    for key in [
        "",
        ", PRIMARY KEY (order_id)",
        ", PRIMARY KEY (order_id, product_id, quantity)",
        ", UNIQUE (order_id)",
        ", UNIQUE (order_id, quantity)",
    ] {
        for told in attempt(key) {
            let expected = "table `order_lines`: the columns `order_id`, `product_id` are the id of `Line`, so that they must \
                            be the primary key, or unique together, and no other column with them";
            assert!(told.iter().any(|problem| problem == expected), "{key:?}: {told:?}");
        }
    }
}

#[test]
fn their_tables_are_made_with_the_key() {
    let resources = [Line::description(), Label::description()];
    let sqlite = DatabaseSchema::of_resources(resources).sqlite().expect("SQL");
    assert!(sqlite.contains("PRIMARY KEY (\"order_id\", \"product_id\")"), "{sqlite}");
    assert!(sqlite.contains("\"order_id\" INTEGER NOT NULL"), "{sqlite}");
    assert!(sqlite.contains("PRIMARY KEY (\"room_id\", \"language\", \"number\")"), "{sqlite}");
    // The key's index begins with the order.
    assert!(sqlite.contains("\"order_lines_product_id_index\""), "{sqlite}");
    assert!(!sqlite.contains("\"order_lines_order_id_index\""), "{sqlite}");
    over_both("SELECT 1", |theirs| {
        for mode in [SchemaMode::Create, SchemaMode::Check, SchemaMode::Extend] {
            assert_eq!(launch(theirs, mode, &resources), [""; 0]);
        }
    });
}

/// Other programs spell UUIDs in other ways, on SQLite.
#[test]
fn uuids_of_others_are_found_however_they_are_spelt() {
    let room = "0190163D-8694-739B-AEA5-966C26F8AD91";
    let theirs = Theirs::on_sqlite(&format!(
        "CREATE TABLE rooms (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL);\
         CREATE TABLE labels (number INTEGER NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL, \
         room_id TEXT NOT NULL REFERENCES rooms (id), PRIMARY KEY (room_id, language, number));\
         INSERT INTO rooms VALUES ('{room}', 'Hall'), ('{}', 'Yard');\
         INSERT INTO labels VALUES (1, 'de', 'Saal', '{room}'), (2, 'de', 'Halle', '{room}')",
        room.replace('1', "2")
    ));
    let server = serve(&theirs);
    let own = room.to_lowercase();
    let url = format!("/labels/{own}~de~1");
    let read = server.get(&url, &[]).is(200);
    assert_eq!(read.json()["data"]["id"], format!("{own}~de~1"));
    assert_eq!(
        ids(&server.get("/labels", &[]).is(200).json()),
        [format!("{own}~de~1"), format!("{own}~de~2")]
    );
    let linkage = server.get(&format!("/rooms/{own}/relationships/labels"), &[]).is(200).json();
    assert_eq!(ids(&linkage), [format!("{own}~de~1"), format!("{own}~de~2")]);
    let filtered = server.get(&format!("/labels?filter[id]={own}~de~2,{own}~de~9"), &[]).is(200).json();
    assert_eq!(ids(&filtered), [format!("{own}~de~2")]);
    let patch =
        json!({"data": {"type": "labels", "id": format!("{own}~de~1"), "attributes": {"text": "Raum"}}});
    let changed = server.write("PATCH", &url, &patch).is(200);
    assert_eq!(changed.body, server.get(&url, &[]).body);
    let label = |number: u32| {
        let attributes = json!({"language": "de", "number": number, "text": "neu"});
        data("labels", None, attributes, json!({"room": to("rooms", &own)}))
    };
    server.write("POST", "/labels", &label(2)).is(409);
    let made = server.write("POST", "/labels", &label(3)).is(201);
    assert_eq!(made.field("location"), Some(&*format!("/labels/{own}~de~3")));
    assert_eq!(theirs.run("SELECT room_id FROM labels WHERE number = 3"), room);
    delete(&server, &url).is(204);
    assert_eq!(theirs.run("SELECT count(*) FROM labels"), "2");
}

/// An id of several columns, and what may not refer to it.
mod referred {
    use super::*;

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "seats", id(row, number))]
    pub(super) struct Seat {
        row: String,
        number: i64,
        #[jsonapi(relationship, inverse = "seat")]
        tickets: ToMany<Ticket>,
        #[jsonapi(relationship, through = "seat_marks")]
        marks: ToMany<Mark>,
    }

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "tickets")]
    pub(super) struct Ticket {
        #[jsonapi(id)]
        id: i64,
        #[jsonapi(relationship)]
        seat: ToOne<Seat>,
    }

    #[derive(Clone, Debug, JsonApiResource)]
    #[jsonapi(type = "marks")]
    pub(super) struct Mark {
        #[jsonapi(id)]
        id: i64,
        #[jsonapi(relationship, through = "seat_marks")]
        seats: ToMany<Seat>,
    }
}

#[test]
fn an_id_of_several_columns_needs_a_column_for_each_part() {
    over_both("SELECT 1", |theirs| {
        let told = launch(theirs, SchemaMode::Create, &[referred::Seat::description()]);
        for (relationship, key) in [
            ("`seat` of `Ticket` keeps ids of `Seat` in `seat_id`", "columns"),
            ("`marks` of `Seat` keeps ids of `Seat` in `seat_id`", "owner_columns"),
            ("`seats` of `Mark` keeps ids of `Seat` in `seat_id`", "target_columns"),
        ] {
            let problem =
                told.iter().find(|problem| problem.contains(&format!("the relationship {relationship}")));
            let problem = problem.unwrap_or_else(|| panic!("{relationship}: {told:#?}"));
            let write = format!(
                "made of 2 parts (row, number): name a column for each, in this order, as in `{key}("
            );
            assert!(problem.contains(&write), "{problem}");
        }
    });
}
