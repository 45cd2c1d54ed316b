//! JSON text straight to bytes.

use crate::schema::time::stored;
use crate::schema::{Corrupt, Kind, ValueRef, time};

/// Writes a JSON string (RFC 8259 §7).
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    // Most text needs no escape: one scan and one copy. The scan doesn't stop early, so that it takes many bytes at
    // a time.
    let escapes =
        text.bytes().fold(false, |escapes, byte| escapes | (byte < 0x20) | (byte == b'"') | (byte == b'\\'));
    if !escapes {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            control if u32::from(control) < 0x20 => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(control)).as_bytes());
            }
            plain => out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// Writes a stored value as the JSON of its kind.
///
/// # Errors
/// If the value is not of that kind.
pub(crate) fn write_value(kind: Kind, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    match (kind, value) {
        (_, ValueRef::Null) => out.extend_from_slice(b"null"),
        (Kind::Bool, ValueRef::Bool(true) | ValueRef::Integer(1)) => out.extend_from_slice(b"true"),
        (Kind::Bool, ValueRef::Bool(false) | ValueRef::Integer(0)) => out.extend_from_slice(b"false"),
        (Kind::Integer, ValueRef::Integer(value)) => {
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        }
        (Kind::Float, ValueRef::Float(value)) => write_float(value, out)?,
        (Kind::Float, ValueRef::Integer(value)) => write_float(value as f64, out)?,
        (Kind::Text, ValueRef::Text(text)) => write_string(text, out),
        (Kind::Uuid, ValueRef::Text(text)) => write_uuid(text, out)?,
        (Kind::Date, ValueRef::Text(text)) => match time::client::read(Kind::Date, text) {
            Some(_) => write_string(text, out),
            None => return Err(expected("a date", text)),
        },
        (Kind::Timestamp | Kind::DateTime | Kind::Time, ValueRef::Text(text)) => write_time(kind, text, out)?,
        (Kind::Json, ValueRef::Text(text)) => {
            // Others may write to the table: what is not JSON must not break the document.
            let raw: &serde_json::value::RawValue =
                serde_json::from_str(text).map_err(|_| expected("JSON", text))?;
            out.extend_from_slice(raw.get().as_bytes());
        }
        (kind, value) => return Err(Corrupt::expected(&format!("{kind:?}"), value)),
    }
    Ok(())
}

/// What is not of its kind, in the first few characters of it.
fn expected(expected: &str, text: &str) -> Corrupt {
    const SHOWN: usize = 40;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    Corrupt::new(format!("expected {expected}, found {shown:?}{more}"))
}

/// RFC 9562 §4: several spellings of a UUID are read, and one is written.
fn write_uuid(text: &str, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let id = uuid::Uuid::try_parse(text).map_err(|_| expected("a UUID", text))?;
    out.push(b'"');
    out.extend_from_slice(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
    out.push(b'"');
    Ok(())
}

fn write_float(value: f64, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    if !value.is_finite() {
        return Err(Corrupt::new(format!("{value} cannot be written as JSON")));
    }
    serde_json::to_writer(out, &value).map_err(|error| Corrupt::new(error.to_string()))
}

/// Writes a time without the zeros that end its fraction, which are there for text order only.
fn write_time(kind: Kind, text: &str, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let (form, zone) = match kind {
        Kind::Timestamp => ("0000-00-00T00:00:00.000000Z", "Z"),
        Kind::DateTime => ("0000-00-00T00:00:00.000000", ""),
        _ => ("00:00:00.000000", ""),
    };
    if is_whole_second(kind, text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return Ok(());
    }
    let normalized;
    let canonical = match fits(text, form) {
        true => text,
        // A table that others write may hold another form.
        false => {
            normalized = stored::canonical(kind, ValueRef::Text(text), None)?;
            normalized.as_str()
        }
    };
    let time = canonical.strip_suffix(zone).unwrap_or(canonical).trim_end_matches('0');
    // `…:30.` loses its point; `…:30.5` keeps its fraction.
    let time = time.strip_suffix('.').unwrap_or(time);
    out.push(b'"');
    out.extend_from_slice(time.as_bytes());
    out.extend_from_slice(zone.as_bytes());
    out.push(b'"');
    Ok(())
}

/// Whether it is an instant of whole seconds as documents write it: what other programs mostly store.
fn is_whole_second(kind: Kind, text: &str) -> bool {
    if kind != Kind::Timestamp || !fits(text, "0000-00-00T00:00:00Z") {
        return false;
    }
    let number = |from: usize| text.get(from..from + 2).and_then(|digits| digits.parse::<u32>().ok());
    // Up to the 28th each month has its day; the few others are left to the calendar.
    let within = |from, least, most| number(from).is_some_and(|number| (least..=most).contains(&number));
    within(5, 1, 12) && within(8, 1, 28) && within(11, 0, 23) && within(14, 0, 59) && within(17, 0, 59)
}

/// Whether the text has the form's length, a digit at each of its zeros, and its other characters.
fn fits(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(kind: Kind, value: ValueRef<'_>) -> Result<String, Corrupt> {
        let mut out = Vec::new();
        write_value(kind, value, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn times_lose_the_zeros_of_their_fraction() {
        let timestamp = |text| written(Kind::Timestamp, ValueRef::Text(text)).unwrap();
        assert_eq!(timestamp("2018-03-24T05:30:00.000000Z"), r#""2018-03-24T05:30:00Z""#);
        assert_eq!(timestamp("2018-03-24T05:30:00.120000Z"), r#""2018-03-24T05:30:00.12Z""#);
        assert_eq!(timestamp("2018-03-24T05:30:10.000000Z"), r#""2018-03-24T05:30:10Z""#);
        assert_eq!(timestamp("2018-03-24 05:30:00"), r#""2018-03-24T05:30:00Z""#);
        assert_eq!(timestamp("2018-03-24T05:30:00Z"), r#""2018-03-24T05:30:00Z""#);
        assert_eq!(timestamp("2024-02-29T23:59:59Z"), r#""2024-02-29T23:59:59Z""#);
        for never in
            ["2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-00T00:00:00Z", "2023-01-01T24:00:00Z"]
        {
            assert!(written(Kind::Timestamp, ValueRef::Text(never)).is_err(), "{never}");
        }
        assert_eq!(timestamp("2018-03-24T13:30:00+08:00"), r#""2018-03-24T05:30:00Z""#);
        assert_eq!(written(Kind::Time, ValueRef::Text("00:00:00.000000")).unwrap(), r#""00:00:00""#);
        assert!(written(Kind::Timestamp, ValueRef::Text("yesterday")).is_err());
    }

    #[test]
    fn stored_data_of_another_kind_is_an_error() {
        assert!(written(Kind::Integer, ValueRef::Text("1")).is_err());
        assert!(written(Kind::Bool, ValueRef::Integer(2)).is_err());
        assert!(written(Kind::Json, ValueRef::Text("{")).is_err());
        assert!(written(Kind::Json, ValueRef::Text("1} , {")).is_err());
        assert!(written(Kind::Float, ValueRef::Float(f64::INFINITY)).is_err());
    }

    proptest! {
        #[test]
        fn a_string_reads_back_as_it_was(text in any::<String>()) {
            let mut out = Vec::new();
            write_string(&text, &mut out);
            let back: String = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(back, text);
        }

        #[test]
        fn a_float_reads_back_as_it_was(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            let back: f64 = serde_json::from_str(&written(Kind::Float, ValueRef::Float(value)).unwrap()).unwrap();
            prop_assert_eq!(back.to_bits(), value.to_bits());
        }
    }
}
