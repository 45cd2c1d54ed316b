//! The beginning of a document, and its links (JSON:API §6.6).

use crate::query::PageLinks;
use crate::schema::Relationship;
use crate::schema::component_name::component;
use crate::schema::json_text::write_string;
use crate::schema::registry::encode_segment;

/// The beginning of a document without profiles, up to the value of its `self` link.
pub(super) const START: &[u8] = br#"{"jsonapi":{"version":"1.1"},"links":{"self":"#;

/// The start of a document, up to the value of its `self` link. `profile` has the URIs of the profiles that apply, with
/// spaces between them.
pub(super) fn start(profile: Option<&str>, out: &mut Vec<u8>) {
    match profile {
        // JSON:API §6.7: the profiles that apply.
        Some(profiles) => {
            out.extend_from_slice(br#"{"jsonapi":{"version":"1.1","profile":"#);
            write_profiles(profiles, out);
            out.extend_from_slice(br#"},"links":{"self":"#);
        }
        None => out.extend_from_slice(START),
    }
}

/// The profiles that apply to a document, as the member of its `jsonapi` object has them.
pub(crate) fn write_profiles(profiles: &str, out: &mut Vec<u8>) {
    for (index, profile) in profiles.split(' ').enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        write_string(profile, out);
    }
    out.push(b']');
}

/// The schema of a document, among those of a resource's file (`schemas/<type>.json`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum DocumentSchema<'a> {
    /// One resource.
    One,
    /// None, of a relationship to one.
    Null,
    /// A list of resources.
    Many,
    /// The linkage of a relationship to one resource of this type.
    ToOne,
    /// The linkage of a relationship to many resources of this type.
    ToMany,
    /// The linkage of this relationship, which may lead to several types, of a resource of this type.
    OfSeveral(&'a Relationship),
    /// The related resources of this relationship, which leads to many of several types.
    ManyOfSeveral(&'a Relationship),
}

/// The link to the schema of the document (JSON:API §6.1, `describedby`), after others. `schemas` is the URL of the schemas
/// of a resource, up to the ending of their names; there is no link without it.
pub(super) fn write_described_by(schemas: Option<&str>, schema: DocumentSchema<'_>, out: &mut Vec<u8>) {
    let Some(schemas) = schemas else { return };
    out.extend_from_slice(br#","describedby":""#);
    // The path of a mount and percent-encoded names: no character here needs an escape.
    out.extend_from_slice(schemas.as_bytes());
    match schema {
        DocumentSchema::One => out.extend_from_slice(b"document"),
        DocumentSchema::Null => out.extend_from_slice(b"orNull"),
        DocumentSchema::Many => out.extend_from_slice(b"collection"),
        DocumentSchema::ToOne => out.extend_from_slice(b"toOne"),
        DocumentSchema::ToMany => out.extend_from_slice(b"toMany"),
        DocumentSchema::ManyOfSeveral(relationship) => {
            out.extend_from_slice(b"relationship.");
            out.extend_from_slice(component(relationship.name).as_bytes());
            out.extend_from_slice(b".collection");
        }
        DocumentSchema::OfSeveral(relationship) => {
            out.extend_from_slice(b"relationship.");
            out.extend_from_slice(component(relationship.name).as_bytes());
            out.extend_from_slice(if relationship.is_to_many() { b".toMany" } else { b".toOne" });
        }
    }
    out.push(b'"');
}

/// The links of a page (JSON:API §7.6), after other links.
pub(super) fn write_page_links(pages: &PageLinks, out: &mut Vec<u8>) {
    for (name, link) in
        [("first", &pages.first), ("last", &pages.last), ("prev", &pages.prev), ("next", &pages.next)]
    {
        out.push(b',');
        write_string(name, out);
        out.push(b':');
        match link {
            Some(link) => write_string(link, out),
            // JSON:API §7.6: null means that there is no such page.
            None => out.extend_from_slice(b"null"),
        }
    }
}

/// The links of a relationship (JSON:API §6.2.2.2).
#[derive(Debug)]
pub(crate) struct RelationshipLinks {
    pub(crate) own: String,
    pub(crate) related: String,
}

impl RelationshipLinks {
    pub(super) fn of(href: &str, relationship: &Relationship) -> Self {
        let name = encode_segment(relationship.name);
        Self { own: format!("{href}/relationships/{name}"), related: format!("{href}/{name}") }
    }
}

/// A path segment, percent-encoded, so that it needs no JSON escape.
pub(super) fn write_segment(segment: &str, out: &mut Vec<u8>) {
    for part in encode_segment(segment) {
        out.extend_from_slice(part.as_bytes());
    }
}
