//! The resources that an application has mounted, and their URLs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use super::component_name::component;
use super::member_name::is_member_name;
use super::{Description, Relationship, RelationshipKind, TypedEnd};
use crate::conditional::StateTag;

/// All characters that are percent-encoded in URLs: all but the unreserved ones (RFC 3986 §2.3).
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes one path segment (RFC 3986 §3.3).
pub(crate) fn encode_segment(segment: &str) -> PercentEncode<'_> {
    utf8_percent_encode(segment, RESERVED)
}

/// The resources that an application has mounted, each with the URL of its collection.
#[derive(Debug, Default)]
pub struct Registry {
    places: Vec<MountedResource>,
    /// Whether the struct of one of them says `etag(items)`.
    tags_items: bool,
}

#[derive(Debug)]
struct MountedResource {
    resource: &'static Description,
    collection: String,
    shape: String,
    /// Where the schemas of its documents stand, if they are served: a URL whose fragment is a JSON Pointer to them, up to
    /// the ending of their names.
    schemas: Option<String>,
}

impl MountedResource {
    fn new(resource: &'static Description, collection: String) -> Self {
        Self { shape: shape(resource, &collection), resource, collection, schemas: None }
    }

    /// Says that `GET <base>/schemas/<type>.json` serves the schemas of its documents.
    fn describe(&mut self, base: &str) {
        let name = component(self.resource.type_name);
        let file = encode_segment(self.resource.type_name);
        self.schemas = Some(format!("{}/schemas/{file}.json#/$defs/{name}.", base.trim_end_matches('/')));
        // The documents have a link more, whatever the version of a row says.
        self.shape = digest(&format!("{} described at {base}", self.shape));
    }
}

/// A digest of the members and links that a resource's documents have. The version of a row says nothing
/// about them: documents of the same version with other members need another digest.
fn shape(resource: &Description, collection: &str) -> String {
    let mut shape = format!("{} {} {collection}", env!("CARGO_PKG_VERSION"), resource.type_name);
    for attribute in resource.attributes.iter().filter(|attribute| attribute.access.is_shown()) {
        shape.push_str(&format!(" {}:{:?}", attribute.name, attribute.kind));
    }
    for name in resource.computed.names {
        shape.push_str(&format!(" {name}"));
    }
    for relationship in resource.relationships {
        let target = relationship.target().type_name;
        shape.push_str(&format!(" {}:{target}:{}", relationship.name, relationship.linkage));
        if relationship.order.is_some() {
            shape.push_str(":ordered");
        }
    }
    digest(&shape)
}

fn digest(shape: &str) -> String {
    let digest = StateTag::of_body(shape.as_bytes());
    digest.opaque().iter().take(8).map(|digit| char::from(*digit)).collect()
}

impl Registry {
    /// Adds a resource that is mounted at `base`, unless it was added before. Returns whether it was new.
    pub(crate) fn add(&mut self, resource: &'static Description, base: &str) -> bool {
        let is_new = self.place(resource).is_none();
        if is_new {
            let (base, path) = (base.trim_end_matches('/'), encode_segment(resource.path));
            self.places.push(MountedResource::new(resource, format!("{base}/{path}")));
            self.tags_items |= resource.item_tags;
        }
        is_new
    }

    /// These resources, as if they were mounted at `/`.
    #[cfg(test)]
    pub(crate) fn mounted(resources: &[&'static Description]) -> Self {
        let mut registry = Self::default();
        for resource in resources {
            registry.add(resource, "");
        }
        registry
    }

    /// The mistakes in the mounted resources, one line for each: two resources with the same type, a name
    /// that JSON:API doesn't allow, a relationship to a resource that is not mounted or is in another store,
    /// an inverse without its to-one relationship. `all` has the registries of all parts of the application.
    pub(crate) fn mistakes(&self, all: &[&Self]) -> Vec<String> {
        let mut mistakes = Vec::new();
        for (index, place) in self.places.iter().enumerate() {
            let resource = place.resource;
            // JSON:API §6.2.1: type and id together identify one resource, so that each type belongs to one
            // struct.
            for other in
                self.places.iter().take(index).filter(|other| other.resource.type_name == resource.type_name)
            {
                mistakes.push(format!(
                    "the structs `{}` and `{}` both have the type `{}`: give one of them another \
                     `#[jsonapi(type = \"…\")]`",
                    other.resource.rust_name, resource.rust_name, resource.type_name,
                ));
            }
            mistakes.extend(mistaken_names(resource));
            mistakes.extend(mistaken_arms(resource));
            mistakes.extend(mistaken_types(resource));
            for relationship in resource.relationships {
                let target = relationship.target();
                let here = format!("`{}` of `{}`", relationship.name, resource.rust_name);
                if self.place(target).is_none() {
                    let elsewhere = all.iter().find_map(|registry| registry.place(target));
                    mistakes.push(match elsewhere {
                        // Across two databases nothing would check the foreign keys, and no query could join
                        // the rows.
                        Some(place) => format!(
                            "the relationship {here} leads to `{}`, which is kept in another database, at {}: no \
                             relationship leads from one database to another; mount both where one database has them, \
                             or keep the id in an attribute",
                            target.rust_name, place.collection,
                        ),
                        None => format!(
                            "the relationship {here} leads to `{0}`, which is not mounted: mount `{0}::routes()` too",
                            target.rust_name,
                        ),
                    });
                }
                if let RelationshipKind::Inverse { of } = relationship.kind {
                    let fits = target
                        .relationships
                        .iter()
                        .any(|other| other.name == of && !other.is_to_many() && other.target().is(resource));
                    if !fits {
                        mistakes.push(format!(
                            "the relationship {here} is the inverse of `{of}`, but `{}` has no to-one relationship \
                             of that name to `{}`",
                            target.rust_name, resource.rust_name,
                        ));
                    }
                }
            }
        }
        mistakes
    }

    /// Whether some resources show the entity tags of their items without being asked for them.
    pub(crate) fn tags_items(&self) -> bool {
        self.tags_items
    }

    /// The mounted resource of a type.
    pub(crate) fn resource(&self, type_name: &str) -> Option<&'static Description> {
        self.resources().find(|resource| resource.type_name == type_name)
    }

    fn place(&self, resource: &Description) -> Option<&MountedResource> {
        self.places.iter().find(|place| place.resource.is(resource))
    }

    /// The URL of a resource's collection.
    pub(crate) fn collection(&self, resource: &Description) -> &str {
        self.place(resource).map_or("", |place| place.collection.as_str())
    }

    /// Says at which of these paths JSON Schemas are served: each resource is described by that at the longest path which
    /// its own one continues. `base_url` stands before each link.
    pub(crate) fn describe(&mut self, base_url: &str, described: &[&str]) {
        for place in &mut self.places {
            let path = place.collection.strip_prefix(base_url).unwrap_or("");
            let continued = described.iter().filter(|base| {
                let rest = path.strip_prefix(base.trim_end_matches('/'));
                rest.is_some_and(|rest| rest.starts_with('/'))
            });
            if let Some(base) = continued.max_by_key(|base| base.len()) {
                place.describe(&format!("{base_url}{base}"));
            }
        }
    }

    /// The URL of the schema of a resource's documents, up to the ending of its name; `None` if no schemas are served.
    pub(crate) fn schemas(&self, resource: &Description) -> Option<&str> {
        self.place(resource)?.schemas.as_deref()
    }

    /// The digest of the members and links in the resource's documents.
    pub(crate) fn shape(&self, resource: &Description) -> &str {
        self.place(resource).map_or("", |place| place.shape.as_str())
    }

    /// The mounted resources, in the order of mounting.
    pub fn resources(&self) -> impl Iterator<Item = &'static Description> + '_ {
        self.places.iter().map(|place| place.resource)
    }
}

/// The mistakes in polymorphic relationships that no derive has checked: arms that can't be told apart.
fn mistaken_arms(resource: &Description) -> Vec<String> {
    let mut mistakes = Vec::new();
    for (first, relationship) in resource.relationship_members().filter(|(_, it)| it.is_polymorphic()) {
        let here = format!("`{}` of `{}`", relationship.name, resource.rust_name);
        let mut earlier: Vec<&Relationship> = Vec::new();
        for (_, arm) in resource.arms(first) {
            let (target, stored) = (arm.target(), arm.stored_type());
            if let Some(other) = earlier.iter().find(|other| other.stored_type() == stored) {
                mistakes.push(format!(
                    "the relationship {here} keeps the type {:?} for both `{}` and `{}`: give one of them another text \
                     by `stored_types(…)`",
                    stored.unwrap_or_default(),
                    other.target().rust_name,
                    target.rust_name
                ));
            }
            earlier.push(arm);
        }
        let kinds: Vec<_> = earlier.iter().map(|arm| std::mem::discriminant(&arm.target().id.kind)).collect();
        if kinds.windows(2).any(|pair| pair.first() != pair.last()) {
            let ids: Vec<String> = earlier
                .iter()
                .map(|arm| format!("`{}` {:?}", arm.target().rust_name, arm.target().id.kind))
                .collect();
            mistakes.push(format!(
                "the relationship {here} keeps the ids of all its types in one column, but they are of different \
                 kinds: {}; a column of text that has ids of both is not supported, since each comparison would have to \
                 convert them: give the types ids of one kind, or write a relationship for each",
                ids.join(", ")
            ));
        }
    }
    mistakes
}

/// The mistakes in join tables whose one end may be of several types: both ends must store the same text for a type.
fn mistaken_types(resource: &Description) -> Vec<String> {
    let mut mistakes = Vec::new();
    for relationship in resource.relationships {
        let RelationshipKind::Through {
            table,
            owner_columns,
            typed: Some(TypedEnd::Owner { type_column, stored_type }),
            ..
        } = relationship.kind
        else {
            continue;
        };
        let here = format!("the relationship `{}` of `{}`", relationship.name, resource.rust_name);
        let far = relationship.target();
        let back = far.relationships.iter().filter(|far| far.target().is(resource));
        for back in back {
            let RelationshipKind::Through { table: of, target_columns, typed, .. } = back.kind else {
                continue;
            };
            if !(of.eq_ignore_ascii_case(table) && target_columns.are(owner_columns)) {
                continue;
            }
            let there = format!("`{}` of `{}`", back.name, far.rust_name);
            match (typed, back.stored_type()) {
                (Some(TypedEnd::Target { type_column: other, .. }), Some(stored))
                    if other.eq_ignore_ascii_case(type_column) && stored == stored_type => {}
                (Some(TypedEnd::Target { type_column: other, .. }), Some(stored)) => mistakes.push(format!(
                    "{here} keeps the type {stored_type:?} in the column `{type_column}`, and {there} the type {stored:?} in \
                     `{other}`: give both the same `type_column`, and as `stored_type` what `stored_types` says"
                )),
                _ => mistakes.push(format!(
                    "{here} names the column `{type_column}` with the type of its owner, and {there} leads to one type \
                     only: write a `ToManyOf` there, or remove `type_column` here"
                )),
            }
        }
    }
    mistakes
}

/// The mistakes in names that no derive has checked: those that JSON:API doesn't allow, and duplicates.
fn mistaken_names(resource: &Description) -> Vec<String> {
    let mut mistakes = Vec::new();
    let owner = resource.rust_name;
    // JSON:API §6.2.1: the rules of member names hold for a type, too.
    if !is_member_name(resource.type_name) {
        mistakes.push(format!("the type {:?} of `{owner}` is no JSON:API member name", resource.type_name));
    }
    let attributes = resource.attributes.iter().map(|attribute| ("attribute", attribute.name));
    let computed = resource.computed.names.iter().map(|name| ("computed attribute", *name));
    let relationships = resource.relationship_members().map(|(_, it)| ("relationship", it.name));
    let mut known: Vec<(&str, &str)> = Vec::new();
    for (what, name) in attributes.chain(computed).chain(relationships) {
        // JSON:API §6.8: the rules of member names.
        if !is_member_name(name) {
            mistakes.push(format!(
                "the {what} {name:?} of `{owner}` is no JSON:API member name: letters, digits, and `-`, `_` or spaces \
                 between them"
            ));
        }
        // JSON:API §6.2.2: fields share one namespace with each other, and with `type` and `id`.
        if matches!(name, "id" | "type") {
            mistakes.push(format!(
                "the {what} {name:?} of `{owner}` must have another name: every resource has its own"
            ));
        }
        match known.iter().find(|(_, earlier)| *earlier == name) {
            Some((earlier, _)) => mistakes.push(format!(
                "`{owner}` has two members named {name:?}, one {earlier} and one {what}: rename one of them"
            )),
            None => known.push((what, name)),
        }
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use super::super::{Attribute, Columns, Id, IdKind, OnDelete, Operations, RelationshipKind};
    use super::*;

    const fn attribute(name: &'static str) -> Attribute {
        Attribute::new::<Option<String>>(name, "x")
    }

    const fn relationship(name: &'static str) -> Relationship {
        let on_delete = OnDelete::SetNull;
        Relationship::new(
            name,
            RelationshipKind::ToOne { columns: Columns::one("y"), required: false, on_delete },
            || &WRONG,
        )
    }

    static WRONG: Description = Description::new(
        "_things",
        "things",
        "Thing",
        "things",
        Id { column: "id", kind: IdKind::Text },
        &[attribute("title"), attribute("b/c"), attribute(""), attribute("type"), attribute("größe 2")],
        &[relationship("title"), relationship("id"), relationship("ends-")],
        Operations::NONE,
    );

    #[test]
    fn b9_b10_names_that_no_derive_has_checked_are_checked_at_launch() {
        let registry = Registry::mounted(&[&WRONG]);
        let mistakes = registry.mistakes(&[&registry]);
        let about: Vec<_> = mistakes.iter().map(|mistake| mistake.split(" is no ").next().unwrap()).collect();
        assert_eq!(
            about,
            [
                "the type \"_things\" of `Thing`",
                "the attribute \"b/c\" of `Thing`",
                "the attribute \"\" of `Thing`",
                "the attribute \"type\" of `Thing` must have another name: every resource has its own",
                "`Thing` has two members named \"title\", one attribute and one relationship: rename one of them",
                "the relationship \"id\" of `Thing` must have another name: every resource has its own",
                "the relationship \"ends-\" of `Thing`",
            ]
        );
    }
}
