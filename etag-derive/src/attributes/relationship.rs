//! `#[jsonapi(relationship, …)]` on a field.

use std::iter;

use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Expr, ExprLit, Lit, LitStr, Type, ext::IdentExt};

use super::{
    attribute::caller,
    container::Container,
    entries::{Entries, Entry, Value, entries_of, unknown},
    member_name::{Name, Place, check_member_name},
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
        /// One column, or one for each part of a composite id.
        columns: Vec<Name>,
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
        owner_columns: Vec<String>,
        target_columns: Vec<String>,
        typed: Option<TypedEnd>,
    },
}

/// The end of a join table's links that may be of several types.
pub(crate) enum TypedEnd {
    /// This resource is one of them.
    Owner {
        type_column: String,
        /// The text in the type column for this resource.
        stored_type: String,
    },
    /// The related resources are.
    Targets {
        type_column: String,
        /// The text in the type column for each target, where it is not the target's own type.
        stored_types: Vec<Option<LitStr>>,
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
            Kept::ToOne { columns, .. } => columns.iter().collect(),
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

/// A `ToOneOf` or `ToManyOf` whose types are no tuple.
pub(super) fn no_tuple(ty: &Type, errors: &mut Errors) -> bool {
    let Some(name) = related_to_no_tuple(ty) else { return false };
    errors.at(
        ty,
        format!(
            "a polymorphic relationship leads to two to eight types, which stand in a tuple: `{name}<(Photo, Video)>`"
        ),
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
        to_many(ident, &related, owner, container, entries, errors)
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
        let several = entries.texts("columns", errors);
        if let (Some((key, _)), true) = (&several, entries.has("column")) {
            errors
                .at(key, "write `column` for an id of one column, or `columns` for one of several, not both");
        }
        let column = Name::or(entries.text("column", errors), ident, |field| format!("{field}_id"));
        let on_delete = on_delete(ident, required, container, entries, errors);
        if related.is_polymorphic() {
            let type_column =
                Name::or(entries.text("type_column", errors), ident, |field| format!("{field}_type"));
            let stored_types = stored_types(&related, entries, errors);
            if let Some((key, _)) = &several {
                errors.at(
                    key,
                    "the ids of several types are in one column, which `column` names; remove `columns`",
                );
            }
            Kept::OneOf { column, type_column, stored_types, required, on_delete }
        } else {
            let columns = match several {
                Some((_, several)) => several
                    .into_iter()
                    .map(|written| Name { text: written.value(), place: Place::Written(written) })
                    .collect(),
                None => vec![column],
            };
            Kept::ToOne { columns, required, on_delete }
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
    if let Kept::Through { owner_columns, target_columns, .. } = kept
        && let Some(end) =
            owner_columns.iter().chain(target_columns).find(|end| end.eq_ignore_ascii_case(&column))
    {
        errors.at(
            &written,
            format!(
                "the column `{end}` of the join table has an id: `order` names a column of its own for the positions"
            ),
        );
    } else if let Kept::Through { typed: Some(TypedEnd::Targets { .. }), .. } = kept {
        errors.at(
            &written,
            "resources of several types have no common order: remove `order`, or write a `ToMany<T>` for each type",
        );
        return None;
    }
    Some(column)
}

fn to_many(
    ident: &Ident,
    related: &Related,
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
            if related.is_polymorphic() {
                errors.at(
                    ident,
                    "resources of several types are linked by a join table, which `through` names: the inverse of a \
                     to-one relationship leads to the type that has it",
                );
            }
            for key in [
                "owner_column",
                "owner_columns",
                "target_column",
                "target_columns",
                "type_column",
                "stored_type",
            ] {
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
            join_table(ident, related, owner, container, through, complain, entries, errors)
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
    related: &Related,
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
    let target = &related.target;
    let by_name = |name: &Ident| format!("{}_id", snake_case(&name.unraw().to_string()));
    let owner_end = join_columns("owner", entries, errors);
    let target_end = join_columns("target", entries, errors);
    let both_given = owner_end.is_some() && target_end.is_some();
    let owner_columns = owner_end.map_or_else(|| vec![by_name(owner)], |(_, columns)| columns);
    let (place, target_columns) = match target_end {
        Some((place, columns)) => (Some(place), columns),
        // As those of a `ToOneOf`, since no one type could name it.
        None if related.is_polymorphic() => (None, vec![format!("{}_id", ident.unraw())]),
        None => (None, vec![last_name(target).map(by_name).unwrap_or_default()]),
    };
    let typed = typed_end(ident, related, container, entries, errors);
    let type_column = typed.as_ref().map(|typed| match typed {
        TypedEnd::Owner { type_column, .. } | TypedEnd::Targets { type_column, .. } => type_column,
    });
    let same = |one: &String| {
        let mut others = target_columns.iter().chain(type_column);
        others.any(|other| one.eq_ignore_ascii_case(other))
    };
    if complain && let Some(twice) = owner_columns.iter().find(|column| same(column)) {
        match place.filter(|_| both_given) {
            Some(place) => errors.at(
                place,
                match (owner_columns.as_slice(), target_columns.as_slice()) {
                    ([_], [target]) => {
                        format!("`owner_column` and `target_column` are both `{target}`: name two columns")
                    }
                    _ => format!(
                        "`{twice}` is a column of both ends of the join table: name other columns for one of them"
                    ),
                },
            ),
            None => errors.at(
                ident,
                format!(
                    "both columns of the join table would be `{twice}`: \
                     add `owner_column = \"…\"` and `target_column = \"…\"`"
                ),
            ),
        }
    }
    if complain && target_columns.iter().any(String::is_empty) {
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
    Kept::Through { table, owner_columns, target_columns, typed }
}

/// The columns of one end of a join table, if they are named; with the place where they are.
fn join_columns(end: &str, entries: &mut Entries, errors: &mut Errors) -> Option<(Ident, Vec<String>)> {
    let (single, several) = (format!("{end}_column"), format!("{end}_columns"));
    let given = entries.has(&single);
    let names = entries.texts(&several, errors);
    if let (Some((key, _)), true) = (&names, given) {
        errors.at(
            key,
            format!("write `{single}` for an id of one column, or `{several}` for one of several, not both"),
        );
    }
    let column = entries.text(&single, errors);
    match (names, column) {
        (Some((key, names)), _) => Some((key, names.iter().map(LitStr::value).collect())),
        (None, Some(column)) => Some((Ident::new(&single, column.span()), vec![column.value()])),
        (None, None) => None,
    }
}

/// Which end of the join table may be of several types.
fn typed_end(
    ident: &Ident,
    related: &Related,
    container: &Container,
    entries: &mut Entries,
    errors: &mut Errors,
) -> Option<TypedEnd> {
    let column = entries.text("type_column", errors);
    if related.is_polymorphic() {
        let type_column = column.map_or_else(|| format!("{}_type", ident.unraw()), |column| column.value());
        return Some(TypedEnd::Targets { type_column, stored_types: stored_types(related, entries, errors) });
    }
    let stored = entries.text("stored_type", errors);
    let Some(column) = column else {
        if let Some(stored) = stored {
            errors.at(
                stored,
                "`stored_type` is the text for this resource in the column with the type: name that by `type_column`",
            );
        }
        return None;
    };
    let stored_type = stored.map_or_else(|| container.type_name.clone(), |stored| stored.value());
    Some(TypedEnd::Owner { type_column: column.value(), stored_type })
}
