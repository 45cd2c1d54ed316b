//! The parts of a request that decide about its preconditions.

use std::borrow::Cow;

use rocket::Request;

use crate::conditional::{ConditionalHeaders, MethodKind};

/// Whether the request reads or writes, by its effective method.
pub(super) fn method_kind(request: &Request<'_>) -> MethodKind {
    MethodKind::of(request.method().as_str())
}

/// The conditional fields of a request, with all lines of each.
pub(crate) fn conditional_headers<'r>(request: &'r Request<'_>) -> ConditionalHeaders<'r> {
    let mut headers = ConditionalHeaders::new();
    // A request has few fields, so that one pass over all of them costs less than four look-ups.
    for header in request.headers().iter() {
        match header.value {
            Cow::Borrowed(value) => headers.push(header.name.as_str(), value.as_bytes()),
            Cow::Owned(_) => {
                return ConditionalHeaders::from_lookup(|name| {
                    request.headers().get(name).map(str::as_bytes)
                });
            }
        }
    }
    headers
}
