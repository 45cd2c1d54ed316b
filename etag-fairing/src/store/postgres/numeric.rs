//! `numeric` on the wire: decimal digits in groups of four.
//!
//! Number of groups, weight of the first (a power of 10 000), sign, digits behind the point; then the groups, each in
//! 16 bits, big-endian.

const NEGATIVE: u16 = 0x4000;

/// A number as the decimal with the fewest digits that is nearest to it.
pub(super) fn encode(number: f64, out: &mut Vec<u8>) {
    // Never in scientific notation.
    let text = number.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
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
    let sign = if number.is_sign_negative() && weight > 0 { NEGATIVE } else { 0 };
    out.extend(u16::try_from(weight).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(weight_of_first.to_be_bytes());
    out.extend(sign.to_be_bytes());
    out.extend(u16::try_from(fraction.len()).unwrap_or(u16::MAX).to_be_bytes());
    for group in groups {
        out.extend(group.to_be_bytes());
    }
}

/// The nearest float; `None` for what is no finite number, or no `numeric`.
pub(super) fn decode(bytes: &[u8]) -> Option<f64> {
    let mut words = bytes.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
    let (count, weight, sign, _) = (words.next()?, words.next()?.cast_signed(), words.next()?, words.next()?);
    let mut text = String::new();
    match sign {
        0 => {}
        NEGATIVE => text.push('-'),
        _ => return None,
    }
    text.push('0');
    let mut groups = 0;
    for group in words.by_ref().take(count.into()) {
        text.push_str(&format!("{group:04}"));
        groups += 1;
    }
    if groups != i32::from(count) {
        return None;
    }
    // The groups as one whole number, with the power of ten that puts the point where it belongs.
    text.push_str(&format!("e{}", 4 * (i32::from(weight) + 1 - groups)));
    text.parse().ok()
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
    fn what_is_no_number_is_none() {
        assert_eq!(decode(&[0, 0, 0, 0, 0xc0, 0, 0, 0]), None, "NaN");
        assert_eq!(decode(&[0, 0, 0, 0, 0xd0, 0, 0, 0]), None, "infinity");
        assert_eq!(decode(&[0, 2, 0, 0, 0, 0, 0, 0, 0, 1]), None, "too short");
    }
}
