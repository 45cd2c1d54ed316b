//! Deletions that are committed as they are made.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::last_change::TITLES;
use super::*;
use crate::plan::{Fetched, LinkageChange};
use crate::store::contract::{ALL, REPLIES, REVIEWS, TALKS};
use crate::store::postgres::connection::Purpose;
use crate::store::{Decision, Transaction, WriteEvent, modify};

/// Deletes a resource, at once or statement by statement.
pub(super) struct Remove {
    resource: &'static Description,
    id: ResourceId,
    is_final: bool,
    limit: Duration,
    late: usize,
}

impl Remove {
    pub(super) async fn by(&mut self, store: &PostgresStore) -> Result<(), StoreError> {
        let target = Plan::new(Root::One(self.id.clone()), Selection::identifiers(self.resource));
        let limit = self.limit;
        let (id, read) = modify(store, Some(&target), self, limit).await?;
        assert_eq!((id, read.is_none()), (self.id.clone(), true));
        Ok(())
    }
}

#[async_trait]
impl Decision for Remove {
    type Refusal = StoreError;

    async fn decide(&mut self, found: Fetched, _: &mut dyn Transaction) -> Result<Change, StoreError> {
        found.rows.get(0).ok_or(StoreError::NotFound)?;
        Ok(Change::Delete { resource: self.resource, id: self.id.clone() })
    }

    fn is_final(&self) -> bool {
        self.is_final
    }

    fn read_back(&self, _: &ResourceId) -> Option<Plan> {
        None
    }

    fn on_event(&mut self, event: WriteEvent) {
        self.late += usize::from(event == WriteEvent::TimedOut);
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}

pub(super) fn removal(resource: &'static Description, number: i64, is_final: bool) -> Remove {
    Remove { resource, id: ResourceId::Integer(number), is_final, limit: Duration::from_secs(20), late: 0 }
}

fn talk() -> Change {
    let mut values = vec![Value::Null; TALKS.attributes.len()];
    values[0] = text("first");
    values[2] = Value::Integer(0);
    values[4] = Value::Bool(false);
    new(&TALKS, values)
}

fn review(of: i64) -> Change {
    let talk = Some(LinkageChange::One(Some(ResourceId::Integer(of))));
    Change::Insert { resource: &REVIEWS, id: None, attributes: vec![text("good")], linkage: vec![talk] }
}

async fn statements(store: &PostgresStore, remove: &mut Remove) -> (u64, Result<(), StoreError>) {
    let before = store.figures().expect("figures").statements;
    let removed = remove.by(store).await;
    (store.figures().expect("figures").statements - before, removed)
}

#[test]
fn what_is_deleted_is_gone_and_what_stays_is_told_so() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        write(&store, talk()).await.expect("written");
        for _ in 0..4 {
            write(&store, review(1)).await.expect("written");
        }
        let before = store.revision(&[REVIEWS.table]).await.expect("a revision");
        // It is read and locked, so is what shows it, and it is deleted.
        let (number, removed) = statements(&store, &mut removal(&REVIEWS, 1, true)).await;
        removed.expect("removed");
        assert_eq!(number, 3);
        assert_ne!(store.revision(&[REVIEWS.table]).await.expect("a revision"), before);
        assert_eq!(database.run("SELECT count(*) FROM reviews"), "3\n");
        removal(&REVIEWS, 2, false).by(&store).await.expect("removed");
        for is_final in [true, false] {
            let gone = removal(&REVIEWS, 1, is_final).by(&store).await;
            assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
        }
        // Another program's rows refer to it.
        database.run(
            "CREATE TABLE notes (review_id bigint REFERENCES reviews (id)); INSERT INTO notes VALUES (3)",
        );
        let told = async |is_final| {
            let refused = removal(&REVIEWS, 3, is_final).by(&store).await;
            format!("{:?}", refused.expect_err("refused"))
        };
        assert_eq!(told(true).await, told(false).await);
        // A trigger that came later keeps it.
        database.run(
            "DROP TABLE notes; CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
             CREATE TRIGGER keep BEFORE DELETE ON reviews FOR EACH ROW WHEN (OLD.id = 3) EXECUTE FUNCTION keep()",
        );
        assert_eq!(told(true).await, told(false).await);
        removal(&REVIEWS, 4, true).by(&store).await.expect("removed");
        assert_eq!(database.run("SELECT id FROM reviews"), "3\n");
    });
}

/// Who decides by what a row is linked to has its other end locked.
#[test]
fn what_shows_the_row_is_waited_for() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        write(&store, talk()).await.expect("written");
        write(&store, review(1)).await.expect("written");
        let mut other = Store::begin(&store).await.expect("a transaction");
        let (reviews, _) = TALKS.relationship("reviews").expect("a relationship");
        let selection = Selection::whole(&TALKS).with_linkage(reviews);
        let talk = Plan::new(Root::One(ResourceId::Integer(1)), selection);
        other.fetch(&talk).await.expect("locked");
        let end = async {
            rocket::tokio::time::sleep(Duration::from_millis(400)).await;
            assert_eq!(database.run("SELECT count(*) FROM reviews"), "1\n");
            let shown = other.fetch(&talk).await.expect("read");
            assert_eq!(shown.links.iter().flatten().map(|links| links.of(0).len()).sum::<usize>(), 1);
            other.commit().await.expect("committed");
        };
        let mut remove = removal(&REVIEWS, 1, true);
        let (removed, ()) = rocket::futures::future::join(remove.by(&store), end).await;
        removed.expect("removed");
        assert_eq!(database.run("SELECT count(*) FROM reviews"), "0\n");
    });
}

/// What the store itself has to follow is deleted statement by statement.
#[test]
fn what_others_need_is_seen_to() {
    with_database(async |database| {
        database.run("CREATE TABLE replies (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, review_id bigint NOT NULL)");
        let mut resources = ALL.clone();
        resources.push(&REPLIES);
        let store = open(database);
        store.prepare(&resources).await.expect("prepared");
        write(&store, talk()).await.expect("written");
        write(&store, review(1)).await.expect("written");
        database.run("INSERT INTO replies (review_id) VALUES (1)");
        removal(&REVIEWS, 1, true).by(&store).await.expect("removed");
        assert_eq!(database.run("SELECT count(*) FROM replies"), "0\n");
    });
}

/// Another program has locked what goes with the row, for longer than the client waits.
#[test]
fn what_waits_too_long_is_undone_and_told_so() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&[&TITLES]).await.expect("prepared");
        database.run(
            "INSERT INTO titles (title) VALUES ('first'); \
             CREATE TABLE notes (id bigint PRIMARY KEY, title_id bigint REFERENCES titles (id) ON DELETE CASCADE); \
             INSERT INTO notes VALUES (1, 1)",
        );
        let other = store.take().await.expect("a connection");
        other.begin(Purpose::Write);
        other.rows("SELECT 1 FROM notes FOR UPDATE", &[]).await.expect("locked");
        for is_final in [true, false] {
            let mut remove = Remove { limit: Duration::from_millis(500), ..removal(&TITLES, 1, is_final) };
            let begun = Instant::now();
            let refused = remove.by(&store).await;
            assert!(matches!(refused, Err(StoreError::Busy { .. })), "{is_final}: {refused:?}");
            assert!(begun.elapsed() < Duration::from_secs(3), "{is_final}: {:?}", begun.elapsed());
            assert_eq!(remove.late, 1, "{is_final}");
        }
        drop(other);
        assert_eq!(
            database.run("SELECT (SELECT count(*) FROM titles), (SELECT count(*) FROM notes)"),
            "1|1\n"
        );
        // Nobody holds its locks any more.
        removal(&TITLES, 1, true).by(&store).await.expect("removed");
        assert_eq!(
            database.run("SELECT (SELECT count(*) FROM titles), (SELECT count(*) FROM notes)"),
            "0|0\n"
        );
    });
}
