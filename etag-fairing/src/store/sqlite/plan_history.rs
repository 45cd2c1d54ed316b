//! Which plans are tried where a request is answered, by what is known of earlier ones that look alike.
//!
//! A plan that has exceeded its [budget](super::inline_budget) says something of those that look like it: for a while they
//! go to a thread at once. So does from the beginning what SQLite may take long for in one instruction, since nothing can
//! end it: counting the rows of a table, until it is known that they are few, and looking for a client's text within
//! others.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use crate::plan::{Comparison, Fetched, Filter, Page, Plan, Root};

/// A plain count is one instruction, however many rows there are. Above this many it goes to a thread.
const ROWS: u64 = 10_000;

/// What takes longer than this is better done by a thread, …
const PATIENCE: Duration = Duration::from_millis(2);

/// … if it does so this often, one after the other: on a busy machine anything may have had to wait once.
const STRIKES: u8 = 3;

/// How many plans that look like one that took too long go to a thread at once.
const SPARED: u8 = 64;

/// How many looks are told apart. Plans that share a number by chance share its history, too.
const LOOKS: usize = 256;

/// What is known of plans that came before, by how they look.
#[derive(Debug)]
pub(super) struct PlanHistory {
    /// For each look, how many of the next plans go to a thread at once.
    long: [AtomicU8; LOOKS],
    /// For each look, how many of the last plans took longer than they should, one after the other.
    strikes: [AtomicU8; LOOKS],
    /// For each look, how many of the next plans have to wait for a trial, because one was slow on a thread, too.
    slow: [AtomicU8; LOOKS],
    /// The tables whose rows were counted, and whether they are few.
    few: RwLock<Vec<(&'static str, bool)>>,
}

impl Default for PlanHistory {
    fn default() -> Self {
        let none = || [const { AtomicU8::new(0) }; LOOKS];
        Self { long: none(), strikes: none(), slow: none(), few: RwLock::default() }
    }
}

impl PlanHistory {
    /// Whether a plan is tried where the request is answered.
    pub(super) fn may_run_inline(&self, plan: &Plan) -> bool {
        !count_down(&self.long, plan)
            && !looks_into_text(plan)
            && counted(plan).is_none_or(|table| self.has_few(table) == Some(true))
    }

    /// Learns that a plan has exceeded its budget.
    pub(super) fn exceeded_budget(&self, plan: &Plan) {
        set_count(&self.long, plan);
    }

    /// Learns how long a plan took within its budget.
    pub(super) fn took(&self, plan: &Plan, time: Duration) {
        let Some(strikes) = self.strikes.get(look(plan)) else { return };
        if time <= PATIENCE {
            strikes.store(0, Ordering::Relaxed);
            return;
        }
        let more = |strikes: u8| Some(strikes.saturating_add(1).min(STRIKES));
        let before = strikes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).unwrap_or(0);
        if before + 1 >= STRIKES {
            self.exceeded_budget(plan);
        }
    }

    /// Learns that a plan was slow on a thread, too.
    pub(super) fn was_slow(&self, plan: &Plan) {
        set_count(&self.slow, plan);
    }

    /// Whether a plan of this look was slow on a thread lately.
    pub(super) fn is_slow(&self, plan: &Plan) -> bool {
        count_down(&self.slow, plan)
    }

    /// Learns how many rows a table has, if the plan has counted them.
    pub(super) fn learn(&self, plan: &Plan, fetched: &Fetched) {
        let (Some(table), Some(total)) = (counted(plan), fetched.total) else { return };
        let has_few = total <= ROWS;
        if self.has_few(table) != Some(has_few) {
            let mut few = self.few.write().unwrap_or_else(PoisonError::into_inner);
            few.retain(|(known, _)| *known != table);
            few.push((table, has_few));
        }
    }

    fn has_few(&self, table: &str) -> Option<bool> {
        let few = self.few.read().unwrap_or_else(PoisonError::into_inner);
        few.iter().find(|(known, _)| *known == table).map(|(_, few)| *few)
    }
}

/// Has the next plans of this look treated specially.
fn set_count(counts: &[AtomicU8; LOOKS], plan: &Plan) {
    if let Some(left) = counts.get(look(plan)) {
        left.store(SPARED, Ordering::Relaxed);
    }
}

/// Whether a plan of this look is still to be treated specially: counts it.
fn count_down(counts: &[AtomicU8; LOOKS], plan: &Plan) -> bool {
    let less = |left: u8| left.checked_sub(1);
    let left = counts.get(look(plan));
    left.is_some_and(|left| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok())
}

/// A number for how a plan looks: its resource, the form of its listing, and what it includes.
fn look(plan: &Plan) -> usize {
    let mut hasher = DefaultHasher::new();
    let resource = |description| std::ptr::from_ref(description) as usize;
    resource(plan.selection.resource).hash(&mut hasher);
    let listing = match &plan.root {
        Root::One(_) => None,
        Root::Collection(listing) => Some(listing),
        Root::Related { parent, relationship, listing, .. } => {
            (resource(parent), relationship).hash(&mut hasher);
            Some(listing)
        }
    };
    if let Some(listing) = listing {
        listing.filter.is_some().hash(&mut hasher);
        for key in &listing.sort {
            (&key.member.path, std::mem::discriminant(&key.member.field), key.descending).hash(&mut hasher);
        }
        match &listing.page {
            Page::All => 0.hash(&mut hasher),
            Page::Offset { offset, limit } => {
                (offset.checked_ilog2(), limit.checked_ilog2()).hash(&mut hasher);
            }
            Page::Between { limit, .. } => limit.checked_ilog2().hash(&mut hasher),
        }
    }
    for include in &plan.selection.include {
        (include.relationship, include.selection.include.len()).hash(&mut hasher);
    }
    usize::try_from(hasher.finish() % LOOKS as u64).unwrap_or(0)
}

/// The table whose rows the plan counts without looking at them.
fn counted(plan: &Plan) -> Option<&'static str> {
    match &plan.root {
        Root::Collection(listing) if listing.total && listing.filter.is_none() => {
            Some(plan.selection.resource.table)
        }
        _ => None,
    }
}

/// Whether a text of the client's is looked for within others: SQLite does that in one instruction, however long they
/// are.
fn looks_into_text(plan: &Plan) -> bool {
    fn does(filter: &Filter) -> bool {
        match filter {
            Filter::And(filters) | Filter::Or(filters) => filters.iter().any(does),
            Filter::Not(filter) => does(filter),
            Filter::Compare { comparison, .. } => matches!(comparison, Comparison::Text { .. }),
            Filter::Related { filter, .. } => filter.as_deref().is_some_and(does),
            Filter::Count { .. } => false,
        }
    }
    match &plan.root {
        Root::One(_) => false,
        Root::Collection(listing) | Root::Related { listing, .. } => {
            listing.filter.as_ref().is_some_and(does)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Field, Listing, Member, Part, Selection};
    use crate::schema::{AttributeId, RelationshipId};
    use crate::store::contract::{ROOMS, TALKS};

    fn page(total: bool, offset: u64) -> Plan {
        let page = Page::Offset { offset, limit: 10 };
        Plan::new(Root::Collection(Listing { page, total, ..Listing::all() }), Selection::whole(&TALKS))
    }

    #[test]
    fn what_took_long_is_tried_again_after_a_while() {
        let history = PlanHistory::default();
        let (near, far) = (page(false, 0), page(false, 1 << 20));
        assert!(history.may_run_inline(&near) && history.may_run_inline(&far));
        history.exceeded_budget(&far);
        assert!(history.may_run_inline(&near));
        for _ in 0..SPARED {
            assert!(!history.may_run_inline(&far));
        }
        assert!(history.may_run_inline(&far));
    }

    #[test]
    fn a_table_is_large_for_as_long_as_it_is() {
        let history = PlanHistory::default();
        let fetched = |total| Fetched { total: Some(total), ..Fetched::default() };
        history.learn(&page(true, 0), &fetched(ROWS + 1));
        assert!(!history.may_run_inline(&page(true, 0)));
        assert!(history.may_run_inline(&page(false, 0)), "not counted");
        let rooms =
            Plan::new(Root::Collection(Listing { total: true, ..Listing::all() }), Selection::whole(&ROOMS));
        assert!(!history.may_run_inline(&rooms), "nobody has counted it");
        history.learn(&rooms, &fetched(1));
        assert!(history.may_run_inline(&rooms) && !history.may_run_inline(&page(true, 0)));
        history.learn(&page(true, 0), &fetched(ROWS));
        assert!(history.may_run_inline(&page(true, 0)));
    }

    #[test]
    fn what_looks_into_text_or_was_slow_goes_to_a_thread() {
        let history = PlanHistory::default();
        let text = Filter::Compare {
            member: Member { path: Vec::new(), field: Field::Attribute(AttributeId::at(0)) },
            comparison: Comparison::Text { part: Part::Like, text: "%a%b%".into(), case_sensitive: true },
        };
        let within = Filter::Related {
            path: Vec::new(),
            relationship: RelationshipId::at(0),
            filter: Some(Box::new(Filter::Not(Box::new(Filter::And(vec![text.clone()]))))),
        };
        for filter in [text, within] {
            let listing = Listing { filter: Some(filter), ..Listing::all() };
            let plan = Plan::new(Root::Collection(listing), Selection::whole(&TALKS));
            assert!(!history.may_run_inline(&plan));
        }
        history.took(&page(false, 0), PATIENCE);
        assert!(history.may_run_inline(&page(false, 0)));
        let (fast, slow) = (PATIENCE, PATIENCE * 2);
        for time in [slow, slow, fast, slow, slow] {
            history.took(&page(false, 0), time);
            assert!(history.may_run_inline(&page(false, 0)), "not so often that it means anything");
        }
        history.took(&page(false, 0), slow);
        for _ in 0..SPARED {
            assert!(!history.may_run_inline(&page(false, 0)));
        }
        assert!(history.may_run_inline(&page(false, 0)));
        history.took(&page(false, 0), slow);
        assert!(!history.may_run_inline(&page(false, 0)), "it is known to be slow until it was fast");
    }
}
