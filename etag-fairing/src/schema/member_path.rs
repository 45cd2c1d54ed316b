//! Dotted paths over relationships to a member: `track.name`, `speakers.employer.id`.

use super::description::{Attribute, Description, Relationship};
use super::unreadable::Unreadable;
use super::{AttributeId, Kind, RelationshipId};

/// A path that has been followed to its end.
#[derive(Clone, Debug)]
pub(crate) struct MemberPath {
    /// The relationships before the last name.
    pub(crate) steps: Vec<PathStep>,
    /// The resource that they lead to.
    pub(crate) resource: &'static Description,
    /// The member of that resource which the last name names.
    pub(crate) end: PathEnd,
    /// The names behind an attribute that holds JSON: a path inside of it.
    pub(crate) inside: Vec<String>,
}

/// One relationship of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathStep {
    pub(crate) id: RelationshipId,
    pub(crate) relationship: &'static Relationship,
}

/// The member that a path names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PathEnd {
    Id,
    Attribute(AttributeId, &'static Attribute),
    Relationship(RelationshipId, &'static Relationship),
}

/// Who has written a path, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PathSyntax<'a> {
    /// A client has: names with dots between them, of members that documents show to it.
    Client(&'a Unreadable),
    /// A client has, and `a__b` may stand for `a.b` where no member is named `a__b`. The path may go on inside of JSON.
    ClientWithUnderscores(&'a Unreadable),
    /// The application has, which also knows the members that documents don't show.
    Application,
}

/// Why a path names no member.
#[derive(Clone, Debug)]
pub(crate) enum BrokenPath {
    /// It has more relationships than it may have.
    TooLong,
    /// The resource that the path leads to so far has no member of this name.
    NoMember { resource: &'static Description, name: String, is_first: bool },
    /// The path goes on after a member of the resource that is no relationship.
    NoRelationship { resource: &'static Description, name: String },
}

impl MemberPath {
    /// Follows a path of at most `most` relationships, the last name not counted.
    pub(crate) fn follow(
        resource: &'static Description,
        path: &str,
        syntax: PathSyntax<'_>,
        most: usize,
    ) -> Result<Self, BrokenPath> {
        let mut rest: Vec<&str> = path.rsplit('.').collect();
        let mut here = resource;
        let mut steps = Vec::new();
        loop {
            let name = rest.pop().unwrap_or_default();
            let Some(end) = member(here, name, syntax) else {
                let joined = matches!(syntax, PathSyntax::ClientWithUnderscores(_));
                match name.split_once("__").filter(|_| joined) {
                    Some((first, after)) => rest.extend([after, first]),
                    None => {
                        let (name, is_first) = (name.to_owned(), steps.is_empty());
                        return Err(BrokenPath::NoMember { resource: here, name, is_first });
                    }
                }
                continue;
            };
            if rest.is_empty() {
                return Ok(Self { steps, resource: here, end, inside: Vec::new() });
            }
            if let PathEnd::Attribute(_, attribute) = end
                && attribute.kind == Kind::Json
                && matches!(syntax, PathSyntax::ClientWithUnderscores(_))
            {
                let inside = rest.into_iter().rev().map(str::to_owned).collect();
                return Ok(Self { steps, resource: here, end, inside });
            }
            let PathEnd::Relationship(id, relationship) = end else {
                return Err(BrokenPath::NoRelationship { resource: here, name: name.to_owned() });
            };
            if steps.len() == most {
                return Err(BrokenPath::TooLong);
            }
            steps.push(PathStep { id, relationship });
            here = relationship.target();
        }
    }

    /// The relationships before the last name.
    pub(crate) fn relationship_ids(&self) -> Vec<RelationshipId> {
        self.steps.iter().map(|step| step.id).collect()
    }
}

impl PathStep {
    /// Whether it leads to many.
    pub(crate) fn is_to_many(&self) -> bool {
        self.relationship.is_to_many()
    }
}

impl BrokenPath {
    /// What is wrong with the path, in words for the client that has sent it.
    pub(crate) fn detail(&self, path: &str) -> String {
        match self {
            Self::TooLong => format!("{path:?} is too long a path"),
            Self::NoMember { resource, name, is_first } => {
                let within = if *is_first { String::new() } else { format!(" (in {path:?})") };
                if name.is_empty() {
                    format!("an empty name{within}")
                } else {
                    format!("{} has no member {name:?}{within}", resource.type_name)
                }
            }
            Self::NoRelationship { resource, name } => {
                format!("{name:?} of {} is not a relationship, so nothing follows it", resource.type_name)
            }
        }
    }
}

/// The member of a resource that has this name.
fn member(resource: &'static Description, name: &str, syntax: PathSyntax<'_>) -> Option<PathEnd> {
    if name == "id" {
        return Some(PathEnd::Id);
    }
    // To clients, an attribute that documents don't show doesn't exist: an error about it would tell that it does.
    let is_known = |(id, attribute): &(AttributeId, &Attribute)| match syntax {
        PathSyntax::Application => true,
        PathSyntax::Client(unreadable) | PathSyntax::ClientWithUnderscores(unreadable) => {
            attribute.access.is_shown() && !unreadable.has(resource, *id)
        }
    };
    match resource.attribute(name).filter(|found| is_known(&(found.0, found.1))) {
        Some((place, attribute)) => Some(PathEnd::Attribute(place, attribute)),
        None => resource
            .relationship(name)
            .map(|(place, relationship)| PathEnd::Relationship(place, relationship)),
    }
}
