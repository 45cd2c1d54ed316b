//! `GET /sessions/1/speakers` (JSON:API §7.1).

use super::cached_read::{ReadDocument, read_through_memo};
use super::call::{Answer, Call};
use super::permitted_query::permitted_query;
use super::store_errors::corrupt;
use super::subject::Subject;
use super::view::page_document;
use crate::error::ErrorObject;
use crate::plan::{Fetched, Root};
use crate::query::{Target, href};
use crate::resource::endpoint::OwnRelationship;

pub(super) async fn read_related<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    own: OwnRelationship,
) -> Answer<'r> {
    let (parent, target) = (subject.resource, own.target());
    let kind = match (own.is_to_many(), own.order) {
        (true, Some(_)) => Target::InOrder,
        (true, None) => Target::Many,
        (false, _) => Target::Single,
    };
    let (parameters, query) = permitted_query(call, target, kind).await?;
    let id = subject.id(call.config())?;
    let path = call.writer().relationship(parent, &id, &own).related;
    let root = Root::Related { parent, id, relationship: own.id, listing: query.listing() };
    let plan = call.plan(root, query.selection(call, target, false));
    let make = |fetched: &Fetched| {
        if !fetched.parent {
            return Err(ErrorObject::not_found().into());
        }
        let writer = call.writer_of(&query);
        let body = if own.is_to_many() {
            page_document(&writer, target, &path, &parameters, &query, fetched)
        } else {
            let windows = query.shown_windows(target, target, &parameters, fetched).map_err(corrupt)?;
            let self_link = href(&path, &parameters);
            writer.single(target, &self_link, query.profile(), fetched, query.view(&windows))
        };
        Ok(ReadDocument::of_page(call, subject, &query, body.map_err(corrupt)?))
    };
    read_through_memo(call, subject, &plan, make).await
}
