//! The operations: one for each route.

use rocket::http::Method;
use serde_json::{Map, Value, json};

use super::OpenApi;
use super::names::{self, header, parameter, schema};
use super::parameters::{self, Parameters};
use super::responses::{Refusals, Responses};
use super::schemas::{describe, paragraphs};
use crate::config::{EtagConfig, JsonApiConfig};
use crate::error::MEDIA_TYPE;
use crate::idempotency::{IDEMPOTENCY_KEY, REPLAYED};
use crate::resource::behaviour::Behaviour;
use crate::resource::endpoint::{Endpoint, LinkageUpdate, OwnRelationship};
use crate::resource::route_names::GeneratedRoute;
use crate::schema::Description;

/// What the operations depend on, beside their routes.
pub(super) struct Context<'a> {
    pub(super) openapi: &'a OpenApi,
    pub(super) etag: &'a EtagConfig,
    pub(super) config: &'a JsonApiConfig,
    pub(super) parameters: &'a Parameters,
    /// The mounted resources with their behaviours.
    pub(super) behaviours: &'a dyn Fn(&Description) -> &'static Behaviour,
}

/// The operation of a route (OpenAPI 3.1.1 §4.8.10).
pub(super) fn operation(
    route: &GeneratedRoute,
    operation_id: &str,
    context: &Context<'_>,
    refusals: &mut Refusals,
) -> Value {
    let GeneratedRoute { resource, endpoint, .. } = *route;
    let mut operation = Map::new();
    operation.insert("operationId".into(), operation_id.into());
    operation.insert("tags".into(), json!([resource.type_name]));
    operation.insert("summary".into(), summary(resource, endpoint).into());
    let mut parameters = query_parameters(resource, endpoint, context);
    parameters.extend(precondition_fields(route, context).into_iter().map(parameter));
    parameters.extend((!endpoint.reads()).then(|| parameter("Prefer")));
    parameters.extend(key_field(route, context).map(parameter));
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = request_schema(resource, endpoint) {
        operation.insert(
            "requestBody".into(),
            json!({"required": true, "content": {MEDIA_TYPE: {"schema": schema(&body)}}}),
        );
    }
    operation.insert("responses".into(), responses(route, context, refusals));
    let guards = guards(route, context);
    let schemes: Vec<Value> = guards
        .iter()
        .filter_map(|guard| context.openapi.scheme_of(guard))
        .map(|name| json!({name: []}))
        .collect();
    if !schemes.is_empty() {
        operation.insert("security".into(), Value::Array(schemes));
    }
    let mut operation = Value::Object(operation);
    describe(&mut operation, &paragraphs([described(endpoint), &guarded_by(&guards)]));
    operation
}

/// What an operation does, in a line.
fn summary(resource: &Description, endpoint: Endpoint) -> String {
    let type_name = resource.type_name;
    match endpoint {
        Endpoint::List => format!("List {type_name}"),
        Endpoint::Create => format!("Create one of {type_name}"),
        Endpoint::Read => format!("Read one of {type_name}"),
        Endpoint::Update => format!("Change one of {type_name}"),
        Endpoint::Delete => format!("Delete one of {type_name}"),
        Endpoint::Related(own) => format!("Read the {} of one of {type_name}", own.name),
        Endpoint::Relationship(own) => format!("Read which {} belong to one of {type_name}", own.name),
        Endpoint::UpdateRelationship(own, update) => match update {
            LinkageUpdate::Replace => format!("Replace the {} of one of {type_name}", own.name),
            LinkageUpdate::Add => format!("Add {} to one of {type_name}", own.name),
            LinkageUpdate::Remove => format!("Remove {} from one of {type_name}", own.name),
        },
    }
}

/// What one must know beside the summary.
fn described(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Update => "Members that the document leaves out stay as they are.",
        Endpoint::Relationship(_) | Endpoint::UpdateRelationship(..) => {
            "It is about which resources are related, not about the resources themselves."
        }
        _ => "",
    }
}

fn guarded_by(guards: &[&'static str]) -> String {
    let names: Vec<&str> = guards.iter().map(|name| short(name)).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!("Only for requests that the server's guard lets through: {}.", names.join(", ")),
    }
}

/// The name of a type without its modules.
fn short(type_name: &str) -> &str {
    let path = type_name.split('<').next().unwrap_or(type_name);
    path.rsplit("::").next().unwrap_or(path)
}

/// The names of the guards' types that a request meets because of its route.
fn guards(route: &GeneratedRoute, context: &Context<'_>) -> Vec<&'static str> {
    let own = route.behaviour.guards.name_of(route.endpoint.operation());
    let targets = route.endpoint.relationship().into_iter().flat_map(OwnRelationship::targets);
    let targets = targets
        .filter_map(|target| (context.behaviours)(target).guards.name_of(crate::schema::Operation::List));
    let mut names: Vec<&'static str> = own.into_iter().chain(targets).collect();
    names.dedup();
    names
}

fn query_parameters(resource: &'static Description, endpoint: Endpoint, context: &Context<'_>) -> Vec<Value> {
    let Context { parameters: known, config, .. } = *context;
    match endpoint {
        Endpoint::List => parameters::of_many(resource, config, known),
        Endpoint::Create | Endpoint::Read | Endpoint::Update => parameters::of_one(resource, config, known),
        Endpoint::Related(own) if own.is_polymorphic() && own.is_to_many() => parameters::of_many_types(own),
        Endpoint::Related(own) if own.is_polymorphic() => parameters::of_any(own, known),
        Endpoint::Related(own) if own.is_to_many() => parameters::of_many(own.target(), config, known),
        Endpoint::Related(own) => parameters::of_one(own.target(), config, known),
        Endpoint::Relationship(own) => {
            let mut found = parameters::of_inclusion(resource, own, known);
            if own.is_to_many() && !own.is_polymorphic() {
                found.extend(parameters::of_linkage(own.target()));
            }
            found
        }
        Endpoint::UpdateRelationship(..) | Endpoint::Delete => Vec::new(),
    }
}

/// Whether answers of the route have entity tags.
fn is_tagged(route: &GeneratedRoute, context: &Context<'_>) -> bool {
    context.etag.enabled && route.resource.etag.contains(route.endpoint.operation())
}

/// Whether a write must say for which state it is meant.
fn requires_tag(route: &GeneratedRoute, context: &Context<'_>) -> bool {
    let is_required = route.resource.require_if_match || context.etag.require_if_match;
    is_tagged(route, context) && is_required && !route.endpoint.reads() && route.endpoint != Endpoint::Create
}

/// The fields with preconditions that change the answer.
fn precondition_fields(route: &GeneratedRoute, context: &Context<'_>) -> Vec<&'static str> {
    // Where nothing has a tag, only `*` names what there is.
    let is_dated = is_tagged(route, context) && route.resource.last_modified.is_some();
    match (is_tagged(route, context), route.endpoint.reads()) {
        (true, true) if is_dated => {
            vec!["If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"]
        }
        (true, true) => vec!["If-None-Match", "If-Match"],
        (true, false) if is_dated => vec!["If-Match", "If-Unmodified-Since", "If-None-Match"],
        // Above, a date would do, too.
        (true, false) if requires_tag(route, context) => vec![parameters::REQUIRED_IF_MATCH, "If-None-Match"],
        (true, false) => vec!["If-Match", "If-None-Match"],
        (false, _) => Vec::new(),
    }
}

/// The field with the key of a write, if the server keeps answers.
fn key_field(route: &GeneratedRoute, context: &Context<'_>) -> Option<&'static str> {
    if route.endpoint.reads() || !keeps_answers(context.config) {
        return None;
    }
    Some(if route.behaviour.idempotent { parameters::REQUIRED_KEY } else { IDEMPOTENCY_KEY })
}

/// Whether a write may be sent twice and is made once.
pub(super) fn keeps_answers(config: &JsonApiConfig) -> bool {
    !config.idempotency_keep.is_zero()
}

/// A schema of a relationship: that of its target, or its own if it has several.
fn of_target(resource: &Description, own: OwnRelationship, ending: &str) -> String {
    match own.is_polymorphic() {
        true => names::of_relationship(resource, own.name, ending),
        false => names::of(own.target(), ending),
    }
}

/// The schema of what a request sends.
fn request_schema(resource: &'static Description, endpoint: Endpoint) -> Option<String> {
    Some(match endpoint {
        Endpoint::Create => names::of(resource, "create"),
        Endpoint::Update => names::of(resource, "update"),
        Endpoint::UpdateRelationship(own, _) if own.is_to_many() => of_target(resource, own, "changeToMany"),
        Endpoint::UpdateRelationship(own, _) => of_target(resource, own, "changeToOne"),
        _ => return None,
    })
}

/// The schema of what a request that succeeds is answered with.
fn answer_schema(resource: &'static Description, endpoint: Endpoint) -> Option<String> {
    let of_linkage = |own: OwnRelationship| match own.is_to_many() {
        true => of_target(resource, own, "toMany"),
        false => of_target(resource, own, "toOne"),
    };
    Some(match endpoint {
        Endpoint::List => names::of(resource, "collection"),
        Endpoint::Create | Endpoint::Read | Endpoint::Update => names::of(resource, "document"),
        Endpoint::Related(own) if own.is_to_many() => of_target(resource, own, "collection"),
        Endpoint::Related(own) => of_target(resource, own, "orNull"),
        Endpoint::Relationship(own) => of_linkage(own),
        Endpoint::UpdateRelationship(own, _) => of_linkage(own),
        Endpoint::Delete => return None,
    })
}

fn responses(route: &GeneratedRoute, context: &Context<'_>, refusals: &mut Refusals) -> Value {
    let GeneratedRoute { resource, endpoint, .. } = *route;
    let is_tagged = is_tagged(route, context);
    let writes = !endpoint.reads();
    let mut responses = Responses::default();
    let answer = answer_schema(resource, endpoint);
    let mut headers = Map::new();
    if is_tagged {
        headers.insert("ETag".into(), header("ETag"));
    }
    if resource.last_modified.is_some() && is_tagged {
        headers.insert("Last-Modified".into(), header("Last-Modified"));
    }
    if endpoint.has_body() {
        headers.insert("Preference-Applied".into(), header("Preference-Applied"));
    }
    if key_field(route, context).is_some() {
        headers.insert(REPLAYED.into(), header(REPLAYED));
    }
    match endpoint {
        Endpoint::Create => {
            headers.insert("Location".into(), header("Location"));
            responses.success(201, "Created.", answer.as_deref(), &headers);
        }
        Endpoint::Delete => responses.success(204, "Deleted.", None, &headers),
        Endpoint::Update | Endpoint::UpdateRelationship(..) => {
            responses.success(204, "Changed.", None, &headers);
            responses.success(200, "Changed.", answer.as_deref(), &headers);
        }
        _ => responses.success(200, "What was asked for.", answer.as_deref(), &headers),
    }
    if is_tagged && endpoint.reads() {
        responses.not_modified(headers);
    }
    responses.error(400, if endpoint.has_body() { BAD_DOCUMENT } else { BAD_QUERY });
    responses.error(406, &["not_acceptable"]);
    responses.error(500, &["internal", "unreadable_value"]);
    responses.error(503, &["unavailable"]);
    let may_be_refused = !guards(route, context).is_empty();
    if may_be_refused {
        responses.error(401, &["unauthorized"]);
    }
    if may_be_refused || writes || !query_parameters(resource, endpoint, context).is_empty() {
        responses.error(403, if writes { FORBIDDEN_WRITE } else { &["forbidden"] });
    }
    if !matches!(endpoint, Endpoint::List) {
        let codes: &[&str] = if endpoint.has_body() {
            &["resource_not_found", "related_not_found"]
        } else {
            &["resource_not_found"]
        };
        responses.error(404, codes);
    }
    // RFC 9110 §13.1.1: where nothing has a tag, `If-Match` names no state, so that it is false.
    if is_tagged || writes {
        responses.error(412, &["precondition_failed"]);
    }
    if requires_tag(route, context) {
        responses.error(428, &["precondition_required"]);
    }
    if writes {
        responses.of_keys(route.behaviour.idempotent, keeps_answers(context.config));
        responses.error(409, CONFLICT);
        // To a deletion too: a trigger of the database may refuse it.
        responses.error(422, &["validation_failed"]);
        responses.error(504, &["outcome_unknown"]);
        responses.error(507, &["storage_full"]);
    }
    if endpoint.has_body() {
        responses.error(413, &["body_too_large"]);
    }
    // To a request without a body, too, if it has a `Content-Type` with parameters (JSON:API §5.2).
    responses.error(415, &["unsupported_media_type"]);
    if runs_code_of_others(route, context) {
        responses.any_error();
    }
    responses.into_value(endpoint.operation().name(), refusals)
}

/// Whether guards, scopes, hooks or rules of the application take part, which may refuse a request with any status.
fn runs_code_of_others(route: &GeneratedRoute, context: &Context<'_>) -> bool {
    let targets = route.endpoint.relationship().into_iter().flat_map(OwnRelationship::targets);
    let mut targets = targets.map(|target| (context.behaviours)(target));
    let runs = |behaviour: &Behaviour| {
        let guards = crate::schema::Operation::ALL.iter().any(|operation| behaviour.guards.has(*operation));
        guards || behaviour.has_scope() || behaviour.hooks.is_some()
    };
    runs(route.behaviour) || targets.any(runs)
}

const BAD_QUERY: &[&str] = &[
    "unknown_parameter",
    "invalid_parameter_name",
    "invalid_include",
    "invalid_fields",
    "invalid_sort",
    "invalid_filter",
    "invalid_page",
    "page_too_large",
    "limit_exceeded",
];

const BAD_DOCUMENT: &[&str] = &[
    "malformed_json",
    "invalid_document",
    "missing_type",
    "missing_id",
    "invalid_linkage",
    "unknown_parameter",
    "invalid_parameter_name",
    "invalid_include",
    "invalid_fields",
    // Of what is included in the answer.
    "invalid_sort",
    "invalid_filter",
    "invalid_page",
    "page_too_large",
    "limit_exceeded",
];

const FORBIDDEN_WRITE: &[&str] =
    &["forbidden", "client_id_not_allowed", "full_replacement_not_allowed", "part_of_id", "outside_scope"];

const CONFLICT: &[&str] =
    &["type_mismatch", "id_mismatch", "id_exists", "unique_violation", "foreign_key_violation"];

/// The key of an operation in its path.
pub(super) fn method(endpoint: Endpoint) -> &'static str {
    match endpoint.method() {
        Method::Post => "post",
        Method::Patch => "patch",
        Method::Delete => "delete",
        _ => "get",
    }
}
