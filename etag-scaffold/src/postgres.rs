//! The tables of a PostgreSQL database.

use etag_fairing::__private::postgres_client;
use tokio_postgres::{Client, Row};

use crate::catalogue::{Catalogue, Column, Database, ForeignKey, Holds, Table, TableKind};

/// Reads a database: the tables of the schema that is current.
pub(crate) fn read(url: &str) -> Result<Catalogue, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(connect_and_read(url))
}

async fn connect_and_read(url: &str) -> Result<Catalogue, String> {
    let client = postgres_client(url).await.map_err(|problem| problem.to_string())?;
    let tables = tables(&client).await.map_err(|error| format!("cannot read: {}", reason(&error)))?;
    Ok(Catalogue { database: Database::Postgres, url: without_password(url), tables })
}

fn reason(error: &tokio_postgres::Error) -> String {
    let cause = error.as_db_error().map(|error| error.message().to_owned());
    cause
        .or_else(|| std::error::Error::source(error).map(ToString::to_string))
        .unwrap_or_else(|| error.to_string())
}

/// The URL without its password and its parameters.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (credentials, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let user = credentials.split(':').next().unwrap_or_default();
    let place = place.split('?').next().unwrap_or_default();
    if user.is_empty() { format!("{scheme}://{place}") } else { format!("{scheme}://{user}@{place}") }
}

async fn tables(client: &Client) -> Result<Vec<Table>, tokio_postgres::Error> {
    // One snapshot, in which nothing can be changed.
    client.batch_execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
    let found = client
        .query(
            "SELECT c.oid, CAST(c.relname AS text), CAST(c.relkind AS text) FROM pg_catalog.pg_class AS c \
             WHERE c.relnamespace = CAST(CAST(current_schema() AS text) AS regnamespace) \
             AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
             AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e') \
             ORDER BY c.relname COLLATE \"C\"",
            &[],
        )
        .await?;
    let mut tables = Vec::new();
    for row in &found {
        tables.push(table(client, row).await?);
    }
    Ok(tables)
}

async fn table(client: &Client, row: &Row) -> Result<Table, tokio_postgres::Error> {
    let oid: u32 = row.get(0);
    let kind = match row.get::<_, &str>(2) {
        "r" | "p" => TableKind::Table,
        "v" | "m" => TableKind::View,
        _ => TableKind::Other,
    };
    let columns = client
        .query(
            "SELECT CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod), CAST(coalesce(b.typname, t.typname) AS text), \
             coalesce(b.typtype, t.typtype) = 'e', a.attnotnull, pg_get_expr(d.adbin, d.adrelid), \
             a.attgenerated <> '' OR a.attidentity = 'a', a.attidentity <> '', \
             ARRAY(SELECT CAST(e.enumlabel AS text) FROM pg_catalog.pg_enum AS e \
             WHERE e.enumtypid = coalesce(b.oid, t.oid) ORDER BY e.enumsortorder) \
             FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid \
             LEFT JOIN pg_catalog.pg_type AS b ON t.typtype = 'd' AND b.oid = t.typbasetype \
             LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            &[&oid],
        )
        .await?;
    let columns = columns.iter().map(column).collect();
    let indexes = client
        .query(
            "SELECT i.indisprimary, ARRAY(SELECT CAST(a.attname AS text) FROM generate_series(0, i.indnkeyatts - 1) AS n \
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n] ORDER BY n), \
             0 = ANY (CAST(i.indkey AS int2[])) FROM pg_catalog.pg_index AS i \
             WHERE i.indrelid = $1 AND i.indisunique AND i.indpred IS NULL AND i.indisvalid ORDER BY i.indexrelid",
            &[&oid],
        )
        .await?;
    let (mut key, mut uniques) = (Vec::new(), Vec::new());
    for index in &indexes {
        // An index over an expression says nothing of columns.
        if index.get(2) {
            continue;
        }
        if index.get(0) {
            key = index.get(1);
        }
        uniques.push(index.get(1));
    }
    let keys = client
        .query(
            "SELECT ARRAY(SELECT CAST(a.attname AS text) FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place) \
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.number ORDER BY k.place), \
             CAST(t.relname AS text), \
             ARRAY(SELECT CAST(a.attname AS text) FROM unnest(f.confkey) WITH ORDINALITY AS k (number, place) \
             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.number ORDER BY k.place) \
             FROM pg_catalog.pg_constraint AS f JOIN pg_catalog.pg_class AS t ON t.oid = f.confrelid \
             WHERE f.contype = 'f' AND f.conrelid = $1 \
             AND t.relnamespace = CAST(CAST(current_schema() AS text) AS regnamespace) ORDER BY f.conname COLLATE \"C\"",
            &[&oid],
        )
        .await?;
    let foreign_keys =
        keys.iter().map(|row| ForeignKey { columns: row.get(0), table: row.get(1), targets: row.get(2) });
    let foreign_keys = foreign_keys.collect();
    Ok(Table { name: row.get(1), kind, columns, key, uniques, foreign_keys, makes_ids: true })
}

fn column(row: &Row) -> Column {
    let (type_name, is_enum, labels): (String, bool, Vec<String>) = (row.get(2), row.get(3), row.get(8));
    let holds = if is_enum { Holds::Enum(type_name, labels) } else { holds(&type_name) };
    Column {
        name: row.get(0),
        declared: row.get(1),
        holds,
        is_not_null: row.get(4),
        default: row.get::<_, Option<String>>(5).filter(|_| !row.get::<_, bool>(6)),
        is_generated: row.get(6),
        is_identity: row.get(7),
    }
}

fn holds(type_name: &str) -> Holds {
    match type_name {
        "bool" => Holds::Bool,
        "int2" => Holds::Small,
        "int4" => Holds::Integer,
        "int8" => Holds::Big,
        "float4" => Holds::Single,
        "float8" => Holds::Double,
        "numeric" => Holds::Decimal,
        "text" | "varchar" | "bpchar" | "name" | "citext" => Holds::Text,
        "timestamptz" => Holds::Timestamp,
        "timestamp" => Holds::DateTime,
        "date" => Holds::Date,
        "time" => Holds::Time,
        "uuid" => Holds::Uuid,
        "json" | "jsonb" => Holds::Json,
        "bytea" => Holds::Bytes,
        "interval" => Holds::Duration,
        // PostgreSQL's own name of the type of arrays. No attribute is a list of lists, of JSON, or of these texts.
        "_name" | "_citext" => Holds::Nothing,
        array => match array.strip_prefix('_').map(holds) {
            None | Some(Holds::Nothing | Holds::Json | Holds::List(_)) => Holds::Nothing,
            Some(element) => Holds::List(Box::new(element)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn no_password_is_printed() {
        for (url, plain) in [
            ("postgres://me:se:cr@t@h:5/d?password=x", "postgres://me@h:5/d"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgresql://me@h/d", "postgresql://me@h/d"),
        ] {
            assert_eq!(without_password(url), plain);
        }
    }
}
