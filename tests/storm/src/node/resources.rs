//! What the server serves.

use std::time::Duration;

use etag_fairing::resource::{HookError, Hooks, Write};
use etag_fairing::{JsonApiResource, ToMany};

/// What the storm writes: a row, and rows of a join table.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "registers", etag)]
pub(super) struct Register {
    #[jsonapi(id)]
    id: String,
    value: i64,
    #[jsonapi(relationship, through = "register_members")]
    members: ToMany<Member>,
}

/// What registers refer to.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "members", etag)]
pub(super) struct Member {
    #[jsonapi(id)]
    id: String,
    name: String,
}

/// What transfers move amounts between.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "accounts", etag)]
pub(super) struct Account {
    #[jsonapi(id)]
    id: String,
    balance: i64,
    /// The transfer that has changed it last.
    transfer: String,
}

/// A resource whose creation takes as long as it says, inside its transaction.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "slow-writes", etag, hooks)]
pub(super) struct SlowWrite {
    #[jsonapi(id)]
    id: String,
    milliseconds: u32,
}

#[rocket::async_trait]
impl Hooks for SlowWrite {
    async fn after_create(&self, _: &mut Write<'_>) -> Result<(), HookError> {
        rocket::tokio::time::sleep(Duration::from_millis(self.milliseconds.into())).await;
        Ok(())
    }
}

/// What each change under a key leaves behind, once each time that it is made. The database gives the ids, so that nothing
/// else keeps a second one away.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "entries", etag)]
pub(super) struct Entry {
    #[jsonapi(id)]
    id: i64,
    /// The change.
    marker: String,
}

async fn enter(marker: String, write: &mut Write<'_>) -> Result<(), HookError> {
    write.insert(&Entry { id: 0, marker }).await.map(drop)
}

/// What each PATCH adds to: a second one adds twice.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "counters", etag, hooks)]
pub(super) struct Counter {
    #[jsonapi(id)]
    id: String,
    #[jsonapi(read_only, default)]
    total: i64,
    /// What is added.
    amount: i64,
    marker: String,
}

#[rocket::async_trait]
impl Hooks for Counter {
    async fn before_update(&mut self, current: &Self, _: &mut Write<'_>) -> Result<(), HookError> {
        self.total = current.total.saturating_add(self.amount);
        Ok(())
    }

    async fn after_update(&self, _: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        enter(self.marker.clone(), write).await
    }
}

/// What is made, deleted and made again: a second DELETE would hit the next one.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "slots", etag, hooks)]
pub(super) struct Slot {
    #[jsonapi(id)]
    id: String,
    marker: String,
}

#[rocket::async_trait]
impl Hooks for Slot {
    async fn after_create(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        enter(self.marker.clone(), write).await
    }

    async fn after_delete(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        enter(format!("{} deleted", self.marker), write).await
    }
}
