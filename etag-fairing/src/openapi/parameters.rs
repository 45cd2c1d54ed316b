//! The query parameters and the request header fields.

use serde_json::{Map, Value, json};

use super::names::{self, parameter};
use super::schemas::{self, describe};
use crate::config::JsonApiConfig;
use crate::plan::Relation;
use crate::query::limits::{MAX_COUNTS, MAX_FILTER_LIST, MAX_INCLUDES, MAX_SORT_KEYS, MAX_TEXT_BYTES};
use crate::query::operators::{OPERATORS, Operand, Operator};
use crate::schema::member_name::is_member_name;
use crate::schema::{Attribute, Description, Kind, Relationship};

/// How many paths of `include` are listed one by one. Where there are more, only their form is said.
const MAX_LISTED_PATHS: usize = 200;

/// The parameters of the document, by the names of their components.
pub(super) type Parameters = Map<String, Value>;

/// A query parameter.
fn query(name: &str, schema: Value, description: &str) -> Value {
    let mut parameter = json!({"name": name, "in": "query", "schema": schema});
    describe(&mut parameter, description);
    parameter
}

/// A list in one parameter, with commas between its values.
fn listed(name: &str, items: Value, most: usize, description: &str) -> Value {
    let schema = json!({"type": "array", "items": items, "maxItems": most});
    let mut parameter = query(name, schema, description);
    if let Some(parameter) = parameter.as_object_mut() {
        parameter.insert("style".into(), "form".into());
        parameter.insert("explode".into(), false.into());
    }
    parameter
}

/// Adds the parameters that all resources share.
pub(super) fn add_common(config: &JsonApiConfig, parameters: &mut Parameters) {
    let whole = |least: u32, most: Option<u32>| match most {
        Some(most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        None => json!({"type": "integer", "minimum": least}),
    };
    let mut page = |key: &str, schema: Value, description: &str| {
        let name = format!("page[{key}]");
        parameters.insert(format!("page.{key}"), query(&name, schema, description));
    };
    let most = config.max_page_size;
    page("size", whole(1, Some(most)), &format!("How many resources; by default {}.", config.page_size));
    page("number", whole(1, None), "The page of this number, from 1. It goes with `page[size]`.");
    page("offset", whole(0, None), "So many resources are left out. It goes with `page[limit]`.");
    page("limit", whole(1, Some(most)), "How many resources, with `page[offset]`.");
    let cursor = "Pages by cursor, which stand still while others add resources.";
    page(
        "after",
        json!({"type": "string"}),
        &format!("The page behind this cursor, as links have it. {cursor}"),
    );
    page("before", json!({"type": "string"}), &format!("The page before this cursor. {cursor}"));
    page(
        "totals",
        json!({"type": "boolean"}),
        "Whether to count all resources: `meta.count`, and the link `last`.",
    );
    let mut header = |name: &str, description: &str| {
        let field =
            json!({"name": name, "in": "header", "schema": {"type": "string"}, "description": description});
        parameters.insert(name.into(), field);
    };
    header(
        "If-None-Match",
        "The entity tags that the client has. If one of them is current, the answer is 304 without a body \
         (RFC 9110 §13.1.2).",
    );
    header(
        "If-Modified-Since",
        "The date of what the client has; `If-None-Match` has precedence (RFC 9110 §13.1.3).",
    );
    header(
        "If-Match",
        "The entity tag of the representation that the client has seen. If it is not current any more, nothing is \
         changed, and the answer is 412 (RFC 9110 §13.1.1).",
    );
    header(
        "If-Unmodified-Since",
        "The date of what the client has seen; `If-Match` has precedence (RFC 9110 §13.1.4).",
    );
}

/// Adds the parameters of a resource, and gives the references to those of a request for one and for many.
pub(super) fn add(resource: &'static Description, config: &JsonApiConfig, parameters: &mut Parameters) {
    let fields: Vec<&str> = field_names(resource).collect();
    let name = format!("fields[{}]", resource.type_name);
    let items = json!({"type": "string", "enum": fields});
    let description = format!("The fields of {} that documents have; by default all.", resource.type_name);
    parameters.insert(names::of(resource, "fields"), listed(&name, items, fields.len(), &description));
    if let Some(include) = include(resource, config) {
        parameters.insert(names::of(resource, "include"), include);
    }
    if let Some(counts) = counts(resource) {
        parameters.insert(names::of(resource, "withCount"), counts);
    }
    parameters.extend(windows(resource, config));
    parameters.insert(names::of(resource, "sort"), sort("sort", resource));
    for filter in filters(resource) {
        parameters.insert(filter.component, filter.parameter);
    }
}

fn field_names(resource: &'static Description) -> impl Iterator<Item = &'static str> {
    let attributes = resource.attributes.iter().filter(|attribute| attribute.access.is_shown());
    attributes
        .map(|attribute| attribute.name)
        .chain(resource.computed.names.iter().copied())
        .chain(resource.relationship_members().map(|(_, relationship)| relationship.name))
}

/// `include`, unless there is nothing to include.
fn include(resource: &'static Description, config: &JsonApiConfig) -> Option<Value> {
    let depth = usize::try_from(config.max_include_depth).unwrap_or(usize::MAX);
    if resource.relationships.is_empty() || depth == 0 {
        return None;
    }
    let items = match paths(resource, depth) {
        Some(paths) => json!({"type": "string", "enum": paths}),
        None => json!({"type": "string"}),
    };
    let description = format!(
        "Related resources to send too: paths of at most {depth} relationships (JSON:API 1.1, “Inclusion of Related Resources”)."
    );
    Some(listed("include", items, MAX_INCLUDES, &description))
}

/// `withCount`, unless there is nothing to count.
fn counts(resource: &'static Description) -> Option<Value> {
    let many = resource.relationships.iter().filter(|relationship| relationship.is_to_many());
    let names: Vec<&str> = many.map(|relationship| relationship.name).collect();
    if names.is_empty() {
        return None;
    }
    let items = json!({"anyOf": [
        {"type": "string", "enum": names},
        {"type": "string", "pattern": r"^[^.,]+(\.[^.,]+)+$"},
    ]});
    let description = "Relationships whose related resources are counted: `meta.count` of the relationship. A path leads \
                       over what is included.";
    Some(listed("withCount", items, MAX_COUNTS, description))
}

/// All paths of relationships up to this length, the short ones first; `None` if there are too many to list.
fn paths(resource: &'static Description, depth: usize) -> Option<Vec<String>> {
    let mut paths: Vec<String> = Vec::new();
    let mut ends: Vec<(String, &'static Description)> = vec![(String::new(), resource)];
    for _ in 0..depth {
        let mut next = Vec::new();
        for (path, end) in &ends {
            for relationship in end.relationships {
                let separator = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{separator}{}", relationship.name);
                if !paths.contains(&path) {
                    paths.push(path.clone());
                }
                if paths.len() > MAX_LISTED_PATHS {
                    return None;
                }
                next.push((path, relationship.target()));
            }
        }
        ends = next;
    }
    Some(paths)
}

/// The pages and the order of what is included by each to-many relationship of the resource. (Longer paths have them,
/// too, and there is `filterIncluded`: too many to list.)
fn windows(resource: &'static Description, config: &JsonApiConfig) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    if config.max_include_depth == 0 {
        return found;
    }
    let size = json!({"type": "integer", "minimum": 1, "maximum": config.max_page_size});
    let number = json!({"type": "integer", "minimum": 1});
    for relationship in resource.relationships.iter().filter(|relationship| relationship.is_to_many()) {
        let name = relationship.name;
        let mut add = |key: &str, parameter: Value| {
            found.push((names::of(resource, &window_ending(relationship, key)), parameter));
        };
        add("sort", sort(&format!("sort[{name}]"), relationship.target()));
        for (key, schema, description) in [
            ("size", &size, "How many resources of each owner are included, with `include`."),
            ("number", &number, "The page of this number, of each owner."),
            ("totals", &json!({"type": "boolean"}), "Whether to count what each owner has."),
        ] {
            add(key, query(&format!("page[{name}][{key}]"), schema.clone(), description));
        }
    }
    found
}

const WINDOW_KEYS: [&str; 4] = ["sort", "size", "number", "totals"];

fn window_ending(relationship: &Relationship, key: &str) -> String {
    format!("window.{}.{key}", names::component(relationship.name))
}

fn sort(name: &str, resource: &'static Description) -> Value {
    let sortable = resource.attributes.iter().filter(|attribute| {
        attribute.access.is_shown() && attribute.sort && attribute.kind.family().is_some()
    });
    let names = std::iter::once("id").chain(sortable.map(|attribute| attribute.name));
    let names: Vec<String> = names.flat_map(|name| [name.to_owned(), format!("-{name}")]).collect();
    let leads_on = resource.relationships.iter().any(|relationship| !relationship.is_to_many());
    let items = match leads_on {
        true => json!({"anyOf": [
            {"type": "string", "enum": names},
            {"type": "string", "pattern": r"^-?[^.,]+(\.[^.,]+)+$"},
        ]}),
        false => json!({"type": "string", "enum": names}),
    };
    let description = "The order; `-` before a name means that it is descending. A path over to-one relationships, such \
                       as `track.name`, sorts by what is related.";
    listed(name, items, MAX_SORT_KEYS, description)
}

struct FilterParameter {
    component: String,
    parameter: Value,
}

/// The filters of a resource: one for each member and each operator that it takes, and the list in JSON.
fn filters(resource: &'static Description) -> Vec<FilterParameter> {
    let mut filters = Vec::new();
    let mut list = json!({"name": "filter", "in": "query", "content": {"application/json": {"schema": {
        "type": "array", "items": {"type": "object"}, "minItems": 1,
    }}}});
    describe(
        &mut list,
        "A list of expressions, which must all hold: `{\"name\":path,\"op\":operator,\"val\":value}`, or `and`, `or` \
         and `not` of others. A path leads over relationships, such as `track.name`; so does the name in brackets of \
         `filter[track.name]`.",
    );
    filters.push(FilterParameter { component: names::of(resource, "filter"), parameter: list });
    let id = schemas::id(resource.id.kind, "");
    add_filters(resource, "id", Operand::Id(resource.id.kind), &id, &mut filters);
    for attribute in resource.attributes.iter().filter(|attribute| is_open(attribute)) {
        let schema = element_or_value(attribute);
        add_filters(resource, attribute.name, Operand::Attribute(attribute.kind), &schema, &mut filters);
    }
    for (id, relationship) in resource.relationship_members() {
        if !relationship.is_polymorphic() {
            let schema = schemas::id(relationship.target().id.kind, "");
            add_filters(resource, relationship.name, operand_of(relationship), &schema, &mut filters);
            continue;
        }
        let types: Vec<&str> = resource.arms(id).map(|(_, arm)| arm.target().type_name).collect();
        let types = json!({"type": "string", "enum": types});
        add_filters(resource, relationship.name, Operand::OneOf, &types, &mut filters);
        for (_, arm) in resource.arms(id) {
            let target = arm.target();
            let schema = schemas::id(target.id.kind, "");
            let member = format!("{}.{}", arm.name, target.type_name);
            add_filters(resource, &member, Operand::ToOne, &schema, &mut filters);
        }
    }
    filters
}

fn is_open(attribute: &Attribute) -> bool {
    attribute.filter && attribute.access.is_shown()
}

fn operand_of(relationship: &Relationship) -> Operand {
    if relationship.is_to_many() { Operand::ToMany } else { Operand::ToOne }
}

/// What is compared with a list are its elements.
fn element_or_value(attribute: &Attribute) -> Value {
    let schema = (attribute.json_schema)();
    match attribute.kind {
        Kind::Array(_) => schema.get("items").cloned().unwrap_or_else(|| json!({})),
        _ => schema,
    }
}

fn add_filters(
    resource: &'static Description,
    member: &str,
    operand: Operand,
    schema: &Value,
    filters: &mut Vec<FilterParameter>,
) {
    let equality = Operator::Relation(Relation::Equal);
    if equality.fits(operand) {
        let description = format!("{member} is this, or one of these.");
        filters.push(FilterParameter {
            component: names::of(resource, &format!("filter.{}", names::component(member))),
            parameter: listed(&format!("filter[{member}]"), schema.clone(), MAX_FILTER_LIST, &description),
        });
    }
    for (names_of_operator, operator) in OPERATORS {
        // A name in brackets is a member name, which never ends with `_`.
        let name = names_of_operator.iter().find(|name| is_member_name(name));
        let (Some(name), true) = (name, operator.fits(operand)) else { continue };
        let parameter_name = format!("filter[{member}][{name}]");
        let Some(parameter) = of_operator(&parameter_name, *operator, operand, schema) else { continue };
        let ending = format!("filter.{}.{name}", names::component(member));
        filters.push(FilterParameter { component: names::of(resource, &ending), parameter });
    }
}

/// The parameter of an operator; `None` if it means something in the list in JSON only.
fn of_operator(name: &str, operator: Operator, operand: Operand, schema: &Value) -> Option<Value> {
    let is_related = matches!(operand, Operand::ToOne | Operand::OneOf | Operand::ToMany);
    Some(match operator {
        Operator::Relation(_) => query(name, schema.clone(), ""),
        Operator::In | Operator::NotIn => listed(name, schema.clone(), MAX_FILTER_LIST, ""),
        Operator::Between => {
            let mut parameter =
                listed(name, schema.clone(), 2, "From the first to the second, both included.");
            if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                schema.insert("minItems".into(), 2.into());
            }
            parameter
        }
        Operator::Is | Operator::IsNot => {
            let values = match operand {
                Operand::Attribute(Kind::Bool) => json!(["null", "true", "false"]),
                _ => json!(["null"]),
            };
            query(name, json!({"type": "string", "enum": values}), "")
        }
        Operator::Type => listed(name, schema.clone(), MAX_FILTER_LIST, "It leads to one of these types."),
        Operator::Count => {
            let description = "How many there are. An operator may follow in brackets: `[ge]` for at least so many, and so \
                               on with `ne`, `gt`, `lt`, `le` and `between`.";
            query(name, json!({"type": "integer", "minimum": 0, "maximum": u32::MAX}), description)
        }
        Operator::IsNull | Operator::IsEmpty => query(name, json!({"type": "boolean"}), ""),
        Operator::Text { .. } => query(name, json!({"type": "string", "maxLength": MAX_TEXT_BYTES}), ""),
        // With an expression about what is related, which only JSON can say.
        Operator::Any | Operator::Has if is_related => return None,
        Operator::Any => listed(name, schema.clone(), MAX_FILTER_LIST, "The list has one of these."),
        Operator::Has => query(name, schema.clone(), "The list has this."),
    })
}

/// The references to the parameters of a request whose document has one resource.
pub(super) fn of_one(resource: &'static Description, parameters: &Parameters) -> Vec<Value> {
    let own = ["include", "withCount"].map(|family| names::of(resource, family));
    let windows = resource.relationships.iter().flat_map(|relationship| {
        WINDOW_KEYS.map(|key| names::of(resource, &window_ending(relationship, key)))
    });
    let own = own.into_iter().chain(windows).filter(|name| parameters.contains_key(name));
    let mut found: Vec<Value> = own.map(|name| parameter(&name)).collect();
    found.extend(fieldsets(resource));
    found
}

/// The references to the parameters of a request whose document has one resource, of one of several types.
pub(super) fn of_any(resources: impl Iterator<Item = &'static Description>) -> Vec<Value> {
    let mut found = Vec::new();
    for parameter in resources.flat_map(fieldsets) {
        if !found.contains(&parameter) {
            found.push(parameter);
        }
    }
    found
}

/// The references to the parameters of a request whose document has many resources.
pub(super) fn of_many(resource: &'static Description, parameters: &Parameters) -> Vec<Value> {
    let mut found = of_one(resource, parameters);
    found.extend(of_linkage(resource));
    found
}

/// The references to the parameters that choose among many resources, and page and sort them.
pub(super) fn of_linkage(resource: &'static Description) -> Vec<Value> {
    let mut found = vec![parameter(&names::of(resource, "sort"))];
    found.extend(pages());
    let filters = filters(resource);
    found.extend(filters.iter().map(|filter| parameter(&filter.component)));
    found
}

/// The references to the parameters of pages.
fn pages() -> Vec<Value> {
    let keys = ["size", "number", "offset", "limit", "after", "before", "totals"];
    keys.into_iter().map(|key| parameter(&format!("page.{key}"))).collect()
}

/// `fields` of the resource and of what it leads to directly.
fn fieldsets(resource: &'static Description) -> Vec<Value> {
    let mut reached = vec![resource];
    for relationship in resource.relationships {
        let target = relationship.target();
        if !reached.iter().any(|known| known.is(target)) {
            reached.push(target);
        }
    }
    reached.into_iter().map(|resource| parameter(&names::of(resource, "fields"))).collect()
}
