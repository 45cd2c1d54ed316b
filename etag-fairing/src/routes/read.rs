//! `GET /sessions/1` (JSON:API §8.1.2).

use super::exchange::{Answer, Exchange};
use super::recall::Made;
use super::trouble::internal;
use crate::conditional::{EntityTag, StateTag};
use crate::document::error::ErrorObject;
use crate::document::write::View;
use crate::query::{Parameters, Query, Target, href};
use crate::resource::{Corrupt, ResourceId};
use crate::store::{Fetched, Plan, Root, Selection};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>) -> Answer<'r> {
    let (parameters, query) = exchange.query(Target::Single).await?;
    let id = exchange.id()?;
    let plan = exchange.asked(id.clone(), &query);
    let make = |fetched: &Fetched| {
        if fetched.rows.is_empty() {
            return Err(ErrorObject::not_found().into());
        }
        let (body, tags) = exchange.document_of(&id, &parameters, &query, fetched).map_err(internal)?;
        Ok(Made { body, tag: tags.map(|tags| tags.own), profile: None })
    };
    exchange.answer(&plan, make).await
}

impl Exchange<'_> {
    /// What to read for a resource's representation at its own URL.
    pub(super) fn whole(&self, id: ResourceId) -> Plan {
        Plan::new(Root::One(id), Selection::whole(self.resource))
    }

    /// What to read for what a query asks of the resource, and for its state tag where it needs one.
    pub(super) fn asked(&self, id: ResourceId, query: &Query) -> Plan {
        self.plan(Root::One(id), query.selection(self.resource, self.etag.is_some()))
    }

    /// The representation at the resource's own URL: the bytes that its state tag is made from, whoever asks.
    pub(super) fn representation(&self, id: &ResourceId, fetched: &Fetched) -> Result<Vec<u8>, Corrupt> {
        self.writer.single(self.resource, &self.writer.href(self.resource, id), fetched, View::Whole)
    }

    /// What a GET with this query gives, with its tags.
    pub(super) fn document_of(
        &self,
        id: &ResourceId,
        parameters: &Parameters,
        query: &Query,
        fetched: &Fetched,
    ) -> Result<(Vec<u8>, Option<Tags>), Corrupt> {
        let whole = match self.etag.is_some() || !query.changes_representation() {
            true => self.representation(id, fetched)?,
            false => Vec::new(),
        };
        let state = self.etag.map(|_| self.state_tag(&whole));
        let tags = |own| state.as_ref().map(|state| Tags { state: state.entity_tag(), own });
        if !query.changes_representation() {
            let own = state.as_ref().map(StateTag::entity_tag);
            return Ok((whole, own.and_then(tags)));
        }
        let href = href(&self.writer.href(self.resource, id), parameters);
        let body = self.writer.single(self.resource, &href, fetched, query.view())?;
        let own = state.as_ref().map(|state| self.view_tag(state, &body));
        Ok((body, own.and_then(tags)))
    }
}

/// The tags of a document of one resource.
pub(super) struct Tags {
    /// `"S"`: the state tag of the resource at its own URL.
    pub(super) state: EntityTag,
    /// The document's own: `"S"` without parameters; with them `"S-D"`, the state tag first, so that a client can
    /// write back with it what it has read with `include` or `fields`.
    pub(super) own: EntityTag,
}
