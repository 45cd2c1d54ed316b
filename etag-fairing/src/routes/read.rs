//! `GET /sessions/1` (JSON:API §7.1).

use super::cached_read::{ReadDocument, read_through_memo};
use super::call::{Answer, Call};
use super::permitted_query::own_query;
use super::representation::{query_plan, read_document};
use super::state::last_modified;
use super::store_errors::corrupt;
use super::subject::Subject;
use crate::error::ErrorObject;
use crate::plan::Fetched;

pub(super) async fn read_resource<'r>(call: &Call<'r>, subject: &Subject<'r>) -> Answer<'r> {
    let (parameters, query) = own_query(call, subject.resource).await?;
    let id = subject.id(call.config())?;
    let plan = query_plan(call, subject, id.clone(), &query);
    let make = |fetched: &Fetched| {
        if fetched.rows.is_empty() {
            return Err(ErrorObject::not_found().into());
        }
        let document = read_document(call, subject, &id, &parameters, &query, fetched);
        let (body, tags) = document.map_err(corrupt)?;
        // The date is that of the row, and says nothing of what else is included.
        let last_modified = match query.include {
            None => last_modified(call, subject, fetched).map_err(corrupt)?,
            Some(_) => None,
        };
        let profile = query.profile();
        Ok(ReadDocument { body, tag: tags.map(|tags| tags.own), profile, last_modified, held: None })
    };
    read_through_memo(call, subject, &plan, make).await
}
