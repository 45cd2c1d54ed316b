//! The forms of texts, as regular expressions (ECMA-262, as JSON Schema has them).

/// Any text. U+0000 is refused: PostgreSQL cannot store it.
pub(super) const TEXT: &str = crate::schema::TEXT_PATTERN;

/// A text of a list in a query parameter, where commas stand between texts.
pub(super) const NO_COMMA: &str = r"^[^,\u0000]+$";

/// A pattern of `like`: `\` stands before `%`, `_` or `\` only, and `%` stands at 8 positions at most.
pub(super) const LIKE: &str = r"^(?:(?:[^%\\\u0000]|\\[%_\\])*%+){0,8}(?:[^%\\\u0000]|\\[%_\\])*$";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::limits::MAX_WILDCARDS;

    #[test]
    fn the_pattern_of_like_has_the_limit_of_filters() {
        assert!(LIKE.contains(&format!("{{0,{MAX_WILDCARDS}}}")));
    }
}
