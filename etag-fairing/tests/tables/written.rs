//! What can be written to views and generated columns, and what cannot is not served.

use etag_fairing::{
    JsonApiResource, ToMany,
    resource::{HookError, Hooks, Write},
};
use serde_json::{Value, json};

use super::{
    support::Server,
    theirs::{Theirs, data, delete, over_both},
};

#[derive(JsonApiResource)]
#[jsonapi(type = "staff", etag)]
struct Member {
    #[jsonapi(id)]
    id: i64,
    name: String,
    shout: Option<String>,
    #[jsonapi(relationship, through = "seats", owner_column = "person_id", target_column = "room_id")]
    rooms: ToMany<Room>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "rooms")]
struct Room {
    #[jsonapi(id)]
    id: i64,
}

const PEOPLE: &str = "CREATE TABLE people (id {id}, name text NOT NULL, gone integer NOT NULL DEFAULT 0);
    CREATE TABLE rooms (id {id});
    CREATE TABLE seats (person_id bigint NOT NULL, room_id bigint NOT NULL);
    INSERT INTO people (name) VALUES ('Ada'), ('Bob');
    INSERT INTO rooms (id) VALUES (1);";

const VIEW: &str = "CREATE VIEW staff AS SELECT id, name, upper(name) AS shout FROM people WHERE gone = 0;";

const SQLITE_TRIGGERS: &str =
    "CREATE TRIGGER made INSTEAD OF INSERT ON staff BEGIN INSERT INTO people (id, name) VALUES (new.id, new.name); END;
    CREATE TRIGGER changed INSTEAD OF UPDATE OF name ON staff
        BEGIN UPDATE people SET name = new.name WHERE id = old.id AND new.name <> 'never'; END;
    CREATE TRIGGER ended INSTEAD OF DELETE ON staff
        BEGIN UPDATE people SET gone = 1 WHERE id = old.id AND old.name <> 'Bob'; END;";

const POSTGRES_TRIGGERS: &str = "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF tg_op = 'INSERT' THEN
            INSERT INTO people (id, name) VALUES (coalesce(new.id, nextval('people_id_seq')), new.name)
                RETURNING id INTO new.id;
            RETURN new;
        ELSIF tg_op = 'UPDATE' THEN
            UPDATE people SET name = new.name WHERE id = old.id AND new.name <> 'never';
        ELSE
            UPDATE people SET gone = 1 WHERE id = old.id AND old.name <> 'Bob';
        END IF;
        -- As if nothing had been done.
        RETURN NULL;
    END $$;
    CREATE TRIGGER change INSTEAD OF INSERT OR UPDATE OR DELETE ON staff FOR EACH ROW EXECUTE FUNCTION change();";

fn serve(theirs: &Theirs) -> Server {
    theirs.serve("client_ids = true", |rocket| rocket.mount("/", Member::routes()).mount("/", Room::routes()))
}

fn named(id: Option<&str>, name: &str) -> Value {
    data("staff", id, json!({"name": name}), json!({}))
}

/// What a path may be asked for, told by `OPTIONS` and by a method that it doesn't have.
#[track_caller]
fn allows(server: &Server, path: &str, expected: &str) {
    let options = server.send("OPTIONS", path, &[], "");
    assert_eq!(options.field("allow"), Some(expected), "{path}");
    for method in ["POST", "PATCH", "DELETE"] {
        let is_served = expected.split(", ").any(|served| served == method);
        if !is_served {
            let answer = server.write(method, path, &Value::Null).is(405);
            assert_eq!(answer.field("allow"), Some(expected), "{method} {path}");
            assert_eq!(answer.error().0, "method_not_allowed");
        }
    }
}

#[test]
fn a_view_that_nothing_can_be_written_to_is_only_read() {
    // PostgreSQL writes to simple views by itself.
    let sql =
        format!("{PEOPLE} CREATE VIEW staff AS SELECT DISTINCT id, name, upper(name) AS shout FROM people;");
    over_both(&sql, |theirs| {
        let server = serve(theirs);
        allows(&server, "/staff", "GET, HEAD, OPTIONS");
        allows(&server, "/staff/1", "GET, HEAD, OPTIONS");
        assert_eq!(server.get("/staff/1", &[]).is(200).json()["data"]["attributes"]["shout"], "ADA");
        // The join table is one.
        allows(&server, "/staff/1/relationships/rooms", "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
        assert_eq!(theirs.run("SELECT count(*) FROM people WHERE gone = 0"), "2");
    });
}

#[test]
fn a_join_table_that_is_a_view_keeps_its_linkage() {
    let sql = format!(
        "{PEOPLE} {VIEW} DROP TABLE seats;
         CREATE VIEW seats AS SELECT DISTINCT p.id AS person_id, r.id AS room_id FROM people AS p, rooms AS r;"
    );
    over_both(&sql, |theirs| {
        let server = serve(theirs);
        allows(&server, "/staff/1/relationships/rooms", "GET, HEAD, OPTIONS");
        assert_eq!(server.get("/staff/1/relationships/rooms", &[]).is(200).json()["data"][0]["id"], "1");
    });
}

#[test]
fn a_view_is_written_to_by_its_triggers() {
    over_both(&format!("{PEOPLE} {VIEW}"), |theirs| {
        theirs.run(if theirs.is_sqlite() { SQLITE_TRIGGERS } else { POSTGRES_TRIGGERS });
        let server = serve(theirs);
        allows(&server, "/staff", "GET, HEAD, POST, OPTIONS");
        allows(&server, "/staff/1", "GET, HEAD, PATCH, DELETE, OPTIONS");
        let made = server.write("POST", "/staff", &named(None, "Eve")).is(201);
        assert_eq!((&made.json()["data"]["id"], made.field("location")), (&json!("3"), Some("/staff/3")));
        assert_eq!(made.json()["data"]["attributes"]["shout"], "EVE");
        server.write("POST", "/staff", &named(Some("7"), "Mia")).is(201);
        assert_eq!(server.write("POST", "/staff", &named(Some("7"), "Mia")).is(409).error().0, "id_exists");
        // With a tag.
        let tag = server.get("/staff/3", &[]).tag();
        let body = named(Some("3"), "Eva").to_string();
        let fields = [("Content-Type", "application/vnd.api+json"), ("If-Match", tag.as_str())];
        let changed = server.send("PATCH", "/staff/3", &fields, &body).is(200);
        assert_eq!(changed.json()["data"]["attributes"]["name"], "Eva");
        server.send("PATCH", "/staff/3", &fields, &body).is(412);
        server.send("DELETE", "/staff/3", &fields, "").is(412);
        delete(&server, "/staff/3").is(204);
        assert_eq!(theirs.run("SELECT name FROM people WHERE gone = 1"), "Eva");
        server.get("/staff/3", &[]).is(404);
        delete(&server, "/staff/3").is(404);
        server.write("PATCH", "/staff/3", &named(Some("3"), "x")).is(404);
        // What the trigger doesn't do.
        assert_eq!(delete(&server, "/staff/2").is(422).error().0, "validation_failed");
        server.get("/staff/2", &[]).is(200);
    });
}

#[test]
fn a_view_takes_what_it_has_a_trigger_for() {
    let theirs = Theirs::on_sqlite(&format!("{PEOPLE} {VIEW}"));
    theirs.run(SQLITE_TRIGGERS);
    theirs.run("DROP TRIGGER made; DROP TRIGGER changed");
    let server = serve(&theirs);
    allows(&server, "/staff", "GET, HEAD, OPTIONS");
    allows(&server, "/staff/1", "GET, HEAD, DELETE, OPTIONS");
    delete(&server, "/staff/1").is(204);
}

#[test]
fn postgresql_writes_to_simple_views_and_by_rules() {
    let Some(theirs) = Theirs::on_postgres(&format!("{PEOPLE} {VIEW}")) else { return };
    let server = serve(&theirs);
    // No trigger: the view can be written to, but for what it computes.
    let made = server.write("POST", "/staff", &named(None, "Eve")).is(201);
    assert_eq!(made.json()["data"]["attributes"]["shout"], "EVE");
    let shouting = data("staff", None, json!({"name": "x", "shout": "x"}), json!({}));
    assert_eq!(
        server.write("POST", "/staff", &shouting).is(422).error().1["pointer"],
        "/data/attributes/shout"
    );
    server.write("PATCH", "/staff/1", &named(Some("1"), "Ida")).is(200);
    delete(&server, "/staff/1").is(204);
    drop(server);
    theirs.run(
        "CREATE RULE ended AS ON DELETE TO staff DO INSTEAD UPDATE people SET gone = 1 WHERE id = old.id",
    );
    let server = serve(&theirs);
    delete(&server, "/staff/2").is(204);
    assert_eq!(theirs.run("SELECT name, gone FROM people WHERE id = 2"), "Bob|1");
}

#[derive(JsonApiResource)]
#[jsonapi(type = "goods", hooks, etag)]
struct Good {
    #[jsonapi(id)]
    id: i64,
    net: i64,
    gross: i64,
    label: String,
}

#[rocket::async_trait]
impl Hooks for Good {
    async fn before_create(&mut self, _: &mut Write<'_>) -> Result<(), HookError> {
        // Nobody but the table says what it is.
        self.gross = 1_000;
        // What a fresh struct has stands for an id to choose.
        self.id = 0;
        Ok(())
    }
}

#[test]
fn a_generated_column_is_read_and_never_written() {
    let table = |kind: &str| {
        format!(
            "CREATE TABLE goods (id {{id}}, net integer NOT NULL,
                gross integer NOT NULL GENERATED ALWAYS AS (net * 2) {kind},
                label text GENERATED ALWAYS AS (CASE WHEN net > 9 THEN 'big' ELSE 'small' END) {kind});"
        )
    };
    let test = |theirs: &Theirs| {
        let server = theirs.serve("client_ids = true", |rocket| rocket.mount("/", Good::routes()));
        let good = |attributes| data("goods", None, attributes, json!({}));
        let made = server.write("POST", "/goods", &good(json!({"net": 2}))).is(201).json();
        assert_eq!(made["data"]["attributes"], json!({"net": 2, "gross": 4, "label": "small"}));
        let refused = server.write("POST", "/goods", &good(json!({"net": 2, "gross": 5}))).is(422);
        assert_eq!(refused.error().1["pointer"], "/data/attributes/gross");
        let patch =
            |attributes| server.write("PATCH", "/goods/1", &data("goods", Some("1"), attributes, json!({})));
        let changed = patch(json!({"net": 10, "gross": 4})).is(200).json();
        assert_eq!(changed["data"]["attributes"], json!({"net": 10, "gross": 20, "label": "big"}));
        assert_eq!(patch(json!({"label": "x"})).is(422).error().1["pointer"], "/data/attributes/label");
        assert_eq!(theirs.run("SELECT count(*) FROM goods"), "1");
        // 0 is what a new resource has before its id is chosen: no client's to choose.
        let zero = data("goods", Some("0"), json!({"net": 1}), json!({}));
        assert_eq!(server.write("POST", "/goods", &zero).is(422).error().1["pointer"], "/data/id");
    };
    over_both(&table("STORED"), test);
    test(&Theirs::on_sqlite(&table("VIRTUAL")));
}

#[test]
fn an_id_that_only_the_database_makes_is_no_clients() {
    let sql = "CREATE TABLE rooms (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)";
    let Some(theirs) = Theirs::on_postgres(sql) else { return };
    let server = theirs.serve("client_ids = true", |rocket| rocket.mount("/", Room::routes()));
    let answer = server.write("POST", "/rooms", &json!({"data": {"type": "rooms", "id": "5"}})).is(403);
    assert_eq!(answer.error().0, "client_id_not_allowed");
    server.write("POST", "/rooms", &json!({"data": {"type": "rooms"}})).is(201);
}
