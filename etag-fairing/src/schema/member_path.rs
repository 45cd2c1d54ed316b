//! Dotted paths over relationships to a member: `track.name`, `speakers.employer.id`.

use super::description::{Attribute, Description};
use super::relationship::Relationship;
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
    /// A polymorphic relationship, without the type of one of its arms: the id of the first arm.
    OneOf(RelationshipId),
}

/// Who has written a path, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PathSyntax<'a> {
    /// A client has: names with dots between them, of members that documents show to it.
    Client(&'a Unreadable),
    /// A client has, and `a__b` may stand for `a.b` where no member is named `a__b`. The path may go on inside of JSON.
    ClientWithUnderscores(&'a Unreadable),
    /// The application has, which also knows the members that documents don't show. The path may go on inside of JSON.
    Application,
}

/// Why a path names no member.
#[derive(Clone, Debug)]
pub(crate) enum BrokenPath {
    /// It has more relationships than it may have.
    TooLong,
    /// The resource that the path leads to so far has no member of this name.
    NoMember { resource: &'static Description, name: String, is_first: bool },
    /// The path goes on after a polymorphic relationship, and doesn't say to which of its types.
    NoType { resource: &'static Description, relationship: RelationshipId, name: String },
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
            let Some(mut end) = member(here, name, syntax) else {
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
            if let PathEnd::OneOf(relationship) = end {
                match arm(here, relationship, &mut rest, syntax) {
                    Some(arm) => end = arm,
                    None if rest.is_empty() => {}
                    None => {
                        return Err(BrokenPath::NoType {
                            resource: here,
                            relationship,
                            name: name.to_owned(),
                        });
                    }
                }
            }
            if rest.is_empty() {
                return Ok(Self { steps, resource: here, end, inside: Vec::new() });
            }
            if let PathEnd::Attribute(_, attribute) = end
                && attribute.kind == Kind::Json
                && !matches!(syntax, PathSyntax::Client(_))
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
            Self::NoType { resource, relationship, name } => format!(
                "{name:?} of {} leads to several types: name one of them, as in {}",
                resource.type_name,
                typed_names(resource, *relationship)
            ),
            Self::NoRelationship { resource, name } => {
                format!("{name:?} of {} is not a relationship, so nothing follows it", resource.type_name)
            }
        }
    }
}

/// Whether each database finds a member of this name inside of JSON.
pub(crate) fn is_name_in_json(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|letter| matches!(letter, '"' | '\\') || letter.is_control())
}

/// The member of a resource that has this name.
fn member(resource: &'static Description, name: &str, syntax: PathSyntax<'_>) -> Option<PathEnd> {
    if name == "id" {
        return Some(PathEnd::Id);
    }
    // To clients, a member that documents don't show doesn't exist: an error about it would tell that it does.
    let unreadable = match syntax {
        PathSyntax::Application => None,
        PathSyntax::Client(unreadable) | PathSyntax::ClientWithUnderscores(unreadable) => Some(unreadable),
    };
    let is_known = |(id, attribute): &(AttributeId, &Attribute)| {
        unreadable.is_none_or(|unreadable| attribute.access.is_shown() && !unreadable.has(resource, *id))
    };
    match resource.attribute(name).filter(|found| is_known(&(found.0, found.1))) {
        Some((place, attribute)) => Some(PathEnd::Attribute(place, attribute)),
        None => relationship(resource, name, unreadable),
    }
}

/// The relationship of this name.
fn relationship(
    resource: &'static Description,
    name: &str,
    unreadable: Option<&Unreadable>,
) -> Option<PathEnd> {
    let found = resource.relationship(name);
    let known = found.filter(|(id, _)| unreadable.is_none_or(|unreadable| !unreadable.has(resource, *id)));
    known.map(|(id, found)| match found.is_polymorphic() {
        true => PathEnd::OneOf(id),
        false => PathEnd::Relationship(id, found),
    })
}

/// The arm that the next name of a path names by its type: `photos` of `subject.photos.title`. The type is taken off the
/// rest of the path, whose next name is the last.
fn arm(
    resource: &'static Description,
    relationship: RelationshipId,
    rest: &mut Vec<&str>,
    syntax: PathSyntax<'_>,
) -> Option<PathEnd> {
    let name = rest.last().copied()?;
    let joined = matches!(syntax, PathSyntax::ClientWithUnderscores(_));
    let (type_name, behind) = match resource.arm(relationship, name) {
        Some(_) => (name, None),
        None => name.split_once("__").filter(|_| joined).map(|(first, behind)| (first, Some(behind)))?,
    };
    let (id, arm) = resource.arm(relationship, type_name)?;
    rest.pop();
    rest.extend(behind);
    Some(PathEnd::Relationship(id, arm))
}

/// The arms of a polymorphic relationship as paths name them: `subject.photos, subject.videos`.
pub(crate) fn typed_names(resource: &Description, relationship: RelationshipId) -> String {
    let names =
        resource.arms(relationship).map(|(_, arm)| format!("{}.{}", arm.name, arm.target().type_name));
    names.collect::<Vec<_>>().join(", ")
}

/// The types that a relationship may lead to, for messages: `photos or videos`.
pub(crate) fn type_names(resource: &Description, relationship: RelationshipId) -> String {
    let names: Vec<&str> = resource.arms(relationship).map(|(_, arm)| arm.target().type_name).collect();
    names.join(" or ")
}
