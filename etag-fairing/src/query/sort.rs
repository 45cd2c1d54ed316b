//! `sort` (JSON:API §7.5).

use super::limits::{MAX_PATH, MAX_SORT_KEYS};
use crate::error::ErrorObject;
use crate::plan::{Field, Member, SortKey};
use crate::schema::member_path::{BrokenPath, MemberPath, PathEnd, PathStep, PathSyntax, typed_names};
use crate::schema::unreadable::Unreadable;
use crate::schema::{Description, Relationship};

/// Reads `sort`: fields in the order in which they count, each with `-` before it for descending order.
pub(super) fn parse(
    value: &str,
    resource: &'static Description,
    unreadable: &Unreadable,
) -> Result<Vec<SortKey>, Vec<ErrorObject>> {
    let mut keys: Vec<SortKey> = Vec::new();
    let mut errors = Vec::new();
    for written in value.split(',') {
        // JSON:API §7.5: one minus stands for descending order. All behind it is the name, even a second minus.
        let (descending, name) = match written.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, written),
        };
        match member(resource, name, unreadable) {
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

fn member(
    resource: &'static Description,
    name: &str,
    unreadable: &Unreadable,
) -> Result<Member, ErrorObject> {
    let refuse = |detail: String| Err(ErrorObject::invalid_sort(detail));
    let path =
        MemberPath::follow(resource, name, PathSyntax::Client(unreadable), MAX_PATH).map_err(|broken| {
            let detail = broken.detail(name);
            match broken {
                BrokenPath::TooLong => ErrorObject::limit_exceeded(detail),
                BrokenPath::NoMember { .. }
                | BrokenPath::NoType { .. }
                | BrokenPath::NoRelationship { .. } => ErrorObject::invalid_sort(detail),
            }
        })?;
    if path.steps.iter().any(PathStep::is_to_many) {
        // Over many related resources one resource would have several positions in the order.
        return refuse(format!("{name:?} leads over a to-many relationship"));
    }
    let field = match path.end {
        PathEnd::Id => Field::Id,
        PathEnd::Attribute(id, attribute) if attribute.sort && attribute.kind.family().is_some() => {
            Field::Attribute(id)
        }
        PathEnd::Attribute(..) => return refuse(format!("{name:?} can't be sorted by")),
        PathEnd::OneOf(id) => {
            return refuse(format!(
                "{name:?} leads to several types, whose ids have no order together: sort by a field of one of them, as \
                 {}.id",
                typed_names(path.resource, id).split(", ").next().unwrap_or_default()
            ));
        }
        PathEnd::Relationship(..) => {
            return refuse(format!("{name:?} is a relationship: name a field of it, such as {name}.id"));
        }
    };
    Ok(Member::at(path.relationship_ids(), field))
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
        for relationship in key.member.path.iter().filter_map(|id| {
            let relationship = here.relationship_at(*id)?;
            here = relationship.target();
            Some(relationship)
        }) {
            push_name(&mut text, relationship);
            text.push('.');
        }
        match key.member.field {
            Field::Id => text.push_str("id"),
            Field::Attribute(id) => {
                text.push_str(here.attribute_at(id).map_or("", |attribute| attribute.name));
            }
            Field::ToOne(id) => {
                if let Some(relationship) = here.relationship_at(id) {
                    push_name(&mut text, relationship);
                }
                text.push_str(".id");
            }
        }
    }
    text
}

/// The name of a relationship in a path: of an arm, with its type.
fn push_name(text: &mut String, relationship: &Relationship) {
    text.push_str(relationship.name);
    if relationship.is_polymorphic() {
        text.push('.');
        text.push_str(relationship.target().type_name);
    }
}
