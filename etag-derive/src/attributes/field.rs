//! `#[jsonapi(…)]` on a field: the id, an attribute, or nothing of the resource.

use proc_macro2::Ident;
use syn::{ExprPath, LitStr, Type, ext::IdentExt};

use super::{
    container::{self, Container},
    entries::Entries,
    relationship::{self, Relationship},
    stored::Stored,
    types,
};
use crate::{errors::Errors, names::member_name_fault};

/// The keys of a field.
pub(super) const KEYS: [&str; 23] = [
    "id",
    "skip",
    "relationship",
    "rename",
    "column",
    "read_only",
    "write_only",
    "hidden",
    "version",
    "last_modified",
    "filter",
    "sort",
    "default",
    "text",
    "json",
    "stored",
    "required",
    "on_delete",
    "through",
    "owner_column",
    "target_column",
    "inverse",
    "linkage",
];

/// A field of the struct.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    /// Its type, in words that hold outside the struct: `Self` is replaced.
    pub(crate) ty: Type,
    pub(crate) role: Role,
}

/// What the field is to the resource.
pub(crate) enum Role {
    Id {
        column: Name,
    },
    Attribute(Attribute),
    Relationship(Relationship),
    /// In neither documents nor the store.
    Skipped {
        default: Option<ExprPath>,
    },
    /// Not to be known after a mistake.
    Broken,
}

/// An attribute (JSON:API 1.1 §7.2.2.1).
pub(crate) struct Attribute {
    pub(crate) name: Name,
    pub(crate) column: Name,
    pub(crate) access: Access,
    /// Whether `filter` may name it.
    pub(crate) filter: bool,
    /// Whether `sort` may name it.
    pub(crate) sort: bool,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) carrier: Carrier,
    pub(crate) kept: Upkeep,
    /// The form in which its column holds times.
    pub(crate) stored: Option<Stored>,
}

/// Whether the store itself keeps the attribute; the keys, for where they stand.
#[derive(Clone, Default)]
pub(crate) struct Upkeep {
    pub(crate) version: Option<Ident>,
    pub(crate) last_modified: Option<Ident>,
}

impl Upkeep {
    fn read(entries: &mut Entries, errors: &mut Errors) -> Self {
        let kept = Self {
            version: entries.flag("version", errors),
            last_modified: entries.flag("last_modified", errors),
        };
        if let Some(key) = kept.key() {
            for (other, instead) in [
                ("default", "the store gives the first value, too"),
                ("read_only", "clients never set it anyway"),
                ("write_only", "clients never set it"),
                ("text", "it is an integer or a timestamp as it is"),
                ("json", "it is an integer or a timestamp as it is"),
            ] {
                if let Some(entry) = entries.take(other) {
                    let message = format!("`{other}` has no meaning beside `{key}`: {instead}; remove it");
                    errors.at(&entry.key, message);
                }
            }
        }
        kept
    }

    /// One of the keys.
    pub(crate) fn key(&self) -> Option<&Ident> {
        self.version.as_ref().or(self.last_modified.as_ref())
    }
}

/// A name and where to complain about it.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// Where a name comes from.
#[derive(Clone)]
pub(crate) enum Place {
    Written(LitStr),
    Field(Ident),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadWrite,
    ReadOnly,
    WriteOnly,
    Hidden,
}

impl Access {
    /// Whether clients see it.
    pub(crate) fn is_shown(self) -> bool {
        matches!(self, Self::ReadWrite | Self::ReadOnly)
    }
}

/// Where the value of a new resource comes from if its document has none.
pub(crate) enum DefaultValue {
    /// `Default::default()`
    OfType,
    Function(ExprPath),
}

/// How the field's type goes through documents and stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Itself,
    Text,
    Json,
}

impl Name {
    /// What was written for it, or else a name made from the field's.
    pub(super) fn or(written: Option<LitStr>, field: &Ident, derived: impl FnOnce(&str) -> String) -> Self {
        match written {
            Some(written) => Self { text: written.value(), place: Place::Written(written) },
            None => Self { text: derived(&field.unraw().to_string()), place: Place::Field(field.clone()) },
        }
    }

    /// An error at the name.
    pub(super) fn error(&self, message: String, errors: &mut Errors) {
        match &self.place {
            Place::Written(written) => errors.at(written, message),
            Place::Field(field) => errors.at(field, message),
        }
    }
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
        let mut entries =
            Entries::read(&field.attrs, &KEYS, &container::KEYS, "the struct, not on a field", errors);
        if entries.is_broken() {
            return Self { ident: ident.clone(), ty, role: Role::Broken };
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
                return Self { ident: ident.clone(), ty, role: Role::Broken };
            }
            (None, None) => (attribute(ident, &ty, owner, container, &mut entries, errors), "an attribute"),
            (role, Some(related)) => {
                if role.is_none() {
                    relationship::not_said(&ty, &related, errors);
                }
                let words = related.in_words();
                (relationship::read(ident, related, owner, container, &mut entries, errors), words)
            }
        };
        for entry in entries.rest() {
            errors.at(&entry.key, misplaced(&entry.key.to_string(), role_in_words));
        }
        Self { ident: ident.clone(), ty, role }
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

fn attribute(
    ident: &Ident,
    ty: &Type,
    owner: &Ident,
    container: &Container,
    entries: &mut Entries,
    errors: &mut Errors,
) -> Role {
    let name = Name::or(entries.text("rename", errors), ident, |field| container.rename_all.apply(field));
    check_member_name(&name, errors);
    let column = Name::or(entries.text("column", errors), ident, str::to_owned);
    let kept = Upkeep::read(entries, errors);
    let stored = entries.text("stored", errors).and_then(|form| Stored::read(&form, errors));
    let default = entries
        .function("default", errors)
        .map(|function| function.map(|function| types::without_self(&function, owner)))
        .map(|function| function.map_or(DefaultValue::OfType, DefaultValue::Function));
    let given = default.is_some() || types::in_option(ty).is_some() || kept.key().is_some();
    let access = access(entries, given, &kept, errors);
    let mut open = |key| match (entries.truth(key, errors), access) {
        (Some((key, true)), hidden @ (Access::WriteOnly | Access::Hidden)) => {
            let hidden = if hidden == Access::Hidden { "hidden" } else { "write_only" };
            let message = format!(
                "clients may not see a `{hidden}` attribute, and `{key}` would show it: remove `{key} = true`"
            );
            errors.at(key, message);
            false
        }
        (Some((_, open)), _) => open,
        (None, access) => access.is_shown(),
    };
    let (filter, sort) = (open("filter"), open("sort"));
    let carrier = match (entries.flag("text", errors), entries.flag("json", errors)) {
        (Some(_), Some(second)) => {
            errors.at(
                second,
                "write `text` (its serialization is a string) or `json` (it is anything), not both",
            );
            Carrier::Json
        }
        (Some(_), None) => Carrier::Text,
        (None, Some(_)) => Carrier::Json,
        (None, None) => Carrier::Itself,
    };
    if let (Some(inner), Some(key)) = (types::in_option(ty), kept.key()) {
        let inner = quote::quote!(#inner).to_string();
        errors.at(ty, format!("every resource has a `{key}`: write `{inner}`, without `Option`"));
    } else if types::in_option(ty).and_then(types::in_option).is_some() {
        errors.at(ty, "null can mean only one thing: write one `Option`");
    }
    Role::Attribute(Attribute { name, column, access, filter, sort, default, carrier, kept, stored })
}

/// Who may see and set it. `given` says whether a new resource has a value that nobody sent.
fn access(entries: &mut Entries, given: bool, kept: &Upkeep, errors: &mut Errors) -> Access {
    let keys: Vec<Ident> =
        ["read_only", "write_only", "hidden"].iter().filter_map(|key| entries.flag(key, errors)).collect();
    if let [first, second, ..] = keys.as_slice() {
        errors.at(
            second,
            format!(
                "an attribute cannot be both `{first}` and `{second}`: remove one of them, \
                 or write `hidden` alone if clients shall neither see nor set it"
            ),
        );
        return Access::ReadWrite;
    }
    let access = match keys.first() {
        Some(key) if key == "read_only" => Access::ReadOnly,
        Some(key) if key == "hidden" => Access::Hidden,
        Some(_) => return Access::WriteOnly,
        None if kept.key().is_some() => return Access::ReadOnly,
        None => return Access::ReadWrite,
    };
    if let (Some(key), false) = (keys.first(), given) {
        errors.at(
            key,
            format!(
                "nobody could give a new resource this `{key}` attribute: add `default` \
                 or `default = \"path::to::function\"`, or make the type an `Option`"
            ),
        );
    }
    access
}

/// JSON:API 1.1 §7.4.2 and, for `id` and `type`, §7.2.2 (fields).
pub(super) fn check_member_name(name: &Name, errors: &mut Errors) {
    let text = &name.text;
    let message = match (text.as_str(), &name.place) {
        ("id", Place::Field(_)) => {
            "no attribute or relationship can be named `id`: if this is the resource's id, \
             put `#[jsonapi(id)]` on it; if not, `#[jsonapi(rename = \"…\")]`"
                .into()
        }
        ("id" | "type", Place::Written(_)) => {
            format!("no attribute or relationship can be named `{text}`: choose another name")
        }
        ("type", Place::Field(_)) => "no attribute or relationship can be named `type`: \
             put `#[jsonapi(rename = \"…\")]` on the field"
            .into(),
        (_, place) => match (member_name_fault(text), place) {
            (None, _) => return,
            (Some(fault), Place::Written(_)) => format!(
                "`{text}` cannot be a member name: it {fault}; \
                 write letters, digits, and `-` or `_` between them"
            ),
            (Some(fault), Place::Field(_)) => format!(
                "`{text}`, made from the field's name, cannot be a member name: it {fault}; \
                 put `#[jsonapi(rename = \"…\")]` on the field"
            ),
        },
    };
    name.error(message, errors);
}

/// A key that has no meaning on such a field.
fn misplaced(key: &str, role: &str) -> String {
    let instead = match (key, role) {
        ("rename", "the id") => "in documents it is always `id`; `column` names its column",
        ("default", "the id") => "the store or the client makes it",
        ("read_only" | "write_only" | "hidden", "the id") => "an id never changes; remove it",
        ("required", "an attribute") => "an attribute whose type is not an `Option` is required already",
        ("on_delete", "a to-many relationship") => {
            "links end with either end; write it on the to-one relationship that an `inverse` names"
        }
        ("default", _) => "a new resource is linked to what its document says; remove it",
        ("column", "a to-many relationship") => {
            "its linkage is in another table: `through` names a join table, `inverse` the to-one relationship"
        }
        ("required", "a to-many relationship") => "it may be empty; remove it",
        ("through" | "inverse" | "owner_column" | "target_column", "a to-one relationship") => {
            "its linkage is in a column of its own table, which `column` names"
        }
        ("filter" | "sort", "the id") => "clients can always filter and sort by the id",
        ("stored", "the id") => "it is for attributes that are times",
        ("version" | "last_modified", "the id") => "an id never changes; write it on another field",
        (
            "read_only" | "write_only" | "hidden" | "version" | "last_modified" | "filter" | "sort" | "text"
            | "json" | "stored",
            role,
        ) if role.ends_with("relationship") => "that is for attributes; remove it",
        (
            "through" | "inverse" | "owner_column" | "target_column" | "linkage" | "on_delete",
            "an attribute",
        ) => "it is for relationships (`ToOne<T>`, `ToMany<T>`)",
        (_, "a skipped field") => {
            "it is in neither documents nor the store; only `default` can stand beside `skip`"
        }
        _ => "remove it",
    };
    format!("`{key}` has no meaning on {role}: {instead}")
}
