//! The differences between the SQL dialects of the databases.

use sea_query::{Expr, ExprTrait, Query, QueryStatementWriter, SelectStatement, TableRef};
use serde_json::Value as JsonValue;

use super::ids;
use super::pattern::{Case, Pattern};
use super::statement::{operator, value};
use crate::plan::{Part, Relation, SortKey};
use crate::schema::kind::ValueType;
use crate::schema::{Element, IdKind, Kind, ResourceId, StoredTime, Value};

/// The differences between the SQL dialects of the databases.
pub(crate) trait Dialect: Copy {
    /// The text of a statement.
    fn text(self, statement: &impl QueryStatementWriter) -> String;

    /// The text of a statement, and its values in the order of the parameters in the text.
    fn text_and_values(self, statement: &SelectStatement) -> (String, sea_query::Values);

    /// A table `e` of the values in one parameter, which is a JSON array. The column `key` has the index of
    /// each value, and the column `value` has the value. So the text doesn't depend on the number of values.
    fn list(self, list: &str, kind: Kind) -> TableRef;

    /// Whether the database keeps the plan of a statement, and a wait for its answer is long: then one statement is to do
    /// the work of several.
    fn is_far_away(self) -> bool {
        false
    }

    /// Values as the text of a JSON array.
    fn json_array(self, values: Vec<Expr>) -> Expr;

    /// The value of this kind at a place of the text of a JSON array.
    fn json_part(self, array: Expr, place: usize, kind: Kind) -> Expr;

    /// A table `e` of ids, each with the number at the same place of another list: the columns `value` and `place`. Each
    /// list is a JSON array in one parameter; the numbers come first.
    fn placed(self, kind: Kind) -> TableRef;

    /// A column of positions as whole numbers. What is none counts as null.
    fn position(self, column: Expr) -> Expr {
        column
    }

    /// Whether a value is in the list, or whether it is not.
    fn is_listed(self, value: Expr, list: &str, kind: Kind, which: Listed) -> Expr {
        let list = Query::select().column(("e", "value")).from(self.list(list, kind)).to_owned();
        match which {
            Listed::These => value.in_subquery(list),
            Listed::Others => value.not_in_subquery(list),
        }
    }

    /// A parameter whose type the database cannot infer from the statement.
    fn typed(self, parameter: Expr, kind: Kind) -> Expr {
        let _ = kind;
        parameter
    }

    /// A column in the form in which it is compared: text by code points, whatever collation the column has.
    fn by_code_points(self, text: Expr, kind: Kind) -> Expr;

    /// A column of times as our own canonical text, whatever forms it has; null for a value that is no time.
    fn time(self, column: Expr, kind: Kind, declared: Option<StoredTime>) -> Expr {
        let _ = (kind, declared);
        column
    }

    /// A column of decimal numbers in the form in which they are compared. `scale` is how many digits the column's
    /// type declares behind the point.
    fn decimal(self, column: Expr, scale: Option<usize>) -> Expr {
        let _ = scale;
        column
    }

    /// Whether that form is null for what is no number.
    fn decimals_may_be_null(self) -> bool {
        false
    }

    /// A column of UUIDs in our own spelling, whatever spellings it has.
    fn uuid(self, column: Expr) -> Expr {
        column
    }

    /// A column as text, if values of this kind are written as text.
    fn as_text(self, value: Expr, kind: Kind) -> Expr {
        let _ = kind;
        value
    }

    /// A comparison with a value of the same class; `None` if the value is null.
    fn compare(self, operand: Expr, kind: Kind, relation: Relation, with: &Value) -> Option<Expr> {
        let _ = kind;
        Some(operand.binary(operator(relation), value(with)?))
    }

    /// The texts that a column of this kind may have if it is equal to `to`.
    fn equals(self, kind: Kind, to: &str) -> Vec<String> {
        let _ = kind;
        vec![to.into()]
    }

    /// The value that a column of this kind must have to equal a value of the same class; `None` if no value
    /// is equal.
    fn equal(self, kind: Kind, to: &Value) -> Option<Value> {
        let _ = kind;
        Some(to.clone())
    }

    /// A value as [`has_any`](Self::has_any) compares it; `None` for one of another kind, which no list of these has.
    fn element(self, element: Element, value: &Value) -> Option<JsonValue> {
        element.to_json(value.as_ref())
    }

    /// Whether a list has one of the values of another, which is JSON without nulls; false or null for what is no list.
    fn has_any(self, list: Expr, element: Element, values: &str) -> Expr;

    /// Whether an element of a list is null; false or null for what is no list.
    fn has_null(self, list: Expr) -> Expr;

    /// Whether a list has no elements; false or null for what is no list.
    fn is_empty_list(self, list: Expr) -> Expr;

    /// What stands inside of JSON at the end of a path of names, if it is of this type; otherwise null.
    fn json_at(self, json: Expr, path: &[String], value: ValueType) -> Expr;

    /// Whether nothing stands there, or null.
    fn is_json_null(self, json: Expr, path: &[String]) -> Expr;

    /// A value to compare with what [`json_at`](Self::json_at) has found; `None` if nothing equals it.
    fn json_value(self, with: &Value) -> Option<Expr> {
        value(with)
    }

    /// The text of a JSON column.
    fn json_text(self, json: Expr) -> Expr;

    /// Whether a subquery returns a row. The subquery may refer to the outer row.
    fn exists(self, select: SelectStatement) -> Expr;

    /// Whether a value is in a set, which is computed once for all rows. `need` tells whether the row is
    /// dropped if the value is not in the set.
    fn is_in(self, value: Expr, set: SelectStatement, need: Need) -> Expr;

    /// Whether the database itself converts a subquery that refers to the outer row into a set, if that is
    /// faster.
    fn makes_sets(self) -> bool {
        false
    }

    /// Whether a subquery may refer to a table before it in the same `FROM` (`LATERAL`), so that it is run for each row.
    fn has_lateral(self) -> bool {
        false
    }

    /// Whether rows in this order are skipped faster where only their ids are read.
    fn skips_faster_by_ids(self, sort: &[SortKey]) -> bool;

    /// Whether two table names mean the same table.
    fn is_same_name(self, one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other)
    }

    /// Whether an id is of the resource's kind and can be a parameter of the database.
    fn can_be(self, id: &ResourceId, kind: IdKind) -> bool {
        ids::can_be(id, kind)
    }

    /// Whether references to ids of this kind are compared with a set of ids in the same way as with a single
    /// id.
    fn compares_references_by_set(self, ids: IdKind) -> bool {
        let _ = ids;
        true
    }

    /// Whether a text has this part: at its start, at its end or anywhere. The part is not empty.
    fn has_part(self, text: Expr, part: Part, value: &str, case: Case) -> Expr;

    /// Whether the whole text matches a pattern.
    fn is_like(self, text: Expr, pattern: &Pattern, case: Case) -> Expr;

    /// Whether the text matches the pattern when the database itself folds the case of both. It is true of whatever
    /// matches exactly. `None` where no index could serve it.
    fn is_folded_like(self, text: Expr, pattern: &Pattern) -> Option<Expr> {
        let _ = (text, pattern);
        None
    }
}

/// The rows that a list selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Those in the list.
    These,
    /// All rows that are not in the list.
    Others,
}

/// Whether a row is returned only if this part of the condition is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It must be true, and the statement selects these rows, so that the set can be used to find them.
    Must,
    /// It may be false, under `OR` or `NOT`, or the statement selects other rows.
    May,
}
