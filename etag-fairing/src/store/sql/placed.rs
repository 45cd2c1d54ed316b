//! Columns of positions, and which of them a row's own statement writes.

use crate::plan::{attribute_with, lists_of};
use crate::schema::{Description, Relationship, RelationshipId};

/// A column with positions, and the position that a row gets in it.
pub(super) type Arrival = (&'static str, i64);

/// The lists that a to-one relationship leads into, each with the column of its positions.
pub(super) fn lists(
    resource: &'static Description,
    relationship: &Relationship,
) -> impl Iterator<Item = (RelationshipId, &'static str)> {
    lists_of(resource, relationship).filter_map(|(id, list)| Some((id, list.order?)))
}

/// The columns of positions that are no attributes of the resource, each once.
fn columns_beside(resource: &'static Description) -> Vec<&'static str> {
    let mut columns = Vec::new();
    for relationship in resource.relationships.iter().filter(|it| !it.is_to_many()) {
        for (_, column) in lists(resource, relationship) {
            if attribute_with(resource, column).is_none() && !is_named(&columns, column) {
                columns.push(column);
            }
        }
    }
    columns
}

/// The columns among these positions that are no attributes of the resource.
pub(super) fn beside(resource: &'static Description, arrivals: &[Arrival]) -> Vec<Arrival> {
    arrivals.iter().filter(|(column, _)| attribute_with(resource, column).is_none()).copied().collect()
}

/// Which of [`columns_beside`] these positions are for, as a part of a statement's shape.
pub(super) fn shape_beside(resource: &'static Description, columns: &[&'static str]) -> Vec<bool> {
    if columns.is_empty() {
        return Vec::new();
    }
    columns_beside(resource).into_iter().map(|column| is_named(columns, column)).collect()
}

/// The position that a row gets in this column.
pub(super) fn position_in(arrivals: &[Arrival], column: &str) -> Option<i64> {
    arrivals.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, position)| *position)
}

fn is_named(columns: &[&str], column: &str) -> bool {
    columns.iter().any(|name| name.eq_ignore_ascii_case(column))
}
