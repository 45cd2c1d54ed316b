//! The answer to a write: made of what the write's transaction has read back, so that it can be kept there, too.

use std::borrow::Cow;

use rocket::Response;
use rocket::http::{Header, Status};

use super::call::Call;
use super::prefer::{APPLIED, Return, preferred_return};
use super::response;
use super::subject::Subject;
use crate::conditional::EntityTag;
use crate::document::buffer_pool;
use crate::store::{KeptAnswer, StoreError};

/// The answer to a write.
pub(super) struct WrittenAnswer {
    status: Status,
    fields: Vec<(Cow<'static, str>, String)>,
    /// `None` for a response without content.
    document: Option<Vec<u8>>,
}

impl WrittenAnswer {
    /// 204: the change is made, and there is nothing to show.
    pub(super) fn nothing() -> Self {
        Self { status: Status::NoContent, fields: Vec::new(), document: None }
    }

    /// A document without a tag.
    pub(super) fn of_document(document: Vec<u8>) -> Self {
        Self { status: Status::Ok, fields: Vec::new(), document: Some(document) }
    }

    /// The document, and the tag of what the client goes on with. Without the document if the client prefers that.
    pub(super) fn written(
        call: &Call<'_>,
        subject: &Subject<'_>,
        status: Status,
        document: Vec<u8>,
        tag: Option<EntityTag>,
    ) -> Self {
        let preferred = preferred_return(call.request);
        let mut answer = match preferred {
            Some(Return::Minimal) => {
                buffer_pool::give(document);
                let status = if status == Status::Created { status } else { Status::NoContent };
                Self { status, fields: Vec::new(), document: None }
            }
            Some(Return::Representation) | None => {
                Self { status, fields: Vec::new(), document: Some(document) }
            }
        };
        if let Some(preferred) = preferred {
            answer = answer.with_field(APPLIED, preferred.applied().to_owned());
        }
        if let (Some(tag), Some(config)) = (tag, subject.etag) {
            answer = answer.with_field("ETag", config.policy().issue(tag).borrowed().to_field());
        }
        answer
    }

    /// The same, with the profiles that apply to its document, if it has one.
    pub(super) fn with_profile(self, profiles: Option<&str>) -> Self {
        match (&self.document, profiles) {
            (Some(_), Some(_)) => self.with_field("Content-Type", response::content_type(None, profiles)),
            _ => self,
        }
    }

    /// The same, with this header field.
    pub(super) fn with_field(mut self, name: &'static str, value: String) -> Self {
        self.fields.push((name.into(), value));
        self
    }

    /// What to keep of it, for the same request again.
    ///
    /// # Errors
    /// If it can't be written down; it always can.
    pub(super) fn to_kept(&self) -> Result<KeptAnswer, StoreError> {
        let failed =
            |error: &dyn std::fmt::Display| StoreError::Internal(format!("an answer to keep: {error}"));
        let fields = serde_json::to_string(&self.fields).map_err(|error| failed(&error))?;
        let document = self.document.as_deref().map(std::str::from_utf8).transpose();
        let document = document.map_err(|error| failed(&error))?.map(str::to_owned);
        Ok(KeptAnswer::new(self.status.code, fields, document))
    }

    /// The answer that was kept, which another program may have written to meanwhile.
    ///
    /// # Errors
    /// If it is none that [`to_kept`](Self::to_kept) makes.
    pub(super) fn of_kept(kept: KeptAnswer) -> Result<Self, StoreError> {
        let KeptAnswer { status, fields, document } = kept;
        let spoilt =
            |what: &str| StoreError::Internal(format!("a kept answer to a request with a key has {what}"));
        let fields: Vec<(String, String)> =
            serde_json::from_str(&fields).map_err(|error| spoilt(&format!("no header fields: {error}")))?;
        if !fields.iter().all(|(name, value)| is_field(name, value)) {
            return Err(spoilt("a header field that is none"));
        }
        // Only of changes that were made something is kept.
        if !(200..300).contains(&status) {
            return Err(spoilt("a status that is no success"));
        }
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Ok(Self { status: Status::new(status), fields, document: document.map(String::into_bytes) })
    }

    /// The response.
    pub(super) fn into_response(self) -> Response<'static> {
        let mut response = match self.document {
            Some(document) => response::of_write(self.status, document),
            None => {
                let mut response = response::without_document();
                response.set_status(self.status);
                response
            }
        };
        for (name, value) in self.fields {
            response.set_header(Header::new(name, value));
        }
        response
    }
}

/// RFC 9110 §5.1, §5.5: a token, and a value that ends no line.
fn is_field(name: &str, value: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty()
        && name.bytes().all(is_token)
        && value.bytes().all(|byte| byte == b'\t' || matches!(byte, b' '..=b'~' | 0x80..))
}
