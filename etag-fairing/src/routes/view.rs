//! From a query to what is read and what is shown.

use super::call::Call;
use crate::document::write::{ShownWindow, View, Writer};
use crate::plan::{Fetched, Field, Place, Selection};
use crate::query::{
    CountedRelationship, Extent, Fields, IncludeTree, ItemTags, PageLinks, Parameters, Query, href, place_of,
};
use crate::schema::{AttributeId, Corrupt, Description, RelationshipId, Value};
use crate::store;

impl Query {
    /// What a document shows by this query.
    pub(super) fn view<'a>(&'a self, windows: &'a [ShownWindow<'a>]) -> View<'a> {
        View::Asked { fields: &self.fields, included: self.include.is_some(), windows, tags: self.item_tags }
    }

    /// Whether the document is another than the representation without parameters and profiles.
    pub(super) fn changes_representation(&self) -> bool {
        self.include.is_some()
            || !self.fields.is_empty()
            || !self.counts.is_empty()
            || self.item_tags == Some(ItemTags::All)
    }

    /// What to read of the primary data's resource and of what is included.
    ///
    /// With `whole`, the members of the representation without parameters are read too, whatever is shown: the
    /// state tag is made from them. The same is done for the resources whose tags the document shows.
    pub(super) fn selection(
        &self,
        call: &Call<'_>,
        resource: &'static Description,
        whole: bool,
    ) -> Selection {
        let include = self.include.as_deref().unwrap_or(&[]);
        let mut included = Vec::new();
        collect(resource, include, &mut included);
        let windows = Windowed::of(resource, include);
        let reading = Reading {
            fields: &self.fields,
            counts: &self.counts,
            included,
            windows,
            whole: whole.then_some(resource),
            tagged: self.item_tags.map(|tags| (call, tags)),
        };
        let selection = reading.selection(resource, include);
        self.with_cursor_attributes(selection)
    }

    /// Only the ids, and what cursors are made of.
    pub(super) fn identifiers(&self, resource: &'static Description) -> Selection {
        self.with_cursor_attributes(Selection::identifiers(resource))
    }

    fn with_cursor_attributes(&self, mut selection: Selection) -> Selection {
        // The cursors of a page are made of what it is sorted by.
        for key in self.sort.iter().filter(|key| key.member.path.is_empty()) {
            if let Field::Attribute(id) = key.member.field {
                selection = selection.with_attribute(id);
            }
        }
        selection
    }

    /// The same query from the far end of an included relationship.
    pub(super) fn below(&self, include: &IncludeTree) -> Self {
        Self {
            include: Some(include.children.clone()),
            fields: self.fields.clone(),
            counts: self.counts.clone(),
            sort: self.sort.clone(),
            item_tags: self.item_tags,
            ..Self::default()
        }
    }
}

/// A page of many resources: the document of a collection or of a to-many relationship's end.
pub(super) fn page_document(
    writer: &Writer<'_>,
    resource: &'static Description,
    path: &str,
    parameters: &Parameters,
    query: &Query,
    fetched: &Fetched,
) -> Result<Vec<u8>, Corrupt> {
    let pages = page_links(resource, path, parameters, query, fetched)?;
    let windows = query.shown_windows(resource, resource, parameters, fetched)?;
    let view = query.view(&windows);
    writer.many(resource, &href(path, parameters), query.profile(), &pages, fetched, view)
}

/// The links from a page to others; none where the URL has no pages.
pub(super) fn page_links(
    resource: &'static Description,
    path: &str,
    parameters: &Parameters,
    query: &Query,
    fetched: &Fetched,
) -> Result<PageLinks, Corrupt> {
    let mut ends = None;
    if query.page.as_ref().is_some_and(|page| page.is_by_cursor())
        && let Some(last) = fetched.rows.len().checked_sub(1)
    {
        let place = |index: usize| {
            let Some(row) = fetched.rows.get(index) else { return Err(Corrupt::new("no such row")) };
            match fetched.positions.get(index) {
                Some(position) if query.sort.is_empty() => {
                    let keys = vec![position.map_or(Value::Null, Value::Integer)];
                    Ok(Place { keys, id: row.resource_id()? })
                }
                _ => place_of(resource, &query.sort, row, |_| Err(Corrupt::new("a cursor over a path"))),
            }
        };
        ends = Some((place(0)?, place(last)?));
    }
    let extent = Extent {
        total: fetched.total,
        more: fetched.more,
        ends: ends.as_ref().map(|(first, last)| (first, last)),
    };
    let pages = query.page.as_ref().map(|page| page.links(path, parameters, resource, &query.sort, &extent));
    Ok(pages.unwrap_or_default())
}

/// A relationship that is included somewhere.
type IncludedRelationship = (&'static Description, RelationshipId);

fn collect(owner: &'static Description, tree: &[IncludeTree], found: &mut Vec<IncludedRelationship>) {
    for include in tree {
        let Some(relationship) = owner.relationship_at(include.relationship) else { continue };
        let entry = (owner, include.relationship);
        if !found.contains(&entry) {
            found.push(entry);
        }
        collect(relationship.target(), &include.children, found);
    }
}

/// What is read otherwise because relationships are included by windows.
#[derive(Default)]
struct Windowed {
    relationships: Vec<IncludedRelationship>,
    /// The attributes that cursors are made of.
    attributes: Vec<(&'static Description, AttributeId)>,
}

impl Windowed {
    fn of(resource: &'static Description, tree: &[IncludeTree]) -> Self {
        let mut windowed = Self::default();
        windowed.add(resource, tree);
        windowed
    }

    fn add(&mut self, owner: &'static Description, tree: &[IncludeTree]) {
        for include in tree {
            let Some(relationship) = owner.relationship_at(include.relationship) else { continue };
            let target = relationship.target();
            if let Some(window) = &include.window {
                self.relationships.push((owner, include.relationship));
                let keys = window.sort.iter().filter(|key| key.member.path.is_empty());
                self.attributes.extend(keys.filter_map(|key| match key.member.field {
                    Field::Attribute(id) => Some((target, id)),
                    Field::Id | Field::ToOne(_) => None,
                }));
            }
            self.add(target, &include.children);
        }
    }
}

/// What a document reads of each resource, wherever it comes to it: each has one form in a document.
struct Reading<'a> {
    fields: &'a Fields,
    counts: &'a [CountedRelationship],
    included: Vec<IncludedRelationship>,
    windows: Windowed,
    whole: Option<&'static Description>,
    /// The resources whose tags the document shows.
    tagged: Option<(&'a Call<'a>, ItemTags)>,
}

impl Reading<'_> {
    /// Whether the representation without parameters is read, for its tag.
    fn reads_whole(&self, resource: &'static Description) -> bool {
        self.whole.is_some_and(|whole| whole.is(resource))
            || self
                .tagged
                .is_some_and(|(call, tags)| tags.cover(resource) && call.needs_representation(resource))
    }

    fn selection(&self, resource: &'static Description, tree: &[IncludeTree]) -> Selection {
        let whole = self.reads_whole(resource);
        let shown = self.fields.of(resource);
        // A computed attribute is a function of all that stands in the row.
        let computed = match shown {
            Some(shown) => shown.computed.contains(&true),
            None => !resource.computed.names.is_empty(),
        };
        let mut attributes = match shown {
            Some(shown) if !whole && !computed => shown.attributes.clone(),
            _ => vec![true; resource.attributes.len()],
        };
        // The state tag is made of the version, the date goes into a field of the answer.
        for (id, _) in resource.kept() {
            if let Some(read) = id.of_mut(&mut attributes) {
                *read = true;
            }
        }
        for (_, id) in self.windows.attributes.iter().filter(|(of, _)| of.is(resource)) {
            if let Some(read) = id.of_mut(&mut attributes) {
                *read = true;
            }
        }
        let linkage = resource.relationships_by_id().map(|(id, relationship)| {
            // JSON:API §6.4: full linkage, except where a sparse fieldset hides it.
            let member = resource.member_of(id);
            let visible = shown.is_none_or(|shown| member.of(&shown.relationships) == Some(&true));
            let included = self.included.contains(&(resource, id));
            // Shown by its window alone.
            let visible = visible && !self.windows.relationships.contains(&(resource, id));
            (visible && (relationship.linkage || included))
                || (whole && relationship.linkage)
                || (computed && !relationship.is_to_many())
        });
        let counts = self.counts.iter().filter(|(owner, id)| {
            let member = resource.member_of(*id);
            let is_visible = shown.is_none_or(|shown| member.of(&shown.relationships) == Some(&true));
            owner.is(resource) && is_visible
        });
        Selection {
            resource,
            counts: counts.map(|(_, id)| *id).collect(),
            attributes,
            linkage: linkage.collect(),
            include: tree
                .iter()
                .filter_map(|include| {
                    let target = resource.relationship_at(include.relationship)?.target();
                    let selection = self.selection(target, &include.children);
                    let window = include.window.as_ref().map(|window| window.listing());
                    Some(store::Include::new(include.relationship, selection).within(window))
                })
                .collect(),
        }
    }
}
