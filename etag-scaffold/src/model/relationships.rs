//! Foreign keys as to-one relationships, and their other ends.

use super::columns::name_of;
use super::id::Id;
use super::{Draft, Field};
use crate::catalogue::{Catalogue, Column, ForeignKey, Holds, Table};
use crate::hints::{self, Certainty};
use crate::names::{field, member, plural, words};

/// A to-one relationship, for the other end.
pub(super) struct Reference {
    from: usize,
    to: usize,
    /// Its member name.
    member: String,
    field: String,
    column: String,
}

impl Reference {
    /// Of the field of this name, from one struct to another.
    pub(super) fn new(from: usize, to: usize, name: &str, column: &str) -> Self {
        Self { from, to, member: member(name), field: name.to_owned(), column: column.to_owned() }
    }
}

/// The struct that a foreign key of one column refers to, if it refers to its id.
pub(super) fn target(
    catalogue: &Catalogue,
    table: &Table,
    key: &ForeignKey,
    drafts: &[Draft<'_>],
) -> Option<usize> {
    let [name] = key.columns.as_slice() else { return None };
    let index = drafts.iter().position(|draft| catalogue.is_same(&draft.table.name, &key.table))?;
    let draft = drafts.get(index)?;
    // Without a column it refers to the primary key.
    let Id::One(id, _) = draft.id else { return None };
    let refers_to_id = key.targets.first().is_none_or(|target| catalogue.is_same(target, &id.name));
    let column = catalogue.column(table, name)?;
    (refers_to_id && family(&column.holds) == family(&id.holds)).then_some(index)
}

/// What is compared with each other as an id.
pub(super) fn family(holds: &Holds) -> Option<u8> {
    match holds {
        Holds::Small | Holds::Integer | Holds::Big => Some(0),
        Holds::Text => Some(1),
        Holds::Uuid => Some(2),
        _ => None,
    }
}

pub(super) fn to_one(
    drafts: &mut [Draft<'_>],
    index: usize,
    column: &Column,
    to: usize,
    fallback: &str,
    references: &mut Vec<Reference>,
) -> Option<String> {
    let target = drafts.get(to).map(|draft| draft.made.name.clone())?;
    let draft = drafts.get_mut(index)?;
    let name = name_of(&mut draft.taken, field(&without_id(&column.name), fallback));
    let mut entries = vec!["relationship".to_owned()];
    // A part of the id always has a value.
    if column.is_not_null && !draft.id.has_part(&column.name) {
        entries.push("required".to_owned());
    }
    if format!("{name}_id") != column.name {
        entries.push(format!("column = {:?}", column.name));
    }
    references.push(Reference::new(index, to, &name, &column.name));
    let rust_type = format!("ToOne<{target}>");
    draft.made.fields.push(Field { name: name.clone(), rust_type, entries, remarks: Vec::new() });
    Some(name)
}

/// The words of a column that refers to something: without `id` at the end.
fn without_id(column: &str) -> Vec<String> {
    let mut words = words(column);
    if words.len() > 1 && words.last().is_some_and(|word| word == "id") {
        words.pop();
    }
    words
}

/// The other end of a to-one relationship.
pub(super) fn inverse(
    catalogue: &Catalogue,
    drafts: &mut [Draft<'_>],
    reference: &Reference,
    all: &[Reference],
) {
    let Some((from, table)) = drafts.get(reference.from).map(|draft| (draft.made.name.clone(), draft.table))
    else {
        return;
    };
    let is_alone =
        all.iter().filter(|other| (other.from, other.to) == (reference.from, reference.to)).count() == 1;
    let Some(draft) = drafts.get_mut(reference.to) else { return };
    let mut name = field(&plural(&words(&table.name)), "others");
    if !is_alone || reference.from == reference.to {
        name = format!("{}_by_{}", name.trim_end_matches('_'), reference.field.trim_end_matches('_'));
    }
    let name = name_of(&mut draft.taken, name);
    let mut entries = vec!["relationship".to_owned(), format!("inverse = {:?}", reference.member)];
    let order = hints::order(catalogue, table, &reference.column);
    if let Some(order) = order.iter().find(|order| order.certainty == Certainty::Likely) {
        entries.push(format!("order = {:?}", order.column));
    }
    let remarks = order.iter().map(hints::Order::remark).collect();
    draft.made.fields.push(Field { name, rust_type: format!("ToMany<{from}>"), entries, remarks });
}
