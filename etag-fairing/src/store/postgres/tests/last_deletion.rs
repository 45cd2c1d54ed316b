//! Deletions that are committed as they are made.

use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::plan::{Fetched, LinkageChange};
use crate::store::contract::{ALL, REPLIES, REVIEWS, TALKS};
use crate::store::{Decision, Transaction, modify};

/// Deletes a resource, at once or statement by statement.
struct Remove {
    resource: &'static Description,
    id: ResourceId,
    is_final: bool,
}

impl Remove {
    async fn by(&mut self, store: &PostgresStore) -> Result<(), StoreError> {
        let target = Plan::new(Root::One(self.id.clone()), Selection::identifiers(self.resource));
        let (id, read) = modify(store, Some(&target), self, Duration::from_secs(20)).await?;
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

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}

fn removal(resource: &'static Description, number: i64, is_final: bool) -> Remove {
    Remove { resource, id: ResourceId::Integer(number), is_final }
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
