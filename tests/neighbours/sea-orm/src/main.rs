//! SeaORM writes to the file of the store, and reads from it.

#[path = "../../library.rs"]
mod library;

use sea_orm::{ActiveModelTrait, ActiveValue::Set, Database, EntityTrait, Unchanged};

mod book {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "books")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub title: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn main() {
    library::run(program());
}

async fn program() {
    let folder = tempfile::tempdir().expect("a folder");
    let client = library::client(library::rocket(folder.path())).await;
    let url = format!("sqlite://{}", library::file(folder.path()));
    let database = Database::connect(url).await.expect("a connection");
    let write = async |title: String| {
        let change = book::ActiveModel { id: Unchanged(1), title: Set(title) };
        change.update(&database).await.expect("a change");
    };
    let read = async || {
        let found = book::Entity::find_by_id(1).one(&database).await.expect("an answer");
        found.expect("a row").title
    };
    library::share(&client, write, read).await;
    println!("SeaORM and the store share a database");
}
