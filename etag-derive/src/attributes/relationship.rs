//! `#[jsonapi(relationship, …)]` on a field.

use std::iter;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, ExprLit, Lit, LitStr, Type, ext::IdentExt};

use super::{
    attribute::caller,
    container::Container,
    entries::{Entries, Entry, Value, entries_of, unknown},
    member_name::{Name, check_member_name},
    types::{Related, generic_of_one, in_option, last_name, related, related_to_no_tuple},
};
use crate::{
    errors::Errors,
    names::{member_name_fault, snake_case},
};

/// A relationship (JSON:API 1.1 §7.2.2.2).
pub(crate) struct Relationship {
    pub(crate) name: Name,
    pub(crate) target: Type,
    /// The further types of a polymorphic relationship.
    pub(crate) others: Vec<Type>,
    pub(crate) kept: Kept,
    pub(crate) linkage: bool,
    /// The column that keeps the order of the linkage.
    pub(crate) order: Option<String>,
    /// Whether `on_delete` is written.
    pub(crate) decides_deletion: bool,
    /// The request guard of those who may read it, if not everybody may.
    pub(crate) readers: Option<Box<Type>>,
    /// The request guard of those who may write it, if not everybody may.
    pub(crate) writers: Option<Box<Type>>,
}

/// Where the linkage is kept.
pub(crate) enum Kept {
    ToOne {
        column: Name,
        required: bool,
        /// A variant of `OnDelete`.
        on_delete: Ident,
    },
    /// A column for the type and one for the id.
    OneOf {
        column: Name,
        type_column: Name,
        /// The text in the type column for each target, where it is not the target's own type.
        stored_types: Vec<Option<LitStr>>,
        required: bool,
        /// A variant of `OnDelete`.
        on_delete: Ident,
    },
    Inverse {
        of: String,
    },
    Through {
        table: String,
        owner_column: String,
        target_column: String,
    },
}

impl Relationship {
    pub(crate) fn is_to_many(&self) -> bool {
        match self.kept {
            Kept::ToOne { .. } | Kept::OneOf { .. } => false,
            Kept::Inverse { .. } | Kept::Through { .. } => true,
        }
    }

    /// The columns of the resource's own table that keep it.
    pub(crate) fn columns(&self) -> Vec<&Name> {
        match &self.kept {
            Kept::ToOne { column, .. } => vec![column],
            Kept::OneOf { column, type_column, .. } => vec![column, type_column],
            Kept::Inverse { .. } | Kept::Through { .. } => Vec::new(),
        }
    }

    /// The number of relationships that it is in the description: one for each target.
    pub(crate) fn arms(&self) -> usize {
        1 + self.others.len()
    }
}

/// `relationship` on a type that is none.
pub(super) fn wrong_type(ty: &Type, errors: &mut Errors) {
    if no_tuple(ty, errors) {
        return;
    }
    let inside = generic_of_one(ty).map(|(_, inner)| inner);
    let message = match inside.and_then(related) {
        Some(inner) if in_option(ty).is_some() && !inner.many => {
            "a `ToOne` may be empty already: write it without `Option`"
        }
        Some(inner) if in_option(ty).is_some() && inner.many => {
            "a `ToMany` may be empty already: write it without `Option`"
        }
        Some(_) => "write `ToMany<T>` for many related resources, without a container around it",
        None => "a relationship is a `ToOne<T>` or a `ToMany<T>`, where `T` is the related resource's struct",
    };
    errors.at(ty, message);
}

/// A `ToOneOf` whose types are no tuple, and a `ToManyOf`, which there is not.
pub(super) fn no_tuple(ty: &Type, errors: &mut Errors) -> bool {
    let Some(name) = related_to_no_tuple(ty) else { return false };
    errors.at(
        ty,
        if name == "ToManyOf" {
            "there is no to-many relationship to several types: write a `ToMany<T>` for each of them"
        } else {
            "a polymorphic relationship leads to two to eight types, which stand in a tuple: \
             `ToOneOf<(Photo, Video)>`"
        },
    );
    true
}

/// A relationship's type without `relationship`.
pub(super) fn not_said(ty: &Type, related: &Related, errors: &mut Errors) {
    let write = match related.many {
        false => "`#[jsonapi(relationship)]`",
        true => {
            "`#[jsonapi(relationship, through = \"join table\")]` \
             or `#[jsonapi(relationship, inverse = \"name at the other end\")]`"
        }
    };
    errors.at(ty, format!("this is {}: put {write} on the field", related.in_words()));
}

pub(super) fn read(
    ident: &Ident,
    related: Related,
    owner: &Ident,
    container: &Container,
    entries: &mut Entries,
    errors: &mut Errors,
) -> Relationship {
    let name = Name::or(entries.text("rename", errors), ident, |field| container.rename_all.apply(field));
    check_member_name(&name, errors);
    let linkage = entries.truth("linkage", errors);
    let readers = caller("readable_by", entries, owner, errors, None);
    let writers = caller("writable_by", entries, owner, errors, None);
    // Who can't see where it leads can't change that well.
    let writers = writers.or_else(|| readers.clone());
    let decides_deletion = entries.has("on_delete");
    let kept = if related.many {
        to_many(ident, &related.target, owner, container, entries, errors)
    } else {
        if let Some((key, false)) = &linkage {
            errors.at(
                key,
                "the linkage of a to-one relationship stands in its resource's row and is always shown: \
                 remove `linkage`",
            );
        }
        // A part of the id always has a value.
        let required = entries.flag("required", errors).is_some() | container.has_part(ident);
        let column = Name::or(entries.text("column", errors), ident, |field| format!("{field}_id"));
        let on_delete = on_delete(ident, required, container, entries, errors);
        if related.is_polymorphic() {
            let type_column =
                Name::or(entries.text("type_column", errors), ident, |field| format!("{field}_type"));
            let stored_types = stored_types(&related, entries, errors);
            Kept::OneOf { column, type_column, stored_types, required, on_delete }
        } else {
            Kept::ToOne { column, required, on_delete }
        }
    };
    let order = if related.many { order(&kept, entries, errors) } else { None };
    let linkage = linkage.map_or(!matches!(kept, Kept::Inverse { .. }), |(_, linkage)| linkage);
    Relationship {
        name,
        target: related.target,
        others: related.others,
        kept,
        linkage,
        order,
        decides_deletion,
        readers,
        writers,
    }
}

/// `stored_types(Photo = "App\\Photo", …)`: the text in the type column for each target, in their order.
fn stored_types(related: &Related, entries: &mut Entries, errors: &mut Errors) -> Vec<Option<LitStr>> {
    let targets: Vec<&Type> = iter::once(&related.target).chain(&related.others).collect();
    for (place, target) in targets.iter().enumerate() {
        let same =
            |earlier: &&&Type| earlier.to_token_stream().to_string() == target.to_token_stream().to_string();
        if targets.iter().take(place).any(|earlier| same(&earlier)) {
            errors.at(target, "this type stands in the tuple twice: remove one of them");
        }
    }
    let mut stored: Vec<Option<LitStr>> = vec![None; targets.len()];
    let Some(entry) = entries.take("stored_types") else { return stored };
    const WRITE: &str =
        "write the text in the type column for each type: `stored_types(Photo = \"App\\\\Photo\")`";
    let list = match &entry.value {
        Value::List(list) => entries_of(list.clone()),
        _ => {
            errors.at(&entry, WRITE);
            return stored;
        }
    };
    let list = match list {
        Ok(list) => list,
        Err(error) => {
            errors.push(error);
            return stored;
        }
    };
    for Entry { key, value } in list {
        let place = targets.iter().position(|target| last_name(target).is_some_and(|name| *name == key));
        let Some(slot) = place.and_then(|place| stored.get_mut(place)) else {
            let known: Vec<String> =
                targets.iter().filter_map(|target| last_name(target)).map(Ident::to_string).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            errors.at(&key, unknown("type", &key.to_string(), &known));
            continue;
        };
        match text_of(&value) {
            _ if slot.is_some() => errors.at(&key, format!("`{key}` is given twice: remove one of them")),
            Some(text) if !text.value().is_empty() && !text.value().contains('\0') => *slot = Some(text),
            _ => errors.at(&key, WRITE),
        }
    }
    let texts: Vec<&LitStr> = stored.iter().flatten().collect();
    for (place, text) in texts.iter().enumerate() {
        if texts.iter().take(place).any(|earlier| earlier.value() == text.value()) {
            errors.at(text, "two types have this text: the type column would not tell them apart");
        }
    }
    stored
}

fn text_of(value: &Value) -> Option<LitStr> {
    match value {
        Value::Assigned(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Some(text.clone()),
        _ => None,
    }
}

/// What becomes of the resource when the other end is deleted: a variant of `OnDelete`.
fn on_delete(
    field: &Ident,
    required: bool,
    container: &Container,
    entries: &mut Entries,
    errors: &mut Errors,
) -> Ident {
    const ACTIONS: [(&str, &str); 3] =
        [("restrict", "Restrict"), ("cascade", "Cascade"), ("set_null", "SetNull")];
    let by_default = Ident::new(if required { "Restrict" } else { "SetNull" }, field.span());
    let Some(written) = entries.text("on_delete", errors) else {
        return by_default;
    };
    let name = written.value();
    let Some((_, variant)) = ACTIONS.iter().find(|(known, _)| *known == name) else {
        errors.at(&written, unknown("action", &name, &ACTIONS.map(|(name, _)| name)));
        return by_default;
    };
    if required && name == "set_null" && container.has_part(field) {
        errors.at(
            &written,
            "a part of the id cannot become empty: write `on_delete = \"restrict\"` or `on_delete = \"cascade\"`",
        );
    } else if required && name == "set_null" {
        errors.at(
            &written,
            "a `required` relationship cannot become empty: write `on_delete = \"restrict\"` or \
             `on_delete = \"cascade\"`, or remove `required`",
        );
    }
    Ident::new(variant, written.span())
}

/// The column that keeps the order of a to-many relationship.
fn order(kept: &Kept, entries: &mut Entries, errors: &mut Errors) -> Option<String> {
    let written = entries.text("order", errors)?;
    let column = written.value();
    if let Kept::Through { owner_column, target_column, .. } = kept
        && let Some(end) =
            [owner_column, target_column].into_iter().find(|end| end.eq_ignore_ascii_case(&column))
    {
        errors.at(
            &written,
            format!(
                "the column `{end}` of the join table has an id: `order` names a column of its own for the positions"
            ),
        );
    }
    Some(column)
}

fn to_many(
    ident: &Ident,
    target: &Type,
    owner: &Ident,
    container: &Container,
    entries: &mut Entries,
    errors: &mut Errors,
) -> Kept {
    let (through_given, inverse_given) = (entries.has("through"), entries.has("inverse"));
    let through = entries.text("through", errors);
    let inverse_key = entries.text("inverse", errors);
    match (through_given, inverse_given) {
        (false, true) => {
            for key in ["owner_column", "target_column"] {
                if let Some(entry) = entries.take(key) {
                    errors.at(
                        &entry.key,
                        format!(
                            "`{key}` is a column of a join table: write it beside `through`, not `inverse`"
                        ),
                    );
                }
            }
            inverse(inverse_key, errors)
        }
        (given, other) => {
            if given && other {
                errors.at(
                    ident,
                    "write `through` (a join table) or `inverse` (a to-one relationship at the other end), \
                     not both",
                );
            } else if !given {
                errors.at(
                    ident,
                    "where is the linkage kept? Add `through = \"join table\"`, \
                     or `inverse = \"name of the to-one relationship at the other end\"`",
                );
            }
            let complain = given && !other;
            join_table(ident, target, owner, container, through, complain, entries, errors)
        }
    }
}

fn inverse(of: Option<LitStr>, errors: &mut Errors) -> Kept {
    if let Some(of) = &of
        && let Some(fault) = member_name_fault(&of.value())
    {
        errors.at(
            of,
            format!(
                "`{}` cannot be a member name: it {fault}; write the name that the to-one relationship \
                 at the other end has in documents",
                of.value()
            ),
        );
    }
    Kept::Inverse { of: of.map(|of| of.value()).unwrap_or_default() }
}

#[allow(clippy::too_many_arguments)]
fn join_table(
    ident: &Ident,
    target: &Type,
    owner: &Ident,
    container: &Container,
    through: Option<LitStr>,
    complain: bool,
    entries: &mut Entries,
    errors: &mut Errors,
) -> Kept {
    if let Some(written) = entries.text("on_delete", errors)
        && written.value() != "cascade"
    {
        errors.at(
            &written,
            "the links of a join table can only end with either end: write `on_delete = \"cascade\"` where the foreign \
             keys of your own join table would stand against that, or remove it",
        );
    }
    let owner_column = entries.text("owner_column", errors);
    let target_column = entries.text("target_column", errors);
    let both_given = owner_column.is_some() && target_column.is_some();
    let place = target_column.clone();
    let by_name = |name: &Ident| format!("{}_id", snake_case(&name.unraw().to_string()));
    let owner_column = owner_column.map_or_else(|| by_name(owner), |column| column.value());
    let target_column = target_column
        .map_or_else(|| last_name(target).map(by_name).unwrap_or_default(), |column| column.value());
    if complain && owner_column.eq_ignore_ascii_case(&target_column) {
        match place.filter(|_| both_given) {
            Some(place) => errors.at(
                place,
                format!("`owner_column` and `target_column` are both `{target_column}`: name two columns"),
            ),
            None => errors.at(
                ident,
                format!(
                    "both columns of the join table would be `{target_column}`: \
                     add `owner_column = \"…\"` and `target_column = \"…\"`"
                ),
            ),
        }
    }
    if complain && target_column.is_empty() {
        errors.at(target, "the target's column cannot be named after this type: add `target_column = \"…\"`");
    }
    let table = through.as_ref().map(LitStr::value).unwrap_or_default();
    if let Some(through) = &through
        && !container.table.is_empty()
        && table.eq_ignore_ascii_case(&container.table)
    {
        errors.at(
            through,
            format!("`{table}` is the resource's own table: `through` names a join table beside it"),
        );
    }
    Kept::Through { table, owner_column, target_column }
}
