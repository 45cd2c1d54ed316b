//! One attribute of a request document (JSON:API §6.2.2.1): its value, and whether it differs from the value that was shown.

use rocket::http::Status;
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

use super::lengths::Lengths;
use crate::error::ErrorObject;
use crate::schema::number::Numbers;
use crate::schema::unreadable::Unreadable;
use crate::schema::{
    Access, Attribute, AttributeId, Corrupt, Description, Element, Kind, MemberId, Mismatch, Record, Row,
    Value, ValueRef,
};

/// What a document may set of a resource, for its caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settable<'a> {
    /// The attributes whose values the database itself makes.
    pub(crate) made: &'a [AttributeId],
    /// The members that the caller may not read: whether a value is the stored one is not told.
    pub(crate) unreadable: &'a Unreadable,
    /// The members that the caller may not write, as far as the document has them.
    pub(crate) unwritable: &'a [MemberId],
}

/// What a document's attribute changes: its id and its value. `None` if it is sent back as it was shown.
///
/// # Errors
/// 422 for a value that the attribute can't have, or may not be given, which points from the attribute on to an element of
/// a list; 403 for what this caller may not set; 400 for what is no JSON.
pub(super) fn attribute(
    resource: &'static Description,
    current: Option<Row<'_>>,
    settable: &Settable<'_>,
    name: &str,
    json: &RawValue,
    lengths: Lengths,
) -> Result<Option<(AttributeId, Value)>, ErrorObject> {
    if resource.computed.place(name).is_some() {
        return computed(resource, current, name, json);
    }
    let known = resource.attribute(name).filter(|(_, attribute)| attribute.access != Access::Hidden);
    let (id, attribute) = known.ok_or_else(|| {
        ErrorObject::validation_failed(format!("{} have no attribute {name}", resource.type_name))
    })?;
    let value = value_of(attribute, json.get())?.map_err(|mismatch| {
        let error = ErrorObject::validation_failed(format!("{name} {mismatch}"));
        match mismatch.element() {
            Some(place) => error.pointer(format!("/{place}")),
            None => error,
        }
    });
    // Clients send whole resources back, so that a value that stays the same is no attempt to set it. An odd value is shown as
    // null, so that a client that sends null has not seen it, and doesn't overwrite it.
    if let Some(current) = current
        && attribute.access.is_shown()
        && !settable.unreadable.has(resource, id)
        && match value.as_ref().ok() {
            Some(Value::Null) if is_odd(current, attribute, id) => true,
            None if current.odd_attribute(id).is_some() => false,
            sent => is_shown_as(attribute.kind, current.attribute(id), json, sent),
        }
    {
        return Ok(None);
    }
    if settable.unwritable.contains(&id.into()) {
        return Err(may_not_set(resource, name));
    }
    if attribute.access == Access::ReadOnly || settable.made.contains(&id) {
        let now = current.map(|current| (attribute.kind, current.attribute(id)));
        return Err(read_only(name, now));
    }
    let value = value?;
    lengths.check_value(name, &value)?;
    Ok(Some((id, value)))
}

/// The error for a member that this caller may not set.
pub(crate) fn may_not_set(resource: &Description, name: &str) -> ErrorObject {
    let error = ErrorObject::for_status(Status::Forbidden);
    error.detail(format!("you may not set {name} of {}", resource.type_name))
}

/// Whether a document shows null because the stored value is none that the attribute can have.
fn is_odd(current: Row<'_>, attribute: &Attribute, id: AttributeId) -> bool {
    current.odd_attribute(id).is_some()
        || attribute.kind.write(current.attribute(id), &mut Vec::new()).is_err()
}

/// Whether a stored value is what was sent: the same value, or shown by the same JSON.
fn is_shown_as(kind: Kind, stored: ValueRef<'_>, json: &RawValue, sent: Option<&Value>) -> bool {
    match (kind, sent) {
        (_, Some(sent)) if sent.as_ref() == stored => true,
        // A value of these kinds has only one JSON form.
        (kind, Some(_)) if kind.has_one_form() => false,
        _ => {
            let mut shown = Vec::new();
            let mut written = Vec::new();
            kind.write(stored, &mut shown).is_ok()
                && (sent.is_some_and(|sent| kind.write(sent.as_ref(), &mut written).is_ok())
                    && written == shown
                    || std::str::from_utf8(&shown).is_ok_and(|shown| are_same(shown, json.get())))
        }
    }
}

/// Whether two JSON texts are the same value, to the last digit.
fn are_same(one: &str, other: &str) -> bool {
    let value = |text: &str| {
        let is_exact = !Numbers::of(text).is_lossy;
        serde_json::from_str::<JsonValue>(text).ok().filter(|_| is_exact)
    };
    one == other || value(one).is_some_and(|one| Some(one) == value(other))
}

/// The value to store of a client's JSON text, or what it must be.
///
/// # Errors
/// 400 for what is no JSON: text with half of a character.
pub(crate) fn value_of(attribute: &Attribute, text: &str) -> Result<Result<Value, Mismatch>, ErrorObject> {
    let numbers = Numbers::of(text);
    let is_json = attribute.kind == Kind::Json;
    let element = attribute.kind.element();
    if numbers.is_beyond {
        // A list is a value of no kind but these, so that each attribute's parser says what the value must be.
        let mismatch = Mismatch::new("JSON without numbers that are too large");
        let list = JsonValue::Array(Vec::new());
        return Ok(if is_json || element.is_some() { Err(mismatch) } else { (attribute.parse)(&list) });
    }
    let malformed = |error: serde_json::Error| ErrorObject::malformed_json(error.to_string());
    let is_number = |text: &str| text.starts_with(|sign: char| sign == '-' || sign.is_ascii_digit());
    let has_digits = match attribute.kind {
        Kind::DecimalNumber => is_number(text.trim_start()),
        _ => element == Some(Element::DecimalNumber) && text.trim_start().starts_with('['),
    };
    if has_digits {
        return Ok((attribute.parse_digits)(text));
    }
    let json = serde_json::from_str(if is_json { text } else { &numbers.text }).map_err(malformed)?;
    Ok(if is_json && numbers.is_lossy { (attribute.parse_digits)(text) } else { (attribute.parse)(&json) })
}

/// A computed attribute, which is read-only. A value that stays the same is no attempt to set it.
fn computed(
    resource: &'static Description,
    current: Option<Row<'_>>,
    name: &str,
    json: &RawValue,
) -> Result<Option<(AttributeId, Value)>, ErrorObject> {
    // As in documents: if the row has an odd value, the function gets null in its place.
    let of = |record: Result<Record, Corrupt>| resource.computed.of(&record?);
    let values = current.and_then(|current| {
        of(current.to_record(resource)).or_else(|_| of(current.to_lenient_record(resource))).ok()
    });
    let now = values.iter().flatten().find(|(computed, _, _)| *computed == name);
    let now = now.map(|(_, kind, value)| (*kind, value.as_ref()));
    if now.is_some_and(|(kind, value)| is_shown_as(kind, value, json, None)) {
        Ok(None)
    } else {
        Err(read_only(name, now))
    }
}

/// The error for a read-only attribute that is sent with another value than its current one.
fn read_only(name: &str, now: Option<(Kind, ValueRef<'_>)>) -> ErrorObject {
    /// The error shows at most this many characters of the current value.
    const MOST: usize = 100;
    let mut shown = Vec::new();
    let is_known = now.is_some_and(|(kind, value)| kind.write(value, &mut shown).is_ok());
    let detail = match (is_known, String::from_utf8_lossy(&shown)) {
        (false, _) => format!("{name} is read-only"),
        (true, shown) if shown.chars().count() > MOST => {
            let beginning: String = shown.chars().take(MOST).collect();
            format!("{name} is read-only, and not what you have sent: it begins with {beginning} now")
        }
        (true, shown) => format!("{name} is read-only, and not what you have sent: it is {shown} now"),
    };
    ErrorObject::validation_failed(detail)
}
