//! How SQLite spells what databases spell differently.

use sea_query::{
    Expr, ExprTrait, Func, IntoIden, Query, QueryStatementWriter, SelectStatement, SqliteQueryBuilder,
    TableRef, Values, extension::sqlite::SqliteBinOper,
};

use serde_json::Value as JsonValue;

use std::borrow::Cow;

use super::functions::{self, FOLD_CASE, UUID};
use crate::plan::fold::fold_case;
use crate::plan::{Part, Relation, SortKey};
use crate::schema::decimal::sort_key;
use crate::schema::kind::ValueType;
use crate::schema::{Element, IdKind, Kind, StoredTime, Value};
use crate::store::sql::spelling::spellings;
use crate::store::sql::{Case, Dialect, Need, Pattern, operator, value};

/// SQLite's dialect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sqlite;

impl Dialect for Sqlite {
    fn text(self, statement: &impl QueryStatementWriter) -> String {
        statement.build(SqliteQueryBuilder).0
    }

    fn text_and_values(self, statement: &SelectStatement) -> (String, Values) {
        statement.build(SqliteQueryBuilder)
    }

    fn list(self, list: &str, _: Kind) -> TableRef {
        TableRef::FunctionCall(Func::cust("json_each").arg(Expr::val(list)), "e".into_iden())
    }

    fn json_array(self, values: Vec<Expr>) -> Expr {
        Expr::expr(Func::cust("json_array").args(values))
    }

    fn json_part(self, array: Expr, place: usize, _: Kind) -> Expr {
        Expr::cust_with_expr(format!("json_extract(?, '$[{place}]')"), array)
    }

    fn placed(self, _: Kind) -> TableRef {
        let place = Expr::cust_with_expr("json_extract(?, '$[' || i.key || ']')", Expr::val(""));
        let ids = TableRef::FunctionCall(Func::cust("json_each").arg(Expr::val("")), "i".into_iden());
        let placed = Query::select().column(("i", "value")).expr_as(place, "place").from(ids).to_owned();
        TableRef::SubQuery(Box::new(placed), "e".into_iden())
    }

    /// A column may hold values of any type.
    fn position(self, column: Expr) -> Expr {
        Expr::cust_with_exprs("(CASE typeof(?) WHEN 'integer' THEN ? END)", [column.clone(), column])
    }

    /// A column may be declared `COLLATE NOCASE`. `BINARY` compares UTF-8 bytes, which is by code points.
    fn by_code_points(self, text: Expr, _: Kind) -> Expr {
        Expr::cust_with_expr("(? COLLATE BINARY)", text)
    }

    /// A column of text holds UUIDs in whatever spelling its program gave them: it is looked for in each, by an index.
    fn compare(self, operand: Expr, kind: Kind, relation: Relation, with: &Value) -> Option<Expr> {
        match (kind, relation, with) {
            (Kind::Uuid, Relation::Equal, Value::Text(id)) => Some(operand.is_in(spellings(id))),
            (Kind::Uuid, Relation::NotEqual, Value::Text(id)) => Some(operand.is_not_in(spellings(id))),
            (kind, _, Value::Decimal(number)) if kind.is_decimal() => match sort_key(number) {
                Some(key) => Some(operand.binary(operator(relation), key)),
                None => Some(Expr::cust("FALSE")),
            },
            _ => Some(operand.binary(operator(relation), value(with)?)),
        }
    }

    fn equals(self, kind: Kind, to: &str) -> Vec<String> {
        match kind {
            Kind::Uuid => spellings(to),
            kind if kind.is_decimal() => sort_key(to).into_iter().collect(),
            _ => vec![to.into()],
        }
    }

    /// By a function of ours, which every connection has: see [`functions`](super::functions).
    fn time(self, column: Expr, kind: Kind, declared: Option<StoredTime>) -> Expr {
        Expr::cust_with_expr(functions::call(kind, declared), column)
    }

    /// By a function of ours, too: it makes a text of the number that sorts as it does.
    fn decimal(self, column: Expr, scale: Option<usize>) -> Expr {
        Expr::cust_with_expr(functions::decimal_call(scale), column)
    }

    fn decimals_may_be_null(self) -> bool {
        true
    }

    /// By a function of ours, too.
    fn uuid(self, column: Expr) -> Expr {
        Expr::expr(Func::cust(UUID).arg(column))
    }

    /// Decimal numbers by what sorts as they do, and bytes without the padding, which another program may have left out.
    fn element(self, element: Element, value: &Value) -> Option<JsonValue> {
        match (element.to_json(value.as_ref())?, value) {
            (_, Value::Decimal(number)) => sort_key(number).map(JsonValue::String),
            (JsonValue::String(base64), Value::Bytes(_)) => Some(base64.trim_end_matches('=').into()),
            (json, _) => Some(json),
        }
    }

    /// Another program may have spelled the elements in its own way.
    fn has_any(self, list: Expr, element: Element, values: &str) -> Expr {
        let kind = element.kind();
        let types = match kind.value_type() {
            ValueType::Bool => "'true', 'false'",
            ValueType::Integer => "'integer'",
            ValueType::Float => "'integer', 'real'",
            ValueType::Decimal => "'text', 'integer', 'real'",
            ValueType::Text | ValueType::Bytes => "'text'",
        };
        let own = match kind {
            Kind::Uuid => format!("{UUID}(own.value)"),
            Kind::Bytes => "rtrim(own.value, '=')".into(),
            kind if kind.is_time() => functions::call(kind, None).replace('?', "own.value"),
            kind if kind.is_decimal() => functions::decimal_call(None).replace('?', "own.value"),
            _ => "own.value".into(),
        };
        // IS TRUE: see `exists`.
        let text = format!(
            "(EXISTS (SELECT 1 FROM json_each({ARRAY}) AS own JOIN json_each(?) AS given \
             ON {own} = given.value AND own.type IN ({types})) IS TRUE)"
        );
        Expr::cust_with_exprs(text, [list.clone(), list.clone(), list, Expr::val(values)])
    }

    fn has_null(self, list: Expr) -> Expr {
        let text =
            format!("(EXISTS (SELECT 1 FROM json_each({ARRAY}) AS own WHERE own.type = 'null') IS TRUE)");
        Expr::cust_with_exprs(text, [list.clone(), list.clone(), list])
    }

    fn is_empty_list(self, list: Expr) -> Expr {
        Expr::cust_with_exprs(format!("(json_array_length({ARRAY}) = 0)"), [list.clone(), list.clone(), list])
    }

    fn json_at(self, json: Expr, path: &[String], value: ValueType) -> Expr {
        let path = json_path(path);
        let there = || [json.clone(), json.clone(), path.clone()];
        match value {
            ValueType::Bool => Expr::cust_with_exprs(
                format!("(CASE json_type({VALID}, ?) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)"),
                there(),
            ),
            value => {
                let types = if value == ValueType::Text { "'text'" } else { "'integer', 'real'" };
                let text = format!(
                    "(CASE WHEN json_type({VALID}, ?) IN ({types}) THEN json_extract({VALID}, ?) END)"
                );
                Expr::cust_with_exprs(text, there().into_iter().chain(there()))
            }
        }
    }

    fn is_json_null(self, json: Expr, path: &[String]) -> Expr {
        let text = format!("(coalesce(json_type({VALID}, ?), 'null') = 'null')");
        Expr::cust_with_exprs(text, [json.clone(), json, json_path(path)])
    }

    /// A numeric column keeps JSON that is a number as that number.
    fn json_text(self, json: Expr) -> Expr {
        Expr::cust_with_expr("CAST(? AS TEXT)", json)
    }

    /// SQLite 3.51 makes a join of an `EXISTS` that stands in `WHERE` by itself, and then `OFFSET` counts a row
    /// once for each row of the subquery. It leaves an operand alone.
    fn exists(self, select: SelectStatement) -> Expr {
        Expr::cust_with_expr("(? IS TRUE)", Expr::exists(select))
    }

    /// SQLite makes the set of an `IN` once, with an index.
    fn is_in(self, value: Expr, set: SelectStatement, _: Need) -> Expr {
        value.in_subquery(set)
    }

    /// A reference is compared by the collation of the key that it refers to, as SQLite compares foreign keys; `IN`
    /// compares by that of the column before it.
    fn compares_references_by_set(self, ids: IdKind) -> bool {
        matches!(ids, IdKind::Integer { .. })
    }

    /// In the order of its key, the table itself is the index.
    fn skips_faster_by_ids(self, sort: &[SortKey]) -> bool {
        !sort.is_empty()
    }

    fn has_part(self, text: Expr, part: Part, value: &str, case: Case) -> Expr {
        let (text, value) =
            if case == Case::Exact { (text, Cow::Borrowed(value)) } else { (folded(text), fold_case(value)) };
        let length = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
        let function = |name: &'static str| Func::cust(name).arg(text);
        match part {
            Part::Start => Expr::expr(function("substr").arg(1_i64).arg(length)).eq(value.into_owned()),
            Part::End => Expr::expr(function("substr").arg(-length)).eq(value.into_owned()),
            Part::Anywhere | Part::Like => Expr::expr(function("instr").arg(value.into_owned())).gt(0_i64),
        }
    }

    /// `GLOB`, since `LIKE` ignores the case of ASCII letters.
    fn is_like(self, text: Expr, pattern: &Pattern, case: Case) -> Expr {
        let written = pattern.written(case, '*', '?', |special| match special {
            '*' | '?' | '[' => Some(['[', special, ']'].into_iter().collect()),
            _ => None,
        });
        let text = if case == Case::Exact { text } else { folded(text) };
        text.binary(SqliteBinOper::Glob, written)
    }
}

/// Text that is JSON, and null otherwise: SQLite's functions would fail at what another program has written.
const VALID: &str = "CASE WHEN json_valid(?) THEN ? END";

/// The same of JSON that is an array.
const ARRAY: &str = "CASE WHEN json_valid(?) THEN CASE WHEN json_type(?) = 'array' THEN ? END END";

/// A path as SQLite writes it. No name in it has a quote.
fn json_path(path: &[String]) -> Expr {
    let names: String = path.iter().map(|name| format!(".\"{name}\"")).collect();
    Expr::val(format!("${names}"))
}

/// A text with its case folded.
fn folded(text: Expr) -> Expr {
    Expr::expr(Func::cust(FOLD_CASE).arg(text))
}
