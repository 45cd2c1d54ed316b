//! Who asks: customers, clerks and admins, and which rows a customer sees.
//!
//! The token says it in plain words here. A real shop checks a signature, and changes nothing but [`Caller::of`].

use etag_fairing::resource::{HookError, MemberName, Scope, member};
use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

/// Whoever has told who they are: `Authorization: Bearer customer-7`, `Bearer clerk` or `Bearer admin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A customer, with the account of this id.
    Customer(i64),
    /// Somebody who works in the shop.
    Clerk,
    /// Somebody who may do everything.
    Admin,
}

/// A clerk or an admin.
pub(crate) struct Clerk;

/// An admin.
pub(crate) struct Admin;

/// A customer, with the account of this id.
pub(crate) struct Customer(pub(crate) i64);

impl Caller {
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        match request.headers().get_one("Authorization")?.strip_prefix("Bearer ")? {
            "clerk" => Some(Self::Clerk),
            "admin" => Some(Self::Admin),
            other => other.strip_prefix("customer-")?.parse().ok().map(Self::Customer),
        }
    }
}

/// 401 for who has not told who they are, 403 for who is not the one.
fn let_through<T>(request: &Request<'_>, who: impl Fn(Caller) -> Option<T>) -> Outcome<T, ()> {
    match Caller::of(request).map(who) {
        Some(Some(found)) => Outcome::Success(found),
        Some(None) => Outcome::Error((Status::Forbidden, ())),
        None => Outcome::Error((Status::Unauthorized, ())),
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Caller {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let_through(request, Some)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Clerk {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let_through(request, |caller| (!matches!(caller, Caller::Customer(_))).then_some(Self))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Admin {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let_through(request, |caller| (caller == Caller::Admin).then_some(Self))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Customer {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let_through(request, |caller| match caller {
            Caller::Customer(account) => Some(Self(account)),
            Caller::Clerk | Caller::Admin => None,
        })
    }
}

/// A customer's own account.
pub(crate) async fn own_account(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(own(request, member("id")))
}

/// A customer's own orders.
pub(crate) async fn own_orders(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(own(request, member("customer")))
}

/// The lines of a customer's own orders.
pub(crate) async fn own_lines(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(own(request, member("order.customer")))
}

/// A customer sees the rows in which this is the own account; the shop's people see all.
fn own(request: &Request<'_>, account: MemberName) -> Scope {
    match Caller::of(request) {
        Some(Caller::Customer(id)) => Scope::rows(account.equals(id)),
        Some(Caller::Clerk | Caller::Admin) => Scope::All,
        None => Scope::None,
    }
}
