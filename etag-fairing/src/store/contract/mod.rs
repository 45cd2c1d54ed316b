//! What every [`Store`] must do, as tests that a store of your own can run.
//!
//! Behind the feature `contract-tests`; put it into your dev-dependencies.
//!
//! ```
//! use etag_fairing::store::{Store, contract, sqlite::{SqliteOptions, SqliteStore}};
//!
//! # rocket::async_test(
//! contract::check(async || {
//!     let options = SqliteOptions::from_url("sqlite::memory:").expect("an SQLite URL");
//!     Box::new(SqliteStore::open(options).expect("a database")) as Box<dyn Store>
//! })
//! # );
//! ```

mod changes;
mod includes;
mod listings;
mod naive;
#[cfg(test)]
mod nested;
mod random;
mod reading;
mod relationships;
mod resources;
mod revisions;
mod scoped_changes;
mod scopes;
mod steps;
mod transactions;
mod versions;

use std::{future::Future, pin::Pin, sync::Arc};

pub use resources::{ALL, ITEMS, LABELS, LISTS, REPLIES, REVIEWS, ROOMS, SPEAKERS, TALKS};

use super::Store;

/// A rule being tried.
type Trial = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One thing that every store must do.
#[derive(Clone, Copy)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    run: fn(Arc<dyn Store>) -> Trial,
}

impl Rule {
    /// Checks the rule on an empty store, which is prepared for [`ALL`] here.
    ///
    /// # Panics
    /// If the store breaks the rule.
    pub async fn check(&self, store: Box<dyn Store>) {
        let store: Arc<dyn Store> = store.into();
        if let Err(problems) = store.prepare(&ALL).await {
            panic!("an empty store cannot be prepared: {problems}");
        }
        (self.run)(store.clone()).await;
        store.close().await;
    }
}

/// Checks every rule, each on a new, empty store.
///
/// # Panics
/// If the store breaks one; the rule's name is printed before it is checked.
pub async fn check(open: impl AsyncFn() -> Box<dyn Store>) {
    for rule in rules() {
        eprintln!("rule {}", rule.name);
        rule.check(open().await).await;
    }
}

/// Every rule.
pub fn rules() -> Vec<Rule> {
    [
        reading::RULES,
        listings::RULES,
        includes::RULES,
        changes::RULES,
        relationships::RULES,
        transactions::RULES,
        revisions::RULES,
        scopes::RULES,
        versions::RULES,
    ]
    .concat()
}

#[cfg(test)]
pub(crate) use nested::nested_filters_add_up;

/// Plans by chance on an empty store, compared with their meaning: other ones for each seed.
#[cfg(test)]
pub(crate) async fn check_by_chance(open: impl AsyncFn() -> Box<dyn Store>, seed: u64) {
    use self::random::Sight;

    for round in 0..8 {
        let store = open().await;
        store.prepare(&ALL).await.expect("prepared");
        match round {
            0 => listings::filters_by_chance(&*store, seed, 60, Sight::Whole).await,
            1 => listings::orders_by_chance(&*store, seed, 6, Sight::Whole).await,
            2 => includes::includes_by_chance(&*store, seed, 12, Sight::Whole).await,
            3 => listings::filters_by_chance(&*store, seed, 60, Sight::Scoped).await,
            4 => listings::orders_by_chance(&*store, seed, 12, Sight::Scoped).await,
            5 => includes::includes_by_chance(&*store, seed, 24, Sight::Scoped).await,
            6 => listings::related_by_chance(&*store, seed, Sight::Scoped).await,
            _ => scoped_changes::changes_by_chance(&*store, seed, 40).await,
        }
        store.close().await;
    }
}

macro_rules! name_rules {
    ($($name:ident),* $(,)?) => {
        pub(super) const RULES: &[crate::store::contract::Rule] = &[$(
            crate::store::contract::Rule { name: stringify!($name), run: |store| Box::pin($name(store)) }
        ),*];
    };
}
use name_rules;
