//! `numeric` on the wire: decimal digits in groups of four.
//!
//! Number of groups, weight of the first (a power of 10 000), sign, digits behind the point; then the groups, each in
//! 16 bits, big-endian.

const NEGATIVE: u16 = 0x4000;

/// A float as the decimal with the fewest digits that is nearest to it.
pub(super) fn encode(number: f64, out: &mut Vec<u8>) {
    // Never in scientific notation.
    encode_text(&number.to_string(), out);
}

/// A decimal number, of which this is the plain text, with all its digits.
pub(super) fn encode_text(number: &str, out: &mut Vec<u8>) {
    let text = number.strip_prefix('-').unwrap_or(number);
    let is_negative = text.len() != number.len();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    // Both sides of the point in groups of four.
    let mut digits = "0".repeat((4 - whole.len() % 4) % 4);
    digits.push_str(whole);
    let mut weight = digits.len() / 4;
    digits.push_str(fraction);
    digits.push_str(&"0".repeat((4 - fraction.len() % 4) % 4));
    let groups = digits.as_bytes().chunks(4).map(|four| {
        four.iter().fold(0_u16, |group, digit| group * 10 + u16::from(digit.saturating_sub(b'0')))
    });
    let mut groups: Vec<u16> = groups.collect();
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    let mut weight_of_first = i16::try_from(weight).unwrap_or(i16::MAX) - 1;
    weight_of_first -= i16::try_from(leading).unwrap_or(0);
    weight = groups.len();
    if weight == 0 {
        weight_of_first = 0;
    }
    let sign = if is_negative && weight > 0 { NEGATIVE } else { 0 };
    out.extend(u16::try_from(weight).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(weight_of_first.to_be_bytes());
    out.extend(sign.to_be_bytes());
    out.extend(u16::try_from(fraction.len()).unwrap_or(u16::MAX).to_be_bytes());
    for group in groups {
        out.extend(group.to_be_bytes());
    }
}

/// The parts of a number on the wire.
struct Number<'a> {
    is_negative: bool,
    /// The power of 10 000 of the first group.
    weight: i32,
    /// How many digits are shown behind the point.
    scale: usize,
    groups: &'a [u8],
}

impl<'a> Number<'a> {
    /// `None` for what is no finite number, or no `numeric`.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let (head, groups) = bytes.split_at_checked(8)?;
        let word = |at: usize| Some(u16::from_be_bytes(head.get(at..at + 2)?.try_into().ok()?));
        let count = usize::from(word(0)?);
        let is_negative = match word(4)? {
            0 => false,
            NEGATIVE => true,
            _ => return None,
        };
        let weight = word(2)?.cast_signed().into();
        Some(Self { is_negative, weight, scale: word(6)?.into(), groups: groups.get(..2 * count)? })
    }

    fn groups(&self) -> impl ExactSizeIterator<Item = u16> {
        self.groups.chunks_exact(2).map(|word| match word {
            [high, low] => u16::from_be_bytes([*high, *low]),
            _ => 0,
        })
    }
}

/// The nearest float; `None` for what is no finite number, or no `numeric`.
pub(super) fn decode(bytes: &[u8]) -> Option<f64> {
    let number = Number::of(bytes)?;
    let mut text = String::from(if number.is_negative { "-0" } else { "0" });
    let groups = number.groups();
    let count = i32::try_from(groups.len()).ok()?;
    for group in groups {
        text.push_str(&format!("{group:04}"));
    }
    // The groups as one whole number, with the power of ten that puts the point where it belongs.
    text.push_str(&format!("e{}", 4 * (number.weight + 1 - count)));
    text.parse().ok()
}

/// Writes the number with all its digits, as PostgreSQL itself does; `None` for what is no finite number, or no
/// `numeric`.
pub(super) fn decode_text(bytes: &[u8], text: &mut String) -> Option<()> {
    let number = Number::of(bytes)?;
    let (mut whole, mut fraction) = (String::new(), String::new());
    for _ in number.weight..-1 {
        fraction.push_str("0000");
    }
    let mut power = number.weight;
    for group in number.groups() {
        let side = if power >= 0 { &mut whole } else { &mut fraction };
        side.push_str(&format!("{group:04}"));
        power -= 1;
    }
    // Groups of zeros at the end are left out on the wire.
    for _ in 0..=power.max(-1) {
        whole.push_str("0000");
    }
    fraction.extend(std::iter::repeat_n('0', number.scale.saturating_sub(fraction.len())));
    fraction.truncate(number.scale);
    let whole = whole.trim_start_matches('0');
    text.clear();
    if number.is_negative {
        text.push('-');
    }
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(&fraction);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [
            0.0,
            1.0,
            -1.0,
            0.1,
            12.5,
            10_000.0,
            99_999.999,
            1e-7,
            123_456_789.012_345,
            -1e300,
            5e-324,
            f64::MAX,
        ] {
            let mut bytes = Vec::new();
            encode(number, &mut bytes);
            assert_eq!(decode(&bytes), Some(number), "{number}");
        }
    }

    #[test]
    fn all_digits_come_back() {
        for number in [
            "0",
            "0.00",
            "12.50",
            "-0.0001",
            "0.00001000",
            "10000",
            "100000000.00",
            "-9999.9999",
            "123456789012345678901234567890.123456789012345678901234567890",
            "100000000000000000000",
            "5.00000000000000000001",
        ] {
            let (mut bytes, mut text) = (Vec::new(), String::new());
            encode_text(number, &mut bytes);
            assert_eq!(decode_text(&bytes, &mut text), Some(()), "{number}");
            assert_eq!(text, number);
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        assert_eq!(decode(&[0, 0, 0, 0, 0xc0, 0, 0, 0]), None, "NaN");
        assert_eq!(decode(&[0, 0, 0, 0, 0xd0, 0, 0, 0]), None, "infinity");
        assert_eq!(decode(&[0, 2, 0, 0, 0, 0, 0, 0, 0, 1]), None, "too short");
    }
}
