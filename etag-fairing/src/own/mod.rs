//! The application's own code beside the generated routes: it reads and writes resources as structs, with the same
//! promises as the routes.
//!
//! [`JsonApi`] is in Rocket's managed state. It reads by [`JsonApi::read`] and [`JsonApi::find`], and writes by
//! [`JsonApi::write`], whose closure is given a [`WriteTransaction`]. A clone of it goes into a job.
//!
//! ```
//! # #[macro_use] extern crate rocket;
//! use etag_fairing::document::error::ErrorObject;
//! use etag_fairing::own::ApiError;
//! use etag_fairing::{JsonApi, JsonApiResource};
//! use rocket::State;
//!
//! #[derive(Clone, Debug, JsonApiResource)]
//! #[jsonapi(type = "accounts", etag)]
//! struct Account {
//!     #[jsonapi(id)]
//!     id: i64,
//!     balance: i64,
//! }
//!
//! #[post("/transfer/<from>/<to>/<amount>")]
//! async fn transfer(from: i64, to: i64, amount: i64, api: &State<JsonApi>) -> Result<(), ApiError> {
//!     api.write(async |tx| {
//!         let mut payer: Account = tx.read(from).await?;
//!         let mut payee: Account = tx.read(to).await?;
//!         if payer.balance < amount {
//!             return Err(ErrorObject::validation_failed("there is not so much on the account").into());
//!         }
//!         payer.balance -= amount;
//!         payee.balance += amount;
//!         tx.update(&payer).await?;
//!         tx.update(&payee).await?;
//!         Ok(())
//!     })
//!     .await
//! }
//! # fn main() {}
//! ```

mod error;
mod find;
mod raw;
mod state;
mod write;

use rocket::tokio::time::timeout_at;

pub use error::ApiError;
pub use find::Find;
pub use state::ResourceDocument;
pub use write::WriteTransaction;

use crate::api::JsonApi;
use crate::api::listeners::run_after_commit;
use crate::plan::{Plan, Root, Scopes, Selection};
use crate::resource::JsonApiResource;
use crate::resource::hooks::records_of;
use crate::schema::{Corrupt, Description, IdKind, ResourceId};
use crate::store::{Attempts, Ended, Sharing, StoreError, WriteEvent, timed_out};
use find::Source;

impl JsonApi {
    /// Reads one resource, with the linkage that its documents show, as it is committed now.
    ///
    /// It is read for the program, not for a caller: no guard or scope hides anything of it.
    ///
    /// # Errors
    /// [`ApiError::is_not_found`] if there is no such resource, which is answered with 404; otherwise if the store fails,
    /// or if another program has stored a value that the struct cannot have.
    pub async fn read<T: JsonApiResource>(&self, id: impl Into<ResourceId>) -> Result<T, ApiError> {
        self.read_optional(id).await?.ok_or_else(|| ApiError::about(T::description())(StoreError::NotFound))
    }

    /// As [`read`](Self::read); `None` if there is no such resource.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn read_optional<T: JsonApiResource>(
        &self,
        id: impl Into<ResourceId>,
    ) -> Result<Option<T>, ApiError> {
        let resource = T::description();
        self.check_is_here(resource)?;
        let Some(id) = id_of(resource, id.into()) else { return Ok(None) };
        let plan = plan_of(Root::One(id), Selection::whole(resource));
        let fetched = self.store().fetch(&plan).await.map_err(ApiError::about(resource))?;
        let record = records_of(resource, &fetched).map_err(api_error(resource))?.pop();
        record.map(|record| T::from_record(&record)).transpose().map_err(api_error(resource))
    }

    /// Finds resources by their members, from one snapshot of what is committed.
    pub fn find<T: JsonApiResource>(&self) -> Find<'_, T> {
        Find::new(Source::Store(self))
    }

    /// Does some work in one transaction, and commits it. All of it becomes visible at once, or nothing, if the closure
    /// returns an error or is dropped.
    ///
    /// What the closure has read with [`WriteTransaction::read`] or [`find`](WriteTransaction::find), nobody else changes
    /// until it ends: neither a client of the generated routes nor another write like this one. What it writes shows in
    /// entity tags, in the memo, in versions and dates, as if a route had written it.
    ///
    /// - **The closure may run more than once.** If the database can make only one of two writes, the other one is undone
    ///   and runs again, as often as the generated routes do it. What the closure does beside the transaction should wait
    ///   for [`WriteTransaction::after_commit`]. Each run gets a clone of the closure, so that what it owns must be `Clone`,
    ///   and it cannot change variables around it: return what is needed.
    /// - It must end within `write_timeout`; otherwise all is undone, and the error is that of a busy store (503).
    /// - Don't wait in it for something slow, such as another service: on SQLite nobody else can write meanwhile. Don't
    ///   call `write` in it: on SQLite it would wait for itself.
    /// - Guards, scopes, hooks and rules for values (`validate`) are those of requests to the generated routes, and don't
    ///   take part. [`WriteTransaction::validate`] applies the rules.
    /// - It is not counted among the requests of `max_requests`. How long it waits for its turn, or for a connection, is
    ///   limited as for the routes.
    ///
    /// # Errors
    /// The closure's error, or that of the store.
    pub async fn write<R>(
        &self,
        work: impl AsyncFnOnce(&mut WriteTransaction) -> Result<R, ApiError> + Clone,
    ) -> Result<R, ApiError> {
        let mut attempts = Attempts::new(self.store().as_ref(), self.config().write_timeout);
        let deadline = attempts.deadline();
        let counts = &self.state.own_writes;
        loop {
            let attempt = async {
                let transaction = attempts.begin(Sharing::Alone).await?;
                let mut transaction = WriteTransaction::new(self.clone(), transaction);
                let done = work.clone()(&mut transaction).await;
                Ok::<_, ApiError>((transaction, done))
            };
            let Ok(attempted) = timeout_at(deadline, Box::pin(attempt)).await else {
                counts.count(WriteEvent::TimedOut);
                return Err(timed_out().into());
            };
            let (transaction, done) = attempted.inspect_err(|_| counts.count_refusal())?;
            let WriteTransaction { transaction, changes, deferred, .. } = transaction;
            match attempts.end(transaction, done).await {
                Ended::Done(output) => {
                    counts.count_commit();
                    let changes: Vec<_> = changes.into_iter().map(|(_, change)| change).collect();
                    self.tell(&changes).await;
                    for work in deferred {
                        run_after_commit(work, self.config().write_timeout).await;
                    }
                    return Ok(output);
                }
                Ended::Refused(error) => {
                    counts.count_refusal();
                    return Err(error);
                }
                Ended::Again => counts.count(WriteEvent::BeginsAgain),
                Ended::TimedOut => {
                    counts.count(WriteEvent::TimedOut);
                    return Err(timed_out().into());
                }
            }
        }
    }

    /// # Errors
    /// If the resource is not mounted in this part of the application, so that its store doesn't know it.
    pub(crate) fn check_is_here(&self, resource: &'static Description) -> Result<(), ApiError> {
        if self.registry().resources().any(|known| known.is(resource)) {
            return Ok(());
        }
        Err(ApiError::mistake(format_args!(
            "`{}` is not mounted in this part of the application: mount its routes, or take the part that has them with \
             `api.at(\"/path\")`",
            resource.rust_name
        )))
    }
}

/// A plan of the program's own: it sees everything.
fn plan_of(root: Root, selection: Selection) -> Plan {
    Plan::new(root, selection).scoped(Scopes::NONE)
}

fn api_error(resource: &'static Description) -> impl Fn(Corrupt) -> ApiError {
    move |corrupt| ApiError::about(resource)(corrupt.into())
}

/// The id as the resource has it: what stands in a URL is text, whatever the kind. `None` if no resource can have it.
fn id_of(resource: &Description, id: ResourceId) -> Option<ResourceId> {
    match (resource.id.kind, id) {
        (IdKind::Text, ResourceId::Integer(number)) => Some(ResourceId::Text(number.to_string())),
        (IdKind::Text, id) => Some(id),
        (kind, ResourceId::Text(text)) => kind.parse(&text),
        (_, id) => Some(id),
    }
}
