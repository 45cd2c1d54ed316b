//! The patterns of [`Part::Like`](crate::store::Part::Like), read once for every dialect.

/// A pattern in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
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
                // Twice in a row is as good as once.
                ('%', _) if tokens.last() == Some(&Token::Any) => continue,
                ('%', _) => Token::Any,
                ('_', _) => Token::One,
                (other, _) => Token::Literal(other),
            };
            tokens.push(token);
        }
        Self(tokens)
    }

    /// Its parts in order.
    pub(crate) fn tokens(&self) -> &[Token] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_escapes_what_means_something() {
        let literals = |text: &str| text.chars().map(Token::Literal).collect::<Vec<_>>();
        assert_eq!(Pattern::parse(r"\%\_\\").tokens(), literals(r"%_\"));
        assert_eq!(Pattern::parse(r"\a\").tokens(), literals(r"\a\"));
        assert_eq!(Pattern::parse("%%_%").tokens(), [Token::Any, Token::One, Token::Any]);
    }
}
