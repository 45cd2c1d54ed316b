//! Ids that are made of the values of several columns.
//!
//! In documents and URLs such an id is one text: its parts, with `~` between them, which RFC 3986 §2.3 leaves as it is.
//! A `~` inside of a part is written `!~` there, and a `!` is written `!!`, so that each id has one spelling and each
//! spelling is at most one id.

use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};

use super::{AttributeId, Description, Id, IdKind, Linkage, RelationshipId, ResourceId, Value};

/// What stands between the parts.
const BETWEEN: char = '~';

/// What stands before a `~` that is part of a text, and before itself.
const ESCAPE: char = '!';

/// The parts of an id that is made of the values of several columns, in the order of the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CompositeId(Box<[ResourceId]>);

/// One part of a composite key: a column that is an attribute or a to-one relationship, too.
#[derive(Clone, Copy, Debug)]
pub struct IdPart {
    /// The column.
    pub column: &'static str,
    /// The member that has the value in documents.
    pub member: PartMember,
}

/// The member that has the value of a part of a composite key.
#[derive(Clone, Copy, Debug)]
pub enum PartMember {
    /// An attribute, with the kind of its values as ids.
    Attribute(AttributeId, IdKind),
    /// A to-one relationship, with the related resource.
    Relationship(RelationshipId, fn() -> &'static Description),
}

impl CompositeId {
    /// An id of these parts.
    pub fn new(parts: impl IntoIterator<Item = ResourceId>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// The parts, in the order of the key.
    pub fn parts(&self) -> &[ResourceId] {
        &self.0
    }

    /// Reads an id from a URL or a document. `None` means that no resource can have it.
    pub(super) fn parse(text: &str, key: &[IdPart]) -> Option<Self> {
        let id = Self::split(text, key)?;
        let fits = |(id, part): (&ResourceId, &IdPart)| match (id, part.kind()) {
            (ResourceId::Integer(id), IdKind::Integer { min, max }) => (min..=max).contains(id),
            (ResourceId::Text(text), IdKind::Text) => !text.is_empty() && !text.contains('\0'),
            // One spelling only, since the whole id has only one.
            (own @ ResourceId::Text(text), kind @ IdKind::Uuid) => kind.parse(text).as_ref() == Some(own),
            _ => false,
        };
        id.0.iter().zip(key).all(fits).then_some(id)
    }

    /// Reads what `Display` has written, whatever the parts are.
    pub(super) fn split(text: &str, key: &[IdPart]) -> Option<Self> {
        let mut parts = vec![String::new()];
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            let letter = match letter {
                BETWEEN if parts.len() == key.len() => return None,
                BETWEEN => {
                    parts.push(String::new());
                    continue;
                }
                ESCAPE => letters.next().filter(|letter| matches!(*letter, ESCAPE | BETWEEN))?,
                letter => letter,
            };
            parts.last_mut()?.push(letter);
        }
        if parts.len() != key.len() {
            return None;
        }
        let part = |(text, part): (String, &IdPart)| match part.kind() {
            IdKind::Integer { .. } => {
                let id: i64 = text.parse().ok()?;
                (itoa::Buffer::new().format(id) == text).then_some(ResourceId::Integer(id))
            }
            _ => Some(ResourceId::Text(text)),
        };
        parts.into_iter().zip(key).map(part).collect::<Option<_>>().map(Self)
    }

    /// The parts as a JSON array, which is how databases get and give them together.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn to_json(&self) -> String {
        let part = |part: &ResourceId| match part {
            ResourceId::Integer(id) => serde_json::Value::from(*id),
            other => serde_json::Value::from(other.to_string()),
        };
        serde_json::Value::Array(self.0.iter().map(part).collect()).to_string()
    }

    /// The id of a JSON array; `None` if its values are not of the kinds of the key.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code, reason = "stores ask"))]
    pub(crate) fn of_json(json: &str, key: &[IdPart]) -> Option<Self> {
        let values: Vec<serde_json::Value> = serde_json::from_str(json).ok()?;
        if values.len() != key.len() {
            return None;
        }
        let part = |(value, part): (serde_json::Value, &IdPart)| match (value, part.kind()) {
            (serde_json::Value::Number(id), IdKind::Integer { min, max }) => {
                id.as_i64().filter(|id| (min..=max).contains(id)).map(ResourceId::Integer)
            }
            (serde_json::Value::String(text), IdKind::Text | IdKind::Uuid) => Some(ResourceId::Text(text)),
            _ => None,
        };
        values.into_iter().zip(key).map(part).collect::<Option<_>>().map(Self)
    }
}

impl fmt::Display for CompositeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, part) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_char(BETWEEN)?;
            }
            match part {
                ResourceId::Text(text) => {
                    for letter in text.chars() {
                        if matches!(letter, BETWEEN | ESCAPE) {
                            f.write_char(ESCAPE)?;
                        }
                        f.write_char(letter)?;
                    }
                }
                part => part.fmt(f)?,
            }
        }
        Ok(())
    }
}

impl IdPart {
    /// A part that is an attribute.
    pub const fn attribute(column: &'static str, place: usize, kind: IdKind) -> Self {
        Self { column, member: PartMember::Attribute(AttributeId::at(place), kind) }
    }

    /// A part that is a to-one relationship.
    pub const fn relationship(
        column: &'static str,
        place: usize,
        target: fn() -> &'static Description,
    ) -> Self {
        Self { column, member: PartMember::Relationship(RelationshipId::at(place), target) }
    }

    /// The name of its member in documents.
    pub fn name(&self, resource: &Description) -> Option<&'static str> {
        match self.member {
            PartMember::Attribute(id, _) => resource.attribute_at(id).map(|attribute| attribute.name),
            PartMember::Relationship(id, _) => {
                resource.relationship_at(id).map(|relationship| relationship.name)
            }
        }
    }

    /// The kind of its values.
    pub fn kind(&self) -> IdKind {
        match self.member {
            PartMember::Attribute(_, kind) => kind,
            PartMember::Relationship(_, target) => target().id.kind,
        }
    }
}

// By hand, since functions can't be compared well, and two resources may refer to each other.
impl PartialEq for IdPart {
    fn eq(&self, other: &Self) -> bool {
        let place = |part: &Self| match part.member {
            PartMember::Attribute(id, kind) => (id.place(), Some(kind)),
            PartMember::Relationship(id, _) => (id.place(), None),
        };
        self.column == other.column && place(self) == place(other)
    }
}

impl Eq for IdPart {}

impl Hash for IdPart {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
    }
}

impl Description {
    /// The parts of the id, if it is made of several columns; otherwise none.
    pub fn key(&self) -> &'static [IdPart] {
        self.id.kind.parts()
    }

    /// Whether an attribute is part of the id.
    pub fn is_attribute_of_key(&self, id: AttributeId) -> bool {
        self.key().iter().any(|part| matches!(part.member, PartMember::Attribute(own, _) if own == id))
    }

    /// Whether a to-one relationship is part of the id.
    pub fn is_relationship_of_key(&self, id: RelationshipId) -> bool {
        self.key().iter().any(|part| matches!(part.member, PartMember::Relationship(own, _) if own == id))
    }

    /// The composite id that these members make; `None` if the id is not composite, or one of its parts is missing.
    pub fn id_of_members<'m>(
        &self,
        attribute: impl Fn(AttributeId) -> Option<&'m Value>,
        related: impl Fn(RelationshipId) -> Option<&'m ResourceId>,
    ) -> Option<ResourceId> {
        let key = self.key();
        if key.is_empty() {
            return None;
        }
        let part = |part: &IdPart| match part.member {
            PartMember::Attribute(id, _) => match attribute(id)? {
                Value::Integer(id) => Some(ResourceId::Integer(*id)),
                Value::Text(id) => Some(ResourceId::Text(id.clone())),
                _ => None,
            },
            PartMember::Relationship(id, _) => related(id).cloned(),
        };
        key.iter().map(part).collect::<Option<_>>().map(CompositeId).map(ResourceId::Composite)
    }

    /// The same of a record's members.
    pub fn id_of_record(&self, attributes: &[Value], linkage: &[Linkage]) -> Option<ResourceId> {
        self.id_of_members(
            |id| id.of(attributes),
            |id| match id.of(linkage) {
                Some(Linkage::One(related)) => related.as_ref(),
                _ => None,
            },
        )
    }
}

/// The columns of a table that have an id: one, or one for each part of a composite id, in the order of its parts.
#[derive(Clone, Copy, Debug)]
pub struct Columns(Names);

#[derive(Clone, Copy, Debug)]
enum Names {
    One(&'static str),
    Several(&'static [&'static str]),
    OfKey(&'static [IdPart]),
}

impl Columns {
    /// One column.
    pub const fn one(name: &'static str) -> Self {
        Self(Names::One(name))
    }

    /// A column for each part of a composite id.
    pub const fn several(names: &'static [&'static str]) -> Self {
        Self(Names::Several(names))
    }

    /// The names, in the order of the parts of the id.
    pub fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        let (one, several, key): (_, &[&str], &[IdPart]) = match self.0 {
            Names::One(name) => (Some(name), &[], &[]),
            Names::Several(names) => (None, names, &[]),
            Names::OfKey(key) => (None, &[], key),
        };
        one.into_iter().chain(several.iter().copied()).chain(key.iter().map(|part| part.column))
    }

    /// The first name, for what is about one of them.
    pub fn first(self) -> &'static str {
        self.names().next().unwrap_or_default()
    }

    /// How many they are.
    pub fn number(self) -> usize {
        match self.0 {
            Names::One(_) => 1,
            Names::Several(names) => names.len(),
            Names::OfKey(key) => key.len(),
        }
    }

    /// Whether a column is one of them. Databases compare names without regard to ASCII case.
    pub fn has(self, name: &str) -> bool {
        self.names().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether both are the same columns in the same order.
    pub fn are(self, others: Self) -> bool {
        self.number() == others.number()
            && self.names().zip(others.names()).all(|(one, other)| one.eq_ignore_ascii_case(other))
    }

    /// The names as a message tells them: "`order_id`, `product_id`".
    pub fn in_words(self) -> String {
        let names: Vec<String> = self.names().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    }
}

impl Id {
    /// The columns: one, or those of a composite id.
    pub fn columns(&self) -> Columns {
        match self.kind.parts() {
            [] => Columns::one(self.column),
            key => Columns(Names::OfKey(key)),
        }
    }
}

impl PartialEq for Columns {
    fn eq(&self, other: &Self) -> bool {
        self.names().eq(other.names())
    }
}

impl Eq for Columns {}

impl Hash for Columns {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.names().for_each(|name| name.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTEGER: IdKind = IdKind::Integer { min: i64::MIN, max: i64::MAX };
    static KEY: &[IdPart] = &[
        IdPart::attribute("a", 0, INTEGER),
        IdPart::attribute("b", 1, IdKind::Text),
        IdPart::attribute("c", 2, IdKind::Uuid),
    ];
    const KIND: IdKind = IdKind::Composite(KEY);

    fn id(number: i64, text: &str, uuid: u128) -> ResourceId {
        let parts = [
            ResourceId::Integer(number),
            ResourceId::Text(text.into()),
            ResourceId::Text(uuid::Uuid::from_u128(uuid).to_string()),
        ];
        ResourceId::Composite(CompositeId::new(parts))
    }

    #[test]
    fn columns_are_the_same_however_they_are_given() {
        const KEY: &[IdPart] =
            &[IdPart::attribute("a", 0, IdKind::Text), IdPart::attribute("b", 1, IdKind::Text)];
        let id = Id { column: "a", kind: IdKind::Composite(KEY) };
        let several = Columns::several(&["a", "b"]);
        assert_eq!(id.columns(), several);
        assert!(id.columns().are(Columns::several(&["A", "B"])) && id.columns().has("B"));
        assert_ne!(several, Columns::several(&["b", "a"]));
        assert_ne!(several, Columns::one("a"));
        assert_eq!((several.first(), several.number(), several.in_words()), ("a", 2, "`a`, `b`".into()));
    }

    #[test]
    fn the_parts_are_joined_by_tildes() {
        let uuid = "00000000-0000-0000-0000-000000000007";
        assert_eq!(id(1, "a", 7).to_string(), format!("1~a~{uuid}"));
        assert_eq!(id(-1, "a~b!", 7).to_string(), format!("-1~a!~b!!~{uuid}"));
    }

    #[test]
    fn what_is_no_id_is_none() {
        let uuid = "0190163d-8694-739b-aea5-966c26f8ad91";
        assert!(KIND.parse(&format!("1~.~{uuid}")).is_some());
        let texts = [
            String::new(),
            ".".into(),
            "..".into(),
            "~".into(),
            "~~".into(),
            "1~a".into(),
            format!("1~~{uuid}"),
            format!("1~a~{uuid}~"),
            format!("1~a~{uuid}~1"),
            format!("~1~a~{uuid}"),
            format!("01~a~{uuid}"),
            format!("+1~a~{uuid}"),
            format!("9223372036854775808~a~{uuid}"),
            format!("a~a~{uuid}"),
            format!("1~a\0~{uuid}"),
            format!("1~a!~{uuid}"),
            format!("1~a!b~{uuid}"),
            format!("1~a~{uuid}!"),
            format!("1~a~{}", uuid.to_uppercase()),
            format!("1~a~{}", uuid.replace('-', "")),
            "~".repeat(100_000),
        ];
        for text in texts {
            assert_eq!(KIND.parse(&text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_id_reads_back_as_itself(number: i64, text in "[a~!.é/%]{1,6}", uuid: u128) {
            let own = id(number, &text, uuid);
            let ResourceId::Composite(parts) = &own else { unreachable!() };
            prop_assert_eq!(KIND.parse(&own.to_string()), Some(own.clone()));
            prop_assert_eq!(CompositeId::of_json(&parts.to_json(), KEY), Some(parts.clone()));
        }

        #[test]
        fn a_text_is_one_id_at_most(text in "[0-9a~!-]{0,12}") {
            const KIND: IdKind = IdKind::Composite(&[
                IdPart::attribute("a", 0, INTEGER),
                IdPart::attribute("b", 1, IdKind::Text),
            ]);
            if let Some(id) = KIND.parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn ids_are_ordered_by_their_parts(one: (i64, String), other: (i64, String)) {
            let id = |(number, text): &(i64, String)| {
                CompositeId::new([ResourceId::Integer(*number), ResourceId::Text(text.clone())])
            };
            prop_assert_eq!(id(&one).cmp(&id(&other)), one.cmp(&other));
        }
    }
}
