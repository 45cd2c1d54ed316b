//! Opting hand-written routes in: one responder, or whole routes.

use std::future::Future;
use std::pin::Pin;

use rocket::http::Method;
use rocket::response::{self, Responder};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route};

use super::mark;

/// A responder whose response carries an entity tag.
///
/// Where entity tags are off, or [`EtagFairing`](crate::EtagFairing) isn't attached, it is the
/// responder inside and nothing else.
///
/// ```
/// # use rocket::{get, routes};
/// use etag_fairing::Tagged;
///
/// #[get("/motto")]
/// fn motto() -> Tagged<&'static str> {
///     Tagged("one write, one winner")
/// }
/// # let _ = routes![motto];
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tagged<R>(
    /// What answers the request.
    pub R,
);

impl<'r, 'o: 'r, R: Responder<'r, 'o>> Responder<'r, 'o> for Tagged<R> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'o> {
        let response = self.0.respond_to(request)?;
        mark::opt_in(request);
        Ok(response)
    }
}

/// Routes whose GET and HEAD responses carry entity tags. Others are given back as they are.
///
/// ```
/// # use rocket::{get, put, routes};
/// use etag_fairing::{EtagFairing, etagged};
///
/// #[get("/motto")]
/// fn motto() -> &'static str {
///     "one write, one winner"
/// }
///
/// #[put("/motto")]
/// fn change_motto() {}
///
/// let rocket = rocket::build()
///     .attach(EtagFairing::new())
///     .mount("/", etagged(routes![motto, change_motto]));
/// # let _ = rocket;
/// ```
pub fn etagged(routes: impl Into<Vec<Route>>) -> Vec<Route> {
    let mut routes = routes.into();
    for route in &mut routes {
        if matches!(route.method, Method::Get | Method::Head) {
            let inner = route.handler.clone();
            route.handler = Box::new(Marked { inner });
        }
    }
    routes
}

/// The handler of a route that is opted in.
#[derive(Clone)]
struct Marked {
    inner: Box<dyn Handler>,
}

// Written without `async_trait`, whose future would hold the request's data twice.
impl Handler for Marked {
    fn handle<'r, 'handler, 'request, 'future>(
        &'handler self,
        request: &'r Request<'request>,
        data: Data<'r>,
    ) -> Pin<Box<dyn Future<Output = Outcome<'r>> + Send + 'future>>
    where
        'r: 'future,
        'handler: 'future,
        'request: 'future,
    {
        let inner = self.inner.handle(request, data);
        Box::pin(async move {
            let outcome = inner.await;
            // A forward goes to another route, which may not be opted in, and an error goes to a catcher.
            if outcome.is_success() {
                mark::opt_in(request);
            } else {
                mark::opt_out(request);
            }
            outcome
        })
    }
}
