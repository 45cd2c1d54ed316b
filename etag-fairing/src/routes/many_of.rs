//! `GET /tags/1/taggable`, and its linkage with `include`, where the relationship leads to many resources of several types
//! (JSON:API §7.1, §7.2).
//!
//! The related resources stand type after type, in the order of the types, and of each type in the order of ids. A page is a
//! part of that list. Where it begins among those of a type depends on how many there are of the types before: the numbers
//! that were read last say it, and what is shown is always of one snapshot.

use super::cached_read::{ReadDocument, answer_unremembered, fetch};
use super::call::{Answer, Call};
use super::permitted_query::permitted_query;
use super::store_errors::corrupt;
use super::subject::Subject;
use crate::document::write::{MixedPage, RelatedOfArm};
use crate::error::{ErrorObject, Errors};
use crate::plan::{Fetched, Include, Listing, Page, Plan, Root, Selection};
use crate::query::{Extent, Parameters, Query, Target, href};
use crate::resource::endpoint::OwnRelationship;
use crate::schema::{Relationship, RelationshipId};

/// How often a page is looked for if the numbers change each time.
const MOST_TRIES: usize = 8;

pub(super) async fn read_related<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    own: OwnRelationship,
) -> Answer<'r> {
    let parent = subject.resource;
    let arms: Vec<(RelationshipId, &'static Relationship)> = parent.arms(own.id).collect();
    let mut asked = Vec::with_capacity(arms.len());
    for (arm, relationship) in arms {
        let (parameters, query) = permitted_query(call, relationship.target(), Target::Many).await?;
        asked.push((arm, relationship, parameters, query));
    }
    let Some((_, first, parameters, query)) = asked.first() else { return Err(Errors::unavailable(1)) };
    refuse_what_types_differ_in(parameters, query)?;
    // Some of the types may have tags, and others none.
    let query = &Query { item_tags: asked.iter().find_map(|(.., query)| query.item_tags), ..query.clone() };
    let id = subject.id(call.config())?;
    let path = call.writer().relationship(parent, &id, &own).related;
    let (from, size) = match query.listing().page {
        Page::All => (0, u64::MAX),
        Page::Offset { offset, limit } => (offset, limit),
        Page::Between { limit, .. } => (0, limit),
    };
    // All selections of one resource are alike.
    let mut selection = Selection::identifiers(parent);
    if let Some((.., query)) = asked.iter().find(|(_, arm, ..)| arm.target().is(parent)) {
        selection = query.selection(call, parent, false);
    }
    let mut skipped = vec![0; asked.len()];
    for _ in 0..MOST_TRIES {
        let include = asked.iter().zip(&skipped).map(|((arm, relationship, _, query), skipped)| {
            let listing = query.listing();
            let page = Page::Offset { offset: *skipped, limit: size };
            let window = Listing::all().filtered(listing.filter).paged(page).counted();
            Include::new(*arm, query.selection(call, relationship.target(), false)).within(window)
        });
        let plan = call.plan(Root::One(id.clone()), selection.clone().including(include.collect()));
        let mut found = None;
        let make = |fetched: &Fetched| {
            if fetched.rows.is_empty() {
                return Err(ErrorObject::not_found().into());
            }
            let mut before = 0_u64;
            let (mut left, mut shown) = (size, Vec::new());
            let mut begins = Vec::with_capacity(asked.len());
            for (arm, relationship, ..) in &asked {
                let windows = fetched.windows.iter().find(|windows| windows.relationship() == *arm);
                let window = windows.and_then(|windows| windows.of(0));
                let total = window.and_then(|window| window.total).unwrap_or(0);
                begins.push(from.saturating_sub(before).min(total));
                before = before.saturating_add(total);
                let ids = window.map_or(&[][..], |window| &window.ids);
                let number = ids.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                left = left.saturating_sub(number as u64);
                shown.push(RelatedOfArm {
                    resource: relationship.target(),
                    ids: ids.get(..number).unwrap_or(ids),
                });
            }
            if begins != skipped {
                found = Some(begins);
                // It is thrown away: the page begins elsewhere.
                return Ok(ReadDocument::of_page(call, subject, query, Vec::new()));
            }
            let page = query.page.as_ref();
            let extent = Extent {
                total: page.filter(|page| page.total).map(|_| before),
                more: before > from.saturating_add(size),
                ends: None,
            };
            let pages = page.map(|page| page.links(&path, parameters, first.target(), &[], &extent));
            let page = MixedPage {
                relationship: &own,
                self_link: &href(&path, parameters),
                pages: pages.unwrap_or_default(),
                total: extent.total,
                profile: query.profile(),
            };
            let body =
                call.writer_of(query).of_several_types(&shown, &page, (parent, fetched), query.view(&[]));
            Ok(ReadDocument::of_page(call, subject, query, body.map_err(corrupt)?))
        };
        let read = fetch(call, subject, &plan, make).await?;
        match found {
            None => return Ok(answer_unremembered(call, subject, &plan, read)),
            Some(begins) => skipped = begins,
        }
    }
    Err(Errors::unavailable(1))
}

/// Resources of several types have no order together, nor cursors in it, and no include that is of all of them.
fn refuse_what_types_differ_in(parameters: &Parameters, query: &Query) -> Result<(), Errors> {
    let by_cursor = query.page.as_ref().is_some_and(|page| page.is_by_cursor());
    for (family, is_asked, what) in [
        ("include", query.include.is_some(), "include them from their owner, as in include=NAME.author"),
        ("sort", !query.sort.is_empty(), "they stand type after type"),
        ("withCount", !query.counts.is_empty(), "ask for the counts at the resources themselves"),
        ("page", by_cursor, "write page[number] or page[offset]"),
    ] {
        if is_asked {
            let name = parameters.iter().map(|(name, _)| name).find(|name| name.starts_with(family));
            let error = ErrorObject::unknown_parameter(format!(
                "{family} is not for resources of several types: {what}"
            ));
            return Err(error.parameter(name.unwrap_or(family)).into());
        }
    }
    Ok(())
}

/// The linkage, and the related resources, whole.
pub(super) async fn read_linkage_with_included<'r>(
    call: &Call<'r>,
    subject: &Subject<'r>,
    own: OwnRelationship,
    parameters: &Parameters,
    query: &Query,
) -> Answer<'r> {
    let resource = subject.resource;
    for (family, is_asked) in
        [("page", query.page.is_some()), ("filter", query.filter.is_some()), ("sort", !query.sort.is_empty())]
    {
        if is_asked {
            let name = parameters.iter().map(|(name, _)| name).find(|name| name.starts_with(family));
            let error = ErrorObject::unknown_parameter(format!(
                "{family} is not for the linkage of several types, which is shown whole: the related URL has pages"
            ));
            return Err(error.parameter(name.unwrap_or(family)).into());
        }
    }
    let include = query.selection(call, resource, false).include;
    let selection = Selection::identifiers(resource).with_linkage(own.id).including(include);
    let plan: Plan = call.plan(Root::One(subject.id(call.config())?), selection);
    let make = |fetched: &Fetched| {
        if fetched.rows.is_empty() {
            return Err(ErrorObject::not_found().into());
        }
        let windows = query.shown_windows(resource, resource, parameters, fetched).map_err(corrupt)?;
        let body = call.writer_of(query).linkage(
            resource,
            own.id,
            parameters,
            query.profile(),
            fetched,
            query.view(&windows),
        );
        Ok(ReadDocument::of_page(call, subject, query, body.map_err(corrupt)?))
    };
    let read = fetch(call, subject, &plan, make).await?;
    Ok(answer_unremembered(call, subject, &plan, read))
}
