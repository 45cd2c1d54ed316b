//! Writes that share a transaction, by chance: some are refused, some panic, some are dropped, some undo what others
//! share. Each is there once if that was said, and not at all if it was not.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use rocket::tokio::{self, time::timeout};

use super::{super::connection::Connection, *};
use crate::plan::Fetched;
use crate::schema::AttributeId;
use crate::store::contract::{ALL, TALKS};
use crate::store::{Decision, Transaction, modify};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

const ROUNDS: u64 = 20;

const WRITERS: u64 = 60;

/// What else goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Nothing,
    /// Another process writes all the time.
    Others,
    /// The database may not grow.
    Full,
}

/// What a write does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Makes a talk.
    Make,
    /// Makes a talk and counts one more in another: two statements.
    Count,
    /// Is refused before it has changed anything.
    RefusedAtOnce,
    /// Is refused after its change.
    RefusedLate,
    /// Has the database undo the whole transaction.
    Undoes,
    /// Breaks a rule that is looked at with the commit.
    SpoilsTheCommit,
    PanicsHalfWay,
    PanicsLate,
}

struct Write {
    kind: Kind,
    counter: ResourceId,
    title: String,
    /// The counter, as the decision saw it.
    seen: i64,
    hesitates: bool,
}

#[derive(Debug)]
enum Refused {
    Saw(i64),
    ByTheStore,
}

impl From<StoreError> for Refused {
    fn from(_: StoreError) -> Self {
        Self::ByTheStore
    }
}

fn talk(title: &str) -> Change {
    let mut attributes = vec![Value::Null; TALKS.attributes.len()];
    (attributes[0], attributes[4]) = (Value::Text(title.into()), Value::Bool(true));
    attributes[2] = Value::Integer(0);
    new(&TALKS, attributes)
}

fn counted(fetched: &Fetched) -> i64 {
    match fetched.rows.get(0).map(|row| row.attribute(AttributeId::at(2)).to_owned()) {
        Some(Value::Integer(count)) => count,
        other => panic!("no counter: {other:?}"),
    }
}

#[async_trait]
impl Decision for Write {
    type Refusal = Refused;

    fn awaits_only_the_store(&self) -> bool {
        true
    }

    async fn decide(
        &mut self,
        current: Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Change, Refused> {
        if self.hesitates {
            tokio::task::yield_now().await;
        }
        self.seen = counted(&current);
        if matches!(self.kind, Kind::Count | Kind::PanicsHalfWay) {
            transaction.apply(talk(&self.title), &Scopes::NONE).await?;
        }
        match self.kind {
            Kind::Make | Kind::RefusedLate | Kind::PanicsLate => Ok(talk(&self.title)),
            Kind::Count => {
                let mut attributes = vec![None; TALKS.attributes.len()];
                attributes[2] = Some(Value::Integer(self.seen + 1));
                let linkage = vec![None; TALKS.relationships.len()];
                Ok(Change::Update { resource: &TALKS, id: self.counter.clone(), attributes, linkage })
            }
            Kind::RefusedAtOnce => Err(Refused::Saw(self.seen)),
            Kind::Undoes => Ok(talk("undoes")),
            Kind::SpoilsTheCommit => Ok(talk("spoils")),
            Kind::PanicsHalfWay => panic!("on purpose"),
        }
    }

    fn read_back(&self, id: &ResourceId) -> Option<Plan> {
        Some(whole(&TALKS, Root::One(id.clone())))
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::NONE
    }

    fn judge(&mut self, answer: &Fetched) -> Result<(), Refused> {
        match self.kind {
            Kind::Count => assert_eq!(counted(answer), self.seen + 1),
            Kind::RefusedLate => return Err(Refused::Saw(self.seen)),
            Kind::PanicsLate => panic!("on purpose"),
            _ => {}
        }
        Ok(())
    }
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A future that is dropped after so many looks at it.
struct Looks<F>(Option<Pin<Box<F>>>, u64);

impl<F: Future> Future for Looks<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(inner) = self.0.as_mut() else { return Poll::Ready(None) };
        match inner.as_mut().poll(context) {
            Poll::Ready(output) => return Poll::Ready(Some(output)),
            Poll::Pending if self.1 > 0 => self.1 -= 1,
            Poll::Pending => {
                self.0 = None;
                return Poll::Ready(None);
            }
        }
        Poll::Pending
    }
}

/// The counter that everybody sees.
fn permanent(path: &Path, counter: &ResourceId) -> i64 {
    let sql = "SELECT favourites FROM talks WHERE id = ?1";
    outside(path).query_row(sql, [counter.to_string()], |row| row.get(0)).expect("the counter")
}

/// All that is known of the writes: of each title what was tried, and whether it was made, if anybody was told.
#[derive(Default)]
struct Known {
    titles: HashMap<String, (Kind, Option<bool>)>,
    counts: Vec<i64>,
}

struct Storm {
    store: Arc<SqliteStore>,
    path: std::path::PathBuf,
    counter: ResourceId,
    known: Mutex<Known>,
}

impl Storm {
    async fn write(&self, title: String, mut chance: Chance) {
        let kind = match chance.below(40) {
            0..13 => Kind::Make,
            13..25 => Kind::Count,
            25..29 => Kind::RefusedAtOnce,
            29..33 => Kind::RefusedLate,
            33 => Kind::Undoes,
            34 => Kind::SpoilsTheCommit,
            35 => Kind::PanicsHalfWay,
            36 => Kind::PanicsLate,
            _ => Kind::Count,
        };
        let know = |made| self.known.lock().expect("known").titles.insert(title.clone(), (kind, made));
        know(None);
        let (counter, hesitates) = (self.counter.clone(), chance.below(3) == 0);
        let mut decision =
            Write { kind, counter: counter.clone(), title: title.clone(), seen: -1, hesitates };
        let plan = whole(&TALKS, Root::One(counter));
        let limit = match chance.below(25) {
            0 => Duration::from_micros(chance.below(3000)),
            _ => PATIENCE,
        };
        let looks = if chance.below(6) == 0 { chance.below(6) } else { u64::MAX };
        let work = Box::pin(modify(&*self.store, Some(&plan), &mut decision, limit));
        let Some(outcome) = Looks(Some(work), looks).await else { return };
        know(Some(outcome.is_ok()));
        match outcome {
            Ok(_) if kind == Kind::Count => {
                self.known.lock().expect("known").counts.push(decision.seen + 1);
                assert!(permanent(&self.path, &self.counter) > decision.seen, "told before it was permanent");
            }
            Err(Refused::Saw(count)) => {
                assert!(permanent(&self.path, &self.counter) >= count, "refused for what was not permanent");
            }
            Ok(_) | Err(Refused::ByTheStore) => {}
        }
    }

    /// What is there is what was said.
    fn check(&self) {
        let sqlite = outside(&self.path);
        let mut statement = sqlite.prepare("SELECT title FROM talks").expect("talks");
        let titles = statement.query_map([], |row| row.get::<_, String>(0)).expect("titles");
        let mut there: HashMap<String, usize> = HashMap::new();
        for title in titles {
            *there.entry(title.expect("a title")).or_default() += 1;
        }
        let known = self.known.lock().expect("known");
        let mut counted = 0;
        for (title, (kind, made)) in &known.titles {
            let found = there.get(title).copied().unwrap_or(0);
            let expected = match (kind, made) {
                (Kind::Make | Kind::Count, Some(true)) => 1..=1,
                (Kind::Make | Kind::Count, None) => 0..=1,
                _ => 0..=0,
            };
            assert!(expected.contains(&found), "{title} {kind:?} {made:?}: {found}");
            counted += i64::from(*kind == Kind::Count && found == 1);
        }
        assert!(!there.contains_key("undoes") && !there.contains_key("spoils"));
        assert_eq!(permanent(&self.path, &self.counter), counted, "lost updates");
        let mut counts = known.counts.clone();
        counts.sort_unstable();
        counts.dedup();
        assert_eq!(counts.len(), known.counts.len(), "two with one outcome");
    }
}

/// Writes from outside as long as it is there.
struct Others(Arc<AtomicBool>, Option<std::thread::JoinHandle<()>>);

impl Others {
    fn start(path: &Path) -> Self {
        let (stop, path) = (Arc::new(AtomicBool::new(false)), path.to_owned());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let sqlite = outside(&path);
            sqlite.busy_timeout(PATIENCE).expect("a timeout");
            while !stopped.load(Ordering::Relaxed) {
                sqlite.execute_batch("BEGIN IMMEDIATE; INSERT INTO theirs VALUES (1)").expect("their write");
                std::thread::sleep(Duration::from_millis(2));
                sqlite.execute_batch("COMMIT").expect("their commit");
                std::thread::sleep(Duration::from_millis(3));
            }
        });
        Self(stop, Some(thread))
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        let ended = self.1.take().map(std::thread::JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()), "the others failed");
    }
}

async fn storm(path: &Path, synchronous: Synchronous, seed: u64, beside: Beside) {
    let open = || {
        let options = SqliteOptions { synchronous, queue_timeout: PATIENCE, ..options(path) };
        SqliteStore::open(options).expect("a database")
    };
    let store = Arc::new(open());
    store.prepare(&ALL).await.expect("prepared");
    let theirs = "CREATE TABLE theirs (n INTEGER); \
         CREATE TRIGGER undoes AFTER INSERT ON talks WHEN new.title = 'undoes' BEGIN SELECT RAISE(ROLLBACK, ''); END; \
         CREATE TABLE later (id INTEGER PRIMARY KEY, room TEXT REFERENCES rooms DEFERRABLE INITIALLY DEFERRED); \
         CREATE TRIGGER spoils AFTER INSERT ON talks WHEN new.title = 'spoils' \
         BEGIN INSERT INTO later (room) VALUES ('none'); END;";
    outside(path).execute_batch(theirs).expect("their tables");
    let counter = write(&store, talk("counter")).await.expect("a counter");
    let others = (beside == Beside::Others).then(|| Others::start(path));
    let (path, known) = (path.to_owned(), Mutex::default());
    let storm = Arc::new(Storm { store: Arc::clone(&store), path: path.clone(), counter, known });
    for round in 0..ROUNDS {
        let late = Duration::from_micros([0, 100, 1_000, 5_000, 60_000_000][(round % 5) as usize]);
        let pages = (beside == Beside::Full).then_some(round % 4 * 2);
        let settle = move |connection: &mut Connection| {
            connection.group_commit.policy.keep_open_for(late);
            connection.group_commit.policy.share_again();
            let sqlite = &connection.sqlite;
            let now: i64 = sqlite.query_row("PRAGMA page_count", [], |row| row.get(0)).expect("pages");
            let most = match pages {
                Some(more) if more < 6 => now + more as i64,
                _ => 1 << 30,
            };
            sqlite.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).expect("a limit");
            Ok(())
        };
        store.writer.run(settle).await.expect("settled");
        let mut tasks = Vec::new();
        for number in 0..WRITERS {
            let mut chance = Chance(seed << 40 | round << 20 | number);
            let filler = if beside == Beside::Full { chance.below(3000) } else { 0 };
            let title = format!("{round}.{number}{}", "x".repeat(filler as usize));
            let storm = Arc::clone(&storm);
            tasks.push(tokio::spawn(async move { storm.write(title, chance).await }));
        }
        if round == ROUNDS - 1 && beside == Beside::Nothing {
            tokio::time::sleep(Duration::from_micros(seed * 700)).await;
            timeout(PATIENCE, store.close()).await.expect("closed");
        }
        for task in tasks {
            if let Err(error) = timeout(PATIENCE, task).await.expect("nobody hangs") {
                let told = format!("{:?}", error.into_panic().downcast_ref::<&str>());
                assert!(told.contains("on purpose"), "{told}");
            }
        }
    }
    drop(others);
    storm.check();
    let store = match beside {
        Beside::Nothing => Arc::new(open()),
        Beside::Others | Beside::Full => store,
    };
    store.prepare(&ALL).await.expect("prepared");
    timeout(PATIENCE, write(&store, talk("the turn is free"))).await.expect("nobody hangs").expect("written");
    store.close().await;
}

#[test]
fn each_write_is_made_once_if_that_was_said_and_not_at_all_if_it_was_not() {
    for (seed, synchronous) in [(1, Synchronous::Normal), (2, Synchronous::Full)] {
        for beside in [Beside::Nothing, Beside::Others, Beside::Full] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("shared.db");
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
            runtime.expect("a runtime").block_on(storm(&path, synchronous, seed, beside));
        }
    }
}
