//! Names of members, and where each was written.

use proc_macro2::Ident;
use syn::{LitStr, ext::IdentExt};

use crate::{errors::Errors, names::member_name_fault};

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
