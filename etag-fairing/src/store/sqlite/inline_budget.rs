//! Which plans are answered where the request is, without a thread of their own.
//!
//! Nobody knows beforehand how long a plan takes: that depends on the data, on indices and on how far in a page lies.
//! So each may begin there, within a budget of SQLite's instructions and of time; what exceeds it goes to a thread and
//! begins anew, and for a while so does all that looks like it. The clock is looked at between instructions. What one
//! of them may take long for goes to a thread from the beginning: to count the rows of a table until it is known that
//! they are few, and to look for a client's text within others.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::store::{Comparison, Fetched, Filter, Page, Plan, Root};

/// After so many instructions SQLite asks whether to go on.
const STEP: u32 = 200;

/// How often: some hundred microseconds together, unless rows are large.
const STEPS: u32 = 80;

/// A plain count is one instruction, however many rows there are. Above this many it goes to a thread.
const ROWS: u64 = 10_000;

/// What takes longer than this is better done by a thread, …
const PATIENCE: Duration = Duration::from_millis(2);

/// … if it does so this often, one after the other: on a busy machine anything may have had to wait once.
const STRIKES: u8 = 3;

/// What is not done by then goes to a thread, too.
const LIMIT: Duration = Duration::from_millis(8);

/// How many plans that look like one that took too long go to a thread at once.
const SPARED: u8 = 64;

/// The budget of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget(Arc<Spent>);

#[derive(Debug)]
struct Spent {
    steps: AtomicU32,
    /// Where the clock stood at the beginning, in nanoseconds.
    begun: AtomicU64,
    clock: Instant,
    interrupted: AtomicBool,
    lifted: AtomicBool,
}

impl Default for Spent {
    fn default() -> Self {
        Self {
            steps: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            clock: Instant::now(),
            interrupted: AtomicBool::new(false),
            lifted: AtomicBool::new(false),
        }
    }
}

impl Spent {
    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Whether a step more is too much: few instructions take long where rows are large.
    fn is_all(&self) -> bool {
        self.steps.fetch_add(1, Ordering::Relaxed) >= STEPS
            || u128::from(self.now().saturating_sub(self.begun.load(Ordering::Relaxed))) > LIMIT.as_nanos()
    }
}

impl Budget {
    /// Interrupts a connection's statements whenever the budget is spent.
    pub(super) fn watch(&self, sqlite: &rusqlite::Connection) -> rusqlite::Result<()> {
        let spent = Arc::clone(&self.0);
        let step = i32::try_from(STEP).unwrap_or(i32::MAX);
        let interrupt = move || {
            let is_spent = !spent.lifted.load(Ordering::Relaxed) && spent.is_all();
            if is_spent {
                spent.interrupted.store(true, Ordering::Relaxed);
            }
            is_spent
        };
        sqlite.progress_handler(step, Some(interrupt))
    }

    /// All of it is there, and nothing was interrupted.
    pub(super) fn begin(&self) {
        self.0.interrupted.store(false, Ordering::Relaxed);
        self.0.lifted.store(false, Ordering::Relaxed);
        self.renew();
    }

    /// For this once there is no limit: to look at the triggers again, after the schema has changed, takes as long as the
    /// schema is large, and given up each time it would never be done.
    pub(super) fn lift(&self) {
        self.0.lifted.store(true, Ordering::Relaxed);
    }

    /// All of it is there again, so that what was begun can be ended.
    pub(super) fn renew(&self) {
        self.0.steps.store(0, Ordering::Relaxed);
        self.0.begun.store(self.0.now(), Ordering::Relaxed);
    }

    /// Whether a statement was interrupted.
    pub(super) fn was_spent(&self) -> bool {
        self.0.interrupted.load(Ordering::Relaxed)
    }
}

/// What is known of plans that came before.
#[derive(Debug)]
pub(super) struct Experience {
    /// For each kind of plan, how many more are spared the attempt.
    long: [AtomicU8; 256],
    /// For each, how many of the last took longer than they should, one after the other.
    strikes: [AtomicU8; 256],
    /// For each, how many more have to be allowed to try, because one was slow on a thread, too.
    slow: [AtomicU8; 256],
    /// The tables whose rows were counted, and whether they are few.
    few: RwLock<Vec<(&'static str, bool)>>,
}

impl Default for Experience {
    fn default() -> Self {
        let none = || [const { AtomicU8::new(0) }; 256];
        Self { long: none(), strikes: none(), slow: none(), few: RwLock::default() }
    }
}

impl Experience {
    /// Whether to try.
    pub(super) fn is_brief(&self, plan: &Plan) -> bool {
        let spared = self.long.get(place(plan)).is_some_and(|left| {
            let less = |left: u8| left.checked_sub(1);
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        });
        !spared
            && !looks_into_text(plan)
            && counted(plan).is_none_or(|table| self.has_few(table) == Some(true))
    }

    /// One of the kind took too long.
    pub(super) fn took_long(&self, plan: &Plan) {
        if let Some(left) = self.long.get(place(plan)) {
            left.store(SPARED, Ordering::Relaxed);
        }
    }

    /// Learns how long one of the kind took.
    pub(super) fn took(&self, plan: &Plan, time: Duration) {
        let Some(strikes) = self.strikes.get(place(plan)) else { return };
        if time <= PATIENCE {
            strikes.store(0, Ordering::Relaxed);
            return;
        }
        let more = |strikes: u8| Some(strikes.saturating_add(1).min(STRIKES));
        let before = strikes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).unwrap_or(0);
        if before + 1 >= STRIKES {
            self.took_long(plan);
        }
    }

    /// One of the kind was slow on a thread, too.
    pub(super) fn was_slow(&self, plan: &Plan) {
        if let Some(left) = self.slow.get(place(plan)) {
            left.store(SPARED, Ordering::Relaxed);
        }
    }

    /// Whether one of the kind was slow lately.
    pub(super) fn is_slow(&self, plan: &Plan) -> bool {
        let less = |left: u8| left.checked_sub(1);
        let slow = self.slow.get(place(plan));
        slow.is_some_and(|left| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok())
    }

    /// Learns how many rows there are.
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

/// The place of plans that look like this one.
fn place(plan: &Plan) -> usize {
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
    usize::try_from(hasher.finish() % 256).unwrap_or(0)
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
    use crate::store::contract::{ROOMS, TALKS};
    use crate::store::{Field, Listing, Member, Part, Selection};

    fn page(total: bool, offset: u64) -> Plan {
        let page = Page::Offset { offset, limit: 10 };
        Plan::new(Root::Collection(Listing { page, total, ..Listing::all() }), Selection::whole(&TALKS))
    }

    #[test]
    fn what_took_long_is_tried_again_after_a_while() {
        let experience = Experience::default();
        let (near, far) = (page(false, 0), page(false, 1 << 20));
        assert!(experience.is_brief(&near) && experience.is_brief(&far));
        experience.took_long(&far);
        assert!(experience.is_brief(&near));
        for _ in 0..SPARED {
            assert!(!experience.is_brief(&far));
        }
        assert!(experience.is_brief(&far));
    }

    #[test]
    fn a_table_is_large_for_as_long_as_it_is() {
        let experience = Experience::default();
        let fetched = |total| Fetched { total: Some(total), ..Fetched::default() };
        experience.learn(&page(true, 0), &fetched(ROWS + 1));
        assert!(!experience.is_brief(&page(true, 0)));
        assert!(experience.is_brief(&page(false, 0)), "not counted");
        let rooms =
            Plan::new(Root::Collection(Listing { total: true, ..Listing::all() }), Selection::whole(&ROOMS));
        assert!(!experience.is_brief(&rooms), "nobody has counted it");
        experience.learn(&rooms, &fetched(1));
        assert!(experience.is_brief(&rooms) && !experience.is_brief(&page(true, 0)));
        experience.learn(&page(true, 0), &fetched(ROWS));
        assert!(experience.is_brief(&page(true, 0)));
    }

    #[test]
    fn what_looks_into_text_or_was_slow_goes_to_a_thread() {
        let experience = Experience::default();
        let text = Filter::Compare {
            member: Member { path: Vec::new(), field: Field::Attribute(0) },
            comparison: Comparison::Text { part: Part::Like, text: "%a%b%".into(), case_sensitive: true },
        };
        let within = Filter::Related {
            path: Vec::new(),
            relationship: 0,
            filter: Some(Box::new(Filter::Not(Box::new(Filter::And(vec![text.clone()]))))),
        };
        for filter in [text, within] {
            let listing = Listing { filter: Some(filter), ..Listing::all() };
            let plan = Plan::new(Root::Collection(listing), Selection::whole(&TALKS));
            assert!(!experience.is_brief(&plan));
        }
        experience.took(&page(false, 0), PATIENCE);
        assert!(experience.is_brief(&page(false, 0)));
        let (fast, slow) = (PATIENCE, PATIENCE * 2);
        for time in [slow, slow, fast, slow, slow] {
            experience.took(&page(false, 0), time);
            assert!(experience.is_brief(&page(false, 0)), "not so often that it means anything");
        }
        experience.took(&page(false, 0), slow);
        for _ in 0..SPARED {
            assert!(!experience.is_brief(&page(false, 0)));
        }
        assert!(experience.is_brief(&page(false, 0)));
        experience.took(&page(false, 0), slow);
        assert!(!experience.is_brief(&page(false, 0)), "it is known to be slow until it was fast");
    }

    #[test]
    fn a_budget_ends_and_is_renewed() {
        let sqlite = rusqlite::Connection::open_in_memory().unwrap();
        let budget = Budget::default();
        budget.watch(&sqlite).unwrap();
        let count = |rows: u32| {
            let sql = format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT sum(i) FROM n"
            );
            sqlite.query_row(&sql, [], |row| row.get::<_, i64>(0))
        };
        assert!(count(10).is_ok() && !budget.was_spent());
        assert!(count(100_000).is_err() && budget.was_spent());
        budget.renew();
        assert!(count(10).is_ok() && budget.was_spent());
        budget.begin();
        assert!(count(10).is_ok() && !budget.was_spent());
    }
}
