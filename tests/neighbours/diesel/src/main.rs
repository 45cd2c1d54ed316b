//! diesel writes to the file of the store, and reads from it.

#[path = "../../library.rs"]
mod library;

use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};

diesel::table! {
    books (id) {
        id -> BigInt,
        title -> Text,
    }
}

fn main() {
    library::run(program());
}

async fn program() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = library::client(library::rocket(folder.path())).await;
    let manager = ConnectionManager::<SqliteConnection>::new(library::file(folder.path()));
    let pool = Pool::builder().max_size(2).build(manager).expect("a pool");
    let write = async |title: String| {
        let mut connection = pool.get().expect("a connection");
        let change = diesel::update(books::table.find(1)).set(books::title.eq(title));
        assert_eq!(change.execute(&mut connection).expect("a change"), 1);
    };
    let read = async || {
        let mut connection = pool.get().expect("a connection");
        books::table.find(1).select(books::title).first(&mut connection).expect("a row")
    };
    library::share(&client, write, read).await;
    println!("diesel and the store share a database");
}
