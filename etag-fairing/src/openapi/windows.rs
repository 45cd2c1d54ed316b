//! Windows of what is included: `page`, `sort` and `filterIncluded` with a path of `include` in brackets.

use serde_json::{Value, json};

use super::filters;
use super::names::{self, schema};
use super::parameters::{page_schema, query, sort};
use crate::config::JsonApiConfig;
use crate::query::limits::MAX_FILTER_NODES;
use crate::schema::{Description, Relationship};

/// For how many paths a resource has parameters one by one: at least for all its own relationships. For more, the
/// description of `include` says the form.
const MOST_PATHS: usize = 8;

const PAGE_KEYS: [(&str, &str); 5] = [
    ("size", "How many resources of each owner are included, with `include`."),
    ("number", "The page of this number, of each owner. It goes with the size."),
    ("limit", "How many resources of each owner are included, with `include`."),
    ("offset", "So many resources of each owner are left out. It goes with the limit."),
    ("totals", "Whether to count what each owner has."),
];

/// The parameters of the windows of a resource, each with the name of its component.
pub(super) fn of(resource: &'static Description, config: &JsonApiConfig) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (path, relationship) in paths(resource, config) {
        let target = relationship.target();
        let mut add = |key: &str, parameter: Value| {
            let ending = format!("window.{}.{key}", component(&path));
            found.push((names::of(resource, &ending), parameter));
        };
        add("sort", sort(&format!("sort[{path}]"), target));
        for (key, description) in PAGE_KEYS {
            add(key, query(&format!("page[{path}][{key}]"), page_schema(key, config), description));
        }
        add("filter", filter(&path, target));
    }
    found
}

/// The filter of what is included. It has the forms of `filter` in brackets, too; in JSON there is one parameter for all.
fn filter(path: &str, target: &'static Description) -> Value {
    json!({
        "name": format!("filterIncluded[{path}]"),
        "in": "query",
        "description": format!(
            "Which {} of each owner are included, with `include`: a list of expressions, which must all hold. In brackets \
             behind it stands what `filter` has: `filterIncluded[{path}][id]=1`.",
            target.type_name
        ),
        "content": {"application/json": {"schema": {
            "type": "array",
            "items": schema(&names::of(target, filters::LIST)),
            "maxItems": MAX_FILTER_NODES,
        }}},
    })
}

/// The name of a path in that of a component. A point of the path becomes what no member name has.
fn component(path: &str) -> String {
    path.split('.').map(names::component).collect::<Vec<_>>().join("..")
}

/// A path of `include` with the relationships that it leads over, and where it ends.
struct Way {
    path: String,
    over: Vec<&'static Relationship>,
    end: &'static Description,
}

/// The paths of `include` that end in a to-many relationship, the short ones first. None leads over a polymorphic
/// relationship, or twice over one: a document shows one part of it.
fn paths(resource: &'static Description, config: &JsonApiConfig) -> Vec<(String, &'static Relationship)> {
    let mut found: Vec<(String, &'static Relationship)> = Vec::new();
    let mut ways = vec![Way { path: String::new(), over: Vec::new(), end: resource }];
    for depth in 0..config.max_include_depth {
        let mut next = Vec::new();
        for way in &ways {
            for relationship in
                way.end.relationships.iter().filter(|relationship| !relationship.is_polymorphic())
            {
                if way.over.iter().any(|known| std::ptr::eq(*known, relationship)) {
                    continue;
                }
                let path = format!("{}{}", way.path, relationship.name);
                if relationship.is_to_many() {
                    if depth > 0 && found.len() >= MOST_PATHS {
                        return found;
                    }
                    found.push((path.clone(), relationship));
                }
                let over = way.over.iter().copied().chain([relationship]).collect();
                next.push(Way { path: format!("{path}."), over, end: relationship.target() });
            }
        }
        if found.len() >= MOST_PATHS {
            break;
        }
        ways = next;
    }
    found
}
