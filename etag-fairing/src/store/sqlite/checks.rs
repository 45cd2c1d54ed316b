//! Which columns a check is about. SQLite names the check that failed, or gives its text, but not its columns.

/// A named check of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    name: String,
    words: Vec<String>,
}

/// The words of a piece of SQL: names, without their quotes, and single characters. Text and comments are left out.
pub(super) fn words(sql: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let end_of = |text: &str, end: char| {
            text.char_indices()
                .skip(1)
                .find(|(_, it)| *it == end)
                .map_or(text.len(), |(at, it)| at + it.len_utf8())
        };
        let inside = |text: &str| {
            let mut characters = text.chars();
            characters.next();
            characters.next_back();
            characters.as_str().to_owned()
        };
        let length = match first {
            '\'' => end_of(rest, '\''),
            '"' | '`' => {
                let length = end_of(rest, first);
                words.push(inside(rest.get(..length).unwrap_or_default()));
                length
            }
            '[' => {
                let length = end_of(rest, ']');
                words.push(inside(rest.get(..length).unwrap_or_default()));
                length
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            it if it.is_alphanumeric() || it == '_' => {
                let is_part = |it: char| it.is_alphanumeric() || it == '_' || it == '$';
                let length = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
                words.push(rest.get(..length).unwrap_or_default().to_owned());
                length
            }
            it => {
                if !it.is_whitespace() {
                    words.push(it.to_string());
                }
                it.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    words
}

/// The named checks in the definition of a table.
pub(super) fn named(definition: &str) -> Vec<Check> {
    let words = words(definition);
    let is = |at: usize, word: &str| words.get(at).is_some_and(|it| it.eq_ignore_ascii_case(word));
    let mut checks = Vec::new();
    for (at, name) in words.iter().enumerate().skip(1) {
        if !(is(at - 1, "CONSTRAINT") && is(at + 1, "CHECK") && is(at + 2, "(")) {
            continue;
        }
        let mut depth = 0_usize;
        let inside = words.iter().skip(at + 2).take_while(|word| {
            match word.as_str() {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > 0
        });
        checks.push(Check { name: name.clone(), words: inside.cloned().collect() });
    }
    checks
}

/// The columns that the check is about which SQLite tells of by its name or its text.
pub(super) fn columns_of<'a>(
    checks: &[Check],
    told: &str,
    columns: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let known = checks.iter().find(|check| check.name.eq_ignore_ascii_case(told));
    let of_text;
    let words = match known {
        Some(check) => &check.words,
        None => {
            of_text = words(told);
            &of_text
        }
    };
    columns
        .filter(|column| words.iter().any(|word| word.eq_ignore_ascii_case(column)))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_about_the_columns_that_its_text_names() {
        let table = "CREATE TABLE t (a INT CONSTRAINT positive CHECK (a > 0 AND b <> 'c'), \"b\" TEXT, \
                     -- CONSTRAINT none CHECK (a)\n c TEXT, CONSTRAINT [both of them] CHECK ((a) < (length([b]))))";
        let checks = named(table);
        let columns = |told: &str| columns_of(&checks, told, ["a", "b", "c"].into_iter());
        assert_eq!(columns("positive"), ["a", "b"]);
        assert_eq!(columns("both of them"), ["a", "b"]);
        assert_eq!(columns("length(\"c\") < 7"), ["c"]);
        assert_eq!(columns("none"), [""; 0]);
        assert_eq!(columns("'a' <> \"c"), [""; 0]);
        assert_eq!(columns(""), [""; 0]);
    }
}
