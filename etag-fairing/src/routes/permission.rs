//! Guards before an operation, and on every detour to a resource: related URLs, linkage, `include`, `filter`, `sort`.

use rocket::Request;
use rocket::http::Status;

use super::call::{Call, api_of};
use super::guarded::Guarded;
use super::store_errors::Refusal;
use super::subject::Subject;
use super::write::RequestBody;
use crate::api::JsonApi;
use crate::document::read::may_not_set;
use crate::error::{ErrorObject, Errors, Pointer};
use crate::plan::Member;
use crate::plan::visit::{Step, Visitor, steps_over, steps_to, visit};
use crate::query::{INCLUDED_FILTER, IncludeTree, Parameters, Query, Target};
use crate::resource::Behaviour;
use crate::resource::endpoint::{Endpoint, OwnRelationship};
use crate::resource::guard::{Denied, MemberAccess};
use crate::resource::route_names::GeneratedRoute;
use crate::schema::{Description, MemberId, Operation, Relationship, RelationshipId, RelationshipKind};

/// Whether a route itself has any guard.
pub(super) fn is_asked(request: &Request<'_>, route: &GeneratedRoute) -> bool {
    let is_guarded = |(behaviour, operation): (&Behaviour, _)| behaviour.guards.has(operation);
    is_guarded((route.behaviour, route.endpoint.operation()))
        || at_the_other_end(request, route).any(is_guarded)
        || own_relationship(request, route)
            .is_some_and(|(api, _)| api.state.behaviours.restrict(MemberAccess::Read))
}

/// The relationship of a route's URL.
fn own_relationship<'r>(
    request: &'r Request<'_>,
    route: &GeneratedRoute,
) -> Option<(&'r JsonApi, OwnRelationship)> {
    api_of(request).zip(route.endpoint.relationship())
}

/// Asks all guards that a route itself has.
pub(super) async fn ask(
    request: &Request<'_>,
    guarded: &Guarded,
    route: &GeneratedRoute,
) -> Result<(), Denied> {
    if let Some((api, own)) = own_relationship(request, route)
        && api.state.behaviours.restrict(MemberAccess::Read)
    {
        let (behaviours, relationship) = (&api.state.behaviours, (route.resource, own.id));
        match Box::pin(guarded.ask_for(request, behaviours, relationship, MemberAccess::Read)).await {
            Ok(()) => {}
            Err(Denied::Failed(status)) if status.code >= 500 => return Err(Denied::Failed(status)),
            // As a path that nobody has.
            Err(_) => return Err(Denied::Forwarded(Status::NotFound)),
        }
    }
    guarded.ask(request, route.behaviour, route.endpoint.operation()).await?;
    for (behaviour, operation) in at_the_other_end(request, route) {
        guarded.ask(request, behaviour, operation).await?;
    }
    Ok(())
}

/// The behaviour of a resource, and what is done with the resource.
type Done = (&'static Behaviour, Operation);

/// What a route does with the resources at the other end of its relationship.
fn at_the_other_end(request: &Request<'_>, route: &GeneratedRoute) -> impl Iterator<Item = Done> {
    // Where `JsonApi::fairing()` is not attached, every request is answered with 500.
    let relationship = route.endpoint.relationship().zip(api_of(request));
    let endpoint = route.endpoint;
    // Of a polymorphic relationship, of all resources that it may lead to: who asks doesn't know which it is.
    let targets = relationship
        .into_iter()
        .flat_map(|(own, api)| own.targets().map(move |target| api.state.behaviours.of(target)));
    let done = targets.flat_map(move |target| {
        // Each of these endpoints says which resources are related: that is listing them.
        let list = Some((target, Operation::List));
        match endpoint {
            Endpoint::Related(own) if !own.is_to_many() => [Some((target, Operation::Read)), list],
            Endpoint::UpdateRelationship(own, _) => [list, changed(&own, target)],
            _ => [list, None],
        }
    });
    done.flatten()
}

/// What a change of a relationship does at the other end.
///
/// A column of the related rows is changed with an inverse, and an edge that they show too with a join table that they
/// have a relationship through. A to-one relationship is the owner's own row, and so is a join table that nobody else
/// names. `behaviour` is that of the other end.
fn changed(relationship: &Relationship, behaviour: &'static Behaviour) -> Option<Done> {
    let target = relationship.target();
    let changes = match relationship.kind {
        RelationshipKind::ToOne { .. } | RelationshipKind::OneOf { .. } => false,
        RelationshipKind::Inverse { .. } => true,
        // The same edges, seen from the other end.
        RelationshipKind::Through { table, target_columns, .. } => target.relationships.iter().any(|other| {
            matches!(other.kind, RelationshipKind::Through { table: named, owner_columns, .. }
                if named == table && owner_columns.are(target_columns))
        }),
    };
    // Their own way to do it is a change of a relationship; who names no guard for that means that of any change.
    let operation = if behaviour.guards.has(Operation::UpdateRelationship) {
        Operation::UpdateRelationship
    } else {
        Operation::Update
    };
    changes.then_some((behaviour, operation))
}

/// The resources that a query includes, whose linkage a document then shows.
pub(super) fn included(resource: &'static Description, query: &Query) -> Vec<&'static Description> {
    let mut walk = Walk { family: "include", reached: Vec::new() };
    walk.include(resource, query.include.as_deref().unwrap_or(&[]));
    walk.reached.into_iter().map(|reached| reached.resource).collect()
}

/// The resources that a query leads to, by whichever parameter. `listed` is the resource of `filter` and `sort`.
fn reached_by(resource: &'static Description, listed: &'static Description, query: &Query) -> Vec<Reached> {
    let tree = query.include.as_deref().unwrap_or(&[]);
    let mut walk = Walk { family: "include", reached: Vec::new() };
    walk.include(resource, tree);
    walk.family = "withCount";
    for (owner, relationship) in &query.counts {
        walk.step(Step { owner, relationship: *relationship });
    }
    if let Some(filter) = &query.filter {
        walk.family = "filter";
        visit(filter, listed, &mut walk);
    }
    walk.family = "sort";
    for key in &query.sort {
        walk.member(listed, &key.member);
    }
    walk.windows(resource, tree);
    walk.reached
}

/// The resources whose members a query names, by whichever parameter.
pub(super) fn named_by(
    resource: &'static Description,
    target: Target,
    query: &Query,
) -> Vec<&'static Description> {
    let listed = target.listed(resource);
    let reached = reached_by(resource, listed, query).into_iter().map(|reached| reached.resource);
    // At the URL of a relationship, only these two are about the related resource itself.
    let names_listed = query.filter.is_some() || !query.sort.is_empty();
    let named = std::iter::once(resource).chain(names_listed.then_some(listed));
    named.chain(reached).chain(query.fields.resources()).collect()
}

/// Asks who may write the members of a document that have a guard for it, and gives those that the caller may not.
///
/// # Errors
/// With the guard's status where it is the server's fault.
pub(super) async fn ask_writers(
    call: &Call<'_>,
    subject: &Subject<'_>,
    body: &RequestBody<'_>,
) -> Result<Vec<MemberId>, Errors> {
    let mut unwritable = Vec::new();
    let (resource, behaviours) = (subject.resource, &call.api.state.behaviours);
    if !behaviours.restrict(MemberAccess::Write) {
        return Ok(unwritable);
    }
    for (member, guard) in behaviours.members(resource, MemberAccess::Write) {
        let name = match member {
            MemberId::Attribute(id) => resource.attribute_at(id).map(|attribute| attribute.name),
            MemberId::Relationship(id) => resource.relationship_at(id).map(|relationship| relationship.name),
        };
        let is_sent = name.is_some_and(|name| body.has_member(name));
        if is_sent && !Box::pin(call.guarded.lets_through(call.request, guard)).await? {
            unwritable.push(member);
        }
    }
    Ok(unwritable)
}

/// Asks who may change the relationship of a URL, where it has a guard for that.
///
/// # Errors
/// 403, pointing to the linkage; the guard's own status where it is the server's fault.
pub(super) async fn ask_writer_of(
    call: &Call<'_>,
    resource: &'static Description,
    own: OwnRelationship,
    pointer: Option<Pointer>,
) -> Result<(), Errors> {
    let behaviours = &call.api.state.behaviours;
    if !behaviours.restrict(MemberAccess::Write) {
        return Ok(());
    }
    let asked = call.guarded.ask_for(call.request, behaviours, (resource, own.id), MemberAccess::Write);
    match Box::pin(asked).await {
        Ok(()) => Ok(()),
        Err(Denied::Failed(status)) if status.code >= 500 => Err(ErrorObject::for_status(status).into()),
        Err(_) => Err(may_not_set(resource, own.name).at(pointer).into()),
    }
}

/// Runs the hook before a resource is read.
async fn before_read_of(
    call: &Call<'_>,
    resource: &'static Description,
    operation: Operation,
) -> Result<(), Errors> {
    let Some(hooks) = call.behaviour_of(resource).hooks else { return Ok(()) };
    let asked = (hooks.before_read)(call.request, operation).await;
    asked.map_err(|error| Refusal::from(error).into_errors(resource, None))
}

/// Asks the guards of what a query brings in from elsewhere, and gives those resources.
///
/// # Errors
/// 403, naming the parameter; the guard's own status where it is the server's fault.
pub(super) async fn ask_for_query(
    call: &Call<'_>,
    (resource, target): (&'static Description, Target),
    parameters: &Parameters,
    query: &Query,
) -> Result<Vec<&'static Description>, Errors> {
    let reached = reached_by(resource, target.listed(resource), query);
    // Each resource once, whoever leads to it: its guard says the same each time.
    let mut asked: Vec<&Reached> = Vec::new();
    for reached in &reached {
        if asked.iter().any(|earlier| earlier.resource.is(reached.resource)) {
            continue;
        }
        asked.push(reached);
        let behaviour = call.behaviour_of(reached.resource);
        if let Err(denied) = call.guarded.ask(call.request, behaviour, Operation::List).await {
            return Err(reached.forbidden(denied, parameters));
        }
        before_read_of(call, reached.resource, Operation::List).await?;
    }
    Ok(asked.into_iter().map(|reached| reached.resource).collect())
}

/// Asks the guards of what the linkage in a document changes.
///
/// To-one linkage is a value of the owner's own row. To-many linkage is a list, which nobody can change well who
/// doesn't see it.
///
/// # Errors
/// 403, pointing to the relationship; the guard's own status where it is the server's fault.
pub(super) async fn ask_for_linkage(
    call: &Call<'_>,
    subject: &Subject<'_>,
    body: &RequestBody<'_>,
) -> Result<(), Errors> {
    // Of a relationship to many of several types, each.
    let relationships = subject.resource.relationships.iter();
    for relationship in relationships.filter(|it| it.is_member() || it.is_to_many()) {
        // What a new resource leads to is part of making it; of one that is there, it is changed.
        let own = (subject.behaviour, Operation::UpdateRelationship);
        let own = (subject.endpoint != Endpoint::Create).then_some(own);
        let target = relationship.target();
        let behaviour = call.behaviour_of(target);
        let list = relationship.is_to_many().then_some((behaviour, Operation::List));
        let changed = changed(relationship, behaviour);
        let demands = [(subject.resource, own), (target, list), (target, changed)];
        for (resource, (behaviour, operation)) in
            demands.into_iter().filter_map(|(resource, done)| Some((resource, done?)))
        {
            if !behaviour.guards.has(operation) {
                continue;
            }
            let Some(pointer) = body.pointer_to_linkage(relationship) else { break };
            match call.guarded.ask(call.request, behaviour, operation).await {
                Ok(()) => {}
                Err(Denied::Failed(status)) if status.code >= 500 => {
                    return Err(ErrorObject::for_status(status).into());
                }
                Err(_) => {
                    let (name, other) = (relationship.name, resource.type_name);
                    let detail = match operation {
                        Operation::List => format!("{name} leads to {other}, which you may not list"),
                        _ => format!("{name} is a relationship of {other}, which you may not change"),
                    };
                    let error = ErrorObject::for_status(Status::Forbidden);
                    return Err(error.detail(detail).pointer(pointer).into());
                }
            }
        }
    }
    Ok(())
}

/// Runs the hooks before the resources of a URL are read.
///
/// # Errors
/// With a hook's refusal.
pub(super) async fn before_read(call: &Call<'_>, subject: &Subject<'_>) -> Result<(), Errors> {
    for resource in read_at(subject) {
        before_read_of(call, resource, subject.endpoint.operation()).await?;
    }
    Ok(())
}

/// Whether the hooks let a resource be read, where a read is no endpoint of its own.
pub(super) async fn hooks_let_read(
    call: &Call<'_>,
    resource: &'static Description,
    operation: Operation,
) -> bool {
    let Some(hooks) = call.behaviour_of(resource).hooks else { return true };
    (hooks.before_read)(call.request, operation).await.is_ok()
        && (hooks.after_read)(call.request, operation).await.is_ok()
}

/// Whether there are hooks for the resources of a URL.
pub(super) fn has_hooks_of_reads(call: &Call<'_>, subject: &Subject<'_>) -> bool {
    read_at(subject).any(|resource| call.behaviour_of(resource).hooks.is_some())
}

/// Runs the hooks after they were read.
///
/// # Errors
/// With a hook's refusal.
pub(super) async fn after_read(call: &Call<'_>, subject: &Subject<'_>) -> Result<(), Errors> {
    for resource in read_at(subject) {
        let Some(hooks) = call.behaviour_of(resource).hooks else { continue };
        let asked = (hooks.after_read)(call.request, subject.endpoint.operation()).await;
        asked.map_err(|error| Refusal::from(error).into_errors(resource, None))?;
    }
    Ok(())
}

/// The resources that an endpoint reads for its answer: none if it writes.
fn read_at(subject: &Subject<'_>) -> impl Iterator<Item = &'static Description> {
    let related = match subject.endpoint {
        Endpoint::Related(own) => Some(own),
        _ => None,
    };
    let related = related.into_iter().flat_map(|own| own.targets());
    subject.endpoint.reads().then_some(subject.resource).into_iter().chain(related)
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
        let is_of_family = |name: &str| {
            name.strip_prefix(self.family).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        };
        let of_family = || parameters.iter().filter(|(name, _)| is_of_family(name));
        let named = of_family().find(|(name, value)| name.contains(self.by) || value.contains(self.by));
        named.or_else(|| of_family().next()).map_or(self.family, |(name, _)| name).to_owned()
    }
}

/// The resources that the parameters of one family lead to.
struct Walk {
    family: &'static str,
    reached: Vec<Reached>,
}

impl Walk {
    fn steps(&mut self, steps: impl Iterator<Item = Step>) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: Step) -> Option<&'static Description> {
        let relationship = step.owner.relationship_at(step.relationship)?;
        let resource = relationship.target();
        self.reached.push(Reached { family: self.family, by: relationship.name, resource });
        Some(resource)
    }

    /// What the windows of included relationships are made by.
    fn windows(&mut self, owner: &'static Description, tree: &[IncludeTree]) {
        for branch in tree {
            let Some(relationship) = owner.relationship_at(branch.relationship) else { continue };
            let target = relationship.target();
            if let Some(window) = &branch.window {
                if let Some(filter) = &window.filter {
                    self.family = INCLUDED_FILTER;
                    visit(filter, target, self);
                }
                self.family = "sort";
                for key in &window.sort {
                    self.member(target, &key.member);
                }
            }
            self.windows(target, &branch.children);
        }
    }

    fn include(&mut self, owner: &'static Description, tree: &[IncludeTree]) {
        for branch in tree {
            if let Some(target) = self.step(Step { owner, relationship: branch.relationship }) {
                self.include(target, &branch.children);
            }
        }
    }
}

impl Visitor for Walk {
    fn member(&mut self, resource: &'static Description, member: &Member) {
        self.steps(steps_to(resource, member));
    }

    fn related(
        &mut self,
        resource: &'static Description,
        path: &[RelationshipId],
        relationship: RelationshipId,
    ) {
        // Whether there is any related resource at all is told by who may list them.
        self.steps(steps_over(resource, path, relationship));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::visit::tests::each_variant;
    use crate::query::IncludeWindow;
    use crate::store::contract::REVIEWS;

    #[test]
    fn a_window_reaches_all_that_it_names() {
        // From the reviews to their talk's reviews.
        let window = IncludeWindow::of_filter(each_variant());
        let reviews = IncludeTree {
            relationship: RelationshipId::at(3),
            children: Vec::new(),
            window: Some(Box::new(window)),
        };
        let talk = IncludeTree { relationship: RelationshipId::at(0), children: vec![reviews], window: None };
        let query = Query { include: Some(vec![talk]), ..Query::default() };
        let reached = reached_by(&REVIEWS, &REVIEWS, &query);
        let by: Vec<&str> = reached.iter().map(|reached| reached.by).collect();
        let expected = [
            &["talk", "reviews"][..],
            &["talk"],
            &["talk"],
            &["talk", "room"],
            &["talk", "sequelOf"],
            &["talk", "speakers"],
            // Once more, to be counted.
            &["talk", "speakers"],
            &["talk", "reviews"],
            &["talk", "sequelOf"],
        ];
        assert_eq!(by, expected.concat());
        let of_filter = reached.iter().filter(|reached| reached.family == INCLUDED_FILTER).count();
        assert_eq!(of_filter, by.len() - 2);
    }

    #[test]
    fn a_filter_reaches_all_that_it_names() {
        let query = Query { filter: Some(each_variant()), ..Query::default() };
        let reached = reached_by(&REVIEWS, &REVIEWS, &query);
        let by: Vec<&str> = reached.iter().map(|reached| reached.by).collect();
        let expected = [
            &["talk"][..],
            &["talk"],
            &["talk", "room"],
            &["talk", "sequelOf"],
            &["talk", "speakers"],
            // Once more, to be counted.
            &["talk", "speakers"],
            &["talk", "reviews"],
            // Of the reviews of the talk.
            &["talk", "sequelOf"],
        ];
        assert_eq!(by, expected.concat());
    }
}
