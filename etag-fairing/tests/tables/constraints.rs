//! Each kind of rule of a table is told as what it is, with the member that it is about.

use etag_fairing::{JsonApiResource, ToMany, ToOne};
use serde_json::{Value, json};

use super::{
    support::{Answer, Server},
    theirs::{Theirs, data, delete, over_both},
};

#[derive(JsonApiResource)]
#[jsonapi(type = "artists")]
struct Artist {
    #[jsonapi(id)]
    id: i64,
    name: String,
    #[jsonapi(rename = "stage-name")]
    stage_name: Option<String>,
    rank: Option<i64>,
    price: Option<f64>,
    #[jsonapi(relationship, inverse = "artist")]
    albums: ToMany<Album>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "albums")]
struct Album {
    #[jsonapi(id)]
    id: i64,
    title: String,
    // The table asks for more than the struct.
    #[jsonapi(relationship)]
    artist: ToOne<Artist>,
    #[jsonapi(relationship, through = "album_tags")]
    tags: ToMany<Tag>,
}

#[derive(JsonApiResource)]
#[jsonapi(type = "tags")]
struct Tag {
    #[jsonapi(id)]
    id: String,
    label: Option<String>,
}

const SQL: &str = "CREATE TABLE artists (id {id}, name varchar(20) NOT NULL UNIQUE, stage_name varchar(20),
        rank integer CONSTRAINT ranked CHECK (rank BETWEEN 1 AND 9), price numeric(6, 2),
        CONSTRAINT names CHECK (name <> stage_name), CHECK (price > 0));
    CREATE TABLE albums (id {id}, title text NOT NULL, artist_id bigint NOT NULL REFERENCES artists (id));
    CREATE TABLE tags (id varchar(40) PRIMARY KEY NOT NULL, label text);
    CREATE TABLE album_tags (album_id bigint NOT NULL REFERENCES albums (id), tag_id varchar(40) NOT NULL UNIQUE,
        PRIMARY KEY (album_id, tag_id));
    INSERT INTO artists (id, name) VALUES (1, 'Ada'), (2, 'Bob');
    INSERT INTO albums (id, title, artist_id) VALUES (1, 'one', 1), (2, 'two', 2);
    INSERT INTO tags VALUES ('a', 'a');
    INSERT INTO album_tags VALUES (1, 'a');";

fn serve(theirs: &Theirs) -> Server {
    theirs.serve("client_ids = true", |rocket| {
        rocket.mount("/", Artist::routes()).mount("/", Album::routes()).mount("/", Tag::routes())
    })
}

/// The status, code and pointer of the only error, and its words.
fn told(answer: &Answer) -> (u16, String, String, String) {
    let document = answer.json();
    let errors = document["errors"].as_array().unwrap_or_else(|| panic!("no error: {}", answer.text()));
    assert_eq!(errors.len(), 1, "{}", answer.text());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let error = &errors[0];
    (answer.status, text(&error["code"]), text(&error["source"]["pointer"]), text(&error["detail"]))
}

#[test]
fn each_rule_is_told_as_what_it_is() {
    over_both(SQL, |theirs| {
        let server = serve(theirs);
        let (invalid, unique) = ("validation_failed", "unique_violation");
        for (attributes, status, code, pointer, words) in [
            (json!({"name": "Ada"}), 409, unique, "/data/attributes/name", "this name"),
            (json!({"name": "x", "rank": 10}), 422, invalid, "/data/attributes/rank", "against rank"),
            (json!({"name": "x", "price": -1.5}), 422, invalid, "/data/attributes/price", "against price"),
            (
                json!({"name": "x", "stage-name": "x"}),
                422,
                invalid,
                "/data/attributes/name",
                "against name and stage-name",
            ),
        ] {
            let post =
                server.write("POST", "/artists", &data("artists", None, attributes.clone(), json!({})));
            let patch = server.write(
                "PATCH",
                "/artists/2",
                &data("artists", Some("2"), attributes.clone(), json!({})),
            );
            for answer in [post, patch] {
                let found = told(&answer);
                assert_eq!(
                    (found.0, found.1.as_str(), found.2.as_str()),
                    (status, code, pointer),
                    "{} {attributes}: {}",
                    theirs.name(),
                    answer.text()
                );
                assert!(found.3.contains(words), "{}: {}", theirs.name(), answer.text());
            }
        }
        assert_eq!(theirs.run("SELECT count(*) FROM artists"), "2");
    });
}

#[test]
fn a_value_that_is_too_long_or_too_large_is_named() {
    let Some(theirs) = Theirs::on_postgres(SQL) else { return };
    let server = serve(&theirs);
    for (name, value) in [
        ("name", json!("longer than twenty characters")),
        ("stage-name", json!("longer than twenty characters")),
        ("rank", json!(9_999_999_999_i64)),
        ("price", json!(123_456.0)),
    ] {
        let mut attributes = json!({"name": "x"});
        attributes[name] = value;
        let answer = server.write("POST", "/artists", &data("artists", None, attributes, json!({})));
        let found = told(&answer);
        assert_eq!((found.0, found.2), (422, format!("/data/attributes/{name}")), "{}", answer.text());
    }
}

#[test]
fn what_must_have_a_value_is_told_as_that() {
    over_both(SQL, |theirs| {
        let server = serve(theirs);
        // A relationship that the table must have, and the struct may lack.
        let answer = server.write("POST", "/albums", &data("albums", None, json!({"title": "x"}), json!({})));
        let found = told(&answer);
        assert_eq!((found.0, found.1.as_str()), (422, "validation_failed"), "{}", answer.text());
        assert_eq!(found.3, "artist must have a value");
        let emptied = json!({"data": null});
        let answer = server.write("PATCH", "/albums/1/relationships/artist", &emptied);
        assert_eq!(told(&answer).3, "artist must have a value", "{}", answer.text());
        // A column that no member has: its name is for the log.
        theirs.run("ALTER TABLE tags ADD COLUMN secret text");
        match theirs.is_sqlite() {
            true => theirs.run(
                "CREATE TABLE more (id TEXT PRIMARY KEY, label TEXT, secret TEXT NOT NULL); DROP TABLE album_tags;
                 DROP TABLE tags; ALTER TABLE more RENAME TO tags; CREATE TABLE album_tags (album_id, tag_id)",
            ),
            false => theirs.run("UPDATE tags SET secret = ''; ALTER TABLE tags ALTER COLUMN secret SET NOT NULL"),
        };
        let answer =
            server.write("POST", "/tags", &data("tags", Some("b"), json!({"label": "x"}), json!({})));
        let found = told(&answer);
        assert_eq!((found.0, found.1.as_str()), (422, "validation_failed"), "{}", answer.text());
        assert!(!answer.text().contains("secret") && found.3.contains("log"), "{}", found.3);
    });
}

#[test]
fn an_id_that_nobody_makes_is_told_as_that() {
    #[derive(JsonApiResource)]
    #[jsonapi(type = "genres")]
    struct Genre {
        #[jsonapi(id)]
        id: i32,
        name: Option<String>,
    }
    let Some(theirs) = Theirs::on_postgres("CREATE TABLE genres (id int NOT NULL PRIMARY KEY, name text)")
    else {
        return;
    };
    for client_ids in [false, true] {
        let jsonapi = format!("client_ids = {client_ids}");
        let server = theirs.serve(&jsonapi, |rocket| rocket.mount("/", Genre::routes()));
        let answer = server.write("POST", "/genres", &data("genres", None, json!({"name": "x"}), json!({})));
        let found = told(&answer);
        assert_eq!((found.0, found.1.as_str(), found.2.as_str()), (422, "validation_failed", "/data"));
        assert!(found.3.contains("makes no ids for genres"), "{}", found.3);
        if client_ids {
            server
                .write("POST", "/genres", &data("genres", Some("1"), json!({"name": "x"}), json!({})))
                .is(201);
        }
    }
}

#[test]
fn what_is_beside_the_resource_is_told_as_that() {
    over_both(SQL, |theirs| {
        let server = serve(theirs);
        // What is related must stay.
        let none = json!({"data": []});
        let answer = server.write("PATCH", "/artists/1/relationships/albums", &none);
        let found = told(&answer);
        assert_eq!((found.0, found.1.as_str()), (409, "foreign_key_violation"), "{}", answer.text());
        assert!(found.3.contains("must stay with one of artists"), "{}", found.3);
        // A tag is on one album.
        let tags = json!({"data": [{"type": "tags", "id": "a"}]});
        let answer = server.write("POST", "/albums/2/relationships/tags", &tags);
        let found = told(&answer);
        assert_eq!((found.0, found.1.as_str()), (409, "unique_violation"), "{}", answer.text());
        assert_eq!(delete(&server, "/artists/1").is(409).error().0, "foreign_key_violation");
    });
}

#[test]
fn what_a_trigger_raises_is_a_rule_of_the_table() {
    let Some(theirs) = Theirs::on_postgres(SQL) else { return };
    theirs.run(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = new.label; END $$;
         CREATE TRIGGER no BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION no()",
    );
    let server = serve(&theirs);
    for code in ["P0001", "45000", "AB123", "23514"] {
        let answer =
            server.write("POST", "/tags", &data("tags", Some("b"), json!({"label": code}), json!({})));
        assert_eq!(told(&answer).0, 422, "{code}: {}", answer.text());
        assert!(!answer.text().contains("not today"));
    }
}

#[test]
fn domains_and_exclusion_constraints_name_their_members() {
    let sql = "CREATE DOMAIN good AS text CHECK (VALUE <> '') CONSTRAINT good CHECK (VALUE <> 'bad');
        CREATE TABLE tags (id text PRIMARY KEY, label good, EXCLUDE USING btree (label WITH =));
        CREATE TABLE artists (id {id}, name text NOT NULL, stage_name text, rank integer, price float8);
        CREATE TABLE albums (id {id}, title text NOT NULL, artist_id bigint);
        CREATE TABLE album_tags (album_id bigint, tag_id text);";
    let Some(theirs) = Theirs::on_postgres(sql) else { return };
    let server = serve(&theirs);
    let post = |id: &str, label: &str| {
        server.write("POST", "/tags", &data("tags", Some(id), json!({"label": label}), json!({})))
    };
    for label in ["", "bad"] {
        let found = told(&post("a", label));
        assert_eq!((found.0, found.2.as_str()), (422, "/data/attributes/label"), "{label:?}: {}", found.3);
    }
    post("a", "same").is(201);
    let found = told(&post("b", "same"));
    assert_eq!((found.0, found.2.as_str()), (409, "/data/attributes/label"), "{}", found.3);
}

#[test]
fn what_waits_for_the_commit_is_told_as_what_it_is() {
    let sql = "CREATE TABLE artists (id {id}, name text NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED, stage_name text,
            rank integer, price float8);
        CREATE TABLE albums (id {id}, title text NOT NULL, artist_id bigint);
        CREATE TABLE tags (id text PRIMARY KEY, label text); CREATE TABLE album_tags (album_id bigint, tag_id text);
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
        CREATE CONSTRAINT TRIGGER no AFTER INSERT OR UPDATE OR DELETE ON tags DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION no();
        INSERT INTO artists (name) VALUES ('Ada'), ('Bob');";
    let Some(theirs) = Theirs::on_postgres(sql) else { return };
    let server = serve(&theirs);
    let taken = json!({"name": "Ada"});
    let post = server.write("POST", "/artists", &data("artists", None, taken.clone(), json!({})));
    let patch = server.write("PATCH", "/artists/2", &data("artists", Some("2"), taken, json!({})));
    for answer in [post, patch] {
        let found = told(&answer);
        assert_eq!((found.0, found.2.as_str()), (409, "/data/attributes/name"), "{}", answer.text());
    }
    let answer = server.write("POST", "/tags", &data("tags", Some("a"), json!({"label": "x"}), json!({})));
    assert_eq!(told(&answer).0, 422, "{}", answer.text());
    assert_eq!(theirs.run("SELECT count(*) FROM tags"), "0");
}
