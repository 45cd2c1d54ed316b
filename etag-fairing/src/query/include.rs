//! `include` (JSON:API §7.3): which related resources the document carries.

use super::limits::MAX_INCLUDES;
use crate::error::ErrorObject;
use crate::schema::{Description, RelationshipId};

/// A relationship to include, and what to include of the resources behind it.
///
/// Each relationship stands only once under the same parent, in the order in which the client first named them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IncludeTree {
    /// One of the resource reached so far.
    pub(crate) relationship: RelationshipId,
    /// What to include from there.
    pub(crate) children: Vec<IncludeTree>,
}

/// Reads `include`. Every path begins at `root`. At a relationship's own URL the primary data is the linkage of that
/// relationship, so that every path begins with it (JSON:API §7.3): it is given as `only`.
///
/// An empty value is an empty tree: the document then has an empty `included` (JSON:API §7.3).
pub(super) fn parse(
    value: &str,
    root: &'static Description,
    only: Option<RelationshipId>,
    max_depth: u32,
) -> Result<Vec<IncludeTree>, Vec<ErrorObject>> {
    let mut tree = Vec::new();
    let mut errors = Vec::new();
    if value.is_empty() {
        return Ok(tree);
    }
    let mut count = 0;
    for path in value.split(',') {
        match follow(path, root, only, max_depth) {
            Ok(ids) => {
                count += merge(&mut tree, &ids);
                if count > MAX_INCLUDES {
                    errors.push(ErrorObject::limit_exceeded(format!(
                        "at most {MAX_INCLUDES} relationships can be included"
                    )));
                    break;
                }
            }
            Err(detail) => errors.push(ErrorObject::invalid_include(detail)),
        }
    }
    if errors.is_empty() { Ok(tree) } else { Err(errors) }
}

fn follow(
    path: &str,
    root: &'static Description,
    only: Option<RelationshipId>,
    max_depth: u32,
) -> Result<Vec<RelationshipId>, String> {
    if path.is_empty() {
        return Err("an empty path: write relationships with commas between them".into());
    }
    let mut here = root;
    let mut ids = Vec::new();
    for segment in path.split('.') {
        let Some((id, relationship)) = here.relationship(segment) else {
            return Err(match segment {
                "" => format!("{path:?} has an empty name"),
                _ => format!("{path:?}: {} has no relationship {segment:?}", here.type_name),
            });
        };
        if ids.is_empty() && only.is_some_and(|only| only != id) {
            return Err(format!("{path:?}: paths begin with the relationship of this URL"));
        }
        ids.push(id);
        if ids.len() > usize::try_from(max_depth).unwrap_or(usize::MAX) {
            return Err(format!("{path:?} is deeper than {max_depth}"));
        }
        here = relationship.target();
    }
    Ok(ids)
}

/// Puts a path into the tree, and returns how many of its relationships are new there.
fn merge(tree: &mut Vec<IncludeTree>, ids: &[RelationshipId]) -> usize {
    let Some((&relationship, behind)) = ids.split_first() else { return 0 };
    let known = tree.iter().position(|include| include.relationship == relationship);
    match known.and_then(|known| tree.get_mut(known)) {
        Some(include) => merge(&mut include.children, behind),
        None => {
            let mut include = IncludeTree { relationship, children: Vec::new() };
            let added = 1 + merge(&mut include.children, behind);
            tree.push(include);
            added
        }
    }
}
