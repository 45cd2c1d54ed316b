//! The filters of a resource: a parameter for each member and each operator that it takes, and the list in JSON.

use serde_json::{Value, json};

use super::names::{self, schema};
use super::parameters::{listed, query};
use super::schemas;
use super::texts::{LIKE, NO_COMMA, TEXT};
use crate::plan::{Part, Relation};
use crate::query::limits::{MAX_FILTER_LIST, MAX_FILTER_NODES, MAX_TEXT_LENGTH};
use crate::query::operators::{OPERATORS, Operand, Operator};
use crate::schema::member_name::is_member_name;
use crate::schema::{Attribute, Description, IdKind, Kind, Relationship};

/// The component of the list in JSON, among the parameters, and of its expressions, among the schemas.
pub(super) const LIST: &str = "filter";

/// A parameter, with the name of its component.
pub(super) struct FilterParameter {
    pub(super) component: String,
    pub(super) parameter: Value,
}

/// What filters may name.
struct Member {
    name: String,
    operand: Operand,
    /// One value that it is compared with: of a list an element, of a relationship an id.
    value: Value,
    /// What is related, if that is one resource type.
    target: Option<&'static Description>,
}

/// The parameters of a resource.
pub(super) fn parameters(resource: &'static Description) -> Vec<FilterParameter> {
    let mut filters = vec![FilterParameter {
        component: names::of(resource, LIST),
        parameter: json!({
            "name": "filter",
            "in": "query",
            "description": "A list of expressions, which must all hold.",
            "content": {"application/json": {"schema": {
                "type": "array",
                "items": schema(&names::of(resource, LIST)),
                "maxItems": MAX_FILTER_NODES,
            }}},
        }),
    }];
    for member in members(resource) {
        add(resource, &member, &mut filters);
    }
    filters
}

fn members(resource: &'static Description) -> Vec<Member> {
    let id = Operand::Id(resource.id.kind);
    let mut members = vec![Member { name: "id".into(), operand: id, value: id_value(), target: None }];
    for attribute in resource.attributes.iter().filter(|attribute| is_open(attribute)) {
        members.push(Member {
            name: attribute.name.into(),
            operand: Operand::Attribute(attribute.kind),
            value: element_or_value(attribute),
            target: None,
        });
    }
    for (id, relationship) in resource.relationship_members() {
        if !relationship.is_polymorphic() {
            members.push(related(relationship.name.into(), relationship));
            continue;
        }
        let types: Vec<&str> = resource.arms(id).map(|(_, arm)| arm.target().type_name).collect();
        members.push(Member {
            name: relationship.name.into(),
            operand: Operand::OneOf,
            value: json!({"type": "string", "enum": types}),
            target: None,
        });
        for (_, arm) in resource.arms(id) {
            members.push(related(format!("{}.{}", arm.name, arm.target().type_name), arm));
        }
    }
    members
}

fn related(name: String, relationship: &Relationship) -> Member {
    let target = relationship.target();
    let operand = if relationship.is_to_many() { Operand::ToMany } else { Operand::ToOne };
    Member { name, operand, value: id_value(), target: Some(target) }
}

fn is_open(attribute: &Attribute) -> bool {
    attribute.filter && attribute.access.is_shown()
}

/// An id that a member is equal to. One that no resource can have is no mistake: no resource has it.
fn id_value() -> Value {
    json!({"type": "string", "pattern": TEXT})
}

/// What is compared with a list are its elements, of which a URL can't say that they are null.
fn element_or_value(attribute: &Attribute) -> Value {
    let mut schema = (attribute.json_schema)();
    if attribute.kind.element().is_none() {
        return schema;
    }
    let items = schema.get_mut("items").map_or_else(|| json!({}), Value::take);
    if attribute.kind.has_nulls() { without_null(items) } else { items }
}

/// The schema of which `or_null` has made this one.
fn without_null(mut schema: Value) -> Value {
    if let Some(of_type) = schema.get_mut("anyOf").and_then(|any| any.get_mut(0)) {
        return of_type.take();
    }
    if let Some(of_type) = schema.get_mut("type").and_then(|types| types.get_mut(0)).map(Value::take) {
        schema["type"] = of_type;
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    schema
}

impl Member {
    /// The kind of its values, if they can be compared with those of other members.
    fn family(&self) -> Option<Kind> {
        let kind = match (self.operand, self.target) {
            (Operand::Attribute(kind), _) => return kind.family(),
            (Operand::Id(kind), _) => kind,
            (Operand::ToOne, Some(target)) => target.id.kind,
            _ => return None,
        };
        match kind {
            IdKind::Integer { .. } => Some(Kind::Integer),
            IdKind::Text => Some(Kind::Text),
            IdKind::Uuid => Some(Kind::Uuid),
            IdKind::Composite(_) => None,
        }
    }

    /// An element of a list, as JSON says it.
    fn element(&self) -> Value {
        match self.operand {
            Operand::Attribute(kind) if kind.has_nulls() => schemas::or_null(self.value.clone()),
            _ => self.value.clone(),
        }
    }

    /// A value that the member is compared with by this operator.
    fn value_for(&self, operator: Operator) -> Value {
        let is_equality = matches!(operator, Operator::Relation(Relation::Equal | Relation::NotEqual));
        match (operator, self.operand) {
            (Operator::Relation(_) | Operator::Between, Operand::Id(IdKind::Integer { min, max }))
                if !is_equality =>
            {
                json!({"type": "integer", "minimum": min, "maximum": max})
            }
            _ => self.value.clone(),
        }
    }
}

/// A value that stands between commas: text without any.
fn between_commas(mut value: Value) -> Value {
    if value.get("pattern").and_then(Value::as_str) == Some(TEXT) {
        value["pattern"] = NO_COMMA.into();
    }
    value
}

/// Adds the parameters of a member.
fn add(resource: &'static Description, member: &Member, filters: &mut Vec<FilterParameter>) {
    let name = &member.name;
    let list = |parameter: &str, operator: Operator, description: &str| {
        let items = between_commas(member.value_for(operator));
        let mut parameter = listed(parameter, items, MAX_FILTER_LIST, description);
        parameter["schema"]["minItems"] = 1.into();
        parameter
    };
    let equality = Operator::Relation(Relation::Equal);
    if equality.fits(member.operand) {
        let description = format!("{name} is this, or one of these.");
        filters.push(FilterParameter {
            component: names::of(resource, &format!("filter.{}", names::component(name))),
            parameter: list(&format!("filter[{name}]"), Operator::In, &description),
        });
    }
    for (names_of_operator, operator) in OPERATORS {
        // A name in brackets is a member name, which never ends with `_`.
        let written = names_of_operator.iter().find(|name| is_member_name(name));
        let (Some(written), true) = (written, operator.fits(member.operand)) else { continue };
        let parameter_name = format!("filter[{name}][{written}]");
        let is_related = matches!(member.operand, Operand::ToOne | Operand::OneOf | Operand::ToMany);
        let parameter = match operator {
            Operator::In | Operator::NotIn | Operator::Type => list(&parameter_name, *operator, ""),
            Operator::Between => {
                let description = "From the first to the second, both included.";
                let mut parameter = list(&parameter_name, *operator, description);
                parameter["schema"]["minItems"] = 2.into();
                parameter["schema"]["maxItems"] = 2.into();
                parameter
            }
            Operator::Any if !is_related => list(&parameter_name, *operator, "The list has one of these."),
            Operator::Has if !is_related => {
                query(&parameter_name, member.value.clone(), "The list has this.")
            }
            // Whether anything is related. An expression about it stands in the list in JSON.
            Operator::Any | Operator::Has | Operator::IsNull | Operator::IsEmpty => {
                query(&parameter_name, json!({"type": "boolean"}), "")
            }
            Operator::Is | Operator::IsNot => {
                let values = match member.operand {
                    Operand::Attribute(Kind::Bool) => json!(["null", "true", "false"]),
                    _ => json!(["null"]),
                };
                query(&parameter_name, json!({"type": "string", "enum": values}), "")
            }
            Operator::Count => query(&parameter_name, count(), "How many there are."),
            Operator::Text { part, .. } => query(&parameter_name, searched(*part), ""),
            Operator::Relation(_) => query(&parameter_name, member.value_for(*operator), ""),
        };
        let ending = format!("filter.{}.{written}", names::component(name));
        filters.push(FilterParameter { component: names::of(resource, &ending), parameter });
        if *operator == Operator::Count {
            filters.extend(counted(resource, &ending, &parameter_name));
        }
    }
}

/// The operators behind `count`.
fn counted(
    resource: &'static Description,
    component: &str,
    parameter: &str,
) -> impl Iterator<Item = FilterParameter> {
    OPERATORS.iter().filter_map(move |(names_of_operator, operator)| {
        let written = names_of_operator.iter().find(|name| is_member_name(name))?;
        let name = format!("{parameter}[{written}]");
        let parameter = match operator {
            Operator::Relation(_) => query(&name, count(), "How many there are."),
            Operator::Between => {
                let description = "How many there are: from the first to the second, both included.";
                let mut parameter = listed(&name, count(), 2, description);
                parameter["schema"]["minItems"] = 2.into();
                parameter
            }
            _ => return None,
        };
        let component = names::of(resource, &format!("{component}.{written}"));
        Some(FilterParameter { component, parameter })
    })
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": u32::MAX})
}

/// A text to look for in others.
fn searched(part: Part) -> Value {
    let pattern = if part == Part::Like { LIKE } else { TEXT };
    json!({"type": "string", "pattern": pattern, "maxLength": MAX_TEXT_LENGTH})
}

/// An expression of the list in JSON (flask-rest-jsonapi's).
pub(super) fn expression(resource: &'static Description) -> Value {
    let this = schema(&names::of(resource, LIST));
    let only = |name: &str, value: Value| json!({"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": false});
    let parts = json!({"type": "array", "items": this, "minItems": 1});
    let mut forms = vec![only("and", parts.clone()), only("or", parts), only("not", this)];
    let members = members(resource);
    for member in &members {
        forms.extend(comparisons(member));
    }
    forms.extend(between_fields(&members));
    forms.push(path());
    let description = "`and`, `or` and `not` of other expressions, or a comparison: a member's name, an operator and a \
                       value. A name may be a path over relationships, such as `track.name`.";
    json!({"description": description, "anyOf": forms})
}

/// The comparisons of a member: a form for the operators that take values alike.
fn comparisons(member: &Member) -> Vec<Value> {
    let mut forms: Vec<(Value, Vec<&str>)> = Vec::new();
    for (names_of_operator, operator) in OPERATORS {
        if operator.fits(member.operand) {
            let value = value_in_json(member, *operator);
            match forms.iter_mut().find(|(known, _)| *known == value) {
                Some((_, operators)) => operators.extend(*names_of_operator),
                None => forms.push((value, names_of_operator.to_vec())),
            }
        }
    }
    let form = |(value, operators): (Value, Vec<&str>)| {
        json!({
            "type": "object",
            "properties": {"name": {"const": member.name}, "op": {"enum": operators}, "val": value},
            "required": ["name", "op", "val"],
            "additionalProperties": false,
        })
    };
    forms.into_iter().map(form).collect()
}

/// What stands in `val`.
fn value_in_json(member: &Member, operator: Operator) -> Value {
    let null = || json!({"type": "null"});
    let list = |value: Value| json!({"type": "array", "items": value, "maxItems": MAX_FILTER_LIST});
    match (operator, member.target) {
        (Operator::Relation(Relation::Equal | Relation::NotEqual), _) => {
            schemas::or_null(member.value_for(operator))
        }
        (Operator::Relation(_), _) => member.value_for(operator),
        (Operator::Between, _) => {
            json!({"type": "array", "items": member.value_for(operator), "minItems": 2, "maxItems": 2})
        }
        (Operator::In | Operator::NotIn | Operator::Type, _) => list(member.value.clone()),
        (Operator::Is | Operator::IsNot, _) => match member.operand {
            Operand::Attribute(Kind::Bool) => json!({"type": ["boolean", "null"]}),
            _ => null(),
        },
        (Operator::IsNull | Operator::IsEmpty, _) => json!({"type": "boolean"}),
        (Operator::Text { part, .. }, _) => searched(part),
        (Operator::Any | Operator::Has, Some(target)) => {
            json!({"anyOf": [schema(&names::of(target, LIST)), {"type": "null"}]})
        }
        (Operator::Any | Operator::Has, None) if member.operand == Operand::OneOf => {
            json!({"type": "boolean"})
        }
        (Operator::Any, None) => list(member.element()),
        (Operator::Has, None) => member.element(),
        (Operator::Count, _) => {
            let by_operator = json!({
                "type": "object",
                "properties": {
                    "eq": count(), "ne": count(), "gt": count(), "ge": count(), "lt": count(), "le": count(),
                    "between": {"type": "array", "items": count(), "minItems": 2, "maxItems": 2},
                },
                "minProperties": 1,
                "additionalProperties": false,
            });
            json!({"anyOf": [count(), by_operator]})
        }
    }
}

/// The comparisons of a member with another one, of those whose values are alike.
fn between_fields(members: &[Member]) -> Vec<Value> {
    let mut families: Vec<(Kind, Vec<&Member>)> = Vec::new();
    for (family, member) in members.iter().filter_map(|member| Some((member.family()?, member))) {
        match families.iter_mut().find(|(known, _)| *known == family) {
            Some((_, members)) => members.push(member),
            None => families.push((family, vec![member])),
        }
    }
    let mut forms = Vec::new();
    for (_, members) in families.iter().filter(|(_, members)| members.len() > 1) {
        let fields: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        let relations = |member: &Member| {
            let relations = OPERATORS.iter().filter(|(_, operator)| {
                matches!(operator, Operator::Relation(_)) && operator.fits(member.operand)
            });
            relations.flat_map(|(names, _)| names.iter().copied()).collect::<Vec<_>>()
        };
        let mut by_relations: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for member in members {
            let relations = relations(member);
            match by_relations.iter_mut().find(|(known, _)| *known == relations) {
                Some((_, names)) => names.push(&member.name),
                None => by_relations.push((relations, vec![&member.name])),
            }
        }
        forms.extend(by_relations.into_iter().map(|(relations, names)| {
            json!({
                "type": "object",
                "properties": {"name": {"enum": names}, "op": {"enum": relations}, "field": {"enum": fields}},
                "required": ["name", "op", "field"],
                "additionalProperties": false,
            })
        }));
    }
    forms
}

/// Comparisons whose name is a path, of which there are too many to list.
fn path() -> Value {
    let name = json!({"type": "string", "pattern": r"^[^.]+(\.[^.]+)+$"});
    let mut operators: Vec<&str> = OPERATORS.iter().flat_map(|(names, _)| names.iter().copied()).collect();
    operators.sort_unstable();
    json!({
        "type": "object",
        "properties": {
            "name": name,
            "op": {"enum": operators},
            "val": {"description": "As the member at the end of the path takes it."},
            "field": {"type": "string", "description": "Another member, to compare with, in place of `val`."},
        },
        "required": ["name", "op"],
        "additionalProperties": false,
    })
}
