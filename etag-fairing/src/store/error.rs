//! What can go wrong in a store.

use std::{fmt, time::Duration};

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::schema::Description;
use crate::schema::{Corrupt, RelationshipId, ResourceId};

/// Why a store could not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// A constraint of the database stands against the change: 409 or 422.
    Constraint(Constraint),
    /// A related resource does not exist: 404.
    RelatedNotFound {
        /// The relationship.
        relationship: RelationshipId,
        /// The id that names nothing.
        id: ResourceId,
    },
    /// The resource to change is not there: 404.
    NotFound,
    /// The resource to change has another version than it must have: 412.
    VersionChanged,
    /// The resource to make is there already: 409.
    IdExists,
    /// No connection, or no turn to write, within the time allowed: 503.
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// A read took longer than it may, and was ended: 503, with `Retry-After`.
    ReadTimedOut {
        /// How long it may take.
        limit: Duration,
    },
    /// There is no room for the change, on the disk or within the size that the database may have; nothing was changed:
    /// 507, with `Retry-After`.
    StorageFull,
    /// Another write came in between; nothing was changed, and the whole transaction may be tried again, as
    /// [`modify`](super::modify) does. 503 if it goes on.
    Conflict,
    /// The answer to a change that was sent to be committed is lost, or can't be read: whether the change was made isn't told. 504.
    OutcomeUnknown,
    /// More included resources than the plan allows: 400.
    TooManyIncluded,
    /// The document would take more bytes than the plan allows: 400.
    DocumentTooLarge {
        /// What took the last of them.
        by: Excess,
        /// How many it may take.
        most: usize,
    },
    /// Stored data does not fit the description: 500.
    Corrupt(Corrupt),
    /// Anything else: 500. The text is for the log, never for clients.
    Internal(String),
}

/// The part of a document that takes too many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Its primary data.
    Primary,
    /// The resources that it includes.
    Included,
    /// Its linkage.
    Linkage,
}

/// A constraint that a change would break.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Constraint {
    /// Two resources with the same value in these columns (of this table).
    Unique {
        /// The columns, as the database names them.
        columns: Vec<String>,
    },
    /// A row of another table still refers to this one, or this one refers to none.
    ForeignKey,
    /// No value in a column that needs one.
    NotNull {
        /// The column.
        column: String,
    },
    /// A value that the column's type cannot hold.
    Value {
        /// The column.
        column: String,
    },
    /// A decimal number with more digits than the column holds exactly.
    Digits {
        /// The column.
        column: String,
        /// How many it holds.
        most: DigitLimit,
    },
    /// A check of the table, or a value that is too long or too large for a column that the database doesn't name.
    Check {
        /// The constraint's name, where it has one.
        name: String,
    },
    /// A check that is about these columns alone.
    CheckOf {
        /// The constraint's name, or its text.
        name: String,
        /// The columns, as the database names them.
        columns: Vec<String>,
    },
    /// Another resource stands against these values, as of two bookings for one room at one time: an exclusion
    /// constraint.
    Exclusion {
        /// The columns, as the database names them.
        columns: Vec<String>,
    },
    /// A constraint of this table, which need not be the resource's own: of a join table, of what a foreign key takes
    /// along, of what a trigger writes.
    In {
        /// The table.
        table: String,
        /// What it says.
        constraint: Box<Constraint>,
    },
}

/// How many digits of a decimal number a column holds exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigitLimit {
    /// So many before the point and behind it.
    Places {
        /// Before the point.
        before: usize,
        /// Behind the point.
        behind: usize,
    },
    /// So many from the first that is not zero to the last that is not zero.
    Significant(usize),
}

impl fmt::Display for DigitLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Places { before, behind } => {
                write!(f, "{before} digits before the point and {behind} behind it")
            }
            Self::Significant(most) => write!(f, "{most} significant digits"),
        }
    }
}

impl Constraint {
    /// A rule of the database's own, which let a statement run and make nothing of it.
    pub(crate) fn nameless() -> Self {
        Self::Check { name: String::new() }
    }

    /// The constraint as one of a table, if the database names that.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn of_table(self, table: Option<&str>) -> Self {
        match table.filter(|table| !table.is_empty()) {
            Some(table) => Self::In { table: table.to_owned(), constraint: Box::new(self) },
            None => self,
        }
    }

    /// The constraint as a change of this table sees it: its own ones need not be told apart.
    pub(crate) fn seen_from(self, own: &str) -> Self {
        match self {
            Self::In { table, constraint } if table.eq_ignore_ascii_case(own) => *constraint,
            other => other,
        }
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl StoreError {
    /// The error as a change of this table sees it.
    pub(crate) fn seen_from(self, table: &str) -> Self {
        match self {
            Self::Constraint(constraint) => Self::Constraint(constraint.seen_from(table)),
            other => other,
        }
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl StoreError {
    /// Whether the id of a new resource is taken: by the constraint on the columns of the key.
    pub(crate) fn breaks_key(&self, resource: &Description) -> bool {
        let Self::Constraint(Constraint::Unique { columns }) = self else { return false };
        match resource.key() {
            [] => columns == &[resource.id.column],
            key => {
                columns.len() == key.len()
                    && key
                        .iter()
                        .all(|part| columns.iter().any(|name| name.eq_ignore_ascii_case(part.column)))
            }
        }
    }
}

impl StoreError {
    /// Whether something was waited for in vain: asking for more would mean waiting once more.
    pub(crate) fn is_want_of_time(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::ReadTimedOut { .. })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constraint(constraint) => write!(f, "constraint: {constraint:?}"),
            Self::RelatedNotFound { id, .. } => write!(f, "related resource {id} does not exist"),
            Self::NotFound => f.write_str("the resource does not exist"),
            Self::VersionChanged => f.write_str("the resource has another version"),
            Self::IdExists => f.write_str("the id is taken"),
            Self::Busy { .. } => f.write_str("the store is busy"),
            Self::ReadTimedOut { limit } => write!(f, "a read took longer than {limit:?}"),
            Self::StorageFull => f.write_str("the database has no room left"),
            Self::Conflict => f.write_str("another write came in between"),
            Self::OutcomeUnknown => f.write_str("the connection was lost while committing"),
            Self::TooManyIncluded => f.write_str("more included resources than allowed"),
            Self::DocumentTooLarge { by, most } => write!(f, "more than {most} bytes, by {by:?}"),
            Self::Corrupt(corrupt) => write!(f, "stored data does not fit: {corrupt}"),
            Self::Internal(detail) => f.write_str(detail),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Corrupt(corrupt) => Some(corrupt),
            _ => None,
        }
    }
}

impl From<Corrupt> for StoreError {
    fn from(corrupt: Corrupt) -> Self {
        Self::Corrupt(corrupt)
    }
}

/// Why a store cannot serve the resources; it stops the launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrepareError {
    /// One line a problem, each naming the table and the column.
    pub problems: Vec<String>,
}

impl PrepareError {
    /// One problem.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problems: vec![problem.into()] }
    }
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl std::error::Error for PrepareError {}
