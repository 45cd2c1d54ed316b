//! `GET /sessions/1/relationships/speakers` (JSON:API §8.1.3).

use super::call::{Answer, Exchange};
use super::store_errors::{corrupt, internal};
use super::view::page_links;
use crate::document::write::LinkagePage;
use crate::error::ErrorObject;
use crate::plan::{Fetched, Plan, Root, Selection};
use crate::query::{Target, href};
use crate::schema::ResourceId;

pub(super) async fn answer<'r>(exchange: &Exchange<'r>, place: usize) -> Answer<'r> {
    let (parameters, query) = exchange.query(Target::Linkage(place)).await?;
    let id = exchange.id()?;
    let resource = exchange.resource;
    let Some(relationship) = resource.relationships.get(place) else {
        return Err(internal("a route of a relationship that isn't there"));
    };
    let include = query.include.as_ref().and_then(|tree| tree.first());
    if include.is_none() && query.page.is_none() {
        let make = |fetched: &Fetched| {
            if fetched.rows.is_empty() {
                return Err(ErrorObject::not_found().into());
            }
            let body = exchange.writer().linkage(resource, place, &parameters, fetched, query.view());
            Ok(exchange.page_made(&query, body.map_err(corrupt)?))
        };
        return exchange.answer(&plan(exchange, id, place), make).await;
    }
    // The related resources are read as what they are, and their ids are the linkage.
    let target = relationship.target();
    let selection = match include {
        Some(include) => query.below(include).selection(target, false),
        None => Selection::identifiers(target),
    };
    let (parent, listing) = (resource, query.listing());
    let root = Root::Related { parent, id: id.clone(), relationship: place, listing };
    let make = |related: &Fetched| {
        if !related.parent {
            return Err(ErrorObject::not_found().into());
        }
        let links = exchange.writer().relationship(resource, &id, relationship);
        let pages =
            query.page.is_some().then(|| page_links(target, &links.own, &parameters, &query, related));
        let page = LinkagePage {
            self_link: &href(&links.own, &parameters),
            related_link: &links.related,
            included: include.is_some(),
            pages: pages.transpose().map_err(corrupt)?,
            profile: query.profile(),
        };
        let body = exchange.writer().linkage_of(relationship, &page, related, query.view());
        Ok(exchange.page_made(&query, body.map_err(corrupt)?))
    };
    exchange.answer(&exchange.plan(root, selection), make).await
}

/// What to read for the linkage of one relationship of one resource.
pub(super) fn plan(exchange: &Exchange<'_>, id: ResourceId, place: usize) -> Plan {
    let mut selection = Selection::identifiers(exchange.resource);
    if let Some(linkage) = selection.linkage.get_mut(place) {
        *linkage = true;
    }
    exchange.plan(Root::One(id), selection)
}
