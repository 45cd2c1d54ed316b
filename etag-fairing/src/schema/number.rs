//! Numbers in JSON text (RFC 8259 §6), with all their digits: `3.0` and `1e2` are whole numbers, and 2⁵³ + 1
//! is not rounded to 2⁵³.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The numbers in a JSON text.
#[derive(Debug, PartialEq)]
pub(crate) struct Numbers<'a> {
    /// The text, in which each whole number of at most 64 bits is written as an integer (`100` for `1e2`).
    pub(crate) text: Cow<'a, str>,
    /// Whether a float might lose digits of one of the numbers.
    pub(crate) is_lossy: bool,
    /// Whether one of the numbers is larger than any float.
    pub(crate) is_beyond: bool,
}

impl<'a> Numbers<'a> {
    /// Finds the numbers in a text. Nothing is checked if the text is not JSON.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut numbers = Self { text: Cow::Borrowed(text), is_lossy: false, is_beyond: false };
        // A shortcut, since most values are strings.
        if !text.bytes().any(|byte| byte.is_ascii_digit()) || text.trim_start().starts_with('"') {
            return numbers;
        }
        let bytes = text.as_bytes();
        let (mut at, mut copied, mut written) = (0, 0, String::new());
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => at = end_of_string(bytes, at),
                b'-' | b'0'..=b'9' => {
                    let length = bytes.iter().skip(at).take_while(|byte| is_of_number(**byte)).count();
                    let token = text.get(at..at + length).unwrap_or_default();
                    if let Some(whole) = numbers.see(token) {
                        written.push_str(text.get(copied..at).unwrap_or_default());
                        written.push_str(itoa::Buffer::new().format(whole));
                        copied = at + length;
                    }
                    at += length;
                }
                _ => at += 1,
            }
        }
        if copied > 0 {
            written.push_str(text.get(copied..).unwrap_or_default());
            numbers.text = Cow::Owned(written);
        }
        numbers
    }

    /// Examines one number. Returns its value if it is a whole number that is not written as an integer.
    fn see(&mut self, token: &str) -> Option<i64> {
        /// The number of decimal digits that a float always keeps.
        const KEPT: usize = 15;
        let digits = token.bytes().filter(u8::is_ascii_digit).count();
        let is_plain = token.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if is_plain && digits <= 18 && token != "-0" {
            return None;
        }
        let whole = whole(token);
        if whole.is_none() || !is_plain {
            self.is_lossy |= digits > KEPT;
            self.is_beyond |= token.parse::<f64>().is_ok_and(f64::is_infinite);
        }
        whole.filter(|_| !is_plain || token == "-0")
    }
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// The index after the string that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The exact value of a JSON number, if it is a whole number of at most 64 bits.
pub(crate) fn whole(token: &str) -> Option<i64> {
    let (sign, digits) = match token.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", token),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (digits, 0),
    };
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if integer.is_empty() || !(integer.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = [integer, fraction].concat();
    let zeros = significant.len() - significant.trim_end_matches('0').len();
    let significant = significant.trim_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    // The number of zeros after the significant digits. It is negative if the number is not whole.
    let zeros =
        exponent.checked_add(i64::try_from(zeros).ok()?)?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros < 20)?;
    format!("{sign}{significant}{}", "0".repeat(zeros)).parse().ok()
}

/// A JSON text without white space and with its members sorted by name. Of two members with the same name,
/// the last one counts. Numbers keep all their digits.
///
/// # Errors
/// If it is no JSON.
pub(crate) fn with_all_digits(text: &str) -> Result<String, serde_json::Error> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            let members = members.into_iter().map(|(name, value)| {
                Ok(format!("{}:{}", serde_json::to_string(&name)?, with_all_digits(value.get())?))
            });
            format!("{{{}}}", members.collect::<Result<Vec<_>, serde_json::Error>>()?.join(","))
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            let elements = elements.into_iter().map(|element| with_all_digits(element.get()));
            format!("[{}]", elements.collect::<Result<Vec<_>, _>>()?.join(","))
        }
        Some(b'-' | b'0'..=b'9') => text.into(),
        _ => serde_json::from_str::<serde_json::Value>(text)?.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_is_whole_however_it_is_written() {
        for (token, expected) in [
            ("3.0", 3),
            ("1e2", 100),
            ("1E+2", 100),
            ("100e-2", 1),
            ("-0", 0),
            ("-0.0", 0),
            ("0e999999999999", 0),
            ("12.50e1", 125),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("1000000000000000001.000", 1_000_000_000_000_000_001),
            ("9223372036854775807.0", i64::MAX),
            ("-9.223372036854775808e18", i64::MIN),
        ] {
            assert_eq!(whole(token), Some(expected), "{token}");
        }
        for token in
            ["1.5", "1e-1", "9223372036854775808.0", "1e19", "1e99999999999999999999", "1e9999", "", "-", "x"]
        {
            assert_eq!(whole(token), None, "{token}");
        }
    }

    #[test]
    fn numbers_are_found_outside_of_strings_alone() {
        let numbers = Numbers::of(r#"{"a 1e2":[1.0,"2.0\"3.0",1e2,-0,0.5],"b":12}"#);
        assert_eq!(numbers.text, r#"{"a 1e2":[1,"2.0\"3.0",100,0,0.5],"b":12}"#);
        assert!(!numbers.is_lossy && !numbers.is_beyond);
        for (text, is_lossy, is_beyond) in [
            ("12345678901234567890123", true, false),
            ("9223372036854775807", false, false),
            ("[0.1234567890123456789]", true, false),
            ("1e999", false, true),
            (r#"{"a":-1e400}"#, false, true),
            ("1e-400", false, false),
            (r#""1e999""#, false, false),
        ] {
            let numbers = Numbers::of(text);
            assert_eq!((numbers.is_lossy, numbers.is_beyond), (is_lossy, is_beyond), "{text}");
        }
    }

    #[test]
    fn digits_are_kept() {
        let text =
            " { \"b\" : 12345678901234567890123, \"a\":[ 1.0 , \"x y\" ],\"b\":0.10000000000000000001 } ";
        assert_eq!(with_all_digits(text).unwrap(), r#"{"a":[1.0,"x y"],"b":0.10000000000000000001}"#);
        assert!(with_all_digits("[1,").is_err());
    }
}
