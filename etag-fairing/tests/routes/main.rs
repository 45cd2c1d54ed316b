//! Generated routes where the example has no resource to show it on: required relationships, base URLs, routes of
//! one's own beside ours.

#![cfg(feature = "sqlite")]

mod names;
mod pools;
mod prefer;
mod stores;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::http::{Header, Method, Status};
use rocket::local::blocking::Client;
use rocket::{Build, Rocket, get, post, routes};
use serde_json::{Value, json};

/// Has chapters.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", etag)]
struct Book {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship, inverse = "book")]
    chapters: ToMany<Chapter>,
}

/// Is of a book.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "chapters", etag)]
struct Chapter {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, required)]
    book: ToOne<Book>,
}

fn rocket(base: &'static str, settings: Value) -> Rocket<Build> {
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", "sqlite::memory:"))
        .merge(("jsonapi", settings));
    rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount(base, Book::routes())
        .mount(base, Chapter::routes())
}

fn client(rocket: Rocket<Build>) -> Client {
    Client::untracked(rocket).expect("a rocket")
}

fn send(client: &Client, method: Method, uri: &str, document: &Value) -> (Status, Value) {
    let request =
        client.req(method, uri.to_owned()).header(Header::new("Content-Type", "application/vnd.api+json"));
    let response = request.body(document.to_string()).dispatch();
    let status = response.status();
    (status, response.into_string().and_then(|body| serde_json::from_str(&body).ok()).unwrap_or(Value::Null))
}

fn book_with_a_chapter(client: &Client, base: &str) {
    let book = json!({"data": {"type": "books", "attributes": {"title": "a"}}});
    assert_eq!(send(client, Method::Post, &format!("{base}/books"), &book).0, Status::Created);
    let link = json!({"data": {"type": "books", "id": "1"}});
    let chapter = json!({"data": {"type": "chapters", "relationships": {"book": link}}});
    assert_eq!(send(client, Method::Post, &format!("{base}/chapters"), &chapter).0, Status::Created);
}

#[test]
fn what_must_have_an_owner_is_not_let_go() {
    let client = client(rocket("/v1", json!({})));
    book_with_a_chapter(&client, "/v1");
    let chapters = json!({"data": [{"type": "chapters", "id": "1"}]});
    for (method, document) in [(Method::Delete, &chapters), (Method::Patch, &json!({"data": []}))] {
        let (status, answer) = send(&client, method, "/v1/books/1/relationships/chapters", document);
        assert_eq!(status, Status::Conflict, "{answer}");
        assert_eq!(answer["errors"][0]["code"], "foreign_key_violation");
        let linkage =
            client.get("/v1/books/1/relationships/chapters").dispatch().into_string().expect("a body");
        assert!(linkage.contains(r#""data":[{"type":"chapters","id":"1"}]"#), "{linkage}");
    }
    let (status, _) = send(&client, Method::Delete, "/v1/books/1", &Value::Null);
    assert_eq!(status, Status::Conflict);
    assert_eq!(client.get("/v1/books/1").dispatch().status(), Status::Ok);
}

#[test]
fn a_change_of_linkage_takes_no_parameters() {
    let client = client(rocket("/v1", json!({})));
    book_with_a_chapter(&client, "/v1");
    let uri = "/v1/chapters/1/relationships/book?include=book";
    let (status, answer) = send(&client, Method::Patch, uri, &json!({"data": {"type": "books", "id": "1"}}));
    assert_eq!(
        (status, &answer["errors"][0]["source"]["parameter"]),
        (Status::BadRequest, &json!("include"))
    );
}

#[test]
fn links_begin_with_the_base_url_and_the_mount() {
    let client = client(rocket("/a/b", json!({"base_url": "https://api.example.com"})));
    book_with_a_chapter(&client, "/a/b");
    let book = client.get("/a/b/books/1").dispatch().into_string().expect("a body");
    assert!(book.contains(r#""self":"https://api.example.com/a/b/books/1""#), "{book}");
    assert!(!book.contains(r#""self":"/"#), "{book}");
}

#[test]
fn at_the_root_everything_is_as_below_a_path() {
    let client = client(rocket("/", json!({})));
    book_with_a_chapter(&client, "");
    let book = client.get("/books/1").dispatch().into_string().expect("a body");
    assert!(book.contains(r#""self":"/books/1""#), "{book}");
    let refused = client.put("/books/1").dispatch();
    assert_eq!(
        (refused.status(), refused.headers().get_one("Allow")),
        (Status::MethodNotAllowed, Some("GET, HEAD, PATCH, DELETE, OPTIONS"))
    );
    assert_eq!(client.put("/nowhere").dispatch().status(), Status::NotFound);
}

#[get("/books/<_>")]
fn own_book() -> &'static str {
    "mine"
}

#[post("/books/<_>")]
fn own_action() -> &'static str {
    "done"
}

#[test]
fn a_route_of_ones_own_wins_and_is_allowed() {
    let client = client(rocket("/v1", json!({})).mount("/v1", routes![own_book, own_action]));
    assert_eq!(client.get("/v1/books/1").dispatch().into_string().as_deref(), Some("mine"));
    let options = client.options("/v1/books/1").dispatch();
    assert_eq!(options.headers().get_one("Allow"), Some("GET, HEAD, POST, PATCH, DELETE, OPTIONS"));
}

#[test]
fn a_relationship_to_what_is_not_mounted_stops_the_launch() {
    let figment =
        rocket::Config::figment().merge(("log_level", "off")).merge(("databases.api.url", "sqlite::memory:"));
    let rocket = rocket::custom(figment).attach(JsonApi::fairing()).mount("/v1", Chapter::routes());
    let error = Client::untracked(rocket).expect_err("books are not mounted");
    assert!(matches!(error.kind(), rocket::error::ErrorKind::FailedFairings(_)), "{error}");
}

/// Another resource of the same type.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", table = "other_books", path = "other-books")]
struct OtherBook {
    #[jsonapi(id)]
    id: i64,
}

#[test]
fn two_resources_of_one_type_stop_the_launch() {
    let error = Client::untracked(rocket("/v1", json!({})).mount("/v1", OtherBook::routes()))
        .expect_err("a type twice");
    assert!(matches!(error.kind(), rocket::error::ErrorKind::FailedFairings(_)), "{error}");
}

#[test]
fn a_form_of_a_web_page_deletes_nothing() {
    let client = client(rocket("/v1", json!({})));
    let book = json!({"data": {"type": "books", "attributes": {"title": "a"}}});
    assert_eq!(send(&client, Method::Post, "/v1/books", &book).0, Status::Created);
    // Rocket takes the method from the form's first field.
    let form = client.post("/v1/books/1").header(rocket::http::ContentType::Form).body("_method=DELETE");
    assert_eq!(form.dispatch().status(), Status::UnsupportedMediaType);
    assert_eq!(client.get("/v1/books/1").dispatch().status(), Status::Ok);
    assert_eq!(client.delete("/v1/books/1").dispatch().status(), Status::NoContent);
}

#[test]
fn a_row_that_somebody_has_spoilt_can_be_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("own.db");
    // A table of the user's own, so that it holds what SQLite lets into it.
    let own = rusqlite::Connection::open(&path).expect("a database");
    own.execute_batch(
        "CREATE TABLE books (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL);
         CREATE TABLE chapters (id INTEGER PRIMARY KEY AUTOINCREMENT, book_id INTEGER NOT NULL);
         INSERT INTO books (title) VALUES (x'ff'), ('good');",
    )
    .expect("tables");
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", format!("sqlite:{}", path.display())));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/v1", Book::routes())
        .mount("/v1", Chapter::routes());
    let client = client(rocket);
    assert_eq!(client.get("/v1/books/1").dispatch().status(), Status::InternalServerError);
    assert_eq!(client.get("/v1/books/2").dispatch().status(), Status::Ok);
    assert_eq!(client.delete("/v1/books/1").dispatch().status(), Status::NoContent);
    assert_eq!(client.get("/v1/books").dispatch().status(), Status::Ok);
}
