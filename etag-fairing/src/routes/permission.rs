//! Guards before an operation, and on every detour to a resource: related URLs, `include`, `filter`, `sort`.

use rocket::Request;
use rocket::http::Status;

use super::exchange::Exchange;
use super::trouble::Refusal;
use crate::document::error::{ErrorObject, Errors};
use crate::query::{Include, Parameters, Query};
use crate::resource::guard::Denied;
use crate::resource::{Description, Operation, Relationship};
use crate::store::{Comparison, Filter, Member};

/// Whether an endpoint itself has any guard.
pub(super) fn is_asked(resource: &'static Description, operation: Operation, relationship: usize) -> bool {
    let there = there(resource, operation, relationship);
    resource.guards.has(operation) || there.is_some_and(|(other, operation)| other.guards.has(operation))
}

/// Asks all guards that an endpoint itself has.
pub(super) async fn ask(
    request: &Request<'_>,
    resource: &'static Description,
    operation: Operation,
    relationship: usize,
) -> Result<(), Denied> {
    resource.guards.ask(operation, request).await?;
    match there(resource, operation, relationship) {
        Some((other, operation)) => other.guards.ask(operation, request).await,
        None => Ok(()),
    }
}

/// Under which operation a related URL's resources have a URL of their own, where a guard stands before them.
fn there(
    resource: &'static Description,
    operation: Operation,
    relationship: usize,
) -> Option<(&'static Description, Operation)> {
    let relationship =
        resource.relationships.get(relationship).filter(|_| operation == Operation::Related)?;
    let there = if relationship.is_to_many() { Operation::List } else { Operation::Read };
    Some((relationship.target(), there))
}

/// Asks the guards of what a query brings in from elsewhere. Answers those resources.
///
/// # Errors
/// 403, naming the parameter; the guard's own status where it is the server's fault.
pub(super) async fn ask_for_query(
    request: &Request<'_>,
    resource: &'static Description,
    parameters: &Parameters,
    query: &Query,
) -> Result<Vec<&'static Description>, Errors> {
    let mut reached = Vec::new();
    include(resource, query.include.as_deref().unwrap_or(&[]), &mut reached);
    if let Some(tree) = &query.filter {
        filter(resource, tree, &mut reached);
    }
    for key in &query.sort {
        member("sort", resource, &key.member, &mut reached);
    }
    // Each resource once, whoever leads to it: its guard says the same each time.
    let mut asked: Vec<&Reached> = Vec::new();
    for reached in &reached {
        if asked.iter().any(|earlier| earlier.resource.is(reached.resource)) {
            continue;
        }
        asked.push(reached);
        if let Err(denied) = reached.resource.guards.ask(Operation::List, request).await {
            return Err(reached.forbidden(denied, parameters));
        }
        before_read(request, reached.resource, Operation::List).await?;
    }
    Ok(asked.into_iter().map(|reached| reached.resource).collect())
}

/// Runs the hook before a resource is read.
async fn before_read(
    request: &Request<'_>,
    resource: &'static Description,
    operation: Operation,
) -> Result<(), Errors> {
    let Some(hooks) = resource.hooks else { return Ok(()) };
    let asked = (hooks.before_read)(request, operation).await;
    asked.map_err(|error| Refusal::from(error).answer(resource, None))
}

impl Exchange<'_> {
    /// Runs the hooks before the resources of a URL are read.
    ///
    /// # Errors
    /// With a hook's refusal.
    pub(super) async fn before_read(&self, operation: Operation, relationship: usize) -> Result<(), Errors> {
        for resource in self.read_at(operation, relationship) {
            before_read(self.request, resource, operation).await?;
        }
        Ok(())
    }

    /// Runs the hooks after they were read.
    ///
    /// # Errors
    /// With a hook's refusal.
    pub(super) async fn after_read(&self, operation: Operation, relationship: usize) -> Result<(), Errors> {
        for resource in self.read_at(operation, relationship) {
            let Some(hooks) = resource.hooks else { continue };
            let asked = (hooks.after_read)(self.request, operation).await;
            asked.map_err(|error| Refusal::from(error).answer(resource, None))?;
        }
        Ok(())
    }

    /// The resources that an operation reads for its answer: none if it writes.
    fn read_at(
        &self,
        operation: Operation,
        relationship: usize,
    ) -> impl Iterator<Item = &'static Description> {
        let reads = matches!(
            operation,
            Operation::List | Operation::Read | Operation::Related | Operation::Relationship
        );
        let related = self.resource.relationships.get(relationship);
        let related = related.filter(|_| operation == Operation::Related).map(Relationship::target);
        reads.then_some(self.resource).into_iter().chain(related)
    }
}

/// A resource that a query leads to.
struct Reached {
    /// The family of the parameter.
    family: &'static str,
    /// The relationship that leads there.
    by: &'static str,
    resource: &'static Description,
}

impl Reached {
    fn forbidden(&self, denied: Denied, parameters: &Parameters) -> Errors {
        match denied {
            Denied::Failed(status) if status.code >= 500 => ErrorObject::for_status(status),
            _ => ErrorObject::for_status(Status::Forbidden)
                .detail(format!("{} leads to {}, which you may not list", self.by, self.resource.type_name))
                .parameter(self.parameter(parameters)),
        }
        .into()
    }

    /// The parameter as the client wrote it: of a family's several, the one that names the relationship.
    fn parameter(&self, parameters: &Parameters) -> String {
        let of_family = || parameters.iter().filter(|(name, _)| name.starts_with(self.family));
        let named = of_family().find(|(name, value)| name.contains(self.by) || value.contains(self.by));
        named.or_else(|| of_family().next()).map_or(self.family, |(name, _)| name).to_owned()
    }
}

fn include(owner: &'static Description, tree: &[Include], reached: &mut Vec<Reached>) {
    for branch in tree {
        if let Some(target) = step("include", owner, branch.relationship, reached) {
            include(target, &branch.children, reached);
        }
    }
}

fn filter(owner: &'static Description, tree: &Filter, reached: &mut Vec<Reached>) {
    match tree {
        Filter::And(parts) | Filter::Or(parts) => {
            for part in parts {
                filter(owner, part, reached);
            }
        }
        Filter::Not(part) => filter(owner, part, reached),
        Filter::Compare { member: left, comparison } => {
            member("filter", owner, left, reached);
            if let Comparison::Member(_, right) = comparison {
                member("filter", owner, right, reached);
            }
        }
        Filter::Related { path, relationship, filter: inner } => {
            let Some(end) = walk("filter", owner, path, reached) else { return };
            // Whether there is any related resource at all is the owner's linkage.
            if let Some(inner) = inner
                && let Some(target) = step("filter", end, *relationship, reached)
            {
                filter(target, inner, reached);
            }
        }
    }
}

fn member(family: &'static str, owner: &'static Description, member: &Member, reached: &mut Vec<Reached>) {
    walk(family, owner, &member.path, reached);
}

fn walk(
    family: &'static str,
    owner: &'static Description,
    path: &[usize],
    reached: &mut Vec<Reached>,
) -> Option<&'static Description> {
    let mut here = owner;
    for relationship in path {
        here = step(family, here, *relationship, reached)?;
    }
    Some(here)
}

fn step(
    family: &'static str,
    owner: &'static Description,
    relationship: usize,
    reached: &mut Vec<Reached>,
) -> Option<&'static Description> {
    let relationship = owner.relationships.get(relationship)?;
    let resource = relationship.target();
    reached.push(Reached { family, by: relationship.name, resource });
    Some(resource)
}
