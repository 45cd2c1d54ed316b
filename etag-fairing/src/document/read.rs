//! Documents in: request bodies to values, every mistake with its pointer (JSON:API §9, §11).

use std::borrow::Cow;

use rocket::data::ByteUnit;
use serde::Deserialize;
use serde_json::Value as JsonValue;
use serde_json::value::RawValue;

use super::read_attribute::attribute;
use super::sent::{Data, Held, Identifier, Linkage, Members as SentMembers, Sent, WithData};
use crate::config::JsonApiConfig;
use crate::error::{ErrorObject, Errors, MOST_ERRORS, Pointer};
use crate::plan::{LinkageChange, Links};
use crate::schema::{Attribute, Description, IdKind, Kind, Relationship, ResourceId, Row, Value};

/// How long what clients send may be, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    /// An id.
    pub(crate) id: usize,
    /// The text of an attribute, and its JSON where it is JSON.
    pub(crate) text: usize,
}

impl Lengths {
    pub(crate) fn of(config: &JsonApiConfig) -> Self {
        let number = |bytes: ByteUnit| usize::try_from(bytes.as_u64()).unwrap_or(usize::MAX);
        let id = usize::try_from(config.max_id_length).unwrap_or(usize::MAX);
        Self { id, text: number(config.max_length.unwrap_or(config.max_body)) }
    }

    /// # Errors
    /// 422 if the id is too long.
    fn check_id(self, id: &str) -> Result<(), ErrorObject> {
        match id.len() <= self.id {
            true => Ok(()),
            false => Err(ErrorObject::validation_failed(format!(
                "an id has at most {} bytes here (max_id_length), and this one has {}",
                self.id,
                id.len()
            ))),
        }
    }

    /// # Errors
    /// 422 if the value is text that is too long.
    pub(super) fn check_value(self, name: &str, value: &Value) -> Result<(), ErrorObject> {
        match value {
            Value::Text(text) if text.len() > self.text => Err(ErrorObject::validation_failed(format!(
                "{name} has {} bytes, and may have {} at most (max_length)",
                text.len(),
                self.text
            ))),
            _ => Ok(()),
        }
    }
}

/// The resource that a change is about, as it is now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current<'a> {
    pub(crate) row: Row<'a>,
    /// Its to-many linkage, one entry a relationship, as far as it was read.
    pub(crate) links: &'a [Option<Links>],
}

impl Current<'_> {
    /// Whether a relationship is what the change makes of it.
    fn has(&self, resource: &Description, place: usize, change: &LinkageChange) -> bool {
        match change {
            LinkageChange::One(id) => {
                // An odd one is shown as null, so null says nothing of it: nobody overwrites unseen what they never saw.
                ResourceId::from_value(self.row.to_one(resource, place)).is_ok_and(|now| now == *id)
            }
            LinkageChange::Replace(ids) => {
                let Some(Some(links)) = self.links.get(place) else { return false };
                let mut ids: Vec<&ResourceId> = ids.iter().collect();
                ids.sort_unstable();
                ids.dedup();
                let mut now: Vec<&ResourceId> = links.of(0).iter().collect();
                now.sort_unstable();
                ids == now
            }
            LinkageChange::Add(_) | LinkageChange::Remove(_) => false,
        }
    }
}

/// A resource object as sent: well-formed and of the right type, its members not yet judged.
#[derive(Debug)]
pub(crate) struct ResourceObject<'b> {
    /// The client's id.
    pub(crate) id: Option<Cow<'b, str>>,
    attributes: Option<SentMembers<'b, &'b RawValue>>,
    relationships: Option<SentMembers<'b, WithData<Linkage<'b>>>>,
    lengths: Lengths,
    /// Where the document stands.
    base: Pointer,
}

/// What a resource object changes: one entry an attribute, one a relationship; `None` where it says nothing.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) attributes: Vec<Option<Value>>,
    pub(crate) linkage: Vec<Option<LinkageChange>>,
}

/// The primary data of a document, which stands at `base`.
///
/// # Errors
/// 400 for what is not JSON, no object, or has no data.
fn primary_data<'b, T: Deserialize<'b>>(body: &'b [u8], base: &Pointer) -> Result<T, Errors> {
    let malformed = |detail: String| ErrorObject::malformed_json(detail).pointer(base.clone());
    let invalid = |detail: &'static str| ErrorObject::invalid_document(detail).pointer(base.clone());
    // RFC 8259 §8.1, also of what nobody reads.
    let text = std::str::from_utf8(body).map_err(|error| malformed(format!("no UTF-8: {error}")))?;
    match serde_json::from_str(text).map_err(|error| malformed(error.to_string()))? {
        WithData::Object(Some(data)) => Ok(data),
        WithData::Object(None) | WithData::Described => Err(invalid("the document must have data").into()),
        WithData::Other => Err(invalid("the document must be an object").into()),
    }
}

/// The document of a change to a relationship: linkage as primary data.
#[derive(Debug)]
pub(crate) struct LinkageDocument<'b> {
    /// The linkage as a full replacement.
    pub(crate) change: LinkageChange,
    data: Linkage<'b>,
    base: Pointer,
}

impl<'b> LinkageDocument<'b> {
    /// # Errors
    /// 400 for what is no linkage of this relationship's kind, 409 for identifiers of another type, 404 for ids
    /// that nothing can have, 422 for ids that are too long. That a required relationship is emptied is no mistake of the document alone.
    pub(crate) fn parse(
        body: &'b [u8],
        base: Pointer,
        relationship: &Relationship,
        lengths: Lengths,
    ) -> Result<Self, Errors> {
        let data = primary_data(body, &base)?;
        // Judged with what is there now: see `must_not_be_empty`.
        if matches!(data, Linkage::Null) && relationship.is_required() {
            return Ok(Self { change: LinkageChange::One(None), data, base });
        }
        match linkage(relationship, &data, lengths, &|| base.member("data")) {
            Ok(change) => Ok(Self { change, data, base }),
            Err(errors) => {
                Err(Errors::from_vec(errors)
                    .unwrap_or_else(|| ErrorObject::invalid_linkage("no linkage").into()))
            }
        }
    }

    /// Where the linkage stands.
    pub(crate) fn pointer(&self) -> Pointer {
        self.base.member("data")
    }

    /// Where a related resource's identifier stands in the document.
    pub(crate) fn pointer_to(&self, id: &ResourceId) -> Pointer {
        pointer_into(Some(&self.data), self.pointer(), id)
    }
}

/// Where the identifier with this id stands in linkage that stands at `base`.
fn pointer_into(data: Option<&Linkage<'_>>, base: Pointer, id: &ResourceId) -> Pointer {
    match data {
        Some(Linkage::Many(identifiers)) => {
            let id = id.to_string();
            let is_it = |sent: &str| {
                sent == id || IdKind::Uuid.parse(sent).is_some_and(|sent| sent.to_string() == id)
            };
            match identifiers.iter().position(|identifier| identifier.id().is_some_and(is_it)) {
                Some(position) => base.element(position).member("id"),
                None => base,
            }
        }
        Some(Linkage::One(Identifier::Object { .. })) => base.member("id"),
        _ => base,
    }
}

impl<'b> ResourceObject<'b> {
    /// Whether it lists what a relationship leads to: one linkage, or a thousand.
    pub(crate) fn has_lists(&self) -> bool {
        let mut relationships = self.relationships.iter().flat_map(SentMembers::iter);
        relationships.any(|(_, sent)| matches!(sent, WithData::Object(Some(Linkage::Many(_)))))
    }

    /// Reads the document of a POST or PATCH (JSON:API §9.1, §9.2).
    ///
    /// # Errors
    /// 400 for what is no document of one resource object, 409 for a type of another resource, 422 for an id that is too
    /// long.
    pub(crate) fn parse(
        body: &'b [u8],
        base: Pointer,
        resource: &Description,
        lengths: Lengths,
    ) -> Result<Self, Errors> {
        let Data::Resource { type_name, id, attributes, relationships } = primary_data(body, &base)? else {
            let error = ErrorObject::invalid_document("data must be one resource object");
            return Err(error.pointer(base.member("data")).into());
        };
        let data = || base.member("data");
        match type_name {
            Some(Sent::Text(name)) if name == resource.type_name => {}
            Some(Sent::Text(name)) => {
                return Err(ErrorObject::type_mismatch(format!(
                    "resources here are of type {}, not {name}",
                    resource.type_name
                ))
                .pointer(data().member("type"))
                .into());
            }
            Some(_) => {
                let error = ErrorObject::invalid_document("type must be a string");
                return Err(error.pointer(data().member("type")).into());
            }
            None => {
                let error = ErrorObject::missing_type("a resource object needs its type");
                return Err(error.pointer(data()).into());
            }
        }
        let id = match id {
            None => None,
            Some(Sent::Text(id)) => {
                lengths.check_id(&id).map_err(|error| error.pointer(data().member("id")))?;
                Some(id)
            }
            Some(_) => {
                let error = ErrorObject::invalid_document("id must be a string");
                return Err(error.pointer(data().member("id")).into());
            }
        };
        let attributes = object("attributes", attributes, &base)?;
        let relationships = object("relationships", relationships, &base)?;
        Ok(Self { id, attributes, relationships, lengths, base })
    }

    /// Where the resource object stands.
    pub(crate) fn pointer(&self) -> Pointer {
        self.base.member("data")
    }

    /// Where its id stands.
    pub(crate) fn pointer_to_id(&self) -> Pointer {
        self.pointer().member("id")
    }

    /// Where the attributes or the relationships stand, or what would hold them.
    fn pointer_to_fields(&self, fields: Fields) -> Pointer {
        let (name, is_sent) = match fields {
            Fields::Attributes => ("attributes", self.attributes.is_some()),
            Fields::Relationships => ("relationships", self.relationships.is_some()),
        };
        if is_sent { self.pointer().member(name) } else { self.pointer() }
    }

    /// Judges the members of a new resource: what is left out takes its default. Nobody gives those at the places
    /// `made`, which the database makes.
    ///
    /// # Errors
    /// With every member that is unknown, not to be set, missing or of another type.
    pub(crate) fn create(
        &self,
        resource: &'static Description,
        made: &[usize],
    ) -> Result<(Vec<Value>, Vec<Option<LinkageChange>>), Errors> {
        let mut errors = Vec::new();
        let members = self.members(resource, None, made, &mut errors);
        let mut attributes = Vec::with_capacity(members.attributes.len());
        for (place, (attribute, given)) in resource.attributes.iter().zip(members.attributes).enumerate() {
            let value = match (given, attribute.default) {
                (Some(value), _) => value,
                (None, Some(default)) => default().unwrap_or_else(|mismatch| {
                    errors.push(ErrorObject::validation_failed(format!(
                        "the default of {} {mismatch}",
                        attribute.name
                    )));
                    Value::Null
                }),
                // For rules and hooks, which see it before it is there.
                (None, None) if made.contains(&place) => nothing(attribute),
                (None, None) => {
                    let sent = self.attributes.as_ref().is_some_and(|sent| sent.contains(attribute.name));
                    if !attribute.nullable && !sent {
                        errors.push(
                            ErrorObject::validation_failed(format!("{} is required", attribute.name))
                                .pointer(self.pointer_to_fields(Fields::Attributes)),
                        );
                    }
                    Value::Null
                }
            };
            attributes.push(value);
        }
        for (relationship, change) in resource.relationships.iter().zip(&members.linkage) {
            let sent = self.relationships.as_ref().is_some_and(|sent| sent.contains(relationship.name));
            if relationship.is_required() && change.is_none() && !sent {
                errors.push(
                    ErrorObject::validation_failed(format!("{} is required", relationship.name))
                        .pointer(self.pointer_to_fields(Fields::Relationships)),
                );
            }
        }
        match Errors::from_vec(errors) {
            Some(errors) => Err(errors),
            None => Ok((attributes, members.linkage)),
        }
    }

    /// The to-many relationships that are sent with linkage, though the representation has none of it: whether that
    /// changes anything shows by the linkage that there is.
    pub(crate) fn linkage_beside(&self, resource: &Description) -> Vec<usize> {
        let beside = |name: &str| {
            let (place, relationship) = resource.relationship(name)?;
            (relationship.is_to_many() && !relationship.linkage).then_some(place)
        };
        let sent = self.relationships.iter().flat_map(SentMembers::iter);
        sent.filter(|(_, sent)| matches!(sent, WithData::Object(Some(Linkage::Many(_)))))
            .filter_map(|(name, _)| beside(name))
            .collect()
    }

    /// Judges the members of a change to `current`: what is left out stays (JSON:API §9.2), and so does what is sent
    /// back as it is.
    ///
    /// # Errors
    /// With every member that is unknown, not to be set or of another type.
    pub(crate) fn update(
        &self,
        resource: &'static Description,
        current: Current<'_>,
        made: &[usize],
    ) -> Result<Members, Errors> {
        let mut errors = Vec::new();
        let members = self.members(resource, Some(current), made, &mut errors);
        match Errors::from_vec(errors) {
            Some(errors) => Err(errors),
            None => Ok(members),
        }
    }

    fn members(
        &self,
        resource: &'static Description,
        current: Option<Current<'_>>,
        made: &[usize],
        errors: &mut Vec<ErrorObject>,
    ) -> Members {
        let mut members = Members {
            attributes: vec![None; resource.attributes.len()],
            linkage: vec![None; resource.relationships.len()],
        };
        for (name, json) in self.attributes.iter().flat_map(SentMembers::iter) {
            // JSON:API §7.1.1: @-members are ignored.
            if name.starts_with('@') {
                continue;
            }
            if errors.len() >= MOST_ERRORS {
                break;
            }
            match attribute(resource, current.map(|current| current.row), made, name, json, self.lengths) {
                Ok(Some((place, value))) => {
                    if let Some(slot) = members.attributes.get_mut(place) {
                        *slot = Some(value);
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    errors.push(error.pointer(self.pointer_to_fields(Fields::Attributes).member(name)));
                }
            }
        }
        for (name, sent) in self.relationships.iter().flat_map(SentMembers::iter) {
            if name.starts_with('@') {
                continue;
            }
            if errors.len() >= MOST_ERRORS {
                break;
            }
            let pointer = || self.pointer_to_fields(Fields::Relationships).member(name);
            let Some((place, relationship)) = resource.relationship(name) else {
                errors.push(
                    ErrorObject::validation_failed(format!(
                        "{} have no relationship {name}",
                        resource.type_name
                    ))
                    .pointer(pointer()),
                );
                continue;
            };
            let data = match (sent, current) {
                (WithData::Object(Some(data)), _) => data,
                // Links or meta alone, as a GET shows it: it says nothing of what the relationship shall be.
                (WithData::Described, Some(_)) => continue,
                // JSON:API §9.1: in a new resource a relationship needs data. §7.2.2: an object without anything is no
                // relationship object.
                (WithData::Described, None) | (WithData::Object(None), _) => {
                    errors.push(ErrorObject::invalid_linkage("a relationship needs data").pointer(pointer()));
                    continue;
                }
                (WithData::Other, _) => {
                    let error = ErrorObject::invalid_linkage("a relationship must be an object with data");
                    errors.push(error.pointer(pointer()));
                    continue;
                }
            };
            // What the state tag doesn't cover can't be replaced through it: that would lose updates.
            if let Some(current) = current
                && relationship.is_to_many()
                && !relationship.linkage
            {
                let read = linkage(relationship, data, self.lengths, &pointer);
                if read.is_ok_and(|change| current.has(resource, place, &change)) {
                    continue;
                }
                errors.push(
                    ErrorObject::full_replacement_not_allowed(format!(
                        "{name} is not part of this representation, and not what it is now; change it at the other end"
                    ))
                    .pointer(pointer()),
                );
                continue;
            }
            // It leads to what this client doesn't see: who writes back what they have read takes nothing away.
            let looks_empty = current.is_some_and(|current| current.row.to_one(resource, place).is_null());
            if data.is_null() && relationship.is_required() && looks_empty {
                continue;
            }
            match linkage(relationship, data, self.lengths, &|| pointer().member("data")) {
                Ok(change) if current.is_some_and(|current| current.has(resource, place, &change)) => {}
                Ok(change) => {
                    if let Some(slot) = members.linkage.get_mut(place) {
                        *slot = Some(change);
                    }
                }
                Err(found) => errors.extend(found.into_iter().take(MOST_ERRORS - errors.len())),
            }
        }
        members
    }

    /// Whether it says what a relationship leads to.
    pub(crate) fn links(&self, relationship: &Relationship) -> bool {
        let sent = self.relationships.as_ref().and_then(|sent| sent.get(relationship.name));
        matches!(sent, Some(WithData::Object(Some(_))))
    }

    /// Where a related resource's identifier stands in the document.
    pub(crate) fn pointer_to(&self, relationship: &Relationship, id: &ResourceId) -> Pointer {
        let sent = self.relationships.as_ref().and_then(|sent| sent.get(relationship.name));
        let linkage = self.pointer().member("relationships").member(relationship.name).member("data");
        let data = match sent {
            Some(WithData::Object(data)) => data.as_ref(),
            Some(WithData::Described | WithData::Other) | None => None,
        };
        pointer_into(data, linkage, id)
    }

    /// Where something inside of a member stands, as deep as the document has it.
    pub(crate) fn pointer_inside(&self, name: &str, inside: &[String]) -> Pointer {
        let mut pointer = self.pointer_of(name);
        let sent = self.attributes.as_ref().and_then(|sent| sent.get(name));
        let sent: Option<JsonValue> = sent.and_then(|sent| serde_json::from_str(sent.get()).ok());
        let mut here = sent.as_ref();
        for part in inside {
            here = match here {
                Some(JsonValue::Object(members)) => members.get(part),
                Some(JsonValue::Array(elements)) => {
                    part.parse().ok().and_then(|index: usize| elements.get(index))
                }
                _ => None,
            };
            if here.is_none() {
                break;
            }
            pointer = pointer.member(part);
        }
        pointer
    }

    /// Where the member of an attribute or relationship stands: itself if it was sent, else what would hold it
    /// (JSON:API §10.2: a pointer points to something that is there).
    pub(crate) fn pointer_of(&self, name: &str) -> Pointer {
        match self.fields_with(name) {
            Some(fields) => self.pointer_to_fields(fields).member(name),
            None => self.pointer_to_fields(Fields::Attributes),
        }
    }

    /// Whether an attribute or relationship of this name was sent.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.fields_with(name).is_some()
    }

    fn fields_with(&self, name: &str) -> Option<Fields> {
        if self.attributes.as_ref().is_some_and(|sent| sent.contains(name)) {
            return Some(Fields::Attributes);
        }
        self.relationships.as_ref().is_some_and(|sent| sent.contains(name)).then_some(Fields::Relationships)
    }
}

/// Which of the two objects that hold a resource's fields (JSON:API §7.2.2).
#[derive(Clone, Copy)]
enum Fields {
    Attributes,
    Relationships,
}

/// A value of an attribute that nobody has given one.
fn nothing(attribute: &Attribute) -> Value {
    if attribute.nullable {
        return Value::Null;
    }
    match attribute.kind {
        Kind::Bool => Value::Bool(false),
        Kind::Integer => Value::Integer(0),
        Kind::Float => Value::Float(0.0),
        Kind::Text => Value::Text(String::new()),
        Kind::Timestamp => Value::Text("1970-01-01T00:00:00.000000Z".into()),
        Kind::DateTime => Value::Text("1970-01-01T00:00:00.000000".into()),
        Kind::Date => Value::Text("1970-01-01".into()),
        Kind::Time => Value::Text("00:00:00.000000".into()),
        Kind::Uuid => Value::Text(uuid::Uuid::nil().to_string()),
        Kind::Json => Value::Text("null".into()),
        #[allow(unreachable_patterns, reason = "for kinds to come")]
        _ => Value::Null,
    }
}

fn object<'b, T>(
    name: &str,
    sent: Option<Held<'b, T>>,
    base: &Pointer,
) -> Result<Option<SentMembers<'b, T>>, Errors> {
    match sent {
        None => Ok(None),
        Some(Held::Object(members)) => Ok(Some(members)),
        Some(Held::Other) => {
            let error = ErrorObject::invalid_document(format!("{name} must be an object"));
            Err(error.pointer(base.member("data").member(name)).into())
        }
    }
}

/// Reads resource linkage (JSON:API §7.2.2.2) as a full replacement; `pointer` tells where it stands.
///
/// # Errors
/// 400 for another shape, 409 for another type, 404 for an id that nothing can have.
fn linkage(
    relationship: &Relationship,
    data: &Linkage<'_>,
    lengths: Lengths,
    pointer: &dyn Fn() -> Pointer,
) -> Result<LinkageChange, Vec<ErrorObject>> {
    if relationship.is_to_many() {
        let Linkage::Many(identifiers) = data else {
            let error = ErrorObject::invalid_linkage(format!(
                "{} is to-many: data must be an array",
                relationship.name
            ));
            return Err(vec![error.pointer(pointer())]);
        };
        let mut errors = Vec::new();
        let mut ids = Vec::with_capacity(identifiers.len());
        for (position, sent) in identifiers.iter().enumerate() {
            if errors.len() >= MOST_ERRORS {
                break;
            }
            match identifier(relationship, sent, lengths, &|| pointer().element(position)) {
                Ok(id) => ids.push(id),
                Err(error) => errors.push(error),
            }
        }
        return if errors.is_empty() { Ok(LinkageChange::Replace(ids)) } else { Err(errors) };
    }
    match data {
        Linkage::Null if relationship.is_required() => Err(vec![must_not_be_empty(relationship, pointer())]),
        Linkage::Null => Ok(LinkageChange::One(None)),
        Linkage::Many(_) => {
            let error = ErrorObject::invalid_linkage(format!(
                "{} is to-one: data must be an identifier or null",
                relationship.name
            ));
            Err(vec![error.pointer(pointer())])
        }
        Linkage::One(sent) => identifier(relationship, sent, lengths, pointer)
            .map(|id| LinkageChange::One(Some(id)))
            .map_err(|error| vec![error]),
    }
}

/// A required relationship is emptied, which it is not now: where it leads to what the client doesn't see it looks
/// empty already.
pub(crate) fn must_not_be_empty(relationship: &Relationship, pointer: Pointer) -> ErrorObject {
    ErrorObject::validation_failed(format!("{} must not be empty", relationship.name)).pointer(pointer)
}

/// Reads a resource identifier object (JSON:API §7.3).
fn identifier(
    relationship: &Relationship,
    sent: &Identifier<'_>,
    lengths: Lengths,
    pointer: &dyn Fn() -> Pointer,
) -> Result<ResourceId, ErrorObject> {
    let target = relationship.target();
    let Identifier::Object { type_name, id } = sent else {
        return Err(
            ErrorObject::invalid_linkage("a resource identifier must be an object").pointer(pointer())
        );
    };
    match type_name {
        Some(Sent::Text(name)) if name == target.type_name => {}
        Some(Sent::Text(name)) => {
            return Err(ErrorObject::type_mismatch(format!(
                "{} leads to resources of type {}, not {name}",
                relationship.name, target.type_name
            ))
            .pointer(pointer().member("type")));
        }
        Some(_) => {
            return Err(
                ErrorObject::invalid_linkage("type must be a string").pointer(pointer().member("type"))
            );
        }
        None => {
            return Err(ErrorObject::missing_type("a resource identifier needs its type").pointer(pointer()));
        }
    }
    match id {
        Some(Sent::Text(id)) if id.len() > lengths.id => {
            lengths.check_id(id).map_err(|error| error.pointer(pointer().member("id")))?;
            Err(ErrorObject::invalid_linkage("an id that is too long").pointer(pointer().member("id")))
        }
        Some(Sent::Text(id)) => target.id.kind.parse(id).ok_or_else(|| {
            ErrorObject::related_not_found(format!(
                "there is no resource of type {} with id {id}",
                target.type_name
            ))
            .pointer(pointer().member("id"))
        }),
        Some(_) => Err(ErrorObject::invalid_linkage("id must be a string").pointer(pointer().member("id"))),
        None => Err(ErrorObject::missing_id("a resource identifier needs its id").pointer(pointer())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Source;
    use crate::store::contract::TALKS;

    const LENGTHS: Lengths = Lengths { id: 36, text: 100 };

    fn operation() -> Pointer {
        Pointer::ROOT.member("atomic:operations").element(2)
    }

    fn pointers(errors: &Errors) -> Vec<String> {
        let pointer = |error: &ErrorObject| match error.source() {
            Some(Source::Pointer(pointer)) => pointer.clone(),
            other => panic!("{other:?}"),
        };
        errors.iter().map(pointer).collect()
    }

    #[test]
    fn errors_point_from_where_the_document_stands() {
        let object = |body: &'static str, base| ResourceObject::parse(body.as_bytes(), base, &TALKS, LENGTHS);
        for (body, expected) in [
            ("[]", ""),
            (r#"{"meta":{}}"#, ""),
            (r#"{"data":[]}"#, "/data"),
            (r#"{"data":{"type":"rooms"}}"#, "/data/type"),
            (r#"{"data":{"type":"talks","id":1}}"#, "/data/id"),
            (r#"{"data":{"type":"talks","attributes":1}}"#, "/data/attributes"),
        ] {
            let errors = object(body, Pointer::ROOT).unwrap_err();
            assert_eq!(pointers(&errors), [expected], "{body}");
            let errors = object(body, operation()).unwrap_err();
            assert_eq!(pointers(&errors), [format!("/atomic:operations/2{expected}")], "{body}");
        }
        let body = r#"{"data":{"type":"talks","attributes":{"title":1,"a/b":2},
            "relationships":{"room":{"data":7},"speakers":{"data":[{"type":"rooms","id":"1"}]}}}}"#;
        let sent = object(body, operation()).unwrap();
        assert_eq!(
            pointers(&sent.create(&TALKS, &[]).unwrap_err()),
            [
                "/atomic:operations/2/data/attributes/a~1b",
                "/atomic:operations/2/data/attributes/title",
                "/atomic:operations/2/data/relationships/room/data",
                "/atomic:operations/2/data/relationships/speakers/data/0/type",
            ]
        );
        assert_eq!(String::from(sent.pointer_of("room")), "/atomic:operations/2/data/relationships/room");
        assert_eq!(String::from(sent.pointer_of("subtitle")), "/atomic:operations/2/data/attributes");
    }

    #[test]
    fn errors_of_a_hook_are_located_too() {
        let refused = ErrorObject::validation_failed("no").pointer("/data/attributes/title");
        let refused = Errors::from(refused).located(&operation());
        assert_eq!(pointers(&refused), ["/atomic:operations/2/data/attributes/title"]);
    }
}
