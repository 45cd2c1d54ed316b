//! Checkpoints: moving the write-ahead log into the database, where commits don't wait for the disk.
//!
//! With [`Synchronous::Normal`](super::Synchronous::Normal) a commit is a few writes into the log, which is done where
//! the request is answered. What does wait for the disk is to move the log into the database. A connection of its own
//! does that after some commits, on a thread of its own, and neither readers nor the writer wait for it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender};

use super::{connection::Connection, error::cannot_start_thread};
use crate::store::PrepareError;

/// After so many writes the log is moved.
const WRITES: u64 = 256;

/// Counts writes, and has the log moved after some.
pub(super) struct Checkpointer {
    requests: Sender<Request>,
    writes: AtomicU64,
}

enum Request {
    Checkpoint,
    Stop,
}

impl Checkpointer {
    /// Starts the thread that moves the log.
    pub(super) fn start(connection: Connection) -> Result<(Self, JoinHandle<()>), PrepareError> {
        let (requests, receiver) = crossbeam_channel::unbounded();
        let thread = std::thread::Builder::new().name("sqlite-checkpoint".into());
        let handle = thread.spawn(move || serve(&connection, &receiver)).map_err(cannot_start_thread)?;
        Ok((Self { requests, writes: AtomicU64::new(0) }, handle))
    }

    /// Learns of a commit of so many writes.
    pub(super) fn committed(&self, writes: u64) {
        let before = self.writes.fetch_add(writes, Ordering::Relaxed);
        if before / WRITES != (before + writes) / WRITES {
            // If the thread is gone, the store is closing, and moves the log with that.
            let _ = self.requests.send(Request::Checkpoint);
        }
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        // If the thread is gone, nothing is left to stop.
        let _ = self.requests.send(Request::Stop);
    }
}

fn serve(connection: &Connection, requests: &Receiver<Request>) {
    while let Ok(Request::Checkpoint) = requests.recv() {
        // PASSIVE: as far as it goes without making anybody wait.
        let moved = connection.sqlite.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = moved {
            log::warn!("cannot move the log into the database: {error}");
        }
    }
}
