//! Documents out: rows straight to bytes (JSON:API §7).
//!
//! What is written depends on the rows, the description and the links alone: no time, no host name, no order
//! of a hash map, so that the same state has the same bytes, and so the same entity tag, on every server.

use super::buffer_pool;
use super::hidden::Hidden;
use super::json::{write_string, write_value};
use super::warnings::{OddMembers, Warnings, write_document_meta};
use crate::plan::{Fetched, Included, Links};
use crate::query::{FieldSet, Fields, PageLinks, Parameters, href};
use crate::schema::registry::{Registry, encode_segment};
use crate::schema::{
    Corrupt, Description, Kind, Relationship, RelationshipKind, ResourceId, Row, Rows, Value,
};

/// What a document shows of what was read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum View<'a> {
    /// The representation without parameters.
    Whole,
    /// What the query asks for.
    Asked {
        /// The sparse fieldsets (JSON:API §8.3).
        fields: &'a Fields,
        /// Whether the document has `included` (JSON:API §8.2: then also if nothing is).
        included: bool,
    },
}

impl<'a> View<'a> {
    fn fieldset(self, resource: &Description) -> Option<&'a FieldSet> {
        match self {
            Self::Whole => None,
            Self::Asked { fields, .. } => fields.of(resource),
        }
    }
}

/// Writes documents for one application and one caller.
#[derive(Clone, Debug)]
pub(crate) struct Writer<'a> {
    registry: &'a Registry,
    odd: OddMembers,
    hidden: Hidden,
}

const START: &[u8] = br#"{"jsonapi":{"version":"1.1"},"links":{"self":"#;

impl<'a> Writer<'a> {
    pub(crate) fn new(registry: &'a Registry, hidden: Hidden) -> Self {
        Self { registry, odd: OddMembers::Refused, hidden }
    }

    /// One that shows null for every value that its member cannot have: for what is hashed and not sent, and for the
    /// answer to a write, which is made by then.
    pub(crate) fn lenient(self) -> Self {
        Self { odd: OddMembers::Null, ..self }
    }

    /// The URL of one resource.
    pub(crate) fn href(&self, resource: &Description, id: &ResourceId) -> String {
        let collection = self.registry.collection(resource);
        // As long as the longest number: what grows takes memory from where all threads ask for it.
        let mut href = String::with_capacity(collection.len() + 21);
        href.push_str(collection);
        href.push('/');
        match id {
            ResourceId::Integer(id) => href.push_str(itoa::Buffer::new().format(*id)),
            ResourceId::Text(id) => href.extend(encode_segment(id)),
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
        fetched: &Fetched,
        view: View<'_>,
    ) -> Result<Vec<u8>, Corrupt> {
        let mut out =
            buffer_pool::take(256 + self.size(resource, &fetched.rows) + self.size_included(fetched));
        out.extend_from_slice(START);
        write_string(self_link, &mut out);
        out.extend_from_slice(br#"},"data":"#);
        match fetched.rows.get(0) {
            Some(row) => self.resource(resource, row, 0, &fetched.links, view, &mut out)?,
            None => out.extend_from_slice(b"null"),
        }
        self.included(fetched, view, &mut out)?;
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
            Vec::with_capacity(1024 + self.size(resource, &fetched.rows) + self.size_included(fetched));
        start(profile, &mut out);
        write_string(self_link, &mut out);
        write_page_links(pages, &mut out);
        out.extend_from_slice(br#"},"data":["#);
        for (index, row) in fetched.rows.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.resource(resource, row, index, &fetched.links, view, &mut out)?;
        }
        out.push(b']');
        self.included(fetched, view, &mut out)?;
        write_document_meta(resource, fetched, &mut out);
        out.push(b'}');
        Ok(out)
    }

    /// A document whose primary data is the linkage of a relationship of the first row (JSON:API §8.1.3).
    pub(crate) fn linkage(
        &self,
        resource: &'static Description,
        relationship: usize,
        parameters: &Parameters,
        fetched: &Fetched,
        view: View<'_>,
    ) -> Result<Vec<u8>, Corrupt> {
        let mut out = Vec::with_capacity(256);
        let Some(row) = fetched.rows.get(0) else {
            return Err(Corrupt::new("no owner to write the linkage of"));
        };
        let Some(of) = resource.relationships.get(relationship) else {
            return Err(Corrupt::new("no such relationship"));
        };
        let links = RelationshipLinks::of(&self.href(resource, &row.resource_id()?), of);
        out.extend_from_slice(START);
        write_string(&href(&links.own, parameters), &mut out);
        out.extend_from_slice(br#","related":"#);
        write_string(&links.related, &mut out);
        out.push(b'}');
        let id = row.resource_id()?;
        let mut warnings = Warnings::new(resource, &id, self.odd);
        if let Some(odd) = row.odd_to_one(resource, relationship) {
            warnings.relationship(of, odd)?;
        }
        write_data(resource, relationship, row, 0, &fetched.links, &mut out)?;
        self.included(fetched, view, &mut out)?;
        warnings.write(&mut out);
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
        let relationships: usize = resource.relationships.iter().map(relationship).sum();
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

    /// The included resources of a compound document (JSON:API §7.4), where the query asks for some.
    fn included(&self, fetched: &Fetched, view: View<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        if !matches!(view, View::Asked { included: true, .. }) {
            return Ok(());
        }
        out.extend_from_slice(br#","included":["#);
        let mut first = true;
        for included in &fetched.included {
            for (index, row) in included.rows.iter().enumerate() {
                if !first {
                    out.push(b',');
                }
                first = false;
                self.resource(included.resource, row, index, &included.links, view, out)?;
            }
        }
        out.push(b']');
        Ok(())
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
    /// (JSON:API §8.2).
    pub(crate) fn linkage_of(
        &self,
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
        if let View::Asked { included: true, .. } = view {
            out.extend_from_slice(br#","included":["#);
            let own = page.included.then_some((target, &related.rows, &related.links));
            let more = related.included.iter().map(|more| (more.resource, &more.rows, &more.links));
            let mut first = true;
            for (resource, rows, links) in own.into_iter().chain(more) {
                for (index, row) in rows.iter().enumerate() {
                    if !first {
                        out.push(b',');
                    }
                    first = false;
                    self.resource(resource, row, index, links, view, &mut out)?;
                }
            }
            out.push(b']');
        }
        write_document_meta(target, related, &mut out);
        out.push(b'}');
        Ok(out)
    }

    /// A resource object (JSON:API §7.2).
    fn resource(
        &self,
        resource: &'static Description,
        row: Row<'_>,
        index: usize,
        links: &[Option<Links>],
        view: View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let fieldset = view.fieldset(resource);
        let id = row.resource_id()?;
        out.extend_from_slice(br#"{"type":"#);
        write_string(resource.type_name, out);
        out.extend_from_slice(br#","id":"#);
        write_id(&id, out);
        let mut warnings = Warnings::new(resource, &id, self.odd);
        let mut separator: &[u8] = br#","attributes":{"#;
        for (place, attribute) in resource.attributes.iter().enumerate() {
            let hidden = fieldset.is_some_and(|shown| shown.attributes.get(place) != Some(&true));
            if hidden || !attribute.access.is_shown() {
                continue;
            }
            out.extend_from_slice(separator);
            separator = b",";
            write_string(attribute.name, out);
            out.push(b':');
            match row.odd_attribute(place) {
                None => {
                    let value = row.attribute(place);
                    if let Err(corrupt) = write_value(attribute.kind, value, out) {
                        warnings.value(attribute, &corrupt, value)?;
                        out.extend_from_slice(b"null");
                    }
                }
                Some(odd) => {
                    warnings.attribute(attribute, odd)?;
                    out.extend_from_slice(b"null");
                }
            }
        }
        let computed = |place: usize| fieldset.is_none_or(|shown| shown.computed.get(place) == Some(&true));
        if (0..resource.computed.names.len()).any(computed) {
            let values = self.computed(resource, row, &warnings)?;
            for (name, kind, value) in
                values.iter().enumerate().filter(|(place, _)| computed(*place)).map(|(_, value)| value)
            {
                out.extend_from_slice(separator);
                separator = b",";
                write_string(name, out);
                out.push(b':');
                if let Err(corrupt) = write_value(*kind, value.as_ref(), out) {
                    return Err(warnings.corrupt(name, &corrupt.to_string()));
                }
            }
        }
        if separator == b"," {
            out.push(b'}');
        }
        separator = br#","relationships":{"#;
        for (place, relationship) in resource.relationships.iter().enumerate() {
            if fieldset.is_some_and(|shown| shown.relationships.get(place) != Some(&true)) {
                continue;
            }
            // What was read for other reasons is no part of the representation without parameters.
            let with_data = (matches!(view, View::Asked { .. }) || relationship.linkage)
                && !self.hidden.hides(relationship);
            out.extend_from_slice(separator);
            separator = b",";
            write_string(relationship.name, out);
            out.extend_from_slice(br#":{"links":{"self":"#);
            self.write_href(resource, &id, out);
            out.extend_from_slice(b"/relationships/");
            write_segment(relationship.name, out);
            out.extend_from_slice(br#"","related":"#);
            self.write_href(resource, &id, out);
            out.push(b'/');
            write_segment(relationship.name, out);
            out.extend_from_slice(br#""}"#);
            if with_data {
                if let Some(odd) = row.odd_to_one(resource, place) {
                    warnings.relationship(relationship, odd)?;
                }
                write_data(resource, place, row, index, links, out)?;
            }
            out.push(b'}');
        }
        if separator == b"," {
            out.push(b'}');
        }
        out.extend_from_slice(br#","links":{"self":"#);
        self.write_href(resource, &id, out);
        out.extend_from_slice(br#""}"#);
        warnings.write(out);
        out.push(b'}');
        Ok(())
    }

    /// The values of computed attributes.
    fn computed(
        &self,
        resource: &'static Description,
        row: Row<'_>,
        warnings: &Warnings<'_>,
    ) -> Result<Vec<(&'static str, Kind, Value)>, Corrupt> {
        // Without to-many linkage, which some queries read and some don't: the value must not depend on that.
        let values = row.to_record(resource).and_then(|record| resource.computed.of(&record));
        // Functions see null for an odd value, as clients do.
        let values = values
            .or_else(|_| row.to_lenient_record(resource).and_then(|record| resource.computed.of(&record)));
        match (values, self.odd) {
            (Ok(values), _) => Ok(values),
            (Err(_), OddMembers::Null) => {
                let null = |name: &&'static str| (*name, Kind::Text, Value::Null);
                Ok(resource.computed.names.iter().map(null).collect())
            }
            (Err(corrupt), OddMembers::Refused) => {
                let name = resource.computed.names.first().copied().unwrap_or_default();
                Err(warnings.corrupt(name, &corrupt.to_string()))
            }
        }
    }

    /// The URL of one resource as a JSON string, up to its closing quote.
    fn write_href(&self, resource: &Description, id: &ResourceId, out: &mut Vec<u8>) {
        write_string(self.registry.collection(resource), out);
        out.pop();
        out.push(b'/');
        match id {
            ResourceId::Integer(id) => out.extend_from_slice(itoa::Buffer::new().format(*id).as_bytes()),
            ResourceId::Text(id) => write_segment(id, out),
        }
    }
}

/// The start of a document, up to the value of its `self` link.
fn start(profile: Option<&str>, out: &mut Vec<u8>) {
    match profile {
        // JSON:API §7.7: the profiles that apply.
        Some(profile) => {
            out.extend_from_slice(br#"{"jsonapi":{"version":"1.1","profile":["#);
            write_string(profile, out);
            out.extend_from_slice(br#"]},"links":{"self":"#);
        }
        None => out.extend_from_slice(START),
    }
}

/// The links of a page (JSON:API §8.4), behind others.
fn write_page_links(pages: &PageLinks, out: &mut Vec<u8>) {
    for (name, link) in
        [("first", &pages.first), ("last", &pages.last), ("prev", &pages.prev), ("next", &pages.next)]
    {
        out.push(b',');
        write_string(name, out);
        out.push(b':');
        match link {
            Some(link) => write_string(link, out),
            // JSON:API §8.4: null tells that there is no such page.
            None => out.extend_from_slice(b"null"),
        }
    }
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

/// The links of a relationship (JSON:API §7.2.2.2).
#[derive(Debug)]
pub(crate) struct RelationshipLinks {
    pub(crate) own: String,
    pub(crate) related: String,
}

impl RelationshipLinks {
    fn of(href: &str, relationship: &Relationship) -> Self {
        let name = encode_segment(relationship.name);
        Self { own: format!("{href}/relationships/{name}"), related: format!("{href}/{name}") }
    }
}

/// A path segment, percent-encoded, so that it needs no JSON escape.
fn write_segment(segment: &str, out: &mut Vec<u8>) {
    for part in encode_segment(segment) {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Resource linkage (JSON:API §7.2.2.3), where it was read, as the `data` member that follows others.
fn write_data(
    resource: &'static Description,
    place: usize,
    row: Row<'_>,
    index: usize,
    links: &[Option<Links>],
    out: &mut Vec<u8>,
) -> Result<(), Corrupt> {
    let Some(relationship) = resource.relationships.get(place) else {
        return Err(Corrupt::new("no such relationship"));
    };
    let type_name = relationship.target().type_name;
    match relationship.kind {
        RelationshipKind::ToOne { .. } => {
            out.extend_from_slice(br#","data":"#);
            match ResourceId::from_value(row.to_one(resource, place))? {
                Some(id) => write_identifier(type_name, &id, out),
                None => out.extend_from_slice(b"null"),
            }
        }
        RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => {
            if let Some(read) = links.get(place).and_then(Option::as_ref) {
                out.extend_from_slice(br#","data":["#);
                for (position, id) in read.of(index).iter().enumerate() {
                    if position > 0 {
                        out.push(b',');
                    }
                    write_identifier(type_name, id, out);
                }
                out.push(b']');
            }
        }
    }
    Ok(())
}

/// A resource identifier object (JSON:API §7.3).
fn write_identifier(type_name: &str, id: &ResourceId, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"#);
    write_string(type_name, out);
    out.extend_from_slice(br#","id":"#);
    write_id(id, out);
    out.push(b'}');
}

/// JSON:API §7.2.1: an id is a string, whatever the store makes it of.
fn write_id(id: &ResourceId, out: &mut Vec<u8>) {
    match id {
        ResourceId::Integer(id) => {
            out.push(b'"');
            out.extend_from_slice(itoa::Buffer::new().format(*id).as_bytes());
            out.push(b'"');
        }
        ResourceId::Text(id) => write_string(id, out),
    }
}
