//! The routes that serve the document and the schemas.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rocket::http::{ContentType, Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Build, Data, Request, Response, Rocket};
use serde_json::Value;

use super::schema_file;
use super::{OpenApi, OpenApiError};
use crate::conditional::EntityTag;
use crate::fairing::{etagged, mark_with_tag};

/// The name of the route that serves the schemas.
const SCHEMAS: &str = "openapi.schema";

/// The path at which the route is mounted, if it serves schemas.
pub(crate) fn serves_schemas(route: &Route) -> Option<&str> {
    let is_ours = route.name.as_deref() == Some(SCHEMAS) && route.uri.path().ends_with("/schemas/<file>");
    is_ours.then(|| route.uri.base())
}

impl OpenApi {
    /// The routes `GET /openapi.json` and `GET /schemas/<type>.json`, to mount where the resources are mounted.
    pub fn routes(self) -> Vec<Route> {
        let served = Arc::new(Served { openapi: self, made: OnceLock::new() });
        let named = |name: &'static str, mut route: Route| {
            route.name = Some(name.into());
            route
        };
        // Only those with something that may contradict are looked for at the launch.
        let name = if served.openapi.merged.is_empty() { "openapi" } else { remember(&served) };
        etagged(vec![
            named(name, Route::new(Method::Get, "/openapi.json", Document(Arc::clone(&served)))),
            named(SCHEMAS, Route::new(Method::Get, "/schemas/<file>", Schema(served))),
        ])
    }
}

/// The routes of documents into which others are merged, by the addresses of their names: the name is the one thing that a
/// route carries through mounting.
static MERGING: Mutex<Vec<(&'static str, Arc<Served>)>> = Mutex::new(Vec::new());

/// The name of a route that [`contradictions`] finds.
fn remember(served: &Arc<Served>) -> &'static str {
    let name: &'static str = String::from("openapi").leak();
    MERGING.lock().unwrap_or_else(PoisonError::into_inner).push((name, Arc::clone(served)));
    name
}

/// What merged documents say otherwise than the application's own, a line for each document.
pub(crate) fn contradictions(rocket: &Rocket<Build>) -> Vec<String> {
    let served = |route: &Route| {
        let name = route.name.as_deref()?;
        let merging = MERGING.lock().unwrap_or_else(PoisonError::into_inner);
        merging.iter().find(|(known, _)| std::ptr::eq(*known, name)).map(|(_, served)| Arc::clone(served))
    };
    let served = rocket.routes().filter_map(|route| Some((route.uri.base(), served(route)?)));
    served
        .filter_map(|(base, served)| match served.openapi.document(rocket, base) {
            Err(error @ OpenApiError::Conflicts(_)) => Some(error.to_string()),
            _ => None,
        })
        .collect()
}

/// What both routes share.
struct Served {
    openapi: OpenApi,
    /// What the application has mounted does not change any more, so that it is described once.
    made: OnceLock<Option<Made>>,
}

/// The texts that are served.
struct Made {
    document: Text,
    /// Those of the schemas, by type.
    schemas: HashMap<String, Text>,
}

/// A text with its tag, which is made once, too: a 304 hashes nothing.
struct Text {
    bytes: Arc<[u8]>,
    tag: EntityTag,
}

impl Made {
    fn of(document: &Value) -> Self {
        let tags = document.get("tags").and_then(Value::as_array);
        let types = tags.into_iter().flatten().filter_map(|tag| tag.get("name")?.as_str());
        let schema = |name: &str| Some((name.to_owned(), Text::of(&schema_file::of(document, name)?)));
        Self { document: Text::of(document), schemas: types.filter_map(schema).collect() }
    }
}

impl Text {
    fn of(json: &Value) -> Self {
        let bytes = json.to_string().into_bytes();
        Self { tag: EntityTag::of(&bytes), bytes: bytes.into() }
    }

    fn response<'r>(&self, request: &Request<'_>) -> Response<'r> {
        mark_with_tag(request, self.tag.clone());
        let bytes = Arc::clone(&self.bytes);
        Response::build().header(ContentType::JSON).sized_body(bytes.len(), Cursor::new(bytes)).finalize()
    }
}

impl Served {
    /// What is served; `None` if it cannot be made, which the log says then.
    fn get(&self, request: &Request<'_>) -> Option<&Made> {
        let made = self.made.get_or_init(|| {
            let base = request.route().map_or("", |route| route.uri.base());
            match self.openapi.document(request.rocket(), base) {
                Ok(document) => Some(Made::of(&document)),
                Err(error) => {
                    log::error!("there is no OpenAPI document: {error}");
                    None
                }
            }
        });
        made.as_ref()
    }
}

#[derive(Clone)]
struct Document(Arc<Served>);

#[rocket::async_trait]
impl Handler for Document {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        match self.0.get(request) {
            Some(made) => Outcome::Success(made.document.response(request)),
            None => Outcome::Forward((data, Status::NotFound)),
        }
    }
}

#[derive(Clone)]
struct Schema(Arc<Served>);

#[rocket::async_trait]
impl Handler for Schema {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let file = request.routed_segments(0..).last();
        let type_name = file.and_then(|file| file.strip_suffix(".json"));
        let schema = type_name.and_then(|type_name| self.0.get(request)?.schemas.get(type_name));
        match schema {
            Some(schema) => Outcome::Success(schema.response(request)),
            None => Outcome::Forward((data, Status::NotFound)),
        }
    }
}
