//! How a resource answers requests. What a resource consists of is its [`Description`].

use super::caching::{CacheControl, Caching, Reach};
use super::guard::{AttributeGuards, Guard, Guards, TypeName};
use super::hooks::HookTable;
use super::rules::{BrokenRule, Validation};
use super::scope::{ScopeFunction, ScopeOf};
use crate::schema::{AttributeId, Corrupt, Description, Operation, Record};

/// How a resource answers requests: its guards, the rows that a request sees, the rules for its values, and
/// its hooks.
///
/// `#[derive(JsonApiResource)]` makes it from the struct's attributes, along with the [`Description`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Behaviour {
    /// The request guards.
    pub guards: Guards,
    /// The guards of attributes that not every caller may read or write.
    pub(crate) attributes: AttributeGuards,
    /// The function that returns the rows that a request sees.
    pub(crate) scope: Option<ScopeFunction>,
    /// What becomes of a write that takes a row out of its writer's scope.
    pub(crate) leaving: Leaving,
    /// The rules for its values.
    pub(crate) validation: Option<Validation>,
    /// The application's code before and after the operations.
    pub(crate) hooks: Option<HookTable>,
    /// What caches are told about the answers.
    pub(crate) caching: Caching,
}

/// What becomes of a write that takes a row out of its writer's scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It is refused with 403.
    Refused,
    /// It is made, and answered without a document.
    Allowed,
}

impl Behaviour {
    /// The default: every client may do everything and sees every row.
    pub const NONE: Self = Self {
        guards: Guards::NONE,
        attributes: AttributeGuards::NONE,
        scope: None,
        leaving: Leaving::Refused,
        validation: None,
        hooks: None,
        caching: Caching::NONE,
    };

    /// Adds a request guard for this operation.
    #[doc(hidden)]
    pub const fn guarded(mut self, operation: Operation, guard: Guard) -> Self {
        self.guards = self.guards.with(operation, guard);
        self
    }

    /// Adds the name of the type of an operation's guard.
    #[doc(hidden)]
    pub const fn naming_guard(mut self, operation: Operation, name: TypeName) -> Self {
        self.guards = self.guards.naming(operation, name);
        self
    }

    /// Adds guards of attributes, each with the attribute: who may read it, and who may write it.
    #[doc(hidden)]
    pub const fn guarding_attributes(
        mut self,
        readers: &'static [(AttributeId, Guard)],
        writers: &'static [(AttributeId, Guard)],
    ) -> Self {
        self.attributes = AttributeGuards::new(readers, writers);
        self
    }

    /// Adds a function that returns the rows that a request sees.
    #[doc(hidden)]
    pub const fn scoped(mut self, scope: ScopeOf) -> Self {
        self.scope = Some(ScopeFunction::new(scope));
        self
    }

    /// Lets a write take a row out of its writer's scope.
    #[doc(hidden)]
    pub const fn letting_rows_leave(mut self) -> Self {
        self.leaving = Leaving::Allowed;
        self
    }

    /// Adds rules for values. `members` are the struct's fields with their member names.
    #[doc(hidden)]
    pub const fn validated(
        mut self,
        broken: fn(&Record) -> Result<Vec<BrokenRule>, Corrupt>,
        members: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.validation = Some(Validation { broken, members });
        self
    }

    /// Adds hooks.
    #[doc(hidden)]
    pub const fn hooked(mut self, hooks: HookTable) -> Self {
        self.hooks = Some(hooks);
        self
    }

    /// Sets the `Cache-Control` of an operation's answers.
    #[doc(hidden)]
    pub const fn cached(mut self, operation: Operation, text: &'static str, reach: Reach) -> Self {
        self.caching = self.caching.with(operation, CacheControl { text, reach });
        self
    }

    /// Sets the `Vary` of answers that depend on the caller.
    #[doc(hidden)]
    pub const fn varying(mut self, fields: &'static str) -> Self {
        self.caching = self.caching.varying(fields);
        self
    }

    /// Whether a request may see only some rows of the resource.
    pub fn has_scope(&self) -> bool {
        self.scope.is_some()
    }
}

/// The behaviours of an application's resources, found by their descriptions.
///
/// At launch each description is joined with its behaviour once ([`JsonApi`](crate::JsonApi) keeps the list),
/// so that the schema doesn't depend on behaviour. A mounted description is found by its address.
#[derive(Debug, Default)]
pub(crate) struct Behaviours(Vec<(&'static Description, &'static Behaviour)>);

impl Behaviours {
    /// Adds the behaviour of a mounted resource.
    pub(crate) fn add(&mut self, resource: &'static Description, behaviour: &'static Behaviour) {
        self.0.push((resource, behaviour));
    }

    /// Whether any resource has attributes that not every caller may read.
    pub(crate) fn restrict_reading(&self) -> bool {
        !self.0.iter().all(|(_, behaviour)| behaviour.attributes.readers().is_empty())
    }

    /// The behaviour of a resource. Every resource that a request can reach is mounted; otherwise the launch
    /// has failed.
    pub(crate) fn of(&self, resource: &Description) -> &'static Behaviour {
        let known = self.0.iter().find(|(known, _)| known.is(resource));
        known.map_or(&Behaviour::NONE, |(_, behaviour)| behaviour)
    }
}
