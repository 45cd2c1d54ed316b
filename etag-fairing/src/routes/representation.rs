//! The representation of one resource, at its own URL and as a query asks for it, with the tags of both.

use super::call::Call;
use super::subject::Subject;
use super::tags::{state_tag, view_tag};
use crate::conditional::{EntityTag, StateTag};
use crate::document::buffer_pool;
use crate::document::state::version_tag;
use crate::document::write::{View, Writer};
use crate::observe::{self, Phase};
use crate::plan::{Fetched, Plan, Root, Selection};
use crate::query::{Parameters, Query, href};
use crate::schema::{Corrupt, RelationshipId, ResourceId};

/// The tags of a document of one resource.
pub(super) struct Tags {
    /// That of the resource at its own URL.
    pub(super) plain: EntityTag,
    /// The document's own: `"S"` without parameters; with them `"S-D"`, the state tag first, so that a client can
    /// write back with it what it has read with `include` or `fields`.
    pub(super) own: EntityTag,
}

/// What a write reads of a resource: its representation at its own URL, however long that is, since a change may be
/// what makes it shorter.
pub(super) fn whole_plan(call: &Call<'_>, subject: &Subject<'_>, id: ResourceId) -> Plan {
    let plan = call.plan(Root::One(id), Selection::whole(subject.resource));
    Plan { most_bytes: usize::MAX, ..plan }
}

/// What to read for what a query asks of the resource, and for its state tag where it needs one.
pub(super) fn query_plan(call: &Call<'_>, subject: &Subject<'_>, id: ResourceId, query: &Query) -> Plan {
    let whole = subject.etag.is_some() && call.needs_representation(subject.resource);
    call.plan(Root::One(id), query.selection(call, subject.resource, whole))
}

/// The representation at the resource's own URL: the bytes that its state tag is made from, whoever asks. There
/// are such bytes even where a value keeps a document from being made, so that it can be mended.
pub(super) fn representation(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    fetched: &Fetched,
) -> Result<Vec<u8>, Corrupt> {
    let _timing = observe::time(call.observation, Phase::Document);
    represent(&call.writer().lenient(), subject, id, fetched)
}

fn represent(
    writer: &Writer<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    fetched: &Fetched,
) -> Result<Vec<u8>, Corrupt> {
    writer.single(subject.resource, &writer.href(subject.resource, id), None, fetched, View::Whole)
}

/// What a GET with this query gives, with its tags.
pub(super) fn read_document(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    parameters: &Parameters,
    query: &Query,
    fetched: &Fetched,
) -> Result<(Vec<u8>, Option<Tags>), Corrupt> {
    document_by(&call.writer_of(query), call, subject, id, parameters, query, fetched)
}

/// What was written, with its tags. The change is made, so that there is a document whatever else the row holds.
pub(super) fn written_document(
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    parameters: &Parameters,
    query: &Query,
    fetched: &Fetched,
) -> Result<(Vec<u8>, Option<Tags>), Corrupt> {
    document_by(&call.writer_of(query).lenient(), call, subject, id, parameters, query, fetched)
}

fn document_by(
    writer: &Writer<'_>,
    call: &Call<'_>,
    subject: &Subject<'_>,
    id: &ResourceId,
    parameters: &Parameters,
    query: &Query,
    fetched: &Fetched,
) -> Result<(Vec<u8>, Option<Tags>), Corrupt> {
    let _timing = observe::time(call.observation, Phase::Document);
    let request = call.request;
    let is_needed = subject.etag.is_some() && call.needs_representation(subject.resource);
    let whole = match (is_needed, query.changes_representation()) {
        (_, false) => represent(writer, subject, id, fetched)?,
        (true, true) => representation(call, subject, id, fetched)?,
        (false, true) => Vec::new(),
    };
    let state = match (subject.etag, fetched.rows.get(0)) {
        (Some(_), Some(row)) => {
            let version = version_tag(call.api.registry(), subject.resource, row)?;
            Some(version.unwrap_or_else(|| state_tag(request, &whole)))
        }
        _ => None,
    };
    let plain = state.as_ref().map(|state| plain_tag(call, subject, state, &whole));
    if !query.changes_representation() {
        return Ok((whole, plain.map(|plain| Tags { own: plain.clone(), plain })));
    }
    buffer_pool::give(whole);
    let href = href(&writer.href(subject.resource, id), parameters);
    let windows = query.shown_windows(subject.resource, subject.resource, parameters, fetched)?;
    let body = writer.single(subject.resource, &href, query.profile(), fetched, query.view(&windows))?;
    // Who has seen a part of the linkage doesn't replace the whole.
    let own_windows = windows.iter().filter(|window| window.owner.is(subject.resource));
    let in_part: Vec<RelationshipId> = own_windows.map(|window| window.relationship).collect();
    let own = state.as_ref().map(|state| view_tag(request, state, &body, &in_part));
    Ok((body, plain.zip(own).map(|(plain, own)| Tags { plain, own })))
}

/// The tag at the resource's own URL: `"S"`, or `"S-D"` where a version doesn't say all.
fn plain_tag(call: &Call<'_>, subject: &Subject<'_>, state: &StateTag, whole: &[u8]) -> EntityTag {
    if !subject.state_is_digest() && call.needs_representation(subject.resource) {
        view_tag(call.request, state, whole, &[])
    } else {
        state.entity_tag()
    }
}
