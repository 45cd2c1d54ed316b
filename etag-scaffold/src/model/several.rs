//! Foreign keys of several columns, to ids that are made of as many.

use super::columns::name_of;
use super::id::Id;
use super::relationships::{Reference, family};
use super::{Draft, Field};
use crate::catalogue::{Catalogue, Column, ForeignKey};
use crate::names::{field, words};

/// A foreign key of several columns that refers to the id of a struct.
pub(super) struct ReferenceOfSeveral<'c> {
    key: &'c ForeignKey,
    /// The struct.
    to: usize,
    /// Its own columns, in the order of the parts of that id.
    columns: Vec<&'c Column>,
}

impl ReferenceOfSeveral<'_> {
    pub(super) fn has(&self, column: &Column) -> bool {
        self.columns.iter().any(|own| own.name == column.name)
    }

    /// Whether it is this key.
    pub(super) fn is_of(&self, key: &ForeignKey) -> bool {
        std::ptr::eq(self.key, key)
    }

    /// Whether it is the first column of the key.
    pub(super) fn is_first(&self, column: &Column) -> bool {
        self.key.columns.first().is_some_and(|first| *first == column.name)
    }
}

/// The foreign keys of several columns that are relationships: they have just the columns of an id, and none of these is
/// used for anything else.
pub(super) fn references_of_several<'c>(
    catalogue: &Catalogue,
    drafts: &[Draft<'c>],
    index: usize,
) -> Vec<ReferenceOfSeveral<'c>> {
    let Some(draft) = drafts.get(index) else { return Vec::new() };
    let table = draft.table;
    let reference = |key: &'c ForeignKey| {
        let to = drafts.iter().position(|draft| catalogue.is_same(&draft.table.name, &key.table))?;
        let Id::Several(parts) = &drafts.get(to)?.id else { return None };
        if key.columns.len() < 2 || parts.len() != key.columns.len() {
            return None;
        }
        let own = |(place, part): (usize, &&Column)| {
            // Without columns it refers to the primary key, in its order.
            let place = match key.targets.as_slice() {
                [] => place,
                targets => targets.iter().position(|target| catalogue.is_same(target, &part.name))?,
            };
            let column = catalogue.column(table, key.columns.get(place)?)?;
            (family(&column.holds) == family(&part.holds)).then_some(column)
        };
        let columns = parts.iter().enumerate().map(own).collect::<Option<Vec<_>>>()?;
        let others = table.foreign_keys.iter().filter(|other| !std::ptr::eq(*other, key));
        let is_shared = |column: &&Column| {
            draft.id.has_part(&column.name)
                || column.is_generated
                || others.clone().any(|other| other.columns.contains(&column.name))
        };
        let is_required = columns.iter().all(|column| column.is_not_null);
        let may_be_empty = columns.iter().all(|column| !column.is_not_null);
        (!columns.iter().any(is_shared) && (is_required || may_be_empty)).then_some(ReferenceOfSeveral {
            key,
            to,
            columns,
        })
    };
    table.foreign_keys.iter().filter_map(reference).collect()
}

/// The relationship of a foreign key of several columns.
pub(super) fn to_one_of_several(
    drafts: &mut [Draft<'_>],
    index: usize,
    reference: &ReferenceOfSeveral<'_>,
    fallback: &str,
    references: &mut Vec<Reference>,
) {
    let ReferenceOfSeveral { to, columns, .. } = reference;
    let Some(target) = drafts.get(*to).map(|draft| draft.made.name.clone()) else { return };
    let Some(draft) = drafts.get_mut(index) else { return };
    let name = name_of(&mut draft.taken, field(&words(&target), fallback));
    let mut entries = vec!["relationship".to_owned()];
    if columns.iter().all(|column| column.is_not_null) {
        entries.push("required".to_owned());
    }
    let Some(first) = columns.first() else { return };
    let columns: Vec<String> = columns.iter().map(|column| format!("{:?}", column.name)).collect();
    entries.push(format!("columns({})", columns.join(", ")));
    references.push(Reference::new(index, *to, &name, &first.name));
    let rust_type = format!("ToOne<{target}>");
    draft.made.fields.push(Field { name, rust_type, entries, remarks: Vec::new() });
}
