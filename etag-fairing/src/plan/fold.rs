//! Case folding: the texts that are equal if case doesn't matter.

use std::borrow::Cow;

/// Replaces `ı` during folding. It is a noncharacter, which no text should contain.
pub(crate) const DOTLESS: char = '\u{fdd0}';

/// The text with its case folded, by full folding that does not depend on a language (Unicode 3.13, D144,
/// “default caseless matching”; CaseFolding.txt, statuses C and F): `ß` as `ss`, `Σ` and `ς` as `σ`, `İ` as
/// `i̇`, `ı` as itself. The text is not normalized: `é` as one character differs from `é` as two.
///
/// It is computed by lower case, upper case and lower case again, since databases have these functions. The
/// result distinguishes the same texts as the folding of Unicode.
pub fn fold_case(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => text.to_ascii_lowercase().into(),
            false => text.into(),
        };
    }
    let protected = text.replace('ı', DOTLESS.encode_utf8(&mut [0; 4]));
    protected.to_lowercase().to_uppercase().to_lowercase().replace('ς', "σ").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unicode_folds_alike_is_alike() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("ẞ", "ss"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("İ", "i\u{307}"),
            ("ǅ", "Ǆ"),
            ("ǅ", "ǆ"),
            ("K", "k"),
            ("Å", "å"),
            ("ﬁ", "FI"),
            ("ᏸ", "Ᏸ"),
            ("ꭰ", "Ꭰ"),
            ("ΰ", "\u{3c5}\u{308}\u{301}"),
            ("ᾈ", "ἀι"),
            ("ſ", "S"),
            ("µ", "Μ"),
            ("ÄÖÜ É", "äöü é"),
            ("Ა", "ა"),
        ] {
            assert_eq!(fold_case(one), fold_case(other), "{one} {other}");
        }
        for (one, other) in [("ı", "i"), ("ı", "I"), ("é", "e\u{301}"), ("ä", "a"), ("İ", "i")] {
            assert_ne!(fold_case(one), fold_case(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_folded_stays_as_it_is() {
        for character in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let folded = fold_case(character.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(fold_case(&folded), folded, "{character:?}");
        }
    }
}
