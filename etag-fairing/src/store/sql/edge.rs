//! Where the linkage of a to-many relationship is stored.

use sea_query::Expr;

use super::link::{Link, TypeIs};
use crate::schema::{Description, IdKind, Relationship, RelationshipKind};

/// A table with one column for the owners and one for the related resources: a join table, or for an inverse
/// the table of the related resources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) table: &'static str,
    pub(crate) owner_column: &'static str,
    pub(crate) target_column: &'static str,
    pub(crate) owner_id: IdKind,
    pub(crate) target: &'static Description,
    pub(crate) kind: EdgeKind,
    /// The column with the positions of the related resources, which is the default order of the relationship; `None`
    /// for ascending ids. Null comes last, and equal positions are in ascending order of ids.
    pub(crate) order: Option<&'static str>,
    /// The column with the positions in the other direction: of the owner in the linkage of its related resources.
    pub(crate) far_order: Option<&'static str>,
    /// The type that a row must have to be an edge, if the table has edges to owners of several types.
    pub(crate) only: Option<TypeIs>,
}

/// The kind of table that has the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// A join table. Each edge is a row.
    Join,
    /// The table of the related resources. Each edge is a value in the owner column.
    Inverse {
        /// Whether each related resource must have an owner.
        required: bool,
    },
}

impl Edge {
    /// The kind of the ids in the target column. A composite id has other columns of the same table, too.
    pub(crate) fn target_id(&self) -> IdKind {
        self.target.id.kind
    }

    /// The edge of a to-many relationship; `None` for to-one.
    ///
    /// # Errors
    /// If an inverse names no to-one relationship of its target that leads back to the owner.
    pub(crate) fn of(owner: &Description, relationship: &Relationship) -> Result<Option<Self>, String> {
        let target = relationship.target();
        let order = relationship.order;
        match relationship.kind {
            RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. } => Ok(None),
            RelationshipKind::Through { table, owner_column, target_column } => {
                let far_order = target.relationships.iter().find_map(|far| match far.kind {
                    RelationshipKind::Through { table: of, owner_column: near, .. }
                        if of.eq_ignore_ascii_case(table) && near.eq_ignore_ascii_case(target_column) =>
                    {
                        far.order
                    }
                    _ => None,
                });
                Ok(Some(Self {
                    table,
                    owner_column,
                    target_column,
                    owner_id: owner.id.kind,
                    target,
                    kind: EdgeKind::Join,
                    order,
                    far_order,
                    only: None,
                }))
            }
            RelationshipKind::Inverse { of } => {
                let back = owner.way_back(relationship);
                match back.and_then(|(_, back)| Some((back, Link::of(back)?))) {
                    Some((back, Link { column, only })) => Ok(Some(Self {
                        table: target.table,
                        owner_column: column,
                        target_column: target.id.column,
                        owner_id: owner.id.kind,
                        target,
                        kind: EdgeKind::Inverse { required: back.is_required() },
                        order,
                        far_order: None,
                        only,
                    })),
                    None => Err(format!(
                        "the relationship `{}` of `{}` is the inverse of `{of}`, but `{}` has no to-one \
                         relationship `{of}` to `{}`",
                        relationship.name, owner.rust_name, target.rust_name, owner.rust_name
                    )),
                }
            }
        }
    }

    /// Whether a row is one of the edges, where the table has others, too. `alias` is that of the table.
    pub(crate) fn is_edge(&self, alias: &str) -> Option<Expr> {
        self.only.map(|only| only.of(alias))
    }

    /// The same in a statement that names no alias.
    pub(crate) fn is_bare_edge(&self) -> Option<Expr> {
        self.only.map(TypeIs::bare)
    }
}
