//! The operations on a resource, and sets of them.

/// The operations on a resource. `etag(…)` takes their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Operation {
    /// `GET /sessions`
    List = 0,
    /// `POST /sessions`
    Create = 1,
    /// `GET /sessions/1`
    Read = 2,
    /// `PATCH /sessions/1`
    Update = 3,
    /// `DELETE /sessions/1`
    Delete = 4,
    /// `GET /sessions/1/speakers`
    Related = 5,
    /// `GET /sessions/1/relationships/speakers`
    Relationship = 6,
    /// `PATCH`, `POST`, `DELETE /sessions/1/relationships/speakers`
    UpdateRelationship = 7,
}

impl Operation {
    /// Each operation, in the order of their routes.
    pub const ALL: [Self; 8] = [
        Self::List,
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Related,
        Self::Relationship,
        Self::UpdateRelationship,
    ];

    /// The name in attributes such as `etag(…)`, in route names and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Related => "related",
            Self::Relationship => "relationship",
            Self::UpdateRelationship => "update_relationship",
        }
    }
}

/// A set of [`Operation`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operations(u8);

impl Operations {
    /// No operation.
    pub const NONE: Self = Self(0);
    /// Every operation.
    pub const ALL: Self = Self(0xff);

    /// Adds an operation to the set.
    pub const fn with(self, operation: Operation) -> Self {
        Self(self.0 | 1 << operation as u8)
    }

    /// Whether the operation is in the set.
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u8) != 0
    }
}
