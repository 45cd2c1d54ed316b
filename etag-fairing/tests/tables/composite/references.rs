//! What refers to ids of several columns: by foreign keys of several columns, in tables of ours and of others.

use etag_fairing::{DatabaseSchema, JsonApiResource, ToMany, ToOne, config::SchemaMode};
use serde_json::{Value, json};

use super::super::migrations::launch;
use super::super::support::Server;
use super::super::theirs::{Theirs, data, delete, over_both, to};
use super::ids;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "seats", id(row, number), etag)]
struct Seat {
    row: String,
    number: i64,
    #[jsonapi(relationship, inverse = "seat", linkage = true)]
    tickets: ToMany<Ticket>,
    #[jsonapi(relationship, through = "seat_marks", owner_columns("seat_row", "seat_number"))]
    marks: ToMany<Mark>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tickets", etag)]
struct Ticket {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, columns("seat_row", "seat_number"))]
    seat: ToOne<Seat>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "marks", etag)]
struct Mark {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, through = "seat_marks", target_columns("seat_row", "seat_number"))]
    seats: ToMany<Seat>,
}

fn serve(theirs: &Theirs) -> Server {
    theirs.serve("client_ids = true", |rocket| {
        rocket.mount("/", [Seat::routes(), Ticket::routes(), Mark::routes()].concat())
    })
}

fn fill(server: &Server) {
    for (row, number) in [("A", 1), ("A", 2), ("B", 1)] {
        let seat = data("seats", None, json!({"row": row, "number": number}), json!({}));
        server.write("POST", "/seats", &seat).is(201);
    }
    for (id, seat) in [("1", Some("A~1")), ("2", Some("A~2")), ("3", None)] {
        let seat = seat.map_or(json!({"data": null}), |seat| to("seats", seat));
        server
            .write("POST", "/tickets", &data("tickets", Some(id), json!({}), json!({"seat": seat})))
            .is(201);
    }
    let seats = json!({"seats": {"data": [{"type": "seats", "id": "B~1"}, {"type": "seats", "id": "A~2"}]}});
    server.write("POST", "/marks", &data("marks", Some("1"), json!({}), seats)).is(201);
}

#[test]
fn their_tables_have_foreign_keys_of_all_columns() {
    let resources = [Seat::description(), Ticket::description(), Mark::description()];
    let schema = DatabaseSchema::of_resources(resources);
    let key =
        "FOREIGN KEY (\"seat_row\", \"seat_number\") REFERENCES \"seats\" (\"row\", \"number\") ON DELETE";
    for text in [schema.sqlite().expect("SQL"), schema.postgres().expect("SQL")] {
        assert!(text.contains(&format!("{key} SET NULL")), "{text}");
        assert!(text.contains(&format!("{key} CASCADE")), "{text}");
        assert!(text.contains("PRIMARY KEY (\"seat_row\", \"seat_number\", \"mark_id\")"), "{text}");
        assert!(text.contains("\"tickets_seat_row_seat_number_index\""), "{text}");
    }
    over_both("SELECT 1", |theirs| {
        for mode in [SchemaMode::Create, SchemaMode::Check, SchemaMode::Extend] {
            assert_eq!(launch(theirs, mode, &resources), [""; 0]);
        }
    });
}

#[test]
fn a_reference_by_several_columns_is_read_and_changed_from_both_ends() {
    over_both("SELECT 1", |theirs| {
        let server = serve(theirs);
        fill(&server);
        let linkage = |url: &str| server.get(url, &[]).is(200).json()["data"].clone();
        assert_eq!(linkage("/tickets/1/relationships/seat"), json!({"type": "seats", "id": "A~1"}));
        assert_eq!(linkage("/tickets/3/relationships/seat"), Value::Null);
        assert_eq!(linkage("/seats/A~2/relationships/tickets"), json!([{"type": "tickets", "id": "2"}]));
        assert_eq!(ids(&server.get("/marks/1/seats", &[]).is(200).json()), ["A~2", "B~1"]);
        assert_eq!(server.get("/tickets/2/seat", &[]).is(200).json()["data"]["id"], "A~2");
        let found = server.get("/tickets?include=seat.marks", &[]).is(200).json();
        assert_eq!(found["included"].as_array().map(Vec::len), Some(3), "{found}");
        for (query, expected) in [
            ("filter[seat]=A~2", vec!["2"]),
            ("filter[seat][in]=A~1,A~2", vec!["1", "2"]),
            ("filter[seat][is_null]=true", vec!["3"]),
            ("filter[seat.row]=A&filter[seat.number][gt]=1", vec!["2"]),
            ("sort=-seat.id", vec!["2", "1", "3"]),
            ("sort=seat.number", vec!["1", "2", "3"]),
        ] {
            assert_eq!(
                ids(&server.get(&format!("/tickets?{query}"), &[]).is(200).json()),
                expected,
                "{query}"
            );
        }
        // A tag of the seat covers its tickets, whoever changes them.
        let tag = server.get("/seats/A~1", &[]).tag();
        let seat = json!({"data": {"type": "seats", "id": "A~1"}});
        server.write("PATCH", "/tickets/3/relationships/seat", &seat).is(200);
        assert_ne!(server.get("/seats/A~1", &[]).tag(), tag);
        assert_eq!(theirs.run("SELECT seat_row, seat_number FROM tickets WHERE id = 3"), "A|1");
        let none = json!({"data": []});
        server.write("PATCH", "/seats/A~1/relationships/tickets", &none).is(200);
        assert_eq!(
            theirs.run("SELECT count(*) FROM tickets WHERE seat_row IS NULL AND seat_number IS NULL"),
            "2"
        );
        let missing = json!({"data": {"type": "seats", "id": "Z~1"}});
        server.write("PATCH", "/tickets/3/relationships/seat", &missing).is(404);
        delete(&server, "/seats/A~2").is(204);
        assert_eq!(linkage("/tickets/2/relationships/seat"), Value::Null);
        assert_eq!(ids(&server.get("/marks/1/seats", &[]).is(200).json()), ["B~1"]);
    });
}

#[test]
fn a_row_with_a_part_of_an_id_refers_to_nothing_and_says_so() {
    over_both("SELECT 1", |theirs| {
        let server = serve(theirs);
        fill(&server);
        theirs.run("UPDATE tickets SET seat_number = NULL WHERE id = 1");
        let read = server.get("/tickets/1", &[]).is(200).json();
        assert_eq!(read["data"]["relationships"]["seat"]["data"], Value::Null);
        let warning = &read["data"]["meta"]["warnings"][0];
        assert_eq!(warning["member"], "seat", "{read}");
        let detail = warning["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("some parts are null, and others are not"), "{read}");
        for query in ["filter[seat]=A~1", "filter[seat][is_null]=true"] {
            let found = ids(&server.get(&format!("/tickets?{query}"), &[]).is(200).json());
            assert!(!found.contains(&"1".to_owned()), "{query}");
        }
        // A link mends it.
        let seat = json!({"data": {"type": "seats", "id": "B~1"}});
        server.write("PATCH", "/tickets/1/relationships/seat", &seat).is(200);
        assert_eq!(theirs.run("SELECT seat_row, seat_number FROM tickets WHERE id = 1"), "B|1");
    });
}

#[test]
fn foreign_keys_of_several_columns_decide_in_tables_of_others() {
    let tables = |rule: &str| {
        format!(
            "CREATE TABLE seats (\"row\" text NOT NULL, number bigint NOT NULL, PRIMARY KEY (\"row\", number));\
             CREATE TABLE tickets (id {{id}}, seat_row text, seat_number bigint, \
             FOREIGN KEY (seat_number, seat_row) REFERENCES seats (number, \"row\") {rule});\
             CREATE TABLE marks (id {{id}});\
             CREATE TABLE seat_marks (seat_row text, seat_number bigint, mark_id bigint);"
        )
    };
    for (rule, status, left) in
        [("ON DELETE CASCADE", 204, "2"), ("ON DELETE RESTRICT", 409, "3"), ("ON DELETE SET NULL", 204, "3")]
    {
        let tables = tables(rule);
        over_both(&tables, |theirs| {
            let server = serve(theirs);
            fill(&server);
            delete(&server, "/seats/A~1").is(status);
            assert_eq!(theirs.run("SELECT count(*) FROM tickets"), left, "{rule}");
        });
    }
}
