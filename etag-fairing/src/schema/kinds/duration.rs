//! [`Kind::Duration`]: how long something takes, in microseconds. [`Kind::Seconds`] and [`Kind::Milliseconds`]: the same in
//! columns that other programs have made.

use std::fmt::Write;
use std::marker::PhantomData;

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

pub(super) static SECONDS: KindTraits = counted(Kind::Seconds, write_unit::<SECOND_LONG>);
pub(super) static MILLISECONDS: KindTraits = counted(Kind::Milliseconds, write_unit::<MILLISECOND_LONG>);

/// Two kinds whose numbers count different units are two families: their values are not compared with each other.
const fn counted(family: Kind, write: fn(ValueRef<'_>, &mut Vec<u8>) -> Result<(), Corrupt>) -> KindTraits {
    KindTraits {
        value: ValueType::Integer,
        family: Some(family),
        operators: Operators::Order,
        has_one_form: false,
        empty: ValueRef::Integer(0),
        is_canonical: |_| false,
        write,
        json_schema: || serde_json::json!({"type": "string", "format": "duration"}),
        sqlite: ColumnTypes { ours: "INTEGER", taken: &["INTEGER", "NUMERIC", "ANY"] },
        postgres: PostgresColumn {
            parameter: "bigint",
            compared_as: "bigint",
            types: ColumnTypes { ours: "bigint", taken: &["int8", "int4", "int2"] },
            as_text: None,
        },
    }
}

const SECOND: u128 = 1_000_000;
/// So many microseconds are one of a column's.
const SECOND_LONG: i64 = 1_000_000;
const MILLISECOND_LONG: i64 = 1_000;
const EXPECTED: &str = "a duration such as \"PT1H30M\", without years and months";

fn write(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    write_unit::<1>(value, out)
}

fn write_unit<const LONG: i64>(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Integer(number) = value else { return Err(Corrupt::expected("Duration", value)) };
    out.push(b'"');
    out.extend_from_slice(text(i128::from(number) * i128::from(LONG)).as_bytes());
    out.push(b'"');
    Ok(())
}

/// ISO 8601-1:2019 §5.5.2: hours, minutes and seconds, as far as there are any.
fn text(microseconds: i128) -> String {
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
            let unit = i128::from(*seconds) * i128::from(SECOND_LONG);
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

/// A duration of type `T` in a column of whole seconds, which another program has made.
///
/// `T` is chrono's `TimeDelta`, `std::time::Duration`, `time::Duration` or a type of your own of [`Kind::Duration`]. On a
/// field, write `#[jsonapi(stored = "seconds")]`. A duration that is not of whole seconds is refused, and never rounded.
#[derive(Debug)]
pub struct InSeconds<T>(PhantomData<fn() -> T>);

/// The same in a column of whole milliseconds: `#[jsonapi(stored = "milliseconds")]`.
#[derive(Debug)]
pub struct InMilliseconds<T>(PhantomData<fn() -> T>);

macro_rules! counted {
    ($($adapter:ident, $kind:ident, $long:ident, $stored:literal, $expected:literal;)*) => {$(
        impl<T: AttributeType> AttributeType for $adapter<T> {
            type Field = T::Field;

            const KIND: Kind = match T::KIND {
                Kind::Duration => Kind::$kind,
                _ => panic!(concat!(
                    "`stored = \"", $stored, "\"` is for durations: for times write `stored = \"unix ", $stored, "\"`"
                )),
            };
            const NULLABLE: bool = T::NULLABLE;

            fn from_json(json: &JsonValue) -> Result<T::Field, Mismatch> {
                let field = T::from_json(json)?;
                // Refuses what the column cannot hold.
                Self::to_value(&field).map(|_| field)
            }

            fn from_value(value: ValueRef<'_>) -> Result<T::Field, Corrupt> {
                let ValueRef::Integer(number) = value else { return Err(Corrupt::expected($stored, value)) };
                match number.checked_mul($long) {
                    Some(microseconds) => T::from_value(ValueRef::Integer(microseconds)),
                    None => Err(Corrupt::new(format!(concat!("{} ", $stored, " are too long a duration"), number))),
                }
            }

            fn to_value(field: &T::Field) -> Result<Value, Mismatch> {
                match T::to_value(field)? {
                    Value::Integer(microseconds) if microseconds % $long == 0 => {
                        Ok(Value::Integer(microseconds / $long))
                    }
                    _ => Err(Mismatch::new($expected)),
                }
            }
        }
    )*};
}

counted! {
    InSeconds, Seconds, SECOND_LONG, "seconds", "a duration of whole seconds, such as \"PT1H30M\"";
    InMilliseconds, Milliseconds, MILLISECOND_LONG, "milliseconds",
        "a duration of whole milliseconds, such as \"PT0.25S\"";
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
            assert_eq!(text(microseconds.into()), shown, "{written}");
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
        assert_eq!(read(&text(i64::MAX.into())), Some(i64::MAX));
        assert_eq!(read(&text(i64::MIN.into())), Some(i64::MIN));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(microseconds: i64) {
            prop_assert_eq!(read(&text(microseconds.into())), Some(microseconds));
        }

        #[test]
        fn what_is_counted_in_seconds_reads_back(seconds: i64) {
            let mut shown = Vec::new();
            prop_assert!(Kind::Seconds.write(ValueRef::Integer(seconds), &mut shown).is_ok());
            // No field can have it: then it is an odd value, and no panic.
            if let Ok(length) = InSeconds::<TimeDelta>::from_value(ValueRef::Integer(seconds)) {
                prop_assert_eq!(InSeconds::<TimeDelta>::to_value(&length), Ok(Value::Integer(seconds)));
                let json: JsonValue = serde_json::from_slice(&shown).expect("JSON");
                prop_assert_eq!(InSeconds::<TimeDelta>::from_json(&json), Ok(length));
            }
        }
    }
}
