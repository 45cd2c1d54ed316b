//! `fields[TYPE]` (JSON:API §7.4): sparse fieldsets.

use crate::error::ErrorObject;
use crate::schema::unreadable::Unreadable;
use crate::schema::{Description, Registry};

/// The sparse fieldsets of a query, by type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<FieldSet>);

/// The fields of one type that a document shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldSet {
    /// The resource.
    pub(crate) resource: &'static Description,
    /// Whether each attribute is shown; one entry an attribute.
    pub(crate) attributes: Vec<bool>,
    /// Whether each computed attribute is shown.
    pub(crate) computed: Vec<bool>,
    /// Whether each relationship is shown; one entry a relationship.
    pub(crate) relationships: Vec<bool>,
}

impl Fields {
    /// The fieldset of a resource; `None` where the client asked for none, so that all fields are shown.
    pub(crate) fn of(&self, resource: &Description) -> Option<&FieldSet> {
        self.0.iter().find(|set| set.resource.is(resource))
    }

    /// The resources that have a fieldset.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &'static Description> + '_ {
        self.0.iter().map(|set| set.resource)
    }

    /// Whether the query has no fieldset.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes one parameter.
    pub(super) fn take(
        &mut self,
        brackets: &[&str],
        value: &str,
        registry: &Registry,
        unreadable: &Unreadable,
    ) -> Result<(), ErrorObject> {
        let [type_name] = brackets else {
            return Err(ErrorObject::invalid_fields("write fields[TYPE], with one type"));
        };
        let Some(resource) = registry.resource(type_name) else {
            return Err(ErrorObject::invalid_fields(format!("there is no type {type_name:?}")));
        };
        let mut set = FieldSet {
            resource,
            attributes: vec![false; resource.attributes.len()],
            computed: vec![false; resource.computed.names.len()],
            relationships: vec![false; resource.relationships.len()],
        };
        // JSON:API §7.4: an empty value asks for no fields.
        for name in value.split(',').filter(|_| !value.is_empty()) {
            // Every resource object has these two members, whatever the client asks for.
            if matches!(name, "id" | "type") {
                continue;
            }
            let shown = set.entry(name, unreadable).ok_or_else(|| {
                ErrorObject::invalid_fields(match name {
                    "" => "an empty name: write fields with commas between them".into(),
                    _ => format!("{type_name} has no field {name:?}"),
                })
            })?;
            if std::mem::replace(shown, true) {
                return Err(ErrorObject::invalid_fields(format!("{name:?} stands there twice")));
            }
        }
        self.0.push(set);
        Ok(())
    }
}

impl FieldSet {
    /// The entry of a field, by its name.
    fn entry(&mut self, name: &str, unreadable: &Unreadable) -> Option<&mut bool> {
        let attribute = self.resource.attribute(name);
        let resource = self.resource;
        match attribute
            .filter(|(id, attribute)| attribute.access.is_shown() && !unreadable.has(resource, *id))
        {
            Some((id, _)) => id.of_mut(&mut self.attributes),
            None if self.resource.computed.place(name).is_some() => {
                self.computed.get_mut(self.resource.computed.place(name)?)
            }
            None => {
                let (id, _) = unreadable.relationship(self.resource, name)?;
                id.of_mut(&mut self.relationships)
            }
        }
    }
}
