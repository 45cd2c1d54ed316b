//! How a resource answers requests. What a resource consists of is its [`Description`].

use super::caching::{CacheControl, Caching, Reach};
use super::guard::{Guard, GuardedMember, Guards, MemberAccess, MemberGuards, TypeName};
use super::hooks::HookTable;
use super::rules::{BrokenRule, Validation};
use super::scope::{ScopeFunction, ScopeOf};
use crate::schema::{Corrupt, Description, MemberId, Operation, Record};

/// How a resource answers requests: its guards, the rows that a request sees, the rules for its values, and
/// its hooks.
///
/// `#[derive(JsonApiResource)]` makes it from the struct's attributes, along with the [`Description`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Behaviour {
    /// The request guards.
    pub guards: Guards,
    /// The guards of attributes and relationships that not every caller may read or write.
    pub(crate) members: MemberGuards,
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
    /// Whether its writes need an `Idempotency-Key`.
    pub(crate) idempotent: bool,
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
        members: MemberGuards::NONE,
        scope: None,
        leaving: Leaving::Refused,
        validation: None,
        hooks: None,
        caching: Caching::NONE,
        idempotent: false,
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

    /// Adds guards of attributes and relationships, each with the member: who may read it, and who may write it.
    #[doc(hidden)]
    pub const fn guarding_members(
        mut self,
        readers: &'static [(MemberId, Guard)],
        writers: &'static [(MemberId, Guard)],
    ) -> Self {
        self.members = MemberGuards::new(readers, writers);
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

    /// Has writes need an `Idempotency-Key`.
    #[doc(hidden)]
    pub const fn needing_keys(mut self) -> Self {
        self.idempotent = true;
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
pub(crate) struct Behaviours {
    all: Vec<(&'static Description, &'static Behaviour)>,
    anywhere: Anywhere,
}

/// What any resource of an application has. Each request would look for it, and in most applications no resource has it.
#[derive(Debug, Default)]
struct Anywhere {
    scopes: bool,
    list_guards: bool,
    readers: bool,
    writers: bool,
}

impl Behaviours {
    /// Adds the behaviour of a mounted resource.
    pub(crate) fn add(&mut self, resource: &'static Description, behaviour: &'static Behaviour) {
        self.all.push((resource, behaviour));
        let anywhere = &mut self.anywhere;
        anywhere.scopes |= behaviour.scope.is_some();
        anywhere.list_guards |= behaviour.guards.has(Operation::List);
        anywhere.readers |= !behaviour.members.of(MemberAccess::Read).is_empty();
        anywhere.writers |= !behaviour.members.of(MemberAccess::Write).is_empty();
    }

    /// Whether a request may see only some rows of any resource.
    pub(crate) fn have_scopes(&self) -> bool {
        self.anywhere.scopes
    }

    /// Whether not every caller may list any resource.
    pub(crate) fn guard_lists(&self) -> bool {
        self.anywhere.list_guards
    }

    /// Whether any resource has attributes or relationships that not every caller may read, or write.
    pub(crate) fn restrict(&self, access: MemberAccess) -> bool {
        match access {
            MemberAccess::Read => self.anywhere.readers,
            MemberAccess::Write => self.anywhere.writers,
        }
    }

    /// The guards of a resource's attributes and relationships. An inverse is the same linkage as the to-one relationship
    /// that it names, so that it has the guards of that one, too.
    pub(crate) fn members(
        &self,
        resource: &'static Description,
        access: MemberAccess,
    ) -> impl Iterator<Item = GuardedMember> + '_ {
        let own = self.of(resource).members.of(access).iter().copied();
        let inverses = self.restrict(access).then(|| resource.relationships_by_id());
        let at_the_other_end = inverses.into_iter().flatten().flat_map(move |(id, relationship)| {
            let back = resource.way_back(relationship).map(|(back, _)| MemberId::from(back));
            let guards = self.of(relationship.target()).members.of(access).iter();
            guards.filter(move |(member, _)| Some(*member) == back).map(move |(_, guard)| (id.into(), *guard))
        });
        own.chain(at_the_other_end)
    }

    /// The behaviour of a resource. Every resource that a request can reach is mounted; otherwise the launch
    /// has failed.
    pub(crate) fn of(&self, resource: &Description) -> &'static Behaviour {
        let known = self.all.iter().find(|(known, _)| known.is(resource));
        known.map_or(&Behaviour::NONE, |(_, behaviour)| behaviour)
    }
}
