//! How PostgreSQL spells what databases spell differently.

use sea_query::{
    Alias, Expr, ExprTrait, Func, IntoIden, LikeExpr, PostgresQueryBuilder, Query, QueryStatementWriter,
    SelectStatement, TableRef, Values,
};

use crate::plan::fold::{DOTLESS, fold_case};
use crate::plan::{Part, Relation, SortKey};
use crate::schema::kind::ValueType;
use crate::schema::{Element, IdKind, Kind, ResourceId, Value};
use crate::store::sql::{Case, Dialect, Listed, Need, Pattern, ids, operator, value};

/// PostgreSQL's dialect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Postgres;

impl Dialect for Postgres {
    fn text(self, statement: &impl QueryStatementWriter) -> String {
        statement.build(PostgresQueryBuilder).0
    }

    fn text_and_values(self, statement: &SelectStatement) -> (String, Values) {
        statement.build(PostgresQueryBuilder)
    }

    /// `WITH ORDINALITY`, since nothing promises the order of rows, and since the planner then knows how long the list is: of
    /// a series of numbers beside it, it expects 1,000 in a plan that it keeps, and reads the whole table for them.
    fn list(self, list: &str, kind: Kind) -> TableRef {
        let unnested = format!(
            "u.key - 1 AS key FROM unnest(CAST($1 AS {}[])) WITH ORDINALITY AS u(value, key)",
            kind.postgres().parameter
        );
        // The builder knows no such source of rows, so that it stands behind the last column.
        let elements = Query::select()
            .expr_as(Expr::cust("u.value"), "value")
            .expr(Expr::cust_with_expr(unnested, Expr::val(list)))
            .to_owned();
        TableRef::SubQuery(Box::new(elements), "e".into_iden())
    }

    fn is_far_away(self) -> bool {
        true
    }

    fn json_array(self, values: Vec<Expr>) -> Expr {
        Expr::cust_with_expr("CAST($1 AS text)", Expr::expr(Func::cust("json_build_array").args(values)))
    }

    fn json_part(self, array: Expr, place: usize, kind: Kind) -> Expr {
        let type_name = kind.postgres().compared_as;
        Expr::cust_with_expr(format!("CAST(CAST($1 AS jsonb) ->> {place} AS {type_name})"), array)
    }

    fn placed(self, kind: Kind) -> TableRef {
        let array = |element: &str| Expr::cust_with_expr(format!("CAST($1 AS {element}[])"), Expr::val(""));
        let arrays = Query::select()
            .expr_as(array("bigint"), "a")
            .expr_as(array(kind.postgres().parameter), "b")
            .to_owned();
        let elements = Query::select()
            .expr_as(Expr::cust("unnest(l.a)"), "place")
            .expr_as(Expr::cust("unnest(l.b)"), "value")
            .from_subquery(arrays, "l")
            .to_owned();
        TableRef::SubQuery(Box::new(elements), "e".into_iden())
    }

    /// The column may be of a narrower type.
    fn position(self, column: Expr) -> Expr {
        Expr::cust_with_expr("CAST($1 AS bigint)", column)
    }

    /// An index of the ids is smaller than the rows, too.
    fn skips_faster_by_ids(self, _: &[SortKey]) -> bool {
        true
    }

    fn has_lateral(self) -> bool {
        true
    }

    /// By an index, whose use `IN` with a subquery would leave to the estimate of the list's length.
    fn is_listed(self, value: Expr, list: &str, kind: Kind, which: Listed) -> Expr {
        let list = Expr::val(list);
        let operator = match which {
            Listed::These => "= ANY",
            Listed::Others => "<> ALL",
        };
        let text = format!("($1 {operator} (CAST($2 AS {}[])))", kind.postgres().compared_as);
        Expr::cust_with_exprs(text, [value, list])
    }

    fn typed(self, parameter: Expr, kind: Kind) -> Expr {
        Expr::cust_with_expr(format!("CAST($1 AS {})", kind.postgres().parameter), parameter)
    }

    /// What is no text by its own order, which is that of our text of it.
    fn by_code_points(self, text: Expr, kind: Kind) -> Expr {
        if kind.postgres().compared_as == "text" {
            Expr::cust_with_expr("(CAST($1 AS text) COLLATE \"C\")", text)
        } else {
            text
        }
    }

    /// Both are of one type: the elements of the column may be narrower, or of limited length.
    fn has_any(self, list: Expr, element: Element, values: &str) -> Expr {
        let list_type = Kind::Array(element).postgres().parameter;
        let text = format!("(CAST($1 AS {list_type}) && CAST($2 AS {list_type}))");
        Expr::cust_with_exprs(text, [list, Expr::val(values)])
    }

    /// It goes by whether two elements are distinct, so that it finds nulls. It takes one dimension only.
    fn has_null(self, list: Expr) -> Expr {
        let text = "((CASE WHEN array_ndims($1) = 1 THEN array_position($1, NULL) END) IS NOT NULL)";
        Expr::cust_with_expr(text, list)
    }

    fn is_empty_list(self, list: Expr) -> Expr {
        Expr::cust_with_expr("(cardinality($1) = 0)", list)
    }

    fn json_at(self, json: Expr, path: &[String], value: ValueType) -> Expr {
        let there = json_inside(json, path);
        let text = match value {
            ValueType::Text => "((CASE WHEN jsonb_typeof($1) = 'string' THEN $1 #>> '{}' END) COLLATE \"C\")",
            ValueType::Bool => {
                "(CASE WHEN jsonb_typeof($1) = 'boolean' THEN CAST($1 #>> '{}' AS boolean) END)"
            }
            _ => "(CASE WHEN jsonb_typeof($1) = 'number' THEN CAST($1 #>> '{}' AS numeric) END)",
        };
        Expr::cust_with_expr(text, there)
    }

    fn is_json_null(self, json: Expr, path: &[String]) -> Expr {
        Expr::cust_with_expr("(coalesce(jsonb_typeof($1), 'null') = 'null')", json_inside(json, path))
    }

    fn json_value(self, with: &Value) -> Option<Expr> {
        let type_name = match with {
            Value::Integer(_) | Value::Float(_) => "numeric",
            Value::Bool(_) => "boolean",
            _ => "text",
        };
        Some(Expr::cust_with_expr(format!("CAST($1 AS {type_name})"), value(with)?))
    }

    fn json_text(self, json: Expr) -> Expr {
        Expr::cust_with_expr("CAST($1 AS text)", json)
    }

    fn as_text(self, value: Expr, kind: Kind) -> Expr {
        let Some(form) = kind.postgres().as_text else { return value };
        Expr::cust_with_expr(format!("({form} COLLATE \"C\")"), value)
    }

    fn compare(self, operand: Expr, kind: Kind, relation: Relation, with: &Value) -> Option<Expr> {
        match (kind, with) {
            (_, Value::Text(text)) if text.contains('\0') => {
                Some(with_unstorable(self.as_text(operand, kind), relation, text))
            }
            (Kind::Integer, Value::Float(float)) => Some(integer_with_float(operand, relation, *float)),
            (Kind::Float, Value::Integer(integer)) => Some(float_with_integer(operand, relation, *integer)),
            (_, Value::Text(text)) if !kind.is_canonical(text) => {
                compared(self.as_text(operand, kind), relation, Expr::val(text.as_str()))
            }
            // The column may be narrower than its attribute, and then no parameter of its type could be this.
            (kind, Value::Integer(integer)) if kind.is_whole() && i16::try_from(*integer).is_err() => {
                compared(operand, relation, self.typed(Expr::val(*integer), kind))
            }
            _ => compared(operand, relation, value(with)?),
        }
    }

    fn equal(self, kind: Kind, to: &Value) -> Option<Value> {
        match (kind, to) {
            (Kind::Integer, Value::Float(float)) => whole(*float).map(Value::Integer),
            (Kind::Float, Value::Integer(integer)) => exact(*integer).map(Value::Float),
            (_, Value::Text(text)) => (kind.is_canonical(text) && !text.contains('\0')).then(|| to.clone()),
            _ => Some(to.clone()),
        }
    }

    fn is_same_name(self, one: &str, other: &str) -> bool {
        one == other
    }

    fn can_be(self, id: &ResourceId, kind: IdKind) -> bool {
        ids::can_be(id, kind)
            && match (id, kind) {
                (ResourceId::Text(id), IdKind::Uuid) => Kind::Uuid.is_canonical(id),
                (ResourceId::Text(id), _) => !id.contains('\0'),
                (ResourceId::Composite(id), IdKind::Composite(key)) => {
                    id.parts().iter().zip(key).all(|(id, part)| self.can_be(id, part.kind()))
                }
                _ => true,
            }
    }

    fn exists(self, select: SelectStatement) -> Expr {
        Expr::exists(select)
    }

    /// Of an `IN` that stands by itself PostgreSQL makes a join, and of several within each other one large join, with
    /// whatever order and number of turns it believes in. As an operand it is left alone: made once, in a hash table.
    fn is_in(self, value: Expr, set: SelectStatement, need: Need) -> Expr {
        let is_in = value.in_subquery(set);
        match need {
            Need::Must => is_in,
            Need::May => is_in.is(Expr::custom_keyword("TRUE")),
        }
    }

    /// Not of an `IN`: where the set is too large for `work_mem`, it goes through the whole of it for each row.
    fn makes_sets(self) -> bool {
        true
    }

    fn has_part(self, text: Expr, part: Part, value: &str, case: Case) -> Expr {
        let (text, value) = if case == Case::Exact {
            (text, value.to_owned())
        } else {
            (folded(text), fold_case(value).into_owned())
        };
        let length = i32::try_from(value.chars().count()).unwrap_or(i32::MAX);
        let function = |name: &'static str| Func::cust(name).arg(text);
        match part {
            Part::Start => Expr::expr(function("left").arg(Expr::cust(length.to_string()))).eq(value),
            Part::End => Expr::expr(function("right").arg(Expr::cust(length.to_string()))).eq(value),
            Part::Anywhere | Part::Like => Expr::expr(function("strpos").arg(value)).gt(Expr::cust("0")),
        }
    }

    fn is_like(self, text: Expr, pattern: &Pattern, case: Case) -> Expr {
        let text = if case == Case::Exact { text } else { folded(text) };
        text.like(LikeExpr::new(written(pattern, case)))
    }

    /// The pattern is folded by what folds the text, so that no difference between its Unicode and ours matters.
    fn is_folded_like(self, text: Expr, pattern: &Pattern) -> Option<Expr> {
        let pattern = Expr::cust_with_expr("CAST($1 AS text)", Expr::val(written(pattern, Case::Exact)));
        Some(Expr::cust_with_exprs("($1 LIKE $2)", [folded(text), folded(pattern)]))
    }
}

impl Postgres {
    /// A column of text, with its case folded, as text for definitions. An index has to have just what filters compare.
    pub(super) fn folded_column(self, name: &str) -> String {
        let column = self.by_code_points(Expr::col(Alias::new(name)), Kind::Text);
        let select = self.text(&Query::select().expr(folded(column)).to_owned());
        select.trim_start_matches("SELECT ").to_owned()
    }
}

/// A pattern as `LIKE` has it.
fn written(pattern: &Pattern, case: Case) -> String {
    pattern.written(case, '%', '_', |special| match special {
        '%' | '_' | '\\' => Some(['\\', special].into_iter().collect()),
        _ => None,
    })
}

/// What stands inside of JSON, of which this is the text. `jsonb` takes no U+0000; and a name leads to a member of an
/// object, not to an element of a list.
fn json_inside(json: Expr, path: &[String]) -> Expr {
    let json = Expr::cust_with_expr("(CASE WHEN strpos($1, '\\u0000') = 0 THEN CAST($1 AS jsonb) END)", json);
    path.iter().fold(json, |json, name| {
        Expr::cust_with_exprs("($1 -> CAST($2 AS text))", [json, Expr::val(name.as_str())])
    })
}

/// A text with its case folded as [`fold_case`] does. `und` is ICU's collation of no language. The outcome is compared
/// by code points, as text is that goes in.
fn folded(text: Expr) -> Expr {
    let folded = format!(
        "(replace(lower(upper(lower(replace($1, 'ı', '{DOTLESS}') COLLATE \"und-x-icu\"))), 'ς', 'σ') COLLATE \"C\")"
    );
    Expr::cust_with_expr(folded, text)
}

fn compared(operand: Expr, relation: Relation, with: Expr) -> Option<Expr> {
    Some(operand.binary(operator(relation), with))
}

/// There is no text with U+0000 here. One begins with what stands before it, and lies right behind that.
fn with_unstorable(operand: Expr, relation: Relation, text: &str) -> Expr {
    let before = text.split('\0').next().unwrap_or_default();
    match relation {
        Relation::Equal => never(),
        Relation::NotEqual => always(operand),
        Relation::Less | Relation::LessOrEqual => operand.lte(before),
        Relation::Greater | Relation::GreaterOrEqual => operand.gt(before),
    }
}

fn always(operand: Expr) -> Expr {
    operand.is_not_null()
}

fn never() -> Expr {
    Expr::cust("FALSE")
}

/// 2⁶³: the first float beyond all integers.
const END: f64 = 9_223_372_036_854_775_808.0;

/// The integer that equals a float.
fn whole(float: f64) -> Option<i64> {
    (float.trunc() == float && (-END..END).contains(&float)).then_some(float as i64)
}

/// The float that equals an integer.
fn exact(integer: i64) -> Option<f64> {
    let float = integer as f64;
    (whole(float) == Some(integer)).then_some(float)
}

/// Exact, and by an index: the float is replaced by an integer beside it.
fn integer_with_float(operand: Expr, relation: Relation, float: f64) -> Expr {
    use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};

    if let Some(integer) = whole(float) {
        return operand.binary(operator(relation), Expr::val(integer));
    }
    let below = float.floor();
    match relation {
        Equal => never(),
        NotEqual => always(operand),
        Less | LessOrEqual if float >= END => always(operand),
        Less | LessOrEqual if float < -END => never(),
        Greater | GreaterOrEqual if float >= END => never(),
        Greater | GreaterOrEqual if float < -END => always(operand),
        Less | LessOrEqual => operand.lte(below as i64),
        Greater | GreaterOrEqual => operand.gt(below as i64),
    }
}

/// Exact: an integer that no float equals lies between two of them.
fn float_with_integer(operand: Expr, relation: Relation, integer: i64) -> Expr {
    use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};

    if let Some(float) = exact(integer) {
        return operand.binary(operator(relation), Expr::val(float));
    }
    let near = integer as f64;
    // Rounded up or down: whether the nearest float lies above.
    let above = near >= END || near as i64 > integer;
    match (relation, above) {
        (Equal, _) => never(),
        (NotEqual, _) => always(operand),
        (Less | LessOrEqual, true) => operand.lt(near),
        (Less | LessOrEqual, false) => operand.lte(near),
        (Greater | GreaterOrEqual, true) => operand.gte(near),
        (Greater | GreaterOrEqual, false) => operand.gt(near),
    }
}
