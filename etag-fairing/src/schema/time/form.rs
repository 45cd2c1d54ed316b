//! The forms of times in tables that other programs write.

use std::fmt;

use super::calendar::{DAY, Moment};
use crate::schema::{Kind, Value};

/// The form of the times in one column, as `#[jsonapi(stored = "…")]` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredTime {
    /// Text, as [`Display`](fmt::Display) writes it: `YYYY-MM-DD hh:mm:ss.ffffff`.
    Text {
        /// Whether there is a date. A time of day then gets the date 2000-01-01.
        date: bool,
        /// The character between date and time: a space or `T`. `None` if there is no time.
        separator: Option<char>,
        /// Whether the time has seconds.
        seconds: bool,
        /// The number of digits in the fraction, at most 9.
        fraction: u8,
        /// How the text says that it is UTC.
        zone: Zone,
    },
    /// A number: the time since 1970-01-01T00:00:00Z.
    Unix {
        /// The number of units in a second: 1, 1000 or 1000000.
        per_second: i64,
    },
}

/// How a text says that a time is in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// It doesn't say so.
    Unsaid,
    /// `Z`
    Z,
    /// `+00:00`
    Offset,
    /// ` UTC`
    Utc,
}

impl Zone {
    const fn text(self) -> &'static str {
        match self {
            Self::Unsaid => "",
            Self::Z => "Z",
            Self::Offset => "+00:00",
            Self::Utc => " UTC",
        }
    }
}

impl fmt::Display for StoredTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix { per_second: 1 } => f.write_str("unix seconds"),
            Self::Unix { per_second: 1000 } => f.write_str("unix milliseconds"),
            Self::Unix { .. } => f.write_str("unix microseconds"),
            Self::Text { .. } => f.write_str(&self.pattern(["YYYY-MM-DD", "hh:mm", ":ss"], "f")),
        }
    }
}

impl StoredTime {
    /// Our own form of this kind, as the store writes it to its own columns.
    pub(crate) const fn own(kind: Kind) -> Self {
        let date = !matches!(kind, Kind::Time);
        let timed = !matches!(kind, Kind::Date);
        let zone = if matches!(kind, Kind::Timestamp) { Zone::Z } else { Zone::Unsaid };
        Self::Text {
            date,
            separator: if timed { Some('T') } else { None },
            seconds: timed,
            fraction: if timed { 6 } else { 0 },
            zone,
        }
    }

    /// Whether it is a number.
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Self::Unix { .. })
    }

    /// Why this form cannot hold values of this kind; `None` if it can.
    pub(crate) fn fault(self, kind: Kind) -> Option<&'static str> {
        match (kind, self) {
            (
                Kind::Timestamp | Kind::DateTime | Kind::Date,
                Self::Unix { .. } | Self::Text { date: true, .. },
            ) => None,
            (Kind::Time, Self::Text { separator: Some(_), zone: Zone::Unsaid, .. }) => None,
            (Kind::Time, _) => Some("a time of day is text with a time and without a zone"),
            (Kind::Timestamp | Kind::DateTime | Kind::Date, _) => Some("it has no date"),
            _ => Some("it is for times: `DateTime<Utc>`, `NaiveDateTime`, `NaiveDate`, `NaiveTime`"),
        }
    }

    /// The smallest difference between two times in this form, in microseconds.
    pub(crate) fn step(self) -> i64 {
        match self {
            Self::Unix { per_second } => (1_000_000 / per_second.max(1)).max(1),
            Self::Text { separator: None, .. } => DAY,
            Self::Text { seconds: false, .. } => 60_000_000,
            Self::Text { fraction, .. } => 10_i64.pow(6_u32.saturating_sub(fraction.into())),
        }
    }

    /// The latest moment that this form can write and that is not after `moment`.
    pub(crate) fn floor(self, moment: Moment) -> Moment {
        let unix = moment.unix();
        Moment::from_unix(unix - unix.rem_euclid(self.step())).unwrap_or(moment)
    }

    /// The value of a moment in this form; `None` if it has more digits than the form.
    pub(crate) fn exact(self, moment: Moment) -> Option<Value> {
        (moment.unix().rem_euclid(self.step()) == 0).then(|| self.write(moment))
    }

    /// The value of a moment in this form, with more digits than the form has if they are needed.
    pub(crate) fn lossless(self, moment: Moment) -> Value {
        if let Some(value) = self.exact(moment) {
            return value;
        }
        match self {
            Self::Unix { .. } => Value::Float(moment.unix() as f64 / self.step() as f64),
            Self::Text { date, separator, zone, .. } => {
                let fraction = if moment.unix().rem_euclid(1_000_000) == 0 { 0 } else { 6 };
                let separator = separator.or(Some(' '));
                Self::Text { date, separator, seconds: true, fraction, zone }.write(moment)
            }
        }
    }

    fn write(self, moment: Moment) -> Value {
        let Self::Text { date, separator, seconds, fraction, zone } = self else {
            return Value::Integer(moment.unix() / self.step());
        };
        let whole = moment.canonical(Kind::DateTime);
        let mut text = String::with_capacity(32);
        if date {
            text.push_str(whole.as_str().get(..10).unwrap_or_default());
        }
        if let Some(separator) = separator {
            if date {
                text.push(separator);
            }
            text.push_str(whole.as_str().get(11..16).unwrap_or_default());
            if seconds {
                text.push_str(whole.as_str().get(16..19).unwrap_or_default());
                if fraction > 0 {
                    let digits = usize::from(fraction);
                    text.push_str(whole.as_str().get(19..20 + digits.min(6)).unwrap_or_default());
                    text.extend(std::iter::repeat_n('0', digits.saturating_sub(6)));
                }
            }
            text.push_str(zone.text());
        }
        Value::Text(text)
    }

    /// The moment with a date for a time of day, if this form has a date.
    pub(crate) fn of_kind(self, kind: Kind, moment: Moment) -> Moment {
        /// The date that Rails writes before a time of day.
        const DATE_OF_TIMES: i64 = 10_957 * DAY;
        match (kind, self) {
            (Kind::Time, Self::Text { date: true, .. }) => {
                Moment::from_unix(DATE_OF_TIMES + moment.time_of_day()).unwrap_or(moment)
            }
            _ => moment,
        }
    }

    /// The pattern for `GLOB` that matches texts in this form.
    pub(crate) fn glob(self) -> String {
        let digit = "[0-9]";
        let four = digit.repeat(4);
        let two = digit.repeat(2);
        let parts = [format!("{four}-{two}-{two}"), format!("{two}:{two}"), format!(":{two}")];
        self.pattern([&parts[0], &parts[1], &parts[2]], digit)
    }

    fn pattern(self, [dates, times, second]: [&str; 3], digit: &str) -> String {
        let Self::Text { date, separator, seconds, fraction, zone } = self else { return String::new() };
        let mut text = String::new();
        if date {
            text.push_str(dates);
        }
        if let Some(separator) = separator {
            if date {
                text.push(separator);
            }
            text.push_str(times);
            if seconds {
                text.push_str(second);
                if fraction > 0 {
                    text.push('.');
                    text.push_str(&digit.repeat(fraction.into()));
                }
            }
            text.push_str(zone.text());
        }
        text
    }
}
