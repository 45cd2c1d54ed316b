//! How long the ids and values may be that clients send.

use rocket::data::ByteUnit;

use crate::config::JsonApiConfig;
use crate::error::ErrorObject;
use crate::schema::Value;

/// The longest id and the longest text that clients may send, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    /// An id.
    pub(crate) id: usize,
    /// The text of an attribute, and its JSON where it is JSON.
    pub(crate) text: usize,
}

impl Lengths {
    pub(crate) fn of(config: &JsonApiConfig) -> Self {
        let number = |bytes: ByteUnit| usize::try_from(bytes.as_u64()).unwrap_or(usize::MAX);
        let id = usize::try_from(config.max_id_length).unwrap_or(usize::MAX);
        Self { id, text: number(config.max_length.unwrap_or(config.max_body)) }
    }

    /// # Errors
    /// 422 if the id is too long.
    pub(super) fn check_id(self, id: &str) -> Result<(), ErrorObject> {
        if id.len() <= self.id {
            return Ok(());
        }
        Err(ErrorObject::validation_failed(format!(
            "an id has at most {} bytes here (max_id_length), and this one has {}",
            self.id,
            id.len()
        )))
    }

    /// # Errors
    /// 422 if the value is text that is too long.
    pub(super) fn check_value(self, name: &str, value: &Value) -> Result<(), ErrorObject> {
        match value {
            Value::Text(text) if text.len() > self.text => Err(ErrorObject::validation_failed(format!(
                "{name} has {} bytes, and may have {} at most (max_length)",
                text.len(),
                self.text
            ))),
            _ => Ok(()),
        }
    }
}
