//! Group commit: several writes in one transaction, with one commit.
//!
//! A commit costs what a hundred statements cost: system calls for the locks, pages into the log, and where it waits for
//! the disk, milliseconds. So short writes that are there at the same time share one. Each of them still has its turn, in
//! which nobody else uses the connection. But instead of committing, the first one, the leader, leaves its transaction
//! open. The next one joins: its changes stand behind a savepoint, so that it can be undone without the others. The leader
//! commits for the whole group, after the writes that were ready have had their turn.
//!
//! Nobody is answered before the commit: neither a write that has changed something, nor one that was refused after it
//! had seen another's change. If the commit fails, or a statement has SQLite undo the whole transaction, the members
//! begin again ([`StoreError::Conflict`]), each by itself. When to share at all is the [policy](super::share_policy)'s.
//!
//! All transitions of [`State`] are methods of [`Connection`] in this file. Which of them runs first, and where, is up to
//! the [transaction](super::transaction), the [leader](super::leader) and the [worker](super::worker).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rocket::tokio::sync::oneshot::Receiver;

use super::{
    Synchronous,
    checkpoint::Checkpointer,
    connection::Connection,
    error::{closed, store_error},
    group::{Group, Members, Outcome},
    share_policy::SharePolicy,
};
use crate::store::{CommitCounter, StoreError, transact::Sharing};

/// When the connection's thread commits a group that nobody else has committed: its leader's future is not polled.
pub(super) const ABANDONED_AFTER: Duration = Duration::from_millis(250);

/// What the writer's connection knows of group commits. It is used only by who has the turn, or the connection's lock.
pub(super) struct GroupCommit {
    state: State,
    pub(super) policy: SharePolicy,
    /// The number of the last group.
    groups: u64,
    /// When the thread was last asked to look after a group.
    watched: Option<Instant>,
    /// Set where commits don't wait for the disk.
    pub(super) checkpointer: Option<Arc<Checkpointer>>,
    pub(super) commits: Arc<CommitCounter>,
}

impl GroupCommit {
    /// No transaction is open.
    pub(super) fn new(synchronous: Synchronous) -> Self {
        Self {
            state: State::Idle,
            policy: SharePolicy::new(synchronous),
            groups: 0,
            watched: None,
            checkpointer: None,
            commits: Arc::default(),
        }
    }
}

/// Where the writer's connection stands.
///
/// | state | [`begin_write`] | [`commit_write`] | [`undo_write`] | [`commit_group`] |
/// |---|---|---|---|---|
/// | `Idle` | begins: `Single` | an error | – | – |
/// | `Single` | undoes what a panic left: `Single` | commits: `Idle`; or waits for others: `Gathering` | undoes: `Idle` | – |
/// | `Gathering` | joins: `Joined`; or commits the group: `Single` | an error | – | commits: `Idle` |
/// | `Joined` | undoes what a panic left: `Single` | a member more: `Gathering` | undoes the savepoint: `Gathering` | – |
///
/// Wherever SQLite has undone the transaction by itself, or a statement of the control of transactions fails, all is
/// undone, the group is told, and the state is `Idle`. [`close_group_commit`] undoes a write that has the turn, commits the
/// group, and the state is `Closed` for good.
///
/// [`begin_write`]: Connection::begin_write
/// [`commit_write`]: Connection::commit_write
/// [`undo_write`]: Connection::undo_write
/// [`commit_group`]: Connection::commit_group
/// [`close_group_commit`]: Connection::close_group_commit
#[derive(Default)]
enum State {
    /// No transaction is open.
    #[default]
    Idle,
    /// A write has the turn, in a transaction that it has begun.
    Single,
    /// The transaction of a group is open, and nobody has the turn.
    Gathering(Group),
    /// A write has the turn, in the transaction of a group that it has joined.
    Joined(Group, Savepoint),
    /// The store has closed.
    Closed,
}

impl State {
    /// Gives the turn to a write that joins the group.
    fn join(&mut self) {
        *self = match std::mem::take(self) {
            Self::Gathering(group) => Self::Joined(group, Savepoint::Unset),
            other => other,
        };
    }

    /// Takes the group out, if nobody has the turn: then no transaction is open as far as this knows.
    fn take_gathering(&mut self) -> Option<Group> {
        match std::mem::take(self) {
            Self::Gathering(group) => Some(group),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Takes the group out, whoever has the turn.
    fn take_group(&mut self) -> Option<Group> {
        match std::mem::take(self) {
            Self::Gathering(group) | Self::Joined(group, _) => Some(group),
            Self::Idle | Self::Single => None,
            Self::Closed => {
                *self = Self::Closed;
                None
            }
        }
    }
}

/// Whether a write that has joined a group has set its savepoint, which it does before its first change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Savepoint {
    Unset,
    Set,
}

/// How a write that has the turn ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its changes become permanent, alone or together with others.
    Commit(Sharing),
    /// Its changes are undone.
    Undo,
}

/// What is left to do after a write has given up its turn. `L` is how a leader knows its group.
pub(super) enum WriteEnd<L> {
    /// Nothing.
    Done(Outcome),
    /// The write still has its turn, and commits by itself on the thread, where waiting for the disk is allowed.
    CommitOnThread,
    /// The write waits for the commit of its group.
    Follow(Receiver<Outcome>),
    /// The write is the leader, and commits for its group.
    Lead(L),
}

/// What the leader of a new group has to know.
pub(super) struct Leadership {
    pub(super) number: u64,
    /// As long as it lives, others join.
    pub(super) joined: Arc<Members>,
    pub(super) outcome: Receiver<Outcome>,
    /// Whether the thread is to look after the group: it was not asked to lately.
    pub(super) needs_watch: bool,
}

/// Which thread a step of a write runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunsOn {
    /// The connection's own, which may wait for the disk and for other processes.
    Thread,
    /// The caller's, which must not wait.
    Caller,
}

impl Connection {
    /// Begins a transaction, or, if it may share, has a write join the group. `None` if that has to be done on the
    /// thread, since it may have to wait.
    pub(super) fn begin_write(
        &mut self,
        sharing: Sharing,
        runs_on: RunsOn,
    ) -> Option<Result<(), StoreError>> {
        match &self.group_commit.state {
            State::Closed => return Some(Err(closed())),
            State::Idle => {}
            // The write that had the turn before has ended, unless a panic has broken it off.
            State::Single | State::Joined(..) => self.undo_all(),
            State::Gathering(_) if self.sqlite.is_autocommit() => self.tell_group_it_is_undone(),
            State::Gathering(group) if sharing == Sharing::Shared && self.takes_another(group) => {
                self.group_commit.state.join();
                return Some(Ok(()));
            }
            State::Gathering(_) => {
                if runs_on == RunsOn::Caller && self.group_commit.policy.commits_wait_for_the_disk() {
                    return None;
                }
                self.commit_group();
            }
        }
        let begun = match runs_on {
            RunsOn::Thread => self.control("BEGIN IMMEDIATE"),
            RunsOn::Caller => match self.without_waiting("BEGIN IMMEDIATE") {
                Err(StoreError::Busy { .. }) => return None,
                begun => begun,
            },
        };
        if begun.is_ok() {
            self.group_commit.state = State::Single;
        }
        Some(begun)
    }

    fn takes_another(&self, group: &Group) -> bool {
        group.leader.strong_count() > 0
            && self.group_commit.policy.takes_another(group.members.len(), group.since.elapsed())
    }

    /// Sets the savepoint of a write that has joined a group, before its first change.
    pub(super) fn set_savepoint(&mut self) -> Result<(), StoreError> {
        if let State::Joined(_, Savepoint::Unset) = self.group_commit.state {
            self.control("SAVEPOINT member")?;
            if let State::Joined(_, savepoint) = &mut self.group_commit.state {
                *savepoint = Savepoint::Set;
            }
        }
        Ok(())
    }

    /// Ends the write that has the turn, while so many others wait for theirs.
    pub(super) fn end_write(&mut self, ending: Ending, waiting: usize) -> WriteEnd<Leadership> {
        match ending {
            Ending::Commit(sharing) => self.commit_write(sharing, waiting),
            Ending::Undo => self.undo_write(),
        }
    }

    /// Ends a write whose changes stand: commits them, or leaves that to the leader.
    fn commit_write(&mut self, sharing: Sharing, waiting: usize) -> WriteEnd<Leadership> {
        if let Err(error) = self.check_transaction() {
            self.undo_all();
            return WriteEnd::Done(Err(error));
        }
        match self.group_commit.state {
            State::Joined(..) => self.follow(&["RELEASE member"]),
            State::Single => {
                if sharing == Sharing::Shared && self.group_commit.policy.begins_group(waiting) {
                    WriteEnd::Lead(self.begin_group())
                } else if self.group_commit.policy.commits_wait_for_the_disk() {
                    WriteEnd::CommitOnThread
                } else {
                    WriteEnd::Done(self.commit_single())
                }
            }
            State::Idle | State::Gathering(_) | State::Closed => WriteEnd::Done(Err(has_ended())),
        }
    }

    /// Undoes a write. If it has seen changes of others, it is told so only once those are permanent.
    pub(super) fn undo_write(&mut self) -> WriteEnd<Leadership> {
        match self.group_commit.state {
            State::Closed => WriteEnd::Done(Err(closed())),
            // It has not even begun.
            State::Gathering(_) => WriteEnd::Done(Ok(())),
            State::Idle | State::Single => {
                self.undo_all();
                WriteEnd::Done(Ok(()))
            }
            State::Joined(..) if self.check_transaction().is_err() => {
                // By a statement of its own, perhaps because of what others did before: it has to be asked again.
                self.undo_all();
                WriteEnd::Done(Err(StoreError::Conflict))
            }
            State::Joined(..) => self.follow(&["ROLLBACK TO member", "RELEASE member"]),
        }
    }

    /// Ends the part of a write that has joined a group, and has it wait for the commit.
    fn follow(&mut self, savepoint_end: &[&'static str]) -> WriteEnd<Leadership> {
        match self.end_savepoint(savepoint_end) {
            Ok(outcome) => WriteEnd::Follow(outcome),
            Err(error) => {
                self.undo_all();
                WriteEnd::Done(Err(error))
            }
        }
    }

    fn end_savepoint(&mut self, statements: &[&'static str]) -> Result<Receiver<Outcome>, StoreError> {
        if let State::Joined(_, Savepoint::Set) = self.group_commit.state {
            statements.iter().try_for_each(|statement| self.control(statement))?;
        }
        let mut group = self.group_commit.state.take_group().ok_or_else(has_ended)?;
        let outcome = group.add_member();
        self.group_commit.state = State::Gathering(group);
        Ok(outcome)
    }

    /// Leaves the transaction of a single write open for others.
    fn begin_group(&mut self) -> Leadership {
        let this = &mut self.group_commit;
        this.groups += 1;
        let (number, since, joined) = (this.groups, Instant::now(), Arc::<Members>::default());
        let needs_watch = this.watched.is_none_or(|watched| since.duration_since(watched) >= ABANDONED_AFTER);
        if needs_watch {
            this.watched = Some(since);
        }
        let mut group = Group::new(number, since, &joined);
        let outcome = group.add_member();
        this.state = State::Gathering(group);
        Leadership { number, joined, outcome, needs_watch }
    }

    /// Commits what a single write has done.
    pub(super) fn commit_single(&mut self) -> Outcome {
        let outcome = self.commit(1);
        self.rollback();
        if let State::Single = self.group_commit.state {
            self.group_commit.state = State::Idle;
        }
        outcome
    }

    /// Commits for the group, if one is there and nobody has the turn, and tells its members.
    pub(super) fn commit_group(&mut self) {
        let Some(group) = self.group_commit.state.take_gathering() else { return };
        if self.check_transaction().is_err() {
            self.group_commit.state = State::Gathering(group);
            return self.tell_group_it_is_undone();
        }
        let members = group.members.len();
        if members > 1 {
            self.look_for_other_processes();
        }
        let outcome = self.commit(members);
        self.rollback();
        self.group_commit.policy.gathered(members);
        match &outcome {
            Ok(()) if members > 1 => self.group_commit.policy.succeeded(),
            Err(error) if members > 1 => self.back_off(error),
            _ => {}
        }
        group.tell(outcome);
    }

    /// Commits the group if it is still the one with this number.
    pub(super) fn commit_group_of(&mut self, number: u64) {
        if let State::Gathering(group) = &self.group_commit.state
            && group.number == number
        {
            self.commit_group();
        }
    }

    /// Commits a group that has been open for too long. Answers when to look again, if one is open still.
    pub(super) fn look_after_group(&mut self) -> Option<Instant> {
        match &self.group_commit.state {
            State::Gathering(group) if group.since.elapsed() >= ABANDONED_AFTER => {
                self.commit_group();
                None
            }
            State::Gathering(_) | State::Joined(..) => Some(Instant::now() + ABANDONED_AFTER),
            State::Idle | State::Single | State::Closed => None,
        }
    }

    /// Ends everything for good, whoever has the turn: a write that is not whole is undone, and the group is committed.
    pub(super) fn close_group_commit(&mut self) {
        self.undo_write();
        self.commit_group();
        self.group_commit.state = State::Closed;
    }

    /// Undoes all that is open, whoever shares it.
    pub(super) fn undo_all(&mut self) {
        self.rollback();
        self.tell_group_it_is_undone();
    }

    /// Tells those who shared a transaction, if any did, that it is gone.
    fn tell_group_it_is_undone(&mut self) {
        if let Some(group) = self.group_commit.state.take_group() {
            self.back_off(&"it was undone");
            group.tell(Err(StoreError::Conflict));
        }
    }

    fn back_off(&mut self, reason: &dyn std::fmt::Display) {
        let failure = self.group_commit.policy.failed();
        if failure.is_worth_a_warning {
            log::warn!(
                "several writes in one transaction failed, and begin again ({reason}); the next {} have their own",
                failure.alone
            );
        }
    }

    /// Finds out whether another process writes to the file, too.
    fn look_for_other_processes(&mut self) {
        let version = self.sqlite.prepare_cached("PRAGMA data_version");
        // If it can't be known: nothing depends on it but how long others wait.
        if let Ok(version) = version.and_then(|mut statement| statement.query_row([], |row| row.get(0))) {
            self.group_commit.policy.saw_data_version(version);
        }
    }

    /// # Errors
    /// If no transaction is open. After some errors (a full disk) SQLite undoes the transaction by itself; what came then
    /// would be committed statement by statement.
    pub(super) fn check_transaction(&self) -> Result<(), StoreError> {
        if let State::Closed = self.group_commit.state {
            Err(closed())
        } else if self.sqlite.is_autocommit() {
            Err(StoreError::Internal("the database has undone the transaction".into()))
        } else {
            Ok(())
        }
    }

    fn commit(&self, writes: usize) -> Outcome {
        self.check_transaction()?;
        // Nothing is written into a file that nobody finds again, ...
        self.check_file()?;
        let mut statement = self.sqlite.prepare_cached("COMMIT").map_err(store_error)?;
        statement.execute([]).map_err(store_error)?;
        // ... and what was written into one is not told as done.
        self.check_file().map_err(|_| StoreError::OutcomeUnknown)?;
        self.group_commit.commits.count(writes);
        if let Some(checkpointer) = &self.group_commit.checkpointer {
            checkpointer.committed(writes as u64);
        }
        Ok(())
    }
}

fn has_ended() -> StoreError {
    StoreError::Internal("the transaction has ended".into())
}
