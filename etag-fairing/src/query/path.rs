//! Dotted paths over relationships: `track.name`, `speakers.employer.id`.

use super::limits::MAX_PATH;
use crate::schema::{Attribute, Description, Relationship};

/// A path, followed to its end.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// The relationships on the way.
    pub(super) steps: Vec<Step>,
    /// Where they lead.
    pub(super) resource: &'static Description,
    /// What stands there.
    pub(super) end: End,
}

/// One relationship on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its place in [`Description::relationships`].
    pub(super) place: usize,
    /// Whether it leads to many.
    pub(super) many: bool,
}

/// What a path names.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Id,
    Attribute(usize, &'static Attribute),
    Relationship(usize, &'static Relationship),
}

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// More relationships than [`MAX_PATH`].
    TooLong,
    /// In words.
    Nowhere(String),
}

impl Path {
    /// Follows a path from a resource. `alias` lets `a__b` stand for `a.b` where no member is named `a__b`.
    pub(super) fn follow(resource: &'static Description, path: &str, alias: bool) -> Result<Self, Lost> {
        let mut segments: Vec<&str> = Vec::new();
        let mut rest = path.split('.').rev().collect::<Vec<_>>();
        let mut here = resource;
        let mut steps = Vec::new();
        while let Some(segment) = rest.pop() {
            let Some(end) = member(here, segment) else {
                match segment.split_once("__").filter(|_| alias) {
                    Some((first, behind)) => rest.extend([behind, first]),
                    None => return Err(nowhere(here, path, &segments, segment)),
                }
                continue;
            };
            segments.push(segment);
            match end {
                End::Relationship(place, relationship) if !rest.is_empty() => {
                    if steps.len() == MAX_PATH {
                        return Err(Lost::TooLong);
                    }
                    steps.push(Step { place, many: relationship.is_to_many() });
                    here = relationship.target();
                }
                _ if !rest.is_empty() => {
                    return Err(Lost::Nowhere(format!(
                        "{segment:?} of {} is not a relationship, so nothing follows it",
                        here.type_name
                    )));
                }
                end => return Ok(Self { steps, resource: here, end }),
            }
        }
        Err(Lost::Nowhere("an empty path".into()))
    }
}

/// Write-only attributes are not there: an error about them would tell that they are.
fn member(resource: &'static Description, name: &str) -> Option<End> {
    if name == "id" {
        return Some(End::Id);
    }
    let attribute = resource.attribute(name).filter(|(_, attribute)| attribute.access.is_shown());
    match attribute {
        Some((place, attribute)) => Some(End::Attribute(place, attribute)),
        None => {
            resource.relationship(name).map(|(place, relationship)| End::Relationship(place, relationship))
        }
    }
}

fn nowhere(resource: &Description, path: &str, before: &[&str], segment: &str) -> Lost {
    let within = if before.is_empty() { String::new() } else { format!(" (in {path:?})") };
    Lost::Nowhere(match segment {
        "" => format!("an empty name{within}"),
        _ => format!("{} has no member {segment:?}{within}", resource.type_name),
    })
}
