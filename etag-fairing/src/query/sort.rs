//! `sort` (JSON:API §8.5).

use super::limits::MAX_SORT_KEYS;
use super::path::{End, Lost, Path};
use crate::error::ErrorObject;
use crate::plan::{Field, Member, SortKey};
use crate::schema::{Description, Kind};

/// Reads `sort`: fields in the order in which they count, each with `-` before it for descending order.
pub(super) fn parse(value: &str, resource: &'static Description) -> Result<Vec<SortKey>, Vec<ErrorObject>> {
    let mut keys: Vec<SortKey> = Vec::new();
    let mut errors = Vec::new();
    for written in value.split(',') {
        // F6: one minus, and the rest is the name, whatever it holds.
        let (descending, name) = match written.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, written),
        };
        match member(resource, name) {
            Ok(member) if keys.iter().any(|key| key.member == member) => {
                errors.push(ErrorObject::invalid_sort(format!("{name:?} stands there twice")));
            }
            Ok(_) if keys.len() == MAX_SORT_KEYS => {
                errors
                    .push(ErrorObject::limit_exceeded(format!("at most {MAX_SORT_KEYS} fields to sort by")));
                break;
            }
            Ok(member) => keys.push(SortKey { member, descending }),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(keys) } else { Err(errors) }
}

fn member(resource: &'static Description, name: &str) -> Result<Member, ErrorObject> {
    let refuse = |detail: String| Err(ErrorObject::invalid_sort(detail));
    let path = match Path::follow(resource, name, false) {
        Ok(path) => path,
        Err(Lost::TooLong) => {
            return Err(ErrorObject::limit_exceeded(format!("{name:?} is too long a path")));
        }
        Err(Lost::Nowhere(detail)) => return refuse(detail),
    };
    if path.steps.iter().any(|step| step.many) {
        // One resource would have many places in the order.
        return refuse(format!("{name:?} leads over a to-many relationship"));
    }
    let field = match path.end {
        End::Id => Field::Id,
        End::Attribute(place, attribute) if attribute.sort && attribute.kind != Kind::Json => {
            Field::Attribute(place)
        }
        End::Attribute(..) => return refuse(format!("{name:?} can't be sorted by")),
        End::Relationship(..) => {
            return refuse(format!("{name:?} is a relationship: name a field of it, such as {name}.id"));
        }
    };
    Ok(Member::at(path.steps.iter().map(|step| step.place).collect(), field))
}

/// The order in the words of `sort`, each the shortest there is for it; part of a cursor.
pub(super) fn print(sort: &[SortKey], resource: &'static Description) -> String {
    let mut text = String::new();
    for key in sort {
        if !text.is_empty() {
            text.push(',');
        }
        if key.descending {
            text.push('-');
        }
        let mut here = resource;
        for relationship in key.member.path.iter().filter_map(|place| {
            let relationship = here.relationships.get(*place)?;
            here = relationship.target();
            Some(relationship)
        }) {
            text.push_str(relationship.name);
            text.push('.');
        }
        match key.member.field {
            Field::Id => text.push_str("id"),
            Field::Attribute(place) => {
                text.push_str(here.attributes.get(place).map_or("", |attribute| attribute.name));
            }
            Field::ToOne(place) => {
                text.push_str(here.relationships.get(place).map_or("", |relationship| relationship.name));
                text.push_str(".id");
            }
        }
    }
    text
}
