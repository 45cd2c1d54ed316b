//! What statements are run on, over SQLite: nothing here waits for anything but the work that it is given.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rusqlite::Row;

use super::{
    connection::{Connection, bound},
    dialect::Sqlite,
    error::store_error,
    insert::insert_row,
    marks,
};
use crate::plan::{Change, Scopes};
use crate::schema::{Description, ResourceId, Rows, Value};
use crate::store::StoreError;
use crate::store::sql::abilities::Limits;
use crate::store::sql::cache::Shape;
use crate::store::sql::cell;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::referrer::Referrer;
use crate::store::sql::session::Session;
use crate::store::sql::spelling::Spelled;
use crate::store::sql::versions::{Guard, KeptTable, Versions};
use crate::store::sql::visible::Visible;

/// The outcome of work on a SQLite session, whose futures are ready at once.
///
/// # Errors
/// Those of the work; and an internal error, should it wait for anything.
pub(super) fn at_once<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    // Not `now_or_never`, which moves the work once more: it is many times as large as what it gives.
    let mut work = pin!(work);
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(StoreError::Internal("a statement of SQLite's waits for something".into())),
    }
}

impl Session for Connection {
    type Dialect = Sqlite;
    type Row<'r> = Row<'r>;

    const LOCKS_ROWS: bool = false;
    const ERRORS_UNDO_ALL: bool = false;
    const MARK: &'static str = marks::MARK;
    const RAISE_MARK: &'static str = marks::RAISE;

    fn dialect(&self) -> Sqlite {
        Sqlite
    }

    fn text(
        &self,
        shape: Shape,
        build: impl FnOnce() -> Result<String, String>,
    ) -> Result<Arc<str>, StoreError> {
        self.texts.borrow_mut().get(shape, build).map_err(StoreError::Internal)
    }

    fn versions(&self) -> Arc<Versions> {
        Arc::clone(&self.versions)
    }

    fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.limits)
    }

    fn referrers(&self) -> Arc<[Referrer]> {
        Arc::clone(&self.referrers)
    }

    fn explained(&self, change: &Change, error: StoreError) -> StoreError {
        Connection::explained(self, change, error)
    }

    fn seen<T>(&self, scopes: &Scopes, build: impl FnOnce(Visible<'_, Sqlite>) -> T) -> T {
        build(Visible::new(Sqlite, scopes).holding(&self.forms()))
    }

    async fn each(
        &self,
        text: &str,
        values: &[Parameter<'_>],
        mut row: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<usize, StoreError> {
        let watched = self.watch(text);
        let mut statement = self.prepare(text)?;
        let mut rows = statement.query(bound(values)).map_err(store_error)?;
        let mut number = 0;
        // To the end: only then is what a statement changes changed, and every constraint checked.
        while let Some(next) = rows.next().map_err(store_error)? {
            row(next)?;
            number += 1;
        }
        self.counter.count_rows(number);
        watched.end(number as u64);
        Ok(number)
    }

    fn rows_for(&self, resource: &'static Description, expected: usize) -> Rows {
        self.rows(resource, expected)
    }

    fn learn_rows(&self, resource: &'static Description, rows: &Rows) {
        self.learn(resource, rows);
    }

    fn scale(&self, table: &str, column: &str) -> Option<usize> {
        self.forms().scale(table, column)
    }

    fn orders_by_meaning(&self, resource: &Description) -> bool {
        self.spellings().is_some_and(|forms| {
            let is_any =
                |column: &str| matches!(forms.spelled(resource.table, column), Some(Spelled::Any(_)));
            is_any(resource.id.column) || resource.key().iter().any(|part| is_any(part.column))
        })
    }

    fn own_form(&self, table: &str, column: &str, value: Value) -> Result<Value, StoreError> {
        match self.forms().of(table, column) {
            Some(form) => Ok(form.read(value.as_ref())?),
            None => Ok(value),
        }
    }

    /// Of a date in whole seconds the rest is left out: the next one is in another second anyway.
    fn kept_as_stored<'v>(
        &self,
        table: &KeptTable,
        values: &'v [Value],
    ) -> Result<Cow<'v, [Value]>, StoreError> {
        let forms = self.forms();
        if !forms.has(table.name) {
            return Ok(Cow::Borrowed(values));
        }
        let values =
            table.columns.iter().zip(values).map(|(column, value)| match forms.of(table.name, column.name) {
                Some(form) => form.write_floor(value.as_ref()),
                None => Ok(value.clone()),
            });
        values.collect::<Result<Vec<_>, _>>().map(Cow::Owned)
    }

    async fn finds(&self, text: &str, values: &[Parameter<'_>]) -> Result<bool, StoreError> {
        let watched = self.watch(text);
        let found = self.prepare(text)?.exists(bound(values)).map_err(store_error)?;
        watched.end(found.into());
        Ok(found)
    }

    async fn run(&self, text: &str, values: &[Parameter<'_>]) -> Result<u64, StoreError> {
        let changed = Connection::run(self, text, values)?;
        Ok(changed.try_into().unwrap_or(u64::MAX))
    }

    async fn insert_row(
        &self,
        resource: &'static Description,
        id: Option<&ResourceId>,
        parameters: &[Parameter<'_>],
        placed: &[&'static str],
    ) -> Result<ResourceId, StoreError> {
        insert_row(self, resource, id, parameters, placed).await
    }

    fn values_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Value],
    ) -> Result<Cow<'v, [Value]>, StoreError> {
        self.as_stored(resource, values)
    }

    fn changes_as_stored<'v>(
        &self,
        resource: &Description,
        values: &'v [Option<Value>],
    ) -> Result<Cow<'v, [Option<Value>]>, StoreError> {
        Connection::changes_as_stored(self, resource, values)
    }

    /// Where the column may hold times in any form, the row is read.
    async fn guarded(
        &self,
        resource: &Description,
        guard: &Guard<'_>,
        id: &ResourceId,
    ) -> Result<Value, StoreError> {
        let Some(form) = self.forms().of(resource.table, guard.column) else {
            return Ok(guard.value.to_owned());
        };
        let Some(table) = self.versions.table(resource.table) else { return form.write(guard.value) };
        let place = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(guard.column));
        let place = place.ok_or(StoreError::NotFound)?;
        let mut held = None;
        self.each(&table.read, &[id.into()], |row| {
            held = Some(cell::any(table.name, guard.column, row, place)?);
            Ok(())
        })
        .await?;
        let held = held.ok_or(StoreError::NotFound)?;
        if form.read(held.as_ref())?.as_ref() == guard.value {
            Ok(held)
        } else {
            Err(StoreError::VersionChanged)
        }
    }

    fn let_foreign_keys_wait(&self) -> Result<(), StoreError> {
        Connection::let_foreign_keys_wait(self)
    }

    async fn all<T, W>(&self, work: Vec<W>) -> Result<Vec<T>, StoreError>
    where
        W: Future<Output = Result<T, StoreError>>,
    {
        let mut done = Vec::with_capacity(work.len());
        for work in work {
            done.push(work.await?);
        }
        Ok(done)
    }

    async fn whole<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.control("SAVEPOINT change")?;
        let outcome = work.await;
        // After some errors SQLite has undone the whole transaction, and the savepoint with it.
        if outcome.is_err() && !self.sqlite.is_autocommit() {
            self.control("ROLLBACK TO change")?;
        }
        if !self.sqlite.is_autocommit() {
            self.control("RELEASE change")?;
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_an_error_at_once() {
        assert!(matches!(at_once(async { Ok(1) }), Ok(1)));
        assert!(matches!(at_once::<()>(std::future::pending()), Err(StoreError::Internal(_))));
    }
}
