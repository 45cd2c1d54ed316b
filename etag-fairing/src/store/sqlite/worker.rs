//! Connections on threads of their own, and the way from async code to them and back.
//!
//! SQLite blocks. A job goes to its thread by a channel that many threads can take from, and its answer comes
//! back by a oneshot; of the ways measured this is the cheapest.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
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
    error::{RETRY_AFTER, closed},
    group_commit::IN_THE_END,
    interrupt::{Brake, EndsWithCaller, Ticket},
};
use crate::store::{PrepareError, StoreError};

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

enum Message {
    Run(Job),
    /// Look after a transaction that is left open.
    Watch,
    Stop,
}

/// Connections that take their jobs from one queue, and the turns to send one.
///
/// A turn is held for as long as a connection is needed, so a job that is sent with one finds an idle thread.
/// Turns are given in the order of asking.
#[derive(Clone)]
pub(super) struct Worker {
    sender: Sender<Message>,
    turns: Arc<Semaphore>,
    /// How many wait for theirs.
    waiting: Arc<AtomicUsize>,
    count: usize,
    /// The connection, where there is but one: whoever has the turn may use it at once, too.
    only: Option<Shared>,
    /// That of each connection.
    brakes: Arc<[Brake]>,
}

/// A connection, until its thread ends.
type Shared = Arc<Mutex<Option<Connection>>>;

/// The right to use one connection.
pub(super) type Turn = OwnedSemaphorePermit;

impl Worker {
    /// Starts a thread for each connection.
    pub(super) fn start(
        name: &str,
        connections: Vec<Connection>,
    ) -> Result<(Self, Vec<JoinHandle<()>>), PrepareError> {
        let (sender, receiver) = crossbeam_channel::unbounded();
        let count = connections.len();
        let mut handles = Vec::with_capacity(count);
        let brakes: Vec<_> = connections.iter().map(|connection| connection.brake.clone()).collect();
        let share = |connection| Arc::new(Mutex::new(Some(connection)));
        let connections: Vec<Shared> = connections.into_iter().map(share).collect();
        let only = match connections.as_slice() {
            [only] => Some(Arc::clone(only)),
            _ => None,
        };
        for connection in connections {
            let receiver = receiver.clone();
            let thread = std::thread::Builder::new().name(name.into());
            let handle = thread.spawn(move || serve(&connection, &receiver));
            handles.push(handle.map_err(|error| {
                PrepareError::new(format!("cannot start a thread for the database: {error}"))
            })?);
        }
        Ok((
            Self {
                sender,
                turns: Arc::new(Semaphore::new(count)),
                waiting: Arc::default(),
                count,
                only,
                brakes: brakes.into(),
            },
            handles,
        ))
    }

    /// Waits for a turn, until then at most.
    pub(super) async fn turn(&self, patience: Instant) -> Result<Turn, StoreError> {
        if let Ok(turn) = self.turns.clone().try_acquire_owned() {
            return Ok(turn);
        }
        let _waits = Waits::begin(&self.waiting);
        match timeout_at(patience, self.turns.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(StoreError::Busy { retry_after: RETRY_AFTER }),
        }
    }

    /// Waits for a turn as long as that takes.
    pub(super) async fn turn_in_the_end(&self) -> Result<Turn, StoreError> {
        self.turns.clone().acquire_owned().await.map_err(|_| closed())
    }

    /// Whether anybody waits for a turn.
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Whether no turn is out.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.turns.available_permits() == self.count
    }

    /// Runs a job on a connection and waits for its answer. Where this is dropped nobody waits any more: a job that has
    /// not begun is left out, and what one that has begun runs is interrupted.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let ticket = Ticket::default();
        let _ends = EndsWithCaller(ticket.clone());
        self.send(move |connection| {
            if connection.brake.begin(&ticket) {
                let outcome = work(connection);
                connection.brake.finish();
                // Nobody waits any more: nothing to tell.
                let _ = answer.send(outcome);
            }
        })?;
        answered.await.unwrap_or_else(|_| Err(self.no_answer()))
    }

    /// Why a job that was sent gave no answer: it was left behind when the store closed, or it panicked.
    pub(super) fn no_answer(&self) -> StoreError {
        match self.turns.is_closed() {
            true => closed(),
            false => StoreError::Internal("the database's thread gave no answer".into()),
        }
    }

    /// Runs a short job on the only connection, where the caller stands, who must have the turn. `None` if a job that
    /// was sent before has not ended.
    pub(super) fn run_at_once<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> Option<T> {
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

    /// Sends a job and waits for nothing.
    pub(super) fn send(&self, job: impl FnOnce(&mut Connection) + Send + 'static) -> Result<(), StoreError> {
        self.sender.send(Message::Run(Box::new(job))).map_err(|_| closed())
    }

    /// Has the thread look, somewhat later, whether a transaction is open that nobody commits.
    pub(super) fn watch(&self) {
        // Gone already: then all was committed.
        let _ = self.sender.send(Message::Watch);
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
            // Gone already: nothing to stop.
            let _ = self.sender.send(Message::Stop);
        }
    }
}

/// Counts one who waits, for as long as it does.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve(shared: &Mutex<Option<Connection>>, receiver: &Receiver<Message>) {
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let mut look = None;
    loop {
        let message = match look {
            None => receiver.recv().ok(),
            Some(at) => match receiver.recv_deadline(at) {
                Err(RecvTimeoutError::Timeout) => {
                    look = lock().as_mut().and_then(Connection::look_after_open);
                    continue;
                }
                message => message.ok(),
            },
        };
        let job = match message {
            Some(Message::Run(job)) => job,
            Some(Message::Watch) => {
                look = look.or_else(|| Some(std::time::Instant::now() + IN_THE_END));
                continue;
            }
            Some(Message::Stop) | None => break,
        };
        let mut shared = lock();
        let Some(connection) = shared.as_mut() else { return };
        if catch_unwind(AssertUnwindSafe(|| job(connection))).is_err() {
            log::error!("a job of the database's thread panicked; what it did is undone");
            connection.give_up();
        }
    }
    // Closed with its thread, whoever else could still use it.
    *lock() = None;
}
