//! Who may do what with a resource: a Rocket request guard an operation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use crate::schema::Operation;

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
/// A guard holds on every way to a resource:
///
/// - Whatever says which resources are related asks who may `list` them: related URLs (which ask `related` of the one
///   end too, and of a to-one relationship `read` of the other) and relationship URLs are answered as the guard says;
///   `include`, `filter` and `sort` are refused with 403; documents show the relationship's links without its `data`.
/// - So does whatever changes to-many linkage. An inverse relationship stands in the rows at the other end, so that its
///   change asks who may change those, too: `update_relationship` there, or `update` if that has no guard. It is the
///   same with a join table that both ends have a relationship through. (To-one linkage stands in the owner's row.)
///
/// Each guard is asked once a request at most. A write is answered with what it wrote, whatever the guard of `read`
/// says.
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
    pub(crate) fn of(&self, operation: Operation) -> Option<Guard> {
        self.0.get(operation as usize).copied().flatten()
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
