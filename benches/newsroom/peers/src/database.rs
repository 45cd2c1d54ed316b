//! Connections to the database.

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime};
use tokio_postgres::{Config, NoTls};

pub use deadpool_postgres::Pool;

/// As many as the newsroom has unless it is configured.
const CONNECTIONS: usize = 16;

/// A pool over the database that the URL in `DB` names.
///
/// # Panics
/// If there is no such URL.
pub fn pool() -> Pool {
    let config: Config = std::env::var("DB").ok().and_then(|url| url.parse().ok()).expect("a URL in `DB`");
    // Fast: a connection that comes back isn't asked whether it still answers.
    let manager =
        Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let builder = Pool::builder(manager).max_size(CONNECTIONS).runtime(Runtime::Tokio1);
    builder.build().expect("a pool with its runtime")
}
