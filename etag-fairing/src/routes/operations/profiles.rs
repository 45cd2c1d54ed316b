//! Which profiles the answer to operations applies.

use rocket::Request;

use crate::config::EtagConfig;
use crate::negotiate::{Extensions, Profiles, asked_profiles};

/// The profile of entity tags in documents, if the client asks for it: in `Accept`, or by applying it to the operations.
pub(super) fn profiles(request: &Request<'_>) -> Option<&'static str> {
    let headers = request.headers();
    let fields = headers.get("Accept").chain(headers.get("Content-Type"));
    let Profiles { concurrency, .. } = asked_profiles(fields, Extensions::Atomic);
    let has_tags = request.rocket().state::<EtagConfig>().is_some_and(|config| config.enabled);
    Profiles { concurrency: concurrency && has_tags, ..Profiles::default() }.uris()
}
