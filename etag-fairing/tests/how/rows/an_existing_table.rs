//! A table that another program has made, with its own names.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::{Database, Document, Setup};

use crate::applications::application;

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "talks", table = "tbl_talk")]
struct Talk {
    #[jsonapi(id, column = "talk_no")]
    id: i64,
    #[jsonapi(column = "talk_title")]
    title: String,
}

#[test]
fn keeps_its_names() {
    let database = Database::file();
    let path = database.url().strip_prefix("sqlite:").expect("a file").to_owned();
    let other = rusqlite::Connection::open(path).expect("a database");
    other
        .execute_batch(
            "CREATE TABLE tbl_talk (talk_no INTEGER PRIMARY KEY, talk_title TEXT NOT NULL, note TEXT);
             INSERT INTO tbl_talk VALUES (7, 'ETags', 'ours')",
        )
        .expect("a table");
    let rocket = application().mount("/v1", Talk::routes());
    let client = Setup::new(rocket).database("api", database).start();
    assert_eq!(client.get("/v1/talks/7").send().expect(200).one::<Talk>().title, "ETags");
    let edit = Document::new("talks").id(7).attribute("title", "Entity tags");
    client.patch("/v1/talks/7").document(&edit).send().expect(200);
    let row: (String, String) = other
        .query_row("SELECT talk_title, note FROM tbl_talk", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("a row");
    assert_eq!(row, ("Entity tags".into(), "ours".into()));
}
