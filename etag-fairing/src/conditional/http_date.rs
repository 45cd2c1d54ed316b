//! Dates of the conditional fields, RFC 9110 §5.6.7.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::format::{Parsed, StrftimeItems};
use chrono::{DateTime, Datelike, Months, Timelike, Utc};

use super::tag_list::trim_ows;

// The crate `httpdate` knows no dates before 1970 and fixes the century of two-digit years in its source. Both would decide
// whether a write is let through, so that dates are read with chrono here.

/// A date of HTTP: whole seconds, in UTC, of the years 0000 to 9999.
///
/// Dates before 1970 are dates as any others. Printed as an IMF-fixdate, the one form that may be sent.
///
/// ```
/// use etag_fairing::conditional::HttpDate;
///
/// let date = HttpDate::parse(b"Sun Nov  6 08:49:37 1994").unwrap();
/// assert_eq!(date.unix_seconds(), 784_111_777);
/// assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(i64);

impl HttpDate {
    /// 0000-01-01T00:00:00Z.
    const FIRST: i64 = -62_167_219_200;
    /// 9999-12-31T23:59:59Z.
    const LAST: i64 = 253_402_300_799;

    /// The date this many seconds after 1970-01-01T00:00:00Z, or before it if negative. A date before the year 0 or after
    /// the year 9999, which HTTP cannot write, becomes the first or the last date that it can.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(Self::FIRST, Self::LAST))
    }

    /// Seconds after 1970-01-01T00:00:00Z, negative before it.
    pub fn unix_seconds(self) -> i64 {
        self.0
    }

    /// This moment.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Reads a field value in one of the three forms of RFC 9110 §5.6.7; `None` for anything else, such as a
    /// list, a zone other than GMT, or a day of the week that the date does not fall on.
    ///
    /// Reads the clock if the year has two digits; [`parse_at`](Self::parse_at) does not.
    pub fn parse(value: &[u8]) -> Option<Self> {
        parse(value, Self::now)
    }

    /// As [`parse`](Self::parse), at a given moment. A year of two digits is the latest with these digits that
    /// is not more than 50 years after `now`.
    pub fn parse_at(value: &[u8], now: HttpDate) -> Option<Self> {
        parse(value, || now)
    }

    fn date_time(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }
}

impl From<SystemTime> for HttpDate {
    /// Cuts off the fraction of a second, towards the past.
    fn from(time: SystemTime) -> Self {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            Err(error) => {
                let before = error.duration();
                let whole = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                (-whole).saturating_sub(i64::from(before.subsec_nanos() > 0))
            }
        };
        Self::from_unix_seconds(seconds)
    }
}

impl From<DateTime<Utc>> for HttpDate {
    /// Cuts off the fraction of a second, towards the past.
    fn from(time: DateTime<Utc>) -> Self {
        Self::from_unix_seconds(time.timestamp())
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date_time().format(IMF_FIXDATE).fmt(f)
    }
}

/// The forms with all digits of the year, the one that may be sent first. The day of an `asctime` date is padded with a
/// space or has two digits.
const FORMS: [&str; 3] = [IMF_FIXDATE, "%a %b %e %H:%M:%S %Y", "%a %b %d %H:%M:%S %Y"];
const IMF_FIXDATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
const RFC_850: &str = "%A, %d-%b-%y %H:%M:%S GMT";

fn parse(value: &[u8], now: impl FnOnce() -> HttpDate) -> Option<HttpDate> {
    let value = str::from_utf8(trim_ows(value)).ok()?;
    // chrono reads other years too, and writes them with a sign, which HTTP doesn't know.
    let with_whole_year = |form: &&str| {
        let fields = fields(value, form)
            .filter(|fields| fields.year().is_some_and(|year| (0..=9999).contains(&year)))?;
        date(fields, value, form)
    };
    FORMS.iter().find_map(with_whole_year).or_else(|| rfc_850(value, now))
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc_850(value: &str, now: impl FnOnce() -> HttpDate) -> Option<HttpDate> {
    let mut fields = fields(value, RFC_850)?;
    // RFC 9110 §5.6.7: a date that appears to be more than 50 years in the future is of the most recent year in the past
    // with the same last two digits.
    let limit = now().date_time().naive_utc().checked_add_months(Months::new(50 * 12))?;
    let century = limit.year() / 100;
    let year = century * 100 + fields.year_mod_100()?;
    let written = (year, fields.month()?, fields.day()?, fields.to_naive_time().ok()?);
    let is_beyond = written > (limit.year(), limit.month(), limit.day(), limit.time());
    fields.set_year_div_100(i64::from(century) - i64::from(is_beyond)).ok()?;
    date(fields, value, RFC_850)
}

fn fields(value: &str, form: &str) -> Option<Parsed> {
    let mut fields = Parsed::new();
    chrono::format::parse(&mut fields, value, StrftimeItems::new(form)).ok()?;
    Some(fields)
}

/// The date of these fields, if it exists, falls on the day of the week that they name (RFC 5322 §3.3), and is written in
/// this form. chrono also takes other spellings, such as names in lower case, so that the date is written again and
/// compared with the value.
fn date(fields: Parsed, value: &str, form: &str) -> Option<HttpDate> {
    let date = fields.to_naive_datetime_with_offset(0).ok()?;
    // chrono counts a leap second as nanoseconds of the second before it. There is one at the end of a day only.
    let is_leap_second = date.nanosecond() > 0;
    if is_leap_second && (date.hour(), date.minute()) != (23, 59) || date.format(form).to_string() != value {
        return None;
    }
    Some(HttpDate::from_unix_seconds(date.and_utc().timestamp() + i64::from(is_leap_second)))
}
