//! rusqlite writes to the file of the store, and reads from it; the store's connections are the application's, too.

#[path = "../../library.rs"]
mod library;

use std::sync::Mutex;

use etag_fairing::JsonApi;
use rusqlite::Connection;

fn main() {
    library::run(program());
}

async fn program() {
    let folder = tempfile::tempdir().expect("a folder");
    // The application's rusqlite and the store's are the same.
    let fairing = JsonApi::fairing().with_connections(|path| Connection::open(path));
    let client = library::client(library::rocket_with(folder.path(), fairing)).await;
    let own = Mutex::new(Connection::open(library::file(folder.path())).expect("a connection"));
    let write = async |title: String| {
        let own = own.lock().expect("a connection");
        let changed = own.execute("UPDATE books SET title = ?1 WHERE id = 1", [title]);
        assert_eq!(changed.expect("a change"), 1);
    };
    let read = async || {
        let own = own.lock().expect("a connection");
        own.query_row("SELECT title FROM books WHERE id = 1", [], |row| row.get(0)).expect("a row")
    };
    library::share(&client, write, read).await;
    println!("rusqlite and the store share a database");
}
