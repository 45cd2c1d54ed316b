//! Case folding: which texts are the same where case doesn't count.

use std::borrow::Cow;

/// Stands for `ı` while it is folded: a noncharacter, which no text should have.
pub(crate) const DOTLESS: char = '\u{fdd0}';

/// The text with its case folded, in full and without regard to a language (Unicode 3.13, D144, “default caseless
/// matching”; CaseFolding.txt, statuses C and F): `ß` as `ss`, `Σ` and `ς` as `σ`, `İ` as `i̇`, `ı` as itself. It is not
/// normalized: `é` of one character is not `é` of two.
///
/// As lower case of upper case of lower case, since that is what databases have: the same classes come of it.
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
