//! What the databases spell differently.

use sea_query::{Expr, ExprTrait, Query, QueryStatementWriter, SelectStatement, TableRef};

use super::ids;
use super::pattern::{Case, Pattern};
use super::statement::{operator, value};
use crate::plan::{Part, Relation};
use crate::schema::{IdKind, Kind, ResourceId, StoredTime, Value};

/// What databases spell differently.
pub(crate) trait Dialect: Copy {
    /// The text of a statement.
    fn text(self, statement: &impl QueryStatementWriter) -> String;

    /// The text of a statement and its values, in the order of their places in the text.
    fn text_and_values(self, statement: &SelectStatement) -> (String, sea_query::Values);

    /// A table `e` of the values in one parameter, so that the text does not depend on their number: the place of
    /// each in the column `key`, the value in the column `value`. The parameter is a JSON array.
    fn list(self, list: &str, kind: Kind) -> TableRef;

    /// Whether a value is in the list of one parameter, or is not.
    fn is_listed(self, value: Expr, list: &str, kind: Kind, which: Listed) -> Expr {
        let list = Query::select().column(("e", "value")).from(self.list(list, kind)).to_owned();
        match which {
            Listed::These => value.in_subquery(list),
            Listed::Others => value.not_in_subquery(list),
        }
    }

    /// A parameter whose type the statement around it doesn't tell.
    fn typed(self, parameter: Expr, kind: Kind) -> Expr {
        let _ = kind;
        parameter
    }

    /// A column as it is compared: text by code points, whatever the column says.
    fn by_code_points(self, text: Expr, kind: Kind) -> Expr;

    /// A column of times, whatever forms it holds, as our own text; null for what is none.
    fn time(self, column: Expr, kind: Kind, declared: Option<StoredTime>) -> Expr {
        let _ = (kind, declared);
        column
    }

    /// A column of UUIDs, however they are spelt, as we spell them.
    fn uuid(self, column: Expr) -> Expr {
        column
    }

    /// A column of a kind that is written as text, as that text.
    fn as_text(self, value: Expr, kind: Kind) -> Expr {
        let _ = kind;
        value
    }

    /// A comparison with a value of the same class; `None` if the value is null.
    fn compare(self, operand: Expr, kind: Kind, relation: Relation, with: &Value) -> Option<Expr> {
        let _ = kind;
        Some(operand.binary(operator(relation), value(with)?))
    }

    /// The texts one of which a column of this kind must have to equal one.
    fn equals(self, kind: Kind, to: &str) -> Vec<String> {
        let _ = kind;
        vec![to.into()]
    }

    /// The value that a column of this kind must have to equal one of the same class; `None` if it can't.
    fn equal(self, kind: Kind, to: &Value) -> Option<Value> {
        let _ = kind;
        Some(to.clone())
    }

    /// The text of a JSON column.
    fn json_text(self, json: Expr) -> Expr;

    /// Whether a subquery, which may refer to the row, has a row.
    fn exists(self, select: SelectStatement) -> Expr;

    /// Whether a value is in a set, which is made once, whatever rows are looked at. `need` says what comes of it if it
    /// is not.
    fn is_in(self, value: Expr, set: SelectStatement, need: Need) -> Expr;

    /// Whether the database itself makes a set of what a subquery that refers to the row looks for, where that is better.
    fn makes_sets(self) -> bool {
        false
    }

    /// Whether two names of tables are one.
    fn is_same_name(self, one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other)
    }

    /// Whether an id is of the kind that the resource has, and one that the database takes.
    fn can_be(self, id: &ResourceId, kind: IdKind) -> bool {
        ids::can_be(id, kind)
    }

    /// Whether references to ids of this kind can be compared with a set of such ids as they are with the ids.
    fn compares_references_by_set(self, ids: IdKind) -> bool {
        let _ = ids;
        true
    }

    /// Whether a text has this part: at its start, at its end or anywhere. The part is not empty.
    fn has_part(self, text: Expr, part: Part, value: &str, case: Case) -> Expr;

    /// Whether the whole text is like a pattern.
    fn is_like(self, text: Expr, pattern: &Pattern, case: Case) -> Expr;
}

/// Which rows a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Those in the list.
    These,
    /// Those that are not in it.
    Others,
}

/// Whether a row is given only if a part of the condition is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It must be, and the statement is about these rows: what is in a set is a way to find them.
    Must,
    /// It may be false, under `OR` or `NOT`, or the statement is about other rows.
    May,
}
