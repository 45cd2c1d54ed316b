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
