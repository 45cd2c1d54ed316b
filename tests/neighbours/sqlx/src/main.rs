//! sqlx writes to the file of the store, and reads from it.

#[path = "../../library.rs"]
mod library;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

fn main() {
    library::run(program());
}

async fn program() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = library::client(library::rocket(folder.path())).await;
    let options = SqliteConnectOptions::new().filename(library::file(folder.path()));
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.expect("a pool");
    let write = async |title: String| {
        let query = sqlx::query("UPDATE books SET title = ? WHERE id = 1").bind(title);
        assert_eq!(query.execute(&pool).await.expect("a change").rows_affected(), 1);
    };
    let read = async || {
        let query = sqlx::query_scalar("SELECT title FROM books WHERE id = 1");
        query.fetch_one(&pool).await.expect("a row")
    };
    library::share(&client, write, read).await;
    println!("sqlx and the store share a database");
}
