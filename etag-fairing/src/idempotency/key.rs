//! Keys as clients send them.

/// The most characters of a key.
const LONGEST: usize = 255;

/// Reads the value of `Idempotency-Key`: a string of RFC 8941 (§3.3.3), whose parameters mean nothing here. Many clients
/// send the text without the quotes; that is the same key, if it has no character that needs them.
///
/// # Errors
/// With what is wrong with it, as the rest of a sentence that begins with the header's name.
pub(crate) fn parse_key(value: &str) -> Result<String, &'static str> {
    let value = value.trim_matches([' ', '\t']);
    let key = match value.strip_prefix('"') {
        Some(quoted) => unquoted(quoted).ok_or("must be one string in quotes, such as \"8e03978e-40d5\"")?,
        None if value.bytes().all(is_bare) => value.to_owned(),
        None => return Err("must be one string in quotes, such as \"8e03978e-40d5\""),
    };
    match key.len() {
        0 => Err("is empty"),
        1..=LONGEST => Ok(key),
        _ => Err("is longer than 255 characters"),
    }
}

/// A character that a key without quotes may have: a letter, a digit, and what cannot be taken for the end of the key.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/=@".contains(&byte)
}

/// The text of a string whose first quote is gone; `None` if it is none.
fn unquoted(quoted: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => break,
            '\\' => text.push(characters.next().filter(|next| matches!(next, '"' | '\\'))?),
            plain @ ' '..='~' => text.push(plain),
            _ => return None,
        }
    }
    let rest = characters.as_str().trim_start_matches(' ');
    (rest.is_empty() || rest.starts_with(';')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_strings_of_rfc_8941_or_the_same_without_quotes() {
        for (value, expected) in [
            ("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"", Some("8e03978e-40d5-43e8-bc93-6894a57f9324")),
            ("8e03978e-40d5-43e8-bc93-6894a57f9324", Some("8e03978e-40d5-43e8-bc93-6894a57f9324")),
            ("  \"a b, c\"  ", Some("a b, c")),
            (r#""a\"b\\c""#, Some("a\"b\\c")),
            ("\"a\";v=1", Some("a")),
            ("\"a\" ; v", Some("a")),
            ("dGVzdA==", Some("dGVzdA==")),
            ("", None),
            ("\"\"", None),
            ("\"", None),
            ("\"a", None),
            ("a\"", None),
            ("\"a\"b", None),
            ("\"a\", \"b\"", None),
            ("a, b", None),
            ("a b", None),
            (r#""\n""#, None),
            ("\"\u{e4}\"", None),
            ("\u{e4}", None),
            ("\"a\tb\"", None),
        ] {
            assert_eq!(parse_key(value).ok().as_deref(), expected, "{value:?}");
        }
        assert!(parse_key(&"k".repeat(255)).is_ok());
        assert!(parse_key(&"k".repeat(256)).is_err());
        assert!(parse_key(&format!("\"{}\"", "k".repeat(255))).is_ok());
        assert!(parse_key(&format!("\"{}\"", "k".repeat(256))).is_err());
    }
}
