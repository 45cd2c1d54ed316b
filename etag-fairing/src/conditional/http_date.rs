//! Dates of the conditional fields, RFC 9110 §5.6.7.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, Utc};

use super::tag_list::trim_ows;

// `httpdate` and its like end at 1970 and fix the century of two-digit years in the source; both decide whether
// a write is let through. So only the calendar is taken from a crate.

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

    /// The date this many seconds after 1970-01-01T00:00:00Z, or before it if negative. A date that HTTP cannot
    /// write is moved to the first or last that it can.
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
        self.date_time().format("%a, %d %b %Y %H:%M:%S GMT").fmt(f)
    }
}

const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const DAYS_IN_FULL: [&[u8]; 7] =
    [b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday", b"Sunday"];
const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

fn parse(value: &[u8], now: impl FnOnce() -> HttpDate) -> Option<HttpDate> {
    let value = trim_ows(value);
    imf_fixdate(value).or_else(|| asctime(value)).or_else(|| rfc_850(value, now))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(value: &[u8]) -> Option<HttpDate> {
    let mut scanner = Scanner(value);
    let weekday = scanner.name(&DAYS)?;
    scanner.literal(b", ")?;
    let day = scanner.number(2)?;
    scanner.literal(b" ")?;
    let month = scanner.name(&MONTHS)? + 1;
    scanner.literal(b" ")?;
    let year = scanner.number(4)?;
    scanner.literal(b" ")?;
    let time = scanner.time_of_day()?;
    scanner.literal(b" GMT")?;
    scanner.end()?;
    Fields { weekday, year, month, day, time }.date()
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(value: &[u8]) -> Option<HttpDate> {
    let mut scanner = Scanner(value);
    let weekday = scanner.name(&DAYS)?;
    scanner.literal(b" ")?;
    let month = scanner.name(&MONTHS)? + 1;
    scanner.literal(b" ")?;
    let day = match scanner.literal(b" ") {
        Some(()) => scanner.number(1)?,
        None => scanner.number(2)?,
    };
    scanner.literal(b" ")?;
    let time = scanner.time_of_day()?;
    scanner.literal(b" ")?;
    let year = scanner.number(4)?;
    scanner.end()?;
    Fields { weekday, year, month, day, time }.date()
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc_850(value: &[u8], now: impl FnOnce() -> HttpDate) -> Option<HttpDate> {
    let mut scanner = Scanner(value);
    let weekday = scanner.name(&DAYS_IN_FULL)?;
    scanner.literal(b", ")?;
    let day = scanner.number(2)?;
    scanner.literal(b"-")?;
    let month = scanner.name(&MONTHS)? + 1;
    scanner.literal(b"-")?;
    let year_of_century = scanner.number(2)?;
    scanner.literal(b" ")?;
    let time = scanner.time_of_day()?;
    scanner.literal(b" GMT")?;
    scanner.end()?;

    // RFC 9110 §5.6.7: what appears to be more than 50 years in the future is of the most recent year in the
    // past with the same last two digits.
    let limit = now().date_time().naive_utc().checked_add_months(Months::new(50 * 12))?;
    let limit_year = u32::try_from(limit.year()).ok()?;
    let year = limit_year - limit_year % 100 + year_of_century;
    let beyond = (year, month, day, time) > (limit_year, limit.month(), limit.day(), time_of_day(limit));
    let year = if beyond { year.checked_sub(100)? } else { year };
    Fields { weekday, year, month, day, time }.date()
}

/// Hour, minute, second.
type TimeOfDay = (u32, u32, u32);

fn time_of_day(moment: NaiveDateTime) -> TimeOfDay {
    use chrono::Timelike;
    (moment.hour(), moment.minute(), moment.second())
}

/// A date as written.
struct Fields {
    /// From 0, Monday.
    weekday: u32,
    year: u32,
    month: u32,
    day: u32,
    time: TimeOfDay,
}

impl Fields {
    fn date(self) -> Option<HttpDate> {
        let date = NaiveDate::from_ymd_opt(i32::try_from(self.year).ok()?, self.month, self.day)?;
        // RFC 5322 §3.3: the day of the week is the one implied by the date.
        if date.weekday().num_days_from_monday() != self.weekday {
            return None;
        }
        let (hour, minute, second) = self.time;
        let within_day = i64::from(hour * 3600 + minute * 60 + second);
        Some(HttpDate::from_unix_seconds(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp() + within_day))
    }
}

/// What is left of a value.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn literal(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// The position of the one of `names` that stands here. Names are case-sensitive (RFC 9110 §5.6.7).
    fn name(&mut self, names: &[&[u8]]) -> Option<u32> {
        let (index, rest) = names
            .iter()
            .enumerate()
            .find_map(|(index, name)| self.0.strip_prefix(*name).map(|rest| (index, rest)))?;
        self.0 = rest;
        u32::try_from(index).ok()
    }

    /// A number of exactly so many digits, nine at most.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let value = number.iter().try_fold(0, |value: u32, byte| {
            byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0'))
        })?;
        self.0 = rest;
        Some(value)
    }

    /// `08:49:37`, up to 23:59:60, the leap second.
    fn time_of_day(&mut self) -> Option<TimeOfDay> {
        let hour = self.number(2)?;
        self.literal(b":")?;
        let minute = self.number(2)?;
        self.literal(b":")?;
        let second = self.number(2)?;
        let valid = hour < 24 && minute < 60 && second < 60 || (hour, minute, second) == (23, 59, 60);
        valid.then_some((hour, minute, second))
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
