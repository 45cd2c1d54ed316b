//! `GET /sessions` (JSON:API §7.1).

use super::cached_read::{ReadDocument, read_through_memo};
use super::call::{Answer, Call};
use super::permitted_query::permitted_query;
use super::store_errors::corrupt;
use super::subject::Subject;
use super::view::page_document;
use crate::error::Errors;
use crate::plan::{Fetched, Plan, Root};
use crate::query::{Parameters, Query, Target};

pub(super) async fn list_resources<'r>(call: &Call<'r>, subject: &Subject<'r>) -> Answer<'r> {
    let (parameters, query) = permitted_query(call, subject.resource, Target::Many).await?;
    let plan = collection_plan(call, subject, &query);
    let make = |fetched: &Fetched| {
        let body = collection_document(call, subject, &parameters, &query, fetched)?;
        Ok(ReadDocument::of_page(call, subject, &query, body))
    };
    read_through_memo(call, subject, &plan, make).await
}

/// What to read for a page of the collection.
pub(super) fn collection_plan(call: &Call<'_>, subject: &Subject<'_>, query: &Query) -> Plan {
    call.plan(Root::Collection(query.listing()), query.selection(call, subject.resource, false))
}

/// The document of a page of the collection.
pub(super) fn collection_document(
    call: &Call<'_>,
    subject: &Subject<'_>,
    parameters: &Parameters,
    query: &Query,
    fetched: &Fetched,
) -> Result<Vec<u8>, Errors> {
    let writer = call.writer_of(query);
    let path = writer.collection(subject.resource);
    page_document(&writer, subject.resource, path, parameters, query, fetched).map_err(corrupt)
}
