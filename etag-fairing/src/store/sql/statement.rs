//! Statements, and the expressions that they are made of.

use sea_query::{Alias, BinOper, Expr, IntoColumnRef, SelectStatement};

use super::dialect::Dialect;
use super::ids::kind_of_id;
use crate::plan::Relation;
use crate::schema::{IdKind, ResourceId, Value};

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) text: String,
    /// A value for each of its parameters.
    pub(crate) values: Vec<Value>,
}

impl Statement {
    pub(super) fn new<D: Dialect>(dialect: D, select: &SelectStatement) -> Result<Self, String> {
        use sea_query::Value as Built;

        let (text, built) = dialect.text_and_values(select);
        let values = built.0.into_iter().map(|value| match value {
            Built::Bool(Some(value)) => Ok(Value::Bool(value)),
            Built::BigInt(Some(value)) => Ok(Value::Integer(value)),
            // These are limits and offsets. No table has more rows than i64 can count.
            Built::BigUnsigned(Some(value)) => Ok(Value::Integer(i64::try_from(value).unwrap_or(i64::MAX))),
            Built::Double(Some(value)) => Ok(Value::Float(value)),
            Built::String(Some(value)) => Ok(Value::Text(value)),
            Built::Bytes(Some(value)) => Ok(Value::Bytes(value)),
            other => Err(format!("a statement has the value {other:?}, which is of no kind")),
        });
        Ok(Self { text, values: values.collect::<Result<_, _>>()? })
    }
}

/// A placeholder for a parameter. Its value is bound when the statement runs.
pub(super) fn parameter() -> Expr {
    Expr::val(0_i64)
}

/// A relation as an operator.
pub(crate) fn operator(relation: Relation) -> BinOper {
    match relation {
        Relation::Equal => BinOper::Equal,
        Relation::NotEqual => BinOper::NotEqual,
        Relation::Less => BinOper::SmallerThan,
        Relation::LessOrEqual => BinOper::SmallerThanOrEqual,
        Relation::Greater => BinOper::GreaterThan,
        Relation::GreaterOrEqual => BinOper::GreaterThanOrEqual,
    }
}

/// A column of a table by its alias.
pub(super) fn column(table: &str, column: &'static str) -> Expr {
    Expr::col((Alias::new(table), Alias::new(column)).into_column_ref())
}

/// An id column in the form in which an order compares it.
pub(super) fn id_column<D: Dialect>(dialect: D, table: &str, name: &'static str, kind: IdKind) -> Expr {
    match kind {
        IdKind::Integer { .. } => column(table, name),
        IdKind::Composite(_) => column(table, name),
        IdKind::Text | IdKind::Uuid => dialect.by_code_points(column(table, name), kind_of_id(kind)),
    }
}

/// An id of one column as a parameter.
pub(super) fn id_value(id: &ResourceId) -> Expr {
    match id {
        ResourceId::Integer(id) => Expr::val(*id),
        ResourceId::Text(id) => Expr::val(id.as_str()),
        // It is no one value: `IdColumns` compares it.
        ResourceId::Composite(_) => Expr::null(),
    }
}

/// A value as a parameter; `None` for null, since nothing compares with null. A decimal number is text: the statement
/// says what it is compared with.
pub(crate) fn value(value: &Value) -> Option<Expr> {
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(Expr::val(*value)),
        Value::Integer(value) => Some(Expr::val(*value)),
        Value::Float(value) => (!value.is_nan()).then(|| Expr::val(*value)),
        Value::Text(value) | Value::Decimal(value) => Some(Expr::val(value.as_str())),
        Value::Bytes(value) => Some(Expr::val(value.as_slice())),
    }
}
