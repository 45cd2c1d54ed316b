//! Resource objects (JSON:API §6.2), as primary data and in `included`.

use super::linkage::{write_data, write_id};
use super::links::write_segment;
use super::view::View;
use super::window::{ReadLinkage, write_count};
use super::writer::Writer;
use crate::document::warnings::{OddValues, Warnings};
use crate::schema::json_text::write_string;
use crate::schema::{Corrupt, Description, Kind, ResourceId, Row, Rows, Value};

/// A row that a document shows as a resource object.
#[derive(Clone, Copy)]
pub(super) struct ShownRow<'f> {
    pub(super) resource: &'static Description,
    pub(super) row: Row<'f>,
    /// Its place among the rows that were read with it.
    pub(super) index: usize,
    /// The to-many linkage that was read with them.
    pub(super) linkage: ReadLinkage<'f>,
}

impl Writer<'_> {
    /// The included resources of a compound document (JSON:API §6.4), if the query asks for `include`: the rows of each of
    /// these sets, as resource objects.
    pub(super) fn included<'f>(
        &self,
        sets: impl Iterator<Item = (&'static Description, &'f Rows, ReadLinkage<'f>)>,
        view: View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        if !matches!(view, View::Asked { included: true, .. }) {
            return Ok(());
        }
        out.extend_from_slice(br#","included":["#);
        let mut is_first = true;
        for (resource, rows, linkage) in sets {
            for (index, row) in rows.iter().enumerate() {
                if !is_first {
                    out.push(b',');
                }
                is_first = false;
                self.resource(&ShownRow { resource, row, index, linkage }, view, out)?;
            }
        }
        out.push(b']');
        Ok(())
    }

    /// A resource object (JSON:API §6.2).
    pub(super) fn resource(
        &self,
        shown: &ShownRow<'_>,
        view: View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let ShownRow { resource, row, index, linkage } = *shown;
        let begin = out.len();
        let fieldset = view.fieldset(resource);
        let id = row.resource_id()?;
        out.extend_from_slice(br#"{"type":"#);
        write_string(resource.type_name, out);
        out.extend_from_slice(br#","id":"#);
        write_id(&id, out);
        let mut warnings = Warnings::new(resource, &id, self.odd);
        let mut separator: &[u8] = br#","attributes":{"#;
        for (attribute_id, attribute) in resource.attributes_by_id() {
            let hidden = fieldset.is_some_and(|shown| attribute_id.of(&shown.attributes) != Some(&true));
            let unreadable = || self.hidden.members.has(resource, attribute_id);
            if hidden || !attribute.access.is_shown() || unreadable() {
                continue;
            }
            out.extend_from_slice(separator);
            separator = b",";
            write_string(attribute.name, out);
            out.push(b':');
            match row.odd_attribute(attribute_id) {
                None => {
                    let value = row.attribute(attribute_id);
                    if let Err(corrupt) = attribute.kind.write(value, out) {
                        warnings.value(attribute, &corrupt, value)?;
                        out.extend_from_slice(b"null");
                    }
                }
                Some(odd) => {
                    warnings.attribute(attribute, odd)?;
                    out.extend_from_slice(b"null");
                }
            }
        }
        let computed = |place: usize| fieldset.is_none_or(|shown| shown.computed.get(place) == Some(&true));
        if (0..resource.computed.names.len()).any(computed) {
            let values = self.computed(resource, row, &warnings)?;
            for (name, kind, value) in
                values.iter().enumerate().filter(|(place, _)| computed(*place)).map(|(_, value)| value)
            {
                out.extend_from_slice(separator);
                separator = b",";
                write_string(name, out);
                out.push(b':');
                if let Err(corrupt) = kind.write(value.as_ref(), out) {
                    return Err(warnings.corrupt(name, &corrupt.to_string()));
                }
            }
        }
        if separator == b"," {
            out.push(b'}');
        }
        separator = br#","relationships":{"#;
        for (relationship_id, relationship) in resource.relationship_members() {
            let hidden =
                fieldset.is_some_and(|shown| relationship_id.of(&shown.relationships) != Some(&true));
            if hidden || self.hidden.members.has(resource, relationship_id) {
                continue;
            }
            // What was read for other reasons is no part of the representation without parameters.
            let with_data = (matches!(view, View::Asked { .. }) || relationship.linkage)
                && !self.hidden.hides_any(resource, relationship_id);
            out.extend_from_slice(separator);
            separator = b",";
            write_string(relationship.name, out);
            out.extend_from_slice(br#":{"links":{"self":"#);
            self.write_href(resource, &id, out);
            out.extend_from_slice(b"/relationships/");
            write_segment(relationship.name, out);
            out.extend_from_slice(br#"","related":"#);
            self.write_href(resource, &id, out);
            out.push(b'/');
            write_segment(relationship.name, out);
            out.push(b'"');
            if let Some(shown) = view.window(resource, relationship_id) {
                // Not followed from here: its links tell where it goes on.
                let window = linkage.window(relationship_id, index).filter(|_| with_data);
                if let Some(window) = window {
                    let href = self.relationship(resource, &id, relationship).own;
                    shown.write_links(&href, window, out);
                }
                out.push(b'}');
                if let Some(window) = window {
                    shown.write_data(window, linkage.counts.of(relationship_id, index), out);
                }
                out.push(b'}');
                continue;
            }
            out.push(b'}');
            if with_data {
                for (arm, _) in resource.arms(relationship_id) {
                    if let Some(odd) = row.odd_to_one(resource, arm) {
                        warnings.relationship(relationship, odd)?;
                    }
                }
                write_data(resource, relationship_id, row, index, linkage.links, out)?;
            }
            // On demand only: the representation without parameters has none.
            let count = || {
                let mut counts = resource.arms(relationship_id);
                // Of all arms together.
                counts.try_fold(0, |sum, (arm, _)| Some(sum + linkage.counts.of(arm, index)?))
            };
            if let (View::Asked { .. }, Some(count)) = (view, count()) {
                write_count(count, out);
            }
            out.push(b'}');
        }
        if separator == b"," {
            out.push(b'}');
        }
        out.extend_from_slice(br#","links":{"self":"#);
        self.write_href(resource, &id, out);
        out.extend_from_slice(br#""}"#);
        let written = out.get(begin..).unwrap_or_default();
        let item_tag = self.item_tag(shown, &id, view, &warnings, written)?;
        warnings.write(item_tag.as_deref().or(self.etag.as_deref()), out);
        out.push(b'}');
        Ok(())
    }

    /// The values of computed attributes.
    fn computed(
        &self,
        resource: &'static Description,
        row: Row<'_>,
        warnings: &Warnings<'_>,
    ) -> Result<Vec<(&'static str, Kind, Value)>, Corrupt> {
        // Without to-many linkage, which some queries read and some don't: the value must not depend on that.
        let values = row.to_record(resource).and_then(|record| resource.computed.of(&record));
        // Functions see null for an odd value, as clients do.
        let values = values
            .or_else(|_| row.to_lenient_record(resource).and_then(|record| resource.computed.of(&record)));
        match (values, self.odd) {
            (Ok(values), _) => Ok(values),
            (Err(_), OddValues::Null) => {
                let null = |name: &&'static str| (*name, Kind::Text, Value::Null);
                Ok(resource.computed.names.iter().map(null).collect())
            }
            (Err(corrupt), OddValues::Refused) => {
                let name = resource.computed.names.first().copied().unwrap_or_default();
                Err(warnings.corrupt(name, &corrupt.to_string()))
            }
        }
    }

    /// The URL of one resource as a JSON string, up to its closing quote.
    fn write_href(&self, resource: &Description, id: &ResourceId, out: &mut Vec<u8>) {
        write_string(self.registry.collection(resource), out);
        out.pop();
        out.push(b'/');
        match id {
            ResourceId::Integer(id) => out.extend_from_slice(itoa::Buffer::new().format(*id).as_bytes()),
            ResourceId::Text(id) => write_segment(id, out),
            ResourceId::Composite(id) => write_segment(&id.to_string(), out),
        }
    }
}
