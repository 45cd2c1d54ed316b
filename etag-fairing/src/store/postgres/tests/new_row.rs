//! New rows that are committed as they are made: what comes out of them is what comes out of one statement after the other.

use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::plan::{Fetched, LinkageChange};
use crate::schema::{Id, IdKind, Operations};
use crate::store::contract::{ALL, REVIEWS, ROOMS, SPEAKERS, TALKS};
use crate::store::{Decision, Transaction, modify};

/// How a row is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    AtOnce,
    StatementByStatement,
}

const BOTH: [Way; 2] = [Way::AtOnce, Way::StatementByStatement];

/// Makes a resource, and reads it back.
pub(super) struct Make {
    change: Change,
    most_bytes: usize,
    way: Way,
    pub(super) limit: Duration,
    pub(super) decided: usize,
}

impl Make {
    pub(super) fn new(change: Change, way: Way) -> Self {
        Self { change, most_bytes: 100_000, way, limit: Duration::from_secs(20), decided: 0 }
    }

    /// By one statement.
    pub(super) fn at_once(change: Change) -> Self {
        Self::new(change, Way::AtOnce)
    }

    pub(super) async fn by(&mut self, store: &PostgresStore) -> Result<(ResourceId, Fetched), StoreError> {
        let limit = self.limit;
        let (id, fetched) = modify(store, None, self, limit).await?;
        Ok((id, fetched.expect("what was read back")))
    }
}

#[async_trait]
impl Decision for Make {
    type Refusal = StoreError;

    async fn decide(&mut self, _: Fetched, _: &mut dyn Transaction) -> Result<Change, StoreError> {
        self.decided += 1;
        Ok(self.change.clone())
    }

    fn is_final(&self) -> bool {
        self.way == Way::AtOnce
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        let plan = Plan::new(Root::One(id.clone()), Selection::whole(self.change.resource()));
        Some(Plan { most_bytes: self.most_bytes, ..plan })
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }
}

fn talk(title: &str) -> Change {
    let mut values = vec![Value::Null; TALKS.attributes.len()];
    values[0] = text(title);
    values[2] = Value::Integer(7);
    values[4] = Value::Bool(false);
    new(&TALKS, values)
}

fn review(of: i64) -> Change {
    let talk = Some(LinkageChange::One(Some(ResourceId::Integer(of))));
    Change::Insert { resource: &REVIEWS, id: None, attributes: vec![text("good")], linkage: vec![talk] }
}

/// All that an answer shows, but for its id.
fn shown(resource: &'static Description, fetched: &Fetched) -> String {
    let row = fetched.rows.get(0).expect("a row");
    let attributes: Vec<Value> =
        resource.attributes_by_id().map(|(id, _)| row.attribute(id).to_owned()).collect();
    let to_one: Vec<Value> = resource
        .relationships_by_id()
        .filter(|(_, relationship)| !relationship.is_to_many())
        .map(|(id, _)| row.to_one(resource, id).to_owned())
        .collect();
    format!("{} {attributes:?} {to_one:?} {:?}", fetched.rows.len(), fetched.links)
}

/// How many statements some work takes.
async fn statements<T>(store: &PostgresStore, work: impl Future<Output = T>) -> (u64, T) {
    let count = || store.figures().expect("figures").statements;
    let before = count();
    let done = work.await;
    (count() - before, done)
}

#[test]
fn it_makes_what_one_statement_after_the_other_makes() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        Make::at_once(talk("first")).by(&store).await.expect("made");
        let room = |id: &str| Change::Insert {
            resource: &ROOMS,
            id: Some(ResourceId::Text(id.into())),
            attributes: vec![],
            linkage: vec![None],
        };
        let speaker = |id: &str| Change::Insert {
            resource: &SPEAKERS,
            id: Some(ResourceId::Text(id.into())),
            attributes: vec![text("Ada")],
            linkage: vec![None],
        };
        let cases = [
            (talk("second"), talk("second")),
            (review(1), review(1)),
            (room("hall"), room("yard")),
            (
                speaker("6f1e7f0e-0d54-4c9c-8d2a-3c1f6f7d0a01"),
                speaker("6f1e7f0e-0d54-4c9c-8d2a-3c1f6f7d0a02"),
            ),
        ];
        for (one, other) in cases {
            let resource = one.resource();
            let before = store.revision(&[resource.table]).await.expect("a revision");
            let (number, made) = statements(&store, Make::new(one, Way::AtOnce).by(&store)).await;
            let (id, made) = made.expect("made");
            assert_eq!(number, 1, "{}", resource.table);
            assert_ne!(store.revision(&[resource.table]).await.expect("a revision"), before);
            assert_eq!(made.rows.get(0).and_then(|row| row.resource_id().ok()), Some(id.clone()));
            let found =
                store.fetch(&Plan::new(Root::One(id), Selection::whole(resource))).await.expect("read");
            assert_eq!(shown(resource, &made), shown(resource, &found));
            let (_, slowly) = Make::new(other, Way::StatementByStatement).by(&store).await.expect("made");
            assert_eq!(shown(resource, &made), shown(resource, &slowly));
        }
    });
}

static GOODS: Description = Description::new(
    "goods",
    "goods",
    "Good",
    "goods",
    Id { column: "id", kind: IdKind::Integer { min: i64::MIN, max: i64::MAX } },
    &[
        attribute("title", Kind::Text, true, None),
        attribute("code", Kind::Text, true, None),
        attribute("pieces", Kind::Integer, true, None),
    ],
    &[],
    Operations::ALL,
);

/// Each is refused by the same error, and leaves nothing behind.
#[test]
fn what_is_refused_is_refused_as_ever() {
    with_database(async |database| {
        database.run(
            "CREATE TABLE goods (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, title varchar(8) NOT NULL UNIQUE, \
             code text CONSTRAINT late UNIQUE DEFERRABLE INITIALLY DEFERRED, pieces int, \
             CONSTRAINT plenty CHECK (pieces > 0), CONSTRAINT apart EXCLUDE (pieces WITH =) WHERE (pieces > 100), \
             CONSTRAINT not_bad CHECK (pieces <> 13 OR title <> 'bad'))",
        );
        let mut resources = ALL.clone();
        resources.push(&GOODS);
        let store = open(database);
        store.prepare(&resources).await.expect("prepared");
        let good = |title: Value, code: &str, pieces: i64| {
            new(&GOODS, vec![title, text(code), Value::Integer(pieces)])
        };
        Make::at_once(good(text("first"), "a", 500)).by(&store).await.expect("made");
        let hall = |id: &str| Change::Insert {
            resource: &ROOMS,
            id: Some(ResourceId::Text(id.into())),
            attributes: vec![],
            linkage: vec![None],
        };
        Make::at_once(hall("hall")).by(&store).await.expect("made");
        let with_room = || {
            let Change::Insert { resource, id, attributes, mut linkage } = talk("in no room") else {
                panic!("no new talk")
            };
            linkage[0] = Some(LinkageChange::One(Some(ResourceId::Text("none".into()))));
            Change::Insert { resource, id, attributes, linkage }
        };
        let cases = [
            ("unique", good(text("first"), "b", 1)),
            ("unique, at the commit", good(text("second"), "a", 1)),
            ("null", good(Value::Null, "b", 1)),
            ("too long", good(text("longer than eight"), "b", 1)),
            ("check", good(text("second"), "b", 0)),
            ("check of two", good(text("bad"), "b", 13)),
            ("exclusion", good(text("second"), "b", 500)),
            ("too large a number", good(text("second"), "b", 1 << 40)),
            ("two reasons", good(text("first"), "a", 0)),
            ("no text", good(text("a\0b"), "b", 1)),
            ("too long for its index", good(text("second"), &noise(), 1)),
            ("taken id", hall("hall")),
            ("no such talk", review(77)),
            ("no such talk, of no size", review(i64::MAX)),
            ("no such room", with_room()),
        ];
        for (name, change) in cases {
            let told = async |way| {
                let mut make = Make::new(change.clone(), way);
                let refused = make.by(&store).await;
                assert_eq!(make.decided, 1, "{name}");
                format!("{:?}", refused.expect_err(name))
            };
            assert_eq!(told(Way::AtOnce).await, told(Way::StatementByStatement).await, "{name}");
        }
        // What is read back is too large.
        for way in BOTH {
            let mut long = Make { most_bytes: 300, ..Make::new(talk(&"long".repeat(200)), way) };
            let refused = long.by(&store).await;
            assert!(matches!(refused, Err(StoreError::DocumentTooLarge { .. })), "{way:?}: {refused:?}");
        }
        assert_eq!(database.run("SELECT count(*) FROM goods"), "1\n");
        assert_eq!(database.run("SELECT count(*) FROM talks"), "0\n");
        assert_eq!(database.run("SELECT count(*) FROM reviews"), "0\n");
        assert_eq!(database.run("SELECT count(*) FROM rooms"), "1\n");
        Make::at_once(good(text("second"), "b", 2)).by(&store).await.expect("made");
    });
}

/// Text that can't be made shorter.
fn noise() -> String {
    let mut state = 1_u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap_or(0))
    };
    (0..20_000).map(|_| letter()).collect()
}

/// Somebody has put rows there with ids of their own.
#[test]
fn a_sequence_that_is_behind_goes_on() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        database.run("INSERT INTO talks (id, title, favourites, published) VALUES (1, 'theirs', 0, false), (2, 'theirs', 0, false)");
        let (id, made) = Make::at_once(talk("first")).by(&store).await.expect("made");
        assert_eq!(id, ResourceId::Integer(3));
        assert_eq!(made.rows.get(0).and_then(|row| row.resource_id().ok()), Some(id));
    });
}

/// A trigger keeps a row out, or changes it; it is there before the store is, or comes later.
#[test]
fn what_triggers_make_of_a_row_is_what_is_answered() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        database.run(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF NEW.title = 'kept' THEN RETURN NULL; END IF; NEW.title := NEW.title || '!'; RETURN NEW; END $$; \
             CREATE TRIGGER keep BEFORE INSERT ON talks FOR EACH ROW EXECUTE FUNCTION keep()",
        );
        let told = async |way| {
            let kept = Make::new(talk("kept"), way).by(&store).await;
            let (_, made) = Make::new(talk("made"), way).by(&store).await.expect("made");
            format!("{:?} {}", kept.expect_err("kept out"), shown(&TALKS, &made))
        };
        let at_once = told(Way::AtOnce).await;
        assert!(at_once.contains("made!"), "{at_once}");
        assert_eq!(at_once, told(Way::StatementByStatement).await);
        database.run(
            "CREATE FUNCTION raise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             UPDATE talks SET title = upper(title) WHERE id = NEW.id; RETURN NULL; END $$; \
             CREATE TRIGGER raise AFTER INSERT ON talks FOR EACH ROW EXECUTE FUNCTION raise()",
        );
        let later = open(database);
        later.prepare(&ALL).await.expect("prepared");
        let (_, made) = Make::at_once(talk("third")).by(&later).await.expect("made");
        assert!(shown(&TALKS, &made).contains("THIRD!"), "{}", shown(&TALKS, &made));
    });
}

/// A table of links without a foreign key refers to a row before it is there.
#[test]
fn linkage_that_was_there_before_its_row_is_answered() {
    with_database(async |database| {
        database.run(
            "CREATE TABLE talk_speakers (talk_id bigint NOT NULL, speaker_id uuid NOT NULL, PRIMARY KEY (talk_id, speaker_id)); \
             INSERT INTO talk_speakers VALUES (1, '6f1e7f0e-0d54-4c9c-8d2a-3c1f6f7d0a01')",
        );
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let (_, made) = Make::at_once(talk("first")).by(&store).await.expect("made");
        assert_eq!(made.links.iter().flatten().map(|links| links.of(0).len()).sum::<usize>(), 1);
        // The same with a key that older rows were not checked by.
        database.run(
            "ALTER TABLE talk_speakers ADD FOREIGN KEY (talk_id) REFERENCES talks (id) NOT VALID; \
             INSERT INTO talk_speakers VALUES (1, '6f1e7f0e-0d54-4c9c-8d2a-3c1f6f7d0a02'); \
             SET session_replication_role = replica; \
             INSERT INTO talk_speakers VALUES (2, '6f1e7f0e-0d54-4c9c-8d2a-3c1f6f7d0a01')",
        );
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let (id, made) = Make::at_once(talk("second")).by(&store).await.expect("made");
        assert_eq!(id, ResourceId::Integer(2));
        assert_eq!(made.links.iter().flatten().map(|links| links.of(0).len()).sum::<usize>(), 1);
    });
}

/// Without a foreign key, or with one that is turned off, the store itself sees to it.
#[test]
fn what_is_referred_to_is_looked_for_without_a_key() {
    with_database(async |database| {
        database.run(
            "CREATE TABLE reviews (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, text text NOT NULL, \
             talk_id bigint NOT NULL)",
        );
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let refused = async |store: &PostgresStore| {
            let refused = Make::at_once(review(77)).by(store).await;
            assert!(matches!(refused, Err(StoreError::RelatedNotFound { .. })), "{refused:?}");
        };
        refused(&store).await;
        database.run(
            "ALTER TABLE reviews ADD FOREIGN KEY (talk_id) REFERENCES talks (id); ALTER TABLE reviews DISABLE TRIGGER ALL",
        );
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        refused(&store).await;
        assert_eq!(database.run("SELECT count(*) FROM reviews"), "0\n");
    });
}

static NARROW: Description = Description::new(
    "narrow",
    "narrow",
    "Narrow",
    "narrow",
    Id { column: "id", kind: IdKind::Integer { min: 1, max: i32::MAX as i64 } },
    &[attribute("title", Kind::Text, true, None)],
    &[],
    Operations::ALL,
);

/// What the resource could not show must not be there.
#[test]
fn an_id_that_the_resource_cannot_have_leaves_no_row() {
    with_database(async |database| {
        database.run(
            "CREATE TABLE narrow (id bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 3000000000) PRIMARY KEY, title text)",
        );
        let store = open(database);
        store.prepare(&[&NARROW]).await.expect("prepared");
        for way in BOTH {
            let made = Make::new(new(&NARROW, vec![text("one")]), way).by(&store).await;
            assert!(matches!(made, Err(StoreError::Corrupt(_))), "{way:?}: {made:?}");
        }
        assert_eq!(database.run("SELECT count(*) FROM narrow"), "0\n");
    });
}

/// A foreign key finds rows that a policy hides: the store looks for them as the role that it is.
#[test]
fn tables_with_policies_are_asked_statement_by_statement() {
    for table in ["talks", "reviews"] {
        with_database(async |database| {
            let store = open(database);
            store.prepare(&ALL).await.expect("prepared");
            Make::at_once(talk("first")).by(&store).await.expect("made");
            let (number, made) = statements(&store, Make::at_once(review(1)).by(&store)).await;
            assert!(number == 1 && made.is_ok(), "{number}: {made:?}");
            database.run(&format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"));
            let store = open(database);
            store.prepare(&ALL).await.expect("prepared");
            let (number, made) = statements(&store, Make::at_once(review(1)).by(&store)).await;
            assert!(number > 1 && made.is_ok(), "{table}, {number}: {made:?}");
        });
    }
}

/// What a row refers to is decided on by another transaction, for longer than the client waits.
#[test]
fn what_waits_too_long_is_undone_and_told_so() {
    with_database(async |database| {
        let store = open(database);
        store.prepare(&ALL).await.expect("prepared");
        let (talk, _) = Make::at_once(talk("first")).by(&store).await.expect("made");
        let mut other = Store::begin(&store).await.expect("a transaction");
        other.fetch(&Plan::new(Root::One(talk), Selection::whole(&TALKS))).await.expect("locked");
        let mut make = Make { limit: Duration::from_millis(500), ..Make::at_once(review(1)) };
        let refused = make.by(&store).await;
        assert!(matches!(refused, Err(StoreError::Busy { .. })), "{refused:?}");
        drop(other);
        assert_eq!(database.run("SELECT count(*) FROM reviews"), "0\n");
        // One that waits for less is made.
        let mut other = Store::begin(&store).await.expect("a transaction");
        let talk = ResourceId::Integer(1);
        other.fetch(&Plan::new(Root::One(talk), Selection::whole(&TALKS))).await.expect("locked");
        let end = async {
            rocket::tokio::time::sleep(Duration::from_millis(300)).await;
            drop(other);
        };
        let mut make = Make::at_once(review(1));
        let (made, ()) = rocket::futures::future::join(make.by(&store), end).await;
        made.expect("made");
        assert_eq!(database.run("SELECT count(*) FROM reviews"), "1\n");
    });
}

#[test]
fn many_at_once_are_all_made_or_refused() {
    with_database(async |database| {
        database.run(
            "CREATE TABLE goods (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, title text COLLATE \"C\" UNIQUE, \
             code text, pieces bigint)",
        );
        let store = open(database);
        store.prepare(&[&GOODS]).await.expect("prepared");
        let all = (0..60).map(async |number: i64| {
            let way = if number % 3 > 0 { Way::AtOnce } else { Way::StatementByStatement };
            let title = text(&format!("title {}", number / 2));
            let good = new(&GOODS, vec![title, Value::Null, Value::Integer(number)]);
            Make::new(good, way).by(&store).await
        });
        let mut refused = 0;
        for outcome in rocket::futures::future::join_all(all).await {
            match outcome {
                Ok(_) => {}
                Err(StoreError::Constraint(_)) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(refused, 30);
        assert_eq!(database.run("SELECT count(*), count(DISTINCT title) FROM goods"), "30|30\n");
    });
}
