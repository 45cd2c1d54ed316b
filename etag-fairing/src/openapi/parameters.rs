//! The query parameters and the request header fields.

use serde_json::{Map, Value, json};

use super::filters;
use super::names::{self, parameter};
use super::schemas::describe;
use super::windows;
use crate::config::JsonApiConfig;
use crate::idempotency::IDEMPOTENCY_KEY;
use crate::query::highest_page_number;
use crate::query::limits::{MAX_COUNTS, MAX_INCLUDES, MAX_OFFSET, MAX_PATH, MAX_SORT_KEYS};
use crate::resource::endpoint::OwnRelationship;
use crate::schema::Description;

/// How many paths of `include` are listed one by one. Where there are more, only their form is said.
const MAX_LISTED_PATHS: usize = 200;

/// The component of `If-Match` where a request without it is 428.
pub(super) const REQUIRED_IF_MATCH: &str = "If-Match.required";

/// The component of `Idempotency-Key` where a resource is `idempotent`.
pub(super) const REQUIRED_KEY: &str = "Idempotency-Key.required";

/// A string of RFC 8941 (§3.3.3), or a text that needs no quotes.
const KEY_PATTERN: &str =
    r##"^(?:"(?:[ !#-\[\]-~]|\\["\\]){1,255}"|[0-9A-Za-z!#$%&'*+.^_`|~:/=@-]{1,255})$"##;

/// The parameters of the document, by the names of their components.
pub(super) type Parameters = Map<String, Value>;

/// A query parameter.
pub(super) fn query(name: &str, schema: Value, description: &str) -> Value {
    let mut parameter = json!({"name": name, "in": "query", "schema": schema});
    describe(&mut parameter, description);
    parameter
}

/// A list in one parameter, with commas between its values.
pub(super) fn listed(name: &str, items: Value, most: usize, description: &str) -> Value {
    let schema = json!({"type": "array", "items": items, "maxItems": most});
    let mut parameter = query(name, schema, description);
    if let Some(parameter) = parameter.as_object_mut() {
        parameter.insert("style".into(), "form".into());
        parameter.insert("explode".into(), false.into());
    }
    parameter
}

/// At least so many values, and none of them twice.
fn once_each(parameter: &mut Value, least: usize) {
    if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
        if least > 0 {
            schema.insert("minItems".into(), least.into());
        }
        schema.insert("uniqueItems".into(), true.into());
    }
}

/// The parameters of pages: each with those that it doesn't go with, and a description.
const PAGES: [(&str, &[&str], &str); 7] = [
    ("size", &["offset", "limit"], ""),
    (
        "number",
        &["offset", "limit", "after", "before"],
        "The page of this number, from 1. It goes with `page[size]`.",
    ),
    (
        "offset",
        &["size", "number", "after", "before"],
        "So many resources are left out. It goes with `page[limit]`.",
    ),
    ("limit", &["size", "number", "after", "before"], "How many resources, with `page[offset]`."),
    (
        "after",
        &["number", "offset", "limit", "before"],
        "The page behind this cursor, as links have it: pages that stand still while others add resources (the profile \
         <https://jsonapi.org/profiles/ethanresnick/cursor-pagination>). It goes with `page[size]`.",
    ),
    (
        "before",
        &["number", "offset", "limit", "after"],
        "The page before this cursor, as links have it. It goes with `page[size]`.",
    ),
    ("totals", &[], "Whether to count all resources: `meta.count`, and the link `last`."),
];

/// The values of a parameter of pages.
pub(super) fn page_schema(key: &str, config: &JsonApiConfig) -> Value {
    let whole = |least: u64, most: u64| json!({"type": "integer", "minimum": least, "maximum": most});
    match key {
        "size" | "limit" => whole(1, config.max_page_size.into()),
        "number" => whole(1, highest_page_number(config)),
        "offset" => whole(0, MAX_OFFSET),
        "totals" => json!({"type": "boolean"}),
        _ => json!({"type": "string"}),
    }
}

/// Adds the parameters that all resources share.
pub(super) fn add_common(config: &JsonApiConfig, parameters: &mut Parameters) {
    for (key, others, description) in PAGES {
        let name = format!("page[{key}]");
        let by_default = format!("How many resources; by default {}.", config.page_size);
        let description = if description.is_empty() { &by_default } else { description };
        let mut parameter = query(&name, page_schema(key, config), description);
        // There is no word for it in OpenAPI. A request with parameters that exclude each other is 400.
        let excluded: Vec<String> = others.iter().map(|key| format!("page[{key}]")).collect();
        if let (Some(parameter), false) = (parameter.as_object_mut(), excluded.is_empty()) {
            parameter.insert("x-excludes".into(), excluded.into());
        }
        parameters.insert(format!("page.{key}"), parameter);
    }
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
    header(
        "Prefer",
        "`return=minimal`: the entity tag and no document. `return=representation`: after a 412 its `meta.current` is what \
         is there now (RFC 7240 §4.2).",
    );
    let key = json!({
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        // No example: Swagger UI would send it with each request, and a key is for one alone.
        "schema": {"type": "string", "pattern": KEY_PATTERN},
        "description": "A text in quotes that the client makes up for this change alone, such as a random UUID. If no answer \
                        comes, the same request is sent again with the same key: the change is made once, and the answer is \
                        the first one (draft-ietf-httpapi-idempotency-key-header).",
    });
    parameters.insert(IDEMPOTENCY_KEY.into(), key);
    for (name, required_name) in [("If-Match", REQUIRED_IF_MATCH), (IDEMPOTENCY_KEY, REQUIRED_KEY)] {
        if let Some(mut required) = parameters.get(name).cloned() {
            required["required"] = true.into();
            parameters.insert(required_name.into(), required);
        }
    }
}

/// Adds the parameters of a resource, and gives the references to those of a request for one and for many.
pub(super) fn add(resource: &'static Description, config: &JsonApiConfig, parameters: &mut Parameters) {
    let fields: Vec<&str> = field_names(resource).collect();
    let name = format!("fields[{}]", resource.type_name);
    let items = json!({"type": "string", "enum": fields});
    let description = format!("The fields of {} that documents have; by default all.", resource.type_name);
    let mut parameter = listed(&name, items, fields.len(), &description);
    once_each(&mut parameter, 0);
    parameters.insert(names::of(resource, "fields"), parameter);
    if let Some(include) = include(resource, config) {
        parameters.insert(names::of(resource, "include"), include);
    }
    if let Some(counts) = counts(resource, config) {
        parameters.insert(names::of(resource, "withCount"), counts);
    }
    parameters.extend(windows::of(resource, config));
    parameters.insert(names::of(resource, "sort"), sort("sort", resource));
    for filter in filters::parameters(resource) {
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
        "Related resources to send too: paths of at most {depth} relationships (JSON:API 1.1, “Inclusion of Related \
         Resources”). `page[PATH][size]`, `sort[PATH]` and `filterIncluded[PATH]` say which of those behind a path that ends \
         in a relationship to many."
    );
    Some(listed("include", items, MAX_INCLUDES, &description))
}

/// `withCount`, unless there is nothing to count.
fn counts(resource: &'static Description, config: &JsonApiConfig) -> Option<Value> {
    let many = |resource: &'static Description| {
        resource.relationships.iter().filter(|relationship| relationship.is_to_many()).map(|many| many.name)
    };
    let depth = usize::try_from(config.max_include_depth).unwrap_or(usize::MAX);
    // Behind what is included, one relationship more.
    let behind = paths_with_ends(resource, depth).map(|found| {
        let behind = found.iter().flat_map(|(path, end)| many(end).map(move |name| format!("{path}.{name}")));
        let mut paths: Vec<String> = many(resource).map(str::to_owned).collect();
        for path in behind {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    });
    let items = match behind.filter(|paths| paths.len() <= MAX_LISTED_PATHS) {
        Some(paths) if paths.is_empty() => return None,
        Some(paths) => json!({"type": "string", "enum": paths}),
        None => json!({"anyOf": [
            {"type": "string", "enum": many(resource).collect::<Vec<_>>()},
            {"type": "string", "pattern": r"^[^.,]+(\.[^.,]+)+$"},
        ]}),
    };
    let description = "Relationships whose related resources are counted: `meta.count` of the relationship. A path leads \
                       over what is included.";
    let mut parameter = listed("withCount", items, MAX_COUNTS, description);
    once_each(&mut parameter, 1);
    Some(parameter)
}

/// All paths of relationships up to this length, the short ones first; `None` if there are too many to list.
fn paths(resource: &'static Description, depth: usize) -> Option<Vec<String>> {
    let mut paths: Vec<String> = Vec::new();
    for (path, _) in paths_with_ends(resource, depth)? {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    Some(paths)
}

/// All paths of relationships up to this length, each with the resource that it leads to; a path over a polymorphic
/// relationship stands there for each of its types.
fn paths_with_ends(
    resource: &'static Description,
    depth: usize,
) -> Option<Vec<(String, &'static Description)>> {
    let mut found: Vec<(String, &'static Description)> = Vec::new();
    let mut ends: Vec<(String, &'static Description)> = vec![(String::new(), resource)];
    for _ in 0..depth {
        let mut next = Vec::new();
        for (path, end) in &ends {
            for relationship in end.relationships {
                let separator = if path.is_empty() { "" } else { "." };
                next.push((format!("{path}{separator}{}", relationship.name), relationship.target()));
                if found.len() + next.len() > MAX_LISTED_PATHS {
                    return None;
                }
            }
        }
        found.extend(next.iter().cloned());
        ends = next;
    }
    Some(found)
}

pub(super) fn sort(name: &str, resource: &'static Description) -> Value {
    let signed = |paths: Vec<String>| -> Vec<String> {
        paths.into_iter().flat_map(|path| [format!("-{path}"), path]).collect()
    };
    let items = match sortable(resource, MAX_PATH) {
        Some(paths) => json!({"type": "string", "enum": signed(paths)}),
        None => json!({"anyOf": [
            {"type": "string", "enum": signed(sortable(resource, 0).unwrap_or_default())},
            {"type": "string", "pattern": r"^-?[^.,]+(\.[^.,]+)+$"},
        ]}),
    };
    let description = "The order; `-` before a name means that it is descending. A path over to-one relationships, such \
                       as `track.name`, sorts by what is related.";
    let mut parameter = listed(name, items, MAX_SORT_KEYS, description);
    once_each(&mut parameter, 1);
    parameter
}

/// What can be sorted by, over at most so many to-one relationships, the short paths first; `None` if there is too much
/// to list.
fn sortable(resource: &'static Description, depth: usize) -> Option<Vec<String>> {
    let mut paths = Vec::new();
    let mut ends = vec![(String::new(), resource)];
    for _ in 0..=depth {
        let mut next = Vec::new();
        for (path, end) in &ends {
            let attributes = end.attributes.iter().filter(|attribute| {
                attribute.access.is_shown() && attribute.sort && attribute.kind.family().is_some()
            });
            let names = attributes.map(|attribute| attribute.name);
            paths.extend(std::iter::once("id").chain(names).map(|name| format!("{path}{name}")));
            if paths.len() > MAX_LISTED_PATHS {
                return None;
            }
            for relationship in end.relationships.iter().filter(|relationship| !relationship.is_to_many()) {
                let target = relationship.target();
                // The ids of several types have no order together.
                next.push(match relationship.is_polymorphic() {
                    true => (format!("{path}{}.{}.", relationship.name, target.type_name), target),
                    false => (format!("{path}{}.", relationship.name), target),
                });
            }
        }
        ends = next;
    }
    Some(paths)
}

/// The references to the parameters of a request whose document has one resource.
pub(super) fn of_one(
    resource: &'static Description,
    config: &JsonApiConfig,
    parameters: &Parameters,
) -> Vec<Value> {
    let own = ["include", "withCount"].map(|family| names::of(resource, family));
    let windows = windows::of(resource, config).into_iter().map(|(name, _)| name);
    let own = own.into_iter().filter(|name| parameters.contains_key(name)).chain(windows);
    let mut found: Vec<Value> = own.map(|name| parameter(&name)).collect();
    found.extend(fieldsets(resource));
    found
}

/// The parameters of the related URL of a relationship that leads to one resource of several types: what one of these takes.
pub(super) fn of_any(own: OwnRelationship, parameters: &Parameters) -> Vec<Value> {
    let mut found = Vec::new();
    for family in ["include", "withCount"] {
        let known = own.targets().filter_map(|target| parameters.get(&names::of(target, family)));
        found.extend(union(known.cloned(), "It must be one of the type that the related resource has."));
    }
    for parameter in own.targets().flat_map(fieldsets) {
        if !found.contains(&parameter) {
            found.push(parameter);
        }
    }
    found
}

/// A parameter that has the listed values of all of these.
fn union(parameters: impl Iterator<Item = Value>, note: &str) -> Option<Value> {
    let mut parameters = parameters;
    let mut all = parameters.next()?;
    for other in parameters {
        let other = &other["schema"]["items"]["enum"];
        match (all.pointer_mut("/schema/items/enum"), other) {
            (Some(Value::Array(known)), Value::Array(more)) => {
                let new: Vec<Value> = more.iter().filter(|value| !known.contains(value)).cloned().collect();
                known.extend(new);
            }
            // One of them has too many values to list.
            _ => all["schema"]["items"] = json!({"type": "string"}),
        }
    }
    let description = all["description"].as_str().map(|text| format!("{text} {note}"));
    describe(&mut all, &description.unwrap_or_default());
    Some(all)
}

/// The parameters with which linkage comes with the related resources themselves: paths begin with the relationship
/// (JSON:API §7.3).
pub(super) fn of_inclusion(
    owner: &'static Description,
    own: OwnRelationship,
    parameters: &Parameters,
) -> Vec<Value> {
    let Some(include) = parameters.get(&names::of(owner, "include")) else { return Vec::new() };
    let mut include = include.clone();
    let below = format!("{}.", own.name);
    match include.pointer_mut("/schema/items/enum") {
        Some(Value::Array(paths)) => paths
            .retain(|path| path.as_str().is_some_and(|path| path == own.name || path.starts_with(&below))),
        _ => {
            include["schema"]["items"] = json!({"anyOf": [{"const": own.name}, {"type": "string", "pattern": format!("^{}\\.", own.name)}]});
        }
    }
    describe(
        &mut include,
        "The related resources, and what to send with them: paths begin with the relationship.",
    );
    let mut found = vec![include];
    for parameter in own.targets().flat_map(fieldsets) {
        if !found.contains(&parameter) {
            found.push(parameter);
        }
    }
    found
}

/// The references to the parameters of a request whose document has many resources, of several types.
pub(super) fn of_many_types(own: OwnRelationship) -> Vec<Value> {
    let cursors = ["after", "before"].map(|key| parameter(&format!("page.{key}")));
    let mut found: Vec<Value> = pages().into_iter().filter(|page| !cursors.contains(page)).collect();
    for parameter in own.targets().flat_map(fieldsets) {
        if !found.contains(&parameter) {
            found.push(parameter);
        }
    }
    found
}

/// The references to the parameters of a request whose document has many resources.
pub(super) fn of_many(
    resource: &'static Description,
    config: &JsonApiConfig,
    parameters: &Parameters,
) -> Vec<Value> {
    let mut found = of_one(resource, config, parameters);
    found.extend(of_linkage(resource));
    found
}

/// The references to the parameters that choose among many resources, and page and sort them.
pub(super) fn of_linkage(resource: &'static Description) -> Vec<Value> {
    let mut found = vec![parameter(&names::of(resource, "sort"))];
    found.extend(pages());
    let filters = filters::parameters(resource);
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
