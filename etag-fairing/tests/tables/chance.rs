//! Schemas and requests by chance: no request leaves a reference to nothing, and where the tables decide, the server says
//! what plain SQL says.

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::json;

use super::{
    support::Server,
    theirs::{Theirs, data, delete, to},
};

/// Numbers by chance, the same for a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        // Knuth's constants.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn id(&mut self, most: u64) -> String {
        (1 + self.below(most)).to_string()
    }

    fn id_or_null(&mut self, most: u64) -> String {
        if self.below(4) == 0 { "NULL".into() } else { self.id(most) }
    }

    /// What stands behind `REFERENCES …`.
    fn rule(&mut self) -> String {
        let action = self.of(&["NO ACTION", "NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"]);
        let wait = self.of(&["", "", "DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY IMMEDIATE"]);
        format!("ON DELETE {action} {wait}")
    }
}

/// With a version, so that the store follows what a deletion takes along.
#[derive(JsonApiResource)]
#[jsonapi(type = "xs", etag)]
struct X {
    #[jsonapi(id)]
    id: i64,
    tag: i64,
    #[jsonapi(version)]
    version: i64,
    #[jsonapi(relationship, inverse = "x", linkage = true)]
    ys: ToMany<Y>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "ys", etag)]
struct Y {
    #[jsonapi(id)]
    id: i64,
    /// Refers to a table that no resource knows.
    u_id: Option<i64>,
    #[jsonapi(relationship)]
    x: ToOne<X>,
    #[jsonapi(relationship, through = "xys", linkage = true)]
    others: ToMany<X>,
}

/// The same tables, where the structs decide.
mod decided {
    use etag_fairing::{JsonApiResource, ToMany, ToOne};

    #[derive(JsonApiResource)]
    #[jsonapi(type = "ys", etag)]
    pub(super) struct Y {
        #[jsonapi(id)]
        id: i64,
        u_id: Option<i64>,
        #[jsonapi(relationship, on_delete = "cascade")]
        x: ToOne<X>,
        #[jsonapi(relationship, on_delete = "set_null")]
        y: ToOne<Y>,
        #[jsonapi(relationship, through = "xys", on_delete = "cascade", linkage = true)]
        others: ToMany<X>,
    }

    #[derive(JsonApiResource)]
    #[jsonapi(type = "xs", etag)]
    pub(super) struct X {
        #[jsonapi(id)]
        id: i64,
        tag: i64,
    }
}

const TABLES: [(&str, &str); 6] = [
    ("xs", "id, tag"),
    ("ys", "id, x_id, y_id, u_id"),
    ("xys", "x_id, y_id"),
    ("us", "id"),
    ("vs", "id, x_id, x_tag, y_id"),
    ("ws", "id, v_id"),
];

fn schema(chance: &mut Chance) -> String {
    let mut rule = || chance.rule();
    let (x, y, u, link_x, link_y, own, v) = (rule(), rule(), rule(), rule(), rule(), rule(), rule());
    let on_update = chance.of(&["", "ON UPDATE CASCADE", "ON UPDATE RESTRICT", "ON UPDATE SET NULL"]);
    let default = chance.of(&["", "DEFAULT 1", "DEFAULT 99"]);
    let composite = chance.rule();
    let mut sql = format!(
        "CREATE TABLE us (id integer PRIMARY KEY);
         CREATE TABLE xs (id {{id}}, tag bigint NOT NULL, version bigint NOT NULL DEFAULT 1, UNIQUE (id, tag));
         CREATE TABLE ys (id {{id}}, x_id bigint {default} REFERENCES xs (id) {x}, y_id bigint REFERENCES ys (id) {own},
            u_id bigint REFERENCES us (id) {u});
         CREATE TABLE xys (x_id bigint NOT NULL REFERENCES xs (id) {link_x},
            y_id bigint NOT NULL REFERENCES ys (id) {link_y}, PRIMARY KEY (x_id, y_id));
         CREATE TABLE vs (id integer PRIMARY KEY, x_id bigint, x_tag bigint, y_id bigint REFERENCES ys (id) {y},
            FOREIGN KEY (x_id, x_tag) REFERENCES xs (id, tag) {on_update} {composite});
         CREATE TABLE ws (id integer PRIMARY KEY, v_id bigint NOT NULL REFERENCES vs (id) {v});
         INSERT INTO us VALUES (1), (2), (3);"
    );
    for id in 1..=6 {
        sql += &format!("INSERT INTO xs (id, tag) VALUES ({id}, {id}0);");
    }
    for id in 1..=9_u64 {
        let (x, u) = (chance.id_or_null(6), chance.id_or_null(3));
        let own = if id == 1 { "NULL".into() } else { chance.id_or_null(id - 1) };
        sql += &format!("INSERT INTO ys (id, x_id, y_id, u_id) VALUES ({id}, {x}, {own}, {u});");
    }
    for id in 1..=5_u64 {
        let (x, y, link) = (chance.id(6), chance.id_or_null(9), chance.id(9));
        sql += &format!("INSERT INTO vs VALUES ({id}, {x}, {x}0, {y});");
        let link = format!("INSERT INTO xys VALUES ({x}, {link});");
        if !sql.contains(&link) {
            sql += &link;
        }
        if chance.below(2) == 0 {
            sql += &format!("INSERT INTO ws VALUES ({id}, {id});");
        }
    }
    sql
}

/// All that the tables hold, but for versions, as one line.
fn dump() -> String {
    let table = |(name, columns): (&str, &str)| {
        let cells: Vec<String> =
            columns.split(", ").map(|column| format!("coalesce(CAST({column} AS text), '-')")).collect();
        let row = cells.join(" || ',' || ");
        format!(
            "coalesce((SELECT group_concat_(r, ' ') FROM (SELECT {row} AS r FROM {name} ORDER BY 1) AS q), '')"
        )
    };
    format!("SELECT {}", TABLES.map(table).join(" || '/' || "))
}

/// What plain SQL makes of a statement: what the tables hold then, or `refused`. Nothing of it stays.
fn plainly(theirs: &Theirs, statement: &str) -> String {
    match theirs {
        Theirs::Postgres(_) => theirs.run(&format!("SELECT attempt('{statement}')")),
        Theirs::Sqlite(_) => theirs.attempt(statement, &dump().replace("group_concat_", "group_concat")),
    }
}

fn state(theirs: &Theirs) -> String {
    let function = if theirs.is_sqlite() { "group_concat" } else { "string_agg" };
    theirs.run(&dump().replace("group_concat_", function))
}

const ATTEMPT: &str = "CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $f$
    DECLARE state text;
    BEGIN
        EXECUTE statement;
        SET CONSTRAINTS ALL IMMEDIATE;
        EXECUTE $d$DUMP$d$ INTO state;
        RAISE EXCEPTION USING ERRCODE = 'XY000', MESSAGE = state;
    EXCEPTION WHEN SQLSTATE 'XY000' THEN RETURN sqlerrm;
        WHEN integrity_constraint_violation THEN RETURN 'refused';
    END $f$";

/// The server answers a request as plain SQL answers the statement.
fn as_plainly(theirs: &Theirs, statement: &str, request: impl FnOnce() -> u16) {
    let before = state(theirs);
    let expected = plainly(theirs, statement);
    let status = request();
    let after = state(theirs);
    match expected.as_str() {
        "refused" => {
            assert!(matches!(status, 404 | 409 | 422), "{statement}: refused, but {status}");
            assert_eq!(after, before, "{statement}: {status}");
        }
        expected => {
            assert!(status < 300 || status == 404 && expected == before, "{statement}: {status}");
            assert_eq!(after, expected, "{statement}: {status}");
        }
    }
    assert_eq!(theirs.dangling(), [""; 0], "{statement}");
}

fn the_tables_decide(theirs: &Theirs, chance: &mut Chance, steps: usize) {
    let server =
        theirs.serve("client_ids = true", |rocket| rocket.mount("/", X::routes()).mount("/", Y::routes()));
    for _ in 0..steps {
        let (x, y, u) = (chance.id(7), chance.id(10), chance.id(4));
        match chance.below(8) {
            0..=2 => as_plainly(theirs, &format!("DELETE FROM xs WHERE id = {x}"), || {
                delete(&server, &format!("/xs/{x}")).status
            }),
            3 | 4 => as_plainly(theirs, &format!("DELETE FROM ys WHERE id = {y}"), || {
                delete(&server, &format!("/ys/{y}")).status
            }),
            5 => as_plainly(theirs, &format!("UPDATE xs SET tag = {u} WHERE id = {x}"), || {
                let tag = json!({"tag": u.parse::<i64>().expect("a number")});
                server.write("PATCH", &format!("/xs/{x}"), &data("xs", Some(&x), tag, json!({}))).status
            }),
            6 => as_plainly(theirs, &format!("UPDATE ys SET u_id = {u}, x_id = {x} WHERE id = {y}"), || {
                let unknown = json!({"uId": u.parse::<i64>().expect("a number")});
                let related = json!({"x": to("xs", &x)});
                server.write("PATCH", &format!("/ys/{y}"), &data("ys", Some(&y), unknown, related)).status
            }),
            _ => {
                let new = chance.id(30);
                let statement = format!("INSERT INTO ys (id, u_id, x_id) VALUES ({new}, {u}, {x})");
                as_plainly(theirs, &statement, || {
                    let unknown = json!({"uId": u.parse::<i64>().expect("a number")});
                    let related = json!({"x": to("xs", &x)});
                    server.write("POST", "/ys", &data("ys", Some(&new), unknown, related)).status
                });
            }
        }
    }
}

fn the_structs_decide(theirs: &Theirs, chance: &mut Chance, steps: usize) {
    let server: Server = theirs.serve("client_ids = true", |rocket| {
        rocket.mount("/", decided::X::routes()).mount("/", decided::Y::routes())
    });
    for _ in 0..steps {
        let before = state(theirs);
        let (x, y) = (chance.id(7), chance.id(10));
        let status = match chance.below(6) {
            0 | 1 => delete(&server, &format!("/xs/{x}")).status,
            2 => delete(&server, &format!("/ys/{y}")).status,
            3 => {
                let linkage = json!({"data": [{"type": "xs", "id": x}]});
                let method = chance.of(&["PATCH", "POST", "DELETE"]);
                server.write(method, &format!("/ys/{y}/relationships/others"), &linkage).status
            }
            4 => {
                let related =
                    if chance.below(3) == 0 { json!({"data": null}) } else { to("ys", &chance.id(10)) };
                server.write("PATCH", &format!("/ys/{y}/relationships/y"), &related).status
            }
            _ => server.write("PATCH", &format!("/ys/{y}/relationships/x"), &to("xs", &x)).status,
        };
        assert!(matches!(status, 200 | 204 | 404 | 409 | 422), "{status}");
        if status >= 400 {
            assert_eq!(state(theirs), before, "{status}");
        }
        assert_eq!(theirs.dangling(), [""; 0]);
    }
}

fn on_postgres(sql: &str) -> Option<Theirs> {
    let theirs = Theirs::on_postgres(sql)?;
    theirs.run(&ATTEMPT.replace("DUMP", &dump().replace("group_concat_", "string_agg")));
    Some(theirs)
}

#[test]
fn whatever_the_tables_say_the_server_says() {
    for seed in 0..8 {
        let mut chance = Chance(seed);
        let sql = schema(&mut chance);
        let theirs = Theirs::on_sqlite(&sql);
        the_tables_decide(&theirs, &mut chance, 20);
    }
}

#[test]
fn whatever_the_tables_say_the_server_says_on_postgresql() {
    for seed in 100..103 {
        let mut chance = Chance(seed);
        let sql = schema(&mut chance);
        let Some(theirs) = on_postgres(&sql) else { return };
        the_tables_decide(&theirs, &mut chance, 12);
    }
}

#[test]
fn whatever_the_structs_say_no_reference_leads_to_nothing() {
    for seed in 200..206 {
        let mut chance = Chance(seed);
        let sql = schema(&mut chance);
        let theirs = Theirs::on_sqlite(&sql);
        the_structs_decide(&theirs, &mut chance, 20);
    }
    let mut chance = Chance(300);
    let sql = schema(&mut chance);
    if let Some(theirs) = on_postgres(&sql) {
        the_structs_decide(&theirs, &mut chance, 15);
    }
}

#[test]
fn a_state_tells_all_tables_apart() {
    let mut chance = Chance(1);
    let theirs = Theirs::on_sqlite(&schema(&mut chance));
    let before = state(&theirs);
    assert_eq!(before.split('/').count(), TABLES.len(), "{before}");
    assert_eq!(plainly(&theirs, "UPDATE us SET id = 9 WHERE id = 3 AND 1 = 0"), before);
    assert_eq!(plainly(&theirs, "INSERT INTO ws VALUES (77, 99)"), "refused");
}
