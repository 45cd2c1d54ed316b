//! The times that clients write: RFC 3339 for instants, and the same form without an offset for all other
//! times (ISO 8601-1).
//!
//! No other form is read. An error is better than a time that the client did not mean.

use chrono::{Datelike, NaiveDate};

use super::{
    calendar::{DAY, Moment},
    scan::Scan,
};
use crate::schema::Kind;

/// What a client's value of this kind must be, as a phrase that completes “must be …”.
pub(crate) const fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Timestamp => "a date and time with its offset (RFC 3339), such as 2018-03-24T13:30:00Z",
        Kind::DateTime => "a date and time without an offset, such as 2018-03-24T13:30:00",
        Kind::Date => "a date, such as 2018-03-24",
        _ => "a time of day, such as 13:30:00",
    }
}

/// Reads a client's time.
pub(crate) fn read(kind: Kind, text: &str) -> Option<Moment> {
    let mut scan = Scan::new(text);
    let moment = match kind {
        Kind::Timestamp => timestamp(&mut scan),
        Kind::DateTime => {
            let date = scan.date()?;
            scan.one_of(b"T")?;
            Moment::new(date, time(&mut scan)?)
        }
        Kind::Date => Moment::of_date(scan.date()?),
        _ => Moment::from_unix(time(&mut scan)?),
    };
    moment.filter(|_| scan.is_at_end())
}

/// RFC 3339 §5.6, `date-time`: `T` and `Z` may be in lower case. The seconds and the offset are mandatory.
fn timestamp(scan: &mut Scan<'_>) -> Option<Moment> {
    let date = scan.date()?;
    scan.one_of(b"Tt")?;
    let minutes = scan.hours_and_minutes()?;
    scan.one_of(b":")?;
    let second = scan.digits(2).filter(|second| *second <= 60)?;
    let fraction = match scan.one_of(b".") {
        Some(_) => scan.fraction()?.0,
        None => 0,
    };
    let offset = match scan.one_of(b"Zz+-")? {
        b'+' => scan.hours_and_minutes()?,
        b'-' => -scan.hours_and_minutes()?,
        _ => 0,
    };
    let minute = minutes - offset;
    if second == 60 && !ends_a_month(date, minute) {
        return None;
    }
    // A leap second becomes the second after it, since POSIX clocks and PostgreSQL have no leap seconds.
    Moment::new(date, (minute * 60 + i64::from(second)) * 1_000_000 + fraction)
}

/// RFC 3339 §5.7: a leap second is at the end of a month, at 23:59:60 UTC.
fn ends_a_month(date: NaiveDate, minute: i64) -> bool {
    let utc = Moment::new(date, minute * 60_000_000);
    let next = utc.and_then(|utc| Moment::new(utc.date(), DAY)).map(Moment::date);
    utc.is_some_and(|utc| utc.time_of_day() == DAY - 60_000_000) && next.is_none_or(|next| next.day() == 1)
}

/// Reads `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f` as microseconds. A leap second is not read, since without an
/// offset nobody can check it.
fn time(scan: &mut Scan<'_>) -> Option<i64> {
    let minutes = scan.hours_and_minutes()?;
    if scan.one_of(b":").is_none() {
        return Some(minutes * 60_000_000);
    }
    let second = scan.digits(2).filter(|second| *second < 60)?;
    let fraction = match scan.one_of(b".") {
        Some(_) => scan.fraction()?.0,
        None => 0,
    };
    Some((minutes * 60 + i64::from(second)) * 1_000_000 + fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: Kind, text: &str) -> Option<String> {
        read(kind, text).map(|moment| moment.canonical(kind).as_str().to_owned())
    }

    #[test]
    fn an_instant_is_rfc_3339() {
        for (text, canonical) in [
            ("2018-03-24T13:30:00Z", "2018-03-24T13:30:00.000000Z"),
            ("2018-03-24t13:30:00z", "2018-03-24T13:30:00.000000Z"),
            ("2018-03-24T13:30:00+08:00", "2018-03-24T05:30:00.000000Z"),
            ("2018-03-24T13:30:00-08:30", "2018-03-24T22:00:00.000000Z"),
            ("2018-03-24T13:30:00-00:00", "2018-03-24T13:30:00.000000Z"),
            ("2018-03-24T13:30:00+23:59", "2018-03-23T13:31:00.000000Z"),
            ("2018-03-24T13:30:00.5Z", "2018-03-24T13:30:00.500000Z"),
            ("2018-03-24T13:30:00.1234567890123Z", "2018-03-24T13:30:00.123456Z"),
            ("2020-02-29T00:00:00Z", "2020-02-29T00:00:00.000000Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"),
            ("2016-12-31T23:59:60.25Z", "2017-01-01T00:00:00.250000Z"),
            ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000000Z"),
            ("2015-07-01T02:59:60+03:00", "2015-07-01T00:00:00.000000Z"),
        ] {
            assert_eq!(told(Kind::Timestamp, text).as_deref(), Some(canonical), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_an_instant() {
        for text in [
            "",
            "2018",
            "2018-03-24",
            "2018-03-24T13:30:00",
            "2018-03-24 13:30:00",
            "2018-03-24 13:30:00Z",
            "2018-03-24T13:30Z",
            "2018-03-24T13Z",
            "24-03-24 13:30:00",
            "24-03-24T13:30:00Z",
            "02018-03-24T13:30:00Z",
            "10000-01-01T00:00:00Z",
            "+2018-03-24T13:30:00Z",
            "-2018-03-24T13:30:00Z",
            "-0001-03-24T13:30:00Z",
            " 2018-03-24T13:30:00Z",
            "2018-03-24T13:30:00Z ",
            "2018-03-24T13:30:00Z\n",
            "2018-03-24T 13:30:00Z",
            "2018-3-24T13:30:00Z",
            "2018-03-24T1:30:00Z",
            "2018-03-24T+3:30:00Z",
            "2018-02-29T13:30:00Z",
            "2018-04-31T13:30:00Z",
            "2018-00-10T13:30:00Z",
            "2018-13-10T13:30:00Z",
            "2018-01-00T13:30:00Z",
            "2018-03-24T24:00:00Z",
            "2018-03-24T13:60:00Z",
            "2018-03-24T13:30:61Z",
            "2018-03-24T13:30:60Z",
            "2016-12-30T23:59:60Z",
            "2016-12-31T23:59:60+01:00",
            "2018-03-24T13:30:00.Z",
            "2018-03-24T13:30:00,5Z",
            "2018-03-24T13:30:00.5",
            "2018-03-24T13:30:00+24:00",
            "2018-03-24T13:30:00+08:60",
            "2018-03-24T13:30:00+0800",
            "2018-03-24T13:30:00+08",
            "2018-03-24T13:30:00+8:00",
            "2018-03-24T13:30:00 +08:00",
            "2018-03-24T13:30:00UTC",
            "2018-03-24T13:30:00Z[Europe/Berlin]",
            "20180324T133000Z",
            "2018-W12-6T13:30:00Z",
            "2018-083T13:30:00Z",
            "２０１８-03-24T13:30:00Z",
            "1521898200",
            "infinity",
            "now",
            // In UTC, the first two are in the year 10000 and the last one is in the year -1.
            "9999-12-31T23:30:00-05:00",
            "9999-12-31T23:59:60Z",
            "0000-01-01T00:00:00+00:01",
        ] {
            assert_eq!(told(Kind::Timestamp, text), None, "{text:?}");
        }
    }

    #[test]
    fn the_others_have_no_offset() {
        for (kind, text, canonical) in [
            (Kind::DateTime, "2018-03-24T13:30:00", "2018-03-24T13:30:00.000000"),
            (Kind::DateTime, "2018-03-24T13:30", "2018-03-24T13:30:00.000000"),
            (Kind::DateTime, "2018-03-24T13:30:00.25", "2018-03-24T13:30:00.250000"),
            (Kind::Date, "2020-02-29", "2020-02-29"),
            (Kind::Date, "9999-12-31", "9999-12-31"),
            (Kind::Time, "13:30:00", "13:30:00.000000"),
            (Kind::Time, "13:30", "13:30:00.000000"),
            (Kind::Time, "23:59:59.999999", "23:59:59.999999"),
        ] {
            assert_eq!(told(kind, text).as_deref(), Some(canonical), "{text}");
        }
        for (kind, text) in [
            (Kind::DateTime, "2018-03-24 13:30:00"),
            (Kind::DateTime, "2018-03-24t13:30:00"),
            (Kind::DateTime, "2018-03-24T13:30:00Z"),
            (Kind::DateTime, "2018-03-24T13:30:00+08:00"),
            (Kind::DateTime, "2018-03-24"),
            (Kind::DateTime, "24-03-24T13:30:00"),
            (Kind::DateTime, "2016-12-31T23:59:60"),
            (Kind::DateTime, "2018-03-24T24:00:00"),
            (Kind::Date, "18-03-24"),
            (Kind::Date, "2018-3-24"),
            (Kind::Date, "+2018-03-24"),
            (Kind::Date, "12018-03-24"),
            (Kind::Date, "2018-03-24 "),
            (Kind::Date, "2018-03-24T00:00:00"),
            (Kind::Date, "2018-02-30"),
            (Kind::Date, "2018-W12-6"),
            (Kind::Time, "1:30:00"),
            (Kind::Time, "24:00:00"),
            (Kind::Time, "23:59:60"),
            (Kind::Time, "13:30:00Z"),
            (Kind::Time, "13:30:00,5"),
            (Kind::Time, "13:30:00."),
            (Kind::Time, "T13:30:00"),
            (Kind::Time, " 13:30:00"),
            (Kind::Time, "13"),
            (Kind::Time, "1:30 PM"),
        ] {
            assert_eq!(told(kind, text), None, "{text:?}");
        }
    }
}
