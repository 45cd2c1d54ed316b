//! What caches are told about the answers of resources: `Cache-Control`, `Vary`, and the names of the tables that an answer
//! is made of.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::{Digest, Sha1};

use super::behaviour::{Behaviour, Behaviours};
use super::endpoint::Endpoint;
use super::guard::MemberAccess;
use crate::schema::{Description, Operation, Registry, Relationship, RelationshipKind, ResourceId};

/// Which caches may keep an answer.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All caches, those too that several people share.
    Shared,
    /// The client's own cache at most.
    Private,
}

/// `Cache-Control` of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CacheControl {
    pub(crate) text: &'static str,
    pub(crate) reach: Reach,
}

/// What a struct says to caches.
#[derive(Debug)]
pub(crate) struct Caching {
    controls: [Option<CacheControl>; Operation::ALL.len()],
    vary: Option<&'static str>,
}

/// `Vary` of answers that don't depend on the caller.
pub(crate) const VARY: &str = "Accept";

/// `Vary` of answers that do, where the struct doesn't say on what they depend: credentials are sent in these fields.
const VARY_BY_CALLER: &str = "Accept, Authorization, Cookie";

/// `Cache-Control` of answers that depend on the caller, where nothing else is said that keeps them from other callers.
pub(crate) const OF_CALLER: &str = "private, no-cache";

impl Caching {
    pub(super) const NONE: Self = Self { controls: [None; Operation::ALL.len()], vary: None };

    pub(super) const fn with(mut self, operation: Operation, control: CacheControl) -> Self {
        self.controls[operation as usize] = Some(control);
        self
    }

    pub(super) const fn varying(mut self, fields: &'static str) -> Self {
        self.vary = Some(fields);
        self
    }

    /// What the struct says about the answers of an operation.
    pub(crate) fn of(&self, operation: Operation) -> Option<CacheControl> {
        self.controls.get(operation as usize).copied().flatten()
    }

    /// `Vary` of answers that depend on the caller by what this struct asks.
    pub(crate) fn vary_by_caller(&self) -> &'static str {
        self.vary.unwrap_or(VARY_BY_CALLER)
    }
}

/// Whether a `Cache-Control` of the configuration keeps an answer from caches that several people share.
pub(crate) fn is_private(cache_control: &str) -> bool {
    let mut elements = cache_control.split(',').map(str::trim);
    elements
        .any(|element| element.eq_ignore_ascii_case("private") || element.eq_ignore_ascii_case("no-store"))
}

/// What caches are told by all resources of a part of the application.
#[derive(Debug, Default)]
pub(crate) struct PartCaching {
    /// `Vary` of answers that depend on the caller by more than one resource.
    pub(crate) vary_by_caller: String,
    /// All tables that answers are made of.
    pub(crate) tables: Vec<&'static str>,
}

impl PartCaching {
    pub(crate) fn of(registry: &Registry, behaviours: &Behaviours) -> Self {
        let mut fields: Vec<&str> = Vec::new();
        let mut tables = Vec::new();
        for resource in registry.resources() {
            let behaviour = behaviours.of(resource);
            let has_readers = behaviours.members(resource, MemberAccess::Read).next().is_some();
            let asks =
                behaviour.has_scope() || behaviour.hooks.is_some() || has_guard(behaviour) || has_readers;
            if asks {
                fields.extend(behaviour.caching.vary_by_caller().split(", "));
            }
            tables.push(resource.table);
            tables.extend(resource.relationships.iter().filter_map(|relationship| match relationship.kind {
                RelationshipKind::Through { table, .. } => Some(table),
                _ => None,
            }));
        }
        fields.sort_unstable_by_key(|field| field.to_ascii_lowercase());
        fields.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        tables.sort_unstable();
        tables.dedup();
        // RFC 9110 §12.5.5: with `*` it depends on more than fields, whatever these are.
        let vary_by_caller = if fields.contains(&"*") { "*".to_owned() } else { fields.join(", ") };
        Self { vary_by_caller, tables }
    }
}

fn has_guard(behaviour: &Behaviour) -> bool {
    Operation::ALL.into_iter().any(|operation| behaviour.guards.has(operation))
}

/// The resources whose answers a struct calls public although each of them depends on the caller: one line each.
pub(crate) fn mistakes(registry: &Registry, behaviours: &Behaviours) -> Vec<String> {
    let mut mistakes = Vec::new();
    for resource in registry.resources() {
        for operation in Operation::ALL {
            let control = behaviours.of(resource).caching.of(operation);
            let Some(CacheControl { text, reach: Reach::Shared }) = control else { continue };
            let endpoints: Vec<Endpoint> =
                Endpoint::of(resource).into_iter().filter(|it| it.operation() == operation).collect();
            // Of several relationships, those that depend on nobody are public.
            let why: Option<Vec<String>> =
                endpoints.iter().map(|endpoint| caller_matters(resource, *endpoint, behaviours)).collect();
            if let Some(why) = why.as_deref().and_then(<[String]>::first) {
                mistakes.push(format!(
                    "`{}` says cache_control = \"{text}\" for `{}`, but {why}, so that each caller gets an answer of \
                     their own: make it `private`, or write \"no-store\"",
                    resource.rust_name,
                    operation.name()
                ));
            }
        }
    }
    mistakes
}

/// Why each answer of an endpoint depends on the caller, if it does.
fn caller_matters(
    resource: &'static Description,
    endpoint: Endpoint,
    behaviours: &Behaviours,
) -> Option<String> {
    let scoped = |resource: &'static Description| {
        let targets = resource.relationships.iter().map(Relationship::target);
        let mut reached = std::iter::once(resource).chain(targets);
        let scoped = reached.find(|reached| behaviours.of(reached).has_scope())?;
        Some(format!("`{}` has a scope, which linkage to it goes through", scoped.rust_name))
    };
    let listed = |resource: &'static Description| {
        let mut shown = resource.relationships.iter().filter(|relationship| relationship.linkage);
        let hidden = shown.find(|it| behaviours.of(it.target()).guards.has(Operation::List))?;
        let (name, target) = (hidden.name, hidden.target().rust_name);
        Some(format!("`{name}` shows linkage to `{target}`, which has a guard on `list`"))
    };
    let guarded = |resource: &'static Description, operation: Operation| {
        let has = behaviours.of(resource).guards.has(operation);
        has.then(|| format!("`{}` has a guard on `{}`", resource.rust_name, operation.name()))
    };
    let read_by = |resource: &'static Description| {
        let has = behaviours.members(resource, MemberAccess::Read).next().is_some();
        has.then(|| format!("`{}` has members with `readable_by`", resource.rust_name))
    };
    let own = guarded(resource, endpoint.operation()).or_else(|| scoped(resource));
    let by_target = |target: &'static Description| {
        guarded(target, Operation::List).or_else(|| scoped(target)).or_else(|| {
            let Endpoint::Related(relationship) = endpoint else { return None };
            let read = (!relationship.is_to_many()).then(|| guarded(target, Operation::Read)).flatten();
            read.or_else(|| listed(target)).or_else(|| read_by(target))
        })
    };
    match endpoint.relationship() {
        None => own.or_else(|| listed(resource)),
        Some(relationship) => own.or_else(|| relationship.targets().find_map(by_target)),
    }
}

/// All other characters are percent-encoded: a key may stand in a list parted by spaces or commas, in quotes, in a regular
/// expression of a proxy's configuration.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// The key of all answers that are made of a table.
pub(crate) fn table_key(table: &str) -> String {
    utf8_percent_encode(table, ENCODED).to_string()
}

/// The key of all answers at the URL of one resource, or below it.
pub(crate) fn resource_key(resource: &Description, id: &ResourceId) -> String {
    let (type_name, id) = (resource.type_name, id.to_string());
    format!("{}:{}", utf8_percent_encode(type_name, ENCODED), utf8_percent_encode(&id, ENCODED))
}

/// RFC 9875 §2: caches need not take longer names.
const LONGEST_GROUP: usize = 32;

/// Groups as a structured field (RFC 9651 §3.3.3). None of the characters in keys needs an escape.
pub(crate) fn groups(tables: &[&str]) -> String {
    let mut list = String::new();
    for table in tables {
        let mut name = table_key(table);
        if name.len() > LONGEST_GROUP {
            // Of two long names that begin alike, each has a group of its own.
            let digest = hex::encode(Sha1::digest(table.as_bytes()));
            name = name.chars().take(15).chain(['-']).chain(digest.chars().take(16)).collect();
        }
        let comma = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{comma}\"{name}\"");
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::contract::TALKS;

    #[test]
    fn keys_have_safe_characters_only() {
        for (table, key) in [
            ("sessions", "sessions"),
            ("Session_Speakers-2", "Session_Speakers-2"),
            ("a b,c", "a%20b%2Cc"),
            ("x\"y\\z", "x%22y%5Cz"),
            ("a.b:c", "a%2Eb%3Ac"),
            ("größe", "gr%C3%B6%C3%9Fe"),
            ("a\r\nSet-Cookie: x", "a%0D%0ASet-Cookie%3A%20x"),
            ("100%", "100%25"),
        ] {
            assert_eq!(table_key(table), key);
        }
        let id = ResourceId::Text("a b:\u{fc}\"".into());
        assert_eq!(resource_key(&TALKS, &id), "talks:a%20b%3A%C3%BC%22");
    }

    #[test]
    fn groups_are_a_list_of_strings_that_every_cache_takes() {
        assert_eq!(groups(&[]), "");
        assert_eq!(groups(&["sessions", "a b"]), "\"sessions\", \"a%20b\"");
        let (one, other) = ("a_very_long_name_of_a_table_number_1", "a_very_long_name_of_a_table_number_2");
        let both = groups(&[one, other]);
        let names: Vec<&str> = both.split(", ").map(|name| name.trim_matches('"')).collect();
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| name.len() == LONGEST_GROUP && name.starts_with("a_very_long_nam-")));
    }

    #[test]
    fn what_the_configuration_keeps_from_shared_caches() {
        for (value, private) in [
            ("private, no-cache", true),
            ("no-store", true),
            ("max-age=5,Private", true),
            ("public, max-age=60", false),
            ("no-cache", false),
            ("max-age=60", false),
            ("private=\"Set-Cookie\", max-age=60", false),
            ("", false),
        ] {
            assert_eq!(is_private(value), private, "{value}");
        }
    }
}
