//! The kinds of times: [`Kind::Timestamp`], [`Kind::DateTime`], [`Kind::Date`] and [`Kind::Time`].

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde_json::Value as JsonValue;

use super::text::text_of;
use crate::schema::json_text::{unfit, write_string};
use crate::schema::kind::{ColumnTypes, KindTraits, Operators, PostgresColumn, ValueType};
use crate::schema::time::{Moment, client, stored};
use crate::schema::{AttributeType, Corrupt, Kind, Mismatch, Value, ValueRef};

pub(super) static TIMESTAMP: KindTraits = traits(
    Kind::Timestamp,
    "1970-01-01T00:00:00.000000Z",
    |text| stored::is_canonical(Kind::Timestamp, text),
    |value, out| write_time(Kind::Timestamp, value, out),
    || serde_json::json!({"type": "string", "format": "date-time"}),
    &["timestamptz"],
    "to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
);

pub(super) static DATE_TIME: KindTraits = traits(
    Kind::DateTime,
    "1970-01-01T00:00:00.000000",
    |text| stored::is_canonical(Kind::DateTime, text),
    |value, out| write_time(Kind::DateTime, value, out),
    || serde_json::json!({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?$"}),
    &["timestamp"],
    "to_char($1, 'YYYY-MM-DD\"T\"HH24:MI:SS.US')",
);

pub(super) static DATE: KindTraits = traits(
    Kind::Date,
    "1970-01-01",
    |text| stored::is_canonical(Kind::Date, text),
    write_date,
    || serde_json::json!({"type": "string", "format": "date"}),
    &["date"],
    "to_char($1, 'YYYY-MM-DD')",
);

pub(super) static TIME: KindTraits = traits(
    Kind::Time,
    "00:00:00.000000",
    |text| stored::is_canonical(Kind::Time, text),
    |value, out| write_time(Kind::Time, value, out),
    || serde_json::json!({"type": "string", "pattern": r"^\d{2}:\d{2}:\d{2}(\.\d{1,9})?$"}),
    &["time"],
    "to_char($1, 'HH24:MI:SS.US')",
);

/// The traits of a kind of times. All of them are text of a fixed form that sorts as they do. `postgres` is the one
/// type that such columns have in PostgreSQL.
const fn traits(
    kind: Kind,
    empty: &'static str,
    is_canonical: fn(&str) -> bool,
    write: fn(ValueRef<'_>, &mut Vec<u8>) -> Result<(), Corrupt>,
    json_schema: fn() -> JsonValue,
    postgres: &'static [&'static str; 1],
    as_text: &'static str,
) -> KindTraits {
    let [name] = *postgres;
    KindTraits {
        value: ValueType::Text,
        family: Some(kind),
        operators: Operators::Order,
        has_one_form: false,
        empty: ValueRef::Text(empty),
        is_canonical,
        write,
        json_schema,
        sqlite: ColumnTypes { ours: "TEXT", taken: &["TEXT", "NUMERIC", "ANY"] },
        postgres: PostgresColumn {
            parameter: name,
            compared_as: name,
            types: ColumnTypes { ours: name, taken: postgres },
            as_text: Some(as_text),
        },
    }
}

fn write_date(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Text(text) = value else { return Err(Corrupt::expected("Date", value)) };
    client::read(Kind::Date, text).ok_or_else(|| unfit("a date", text))?;
    write_string(text, out);
    Ok(())
}

/// Writes a time without the zeros at the end of its fraction. They exist only so that texts sort as times.
fn write_time(kind: Kind, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let ValueRef::Text(text) = value else { return Err(Corrupt::expected(&format!("{kind:?}"), value)) };
    let zone = if kind == Kind::Timestamp { "Z" } else { "" };
    if kind == Kind::Timestamp && stored::is_whole_second(text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return Ok(());
    }
    let normalized;
    let canonical = if stored::has_own_form(kind, text) {
        text
    } else {
        // If other programs write to the table, it may hold another form.
        normalized = stored::canonical(kind, value, None)?;
        normalized.as_str()
    };
    let time = canonical.strip_suffix(zone).unwrap_or(canonical).trim_end_matches('0');
    // `…:30.` loses its point, and `…:30.5` keeps its fraction.
    let time = time.strip_suffix('.').unwrap_or(time);
    out.push(b'"');
    out.extend_from_slice(time.as_bytes());
    out.extend_from_slice(zone.as_bytes());
    out.push(b'"');
    Ok(())
}

macro_rules! times {
    ($($time:ty, $kind:ident, $make:expr, $take:expr;)*) => {$(
        impl AttributeType for $time {
            type Field = Self;

            const KIND: Kind = Kind::$kind;

            fn from_json(json: &JsonValue) -> Result<Self, Mismatch> {
                const EXPECTED: &str = client::expected(Kind::$kind);
                let text = text_of(json, EXPECTED)?;
                client::read(Kind::$kind, text).and_then($take).ok_or_else(|| Mismatch::new(EXPECTED))
            }

            fn from_value(value: ValueRef<'_>) -> Result<Self, Corrupt> {
                stored::read(Kind::$kind, value, None)
                    .and_then(|(moment, _)| $take(moment))
                    .ok_or_else(|| stored::unreadable(Kind::$kind, value))
            }

            fn to_value(field: &Self) -> Result<Value, Mismatch> {
                $make(*field)
                    .map(|moment: Moment| Value::Text(moment.canonical(Kind::$kind).as_str().into()))
                    .ok_or_else(|| Mismatch::new("of a year from 0 to 9999"))
            }
        }
    )*};
}

/// The types of the crate time.
#[cfg(feature = "time")]
mod of_time_crate {
    use ::time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
    use chrono::{Datelike, Timelike};

    use super::*;

    /// The Julian day before the first day that chrono counts.
    const JULIAN: i32 = 1_721_425;

    fn to_offset(moment: Moment) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment.unix()) * 1000).ok()
    }

    fn of_offset(time: OffsetDateTime) -> Option<Moment> {
        Moment::from_unix(i64::try_from(time.unix_timestamp_nanos().div_euclid(1000)).ok()?)
    }

    fn to_date(moment: Moment) -> Option<Date> {
        Date::from_julian_day(moment.date().num_days_from_ce() + JULIAN).ok()
    }

    fn of_date(date: Date) -> Option<Moment> {
        Moment::of_date(NaiveDate::from_num_days_from_ce_opt(date.to_julian_day() - JULIAN)?)
    }

    fn to_time(moment: Moment) -> Option<Time> {
        let time = moment.to_time()?;
        let part = |number: u32| u8::try_from(number).ok();
        let (hour, minute, second) = (part(time.hour())?, part(time.minute())?, part(time.second())?);
        Time::from_hms_micro(hour, minute, second, time.nanosecond() / 1000).ok()
    }

    fn of_time(time: Time) -> Option<Moment> {
        let (hour, minute, second, micro) = time.as_hms_micro();
        Moment::of_time(NaiveTime::from_hms_micro_opt(hour.into(), minute.into(), second.into(), micro)?)
    }

    times! {
        OffsetDateTime, Timestamp, of_offset, to_offset;
        PrimitiveDateTime, DateTime,
            |time: PrimitiveDateTime| of_offset(time.assume_utc()),
            |moment: Moment| to_offset(moment).map(|time| PrimitiveDateTime::new(time.date(), time.time()));
        Date, Date, of_date, to_date;
        Time, Time, of_time, to_time;
    }

    #[cfg(test)]
    mod tests {
        use proptest::prelude::*;
        use serde_json::json;

        use super::*;
        use crate::schema::parse;

        #[test]
        fn what_chrono_reads_the_crate_time_reads() {
            for text in
                ["2018-03-24T13:30:00.123456+08:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
            {
                assert_eq!(
                    parse::<OffsetDateTime>(&json!(text)),
                    parse::<DateTime<Utc>>(&json!(text)),
                    "{text}"
                );
            }
            for text in ["2018-03-24T13:30:00.5", "1969-12-31T23:59", "2018-02-30T00:00:00"] {
                let read = parse::<NaiveDateTime>(&json!(text));
                assert_eq!(parse::<PrimitiveDateTime>(&json!(text)), read, "{text}");
            }
            for text in ["2018-03-24", "0000-02-29", "9999-12-31", "2018-2-3"] {
                assert_eq!(parse::<Date>(&json!(text)), parse::<NaiveDate>(&json!(text)), "{text}");
            }
            for text in ["13:30", "00:00:00.000001", "23:59:59.999999", "24:00"] {
                assert_eq!(parse::<Time>(&json!(text)), parse::<NaiveTime>(&json!(text)), "{text}");
            }
        }

        proptest! {
            #[test]
            fn what_is_stored_reads_back(seconds in -62_167_219_200_i64..253_402_300_800, micro in 0_i64..1_000_000) {
                let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap() + ::time::Duration::microseconds(micro);
                let Ok(value) = <OffsetDateTime as AttributeType>::to_value(&time) else { panic!("{time}") };
                prop_assert_eq!(OffsetDateTime::from_value(value.as_ref()), Ok(time));
                let Ok(value) = <Date as AttributeType>::to_value(&time.date()) else { panic!("{time}") };
                prop_assert_eq!(Date::from_value(value.as_ref()), Ok(time.date()));
                let Ok(value) = <Time as AttributeType>::to_value(&time.time()) else { panic!("{time}") };
                prop_assert_eq!(Time::from_value(value.as_ref()), Ok(time.time()));
            }
        }
    }
}

times! {
    DateTime<Utc>, Timestamp, |time: DateTime<Utc>| Moment::of_date_time(time.naive_utc()), Moment::to_utc;
    NaiveDateTime, DateTime, Moment::of_date_time, Moment::to_date_time;
    NaiveDate, Date, Moment::of_date, |moment: Moment| Some(moment.date());
    NaiveTime, Time, Moment::of_time, Moment::to_time;
}
