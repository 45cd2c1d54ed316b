//! What happens to a connection whose user drops it, at whatever point.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use deadpool_postgres::Client;
use rocket::{
    futures::FutureExt,
    tokio::{runtime::Handle, time::timeout},
};

use super::{Connection, Shared};

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if client.is_closed() {
            return;
        }
        let broken = self.broken.load(Ordering::Relaxed);
        if self.running.load(Ordering::Relaxed) > 0 {
            let patience = if broken { Duration::ZERO } else { SOON };
            give_back_later(client, self.shared.clone(), patience);
        } else if broken {
            drop(Client::take(client));
        } else if self.open.load(Ordering::Relaxed) && !self.take_ahead().starts_with("BEGIN") {
            // The first poll sends it. The connection reads its answer in the background, before the answer
            // to the next statement.
            let _ = client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}

/// Returns a connection to the pool when a statement is still running on it. If the statement ends soon, the
/// connection is returned. Otherwise the statement is slow, waits for a lock, or the server doesn't answer:
/// the server is told to cancel the statement, and the connection is closed. It is not reused, since the
/// cancellation may arrive late and must not stop another user's statement.
///
/// Until then the connection counts as one of the pool's, so that the server never runs more statements than
/// it should. This time is limited, since a server that doesn't answer doesn't answer a cancellation, either.
fn give_back_later(client: Client, shared: Arc<Shared>, soon: Duration) {
    let Ok(runtime) = Handle::try_current() else {
        drop(Client::take(client));
        return;
    };
    runtime.spawn(async move {
        if !soon.is_zero() && matches!(timeout(soon, client.batch_execute("ROLLBACK")).await, Ok(Ok(()))) {
            return;
        }
        if !client.is_closed() {
            let _ = timeout(IN_THE_END, shared.tls.cancel(client.cancel_token())).await;
            let _ = timeout(IN_THE_END, client.batch_execute("ROLLBACK")).await;
        }
        drop(Client::take(client));
    });
}

/// How long a statement may continue after nobody waits for it any more.
const SOON: Duration = Duration::from_millis(100);

/// The time limit for sending the cancellation, and again for the end of the statement.
const IN_THE_END: Duration = Duration::from_secs(1);
