//! Entity tags of the resources that a document shows, in `meta` of their resource objects.
//!
//! The tag is the one that a GET of the resource's own URL without parameters has, for the same caller: a client can change
//! what it has found in a list without another read. So it doesn't depend on what the document shows of the resource, with one
//! exception: where linkage is shown by a window, the tag is one of the same state that says so, as that of such a document is.
//! Who has seen a part can change the resource by it, and not replace the whole linkage.

use super::links::{DocumentSchema, START, write_described_by};
use super::resource_object::ShownRow;
use super::view::View;
use super::window::ReadLinkage;
use super::writer::Writer;
use crate::conditional::{EntityTag, Policy, StateTag};
use crate::document::buffer_pool;
use crate::document::state::{needs_representation, version_tag};
use crate::document::warnings::{OddValues, Warnings};
use crate::plan::Scopes;
use crate::query::ItemTags;
use crate::schema::json_text::write_string;
use crate::schema::{Corrupt, Description, ResourceId};

/// What the tags of a document's resource objects depend on beside the resources.
#[derive(Clone, Debug)]
pub(crate) struct Tagging {
    pub(crate) policy: Policy,
    /// The rows that the caller sees.
    pub(crate) scopes: Scopes,
}

impl Writer<'_> {
    /// The tag of a resource for its `meta`, as it is sent; `None` where the view shows none. `written` is the resource object
    /// so far, without `meta`.
    pub(super) fn item_tag(
        &self,
        shown: &ShownRow<'_>,
        id: &ResourceId,
        view: View<'_>,
        warnings: &Warnings<'_>,
        written: &[u8],
    ) -> Result<Option<String>, Corrupt> {
        let View::Asked { tags: Some(tags), .. } = view else { return Ok(None) };
        let resource = shown.resource;
        let Some(tagging) = self.tagging.as_ref().filter(|_| ItemTags::cover(tags, resource)) else {
            return Ok(None);
        };
        // Who has seen a part of the linkage doesn't replace the whole.
        let in_part = view.windows_of(resource).map(|window| window.relationship.place());
        let is_in_part = view.windows_of(resource).next().is_some();
        let version = version_tag(self.registry, resource, shown.row)?;
        let tag =
            match version {
                Some(state) if !needs_representation(resource, &tagging.scopes, &self.hidden) => {
                    if is_in_part { state.with_view_in_part(written, in_part) } else { state.entity_tag() }
                }
                state => {
                    let whole = self.representation(shown, id, view, warnings, written)?;
                    let tag = match (state, is_in_part) {
                        (None, false) => EntityTag::of(&whole),
                        (None, true) => StateTag::of_body(&whole).with_view_in_part(written, in_part),
                        (Some(state), false) => state.with_view(&whole),
                        (Some(state), true) => state.with_view_in_part(&whole, in_part),
                    };
                    buffer_pool::give(whole);
                    tag
                }
            };
        Ok(Some(tagging.policy.issue(tag).borrowed().to_field()))
    }

    /// The representation at the resource's own URL, which is not sent here.
    fn representation(
        &self,
        shown: &ShownRow<'_>,
        id: &ResourceId,
        view: View<'_>,
        warnings: &Warnings<'_>,
        written: &[u8],
    ) -> Result<Vec<u8>, Corrupt> {
        let resource = shown.resource;
        let mut whole = buffer_pool::take(written.len() + 256);
        self.start_of_one(resource, id, &mut whole);
        if is_whole(view, resource, shown.linkage) {
            // The same bytes were just written.
            whole.extend_from_slice(written);
            warnings.write(None, &mut whole);
            whole.push(b'}');
        } else {
            let writer = Self { odd: OddValues::Null, tagging: None, etag: None, ..self.clone() };
            writer.resource(shown, View::Whole, &mut whole)?;
        }
        whole.push(b'}');
        Ok(whole)
    }

    /// The beginning of the representation of a resource, up to its resource object.
    fn start_of_one(&self, resource: &Description, id: &ResourceId, out: &mut Vec<u8>) {
        out.extend_from_slice(START);
        write_string(&self.href(resource, id), out);
        write_described_by(self.registry.schemas(resource), DocumentSchema::One, out);
        out.extend_from_slice(br#"},"data":"#);
    }
}

/// Whether a resource object shows what the representation without parameters shows, and no more.
fn is_whole(view: View<'_>, resource: &'static Description, linkage: ReadLinkage<'_>) -> bool {
    if matches!(view, View::Whole) {
        return true;
    }
    view.fieldset(resource).is_none()
        && view.windows_of(resource).next().is_none()
        && linkage.counts.is_empty()
        && resource.relationships_by_id().all(|(id, relationship)| {
            let was_read = || id.of(linkage.links).is_some_and(Option::is_some);
            relationship.linkage || (relationship.is_to_many() && !was_read())
        })
}
