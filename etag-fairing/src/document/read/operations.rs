//! The document of several operations (atomic operations extension, "Document Structure").
//!
//! Its form is judged whole, before anything is asked of the store: what each operation does, and to which resource. The
//! members of a resource are judged later, by what is stored then.

mod conditions;
mod target;

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

pub(crate) use self::conditions::SentConditions;
use self::conditions::conditions;
pub(crate) use self::target::HrefTarget;
use self::target::{Target, check_assigned};
use super::linkage::{SentLid, lids_of_document};
use super::local_ids::Reading;
use super::resource_object::{ResourceObject, both_ids};
use super::sent::{ObjectMember, PrimaryData, SentMembers, TextMember};
use crate::error::{ErrorObject, Errors, MOST_ERRORS, Pointer};
use crate::resource::endpoint::{Endpoint, LinkageUpdate, OwnRelationship};
use crate::schema::{Description, Registry};

const OPERATIONS: &str = "atomic:operations";

/// An operation, well-formed.
#[derive(Debug)]
pub(crate) struct SentOperation<'b> {
    /// Where it stands.
    pub(crate) base: Pointer,
    /// Its JSON, which is a document with the operation's `data`.
    pub(crate) text: &'b [u8],
    pub(crate) resource: &'static Description,
    pub(crate) action: Action<'b>,
    pub(crate) conditions: SentConditions,
}

/// What an operation does.
#[derive(Debug)]
pub(crate) enum Action<'b> {
    Create(Box<ResourceObject<'b>>),
    Update(ResourceName<'b>, Box<ResourceObject<'b>>),
    Delete(ResourceName<'b>),
    UpdateLinkage(ResourceName<'b>, OwnRelationship, LinkageUpdate),
}

impl Action<'_> {
    /// The endpoint that does the same for a single request.
    pub(crate) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Create(_) => Endpoint::Create,
            Self::Update(..) => Endpoint::Update,
            Self::Delete(_) => Endpoint::Delete,
            Self::UpdateLinkage(_, own, update) => Endpoint::UpdateRelationship(*own, *update),
        }
    }
}

/// How an operation names the resource that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResourceName<'b> {
    /// By its id, as the client wrote it.
    Id(Cow<'b, str>),
    /// By the local id that an operation before has given it.
    Lid(Cow<'b, str>),
}

/// Reads documents of operations.
pub(crate) struct OperationsReader<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) reading: Reading<'a>,
    /// The most operations of one request.
    pub(crate) most: usize,
    /// What a reference leads to.
    pub(crate) resolve: &'a (dyn Fn(&str) -> Option<HrefTarget> + Sync),
}

type Member<'b> = &'b RawValue;

/// What an operation does, by its `op`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Add,
    Update,
    Remove,
}

/// The local ids that operations have assigned so far, each with its type.
type Assigned = HashSet<(&'static str, String)>;

impl<'a> OperationsReader<'a> {
    /// Reads a document.
    ///
    /// # Errors
    /// With each operation that is not well-formed (400), or that names a resource or relationship that there is none of
    /// (404, 409).
    pub(crate) fn read(&self, body: &'a [u8]) -> Result<Vec<SentOperation<'a>>, Errors> {
        let elements = self.elements(body)?;
        let mut operations = Vec::with_capacity(elements.len());
        let (mut errors, mut assigned) = (Vec::new(), Assigned::new());
        for (index, element) in elements.into_iter().enumerate() {
            if errors.len() >= MOST_ERRORS {
                break;
            }
            let base = Pointer::ROOT.member(OPERATIONS).element(index);
            match self.operation(element, base, &mut assigned) {
                Ok(operation) => operations.push(operation),
                Err(found) => errors.extend(found.iter().take(MOST_ERRORS - errors.len()).cloned()),
            }
        }
        match Errors::from_vec(errors) {
            Some(errors) => Err(errors),
            None => Ok(operations),
        }
    }

    /// The elements of `atomic:operations`.
    fn elements(&self, body: &'a [u8]) -> Result<Vec<Member<'a>>, Errors> {
        let malformed = |detail: String| ErrorObject::malformed_json(detail).pointer(Pointer::ROOT);
        let invalid = |detail: &'static str| ErrorObject::invalid_document(detail);
        let text = std::str::from_utf8(body).map_err(|error| malformed(format!("no UTF-8: {error}")))?;
        let document: ObjectMember<'a, Member<'a>> =
            serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let ObjectMember::Object(members) = document else {
            return Err(invalid("the document must be an object").pointer(Pointer::ROOT).into());
        };
        let forbidden = ["data", "included", "errors", "atomic:results"].into_iter();
        let forbidden = forbidden.filter(|name| members.contains(name)).map(|name| {
            let detail = format!("a document of operations must not have {name}");
            ErrorObject::invalid_document(detail).pointer(Pointer::ROOT.member(name))
        });
        if let Some(errors) = Errors::from_vec(forbidden.collect()) {
            return Err(errors);
        }
        let Some(sent) = members.get(OPERATIONS) else {
            return Err(invalid("the document must have atomic:operations").pointer(Pointer::ROOT).into());
        };
        let at = || Pointer::ROOT.member(OPERATIONS);
        let elements: Vec<Member<'a>> = serde_json::from_str(sent.get())
            .map_err(|_| invalid("atomic:operations must be an array").pointer(at()))?;
        if elements.is_empty() {
            return Err(invalid("atomic:operations must have at least one operation").pointer(at()).into());
        }
        if elements.len() > self.most {
            let detail = format!(
                "at most {} operations (max_operations), and these are {}",
                self.most,
                elements.len()
            );
            return Err(ErrorObject::limit_exceeded(detail).pointer(at()).into());
        }
        Ok(elements)
    }

    fn operation(
        &self,
        element: Member<'a>,
        base: Pointer,
        assigned: &mut Assigned,
    ) -> Result<SentOperation<'a>, Errors> {
        let members = object_of(element).ok_or_else(|| {
            ErrorObject::invalid_document("an operation must be an object").pointer(base.clone())
        })?;
        let code = code(&members, &base)?;
        let target = self.target(&members, &base, assigned)?;
        let conditions = conditions(&members, &base)?;
        let text = element.get().as_bytes();
        if let Some(target) = &target
            && let Some(relationship) = &target.relationship
        {
            let (resource, action) =
                self.of_relationship(text, &base, code, (target, relationship), assigned)?;
            return Ok(SentOperation { base, text, resource, action, conditions });
        }
        let (resource, action) = match code {
            Code::Add => {
                if conditions.if_match.is_some() || conditions.if_unmodified_since.is_some() {
                    let detail = "a new resource has no state before, so that nothing could match it";
                    let error = ErrorObject::invalid_precondition(detail);
                    return Err(error.pointer(base.member("meta")).into());
                }
                self.create(text, &members, &base, target, assigned)?
            }
            Code::Update => self.update(text, &members, &base, target, assigned)?,
            Code::Remove => {
                let Some(Target { resource, name: Some(name), .. }) = target else {
                    let detail = "a removal names its resource by ref, or by its own URL in href";
                    return Err(ErrorObject::invalid_document(detail).pointer(base).into());
                };
                (resource, Action::Delete(name))
            }
        };
        Ok(SentOperation { base, text, resource, action, conditions })
    }

    fn of_relationship(
        &self,
        text: &'a [u8],
        base: &Pointer,
        code: Code,
        (target, (name, at)): (&Target<'a>, &(Cow<'a, str>, Pointer)),
        assigned: &Assigned,
    ) -> Result<(&'static Description, Action<'a>), Errors> {
        let resource = target.resource;
        let update = match code {
            Code::Add => LinkageUpdate::Add,
            Code::Update => LinkageUpdate::Replace,
            Code::Remove => LinkageUpdate::Remove,
        };
        let endpoints = Endpoint::of(resource);
        let own = endpoints.iter().find_map(|endpoint| match endpoint {
            Endpoint::UpdateRelationship(own, LinkageUpdate::Replace) if own.name == *name => Some(*own),
            _ => None,
        });
        let Some(own) = own else {
            let detail = format!("{} have no relationship {name}", resource.type_name);
            return Err(ErrorObject::relationship_not_found(detail).pointer(at.clone()).into());
        };
        if update != LinkageUpdate::Replace && !own.is_to_many() {
            let detail = format!("{name} is to-one: its operation is update");
            return Err(ErrorObject::invalid_document(detail).pointer(base.member("op")).into());
        }
        let Some(resource_name) = target.name.clone() else {
            let detail = "this is no URL of a relationship";
            return Err(ErrorObject::invalid_document(detail).pointer(target.pointer.clone()).into());
        };
        for sent in lids_of_document(text, base)? {
            self.check_lid_of_linkage(&sent, assigned)?;
        }
        Ok((resource, Action::UpdateLinkage(resource_name, own, update)))
    }

    /// A type that nobody knows is the linkage's own mistake, which is told when it is read.
    fn check_lid_of_linkage(&self, sent: &SentLid<'_>, assigned: &Assigned) -> Result<(), ErrorObject> {
        let SentLid { type_name, lid, is_beside_id, pointer } = sent;
        if *is_beside_id {
            return Err(both_ids().pointer(pointer.clone()));
        }
        let Some(resource) = self.registry.resource(type_name) else { return Ok(()) };
        check_assigned(resource, &ResourceName::Lid(Cow::Borrowed(lid)), assigned, &pointer.member("lid"))
    }

    fn create(
        &self,
        text: &'a [u8],
        members: &SentMembers<'a, Member<'a>>,
        base: &Pointer,
        target: Option<Target<'a>>,
        assigned: &mut Assigned,
    ) -> Result<(&'static Description, Action<'a>), Errors> {
        let (resource, sent) = self.resource_of_data(members, base)?;
        let object = self.object(text, base, resource, assigned)?;
        if let Some(Target { resource: named, name, pointer, .. }) = target {
            if !named.is(resource) {
                let detail = format!("a resource of type {} is to be made, not of {}", sent, named.type_name);
                return Err(ErrorObject::type_mismatch(detail)
                    .pointer(base.member("data").member("type"))
                    .into());
            }
            // Some clients name the resource that they make (Orbit does). Nothing else can be meant by it.
            let is_itself = match &name {
                None => true,
                Some(ResourceName::Id(id)) => object.id.as_ref() == Some(id),
                Some(ResourceName::Lid(lid)) => object.lid.as_ref() == Some(lid),
            };
            if !is_itself {
                let detail = "an operation that adds a resource names a collection, or nothing but data";
                return Err(ErrorObject::invalid_document(detail).pointer(pointer).into());
            }
        }
        if let Some(lid) = &object.lid
            && !assigned.insert((resource.type_name, lid.to_string()))
        {
            let detail = format!("an operation before has given the lid {lid} to another resource");
            let pointer = base.member("data").member("lid");
            return Err(ErrorObject::invalid_document(detail).pointer(pointer).into());
        }
        Ok((resource, Action::Create(Box::new(object))))
    }

    fn update(
        &self,
        text: &'a [u8],
        members: &SentMembers<'a, Member<'a>>,
        base: &Pointer,
        target: Option<Target<'a>>,
        assigned: &Assigned,
    ) -> Result<(&'static Description, Action<'a>), Errors> {
        let (resource, sent) = self.resource_of_data(members, base)?;
        if let Some(target) = &target
            && !target.resource.is(resource)
        {
            let detail =
                format!("the operation is about {}, and its data about {sent}", target.resource.type_name);
            return Err(ErrorObject::type_mismatch(detail)
                .pointer(base.member("data").member("type"))
                .into());
        }
        let object = self.object(text, base, resource, assigned)?;
        let data = base.member("data");
        let own = match (&object.id, &object.lid) {
            (Some(id), _) => ResourceName::Id(id.clone()),
            (None, Some(lid)) => ResourceName::Lid(lid.clone()),
            (None, None) => {
                let detail = "the resource object of an update needs its id, or its lid";
                return Err(ErrorObject::missing_id(detail).pointer(data).into());
            }
        };
        if let ResourceName::Lid(_) = &own {
            check_assigned(resource, &own, assigned, &data.member("lid"))?;
        }
        match target.map(|target| (target.name, target.pointer)) {
            None => Ok((resource, Action::Update(own, Box::new(object)))),
            Some((Some(name), _)) if is_same(resource, &name, &own) => {
                Ok((resource, Action::Update(name, Box::new(object))))
            }
            Some((Some(_), _)) => {
                let at = if object.id.is_some() { data.member("id") } else { data.member("lid") };
                let detail = "the operation names another resource than its data does";
                Err(ErrorObject::id_mismatch(detail).pointer(at).into())
            }
            Some((None, pointer)) => {
                let detail = "an update names a resource or a relationship, and not a collection";
                Err(ErrorObject::invalid_document(detail).pointer(pointer).into())
            }
        }
    }

    /// The resource whose type the operation's data has, and that type.
    fn resource_of_data(
        &self,
        members: &SentMembers<'a, Member<'a>>,
        base: &Pointer,
    ) -> Result<(&'static Description, Cow<'a, str>), Errors> {
        let Some(data) = members.get("data") else {
            let detail = "the operation needs a resource object as data";
            return Err(ErrorObject::invalid_document(detail).pointer(base.clone()).into());
        };
        let at = base.member("data");
        let sent: PrimaryData<'a> = serde_json::from_str(data.get())
            .map_err(|error| ErrorObject::malformed_json(error.to_string()).pointer(at.clone()))?;
        let PrimaryData::Resource { type_name, .. } = sent else {
            return Err(ErrorObject::invalid_document("data must be one resource object").pointer(at).into());
        };
        match type_name {
            Some(TextMember::Text(name)) => Ok((self.resource(&name, &at.member("type"))?, name)),
            Some(TextMember::Other) => {
                let error = ErrorObject::invalid_document("type must be a string");
                Err(error.pointer(at.member("type")).into())
            }
            None => Err(ErrorObject::missing_type("a resource object needs its type").pointer(at).into()),
        }
    }

    /// The resource object of an operation, whose linkage names nothing that is not there yet.
    fn object(
        &self,
        text: &'a [u8],
        base: &Pointer,
        resource: &'static Description,
        assigned: &Assigned,
    ) -> Result<ResourceObject<'a>, Errors> {
        let object = ResourceObject::parse(text, base.clone(), resource, self.reading)?;
        for sent in object.lids() {
            self.check_lid_of_linkage(&sent, assigned)?;
        }
        Ok(object)
    }
}

/// Whether two names are those of one resource. (A UUID has more than one spelling.)
fn is_same(resource: &Description, one: &ResourceName<'_>, other: &ResourceName<'_>) -> bool {
    match (one, other) {
        (ResourceName::Id(one), ResourceName::Id(other)) => {
            let id = |text: &str| resource.id.kind.parse(text);
            one == other || id(one).is_some_and(|one| id(other) == Some(one))
        }
        _ => one == other,
    }
}

fn object_of<'b>(member: Member<'b>) -> Option<SentMembers<'b, Member<'b>>> {
    match serde_json::from_str(member.get()) {
        Ok(ObjectMember::Object(members)) => Some(members),
        Ok(ObjectMember::Other) | Err(_) => None,
    }
}

fn text_of<'b>(member: Member<'b>) -> Option<Cow<'b, str>> {
    match serde_json::from_str(member.get()) {
        Ok(TextMember::Text(text)) => Some(text),
        Ok(TextMember::Other) | Err(_) => None,
    }
}

fn code<'b>(members: &SentMembers<'b, Member<'b>>, base: &Pointer) -> Result<Code, ErrorObject> {
    let Some(sent) = members.get("op") else {
        return Err(ErrorObject::invalid_document("an operation needs its op").pointer(base.clone()));
    };
    match text_of(sent).as_deref() {
        Some("add") => Ok(Code::Add),
        Some("update") => Ok(Code::Update),
        Some("remove") => Ok(Code::Remove),
        _ => {
            let error = ErrorObject::invalid_document("op is add, update or remove");
            Err(error.pointer(base.member("op")))
        }
    }
}
