//! The kinds of endpoints: what a method at a URL does with a resource.

use std::ops::Deref;
use std::ptr;

use rocket::http::Method;

use crate::schema::{Description, Operation, Relationship, RelationshipId};
use crate::store::Unwritable;

/// What a generated route does with its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `GET /sessions`
    List,
    /// `POST /sessions`
    Create,
    /// `GET /sessions/1`
    Read,
    /// `PATCH /sessions/1`
    Update,
    /// `DELETE /sessions/1`
    Delete,
    /// `GET /sessions/1/speakers`
    Related(OwnRelationship),
    /// `GET /sessions/1/relationships/speakers`
    Relationship(OwnRelationship),
    /// `PATCH`, `POST`, `DELETE /sessions/1/relationships/speakers`
    UpdateRelationship(OwnRelationship, LinkageUpdate),
}

/// How a request at a relationship's URL changes the linkage (JSON:API §8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkageUpdate {
    /// `PATCH`
    Replace,
    /// `POST`
    Add,
    /// `DELETE`
    Remove,
}

/// A relationship of the endpoint's resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnRelationship {
    pub(crate) id: RelationshipId,
    relationship: &'static Relationship,
    /// The arms of a polymorphic relationship; otherwise itself.
    arms: &'static [Relationship],
}

impl OwnRelationship {
    fn of(resource: &'static Description, id: RelationshipId, relationship: &'static Relationship) -> Self {
        let arms = resource.relationships.get(id.place()..).unwrap_or(&[]);
        let arms = arms.get(..resource.arms(id).count()).unwrap_or(&[]);
        Self { id, relationship, arms }
    }

    /// The resources that it may lead to: several if it is polymorphic.
    pub(crate) fn targets(self) -> impl Iterator<Item = &'static Description> {
        self.arms.iter().map(Relationship::target)
    }
}

impl Deref for OwnRelationship {
    type Target = Relationship;

    fn deref(&self) -> &Relationship {
        self.relationship
    }
}

impl PartialEq for OwnRelationship {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.relationship, other.relationship)
    }
}

impl Eq for OwnRelationship {}

impl Endpoint {
    /// The endpoints of a resource, in the order of their routes.
    pub(crate) fn of(resource: &'static Description) -> Vec<Self> {
        let mut endpoints = vec![Self::List, Self::Create, Self::Read, Self::Update, Self::Delete];
        for (id, relationship) in resource.relationship_members() {
            let own = OwnRelationship::of(resource, id, relationship);
            endpoints.extend([
                Self::Related(own),
                Self::Relationship(own),
                Self::UpdateRelationship(own, LinkageUpdate::Replace),
            ]);
            if own.is_to_many() {
                endpoints.extend([
                    Self::UpdateRelationship(own, LinkageUpdate::Add),
                    Self::UpdateRelationship(own, LinkageUpdate::Remove),
                ]);
            }
        }
        endpoints
    }

    /// The operation that the endpoint belongs to.
    pub(crate) fn operation(self) -> Operation {
        match self {
            Self::List => Operation::List,
            Self::Create => Operation::Create,
            Self::Read => Operation::Read,
            Self::Update => Operation::Update,
            Self::Delete => Operation::Delete,
            Self::Related(_) => Operation::Related,
            Self::Relationship(_) => Operation::Relationship,
            Self::UpdateRelationship(..) => Operation::UpdateRelationship,
        }
    }

    /// The endpoint's relationship, if it has one.
    pub(crate) fn relationship(self) -> Option<OwnRelationship> {
        match self {
            Self::Related(own) | Self::Relationship(own) | Self::UpdateRelationship(own, _) => Some(own),
            Self::List | Self::Create | Self::Read | Self::Update | Self::Delete => None,
        }
    }

    /// The method of its route.
    pub(crate) fn method(self) -> Method {
        match self {
            Self::List | Self::Read | Self::Related(_) | Self::Relationship(_) => Method::Get,
            Self::Create | Self::UpdateRelationship(_, LinkageUpdate::Add) => Method::Post,
            Self::Update | Self::UpdateRelationship(_, LinkageUpdate::Replace) => Method::Patch,
            Self::Delete | Self::UpdateRelationship(_, LinkageUpdate::Remove) => Method::Delete,
        }
    }

    /// Whether it is a `GET`, which changes nothing.
    pub(crate) fn reads(self) -> bool {
        self.method() == Method::Get
    }

    /// Whether its requests have a document.
    pub(crate) fn has_body(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::UpdateRelationship(..))
    }

    /// Whether the store cannot do the write that it needs. Its route then doesn't exist.
    pub(crate) fn is_closed_by(self, unwritable: &Unwritable) -> bool {
        let Self::UpdateRelationship(own, update) = self else {
            return unwritable.operations.contains(&self.operation());
        };
        let adds = update != LinkageUpdate::Remove && unwritable.adding.contains(&own.id);
        let removes = update != LinkageUpdate::Add && unwritable.removing.contains(&own.id);
        adds || removes
    }
}

/// The messages at launch about the writes to a resource that the store cannot do, one line each.
pub(crate) fn describe_closed(resource: &'static Description, unwritable: &Unwritable) -> Vec<String> {
    let (table, path) = (resource.table, resource.path);
    let mut lines = Vec::new();
    for operation in &unwritable.operations {
        let (what, route) = match operation {
            Operation::Create => ("takes no new rows", format!("POST /{path}")),
            Operation::Update => ("takes no changes", format!("PATCH /{path}/<id>")),
            _ => ("lets no rows be deleted", format!("DELETE /{path}/<id>")),
        };
        lines.push(format!("`{table}` {what}: {route} is not served"));
    }
    let closed: Vec<Endpoint> =
        Endpoint::of(resource).into_iter().filter(|endpoint| endpoint.is_closed_by(unwritable)).collect();
    for (_, relationship) in resource.relationship_members() {
        let is_of = |endpoint: &&Endpoint| match endpoint {
            Endpoint::UpdateRelationship(own, _) => ptr::eq(own.relationship, relationship),
            _ => false,
        };
        let methods: Vec<&str> =
            closed.iter().filter(is_of).map(|endpoint| endpoint.method().as_str()).collect();
        if !methods.is_empty() {
            let (methods, name) = (methods.join(", "), relationship.name);
            lines.push(format!(
                "the linkage of `{name}` cannot be changed so: {methods} /{path}/<id>/relationships/{name} is not served"
            ));
        }
    }
    lines
}
