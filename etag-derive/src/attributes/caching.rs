//! `cache_control` and `vary`: what the struct says to caches.

use proc_macro2::Ident;
use syn::{Expr, ExprLit, Lit, LitStr};

use super::entries::{Entries, Entry, Value, entries_of, listed, unknown};
use super::keys::OPERATIONS;
use crate::{
    cache_control::{CacheControl, is_token},
    errors::Errors,
};

/// The operations whose answers a cache may keep.
const READS: [&str; 4] = ["list", "read", "related", "relationship"];

/// What the struct says to caches.
pub(crate) struct Caching {
    /// `Cache-Control` of each operation that has one of its own: the variant of `Operation`, and the value.
    pub(crate) controls: Vec<(Ident, CacheControl)>,
    /// `Vary` of answers that depend on the caller.
    pub(crate) vary: Option<String>,
}

/// What makes answers depend on who asks.
#[derive(Clone, Copy)]
pub(super) struct Callers<'c> {
    /// The variants of the operations that have a guard.
    pub(super) guarded: &'c [Ident],
    pub(super) has_scope: bool,
    pub(super) has_hooks: bool,
    /// Whether an attribute or a relationship is for some callers alone.
    pub(super) has_readers: bool,
}

impl Caching {
    pub(super) fn read(entries: &mut Entries, callers: Callers<'_>, errors: &mut Errors) -> Self {
        let mut controls = Vec::new();
        for Written { text, operations } in written(entries, errors) {
            let control = match CacheControl::parse(&text.value()) {
                Ok(control) => control,
                Err(fault) => {
                    errors.at(&text, fault);
                    continue;
                }
            };
            let guarded = operations.iter().find(|(_, variant)| callers.guarded.contains(variant));
            let why = match guarded {
                Some((operation, _)) => Some(format!("`{operation}` has a guard")),
                None if callers.has_scope => Some("there is a scope".to_owned()),
                None => callers.has_readers.then(|| "there are members with `readable_by`".to_owned()),
            };
            if let Some(why) = why.filter(|_| control.is_shared) {
                errors.at(
                    &text,
                    format!(
                        "{why}, and a shared cache would give one caller's answer to another: make it `private`, or \
                         write `no-store`"
                    ),
                );
            }
            controls.extend(operations.into_iter().map(|(_, variant)| (variant, control.clone())));
        }
        Self { controls, vary: vary(entries, callers, errors) }
    }
}

/// One text, and the operations that it is for: their names, and their variants of `Operation`.
struct Written {
    text: LitStr,
    operations: Vec<(&'static str, Ident)>,
}

fn written(entries: &mut Entries, errors: &mut Errors) -> Vec<Written> {
    const WRITE: &str = "write `cache_control = \"public, max-age=60\"` for every read, or \
                         `cache_control(list = \"no-cache\", read = \"max-age=60\")` for some";
    let Some(entry) = entries.take("cache_control") else {
        return Vec::new();
    };
    let reads = || OPERATIONS.into_iter().filter(|(name, _)| READS.contains(name));
    let list = match &entry.value {
        Value::List(list) if !list.is_empty() => list.clone(),
        value => {
            let Some(text) = text_of(value) else {
                errors.at(&entry, format!("no text stands here: {WRITE}"));
                return Vec::new();
            };
            let every = reads().map(|(name, variant)| (name, Ident::new(variant, entry.key.span())));
            return vec![Written { text, operations: every.collect() }];
        }
    };
    let list = entries_of(list).unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    });
    let mut written: Vec<Written> = Vec::new();
    for entry in list {
        let name = entry.key.to_string();
        let Some((name, variant)) = reads().find(|(known, _)| *known == name) else {
            let message = if OPERATIONS.iter().any(|(known, _)| *known == name) {
                format!("no cache keeps the answer to a write: `cache_control` is for {}", listed(&READS))
            } else {
                unknown("operation", &name, &READS)
            };
            errors.at(&entry.key, message);
            continue;
        };
        if written.iter().any(|earlier| earlier.operations.iter().any(|(known, _)| *known == name)) {
            errors.at(&entry.key, format!("`{name}` is named twice: remove one of them"));
            continue;
        }
        match text_of(&entry.value) {
            Some(text) => {
                let operations = vec![(name, Ident::new(variant, entry.key.span()))];
                written.push(Written { text, operations });
            }
            None => errors.at(&entry, format!("no text stands here: {WRITE}")),
        }
    }
    written
}

fn text_of(value: &Value) -> Option<LitStr> {
    match value {
        Value::Assigned(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Some(text.clone()),
        _ => None,
    }
}

/// RFC 9110 §12.5.5. The whole field, with `Accept`, which every answer depends on.
fn vary(entries: &mut Entries, callers: Callers<'_>, errors: &mut Errors) -> Option<String> {
    const WRITE: &str =
        "write `vary = \"X-User, Cookie\"`, or `vary = \"*\"` where it depends on more than fields";
    let entry: Entry = entries.take("vary")?;
    let Some(text) = text_of(&entry.value) else {
        errors.at(&entry, format!("no text stands here: {WRITE}"));
        return None;
    };
    if callers.guarded.is_empty() && !callers.has_scope && !callers.has_hooks && !callers.has_readers {
        errors.at(
            &entry.key,
            "`vary` names the request fields that a guard, the scope or a hook reads, and there is none of them: \
             remove it",
        );
    }
    let value = text.value();
    if value.trim() == "*" {
        return Some("*".into());
    }
    let mut names = vec!["Accept"];
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !is_token(name) || name == "*" {
            errors.at(&text, format!("`{name}` cannot be the name of a field: {WRITE}"));
        } else if !names.iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    if value.split(',').all(|name| name.trim().is_empty()) {
        errors.at(&text, format!("`vary` names no field: {WRITE}"));
    }
    Some(names.join(", "))
}
