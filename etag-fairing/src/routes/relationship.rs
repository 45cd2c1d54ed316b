//! `GET /sessions/1/relationships/speakers` (JSON:API §7.2).

use super::cached_read::{ReadDocument, read_through_memo};
use super::call::{Answer, Call};
use super::permitted_query::permitted_query;
use super::store_errors::corrupt;
use super::subject::Subject;
use super::view::page_links;
use super::{many_of, one_of};
use crate::document::write::LinkagePage;
use crate::error::ErrorObject;
use crate::plan::{Fetched, Plan, Root, Selection};
use crate::query::{Target, href};
use crate::resource::endpoint::OwnRelationship;
use crate::schema::{Description, ResourceId};

pub(super) async fn read_linkage<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    own: OwnRelationship,
) -> Answer<'r> {
    let resource = subject.resource;
    let (parameters, query) = permitted_query(call, resource, Target::Linkage(own.id)).await?;
    let id = subject.id(call.config())?;
    let include = query.include.as_ref().and_then(|tree| tree.first());
    let is_counted = query.counts.contains(&(resource, own.id));
    let is_listed = query.page.is_some() || query.filter.is_some() || !query.sort.is_empty();
    if include.is_none() && !is_listed && !is_counted {
        let make = |fetched: &Fetched| {
            if fetched.rows.is_empty() {
                return Err(ErrorObject::not_found().into());
            }
            let body = call.writer().linkage(resource, own.id, &parameters, None, fetched, query.view(&[]));
            Ok(ReadDocument::of_page(call, subject, &query, body.map_err(corrupt)?))
        };
        return read_through_memo(call, subject, &linkage_plan(call, resource, id, own), make).await;
    }
    if own.is_polymorphic() && own.is_to_many() {
        return many_of::read_linkage_with_included(call, subject, own, &parameters, &query).await;
    }
    if own.is_polymorphic() {
        return one_of::read_linkage_with_included(call, subject, own, &parameters, &query).await;
    }
    // The related resources are read as what they are, and their ids are the linkage.
    let target = own.target();
    let selection = match include {
        Some(include) => query.below(include).selection(call, target, false),
        None => query.identifiers(target),
    };
    let (parent, mut listing) = (resource, query.listing());
    listing.total |= is_counted;
    let root = Root::Related { parent, id: id.clone(), relationship: own.id, listing };
    let make = |related: &Fetched| {
        if !related.parent {
            return Err(ErrorObject::not_found().into());
        }
        let writer = call.writer_of(&query);
        let links = writer.relationship(resource, &id, &own);
        let pages =
            query.page.is_some().then(|| page_links(target, &links.own, &parameters, &query, related));
        let page = LinkagePage {
            self_link: &href(&links.own, &parameters),
            related_link: &links.related,
            included: include.is_some(),
            pages: pages.transpose().map_err(corrupt)?,
            profile: query.profile(),
        };
        let windows = query.shown_windows(resource, target, &parameters, related).map_err(corrupt)?;
        let body = writer.linkage_of(resource, &own, &page, related, query.view(&windows));
        Ok(ReadDocument::of_page(call, subject, &query, body.map_err(corrupt)?))
    };
    read_through_memo(call, subject, &call.plan(root, selection), make).await
}

/// What to read for the linkage of one relationship of one resource.
pub(super) fn linkage_plan(
    call: &Call<'_>,
    resource: &'static Description,
    id: ResourceId,
    own: OwnRelationship,
) -> Plan {
    call.plan(Root::One(id), Selection::identifiers(resource).with_linkage(own.id))
}
