//! What the conference starts with: a folder of JSON files, or the small invented conference that is built in.
//!
//! Files and members are those of Open Event exports: `sessions.json`, `speakers.json`, `tracks.json`,
//! `microlocations.json` and `session_types.json`, each an array of objects in snake case that refer to each
//! other by id.

mod conference;
mod load;
mod source;

use std::time::Duration;

use etag_fairing::{
    JsonApi,
    store::{Store, StoreError},
};
use rocket::{fairing::AdHoc, tokio::time::sleep};

use conference::Conference;
use source::Source;

/// Loads the data at the first start, when there is no resource of any type: from the folder that
/// `OPEN_EVENT_DATA` names, or what is built in. Attached after the fairing that opens the store.
///
/// A missing folder, a broken file or a reference to nothing stops the launch; then nothing was loaded.
pub(crate) fn fairing() -> AdHoc {
    AdHoc::try_on_ignite("Conference data", |rocket| async {
        let Some(store) = rocket.state().map(JsonApi::store).cloned() else {
            log::error!(
                "no store is open: see the error above, or attach JsonApi::fairing() before the conference data"
            );
            return Err(rocket);
        };
        match first_start(store.as_ref(), &Source::from_environment()).await {
            Ok(message) => {
                log::info!("{message}");
                Ok(rocket)
            }
            Err(problem) => {
                log::error!("{problem}");
                Err(rocket)
            }
        }
    })
}

/// How often loading is tried, where other servers start at the same time.
const MOST_TRIES: u64 = 4;

/// Loads the data if there is none; says what was done.
async fn first_start(store: &dyn Store, source: &Source) -> Result<String, String> {
    let failed = |error: StoreError| format!("the conference data could not be loaded: {error}");
    let mut tries = 0;
    loop {
        tries += 1;
        // With SQLite the transaction has the store's one writer: of two servers that start over one file, one loads.
        // Of several over one PostgreSQL those who come second meet what the first one writes; then it is there.
        let mut transaction = store.begin().await.map_err(failed)?;
        if !load::is_empty(transaction.as_mut()).await.map_err(failed)? {
            return Ok(format!("the database holds a conference already; {source} was not read"));
        }
        let conference = Conference::read(source).map_err(|broken| broken.to_string())?;
        let outcome = match load::insert(transaction.as_mut(), &conference).await {
            Ok(()) => transaction.commit().await.map_err(failed),
            Err(problem) => {
                drop(transaction);
                Err(problem)
            }
        };
        match outcome {
            Ok(()) => return Ok(format!("loaded {source}: {conference}")),
            Err(problem) if tries == MOST_TRIES => return Err(problem),
            Err(_) => sleep(Duration::from_millis(100 * tries)).await,
        }
    }
}
