//! The document as a whole.

use std::fmt;

use rocket::{Phase, Rocket};
use serde_json::{Map, Value, json};

use super::links::{self, Linked};
use super::merge::{merge, repeated_ids};
use super::operations::{Context, method, operation};
use super::responses::Refusals;
use super::schemas::{Described, describe};
use super::{OpenApi, atomic, examples, names, parameters, responses, schemas, shared, unused};
use crate::api::{JsonApi, is_below};
use crate::config::{EtagConfig, JsonApiConfig};
use crate::negotiate::{ATOMIC, CONCURRENCY, CURSOR_PAGINATION};
use crate::resource::Behaviour;
use crate::resource::endpoint::Endpoint;
use crate::resource::route_names::{GeneratedRoute, generated_route};
use crate::routes::operations::is_operations;
use crate::routes::path::template;
use crate::schema::Description;

/// Why no document could be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenApiError {
    /// The configuration has mistakes.
    Configuration(Box<rocket::figment::Error>),
    /// No resource is mounted at this path or below it.
    NothingMounted(String),
    /// A merged document says something else than this one, or than another merged one: each operation (`GET /v1/sessions`)
    /// and component (`components/schemas/sessions`) of which there are two.
    Conflicts(Vec<String>),
}

impl fmt::Display for OpenApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(error) => write!(f, "the configuration cannot be used: {error}"),
            Self::NothingMounted(base) => write!(f, "no resource is mounted at {base:?} or below it"),
            Self::Conflicts(conflicts) => write!(
                f,
                "the OpenAPI document that is merged says something else of what is described already: {}; give it \
                 another name there, or leave it out",
                conflicts.join(", ")
            ),
        }
    }
}

impl std::error::Error for OpenApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Configuration(error) => Some(error.as_ref()),
            Self::NothingMounted(_) | Self::Conflicts(_) => None,
        }
    }
}

/// A generated route with the path at which it is mounted.
struct MountedRoute {
    path: String,
    route: GeneratedRoute,
}

impl OpenApi {
    /// The document of the resources that are mounted at `base` or below it, from an application that need not be
    /// launched: no database is opened. So a client can be generated in a build.
    ///
    /// Writes that the database does not allow (to a view, say) are left out only if the application was launched.
    ///
    /// # Errors
    /// If the configuration has mistakes, if no resource is mounted there, or if a merged document contradicts.
    pub fn document<P: Phase>(&self, rocket: &Rocket<P>, base: &str) -> Result<Value, OpenApiError> {
        let configuration = |error| OpenApiError::Configuration(Box::new(error));
        let config = JsonApiConfig::from_figment(rocket.figment()).map_err(configuration)?;
        let etag = EtagConfig::from_figment(rocket.figment()).map_err(configuration)?;
        let api = rocket.state::<JsonApi>();
        let base = base.trim_end_matches('/');
        let routes = mounted(rocket, base, api);
        if routes.is_empty() {
            return Err(OpenApiError::NothingMounted(base.into()));
        }
        let mut bulk: Vec<String> = rocket
            .routes()
            .filter(|route| is_operations(route) && is_below(route.uri.base(), base))
            .map(|route| route.uri.path().to_owned())
            .collect();
        bulk.sort();
        let mut document = self.assemble(&routes, &bulk, &config, &etag);
        let removable = self.removable(&document, &described(&routes));
        let mut conflicts = Vec::new();
        for other in &self.merged {
            conflicts.extend(merge(&mut document, other));
        }
        conflicts.extend(repeated_ids(&document));
        // Merged documents may refer to what nothing here does.
        unused::remove(&mut document, &removable);
        if conflicts.is_empty() { Ok(document) } else { Err(OpenApiError::Conflicts(conflicts)) }
    }

    fn assemble(
        &self,
        routes: &[MountedRoute],
        bulk: &[String],
        config: &JsonApiConfig,
        etag: &EtagConfig,
    ) -> Value {
        let resources = described(routes);
        let (mut known_schemas, mut known_parameters) = (Map::new(), Map::new());
        shared::add(&resources, &mut known_schemas);
        parameters::add_common(config, &mut known_parameters);
        for described in &resources {
            schemas::add(*described, config, &mut known_schemas);
            parameters::add(described.resource, config, &mut known_parameters);
        }
        let behaviours = |resource: &Description| -> &'static Behaviour {
            let known = resources.iter().find(|known| known.resource.is(resource));
            known.map_or(&Behaviour::NONE, |known| known.behaviour)
        };
        let context =
            Context { openapi: self, etag, config, parameters: &known_parameters, behaviours: &behaviours };
        let Paths { mut paths, mut refusals, links } = paths(routes, &context);
        if !bulk.is_empty() {
            let serves = |resource: &Description, endpoint: Endpoint| {
                let is_it =
                    |route: &GeneratedRoute| route.endpoint == endpoint && route.resource.is(resource);
                routes.iter().any(|mounted| is_it(&mounted.route))
            };
            atomic::add(&resources, &serves, config, &mut known_schemas);
        }
        for (number, path) in bulk.iter().enumerate() {
            paths.insert(path.clone(), json!({"post": atomic::operation(number, config, &mut refusals)}));
        }
        add_examples(&resources, &mut known_schemas);
        let mut info = json!({"title": self.title, "version": self.version});
        describe(&mut info, &self.description);
        let mut tags: Vec<Value> = resources
            .iter()
            .map(|described| {
                let mut tag = json!({"name": described.resource.type_name});
                describe(&mut tag, described.resource.docs.resource);
                tag
            })
            .collect();
        if !bulk.is_empty() {
            tags.push(json!({"name": atomic::TAG, "description": "Several changes in one request."}));
        }
        let extensions: &[&str] = if bulk.is_empty() { &[] } else { &[ATOMIC] };
        json!({
            "openapi": "3.1.0",
            "info": info,
            "servers": self.servers(config),
            "paths": paths,
            "components": {
                "schemas": known_schemas,
                "parameters": known_parameters,
                "headers": responses::headers(),
                "responses": refusals,
                "links": links,
                "securitySchemes": self.schemes,
            },
            "tags": tags,
            "x-jsonapi": {"version": "1.1", "profiles": [CURSOR_PAGINATION, CONCURRENCY], "extensions": extensions},
        })
    }

    /// The components that are left out where nothing refers to them.
    fn removable(&self, document: &Value, resources: &[Described]) -> unused::Names {
        let mut removable = unused::names(document);
        for resource in resources.iter().map(|known| known.resource) {
            // Of these, files are made.
            for ending in ["", "identifier"] {
                removable.remove(&("schemas".to_owned(), names::of(resource, ending)));
            }
            // The documents of its resources name these, each for its type, in `describedby`.
            for arm in resource.relationships.iter().filter(|relationship| relationship.is_polymorphic()) {
                removable.remove(&("schemas".to_owned(), names::of(arm.target(), "orNull")));
            }
        }
        for name in self.schemes.keys() {
            removable.remove(&("securitySchemes".to_owned(), name.clone()));
        }
        removable
    }

    fn servers(&self, config: &JsonApiConfig) -> Vec<Value> {
        let configured = if config.base_url.is_empty() { "/" } else { &config.base_url };
        match self.servers.as_slice() {
            [] => vec![json!({"url": configured})],
            servers => servers.iter().map(|url| json!({"url": url})).collect(),
        }
    }
}

/// The generated routes at `base` or below it, without those that the store cannot serve.
fn mounted<P: Phase>(rocket: &Rocket<P>, base: &str, api: Option<&JsonApi>) -> Vec<MountedRoute> {
    let mut mounted = Vec::new();
    for route in rocket.routes() {
        let Some(generated) = generated_route(route) else { continue };
        let at = route.uri.base();
        let is_closed = api.is_some_and(|api| {
            let unwritable = api.at(at).unwritable(generated.resource);
            unwritable.is_some_and(|unwritable| generated.endpoint.is_closed_by(unwritable))
        });
        if is_below(at, base) && !is_closed {
            let below = template(generated.resource, generated.endpoint, "{id}");
            let path = format!("{}{below}", at.trim_end_matches('/'));
            mounted.push(MountedRoute { path, route: generated });
        }
    }
    // A server that was launched has its routes in no order, so that theirs is made here: paths, then methods.
    mounted.sort_by(|one, other| {
        let key = |mounted: &MountedRoute| (mounted.path.clone(), method(mounted.route.endpoint));
        key(one).cmp(&key(other))
    });
    mounted
}

/// The resources of these routes, each once.
fn described(routes: &[MountedRoute]) -> Vec<Described> {
    let mut resources: Vec<Described> = Vec::new();
    for MountedRoute { route, .. } in routes {
        if !resources.iter().any(|known| known.resource.is(route.resource)) {
            resources.push(Described { resource: route.resource, behaviour: route.behaviour });
        }
    }
    resources
}

/// The paths with their operations, and what these share.
struct Paths {
    paths: Map<String, Value>,
    refusals: Refusals,
    /// Links from one operation to the next.
    links: Map<String, Value>,
}

fn paths(routes: &[MountedRoute], context: &Context<'_>) -> Paths {
    let (mut paths, mut refusals) = (Map::new(), Refusals::new());
    let mut operations: Vec<Linked<'_>> = Vec::new();
    for MountedRoute { path, route } in routes {
        let operation_id = operation_id(route, &operations);
        let item = paths.entry(path.clone()).or_insert_with(|| item(path, route.resource));
        if let Some(item) = item.as_object_mut() {
            item.insert(
                method(route.endpoint).into(),
                operation(route, &operation_id, context, &mut refusals),
            );
        }
        operations.push(Linked { path, route: *route, operation_id });
    }
    let links = links::add(&mut paths, &operations);
    Paths { paths, refusals, links }
}

/// Adds an example to each resource object, and to what requests send. It is made when all schemas are there, since they
/// refer to each other.
fn add_examples(resources: &[Described], schemas: &mut Map<String, Value>) {
    for described in resources {
        for ending in ["", "create", "update"] {
            let name = names::of(described.resource, ending);
            let example = schemas.get(&name).and_then(|schema| match ending {
                "" => examples::of(schema, schemas),
                _ => examples::of_request(schema, schemas),
            });
            if let (Some(example), Some(Value::Object(schema))) = (example, schemas.get_mut(&name)) {
                schema.insert("examples".into(), json!([example]));
            }
        }
    }
}

/// A path without its operations.
fn item(path: &str, resource: &'static Description) -> Value {
    if !path.contains("{id}") {
        return json!({});
    }
    let id = names::schema(&names::of(resource, "id"));
    json!({"parameters": [{"name": "id", "in": "path", "required": true, "schema": id}]})
}

/// The operation's id, such as `sessions.related.speakers`. A struct that is mounted twice has each route twice.
fn operation_id(route: &GeneratedRoute, taken: &[Linked<'_>]) -> String {
    use crate::resource::endpoint::{Endpoint, LinkageUpdate};
    let mut id = format!(
        "{}.{}",
        names::component(route.resource.type_name),
        match route.endpoint {
            Endpoint::UpdateRelationship(_, LinkageUpdate::Replace) => "replace_relationship",
            Endpoint::UpdateRelationship(_, LinkageUpdate::Add) => "add_to_relationship",
            Endpoint::UpdateRelationship(_, LinkageUpdate::Remove) => "remove_from_relationship",
            endpoint => endpoint.operation().name(),
        }
    );
    if let Some(relationship) = route.endpoint.relationship() {
        id.push('.');
        id.push_str(&names::component(relationship.name));
    }
    let first = id.clone();
    let mut number = 2;
    while taken.iter().any(|known| known.operation_id == id) {
        id = format!("{first}.{number}");
        number += 1;
    }
    id
}
