//! [`OpenApi`]: the OpenAPI document of what is mounted.
//!
//! It is made of the descriptions of the resources, so that it says what the routes do, and of nothing else: there is no
//! second place in which an application would have to say it.

mod atomic;
mod document;
mod examples;
mod filters;
mod links;
mod merge;
mod names;
mod operations;
mod parameters;
mod requests;
mod responses;
mod routes;
mod schema_file;
mod schemas;
mod shared;
mod texts;
mod unused;
mod windows;

use serde_json::{Map, Value};

pub use document::OpenApiError;
pub(crate) use routes::{contradictions, serves_schemas};

use crate::api::JsonApi;

/// Makes the OpenAPI document (version 3.1) of what is mounted, and serves it.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
///
/// /// A talk of the conference.
/// #[derive(JsonApiResource)]
/// #[jsonapi(type = "sessions", etag)]
/// struct Session {
///     #[jsonapi(id)]
///     id: i64,
///     /// What it is called in the programme.
///     title: String,
/// }
///
/// let openapi = JsonApi::openapi().title("The conference").version("1.4.0");
/// let rocket = rocket::build()
///     .attach(EtagFairing::new())
///     .attach(JsonApi::fairing())
///     .mount("/v1", Session::routes())
///     .mount("/v1", openapi.routes()); // GET /v1/openapi.json
/// # let document = JsonApi::openapi().document(&rocket, "/v1").unwrap();
/// # assert_eq!(document["components"]["schemas"]["sessions"]["description"], "A talk of the conference.");
/// # }
/// ```
///
/// | route | answer |
/// |---|---|
/// | `GET /openapi.json` | the document of the resources that are mounted at the same path or below it |
/// | `GET /schemas/<type>.json` | the JSON Schema of a resource object |
///
/// Both are made once, at the first request, and have an entity tag if [`EtagFairing`](crate::EtagFairing) is on.
/// [`document`](Self::document) gives the same without a server, for a file in a repository.
#[derive(Clone, Debug)]
pub struct OpenApi {
    pub(crate) title: String,
    version: String,
    description: String,
    pub(crate) servers: Vec<String>,
    pub(crate) schemes: Map<String, Value>,
    /// The names of guards' types, each with the security scheme that it asks for.
    guards: Vec<(&'static str, String)>,
    pub(crate) merged: Vec<Value>,
}

impl JsonApi {
    /// The OpenAPI document of what is mounted: see [`OpenApi`].
    pub fn openapi() -> OpenApi {
        OpenApi {
            title: "JSON:API".into(),
            version: "0.1.0".into(),
            description: String::new(),
            servers: Vec::new(),
            schemes: Map::new(),
            guards: Vec::new(),
            merged: Vec::new(),
        }
    }
}

impl OpenApi {
    /// Sets the title of the API.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the version of the API, such as `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Sets the description of the API, in Markdown.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Adds a server: the URL before the paths. Without any, it is `base_url` of `[default.jsonapi]`, or the host that
    /// the document comes from.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.servers.push(url.into());
        self
    }

    /// Adds a security scheme (OpenAPI 3.1.1 §4.8.27), such as `{"type": "http", "scheme": "bearer"}`. [`guard`](Self::guard)
    /// says which operations need it.
    #[must_use]
    pub fn security_scheme(mut self, name: impl Into<String>, scheme: Value) -> Self {
        self.schemes.insert(name.into(), scheme);
        self
    }

    /// Says that the request guard `G` asks for the security scheme of this name: every operation with that guard then
    /// does.
    #[must_use]
    pub fn guard<G: ?Sized>(mut self, scheme: impl Into<String>) -> Self {
        self.guards.push((std::any::type_name::<G>(), scheme.into()));
        self
    }

    /// Adds what another document says, for routes that are written by hand: its paths, components and tags. If it says
    /// something else of an operation or a component that is described already, the launch stops and names it.
    #[must_use]
    pub fn merge(mut self, document: Value) -> Self {
        self.merged.push(document);
        self
    }

    /// The security scheme that a guard asks for.
    fn scheme_of(&self, guard: &str) -> Option<&str> {
        self.guards.iter().find(|(known, _)| *known == guard).map(|(_, scheme)| scheme.as_str())
    }
}
