//! Windows: page, sort and filter of what is included.
//!
//! `page[PATH][…]`, `sort[PATH]` and `filterIncluded[PATH]…` are what `page`, `sort` and `filter` are at the
//! relationship's own URL. The path is one of `include`. `filter` itself can't have a path in brackets, since
//! `filter[speakers][eq]=2` has a meaning of its own; a family of an implementation's own must have a name with
//! another character than `a` to `z` (JSON:API §9.3).
//!
//! A document has each resource once, and so each relationship of it: all paths that include one relationship of a
//! resource must have the same window.

use super::filter::{FilterBuilder, Spent};
use super::page::PageBuilder;
use super::{Context, DefaultOrder, IncludeTree, PageRequest, Parameters, Target, sort};
use crate::error::ErrorObject;
use crate::plan::{Filter, Listing, Page, SortKey};
use crate::query::name::ParameterName;
use crate::schema::{Description, Relationship, RelationshipId};

/// The family of the filters.
pub(crate) const FILTER: &str = "filterIncluded";

/// Which of an owner's related resources are included, and in what order its linkage has them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct IncludeWindow {
    pub(crate) filter: Option<Filter>,
    pub(crate) sort: Vec<SortKey>,
    pub(crate) page: Option<PageRequest>,
    /// The path of the include, as its parameters name it.
    path: String,
}

impl IncludeWindow {
    /// What to ask of the store.
    pub(crate) fn listing(&self) -> Listing {
        let page = match self.page.as_ref().map(PageRequest::rows) {
            None => Page::All,
            // A cursor would be a place in the order of one owner alone, so that there is none here.
            Some(Page::Between { limit, .. }) => Page::Offset { offset: 0, limit },
            Some(page) => page,
        };
        let listing = Listing::all().filtered(self.filter.clone()).sorted(self.sort.clone()).paged(page);
        if self.page.as_ref().is_some_and(|page| page.total) { listing.counted() } else { listing }
    }

    /// A window without a page or an order.
    #[cfg(test)]
    pub(crate) fn of_filter(filter: Filter) -> Self {
        Self { filter: Some(filter), sort: Vec::new(), page: None, path: String::new() }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.filter, &self.sort, &self.page) == (&other.filter, &other.sort, &other.page)
    }

    /// The parameters that ask for the same at the relationship's own URL, where the window is the page.
    pub(crate) fn at_the_relationship(&self, parameters: &Parameters) -> Parameters {
        let path = self.path.as_str();
        let above = path.rfind('.').map_or(0, |dot| dot + 1);
        // A path as it begins at the owner of this relationship, if it leads over it.
        let from_owner = |other: &str| {
            let behind = other.strip_prefix(path)?;
            (behind.is_empty() || behind.starts_with('.'))
                .then(|| other.get(above..).unwrap_or("").to_owned())
        };
        let there = |name: &str, value: &str| {
            let parsed = ParameterName::parse(name)?;
            let (family, include, rest) = match (parsed.base, parsed.brackets.as_slice()) {
                ("include", []) => {
                    let paths: Vec<String> = value.split(',').filter_map(from_owner).collect();
                    return Some((name.to_owned(), paths.join(",")));
                }
                ("fields", _) => return Some((name.to_owned(), value.to_owned())),
                (FILTER, [include, rest @ ..]) => (FILTER, include, rest),
                (family @ "page", [include, rest]) => (family, include, std::slice::from_ref(rest)),
                (family @ "sort", [include]) => (family, include, [].as_slice()),
                _ => return None,
            };
            let mut name = String::from(match (family, *include == path) {
                (FILTER, true) => "filter",
                (family, _) => family,
            });
            let include =
                (*include != path).then(|| from_owner(include)).map_or(Some(None), |it| it.map(Some))?;
            for bracket in include.iter().map(String::as_str).chain(rest.iter().copied()) {
                name.push('[');
                name.push_str(bracket);
                name.push(']');
            }
            Some((name, value.to_owned()))
        };
        parameters.iter().filter_map(|(name, value)| there(name, value)).collect()
    }
}

/// Whether a parameter is about what is included.
pub(super) fn is_of_window(name: &ParameterName<'_>) -> bool {
    match (name.base, name.brackets.as_slice()) {
        (FILTER, _) => true,
        ("sort", [path]) | ("page", [path, _]) => !path.is_empty(),
        _ => false,
    }
}

/// The parameters of all windows of a URL.
#[derive(Debug, Default)]
pub(super) struct WindowBuilder<'p> {
    windows: Vec<Asked<'p>>,
}

/// The parameters of one window.
#[derive(Debug)]
struct Asked<'p> {
    path: &'p str,
    parameters: Vec<Parameter<'p>>,
}

#[derive(Debug)]
struct Parameter<'p> {
    /// The parameter as the client wrote it.
    name: &'p str,
    value: &'p str,
    part: Part<'p>,
}

#[derive(Debug)]
enum Part<'p> {
    Page(&'p str),
    Sort,
    Filter(Vec<&'p str>),
}

impl<'p> WindowBuilder<'p> {
    /// Takes one parameter.
    pub(super) fn take(
        &mut self,
        name: &ParameterName<'p>,
        parameter: &'p str,
        value: &'p str,
    ) -> Result<(), ErrorObject> {
        let (path, part) = match (name.base, name.brackets.as_slice()) {
            ("page", [path, key]) => (*path, Part::Page(key)),
            ("sort", [path]) => (*path, Part::Sort),
            (FILTER, [path, rest @ ..]) if !path.is_empty() => (*path, Part::Filter(rest.to_vec())),
            _ => {
                return Err(ErrorObject::unknown_parameter(format!(
                    "write {FILTER}[PATH][…], with a path of include and what filter has in its brackets"
                )));
            }
        };
        let parameter = Parameter { name: parameter, value, part };
        match self.windows.iter_mut().find(|asked| asked.path == path) {
            Some(asked) => asked.parameters.push(parameter),
            None => self.windows.push(Asked { path, parameters: vec![parameter] }),
        }
        Ok(())
    }

    /// Puts the windows into the tree.
    pub(super) fn finish(
        self,
        tree: &mut [IncludeTree],
        context: &Context<'_>,
        mut spent: Spent,
        errors: &mut Vec<ErrorObject>,
    ) {
        if self.windows.is_empty() {
            return;
        }
        for asked in &self.windows {
            match asked.relationships(tree, context) {
                Ok(relationships) => {
                    for (way, relationship) in relationships {
                        let number = errors.len();
                        let window;
                        (window, spent) = asked.window(relationship, context, spent, errors);
                        // Another type behind the path would have the same errors, or be one too many.
                        if errors.len() > number {
                            break;
                        }
                        if let Some(include) = at(tree, &way) {
                            include.window = Some(Box::new(window));
                        }
                    }
                }
                Err(detail) => errors.extend(asked.parameters.iter().map(|parameter| {
                    ErrorObject::unknown_parameter(detail.clone()).parameter(parameter.name)
                })),
            }
        }
        if errors.is_empty() {
            let mut known = Vec::new();
            let mut differing = None;
            compare(context.resource, tree, &mut known, "", &mut differing);
            if let Some((path, other)) = differing {
                let asked = self.windows.iter().find(|asked| asked.path == path || asked.path == other);
                let detail = format!(
                    "{path} and {other} are one relationship, of which a document shows one part: give both the same \
                     page, sort and filter"
                );
                errors.extend(asked.and_then(|asked| asked.parameters.first()).map(|it| it.error(detail)));
            }
        }
    }
}

impl Parameter<'_> {
    fn error(&self, detail: String) -> ErrorObject {
        let error = match self.part {
            Part::Page(_) => ErrorObject::invalid_page(detail),
            Part::Sort => ErrorObject::invalid_sort(detail),
            Part::Filter(_) => ErrorObject::invalid_filter(detail),
        };
        error.parameter(self.name)
    }
}

impl Asked<'_> {
    /// The includes that the path names, each by its place at each level of the tree. It goes over each type of a
    /// polymorphic relationship, as that of `include` does: those that have such a relationship get the window.
    fn relationships(
        &self,
        tree: &[IncludeTree],
        context: &Context<'_>,
    ) -> Result<Vec<(Vec<usize>, &'static Relationship)>, String> {
        let path = self.path;
        let mut ways = vec![(context.resource, tree, Vec::new())];
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            let is_last = names.peek().is_none();
            let mut next = Vec::new();
            let mut found = Vec::new();
            let mut is_to_one = false;
            for (here, level, way) in &ways {
                let Some((first, relationship)) = context.unreadable.relationship(here, name) else {
                    continue;
                };
                if is_last && matches!(context.target, Target::Linkage(own) if own == first && path == name) {
                    return Err(format!(
                        "{path} is the list of this URL: write page[…], sort and filter for it"
                    ));
                }
                is_to_one |= !relationship.is_to_many();
                if is_last && relationship.is_to_many() && here.arms(first).nth(1).is_some() {
                    return Err(format!("{path} leads to several types: ask at the related URL"));
                }
                for (id, arm) in here.arms(first) {
                    let place = level.iter().position(|include| include.relationship == id);
                    let Some((place, include)) = place.and_then(|place| Some((place, level.get(place)?)))
                    else {
                        continue;
                    };
                    let way: Vec<usize> = way.iter().copied().chain([place]).collect();
                    if is_last && arm.is_to_many() {
                        found.push((way, arm));
                    } else {
                        next.push((arm.target(), include.children.as_slice(), way));
                    }
                }
            }
            if is_last && !found.is_empty() {
                return Ok(found);
            }
            if is_last && is_to_one {
                return Err(format!(
                    "{path} is to-one: only to-many relationships have a page, a sort or a filter"
                ));
            }
            ways = next;
        }
        Err(format!("{path} is not included: name it in include"))
    }

    fn window(
        &self,
        relationship: &'static Relationship,
        context: &Context<'_>,
        spent: Spent,
        errors: &mut Vec<ErrorObject>,
    ) -> (IncludeWindow, Spent) {
        let Context { config, cursor_profile, unreadable, .. } = *context;
        let target = relationship.target();
        let mut page = PageBuilder::of_include(self.path);
        let mut keys = Some(Vec::new());
        let mut sort_name = "sort";
        let mut filter = FilterBuilder::after(target, spent, unreadable);
        for Parameter { name, value, part } in &self.parameters {
            let refused = match part {
                Part::Page("after" | "before") => {
                    let detail = "a cursor is a place among the resources of one owner: use the links of its relationship";
                    Err(ErrorObject::invalid_page(detail))
                }
                Part::Page(key) => page.take(key, value),
                Part::Filter(brackets) => filter.take(name, brackets, value),
                Part::Sort => {
                    sort_name = name;
                    match sort::parse(value, target, unreadable) {
                        Ok(sort) => keys = Some(sort),
                        Err(refused) => {
                            keys = None;
                            errors.extend(refused.into_iter().map(|error| error.parameter(*name)));
                        }
                    }
                    Ok(())
                }
            };
            errors.extend(refused.err().map(|error| error.parameter(*name)));
        }
        let (filter, mut spent) = filter.finish(errors);
        let sorted = keys.iter().flatten().try_for_each(|key| spent.relationships.count_member(&key.member));
        errors.extend(sorted.err().map(|detail| ErrorObject::limit_exceeded(detail).parameter(sort_name)));
        let page = if page.is_asked_for() {
            // The positions of an order are not read here, so that its pages go by number.
            let by_position = relationship.order.is_some() && keys.as_ref().is_none_or(Vec::is_empty);
            page.finish(target, keys.as_deref(), DefaultOrder::Ids, cursor_profile && !by_position, config)
                .unwrap_or_else(|error| {
                    errors.push(error);
                    None
                })
        } else {
            None
        };
        let window = IncludeWindow { filter, sort: keys.unwrap_or_default(), page, path: self.path.into() };
        (window, spent)
    }
}

/// The include at these places, level by level.
fn at<'t>(tree: &'t mut [IncludeTree], way: &[usize]) -> Option<&'t mut IncludeTree> {
    let (first, behind) = way.split_first()?;
    let include = tree.get_mut(*first)?;
    if behind.is_empty() { Some(include) } else { at(&mut include.children, behind) }
}

/// Looks for two paths that include one relationship by different windows.
fn compare<'t>(
    owner: &'static Description,
    tree: &'t [IncludeTree],
    known: &mut Vec<(&'static Description, RelationshipId, Option<&'t IncludeWindow>, String)>,
    above: &str,
    differing: &mut Option<(String, String)>,
) {
    for include in tree {
        let Some(relationship) = owner.relationship_at(include.relationship) else { continue };
        let path = match above {
            "" => relationship.name.to_owned(),
            above => format!("{above}.{}", relationship.name),
        };
        let window = include.window.as_deref();
        let same = known.iter().find(|(of, id, ..)| of.is(owner) && *id == include.relationship);
        match same {
            None => known.push((owner, include.relationship, window, path.clone())),
            Some((.., other, other_path)) => {
                let is_same = match (window, other) {
                    (None, None) => true,
                    (Some(window), Some(other)) => window.is_same(other),
                    _ => false,
                };
                if !is_same && differing.is_none() {
                    *differing = Some((path.clone(), other_path.clone()));
                }
            }
        }
        compare(relationship.target(), &include.children, known, &path, differing);
    }
}
