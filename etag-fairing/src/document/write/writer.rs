//! Whole documents, by their primary data.

use super::item_tag::Tagging;
use super::linkage::{write_data, write_identifier};
use super::links::{DocumentSchema, RelationshipLinks, start, write_described_by, write_page_links};
use super::resource_object::ShownRow;
use super::view::View;
use super::window::{ReadLinkage, write_count};
use crate::document::buffer_pool;
use crate::document::hidden::Hidden;
use crate::document::warnings::{OddValues, Warnings, write_document_meta};
use crate::plan::{Fetched, Included};
use crate::query::{PageLinks, Parameters, href};
use crate::schema::json_text::write_string;
use crate::schema::registry::{Registry, encode_segment};
use crate::schema::{Corrupt, Description, Relationship, RelationshipId, ResourceId, Row, Rows};

/// Writes documents for one application and one caller.
#[derive(Clone, Debug)]
pub(crate) struct Writer<'a> {
    pub(super) registry: &'a Registry,
    /// What to do about values that their member cannot have.
    pub(super) odd: OddValues,
    /// The resources of which the caller may not learn that others lead to them.
    pub(super) hidden: Hidden,
    /// The entity tag of the resource that is written, for its `meta`.
    pub(super) etag: Option<String>,
    /// What the tags of resource objects are made with, where the document shows them.
    pub(super) tagging: Option<Tagging>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(registry: &'a Registry, hidden: Hidden) -> Self {
        Self { registry, odd: OddValues::Refused, hidden, etag: None, tagging: None }
    }

    /// A writer that shows null for every value that its member cannot have. It is used for documents that are only hashed,
    /// and for the answer to a write, which can't be refused any more.
    pub(crate) fn lenient(self) -> Self {
        Self { odd: OddValues::Null, ..self }
    }

    /// A writer that tags resource objects, where the view shows their tags.
    pub(crate) fn tagging(self, tagging: Tagging) -> Self {
        Self { tagging: Some(tagging), ..self }
    }

    /// The first row as a resource object by itself, as its representation has it, with its entity tag in `meta`.
    pub(crate) fn resource_object(
        self,
        resource: &'static Description,
        fetched: &Fetched,
        etag: Option<String>,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let Some(row) = fetched.rows.get(0) else {
            return Err(Corrupt::new("no resource to write"));
        };
        let shown = ShownRow { resource, row, index: 0, linkage: of_root(fetched) };
        Self { etag, ..self }.resource(&shown, View::Whole, out)
    }

    /// The URL of one resource.
    pub(crate) fn href(&self, resource: &Description, id: &ResourceId) -> String {
        let collection = self.registry.collection(resource);
        // There is room for the longest number, so that the text isn't allocated a second time.
        let mut href = String::with_capacity(collection.len() + 21);
        href.push_str(collection);
        href.push('/');
        match id {
            ResourceId::Integer(id) => href.push_str(itoa::Buffer::new().format(*id)),
            ResourceId::Text(id) => href.extend(encode_segment(id)),
            ResourceId::Composite(id) => href.extend(encode_segment(&id.to_string())),
        }
        href
    }

    /// The URL of a resource's collection.
    pub(crate) fn collection(&self, resource: &Description) -> &'a str {
        self.registry.collection(resource)
    }

    /// A document whose primary data is the first row, or null.
    pub(crate) fn single(
        &self,
        resource: &'static Description,
        self_link: &str,
        profile: Option<&str>,
        fetched: &Fetched,
        view: View<'_>,
    ) -> Result<Vec<u8>, Corrupt> {
        let mut out =
            buffer_pool::take(256 + self.size(resource, &fetched.rows) + self.size_included(fetched));
        start(profile, &mut out);
        write_string(self_link, &mut out);
        let schema = if fetched.rows.is_empty() { DocumentSchema::Null } else { DocumentSchema::One };
        write_described_by(self.registry.schemas(resource), schema, &mut out);
        out.extend_from_slice(br#"},"data":"#);
        match fetched.rows.get(0) {
            Some(row) => {
                let shown = ShownRow { resource, row, index: 0, linkage: of_root(fetched) };
                self.resource(&shown, view, &mut out)?;
            }
            None => out.extend_from_slice(b"null"),
        }
        self.included(included(fetched), view, &mut out)?;
        out.push(b'}');
        Ok(out)
    }

    /// A document whose primary data is all rows.
    pub(crate) fn many(
        &self,
        resource: &'static Description,
        self_link: &str,
        profile: Option<&str>,
        pages: &PageLinks,
        fetched: &Fetched,
        view: View<'_>,
    ) -> Result<Vec<u8>, Corrupt> {
        let mut out =
            buffer_pool::take(1024 + self.size(resource, &fetched.rows) + self.size_included(fetched));
        start(profile, &mut out);
        write_string(self_link, &mut out);
        write_described_by(self.registry.schemas(resource), DocumentSchema::Many, &mut out);
        write_page_links(pages, &mut out);
        out.extend_from_slice(br#"},"data":["#);
        for (index, row) in fetched.rows.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let shown = ShownRow { resource, row, index, linkage: of_root(fetched) };
            self.resource(&shown, view, &mut out)?;
        }
        out.push(b']');
        self.included(included(fetched), view, &mut out)?;
        write_document_meta(resource, fetched, &mut out);
        out.push(b'}');
        Ok(out)
    }

    /// A document whose primary data is resources of several types. They are among what was included, or they are the
    /// owner, which is `(resource, fetched)`.
    pub(crate) fn of_several_types(
        &self,
        related: &[RelatedOfArm<'_>],
        page: &MixedPage<'_>,
        (owner, fetched): (&'static Description, &Fetched),
        view: View<'_>,
    ) -> Result<Vec<u8>, Corrupt> {
        let mut out = Vec::with_capacity(1024 + self.size_included(fetched));
        start(page.profile, &mut out);
        write_string(page.self_link, &mut out);
        let schema = DocumentSchema::ManyOfSeveral(page.relationship);
        write_described_by(self.registry.schemas(owner), schema, &mut out);
        write_page_links(&page.pages, &mut out);
        out.extend_from_slice(br#"},"data":["#);
        let root = std::iter::once((owner, &fetched.rows, of_root(fetched)));
        let read: Vec<_> = root.chain(included(fetched)).collect();
        let mut is_first = true;
        for RelatedOfArm { resource, ids } in related {
            for id in *ids {
                let place = read.iter().filter(|(of, ..)| of.is(resource)).find_map(|(_, rows, linkage)| {
                    let is_it = |row: &Row<'_>| row.resource_id().is_ok_and(|known| known == *id);
                    let (index, row) = rows.iter().enumerate().find(|(_, row)| is_it(row))?;
                    Some((index, row, *linkage))
                });
                // Of a row whose id is none there is nothing to show.
                let Some((index, row, linkage)) = place else { continue };
                if !std::mem::take(&mut is_first) {
                    out.push(b',');
                }
                self.resource(&ShownRow { resource, row, index, linkage }, view, &mut out)?;
            }
        }
        out.push(b']');
        if let Some(total) = page.total {
            write_count(total, &mut out);
        }
        out.push(b'}');
        Ok(out)
    }

    /// A document whose primary data is the linkage of a relationship of the first row (JSON:API §7.2).
    pub(crate) fn linkage(
        &self,
        resource: &'static Description,
        relationship: RelationshipId,
        parameters: &Parameters,
        profile: Option<&str>,
        fetched: &Fetched,
        view: View<'_>,
    ) -> Result<Vec<u8>, Corrupt> {
        let mut out = Vec::with_capacity(256);
        let Some(row) = fetched.rows.get(0) else {
            return Err(Corrupt::new("no owner to write the linkage of"));
        };
        let Some(of) = resource.relationship_at(relationship) else {
            return Err(Corrupt::new("no such relationship"));
        };
        let links = RelationshipLinks::of(&self.href(resource, &row.resource_id()?), of);
        start(profile, &mut out);
        write_string(&href(&links.own, parameters), &mut out);
        out.extend_from_slice(br#","related":"#);
        write_string(&links.related, &mut out);
        let (described, schema) = schema_of_linkage(resource, of);
        write_described_by(self.registry.schemas(described), schema, &mut out);
        out.push(b'}');
        let id = row.resource_id()?;
        let mut warnings = Warnings::new(resource, &id, self.odd);
        for (arm, _) in resource.arms(relationship) {
            if let Some(odd) = row.odd_to_one(resource, arm) {
                warnings.relationship(of, odd)?;
            }
        }
        write_data(resource, relationship, row, 0, &fetched.links, &mut out)?;
        self.included(included(fetched), view, &mut out)?;
        warnings.write(None, &mut out);
        out.push(b'}');
        Ok(out)
    }

    /// About how long these resources will be, without linkage and escapes: rather a little too much, since a body
    /// that must grow is copied.
    fn size(&self, resource: &'static Description, rows: &Rows) -> usize {
        const NUMBER: usize = 12;
        let href = self.registry.collection(resource).len() + NUMBER;
        let attributes: usize =
            resource.attributes.iter().map(|attribute| attribute.name.len() + NUMBER).sum();
        let relationship = |relationship: &Relationship| 3 * relationship.name.len() + 2 * href + 64;
        let relationships: usize = resource.relationship_members().map(|(_, it)| relationship(it)).sum();
        let frame = 96 + resource.type_name.len() + href;
        rows.text_bytes() + rows.len() * (frame + attributes + relationships)
    }

    /// The same of what is included, with the linkage that leads to it.
    fn size_included(&self, fetched: &Fetched) -> usize {
        let size = |included: &Included| {
            let identifier = included.resource.type_name.len() + 32;
            self.size(included.resource, &included.rows) + included.rows.len() * identifier
        };
        fetched.included.iter().map(size).sum()
    }

    /// The URLs of a relationship of one resource.
    pub(crate) fn relationship(
        &self,
        owner: &Description,
        id: &ResourceId,
        relationship: &Relationship,
    ) -> RelationshipLinks {
        RelationshipLinks::of(&self.href(owner, id), relationship)
    }

    /// A document whose primary data is the linkage of a relationship, or a page of it, from the related
    /// resources: `related` holds them as its rows. Where the query includes them, they stand there whole
    /// (JSON:API §7.3).
    pub(crate) fn linkage_of(
        &self,
        owner: &'static Description,
        relationship: &Relationship,
        page: &LinkagePage<'_>,
        related: &Fetched,
        view: View<'_>,
    ) -> Result<Vec<u8>, Corrupt> {
        let target = relationship.target();
        let mut out = Vec::with_capacity(1024);
        start(page.profile, &mut out);
        write_string(page.self_link, &mut out);
        out.extend_from_slice(br#","related":"#);
        write_string(page.related_link, &mut out);
        let (described, schema) = schema_of_linkage(owner, relationship);
        write_described_by(self.registry.schemas(described), schema, &mut out);
        if let Some(pages) = &page.pages {
            write_page_links(pages, &mut out);
        }
        out.extend_from_slice(br#"},"data":"#);
        let many = relationship.is_to_many();
        out.extend_from_slice(if many { b"[" } else { b"" });
        for (index, row) in related.rows.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_identifier(target.type_name, &row.resource_id()?, &mut out);
        }
        out.extend_from_slice(match (many, related.rows.is_empty()) {
            (true, _) => b"]",
            (false, true) => b"null",
            (false, false) => b"",
        });
        let own = page.included.then_some((target, &related.rows, of_root(related)));
        self.included(own.into_iter().chain(included(related)), view, &mut out)?;
        write_document_meta(target, related, &mut out);
        out.push(b'}');
        Ok(out)
    }
}

/// The included resources that were read: those of each relationship path.
fn included(fetched: &Fetched) -> impl Iterator<Item = (&'static Description, &Rows, ReadLinkage<'_>)> {
    fetched.included.iter().map(|included| {
        let linkage =
            ReadLinkage { links: &included.links, windows: &included.windows, counts: &included.counts };
        (included.resource, &included.rows, linkage)
    })
}

/// The schema of a document of linkage, and the resource that it stands with.
fn schema_of_linkage<'a>(
    owner: &'static Description,
    relationship: &'a Relationship,
) -> (&'static Description, DocumentSchema<'a>) {
    match (relationship.is_polymorphic(), relationship.is_to_many()) {
        (true, _) => (owner, DocumentSchema::OfSeveral(relationship)),
        (false, true) => (relationship.target(), DocumentSchema::ToMany),
        (false, false) => (relationship.target(), DocumentSchema::ToOne),
    }
}

/// The linkage of the root's rows.
fn of_root(fetched: &Fetched) -> ReadLinkage<'_> {
    ReadLinkage { links: &fetched.links, windows: &fetched.windows, counts: &fetched.counts }
}

/// The head of a document of resources of several types.
#[derive(Debug)]
pub(crate) struct MixedPage<'a> {
    /// The relationship that leads to them.
    pub(crate) relationship: &'a Relationship,
    pub(crate) self_link: &'a str,
    pub(crate) pages: PageLinks,
    /// How many there are, if that is told.
    pub(crate) total: Option<u64>,
    pub(crate) profile: Option<&'a str>,
}

/// What a polymorphic relationship leads to of one type, in order.
#[derive(Debug)]
pub(crate) struct RelatedOfArm<'a> {
    pub(crate) resource: &'static Description,
    pub(crate) ids: &'a [ResourceId],
}

/// The head of a document of linkage.
#[derive(Debug)]
pub(crate) struct LinkagePage<'a> {
    pub(crate) self_link: &'a str,
    pub(crate) related_link: &'a str,
    /// Whether the related resources themselves are included.
    pub(crate) included: bool,
    /// Where it is a page.
    pub(crate) pages: Option<PageLinks>,
    pub(crate) profile: Option<&'a str>,
}
