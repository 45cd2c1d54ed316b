//! Documents out: rows straight to bytes (JSON:API §7).
//!
//! What is written depends on the rows, the description and the links alone: no time, no host name, no order
//! of a hash map, so that the same state has the same bytes, and so the same entity tag, on every server.

use super::json::{write_string, write_value};
use crate::resource::registry::{Registry, encode_segment};
use crate::resource::{Access, Corrupt, Description, RelationshipKind, ResourceId, Row};
use crate::store::{Fetched, Links};

/// Links of a page (JSON:API §8.4); `None` where there is no such page.
#[derive(Debug, Default)]
pub(crate) struct PageLinks {
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
    pub(crate) prev: Option<String>,
    pub(crate) next: Option<String>,
}

/// Writes documents for one application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'a> {
    registry: &'a Registry,
}

const START: &[u8] = br#"{"jsonapi":{"version":"1.1"},"links":{"self":"#;

impl<'a> Writer<'a> {
    pub(crate) fn new(registry: &'a Registry) -> Self {
        Self { registry }
    }

    /// The URL of one resource.
    pub(crate) fn href(&self, resource: &Description, id: &ResourceId) -> String {
        let collection = self.registry.collection(resource);
        match id {
            ResourceId::Integer(id) => format!("{collection}/{id}"),
            ResourceId::Text(id) => format!("{collection}/{}", encode_segment(id)),
        }
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
    ) -> Result<Vec<u8>, Corrupt> {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(START);
        write_string(self_link, &mut out);
        out.extend_from_slice(br#"},"data":"#);
        match fetched.rows.get(0) {
            Some(row) => self.resource(resource, row, 0, &fetched.links, &mut out)?,
            None => out.extend_from_slice(b"null"),
        }
        out.push(b'}');
        Ok(out)
    }

    /// A document whose primary data is all rows.
    pub(crate) fn many(
        &self,
        resource: &'static Description,
        self_link: &str,
        pages: &PageLinks,
        fetched: &Fetched,
    ) -> Result<Vec<u8>, Corrupt> {
        // Text twice: members' names and links weigh about as much as the values.
        let mut out = Vec::with_capacity(1024 + 2 * fetched.rows.bytes());
        out.extend_from_slice(START);
        write_string(self_link, &mut out);
        for (name, link) in
            [("first", &pages.first), ("last", &pages.last), ("prev", &pages.prev), ("next", &pages.next)]
        {
            out.push(b',');
            write_string(name, &mut out);
            out.push(b':');
            match link {
                Some(link) => write_string(link, &mut out),
                // JSON:API §8.4: null tells that there is no such page.
                None => out.extend_from_slice(b"null"),
            }
        }
        out.extend_from_slice(br#"},"data":["#);
        for (index, row) in fetched.rows.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.resource(resource, row, index, &fetched.links, &mut out)?;
        }
        out.push(b']');
        if let Some(total) = fetched.total {
            out.extend_from_slice(br#","meta":{"count":"#);
            out.extend_from_slice(itoa::Buffer::new().format(total).as_bytes());
            out.push(b'}');
        }
        out.push(b'}');
        Ok(out)
    }

    /// A document whose primary data is the linkage of a relationship of the first row (JSON:API §8.1.3).
    pub(crate) fn linkage(
        &self,
        resource: &'static Description,
        relationship: usize,
        fetched: &Fetched,
    ) -> Result<Vec<u8>, Corrupt> {
        let mut out = Vec::with_capacity(256);
        let Some(row) = fetched.rows.get(0) else {
            return Err(Corrupt::new("no owner to write the linkage of"));
        };
        let href = self.href(resource, &row.resource_id()?);
        out.extend_from_slice(br#"{"jsonapi":{"version":"1.1"},"#);
        self.relationship_members(resource, row, 0, relationship, &href, true, &fetched.links, &mut out)?;
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
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let id = row.resource_id()?;
        let href = self.href(resource, &id);
        out.extend_from_slice(br#"{"type":"#);
        write_string(resource.type_name, out);
        out.extend_from_slice(br#","id":"#);
        write_id(&id, out);
        let mut separator: &[u8] = br#","attributes":{"#;
        for (place, attribute) in resource.attributes.iter().enumerate() {
            if attribute.access == Access::WriteOnly {
                continue;
            }
            out.extend_from_slice(separator);
            separator = b",";
            write_string(attribute.name, out);
            out.push(b':');
            write_value(attribute.kind, row.attribute(place), out).map_err(|corrupt| {
                Corrupt::new(format!("column `{}` of `{}`: {corrupt}", attribute.column, resource.table))
            })?;
        }
        if separator == b"," {
            out.push(b'}');
        }
        separator = br#","relationships":{"#;
        for (place, relationship) in resource.relationships.iter().enumerate() {
            out.extend_from_slice(separator);
            separator = b",";
            write_string(relationship.name, out);
            out.extend_from_slice(b":{");
            self.relationship_members(resource, row, index, place, &href, relationship.linkage, links, out)?;
            out.push(b'}');
        }
        if separator == b"," {
            out.push(b'}');
        }
        out.extend_from_slice(br#","links":{"self":"#);
        write_string(&href, out);
        out.extend_from_slice(b"}}");
        Ok(())
    }

    /// The members of a relationship object (JSON:API §7.2.2.2), which are also those of a linkage document.
    #[allow(clippy::too_many_arguments)]
    fn relationship_members(
        &self,
        resource: &'static Description,
        row: Row<'_>,
        index: usize,
        place: usize,
        href: &str,
        with_data: bool,
        links: &[Option<Links>],
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let Some(relationship) = resource.relationships.get(place) else {
            return Err(Corrupt::new("no such relationship"));
        };
        let name = encode_segment(relationship.name);
        out.extend_from_slice(br#""links":{"self":"#);
        write_string(&format!("{href}/relationships/{name}"), out);
        out.extend_from_slice(br#","related":"#);
        write_string(&format!("{href}/{name}"), out);
        out.push(b'}');
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
                let read = links.get(place).and_then(Option::as_ref).filter(|_| with_data);
                if let Some(read) = read {
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
