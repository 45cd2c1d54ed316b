//! [`Explorer`]: a page on which an API is read and tried.
//!
//! The page is Swagger UI, whose files `etag-swagger-ui` has, with plug-ins of this crate: `tags.js` remembers the
//! entity tag of what was read, fills in `If-Match`, and shows what 304, 412 and 428 mean; `large.js` is for large documents.

mod files;
mod guarded;
mod page;
mod policy;

use rocket::http::Method;
use rocket::request::FromRequest;
use rocket::route::Route;

use self::guarded::Guarded;
use self::page::Page;
use crate::fairing::etagged;
use crate::openapi::OpenApi;

/// A page for people who want to know an API: each operation of its [OpenAPI document](OpenApi), and a form to try it.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
///
/// #[derive(JsonApiResource)]
/// #[jsonapi(type = "sessions", etag)]
/// struct Session {
///     #[jsonapi(id)]
///     id: i64,
///     title: String,
/// }
///
/// let openapi = JsonApi::openapi().title("The conference");
/// let explorer = openapi.explorer("/v1/openapi.json");
/// let rocket = rocket::build()
///     .attach(EtagFairing::new())
///     .attach(JsonApi::fairing())
///     .mount("/v1", Session::routes())
///     .mount("/v1", openapi.routes())
///     .mount("/docs", explorer.routes()); // GET /docs
/// # drop(rocket);
/// # }
/// ```
///
/// It is Swagger UI with a plug-in: what was read is changed with its tag in `If-Match`, without anybody having to copy it.
///
/// Everything comes from this server, and its `Content-Security-Policy` lets nothing else run. The page may ask this
/// server, the servers that the document names, and those at which a login by OAuth 2 or OpenID Connect gets its token.
/// All URLs of the page are relative, so that it works behind a proxy that adds a prefix. The requests that are tried go to
/// the server of the document: set `base_url` behind such a proxy.
#[derive(Clone, Debug)]
pub struct Explorer {
    openapi: OpenApi,
    document: String,
}

impl OpenApi {
    /// The page on which this document is read and tried. `document` is the path at which it is served, such as
    /// `/v1/openapi.json`.
    pub fn explorer(&self, document: impl Into<String>) -> Explorer {
        Explorer { openapi: self.clone(), document: document.into() }
    }
}

impl Explorer {
    /// The page and what it loads, to mount where the page is to be. For everybody; see
    /// [`routes_guarded_by`](Self::routes_guarded_by).
    pub fn routes(self) -> Vec<Route> {
        let page = Page::new(self);
        // With a slash behind it. Whatever else is mounted below this path comes first.
        let with_slash = Route::ranked(LAST, Method::Get, "/<path..>", page.clone());
        let mut routes = vec![Route::new(Method::Get, "/", page), with_slash];
        routes.extend(files::all().map(|(name, file)| Route::new(Method::Get, name, file)));
        for route in &mut routes {
            route.name = Some("explorer".into());
        }
        etagged(routes)
    }

    /// The same, for those whom a request guard lets through. The others get the guard's status, or what other routes
    /// answer if it forwards.
    ///
    /// A browser asks for the page without a token in `Authorization`: the guard can look at a cookie, say. The document is
    /// another route, which everybody may read.
    pub fn routes_guarded_by<G>(self) -> Vec<Route>
    where
        G: for<'r> FromRequest<'r> + Send + 'static,
    {
        let mut routes = self.routes();
        for route in &mut routes {
            route.handler = Box::new(Guarded::<G>::new(route.handler.clone()));
        }
        routes
    }
}

/// The rank of the route for whatever is below the page.
const LAST: isize = 100;
