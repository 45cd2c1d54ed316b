//! Member names (JSON:API §6.8).

/// Whether it is one: letters, digits and non-ASCII characters; within, also `-`, `_` and space.
pub(crate) fn is_member_name(name: &str) -> bool {
    let globally_allowed = |letter: char| letter.is_ascii_alphanumeric() || letter >= '\u{80}';
    name.chars().all(|letter| globally_allowed(letter) || matches!(letter, '-' | '_' | ' '))
        && name.starts_with(globally_allowed)
        && name.ends_with(globally_allowed)
}
