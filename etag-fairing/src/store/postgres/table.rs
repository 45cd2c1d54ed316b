//! What is there: tables and columns, as PostgreSQL's catalogue tells of them.

use std::collections::HashSet;

use tokio_postgres::{Row, types::FromSqlOwned};

use super::connection::Connection;
use crate::schema::{Kind, ValueRef};
use crate::store::StoreError;
use crate::store::sql::abilities::Verb;
use crate::store::sql::definitions::IndexOrder;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::prepare::{self, FoundTable, quoted};
use crate::store::sql::referrer::ForeignKey;
use crate::store::sql::schema::Column;

/// A table or view that is there, by the connection's search path.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) is_view: bool,
    /// What it refuses, whatever triggers and rules it has.
    pub(super) refused: Vec<Verb>,
    pub(super) columns: Vec<FoundColumn>,
}

/// One of its columns.
#[derive(Debug)]
pub(super) struct FoundColumn {
    pub(super) name: String,
    /// With its length and the like, for messages.
    pub(super) declared: String,
    /// The same; that of the type below it for a domain.
    pub(super) limited: String,
    /// The type's name; that of the type below it for a domain.
    pub(super) type_name: String,
    pub(super) is_enum: bool,
    /// The labels of an enum, in their order.
    pub(super) labels: Vec<String>,
    pub(super) is_not_null: bool,
    pub(super) has_default: bool,
    pub(super) is_generated: bool,
    /// Whether it takes no value: it is generated, or of a view that computes it.
    pub(super) is_made: bool,
    /// Whether no two rows have the same value in it.
    pub(super) is_unique: bool,
}

impl FoundTable for Found {
    type Column = FoundColumn;

    fn is_view(&self) -> bool {
        self.is_view
    }

    fn columns(&self) -> &[FoundColumn] {
        &self.columns
    }

    fn fits(&self, found: &FoundColumn, column: &Column) -> bool {
        found.fits(column.kind)
    }

    fn is_same_name(one: &str, other: &str) -> bool {
        one == other
    }

    fn type_name(kind: Kind) -> &'static str {
        kind.postgres().parameter
    }
}

impl prepare::FoundColumn for FoundColumn {
    fn name(&self) -> &str {
        &self.name
    }

    fn declared(&self) -> &str {
        &self.declared
    }

    fn is_not_null(&self) -> bool {
        self.is_not_null
    }

    fn is_filled(&self) -> bool {
        self.has_default || self.is_generated
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn is_made(&self) -> bool {
        self.is_made
    }
}

impl FoundColumn {
    /// Whether the column gives back what was put in, and takes what its attribute can be, but for its length and
    /// range.
    pub(super) fn fits(&self, kind: Kind) -> bool {
        kind.postgres().types.taken.contains(&self.type_name.as_str()) || kind == Kind::Text && self.is_enum
    }

    /// Whether any text can be in it.
    pub(super) fn is_text(&self) -> bool {
        Kind::Text.postgres().types.taken.contains(&self.type_name.as_str())
    }
}

/// Those of these tables that no trigger but our own, of this name, and no rule changes, and that no policy hides rows of.
pub(super) async fn plain(
    connection: &Connection,
    tables: &[&'static str],
    own: &str,
) -> Result<HashSet<&'static str>, StoreError> {
    let list = serde_json::to_string(tables).map_err(|error| StoreError::Internal(error.to_string()))?;
    let others = format!(
        "EXISTS (SELECT 1 FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgname <> '{own}')"
    );
    let found = format!(
        "SELECT n.name FROM unnest(CAST($1 AS text[])) AS n(name) \
         JOIN pg_class AS c ON c.oid = to_regclass(quote_ident(n.name)) \
         WHERE c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relhasrules \
         AND NOT c.relrowsecurity AND NOT {others}"
    );
    let rows = connection.rows(&found, &[text(&list)]).await?;
    let names: Vec<String> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    Ok(tables.iter().copied().filter(|table| names.iter().any(|name| name == table)).collect())
}

/// Looks for a table or view.
pub(super) async fn find(connection: &Connection, name: &str) -> Result<Option<Found>, StoreError> {
    let table = connection
        .rows(
            "SELECT relkind IN ('v', 'm'), pg_relation_is_updatable(oid, true) FROM pg_class WHERE oid = to_regclass(quote_ident(CAST($1 AS text))) \
             AND relkind IN ('r', 'p', 'v', 'm', 'f')",
            &[text(name)],
        )
        .await?;
    let Some(table) = table.first() else { return Ok(None) };
    let rows = connection
        .rows(
            "SELECT CAST(a.attname AS text), format_type(a.atttypid, a.atttypmod), \
             CAST(coalesce(b.typname, t.typname) AS text), coalesce(b.typtype, t.typtype) = 'e', \
             a.attnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> '', \
             a.attgenerated <> '' OR a.attidentity = 'a' \
             OR c.relkind = 'v' AND NOT pg_column_is_updatable(a.attrelid, a.attnum, true), \
             EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisunique \
             AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum), \
             CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) \
             ELSE format_type(a.atttypid, a.atttypmod) END, \
             ARRAY(SELECT CAST(e.enumlabel AS text) FROM pg_enum AS e \
             WHERE e.enumtypid = coalesce(b.oid, t.oid) ORDER BY e.enumsortorder) \
             FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid \
             JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_type AS b ON t.typtype = 'd' AND b.oid = t.typbasetype \
             WHERE a.attrelid = to_regclass(quote_ident(CAST($1 AS text))) AND a.attnum > 0 \
             AND NOT a.attisdropped ORDER BY a.attnum",
            &[text(name)],
        )
        .await?;
    let columns = rows.iter().map(|row| {
        Ok(FoundColumn {
            name: get(row, 0)?,
            declared: get(row, 1)?,
            type_name: get(row, 2)?,
            is_enum: get(row, 3)?,
            is_not_null: get(row, 4)?,
            has_default: get(row, 5)?,
            is_generated: get(row, 6)?,
            is_made: get(row, 7)?,
            is_unique: get(row, 8)?,
            limited: get(row, 9)?,
            labels: get(row, 10)?,
        })
    });
    // A bit an operation, by the numbers that PostgreSQL gives its commands.
    let taken: i32 = get(table, 1)?;
    let verbs = [(Verb::Update, 1 << 2), (Verb::Insert, 1 << 3), (Verb::Delete, 1 << 4)];
    let refused = verbs.into_iter().filter(|(_, bit)| taken & bit == 0).map(|(verb, _)| verb).collect();
    let columns = columns.collect::<Result<_, StoreError>>()?;
    Ok(Some(Found { is_view: get(table, 0)?, refused, columns }))
}

/// The foreign keys of a table.
pub(super) async fn foreign_keys(
    connection: &Connection,
    table: &str,
) -> Result<Vec<ForeignKey>, StoreError> {
    let rows = connection
        .rows(
            "SELECT ARRAY(SELECT CAST(a.attname AS text) FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place) \
             JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.number ORDER BY k.place), \
             CAST(t.relname AS text), CASE f.confdeltype WHEN 'r' THEN 'RESTRICT' WHEN 'a' THEN 'NO ACTION' \
             WHEN 'n' THEN 'SET NULL' WHEN 'c' THEN 'CASCADE' ELSE 'SET DEFAULT' END \
             FROM pg_constraint AS f JOIN pg_class AS t ON t.oid = f.confrelid \
             WHERE f.contype = 'f' AND f.conrelid = to_regclass(quote_ident(CAST($1 AS text)))",
            &[text(table)],
        )
        .await?;
    let keys = rows
        .iter()
        .map(|row| Ok(ForeignKey { columns: get(row, 0)?, target: get(row, 1)?, on_delete: get(row, 2)? }));
    keys.collect()
}

/// The checks of a table and of its columns' domains, by name, each with one of its columns; what is about no column
/// is not there.
pub(super) async fn checks(
    connection: &Connection,
    table: &str,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = connection
        .rows(
            "WITH RECURSIVE domains (attname, oid) AS (SELECT a.attname, t.oid FROM pg_attribute AS a \
             JOIN pg_type AS t ON t.oid = a.atttypid AND t.typtype = 'd' \
             WHERE a.attrelid = to_regclass(quote_ident(CAST($1 AS text))) AND a.attnum > 0 AND NOT a.attisdropped \
             UNION SELECT d.attname, b.oid FROM domains AS d JOIN pg_type AS t ON t.oid = d.oid \
             JOIN pg_type AS b ON b.oid = t.typbasetype AND b.typtype = 'd') \
             SELECT CAST(c.conname AS text), CAST(a.attname AS text) FROM pg_constraint AS c \
             JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) \
             WHERE c.contype = 'c' AND c.conrelid = to_regclass(quote_ident(CAST($1 AS text))) \
             UNION SELECT CAST(c.conname AS text), CAST(d.attname AS text) FROM domains AS d \
             JOIN pg_constraint AS c ON c.contypid = d.oid AND c.contype = 'c'",
            &[text(table)],
        )
        .await?;
    rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

/// A sequence.
#[derive(Debug)]
pub(super) struct FoundSequence {
    /// Quoted.
    pub(super) name: String,
    /// What it begins with, unless it was used.
    pub(super) start: i64,
    /// By how much it goes on each time; backwards if this is negative.
    pub(super) step: i64,
    pub(super) least: i64,
    pub(super) most: i64,
}

/// The sequence from which a column takes its values; `None` if it has none.
pub(super) async fn sequence(
    connection: &Connection,
    table: &str,
    column: &str,
) -> Result<Option<FoundSequence>, StoreError> {
    let rows = connection
        .rows(
            "SELECT f.name, s.seqstart, s.seqincrement, s.seqmin, s.seqmax FROM (SELECT \
             pg_get_serial_sequence(quote_ident(CAST($1 AS text)), CAST($2 AS text)) AS name) AS f \
             JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = CAST(f.name AS regclass)",
            &[text(table), text(column)],
        )
        .await?;
    let sequence = |row| {
        let (name, start, step) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        Ok(FoundSequence { name, start, step, least: get(row, 3)?, most: get(row, 4)? })
    };
    rows.first().map(sequence).transpose()
}

/// The columns of each unique index of the whole table, with that of the primary key.
pub(super) async fn unique_sets(
    connection: &Connection,
    table: &str,
) -> Result<Vec<Vec<String>>, StoreError> {
    let rows = connection
        .rows(
            "SELECT ARRAY(SELECT CAST(a.attname AS text) FROM pg_attribute AS a WHERE a.attrelid = i.indrelid \
             AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])) FROM pg_index AS i \
             WHERE i.indrelid = to_regclass(quote_ident(CAST($1 AS text))) AND i.indisunique AND i.indimmediate \
             AND i.indpred IS NULL AND i.indexprs IS NULL",
            &[text(table)],
        )
        .await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// Whether an index begins with the column, so that rows are found by it.
pub(super) async fn has_index(
    connection: &Connection,
    table: &str,
    column: &str,
    order: IndexOrder,
) -> Result<bool, StoreError> {
    if order == IndexOrder::Trigrams {
        return has_trigram_index(connection, table, column).await;
    }
    // 950 is "C"; 0 is what has no collation.
    let rows = connection
        .rows(
            "SELECT 1 FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
             WHERE i.indrelid = to_regclass(quote_ident(CAST($1 AS text))) AND a.attname = CAST($2 AS text) \
             AND i.indpred IS NULL AND i.indisvalid AND (CAST($3 AS boolean) OR i.indcollation[0] IN (0, 950)) LIMIT 1",
            &[text(table), text(column), ValueRef::Bool(order == IndexOrder::OfColumn).into()],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Whether an index has the trigrams of the column's text with its case folded. Its expression is told by the collation that
/// only folding has, since each version writes expressions in its own way.
async fn has_trigram_index(connection: &Connection, table: &str, column: &str) -> Result<bool, StoreError> {
    let rows = connection
        .rows(
            "SELECT 1 FROM pg_index AS i JOIN pg_opclass AS o ON o.oid = i.indclass[0] \
             JOIN pg_depend AS d ON d.classid = CAST('pg_class' AS regclass) AND d.objid = i.indexrelid \
             AND d.refclassid = CAST('pg_class' AS regclass) AND d.refobjid = i.indrelid \
             JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid \
             WHERE i.indrelid = to_regclass(quote_ident(CAST($1 AS text))) AND a.attname = CAST($2 AS text) \
             AND i.indkey[0] = 0 AND i.indpred IS NULL AND i.indisvalid AND o.opcname IN ('gin_trgm_ops', 'gist_trgm_ops') \
             AND strpos(pg_get_indexdef(i.indexrelid, 1, false), 'und-x-icu') > 0 LIMIT 1",
            &[text(table), text(column)],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Whether indexes of trigrams can be made.
pub(super) async fn has_trigrams(connection: &Connection) -> Result<bool, StoreError> {
    let found =
        "SELECT 1 FROM pg_opclass WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid) LIMIT 1";
    Ok(!connection.rows(found, &[]).await?.is_empty())
}

/// Whether the table has a row.
pub(super) async fn has_rows(connection: &Connection, table: &str) -> Result<bool, StoreError> {
    let rows = connection.rows(&format!("SELECT 1 FROM {} LIMIT 1", quoted(table)), &[]).await?;
    Ok(!rows.is_empty())
}

/// The names in the store's own table.
pub(super) async fn names(connection: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let rows = connection.rows(&format!("SELECT name FROM {}", quoted(table)), &[]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

fn text(value: &str) -> Parameter<'_> {
    ValueRef::Text(value).into()
}

fn get<T: FromSqlOwned>(row: &Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| StoreError::Internal(format!("the catalogue: {error}")))
}
