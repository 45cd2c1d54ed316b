//! A store that compiles and does nothing right, and what the contract says of it: where a store for another database
//! begins.

use async_trait::async_trait;
use etag_fairing::{
    resource::{Description, ResourceId, Rows},
    store::{Change, Fetched, Plan, PrepareError, Scopes, Store, StoreError, Transaction},
};

/// Nothing is kept, and nothing is found.
struct Stub;

fn nothing(plan: &Plan) -> Fetched {
    let links = plan.selection.resource.relationships.iter().map(|_| None).collect();
    let mut fetched = Fetched::new(Rows::new(plan.selection.resource), links);
    fetched.parent = false;
    fetched
}

#[async_trait]
impl Store for Stub {
    // Makes the tables that are missing, and says what does not fit of those that are there.
    async fn prepare(&self, _resources: &[&'static Description]) -> Result<(), PrepareError> {
        Ok(())
    }

    // Answers the plan from one snapshot.
    async fn fetch(&self, plan: &Plan) -> Result<Fetched, StoreError> {
        Ok(nothing(plan))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Ok(Box::new(StubTransaction))
    }
}

struct StubTransaction;

#[async_trait]
impl Transaction for StubTransaction {
    // The same from the transaction's own state; locks what the plan's root names.
    async fn fetch(&mut self, plan: &Plan) -> Result<Fetched, StoreError> {
        Ok(nothing(plan))
    }

    // Makes the change, or says what stands against it.
    async fn apply(&mut self, change: Change, _scopes: &Scopes) -> Result<ResourceId, StoreError> {
        Ok(match change {
            Change::Insert { id, .. } => id.unwrap_or(ResourceId::Integer(1)),
            Change::Update { id, .. } | Change::Delete { id, .. } => id,
            change => return Err(StoreError::Internal(format!("this store does not know {change:?}"))),
        })
    }

    // Makes all of it permanent.
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
#[should_panic(expected = "\nrule `every_value_comes_back_as_it_was` is broken")]
fn the_contract_refuses_the_stub_and_names_the_rules() {
    rocket::async_test(etag_fairing_contract::check(async || Stub));
}

#[test]
fn only_rules_about_what_a_store_need_not_have_are_kept_by_the_stub() {
    rocket::async_test(async {
        let mut kept = Vec::new();
        for rule in etag_fairing_contract::rules() {
            match rule.check(Stub).await {
                Ok(()) => kept.push(rule.name()),
                Err(broken) => assert_eq!(broken.rule(), rule.name()),
            }
        }
        let expected = [
            "an_id_of_another_kind_is_no_row",
            // It commits at once.
            "a_brief_write_refuses_what_it_has_seen_only_once_that_is_permanent",
            // It keeps no answers.
            "an_answer_is_kept_with_its_change_or_not_at_all",
            "an_answer_is_forgotten_in_time",
            "of_several_with_one_key_one_is_the_first",
            // It counts no changes, so that nothing is remembered.
            "a_revision_changes_with_every_change",
            "each_table_has_a_revision",
            "a_revision_stays_while_nothing_changes",
            "what_is_read_after_a_revision_is_at_least_as_new",
            "a_revision_changes_with_a_soft_deletion",
        ];
        assert_eq!(kept, expected);
    });
}
