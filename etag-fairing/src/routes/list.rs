//! `GET /sessions` (JSON:API §8.1.1).

use super::call::{Answer, Exchange};
use super::store_errors::corrupt;
use crate::error::Errors;
use crate::plan::{Fetched, Plan, Root};
use crate::query::{Parameters, Query, Target};

pub(super) async fn answer<'r>(exchange: &Exchange<'r>) -> Answer<'r> {
    let (parameters, query) = exchange.query(Target::Many).await?;
    let plan = plan(exchange, &query);
    let make =
        |fetched: &Fetched| Ok(exchange.page_made(&query, document(exchange, &parameters, &query, fetched)?));
    exchange.answer(&plan, make).await
}

/// What to read for a page of the collection.
pub(super) fn plan(exchange: &Exchange<'_>, query: &Query) -> Plan {
    exchange.plan(Root::Collection(query.listing()), query.selection(exchange.resource, false))
}

/// The document of a page of the collection.
pub(super) fn document(
    exchange: &Exchange<'_>,
    parameters: &Parameters,
    query: &Query,
    fetched: &Fetched,
) -> Result<Vec<u8>, Errors> {
    let path = exchange.writer().collection(exchange.resource);
    exchange.page(exchange.resource, path, parameters, query, fetched).map_err(corrupt)
}
