//! What a resource does with requests, beside what it is ([`Description`]).

use super::guard::{Guard, Guards};
use super::hooks::HookTable;
use super::rules::{BrokenRule, Validation};
use super::scope::{ScopeFunction, ScopeOf};
use crate::schema::{Corrupt, Description, Operation, Record};

/// What a resource does with requests: who may do what, which rows a request sees, the rules for values and the hooks.
///
/// `#[derive(JsonApiResource)]` makes it from the struct's attributes, beside the [`Description`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Behaviour {
    /// Who may do what with the resource.
    pub guards: Guards,
    /// Which rows of the resource a request sees.
    pub(crate) scope: Option<ScopeFunction>,
    /// The rules for its values.
    pub(crate) validation: Option<Validation>,
    /// The user's code before and after its operations.
    pub(crate) hooks: Option<HookTable>,
}

impl Behaviour {
    /// Nothing of its own: anybody may do anything, and sees every row.
    pub const NONE: Self = Self { guards: Guards::NONE, scope: None, validation: None, hooks: None };

    /// The behaviour with a request guard before this operation.
    #[doc(hidden)]
    pub const fn guarded(mut self, operation: Operation, guard: Guard) -> Self {
        self.guards = self.guards.with(operation, guard);
        self
    }

    /// The behaviour with a function that tells which rows a request sees.
    #[doc(hidden)]
    pub const fn scoped(mut self, scope: ScopeOf) -> Self {
        self.scope = Some(ScopeFunction::new(scope));
        self
    }

    /// The behaviour with rules for values; `members` are the struct's fields with their member names.
    #[doc(hidden)]
    pub const fn validated(
        mut self,
        broken: fn(&Record) -> Result<Vec<BrokenRule>, Corrupt>,
        members: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.validation = Some(Validation { broken, members });
        self
    }

    /// The behaviour with the user's hooks.
    #[doc(hidden)]
    pub const fn hooked(mut self, hooks: HookTable) -> Self {
        self.hooks = Some(hooks);
        self
    }

    /// Whether requests may see only some of the resource's rows.
    pub fn has_scope(&self) -> bool {
        self.scope.is_some()
    }
}

/// The behaviours of an application's resources, found by their descriptions.
///
/// A launch joins the two once ([`JsonApi`](crate::JsonApi) keeps them), so that the schema knows nothing of behaviour.
/// A description is found by its address, among those of the mounted resources.
#[derive(Debug, Default)]
pub(crate) struct Behaviours(Vec<(&'static Description, &'static Behaviour)>);

impl Behaviours {
    /// Remembers the behaviour of a mounted resource.
    pub(crate) fn add(&mut self, resource: &'static Description, behaviour: &'static Behaviour) {
        self.0.push((resource, behaviour));
    }

    /// The behaviour of a resource. Each that a request can come to is mounted, or the launch has failed.
    pub(crate) fn of(&self, resource: &Description) -> &'static Behaviour {
        let known = self.0.iter().find(|(known, _)| known.is(resource));
        known.map_or(&Behaviour::NONE, |(_, behaviour)| behaviour)
    }
}
