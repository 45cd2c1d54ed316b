//! Exact decimal numbers, as the text of their digits: money and measures that no float may round.
//!
//! The text is plain, without an exponent: `-12.50`. Zeros at its end are kept, since they say how exact a number is
//! meant to be, so that one number may have several texts.

use std::borrow::Cow;
use std::cmp::Ordering;

/// How many digits an exponent may make: as many as the largest float has.
const MOST_BY_EXPONENT: usize = 400;

/// The number that a text stands for (the grammar of RFC 8259 §6, but zeros may stand before the digits), as plain
/// text; `None` if it is no number.
pub(crate) fn parse(text: &str) -> Option<Cow<'_, str>> {
    if is_plain(text) {
        return Some(Cow::Borrowed(text));
    }
    let (sign, number) = match text.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", text),
    };
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?)
        }
        None => (number, 0_i32),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let shift = usize::try_from(exponent.unsigned_abs()).ok().filter(|shift| *shift <= MOST_BY_EXPONENT)?;
    let (whole, fraction) = if exponent >= 0 {
        let padded = format!("{fraction}{}", "0".repeat(shift.saturating_sub(fraction.len())));
        let (more, rest) = padded.split_at(shift);
        (format!("{whole}{more}"), rest.to_owned())
    } else {
        let padded = format!("{}{whole}", "0".repeat(shift.saturating_sub(whole.len())));
        let (rest, less) = padded.split_at(padded.len() - shift);
        (rest.to_owned(), format!("{less}{fraction}"))
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let is_zero = whole == "0" && fraction.bytes().all(|byte| byte == b'0');
    let sign = if is_zero { "" } else { sign };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(Cow::Owned(format!("{sign}{whole}{point}{fraction}")))
}

/// Whether a text is as [`parse`] writes it.
pub(crate) fn is_plain(text: &str) -> bool {
    let number = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && (whole == "0" || !whole.starts_with('0'))
        && (number.len() == text.len() || number.bytes().any(|byte| (b'1'..=b'9').contains(&byte)))
}

/// The parts of a plain text: whether it is negative, and the digits before and behind the point without the zeros
/// that count for nothing.
fn parts(text: &str) -> (bool, &str, &str) {
    let number = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    (number.len() != text.len(), whole.trim_start_matches('0'), fraction.trim_end_matches('0'))
}

/// The order of two numbers in plain text.
pub(crate) fn order(left: &str, right: &str) -> Ordering {
    let ((left_is_negative, left_whole, left_rest), (right_is_negative, right_whole, right_rest)) =
        (parts(left), parts(right));
    let by_size = || {
        let whole = left_whole.len().cmp(&right_whole.len()).then_with(|| left_whole.cmp(right_whole));
        whole.then_with(|| left_rest.cmp(right_rest))
    };
    match (left_is_negative, right_is_negative) {
        (false, false) => by_size(),
        (true, true) => by_size().reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// How many digits a number needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    /// Before the point, without zeros at the beginning.
    pub(crate) before: usize,
    /// Behind the point, without zeros at the end.
    pub(crate) behind: usize,
    /// From the first that is not zero to the last that is not zero.
    pub(crate) significant: usize,
}

impl Digits {
    /// Those of a number in plain text.
    pub(crate) fn of(text: &str) -> Self {
        let (_, whole, rest) = parts(text);
        let significant = match (whole, rest) {
            (whole, "") => whole.trim_end_matches('0').len(),
            ("", rest) => rest.trim_start_matches('0').len(),
            (whole, rest) => whole.len() + rest.len(),
        };
        Self { before: whole.len(), behind: rest.len(), significant }
    }
}

/// How many digits a column's type declares, as in `NUMERIC(10, 2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "columns declare them")
)]
pub(crate) struct DeclaredDigits {
    precision: i64,
    scale: i64,
}

#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "columns declare them")
)]
impl DeclaredDigits {
    /// Those of a declared type, or of the elements of one of lists; `None` if it is no decimal type, or says nothing of
    /// digits.
    pub(crate) fn of(declared: &str) -> Option<Self> {
        let (name, numbers) =
            declared.trim_end_matches("[]").trim_end().strip_suffix(')')?.split_once('(')?;
        let name = name.trim().to_ascii_lowercase();
        if !["numeric", "decimal", "dec", "number", "money"].contains(&name.as_str()) {
            return None;
        }
        let mut numbers = numbers.split(',').map(|number| number.trim().parse::<i64>().ok());
        let precision = numbers.next()??;
        Some(Self { precision, scale: numbers.next().unwrap_or(Some(0))? })
    }

    /// The digits before and behind the point.
    pub(crate) fn places(self) -> (usize, usize) {
        let places = |number: i64| usize::try_from(number).unwrap_or(0);
        (places(self.precision.saturating_sub(self.scale)), places(self.scale))
    }

    /// Whether a number in plain text has no more digits than these. The scale may be negative: then the last digits
    /// before the point must be zeros.
    pub(crate) fn hold(self, number: &str) -> bool {
        let (_, whole, rest) = parts(number);
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let (highest, lowest) = match (whole, rest) {
            ("", "") => return true,
            (whole, "") => (length(whole), length(whole) - length(whole.trim_end_matches('0'))),
            ("", rest) => (length(rest.trim_start_matches('0')) - length(rest), -length(rest)),
            (whole, rest) => (length(whole), -length(rest)),
        };
        highest <= self.precision.saturating_sub(self.scale) && -lowest <= self.scale
    }
}

/// A text whose order by bytes is the order of the numbers, the same for each text of one number; `None` for what is
/// no plain text.
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "SQLite's order goes by it"))]
pub(crate) fn sort_key(text: &str) -> Option<String> {
    if !is_plain(text) {
        return None;
    }
    let (is_negative, whole, rest) = parts(text);
    if whole.is_empty() && rest.is_empty() {
        return Some("1".into());
    }
    // The number is 0.digits times ten to the power.
    let (power, digits) = match whole {
        "" => {
            let digits = rest.trim_start_matches('0');
            (-i64::try_from(rest.len() - digits.len()).ok()?, digits.to_owned())
        }
        whole => (i64::try_from(whole.len()).ok()?, format!("{whole}{rest}")),
    };
    let digits = digits.trim_end_matches('0');
    let power = 5_000_000_000 + power;
    Some(if is_negative {
        // Turned round, digit by digit. The sign at the end is larger than a digit, since here the shorter number is
        // the larger one.
        let turned: String = digits.bytes().map(|digit| char::from(b'9' + b'0' - digit)).collect();
        format!("0{:010}{turned}~", 9_999_999_999 - power)
    } else {
        format!("2{power:010}{digits}")
    })
}

/// A float keeps each decimal number of so many significant digits apart from all others, and so gives them back.
pub(crate) const KEPT_BY_FLOAT: usize = 15;

/// The decimal number that a float stands for: the one with at most 15 significant digits, if it has one. Where its
/// column says how many digits stand behind the point, what lies beyond is the float's own error, and not data.
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "SQLite's columns hold floats"))]
pub(crate) fn of_float(float: f64, scale: Option<usize>) -> Option<String> {
    if !float.is_finite() {
        return None;
    }
    let is_kept = |text: &str| Digits::of(text).significant <= KEPT_BY_FLOAT;
    let exact = parse(&float.to_string())?.into_owned();
    if is_kept(&exact) {
        return Some(exact);
    }
    let rounded = format!("{float:.*}", scale?);
    let rounded = parse(&rounded)?.into_owned();
    (is_kept(&rounded) && rounded.parse() == Ok(float) || is_near(float, &rounded)).then_some(rounded)
}

/// Whether a float lies so near to a number that both have the same 15 significant digits.
fn is_near(float: f64, number: &str) -> bool {
    let digits = |float: f64| format!("{float:.*e}", KEPT_BY_FLOAT - 1);
    number.parse().is_ok_and(|number: f64| digits(number) == digits(float))
}

/// The number with at least so many digits behind the point.
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "SQLite drops zeros"))]
pub(crate) fn with_scale(number: String, scale: usize) -> String {
    let behind = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let missing = scale.saturating_sub(behind);
    if missing == 0 {
        return number;
    }
    let point = if behind == 0 { "." } else { "" };
    format!("{number}{point}{}", "0".repeat(missing))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_read_in_each_spelling() {
        for (text, plain) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("12.50", "12.50"),
            ("007.5", "7.5"),
            ("1e2", "100"),
            ("1.25e1", "12.5"),
            ("-1.5E-3", "-0.0015"),
            ("125e-2", "1.25"),
            ("0e400", "0"),
            (
                "123456789012345678901234567890.12345678901234567890",
                "123456789012345678901234567890.12345678901234567890",
            ),
        ] {
            assert_eq!(parse(text).as_deref(), Some(plain), "{text}");
            assert!(is_plain(plain), "{plain}");
        }
        for text in
            ["", "-", ".5", "5.", "+1", "1e", "1e401", "1e99999999999", "NaN", "1,5", " 1", "1_0", "0x1", "٣"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in ["-0", "00", "1e2", ".5", "-0.0"] {
            assert!(!is_plain(text), "{text}");
        }
    }

    #[test]
    fn digits_are_counted_without_zeros_that_count_for_nothing() {
        for (text, before, behind, significant) in [
            ("0", 0, 0, 0),
            ("12.50", 2, 1, 3),
            ("1200", 4, 0, 2),
            ("0.0012", 0, 4, 2),
            ("-1000.001", 4, 3, 7),
        ] {
            assert_eq!(Digits::of(text), Digits { before, behind, significant }, "{text}");
        }
    }

    #[test]
    fn a_declared_type_says_how_many_digits_it_holds() {
        for (declared, held, refused) in [
            ("NUMERIC(10,2)", &["0", "99999999.99", "-1.5", "1.50000"][..], &["100000000", "0.001"][..]),
            ("decimal(5, 5)", &["0.12345", "0"], &["1", "0.123456"]),
            ("numeric(3)", &["999", "12.000"], &["1000", "1.5"]),
            ("numeric(2,-3)", &["99000", "0", "-1000"], &["100000", "1500", "1"]),
            ("numeric(2,4)", &["0.0099", "0.001"], &["0.01", "0.00001"]),
            ("numeric(3,1)[]", &["99.9"], &["100", "0.01"]),
        ] {
            let digits = DeclaredDigits::of(declared).expect("a decimal type");
            for number in held {
                assert!(digits.hold(number), "{number} in {declared}");
            }
            for number in refused {
                assert!(!digits.hold(number), "{number} in {declared}");
            }
        }
        for declared in ["numeric", "FLOAT(24)", "VARCHAR(10)", "REAL(10,2)", "numeric()", "", "numeric(x,2)"]
        {
            assert_eq!(DeclaredDigits::of(declared), None, "{declared}");
        }
        assert_eq!(DeclaredDigits::of("NUMERIC(10,2)").map(DeclaredDigits::places), Some((8, 2)));
    }

    #[test]
    fn a_float_is_the_number_of_15_digits_that_was_put_in() {
        for (float, scale, text) in [
            (0.99, None, Some("0.99")),
            (2328.6, None, Some("2328.6")),
            (1e15, None, Some("1000000000000000")),
            (123_456_789_012.345, None, Some("123456789012.345")),
            (0.1 + 0.2, None, None),
            (0.1 + 0.2, Some(2), Some("0.30")),
            (13.860_000_000_000_001, Some(2), Some("13.86")),
            (0.123_456_789_012_345_68, Some(2), None),
            (f64::NAN, Some(2), None),
            (f64::INFINITY, None, None),
        ] {
            assert_eq!(of_float(float, scale).as_deref(), text, "{float} {scale:?}");
        }
        assert_eq!(with_scale("1".into(), 2), "1.00");
        assert_eq!(with_scale("0.5".into(), 2), "0.50");
        assert_eq!(with_scale("0.555".into(), 2), "0.555");
    }

    /// Whole numbers of thousandths, which are compared as such.
    fn thousandths(number: i64) -> String {
        let text = format!(
            "{}{}.{:03}",
            if number < 0 { "-" } else { "" },
            number.abs() / 1000,
            number.abs() % 1000
        );
        parse(&text).expect("a number").into_owned()
    }

    proptest! {
        #[test]
        fn numbers_are_ordered_by_what_they_mean(left in -2_000_000_i64..2_000_000, right in -2_000_000_i64..2_000_000, by in 0_u32..5) {
            let (left, right) = (left / 10_i64.pow(by), right / 10_i64.pow(by));
            let (a, b) = (thousandths(left), thousandths(right));
            prop_assert_eq!(order(&a, &b), left.cmp(&right));
            prop_assert_eq!(sort_key(&a).unwrap().cmp(&sort_key(&b).unwrap()), left.cmp(&right));
            let shorter = a.trim_end_matches('0').trim_end_matches('.');
            let shorter = if shorter.is_empty() || shorter == "-" { "0" } else { shorter };
            prop_assert_eq!(sort_key(shorter), sort_key(&a));
            prop_assert_eq!(order(shorter, &a), Ordering::Equal);
        }

        #[test]
        fn what_has_15_digits_comes_back_from_a_float(digits in 1_i64..999_999_999_999_999, behind in 0_usize..20) {
            let text = parse(&format!("{digits}e-{behind}")).unwrap().into_owned();
            let back = of_float(text.parse().unwrap(), None);
            prop_assert!(back.is_some_and(|back| order(&back, &text).is_eq()));
        }
    }
}
