//! What the user wrote: the struct with its `#[jsonapi(…)]`, read and checked.
//!
//! Reading goes on after a mistake, so that all mistakes of a struct are told at once. The files name each other one way:
//! `keys`, `entries`, `member_name` and `docs`, then `caching` and `container`, then `attribute` and `relationship`, then `field`,
//! then `deletion`.

mod attribute;
mod caching;
mod container;
mod deletion;
mod docs;
mod entries;
mod field;
mod keys;
mod member_name;
mod relationship;
mod stored;
mod types;

use std::collections::HashMap;

use proc_macro2::Ident;
use syn::{Data, DeriveInput, Fields};

pub(crate) use attribute::{Access, Attribute, Carrier, DefaultValue, Indexes};
pub(crate) use container::{Container, Etag};
pub(crate) use deletion::Deletion;
pub(crate) use field::{Field, Role};
pub(crate) use relationship::{Kept, Relationship, TypedEnd};
pub(crate) use stored::Stored;
pub(crate) use types::{in_list, in_option};

use self::member_name::Name;
use crate::errors::Errors;

/// A struct that shall be a resource.
pub(crate) struct Resource {
    pub(crate) ident: Ident,
    pub(crate) container: Container,
    pub(crate) fields: Vec<Field>,
    /// Where the time of a soft deletion stands.
    pub(crate) deletion: Option<Deletion>,
}

impl Resource {
    /// Reads a struct.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn read(input: &DeriveInput) -> syn::Result<Self> {
        let mut errors = Errors::default();
        let fields = named_fields(input, &mut errors);
        let container = Container::read(input, &mut errors);
        let Some(fields) = fields else {
            let (ident, fields) = (input.ident.clone(), Vec::new());
            return errors.unless_any(Self { ident, container, fields, deletion: None });
        };
        let mut read = Vec::new();
        for field in fields {
            let Some(ident) = &field.ident else { continue };
            let ty = types::without_self(&field.ty, &input.ident);
            read.push(Field::read(field, ident, ty, &input.ident, &container, &mut errors));
        }
        match &container.key {
            None => check_id(&input.ident, &read, &mut errors),
            Some((_, parts)) => check_parts(parts, &read, &mut errors),
        }
        check_names(&read, &container, &mut errors);
        check_columns(&read, &mut errors);
        check_kept(&read, &mut errors);
        let deletion = Deletion::read(&mut read, &container, &mut errors);
        errors.unless_any(Self { ident: input.ident.clone(), container, fields: read, deletion })
    }

    /// The attributes in order.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&Field, &Attribute)> {
        self.fields.iter().filter_map(|field| match &field.role {
            Role::Attribute(attribute) => Some((field, attribute)),
            _ => None,
        })
    }

    /// The relationships in order.
    pub(crate) fn relationships(&self) -> impl Iterator<Item = (&Field, &Relationship)> {
        self.fields.iter().filter_map(|field| match &field.role {
            Role::Relationship(relationship) => Some((field, &**relationship)),
            _ => None,
        })
    }
}

fn named_fields<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<Vec<&'a syn::Field>> {
    const WRITE: &str = "write a struct with named fields: `struct Session { #[jsonapi(id)] id: i64, … }`";
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "a resource is one type: write a struct without lifetimes and type parameters",
        );
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(fields.named.iter().collect()),
            Fields::Unnamed(fields) => {
                errors.at(fields, format!("the fields of a resource need names: {WRITE}"));
            }
            Fields::Unit => errors.at(&input.ident, format!("a resource needs an id: {WRITE}")),
        },
        Data::Enum(data) => errors.at(
            data.enum_token,
            format!(
                "an enum cannot be a resource: {WRITE}; an enum can be an attribute, with `#[jsonapi(text)]`"
            ),
        ),
        Data::Union(data) => errors.at(data.union_token, format!("a union cannot be a resource: {WRITE}")),
    }
    None
}

/// Exactly one field is the id.
fn check_id(owner: &Ident, fields: &[Field], errors: &mut Errors) {
    let mut ids = fields.iter().filter(|field| matches!(field.role, Role::Id { .. }));
    match ids.next() {
        Some(first) => {
            for field in ids {
                errors.at(
                    &field.ident,
                    format!("`{}` is the id already: remove `id` from one of them", first.ident),
                );
            }
        }
        // Of an attribute named `id` it is told already, and a field that cannot be read may be the id.
        None if fields.iter().any(|field| field.ident == "id" || matches!(field.role, Role::Broken)) => {}
        None => errors.at(owner, "the resource has no id: put `#[jsonapi(id)]` on the field that is it"),
    }
}

/// The id is made of fields that are there and that always have a value; and no field alone is it.
fn check_parts(parts: &[Ident], fields: &[Field], errors: &mut Errors) {
    for field in fields.iter().filter(|field| matches!(field.role, Role::Id { .. })) {
        errors.at(
            &field.ident,
            "the id is made of several fields already, as `id(…)` on the struct says: remove `id` from one of both",
        );
    }
    for part in parts {
        let Some(field) = fields.iter().find(|field| field.ident == *part) else {
            let known: Vec<String> = fields.iter().map(|field| field.ident.to_string()).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            errors.at(part, entries::unknown("field", &part.to_string(), &known));
            continue;
        };
        if let Some(fault) = fault_of_part(field) {
            errors.at(part, format!("`{part}` cannot be part of the id: {fault}"));
        }
    }
}

fn fault_of_part(field: &Field) -> Option<&'static str> {
    match &field.role {
        Role::Attribute(attribute) => {
            if in_option(&field.ty).is_some() {
                Some("it may be null; remove the `Option`")
            } else if attribute.kept.key().is_some() {
                Some("an id never changes")
            } else if attribute.access != Access::ReadWrite {
                Some("clients give it to a new resource and see it in the id; remove its access")
            } else if attribute.readers.is_some() || attribute.writers.is_some() {
                Some("every resource shows its id; remove `readable_by` and `writable_by`")
            } else if attribute.carrier != Carrier::Itself || attribute.stored.is_some() {
                Some("an id is made of integers, text and UUIDs as they are; remove its form")
            } else {
                None
            }
        }
        Role::Relationship(relationship) if relationship.is_to_many() => {
            Some("it leads to many; an id is made of attributes and to-one relationships")
        }
        Role::Relationship(relationship)
            if relationship.readers.is_some() || relationship.writers.is_some() =>
        {
            Some("every resource shows its id; remove `readable_by` and `writable_by`")
        }
        Role::Relationship(relationship) if relationship.arms() > 1 => {
            Some("it leads to several types, which no id can tell apart")
        }
        Role::Skipped { .. } => Some("it is skipped"),
        Role::Id { .. } | Role::Relationship(_) | Role::Broken => None,
    }
}

/// One version and one date of the last change at most.
fn check_kept(fields: &[Field], errors: &mut Errors) {
    let mut first: [Option<&Ident>; 2] = [None, None];
    for field in fields {
        let Role::Attribute(attribute) = &field.role else { continue };
        for (first, key) in first.iter_mut().zip([&attribute.kept.version, &attribute.kept.last_modified]) {
            match (&first, key) {
                (Some(earlier), Some(key)) => {
                    errors.at(key, format!("`{earlier}` is the `{key}` already: remove one of them"));
                }
                (None, Some(_)) => *first = Some(&field.ident),
                _ => {}
            }
        }
    }
}

/// JSON:API 1.1 §7.2.2: attributes and relationships share one namespace.
fn check_names(fields: &[Field], container: &Container, errors: &mut Errors) {
    let mut taken: HashMap<&str, &Ident> = HashMap::new();
    for field in fields {
        let name: &Name = match &field.role {
            Role::Attribute(attribute) => &attribute.name,
            Role::Relationship(relationship) => &relationship.name,
            Role::Id { .. } | Role::Skipped { .. } | Role::Broken => continue,
        };
        if let Some(earlier) = taken.get(name.text.as_str()) {
            name.error(
                format!(
                    "`{}` is the member name of the field `{earlier}` already: \
                     give one of the two another name by `#[jsonapi(rename = \"…\")]`",
                    name.text
                ),
                errors,
            );
        } else {
            taken.insert(&name.text, &field.ident);
        }
    }
    let mut computed: HashMap<&str, ()> = HashMap::new();
    for (name, _) in &container.computed {
        let text = name.text.as_str();
        if let Some(field) = taken.get(text) {
            let message = format!("`{text}` is the member name of the field `{field}` already");
            name.error(format!("{message}: choose another name for the computed attribute"), errors);
        } else if computed.insert(text, ()).is_some() {
            name.error(format!("`{text}` is computed twice: remove one of them"), errors);
        }
    }
}

/// Databases compare names of columns without regard to case, at least of ASCII letters.
fn check_columns(fields: &[Field], errors: &mut Errors) {
    let mut taken: HashMap<String, &Ident> = HashMap::new();
    for field in fields {
        let columns: Vec<&Name> = match &field.role {
            Role::Id { column } => vec![column],
            Role::Attribute(attribute) => vec![&attribute.column],
            Role::Relationship(relationship) => relationship.columns(),
            Role::Skipped { .. } | Role::Broken => continue,
        };
        for column in columns {
            if let Some(earlier) = taken.get(&column.text.to_ascii_lowercase()) {
                column.error(
                    format!(
                        "`{}` is the column of the field `{earlier}` already: \
                         give one of the two another column by `#[jsonapi(column = \"…\")]`",
                        column.text
                    ),
                    errors,
                );
            } else {
                taken.insert(column.text.to_ascii_lowercase(), &field.ident);
            }
        }
    }
}
