//! Names in the document: of components and of operations.

use crate::schema::Description;

/// The name of a component: letters, digits, `.`, `-` and `_` (OpenAPI 3.1.1 §4.8.7). Every other character of a member
/// name is written as its code, so that two names stay two.
pub(super) fn component(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => out.push(letter),
            other => out.push_str(&format!(".{:x}.", u32::from(other))),
        }
    }
    out
}

/// The component of a resource with this ending; none for the resource object itself.
pub(super) fn of(resource: &Description, ending: &str) -> String {
    let name = component(resource.type_name);
    if ending.is_empty() { name } else { format!("{name}.{ending}") }
}

/// The component of a polymorphic relationship with this ending: it leads to several resources, so that it is of none.
pub(super) fn of_relationship(resource: &Description, member: &str, ending: &str) -> String {
    of(resource, &format!("relationship.{}.{ending}", component(member)))
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

/// A reference to a response header.
pub(super) fn header(name: &str) -> serde_json::Value {
    serde_json::json!({ "$ref": format!("#/components/headers/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_stay_two_components() {
        assert_eq!(component("session-types_2"), "session-types_2");
        assert_eq!(component("größe"), "gr.f6..df.e");
        assert_ne!(component("a b"), component("a.b"));
    }
}
