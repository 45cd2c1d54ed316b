//! Routes for those whom a request guard lets through.

use std::marker::PhantomData;

use rocket::request::{FromRequest, Outcome as Asked};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request};

/// A handler behind the guard `G`.
pub(super) struct Guarded<G> {
    inner: Box<dyn Handler>,
    guard: PhantomData<fn() -> G>,
}

impl<G> Guarded<G> {
    pub(super) fn new(inner: Box<dyn Handler>) -> Self {
        Self { inner, guard: PhantomData }
    }
}

// A derive would ask that the guard can be cloned.
impl<G> Clone for Guarded<G> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone())
    }
}

#[rocket::async_trait]
impl<G> Handler for Guarded<G>
where
    G: for<'r> FromRequest<'r> + Send + 'static,
{
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        // What the guard says besides need not be `Send`, so that it is not kept while the page is made.
        let refusal = match G::from_request(request).await {
            Asked::Success(_) => None,
            Asked::Error((status, _)) => Some((true, status)),
            Asked::Forward(status) => Some((false, status)),
        };
        match refusal {
            None => self.inner.handle(request, data).await,
            Some((true, status)) => Outcome::Error(status),
            Some((false, status)) => Outcome::Forward((data, status)),
        }
    }
}
