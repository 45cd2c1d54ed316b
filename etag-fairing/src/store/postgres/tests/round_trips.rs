//! How often the store waits for the server: each wait takes as long as the way there and back, whatever the server has to do.

use std::time::Duration;

use async_trait::async_trait;
use postgres_server::Link;

use super::*;
use crate::plan::{Fetched, Include, LinkageChange, Page};
use crate::schema::RelationshipId;
use crate::store::contract::{ALL, ITEMS, LABELS, LISTS, REVIEWS, SPEAKERS, TALKS};
use crate::store::{Decision, Transaction, modify};

/// A write as the routes make it: what is there is judged, changed, and read back.
struct Plain(Change, Option<Value>);

/// A write that finds everything as it is to be.
struct Same(Change, Option<Fetched>);

#[async_trait]
impl Decision for Same {
    type Refusal = StoreError;

    async fn decide(&mut self, current: Fetched, _: &mut dyn Transaction) -> Result<Change, StoreError> {
        self.1 = Some(current);
        Ok(self.0.clone())
    }

    fn is_final(&self) -> bool {
        true
    }

    fn unchanged(&mut self) -> Option<Fetched> {
        self.1.take()
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        Some(one(self.0.resource(), id))
    }

    fn scopes(&self) -> &Scopes {
        const { &Scopes::NONE }
    }
}

#[async_trait]
impl Decision for Plain {
    type Refusal = StoreError;

    async fn decide(&mut self, _: Fetched, _: &mut dyn Transaction) -> Result<Change, StoreError> {
        Ok(self.0.clone())
    }

    fn is_final(&self) -> bool {
        true
    }

    fn version(&self) -> Option<&Value> {
        self.1.as_ref()
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        match self.0 {
            Change::Delete { .. } => None,
            _ => Some(one(self.0.resource(), id)),
        }
    }

    fn scopes(&self) -> &Scopes {
        const { &Scopes::NONE }
    }
}

fn one(resource: &'static Description, id: &ResourceId) -> Plan {
    Plan::new(Root::One(id.clone()), Selection::whole(resource))
}

fn page(resource: &'static Description) -> Plan {
    let listing = Listing::all().paged(Page::Offset { offset: 0, limit: 50 });
    Plan::new(Root::Collection(listing), Selection::whole(resource))
}

fn counted(plan: Plan) -> Plan {
    let Root::Collection(listing) = plan.root else { return plan };
    Plan { root: Root::Collection(listing.counted()), ..plan }
}

fn set_title(resource: &'static Description, id: &ResourceId, title: &str) -> Change {
    let mut attributes = vec![None; resource.attributes.len()];
    attributes[0] = Some(text(title));
    Change::Update { resource, id: id.clone(), attributes, linkage: vec![None; resource.relationships.len()] }
}

async fn write_by(store: &PostgresStore, target: Option<Plan>, mut decision: Plain) -> ResourceId {
    let limit = Duration::from_secs(60);
    modify(store, target.as_ref(), &mut decision, limit).await.expect("written").0
}

struct Counting<'s> {
    store: &'s PostgresStore,
    link: Link,
}

impl Counting<'_> {
    /// The round trips of some work, which is done several times: on a busy machine a request may be sent in two parts, which
    /// pass for two. Then answers take longer.
    async fn of<T>(&self, work: impl AsyncFn(&PostgresStore) -> T) -> usize {
        let mut least = usize::MAX;
        for way in [3, 3, 3, 3, 3, 3, 10, 10, 40, 40, 40] {
            self.link.count_round_trips(way);
            // What ends the transaction before this is not waited for: it is on its way until something is.
            self.store.fetch(&page(&REVIEWS)).await.expect("read");
            let before = self.link.round_trips();
            work(self.store).await;
            least = least.min(self.link.round_trips() - before);
        }
        least
    }
}

#[test]
fn no_read_or_write_waits_for_the_server_more_often_than_it_must() {
    with_database(async |database| {
        let link = Link::to(database.url());
        link.count_round_trips(3);
        let mut options = PostgresOptions::new(link.url()).expect("a URL");
        options.connections = 1;
        let store = PostgresStore::open(options).expect("a store");
        let resources: Vec<&Description> =
            [&LISTS, &ITEMS, &LABELS].into_iter().map(|it| **it).chain(ALL.iter().copied()).collect();
        store.prepare(&resources).await.expect("prepared");
        let talk = |title: &str| {
            let mut values = vec![Value::Null; TALKS.attributes.len()];
            values[0] = text(title);
            values[2] = Value::Integer(0);
            values[4] = Value::Bool(false);
            new(&TALKS, values)
        };
        let first = write(&store, talk("first")).await.expect("written");
        let review = || Change::Insert {
            resource: &REVIEWS,
            id: None,
            attributes: vec![text("good")],
            linkage: vec![Some(LinkageChange::One(Some(first.clone())))],
        };
        let reviewed = write(&store, review()).await.expect("written");
        write(&store, new(&SPEAKERS, vec![text("Ada")])).await.expect("written");
        let date = text("2018-03-24T13:30:00.000000Z");
        let list = Change::Insert {
            resource: &LISTS,
            id: Some(ResourceId::Text("list".into())),
            attributes: vec![text("new"), Value::Integer(1), date],
            linkage: vec![None],
        };
        let list = write(&store, list).await.expect("written");
        let item = new(&ITEMS, vec![text("new"), Value::Integer(1)]);
        let item = write(&store, item).await.expect("written");

        let counting = Counting { store: &store, link };
        let read =
            async |plan: Plan| counting.of(async |store| store.fetch(&plan).await.expect("read")).await;
        let include = |relationship: usize, resource: &'static Description| {
            Include::new(RelationshipId::at(relationship), Selection::whole(resource))
        };
        let including = |resource: &'static Description, include: Include| {
            let plan = page(resource);
            let selection = plan.selection.clone().including(vec![include]);
            Plan { selection, ..plan }.including_at_most(100)
        };
        let version_of = async |store: &PostgresStore, resource: &'static Description, id: &ResourceId| {
            let fetched = store.fetch(&one(resource, id)).await.expect("read");
            let version = resource.version.expect("a version");
            fetched.rows.get(0).expect("a row").attribute(version).to_owned()
        };
        let patch = async |resource: &'static Description, id: &ResourceId| {
            counting
                .of(async |store| {
                    let target = Some(one(resource, id));
                    write_by(store, target, Plain(set_title(resource, id, "renamed"), None)).await
                })
                .await
        };
        let found = [
            ("a record", read(one(&REVIEWS, &reviewed)).await),
            ("a record with linkage", read(one(&TALKS, &first)).await),
            ("a page of 50", read(page(&REVIEWS)).await),
            ("a page of 50 with its total", read(counted(page(&REVIEWS))).await),
            ("a page of 50 with linkage", read(page(&TALKS)).await),
            (
                "a page with what to-one relationships lead to",
                read(including(&REVIEWS, include(0, &TALKS))).await,
            ),
            (
                "a page with what to-many relationships lead to",
                read(including(&TALKS, include(2, &SPEAKERS))).await,
            ),
            (
                "a new record",
                counting.of(async |store| write_by(store, None, Plain(review(), None)).await).await,
            ),
            ("a change of a record", patch(&REVIEWS, &reviewed).await),
            ("a change of a record with linkage", patch(&TALKS, &first).await),
            (
                "a change of nothing",
                counting
                    .of(async |store| {
                        let change = Change::Update {
                            resource: &TALKS,
                            id: first.clone(),
                            attributes: vec![None; TALKS.attributes.len()],
                            linkage: vec![None; TALKS.relationships.len()],
                        };
                        let (mut same, limit) = (Same(change, None), Duration::from_secs(60));
                        let written = modify(store, Some(&one(&TALKS, &first)), &mut same, limit).await;
                        let (_, state) = written.expect("nothing to do");
                        assert_eq!(state.map(|state| state.rows.len()), Some(1));
                    })
                    .await,
            ),
            ("a change of a record with a version", patch(&ITEMS, &item).await),
            (
                "a change of this version",
                counting
                    .of(async |store| {
                        let version = version_of(store, &LISTS, &list).await;
                        let change = set_title(&LISTS, &list, "renamed");
                        write_by(store, Some(one(&LISTS, &list)), Plain(change, Some(version))).await
                    })
                    .await,
            ),
            (
                "a new record and its removal",
                counting
                    .of(async |store| {
                        let id = write_by(store, None, Plain(review(), None)).await;
                        let end = Change::Delete { resource: &REVIEWS, id: id.clone() };
                        write_by(store, Some(one(&REVIEWS, &id)), Plain(end, None)).await
                    })
                    .await,
            ),
            (
                "a hundred new records",
                counting
                    .of(async |store| {
                        let changes: Vec<Change> = (0..100).map(|_| review()).collect();
                        let mut transaction = Store::begin(store).await.expect("a transaction");
                        let made = transaction.insert_all(&changes, &one(&REVIEWS, &reviewed)).await;
                        assert_eq!(made.expect("made").map(|made| made.len()), Some(100));
                        transaction.commit().await.expect("committed");
                    })
                    .await,
            ),
        ];
        let expected = [
            ("a record", 1),
            ("a record with linkage", 1),
            ("a page of 50", 1),
            ("a page of 50 with its total", 1),
            // Whose linkage and which records are to be included says the page, to the parts of the same statement.
            ("a page of 50 with linkage", 1),
            ("a page with what to-one relationships lead to", 1),
            ("a page with what to-many relationships lead to", 1),
            // It is made, read and committed by one statement.
            ("a new record", 1),
            // It is locked and read, changed, read back, and all is committed.
            ("a change of a record", 2),
            ("a change of a record with linkage", 2),
            // It is locked and read, and that is the answer.
            ("a change of nothing", 1),
            ("a change of a record with a version", 2),
            // One of them reads the version.
            ("a change of this version", 8),
            ("a new record and its removal", 3),
            // Their rows are made by three statements.
            ("a hundred new records", 6),
        ];
        assert_eq!(found, expected);
        store.close().await;
    });
}
