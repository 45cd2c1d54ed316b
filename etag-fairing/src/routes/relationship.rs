//! `GET /sessions/1/relationships/speakers` (JSON:API §8.1.3).

use super::answer::page;
use super::exchange::{Answer, Exchange};
use super::trouble::internal;
use super::view::page_links;
use crate::document::error::ErrorObject;
use crate::document::write::LinkagePage;
use crate::query::{Target, href};
use crate::resource::ResourceId;
use crate::store::{Plan, Root, Selection};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>, place: usize) -> Answer<'r> {
    let (parameters, query) = exchange.query(Target::Linkage(place)).await?;
    let id = exchange.id()?;
    let resource = exchange.resource;
    let Some(relationship) = resource.relationships.get(place) else {
        return Err(internal("a route of a relationship that isn't there"));
    };
    let include = query.include.as_ref().and_then(|tree| tree.first());
    let body = if include.is_some() || query.page.is_some() {
        // The related resources are read as what they are, and their ids are the linkage.
        let target = relationship.target();
        let selection = match include {
            Some(include) => query.below(include).selection(target, false),
            None => Selection::identifiers(target),
        };
        let (parent, listing) = (resource, query.listing());
        let root = Root::Related { parent, id: id.clone(), relationship: place, listing };
        let plan = exchange.plan(root, selection);
        let related = exchange.store().fetch(&plan).await.map_err(|error| exchange.trouble(error))?;
        if !related.parent {
            return Err(ErrorObject::not_found().into());
        }
        let links = exchange.writer.relationship(resource, &id, relationship);
        let pages =
            query.page.is_some().then(|| page_links(target, &links.own, &parameters, &query, &related));
        let page = LinkagePage {
            self_link: &href(&links.own, &parameters),
            related_link: &links.related,
            included: include.is_some(),
            pages: pages.transpose().map_err(internal)?,
            profile: query.profile(),
        };
        exchange.writer.linkage_of(relationship, &page, &related, query.view())
    } else {
        let plan = plan(exchange, id, place);
        let fetched = exchange.store().fetch(&plan).await.map_err(|error| exchange.trouble(error))?;
        if fetched.rows.is_empty() {
            return Err(ErrorObject::not_found().into());
        }
        exchange.writer.linkage(resource, place, &parameters, &fetched, query.view())
    };
    Ok(page(exchange, &query, body.map_err(internal)?))
}

/// What to read for the linkage of one relationship of one resource.
pub(super) fn plan(exchange: &Exchange<'_>, id: ResourceId, place: usize) -> Plan {
    let mut selection = Selection::identifiers(exchange.resource);
    if let Some(linkage) = selection.linkage.get_mut(place) {
        *linkage = true;
    }
    Plan::new(Root::One(id), selection)
}
