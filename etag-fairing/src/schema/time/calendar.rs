//! Dates with times of day, and their text.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use crate::schema::Kind;

/// The number of microseconds in a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// A date and a time of day, with microseconds. A date alone has the time 00:00, a time alone has the date
/// 1970-01-01, and an instant is in UTC. The year is from 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    date: NaiveDate,
    /// Microseconds since midnight, less than a [`DAY`].
    time: i64,
}

impl Moment {
    /// The moment at this number of microseconds after the beginning of the date. The number may be negative
    /// or more than a day. `None` if the year is not from 0 to 9999.
    pub(crate) fn new(date: NaiveDate, microseconds: i64) -> Option<Self> {
        Self::from_unix(days_of(date).checked_mul(DAY)?.checked_add(microseconds)?)
    }

    /// The moment at this number of microseconds after 1970-01-01T00:00:00.
    pub(crate) fn from_unix(microseconds: i64) -> Option<Self> {
        let days = i32::try_from(microseconds.div_euclid(DAY)).ok()?;
        let date = NaiveDate::from_epoch_days(days)?;
        (0..=9999).contains(&date.year()).then_some(Self { date, time: microseconds.rem_euclid(DAY) })
    }

    /// Microseconds after 1970-01-01T00:00:00.
    pub(crate) fn unix(self) -> i64 {
        days_of(self.date) * DAY + self.time
    }

    /// The microseconds since midnight.
    pub(crate) fn time_of_day(self) -> i64 {
        self.time
    }

    /// A leap second becomes the second after it, as in PostgreSQL.
    pub(crate) fn of_date_time(time: NaiveDateTime) -> Option<Self> {
        Self::new(time.date(), microseconds(time.time()))
    }

    /// A time of day without a date. A leap second becomes the last microsecond of the day, since no later
    /// time exists.
    pub(crate) fn of_time(time: NaiveTime) -> Option<Self> {
        Self::from_unix(microseconds(time).min(DAY - 1))
    }

    pub(crate) fn of_date(date: NaiveDate) -> Option<Self> {
        Self::new(date, 0)
    }

    pub(crate) fn date(self) -> NaiveDate {
        self.date
    }

    pub(crate) fn to_time(self) -> Option<NaiveTime> {
        let seconds = u32::try_from(self.time / 1_000_000).ok()?;
        let nanoseconds = u32::try_from(self.time % 1_000_000 * 1000).ok()?;
        NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanoseconds)
    }

    pub(crate) fn to_date_time(self) -> Option<NaiveDateTime> {
        self.to_time().map(|time| self.date.and_time(time))
    }

    pub(crate) fn to_utc(self) -> Option<DateTime<Utc>> {
        self.to_date_time().map(|time| time.and_utc())
    }

    /// The text of the moment in the canonical form of this [`Kind`].
    pub(crate) fn canonical(self, kind: Kind) -> Canonical {
        let mut text = Canonical { bytes: [0; 27], length: 0 };
        if kind != Kind::Time {
            text.date(self);
        }
        if matches!(kind, Kind::Timestamp | Kind::DateTime) {
            text.push(b"T");
        }
        if kind != Kind::Date {
            text.time(self.time);
        }
        if kind == Kind::Timestamp {
            text.push(b"Z");
        }
        text
    }
}

fn days_of(date: NaiveDate) -> i64 {
    i64::from(date.to_epoch_days())
}

fn microseconds(time: NaiveTime) -> i64 {
    // `chrono` gives a leap second more than 1,000,000,000 nanoseconds.
    i64::from(time.num_seconds_from_midnight()) * 1_000_000 + i64::from(time.nanosecond() / 1000)
}

/// The canonical text of a time, as it is used between documents and stores.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Canonical {
    bytes: [u8; 27],
    length: usize,
}

impl Canonical {
    pub(crate) fn as_str(&self) -> &str {
        // It has only digits and ASCII punctuation, so that it is always valid UTF-8.
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The text of an instant in whole seconds. `date_and_time` is the part before the `Z`.
    pub(super) fn whole_second(date_and_time: &str) -> Self {
        let mut text = Self { bytes: [0; 27], length: 0 };
        text.push(date_and_time.as_bytes());
        text.push(b".000000Z");
        text
    }

    fn push(&mut self, text: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + text.len()) {
            place.copy_from_slice(text);
            self.length += text.len();
        }
    }

    fn digits<const N: usize>(&mut self, number: i64) {
        let mut rest = number;
        let mut text = [b'0'; N];
        for digit in text.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        self.push(&text);
    }

    fn date(&mut self, moment: Moment) {
        self.digits::<4>(moment.date.year().into());
        self.push(b"-");
        self.digits::<2>(moment.date.month().into());
        self.push(b"-");
        self.digits::<2>(moment.date.day().into());
    }

    fn time(&mut self, microseconds: i64) {
        let seconds = microseconds / 1_000_000;
        self.digits::<2>(seconds / 3600);
        self.push(b":");
        self.digits::<2>(seconds / 60 % 60);
        self.push(b":");
        self.digits::<2>(seconds % 60);
        self.push(b".");
        self.digits::<6>(microseconds % 1_000_000);
    }
}
