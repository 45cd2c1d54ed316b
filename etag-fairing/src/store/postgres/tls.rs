//! How connections are made.

use tokio_postgres::{CancelToken, NoTls};

/// Connections as they are, without encryption.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tls;

impl Tls {
    /// Has the server stop what a connection runs. Ends when the server has passed that on.
    pub(super) async fn cancel(self, token: CancelToken) {
        if let Err(error) = token.cancel_query(NoTls).await {
            log::warn!("cannot stop a statement that nobody waits for: {error}");
        }
    }
}
