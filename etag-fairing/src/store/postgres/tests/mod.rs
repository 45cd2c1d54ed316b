//! The contract, and what is PostgreSQL's own.

mod at_once;
mod commit;
mod composite;
mod constraints;
mod indexes;
mod last_change;
mod last_deletion;
mod later;
mod lost;
mod new_row;
mod pooler;
mod revisions;
mod round_trips;
mod schema;
mod silence;
mod slow_reads;
mod sqlstate;
mod theirs;
mod together;
mod versions;
mod waiting;

use postgres_server::Database;

use super::{PostgresOptions, PostgresStore, SchemaMode};
use crate::plan::{Change, Listing, Plan, Root, Scopes, Selection};
use crate::schema::{Access, Attribute, Description, Kind, Mismatch, ResourceId, Value};
use crate::store::{Store, StoreError};

fn open(database: &Database) -> PostgresStore {
    PostgresStore::open(PostgresOptions::new(database.url()).expect("a URL")).expect("a store")
}

/// A store that adds columns to tables that it has made.
fn open_extending(database: &Database) -> PostgresStore {
    let mut options = PostgresOptions::new(database.url()).expect("a URL");
    options.schema = SchemaMode::Extend;
    PostgresStore::open(options).expect("a store")
}

/// Runs a test with a database, if there is a server.
fn with_database(test: impl AsyncFnOnce(&Database)) {
    let Some(database) = Database::provide() else { return };
    rocket::async_test(test(&database));
}

const fn attribute(
    name: &'static str,
    kind: Kind,
    nullable: bool,
    default: Option<fn() -> Result<Value, Mismatch>>,
) -> Attribute {
    Attribute {
        name,
        column: name,
        kind,
        nullable,
        access: Access::ReadWrite,
        filter: true,
        sort: true,
        default,
        parse: crate::schema::parse::<String>,
        parse_digits: crate::schema::parse_digits::<String>,
        check: |_| Ok(()),
        variants: || None,
        json_schema: || serde_json::Value::Null,
    }
}

fn new(resource: &'static Description, attributes: Vec<Value>) -> Change {
    Change::Insert { resource, id: None, attributes, linkage: vec![None; resource.relationships.len()] }
}

async fn write(store: &PostgresStore, change: Change) -> Result<ResourceId, StoreError> {
    let mut transaction = Store::begin(store).await?;
    let id = transaction.apply(change, &Scopes::NONE).await?;
    transaction.commit().await?;
    Ok(id)
}

/// All attributes of all resources.
async fn attributes(store: &PostgresStore, resource: &'static Description) -> Vec<Vec<Value>> {
    let plan = Plan::new(Root::Collection(Listing::all()), Selection::whole(resource));
    let fetched = store.fetch(&plan).await.expect("readable");
    let values = |row: crate::schema::Row<'_>| {
        resource.attributes_by_id().map(|(id, _)| row.attribute(id).to_owned()).collect()
    };
    fetched.rows.iter().map(values).collect()
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}
