//! `#[jsonapi(…)]` on a field that is an attribute.

use proc_macro2::Ident;
use syn::{ExprPath, Type};

use super::{
    container::Container,
    entries::{Entries, Value, names_of, type_of, unknown},
    member_name::{Name, check_member_name},
    stored::{Form, Stored},
    types,
};
use crate::errors::Errors;

/// An attribute (JSON:API 1.1 §7.2.2.1).
pub(crate) struct Attribute {
    pub(crate) name: Name,
    pub(crate) column: Name,
    pub(crate) access: Access,
    /// Whether `filter` may name it.
    pub(crate) filter: bool,
    /// Whether `sort` may name it.
    pub(crate) sort: bool,
    /// Which indexes of it the tables have that the store makes.
    pub(crate) indexes: Indexes,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) carrier: Carrier,
    pub(crate) kept: Upkeep,
    /// The form in which its column holds times.
    pub(crate) stored: Option<Stored>,
    /// The request guard of those who may read it, if not everybody may.
    pub(crate) readers: Option<Box<Type>>,
    /// The request guard of those who may write it, if not everybody may.
    pub(crate) writers: Option<Box<Type>>,
}

/// The indexes that an attribute asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Indexes {
    /// One that has the values in their order.
    pub(crate) order: bool,
    /// One of the trigrams of its text, which finds what stands anywhere in it.
    pub(crate) trigram: bool,
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
                ("number", "it is an integer or a timestamp as it is"),
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
    Number,
    Seconds,
    Milliseconds,
}

pub(super) fn read(
    ident: &Ident,
    ty: &Type,
    owner: &Ident,
    container: &Container,
    entries: &mut Entries,
    errors: &mut Errors,
) -> Attribute {
    let name = Name::or(entries.text("rename", errors), ident, |field| container.rename_all.apply(field));
    check_member_name(&name, errors);
    let column = Name::or(entries.text("column", errors), ident, str::to_owned);
    let kept = Upkeep::read(entries, errors);
    let form = entries.text("stored", errors);
    let stored = form.as_ref().and_then(|form| Form::read(form, errors));
    let default = entries
        .function("default", errors)
        .map(|function| function.map(|function| types::without_self(&function, owner)))
        .map(|function| function.map_or(DefaultValue::OfType, DefaultValue::Function));
    let given = default.is_some() || types::in_option(ty).is_some() || kept.key().is_some();
    let access = access(entries, given, &kept, errors);
    let readers = caller("readable_by", entries, owner, errors, reading_fault(access, &kept));
    let writers = caller("writable_by", entries, owner, errors, writing_fault(access));
    // Who can't see a value can't write it well.
    let writers = writers.or_else(|| readers.clone().filter(|_| access == Access::ReadWrite));
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
    let index = indexes(entries, errors);
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
    let carrier = match (entries.flag("number", errors), carrier) {
        (None, carrier) => carrier,
        (Some(_), Carrier::Itself) => Carrier::Number,
        (Some(key), _) => {
            errors.at(
                key,
                "`number` is for decimal numbers, which are neither `text` nor `json`: remove one of them",
            );
            Carrier::Number
        }
    };
    let (counted, stored) = match stored {
        Some(Form::Seconds) => (Some(Carrier::Seconds), None),
        Some(Form::Milliseconds) => (Some(Carrier::Milliseconds), None),
        Some(Form::Times(stored)) => (None, Some(stored)),
        None => (None, None),
    };
    let carrier = match (counted, &form) {
        (Some(_), Some(form)) if carrier != Carrier::Itself => {
            errors
                .at(form, "`seconds` and `milliseconds` are for durations as they are: remove the other key");
            carrier
        }
        (counted, _) => counted.unwrap_or(carrier),
    };
    if let (Some(inner), Some(key)) = (types::in_option(ty), kept.key()) {
        let inner = quote::quote!(#inner).to_string();
        errors.at(ty, format!("every resource has a `{key}`: write `{inner}`, without `Option`"));
    } else if has_two_nulls(ty) {
        errors.at(ty, "null can mean only one thing: write one `Option`");
    }
    if let Some((key, indexes)) = &index {
        if has_no_order(ty, carrier) {
            let message =
                "an index finds values in their order, and JSON and lists have none: remove `index`";
            errors.at(key, message);
        } else if indexes.trigram && carrier != Carrier::Text && is_no_text(ty) {
            errors.at(key, "trigrams are three characters of a text, and this is none: write `index`");
        }
    }
    let indexes = index.map(|(_, indexes)| indexes).unwrap_or_default();
    Attribute {
        name,
        column,
        access,
        filter,
        sort,
        indexes,
        default,
        carrier,
        kept,
        stored,
        readers,
        writers,
    }
}

/// Takes `index`, `index(order)`, `index(trigram)` or `index(order, trigram)`; with the key, for where it stands.
fn indexes(entries: &mut Entries, errors: &mut Errors) -> Option<(Ident, Indexes)> {
    const KINDS: [&str; 2] = ["order", "trigram"];
    let entry = entries.take("index")?;
    let mut indexes = Indexes::default();
    match &entry.value {
        Value::Flag => indexes.order = true,
        Value::List(list) => {
            let names = names_of(list.clone()).unwrap_or_default();
            if names.is_empty() {
                errors.at(&entry, "write `index`, or which indexes: `index(order, trigram)`");
            }
            for name in names {
                match name.to_string().as_str() {
                    "order" => indexes.order = true,
                    "trigram" => indexes.trigram = true,
                    other => errors.at(&name, unknown("kind of index", other, &KINDS)),
                }
            }
        }
        Value::Assigned(_) | Value::Type(_) => {
            errors.at(
                &entry,
                "`index` takes no value: write `index`, or which indexes: `index(order, trigram)`",
            );
        }
    }
    Some((entry.key, indexes))
}

/// Whether the type is a number or a truth value, by its name. Of other types only the compiler knows what they are.
fn is_no_text(ty: &Type) -> bool {
    const NAMES: [&str; 11] = ["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"];
    let ty = types::in_option(ty).unwrap_or(ty);
    matches!(ty, Type::Path(path) if NAMES.iter().any(|name| path.path.is_ident(name)))
}

/// Whether the values are JSON, or lists. Bytes are no list.
fn has_no_order(ty: &Type, carrier: Carrier) -> bool {
    let element = types::in_list(types::in_option(ty).unwrap_or(ty));
    let is_byte = |element: &Type| matches!(element, Type::Path(path) if path.path.is_ident("u8"));
    carrier == Carrier::Json || element.is_some_and(|element| !is_byte(element))
}

/// Whether the type, or that of the elements of a list, is an option of an option.
fn has_two_nulls(ty: &Type) -> bool {
    let in_two = |ty| types::in_option(ty).and_then(types::in_option).is_some();
    in_two(ty) || types::in_list(types::in_option(ty).unwrap_or(ty)).is_some_and(in_two)
}

/// Why nobody's reading can depend on a guard.
fn reading_fault(access: Access, kept: &Upkeep) -> Option<&'static str> {
    match access {
        _ if kept.key().is_some() => Some("entity tags and dates tell it to everybody"),
        Access::Hidden | Access::WriteOnly => Some("nobody sees it anyway"),
        Access::ReadWrite | Access::ReadOnly => None,
    }
}

/// Why nobody's writing can depend on a guard.
fn writing_fault(access: Access) -> Option<&'static str> {
    match access {
        Access::Hidden | Access::ReadOnly => Some("nobody sets it anyway"),
        Access::ReadWrite | Access::WriteOnly => None,
    }
}

/// The request guard of those who may read or write it.
pub(super) fn caller(
    key: &str,
    entries: &mut Entries,
    owner: &Ident,
    errors: &mut Errors,
    fault: Option<&str>,
) -> Option<Box<Type>> {
    let entry = entries.take(key)?;
    if let Some(fault) = fault {
        errors.at(&entry.key, format!("`{key}` has no meaning here: {fault}; remove it"));
        return None;
    }
    let guard = type_of(&entry.value);
    if guard.is_none() {
        errors.at(
            &entry,
            format!("no type stands here: write `{key} = Admin`, with a type that is a Rocket request guard"),
        );
    }
    guard.map(|guard| Box::new(types::without_lifetimes(&types::without_self(&guard, owner))))
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
