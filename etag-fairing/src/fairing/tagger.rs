//! Adds the entity tag to one response, and answers the request's preconditions.

use rocket::http::{Method, Status};
use rocket::{Request, Response};

#[cfg(feature = "compression")]
use super::coding::{self, Offer};
use super::digest;
use super::file_digests::FileDigests;
use super::mark::{self, Mark};
use super::not_modified::{self, turn_into_not_modified};
use super::precondition_failed::turn_into_precondition_failed;
use super::request_fields::conditional_headers;
use super::statistics::{NotModifiedWay, Statistics};
use crate::conditional::{EntityTag, HttpDate, MethodKind, Policy, Selected, Validator, Verdict};
use crate::config::EtagConfig;
use crate::error::{ErrorObject, Errors};
use crate::observe::{self, Phase, PreconditionOutcome};

/// Where the tag of a response comes from.
pub(super) enum TagSource {
    /// The response gets no tag.
    None,
    /// The handler has set the tag.
    Own(EntityTag),
    /// The tag is known without reading the body.
    Known(EntityTag),
    /// The tag is made from the bytes of the body.
    OfBody,
}

/// Adds the entity tag to one response.
pub(super) struct Tagger<'r, 'request> {
    pub(super) request: &'r Request<'request>,
    pub(super) config: &'r EtagConfig,
    pub(super) statistics: &'r Statistics,
    pub(super) mark: &'r Mark,
    pub(super) fields: ResponseFields,
}

impl<'r> Tagger<'r, '_> {
    /// Where the tag comes from. The body is not read for this.
    pub(super) fn tag_source(&self, response: &mut Response<'r>) -> TagSource {
        let own = if self.fields.has_tag { own_tag(response) } else { OwnTag::Absent };
        match own {
            // RFC 9110 §14.2: preconditions are evaluated before Range, so they also hold for a handler's 206. The body
            // of a 206 is a part of the representation, so that no tag can be made from it.
            OwnTag::Valid(tag) => TagSource::Own(tag),
            OwnTag::Absent if is_taggable(self.request, response, &self.fields, self.mark) => {
                match self.mark.tag().cloned().or_else(|| self.tag_of_file()) {
                    Some(tag) if self.fields.is_coded && !self.is_tag_of_coded_body() => {
                        TagSource::Known(of_coding(&tag, response))
                    }
                    Some(tag) => TagSource::Known(tag),
                    None => TagSource::OfBody,
                }
            }
            OwnTag::Malformed => {
                let route = self.request.route().and_then(|route| route.name.as_deref()).unwrap_or("a route");
                log::warn!(
                    "`{route}` set an ETag that is none (RFC 9110 §8.8.3): its response is left alone"
                );
                TagSource::None
            }
            OwnTag::Absent => TagSource::None,
        }
    }

    /// Whether the handler has coded the body itself, and the tag that it gave is that of the coded one.
    #[cfg(feature = "compression")]
    fn is_tag_of_coded_body(&self) -> bool {
        coding::is_decided(&self.mark.coding)
    }

    #[cfg(not(feature = "compression"))]
    fn is_tag_of_coded_body(&self) -> bool {
        false
    }

    /// What this response may be coded in, unless the client prefers it as it is. Where it may, the response says that it
    /// varies.
    #[cfg(feature = "compression")]
    pub(super) fn offer(&self, response: &mut Response<'r>) -> Option<Offer<'r>> {
        if self.fields.is_coded || coding::is_decided(&self.mark.coding) {
            return None;
        }
        let offer = coding::offer(self.request)?;
        coding::mark_coding(self.request);
        // The configured field is set later.
        let is_forbidden = !self.fields.has_caching
            && self.config.cache_control.as_deref().is_some_and(coding::forbids_transformation);
        if is_forbidden || !coding::is_codable(response, offer.compression) {
            return None;
        }
        coding::vary_by_coding(response);
        offer.negotiated.coding.map(|_| offer)
    }

    /// Sets the tag of the coding that the response is sent in, answers the preconditions, and codes the body if it is
    /// sent.
    #[cfg(feature = "compression")]
    pub(super) async fn issue_coded(&self, response: &mut Response<'r>, source: TagSource, offer: Offer<'r>) {
        let mut is_own = false;
        let tag = match source {
            TagSource::None => return,
            TagSource::Own(tag) => {
                is_own = true;
                Some(tag)
            }
            TagSource::Known(tag) => Some(tag),
            TagSource::OfBody => self.tag_of_body(response).await,
        };
        let size = response.body_mut().size().await;
        // One that could not be read is an error by now.
        let coding = offer.coding_for(size).filter(|_| response.status() == Status::Ok);
        if let Some(tag) = tag {
            let tag = match coding {
                // A weak tag of the handler's promises nothing about bytes.
                Some(coding) if !tag.is_weak() => tag.of_coding(coding.name()),
                _ => tag,
            };
            if is_own {
                response.set_raw_header("ETag", tag.to_string());
                self.finish(response, &tag, self.config.policy().with_own_tag());
            } else {
                self.issue(response, tag);
            }
        }
        if let Some(coding) = coding.filter(|_| response.status() == Status::Ok) {
            coding::code_body(response, coding, offer.levels(), size).await;
        }
    }

    /// The tag of the file that the body is, if the file need not be read for it.
    fn tag_of_file(&self) -> Option<EntityTag> {
        let stamp = self.mark.file()?;
        if stamp.length() <= self.config.max_body.as_u64() {
            self.digests()?.get(stamp)
        } else {
            Some(stamp.tag())
        }
    }

    fn digests(&self) -> Option<&'r FileDigests> {
        self.request.rocket().state()
    }

    /// The tag of the body's bytes. `None` if the body gets no tag; the response then goes out as it is.
    pub(super) async fn tag_of_body(&self, response: &mut Response<'r>) -> Option<EntityTag> {
        let Some(stamp) = self.mark.file() else { return self.digest(response).await };
        let tag = if self.fields.is_coded {
            // A fairing has compressed the body, but the tag is made from the uncompressed file.
            let content = stamp.content().await?;
            self.statistics.count_digest();
            EntityTag::of(&content)
        } else {
            self.digest(response).await?
        };
        if let Some(digests) = self.digests() {
            digests.remember(stamp, &tag).await;
        }
        Some(if self.fields.is_coded { of_coding(&tag, response) } else { tag })
    }

    /// The tag of a body that has a size. (Rocket finds out the size of a file only when it is asked for.)
    async fn digest(&self, response: &mut Response<'r>) -> Option<EntityTag> {
        let size = response.body_mut().size().await?;
        if size as u64 > self.config.max_body.as_u64() {
            return None;
        }
        let _timing = observe::time(observe::of(self.request), Phase::Hash);
        match digest::digest(response, size, self.request.rocket().state(), self.statistics).await {
            Ok(Some(tag)) => Some(tag),
            Ok(None) => {
                log::warn!(
                    "a body of {size} bytes turned out to be longer: it goes out untagged, as a stream"
                );
                None
            }
            Err(error) => {
                log::error!("a response body could not be read: {error}");
                *response = Errors::from(ErrorObject::internal()).to_response_to(self.request);
                None
            }
        }
    }

    /// Sets the tag, strong or weak as configured, and answers the preconditions.
    pub(super) fn issue(&self, response: &mut Response<'r>, tag: EntityTag) {
        let policy = self.config.policy();
        response.set_raw_header("ETag", policy.issue(tag.clone()).borrowed().to_field());
        self.finish(response, &tag, policy);
    }

    /// Completes the fields for caches and answers the preconditions.
    pub(super) fn finish(&self, response: &mut Response<'r>, tag: &EntityTag, policy: Policy) {
        digest::send_in_large_chunks(response);
        // Whoever has decided the coding has said that the response varies.
        let may_lack_vary = self.fields.is_coded && !self.is_tag_of_coded_body();
        complete_cache_fields(response, self.config, &self.fields, may_lack_vary);

        let headers = conditional_headers(self.request);
        if headers.is_empty() {
            return;
        }
        let last_modified = if self.fields.has_last_modified {
            response.headers().get_one("Last-Modified").and_then(|date| HttpDate::parse(date.as_bytes()))
        } else {
            None
        };
        let selected = Selected { validator: Validator::Tag(tag), last_modified };
        match policy.judge(&headers, MethodKind::Read, Some(&selected)) {
            // A read overwrites nothing, so that no precondition is required of it.
            Verdict::Proceed | Verdict::Required => self.observe(PreconditionOutcome::Passed),
            Verdict::NotModified => {
                let of_file = || usize::try_from(self.mark.file()?.length()).ok();
                let size = response.body().preset_size().or_else(of_file);
                let way = match self.mark.is_remembered() {
                    true => NotModifiedWay::Memo,
                    false => NotModifiedWay::Built,
                };
                not_modified::count(self.request, Some(self.statistics), way, size.unwrap_or(0));
                turn_into_not_modified(response);
                // Rocket has written the status that the handler gave it. Its lines whose target ends so are indented.
                log::info!(target: "etag_fairing::sent_", "Sent: 304 Not Modified in place of this");
            }
            Verdict::Failed(failure) => {
                turn_into_precondition_failed(response, self.request, &failure, self.statistics);
                self.observe(PreconditionOutcome::Failed);
            }
        }
    }

    fn observe(&self, outcome: PreconditionOutcome) {
        if let Some(observation) = observe::of(self.request) {
            observation.preconditions(outcome);
        }
    }
}

/// What the fields of a response say. All fields are read in one pass, which costs less than one look-up by name.
#[derive(Default)]
pub(super) struct ResponseFields {
    has_tag: bool,
    has_last_modified: bool,
    /// Whether the response says how it may be cached.
    has_caching: bool,
    /// `Cache-Control: no-store`, in any case and at any position.
    is_no_store: bool,
    /// Whether the body has a content coding, such as gzip.
    is_coded: bool,
    is_event_stream: bool,
}

impl ResponseFields {
    pub(super) fn of(response: &Response<'_>) -> Self {
        let mut fields = Self::default();
        for header in response.headers().iter() {
            let (name, value) = (header.name().as_str(), header.value());
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            if is("ETag") {
                fields.has_tag = true;
            } else if is("Last-Modified") {
                fields.has_last_modified = true;
            } else if is("Expires") {
                fields.has_caching = true;
            } else if is("Cache-Control") {
                fields.has_caching = true;
                fields.is_no_store |=
                    value.split(',').any(|element| element.trim().eq_ignore_ascii_case("no-store"));
            } else if is("Content-Encoding") {
                fields.is_coded = true;
            } else if is("Content-Type") {
                let essence = value.split(';').next().unwrap_or_default();
                fields.is_event_stream |= essence.trim().eq_ignore_ascii_case("text/event-stream");
            }
        }
        fields
    }
}

/// The tag that a handler has set.
pub(super) enum OwnTag {
    Absent,
    Valid(EntityTag),
    Malformed,
}

pub(super) fn own_tag(response: &Response<'_>) -> OwnTag {
    let mut lines = response.headers().get("ETag");
    match (lines.next(), lines.next()) {
        (None, _) => OwnTag::Absent,
        (Some(line), None) => EntityTag::parse(line.as_bytes()).map_or(OwnTag::Malformed, OwnTag::Valid),
        (Some(_), Some(_)) => OwnTag::Malformed,
    }
}

/// Whether a tag may be made from the body, if the body is not too long.
fn is_taggable(request: &Request<'_>, response: &Response<'_>, fields: &ResponseFields, mark: &Mark) -> bool {
    // What is not stored is asked for again, and whoever edits it needs its tag: that of a generated route is known.
    let is_wanted = !fields.is_no_store || mark.tag().is_some();
    response.status() == Status::Ok && request.method() == Method::Get && is_wanted && !fields.is_event_stream
}

/// The tag of a body that was compressed after its tag was made: the tag with the coding's name as a suffix.
///
/// RFC 9110 §8.8.3.3: each coding of a representation has a strong tag of its own. `"S-gzip"` still begins with the state
/// tag S, so that a client can send it in the `If-Match` of a write.
fn of_coding(tag: &EntityTag, response: &Response<'_>) -> EntityTag {
    let mut opaque = tag.opaque().to_vec();
    for coding in response.headers().get("Content-Encoding") {
        opaque.push(b'-');
        opaque.extend(coding.bytes().filter(u8::is_ascii_alphanumeric));
    }
    EntityTag::strong(opaque).unwrap_or_else(|_| tag.clone().weakened())
}

/// Whether a response says that it depends on the client's `Accept-Encoding`.
pub(super) fn varies_by_coding(response: &Response<'_>) -> bool {
    response
        .headers()
        .get("Vary")
        .flat_map(|line| line.split(','))
        .any(|name| matches!(name.trim(), "*") || name.trim().eq_ignore_ascii_case("Accept-Encoding"))
}

/// Adds the fields that caches need, unless the handler has set them.
fn complete_cache_fields<'r>(
    response: &mut Response<'r>,
    config: &'r EtagConfig,
    fields: &ResponseFields,
    may_lack_vary: bool,
) {
    // RFC 9110 §12.5.5: which coding is sent depends on the client's Accept-Encoding.
    let needs_vary = may_lack_vary && !varies_by_coding(response);
    if !fields.has_caching
        && let Some(cache_control) = &config.cache_control
    {
        response.set_raw_header("Cache-Control", cache_control.as_str());
    }
    if needs_vary {
        response.adjoin_raw_header("Vary", "Accept-Encoding");
    }
}

/// Adds the same fields to a read of a generated route that has no tag. RFC 9111 §4.2.2: without them a cache may keep the
/// response for as long as it thinks right.
pub(super) fn complete_untagged<'r>(request: &'r Request<'_>, response: &mut Response<'r>) {
    if response.status() == Status::Ok
        && mark::of(request).is_untagged_read()
        && let Some(config) = request.rocket().state::<EtagConfig>()
    {
        let fields = ResponseFields::of(response);
        complete_cache_fields(response, config, &fields, fields.is_coded);
    }
}
