//! Routes with a pool of rocket_db_pools write to the file of the store, and read from it.

#[path = "../../library.rs"]
mod library;

use rocket::{get, put, routes};
use rocket_db_pools::sqlx::Row;
use rocket_db_pools::{Connection, Database, deadpool_postgres, sqlx};

#[derive(Database)]
#[database("books")]
struct Books(sqlx::SqlitePool);

/// Compiled beside the store; which server it is for is of no matter here.
#[derive(Database)]
#[database("elsewhere")]
#[allow(dead_code)]
struct Elsewhere(deadpool_postgres::Pool);

#[put("/own/<title>")]
async fn write(title: &str, mut books: Connection<Books>) {
    let query = sqlx::query("UPDATE books SET title = ? WHERE id = 1").bind(title);
    assert_eq!(query.execute(&mut **books).await.expect("a change").rows_affected(), 1);
}

#[get("/own")]
async fn read(mut books: Connection<Books>) -> String {
    let row = sqlx::query("SELECT title FROM books WHERE id = 1").fetch_one(&mut **books).await;
    row.expect("a row").get(0)
}

fn main() {
    library::run(program());
}

async fn program() {
    let folder = tempfile::tempdir().expect("a folder");
    let rocket = library::rocket(folder.path());
    // The tables of other pools in `Rocket.toml` are theirs.
    let figment = rocket.figment().clone().merge(("databases.books.url", library::file(folder.path())));
    let rocket = rocket.configure(figment).attach(Books::init()).mount("/", routes![write, read]);
    let client = library::client(rocket).await;
    let write = async |title: String| {
        let url = format!("/own/{}", title.replace(' ', "%20"));
        assert_eq!(client.put(url).dispatch().await.status(), rocket::http::Status::Ok);
    };
    let read = async || client.get("/own").dispatch().await.into_string().await.expect("a title");
    library::share(&client, write, read).await;
    println!("rocket_db_pools and the store share a database");
}
