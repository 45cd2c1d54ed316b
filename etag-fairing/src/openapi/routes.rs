//! The routes that serve the document and the schemas.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use rocket::http::{ContentType, Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request, Response};
use serde_json::{Value, json};

use super::OpenApi;
use super::names;
use crate::conditional::EntityTag;
use crate::fairing::{etagged, mark_with_tag};

impl OpenApi {
    /// The routes `GET /openapi.json` and `GET /schemas/<type>.json`, to mount where the resources are mounted.
    pub fn routes(self) -> Vec<Route> {
        let served = Arc::new(Served { openapi: self, made: OnceLock::new() });
        let named = |name: &'static str, mut route: Route| {
            route.name = Some(name.into());
            route
        };
        etagged(vec![
            named("openapi", Route::new(Method::Get, "/openapi.json", Document(Arc::clone(&served)))),
            named("openapi.schema", Route::new(Method::Get, "/schemas/<file>", Schema(served))),
        ])
    }
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
        let schema = |name: &str| Some((name.to_owned(), Text::of(&schema_of(document, name)?)));
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

/// The schema of a resource object as a document of its own, with all that it refers to.
fn schema_of(document: &Value, type_name: &str) -> Option<Value> {
    let schemas = document.get("components")?.get("schemas")?.as_object()?;
    let name = names::component(type_name);
    let is_resource = schemas.contains_key(&format!("{name}.identifier"));
    let mut schema = schemas.get(&name).filter(|_| is_resource)?.clone();
    let mut definitions = serde_json::Map::new();
    collect(&schema, schemas, &mut definitions);
    for definition in definitions.values_mut() {
        redirect(definition);
    }
    redirect(&mut schema);
    let object = schema.as_object_mut()?;
    object.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    object.insert("$defs".into(), json!(definitions));
    Some(schema)
}

const COMPONENTS: &str = "#/components/schemas/";

/// Collects what a schema refers to.
fn collect(
    schema: &Value,
    schemas: &serde_json::Map<String, Value>,
    found: &mut serde_json::Map<String, Value>,
) {
    match schema {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix(COMPONENTS));
            if let Some((name, schema)) = name.and_then(|name| Some((name, schemas.get(name)?)))
                && !found.contains_key(name)
            {
                found.insert(name.into(), schema.clone());
                collect(schema, schemas, found);
            }
            members.values().for_each(|member| collect(member, schemas, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, schemas, found)),
        _ => {}
    }
}

/// Lets references lead to `$defs`.
fn redirect(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(at) if name == "$ref" => {
                        if let Some(name) = at.strip_prefix(COMPONENTS) {
                            *at = format!("#/$defs/{name}");
                        }
                    }
                    member => redirect(member),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(redirect),
        _ => {}
    }
}
