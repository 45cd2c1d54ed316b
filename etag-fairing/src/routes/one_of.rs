//! `GET /comments/1/subject`, and its linkage with `include`, where the relationship is polymorphic (JSON:API §7.1, §7.2).
//!
//! Which type the related resource has is known only from its owner's row, and what the query may say depends on the
//! type. So the linkage is read first. If it has changed before the related resource is read, it is read again.

use super::cached_read::{ReadDocument, answer_unremembered, fetch};
use super::call::{Answer, Call};
use super::permitted_query::permitted_query;
use super::store_errors::{corrupt, read_error};
use super::subject::Subject;
use crate::document::write::LinkagePage;
use crate::error::{ErrorObject, Errors};
use crate::plan::{Fetched, Listing, Plan, Root, Selection};
use crate::query::{Parameters, Query, Target, href};
use crate::resource::endpoint::OwnRelationship;
use crate::schema::{RelationshipId, ResourceId};

/// How often the linkage is read if it changes each time.
const MOST_TRIES: usize = 8;

pub(super) async fn read_related<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    own: OwnRelationship,
) -> Answer<'r> {
    let id = subject.id(call.config())?;
    let path = call.writer().relationship(subject.resource, &id, &own).related;
    for _ in 0..MOST_TRIES {
        let (arm, is_empty) = arm_now(call, subject, own, &id).await?;
        let Some(relationship) = subject.resource.relationship_at(arm) else { break };
        let target = relationship.target();
        let (parameters, query) = match permitted_query(call, target, Target::Single).await {
            // Nothing is related, so that it may be about any of the types.
            Err(errors) if is_empty => any_query(call, own).await.map_err(|()| errors)?,
            permitted => permitted?,
        };
        let (parent, listing) = (subject.resource, query.listing());
        let root = Root::Related { parent, id: id.clone(), relationship: arm, listing };
        let selection =
            if is_empty { Selection::identifiers(target) } else { query.selection(call, target, false) };
        let plan = call.plan(root, selection);
        let mut found = Found::default();
        let make = |fetched: &Fetched| {
            found.is_there = !fetched.rows.is_empty();
            if !fetched.parent {
                return Err(ErrorObject::not_found().into());
            }
            let windows = query.shown_windows(target, target, &parameters, fetched).map_err(corrupt)?;
            let (link, view) = (href(&path, &parameters), query.view(&windows));
            let body = call.writer_of(&query).single(target, &link, query.profile(), fetched, view);
            Ok(ReadDocument::of_page(call, subject, &query, body.map_err(corrupt)?))
        };
        let read = fetch(call, subject, &plan, make).await?;
        let is_as_found = match found.is_there {
            // Of what has come since only the id was read.
            true => !is_empty,
            false => arm_now(call, subject, own, &id).await? == (arm, is_empty),
        };
        if is_as_found {
            return Ok(answer_unremembered(call, subject, &plan, read));
        }
    }
    Err(Errors::unavailable(1))
}

/// The linkage and the related resource, whole.
pub(super) async fn read_linkage_with_included<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    own: OwnRelationship,
    parameters: &Parameters,
    query: &Query,
) -> Answer<'r> {
    let resource = subject.resource;
    let id = subject.id(call.config())?;
    for _ in 0..MOST_TRIES {
        let (arm, is_empty) = arm_now(call, subject, own, &id).await?;
        let Some(relationship) = resource.relationship_at(arm) else { break };
        let target = relationship.target();
        let tree = query.include.as_deref().unwrap_or(&[]);
        let selection = match tree.iter().find(|include| include.relationship == arm) {
            Some(include) if !is_empty => query.below(include).selection(call, target, false),
            _ => Selection::identifiers(target),
        };
        let (parent, listing) = (resource, Listing::all());
        let root = Root::Related { parent, id: id.clone(), relationship: arm, listing };
        let plan = call.plan(root, selection);
        let mut found = Found::default();
        let make = |related: &Fetched| {
            found.is_there = !related.rows.is_empty();
            if !related.parent {
                return Err(ErrorObject::not_found().into());
            }
            let writer = call.writer_of(query);
            let links = writer.relationship(resource, &id, relationship);
            let page = LinkagePage {
                self_link: &href(&links.own, parameters),
                related_link: &links.related,
                included: true,
                pages: None,
                profile: query.profile(),
            };
            let windows = query.shown_windows(resource, target, parameters, related).map_err(corrupt)?;
            let body = writer.linkage_of(resource, relationship, &page, related, query.view(&windows));
            Ok(ReadDocument::of_page(call, subject, query, body.map_err(corrupt)?))
        };
        let read = fetch(call, subject, &plan, make).await?;
        let is_as_found = match found.is_there {
            // Of what has come since only the id was read.
            true => !is_empty,
            false => arm_now(call, subject, own, &id).await? == (arm, is_empty),
        };
        if is_as_found {
            return Ok(answer_unremembered(call, subject, &plan, read));
        }
    }
    Err(Errors::unavailable(1))
}

#[derive(Default)]
struct Found {
    is_there: bool,
}

/// The arm that leads to a resource now, and whether none does: then it is the first.
///
/// # Errors
/// 404 if there is no owner.
async fn arm_now(
    call: &Call<'_>,
    subject: &Subject<'_>,
    own: OwnRelationship,
    id: &ResourceId,
) -> Result<(RelationshipId, bool), Errors> {
    let resource = subject.resource;
    let plan: Plan = call.plan(Root::One(id.clone()), Selection::identifiers(resource));
    let fetched = call.store().fetch(&plan).await;
    let fetched = fetched.map_err(|error| read_error(call, subject, error))?;
    let row = fetched.rows.get(0).ok_or_else(|| Errors::from(ErrorObject::not_found()))?;
    let arm = resource.arms(own.id).find(|(arm, _)| !row.to_one(resource, *arm).is_null());
    Ok(arm.map_or((own.id, true), |(arm, _)| (arm, false)))
}

/// The query, if it can be asked of one of the types that the relationship leads to.
async fn any_query(call: &Call<'_>, own: OwnRelationship) -> Result<(Parameters, Query), ()> {
    for target in own.targets() {
        if let Ok(permitted) = permitted_query(call, target, Target::Single).await {
            return Ok(permitted);
        }
    }
    Err(())
}
