//! `GET /sessions/1/speakers` (JSON:API §8.1.1, §8.1.2).

use super::call::{Answer, Exchange};
use super::store_errors::{corrupt, internal};
use crate::error::ErrorObject;
use crate::plan::{Fetched, Root};
use crate::query::{Target, href};
use crate::schema::registry::encode_segment;

pub(super) async fn answer<'r>(exchange: &Exchange<'r>, place: usize) -> Answer<'r> {
    let Some(relationship) = exchange.resource.relationships.get(place) else {
        return Err(internal("a route of a relationship that isn't there"));
    };
    let many = relationship.is_to_many();
    let target = relationship.target();
    let (parameters, query) =
        exchange.query_of(target, if many { Target::Many } else { Target::Single }).await?;
    let id = exchange.id()?;
    let path =
        format!("{}/{}", exchange.writer().href(exchange.resource, &id), encode_segment(relationship.name));
    let root = Root::Related { parent: exchange.resource, id, relationship: place, listing: query.listing() };
    let plan = exchange.plan(root, query.selection(target, false));
    let make = |fetched: &Fetched| {
        if !fetched.parent {
            return Err(ErrorObject::not_found().into());
        }
        let body = match many {
            true => exchange.page(target, &path, &parameters, &query, fetched),
            false => exchange.writer().single(target, &href(&path, &parameters), fetched, query.view()),
        };
        Ok(exchange.page_made(&query, body.map_err(corrupt)?))
    };
    exchange.answer(&plan, make).await
}
