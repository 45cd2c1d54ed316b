//! [`Kind::Duration`]: how long something takes, in microseconds.

use std::fmt::Write;

use chrono::TimeDelta;
use serde_json::Value as JsonValue;

use super::text::text_of;
use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TRAITS: KindTraits = KindTraits {
    value: ValueType::Integer,
    family: Some(Kind::Duration),
    operators: Operators::Order,
    has_one_form: false,
    empty: ValueRef::Integer(0),
    is_canonical: |_| false,
    write,
    json_schema: || serde_json::json!({"type": "string", "format": "duration"}),
    sqlite: ColumnTypes { ours: "INTEGER", taken: &["INTEGER"] },
    postgres: PostgresColumn {
        parameter: "interval",
        compared_as: "interval",
        types: ColumnTypes { ours: "interval", taken: &["interval", "int8"] },
        as_text: None,
    },
};

const SECOND: u64 = 1_000_000;
const EXPECTED: &str = "a duration such as \"PT1H30M\", without years and months";

fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Integer(microseconds) = value else { return Err(Corrupt::expected("Duration", value)) };
    out.push(b'"');
    out.extend_from_slice(text(microseconds).as_bytes());
    out.push(b'"');
    Ok(())
}

/// ISO 8601-1:2019 §5.5.2: hours, minutes and seconds, as far as there are any.
fn text(microseconds: i64) -> String {
    let length = microseconds.unsigned_abs();
    let mut text = String::from(if microseconds < 0 { "-PT" } else { "PT" });
    let (hours, minutes) = (length / (3600 * SECOND), length / (60 * SECOND) % 60);
    let (seconds, fraction) = (length / SECOND % 60, length % SECOND);
    // Writing to a string does not fail.
    if hours > 0 {
        let _ = write!(text, "{hours}H");
    }
    if minutes > 0 {
        let _ = write!(text, "{minutes}M");
    }
    if fraction > 0 {
        let digits = format!("{fraction:06}");
        let _ = write!(text, "{seconds}.{}S", digits.trim_end_matches('0'));
    } else if seconds > 0 || length == 0 {
        let _ = write!(text, "{seconds}S");
    }
    text
}

/// The microseconds of a duration that a client has written; digits beyond them are cut off. The parts come in their
/// order, each at most once, and only the last one may have a fraction.
fn read(text: &str) -> Option<i64> {
    let (is_negative, length) = match text.strip_prefix('-') {
        Some(length) => (true, length),
        None => (false, text),
    };
    let (days, time) = match length.strip_prefix('P')?.split_once('T') {
        Some((_, "")) | None if length.len() < 3 => return None,
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (length.strip_prefix('P')?, ""),
    };
    let mut sum = 0_i128;
    let mut is_ended = false;
    for (part, units) in
        [(days, &[('W', 604_800), ('D', 86_400)][..]), (time, &[('H', 3600), ('M', 60), ('S', 1)])]
    {
        let mut rest = part;
        for (unit, seconds) in units {
            let Some((number, behind)) = rest.split_once(*unit) else { continue };
            if is_ended {
                return None;
            }
            let (whole, fraction) = number
                .split_once(['.', ','])
                .map_or((number, None), |(whole, fraction)| (whole, Some(fraction)));
            let is_number =
                |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number(whole) || whole.len() > 18 || fraction.is_some_and(|digits| !is_number(digits)) {
                return None;
            }
            let unit = i128::from(*seconds) * i128::from(SECOND);
            sum += whole.parse::<i128>().ok()? * unit;
            if let Some(digits) = fraction {
                is_ended = true;
                let digits = digits.get(..digits.len().min(15))?;
                sum += digits.parse::<i128>().ok()? * unit / 10_i128.pow(u32::try_from(digits.len()).ok()?);
            }
            rest = behind;
        }
        if !rest.is_empty() {
            return None;
        }
    }
    i64::try_from(if is_negative { -sum } else { sum }).ok()
}

/// Implements `AttributeType` by the conversions from and to microseconds.
macro_rules! durations {
    ($($type:ty, $make:expr, $take:expr, $expected:expr;)*) => {$(
        impl AttributeType for $type {
            type Field = Self;

            const KIND: Kind = Kind::Duration;

            fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
                let text = text_of(json, $expected)?;
                read(text).and_then($take).ok_or_else(|| Mismatch::new($expected))
            }

            fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
                match value {
                    ValueRef::Integer(microseconds) => $take(microseconds)
                        .ok_or_else(|| Corrupt::new(format!("{microseconds} microseconds cannot be {}", $expected))),
                    other => Err(Corrupt::expected("microseconds", other)),
                }
            }

            fn to_value(field: &Self) -> Result<Value, Mismatch> {
                $make(field).map(Value::Integer).ok_or_else(|| Mismatch::new("less than 290,000 years"))
            }
        }
    )*};
}

const NOT_NEGATIVE: &str = "a duration such as \"PT1H30M\", without years and months, and not negative";

durations! {
    TimeDelta, |length: &TimeDelta| length.num_microseconds(), |length: i64| Some(TimeDelta::microseconds(length)), EXPECTED;
    std::time::Duration,
        |length: &std::time::Duration| i64::try_from(length.as_micros()).ok(),
        |length: i64| u64::try_from(length).ok().map(std::time::Duration::from_micros),
        NOT_NEGATIVE;
}

#[cfg(feature = "time")]
durations! {
    ::time::Duration,
        |length: &::time::Duration| i64::try_from(length.whole_microseconds()).ok(),
        |length: i64| Some(::time::Duration::microseconds(length)),
        EXPECTED;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_duration_is_read_as_iso_8601_writes_it() {
        for (written, microseconds, shown) in [
            ("PT0S", 0, "PT0S"),
            ("P0D", 0, "PT0S"),
            ("-PT0S", 0, "PT0S"),
            ("PT1H30M", 5_400_000_000, "PT1H30M"),
            ("PT90M", 5_400_000_000, "PT1H30M"),
            ("PT1.5H", 5_400_000_000, "PT1H30M"),
            ("P1DT12H", 129_600_000_000, "PT36H"),
            ("P2W", 1_209_600_000_000, "PT336H"),
            ("PT0,25S", 250_000, "PT0.25S"),
            ("-PT5S", -5_000_000, "-PT5S"),
            ("PT1H0.0000019S", 3_600_000_001, "PT1H0.000001S"),
            ("PT61S", 61_000_000, "PT1M1S"),
        ] {
            assert_eq!(read(written), Some(microseconds), "{written}");
            assert_eq!(text(microseconds), shown, "{written}");
        }
        for written in [
            "",
            "P",
            "PT",
            "-P",
            "P1",
            "1H",
            "PT1",
            "P1Y",
            "P1M",
            "P1DT",
            "PT1S1H",
            "PT1H1H",
            "PT1.5H1M",
            "PT-1S",
            "+PT1S",
            "pt1s",
            "PT.5S",
            "PT5.S",
            "PT1e3S",
            "PT 1S",
            "P1H",
            "PT1D",
            "PT99999999999999999999S",
            "P1DT1.5H1S",
            "PT٣S",
        ] {
            assert_eq!(read(written), None, "{written}");
        }
        assert_eq!(read(&text(i64::MAX)), Some(i64::MAX));
        assert_eq!(read(&text(i64::MIN)), Some(i64::MIN));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(microseconds: i64) {
            prop_assert_eq!(read(&text(microseconds)), Some(microseconds));
        }
    }
}
