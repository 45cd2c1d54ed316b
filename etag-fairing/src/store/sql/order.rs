//! The order of rows, and places in it.

use sea_query::{Expr, ExprTrait, NullOrdering, Order as Direction, SelectStatement};

use super::{
    Dialect,
    scope::{Operand, Scope},
    visible::Visible,
};
use crate::plan::{Field, Member, Place, Relation, SortKey};
use crate::schema::{Kind, Value};

/// A total order: the sort's keys, then the id.
pub(super) struct Order {
    keys: Vec<(Operand, bool)>,
    id: Operand,
}

/// One side of a place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Behind,
    Before,
}

impl Order {
    pub(super) fn of<D: Dialect>(
        visible: Visible<'_, D>,
        scope: &mut Scope<'_>,
        sort: &[SortKey],
    ) -> Result<Self, String> {
        let mut keys = Vec::with_capacity(sort.len());
        for key in sort {
            keys.push((scope.operand(visible, &key.member)?, key.descending));
        }
        let id = scope.operand(visible, &Member { path: Vec::new(), field: Field::Id })?;
        Ok(Self { keys, id })
    }

    /// Orders the rows, or reverses the order if `backwards`.
    pub(super) fn apply(&self, select: &mut SelectStatement, backwards: bool) {
        for (operand, descending) in &self.keys {
            let direction = if *descending != backwards { Direction::Desc } else { Direction::Asc };
            let key = operand.expression.clone();
            // Written only if the key may be null, since it can prevent the use of an index.
            if operand.nullable {
                let nulls = if backwards { NullOrdering::First } else { NullOrdering::Last };
                select.order_by_expr_with_nulls(key, direction, nulls);
            } else {
                select.order_by_expr(key, direction);
            }
        }
        let direction = if backwards { Direction::Desc } else { Direction::Asc };
        select.order_by_expr(self.id.expression.clone(), direction);
    }

    /// The rows on one side of a place, without the row at the place.
    pub(super) fn beyond<D: Dialect>(&self, dialect: D, place: &Place, side: Side) -> Result<Expr, String> {
        if place.keys.len() != self.keys.len() {
            return Err(format!("a place with {} keys in an order of {}", place.keys.len(), self.keys.len()));
        }
        let relation = match side {
            Side::Behind => Relation::Greater,
            Side::Before => Relation::Less,
        };
        let id = self.id.compare(dialect, relation, &place.id.to_value());
        let mut condition = id.ok_or("a place without an id")?;
        for ((operand, descending), given) in self.keys.iter().zip(&place.keys).rev() {
            let key = operand.expression.clone();
            let same = same(dialect, operand, given);
            condition = same.unwrap_or_else(|| key.is_null()).and(condition);
            let relation =
                if *descending == (side == Side::Before) { Relation::Greater } else { Relation::Less };
            if let Some(farther) = farther(dialect, operand, relation, given, side) {
                condition = farther.or(condition);
            }
        }
        Ok(condition)
    }
}

/// The rows whose key equals this value in the order; `None` for null.
fn same<D: Dialect>(dialect: D, operand: &Operand, given: &Value) -> Option<Expr> {
    if operand.kind != Kind::Uuid {
        return operand.compare(dialect, Relation::Equal, given);
    }
    // Two spellings of one UUID are equal, but can have different places in the order.
    let from = operand.compare(dialect, Relation::GreaterOrEqual, given)?;
    Some(from.and(operand.compare(dialect, Relation::LessOrEqual, given)?))
}

/// The rows whose key alone puts them on that side of a value; `None` for no row.
fn farther<D: Dialect>(
    dialect: D,
    operand: &Operand,
    relation: Relation,
    given: &Value,
    side: Side,
) -> Option<Expr> {
    let key = operand.expression.clone();
    match (operand.compare(dialect, relation, given), side) {
        // Nulls come last in both directions.
        (None, Side::Behind) => None,
        (None, Side::Before) => Some(key.is_not_null()),
        (Some(beyond), side) => {
            Some(if side == Side::Behind && operand.nullable { beyond.or(key.is_null()) } else { beyond })
        }
    }
}
