//! `GET /sessions/1/speakers` (JSON:API §8.1.1, §8.1.2).

use super::answer::representation;
use super::exchange::{Answer, Exchange};
use super::trouble::internal;
use crate::document::error::ErrorObject;
use crate::query::{Extent, Target, href};
use crate::resource::registry::encode_segment;
use crate::store::{Listing, Plan, Root, Selection};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>, place: usize) -> Answer<'r> {
    let Some(relationship) = exchange.resource.relationships.get(place) else {
        return Err(internal("a route of a relationship that isn't there"));
    };
    let many = relationship.is_to_many();
    let target = relationship.target();
    let (parameters, query) = exchange.query_of(target, if many { Target::Many } else { Target::Single })?;
    let id = exchange.id()?;
    let path =
        format!("{}/{}", exchange.writer.href(exchange.resource, &id), encode_segment(relationship.name));
    let listing = Listing { total: query.page.is_some(), ..query.listing() };
    let root = Root::Related { parent: exchange.resource, id, relationship: place, listing };
    let plan = Plan::new(root, Selection::whole(target));
    let fetched = exchange.store().fetch(&plan).await.map_err(|error| exchange.trouble(error))?;
    if !fetched.parent {
        return Err(ErrorObject::not_found().into());
    }
    let self_link = href(&path, &parameters);
    let body = match &query.page {
        Some(page) => {
            let extent = Extent { total: fetched.total, more: fetched.more, ends: None };
            let pages = page.links(&path, &parameters, target, &query.sort, &extent);
            exchange.writer.many(target, &self_link, &pages, &fetched)
        }
        None => exchange.writer.single(target, &self_link, &fetched),
    };
    Ok(representation(exchange, body.map_err(internal)?))
}
