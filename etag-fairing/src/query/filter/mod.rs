//! `filter` (JSON:API §7.7): three ways to write one typed expression. A resource is listed if all filters of the URL hold.
//!
//! - `filter[title]=x`: equal; `filter[title]=a,b` and `filter[title][]=a&filter[title][]=b`: one of them;
//!   `filter[track]=9`: related to that id; `filter[track.name]=x`: by a path. A path over a to-many relationship means
//!   any of the related resources.
//! - `filter[level][ge]=3`: by an operator that the attribute's kind has ([`operator`]).
//! - `filter=[{"name":"level","op":"ge","val":3},{"or":[…]}]`: flask-rest-jsonapi's list, with `and`, `or`, `not`,
//!   `any`, `has`, and `field` to compare two fields ([`json`]).
//!
//! Null is neither equal nor unequal to a value: `ne`, `notin_` and `notlike` leave out resources whose member is null;
//! `not` and `isnot` keep them. Write-only attributes and those with `#[jsonapi(filter = false)]` can't be filtered by. A path
//! may go on inside of an attribute that holds JSON: `filter[settings.theme]=dark`.

mod compare;
mod comparison;
mod given;
mod json;
pub(crate) mod operator;
mod text;

use super::limits::MAX_FILTER_NODES;
use super::relationships::Relationships;
use crate::error::ErrorObject;
use crate::plan::Filter;
use crate::schema::Description;
use crate::schema::unreadable::Unreadable;

/// What is wrong with a filter, and where in its JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    detail: String,
    path: String,
    limit: bool,
}

impl Fault {
    fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), path: String::new(), limit: false }
    }

    fn no_scalar() -> Self {
        Self::new("must be text, a number, true or false")
    }

    fn limit(detail: impl Into<String>) -> Self {
        Self { limit: true, ..Self::new(detail) }
    }

    /// The fault is at this member of the object, unless its place is known already.
    fn at(self, path: &str) -> Self {
        if self.path.is_empty() { self.within(path) } else { self }
    }

    /// The fault is inside this member or element.
    fn within(mut self, path: &str) -> Self {
        self.path.insert_str(0, path);
        self
    }

    /// The error for a parameter whose value has no parts.
    fn error(self, parameter: &str) -> ErrorObject {
        let error = if self.limit {
            ErrorObject::limit_exceeded(self.detail)
        } else {
            ErrorObject::invalid_filter(self.detail)
        };
        error.parameter(parameter)
    }

    /// The error for a parameter whose value is JSON: it also says where in the JSON.
    fn error_in_json(mut self, parameter: &str) -> ErrorObject {
        let path = std::mem::take(&mut self.path);
        self.error(parameter).meta("path", path)
    }
}

/// Counts the nodes of all filters of a URL, and knows the attributes that none of them may name.
#[derive(Debug)]
struct Nodes<'a> {
    counted: usize,
    unreadable: &'a Unreadable,
}

impl Nodes<'_> {
    fn count(&mut self) -> Result<(), Fault> {
        self.counted += 1;
        if self.counted > MAX_FILTER_NODES {
            return Err(Fault::limit(format!("at most {MAX_FILTER_NODES} comparisons and connectives")));
        }
        Ok(())
    }
}

/// The filters of a URL, parameter by parameter.
#[derive(Debug)]
pub(super) struct FilterBuilder<'a> {
    resource: &'static Description,
    filters: Vec<Filter>,
    lists: Vec<List>,
    nodes: Nodes<'a>,
    relationships: Relationships,
}

/// What the filters and sorts of a URL have taken of what all of them may take together.
#[derive(Debug)]
pub(super) struct Spent {
    nodes: usize,
    pub(super) relationships: Relationships,
}

/// The values of `filter[x][]`, which is sent once for each value.
#[derive(Debug)]
struct List {
    parameter: String,
    path: String,
    values: Vec<String>,
}

impl<'a> FilterBuilder<'a> {
    /// For filters of this resource. They may lead over at most this many relationships, and name none of the
    /// attributes that the caller may not read.
    pub(super) fn new(resource: &'static Description, most: u32, unreadable: &'a Unreadable) -> Self {
        let relationships = Relationships::at_most(most);
        let nodes = Nodes { counted: 0, unreadable };
        Self { resource, filters: Vec::new(), lists: Vec::new(), nodes, relationships }
    }

    /// The same for filters of what is included, after other filters of the URL.
    pub(super) fn after(resource: &'static Description, spent: Spent, unreadable: &'a Unreadable) -> Self {
        let relationships = spent.relationships.in_another_statement();
        let nodes = Nodes { counted: spent.nodes, unreadable };
        Self { resource, filters: Vec::new(), lists: Vec::new(), nodes, relationships }
    }

    /// Takes one parameter.
    pub(super) fn take(
        &mut self,
        parameter: &str,
        brackets: &[&str],
        value: &str,
    ) -> Result<(), ErrorObject> {
        self.read(parameter, brackets, value).map_err(|fault| {
            if brackets.is_empty() { fault.error_in_json(parameter) } else { fault.error(parameter) }
        })
    }

    fn read(&mut self, parameter: &str, brackets: &[&str], value: &str) -> Result<(), Fault> {
        let filter = match brackets {
            [] => {
                for filter in json::parse(self.resource, value, &mut self.nodes)? {
                    self.add(filter)?;
                }
                return Ok(());
            }
            [path, ""] if !path.is_empty() => {
                match self.lists.iter_mut().find(|list| list.parameter == parameter) {
                    Some(list) => list.values.push(value.into()),
                    None => self.lists.push(List {
                        parameter: parameter.into(),
                        path: (*path).into(),
                        values: vec![value.into()],
                    }),
                }
                return Ok(());
            }
            [path] if !path.is_empty() => text::simple(self.resource, path, value, self.nodes.unreadable)?,
            [path, "count", operator] if !path.is_empty() => {
                text::count(self.resource, path, operator, value, self.nodes.unreadable)?
            }
            [path, operator] if !path.is_empty() => {
                text::operator(self.resource, path, operator, value, self.nodes.unreadable)?
            }
            _ => return Err(Fault::new("write filter[path], filter[path][operator] or filter=[…]")),
        };
        self.nodes.count()?;
        self.add(filter)
    }

    fn add(&mut self, filter: Filter) -> Result<(), Fault> {
        self.relationships.count_filter(&filter, self.resource).map_err(Fault::limit)?;
        self.filters.push(filter);
        Ok(())
    }

    /// The whole filter (`None` if there is none), and what it takes.
    pub(super) fn finish(mut self, errors: &mut Vec<ErrorObject>) -> (Option<Filter>, Spent) {
        for list in std::mem::take(&mut self.lists) {
            let added = text::list(self.resource, &list.path, &list.values, self.nodes.unreadable).and_then(
                |filter| {
                    self.nodes.count()?;
                    self.add(filter)
                },
            );
            errors.extend(added.err().map(|fault| fault.error(&list.parameter)));
        }
        let filter = match self.filters.len() {
            0 | 1 => self.filters.pop(),
            _ => Some(Filter::And(self.filters)),
        };
        (filter, Spent { nodes: self.nodes.counted, relationships: self.relationships })
    }
}
