//! What each neighbour is tried with: books, served by the store and written by both.

use std::path::Path;

use etag_fairing::{EtagFairing, JsonApi, JsonApiFairing, JsonApiResource};
use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket};
use serde_json::{Value, json};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "books", etag)]
pub struct Book {
    #[jsonapi(id)]
    pub id: i64,
    pub title: String,
}

/// The server over the file in this folder.
#[allow(dead_code, reason = "not of all neighbours")]
pub fn rocket(folder: &Path) -> Rocket<Build> {
    rocket_with(folder, JsonApi::fairing())
}

/// The same, with this fairing.
pub fn rocket_with(folder: &Path, fairing: JsonApiFairing) -> Rocket<Build> {
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", format!("sqlite:{}", file(folder))));
    rocket::custom(figment).attach(JsonApi::fairing()).attach(EtagFairing::new()).mount("/v1", Book::routes())
}

pub fn file(folder: &Path) -> String {
    folder.join("books.db").display().to_string()
}

fn change(title: &str) -> String {
    json!({"data": {"type": "books", "id": "1", "attributes": {"title": title}}}).to_string()
}

fn media() -> Header<'static> {
    Header::new("Content-Type", "application/vnd.api+json")
}

async fn get(client: &Client, tag: Option<&str>) -> (Status, String, Option<String>) {
    let mut request = client.get("/v1/books/1");
    if let Some(tag) = tag {
        request.add_header(Header::new("If-None-Match", tag.to_owned()));
    }
    let response = request.dispatch().await;
    let (status, tag) = (response.status(), response.headers().get_one("ETag").map(str::to_owned));
    let body: Option<Value> = response.into_string().await.and_then(|body| serde_json::from_str(&body).ok());
    let title = body.and_then(|body| body["data"]["attributes"]["title"].as_str().map(str::to_owned));
    (status, tag.expect("a tag"), title)
}

/// Runs a program. (`#[rocket::main]` asks for futures that can go to other threads.)
pub fn run(program: impl Future<Output = ()>) {
    let runtime = rocket::tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(program);
}

/// A server with one book.
pub async fn client(rocket: Rocket<Build>) -> Client {
    let client = Client::untracked(rocket).await.expect("a rocket");
    let book = json!({"data": {"type": "books", "attributes": {"title": "first"}}}).to_string();
    let made = client.post("/v1/books").header(media()).body(book).dispatch().await.status();
    assert_eq!(made, Status::Created);
    client
}

/// What a write of the one is to the other. `write` gives the first book a title, and `read` asks for it, both as the
/// neighbour does it.
pub async fn share(client: &Client, write: impl AsyncFn(String), read: impl AsyncFn() -> String) {
    assert_eq!(read().await, "first", "a row of the store is seen by the neighbour");
    for round in 0..20 {
        let (_, tag, _) = get(client, None).await;
        for _ in 0..2 {
            assert_eq!(get(client, Some(&tag)).await.0, Status::NotModified);
        }
        let theirs = format!("theirs {round}");
        write(theirs.clone()).await;
        let (status, new, title) = get(client, Some(&tag)).await;
        assert_eq!((status, title), (Status::Ok, Some(theirs)), "a write of the neighbour is seen at once");
        assert_ne!(tag, new);
        let ours = format!("ours {round}");
        let patch = |tag: &str| {
            let request = client.patch("/v1/books/1").header(media()).body(change(&ours));
            request.header(Header::new("If-Match", tag.to_owned())).dispatch()
        };
        assert_eq!(patch(&tag).await.status(), Status::PreconditionFailed, "the neighbour's write is kept");
        assert_eq!(patch(&new).await.status(), Status::Ok);
        assert_eq!(read().await, ours, "a write of the store is seen by the neighbour");
    }
}
