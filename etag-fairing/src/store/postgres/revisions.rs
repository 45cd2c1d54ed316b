//! Revisions: numbers of each table of which one rises in the same transaction as every change to it.
//!
//! Triggers count, so that the changes of other programs, of cascades and of raw SQL are counted too. They make nobody
//! wait: a table has as many numbers as writers were ever at it at once, and each transaction takes one that nobody has
//! locked, or makes a new one. A table's revision is their sum, read in one snapshot: with each commit that it sees it
//! has risen.
//!
//! What is defined fires no trigger: what the catalogue says of a table, its columns, the names of their enumerated
//! values and our trigger, and when it last said something else, is part of the revision, too.
//!
//! The triggers fire for each statement, also in replicas' sessions (`session_replication_role`). What changes a
//! partition or a child of a table doesn't fire the table's, so that such tables have no revision. Nor have those with
//! policies that bind the store's role: what they let through may depend on other tables, on settings, on the clock.
//! What comes by logical replication fires none.

use super::connection::Connection;
use crate::plan::Revision;
use crate::schema::{Value, ValueRef};
use crate::store::StoreError;
use crate::store::sql::cell;
use crate::store::sql::prepare::quoted;

/// The table of the numbers, by the tables' own: a name may be given to another one.
const REVISIONS: &str = "_etag_fairing_revisions";

/// What our triggers and their function are called.
const COUNT: &str = "_etag_fairing_count";

/// Our function of what a type is made of: domains over domains, arrays, composite types, ranges, as deep as they go.
/// What those are in the end, names of values or members, shows in what is read, and their rows of the catalogue are
/// written anew when they change.
///
/// A function, since PostgreSQL would take a recursive query for so costly that it compiles it each time.
const SHAPE: &str = "_etag_fairing_shape";

/// Not by one: a database that is put back from a copy goes on counting from there, and should not come to a number
/// that stood for another state before.
const SOME: &str = "1 + CAST(floor(random() * 4096) AS bigint)";

/// Tables whose changes are counted, and the shape of each, in a query with the parameter `$1`, a list of their names.
///
/// The shape is another one after each change of what is defined: that writes a row of the catalogue anew, or the
/// table's own file. Our trigger is part of it, since it may have been disabled for a while.
///
/// A column's type may be made of others, which [`SHAPE`] follows. A type of its own right, as most are, is made of
/// none, and nothing is looked for.
const COUNTED: &str = "SELECT c.oid, hashtextextended(concat_ws(' ', c.oid, c.relfilenode, c.xmin, g.oid, g.xmin, \
     (SELECT concat_ws(' ', sum(CAST(CAST(a.xmin AS text) AS bigint)), sum((SELECT CASE WHEN t.typtype = 'e' THEN \
     (SELECT sum(CAST(CAST(e.xmin AS text) AS bigint)) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid) \
     WHEN t.typtype <> 'b' OR t.typelem <> 0 THEN _etag_fairing_shape(t.oid) END \
     FROM pg_catalog.pg_type AS t WHERE t.oid = a.atttypid))) \
     FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0)), 0) AS shape \
     FROM unnest(CAST($1 AS text[])) AS n(name) \
     JOIN pg_catalog.pg_class AS c ON c.oid = to_regclass(n.name) \
     JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = c.oid AND g.tgname = '_etag_fairing_count' \
     WHERE g.tgenabled = 'A' AND c.relkind = 'r' AND NOT c.relhassubclass AND NOT pg_catalog.row_security_active(c.oid)";

/// The number of these tables together; `None` if the changes of one of them aren't counted.
pub(super) async fn revision(
    connection: &Connection,
    tables: &[&'static str],
) -> Result<Option<Revision>, StoreError> {
    // One statement, one snapshot: the triggers are those that counted.
    let text = format!(
        "WITH counted AS MATERIALIZED ({COUNTED}) SELECT (SELECT count(*) FROM counted), \
         CAST((coalesce((SELECT sum(r.revision) FROM {REVISIONS} AS r \
         WHERE r.table_oid IN (SELECT oid FROM counted)), 0) + coalesce((SELECT sum(shape) FROM counted), 0)) \
         % 9223372036854775807 AS bigint)"
    );
    let rows = connection.rows(&text, &[ValueRef::Text(&names(tables)?).into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let counted = cell::number(row, 0)?.and_then(|number| usize::try_from(number).ok());
    let number = cell::number(row, 1)?.unwrap_or(0);
    Ok((counted == Some(tables.len())).then(|| Revision::new(number.cast_unsigned())))
}

/// Makes one number of those that nobody has locked, where a table has very many. Their sum stays.
fn gather() -> String {
    format!(
        "WITH gone AS (DELETE FROM {REVISIONS} AS r USING (SELECT m.table_oid, m.shard FROM {REVISIONS} AS m \
         WHERE m.table_oid IN (SELECT table_oid FROM {REVISIONS} GROUP BY table_oid HAVING count(*) > 256) \
         FOR UPDATE SKIP LOCKED) AS free WHERE r.table_oid = free.table_oid AND r.shard = free.shard \
         RETURNING r.table_oid, r.revision) \
         INSERT INTO {REVISIONS} (table_oid, revision) \
         SELECT table_oid, CAST(sum(revision) % 9223372036854775807 AS bigint) FROM gone GROUP BY table_oid"
    )
}

fn names(tables: &[&str]) -> Result<String, StoreError> {
    let names: Vec<String> = tables.iter().map(|table| quoted(table)).collect();
    serde_json::to_string(&names).map_err(|error| StoreError::Internal(error.to_string()))
}

/// Has the changes of these tables counted from now on, as far as their owners let us. Writes nothing where that is so
/// already. Answers whether any is.
pub(super) async fn install(connection: &Connection, tables: &[&'static str]) -> Result<bool, StoreError> {
    if let Err(error) = connection.whole(make(connection)).await {
        log::warn!("changes are not counted, so that no answer is remembered: {error}");
        return if connection.is_conflicted() { Err(error) } else { Ok(false) };
    }
    connection.run(&gather(), &[]).await?;
    let mut any = false;
    for table in tables {
        match connection.whole(count(connection, table)).await {
            Ok(counted) => any |= counted,
            Err(error) if connection.is_conflicted() => return Err(error),
            Err(error) => log::warn!(
                "the changes of the table `{table}` are not counted, so that its answers are made anew each time: \
                 {error}"
            ),
        }
    }
    Ok(any)
}

/// Takes away all that [`install`] has put there, whichever tables it was for.
pub(super) async fn remove(connection: &Connection) -> Result<(), StoreError> {
    if is_there(connection, "to_regclass", REVISIONS).await? {
        connection
            .batch(&format!(
                "DROP FUNCTION IF EXISTS {COUNT}() CASCADE; DROP FUNCTION IF EXISTS {SHAPE}(oid); \
                 DROP TABLE {REVISIONS}"
            ))
            .await?;
    }
    Ok(())
}

async fn is_there(connection: &Connection, find: &str, name: &str) -> Result<bool, StoreError> {
    let rows = connection.rows(&format!("SELECT 1 WHERE {find}('{name}') IS NOT NULL"), &[]).await?;
    Ok(!rows.is_empty())
}

async fn make(connection: &Connection) -> Result<(), StoreError> {
    if !is_there(connection, "to_regclass", REVISIONS).await? {
        let table = format!(
            "CREATE TABLE {REVISIONS} (table_oid oid NOT NULL, shard bigint GENERATED ALWAYS AS IDENTITY, \
             revision bigint NOT NULL, PRIMARY KEY (table_oid, shard)) WITH (fillfactor = 50)"
        );
        connection.batch(&table).await?;
    }
    let has_count = is_there(connection, "to_regproc", COUNT).await?;
    let has_shape = is_there(connection, "to_regproc", SHAPE).await?;
    if has_count && has_shape {
        return Ok(());
    }
    let rows = connection.rows("SELECT CAST(current_schema() AS text)", &[]).await?;
    let schema = rows.first().map(|row| cell::any("", "", row, 0)).transpose()?;
    let Some(Value::Text(schema)) = schema else {
        return Err(StoreError::Internal("the search path names no schema".into()));
    };
    let schema = quoted(&schema);
    if !has_shape {
        connection.batch(&shape(&schema)).await?;
    }
    if has_count {
        return Ok(());
    }
    let table = format!("{schema}.{REVISIONS}");
    // By its owner's rights: whoever may change a table may count the change. No statement waits, since a number that
    // somebody has locked is passed over. In a snapshot of the whole transaction, a number that has risen since cannot be
    // taken; then there is one more.
    let find = |order: &str| {
        format!(
            "SELECT r.shard INTO free FROM {table} AS r WHERE r.table_oid = TG_RELID ORDER BY r.shard{order} LIMIT 1 \
             FOR UPDATE SKIP LOCKED;"
        )
    };
    let (first, last) = (find(""), find(" DESC"));
    let function = format!(
        "CREATE FUNCTION {schema}.{COUNT}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER \
         SET search_path = pg_catalog, pg_temp AS $count$\n\
         DECLARE free bigint;\n\
         BEGIN\n\
         IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN\n\
         BEGIN\n{last}\n\
         EXCEPTION WHEN serialization_failure THEN free := NULL;\n\
         END;\n\
         ELSE\n{first}\n\
         END IF;\n\
         IF free IS NULL THEN\n\
         INSERT INTO {table} (table_oid, revision) VALUES (TG_RELID, {SOME});\n\
         ELSE\n\
         UPDATE {table} AS r SET revision = r.revision + {SOME} WHERE r.table_oid = TG_RELID AND r.shard = free;\n\
         END IF;\n\
         RETURN NULL;\n\
         END $count$"
    );
    connection.batch(&function).await
}

/// The function that goes through a type. Each type is looked at once, so that one that comes back to itself ends.
fn shape(schema: &str) -> String {
    format!(
        "CREATE FUNCTION {schema}.{SHAPE}(whole oid) RETURNS numeric LANGUAGE plpgsql STABLE \
         SET search_path = pg_catalog, pg_temp AS $shape$\n\
         DECLARE types oid[] := ARRAY[whole]; place integer := 0; it pg_type; part oid; sum_of_all numeric := 0;\n\
         BEGIN\n\
         WHILE place < cardinality(types) LOOP\n\
         place := place + 1;\n\
         SELECT t.* INTO it FROM pg_type AS t WHERE t.oid = types[place];\n\
         sum_of_all := sum_of_all\n\
         + coalesce((SELECT sum(CAST(CAST(e.xmin AS text) AS bigint)) FROM pg_enum AS e WHERE e.enumtypid = it.oid), 0)\n\
         + coalesce((SELECT sum(CAST(CAST(a.xmin AS text) AS bigint)) FROM pg_attribute AS a\n\
         WHERE a.attrelid = it.typrelid AND it.typrelid <> 0 AND a.attnum > 0), 0);\n\
         FOR part IN SELECT it.typbasetype UNION ALL SELECT it.typelem\n\
         UNION ALL SELECT a.atttypid FROM pg_attribute AS a\n\
         WHERE a.attrelid = it.typrelid AND it.typrelid <> 0 AND a.attnum > 0\n\
         UNION ALL SELECT r.rngsubtype FROM pg_range AS r WHERE it.typtype IN ('r', 'm')\n\
         AND it.oid IN (r.rngtypid, CAST(to_jsonb(r) ->> 'rngmultitypid' AS oid))\n\
         LOOP\n\
         IF part <> 0 AND part <> ALL (types) THEN types := types || part; END IF;\n\
         END LOOP;\n\
         END LOOP;\n\
         RETURN sum_of_all;\n\
         END $shape$"
    )
}

/// Has the changes of a table counted. Answers whether they can be.
async fn count(connection: &Connection, table: &str) -> Result<bool, StoreError> {
    let name = quoted(table);
    let list = names(&[table])?;
    if !connection.rows(COUNTED, &[ValueRef::Text(&list).into()]).await?.is_empty() {
        return Ok(true);
    }
    let plain = "SELECT 1 FROM pg_catalog.pg_class AS c JOIN unnest(CAST($1 AS text[])) AS n(name) \
         ON c.oid = to_regclass(n.name) WHERE c.relkind = 'r' AND NOT c.relhassubclass \
         AND NOT pg_catalog.row_security_active(c.oid)";
    if connection.rows(plain, &[ValueRef::Text(&list).into()]).await?.is_empty() {
        return Ok(false);
    }
    connection
        .batch(&format!(
            "DROP TRIGGER IF EXISTS {COUNT} ON {name}; \
             CREATE TRIGGER {COUNT} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {name} \
             FOR EACH STATEMENT EXECUTE FUNCTION {COUNT}(); \
             ALTER TABLE {name} ENABLE ALWAYS TRIGGER {COUNT}"
        ))
        .await?;
    // From the clock: where counting was given up and is taken up again, it doesn't come to an earlier number.
    let start = format!(
        "INSERT INTO {REVISIONS} (table_oid, revision) SELECT to_regclass(n.name), \
         CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) FROM unnest(CAST($1 AS text[])) AS n(name)"
    );
    connection.run(&start, &[ValueRef::Text(&list).into()]).await?;
    Ok(true)
}
