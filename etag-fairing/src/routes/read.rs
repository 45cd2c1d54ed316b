//! `GET /sessions/1` (JSON:API §8.1.2).

use super::cached_read::Made;
use super::call::{Answer, Exchange};
use super::store_errors::corrupt;
use crate::conditional::{EntityTag, StateTag};
use crate::document::buffer_pool;
use crate::document::write::{View, Writer};
use crate::error::ErrorObject;
use crate::plan::{Fetched, Plan, Root, Selection};
use crate::query::{Parameters, Query, Target, href};
use crate::schema::{Corrupt, ResourceId};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>) -> Answer<'r> {
    let (parameters, query) = exchange.query(Target::Single).await?;
    let id = exchange.id()?;
    let plan = exchange.asked(id.clone(), &query);
    let make = |fetched: &Fetched| {
        if fetched.rows.is_empty() {
            return Err(ErrorObject::not_found().into());
        }
        let document = exchange.document_of(&exchange.writer(), &id, &parameters, &query, fetched);
        let (body, tags) = document.map_err(corrupt)?;
        // The date is that of the row, and says nothing of what else is included.
        let last_modified = match query.include {
            None => exchange.last_modified(fetched).map_err(corrupt)?,
            Some(_) => None,
        };
        Ok(Made { body, tag: tags.map(|tags| tags.own), profile: None, last_modified, held: None })
    };
    exchange.answer(&plan, make).await
}

impl Exchange<'_> {
    /// What a write reads of a resource: its representation at its own URL, however long that is, since a change may be
    /// what makes it shorter.
    pub(super) fn whole(&self, id: ResourceId) -> Plan {
        Plan { most_bytes: usize::MAX, ..self.plan(Root::One(id), Selection::whole(self.resource)) }
    }

    /// What to read for what a query asks of the resource, and for its state tag where it needs one.
    pub(super) fn asked(&self, id: ResourceId, query: &Query) -> Plan {
        let whole = self.etag.is_some() && self.needs_representation();
        self.plan(Root::One(id), query.selection(self.resource, whole))
    }

    /// The representation at the resource's own URL: the bytes that its state tag is made from, whoever asks. There
    /// are such bytes even where a value keeps a document from being made, so that it can be mended.
    pub(super) fn representation(&self, id: &ResourceId, fetched: &Fetched) -> Result<Vec<u8>, Corrupt> {
        self.represent(&self.writer().lenient(), id, fetched)
    }

    fn represent(&self, writer: &Writer<'_>, id: &ResourceId, fetched: &Fetched) -> Result<Vec<u8>, Corrupt> {
        writer.single(self.resource, &writer.href(self.resource, id), fetched, View::Whole)
    }

    /// What was written, with its tags. The change is made, so that there is a document whatever else the row holds.
    pub(super) fn written_document(
        &self,
        id: &ResourceId,
        parameters: &Parameters,
        query: &Query,
        fetched: &Fetched,
    ) -> Result<(Vec<u8>, Option<Tags>), Corrupt> {
        self.document_of(&self.writer().lenient(), id, parameters, query, fetched)
    }

    /// What a GET with this query gives, with its tags.
    fn document_of(
        &self,
        writer: &Writer<'_>,
        id: &ResourceId,
        parameters: &Parameters,
        query: &Query,
        fetched: &Fetched,
    ) -> Result<(Vec<u8>, Option<Tags>), Corrupt> {
        let needed = self.etag.is_some() && self.needs_representation();
        let whole = match (needed, query.changes_representation()) {
            (_, false) => self.represent(writer, id, fetched)?,
            (true, true) => self.representation(id, fetched)?,
            (false, true) => Vec::new(),
        };
        let state = match (self.etag, fetched.rows.get(0)) {
            (Some(_), Some(row)) => Some(self.version_tag(row)?.unwrap_or_else(|| self.state_tag(&whole))),
            _ => None,
        };
        let plain = state.as_ref().map(|state| self.plain_tag(state, &whole));
        if !query.changes_representation() {
            return Ok((whole, plain.map(|plain| Tags { own: plain.clone(), plain })));
        }
        buffer_pool::give(whole);
        let href = href(&writer.href(self.resource, id), parameters);
        let body = writer.single(self.resource, &href, fetched, query.view())?;
        let own = state.as_ref().map(|state| self.view_tag(state, &body));
        Ok((body, plain.zip(own).map(|(plain, own)| Tags { plain, own })))
    }

    /// Whether the tag at the resource's own URL is made from the bytes there.
    fn needs_representation(&self) -> bool {
        self.state_is_digest() || !self.resource.computed.names.is_empty() || !self.sees_all()
    }

    /// The tag at the resource's own URL: `"S"`.
    ///
    /// A version doesn't say all where there are computed attributes, whose functions may be others in the next
    /// release, or scopes and guards: what the caller may see of the linkage may be another tomorrow. Then the tag is
    /// `"S-D"` there, too.
    fn plain_tag(&self, state: &StateTag, whole: &[u8]) -> EntityTag {
        match !self.state_is_digest() && self.needs_representation() {
            true => self.view_tag(state, whole),
            false => state.entity_tag(),
        }
    }
}

/// The tags of a document of one resource.
pub(super) struct Tags {
    /// That of the resource at its own URL.
    pub(super) plain: EntityTag,
    /// The document's own: `"S"` without parameters; with them `"S-D"`, the state tag first, so that a client can
    /// write back with it what it has read with `include` or `fields`.
    pub(super) own: EntityTag,
}
