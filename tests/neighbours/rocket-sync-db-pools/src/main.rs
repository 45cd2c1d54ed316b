//! Routes with a pool of rocket_sync_db_pools write to the file of the store, and read from it.

#[path = "../../library.rs"]
mod library;

use rocket::{get, put, routes};
use rocket_sync_db_pools::{database, rusqlite};

#[database("books")]
struct Books(rusqlite::Connection);

#[put("/own/<title>")]
async fn write(title: &str, books: Books) {
    let title = title.to_owned();
    let changed = books.run(move |books| books.execute("UPDATE books SET title = ?1 WHERE id = 1", [title]));
    assert_eq!(changed.await.expect("a change"), 1);
}

#[get("/own")]
async fn read(books: Books) -> String {
    let text = "SELECT title FROM books WHERE id = 1";
    books.run(move |books| books.query_row(text, [], |row| row.get(0))).await.expect("a row")
}

fn main() {
    library::run(program());
}

async fn program() {
    let folder = tempfile::tempdir().expect("a folder");
    let rocket = library::rocket(folder.path());
    // The tables of other pools in `Rocket.toml` are theirs.
    let figment = rocket.figment().clone().merge(("databases.books.url", library::file(folder.path())));
    let rocket = rocket.configure(figment).attach(Books::fairing()).mount("/", routes![write, read]);
    let client = library::client(rocket).await;
    let write = async |title: String| {
        let url = format!("/own/{}", title.replace(' ', "%20"));
        assert_eq!(client.put(url).dispatch().await.status(), rocket::http::Status::Ok);
    };
    let read = async || client.get("/own").dispatch().await.into_string().await.expect("a title");
    library::share(&client, write, read).await;
    println!("rocket_sync_db_pools and the store share a database");
}
