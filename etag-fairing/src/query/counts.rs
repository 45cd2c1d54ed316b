//! `withCount`: which to-many relationships are counted.

use super::include::IncludeTree;
use super::limits::MAX_COUNTS;
use crate::error::ErrorObject;
use crate::schema::unreadable::Unreadable;
use crate::schema::{Description, RelationshipId};

/// A relationship whose related resources are counted for each resource of its type in the document.
pub(crate) type CountedRelationship = (&'static Description, RelationshipId);

/// Reads `withCount`: names of to-many relationships of the primary data, or of what is included, with the path that
/// `include` has. At a relationship's own URL every path begins with that relationship, which is given as `only`.
pub(super) fn parse(
    value: &str,
    root: &'static Description,
    only: Option<RelationshipId>,
    include: &[IncludeTree],
    unreadable: &Unreadable,
) -> Result<Vec<CountedRelationship>, Vec<ErrorObject>> {
    let mut counted: Vec<CountedRelationship> = Vec::new();
    let mut errors = Vec::new();
    for path in value.split(',') {
        match follow(path, root, only, include, unreadable) {
            Ok(found) => {
                for one in found {
                    if !counted.contains(&one) {
                        counted.push(one);
                    }
                }
            }
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

/// What a path counts. It goes over each type of a polymorphic relationship, as that of `include` does: those that have
/// such a relationship are counted.
fn follow(
    path: &str,
    root: &'static Description,
    only: Option<RelationshipId>,
    include: &[IncludeTree],
    unreadable: &Unreadable,
) -> Result<Vec<CountedRelationship>, String> {
    let first = path.split('.').next().and_then(|name| unreadable.relationship(root, name));
    if only.is_some_and(|only| first.is_some_and(|(first, _)| first != only)) {
        return Err(format!("{path:?}: paths begin with the relationship of this URL"));
    }
    let mut ways = vec![(root, include)];
    let (before, last) = path.rsplit_once('.').map_or((None, path), |(before, last)| (Some(before), last));
    for segment in before.into_iter().flat_map(|before| before.split('.')) {
        let mut next = Vec::new();
        let mut is_known = false;
        for (here, tree) in &ways {
            let Some((first, _)) = unreadable.relationship(here, segment) else { continue };
            is_known = true;
            for (id, arm) in here.arms(first) {
                let branch = tree.iter().find(|branch| branch.relationship == id);
                next.extend(branch.map(|branch| (arm.target(), branch.children.as_slice())));
            }
        }
        if next.is_empty() {
            return Err(match is_known {
                true => {
                    format!("{path:?}: {segment:?} is not included, so that nothing behind it is counted")
                }
                false => has_none(path, &ways, segment),
            });
        }
        ways = next;
    }
    let found = ways.iter().filter_map(|(here, _)| Some((*here, unreadable.relationship(here, last)?)));
    let found: Vec<_> = found.collect();
    let is_counted = found.iter().filter(|(_, (_, relationship))| relationship.is_to_many());
    // Of a polymorphic one, what each arm leads to.
    let counted = is_counted.flat_map(|(here, (id, _))| here.arms(*id).map(|(arm, _)| (*here, arm)));
    let counted: Vec<_> = counted.collect();
    match (counted.is_empty(), found.is_empty()) {
        (false, _) => Ok(counted),
        (true, false) => Err(format!("{path:?} leads to one resource at most: there is nothing to count")),
        (true, true) => Err(has_none(path, &ways, last)),
    }
}

fn has_none(path: &str, ways: &[(&'static Description, &[IncludeTree])], name: &str) -> String {
    let types: Vec<&str> = ways.iter().map(|(here, _)| here.type_name).collect();
    format!("{path:?}: {} has no relationship {name:?}", types.join(" or "))
}
