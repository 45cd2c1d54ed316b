//! `#[jsonapi(…)]` on the struct.

use proc_macro2::Ident;
use syn::{Data, DeriveInput, ExprPath, LitStr, Meta, Type, ext::IdentExt};

use super::caching::{Caching, Callers};
use super::entries::{Entries, Entry, Value, entries_of, function_of, listed, names_of, type_of, unknown};
use super::keys::OPERATIONS;
use super::member_name::{Name, Place, check_member_name};
use super::{docs, keys, types};
use crate::{
    errors::Errors,
    names::{CaseRule, member_name_fault, segment_fault, snake_case},
};

/// What the struct says of itself.
pub(crate) struct Container {
    /// The doc comment.
    pub(crate) docs: String,
    pub(crate) type_name: String,
    pub(crate) path: String,
    pub(crate) table: String,
    /// The fields that the id is made of, if it is made of several; with the key, for where it stands.
    pub(crate) key: Option<(Ident, Vec<Ident>)>,
    pub(crate) rename_all: CaseRule,
    pub(crate) etag: Etag,
    /// Whether the tags of items stand in lists, too.
    pub(crate) item_tags: bool,
    /// Whether writes must carry `If-Match`.
    pub(crate) require_if_match: bool,
    /// Whether writes must carry an `Idempotency-Key`.
    pub(crate) idempotent: bool,
    /// The request guard of each operation that has one: the variant of `Operation` and the type.
    pub(crate) guards: Vec<(Ident, Type)>,
    /// The function that tells which rows a request sees.
    pub(crate) scope: Option<ExprPath>,
    /// Whether a write may take a row out of its writer's scope.
    pub(crate) may_leave: bool,
    /// The column with the time of the deletion, if a deletion only marks the row.
    pub(crate) soft_delete: Option<Name>,
    /// The computed attributes: their names and functions.
    pub(crate) computed: Vec<(Name, ExprPath)>,
    /// Whether it has rules for values; the key, for where it stands.
    pub(crate) validate: Option<Ident>,
    /// Whether it has hooks; the key, for where it stands.
    pub(crate) hooks: Option<Ident>,
    /// What caches are told.
    pub(crate) caching: Caching,
}

/// What stands among the operations of `etag(…)` for tags of items in lists.
const ITEMS: &str = "items";

/// The operations that carry entity tags.
pub(crate) enum Etag {
    None,
    All,
    /// Variants of `Operation`.
    Only(Vec<Ident>),
}

impl Container {
    pub(super) fn read(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut entries =
            Entries::read(&input.attrs, &keys::STRUCT, &keys::FIELD, "a field, not on the struct", errors);
        let type_missing = !entries.has("type") && !entries.is_broken();
        let type_name = entries.text("type", errors);
        if type_missing {
            errors.at(
                &input.ident,
                format!(
                    "the resource has no type: add `#[jsonapi(type = \"{}s\")]`",
                    snake_case(&input.ident.unraw().to_string()).replace('_', "-")
                ),
            );
        }
        if let Some(name) = &type_name {
            check_type(name, errors);
        }
        let rename_all = rename_all(&mut entries, errors);
        let path = entries.text("path", errors);
        check_path(path.as_ref(), type_name.as_ref(), errors);
        let type_name = type_name.map(|name| name.value()).unwrap_or_default();
        let (etag, item_tags) = etag(&mut entries, errors);
        let guards = guards(&mut entries, &input.ident, errors);
        let scope = scope(&mut entries, &input.ident, errors);
        let hooks = entries.flag("hooks", errors);
        let key = key(&mut entries, errors);
        let guarded: Vec<Ident> = guards.iter().map(|(operation, _)| operation.clone()).collect();
        let callers = Callers {
            guarded: &guarded,
            has_scope: scope.is_some(),
            has_hooks: hooks.is_some(),
            has_readers: has_readers(input),
        };
        Self {
            docs: docs::text(&input.attrs),
            may_leave: may_leave(&mut entries, scope.as_ref(), errors),
            soft_delete: soft_delete(&mut entries, errors),
            caching: Caching::read(&mut entries, callers, errors),
            require_if_match: require_if_match(&mut entries, &etag, errors),
            idempotent: entries.flag("idempotent", errors).is_some(),
            path: path.map_or_else(|| type_name.clone(), |path| path.value()),
            table: entries
                .text("table", errors)
                .map_or_else(|| type_name.replace('-', "_"), |table| table.value()),
            type_name,
            key,
            rename_all,
            computed: computed(&mut entries, rename_all, &input.ident, errors),
            etag,
            item_tags,
            guards,
            scope,
            validate: entries.flag("validate", errors),
            hooks,
        }
    }
}

impl Container {
    /// Whether a field is part of the id.
    pub(super) fn has_part(&self, field: &Ident) -> bool {
        self.key.as_ref().is_some_and(|(_, parts)| parts.contains(field))
    }
}

/// `id(order, product)`.
fn key(entries: &mut Entries, errors: &mut Errors) -> Option<(Ident, Vec<Ident>)> {
    const WRITE: &str = "on the struct, `id` names the fields that the id is made of: write `id(order, product)`, or put \
                         `#[jsonapi(id)]` on the one field that is it";
    let entry = entries.take("id")?;
    let Value::List(list) = entry.value else {
        errors.at(&entry, WRITE);
        return Some((entry.key, Vec::new()));
    };
    let parts = names_of(list).unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    if parts.len() < 2 {
        errors.at(&entry.key, WRITE);
    }
    for (place, part) in parts.iter().enumerate() {
        if parts.iter().take(place).any(|earlier| earlier == part) {
            errors.at(part, format!("`{part}` is named twice: remove one of them"));
        }
    }
    Some((entry.key, parts))
}

/// JSON:API 1.1 §7.2.1: a type obeys the rules of member names.
fn check_type(name: &LitStr, errors: &mut Errors) {
    if let Some(fault) = member_name_fault(&name.value()) {
        errors.at(
            name,
            format!(
                "`{}` cannot be a JSON:API type: it {fault}; write letters, digits, and `-` or `_` between them",
                name.value()
            ),
        );
    }
}

fn check_path(path: Option<&LitStr>, type_name: Option<&LitStr>, errors: &mut Errors) {
    if let Some(path) = path {
        if let Some(fault) = segment_fault(&path.value()) {
            errors.at(
                path,
                format!(
                    "`{}` cannot be a path: it {fault}; write one URL segment, such as \"sessions\" \
                     (what stands before it is given to `mount`)",
                    path.value()
                ),
            );
        }
    } else if let Some(name) = type_name
        && member_name_fault(&name.value()).is_none()
        && let Some(fault) = segment_fault(&name.value())
    {
        errors.at(
            name,
            format!(
                "the type `{}` cannot stand in a URL: it {fault}; add `path = \"…\"` with one URL segment",
                name.value()
            ),
        );
    }
}

fn rename_all(entries: &mut Entries, errors: &mut Errors) -> CaseRule {
    let Some(name) = entries.text("rename_all", errors) else {
        return CaseRule::default();
    };
    CaseRule::of_name(&name.value()).unwrap_or_else(|| {
        let known = CaseRule::ALL.map(|(name, _)| name);
        errors.at(&name, unknown("case rule", &name.value(), &known));
        CaseRule::default()
    })
}

/// Which operations carry entity tags, and whether the tags of items stand in lists, too.
fn etag(entries: &mut Entries, errors: &mut Errors) -> (Etag, bool) {
    let Some(entry) = entries.take("etag") else {
        return (Etag::None, false);
    };
    let known = OPERATIONS.map(|(name, _)| name);
    let list = match &entry.value {
        Value::Flag => return (Etag::All, false),
        Value::Assigned(_) | Value::Type(_) => {
            errors.at(
                &entry,
                "`etag` takes no value: write `etag` for every operation, `etag(read, update)` for some, \
                 or leave it out for none",
            );
            return (Etag::None, false);
        }
        Value::List(list) => list.clone(),
    };
    if list.is_empty() {
        errors.at(
            &entry,
            format!(
                "`etag()` names no operation: write `etag` for all, leave it out for none, \
                 or name some of {}",
                listed(&known)
            ),
        );
    }
    let names = names_of(list).unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let mut variants: Vec<Ident> = Vec::new();
    let mut items: Option<Ident> = None;
    for name in names {
        if name == ITEMS {
            if items.is_some() {
                errors.at(&name, format!("`{name}` is named twice: remove one of them"));
            }
            items = Some(name);
            continue;
        }
        match OPERATIONS.iter().find(|(known, _)| name == known) {
            None => {
                errors.at(
                    &name,
                    format!(
                        "unknown operation `{name}`: the operations are {}; beside them stands `{ITEMS}`, for \
                         entity tags in lists",
                        listed(&known)
                    ),
                );
            }
            Some((_, variant)) if variants.iter().any(|earlier| earlier == variant) => {
                errors.at(&name, format!("`{name}` is named twice: remove one of them"));
            }
            Some((_, variant)) => variants.push(Ident::new(variant, name.span())),
        }
    }
    let Some(items) = items else { return (Etag::Only(variants), false) };
    if variants.is_empty() {
        return (Etag::All, true);
    }
    if !variants.iter().any(|variant| ["Read", "Update", "Delete"].iter().any(|single| variant == single)) {
        errors.at(
            &items,
            "`items` puts the tags of single resources into lists, and these carry none: \
             add `read`, `update` or `delete`",
        );
    }
    (Etag::Only(variants), true)
}

/// RFC 6585 §3. A client that must send a tag must be able to get one.
fn require_if_match(entries: &mut Entries, etag: &Etag, errors: &mut Errors) -> bool {
    let Some(key) = entries.flag("require_if_match", errors) else { return false };
    let has = |variant| match etag {
        Etag::None => false,
        Etag::All => true,
        Etag::Only(variants) => variants.iter().any(|known| known == variant),
    };
    if !(has("Update") || has("Delete") || has("UpdateRelationship")) {
        errors.at(
            &key,
            "`require_if_match` is about writes that carry entity tags: add `etag`, \
             or `etag(read, update, delete)`",
        );
    }
    for (write, writes, read) in [
        ("Update", "`update`", ("Read", "`read`")),
        ("Delete", "`delete`", ("Read", "`read`")),
        ("UpdateRelationship", "`update_relationship`", ("Relationship", "`relationship`")),
    ] {
        if has(write) && !has(read.0) {
            errors.at(
                &key,
                format!(
                    "clients could not get the tag that {writes} then asks for: add {} to `etag(…)`",
                    read.1
                ),
            );
        }
    }
    true
}

fn guards(entries: &mut Entries, owner: &Ident, errors: &mut Errors) -> Vec<(Ident, Type)> {
    const WRITE: &str = "write `guard = Editor` for every operation, or `guard(update = Editor, delete = Admin)` \
                         for some, with types that are Rocket request guards";
    let Some(entry) = entries.take("guard") else {
        return Vec::new();
    };
    let guard_of = |entry: &Entry, errors: &mut Errors| {
        let guard = type_of(&entry.value);
        if guard.is_none() {
            errors.at(entry, format!("no type stands here: {WRITE}"));
        }
        guard.map(|guard| types::without_lifetimes(&types::without_self(&guard, owner)))
    };
    let list = match &entry.value {
        Value::List(list) if !list.is_empty() => list.clone(),
        _ => {
            let guard = guard_of(&entry, errors);
            let every = OPERATIONS.iter().map(|(_, variant)| Ident::new(variant, entry.key.span()));
            return every.filter_map(|operation| Some((operation, guard.clone()?))).collect();
        }
    };
    let list = match entries_of(list) {
        Ok(list) => list,
        Err(error) => {
            errors.push(error);
            return Vec::new();
        }
    };
    let mut guards: Vec<(Ident, Type)> = Vec::new();
    let mut others: Option<Entry> = None;
    for entry in list {
        if entry.key == "others" && others.is_none() {
            others = Some(entry);
            continue;
        }
        let known = OPERATIONS.map(|(name, _)| name);
        let Some((name, variant)) = OPERATIONS.iter().find(|(name, _)| entry.key == name) else {
            let message = format!("unknown operation `{}`: the operations are {}", entry.key, listed(&known));
            errors.at(&entry.key, message);
            continue;
        };
        if guards.iter().any(|(earlier, _)| earlier == variant) {
            errors.at(&entry.key, format!("`{name}` is named twice: remove one of them"));
            continue;
        }
        let guard = guard_of(&entry, errors);
        guards.extend(guard.map(|guard| (Ident::new(variant, entry.key.span()), guard)));
    }
    if let Some(entry) = others {
        let guard = guard_of(&entry, errors);
        for (_, variant) in OPERATIONS {
            if guards.iter().all(|(named, _)| named != variant) {
                guards.extend(guard.clone().map(|guard| (Ident::new(variant, entry.key.span()), guard)));
            }
        }
    }
    guards
}

fn scope(entries: &mut Entries, owner: &Ident, errors: &mut Errors) -> Option<ExprPath> {
    let entry = entries.take("scope")?;
    let function = function_of(&entry.value);
    if function.is_none() {
        errors.at(
            &entry,
            "no function stands here: write `scope = own_rows`, with \
             `async fn own_rows(request: &Request<'_>) -> Result<Scope, HookError>`",
        );
    }
    function.map(|function| types::without_self(&function, owner))
}

/// Whether a field has the key `readable_by`. What is wrong with it is told where the field is read.
fn has_readers(input: &DeriveInput) -> bool {
    let Data::Struct(data) = &input.data else { return false };
    let mut attributes = data.fields.iter().flat_map(|field| &field.attrs);
    attributes.any(|attribute| match &attribute.meta {
        Meta::List(list) if attribute.path().is_ident("jsonapi") => {
            list.tokens.clone().into_iter().any(|token| token.to_string() == "readable_by")
        }
        _ => false,
    })
}

fn may_leave(entries: &mut Entries, scope: Option<&ExprPath>, errors: &mut Errors) -> bool {
    let Some(key) = entries.flag("may_leave", errors) else { return false };
    if scope.is_none() {
        errors.at(&key, "`may_leave` is about rows that leave a scope: add `scope = …`, or remove it");
    }
    true
}

fn soft_delete(entries: &mut Entries, errors: &mut Errors) -> Option<Name> {
    let column = entries.text("soft_delete", errors)?;
    Some(Name { text: column.value(), place: Place::Written(column) })
}

fn computed(
    entries: &mut Entries,
    rename_all: CaseRule,
    owner: &Ident,
    errors: &mut Errors,
) -> Vec<(Name, ExprPath)> {
    const WRITE: &str =
        "write `computed(full_name = Self::full_name)`, with functions from `&Self` to the value";
    let Some(entry) = entries.take("computed") else {
        return Vec::new();
    };
    let list = match &entry.value {
        Value::List(list) if !list.is_empty() => entries_of(list.clone()),
        _ => {
            errors.at(&entry, WRITE);
            return Vec::new();
        }
    };
    let list = list.unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let mut computed = Vec::new();
    for entry in list {
        let Some(function) = function_of(&entry.value) else {
            errors.at(&entry, format!("no function stands here: {WRITE}"));
            continue;
        };
        let text = rename_all.apply(&entry.key.unraw().to_string());
        let name = Name { text, place: Place::Field(entry.key.clone()) };
        check_member_name(&name, errors);
        computed.push((name, types::without_self(&function, owner)));
    }
    computed
}
