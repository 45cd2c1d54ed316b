//! Connections on threads of their own, and the commands that they take.
//!
//! SQLite blocks. So a command goes to a connection's thread through a channel that several threads can take from, and
//! its outcome comes back through a oneshot. That is the cheapest of the ways that were measured. What is short runs where
//! the caller stands instead ([`Workers::run_inline`]): the way to the thread and back costs more than it takes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, TryLockError},
    thread::JoinHandle,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use rocket::tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::{Instant, timeout, timeout_at},
};

use super::{
    connection::Connection,
    error::{RETRY_AFTER, cannot_start_thread, closed},
    group_commit::{ABANDONED_AFTER, Ending, RunsOn, WriteEnd},
    interrupt::{Brake, EndsWithCaller, Ticket},
    leader::Leader,
    read, write,
};
use crate::current::{self, CurrentRequest};
use crate::plan::{Change, Fetched, Plan, Scopes};
use crate::schema::{ResourceId, Value};
use crate::store::sql::lanes::Pass;
use crate::store::transact::Sharing;
use crate::store::{PrepareError, QueueCounter, StoreError};

/// What a connection's thread is asked to do.
///
/// A command that holds the turn gives it back when it is done, whether somebody waits for its outcome or not.
pub(super) enum Command {
    /// Answers a plan from a snapshot of its own. The reader is free before the answer is sent.
    Read { plan: Arc<Plan>, turn: Turn, pass: Pass, reply: Reply<Fetched> },
    /// Begins a write, which may have to wait for another process.
    BeginWrite { sharing: Sharing, reply: Reply<()> },
    /// Answers a plan inside the write.
    Fetch { plan: Box<Plan>, reply: Reply<Fetched> },
    /// Makes a change inside the write.
    Apply { change: Change, version: Option<Value>, scopes: Scopes, reply: Reply<ResourceId> },
    /// Ends the write. If nobody waits for the end any more, the write is undone, as by dropping it.
    EndWrite { ending: Ending, turn: Turn, writer: Workers, end: oneshot::Sender<WriteEnd<Leader>> },
    /// Undoes a write that was dropped.
    DropWrite { turn: Turn },
    /// Commits the group of this number, if nobody else has.
    CommitGroup { number: u64, turn: Turn },
    /// Looks, somewhat later, whether a group's transaction is open that nobody commits.
    WatchGroup,
    /// Does what is done once: prepares the tables at launch, moves the log when the store closes.
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
    /// Ends the thread, and closes the connection.
    Stop,
}

impl Command {
    fn execute(self, connection: &mut Connection) {
        match self {
            Self::Read { plan, turn, pass, reply } => reply.give(connection, |connection| {
                let fetched = read::fetch_snapshot(connection, &plan);
                drop((turn, pass));
                fetched
            }),
            Self::BeginWrite { sharing, reply } => reply.give(connection, |connection| {
                connection.begin_write(sharing, RunsOn::Thread).unwrap_or_else(|| Err(closed()))
            }),
            Self::Fetch { plan, reply } => reply.give(connection, |connection| {
                connection.check_transaction()?;
                read::fetch(connection, &plan)
            }),
            Self::Apply { change, version, scopes, reply } => reply.give(connection, |connection| {
                connection.check_transaction()?;
                connection.set_savepoint()?;
                write::apply(connection, &change, version.as_ref(), &scopes)
            }),
            Self::EndWrite { ending, turn, writer, end } => {
                let ending = if end.is_closed() { Ending::Undo } else { ending };
                let ended = match connection.end_write(ending, writer.waiting()).led_through(&writer) {
                    WriteEnd::CommitOnThread => WriteEnd::Done(connection.commit_single()),
                    ended => ended,
                };
                if let Err(WriteEnd::Lead(_)) = end.send(ended) {
                    connection.commit_group();
                }
                drop(turn);
            }
            Self::DropWrite { turn } => {
                connection.undo_write();
                drop(turn);
            }
            Self::CommitGroup { number, turn } => {
                connection.commit_group_of(number);
                drop(turn);
            }
            Self::Run(job) => job(connection),
            // The loop's own.
            Self::WatchGroup | Self::Stop => {}
        }
    }
}

/// Where the outcome of a command goes. If nobody waits for it any more, a command that has not begun is left out, and one
/// that runs is interrupted.
pub(super) struct Reply<T> {
    ticket: Ticket,
    /// The request that waits for it, if that matters to anybody.
    request: Option<Arc<CurrentRequest>>,
    outcome: oneshot::Sender<Result<T, StoreError>>,
}

impl<T> Reply<T> {
    fn give(self, connection: &mut Connection, work: impl FnOnce(&mut Connection) -> Result<T, StoreError>) {
        if connection.brake.begin(&self.ticket) {
            let outcome = current::within(self.request.as_ref(), || work(connection));
            connection.brake.finish();
            // Nobody waits any more: there is nobody to tell.
            let _ = self.outcome.send(outcome);
        }
    }
}

/// Connections that take their commands from one queue, and the turns to send one.
///
/// A turn is held for as long as a connection is needed, so a command that is sent with one finds an idle thread.
/// Turns are given in the order of asking.
#[derive(Clone)]
pub(super) struct Workers {
    sender: Sender<Command>,
    turns: Arc<Semaphore>,
    /// Those who wait for their turn.
    pub(super) queue: Arc<QueueCounter>,
    count: usize,
    /// The connection, where there is but one: whoever has the turn may use it inline, too.
    only: Option<SharedConnection>,
    /// That of each connection.
    brakes: Arc<[Brake]>,
}

/// A connection, until its thread ends.
type SharedConnection = Arc<Mutex<Option<Connection>>>;

/// The right to use one connection.
pub(super) type Turn = OwnedSemaphorePermit;

impl Workers {
    /// Starts a thread for each connection.
    pub(super) fn start(
        name: &str,
        connections: Vec<Connection>,
    ) -> Result<(Self, Vec<JoinHandle<()>>), PrepareError> {
        let (sender, receiver) = crossbeam_channel::unbounded();
        let count = connections.len();
        let brakes = connections.iter().map(|connection| connection.brake.clone()).collect();
        let share = |connection| Arc::new(Mutex::new(Some(connection)));
        let connections: Vec<SharedConnection> = connections.into_iter().map(share).collect();
        let only = match connections.as_slice() {
            [only] => Some(Arc::clone(only)),
            _ => None,
        };
        let start = |connection: SharedConnection| {
            let receiver = receiver.clone();
            let thread = std::thread::Builder::new().name(name.into());
            thread.spawn(move || serve(&connection, &receiver)).map_err(cannot_start_thread)
        };
        let handles: Result<_, _> = connections.into_iter().map(start).collect();
        let (turns, queue) = (Arc::new(Semaphore::new(count)), Arc::default());
        Ok((Self { sender, turns, queue, count, only, brakes }, handles?))
    }

    /// Waits for a turn, until then at most.
    pub(super) async fn turn(&self, patience: Instant) -> Result<Turn, StoreError> {
        if let Ok(turn) = self.turns.clone().try_acquire_owned() {
            return Ok(turn);
        }
        let _waits = self.queue.wait();
        match timeout_at(patience, self.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) => Err(closed()),
            Err(_) => {
                self.queue.count_time_out();
                Err(StoreError::Busy { retry_after: RETRY_AFTER })
            }
        }
    }

    /// Waits for a turn as long as that takes.
    pub(super) async fn turn_in_the_end(&self) -> Result<Turn, StoreError> {
        self.turns.clone().acquire_owned().await.map_err(|_| closed())
    }

    /// How many wait for a turn.
    pub(super) fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Whether no turn is out.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.turns.available_permits() == self.count
    }

    /// Sends a command and waits for its outcome.
    pub(super) async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, StoreError> {
        let (outcome, answer) = oneshot::channel();
        let ticket = Ticket::default();
        let _ends = EndsWithCaller(ticket.clone());
        self.send(command(Reply { ticket, request: current::get(), outcome }))?;
        answer.await.unwrap_or_else(|_| Err(self.no_answer()))
    }

    /// Does something on a connection's thread that has no command of its own, and waits for its outcome.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(|reply| Command::Run(Box::new(move |connection| reply.give(connection, work)))).await
    }

    /// Why a command that was sent gave no answer: it was left behind when the store closed, or it panicked.
    pub(super) fn no_answer(&self) -> StoreError {
        if self.turns.is_closed() {
            closed()
        } else {
            StoreError::Internal("the database's thread gave no answer".into())
        }
    }

    /// Does something short on the only connection where the caller stands, who must have the turn. `None` if a command
    /// that was sent before has not ended.
    pub(super) fn run_inline<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        let only = self.only.as_ref()?;
        // With the turn nobody holds it but perhaps the thread, which has just given its last answer and lets go.
        let mut shared = (0..100).find_map(|_| {
            let shared = match only.try_lock() {
                Ok(shared) => Some(shared),
                // After a panic, too, who has the turn ends it in order.
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            if shared.is_none() {
                std::hint::spin_loop();
            }
            shared
        })?;
        shared.as_mut().map(work)
    }

    /// Sends a command and waits for nothing.
    ///
    /// # Errors
    /// If the threads have ended: the store is closed.
    pub(super) fn send(&self, command: Command) -> Result<(), StoreError> {
        self.sender.send(command).map_err(|_| closed())
    }

    /// Waits until no turn is out, so long at most, and gives none from then on. What runs still is ended then.
    pub(super) async fn drain(&self, limit: Duration) {
        let all = u32::try_from(self.count).unwrap_or(u32::MAX);
        let drained = timeout(limit, self.turns.clone().acquire_many_owned(all)).await;
        self.turns.close();
        if drained.is_err() {
            for brake in self.brakes.iter() {
                brake.end_current();
            }
        }
    }

    /// Ends the threads once their queue is empty.
    pub(super) fn stop(&self) {
        for _ in 0..self.count {
            // If the threads are gone, nothing is left to stop.
            let _ = self.send(Command::Stop);
        }
    }
}

fn serve(shared: &Mutex<Option<Connection>>, commands: &Receiver<Command>) {
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    // When to look after a group that nobody commits.
    let mut look = None;
    loop {
        let command = match look {
            None => commands.recv().ok(),
            Some(at) => match commands.recv_deadline(at) {
                Err(RecvTimeoutError::Timeout) => {
                    look = lock().as_mut().and_then(Connection::look_after_group);
                    continue;
                }
                command => command.ok(),
            },
        };
        match command {
            Some(Command::WatchGroup) => {
                look = look.or_else(|| Some(std::time::Instant::now() + ABANDONED_AFTER));
            }
            Some(Command::Stop) | None => break,
            Some(command) => {
                let mut shared = lock();
                let Some(connection) = shared.as_mut() else { return };
                if catch_unwind(AssertUnwindSafe(|| command.execute(connection))).is_err() {
                    log::error!("a command of the database's thread panicked; what it did is undone");
                    connection.undo_all();
                }
            }
        }
    }
    // Closed with its thread, whoever else could still use it.
    *lock() = None;
}
