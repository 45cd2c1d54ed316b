//! What the application does after a commit.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rocket::futures::FutureExt;
use rocket::tokio::time::timeout;

use super::JsonApi;
use crate::current;
use crate::resource::JsonApiResource;
use crate::resource::committed::{Committed, CommittedRecord};
use crate::schema::Description;

/// Work that begins after a commit.
pub(crate) type Deferred = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A function of the application's own over records.
type Hear = dyn Fn(&CommittedRecord, &JsonApi) -> Deferred + Send + Sync;

/// A function of the application's own that hears of each committed change of a resource.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) resource: &'static Description,
    hear: Arc<Hear>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("resource", &self.resource.rust_name).finish_non_exhaustive()
    }
}

impl Listener {
    pub(crate) fn new<T, F, E>(listener: impl Fn(Committed<T>, JsonApi) -> F + Send + Sync + 'static) -> Self
    where
        T: JsonApiResource,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        let listener = Arc::new(listener);
        let hear = move |change: &CommittedRecord, api: &JsonApi| -> Deferred {
            let (listener, change, api) = (Arc::clone(&listener), change.of::<T>(), api.clone());
            Box::pin(async move {
                let name = T::description().rust_name;
                match change {
                    Ok(Some(change)) => {
                        if let Err(error) = listener(change, api).await {
                            log::error!("after a commit of `{name}`: {error}{}", current::named());
                        }
                    }
                    Ok(None) => {}
                    Err(corrupt) => log::error!("a commit of `{name}` can't be told: {corrupt}"),
                }
            })
        };
        Self { resource: T::description(), hear: Arc::new(hear) }
    }
}

impl JsonApi {
    /// Whether anybody wants to hear of the commits of a resource.
    pub(crate) fn is_listened_to(&self, resource: &Description) -> bool {
        self.state.listeners.iter().any(|listener| listener.resource.is(resource))
    }

    /// Tells the listeners of changes that are committed, one after the other.
    pub(crate) async fn tell(&self, changes: &[CommittedRecord]) {
        for change in changes {
            for listener in self.state.listeners.iter().filter(|it| it.resource.is(change.resource)) {
                run_after_commit((listener.hear)(change, self), self.config().write_timeout).await;
            }
        }
    }
}

/// Runs what was put off until the commit. Whatever becomes of it, the commit stands.
pub(crate) async fn run_after_commit(work: Deferred, limit: Duration) {
    match timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => log::error!("what runs after a commit has panicked{}", current::named()),
        Err(_) => log::error!(
            "what runs after a commit has taken longer than write_timeout ({limit:?}), and was ended{}",
            current::named()
        ),
    }
}
