//! One rule, and how a store is checked by it.

use std::{any::Any, error::Error, fmt, future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use etag_fairing::store::Store;
use rocket::{futures::FutureExt, tokio::runtime};

use crate::resources::ALL;

/// A rule that is being checked.
type Trial = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One thing that every store must do.
#[derive(Clone, Copy)]
pub struct Rule {
    name: &'static str,
    run: fn(Arc<dyn Store>) -> Trial,
}

impl Rule {
    pub(crate) const fn new(name: &'static str, run: fn(Arc<dyn Store>) -> Trial) -> Self {
        Self { name, run }
    }

    /// The rule in a few words, as a function's name: `pages_and_totals`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Checks the rule on an empty store, which is prepared and closed here.
    ///
    /// # Errors
    /// If the store breaks the rule. Where that was is also printed by the panic's hook.
    pub async fn check(&self, store: impl Store) -> Result<(), BrokenRule> {
        // A test that waits for ever shows which rule it was.
        eprintln!("rule {}", self.name);
        let store: Arc<dyn Store> = Arc::new(store);
        let trial = async {
            if let Err(problems) = store.prepare(&ALL).await {
                panic!("an empty store cannot be prepared: {problems}");
            }
            (self.run)(store.clone()).await;
        };
        let outcome = AssertUnwindSafe(trial).catch_unwind().await;
        store.close().await;
        outcome.map_err(|panic| BrokenRule { rule: self.name, message: message_of(&*panic) })
    }

    /// Checks the rule as the whole of a test: on a runtime of several threads, so that several writers really are at
    /// work at once.
    ///
    /// # Panics
    /// If the store breaks the rule, or there is no runtime.
    pub fn test<S: Store>(&self, make_store: impl AsyncFnOnce() -> S) {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
        let checked = runtime.expect("a runtime").block_on(async { self.check(make_store().await).await });
        if let Err(broken) = checked {
            panic!("{broken}");
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Rule").field(&self.name).finish()
    }
}

/// A rule that a store doesn't keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRule {
    rule: &'static str,
    message: String,
}

impl BrokenRule {
    /// The rule's name.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// What failed, in the words of the assertion.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rule `{}` is broken. What failed: {}", self.rule, self.message)
    }
}

impl Error for BrokenRule {}

/// The words of a panic.
fn message_of(panic: &(dyn Any + Send)) -> String {
    let word = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    word.unwrap_or("a panic without words").to_owned()
}
