//! What is asked of the database: the number of each table, and whether anything at all has changed since.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

use super::{super::connection::Connection, REVISIONS, counted, names};
use crate::plan::Revision;
use crate::schema::ValueRef;
use crate::store::StoreError;
use crate::store::sql::cell;

/// What a server has committed, in a few bytes: its snapshot, and by which process of which run of the server it was
/// taken. Two snapshots of one process that are equal show the same: each change, of a row as of a definition, is made by
/// a transaction with a number, and a snapshot names those that it shows. So where nothing was committed in the whole
/// server since the numbers were read, they need not be read again, and this question touches no table.
///
/// - A transaction that is undone changes the snapshot as well; then the numbers are read once more.
/// - The process and the run are named, since after a crash, or on a standby that has taken over, the same number may be
///   given to another transaction. Then the connection is another one, and behind a pooler the process is.
/// - The search path is named, which a file of the server's may change without a transaction.
/// - On a standby a snapshot doesn't name what is under way, so that there is none here.
const STAMP: &str = "CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.txid_current_snapshot() END, \
     pg_catalog.pg_backend_pid(), pg_catalog.pg_postmaster_start_time(), current_setting('search_path')";

/// The four columns of [`STAMP`], as the server sends them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp([Box<[u8]>; 4]);

/// Bytes of whatever type, as they are sent.
struct Sent<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Sent<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Stamp {
    /// The stamp in the columns of a row that begin at this one.
    fn read(row: &Row, first: usize) -> Option<Self> {
        let column = |place: usize| match row.try_get::<_, Option<Sent<'_>>>(first + place) {
            Ok(Some(Sent(bytes))) => Some(bytes.into()),
            Ok(None) | Err(_) => None,
        };
        Some(Self([column(0)?, column(1)?, column(2)?, column(3)?]))
    }
}

/// The numbers of tables, and the stamp of the database that they belong to.
#[derive(Debug, Default)]
pub(in super::super) struct Numbers {
    stamp: Option<Stamp>,
    of: HashMap<&'static str, Option<Revision>>,
}

impl Numbers {
    /// The revision of each of these tables; `None` for one whose changes aren't counted.
    pub(in super::super) fn each(&self, tables: &[&'static str]) -> Vec<Option<Revision>> {
        tables.iter().map(|table| self.of.get(table).copied().flatten()).collect()
    }

    /// The revision of these tables together; `None` if the changes of one of them aren't counted.
    pub(in super::super) fn together(&self, tables: &[&'static str]) -> Option<Revision> {
        let mut sum = 0_u64;
        for table in tables {
            sum = sum.wrapping_add(self.of.get(table).copied().flatten()?.number());
        }
        Some(Revision::new(sum))
    }

    fn has(&self, tables: &[&'static str]) -> bool {
        tables.iter().all(|table| self.of.contains_key(table))
    }
}

/// The numbers that were read last.
#[derive(Default)]
pub(super) struct Latest(Mutex<State>);

#[derive(Default)]
struct State {
    numbers: Arc<Numbers>,
    /// Whether something was committed between the last two questions. It will be so again, and then it is quicker to
    /// read the numbers at once.
    is_busy: bool,
}

impl Latest {
    /// Asks for the numbers of these tables.
    pub(super) async fn ask(
        &self,
        connection: &Connection,
        tables: &[&'static str],
    ) -> Result<Arc<Numbers>, StoreError> {
        if let Some(numbers) = self.may_hold(tables) {
            let rows = connection.rows(&format!("SELECT {STAMP}"), &[]).await?;
            let stamp = rows.first().and_then(|row| Stamp::read(row, 0));
            if stamp.is_some() && stamp == numbers.stamp {
                return Ok(numbers);
            }
        }
        let (found, settled) = read(connection, tables).await?;
        Ok(self.note(found, &settled))
    }

    /// What is known of these tables, if it is likely to hold still.
    fn may_hold(&self, tables: &[&'static str]) -> Option<Arc<Numbers>> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = &state.numbers;
        (!state.is_busy && numbers.stamp.is_some() && numbers.has(tables)).then(|| Arc::clone(numbers))
    }

    /// Keeps the numbers that are [settled](SETTLED), together with others of the same stamp.
    fn note(&self, found: Numbers, settled: &[&'static str]) -> Arc<Numbers> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = found.stamp.is_some() && found.stamp == state.numbers.stamp;
        state.is_busy = !is_same && state.numbers.stamp.is_some();
        let mut kept = Numbers { stamp: found.stamp.clone(), of: HashMap::new() };
        if is_same {
            kept.of.clone_from(&state.numbers.of);
        }
        for table in settled {
            if let Some(number) = found.of.get(table) {
                kept.of.insert(table, *number);
            }
        }
        state.numbers = Arc::new(kept);
        drop(state);
        Arc::new(found)
    }
}

/// Whether the number of a table follows from the snapshot alone, so that it holds while the snapshot is the same.
///
/// What a name means, and whether row security is active, PostgreSQL looks up in caches that may lag behind the snapshot
/// for a moment. That matters only where the table has row security, or where another relation has the same name, in a
/// schema that the search path names. The numbers of such tables are read each time. Which schemas these are is told
/// generously: a name that would need quotes counts as one of them.
pub(super) const SETTLED: &str = "NOT c.relrowsecurity AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS o \
     JOIN pg_catalog.pg_namespace AS s ON s.oid = o.relnamespace \
     CROSS JOIN string_to_array(lower(translate(current_setting('search_path'), E'\" \\t\\r\\n', '')), ',') AS path \
     WHERE o.relname = c.relname AND o.oid <> c.oid AND (lower(s.nspname) = ANY (path) \
     OR s.nspname = current_user AND '$user' = ANY (path) OR s.nspname ~ '[\",[:space:]]'))";

/// Reads the numbers of these tables. One statement has one snapshot: the triggers that it finds are those that have
/// counted. Tells which of them are [settled](SETTLED), too.
async fn read(
    connection: &Connection,
    tables: &[&'static str],
) -> Result<(Numbers, Vec<&'static str>), StoreError> {
    let counted = counted();
    let text = format!(
        "SELECT n.place, CAST((coalesce((SELECT sum(r.revision) FROM {REVISIONS} AS r WHERE r.table_oid = c.oid), 0) \
         + c.shape) % 9223372036854775807 AS bigint), coalesce(c.settled, true), {STAMP} \
         FROM unnest(CAST($1 AS text[])) WITH ORDINALITY AS n(name, place) \
         LEFT JOIN LATERAL ({counted}) AS c ON true"
    );
    let mut found = Numbers { stamp: None, of: tables.iter().map(|table| (*table, None)).collect() };
    let mut settled = Vec::new();
    for row in connection.rows(&text, &[ValueRef::Text(&names(tables)?).into()]).await? {
        found.stamp = Stamp::read(&row, 3);
        let place = cell::number(&row, 0)?.and_then(|place| usize::try_from(place - 1).ok());
        let Some(table) = place.and_then(|place| tables.get(place)) else { continue };
        found.of.insert(table, cell::number(&row, 1)?.map(|number| Revision::new(number.cast_unsigned())));
        if row.try_get(2).unwrap_or(false) {
            settled.push(*table);
        }
    }
    Ok((found, settled))
}
