//! The columns of a table as fields: attributes, and what is to be said of those that are none.

use super::id::{Id, id_type};
use super::relationships::{Reference, target, to_one};
use super::several::{references_of_several, to_one_of_several};
use super::{Draft, Field};
use crate::catalogue::{Catalogue, Column, ForeignKey, Holds};
use crate::hints;
use crate::names::{Taken, field, member, words};

/// The fields of a table's own columns.
pub(super) fn columns(
    catalogue: &Catalogue,
    drafts: &mut [Draft<'_>],
    index: usize,
    enums: &[(String, String)],
    references: &mut Vec<Reference>,
) {
    let Some(draft) = drafts.get(index) else { return };
    let table = draft.table;
    let id = match draft.id {
        Id::One(id, _) => Some(id),
        Id::Several(_) => None,
    };
    let mut seen: Vec<&str> = id.iter().map(|id| id.name.as_str()).collect();
    let several = references_of_several(catalogue, drafts, index);
    // The field of each column.
    let mut fields: Vec<(&str, String)> = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        if id.is_some_and(|id| column.name == id.name) {
            continue;
        }
        let fallback = format!("column_{}", place + 1);
        if let Some(other) = seen.iter().find(|other| other.eq_ignore_ascii_case(&column.name)) {
            let remark = format!(
                "Column {:?} differs from {other:?} only by the case of its letters: it is left out.",
                column.name
            );
            remark_on(drafts, index, remark);
            continue;
        }
        seen.push(&column.name);
        if let Some(reference) = several.iter().find(|reference| reference.has(column)) {
            if reference.is_first(column) {
                to_one_of_several(drafts, index, reference, &fallback, references);
            }
            continue;
        }
        let key = table.foreign_keys.iter().find(|key| key.columns == [column.name.clone()]);
        let to = key.and_then(|key| target(catalogue, table, key, drafts));
        if let (Some(to), false) = (to, column.is_generated) {
            fields.extend(
                to_one(drafts, index, column, to, &fallback, references).map(|name| (&*column.name, name)),
            );
            continue;
        }
        let Some(draft) = drafts.get_mut(index) else { return };
        let is_part = draft.id.has_part(&column.name);
        match attribute(column, is_part, enums) {
            Err(reason) => {
                let left_out = if column.can_be_left_out() {
                    String::new()
                } else {
                    " It needs a value, so that no row can be created.".to_owned()
                };
                draft
                    .made
                    .remarks
                    .push(format!("Column {:?}: {reason}: it is left out.{left_out}", column.name));
            }
            Ok((rust_type, mut entries, mut remarks)) => {
                let name = name_of(&mut draft.taken, field(&words(&column.name), &fallback));
                if name != column.name {
                    entries.push(format!("column = {:?}", column.name));
                }
                if let Some(key) = key {
                    remarks.push(format!("It refers to {:?}, but not to an id with a struct.", key.table));
                }
                fields.push((&column.name, name.clone()));
                draft.made.fields.push(Field { name, rust_type, entries, remarks });
            }
        }
    }
    key_of(drafts, index, &fields);
    for remark in hints::relationships_to_several(catalogue, table) {
        remark_on(drafts, index, remark);
    }
    let is_left_out =
        |key: &&ForeignKey| key.columns.len() > 1 && !several.iter().any(|reference| reference.is_of(key));
    for key in table.foreign_keys.iter().filter(is_left_out) {
        let remark = format!(
            "The reference to {:?} by several columns ({}) is left out.",
            key.table,
            key.columns.join(", ")
        );
        remark_on(drafts, index, remark);
    }
    if let Some(key) =
        id.and_then(|id| table.foreign_keys.iter().find(|key| key.columns == [id.name.clone()]))
    {
        let remark = format!("The id refers to {:?}: an id is no relationship.", key.table);
        remark_on(drafts, index, remark);
    }
}

/// The fields that a key of several columns is made of. A table that has nothing else is told of as the join table that it
/// may be, too.
fn key_of(drafts: &mut [Draft<'_>], index: usize, fields: &[(&str, String)]) {
    let Some(draft) = drafts.get_mut(index) else { return };
    let Id::Several(parts) = &draft.id else { return };
    let of_part = |part: &&Column| fields.iter().find(|(column, _)| *column == part.name);
    draft.made.key = parts.iter().filter_map(of_part).map(|(_, name)| name.clone()).collect();
    let is_to_one = |field: &Field| field.rust_type.starts_with("ToOne<");
    if let [one, other] = parts.as_slice()
        && let [first, second] = draft.made.fields.as_slice()
        && is_to_one(first)
        && is_to_one(second)
    {
        draft.made.remarks.push(format!(
            "It is a join table. Without this struct, both ends can have the others themselves: #[jsonapi(relationship, \
             through = {:?}, owner_column = {:?}, target_column = {:?}, linkage = false)] on a ToMany, and the columns the \
             other way round at the other end.",
            draft.table.name, one.name, other.name
        ));
    }
}

fn remark_on(drafts: &mut [Draft<'_>], index: usize, remark: String) {
    if let Some(draft) = drafts.get_mut(index) {
        draft.made.remarks.push(remark);
    }
}

/// A name that is free as a field and as a member.
pub(super) fn name_of(taken: &mut Taken, name: String) -> String {
    // What no member can be called has another word.
    let name = match member(&name).as_str() {
        "id" | "type" | "links" | "relationships" | "meta" => format!("{}_value", name.trim_matches('_')),
        "" => "value".to_owned(),
        _ => name,
    };
    taken.give(name, "_")
}

/// The Rust type of a value by itself.
fn scalar(holds: &Holds) -> Option<&'static str> {
    Some(match holds {
        Holds::Bool => "bool",
        Holds::Small => "i16",
        Holds::Integer => "i32",
        Holds::Big => "i64",
        Holds::Single => "f32",
        Holds::Double => "f64",
        Holds::Decimal => "rust_decimal::Decimal",
        Holds::Bytes => "Vec<u8>",
        Holds::Duration => "chrono::TimeDelta",
        Holds::Text => "String",
        Holds::Timestamp => "chrono::DateTime<chrono::Utc>",
        Holds::DateTime => "chrono::NaiveDateTime",
        Holds::Date => "chrono::NaiveDate",
        Holds::Time => "chrono::NaiveTime",
        Holds::Uuid => "uuid::Uuid",
        Holds::Json => "serde_json::Value",
        Holds::List(_) | Holds::Enum(..) | Holds::Nothing => return None,
    })
}

/// Why a column is no attribute whose values have no type.
fn no_attribute(column: &Column) -> String {
    match column.declared.as_str() {
        "" => "it holds values of several types".into(),
        declared => format!("no attribute holds {declared}"),
    }
}

/// The type, entries and remarks of an attribute.
///
/// # Errors
/// Why it is none.
fn attribute(
    column: &Column,
    is_part_of_id: bool,
    enums: &[(String, String)],
) -> Result<(String, Vec<String>, Vec<String>), String> {
    let (mut entries, mut remarks) = (Vec::new(), Vec::new());
    let list;
    let rust_type = match &column.holds {
        Holds::List(element) => {
            let element = scalar(element).ok_or_else(|| no_attribute(column))?;
            remarks.push(format!("If elements are null, write `Vec<Option<{element}>>`."));
            list = format!("Vec<{element}>");
            &list
        }
        Holds::Enum(of, _) => match enums.iter().find(|(known, _)| known == of) {
            Some((_, name)) => {
                entries.push("text".to_owned());
                name
            }
            None => return Err(format!("the enum {of:?} has no values")),
        },
        holds => scalar(holds).ok_or_else(|| no_attribute(column))?,
    };
    let is_interval = |holds: &Holds| *holds == Holds::Duration;
    if is_interval(&column.holds) || matches!(&column.holds, Holds::List(element) if is_interval(element)) {
        remarks.push("An interval with months or years is no duration, and can't be shown.".to_owned());
    }
    // An id is of another type than i16, and no part of it is null.
    let rust_type = if is_part_of_id { id_type(column)? } else { rust_type };
    let rust_type = match column.is_not_null || is_part_of_id {
        true => rust_type.to_owned(),
        false => format!("Option<{rust_type}>"),
    };
    if let (Some(default), true) = (&column.default, column.is_not_null) {
        remarks.push(format!(
            "The database's default is {default}; clients must send a value, unless `default` says another."
        ));
    }
    Ok((rust_type, entries, remarks))
}
