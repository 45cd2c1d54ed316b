//! The tables as SQL, and a launch that changes none.

use std::panic::catch_unwind;

use etag_fairing::testing::{Client, Database, Setup};
use etag_fairing::{DatabaseSchema, JsonApiResource};

use crate::applications::application;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// `schema = "check"` for the database.
fn checked(database: Database) -> Client {
    let rocket = application().mount("/v1", Note::routes());
    Setup::new(rocket).database("api", database).configure(("databases.api.schema", "check")).start()
}

#[test]
fn are_checked() {
    let sql = DatabaseSchema::of(&application().mount("/v1", Note::routes())).sqlite().expect("tables");
    let database = Database::file();
    let path = database.url().strip_prefix("sqlite:").expect("a file").to_owned();
    rusqlite::Connection::open(path).and_then(|file| file.execute_batch(&sql)).expect("a migration");
    let client = checked(database);
    client.seed(&Note { id: 1, text: "x".into() });
    assert_eq!(client.get("/v1/notes").send().expect(200).many::<Note>()[0].text, "x");
    // Without its tables it does not start.
    assert!(catch_unwind(|| checked(Database::file())).is_err());
}
