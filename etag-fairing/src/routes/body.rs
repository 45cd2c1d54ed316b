//! Bodies of requests: the bytes, within what one request and all together may hold.

use std::fmt;
use std::ops::Deref;

use rocket::data::{Data, ToByteUnit};
use rocket::tokio::io::AsyncReadExt;

use super::call::Call;
use crate::admission::{Entered, HeldBytes};
use crate::error::{ErrorObject, Errors, Pointer};

/// So many bytes of each body Rocket has looked at before a route sees it: the longest beginning of a form that means
/// another method.
const PEEKED: usize = "_method=delete".len();

/// What a client sends after the fields, until somebody takes it; `None` for a read, which takes nothing. It is borrowed,
/// since it is larger than all else that the future of a read holds.
pub(super) type SentData<'a, 'd> = Option<&'a mut Option<Data<'d>>>;

/// A request's body, all of it.
pub(super) struct ReceivedBody<'a> {
    bytes: Vec<u8>,
    _entered: Entered<'a>,
    _held: Option<HeldBytes>,
}

impl Deref for ReceivedBody<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Receives the body of a request. From then on the request counts as one in progress.
///
/// # Errors
/// 413 if the body is longer than the configuration allows; 503 if too many requests are in progress.
pub(super) async fn receive<'r>(call: &Call<'r>, data: SentData<'_, '_>) -> Result<ReceivedBody<'r>, Errors> {
    let admission = &call.api.state.admission;
    admission.is_open()?;
    let mut held = None;
    let bytes = receive_bytes(call, data, &mut held).await?;
    Ok(ReceivedBody { bytes, _entered: admission.enter()?, _held: held })
}

async fn receive_bytes(
    call: &Call<'_>,
    data: SentData<'_, '_>,
    held: &mut Option<HeldBytes>,
) -> Result<Vec<u8>, Errors> {
    let limit = call.config().max_body;
    let broken = |error: &dyn fmt::Display| {
        log::warn!("a request body broke off: {error}");
        Errors::from(ErrorObject::malformed_json("the body broke off").pointer(Pointer::ROOT))
    };
    // Rocket's own way takes 8 KiB, fills them with zeros and copies from there. What a client says of the length
    // is worth so much memory and no more.
    let headers = call.request.headers();
    let told = headers.get_one("Content-Length").and_then(|told| told.parse().ok());
    let mut body = Vec::with_capacity(told.unwrap_or(0_usize).min(64 << 10) + 1);
    let Some(data) = data.and_then(Option::take) else { return Ok(body) };
    let is_complete = data.peek_complete();
    let mut stream = data.open(limit + 1.bytes());
    while stream.read_buf(&mut body).await.map_err(|error| broken(&error))? > 0 {
        call.api.state.admission.hold_more(held, body.len())?;
    }
    if body.len() as u64 > limit.as_u64() {
        return Err(ErrorObject::body_too_large(format!("at most {limit}")).into());
    }
    // Rocket has looked at the beginning, and keeps to itself what went wrong there: the body then seems to end.
    let differs = told.is_some_and(|told| told != body.len()) && !headers.contains("Transfer-Encoding");
    if differs || (!is_complete && body.len() < PEEKED) {
        return Err(broken(&"before its end"));
    }
    Ok(body)
}
