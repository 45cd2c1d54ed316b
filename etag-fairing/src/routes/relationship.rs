//! `GET /sessions/1/relationships/speakers` (JSON:API §8.1.3).

use super::answer::representation;
use super::exchange::{Answer, Exchange};
use super::trouble::internal;
use crate::document::error::ErrorObject;
use crate::query::Target;
use crate::resource::ResourceId;
use crate::store::{Plan, Root, Selection};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>, place: usize) -> Answer<'r> {
    exchange.query(Target::Linkage(place))?;
    let id = exchange.id()?;
    let plan = plan(exchange, id, place);
    let fetched = exchange.store().fetch(&plan).await.map_err(|error| exchange.trouble(error))?;
    if fetched.rows.is_empty() {
        return Err(ErrorObject::not_found().into());
    }
    let body = exchange.writer.linkage(exchange.resource, place, &fetched).map_err(internal)?;
    Ok(representation(exchange, body))
}

/// What to read for the linkage of one relationship of one resource.
pub(super) fn plan(exchange: &Exchange<'_>, id: ResourceId, place: usize) -> Plan {
    let mut selection = Selection::identifiers(exchange.resource);
    if let Some(linkage) = selection.linkage.get_mut(place) {
        *linkage = true;
    }
    Plan::new(Root::One(id), selection)
}
