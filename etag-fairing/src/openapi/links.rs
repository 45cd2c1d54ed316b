//! Links between operations (OpenAPI 3.1.1 §4.8.20): what can be done next with the resource of an answer, and which
//! values of the answer it takes. The entity tag of what was read is the `If-Match` of the change.

use serde_json::{Map, Value, json};

use super::names;
use super::parameters::REQUIRED_IF_MATCH;
use crate::resource::endpoint::Endpoint;
use crate::resource::route_names::GeneratedRoute;

/// An operation, as links lead to it.
pub(super) struct Linked<'a> {
    pub(super) path: &'a str,
    pub(super) route: GeneratedRoute,
    pub(super) operation_id: String,
}

/// What an operation does next, and where it finds the id of the resource.
enum Next {
    /// With the resource of the document.
    Resource,
    /// With the same relationship, whose linkage the document is.
    Relationship,
}

/// Adds links to the answers of the operations, and gives the components that they refer to.
pub(super) fn add(paths: &mut Map<String, Value>, operations: &[Linked<'_>]) -> Map<String, Value> {
    let mut components = Map::new();
    for from in operations {
        for to in operations {
            let Some(next) = next(from, to) else { continue };
            let Some(link) = link(paths, from, to, &next) else { continue };
            let name = to.operation_id.clone();
            let Some(answer) = answer_mut(paths, from) else { continue };
            let links = answer.entry("links").or_insert_with(|| json!({}));
            if let Some(links) = links.as_object_mut() {
                links.insert(name.clone(), names::link(&name));
                components.insert(name, link);
            }
        }
    }
    components
}

/// What leads from one operation to another; `None` if nothing does.
fn next(from: &Linked<'_>, to: &Linked<'_>) -> Option<Next> {
    if !from.route.resource.is(to.route.resource) {
        return None;
    }
    let of_resource = match from.route.endpoint {
        Endpoint::Create => to.path.strip_prefix(from.path)?.strip_prefix("/{id}")?,
        Endpoint::Read | Endpoint::Update => to.path.strip_prefix(from.path)?,
        Endpoint::Relationship(_) => {
            let updates = matches!(to.route.endpoint, Endpoint::UpdateRelationship(..));
            return (to.path == from.path && updates).then_some(Next::Relationship);
        }
        _ => return None,
    };
    // A change of linkage asks for the tag of the linkage.
    let fits = match to.route.endpoint {
        Endpoint::Read => !matches!(from.route.endpoint, Endpoint::Read),
        Endpoint::Update | Endpoint::Delete => of_resource.is_empty(),
        Endpoint::Related(_) | Endpoint::Relationship(_) => true,
        Endpoint::List | Endpoint::Create | Endpoint::UpdateRelationship(..) => false,
    };
    fits.then_some(Next::Resource)
}

/// The link to an operation; `None` if that takes a tag which the answer does not have.
fn link(paths: &Map<String, Value>, from: &Linked<'_>, to: &Linked<'_>, next: &Next) -> Option<Value> {
    let id = match next {
        Next::Resource => "$response.body#/data/id",
        Next::Relationship => "$request.path.id",
    };
    let mut parameters = json!({"id": id});
    let operation = paths.get(to.path)?.get(super::operations::method(to.route.endpoint))?;
    let taken = operation.get("parameters").and_then(Value::as_array);
    let takes = |name: &str| taken.is_some_and(|taken| taken.contains(&names::parameter(name)));
    // A read takes it, too, but nothing is lost without it.
    if !to.route.endpoint.reads() && (takes("If-Match") || takes(REQUIRED_IF_MATCH)) {
        answer(paths, from)?.get("headers")?.get("ETag")?;
        parameters["If-Match"] = "$response.header.ETag".into();
    }
    Some(json!({"operationId": to.operation_id, "parameters": parameters}))
}

fn status(from: &Linked<'_>) -> &'static str {
    if matches!(from.route.endpoint, Endpoint::Create) { "201" } else { "200" }
}

fn answer<'p>(paths: &'p Map<String, Value>, from: &Linked<'_>) -> Option<&'p Value> {
    let operation = paths.get(from.path)?.get(super::operations::method(from.route.endpoint))?;
    operation.get("responses")?.get(status(from))
}

fn answer_mut<'p>(
    paths: &'p mut Map<String, Value>,
    from: &Linked<'_>,
) -> Option<&'p mut Map<String, Value>> {
    let operation = paths.get_mut(from.path)?.get_mut(super::operations::method(from.route.endpoint))?;
    operation.get_mut("responses")?.get_mut(status(from))?.as_object_mut()
}
