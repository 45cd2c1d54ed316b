//! `GET /sessions/1` (JSON:API §8.1.2).

use super::answer::representation;
use super::exchange::{Answer, Exchange};
use super::trouble::internal;
use crate::document::error::ErrorObject;
use crate::query::Target;
use crate::resource::{Corrupt, ResourceId};
use crate::store::{Fetched, Plan, Root, Selection};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>) -> Answer<'r> {
    exchange.query(Target::Single)?;
    let id = exchange.id()?;
    let fetched =
        exchange.store().fetch(&exchange.whole(id.clone())).await.map_err(|error| exchange.trouble(error))?;
    if fetched.rows.is_empty() {
        return Err(ErrorObject::not_found().into());
    }
    Ok(representation(exchange, exchange.representation(&id, &fetched).map_err(internal)?))
}

impl Exchange<'_> {
    /// What to read for a resource's representation at its own URL.
    pub(super) fn whole(&self, id: ResourceId) -> Plan {
        Plan::new(Root::One(id), Selection::whole(self.resource))
    }

    /// The representation at the resource's own URL: the bytes that its state tag is made from, whoever asks.
    pub(super) fn representation(&self, id: &ResourceId, fetched: &Fetched) -> Result<Vec<u8>, Corrupt> {
        self.writer.single(self.resource, &self.writer.href(self.resource, id), fetched)
    }
}
