//! Resource linkage and the resource identifier objects in it (JSON:API §6.2.2.4, §6.3).

use crate::plan::Links;
use crate::schema::json_text::write_string;
use crate::schema::{Corrupt, Description, RelationshipId, RelationshipKind, ResourceId, Row};

/// Resource linkage (JSON:API §6.2.2.4), where it was read, as the `data` member that follows others.
pub(super) fn write_data(
    resource: &'static Description,
    id: RelationshipId,
    row: Row<'_>,
    index: usize,
    links: &[Option<Links>],
    out: &mut Vec<u8>,
) -> Result<(), Corrupt> {
    let Some(relationship) = resource.relationship_at(id) else {
        return Err(Corrupt::new("no such relationship"));
    };
    let type_name = relationship.target().type_name;
    match relationship.kind {
        RelationshipKind::ToOne { .. } => {
            out.extend_from_slice(br#","data":"#);
            match relationship.related_id(row.to_one(resource, id))? {
                Some(id) => write_identifier(type_name, &id, out),
                None => out.extend_from_slice(b"null"),
            }
        }
        RelationshipKind::OneOf { .. } => {
            out.extend_from_slice(br#","data":"#);
            for (arm, relationship) in resource.arms(id) {
                if let Some(id) = relationship.related_id(row.to_one(resource, arm))? {
                    write_identifier(relationship.target().type_name, &id, out);
                    return Ok(());
                }
            }
            // Nothing, or a stored type that is none of the arms.
            out.extend_from_slice(b"null");
        }
        RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => {
            let read = |arm: RelationshipId| arm.of(links).and_then(Option::as_ref);
            if resource.arms(id).any(|(arm, _)| read(arm).is_none()) {
                return Ok(());
            }
            out.extend_from_slice(br#","data":["#);
            let mut is_first = true;
            for (arm, relationship) in resource.arms(id) {
                let type_name = relationship.target().type_name;
                for id in read(arm).map_or(&[][..], |read| read.of(index)) {
                    if !std::mem::take(&mut is_first) {
                        out.push(b',');
                    }
                    write_identifier(type_name, id, out);
                }
            }
            out.push(b']');
        }
    }
    Ok(())
}

/// A resource identifier object (JSON:API §6.3).
pub(super) fn write_identifier(type_name: &str, id: &ResourceId, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"type":"#);
    write_string(type_name, out);
    out.extend_from_slice(br#","id":"#);
    write_id(id, out);
    out.push(b'}');
}

/// JSON:API §6.2.1: an id is a string, whatever the store makes it of.
pub(super) fn write_id(id: &ResourceId, out: &mut Vec<u8>) {
    match id {
        ResourceId::Integer(id) => {
            out.push(b'"');
            out.extend_from_slice(itoa::Buffer::new().format(*id).as_bytes());
            out.push(b'"');
        }
        ResourceId::Text(id) => write_string(id, out),
        ResourceId::Composite(id) => write_string(&id.to_string(), out),
    }
}
