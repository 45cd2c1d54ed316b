//! `#[jsonapi(…)]` on a field: the id, an attribute, or nothing of the resource.

use proc_macro2::Ident;
use syn::{ExprPath, Type};

use super::{
    attribute::{self, Attribute},
    container::Container,
    docs,
    entries::Entries,
    keys,
    member_name::Name,
    relationship::{self, Relationship},
    types,
};
use crate::errors::Errors;

/// A field of the struct.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    /// Its type, in words that hold outside the struct: `Self` is replaced.
    pub(crate) ty: Type,
    /// Its doc comment.
    pub(crate) docs: String,
    pub(crate) role: Role,
}

/// What the field is to the resource.
pub(crate) enum Role {
    Id {
        column: Name,
    },
    Attribute(Attribute),
    Relationship(Box<Relationship>),
    /// In neither documents nor the store.
    Skipped {
        default: Option<ExprPath>,
    },
    /// Not to be known after a mistake.
    Broken,
}

impl Field {
    pub(super) fn read(
        field: &syn::Field,
        ident: &Ident,
        ty: Type,
        owner: &Ident,
        container: &Container,
        errors: &mut Errors,
    ) -> Self {
        let docs = docs::text(&field.attrs);
        let mut entries =
            Entries::read(&field.attrs, &keys::FIELD, &keys::STRUCT, "the struct, not on a field", errors);
        if entries.is_broken() {
            return Self { ident: ident.clone(), ty, docs, role: Role::Broken };
        }
        let roles: Vec<Ident> =
            ["id", "skip", "relationship"].iter().filter_map(|role| entries.flag(role, errors)).collect();
        if let [first, second, ..] = roles.as_slice() {
            errors.at(second, format!("a field cannot be both `{first}` and `{second}`: remove one of them"));
        }
        let role = roles.first().map(ToString::to_string);
        let related = types::related(&ty);
        let (role, role_in_words) = match (role.as_deref(), related) {
            (Some("id"), _) => (id(ident, &ty, &mut entries, errors), "the id"),
            (Some("skip"), _) => (skipped(&mut entries, errors), "a skipped field"),
            (Some(_), None) => {
                relationship::wrong_type(&ty, errors);
                return Self { ident: ident.clone(), ty, docs, role: Role::Broken };
            }
            (None, None) if relationship::no_tuple(&ty, errors) => {
                return Self { ident: ident.clone(), ty, docs, role: Role::Broken };
            }
            (None, None) => {
                let attribute = attribute::read(ident, &ty, owner, container, &mut entries, errors);
                (Role::Attribute(attribute), "an attribute")
            }
            (role, Some(related)) => {
                if role.is_none() {
                    relationship::not_said(&ty, &related, errors);
                }
                let words = related.in_words();
                let relationship = relationship::read(ident, related, owner, container, &mut entries, errors);
                (Role::Relationship(Box::new(relationship)), words)
            }
        };
        for entry in entries.rest() {
            errors.at(&entry.key, misplaced(&entry.key.to_string(), role_in_words));
        }
        Self { ident: ident.clone(), ty, docs, role }
    }
}

fn id(ident: &Ident, ty: &Type, entries: &mut Entries, errors: &mut Errors) -> Role {
    if let Some(inner) = types::in_option(ty) {
        let inner = quote::quote!(#inner).to_string();
        errors.at(ty, format!("every resource has an id: write `{inner}`, without `Option`"));
    }
    Role::Id { column: Name::or(entries.text("column", errors), ident, str::to_owned) }
}

fn skipped(entries: &mut Entries, errors: &mut Errors) -> Role {
    Role::Skipped { default: entries.function("default", errors).flatten() }
}

/// A key that has no meaning on such a field.
fn misplaced(key: &str, role: &str) -> String {
    let instead = match (key, role) {
        ("rename", "the id") => "in documents it is always `id`; `column` names its column",
        ("default", "the id") => "the store or the client makes it",
        ("readable_by", "the id") => "every resource shows its id; remove it",
        ("read_only" | "write_only" | "hidden" | "writable_by", "the id") => "an id never changes; remove it",
        ("required", "an attribute") => "an attribute whose type is not an `Option` is required already",
        ("on_delete", "a to-many relationship") => {
            "links end with either end; write it on the to-one relationship that an `inverse` names"
        }
        ("default", _) => "a new resource is linked to what its document says; remove it",
        ("column" | "columns", "a to-many relationship") => {
            "its linkage is in another table: `through` names a join table, `inverse` the to-one relationship"
        }
        ("required", "a to-many relationship") => "it may be empty; remove it",
        ("stored_type", "a to-one relationship") => {
            "it is for the type column of a join table; `stored_types` are the texts of a `ToOneOf`"
        }
        ("type_column" | "stored_types" | "stored_type", role) if role.ends_with("relationship") => {
            "it is for a relationship to several types, `ToOneOf<(T, U)>` or `ToManyOf<(T, U)>`"
        }
        (
            "through" | "inverse" | "owner_column" | "owner_columns" | "target_column" | "target_columns",
            "a to-one relationship",
        ) => "its linkage is in a column of its own table, which `column` names",
        ("order", "a to-one relationship") => "it leads to one resource, so that there is nothing to order",
        ("filter" | "sort", "the id") => "clients can always filter and sort by the id",
        ("index", "the id") => "the key has one; remove it",
        ("index", "a to-one relationship") => "references have an index anyway; remove it",
        ("stored", "the id") => "it is for attributes that are times",
        ("version" | "last_modified", "the id") => "an id never changes; write it on another field",
        (
            "read_only" | "write_only" | "hidden" | "version" | "last_modified" | "filter" | "sort" | "index"
            | "text" | "json" | "number" | "stored",
            role,
        ) if role.ends_with("relationship") => "that is for attributes; remove it",
        (
            "through" | "inverse" | "owner_column" | "owner_columns" | "target_column" | "target_columns"
            | "order" | "linkage" | "on_delete" | "type_column" | "stored_types" | "stored_type" | "columns",
            "an attribute",
        ) => "it is for relationships (`ToOne<T>`, `ToMany<T>`)",
        (_, "a skipped field") => {
            "it is in neither documents nor the store; only `default` can stand beside `skip`"
        }
        _ => "remove it",
    };
    format!("`{key}` has no meaning on {role}: {instead}")
}
