//! Reads that are answered from the memo in a content coding, which each answer is put into once.

use std::io::{self, Cursor};
use std::sync::Arc;

use rocket::http::Status;
use rocket::tokio::task::spawn_blocking;

use super::cached_read::{Found, dated};
use super::caching::CachePolicy;
use super::call::{Answer, Call};
use super::response;
use super::store_errors::internal;
use super::subject::Subject;
use crate::admission::HeldBytes;
use crate::compression::{CodedBytes, INLINE, Levels, encode};
use crate::config::Coding;
use crate::document::buffer_pool::SentDocument;
use crate::error::Errors;
use crate::fairing::{
    Offer, early_not_modified, forbids_transformation, mark_coding, mark_remembered, mark_with_tag, offer,
};
use crate::kept_body::{BodyReader, HasBody, KeptBody};
use crate::memo::Remembered;

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Memo,
    /// It was made for this request, and is remembered now.
    Made,
}

/// What the answer to a read may be coded in; `None` where it goes out as it is for every client.
fn document_offer<'r>(call: &Call<'r>, subject: &Subject<'r>, policy: &CachePolicy<'r>) -> Option<Offer<'r>> {
    let offer = offer(call.request)?;
    let configured = || subject.etag.and_then(|config| config.cache_control.as_deref());
    let is_forbidden = || policy.control.or_else(configured).is_some_and(forbids_transformation);
    if !offer.codes_documents() || is_forbidden() { None } else { Some(offer) }
}

/// The remembered answer in the coding that the client likes best: 304 where that is all that it needs, for which nothing is
/// coded.
///
/// # Errors
///
/// The policy for the answer as it is, where it is sent as it is.
pub(super) async fn coded_response<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    found: &Found<'_>,
    policy: CachePolicy<'r>,
    origin: Origin,
) -> Result<Answer<'r>, CachePolicy<'r>> {
    let Some(offer) = document_offer(call, subject, &policy) else { return Err(policy) };
    // Nobody need find that out again.
    mark_coding(call.request);
    let (answer, policy) = (found.answer, policy.in_codings());
    let Some(coding) = offer.coding_for(Some(answer.body.len())) else { return Err(policy) };
    let Some(form) = answer.coded.form(coding, &answer.tag) else { return Err(policy) };
    let tag = &form.tag;
    if let (Some(config), Origin::Memo) = (subject.etag, origin)
        && let Some(mut response) = early_not_modified(
            (call.request, &call.fields),
            config,
            tag,
            answer.last_modified,
            answer.body.len(),
        )
    {
        policy.set(&mut response, call, subject, found.tables);
        return Ok(Ok(response));
    }
    match origin {
        Origin::Memo => mark_remembered(call.request, tag.clone()),
        Origin::Made => mark_with_tag(call.request, tag.clone()),
    }
    let coded = match answer.coded.bytes(coding) {
        Some(bytes) => {
            let (size, form) = (bytes.len(), CodedForm { answer: Arc::clone(answer), coding });
            Ok(response::of_body(Status::Ok, size, BodyReader::new(form), answer.profile))
        }
        // Boxed, as are other futures that are large and seldom awaited.
        None => Box::pin(first_response(call, found, coding, offer.levels())).await,
    };
    Ok(coded.map(|mut response| {
        response.set_raw_header("Content-Encoding", coding.name());
        policy.set(&mut response, call, subject, found.tables);
        dated(response, answer.last_modified)
    }))
}

/// Why a coded form is not remembered.
enum NotKept {
    /// There is no room for it in the memo.
    TooLarge(Vec<u8>, Option<HeldBytes>),
    Failed(Errors),
}

/// Makes the coded form, remembers it and sends it. Of several requests at once one does, and the others wait for it.
async fn first_response<'r>(
    call: &Call<'r>,
    found: &Found<'_>,
    coding: Coding,
    levels: Levels,
) -> Answer<'r> {
    let (memo, answer) = (found.memo, found.answer);
    let missing = || internal("a coding has no place");
    let form = answer.coded.form(coding, &answer.tag).ok_or_else(missing)?;
    let make = async || {
        let bytes = code(answer, coding, levels).await.map_err(|error| {
            log::error!("an answer could not be coded as {}: {error}", coding.name());
            NotKept::Failed(internal("an answer could not be coded"))
        })?;
        let held = call.api.state.admission.hold(bytes.len()).map_err(NotKept::Failed)?;
        match memo.takes_coded(answer, bytes.len()) {
            true => Ok(CodedBytes { bytes: KeptBody::of(&bytes), held }),
            false => Err(NotKept::TooLarge(bytes, held)),
        }
    };
    match form.body.get_or_try_init(make).await {
        Ok(made) => {
            memo.weigh_again(found.key, answer);
            let form = CodedForm { answer: Arc::clone(answer), coding };
            Ok(response::of_body(Status::Ok, made.bytes.len(), BodyReader::new(form), answer.profile))
        }
        Err(NotKept::TooLarge(bytes, held)) => {
            let (size, body) = (bytes.len(), Cursor::new(SentDocument::new(bytes, held)));
            Ok(response::of_body(Status::Ok, size, body, answer.profile))
        }
        Err(NotKept::Failed(errors)) => Err(errors),
    }
}

async fn code(answer: &Arc<Remembered>, coding: Coding, levels: Levels) -> io::Result<Vec<u8>> {
    if answer.body.len() <= INLINE {
        return encode(coding, levels, &answer.body.to_vec());
    }
    let answer = Arc::clone(answer);
    spawn_blocking(move || encode(coding, levels, &answer.body.to_vec())).await.map_err(io::Error::other)?
}

/// A remembered coded form, to be read without a copy.
struct CodedForm {
    answer: Arc<Remembered>,
    coding: Coding,
}

impl HasBody for CodedForm {
    fn body(&self) -> Option<&KeptBody> {
        // It was there when this was made, and stays.
        self.answer.coded.bytes(self.coding)
    }
}
