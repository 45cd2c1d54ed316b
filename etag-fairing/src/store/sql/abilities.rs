//! What can be written to existing tables and views.

use crate::schema::{Description, Operation, RelationshipKind};
use crate::store::Unwritable;

/// What can be written to a table or view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// Whether it is a view. The number of changed rows that a statement reports is not reliable for a view.
    pub(crate) is_view: bool,
    /// The kinds of writes that it refuses.
    pub(crate) refused: Vec<Verb>,
    /// The columns whose values the database generates.
    pub(crate) made: Vec<String>,
}

/// A kind of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Insert,
    Update,
    Delete,
}

/// The abilities of all tables that have a limit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits(Vec<(&'static str, Abilities)>);

impl Limits {
    /// Adds the abilities of a table.
    pub(crate) fn note(&mut self, table: &'static str, abilities: Abilities) {
        if abilities != Abilities::default() {
            self.0.push((table, abilities));
        }
    }

    fn of(&self, table: &str) -> Option<&Abilities> {
        self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(table)).map(|(_, abilities)| abilities)
    }

    /// Whether the table is a view.
    pub(crate) fn is_view(&self, table: &str) -> bool {
        self.of(table).is_some_and(|abilities| abilities.is_view)
    }

    /// Whether the database generates the values of a column.
    pub(crate) fn makes(&self, table: &str, column: &str) -> bool {
        self.of(table).is_some_and(|abilities| abilities.makes(column))
    }

    fn refuses(&self, table: &str, verb: Verb) -> bool {
        self.of(table).is_some_and(|abilities| abilities.refused.contains(&verb))
    }

    /// The writes to a resource that are impossible.
    pub(crate) fn unwritable(&self, resource: &'static Description) -> Unwritable {
        let mut unwritable = Unwritable::default();
        if self.0.is_empty() {
            return unwritable;
        }
        for (verb, operation) in [
            (Verb::Insert, Operation::Create),
            (Verb::Update, Operation::Update),
            (Verb::Delete, Operation::Delete),
        ] {
            if self.refuses(resource.table, verb) {
                unwritable.operations.push(operation);
            }
        }
        let makes = |column: &str| self.makes(resource.table, column);
        let attributes = resource.attributes_by_id();
        unwritable.attributes =
            attributes.filter(|(_, attribute)| makes(attribute.column)).map(|(id, _)| id).collect();
        unwritable.id = makes(resource.id.column);
        for (id, relationship) in resource.relationships_by_id() {
            let (adds, removes) = match relationship.kind {
                RelationshipKind::OneOf { column, type_column, .. } => {
                    let made = makes(column) || makes(type_column);
                    let fixed = made || self.refuses(resource.table, Verb::Update);
                    (fixed, fixed)
                }
                RelationshipKind::ToOne { columns, .. } => {
                    let fixed = columns.names().any(makes) || self.refuses(resource.table, Verb::Update);
                    (fixed, fixed)
                }
                RelationshipKind::Inverse { of } => {
                    let target = relationship.target();
                    let end = target.relationship(of);
                    let made = self.of(target.table).map_or(&[][..], |abilities| abilities.made.as_slice());
                    let is_fixed = |column: &String| {
                        end.is_some_and(|(_, end)| end.is_kept_in(column))
                            || relationship.order.is_some_and(|order| order.eq_ignore_ascii_case(column))
                    };
                    let fixed = self.refuses(target.table, Verb::Update) || made.iter().any(is_fixed);
                    (fixed, fixed)
                }
                RelationshipKind::Through { table, .. } => {
                    let order = relationship.order;
                    let fixed = order.is_some() && self.refuses(table, Verb::Update)
                        || order.is_some_and(|order| self.makes(table, order));
                    (fixed || self.refuses(table, Verb::Insert), fixed || self.refuses(table, Verb::Delete))
                }
            };
            if adds {
                unwritable.adding.push(id);
            }
            if removes {
                unwritable.removing.push(id);
            }
        }
        unwritable
    }
}

impl Abilities {
    fn makes(&self, column: &str) -> bool {
        self.made.iter().any(|made| made.eq_ignore_ascii_case(column))
    }
}
