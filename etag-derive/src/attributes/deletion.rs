//! `#[jsonapi(soft_delete = "…")]`: the attribute with the time of the deletion.

use super::{
    attribute::Access,
    container::Container,
    field::{Field, Role},
};
use crate::{errors::Errors, names::member_name_fault};

/// Where the time of a soft deletion stands.
pub(crate) enum Deletion {
    /// In a field of the struct: the index of its attribute.
    Field(usize),
    /// In no field: an attribute after all others.
    Own {
        /// The member name, which no document has.
        name: String,
        /// The column.
        column: String,
    },
}

impl Deletion {
    pub(super) fn read(fields: &mut [Field], container: &Container, errors: &mut Errors) -> Option<Self> {
        let column = container.soft_delete.as_ref()?;
        let is_column = |name: &str| name.eq_ignore_ascii_case(&column.text);
        let mut index = 0;
        for Field { ident, role, .. } in fields.iter_mut() {
            let others = match role {
                Role::Attribute(attribute) if is_column(&attribute.column.text) => {
                    if let Some(key) = attribute.kept.key() {
                        let message = format!("`{ident}` is the `{key}`: name another column");
                        column.error(message, errors);
                    }
                    // It is null in every document, and only a deletion sets it.
                    attribute.access = Access::Hidden;
                    (attribute.filter, attribute.sort) = (false, false);
                    (attribute.readers, attribute.writers) = (None, None);
                    return Some(Self::Field(index));
                }
                Role::Attribute(_) => {
                    index += 1;
                    continue;
                }
                Role::Id { column } => vec![&*column],
                Role::Relationship(relationship) => relationship.columns(),
                Role::Skipped { .. } | Role::Broken => continue,
            };
            if others.iter().any(|other| is_column(&other.text)) {
                let message =
                    format!("`{}` is the column of the field `{ident}`: name another one", column.text);
                column.error(message, errors);
            }
        }
        let name = container.rename_all.apply(&column.text);
        let name = if member_name_fault(&name).is_none() { name } else { "deletedAt".into() };
        let members = fields.iter().filter_map(|field| match &field.role {
            Role::Attribute(attribute) => Some((&field.ident, &attribute.name.text)),
            Role::Relationship(relationship) => Some((&field.ident, &relationship.name.text)),
            _ => None,
        });
        if let Some((ident, _)) = members.into_iter().find(|(_, member)| **member == name) {
            column.error(
                format!(
                    "the field `{ident}` has the member name `{name}` and another column: give it \
                     `column = \"{}\"`, or another member name",
                    column.text
                ),
                errors,
            );
        }
        Some(Self::Own { name, column: column.text.clone() })
    }
}
