//! `filter` (JSON:API §8.7.1): three spellings of one typed expression. All that a URL has must hold.
//!
//! - `filter[title]=x`: equal; `filter[title]=a,b` and `filter[title][]=a&filter[title][]=b`: one of them;
//!   `filter[track]=9`: related to that id; `filter[track.name]=x`: by a path, over to-many relationships too, where
//!   it means: any of them.
//! - `filter[level][ge]=3`: by an operator, of those that the attribute's kind takes ([`operator`]).
//! - `filter=[{"name":"level","op":"ge","val":3},{"or":[…]}]`: flask-rest-jsonapi's list, with `and`, `or`, `not`,
//!   `any`, `has`, and `field` to compare two fields ([`json`]).
//!
//! Null equals nothing and is unequal to nothing: `ne`, `notin_` and `notlike` leave out what is null; `not` and
//! `isnot` don't. Write-only attributes, and those with `#[jsonapi(filter = false)]`, can't be filtered by; an
//! attribute that holds JSON can be asked only whether it is null.

mod compare;
mod json;
pub(crate) mod operator;
mod text;

use super::limits::MAX_FILTER_NODES;
use super::relationships::Relationships;
use crate::error::ErrorObject;
use crate::plan::Filter;
use crate::schema::Description;

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

    fn limit(detail: impl Into<String>) -> Self {
        Self { limit: true, ..Self::new(detail) }
    }

    /// At this member of the object, unless it is said already.
    fn at(self, path: &str) -> Self {
        if self.path.is_empty() { self.within(path) } else { self }
    }

    /// Below this member or place.
    fn within(mut self, path: &str) -> Self {
        self.path.insert_str(0, path);
        self
    }

    fn error(self, parameter: &str, json: bool) -> ErrorObject {
        let error = match self.limit {
            true => ErrorObject::limit_exceeded(self.detail),
            false => ErrorObject::invalid_filter(self.detail),
        };
        let error = if json { error.meta("path", self.path) } else { error };
        error.parameter(parameter)
    }
}

/// The nodes of all filters of a URL, counted.
#[derive(Debug, Default)]
struct Nodes(usize);

impl Nodes {
    fn count(&mut self) -> Result<(), Fault> {
        self.0 += 1;
        match self.0 > MAX_FILTER_NODES {
            true => Err(Fault::limit(format!("at most {MAX_FILTER_NODES} comparisons and connectives"))),
            false => Ok(()),
        }
    }
}

/// The filters of a URL, parameter by parameter.
#[derive(Debug)]
pub(super) struct Builder {
    resource: &'static Description,
    filters: Vec<Filter>,
    lists: Vec<List>,
    nodes: Nodes,
    relationships: Relationships,
}

/// `filter[x][]`, which stands there once a value.
#[derive(Debug)]
struct List {
    parameter: String,
    path: String,
    values: Vec<String>,
}

impl Builder {
    /// For filters of this resource that lead over so many relationships.
    pub(super) fn new(resource: &'static Description, most: u32) -> Self {
        let relationships = Relationships::at_most(most);
        Self { resource, filters: Vec::new(), lists: Vec::new(), nodes: Nodes::default(), relationships }
    }

    /// Takes one parameter.
    pub(super) fn take(
        &mut self,
        parameter: &str,
        brackets: &[&str],
        value: &str,
    ) -> Result<(), ErrorObject> {
        let json = brackets.is_empty();
        self.read(parameter, brackets, value).map_err(|fault| fault.error(parameter, json))
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
            [path] if !path.is_empty() => text::simple(self.resource, path, value)?,
            [path, operator] if !path.is_empty() => text::operator(self.resource, path, operator, value)?,
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

    /// The whole filter, `None` if there is none, and the relationships that it leads over.
    pub(super) fn finish(mut self, errors: &mut Vec<ErrorObject>) -> (Option<Filter>, Relationships) {
        for list in std::mem::take(&mut self.lists) {
            let added = text::list(self.resource, &list.path, &list.values).and_then(|filter| {
                self.nodes.count()?;
                self.add(filter)
            });
            errors.extend(added.err().map(|fault| fault.error(&list.parameter, false)));
        }
        let filter = match self.filters.len() {
            0 | 1 => self.filters.pop(),
            _ => Some(Filter::And(self.filters)),
        };
        (filter, self.relationships)
    }
}
