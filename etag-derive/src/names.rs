//! Names: case rules for members, defaults for columns, and what may be a name at all.

/// How a field's name becomes a member name; the rules and their names are serde's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum CaseRule {
    #[default]
    Camel,
    Pascal,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
    Lower,
    Upper,
}

impl CaseRule {
    /// Each rule by what `rename_all` calls it.
    pub(crate) const ALL: [(&'static str, Self); 8] = [
        ("camelCase", Self::Camel),
        ("PascalCase", Self::Pascal),
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("SCREAMING-KEBAB-CASE", Self::ScreamingKebab),
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
    ];

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, rule)| *rule)
    }

    /// The member name of a field whose name is in snake case.
    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::Snake | Self::Lower => field.to_owned(),
            Self::ScreamingSnake | Self::Upper => field.to_uppercase(),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_uppercase().replace('_', "-"),
            Self::Pascal => field.split('_').map(capitalized).collect(),
            Self::Camel => {
                let mut words = field.split('_').filter(|word| !word.is_empty());
                let first = words.next().map(str::to_lowercase).unwrap_or_default();
                first + &words.map(capitalized).collect::<String>()
            }
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The snake case of a type's name: `OpenEvent` is `open_event`, `HTTPServer` is `http_server`.
pub(crate) fn snake_case(type_name: &str) -> String {
    let characters: Vec<char> = type_name.chars().collect();
    let mut snake = String::new();
    for (index, character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| characters.get(index));
        let after = characters.get(index + 1);
        let starts_word = character.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts_word {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

/// Why this cannot be a member name, or a type (JSON:API 1.1 §7.2.3, §7.4.2): a phrase for after “`x` ”.
pub(crate) fn member_name_fault(name: &str) -> Option<String> {
    let Some(first) = name.chars().next() else {
        return Some("has no character".into());
    };
    let globally_allowed = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    if let Some(bad) = name.chars().find(|&c| !globally_allowed(c) && !matches!(c, '-' | '_' | ' ')) {
        return Some(format!("has the character {bad:?}"));
    }
    if !globally_allowed(first) {
        return Some(format!("starts with {first:?}"));
    }
    name.chars().next_back().filter(|&last| !globally_allowed(last)).map(|last| format!("ends with {last:?}"))
}

/// Why this cannot be a URL's path segment, as Rocket takes it; a phrase for after “`x` ”.
pub(crate) fn segment_fault(segment: &str) -> Option<String> {
    // RFC 3986 §2.3, unreserved: no encoding, so that routes, links and requests all have it in one form.
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    match segment {
        "" => Some("has no character".into()),
        "." | ".." => Some("means another folder".into()),
        _ => segment.chars().find(|&c| !allowed(c)).map(|bad| format!("has the character {bad:?}")),
    }
}

/// The known name that the user most likely meant.
pub(crate) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (written.chars().count() * 2 / 5).max(1);
    known
        .iter()
        .map(|name| (distance(written, name), *name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// Edits (insert, delete, replace) from one to the other; case and `-` for `_` count nothing.
fn distance(left: &str, right: &str) -> usize {
    let fold = |text: &str| text.to_lowercase().replace('-', "_").chars().collect::<Vec<_>>();
    let (left, right) = (fold(left), fold(right));
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, from) in left.iter().enumerate() {
        let mut next = vec![above + 1];
        for (index, to) in right.iter().enumerate() {
            let replaced = row[index] + usize::from(from != to);
            next.push(replaced.min(row[index + 1] + 1).min(next[index] + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_rules() {
        let rows = [
            (CaseRule::Camel, "startsAt"),
            (CaseRule::Pascal, "StartsAt"),
            (CaseRule::Snake, "starts_at"),
            (CaseRule::ScreamingSnake, "STARTS_AT"),
            (CaseRule::Kebab, "starts-at"),
            (CaseRule::ScreamingKebab, "STARTS-AT"),
            (CaseRule::Lower, "starts_at"),
            (CaseRule::Upper, "STARTS_AT"),
        ];
        for (rule, name) in rows {
            assert_eq!(rule.apply("starts_at"), name, "{rule:?}");
            assert_eq!(CaseRule::ALL.iter().filter(|(_, known)| *known == rule).count(), 1);
        }
        assert_eq!(CaseRule::Camel.apply("_hidden__word"), "hiddenWord");
        assert_eq!(CaseRule::Camel.apply("été_où"), "étéOù");
    }

    #[test]
    fn snake_case_splits_words() {
        let rows = [
            ("Session", "session"),
            ("OpenEvent", "open_event"),
            ("HTTPServer", "http_server"),
            ("Day2Plan", "day2_plan"),
            ("V2", "v2"),
            ("already_snake", "already_snake"),
        ];
        for (name, snake) in rows {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn member_names_by_json_api() {
        for name in ["a", "Z", "7", "startsAt", "starts-at", "starts_at", "two words", "é", "a-_ b"] {
            assert_eq!(member_name_fault(name), None, "{name:?}");
        }
        for name in ["", "-a", "a-", "_a", "a_", " a", "a ", "-", "@a", "ns:a"] {
            assert!(member_name_fault(name).is_some(), "{name:?}");
        }
        for reserved in "+,.[]!\"#$%&'()*/:;<=>?@\\^`{|}~\u{0}\t\n\u{7f}".chars() {
            let name = format!("a{reserved}b");
            assert!(member_name_fault(&name).is_some_and(|fault| fault.contains("character")), "{name:?}");
        }
    }

    #[test]
    fn segments_stand_in_urls_as_they_are() {
        for segment in ["sessions", "session-types", "v1.0", "a~b"] {
            assert_eq!(segment_fault(segment), None, "{segment:?}");
        }
        for segment in ["", ".", "..", "a/b", "<id>", "a b", "é", "a?b", "a#b", "%20", "a:b", "a+b"] {
            assert!(segment_fault(segment).is_some(), "{segment:?}");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested() {
        let known = ["rename", "rename_all", "read_only", "table"];
        assert_eq!(nearest("rname", &known), Some("rename"));
        assert_eq!(nearest("readonly", &known), Some("read_only"));
        assert_eq!(nearest("read-only", &known), Some("read_only"));
        assert_eq!(nearest("Table", &known), Some("table"));
        assert_eq!(nearest("tabel", &known), Some("table"));
        assert_eq!(nearest("primary_key", &known), None);
    }
}
