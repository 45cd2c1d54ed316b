//! Who may do what with a resource: a Rocket request guard an operation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use super::Operation;

/// A future of a call through a description.
#[doc(hidden)]
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs a request guard and forgets its value: what its outcome means for the request.
#[doc(hidden)]
pub type Guard = for<'r, 'a> fn(&'r Request<'a>) -> Boxed<'r, Outcome<(), ()>>;

/// The request guards of a resource, one an operation at most.
///
/// A guard runs after routing and before all else: before negotiation, before the query is read, before the store
/// is asked. Where it fails, Rocket's catchers answer with its status; where it forwards, the request goes on to
/// the next route, and if there is none, is answered with the status of the forward.
///
/// A guard holds on every way to a resource. The related resources at `/sessions/1/speakers` need the guard of
/// `related` of the one end and that of `list` (to-one: `read`) of the other; `include`, `filter` and `sort` need
/// the guard of `list` of each resource that they lead to, or are refused with 403. Linkage is a resource's own:
/// its guard alone decides who sees the ids of others. A write is answered with what it wrote, whatever the guard
/// of `read` says.
#[derive(Clone, Copy)]
pub struct Guards([Option<Guard>; Operation::ALL.len()]);

impl Guards {
    /// No guards: anybody may do anything.
    pub const NONE: Self = Self([None; Operation::ALL.len()]);

    /// The guards with one for this operation.
    pub(crate) const fn with(mut self, operation: Operation, guard: Guard) -> Self {
        self.0[operation as usize] = Some(guard);
        self
    }

    /// Whether the operation has a guard.
    pub fn has(&self, operation: Operation) -> bool {
        self.of(operation).is_some()
    }

    /// The operation's guard.
    fn of(&self, operation: Operation) -> Option<Guard> {
        self.0.get(operation as usize).copied().flatten()
    }

    /// Asks the operation's guard.
    ///
    /// # Errors
    /// With the status with which it fails or forwards.
    pub(crate) async fn ask(&self, operation: Operation, request: &Request<'_>) -> Result<(), Denied> {
        match self.of(operation) {
            None => Ok(()),
            Some(guard) => match guard(request).await {
                Outcome::Success(()) => Ok(()),
                Outcome::Error((status, ())) => Err(Denied::Failed(status)),
                Outcome::Forward(status) => Err(Denied::Forwarded(status)),
            },
        }
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(Operation::ALL.iter().filter(|operation| self.has(**operation)).map(|it| it.name()))
            .finish()
    }
}

/// What a request guard said other than yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    Failed(Status),
    Forwarded(Status),
}

/// A type that Rocket takes for a request guard.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request guard",
    label = "Rocket cannot ask this",
    note = "write `impl<'r> rocket::request::FromRequest<'r> for {Self}`, which says who may go on",
    note = "if it is implemented for a reference alone, write `guard = &{Self}`"
)]
pub trait RequestGuard<'r> {
    /// Asks it.
    fn ask(request: &'r Request<'_>) -> Boxed<'r, Outcome<(), ()>>;
}

#[diagnostic::do_not_recommend]
impl<'r, G: FromRequest<'r>> RequestGuard<'r> for G {
    fn ask(request: &'r Request<'_>) -> Boxed<'r, Outcome<(), ()>> {
        Box::pin(async move {
            match G::from_request(request).await {
                Outcome::Success(_) => Outcome::Success(()),
                Outcome::Error((status, _)) => Outcome::Error((status, ())),
                Outcome::Forward(status) => Outcome::Forward(status),
            }
        })
    }
}

/// The guard of a type, as data.
#[doc(hidden)]
pub fn guard<'r, G: RequestGuard<'r>>(request: &'r Request<'_>) -> Boxed<'r, Outcome<(), ()>> {
    G::ask(request)
}
