//! The guards of a request, each asked once, and the linkage that they hide.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rocket::Request;
use rocket::request::Outcome;

use super::call::Exchange;
use crate::document::hidden::Hidden;
use crate::error::{ErrorObject, Errors};
use crate::plan::Selection;
use crate::resource::Behaviour;
use crate::resource::behaviour::Behaviours;
use crate::resource::guard::{Denied, Guard};
use crate::schema::{Description, Operation};

/// What the guards have said so far.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    known: Mutex<Known>,
    /// Whether a guard was asked about linkage, whatever it said.
    linkage: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
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
        // Functions at one address do the same. One function at two addresses is asked twice, and says the same twice.
        let said = self.lock(|known| {
            let mut asked = known.asked.iter();
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
        self.lock(|known| known.asked.push((guard, said)));
        said
    }

    /// Asks who may list what the linkage of a resource leads to.
    ///
    /// # Errors
    /// With the guard's status where it is the server's fault.
    async fn ask_linkage(
        &self,
        request: &Request<'_>,
        behaviours: &Behaviours,
        resource: &'static Description,
    ) -> Result<(), Errors> {
        for relationship in resource.relationships.iter().filter(|relationship| relationship.linkage) {
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
                Err(_) => self.lock(|known| known.hidden = known.hidden.and(target)),
            }
        }
        Ok(())
    }

    fn lock<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Exchange<'_> {
    /// Asks who may list what the linkage of these resources leads to, before a document shows them.
    ///
    /// # Errors
    /// With a guard's status where it is the server's fault.
    pub(super) async fn ask_linkage(
        &self,
        resources: impl IntoIterator<Item = &'static Description>,
    ) -> Result<(), Errors> {
        for resource in resources {
            self.guarded.ask_linkage(self.request, &self.api.behaviours, resource).await?;
        }
        Ok(())
    }

    /// Whether guards were asked what linkage to show: then the answer is one for this caller.
    pub(super) fn asked_linkage(&self) -> bool {
        self.guarded.linkage.load(Ordering::Relaxed)
    }

    /// What linkage must not show to this caller.
    pub(super) fn hidden(&self) -> Hidden {
        match self.asked_linkage() {
            true => self.guarded.lock(|known| known.hidden.clone()),
            false => Hidden::default(),
        }
    }

    /// Whether the caller sees every row and all linkage, so that documents are those for everybody.
    pub(super) fn sees_all(&self) -> bool {
        self.scopes().is_empty() && self.hidden().is_empty()
    }

    /// What stands for the caller in the memo: what a caller is shown depends on the caller by nothing else.
    pub(super) fn caller(&self) -> Vec<u8> {
        let (scopes, hidden) = (self.scopes(), self.hidden());
        let rows = scopes.key().unwrap_or_default();
        // Rows begin with the high byte of a length, which is 0.
        let mut key = Vec::new();
        for resource in hidden.iter() {
            key.push(b'-');
            key.extend_from_slice(&(resource.type_name.len() as u64).to_be_bytes());
            key.extend_from_slice(resource.type_name.as_bytes());
        }
        key.extend_from_slice(rows);
        key
    }

    /// The selection without the to-many linkage that would not be shown. (To-one linkage stands in the row.)
    pub(super) fn shown(&self, mut selection: Selection) -> Selection {
        let hidden = self.hidden();
        if !hidden.is_empty() {
            leave_out(&hidden, &mut selection);
        }
        selection
    }
}

fn leave_out(hidden: &Hidden, selection: &mut Selection) {
    for (relationship, wanted) in selection.resource.relationships.iter().zip(&mut selection.linkage) {
        *wanted &= !relationship.is_to_many() || !hidden.hides(relationship);
    }
    for include in &mut selection.include {
        leave_out(hidden, &mut include.selection);
    }
}
