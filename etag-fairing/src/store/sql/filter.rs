//! Converts a filter to an SQL condition.
//!
//! A [`Filter`] has two truth values, and SQL has three. A comparison with null is null in SQL. `WHERE`,
//! `AND` and `OR` treat null as false; only the negation must treat it differently, so that it is written as
//! `IS NOT TRUE`.

use sea_query::{Asterisk, BinOper, Expr, ExprTrait, JoinType, Query};
use serde_json::Value as JsonValue;

use super::{
    Case, Dialect, Listed, Need, Pattern,
    edge::{Edge, EdgeKind},
    forms::{self, Compared},
    ids::{IdColumns, id_list, list_of_ids},
    link::Link,
    operator, pattern,
    scope::{Class, CompositeOperand, Operand, Scope},
    value,
    visible::Visible,
    visit::{Question, Step, Visit},
};
use crate::plan::{Comparison, Filter, Member, Part, Relation};
use crate::schema::kind::ValueType;
use crate::schema::{Kind, RelationshipId, ResourceId, StoredTime, Value};

/// Whether the filter lets a row of the scope through. The value may be null, which counts as false.
pub(super) fn condition<D: Dialect>(
    visible: Visible<'_, D>,
    scope: &mut Scope<'_>,
    filter: &Filter,
) -> Result<Expr, String> {
    let need = if scope.visit() == Visit::All { Need::Must } else { Need::May };
    part(visible, scope, filter, need)
}

fn part<D: Dialect>(
    visible: Visible<'_, D>,
    scope: &mut Scope<'_>,
    filter: &Filter,
    need: Need,
) -> Result<Expr, String> {
    match filter {
        Filter::And(filters) => joined(visible, scope, filters, need, BinOper::And, always()),
        Filter::Or(filters) => joined(visible, scope, filters, Need::May, BinOper::Or, never()),
        Filter::Not(filter) => {
            let condition = part(visible, scope, filter, Need::May)?;
            Ok(condition.is_not(Expr::custom_keyword("TRUE")))
        }
        Filter::Compare { member, comparison } if scope.is_composite(member)? => {
            compare_id(visible, scope, member, comparison)
        }
        Filter::Compare { member, comparison } => {
            let operand = scope.operand(visible, member)?;
            compare(visible, scope, operand, comparison)
        }
        Filter::Related { path, relationship, filter } => {
            related(visible, scope, path, *relationship, filter.as_deref(), need)
        }
        Filter::Count { path, relationship, relation, number } => {
            counted(visible, scope, path, *relationship, (*relation, *number), need)
        }
    }
}

fn always() -> Expr {
    Expr::cust("TRUE")
}

fn never() -> Expr {
    Expr::cust("FALSE")
}

fn joined<D: Dialect>(
    visible: Visible<'_, D>,
    scope: &mut Scope<'_>,
    filters: &[Filter],
    need: Need,
    operator: BinOper,
    empty: Expr,
) -> Result<Expr, String> {
    let mut parts = Vec::with_capacity(filters.len());
    for filter in filters {
        parts.push(part(visible, scope, filter, need)?);
    }
    Ok(halved(parts, operator).unwrap_or(empty))
}

/// The parts are joined in halves, so that the expression is not deep: code that walks it uses stack for each level. A scope
/// may have thousands of parts.
fn halved(mut parts: Vec<Expr>, operator: BinOper) -> Option<Expr> {
    while parts.len() > 1 {
        let mut rest = parts.into_iter();
        let mut joined = Vec::with_capacity(rest.len().div_ceil(2));
        while let Some(part) = rest.next() {
            joined.push(match rest.next() {
                Some(other) => part.binary(operator, other),
                None => part,
            });
        }
        parts = joined;
    }
    parts.pop()
}

fn compare<D: Dialect>(
    visible: Visible<'_, D>,
    scope: &mut Scope<'_>,
    operand: Operand,
    comparison: &Comparison,
) -> Result<Expr, String> {
    if let (Some(arm), Comparison::Value(Relation::Equal, _) | Comparison::In(_)) = (&operand.arm, comparison)
    {
        // Type and id by themselves, so that an index over both can be used.
        let (is_type, id) = (**arm).clone();
        return Ok(is_type.and(compare(visible, scope, id, comparison)?));
    }
    let dialect = visible.dialect;
    let (kind, class) = (operand.kind, operand.class);
    // A value of another class is neither equal, nor less, nor greater.
    let compared = |relation, given: &Value| {
        if class.has(given) { operand.compare(dialect, relation, given) } else { None }
    };
    Ok(match comparison {
        Comparison::IsNull => operand.expression.is_null(),
        Comparison::Value(relation, given) => compared(*relation, given).unwrap_or_else(never),
        Comparison::Member(relation, other) => {
            let other = scope.operand(visible, other)?;
            let (expression, other_expression) = (operand.own(dialect), other.own(dialect));
            match other.class == class {
                true if class == Class::Text && other.kind != kind => {
                    let other = dialect.as_text(other_expression, other.kind);
                    dialect.as_text(expression, kind).binary(operator(*relation), other)
                }
                true => expression.binary(operator(*relation), other_expression),
                false => never(),
            }
        }
        Comparison::In(values) => {
            let values = values.iter().filter(|value| class.has(value));
            let values: Vec<Value> = values.filter_map(|value| dialect.equal(kind, value)).collect();
            one_of(dialect, &operand, &values)?
        }
        Comparison::Between(low, high) => {
            let low = compared(Relation::GreaterOrEqual, low);
            match (low, compared(Relation::LessOrEqual, high)) {
                (Some(low), Some(high)) => low.and(high),
                _ => never(),
            }
        }
        Comparison::HasAny(values) => match kind.element() {
            Some(element) => {
                let (nulls, values): (Vec<_>, Vec<_>) = values
                    .iter()
                    .filter_map(|value| dialect.element(element, value))
                    .partition(JsonValue::is_null);
                let list = operand.expression;
                let has_null =
                    (kind.has_nulls() && !nulls.is_empty()).then(|| dialect.has_null(list.clone()));
                let has_any = (!values.is_empty())
                    .then(|| dialect.has_any(list, element, &JsonValue::Array(values).to_string()));
                has_any.into_iter().chain(has_null).reduce(Expr::or).unwrap_or_else(never)
            }
            None => never(),
        },
        Comparison::IsEmpty => match kind.element() {
            Some(_) => dialect.is_empty_list(operand.expression),
            None => never(),
        },
        Comparison::Inside(path, comparison) if kind == Kind::Json => {
            inside(dialect, &operand.expression, path, comparison)
        }
        Comparison::Inside(..) => never(),
        // No stored text has the character U+0000, and PostgreSQL refuses it in parameters.
        Comparison::Text { text, .. } if class != Class::Text || text.contains('\0') => never(),
        Comparison::Text { part: Part::Like, text, case_sensitive } => {
            let (pattern, case) = (Pattern::parse(text), Case::of(*case_sensitive));
            let is_like = dialect.is_like(dialect.as_text(operand.own(dialect), kind), &pattern, case);
            match beginning(&operand, &pattern.beginning(), case) {
                Some((range, _)) => range.and(by_trigrams(dialect, &operand, &pattern, case, is_like)),
                None => by_trigrams(dialect, &operand, &pattern, case, is_like),
            }
        }
        Comparison::Text { text, .. } if text.is_empty() => operand.expression.is_not_null(),
        Comparison::Text { part, text, case_sensitive } if operand.has_trigrams => {
            let (pattern, case) = (Pattern::of_part(*part, text), Case::of(*case_sensitive));
            let has_part = dialect.has_part(operand.own(dialect), *part, text, case);
            let has_part = by_trigrams(dialect, &operand, &pattern, case, has_part);
            match beginning(&operand, text, case).filter(|_| *part == Part::Start) {
                Some((range, _)) => range.and(has_part),
                None => has_part,
            }
        }
        Comparison::Text { part, text, case_sensitive } => {
            let case = Case::of(*case_sensitive);
            let has_part =
                || dialect.has_part(dialect.as_text(operand.own(dialect), kind), *part, text, case);
            let range = if *part == Part::Start { beginning(&operand, text, case) } else { None };
            match range {
                Some((range, Ends::Behind)) => range,
                Some((range, Ends::Nowhere)) => range.and(has_part()),
                None => has_part(),
            }
        }
    })
}

/// The same condition on a text, so that an index of trigrams finds the rows where the table has one. Others are not read then.
fn by_trigrams<D: Dialect>(
    dialect: D,
    operand: &Operand,
    pattern: &Pattern,
    case: Case,
    condition: Expr,
) -> Expr {
    if !operand.has_trigrams || !pattern.has_trigram() {
        return condition;
    }
    match (dialect.is_folded_like(operand.own(dialect), pattern), case) {
        (Some(_), Case::Folded) => dialect.is_like(operand.own(dialect), pattern, case),
        // Before it, since it costs less where no index finds the rows.
        (Some(may_match), Case::Exact) => condition.and(may_match),
        (None, _) => condition,
    }
}

/// Whether all texts of a range begin as they must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The range ends behind the last one that does.
    Behind,
    /// The range has no end.
    Nowhere,
}

/// Between which texts a text lies that begins with another one, so that an index finds it; `None` where it isn't compared by
/// code points as it is.
fn beginning(operand: &Operand, text: &str, case: Case) -> Option<(Expr, Ends)> {
    if operand.kind != Kind::Text || case != Case::Exact || text.is_empty() {
        return None;
    }
    let from = operand.expression.clone().gte(text);
    Some(match pattern::end_of_beginning(text) {
        Some(end) => (from.and(operand.expression.clone().lt(end)), Ends::Behind),
        None => (from, Ends::Nowhere),
    })
}

/// Compares an id of several columns, column by column: of the row, or one that it refers to. It has no order that a filter could ask for.
fn compare_id<D: Dialect>(
    visible: Visible<'_, D>,
    scope: &mut Scope<'_>,
    member: &Member,
    comparison: &Comparison,
) -> Result<Expr, String> {
    let dialect = visible.dialect;
    let CompositeOperand { parts, kind, columns, alias } = scope.composite(visible, member)?;
    let is = |value: &Value| {
        let Ok(Some(ResourceId::Composite(id))) = kind.id_of_value(value.as_ref()) else { return None };
        let same = parts.iter().zip(id.parts()).map(|(part, id)| {
            let value = id.to_value();
            if part.class.has(&value) { part.compare(dialect, Relation::Equal, &value) } else { None }
        });
        same.collect::<Option<Vec<_>>>()?.into_iter().reduce(Expr::and)
    };
    let own = IdColumns::at(Some(&alias), columns, kind);
    Ok(match comparison {
        Comparison::IsNull => own.is_null(),
        Comparison::Value(Relation::Equal, value) => is(value).unwrap_or_else(never),
        // Null compares with nothing.
        Comparison::Value(Relation::NotEqual, value) => {
            is(value).map_or_else(|| own.is_not_null(), |is| own.is_not_null().and(is.not()))
        }
        // By one parameter, since a scope may list more ids than a statement may have parameters.
        Comparison::In(values) if parts.iter().all(|part| part.spelled.is_none()) => {
            let ids: Vec<ResourceId> = values
                .iter()
                .filter_map(|value| kind.id_of_value(value.as_ref()).ok().flatten())
                .filter(|id| dialect.can_be(id, kind))
                .collect();
            let list = list_of_ids(ids.iter()).map_err(|error| error.to_string())?;
            own.is_listed(dialect, &list, Listed::These)
        }
        Comparison::Member(relation @ (Relation::Equal | Relation::NotEqual), other)
            if scope.is_composite(other)? =>
        {
            let CompositeOperand { kind, columns, alias, .. } = scope.composite(visible, other)?;
            let other = IdColumns::at(Some(&alias), columns, kind);
            let there = own.is_not_null().and(other.is_not_null());
            match relation {
                Relation::Equal => own.equals(other),
                _ => there.and(own.equals(other).not()),
            }
        }
        // In halves, so that the expression is not deep.
        Comparison::In(values) => {
            halved(values.iter().filter_map(is).collect(), BinOper::Or).unwrap_or_else(never)
        }
        _ => never(),
    })
}

/// Compares what stands inside of JSON. Its type is known only in each row, so that it is asked for there.
fn inside<D: Dialect>(dialect: D, json: &Expr, path: &[String], comparison: &Comparison) -> Expr {
    let type_of = |value: &Value| match value {
        Value::Bool(_) => Some(ValueType::Bool),
        Value::Integer(_) | Value::Float(_) => Some(ValueType::Float),
        Value::Text(text) => (!text.contains('\0')).then_some(ValueType::Text),
        Value::Null | Value::Decimal(_) | Value::Bytes(_) => None,
    };
    let compared = |relation, with: &Value| {
        let there = dialect.json_at(json.clone(), path, type_of(with)?);
        Some(there.binary(operator(relation), dialect.json_value(with)?))
    };
    match comparison {
        Comparison::IsNull => dialect.is_json_null(json.clone(), path),
        Comparison::Value(relation, with) => compared(*relation, with).unwrap_or_else(never),
        Comparison::In(values) => {
            let of_type = |wanted: ValueType| {
                let values = values.iter().filter(|value| type_of(value) == Some(wanted));
                let values: Vec<Expr> = values.filter_map(|value| dialect.json_value(value)).collect();
                (!values.is_empty()).then(|| dialect.json_at(json.clone(), path, wanted).is_in(values))
            };
            let types = [ValueType::Text, ValueType::Float, ValueType::Bool];
            // Null or false and true is true.
            types.into_iter().filter_map(of_type).reduce(Expr::or).unwrap_or_else(never)
        }
        Comparison::Between(low, high) => {
            let low = compared(Relation::GreaterOrEqual, low);
            match (low, compared(Relation::LessOrEqual, high)) {
                (Some(low), Some(high)) => low.and(high),
                _ => never(),
            }
        }
        Comparison::Text { text, .. } if text.contains('\0') => never(),
        Comparison::Text { part, text, case_sensitive } => {
            let there = dialect.json_at(json.clone(), path, ValueType::Text);
            match part {
                Part::Like => dialect.is_like(there, &Pattern::parse(text), Case::of(*case_sensitive)),
                _ if text.is_empty() => there.is_not_null(),
                part => dialect.has_part(there, *part, text, Case::of(*case_sensitive)),
            }
        }
        Comparison::Member(..) | Comparison::HasAny(_) | Comparison::IsEmpty | Comparison::Inside(..) => {
            never()
        }
    }
}

fn one_of<D: Dialect>(dialect: D, operand: &Operand, values: &[Value]) -> Result<Expr, String> {
    if let Some(form) = operand.stored {
        return one_in_form(dialect, operand, form, values);
    }
    if values.is_empty() {
        return Ok(never());
    }
    let (expression, kind) = (operand.column(), operand.kind);
    match operand.class {
        Class::Text | Class::Decimal => {
            let texts: Vec<String> =
                values.iter().filter_map(text_of).flat_map(|text| dialect.equals(kind, text)).collect();
            let list = serde_json::to_string(&texts).map_err(|error| error.to_string())?;
            Ok(dialect.is_listed(expression, &list, kind, Listed::These))
        }
        // One parameter for all values, since a scope may list more values than a statement may have
        // parameters.
        Class::Number if kind.is_whole() && values.iter().all(|it| matches!(it, Value::Integer(_))) => {
            let list = id_list(values.iter().map(Value::as_ref)).map_err(|error| error.to_string())?;
            Ok(dialect.is_listed(expression, &list, kind, Listed::These))
        }
        // Floats are separate parameters, since a float could change its last digit in the text of a list.
        Class::Bool | Class::Number | Class::Bytes => {
            let values: Vec<Expr> = values.iter().filter_map(value).collect();
            Ok(if values.is_empty() { never() } else { expression.is_in(values) })
        }
    }
}

/// A column in a declared form is compared in that form, so that its index can be used.
fn one_in_form<D: Dialect>(
    dialect: D,
    operand: &Operand,
    form: StoredTime,
    values: &[Value],
) -> Result<Expr, String> {
    // Values that the form cannot write are skipped, since no row has them.
    let values =
        values.iter().filter_map(|value| match forms::compared(form, operand.kind, Relation::Equal, value) {
            Some(Compared::With(_, value)) => Some(value),
            _ => None,
        });
    let (class, kind) =
        if form.is_number() { (Class::Number, Kind::Integer) } else { (Class::Text, Kind::Text) };
    let expression = operand.expression.clone();
    let held = Operand {
        expression,
        kind,
        class,
        nullable: operand.nullable,
        stored: None,
        spelled: None,
        arm: None,
        has_trigrams: false,
    };
    one_of(dialect, &held, &values.collect::<Vec<_>>())
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Decimal(text) => Some(text),
        _ => None,
    }
}

/// Whether a relationship leads to a row that the filter lets through.
///
/// A set may contain nulls: the owner column of an inverse, or of a join table that the user has created, may
/// be null. SQL then returns null instead of false for a value that is not in the set; here null counts as
/// false. Null is in no set.
fn related<D: Dialect>(
    visible: Visible<'_, D>,
    scope: &mut Scope<'_>,
    path: &[RelationshipId],
    relationship: RelationshipId,
    filter: Option<&Filter>,
    need: Need,
) -> Result<Expr, String> {
    let (owner, resource) = scope.reach(path)?;
    let relationship = resource
        .relationship_at(relationship)
        .ok_or_else(|| format!("`{}` has no relationship {}", resource.rust_name, relationship.place()))?;
    let target = relationship.target();
    let dialect = visible.dialect;
    let step = match (relationship.is_to_many(), path) {
        (false, _) => Step::One,
        (true, []) => Step::Many,
        (true, _) => Step::ManyByPath,
    };
    let may_refer = match step {
        Step::One if !dialect.compares_references_by_set(target.id.kind) => true,
        // Each edge is visited once, from one row of the collection.
        Step::One | Step::Many => dialect.makes_sets() && (scope.visit(), need) == (Visit::All, Need::May),
        Step::ManyByPath => false,
    };
    let question = if may_refer { Question::ForTheRow } else { scope.visit().question(step) };
    let visit = scope.visit().behind(step, question);
    let names = scope.names();
    let (alias, edge_alias) = (names.next(), names.next());
    let target_id = IdColumns::of(Some(&alias), target);

    // The reference in the row, and the columns that must equal it in the related row.
    let mut select = Query::select();
    select.from(visible.rows(target, &alias, visit)?);
    let (of_row, of_related) = match (Link::of(relationship), Edge::of(resource, relationship)?) {
        (Some(link), _) => (link.tuple(&owner), target_id),
        (None, Some(edge)) => {
            let edges_alias = if edge.kind == EdgeKind::Join { &edge_alias } else { &alias };
            select.and_where_option(edge.is_edge(edges_alias));
            if edge.kind == EdgeKind::Join {
                let edges = visible.all_edges(&edge, &edge_alias);
                let on = target_id.equals(edge.related(edge_alias.as_str()));
                select.join(JoinType::InnerJoin, edges, on);
            }
            let owners = edge.owner(edges_alias.as_str());
            (IdColumns::of(Some(&owner), resource).tuple(), owners)
        }
        (None, None) => {
            return Err(format!("`{}` keeps `{}` nowhere", resource.rust_name, relationship.name));
        }
    };
    if let Some(filter) = filter {
        let mut inner = Scope::new(target, alias.as_str(), visit, names);
        let condition = condition(visible, &mut inner, filter)?;
        inner.join(visible, &mut select)?;
        select.and_where(condition);
    }
    Ok(match question {
        Question::ForTheRow => {
            select.expr(Expr::cust("1")).and_where(of_related.tuple().eq(of_row));
            dialect.exists(select)
        }
        Question::BySet => dialect.is_in(of_row, select.exprs(of_related.each()).to_owned(), need),
    })
}

/// Whether a to-many relationship leads to so many rows.
///
/// The set of owners has only those with related rows. If a relation holds for none, it is the set of the owners for
/// which it doesn't hold that is asked.
fn counted<D: Dialect>(
    visible: Visible<'_, D>,
    scope: &mut Scope<'_>,
    path: &[RelationshipId],
    relationship: RelationshipId,
    (relation, number): (Relation, u32),
    need: Need,
) -> Result<Expr, String> {
    let (owner, resource) = scope.reach(path)?;
    let found = resource.relationship_at(relationship);
    let edge = found.map(|found| Edge::of(resource, found)).transpose()?.flatten();
    let edge = edge.ok_or_else(|| {
        format!("`{}` has no to-many relationship {}", resource.rust_name, relationship.place())
    })?;
    let dialect = visible.dialect;
    let step = if path.is_empty() { Step::Many } else { Step::ManyByPath };
    let question = scope.visit().question(step);
    let visit = scope.visit().behind(step, question);
    let names = scope.names();
    let (alias, edge_alias) = (names.next(), names.next());
    let mut select = Query::select();
    select.from(visible.rows(edge.target, &alias, visit)?);
    select.and_where_option(edge.is_edge(if edge.kind == EdgeKind::Join { &edge_alias } else { &alias }));
    let (owners, count) = match edge.kind {
        EdgeKind::Inverse { .. } => (edge.owner(alias.as_str()), Expr::col(Asterisk).count()),
        EdgeKind::Join => {
            let related = edge.related(edge_alias.as_str());
            let on = IdColumns::of(Some(&alias), edge.target).equals(related);
            select.join(JoinType::InnerJoin, visible.all_edges(&edge, &edge_alias), on);
            // A join table that the user has created may have an edge twice.
            (edge.owner(edge_alias.as_str()), related.count_distinct(dialect))
        }
    };
    let own = IdColumns::of(Some(&owner), resource);
    let holds = |count: Expr, relation| count.binary(operator(relation), Expr::val(i64::from(number)));
    let (condition, may_be_none) = match question {
        Question::ForTheRow => {
            select.expr(count).and_where(owners.equals(own));
            (holds(select.into(), relation), true)
        }
        Question::BySet => {
            let holds_for_none = relation.holds(0, u64::from(number));
            let relation = if holds_for_none { relation.opposite() } else { relation };
            select
                .exprs(owners.each())
                .and_where(owners.is_not_null())
                .add_group_by(owners.each())
                .and_having(holds(count, relation));
            if holds_for_none {
                let others = dialect.is_in(own.tuple(), select, Need::May);
                (others.is_not(Expr::custom_keyword("TRUE")), true)
            } else {
                (dialect.is_in(own.tuple(), select, need), false)
            }
        }
    };
    // Where a to-one relationship of the path is empty, there is no owner.
    Ok(if may_be_none && !path.is_empty() { own.is_not_null().and(condition) } else { condition })
}
