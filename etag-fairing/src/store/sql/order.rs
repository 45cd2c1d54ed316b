//! The order of rows, and places in it.

use sea_query::{Expr, ExprTrait, NullOrdering, Order as Direction, OrderedStatement};

use super::{
    Dialect, id_value,
    ids::IdColumns,
    operator,
    scope::{CompositeOperand, Operand, Scope},
    visible::Visible,
};
use crate::plan::{Field, Member, Place, Relation, SortKey};
use crate::schema::{Kind, ResourceId, Value};

/// A total order: the sort's keys, then the id.
pub(super) struct Order {
    keys: Vec<(Key, bool)>,
    id: Key,
}

/// What rows are ordered by.
#[allow(
    clippy::large_enum_variant,
    reason = "most are of one column, and a box would be an allocation for each"
)]
enum Key {
    /// One column, or an expression of it.
    One(Operand),
    /// The columns of a composite id.
    Parts(CompositeOperand, Of),
}

/// Which composite id it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// The row's own: no two rows have the same.
    TheRow,
    /// One that the row refers to.
    Another,
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
            keys.push((Key::of(visible, scope, &key.member)?, key.descending));
        }
        let id = Key::of(visible, scope, &Member { path: Vec::new(), field: Field::Id })?;
        Ok(Self { keys, id })
    }

    /// The order by positions.
    pub(super) fn by_position<D: Dialect>(
        visible: Visible<'_, D>,
        scope: &mut Scope<'_>,
        position: Expr,
    ) -> Result<Self, String> {
        let order = Self::of(visible, scope, &[])?;
        Ok(Self { keys: vec![(Key::One(Operand::whole_number(position)), false)], ..order })
    }

    /// Orders the rows, or reverses the order if `backwards`.
    pub(super) fn apply(&self, select: &mut impl OrderedStatement, backwards: bool) {
        for (key, descending) in &self.keys {
            let direction = if *descending != backwards { Direction::Desc } else { Direction::Asc };
            let nulls = if backwards { NullOrdering::First } else { NullOrdering::Last };
            key.apply(select, direction, nulls);
        }
        let direction = if backwards { Direction::Desc } else { Direction::Asc };
        self.id.apply(select, direction, NullOrdering::Last);
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
        let id = match &self.id {
            Key::One(operand) => operand.compare(dialect, relation, &place.id.to_value()),
            Key::Parts(key, _) => beyond_parts(dialect, &key.parts, &place.id, relation),
        };
        let mut condition = id.ok_or("a place without an id")?;
        for ((key, descending), given) in self.keys.iter().zip(&place.keys).rev() {
            let operand = match key {
                Key::One(operand) => operand,
                Key::Parts(key, of) => {
                    let relation = if *descending == (side == Side::Before) {
                        Relation::Greater
                    } else {
                        Relation::Less
                    };
                    condition = beyond_composite(dialect, key, *of, given, (relation, side), condition)
                        .ok_or("a place with an id of another resource")?;
                    continue;
                }
            };
            let key = operand.expression.clone();
            let same = same(dialect, operand, given);
            condition = same.unwrap_or_else(|| key.is_null()).and(condition);
            let relation =
                if *descending == (side == Side::Before) { Relation::Greater } else { Relation::Less };
            if let Some(farther) = farther(dialect, operand, relation, given, side) {
                condition = farther.or(condition);
            }
        }
        Ok(match self.bound(dialect, place, side) {
            Some(bound) => bound.and(condition),
            None => condition,
        })
    }

    /// What the first key alone says of all rows on that side: an index finds the first of them by it, where it would not look
    /// into alternatives.
    fn bound<D: Dialect>(&self, dialect: D, place: &Place, side: Side) -> Option<Expr> {
        let (Some((Key::One(operand), descending)), Some(given)) = (self.keys.first(), place.keys.first())
        else {
            return None;
        };
        // Nulls come last, in both directions.
        if operand.nullable && side == Side::Behind {
            return None;
        }
        let relation = match *descending == (side == Side::Before) {
            true => Relation::GreaterOrEqual,
            false => Relation::LessOrEqual,
        };
        operand.compare(dialect, relation, given)
    }
}

impl Key {
    fn of<D: Dialect>(
        visible: Visible<'_, D>,
        scope: &mut Scope<'_>,
        member: &Member,
    ) -> Result<Self, String> {
        if scope.is_composite(member)? {
            let is_own = member.field == Field::Id && member.path.is_empty();
            let of = if is_own { Of::TheRow } else { Of::Another };
            return Ok(Self::Parts(scope.composite(visible, member)?, of));
        }
        Ok(Self::One(scope.operand(visible, member)?))
    }

    fn apply(&self, select: &mut impl OrderedStatement, direction: Direction, nulls: NullOrdering) {
        let operands = match self {
            Self::One(operand) => std::slice::from_ref(operand),
            Self::Parts(key, _) => &key.parts,
        };
        for operand in operands {
            let expression = operand.expression.clone();
            // Written only if the key may be null, since it can prevent the use of an index.
            if operand.nullable {
                select.order_by_expr_with_nulls(expression, direction.clone(), nulls);
            } else {
                select.order_by_expr(expression, direction.clone());
            }
        }
    }
}

/// The rows beyond a place, as far as a composite id decides it. `next` is what the next keys say of the rows with the same
/// id.
fn beyond_composite<D: Dialect>(
    dialect: D,
    key: &CompositeOperand,
    of: Of,
    given: &Value,
    (relation, side): (Relation, Side),
    next: Expr,
) -> Option<Expr> {
    let columns = IdColumns::at(Some(&key.alias), key.columns, key.kind);
    let Some(id) = key.kind.id_of_value(given.as_ref()).ok()? else {
        // Nulls come last in both directions.
        let same = columns.is_null().and(next);
        return Some(if side == Side::Before { columns.is_null().not().or(same) } else { same });
    };
    let farther = beyond_parts(dialect, &key.parts, &id, relation)?;
    if of == Of::TheRow {
        return Some(farther);
    }
    let same = key.parts.iter().zip(id.parts()).map(|(part, id)| same(dialect, part, &id.to_value()));
    let same = same.collect::<Option<Vec<_>>>()?.into_iter().reduce(Expr::and)?;
    let beyond = farther.or(same.and(next));
    let nullable = key.parts.iter().any(|part| part.nullable);
    Some(if side == Side::Behind && nullable { beyond.or(columns.is_null()) } else { beyond })
}

/// The rows whose composite id is less, or greater, than another one. They are compared as rows, for which an index serves.
fn beyond_parts<D: Dialect>(
    dialect: D,
    parts: &[Operand],
    id: &ResourceId,
    relation: Relation,
) -> Option<Expr> {
    let given = id.parts();
    if given.len() != parts.len() {
        return None;
    }
    if parts.iter().all(|part| part.spelled.is_none()) {
        let own = Expr::tuple(parts.iter().map(|part| part.expression.clone()));
        return Some(own.binary(operator(relation), Expr::tuple(given.iter().map(id_value))));
    }
    let mut condition: Option<Expr> = None;
    for (part, id) in parts.iter().zip(given).rev() {
        let value = id.to_value();
        let farther = part.compare(dialect, relation, &value)?;
        condition = Some(match condition {
            None => farther,
            Some(condition) => farther.or(same(dialect, part, &value)?.and(condition)),
        });
    }
    condition
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
