//! How the row of an owner refers to a related row: by the columns with its id, or, where the relationship is polymorphic,
//! by one with the type and one with the id.
//!
//! An arm of a polymorphic relationship is then as a to-one relationship to one table, with a condition on the type.
//! A stored type that is none of the arms' is that of another program: no arm leads anywhere from such a row.

use sea_query::{Alias, CaseStatement, Expr, ExprTrait, IntoColumnRef};

use super::{Dialect, ids::IdColumns};
use crate::schema::{Columns, Description, IdKind, Relationship, RelationshipKind};

/// A condition on the column with the type: it is the text of one arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeIs {
    /// The column.
    pub(crate) column: &'static str,
    /// The text. It stands in the struct, so that it is text of the statement and no parameter.
    pub(crate) text: &'static str,
}

/// The reference of a to-one relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The columns with the id.
    pub(crate) columns: Columns,
    /// The kind of the ids of what they refer to.
    pub(crate) kind: IdKind,
    /// The type that the row must have, if it is an arm of a polymorphic relationship.
    pub(crate) only: Option<TypeIs>,
}

impl TypeIs {
    /// The text, as SQL writes it.
    pub(crate) fn text(self) -> Expr {
        Expr::cust(format!("'{}'", self.text.replace('\'', "''")))
    }

    /// Whether the row has this type. The value may be null, which counts as false.
    pub(crate) fn of(self, alias: &str) -> Expr {
        column(alias, self.column).eq(self.text())
    }

    /// The same in a statement that names no alias.
    pub(crate) fn bare(self) -> Expr {
        Expr::col(self.column).eq(self.text())
    }

    /// Whether the row has another type, or none.
    pub(crate) fn is_not(self, alias: &str) -> Expr {
        self.of(alias).is_not(Expr::custom_keyword("TRUE"))
    }

    /// The column and its new text, for a statement that changes rows.
    pub(crate) fn assigned(self) -> (&'static str, Expr) {
        (self.column, self.text())
    }
}

impl Link {
    /// The reference of a to-one relationship; `None` for to-many.
    pub(crate) fn of(relationship: &Relationship) -> Option<Self> {
        let kind = relationship.target().id.kind;
        match relationship.kind {
            RelationshipKind::ToOne { columns, .. } => Some(Self { columns, kind, only: None }),
            RelationshipKind::OneOf { column, type_column, .. } => {
                let text = relationship.stored_type().unwrap_or_default();
                let only = Some(TypeIs { column: type_column, text });
                Some(Self { columns: Columns::one(column), kind, only })
            }
            RelationshipKind::Inverse { .. } | RelationshipKind::Through { .. } => None,
        }
    }

    /// The columns in a statement, whatever the type of the row.
    pub(super) fn ids(self, alias: &str) -> IdColumns<'_> {
        IdColumns::at(Some(alias), self.columns, self.kind)
    }

    /// The related row's id as one value, or null.
    pub(crate) fn cell<D: Dialect>(self, dialect: D, alias: &str) -> Expr {
        self.if_of_type(alias, self.ids(alias).nullable_cell(dialect))
    }

    /// The related row's id as it is compared with a set, or null.
    pub(super) fn tuple(self, alias: &str) -> Expr {
        self.if_of_type(alias, self.ids(alias).tuple())
    }

    /// Whether the row with one alias refers to the row with the other one, which is of this resource.
    pub(super) fn leads_to(self, alias: &str, target: &'static Description, target_alias: &str) -> Expr {
        let to = IdColumns::of(Some(target_alias), target);
        match self.only {
            None => to.equals(self.ids(alias)),
            // Both are one column: see `Link::of`.
            Some(_) => to.tuple().eq(self.tuple(alias)),
        }
    }

    fn if_of_type(self, alias: &str, id: Expr) -> Expr {
        match self.only {
            None => id,
            Some(only) => CaseStatement::new().case(only.of(alias), id).into(),
        }
    }
}

fn column(table: &str, column: &'static str) -> Expr {
    Expr::col((Alias::new(table), Alias::new(column)).into_column_ref())
}
