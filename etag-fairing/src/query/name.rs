//! Names of query parameters (JSON:API §9, §11.1).

use crate::schema::member_name::is_member_name;

/// The parts of a parameter's name: `filter[author.name][eq]` is the base `filter` with two pairs of brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParameterName<'a> {
    /// The name of the family.
    pub(super) base: &'a str,
    /// What each pair of brackets holds: nothing, a member name, or several with dots between.
    pub(super) brackets: Vec<&'a str>,
}

impl<'a> ParameterName<'a> {
    /// `None` if the name is not of a legal family.
    pub(super) fn parse(name: &'a str) -> Option<Self> {
        let (base, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
        let mut brackets = Vec::new();
        while !rest.is_empty() {
            let (inside, behind) = rest.strip_prefix('[')?.split_once(']')?;
            if !inside.is_empty() && !inside.split('.').all(is_member_name) {
                return None;
            }
            brackets.push(inside);
            rest = behind;
        }
        is_base_name(base).then_some(Self { base, brackets })
    }
}

/// A base name is a member name; one of an extension has its namespace before a colon (JSON:API §9.2).
fn is_base_name(base: &str) -> bool {
    match base.split_once(':') {
        Some((namespace, name)) => {
            !namespace.is_empty()
                && namespace.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && is_member_name(name)
        }
        None => is_member_name(base),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m3_brackets_hold_member_names_dotted_lists_or_nothing() {
        let parse = |name| ParameterName::parse(name).map(|name| (name.base, name.brackets));
        assert_eq!(parse("page[size]"), Some(("page", vec!["size"])));
        assert_eq!(parse("filter[a.b][]"), Some(("filter", vec!["a.b", ""])));
        assert_eq!(parse("sort"), Some(("sort", vec![])));
        assert_eq!(parse("filter[größe]"), Some(("filter", vec!["größe"])));
        for illegal in [
            "",
            "_",
            "[a]",
            "filter[_]",
            "filter[a",
            "filter]a[",
            "filter[a]b",
            "filter[a..b]",
            "filter[.a]",
            "filter[a.]",
            "filter[a b-]",
            "filter[[a]]",
            "filter[a]]",
            "q[",
            "a+b",
            "a.b",
            ":a",
            "a:",
            "a_:b",
        ] {
            assert_eq!(parse(illegal), None, "{illegal}");
        }
    }

    #[test]
    fn m6_extension_parameters_have_a_namespace() {
        assert_eq!(ParameterName::parse("version:id").map(|name| name.base), Some("version:id"));
    }
}
