//! Access to a resource: one Rocket request guard for each operation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use crate::schema::{MemberId, Operation};

/// The boxed future of a function in a description.
#[doc(hidden)]
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs a request guard and drops its value, since only its outcome matters.
#[doc(hidden)]
pub type Guard = for<'r, 'a> fn(&'r Request<'a>) -> Boxed<'r, Outcome<(), ()>>;

/// The request guards of a resource, at most one for each operation.
///
/// A guard runs after routing and before everything else: before content negotiation, before the query is
/// parsed, before the store is used. If it fails, Rocket's catchers answer with its status. If it forwards,
/// the request goes to the next route; if there is none, the answer has the status of the forward.
///
/// Guards also protect a resource from requests that reach it through another resource:
///
/// - Every request that shows which resources are related asks the `list` guard of the related resource. Related URLs
///   and relationship URLs answer as that guard says. (Related URLs also ask the `related` guard of the owner, and for a
///   to-one relationship the `read` guard of the related resource.) `include`, `filter` and `sort` are refused with 403.
///   Documents show the relationship's links without its `data`.
/// - Every request that changes to-many linkage asks the `list` guard of the related resource, too. An inverse
///   relationship is stored in the rows of the related resource, so that a change of it also asks the
///   `update_relationship` guard there, or the `update` guard if there is none. The same guard is asked if both
///   resources have a relationship through the same join table. (To-one linkage is stored in the owner's row.)
///
/// Each guard is asked at most once per request. The response to a write shows the written resource even if
/// the `read` guard would refuse.
#[derive(Clone, Copy)]
pub struct Guards {
    guards: [Option<Guard>; Operation::ALL.len()],
    /// The name of each guard's type, for descriptions.
    names: [Option<TypeName>; Operation::ALL.len()],
}

/// Gives the name of a type, as `std::any::type_name` does.
#[doc(hidden)]
pub type TypeName = fn() -> &'static str;

impl Guards {
    /// No guards: every client may do everything.
    pub const NONE: Self = Self { guards: [None; Operation::ALL.len()], names: [None; Operation::ALL.len()] };

    /// Adds a guard for this operation.
    pub(crate) const fn with(mut self, operation: Operation, guard: Guard) -> Self {
        self.guards[operation as usize] = Some(guard);
        self
    }

    /// Adds the name of the guard's type.
    pub(crate) const fn naming(mut self, operation: Operation, name: TypeName) -> Self {
        self.names[operation as usize] = Some(name);
        self
    }

    /// The name of the type of the operation's guard.
    pub(crate) fn name_of(&self, operation: Operation) -> Option<&'static str> {
        self.names.get(operation as usize).copied().flatten().map(|name| name())
    }

    /// Whether the operation has a guard.
    pub fn has(&self, operation: Operation) -> bool {
        self.of(operation).is_some()
    }

    /// The operation's guard.
    pub(crate) fn of(&self, operation: Operation) -> Option<Guard> {
        self.guards.get(operation as usize).copied().flatten()
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(Operation::ALL.iter().filter(|operation| self.has(**operation)).map(|it| it.name()))
            .finish()
    }
}

/// A member of a resource, and the guard of those who may read or write it.
pub(crate) type GuardedMember = (MemberId, Guard);

/// The request guards of attributes and relationships: who may read them, and who may write them.
#[derive(Clone, Copy)]
pub(crate) struct MemberGuards {
    readers: &'static [GuardedMember],
    writers: &'static [GuardedMember],
}

impl MemberGuards {
    /// No guards: every client may read and write what the access of the attributes says.
    pub(crate) const NONE: Self = Self { readers: &[], writers: &[] };

    pub(crate) const fn new(readers: &'static [GuardedMember], writers: &'static [GuardedMember]) -> Self {
        Self { readers, writers }
    }

    /// Those who may read or write the members that not everybody may.
    pub(crate) fn of(&self, access: MemberAccess) -> &'static [GuardedMember] {
        match access {
            MemberAccess::Read => self.readers,
            MemberAccess::Write => self.writers,
        }
    }
}

/// What not every caller may do with a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberAccess {
    Read,
    Write,
}

impl fmt::Debug for MemberGuards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = |guards: &[GuardedMember]| guards.iter().map(|(member, _)| *member).collect::<Vec<_>>();
        f.debug_struct("MemberGuards")
            .field("readers", &members(self.readers))
            .field("writers", &members(self.writers))
            .finish()
    }
}

/// The outcome of a request guard that does not let the request through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    Failed(Status),
    Forwarded(Status),
}

/// A type that is a Rocket request guard.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request guard",
    label = "Rocket cannot ask this",
    note = "write `impl<'r> rocket::request::FromRequest<'r> for {Self}`, which says who may go on",
    note = "if it is implemented for a reference alone, write `guard = &{Self}`"
)]
pub trait RequestGuard<'r> {
    /// Runs the guard.
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

/// The guard of a type, as a function.
#[doc(hidden)]
pub fn guard<'r, G: RequestGuard<'r>>(request: &'r Request<'_>) -> Boxed<'r, Outcome<(), ()>> {
    G::ask(request)
}
