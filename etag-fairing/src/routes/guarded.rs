//! The guards of a request, each asked once, and the linkage that they hide.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rocket::Request;
use rocket::request::Outcome;

use crate::document::hidden::Hidden;
use crate::error::{ErrorObject, Errors};
use crate::resource::Behaviour;
use crate::resource::behaviour::Behaviours;
use crate::resource::guard::{Denied, Guard, MemberAccess};
use crate::schema::{Description, MemberId, Operation, RelationshipId};

/// What the guards have said so far.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    answers: Mutex<Answers>,
    /// Whether any guard was asked, whatever it said.
    any: AtomicBool,
    /// Whether a guard was asked about linkage, whatever it said.
    linkage: AtomicBool,
}

#[derive(Debug, Default)]
struct Answers {
    /// By the guard itself: it gets nothing but the request, so that it says the same of each resource.
    asked: Vec<(Guard, Result<(), Denied>)>,
    hidden: Hidden,
}

impl Guarded {
    /// Asks the guard of an operation, if there is one and it wasn't asked before.
    ///
    /// # Errors
    /// With the status with which it fails or forwards.
    pub(super) async fn ask(
        &self,
        request: &Request<'_>,
        behaviour: &Behaviour,
        operation: Operation,
    ) -> Result<(), Denied> {
        match behaviour.guards.of(operation) {
            None => Ok(()),
            // Boxed, since it is seldom awaited.
            Some(guard) => Box::pin(self.ask_once(request, guard)).await,
        }
    }

    async fn ask_once(&self, request: &Request<'_>, guard: Guard) -> Result<(), Denied> {
        self.any.store(true, Ordering::Relaxed);
        // Functions at one address do the same. One function at two addresses is asked twice, and says the same twice.
        let said = self.lock(|answers| {
            let mut asked = answers.asked.iter();
            asked.find(|(asked, _)| std::ptr::fn_addr_eq(*asked, guard)).map(|(_, said)| *said)
        });
        if let Some(said) = said {
            return said;
        }
        let said = match guard(request).await {
            Outcome::Success(()) => Ok(()),
            Outcome::Error((status, ())) => Err(Denied::Failed(status)),
            Outcome::Forward(status) => Err(Denied::Forwarded(status)),
        };
        self.lock(|answers| answers.asked.push((guard, said)));
        said
    }

    /// Asks who may see what documents show of these resources: the members that have a guard of their own, and what
    /// their linkage leads to.
    ///
    /// # Errors
    /// With the guard's status where it is the server's fault.
    pub(super) async fn ask_linkage(
        &self,
        request: &Request<'_>,
        behaviours: &Behaviours,
        resources: impl IntoIterator<Item = &'static Description>,
    ) -> Result<(), Errors> {
        if !behaviours.guard_lists() && !behaviours.restrict(MemberAccess::Read) {
            return Ok(());
        }
        // Boxed, since it is seldom awaited.
        Box::pin(self.ask_linkage_of(request, behaviours, resources.into_iter().collect())).await
    }

    async fn ask_linkage_of(
        &self,
        request: &Request<'_>,
        behaviours: &Behaviours,
        resources: Vec<&'static Description>,
    ) -> Result<(), Errors> {
        self.ask_readers(request, behaviours, &resources).await?;
        let relationships = resources.into_iter().flat_map(|resource| resource.relationships);
        for relationship in relationships.filter(|relationship| relationship.linkage) {
            let target = relationship.target();
            let behaviour = behaviours.of(target);
            if !behaviour.guards.has(Operation::List) {
                continue;
            }
            self.linkage.store(true, Ordering::Relaxed);
            match self.ask(request, behaviour, Operation::List).await {
                Ok(()) => {}
                Err(Denied::Failed(status)) if status.code >= 500 => {
                    return Err(ErrorObject::for_status(status).into());
                }
                Err(_) => self.lock(|answers| answers.hidden = answers.hidden.and(target)),
            }
        }
        Ok(())
    }

    /// Whether any guard was asked.
    pub(super) fn was_asked(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Asks who may read the members of these resources that have a guard for it. Returns whether one more is hidden now.
    ///
    /// # Errors
    /// With the guard's status where it is the server's fault.
    pub(super) async fn ask_readers(
        &self,
        request: &Request<'_>,
        behaviours: &Behaviours,
        resources: &[&'static Description],
    ) -> Result<bool, Errors> {
        if !behaviours.restrict(MemberAccess::Read) {
            return Ok(false);
        }
        Box::pin(self.ask_each_reader(request, behaviours, resources)).await
    }

    async fn ask_each_reader(
        &self,
        request: &Request<'_>,
        behaviours: &Behaviours,
        resources: &[&'static Description],
    ) -> Result<bool, Errors> {
        let mut is_new = false;
        for resource in resources {
            for (member, guard) in behaviours.members(resource, MemberAccess::Read) {
                self.linkage.store(true, Ordering::Relaxed);
                if self.lets_through(request, guard).await? {
                    continue;
                }
                is_new |= self.lock(|answers| {
                    let is_new = !answers.hidden.members.has(resource, member);
                    answers.hidden.members = answers.hidden.members.and(resource, member);
                    is_new
                });
            }
        }
        Ok(is_new)
    }

    /// Asks who may read or write a relationship.
    ///
    /// # Errors
    /// With what its guard says.
    pub(super) async fn ask_for(
        &self,
        request: &Request<'_>,
        behaviours: &Behaviours,
        (resource, relationship): (&'static Description, RelationshipId),
        access: MemberAccess,
    ) -> Result<(), Denied> {
        for (member, guard) in behaviours.members(resource, access) {
            if member == MemberId::from(relationship) {
                self.ask_once(request, guard).await?;
            }
        }
        Ok(())
    }

    /// Whether a guard of a member lets the caller through.
    ///
    /// # Errors
    /// With the guard's status where it is the server's fault.
    pub(super) async fn lets_through(&self, request: &Request<'_>, guard: Guard) -> Result<bool, Errors> {
        match self.ask_once(request, guard).await {
            Ok(()) => Ok(true),
            Err(Denied::Failed(status)) if status.code >= 500 => Err(ErrorObject::for_status(status).into()),
            Err(_) => Ok(false),
        }
    }

    /// Whether guards were asked what linkage to show: then the answer is one for this caller.
    pub(super) fn was_asked_about_linkage(&self) -> bool {
        self.linkage.load(Ordering::Relaxed)
    }

    /// What linkage must not show to this caller.
    pub(super) fn hidden(&self) -> Hidden {
        if self.was_asked_about_linkage() {
            self.lock(|answers| answers.hidden.clone())
        } else {
            Hidden::default()
        }
    }

    fn lock<T>(&self, work: impl FnOnce(&mut Answers) -> T) -> T {
        work(&mut self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
