//! `withCount`: which to-many relationships are counted.

use super::include::IncludeTree;
use super::limits::MAX_COUNTS;
use crate::error::ErrorObject;
use crate::schema::{Description, RelationshipId};

/// A relationship whose related resources are counted for each resource of its type in the document.
pub(crate) type CountedRelationship = (&'static Description, RelationshipId);

/// Reads `withCount`: names of to-many relationships of the primary data, or of what is included, with the path that
/// `include` has.
pub(super) fn parse(
    value: &str,
    root: &'static Description,
    include: &[IncludeTree],
) -> Result<Vec<CountedRelationship>, Vec<ErrorObject>> {
    let mut counted: Vec<CountedRelationship> = Vec::new();
    let mut errors = Vec::new();
    for path in value.split(',') {
        match follow(path, root, include) {
            Ok(one) if counted.contains(&one) => {}
            Ok(one) => counted.push(one),
            Err(detail) => errors.push(ErrorObject::invalid_include(detail)),
        }
        if counted.len() > MAX_COUNTS {
            errors.push(ErrorObject::limit_exceeded(format!(
                "at most {MAX_COUNTS} relationships can be counted"
            )));
            break;
        }
    }
    if errors.is_empty() { Ok(counted) } else { Err(errors) }
}

fn follow(
    path: &str,
    root: &'static Description,
    include: &[IncludeTree],
) -> Result<CountedRelationship, String> {
    let (mut here, mut tree) = (root, include);
    let (before, last) = path.rsplit_once('.').map_or((None, path), |(before, last)| (Some(before), last));
    for segment in before.into_iter().flat_map(|before| before.split('.')) {
        let found = here.relationship(segment);
        let (id, relationship) =
            found.ok_or_else(|| format!("{path:?}: {} has no relationship {segment:?}", here.type_name))?;
        let branch = tree.iter().find(|branch| branch.relationship == id);
        let branch = branch.ok_or_else(|| {
            format!("{path:?}: {segment:?} is not included, so that nothing behind it is counted")
        })?;
        (here, tree) = (relationship.target(), branch.children.as_slice());
    }
    match here.relationship(last) {
        Some((id, relationship)) if relationship.is_to_many() => Ok((here, id)),
        Some(_) => Err(format!("{path:?} leads to one resource at most: there is nothing to count")),
        None => Err(format!("{path:?}: {} has no relationship {last:?}", here.type_name)),
    }
}
