//! Documents in: request bodies to values. Every mistake is reported with the JSON Pointer to where it stands (JSON:API
//! §8, §10).

mod attribute;
mod lengths;
mod linkage;
mod local_ids;
mod operations;
mod resource_object;
mod sent;
#[cfg(test)]
mod tests;

use serde::Deserialize;

#[cfg(feature = "testing")]
pub(crate) use self::attribute::value_of;
pub(crate) use self::attribute::{Settable, may_not_set};
pub(crate) use self::lengths::Lengths;
pub(crate) use self::linkage::{LinkageDocument, must_not_be_empty};
pub(crate) use self::local_ids::{LocalIds, Reading};
pub(crate) use self::operations::{
    Action, HrefTarget, OperationsReader, ResourceName, SentConditions, SentOperation,
};
pub(crate) use self::resource_object::{
    Current, ResourceObject, kept_in_ids, part_of_id, seen_in_part, set_linkage,
};
use self::sent::WithData;
use crate::error::{ErrorObject, Errors, Pointer};

/// The primary data of a document, which stands at `base`.
///
/// # Errors
/// 400 for what is not JSON, no object, or has no data.
fn primary_data<'b, T: Deserialize<'b>>(body: &'b [u8], base: &Pointer) -> Result<T, Errors> {
    let malformed = |detail: String| ErrorObject::malformed_json(detail).pointer(base.clone());
    let invalid = |detail: &'static str| ErrorObject::invalid_document(detail).pointer(base.clone());
    // RFC 8259 §8.1, also of what nobody reads.
    let text = std::str::from_utf8(body).map_err(|error| malformed(format!("no UTF-8: {error}")))?;
    let read = serde_json::from_str(text).map_err(|error| match error.is_data() {
        // JSON, but no document.
        true => ErrorObject::invalid_document(error.to_string()).pointer(base.clone()),
        false => malformed(error.to_string()),
    });
    match read? {
        WithData::Object(Some(data)) => Ok(data),
        WithData::Object(None) | WithData::Described => Err(invalid("the document must have data").into()),
        WithData::Other => Err(invalid("the document must be an object").into()),
    }
}
