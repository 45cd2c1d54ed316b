//! Rules of answers that are kept for requests that come again. A store that keeps none has nothing to show.

use std::sync::Arc;

use etag_fairing::store::{
    Claim, KeptAnswer, KeptSize, RepeatableRequest, Scopes, Store, StoreError, Transaction,
};
use rocket::futures::future::join_all;
use rocket::tokio;

use crate::{resources::TALKS, steps::*};

fn request(caller: &str, key: &str, fingerprint: &str, at: i64) -> RepeatableRequest {
    RepeatableRequest::new(caller, key, fingerprint, at)
}

fn answer(text: &str) -> KeptAnswer {
    KeptAnswer::new(201, "[[\"ETag\",\"\\\"x\\\"\"]]", Some(text.to_owned()))
}

/// Whether the store keeps answers.
async fn keeps(store: &dyn Store) -> bool {
    store.prepare_answers().await.expect("an answer to whether there is a place")
}

async fn begin(store: &dyn Store) -> Box<dyn Transaction> {
    store.begin().await.expect("a transaction")
}

async fn claim(transaction: &mut dyn Transaction, request: &RepeatableRequest, since: i64) -> Claim {
    let answers = transaction.kept_answers().expect("the store says that it keeps answers");
    answers.claim(request, since).await.expect("a claim")
}

async fn keep(transaction: &mut dyn Transaction, request: &RepeatableRequest, kept: &KeptAnswer) {
    let answers = transaction.kept_answers().expect("the store says that it keeps answers");
    answers.keep(request, kept).await.expect("kept");
}

/// Claims a key and keeps an answer.
async fn done_once(store: &dyn Store, request: &RepeatableRequest, kept: &KeptAnswer) {
    let mut transaction = begin(store).await;
    assert_eq!(claim(&mut *transaction, request, 0).await, Claim::First);
    keep(&mut *transaction, request, kept).await;
    transaction.commit().await.expect("committed");
}

/// What a new transaction finds.
async fn found(store: &dyn Store, request: &RepeatableRequest, since: i64) -> Claim {
    let mut transaction = begin(store).await;
    claim(&mut *transaction, request, since).await
}

pub(crate) async fn an_answer_is_kept_with_its_change_or_not_at_all(store: Arc<dyn Store>) {
    if !keeps(&*store).await {
        return;
    }
    assert!(keeps(&*store).await, "twice is as once");
    let (ours, kept) = (request("", "k", "f", 100), answer("{\"a\":\"ä\\u0000\"}"));
    let mut transaction = begin(&*store).await;
    assert_eq!(claim(&mut *transaction, &ours, 0).await, Claim::First);
    let id = transaction.apply(talk("undone"), &Scopes::NONE).await.expect("applied");
    keep(&mut *transaction, &ours, &kept).await;
    drop(transaction);
    assert!(read(&*store, &one(*TALKS, &id)).await.rows.is_empty());

    done_once(&*store, &ours, &kept).await;
    assert_eq!(found(&*store, &ours, 0).await, Claim::Answered(kept.clone()));
    // A store that looks it up without a transaction finds the same.
    let looked_up = async |request: &RepeatableRequest, since| {
        store.kept_answer(request, since).await.expect("looked up")
    };
    if let Some(looked_up) = looked_up(&ours, 100).await {
        assert_eq!(looked_up, Claim::Answered(kept.clone()));
    }
    assert_eq!(looked_up(&ours, 101).await, None, "forgotten");
    assert_eq!(looked_up(&request("", "unknown", "f", 100), 0).await, None);
    assert!(!matches!(looked_up(&request("", "k", "other", 100), 0).await, Some(Claim::Answered(_))));
    // A store that tells how much it keeps tells it of this caller, and of what is not forgotten.
    if let Some(size) = store.kept_of("", 100).await.expect("told") {
        let bytes = kept.fields.len() + kept.document.as_deref().unwrap_or_default().len();
        assert_eq!(size, KeptSize::new(1, u64::try_from(bytes).expect("a size"), 100));
        for (caller, since) in [("", 101), ("somebody else", 0)] {
            let none = store.kept_of(caller, since).await.expect("told");
            assert_eq!(none, Some(KeptSize::default()), "{caller:?}");
        }
    }
    // Another time is the same request; another fingerprint is not.
    assert_eq!(found(&*store, &request("", "k", "f", 900), 0).await, Claim::Answered(kept.clone()));
    assert_eq!(found(&*store, &request("", "k", "other", 100), 0).await, Claim::Reused);
    // Other callers have keys of their own.
    let (other, nothing) = (request("bob", "k", "other", 100), KeptAnswer::new(204, "[]", None));
    done_once(&*store, &other, &nothing).await;
    assert_eq!(found(&*store, &other, 0).await, Claim::Answered(nothing));
    assert_eq!(found(&*store, &ours, 0).await, Claim::Answered(kept));
}

pub(crate) async fn an_answer_is_forgotten_in_time(store: Arc<dyn Store>) {
    if !keeps(&*store).await {
        return;
    }
    for (key, at) in [("old", 100), ("new", 200)] {
        done_once(&*store, &request("", key, "f", at), &answer(key)).await;
    }
    assert_eq!(found(&*store, &request("", "old", "f", 300), 100).await, Claim::Answered(answer("old")));
    // Forgotten, though the row may still be there; then it is taken anew.
    let again = request("", "old", "other", 300);
    assert_eq!(found(&*store, &again, 101).await, Claim::First);
    let mut transaction = begin(&*store).await;
    assert_eq!(claim(&mut *transaction, &again, 101).await, Claim::First);
    keep(&mut *transaction, &again, &answer("anew")).await;
    transaction.commit().await.expect("committed");
    assert_eq!(found(&*store, &again, 101).await, Claim::Answered(answer("anew")));

    let mut transaction = begin(&*store).await;
    let answers = transaction.kept_answers().expect("kept answers");
    assert_eq!(answers.forget(250).await.expect("forgotten"), 1);
    assert_eq!(answers.forget(250).await.expect("forgotten"), 0);
    transaction.commit().await.expect("committed");
    assert_eq!(found(&*store, &request("", "new", "other", 300), 0).await, Claim::First);
    assert_eq!(found(&*store, &again, 0).await, Claim::Answered(answer("anew")));
}

pub(crate) async fn of_several_with_one_key_one_is_the_first(store: Arc<dyn Store>) {
    if !keeps(&*store).await {
        return;
    }
    for round in 0..8_u8 {
        let ours = request("", &format!("round {round}"), "f", 100);
        let tries = (0..6_u8).map(|number| {
            let (store, ours) = (Arc::clone(&store), ours.clone());
            tokio::spawn(async move { once(&*store, &ours, number, round % 2 == 1 && number == 0).await })
        });
        let outcomes: Vec<_> =
            join_all(tries).await.into_iter().map(|outcome| outcome.expect("no panic")).collect();
        let firsts = outcomes.iter().filter(|outcome| outcome.is_none()).count();
        // Where one has taken the key and let it go, another one was the first.
        assert_eq!(firsts, 1, "{outcomes:?}");
        let Claim::Answered(kept) = found(&*store, &ours, 0).await else { panic!("no answer is kept") };
        for found in outcomes.into_iter().flatten() {
            assert_eq!(found, kept);
        }
    }
}

/// Claims and keeps, again where another one came in between; gives the answer that was found, if it was not the first. Who
/// `gives_up` takes the key and lets it go, and then tries again.
async fn once(
    store: &dyn Store,
    ours: &RepeatableRequest,
    number: u8,
    mut gives_up: bool,
) -> Option<KeptAnswer> {
    loop {
        let attempt = async {
            let mut transaction = store.begin().await?;
            let answers = transaction.kept_answers().ok_or(StoreError::NotFound)?;
            match answers.claim(ours, 0).await? {
                Claim::Answered(answer) => return Ok(Some(answer)),
                Claim::First => {}
                other => panic!("{other:?}"),
            }
            tokio::task::yield_now().await;
            if std::mem::take(&mut gives_up) {
                return Err(StoreError::Conflict);
            }
            answers.keep(ours, &answer(&number.to_string())).await?;
            transaction.commit().await.map(|()| None)
        };
        match attempt.await {
            Ok(found) => return found,
            Err(StoreError::Conflict | StoreError::Busy { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
