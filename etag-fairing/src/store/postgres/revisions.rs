//! Revisions: each table has several counters, and every change of the table increments one of them in the
//! same transaction.
//!
//! Triggers count, so that changes by other programs, by cascades and by raw SQL are counted, too. They make
//! no transaction wait: each transaction uses a counter that no other one has locked, or adds a new counter.
//! So a table has as many counters as transactions have ever written to it at the same time. The revision of
//! a table is the sum of its counters, read in one snapshot. It rises with each commit that the snapshot
//! sees.
//!
//! Definitions fire no trigger. So the revision also contains what the catalogue says about the table, its
//! columns, the names of their enumerated values and our trigger, and when these entries last changed.
//!
//! The triggers fire once for each statement, even in the sessions of replicas (`session_replication_role`).
//! A change of a partition or of a child table doesn't fire the trigger of its parent, so that such tables
//! have no revision. Tables with row security policies for the store's role have none either: the visible
//! rows may depend on other tables, on settings, or on the clock. Changes that arrive by logical replication
//! fire no trigger.
//!
//! Requests that come at the same time share one question ([`turns`]), and where nothing was committed since the last one,
//! it touches no table ([`question`]).

mod line;
mod question;
mod reader;
mod sharing;
mod turns;

use self::question::SETTLED;
pub(super) use self::reader::Reader;
use super::connection::Connection;
use crate::schema::{Value, ValueRef};
use crate::store::StoreError;
use crate::store::sql::cell;
use crate::store::sql::definitions::literal;
use crate::store::sql::prepare::quoted;

/// The table of the counters. It has the tables' oids, since a table's name may be given to another table.
const REVISIONS: &str = "_etag_fairing_revisions";

/// The name of our triggers and of their function.
pub(super) const COUNT: &str = "_etag_fairing_count";

/// Our function that computes what a type is made of: domains over domains, arrays, composite types and
/// ranges, at any depth. The names of the values or members in these types show in documents, and their rows
/// in the catalogue are rewritten when they change.
///
/// It is a function, since PostgreSQL would estimate a recursive query as so expensive that it compiles the
/// query each time.
const SHAPE: &str = "_etag_fairing_shape";

/// A random increment instead of one. A database that was restored from a backup continues from the old
/// counter, and must not reach a number that stood for another state before.
const SOME: &str = "1 + CAST(floor(random() * 4096) AS bigint)";

/// The oid that stands before those of all that is made after `initdb`. A type that is older stays as it is.
const FIRST_OF_USERS: u32 = 16384;

/// The table with the name `n.name`, if its changes are counted, with its shape.
///
/// The shape changes with each change of the definitions, since such a change rewrites a row in the
/// catalogue, or the table's file. It contains our trigger, which may have been disabled for some time.
///
/// The type of a column may be made of other types, which [`SHAPE`] follows. Most types are not, and are not
/// followed; those that PostgreSQL brings along are not even looked up.
fn counted() -> String {
    format!(
        "SELECT c.oid, hashtextextended(concat_ws(' ', c.oid, c.relfilenode, c.xmin, g.oid, g.xmin, \
         (SELECT concat_ws(' ', array_agg(a.xmin), sum(CASE WHEN a.atttypid >= {FIRST_OF_USERS} THEN \
         (SELECT CASE WHEN t.typtype = 'e' THEN \
         (SELECT sum(CAST(CAST(e.xmin AS text) AS bigint)) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid) \
         WHEN t.typtype <> 'b' OR t.typelem <> 0 THEN {SHAPE}(t.oid) END \
         FROM pg_catalog.pg_type AS t WHERE t.oid = a.atttypid) END)) \
         FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0)), 0) AS shape, \
         {SETTLED} AS settled \
         FROM pg_catalog.pg_class AS c \
         JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = c.oid AND g.tgname = '{COUNT}' \
         WHERE c.relname = CAST(n.name AS name) AND pg_catalog.pg_table_is_visible(c.oid) \
         AND g.tgenabled = 'A' AND c.relkind = 'r' AND NOT c.relhassubclass \
         AND NOT pg_catalog.row_security_active(c.oid) OFFSET 0"
    )
}

/// Joins the counters that no transaction has locked, if a table has very many. Their sum stays the same.
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

/// The parameter for a list of names.
fn names(tables: &[&str]) -> Result<String, StoreError> {
    serde_json::to_string(tables).map_err(|error| StoreError::Internal(error.to_string()))
}

/// Makes triggers count the changes of these tables, if their owners allow it. It writes nothing if the
/// triggers already exist. Returns whether the changes of any table are counted.
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

/// Whether the changes of any table are counted, where nothing may be installed.
pub(super) async fn are_counted(
    connection: &Connection,
    tables: &[&'static str],
) -> Result<bool, StoreError> {
    let has_shape = is_there(connection, "to_regproc", SHAPE).await?;
    let is_ready = has_shape && is_there(connection, "to_regclass", REVISIONS).await?;
    let mut any = false;
    for table in tables {
        let counted = is_ready && is_counted(connection, table).await?;
        if !counted {
            log::warn!(
                "the changes of the table `{table}` are not counted, since no trigger does so, and `schema = \"check\"` \
                 makes none: its answers are made anew each time"
            );
        }
        any |= counted;
    }
    Ok(any)
}

/// Removes everything that [`install`] has created, for all tables.
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

/// Whether the changes of the table are counted.
async fn is_counted(connection: &Connection, table: &str) -> Result<bool, StoreError> {
    let text = format!("SELECT 1 FROM unnest(CAST($1 AS text[])) AS n(name), LATERAL ({}) AS c", counted());
    let rows = connection.rows(&text, &[ValueRef::Text(&names(&[table])?).into()]).await?;
    Ok(!rows.is_empty())
}

async fn is_there(connection: &Connection, find: &str, name: &str) -> Result<bool, StoreError> {
    let rows = connection.rows(&format!("SELECT 1 WHERE {find}('{name}') IS NOT NULL"), &[]).await?;
    Ok(!rows.is_empty())
}

async fn make(connection: &Connection) -> Result<(), StoreError> {
    if !is_there(connection, "to_regclass", REVISIONS).await? {
        connection.batch(&table()).await?;
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
        connection.batch(&shape(&format!("{schema}."))).await?;
    }
    if has_count {
        return Ok(());
    }
    connection.batch(&counter(&schema)).await
}

/// The definition of the table of the counters.
fn table() -> String {
    format!(
        "CREATE TABLE {REVISIONS} (table_oid oid NOT NULL, shard bigint GENERATED ALWAYS AS IDENTITY, \
         revision bigint NOT NULL, PRIMARY KEY (table_oid, shard)) WITH (fillfactor = 50)"
    )
}

/// The function of the triggers. `schema` is its schema, quoted, and that of the counters.
fn counter(schema: &str) -> String {
    let table = format!("{schema}.{REVISIONS}");
    // The function runs with its owner's rights, so that every role that may change a table can count the
    // change. No statement waits, since locked counters are skipped. In a transaction with one snapshot, a
    // counter that has risen since the snapshot cannot be locked; then a new counter is added.
    let find = |order: &str| {
        format!(
            "SELECT r.shard INTO free FROM {table} AS r WHERE r.table_oid = TG_RELID ORDER BY r.shard{order} LIMIT 1 \
             FOR UPDATE SKIP LOCKED;"
        )
    };
    let (first, last) = (find(""), find(" DESC"));
    format!(
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
    )
}

/// The statements that make the table of the counters and the functions, as far as `has` says that they are not there.
/// They make them in the schema that is current when they are run.
fn definitions_of_functions(has_table: bool, has_shape: bool, has_count: bool) -> Vec<String> {
    let mut statements = Vec::new();
    if !has_table {
        statements.push(table());
    }
    if !has_shape {
        statements.push(shape(""));
    }
    if !has_count {
        // The function's text names the schema, which is known only then.
        const SCHEMA: &str = "<schema>";
        let text = counter(SCHEMA).replace('%', "%%").replace(SCHEMA, "%1$I");
        statements
            .push(format!("DO $do$ BEGIN EXECUTE format($text${text}$text$, current_schema()); END $do$"));
    }
    statements
}

/// The statements that make everything by which the changes of these tables are counted.
pub(super) fn definitions(tables: &[&str]) -> Vec<String> {
    let mut statements = definitions_of_functions(false, false, false);
    for table in tables {
        statements.extend(trigger(table));
        statements.push(start(table));
    }
    statements
}

/// The same, as far as it is not there.
pub(super) async fn missing_definitions(
    connection: &Connection,
    tables: &[&str],
) -> Result<Vec<String>, StoreError> {
    let has_table = is_there(connection, "to_regclass", REVISIONS).await?;
    let has_shape = is_there(connection, "to_regproc", SHAPE).await?;
    let has_count = is_there(connection, "to_regproc", COUNT).await?;
    let mut statements = definitions_of_functions(has_table, has_shape, has_count);
    for table in tables {
        let list = names(&[table])?;
        let list = [ValueRef::Text(&list).into()];
        let counted = has_table && has_shape && is_counted(connection, table).await?;
        if !counted {
            let exists =
                !connection.rows("SELECT 1 FROM unnest(CAST($1 AS text[])) AS n(name) WHERE to_regclass(quote_ident(n.name)) IS NOT NULL", &list).await?.is_empty();
            if exists {
                if connection.rows(PLAIN, &list).await?.is_empty() {
                    continue;
                }
                statements.push(drop_trigger(table));
            }
            statements.extend(trigger(table));
            statements.push(start(table));
        }
    }
    Ok(statements)
}

fn drop_trigger(table: &str) -> String {
    format!("DROP TRIGGER IF EXISTS {COUNT} ON {}", quoted(table))
}

/// The statements that make a table's trigger.
fn trigger(table: &str) -> [String; 2] {
    let name = quoted(table);
    [
        format!(
            "CREATE TRIGGER {COUNT} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {name} \
             FOR EACH STATEMENT EXECUTE FUNCTION {COUNT}()"
        ),
        format!("ALTER TABLE {name} ENABLE ALWAYS TRIGGER {COUNT}"),
    ]
}

/// The statement that makes a table's first counter. It starts with the clock: if counting was stopped and begins again,
/// the number is higher than any earlier one.
fn start(table: &str) -> String {
    format!(
        "INSERT INTO {REVISIONS} (table_oid, revision) VALUES (CAST({} AS regclass), \
         CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint))",
        literal(&quoted(table))
    )
}

/// The tables that can have the trigger. The parameter `$1` is a list of names.
const PLAIN: &str = "SELECT 1 FROM pg_catalog.pg_class AS c JOIN unnest(CAST($1 AS text[])) AS n(name) \
     ON c.oid = to_regclass(quote_ident(n.name)) WHERE c.relkind = 'r' AND NOT c.relhassubclass \
     AND NOT pg_catalog.row_security_active(c.oid)";

/// The function that follows the parts of a type. It visits each type once, so that it ends for types that
/// contain themselves. `prefix` names the schema that it is made in, or nothing.
fn shape(prefix: &str) -> String {
    format!(
        "CREATE FUNCTION {prefix}{SHAPE}(whole oid) RETURNS numeric LANGUAGE plpgsql STABLE \
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

/// Makes a trigger count the changes of a table. Returns whether they can be counted.
async fn count(connection: &Connection, table: &str) -> Result<bool, StoreError> {
    if is_counted(connection, table).await? {
        return Ok(true);
    }
    let list = names(&[table])?;
    if connection.rows(PLAIN, &[ValueRef::Text(&list).into()]).await?.is_empty() {
        return Ok(false);
    }
    let [create, enable] = trigger(table);
    connection.batch(&format!("{}; {create}; {enable}", drop_trigger(table))).await?;
    connection.run(&start(table), &[]).await?;
    Ok(true)
}
