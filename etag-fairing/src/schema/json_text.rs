//! JSON text straight to bytes, and scalars of JSON as values.

use serde_json::Value as JsonValue;

use super::{Corrupt, Value};

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

/// Says of a text that it is not what it should be, with its first few characters.
pub(super) fn unfit(expected: &str, text: &str) -> Corrupt {
    const SHOWN: usize = 40;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    Corrupt::new(format!("expected {expected}, found {shown:?}{more}"))
}

/// A text, a number or a boolean.
pub(crate) fn scalar_of(json: &JsonValue) -> Option<Value> {
    match json {
        JsonValue::Bool(value) => Some(Value::Bool(*value)),
        // PostgreSQL takes no U+0000.
        JsonValue::String(text) => (!text.contains('\0')).then(|| Value::Text(text.clone())),
        JsonValue::Number(number) => match number.as_i64() {
            Some(whole) => Some(Value::Integer(whole)),
            None => number.as_f64().filter(|number| number.is_finite()).map(Value::Float),
        },
        JsonValue::Null | JsonValue::Array(_) | JsonValue::Object(_) => None,
    }
}
