//! Results of operations (atomic operations extension, "Result Objects").

use crate::document::write::write_profiles;
use crate::negotiate::ATOMIC;
use crate::schema::json_text::write_string;

/// What is told of an operation: the JSON of its result; empty if it has nothing to tell.
pub(super) struct MadeResult {
    json: Vec<u8>,
    /// Whether the answer must have it: a removal tells nothing.
    is_told: bool,
}

impl MadeResult {
    /// The result of a removal, or of a change that has taken the resource out of the caller's sight.
    pub(super) fn nothing() -> Self {
        Self { json: b"{}".to_vec(), is_told: false }
    }

    /// The result of a change to a resource: the resource object.
    pub(super) fn resource(object: &[u8]) -> Self {
        let mut json = Vec::with_capacity(object.len() + 10);
        json.extend_from_slice(br#"{"data":"#);
        json.extend_from_slice(object);
        json.push(b'}');
        Self { json, is_told: true }
    }

    /// The result of a change to a relationship: the new entity tag of the resource.
    pub(super) fn tag(etag: Option<&str>) -> Self {
        let mut json = b"{".to_vec();
        if let Some(etag) = etag {
            json.extend_from_slice(br#""meta":{"etag":"#);
            write_string(etag, &mut json);
            json.push(b'}');
        }
        json.push(b'}');
        Self { json, is_told: etag.is_some() }
    }

    /// So many bytes of the document are its own.
    pub(super) fn size(&self) -> usize {
        self.json.len() + 1
    }
}

/// The document of the results; `None` if none of them tells anything.
pub(super) fn document(results: &[MadeResult], profiles: Option<&str>) -> Option<Vec<u8>> {
    if !results.iter().any(|result| result.is_told) {
        return None;
    }
    let size: usize = results.iter().map(MadeResult::size).sum();
    let mut out = Vec::with_capacity(size + 200);
    out.extend_from_slice(br#"{"jsonapi":{"version":"1.1","ext":["#);
    write_string(ATOMIC, &mut out);
    out.push(b']');
    if let Some(profiles) = profiles {
        out.extend_from_slice(br#","profile":"#);
        write_profiles(profiles, &mut out);
    }
    out.extend_from_slice(br#"},"atomic:results":["#);
    for (index, result) in results.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&result.json);
    }
    out.extend_from_slice(b"]}");
    Some(out)
}
