//! The routes that serve the document and the schemas.

use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use rocket::http::{ContentType, Method, Status};
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request, Response};
use serde_json::{Value, json};

use super::OpenApi;
use super::names;
use crate::fairing::etagged;

impl OpenApi {
    /// The routes `GET /openapi.json` and `GET /schemas/<type>.json`, to mount where the resources are mounted.
    pub fn routes(self) -> Vec<Route> {
        let served = Arc::new(Served { openapi: self, document: OnceLock::new() });
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
    document: OnceLock<Option<(Value, Arc<[u8]>)>>,
}

impl Served {
    /// The document and its text; `None` if it cannot be made, which the log says then.
    fn get(&self, request: &Request<'_>) -> Option<&(Value, Arc<[u8]>)> {
        let made = self.document.get_or_init(|| {
            let base = request.route().map_or("", |route| route.uri.base());
            match self.openapi.document(request.rocket(), base) {
                Ok(document) => {
                    let text = document.to_string().into_bytes();
                    Some((document, text.into()))
                }
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
            Some((_, text)) => Outcome::Success(json_response(Arc::clone(text))),
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
        let schema = type_name.and_then(|type_name| {
            let (document, _) = self.0.get(request)?;
            schema_of(document, type_name)
        });
        match schema {
            Some(schema) => Outcome::Success(json_response(schema.to_string().into_bytes().into())),
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

fn json_response<'r>(text: Arc<[u8]>) -> Response<'r> {
    let size = text.len();
    Response::build().header(ContentType::JSON).sized_body(size, Cursor::new(text)).finalize()
}
