//! Names in the document: of components and of operations.

pub(super) use crate::schema::component_name::component;

use crate::schema::Description;

/// The component of a resource with this ending; none for the resource object itself.
pub(super) fn of(resource: &Description, ending: &str) -> String {
    let name = component(resource.type_name);
    if ending.is_empty() { name } else { format!("{name}.{ending}") }
}

/// The component of a polymorphic relationship with this ending: it leads to several resources, so that it is of none.
pub(super) fn of_relationship(resource: &Description, member: &str, ending: &str) -> String {
    of(resource, &format!("relationship.{}.{ending}", component(member)))
}

/// Whether a component is of the resource whose object has this component's name.
pub(super) fn is_of(component: &str, resource: &str) -> bool {
    let ending = component.strip_prefix(resource).and_then(|rest| rest.strip_prefix('.'));
    // Behind the point stands an ending, or the code of a character: then it is the name of another type that goes on.
    let first = ending.and_then(|ending| ending.split('.').next());
    first.is_some_and(|first| !first.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The component of what all resources share. No resource has one of this name: a point stands only before an ending of
/// [`of`], or around a code.
pub(super) fn common(name: &str) -> String {
    format!("jsonapi..{name}")
}

/// A reference to a schema.
pub(super) fn schema(name: &str) -> serde_json::Value {
    serde_json::json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A reference to a parameter.
pub(super) fn parameter(name: &str) -> serde_json::Value {
    serde_json::json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// A reference to a response.
pub(super) fn response(name: &str) -> serde_json::Value {
    serde_json::json!({ "$ref": format!("#/components/responses/{name}") })
}

/// A reference to a link.
pub(super) fn link(name: &str) -> serde_json::Value {
    serde_json::json!({ "$ref": format!("#/components/links/{name}") })
}

/// A reference to a response header.
pub(super) fn header(name: &str) -> serde_json::Value {
    serde_json::json!({ "$ref": format!("#/components/headers/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_of_its_resource_and_of_no_other() {
        let other = component("talks 2");
        assert!(is_of("talks.identifier", "talks") && is_of("talks.relationship.room.toOne", "talks"));
        assert!(!is_of("talks", "talks") && !is_of("talks-2.id", "talks"));
        assert!(!is_of(&format!("{other}.id"), "talks") && is_of(&format!("{other}.id"), &other));
    }
}
