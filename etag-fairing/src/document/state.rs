//! What the entity tag of a resource is made of, whoever sees it and wherever it is told.

use std::iter;

use super::hidden::Hidden;
use crate::conditional::StateTag;
use crate::plan::Scopes;
use crate::schema::registry::Registry;
use crate::schema::{AttributeId, Corrupt, Description, Relationship, Row, Upkeep};

/// S of the version in a row, if the resource has one.
///
/// It says which way the representation is written, too: a version says nothing of a release that writes it in
/// another.
pub(crate) fn version_tag(
    registry: &Registry,
    resource: &Description,
    row: Row<'_>,
) -> Result<Option<StateTag>, Corrupt> {
    let is_version = |(id, _): &(AttributeId, Upkeep)| Some(*id) == resource.version;
    let Some((version, upkeep)) = resource.kept().find(is_version) else { return Ok(None) };
    let rank = upkeep.rank(row.attribute(version))?;
    // No digit of a digest, so that no version passes for one.
    let letter = if upkeep == Upkeep::Count { 'v' } else { 't' };
    let shape = registry.shape(resource);
    Ok(Some(StateTag::of_version(format!("{letter}{rank}.{shape}"))))
}

/// Whether the tag at the resource's own URL is made from the bytes there, for a caller to whom scopes and guards hide this.
///
/// A version doesn't say all where there are computed attributes, whose functions may be others in the next
/// release, or scopes and guards: what the caller may see of the linkage may be another tomorrow. Then the tag is
/// `"S-D"` there, too.
///
/// Only what the resource's own URL would ask for counts: other scopes and guards that the same request has come to must not
/// make another tag of it.
pub(crate) fn needs_representation(resource: &'static Description, scopes: &Scopes, hidden: &Hidden) -> bool {
    resource.version.is_none()
        || !resource.computed.names.is_empty()
        || is_limited(resource, scopes)
        || hidden.hides_part_of(resource)
}

/// Whether scopes limit the rows of the resource, or of what it leads to.
fn is_limited(resource: &'static Description, scopes: &Scopes) -> bool {
    let targets = || resource.relationships.iter().map(Relationship::target);
    scopes.iter().any(|(limited, _)| iter::once(resource).chain(targets()).any(|shown| shown.is(limited)))
}
