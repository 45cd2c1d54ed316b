//! Query parameters (JSON:API §7, §9): parsed to one typed [`Query`], or refused with the parameter named.
//!
//! Everything here is pure: it uses descriptions of resources and the configuration, but no store and no request. Which
//! parameters a URL takes depends on its [`Target`]. How much a query may ask for stands in [`limits`].
mod counts;
mod cursor;
mod fields;
mod filter;
mod include;
mod item_tags;
pub(crate) mod limits;
mod name;
mod page;
mod page_links;
mod parameters;
mod relationships;
mod sort;
#[cfg(test)]
mod tests;
mod window;

use std::collections::HashSet;

pub(crate) use self::counts::CountedRelationship;
pub(crate) use self::cursor::place_of;
pub(crate) use self::fields::{FieldSet, Fields};
pub(crate) use self::filter::operator as operators;
pub(crate) use self::include::IncludeTree;
pub(crate) use self::item_tags::ItemTags;
use self::name::ParameterName;
pub(crate) use self::page::{PageRequest, highest_number as highest_page_number};
pub(crate) use self::page_links::{Extent, PageLinks};
pub(crate) use self::parameters::{Parameters, href};
pub(crate) use self::window::{FILTER as INCLUDED_FILTER, IncludeWindow};
use crate::config::JsonApiConfig;
use crate::error::{ErrorObject, Errors};
use crate::negotiate::Profiles;
use crate::plan::{Filter, Listing, Page, SortKey};
use crate::schema::unreadable::Unreadable;
use crate::schema::{Description, Registry, Relationship, RelationshipId};

/// What a URL's query asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// What to include; `None` if the client sends no `include`, an empty list for `include=` (JSON:API §7.3).
    pub(crate) include: Option<Vec<IncludeTree>>,
    /// The relationships whose related resources are counted.
    pub(crate) counts: Vec<CountedRelationship>,
    /// The sparse fieldsets.
    pub(crate) fields: Fields,
    /// Which resources of many.
    pub(crate) filter: Option<Filter>,
    /// In what order.
    pub(crate) sort: Vec<SortKey>,
    /// The page, where the URL has pages.
    pub(crate) page: Option<PageRequest>,
    /// Which resource objects have their entity tag in `meta`; `None` where no part of the document has one. The URL says
    /// nothing of it: the client asks for a profile, or the struct says so.
    pub(crate) item_tags: Option<ItemTags>,
}

/// Which families of parameters a URL takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One resource: `include` and `fields`.
    Single,
    /// Many resources: all families.
    Many,
    /// The related resources of a relationship that has an order: all families.
    InOrder,
    /// The linkage of this relationship: `include`, which begins with it, `fields`, and, for to-many, `sort`, `filter` and
    /// `page`.
    Linkage(RelationshipId),
    /// No document, so that no parameter has a meaning.
    Nothing,
}

/// The order of resources for which no `sort` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefaultOrder {
    /// By their ids.
    Ids,
    /// By their positions in the relationship, then by their ids.
    Positions,
}

/// What the reading of a query depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// The resource of the primary data; for [`Target::Linkage`] the relationship's owner.
    pub(crate) resource: &'static Description,
    /// What the URL takes.
    pub(crate) target: Target,
    /// The mounted resources, for `fields`.
    pub(crate) registry: &'a Registry,
    /// The configuration.
    pub(crate) config: &'a JsonApiConfig,
    /// Whether the client asks for the cursor pagination profile in `Accept`.
    pub(crate) cursor_profile: bool,
    /// The attributes and relationships that the caller may not read: no parameter may name them.
    pub(crate) unreadable: &'a Unreadable,
}

/// The families of parameters that there are.
fn is_family(name: &str) -> bool {
    matches!(name, "include" | "fields" | "withCount" | "sort" | "filter" | "page" | window::FILTER)
}

impl Target {
    /// The resource that the primary data is a list of, for its `sort`, `filter` and `page`; otherwise that of the URL.
    pub(crate) fn listed(self, resource: &'static Description) -> &'static Description {
        match self {
            Self::Linkage(id) => resource.relationship_at(id).map_or(resource, Relationship::target),
            Self::Single | Self::Many | Self::InOrder | Self::Nothing => resource,
        }
    }

    fn takes(self, family: &str, resource: &Description) -> bool {
        match self {
            Self::Many | Self::InOrder => is_family(family),
            // What is included may be a window, whatever the primary data is.
            Self::Single | Self::Linkage(_) if family == window::FILTER => true,
            Self::Linkage(id) if matches!(family, "page" | "sort" | "filter") => {
                resource.relationship_at(id).is_some_and(Relationship::is_to_many)
            }
            Self::Single => matches!(family, "include" | "fields" | "withCount"),
            Self::Linkage(_) => matches!(family, "include" | "fields" | "withCount"),
            Self::Nothing => false,
        }
    }
}

impl Query {
    /// # Errors
    /// 400, an error for each parameter that is unknown, misplaced, repeated or has a bad value.
    pub(crate) fn parse(parameters: &Parameters, context: &Context<'_>) -> Result<Self, Errors> {
        let Context { resource, target, registry, config, cursor_profile, unreadable } = *context;
        let mut errors = Vec::new();
        let (mut include, mut fields, mut sort) = (None, Fields::default(), Some(Vec::new()));
        let listed = target.listed(resource);
        let mut windows = window::WindowBuilder::default();
        let mut include_is_refused = false;
        let mut filter = filter::FilterBuilder::new(listed, config.max_filter_relationships, unreadable);
        let mut page = page::PageBuilder::default();
        let mut sort_errors = Vec::new();
        let mut counted = None;
        let mut seen = HashSet::new();
        if parameters.iter().nth(limits::MAX_PARAMETERS).is_some() {
            let detail = format!("at most {} parameters", limits::MAX_PARAMETERS);
            return Err(ErrorObject::limit_exceeded(detail).into());
        }
        for (parameter, value) in parameters.iter() {
            // JSON:API §9: a server refuses names that the specification doesn't allow.
            let Some(name) = ParameterName::parse(parameter) else {
                let detail = "not a name that JSON:API allows for a query parameter";
                errors.push(ErrorObject::invalid_parameter_name(detail).parameter(parameter));
                continue;
            };
            if let Err(error) = admit(&name, parameter, value, context, &mut seen) {
                errors.push(error.parameter(parameter));
                continue;
            }
            let brackets = name.brackets.as_slice();
            let many =
                |refused: Vec<ErrorObject>| refused.into_iter().map(|error| error.parameter(parameter));
            if window::is_of_window(&name) {
                errors.extend(
                    windows.take(&name, parameter, value).err().map(|error| error.parameter(parameter)),
                );
                continue;
            }
            match (name.base, brackets) {
                ("include", []) => {
                    let only = if let Target::Linkage(id) = target { Some(id) } else { None };
                    match include::parse(value, resource, only, config.max_include_depth, unreadable) {
                        Ok(tree) => include = Some(tree),
                        Err(refused) => {
                            include_is_refused = true;
                            errors.extend(many(refused));
                        }
                    }
                }
                // After all others, since it may name what is included.
                ("withCount", []) => counted = Some((parameter, value)),
                ("sort", []) => match sort::parse(value, listed, unreadable) {
                    Ok(keys) => sort = Some(keys),
                    Err(refused) => {
                        sort = None;
                        sort_errors.extend(many(refused));
                    }
                },
                ("fields", brackets) => {
                    errors.extend(
                        fields
                            .take(brackets, value, registry, unreadable)
                            .err()
                            .map(|error| error.parameter(parameter)),
                    );
                }
                ("filter", brackets) => errors.extend(filter.take(parameter, brackets, value).err()),
                ("page", [key]) => {
                    errors.extend(page.take(key, value).err().map(|error| error.parameter(parameter)));
                }
                _ => errors.push(
                    ErrorObject::unknown_parameter("no such parameter of its family").parameter(parameter),
                ),
            }
        }
        let counts = counted.map(|(parameter, value)| {
            let include = include.as_deref().unwrap_or(&[]);
            let only = if let Target::Linkage(id) = target { Some(id) } else { None };
            counts::parse(value, resource, only, include, unreadable).unwrap_or_else(|refused| {
                errors.extend(refused.into_iter().map(|error| error.parameter(parameter)));
                Vec::new()
            })
        });
        // The cursor pagination profile, "Sorting": its clients learn from `links.type` that the order isn't supported.
        let by_cursor = page.by_cursor(cursor_profile);
        errors.extend(sort_errors.into_iter().map(|error| {
            if by_cursor { error.type_link(page::profile_error("unsupported-sort")) } else { error }
        }));
        let (filter, mut spent) = filter.finish(&mut errors);
        let sorted = sort.iter().flatten().try_for_each(|key| spent.relationships.count_member(&key.member));
        if let Err(detail) = sorted {
            errors.push(ErrorObject::limit_exceeded(detail).parameter("sort"));
        }
        if !include_is_refused {
            let tree = include.as_deref_mut().unwrap_or(&mut []);
            windows.finish(tree, context, spent, &mut errors);
        }
        let page = match target {
            Target::Many => page.finish(resource, sort.as_deref(), DefaultOrder::Ids, cursor_profile, config),
            Target::InOrder => {
                page.finish(resource, sort.as_deref(), DefaultOrder::Positions, cursor_profile, config)
            }
            // All linkage is shown unless the client asks for a page of it: a write compares the entity tag of all of it.
            Target::Linkage(id) if page.is_asked_for() => {
                let is_ordered = resource.relationship_at(id).is_some_and(|of| of.order.is_some());
                let order = if is_ordered { DefaultOrder::Positions } else { DefaultOrder::Ids };
                page.finish(listed, sort.as_deref(), order, cursor_profile, config)
            }
            _ => Ok(None),
        };
        let page = page.unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        match Errors::from_vec(errors) {
            Some(errors) => Err(errors),
            None => {
                let (counts, sort) = (counts.unwrap_or_default(), sort.unwrap_or_default());
                Ok(Self { include, counts, fields, filter, sort, page, item_tags: None })
            }
        }
    }

    /// The profiles that apply to the answer (JSON:API §4.3), as the `profile` parameter has them.
    pub(crate) fn profile(&self) -> Option<&'static str> {
        let page = self.page.as_ref().is_some_and(PageRequest::is_by_cursor);
        let cursor_pagination = page || self.include.iter().flatten().any(IncludeTree::is_by_cursor);
        Profiles { cursor_pagination, concurrency: self.item_tags.is_some() }.uris()
    }

    /// Which rows to ask of the store.
    pub(crate) fn listing(&self) -> Listing {
        Listing {
            filter: self.filter.clone(),
            sort: self.sort.clone(),
            page: self.page.as_ref().map_or(Page::All, PageRequest::rows),
            total: self.page.as_ref().is_some_and(|page| page.total),
        }
    }
}

/// Refuses a parameter that the URL doesn't take, that was given before or that is too long.
fn admit(
    name: &ParameterName<'_>,
    parameter: &str,
    value: &str,
    context: &Context<'_>,
    seen: &mut HashSet<String>,
) -> Result<(), ErrorObject> {
    if !is_family(name.base) {
        // JSON:API §9: a server must refuse a parameter that it doesn't know.
        return Err(ErrorObject::unknown_parameter("no such parameter at this URL"));
    }
    // A parameter that the URL doesn't support is refused, so that no client believes that it has an effect (JSON:API §7.3,
    // §7.5).
    let family = if window::is_of_window(name) { window::FILTER } else { name.base };
    if !context.target.takes(family, context.resource) {
        return Err(ErrorObject::unknown_parameter(format!("{} means nothing at this URL", name.base)));
    }
    // Only the elements of a list, `filter[name][]`, may be given several times.
    let list =
        matches!((name.base, name.brackets.as_slice()), ("filter", [_, ""]) | (window::FILTER, [_, _, ""]));
    if !seen.insert(parameter.to_owned()) && !list {
        return Err(ErrorObject::unknown_parameter("given more than once"));
    }
    if value.len() > limits::MAX_VALUE_BYTES {
        return Err(ErrorObject::limit_exceeded(format!("at most {} bytes", limits::MAX_VALUE_BYTES)));
    }
    Ok(())
}
