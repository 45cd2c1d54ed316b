//! Row scopes: which are asked for a request, and what a write must not leave outside of them.

use std::collections::BTreeSet;
use std::iter;
use std::sync::{Mutex, PoisonError};

use rocket::Request;

use super::call::Call;
use super::store_errors::{Refusal, internal};
use crate::error::{ErrorObject, Errors};
use crate::plan::{
    Comparison, Fetched, Field, Filter, LinkageChange, Listing, Member, Root, Scopes, Selection,
};
use crate::resource::behaviour::{Behaviours, Leaving};
use crate::resource::scope::ScopeFunction;
use crate::schema::{Description, Relationship, RelationshipKind, ResourceId};
use crate::store::{Constraint, StoreError, Transaction};

/// The scopes that a request has asked for so far.
#[derive(Debug, Default)]
pub(super) struct RowScopes(Mutex<AskedScopes>);

#[derive(Debug, Default)]
struct AskedScopes {
    /// The resources whose scopes were asked for; those without one are not among them.
    asked: Vec<(&'static Description, Option<Filter>)>,
    scopes: Scopes,
}

impl RowScopes {
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
        if !behaviours.have_scopes() {
            return Ok(());
        }
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
        let scope = scope.map_err(|error| Refusal::from(error).into_errors(resource, None))?;
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

    fn lock<T>(&self, work: impl FnOnce(&mut AskedScopes) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Resources that a write moves by the linkage of an inverse: the column that changes is theirs.
#[derive(Debug, Default)]
pub(super) struct ReparentedResources(Vec<(&'static Description, BTreeSet<ResourceId>)>);

/// The resources that a change of linkage will move, among those that have a scope. `id` is the owner's, unless it is
/// about to be made.
pub(super) async fn reparented(
    call: &Call<'_>,
    resource: &'static Description,
    id: Option<&ResourceId>,
    linkage: &[Option<LinkageChange>],
    transaction: &mut dyn Transaction,
) -> Result<ReparentedResources, Refusal> {
    if call.scopes().is_empty() {
        return Ok(ReparentedResources::default());
    }
    Box::pin(reparented_within_scopes(call, resource, id, linkage, transaction)).await
}

async fn reparented_within_scopes(
    call: &Call<'_>,
    resource: &'static Description,
    id: Option<&ResourceId>,
    linkage: &[Option<LinkageChange>],
    transaction: &mut dyn Transaction,
) -> Result<ReparentedResources, Refusal> {
    let scopes = call.scopes();
    let mut reparented = Vec::new();
    for ((relationship_id, relationship), change) in resource.relationships_by_id().zip(linkage) {
        let target = relationship.target();
        let is_inverse = matches!(relationship.kind, RelationshipKind::Inverse { .. });
        let Some(change) = change.as_ref().filter(|_| is_inverse && scopes.limits(target)) else {
            continue;
        };
        let held: BTreeSet<ResourceId> = match (change, id) {
            (LinkageChange::Replace(_) | LinkageChange::Remove(_), Some(id)) => {
                let selection = Selection::identifiers(resource).with_linkage(relationship_id);
                let plan = call.plan_with_all_linkage(Root::One(id.clone()), selection);
                let fetched = transaction.fetch(&plan).await?;
                let links = relationship_id.of(&fetched.links).and_then(Option::as_ref);
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
        reparented.push((target, ids));
    }
    Ok(ReparentedResources(reparented))
}

impl ReparentedResources {
    /// As [`outside_scope`], for what was moved.
    ///
    /// # Errors
    /// 403 if one of them is outside of its scope now.
    pub(super) async fn check(
        &self,
        call: &Call<'_>,
        transaction: &mut dyn Transaction,
    ) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        Box::pin(self.check_each(call, transaction)).await
    }

    async fn check_each(&self, call: &Call<'_>, transaction: &mut dyn Transaction) -> Result<(), Refusal> {
        let may_leave = |resource| call.behaviour_of(resource).leaving == Leaving::Allowed;
        for (resource, ids) in self.0.iter().filter(|(it, ids)| !ids.is_empty() && !may_leave(it)) {
            let filter = Filter::Compare {
                member: Member { path: Vec::new(), field: Field::Id },
                comparison: Comparison::In(ids.iter().map(ResourceId::to_value).collect()),
            };
            let listing = Listing { filter: Some(filter), ..Listing::all() };
            let plan = call.plan(Root::Collection(listing), Selection::identifiers(resource));
            if transaction.fetch(&plan).await?.rows.len() < ids.len() {
                return Err(outside_scope(resource).into());
            }
        }
        Ok(())
    }
}

/// Judges what a change left behind: its writer must see it, unless rows may leave the scope.
///
/// # Errors
/// 403 if the resource is outside of the scope now; 422 if it is gone, which only a trigger can have done.
pub(super) fn check_still_seen(
    call: &Call<'_>,
    resource: &Description,
    read_back: &Fetched,
) -> Result<(), Refusal> {
    if has_left(call, resource, read_back) { Ok(()) } else { check_seen(call, resource, read_back) }
}

/// Whether a change has taken its resource out of the scope, and may do so. Then there is no document for its writer.
pub(super) fn has_left(call: &Call<'_>, resource: &Description, read_back: &Fetched) -> bool {
    read_back.rows.is_empty()
        && !call.scopes().is_empty()
        && call.behaviour_of(resource).leaving == Leaving::Allowed
}

/// Judges what a write left behind: its writer must see it.
///
/// # Errors
/// As [`check_still_seen`].
pub(super) fn check_seen(
    call: &Call<'_>,
    resource: &Description,
    read_back: &Fetched,
) -> Result<(), Refusal> {
    match (read_back.rows.is_empty(), call.scopes().is_empty()) {
        (false, _) => Ok(()),
        (true, false) => Err(outside_scope(resource).into()),
        (true, true) => Err(StoreError::Constraint(Constraint::nameless()).into()),
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
