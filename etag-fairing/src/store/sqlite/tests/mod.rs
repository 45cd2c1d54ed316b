//! The contract, and what is SQLite's own.

mod composite;
mod constraints;
mod corrupt;
mod files;
mod group_commit;
mod group_commit_by_chance;
mod ids;
mod indexes;
mod inline_reader;
mod limits;
mod plans;
mod reads;
mod replaced;
mod revisions;
mod schema;
mod statements;
mod theirs;
mod times;

use std::path::Path;

use super::{Location, SchemaMode, SqliteOptions, SqliteStore, Synchronous};
use crate::plan::{Change, LinkageChange, Plan, Root, Scopes, Selection};
use crate::schema::{Attribute, Description, Kind, Mismatch, ResourceId, Value};
use crate::store::{Store, StoreError};

fn options(path: &Path) -> SqliteOptions {
    SqliteOptions::new(Location::File(path.into()))
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(options(path)).expect("a database")
}

/// A store that puts nothing into the database but tables that are missing.
fn open_without_revisions(path: &Path) -> SqliteStore {
    SqliteStore::open(SqliteOptions { revisions: false, ..options(path) }).expect("a database")
}

/// A store that adds columns to tables that it has made.
fn open_extending(path: &Path) -> SqliteStore {
    SqliteStore::open(SqliteOptions { schema: SchemaMode::Extend, ..options(path) }).expect("a database")
}

/// A connection of somebody else.
fn outside(path: &Path) -> rusqlite::Connection {
    let sqlite = rusqlite::Connection::open(path).expect("a database");
    sqlite.pragma_update(None, "foreign_keys", true).expect("foreign keys");
    sqlite
}

/// What the database says of its tables and indexes.
fn schema(path: &Path) -> Vec<String> {
    let sqlite = outside(path);
    let mut statement = sqlite
        .prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
        .expect("a schema");
    let rows = statement.query_map([], |row| row.get(0)).expect("a schema");
    rows.collect::<Result<_, _>>().expect("a schema")
}

/// Prepares a store and tells what it found wrong.
async fn problems(path: &Path, resources: &[&'static Description]) -> Vec<String> {
    problems_of(open(path), resources).await
}

async fn problems_of(store: SqliteStore, resources: &[&'static Description]) -> Vec<String> {
    let outcome = store.prepare(resources).await;
    store.close().await;
    outcome.err().map_or(Vec::new(), |error| error.problems)
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
        access: crate::schema::Access::ReadWrite,
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

fn new_linked(
    resource: &'static Description,
    attributes: Vec<Value>,
    linkage: Vec<Option<LinkageChange>>,
) -> Change {
    Change::Insert { resource, id: None, attributes, linkage }
}

async fn write(store: &SqliteStore, change: Change) -> Result<ResourceId, StoreError> {
    let mut transaction = Store::begin(store).await?;
    let id = transaction.apply(change, &Scopes::NONE).await?;
    transaction.commit().await?;
    Ok(id)
}

fn whole(resource: &'static Description, root: Root) -> Plan {
    Plan::new(root, Selection::whole(resource))
}

/// All attributes of all resources.
async fn attributes(store: &SqliteStore, resource: &'static Description) -> Vec<Vec<Value>> {
    let plan = whole(resource, Root::Collection(crate::plan::Listing::all()));
    let fetched = store.fetch(&plan).await.expect("readable");
    let values = |row: crate::schema::Row<'_>| {
        resource.attributes_by_id().map(|(id, _)| row.attribute(id).to_owned()).collect()
    };
    fetched.rows.iter().map(values).collect()
}
