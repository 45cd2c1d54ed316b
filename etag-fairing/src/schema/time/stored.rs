//! Reads times from columns that other programs write, too. One column may hold many forms.
//!
//! A time without a zone is in UTC. A number counts seconds since 1970, or the unit that the attribute
//! declares. Without a declaration small numbers are not read, since SQLite's own functions use them as
//! Julian days.

use super::{
    calendar::{Canonical, DAY, Moment},
    form::{StoredTime, Zone},
    scan::Scan,
};
use crate::schema::{Corrupt, Kind, ValueRef};

/// Reads a stored time of this kind and returns its canonical text. The value must not be null.
///
/// # Errors
/// If the value is no time of this kind. It is never converted to some other time.
pub(crate) fn canonical(
    kind: Kind,
    value: ValueRef<'_>,
    declared: Option<StoredTime>,
) -> Result<Canonical, Corrupt> {
    // A shortcut for the form that other programs write most.
    if let (Kind::Timestamp, ValueRef::Text(text)) = (kind, value)
        && is_whole_second(text)
        && let Some(date_and_time) = text.get(..19)
    {
        return Ok(Canonical::whole_second(date_and_time));
    }
    match read(kind, value, declared) {
        Some((moment, _)) => Ok(moment.canonical(kind)),
        None => Err(unreadable(kind, value)),
    }
}

/// The error for a stored value that is no time of this kind.
pub(crate) fn unreadable(kind: Kind, value: ValueRef<'_>) -> Corrupt {
    let shown = shown(value);
    Corrupt::new(match value {
        ValueRef::Text(_) => format!("expected {}, found {shown}", word(kind)),
        // A number can be a time, but this number is none.
        other => format!("expected text, found {}, {shown}, which is not {}", other.word(), word(kind)),
    })
}

/// Whether a text is an instant in whole seconds, in the form that documents have and that other programs
/// write most. It is false from the 29th of a month on, since only the calendar knows whether such a day
/// exists.
pub(crate) fn is_whole_second(text: &str) -> bool {
    fits(text, "0000-00-00T00:00:00Z") && is_date(text) && is_time(text, 11)
}

/// Whether a text has digits and punctuation at the places of our own form of this kind.
pub(crate) fn has_own_form(kind: Kind, text: &str) -> bool {
    let form = match kind {
        Kind::Timestamp => "0000-00-00T00:00:00.000000Z",
        Kind::DateTime => "0000-00-00T00:00:00.000000",
        Kind::Date => "0000-00-00",
        Kind::Time => "00:00:00.000000",
        _ => return false,
    };
    fits(text, form)
}

/// Whether a text is in our own form, without asking the calendar. It is false from the 29th of a month on,
/// since only the calendar knows whether such a day exists.
pub(crate) fn is_own(kind: Kind, text: &str) -> bool {
    has_own_form(kind, text)
        && match kind {
            Kind::Time => is_time(text, 0),
            Kind::Date => is_date(text),
            _ => is_date(text) && is_time(text, 11),
        }
}

/// Whether a text is in our own form.
pub(crate) fn is_canonical(kind: Kind, text: &str) -> bool {
    let read = || read(kind, ValueRef::Text(text), None);
    is_own(kind, text) || read().is_some_and(|(moment, _)| moment.canonical(kind).as_str() == text)
}

/// Whether a text has the length of `form`, a digit for each `0` in it, and the same other characters.
fn fits(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

fn is_date(text: &str) -> bool {
    within(text, 5, 1, 12) && within(text, 8, 1, 28)
}

fn is_time(text: &str, from: usize) -> bool {
    within(text, from, 0, 23) && within(text, from + 3, 0, 59) && within(text, from + 6, 0, 59)
}

fn within(text: &str, from: usize, least: u8, most: u8) -> bool {
    match text.as_bytes().get(from..from + 2) {
        Some([tens, ones]) => {
            let number = tens.wrapping_sub(b'0').wrapping_mul(10).wrapping_add(ones.wrapping_sub(b'0'));
            (least..=most).contains(&number)
        }
        _ => false,
    }
}

/// Reads a stored time and its form.
pub(crate) fn read(
    kind: Kind,
    value: ValueRef<'_>,
    declared: Option<StoredTime>,
) -> Option<(Moment, StoredTime)> {
    let (moment, form) = match value {
        ValueRef::Text(text) => text_of(kind, text)?,
        ValueRef::Integer(number) => number_of(kind, Number::Whole(number), declared)?,
        ValueRef::Float(number) => number_of(kind, Number::Float(number), declared)?,
        ValueRef::Null | ValueRef::Bool(_) | ValueRef::Decimal(_) | ValueRef::Bytes(_) => return None,
    };
    // A value with a time of day is refused for a date: writing the date back would drop the time without
    // notice.
    let fits = kind != Kind::Date || moment.time_of_day() == 0;
    fits.then_some((moment, form))
}

#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Float(f64),
}

fn number_of(kind: Kind, number: Number, declared: Option<StoredTime>) -> Option<(Moment, StoredTime)> {
    /// The end of SQLite's Julian days.
    const JULIAN: f64 = 5_373_484.5;
    if kind == Kind::Time {
        return None;
    }
    let form = match declared {
        Some(form @ StoredTime::Unix { .. }) => form,
        _ => {
            let number = match number {
                Number::Whole(number) => number as f64,
                Number::Float(number) => number,
            };
            if (0.0..JULIAN).contains(&number) {
                return None;
            }
            StoredTime::Unix { per_second: 1 }
        }
    };
    let microseconds = match number {
        Number::Whole(number) => number.checked_mul(form.step())?,
        Number::Float(number) => {
            let microseconds = (number * form.step() as f64).round();
            // These limits are far beyond the year 9999, and fit an i64.
            if !(-1e18..1e18).contains(&microseconds) {
                return None;
            }
            microseconds as i64
        }
    };
    Some((Moment::from_unix(microseconds)?, form))
}

fn text_of(kind: Kind, text: &str) -> Option<(Moment, StoredTime)> {
    let mut scan = Scan::new(text);
    let date = match kind {
        // A time of day may have a date before it, as Rails writes it.
        Kind::Time => {
            let mut dated = scan;
            match dated.text("2000-01-01") {
                Some(()) => {
                    scan = dated;
                    Some(chrono::NaiveDate::default())
                }
                None => None,
            }
        }
        _ => Some(scan.date()?),
    };
    if date.is_some() && kind != Kind::Time && scan.is_at_end() {
        let form =
            StoredTime::Text { date: true, separator: None, seconds: false, fraction: 0, zone: Zone::Unsaid };
        return Some((Moment::of_date(date?)?, form));
    }
    let separator = match date {
        Some(_) => scan.one_of(b" Tt")?,
        None => b'T',
    };
    let separator = Some(if separator == b' ' { ' ' } else { 'T' });
    let mut microseconds = scan.hours_and_minutes()? * 60_000_000;
    let (mut seconds, mut fraction) = (false, 0);
    if scan.one_of(b":").is_some() {
        seconds = true;
        // A leap second becomes the second after it. Earlier releases stored leap seconds.
        microseconds += i64::from(scan.digits(2).filter(|second| *second <= 60)?) * 1_000_000;
        if scan.one_of(b".,").is_some() {
            let (part, digits) = scan.fraction()?;
            microseconds += part;
            fraction = u8::try_from(digits.min(9)).ok()?;
        }
    }
    let (zone, minutes) = zone(&mut scan)?;
    // A time for a kind without a zone may have a zone only if that is UTC: otherwise its meaning is unknown.
    let fits = match kind {
        Kind::Timestamp => true,
        Kind::Time => zone == Zone::Unsaid && microseconds < DAY,
        _ => minutes == 0,
    };
    if !(fits && scan.is_at_end()) {
        return None;
    }
    let form = StoredTime::Text { date: date.is_some(), separator, seconds, fraction, zone };
    Some((Moment::new(date.unwrap_or_default(), microseconds - minutes * 60_000_000)?, form))
}

/// Reads the zone. Returns it and its offset from UTC in minutes.
fn zone(scan: &mut Scan<'_>) -> Option<(Zone, i64)> {
    if scan.is_at_end() {
        return Some((Zone::Unsaid, 0));
    }
    let spaced = scan.one_of(b" ").is_some();
    if scan.text("UTC").is_some() {
        return Some((Zone::Utc, 0));
    }
    let sign = match scan.one_of(b"Zz+-")? {
        b'+' => 1,
        b'-' => -1,
        _ => return Some((Zone::Z, 0)),
    };
    let hours = scan.digits(2).filter(|hours| *hours < 24)?;
    let minutes = if scan.is_at_end() {
        0
    } else {
        let _ = scan.one_of(b":");
        scan.digits(2).filter(|minutes| *minutes < 60)?
    };
    // Go writes both the offset and the name.
    if spaced {
        let _ = scan.text(" UTC");
    }
    Some((Zone::Offset, sign * i64::from(hours * 60 + minutes)))
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Timestamp | Kind::DateTime => "a date and time",
        Kind::Date => "a date",
        _ => "a time of day",
    }
}

/// The beginning of a value, for a message.
fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Float(number) => number.to_string(),
        other => other.word().into(),
    }
}
