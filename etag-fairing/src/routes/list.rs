//! `GET /sessions` (JSON:API §8.1.1).

use super::answer::representation;
use super::exchange::{Answer, Exchange};
use super::trouble::internal;
use crate::document::error::Errors;
use crate::document::write::PageLinks;
use crate::query::{Extent, Parameters, Query, Target, href};
use crate::store::{Fetched, Listing, Plan, Root, Selection};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>) -> Answer<'r> {
    let (parameters, query) = exchange.query(Target::Many)?;
    let fetched =
        exchange.store().fetch(&plan(exchange, &query)).await.map_err(|error| exchange.trouble(error))?;
    Ok(representation(exchange, document(exchange, &parameters, &query, &fetched)?))
}

/// What to read for a page of the collection.
pub(super) fn plan(exchange: &Exchange<'_>, query: &Query) -> Plan {
    let listing = Listing { total: query.page.is_some(), ..query.listing() };
    Plan::new(Root::Collection(listing), Selection::whole(exchange.resource))
}

/// The document of a page of the collection.
pub(super) fn document(
    exchange: &Exchange<'_>,
    parameters: &Parameters,
    query: &Query,
    fetched: &Fetched,
) -> Result<Vec<u8>, Errors> {
    let path = exchange.writer.collection(exchange.resource);
    let extent = Extent { total: fetched.total, more: fetched.more, ends: None };
    let pages = query.page.as_ref().map_or_else(PageLinks::default, |page| {
        page.links(path, parameters, exchange.resource, &query.sort, &extent)
    });
    exchange.writer.many(exchange.resource, &href(path, parameters), &pages, fetched).map_err(internal)
}
