//! The last change of a write, which nothing can refuse any more: it changes the row, returns it as it is then, and is
//! committed without a wait between the two.
//!
//! It is for a change of a row's own attributes. What concerns other rows, too, is made by [`apply`], statement by statement.
//!
//! [`apply`]: crate::store::Transaction::apply

use std::borrow::Cow;

use rocket::tokio::time::Instant;

use super::connection::Connection;
use super::connection::end::{Parts, nothing};
use super::dialect::Postgres;
use crate::plan::{Change, Fetched, Plan, Root, Scopes, leaves_room};
use crate::schema::{Description, IdKind, Relationship, ResourceId, Rows, Value};
use crate::store::StoreError;
use crate::store::sql::cache::{Shape, Verb};
use crate::store::sql::cell::push_row;
use crate::store::sql::link::Link;
use crate::store::sql::parameter::Parameter;
use crate::store::sql::plan::is_one_statement;
use crate::store::sql::read::linkage_of_one;
use crate::store::sql::returning::update_returning;
use crate::store::sql::select::{Total, known_cells};
use crate::store::sql::session::Session;
use crate::store::sql::versions::Guard;
use crate::store::sql::write::{check_shape, may_reorder};

/// A row as the transaction has locked and read it.
#[derive(Debug)]
pub(super) struct LockedRow {
    pub(super) resource: &'static Description,
    pub(super) id: ResourceId,
    /// What its to-one relationships lead to and shows it, if that could be read.
    pub(super) ends: Option<Vec<(&'static Description, ResourceId)>>,
    /// The bytes that its text and its linkage take in a document.
    bytes: usize,
    /// The values of the columns that the store itself sets; `None` if they were not all read.
    kept: Option<Vec<Value>>,
}

impl LockedRow {
    /// The row that a plan has locked and read, if it is one.
    pub(super) fn of(connection: &Connection, plan: &Plan, fetched: &Fetched) -> Option<Self> {
        let Root::One(id) = &plan.root else { return None };
        let (resource, row) = (plan.selection.resource, fetched.rows.get(0)?);
        let versions = connection.versions();
        let kept = versions.table(resource.table).map_or(&[][..], |table| &table.columns);
        let kept = kept.iter().map(|column| {
            let mut attributes = resource.attributes_by_id();
            let (id, _) = attributes.find(|(_, attribute)| attribute.column == column.name)?;
            plan.selection.reads_attribute(id).then(|| row.attribute(id).to_owned())
        });
        let kept = kept.collect();
        let known = connection.known();
        let ends = resource.relationships_by_id().filter_map(|(id, relationship)| {
            let link =
                Link::of(relationship).filter(|link| known.is_watched(resource.table, link.columns))?;
            let related = link.only.is_none().then(|| row.related_id(resource, id).ok()).flatten();
            Some(related.map(|related| related.map(|related| (relationship.target(), related))))
        });
        let ends: Option<Vec<_>> = ends.collect();
        let ends = ends.map(|ends| ends.into_iter().flatten().collect());
        let bytes = fetched.bytes_of_root();
        Some(Self { resource, id: id.clone(), ends, bytes, kept })
    }

    /// Whether [`make`](Self::make) makes what [`apply`](crate::store::Transaction::apply) would have made, and reads what
    /// [`fetch`](crate::store::Transaction::fetch) would have read.
    pub(super) fn can_make(
        &self,
        connection: &Connection,
        change: &Change,
        scopes: &Scopes,
        plan: &Plan,
    ) -> bool {
        let Change::Update { resource, id, attributes, linkage } = change else { return false };
        let (known, versions) = (connection.known(), connection.versions());
        let changed = || resource.attributes.iter().zip(attributes);
        let is_made = |column| known.limits.makes(resource.table, column);
        let is_of_row = resource.is(self.resource)
            && *id == self.id
            && check_shape(resource, attributes.len(), linkage).is_ok()
            && linkage.iter().all(Option::is_none)
            && !resource.attributes.iter().any(|attribute| is_made(attribute.column))
            && !may_reorder(resource, attributes);
        let is_alone = known.is_plain(resource.table)
            && versions.deletion(resource.table).is_none()
            && !changed().any(|(attribute, value)| {
                let mut lists = versions.leading_to(resource.table);
                value.is_some() && lists.any(|list| list.is_ordered_by(attribute.column))
            })
            && connection.can_end(resource, id);
        let is_seen = scopes.is_empty()
            && plan.scopes.is_empty()
            && !plan.scopes.changes_rows_of(resource)
            && plan.selection.resource.is(resource)
            && matches!(&plan.root, Root::One(read) if read == id)
            && plan.selection.include.is_empty()
            && plan.selection.counts.is_empty()
            // The row may spell another id in another way, and the linkage is that of its own.
            && (is_one_statement(plan, Total::None) || matches!(resource.id.kind, IdKind::Integer { .. } | IdKind::Uuid));
        let kept = versions.table(resource.table);
        let is_kept = |column| kept.is_some_and(|kept| kept.keeps(column));
        is_of_row
            && is_alone
            && is_seen
            && self.kept.is_some()
            && changed().any(|(attribute, value)| value.is_some() && !is_kept(attribute.column))
            && leaves_room(self.resource, self.bytes, attributes.iter().flatten(), plan)
    }

    /// Makes the change, commits it, and returns the row. What is not answered by `end` is stopped.
    pub(super) async fn make(
        &self,
        connection: &Connection,
        change: &Change,
        version: Option<&Value>,
        plan: &Plan,
        end: Option<Instant>,
    ) -> Result<Fetched, StoreError> {
        let Change::Update { resource, id, attributes, .. } = change else {
            return Err(StoreError::Internal("this is no change of a row".into()));
        };
        let guard = Guard::of(resource, version)?;
        let attributes: Cow<'_, [Option<Value>]> = connection.changes_as_stored(resource, attributes)?;
        let versions = connection.versions();
        let kept = versions.table(resource.table);
        let next = match (kept, &self.kept) {
            (Some(kept), Some(values)) => kept.next(values)?,
            _ => Vec::new(),
        };
        let is_kept = |column| kept.is_some_and(|kept| kept.keeps(column));
        let (mut columns, mut parameters, mut shape) = (Vec::new(), Vec::new(), Vec::new());
        for (attribute, value) in resource.attributes.iter().zip(attributes.iter()) {
            let value = value.as_ref().filter(|_| !is_kept(attribute.column));
            shape.push(value.is_some());
            columns.extend(value.is_some().then_some(attribute.column));
            parameters.extend(value.map(|value| Parameter::of(attribute.column, value.as_ref())));
        }
        for (column, value) in kept.into_iter().flat_map(|kept| &kept.columns).zip(&next) {
            columns.push(column.name);
            parameters.push(Parameter::of(column.name, value.as_ref()));
        }
        parameters.push(id.into());
        parameters.extend(guard.as_ref().map(|guard| Parameter::from(guard.value)));
        shape.push(guard.is_some());
        shape.extend(&plan.selection.attributes);
        let text = connection.text(Shape::new(Verb::UpdateReturning, resource).columns(shape), || {
            let version = guard.as_ref().map(|guard| guard.column);
            Ok(update_returning(Postgres, &plan.selection, &columns, version))
        })?;
        let selection = &plan.selection;
        let is_to_many = |id| resource.relationship_at(id).is_some_and(Relationship::is_to_many);
        let linked = selection.linkage_ids().filter(|id| is_to_many(*id)).count();
        let links = linkage_of_one(connection, selection, &plan.scopes, id);
        let reads = Parts::of(linked, links);
        let ended = connection.end_with(nothing(), &text, &parameters, reads, end).await;
        let (rows, links) = ended.map_err(|error| connection.explained(change, error))?;
        if rows.is_empty() {
            return Err(match guard {
                Some(_) => StoreError::VersionChanged,
                // Somebody has made a trigger or a rule that keeps it as it is.
                None => connection.unexpected(resource),
            });
        }
        let mut found = Rows::new(resource);
        let cells = known_cells(selection, |table, column| connection.scale(table, column));
        for row in &rows {
            push_row(row, 0, &cells, resource.table, &mut found).map_err(|error| {
                // It is changed all the same.
                log::error!("a changed row of `{}` can't be read: {error}", resource.table);
                StoreError::OutcomeUnknown
            })?;
        }
        Ok(Fetched { parent: true, rows: found, links, ..Fetched::default() })
    }
}
