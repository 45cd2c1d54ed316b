//! `GET /sessions/1/relationships/speakers` (JSON:API §8.1.3).

use super::exchange::{Answer, Exchange};
use super::trouble::internal;
use crate::document::error::ErrorObject;
use crate::query::Target;
use crate::resource::ResourceId;
use crate::store::{Fetched, Listing, Plan, Root, Selection};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>, place: usize) -> Answer<'r> {
    let (parameters, query) = exchange.query(Target::Linkage(place)).await?;
    let id = exchange.id()?;
    let resource = exchange.resource;
    let Some(relationship) = resource.relationships.get(place) else {
        return Err(internal("a route of a relationship that isn't there"));
    };
    match query.include.as_ref().and_then(|tree| tree.first()) {
        // The related resources are read as what they are, and their ids are the linkage.
        Some(include) => {
            let root = Root::Related {
                parent: resource,
                id: id.clone(),
                relationship: place,
                listing: Listing::all(),
            };
            let below = query.below(include);
            let plan = exchange.plan(root, below.selection(relationship.target(), false));
            let make = |related: &Fetched| {
                if !related.parent {
                    return Err(ErrorObject::not_found().into());
                }
                let (writer, view) = (&exchange.writer, query.view());
                let body =
                    writer.linkage_with_included(resource, &id, relationship, &parameters, related, view);
                Ok(exchange.made(body.map_err(internal)?))
            };
            exchange.answer(&plan, make).await
        }
        None => {
            let plan = plan(exchange, id, place);
            let make = |fetched: &Fetched| {
                if fetched.rows.is_empty() {
                    return Err(ErrorObject::not_found().into());
                }
                let body = exchange.writer.linkage(resource, place, &parameters, fetched, query.view());
                Ok(exchange.made(body.map_err(internal)?))
            };
            exchange.answer(&plan, make).await
        }
    }
}

/// What to read for the linkage of one relationship of one resource.
pub(super) fn plan(exchange: &Exchange<'_>, id: ResourceId, place: usize) -> Plan {
    let mut selection = Selection::identifiers(exchange.resource);
    if let Some(linkage) = selection.linkage.get_mut(place) {
        *linkage = true;
    }
    Plan::new(Root::One(id), selection)
}
