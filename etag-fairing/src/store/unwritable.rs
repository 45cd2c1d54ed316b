//! What of a resource a store cannot write.

use crate::schema::{AttributeId, Operation, RelationshipId};

/// What of a resource a store cannot write, as it found when it was prepared: a view may take no new rows, and a
/// generated column no value. Empty where all can be written.
///
/// Operations that cannot work are not served: they are 405, and `Allow` doesn't name them. Attributes that cannot be
/// written are read-only to clients, and the store leaves out what it is given for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unwritable {
    /// Of [`Operation::Create`], [`Operation::Update`] and [`Operation::Delete`], those that can't work.
    pub operations: Vec<Operation>,
    /// The attributes whose values the store's database itself makes.
    pub attributes: Vec<AttributeId>,
    /// The relationships that take no new linkage.
    pub adding: Vec<RelationshipId>,
    /// The relationships whose linkage cannot end.
    pub removing: Vec<RelationshipId>,
    /// Whether new resources have an id that only the database makes.
    pub id: bool,
}

impl Unwritable {
    /// Whether all can be written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
