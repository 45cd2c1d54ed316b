//! Several databases in one application: each has the resources that are mounted at its paths.

use std::path::Path;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToOne};
use rocket::error::ErrorKind;
use rocket::http::{Header, Method, Status};
use rocket::local::blocking::Client;
use rocket::{Build, Rocket};
use serde_json::json;

use super::{Book, Chapter, send};

/// Kept with the books, or apart from them: then its relationship leads nowhere.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "reviews", etag)]
struct Review {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    book: ToOne<Book>,
}

/// Knows of nothing else.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "orders", etag)]
struct Order {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

fn library(folder: &Path) -> Rocket<Build> {
    let url = |name: &str| format!("sqlite:{}", folder.join(name).display());
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", url("api.db")))
        .merge(("databases.shop.url", url("shop.db")))
        .merge(("databases.old.url", url("old.db")));
    rocket::custom(figment).attach(EtagFairing::new())
}

fn books(rocket: Rocket<Build>, base: &'static str) -> Rocket<Build> {
    rocket.mount(base, Book::routes()).mount(base, Chapter::routes())
}

/// The titles in the table of a database, by another way.
fn titles(folder: &Path, database: &str, table: &str) -> Vec<String> {
    let database = rusqlite::Connection::open(folder.join(database)).expect("a database");
    let sql = format!("SELECT title FROM {table} ORDER BY id");
    let Ok(mut statement) = database.prepare(&sql) else { return vec!["no such table".into()] };
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|title| title.expect("a title")).collect()
}

#[test]
fn each_database_has_what_is_mounted_at_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let fairing = JsonApi::fairing()
        .below("/v1/shop", JsonApi::database("shop"))
        .below("/old/", JsonApi::database("old"));
    let rocket = library(folder.path()).attach(fairing).mount("/v1/shop/orders", Order::routes());
    // The same structs in two databases, and a path that only begins as another does.
    let rocket = books(books(rocket, "/v1"), "/old").mount("/older", Order::routes());
    let client = Client::untracked(rocket).expect("a rocket");
    let make = |url: &str, kind: &str, title: &str| {
        let (status, made) = send(
            &client,
            Method::Post,
            url,
            &json!({"data": {"type": kind, "attributes": {"title": title}}}),
        );
        assert_eq!(status, Status::Created, "{made}");
        assert_eq!(made["data"]["links"]["self"], format!("{url}/1"));
    };
    make("/v1/books", "books", "new");
    make("/old/books", "books", "old");
    make("/v1/shop/orders/orders", "orders", "sold");
    make("/older/orders", "orders", "lent");
    let kept =
        |database: &str| ["books", "orders"].map(|table| titles(folder.path(), database, table).join(","));
    assert_eq!(kept("api.db"), ["new", "lent"]);
    assert_eq!(kept("shop.db"), ["no such table", "sold"]);
    assert_eq!(kept("old.db"), ["old", "no such table"]);

    // What is remembered of the one is not said of the other, and changes of the one are not those of the other.
    let get = |url: &str| {
        let response = client.get(url.to_owned()).dispatch();
        let tag = response.headers().get_one("ETag").map(str::to_owned);
        (response.into_string().unwrap_or_default(), tag.expect("a tag"))
    };
    let (new, old) = (get("/v1/books"), get("/old/books"));
    assert!(new.0.contains("\"new\"") && old.0.contains("\"old\""), "{new:?} {old:?}");
    let renamed = json!({"data": {"type": "books", "id": "1", "attributes": {"title": "older"}}});
    assert_eq!(send(&client, Method::Patch, "/old/books/1", &renamed).0, Status::Ok);
    let again = |url: &str, tag: &str| {
        client.get(url.to_owned()).header(Header::new("If-None-Match", tag.to_owned())).dispatch().status()
    };
    assert_eq!(again("/v1/books", &new.1), Status::NotModified);
    assert_eq!(again("/old/books", &old.1), Status::Ok);
    let outside = rusqlite::Connection::open(folder.path().join("api.db")).expect("a database");
    outside.execute("UPDATE books SET title = 'newer'", []).expect("a change");
    assert_eq!(again("/v1/books", &new.1), Status::Ok);

    // Relationships, errors and wrong methods below each.
    let chapter = json!({"data": {"type": "chapters", "relationships": {"book": {"data": {"type": "books", "id": "1"}}}}});
    let (status, made) = send(&client, Method::Post, "/old/chapters?include=book", &chapter);
    assert_eq!((status, &made["included"][0]["attributes"]["title"]), (Status::Created, &json!("older")));
    assert_eq!(client.put("/old/books/1").dispatch().status(), Status::MethodNotAllowed);
    for url in ["/old/nothing", "/v1/shop/orders/nothing", "/v1/shop/orders/books/1"] {
        let response = client.get(url).dispatch();
        assert_eq!(response.status(), Status::NotFound);
        assert_eq!(response.headers().get_one("Content-Type"), Some("application/vnd.api+json"), "{url}");
    }
    // Hand-written routes reach each store.
    let api = client.rocket().state::<JsonApi>().expect("the fairing");
    let types = |path: &str| api.at(path).registry().resources().map(|it| it.type_name).collect::<Vec<_>>();
    assert_eq!(types("/v1/shop/orders"), ["orders"]);
    assert_eq!(types("/old/books/1"), ["books", "chapters"]);
    assert_eq!(types("/older"), ["books", "chapters", "orders"]);
}

#[track_caller]
pub(super) fn stops(rocket: Rocket<Build>) {
    let error = rocket::async_test(rocket.ignite()).map(drop).expect_err("the launch stops");
    assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)), "{error}");
}

#[test]
fn two_fairings_stop_the_launch() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = || library(folder.path()).mount("/v1", Order::routes());
    stops(library().attach(JsonApi::database("api")).attach(JsonApi::database("shop")));
    stops(library().attach(JsonApi::fairing()).attach(JsonApi::fairing()));
    assert!(!folder.path().join("shop.db").exists(), "the second never opened its own");
    stops(library().attach(EtagFairing::new()));
    stops(library().attach(EtagFairing::all()));
}

#[test]
fn what_belongs_to_no_database_for_sure_stops_the_launch() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = |base: &str| {
        let fairing = JsonApi::fairing().below(base, JsonApi::database("shop"));
        library(folder.path()).attach(fairing).mount("/v1", Order::routes()).mount("/shop", Book::routes())
    };
    let complete = |base: &str| below(base).mount("/shop", Chapter::routes());
    // Nothing there, no path, everything.
    for base in ["/sho", "/shop/books", "shop", "//shop", "/<shop>", "", "/"] {
        stops(complete(base));
    }
    rocket::async_test(complete("/shop").ignite()).expect("this is a path");
    // Two for one.
    let fairing = JsonApi::fairing()
        .below("/shop", JsonApi::database("shop"))
        .below("/shop/", JsonApi::database("old"));
    stops(books(library(folder.path()).attach(fairing), "/shop"));
    // From one database to another.
    stops(below("/shop").mount("/v1", Chapter::routes()));
    stops(complete("/shop").mount("/v1", Review::routes()));
    rocket::async_test(complete("/shop").mount("/shop", Review::routes()).ignite()).expect("one database");
    // A database that isn't configured.
    let fairing = JsonApi::fairing().below("/shop", JsonApi::database("nowhere"));
    stops(books(library(folder.path()).attach(fairing), "/shop"));
}
