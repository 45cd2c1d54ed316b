//! The patterns of [`Part::Like`](crate::plan::Part::Like), parsed for all dialects.

use crate::plan::{Part, fold_case};

/// Whether case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Case matters.
    Exact,
    /// Case doesn't matter.
    Folded,
}

impl Case {
    pub(super) fn of(case_sensitive: bool) -> Self {
        if case_sensitive { Self::Exact } else { Self::Folded }
    }
}

/// A pattern, split into its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// `%`: any characters, or none.
    Any,
    /// `_`: one character.
    One,
    /// This character.
    Literal(char),
}

impl Pattern {
    /// Reads a pattern. A `\` that escapes nothing stands for itself.
    pub(crate) fn parse(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let escaped = match character {
                '\\' => characters.next_if(|next| matches!(next, '%' | '_' | '\\')),
                _ => None,
            };
            let token = match (character, escaped) {
                (_, Some(escaped)) => Token::Literal(escaped),
                // Several `%` in a row mean the same as one.
                ('%', _) if tokens.last() == Some(&Token::Any) => continue,
                ('%', _) => Token::Any,
                ('_', _) => Token::One,
                (other, _) => Token::Literal(other),
            };
            tokens.push(token);
        }
        Self(tokens)
    }

    /// The pattern of texts with this part.
    pub(crate) fn of_part(part: Part, text: &str) -> Self {
        if part == Part::Like {
            return Self::parse(text);
        }
        let before = (part != Part::Start).then_some(Token::Any);
        let after = (part != Part::End).then_some(Token::Any);
        Self(before.into_iter().chain(text.chars().map(Token::Literal)).chain(after).collect())
    }

    /// Whether it has three letters or digits in a row, of which an index of trigrams has the texts.
    pub(crate) fn has_trigram(&self) -> bool {
        let is_word =
            |token: &Token| matches!(token, Token::Literal(character) if character.is_alphanumeric());
        self.0.windows(3).any(|three| three.iter().all(is_word))
    }

    /// What a text begins with that matches.
    pub(crate) fn beginning(&self) -> String {
        let literals = self.0.iter().map_while(|token| match token {
            Token::Literal(character) => Some(*character),
            Token::Any | Token::One => None,
        });
        literals.collect()
    }

    /// The pattern in a database's syntax, with its signs for any characters and for one character. `quoted`
    /// escapes a character that has another meaning there.
    pub(crate) fn written(
        &self,
        case: Case,
        any: char,
        one: char,
        quoted: impl Fn(char) -> Option<String>,
    ) -> String {
        let mut written = String::new();
        for token in &self.0 {
            match *token {
                Token::Any => written.push(any),
                Token::One => written.push(one),
                Token::Literal(character) => match quoted(character) {
                    Some(quoted) => written.push_str(&quoted),
                    None if case == Case::Exact => written.push(character),
                    None => written.push_str(&fold_case(character.encode_utf8(&mut [0; 4]))),
                },
            }
        }
        written
    }
}

/// The first text, by code points, that lies behind all texts with this beginning; `None` if there is none.
pub(super) fn end_of_beginning(beginning: &str) -> Option<String> {
    let mut end = beginning.to_owned();
    while let Some(last) = end.pop() {
        // Between these two there are no characters, only halves of such.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_alike_lies_before_its_end() {
        for (beginning, end) in [
            ("ab", Some("ac")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}\u{10ffff}", None),
        ] {
            assert_eq!(end_of_beginning(beginning).as_deref(), end, "{beginning:?}");
            let Some(end) = end else { continue };
            for rest in ["", "a", "\u{10ffff}\u{10ffff}"] {
                let text = format!("{beginning}{rest}");
                assert!(*beginning <= *text && *text < *end, "{text:?}");
            }
        }
    }

    #[test]
    fn a_pattern_begins_with_what_stands_before_its_first_sign() {
        for (pattern, beginning) in
            [("ab%c", "ab"), ("_ab", ""), (r"a\%b_", "a%b"), ("abc", "abc"), ("%", "")]
        {
            assert_eq!(Pattern::parse(pattern).beginning(), beginning, "{pattern}");
        }
    }

    #[test]
    fn a_backslash_escapes_what_means_something() {
        let literals = |text: &str| text.chars().map(Token::Literal).collect::<Vec<_>>();
        assert_eq!(Pattern::parse(r"\%\_\\").0, literals(r"%_\"));
        assert_eq!(Pattern::parse(r"\a\").0, literals(r"\a\"));
        assert_eq!(Pattern::parse("%%_%").0, [Token::Any, Token::One, Token::Any]);
    }
}
