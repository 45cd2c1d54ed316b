//! Where the linkage of a to-many relationship is stored.

use sea_query::Expr;

use super::ids::IdColumns;
use super::link::{Link, TypeIs};
use crate::schema::{Columns, Description, IdKind, Relationship, RelationshipKind, TypedEnd};

/// A table with columns for the owners and columns for the related resources: a join table, or for an inverse
/// the table of the related resources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) table: &'static str,
    pub(crate) owner_columns: Columns,
    pub(crate) target_columns: Columns,
    pub(crate) owner_id: IdKind,
    pub(crate) target: &'static Description,
    pub(crate) kind: EdgeKind,
    /// The column with the positions of the related resources, which is the default order of the relationship; `None`
    /// for ascending ids. Null comes last, and equal positions are in ascending order of ids.
    pub(crate) order: Option<&'static str>,
    /// The column with the positions in the other direction: of the owner in the linkage of its related resources.
    pub(crate) far_order: Option<&'static str>,
    /// The type that a row must have to be an edge, if the table has edges of several types.
    pub(crate) only: Option<TypeIs>,
}

/// The kind of table that has the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// A join table. Each edge is a row.
    Join,
    /// The table of the related resources. Each edge is an id in the owner columns.
    Inverse {
        /// Whether each related resource must have an owner.
        required: bool,
    },
}

impl Edge {
    /// The owners' ids in the table of the edges, whose alias this is.
    pub(super) fn owner<'a>(&self, alias: impl Into<Option<&'a str>>) -> IdColumns<'a> {
        IdColumns::at(alias.into(), self.owner_columns, self.owner_id)
    }

    /// The related ids in the table of the edges, whose alias this is.
    pub(super) fn related<'a>(&self, alias: impl Into<Option<&'a str>>) -> IdColumns<'a> {
        IdColumns::at(alias.into(), self.target_columns, self.target.id.kind)
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
            RelationshipKind::Through { table, owner_columns, target_columns, typed } => {
                let far_order = target.relationships.iter().find_map(|far| match far.kind {
                    RelationshipKind::Through { table: of, owner_columns: near, .. }
                        if of.eq_ignore_ascii_case(table) && near.are(target_columns) =>
                    {
                        far.order
                    }
                    _ => None,
                });
                let only = typed.map(|typed| match typed {
                    TypedEnd::Owner { type_column: column, stored_type: text } => TypeIs { column, text },
                    TypedEnd::Target { type_column: column, .. } => {
                        TypeIs { column, text: relationship.stored_type().unwrap_or_default() }
                    }
                });
                Ok(Some(Self {
                    table,
                    owner_columns,
                    target_columns,
                    owner_id: owner.id.kind,
                    target,
                    kind: EdgeKind::Join,
                    order,
                    far_order,
                    only,
                }))
            }
            RelationshipKind::Inverse { of } => {
                let back = owner.way_back(relationship);
                match back.and_then(|(_, back)| Some((back, Link::of(back)?))) {
                    Some((back, Link { columns, only, .. })) => Ok(Some(Self {
                        table: target.table,
                        owner_columns: columns,
                        target_columns: target.id.columns(),
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

    /// The same edges of a join table, from the other end. `owner` is that of this one.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite locks no rows"))]
    pub(crate) fn seen_from_the_other_end(&self, owner: &'static Description) -> Self {
        Self {
            owner_columns: self.target_columns,
            target_columns: self.owner_columns,
            owner_id: self.target.id.kind,
            target: owner,
            order: self.far_order,
            far_order: self.order,
            ..*self
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
