//! Names of schemas in OpenAPI documents, and in links to them.

/// The name of a component for a member name: letters, digits, `-` and `_` stay (OpenAPI 3.1.1 §4.8.7). Every other
/// character is written as its code, so that two names stay two.
pub(crate) fn component(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => out.push(letter),
            other => out.push_str(&format!(".{:x}.", u32::from(other))),
        }
    }
    out
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
