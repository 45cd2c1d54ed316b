//! Tables that somebody else made: other types, other collations, edges twice, and keys that lead nowhere.

use super::*;
use crate::plan::{Comparison, Field, Filter, Member, Page, Relation, SortKey};
use crate::schema::AttributeId;
use crate::schema::{Id, IdKind, Operations};
use crate::store::contract::{ALL, ROOMS, TALKS};

const SMALL: IdKind = IdKind::Integer { min: i32::MIN as i64, max: i32::MAX as i64 };

static PRODUCTS: Description = Description::new(
    "products",
    "products",
    "Product",
    "products",
    Id { column: "id", kind: SMALL },
    &[
        attribute("name", Kind::Text, false, None),
        attribute("price", Kind::Float, true, None),
        attribute("weight", Kind::Float, true, None),
        attribute("stock", Kind::Integer, true, None),
        attribute("code", Kind::Uuid, true, None),
        attribute("sold", Kind::Timestamp, true, None),
        attribute("opens", Kind::DateTime, true, None),
        attribute("made", Kind::Date, true, None),
        attribute("noon", Kind::Time, true, None),
        attribute("extra", Kind::Json, true, None),
        attribute("size", Kind::Text, true, None),
        attribute("nick", Kind::Text, true, None),
    ],
    &[],
    Operations::ALL,
);

const TABLE: &str = "CREATE TYPE product_size AS ENUM ('small', 'large'); CREATE DOMAIN nickname AS varchar(9);
     CREATE TABLE products (id serial PRIMARY KEY, name varchar(40) NOT NULL, price numeric(12, 3), weight real,
     stock smallint, code uuid, sold timestamptz, opens timestamp, made date, noon time, extra jsonb,
     size product_size, nick nickname)";

#[test]
fn native_types_are_read_and_written() {
    with_database(async |database| {
        database.run(TABLE);
        database.run(
            "SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; INSERT INTO products (name, price, weight, stock, \
             code, sold, opens, made, noon, extra, size, nick) VALUES ('Lamp', 12345.600, 0.1, -3, \
             'F47AC10B-58CC-4372-A567-0E02B2C3D479', '2018-03-24 13:30:00.5+08', '0001-12-31 23:59:59.999999', \
             '2024-02-29', '13:30', '{\"b\": 1, \"a\": [1.50]}', 'large', 'lux')",
        );
        let store = open(database);
        store.prepare(&[&PRODUCTS]).await.expect("prepared");
        let expected = vec![
            text("Lamp"),
            Value::Float(12345.6),
            Value::Float(0.1),
            Value::Integer(-3),
            text("f47ac10b-58cc-4372-a567-0e02b2c3d479"),
            text("2018-03-24T05:30:00.500000Z"),
            text("0001-12-31T23:59:59.999999"),
            text("2024-02-29"),
            text("13:30:00.000000"),
            text(r#"{"a": [1.50], "b": 1}"#),
            text("large"),
            text("lux"),
        ];
        assert_eq!(attributes(&store, &PRODUCTS).await, std::slice::from_ref(&expected));
        write(&store, new(&PRODUCTS, expected.clone())).await.expect("written");
        assert_eq!(attributes(&store, &PRODUCTS).await, [expected.clone(), expected.clone()]);
        assert_eq!(
            database.run("SELECT count(DISTINCT (name, price, weight, stock, code, sold, opens, made, noon, extra, size, nick)) FROM products"),
            "1\n"
        );

        // Each is compared as what it is.
        for (index, value) in expected.into_iter().enumerate() {
            let member = Member { path: vec![], field: Field::Attribute(AttributeId::at(index)) };
            for (comparison, rows) in [
                (Comparison::Value(Relation::Equal, value.clone()), 2),
                (Comparison::Value(Relation::Less, value.clone()), 0),
                (Comparison::In(vec![value.clone()]), 2),
                (Comparison::Between(value.clone(), value.clone()), 2),
                (Comparison::Value(Relation::NotEqual, value), 0),
            ] {
                let told = format!("{index}: {comparison:?}");
                let filter = Some(Filter::Compare { member: member.clone(), comparison });
                let sort = vec![SortKey { member: member.clone(), descending: true }];
                let plan = Plan::new(
                    Root::Collection(Listing { filter, sort, page: Page::All, total: true }),
                    Selection::identifiers(&PRODUCTS),
                );
                assert_eq!(store.fetch(&plan).await.expect("readable").rows.len(), rows, "{told}");
            }
        }
        store.close().await;
    });
}

#[test]
fn values_that_a_column_does_not_hold_are_refused_by_name() {
    with_database(async |database| {
        database.run(TABLE);
        let store = open(database);
        store.prepare(&[&PRODUCTS]).await.expect("prepared");
        let mut lamp = vec![Value::Null; 12];
        lamp[0] = text("Lamp");
        let id = write(&store, new(&PRODUCTS, lamp.clone())).await.expect("written");
        for (index, value) in [
            (3, Value::Integer(40_000)),
            (2, Value::Float(1e300)),
            (10, text("medium")),
            (9, text(r#""\u0000""#)),
            (1, Value::Float(1e12)),
            (0, text(&"x".repeat(41))),
            (11, text("ten and more")),
        ] {
            let mut values = vec![None; 12];
            values[index] = Some(value);
            let change =
                Change::Update { resource: &PRODUCTS, id: id.clone(), attributes: values, linkage: vec![] };
            let refused = write(&store, change).await;
            assert!(matches!(refused, Err(StoreError::Constraint(_))), "{index}: {refused:?}");
        }
        assert_eq!(attributes(&store, &PRODUCTS).await, [lamp]);
        store.close().await;
    });
}

#[test]
fn values_that_no_attribute_can_be_are_odd_and_no_panic() {
    with_database(async |database| {
        database.run(TABLE);
        let store = open(database);
        store.prepare(&[&PRODUCTS]).await.expect("prepared");
        for (column, value) in [
            ("price", "'NaN'"),
            ("weight", "'Infinity'"),
            ("sold", "'infinity'"),
            ("sold", "'20000-01-01Z'"),
            ("made", "'-infinity'"),
            ("opens", "'0044-03-15 12:00 BC'"),
        ] {
            database.run(&format!(
                "DELETE FROM products; INSERT INTO products (name, {column}) VALUES ('x', {value})"
            ));
            let plan = Plan::new(Root::Collection(Listing::all()), Selection::whole(&PRODUCTS));
            let read = store.fetch(&plan).await.expect("readable");
            let row = read.rows.get(0).expect("a row");
            let odd = PRODUCTS.attributes_by_id().filter_map(|(id, _)| row.odd_attribute(id));
            assert_eq!(odd.count(), 1, "{column} = {value}");
        }
        store.close().await;
    });
}

#[test]
fn tables_without_foreign_keys_may_hold_anything() {
    with_database(async |database| {
        database.run(
            "CREATE TABLE talks (id bigserial PRIMARY KEY, title text, sub_title text, favourites integer, \
             rating numeric, published boolean, starts_at timestamptz, extra jsonb, room_id varchar(9), \
             sequel_of_id bigint); CREATE TABLE rooms (name varchar(9) PRIMARY KEY); \
             CREATE TABLE talk_speakers (talk_id bigint, speaker_id uuid); \
             INSERT INTO rooms VALUES ('b'), ('C'), ('a'); \
             INSERT INTO talks (title, favourites, published, room_id, sequel_of_id) VALUES \
             ('b', 0, false, 'gone', 99), ('C', 0, false, 'b', 2), ('a', 0, false, NULL, 1); \
             INSERT INTO talk_speakers VALUES (1, gen_random_uuid()), (1, NULL), (2, NULL), \
             (3, '0190163d-8694-739b-aea5-966c26f8ad01'), (3, '0190163d-8694-739b-aea5-966c26f8ad01')",
        );
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let ids = |fetched: crate::plan::Fetched| -> Vec<String> {
            fetched.rows.iter().map(|row| row.resource_id().expect("an id").to_string()).collect()
        };
        let title = Member { path: vec![], field: Field::Attribute(AttributeId::at(0)) };
        let sort = vec![SortKey { member: title, descending: false }];
        let plan = Plan::new(Root::Collection(Listing { sort, ..Listing::all() }), Selection::whole(&TALKS));
        let fetched = store.fetch(&plan).await.expect("readable");
        let links = fetched.links[2].as_ref().expect("linkage");
        assert_eq!([links.of(0).len(), links.of(1).len(), links.of(2).len()], [0, 1, 1], "each edge once");
        assert_eq!(ids(fetched), ["2", "3", "1"], "by code points, not as English sorts");
        let rooms = Plan::new(Root::Collection(Listing::all()), Selection::identifiers(&ROOMS));
        assert_eq!(ids(store.fetch(&rooms).await.expect("readable")), ["C", "a", "b"]);

        // What foreign keys would do is done by the store.
        let delete = |resource, id| Change::Delete { resource, id };
        write(&store, delete(&ROOMS, ResourceId::Text("b".into()))).await.expect("deleted");
        write(&store, delete(&TALKS, ResourceId::Integer(1))).await.expect("deleted");
        assert_eq!(database.run("SELECT count(*) FROM talks WHERE room_id = 'b' OR sequel_of_id = 1"), "0\n");
        assert_eq!(database.run("SELECT count(*) FROM talk_speakers WHERE talk_id = 1"), "0\n");
        store.close().await;
    });
}
