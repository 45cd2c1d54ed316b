//! Warnings in `meta`: the members that a document shows as null, or not at all, since the store holds a value that they can't
//! have.

use crate::plan::Fetched;
use crate::schema::json_text::write_string;
use crate::schema::{Attribute, Columns, Corrupt, Description, Odd, Relationship, ResourceId, ValueRef};

/// What happens where the store holds a value that the member can't have, and the member can't be null either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OddValues {
    /// No document is made.
    Refused,
    /// The document shows null all the same.
    Null,
}

/// The warnings about one resource. Most resources have none, and then this allocates nothing.
pub(super) struct Warnings<'a> {
    resource: &'static Description,
    id: &'a ResourceId,
    odd_values: OddValues,
    found: Vec<(&'static str, Odd)>,
}

/// A member whose stored value it can't have.
struct OddMember<'c> {
    name: &'static str,
    column: &'c str,
    nullable: bool,
}

impl OddMember<'static> {
    fn of(attribute: &Attribute) -> Self {
        Self { name: attribute.name, column: attribute.column, nullable: attribute.nullable }
    }
}

impl<'a> Warnings<'a> {
    pub(super) fn new(resource: &'static Description, id: &'a ResourceId, odd_values: OddValues) -> Self {
        Self { resource, id, odd_values, found: Vec::new() }
    }

    /// Null stands for the value of an attribute.
    ///
    /// # Errors
    /// If null is no value of it.
    pub(super) fn attribute(&mut self, attribute: &Attribute, odd: &Odd) -> Result<(), Corrupt> {
        self.add(&OddMember::of(attribute), odd.clone())
    }

    /// The same for a value that could be read and not be written.
    pub(super) fn value(
        &mut self,
        attribute: &Attribute,
        corrupt: &Corrupt,
        value: ValueRef<'_>,
    ) -> Result<(), Corrupt> {
        self.add(&OddMember::of(attribute), Odd::of(corrupt, value))
    }

    /// Null stands for the linkage of a to-one relationship.
    ///
    /// # Errors
    /// If the relationship must not be empty.
    pub(super) fn relationship(&mut self, relationship: &Relationship, odd: &Odd) -> Result<(), Corrupt> {
        let columns = relationship.id_columns().map(Columns::in_words).unwrap_or_default();
        let column = columns.trim_matches('`');
        let member = OddMember { name: relationship.name, column, nullable: !relationship.is_required() };
        self.add(&member, odd.clone())
    }

    fn add(&mut self, member: &OddMember<'_>, odd: Odd) -> Result<(), Corrupt> {
        let (table, id) = (self.resource.table, self.id);
        let OddMember { name, column, nullable } = *member;
        let told = format!("table `{table}`, column `{column}`, id {id}: {}", odd.detail());
        if self.odd_values == OddValues::Refused {
            if !nullable {
                return Err(self.corrupt(name, &told));
            }
            log::warn!("{told}; `{name}` is shown as null");
        }
        self.found.push((name, odd));
        Ok(())
    }

    /// No document can be made because of this member.
    pub(super) fn corrupt(&self, name: &'static str, told: &str) -> Corrupt {
        Corrupt::new(told).in_member(self.resource.type_name, self.id.to_string(), name)
    }

    /// Writes `meta` after other members, if there is an entity tag or a warning.
    pub(super) fn write(&self, etag: Option<&str>, out: &mut Vec<u8>) {
        let mut separator: &[u8] = br#","meta":{"#;
        if let Some(etag) = etag {
            out.extend_from_slice(separator);
            separator = b",";
            out.extend_from_slice(br#""etag":"#);
            write_string(etag, out);
            if self.found.is_empty() {
                out.push(b'}');
            }
        }
        if self.found.is_empty() {
            return;
        }
        out.extend_from_slice(separator);
        out.extend_from_slice(br#""warnings":["#);
        for (index, (name, odd)) in self.found.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let id = self.id.to_string();
            let members = [
                ("type", self.resource.type_name),
                ("id", id.as_str()),
                ("member", name),
                ("detail", odd.detail()),
                // With the digest, another odd value makes another representation, which has another tag.
                ("digest", odd.digest()),
            ];
            for (place, (member, value)) in members.into_iter().enumerate() {
                out.push(if place == 0 { b'{' } else { b',' });
                write_string(member, out);
                out.push(b':');
                write_string(value, out);
            }
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
    }
}

/// The document's own `meta`: the number of all, where it was counted, and what is not shown.
pub(super) fn write_document_meta(resource: &Description, fetched: &Fetched, out: &mut Vec<u8>) {
    let skipped = fetched.rows.skipped();
    if fetched.total.is_none() && skipped == 0 {
        return;
    }
    let mut separator: &[u8] = br#","meta":{"#;
    if let Some(total) = fetched.total {
        out.extend_from_slice(separator);
        separator = b",";
        out.extend_from_slice(br#""count":"#);
        out.extend_from_slice(itoa::Buffer::new().format(total).as_bytes());
    }
    if skipped > 0 {
        out.extend_from_slice(separator);
        out.extend_from_slice(br#""warnings":[{"type":"#);
        write_string(resource.type_name, out);
        out.extend_from_slice(br#","member":"id","detail":"#);
        write_string(&format!("{skipped} here not shown: what the store holds is no id"), out);
        out.extend_from_slice(b"}]");
    }
    out.push(b'}');
}
