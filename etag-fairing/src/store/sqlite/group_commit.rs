//! Several writes in one commit.
//!
//! A commit costs what a hundred statements do: system calls for the locks, pages into the log, and where it waits for
//! the disk, milliseconds. So short writes that are there at the same time share one. Each still has its turn, in which
//! nobody else reads or writes on the connection; but instead of committing it leaves the transaction open for the next
//! one, whose changes stand behind a savepoint, so that what is refused undoes itself alone. Who began it commits for
//! all, after those that were ready have had their turn.
//!
//! Nobody is told of anything before the commit, neither of a change nor of a refusal that has seen another's change. If
//! the commit fails, or a statement undoes the whole transaction, all but the one that did it begin again
//! ([`StoreError::Conflict`]), each by itself, and for a while nobody shares. Nor do they while another process writes to
//! the file: it can only get its turn between two commits, and so fewer commits are fewer chances.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rocket::tokio::sync::oneshot::{self, Receiver, Sender};

use super::{
    checkpoint::Checkpointer,
    connection::Connection,
    error::{closed, store_error},
    leader::Leader,
    worker::Worker,
};
use crate::store::StoreError;

/// So many share one at most.
const MOST: usize = 64;

/// How long a transaction is open to others.
const LATE: Duration = Duration::from_millis(5);

/// After waiting in vain so often, the next [`SPARED`] don't wait for others.
const IN_VAIN: u8 = 4;

const SPARED: u8 = 16;

/// After the first failure so many writes commit by themselves; after each further one twice as many.
const ALONE: u32 = 64;

/// How often that doubles at most.
const MOST_FAILURES: u8 = 8;

/// After so many commits for several in a row the failures are forgotten.
const GOOD: u16 = 1_000;

/// After another process has written so many writes commit by themselves.
const BESIDE_OTHERS: u32 = 256;

/// When the connection's thread commits what nobody has: the leader's future isn't looked at.
pub(super) const IN_THE_END: Duration = Duration::from_millis(250);

/// What the writer's connection knows of those who share a transaction. Only who has the turn may use it.
pub(super) struct GroupCommit {
    /// The transaction that waits for more, or for its commit.
    open: Option<Open>,
    /// How who has the turn stands in it; `None` before it has begun and after its end.
    current: Option<Standing>,
    /// Whether that has set its savepoint.
    savepoint: bool,
    begun: u64,
    /// How often nobody else came, and how many go without waiting since.
    in_vain: u8,
    spared: u8,
    /// How many writes from now on commit by themselves.
    alone: u32,
    /// How often sharing has failed, and how often it has not since.
    failures: u8,
    good: u16,
    /// SQLite's number of commits by others, as it was last.
    others: Option<i64>,
    /// When the thread was last asked to look after what is open.
    watched: Option<Instant>,
    /// Set once the store closes.
    closed: bool,
    /// Where a commit doesn't wait for the disk.
    pub(super) log: Option<Arc<Checkpointer>>,
    pub(super) commits: Arc<AtomicU64>,
    /// Whoever comes later than this begins another one.
    pub(super) late: Duration,
}

impl Default for GroupCommit {
    fn default() -> Self {
        Self {
            open: None,
            current: None,
            savepoint: false,
            begun: 0,
            in_vain: 0,
            spared: 0,
            alone: 0,
            failures: 0,
            good: 0,
            others: None,
            watched: None,
            closed: false,
            log: None,
            commits: Arc::default(),
            late: LATE,
        }
    }
}

/// A transaction between two turns.
struct Open {
    number: u64,
    since: Instant,
    /// Lives as long as who began it.
    leader: Weak<()>,
    members: Vec<Sender<Outcome>>,
}

/// What became of the commit.
pub(super) type Outcome = Result<(), StoreError>;

/// How a write stands in its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It has begun it.
    First,
    /// Others were there before.
    Joined,
}

/// What a write does at its end.
pub(super) enum End {
    /// All is done.
    Done(Outcome),
    /// It commits for itself, where waiting for the disk is allowed.
    Commit,
    /// It waits for who has begun.
    Follow(Receiver<Outcome>),
    /// It commits for all.
    Lead(Leader, Receiver<Outcome>),
}

impl Connection {
    /// Begins a transaction, or, if it is to be `shared`, goes on with the one that is open. `None` if that has to be
    /// done on the thread.
    pub(super) fn begin(&mut self, shared: bool, place: Place) -> Option<Result<(), StoreError>> {
        if self.group_commit.closed {
            return Some(Err(closed()));
        }
        // Who had the turn before has ended, unless that was broken off by a panic.
        if self.group_commit.current.is_some() || self.group_commit.savepoint {
            self.give_up();
        }
        if let Some(open) = &self.group_commit.open {
            if self.sqlite.is_autocommit() {
                self.undone();
            } else if shared && open.has_room(self.group_commit.late) {
                self.group_commit.current = Some(Standing::Joined);
                return Some(Ok(()));
            } else if place == Place::AtOnce && self.group_commit.log.is_none() {
                return None;
            } else {
                self.commit_open();
            }
        }
        let begun = match place {
            Place::Thread => self.control("BEGIN IMMEDIATE"),
            Place::AtOnce => match self.without_waiting("BEGIN IMMEDIATE") {
                Err(StoreError::Busy { .. }) => return None,
                begun => begun,
            },
        };
        self.group_commit.current = begun.is_ok().then_some(Standing::First);
        Some(begun)
    }

    /// Sets the savepoint of a write that has joined others, before its first change.
    pub(super) fn mark(&mut self) -> Result<(), StoreError> {
        if self.group_commit.current == Some(Standing::Joined) && !self.group_commit.savepoint {
            self.control("SAVEPOINT member")?;
            self.group_commit.savepoint = true;
        }
        Ok(())
    }

    /// Ends a write whose changes stand: commits, or leaves that to whoever does it for all.
    pub(super) fn end(&mut self, shared: bool, writer: &Worker) -> End {
        let standing = self.group_commit.current.take();
        if let Err(error) = self.still_open() {
            self.give_up();
            return End::Done(Err(error));
        }
        if standing == Some(Standing::Joined) {
            return match self.release() {
                Ok(()) => self.follow(),
                Err(error) => {
                    self.give_up();
                    End::Done(Err(error))
                }
            };
        }
        if !(shared && self.group_commit.may_gather(writer.has_waiting())) {
            return match self.group_commit.log {
                Some(_) => End::Done(self.commit_alone()),
                None => End::Commit,
            };
        }
        let (outcome, answer) = oneshot::channel();
        let alive = Arc::new(());
        self.group_commit.begun += 1;
        let number = self.group_commit.begun;
        let (since, leader) = (Instant::now(), Arc::downgrade(&alive));
        if self.group_commit.watched.is_none_or(|watched| since.duration_since(watched) >= IN_THE_END) {
            self.group_commit.watched = Some(since);
            writer.watch();
        }
        self.group_commit.open = Some(Open { number, since, leader, members: vec![outcome] });
        End::Lead(Leader::new(number, alive, writer.clone()), answer)
    }

    /// Undoes a write. What it has seen of others is not permanent before the outcome is.
    pub(super) fn leave(&mut self) -> End {
        if self.group_commit.closed {
            return End::Done(Err(closed()));
        }
        match self.group_commit.current.take() {
            // It has not even begun.
            None if self.group_commit.open.is_some() => return End::Done(Ok(())),
            None | Some(Standing::First) => {
                self.give_up();
                return End::Done(Ok(()));
            }
            Some(Standing::Joined) => {}
        }
        if self.still_open().is_err() {
            // By a statement of its own, perhaps because of what others did before: it has to be asked again.
            self.give_up();
            return End::Done(Err(StoreError::Conflict));
        }
        let undone = match self.group_commit.savepoint {
            true => self.control("ROLLBACK TO member").and_then(|()| self.release()),
            false => Ok(()),
        };
        match undone {
            Ok(()) => self.follow(),
            Err(error) => {
                self.give_up();
                End::Done(Err(error))
            }
        }
    }

    fn release(&mut self) -> Result<(), StoreError> {
        match std::mem::take(&mut self.group_commit.savepoint) {
            true => self.control("RELEASE member"),
            false => Ok(()),
        }
    }

    fn follow(&mut self) -> End {
        let (outcome, answer) = oneshot::channel();
        match &mut self.group_commit.open {
            Some(open) => {
                open.members.push(outcome);
                End::Follow(answer)
            }
            None => End::Done(Err(StoreError::Internal("the transaction has ended".into()))),
        }
    }

    /// Commits what one write alone has done.
    pub(super) fn commit_alone(&mut self) -> Outcome {
        self.commit_for(1)
    }

    fn commit_for(&mut self, writes: usize) -> Outcome {
        let outcome = self.commit(writes);
        self.rollback();
        outcome
    }

    /// Commits for all who share the open transaction, and tells them.
    pub(super) fn commit_open(&mut self) {
        if self.still_open().is_err() {
            self.undone();
        }
        let Some(open) = self.group_commit.open.take() else { return };
        let members = open.members.len();
        if members > 1 {
            self.look_for_others();
        }
        let outcome = self.commit_for(members);
        self.group_commit.learn(members);
        match &outcome {
            Ok(()) if members > 1 => self.group_commit.shared_well(),
            Err(error) if members > 1 => self.group_commit.give_up_sharing(error),
            _ => {}
        }
        open.tell(outcome);
    }

    /// Commits what has been open for too long. Answers when to look again, if anything is open still.
    pub(super) fn look_after_open(&mut self) -> Option<Instant> {
        let since = self.group_commit.open.as_ref()?.since;
        if since.elapsed() >= IN_THE_END && self.group_commit.current.is_none() {
            self.commit_open();
            return None;
        }
        Some(Instant::now() + IN_THE_END)
    }

    /// Ends all for good, whoever has the turn: what is not whole is undone, and the rest is committed.
    pub(super) fn finish(&mut self) {
        if self.group_commit.current.is_some() {
            self.leave();
        }
        self.commit_open();
        self.group_commit.closed = true;
    }

    /// Finds out whether another process writes to the file, too.
    fn look_for_others(&mut self) {
        let version = self.sqlite.prepare_cached("PRAGMA data_version");
        // Not known: nothing depends on it but how long others wait.
        let Ok(version) = version.and_then(|mut it| it.query_row([], |row| row.get(0))) else { return };
        if self.group_commit.others.replace(version).is_some_and(|before| before != version) {
            self.group_commit.alone = self.group_commit.alone.max(BESIDE_OTHERS);
        }
    }

    /// Commits the open transaction if it is still this one.
    pub(super) fn commit_number(&mut self, number: u64) {
        if self.group_commit.open.as_ref().is_some_and(|open| open.number == number) {
            self.commit_open();
        }
    }

    /// Undoes all that is open, whoever shares it.
    pub(super) fn give_up(&mut self) {
        self.rollback();
        self.undone();
    }

    /// Tells those who shared a transaction that it is gone.
    fn undone(&mut self) {
        (self.group_commit.current, self.group_commit.savepoint) = (None, false);
        if let Some(open) = self.group_commit.open.take() {
            self.group_commit.give_up_sharing(&"it was undone");
            open.tell(Err(StoreError::Conflict));
        }
    }

    /// After some errors (a full disk) SQLite undoes the transaction by itself; what came then would be committed
    /// statement by statement.
    pub(super) fn still_open(&self) -> Result<(), StoreError> {
        match self.sqlite.is_autocommit() {
            _ if self.group_commit.closed => Err(closed()),
            true => Err(StoreError::Internal("the database has undone the transaction".into())),
            false => Ok(()),
        }
    }

    fn commit(&self, writes: usize) -> Result<(), StoreError> {
        self.still_open()?;
        // Into a file that nobody finds again nothing is written, ...
        self.check_file()?;
        let mut statement = self.sqlite.prepare_cached("COMMIT").map_err(store_error)?;
        statement.execute([]).map_err(store_error)?;
        // ... and what was is not told as done.
        self.check_file().map_err(|_| StoreError::OutcomeUnknown)?;
        self.group_commit.commits.fetch_add(1, Ordering::Relaxed);
        if let Some(log) = &self.group_commit.log {
            log.committed(writes as u64);
        }
        Ok(())
    }
}

/// Where a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On the connection's thread, which may wait.
    Thread,
    /// Where the request is answered.
    AtOnce,
}

impl GroupCommit {
    /// Whether to wait for others. Where a commit waits for the disk, they are worth waiting for; else only if some
    /// came lately, or are there.
    fn may_gather(&mut self, others: bool) -> bool {
        if self.alone > 0 {
            self.alone -= 1;
            return false;
        }
        if self.log.is_none() || others || self.in_vain < IN_VAIN {
            return true;
        }
        self.spared = (self.spared + 1) % SPARED;
        self.spared == 0
    }

    fn learn(&mut self, members: usize) {
        self.in_vain = match members {
            1 => self.in_vain.saturating_add(1),
            _ => 0,
        };
    }

    /// Forgets what stands against sharing.
    #[cfg(test)]
    pub(super) fn share_again(&mut self) {
        (self.alone, self.failures) = (0, 0);
    }

    fn shared_well(&mut self) {
        self.good += 1;
        if self.good >= GOOD {
            (self.good, self.failures) = (0, 0);
        }
    }

    fn give_up_sharing(&mut self, error: &dyn std::fmt::Display) {
        self.good = 0;
        self.alone = ALONE << self.failures;
        if self.failures < MOST_FAILURES {
            self.failures += 1;
            ::log::warn!(
                "several writes in one transaction failed, and begin again ({error}); the next {} have their own",
                self.alone
            );
        }
    }
}

impl Open {
    fn has_room(&self, late: Duration) -> bool {
        self.members.len() < MOST && self.leader.strong_count() > 0 && self.since.elapsed() < late
    }

    fn tell(self, outcome: Outcome) {
        let alone = self.members.len() == 1;
        let mut error = outcome.err();
        for member in self.members {
            // Who does not wait any more needs not be told.
            let _ = member.send(match (&mut error, alone) {
                (None, _) => Ok(()),
                (Some(_), false) => Err(StoreError::Conflict),
                (error, true) => error.take().map_or(Ok(()), Err),
            });
        }
    }
}
