//! Row scopes: which are asked for a request, and what a write must not leave outside of them.

use std::collections::BTreeSet;
use std::iter;
use std::sync::{Mutex, PoisonError};

use rocket::Request;

use super::call::Exchange;
use super::store_errors::{Refusal, internal};
use crate::error::{ErrorObject, Errors};
use crate::plan::{
    Comparison, Fetched, Field, Filter, LinkageChange, Listing, Member, Plan, Root, Scopes, Selection,
};
use crate::resource::behaviour::Behaviours;
use crate::resource::hooks::record_of;
use crate::resource::scope::ScopeFunction;
use crate::schema::{Description, Record, Relationship, RelationshipKind, ResourceId};
use crate::store::{Constraint, StoreError, Transaction};

/// The scopes that a request has asked for so far.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The resources whose scopes were asked for; those without one are not among them.
    asked: Vec<(&'static Description, Option<Filter>)>,
    scopes: Scopes,
}

impl Asked {
    /// What the scopes of the resources asked for so far let through.
    pub(super) fn scopes(&self) -> Scopes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).scopes.clone()
    }

    /// Whether any scope was asked for, whatever it lets through.
    pub(super) fn any(&self) -> bool {
        self.lock(|known| !known.asked.is_empty())
    }

    /// Asks for the scopes of these resources, and of all that their linkage leads to; each once.
    ///
    /// # Errors
    /// With a scope's refusal, or 500 if one doesn't fit its resource.
    pub(super) async fn ask(
        &self,
        request: &Request<'_>,
        behaviours: &Behaviours,
        resources: &[&'static Description],
    ) -> Result<(), Errors> {
        for resource in resources {
            let targets = resource.relationships.iter().map(Relationship::target);
            for resource in iter::once(*resource).chain(targets) {
                if let Some(scope) = &behaviours.of(resource).scope {
                    Box::pin(self.ask_one(request, resource, scope)).await?;
                }
            }
        }
        Ok(())
    }

    async fn ask_one(
        &self,
        request: &Request<'_>,
        resource: &'static Description,
        scope: &'static ScopeFunction,
    ) -> Result<(), Errors> {
        if self.lock(|known| known.asked.iter().any(|(asked, _)| asked.is(resource))) {
            return Ok(());
        }
        let scope = scope.ask(request).await;
        let scope = scope.map_err(|error| Refusal::from(error).answer(resource, None))?;
        let filter = scope.filter(resource).map_err(|wrong| {
            internal(format_args!("the scope of `{}` does not fit it: {wrong}", resource.rust_name))
        })?;
        self.lock(|known| {
            known.asked.push((resource, filter));
            let filters = known.asked.iter().filter_map(|(asked, filter)| Some((*asked, filter.clone()?)));
            known.scopes = Scopes::new(filters);
        });
        Ok(())
    }

    fn lock<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Resources that a write moves by the linkage of an inverse: the column that changes is theirs.
#[derive(Debug, Default)]
pub(super) struct Moved(Vec<(&'static Description, BTreeSet<ResourceId>)>);

impl Moved {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Exchange<'_> {
    /// The resource before a write, as hooks and rules see it: whole, whatever the caller sees of it.
    pub(super) async fn previous(
        &self,
        id: &ResourceId,
        current: &Fetched,
        transaction: &mut dyn Transaction,
    ) -> Result<Option<Record>, Refusal> {
        let wanted = self.behaviour.hooks.is_some() || self.behaviour.validation.is_some();
        match (wanted, self.sees_all()) {
            (false, _) => Ok(None),
            (true, true) => Ok(record_of(self.resource, current)?),
            (true, false) => Ok(Some(Box::pin(self.record(id, transaction)).await?)),
        }
    }

    /// The resources that a change of linkage will move, among those that have a scope. `id` is the owner's, unless
    /// it is about to be made.
    pub(super) async fn moved(
        &self,
        id: Option<&ResourceId>,
        linkage: &[Option<LinkageChange>],
        transaction: &mut dyn Transaction,
    ) -> Result<Moved, Refusal> {
        let scopes = self.scopes();
        match scopes.is_empty() {
            true => Ok(Moved::default()),
            false => Box::pin(self.moved_within(&scopes, id, linkage, transaction)).await,
        }
    }

    async fn moved_within(
        &self,
        scopes: &Scopes,
        id: Option<&ResourceId>,
        linkage: &[Option<LinkageChange>],
        transaction: &mut dyn Transaction,
    ) -> Result<Moved, Refusal> {
        let mut moved = Vec::new();
        for (place, (relationship, change)) in self.resource.relationships.iter().zip(linkage).enumerate() {
            let target = relationship.target();
            let inverse = matches!(relationship.kind, RelationshipKind::Inverse { .. });
            let (Some(change), true, true) = (change, inverse, scopes.of(target).is_some()) else { continue };
            let held: BTreeSet<ResourceId> = match (change, id) {
                (LinkageChange::Replace(_) | LinkageChange::Remove(_), Some(id)) => {
                    let mut selection = Selection::identifiers(self.resource);
                    if let Some(wanted) = selection.linkage.get_mut(place) {
                        *wanted = true;
                    }
                    let fetched =
                        transaction.fetch(&self.plan_of_all(Root::One(id.clone()), selection)).await?;
                    let links = fetched.links.get(place).and_then(Option::as_ref);
                    links.map_or(BTreeSet::new(), |links| links.of(0).iter().cloned().collect())
                }
                _ => BTreeSet::new(),
            };
            let ids = match change {
                LinkageChange::Add(ids) => ids.iter().cloned().collect(),
                LinkageChange::Remove(ids) => ids.iter().filter(|id| held.contains(id)).cloned().collect(),
                LinkageChange::Replace(ids) => {
                    held.symmetric_difference(&ids.iter().cloned().collect()).cloned().collect()
                }
                LinkageChange::One(_) => continue,
            };
            moved.push((target, ids));
        }
        Ok(Moved(moved))
    }

    /// As [`outside_scope`], for what was moved.
    ///
    /// # Errors
    /// 403 if one of them is outside of its scope now.
    pub(super) async fn check_moved(
        &self,
        moved: &Moved,
        transaction: &mut dyn Transaction,
    ) -> Result<(), Refusal> {
        for (resource, ids) in moved.0.iter().filter(|(_, ids)| !ids.is_empty()) {
            let filter = Filter::Compare {
                member: Member { path: Vec::new(), field: Field::Id },
                comparison: Comparison::In(ids.iter().map(ResourceId::to_value).collect()),
            };
            let listing = Listing { filter: Some(filter), ..Listing::all() };
            let plan = self.plan(Root::Collection(listing), Selection::identifiers(resource));
            if transaction.fetch(&plan).await?.rows.len() < ids.len() {
                return Err(outside_scope(resource).into());
            }
        }
        Ok(())
    }

    /// A plan of the program's own: it sees everything.
    pub(super) fn unscoped(&self, id: &ResourceId) -> Plan {
        Plan::new(Root::One(id.clone()), Selection::whole(self.resource))
    }

    /// Judges what a write left behind: its writer must see it.
    ///
    /// # Errors
    /// 403 if the resource is outside of the scope now; 422 if it is gone, which only a trigger can have done.
    pub(super) fn check_answer(&self, answer: &Fetched) -> Result<(), Refusal> {
        match (answer.rows.is_empty(), self.scopes().is_empty()) {
            (false, _) => Ok(()),
            (true, false) => Err(outside_scope(self.resource).into()),
            (true, true) => Err(StoreError::Constraint(Constraint::nameless()).into()),
        }
    }
}

/// Who could write what they don't see could give it away, and would never know what became of it.
fn outside_scope(resource: &Description) -> Errors {
    ErrorObject::outside_scope(format!(
        "after this change you would not see one of {} any more that it writes; nothing was changed",
        resource.type_name
    ))
    .into()
}
