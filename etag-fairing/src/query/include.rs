//! `include` (JSON:API §7.3): which related resources the document carries.

use super::limits::MAX_INCLUDES;
use super::{IncludeWindow, PageRequest};
use crate::error::ErrorObject;
use crate::schema::unreadable::Unreadable;
use crate::schema::{Description, RelationshipId};

/// A relationship to include, and what to include of the resources behind it.
///
/// Each relationship stands only once under the same parent, in the order in which the client first named them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IncludeTree {
    /// One of the resource reached so far.
    pub(crate) relationship: RelationshipId,
    /// What to include from there.
    pub(crate) children: Vec<IncludeTree>,
    /// Which of them; `None` for all.
    pub(crate) window: Option<Box<IncludeWindow>>,
}

impl IncludeTree {
    /// Whether the pages of a window here or below go by cursor.
    pub(super) fn is_by_cursor(&self) -> bool {
        let page = self.window.as_ref().and_then(|window| window.page.as_ref());
        page.is_some_and(PageRequest::is_by_cursor) || self.children.iter().any(Self::is_by_cursor)
    }
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
    unreadable: &Unreadable,
) -> Result<Vec<IncludeTree>, Vec<ErrorObject>> {
    let mut tree = Vec::new();
    let mut errors = Vec::new();
    if value.is_empty() {
        return Ok(tree);
    }
    let mut count = 0;
    for path in value.split(',') {
        match follow(path, root, only, max_depth, unreadable) {
            Ok(paths) => {
                for ids in paths {
                    count += merge(&mut tree, &ids);
                }
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

/// The relationships of a path. A polymorphic relationship has several arms, so that there may be several ways to go. A
/// way ends where the target has no relationship of the next name, as long as that of another arm has.
fn follow(
    path: &str,
    root: &'static Description,
    only: Option<RelationshipId>,
    max_depth: u32,
    unreadable: &Unreadable,
) -> Result<Vec<Vec<RelationshipId>>, String> {
    if path.is_empty() {
        return Err("an empty path: write relationships with commas between them".into());
    }
    let mut ways: Vec<(&'static Description, Vec<RelationshipId>)> = vec![(root, Vec::new())];
    let mut ended = Vec::new();
    for (depth, segment) in (1..).zip(path.split('.')) {
        let mut next = Vec::new();
        for (here, ids) in &ways {
            let Some((first, _)) = unreadable.relationship(here, segment) else {
                ended.push(ids.clone());
                continue;
            };
            if ids.is_empty() && only.is_some_and(|only| only != first) {
                return Err(format!("{path:?}: paths begin with the relationship of this URL"));
            }
            for (id, arm) in here.arms(first) {
                let mut ids = ids.clone();
                ids.push(id);
                next.push((arm.target(), ids));
            }
        }
        if next.is_empty() {
            let types: Vec<&str> = ways.iter().map(|(here, _)| here.type_name).collect();
            return Err(match segment {
                "" => format!("{path:?} has an empty name"),
                _ => format!("{path:?}: {} has no relationship {segment:?}", types.join(" or ")),
            });
        }
        if depth > usize::try_from(max_depth).unwrap_or(usize::MAX) {
            return Err(format!("{path:?} is deeper than {max_depth}"));
        }
        if next.len() > MAX_INCLUDES {
            return Err(format!("{path:?} leads over more than {MAX_INCLUDES} relationships"));
        }
        ways = next;
    }
    Ok(ended.into_iter().chain(ways.into_iter().map(|(_, ids)| ids)).collect())
}

/// Puts a path into the tree, and returns how many of its relationships are new there.
fn merge(tree: &mut Vec<IncludeTree>, ids: &[RelationshipId]) -> usize {
    let Some((&relationship, behind)) = ids.split_first() else { return 0 };
    let known = tree.iter().position(|include| include.relationship == relationship);
    match known.and_then(|known| tree.get_mut(known)) {
        Some(include) => merge(&mut include.children, behind),
        None => {
            let mut include = IncludeTree { relationship, children: Vec::new(), window: None };
            let added = 1 + merge(&mut include.children, behind);
            tree.push(include);
            added
        }
    }
}
