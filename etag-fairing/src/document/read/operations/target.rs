//! What an operation is about, by its `ref` or `href`.

use std::borrow::Cow;

use super::super::linkage::unassigned;
use super::super::resource_object::both_ids;
use super::super::sent::SentMembers;
use super::{Assigned, Member, OperationsReader, ResourceName, object_of, text_of};
use crate::error::{ErrorObject, Errors, Pointer};
use crate::schema::Description;

/// What an `href` leads to.
#[derive(Clone, Debug)]
pub(crate) struct HrefTarget {
    pub(crate) resource: &'static Description,
    /// None for the collection.
    pub(crate) id: Option<String>,
    /// The member name of a relationship, if it leads to one.
    pub(crate) relationship: Option<String>,
}

/// Which resource or relationship an operation names, and where.
pub(super) struct Target<'b> {
    pub(super) resource: &'static Description,
    pub(super) name: Option<ResourceName<'b>>,
    /// The member name of a relationship, and where it stands.
    pub(super) relationship: Option<(Cow<'b, str>, Pointer)>,
    pub(super) pointer: Pointer,
}

impl<'a> OperationsReader<'a> {
    /// The resource or relationship that `ref` or `href` names.
    pub(super) fn target(
        &self,
        members: &SentMembers<'a, Member<'a>>,
        base: &Pointer,
        assigned: &Assigned,
    ) -> Result<Option<Target<'a>>, Errors> {
        match (members.get("ref"), members.get("href")) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                let detail = "an operation has ref or href, and not both";
                Err(ErrorObject::invalid_document(detail).pointer(base.clone()).into())
            }
            (Some(reference), None) => self.target_of_ref(reference, base.member("ref"), assigned).map(Some),
            (None, Some(href)) => self.target_of_href(href, base.member("href")).map(Some),
        }
    }

    fn target_of_ref(
        &self,
        reference: Member<'a>,
        pointer: Pointer,
        assigned: &Assigned,
    ) -> Result<Target<'a>, Errors> {
        let invalid = |detail: &'static str| ErrorObject::invalid_document(detail).pointer(pointer.clone());
        let members = object_of(reference).ok_or_else(|| invalid("ref must be an object"))?;
        let text = |name: &'static str| match members.get(name).map(|member| text_of(member)) {
            None => Ok(None),
            Some(Some(text)) => Ok(Some(text)),
            Some(None) => Err(ErrorObject::invalid_document(format!("{name} must be a string"))
                .pointer(pointer.member(name))),
        };
        let type_name = text("type")?.ok_or_else(|| invalid("ref needs a type"))?;
        let name = match (text("id")?, text("lid")?) {
            (Some(_), Some(_)) => return Err(both_ids().pointer(pointer).into()),
            (Some(id), None) => ResourceName::Id(id),
            (None, Some(lid)) => ResourceName::Lid(lid),
            (None, None) => return Err(invalid("ref needs an id or a lid").into()),
        };
        let relationship = text("relationship")?.map(|name| (name, pointer.member("relationship")));
        let resource = self.resource(&type_name, &pointer.member("type"))?;
        check_assigned(resource, &name, assigned, &pointer.member("lid"))?;
        Ok(Target { resource, name: Some(name), relationship, pointer })
    }

    fn target_of_href(&self, href: Member<'a>, pointer: Pointer) -> Result<Target<'a>, Errors> {
        let Some(href) = text_of(href) else {
            return Err(ErrorObject::invalid_document("href must be a string").pointer(pointer).into());
        };
        let Some(target) = (self.resolve)(&href) else {
            let detail = "href is not the URL of a collection, a resource or a relationship of this API";
            return Err(ErrorObject::not_found().detail(detail).pointer(pointer).into());
        };
        let HrefTarget { resource, id, relationship } = target;
        let name = id.map(|id| ResourceName::Id(id.into()));
        let relationship = relationship.map(|name| (name.into(), pointer.clone()));
        Ok(Target { resource, name, relationship, pointer })
    }

    /// The mounted resource of a type.
    pub(super) fn resource(
        &self,
        type_name: &str,
        pointer: &Pointer,
    ) -> Result<&'static Description, ErrorObject> {
        self.registry.resource(type_name).ok_or_else(|| {
            let detail = format!("there are no resources of type {type_name} here");
            ErrorObject::not_found().detail(detail).pointer(pointer.clone())
        })
    }
}

pub(super) fn check_assigned(
    resource: &Description,
    name: &ResourceName<'_>,
    assigned: &Assigned,
    pointer: &Pointer,
) -> Result<(), ErrorObject> {
    match name {
        ResourceName::Lid(lid) if !assigned.contains(&(resource.type_name, lid.to_string())) => {
            Err(unassigned(lid).pointer(pointer.clone()))
        }
        _ => Ok(()),
    }
}
