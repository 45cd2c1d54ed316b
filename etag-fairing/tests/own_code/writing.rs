//! `api.write`: several changes in one transaction, or none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use etag_fairing::document::error::ErrorObject;
use etag_fairing::own::ApiError;
use etag_fairing::resource::member;
use etag_fairing::store::StoreError;
use etag_fairing::{JsonApi, JsonApiResource, ToMany, ToOne};

use crate::world::{Account, Entry, Label, on_both, on_both_with};

#[test]
fn several_types_are_written_in_one_transaction() {
    on_both(|world| {
        let ada = world.account("Ada", 5);
        let before = world.tag(&format!("/accounts/{ada}"));
        let api = world.api.clone();
        let entry = world.job(async move {
            api.write(async |tx| {
                let mut account: Account = tx.read(ada).await?;
                account.balance -= 2;
                tx.update(&account).await?;
                let seen: Account = tx.read(ada).await?;
                assert_eq!(seen.balance, 3, "each change sees those before it");
                let label = Label { id: "blue".into(), name: "Blue".into() };
                let label = tx.insert(&label).await?;
                tx.link::<Account>(ada, "labels", [label]).await?;
                let account = ToOne::to(ada);
                tx.insert(&Entry { id: 0, amount: -2, account, version: 0 }).await
            })
            .await
            .unwrap()
        });
        assert_eq!(world.balance(ada), 3);
        let after = world.tag(&format!("/accounts/{ada}"));
        assert_ne!(before, after, "the memo doesn't answer with what was before");
        let shown = world.server.get(&format!("/entries/{entry}?include=account"), &[]).is(200).json();
        assert_eq!(shown["data"]["attributes"]["amount"], -2);
        assert_eq!(shown["included"][0]["relationships"]["labels"]["data"][0]["id"], "blue");
    });
}

#[test]
fn nothing_of_a_refused_write_is_left() {
    on_both(|world| {
        let ada = world.account("Ada", 5);
        let api = world.api.clone();
        world.job(async move {
            let refused = api
                .write(async |tx| {
                    let mut account: Account = tx.read(ada).await?;
                    account.balance = 0;
                    tx.update(&account).await?;
                    let account = ToOne::to(ada);
                    tx.insert(&Entry { id: 0, amount: -5, account, version: 0 }).await?;
                    Err::<(), _>(ErrorObject::validation_failed("no").into())
                })
                .await;
            assert!(matches!(refused, Err(ApiError::Refused(_))), "{refused:?}");
            let other = api.write(async |_| Err::<(), _>(ApiError::other("mine"))).await;
            assert!(matches!(other, Err(ApiError::Other(error)) if error.to_string() == "mine"));
            assert_eq!(api.find::<Entry>().count().await.unwrap(), 0);
        });
        assert_eq!(world.balance(ada), 5);
    });
}

#[test]
fn an_error_of_one_change_leaves_the_others() {
    on_both(|world| {
        let ada = world.account("Ada", 5);
        let api = world.api.clone();
        world.job(async move {
            api.write(async |tx| {
                let label = Label { id: "a".into(), name: "Blue".into() };
                tx.insert(&label).await?;
                let taken = tx.insert(&label).await.unwrap_err();
                assert!(matches!(taken, ApiError::Store { error: StoreError::IdExists, .. }), "{taken:?}");
                let missing = tx.link::<Account>(ada, "labels", ["c"]).await.unwrap_err();
                assert!(
                    matches!(missing, ApiError::Store { error: StoreError::RelatedNotFound { .. }, .. }),
                    "{missing:?}"
                );
                tx.link::<Account>(ada, "labels", ["a"]).await
            })
            .await
            .unwrap();
            let account: Account = api.read(ada).await.unwrap();
            assert_eq!(account.labels, ToMany::to(vec!["a".into()]));
        });
    });
}

#[test]
fn an_update_writes_what_differs_and_needs_a_read_before() {
    on_both(|world| {
        let (ada, bob) = (world.account("Ada", 5), world.account("Bob", 1));
        let api = world.api.clone();
        world.job(async move {
            let outside: Account = api.read(ada).await.unwrap();
            let mistake = api.write(async |tx| tx.update(&outside).await).await;
            assert!(matches!(mistake, Err(ApiError::Mistake(_))), "{mistake:?}");
            api.write(async |tx| tx.overwrite(&Account { owner: "Ann".into(), ..outside.clone() }).await)
                .await
                .unwrap();
            assert_eq!(api.read::<Account>(ada).await.unwrap().owner, "Ann");
            let gone = api.write(async |tx| tx.overwrite(&Account { id: 99, ..outside.clone() }).await).await;
            assert!(gone.unwrap_err().is_not_found());
            let entry = api
                .write(async |tx| {
                    let account = ToOne::to(ada);
                    tx.insert(&Entry { id: 0, amount: 1, account, version: 0 }).await
                })
                .await
                .unwrap();
            let entry: Entry = api.read(entry).await.unwrap();
            // What does not differ is not written, so that no version rises.
            api.write(async |tx| {
                let same: Entry = tx.read(entry.id).await?;
                tx.update(&same).await?;
                tx.update(&Entry { version: 77, ..same }).await
            })
            .await
            .unwrap();
            assert_eq!(api.read::<Entry>(entry.id).await.unwrap(), entry);
            api.write(async |tx| {
                let mut found = tx.find::<Entry>().matching(member("amount").equals(1)).all().await?;
                let mut entry = found.pop().unwrap();
                entry.amount = 2;
                tx.update(&entry).await?;
                entry.account = ToOne::to(bob);
                tx.update(&entry).await
            })
            .await
            .unwrap();
            let after: Entry = api.read(entry.id).await.unwrap();
            assert_eq!((after.amount, after.account.id()), (2, Some(&bob.into())));
            assert_eq!(after.version, entry.version + 2, "the store raises the version of each change");
        });
    });
}

#[test]
fn linkage_is_added_removed_and_replaced() {
    on_both(|world| {
        let ada = world.account("Ada", 5);
        let api = world.api.clone();
        world.job(async move {
            api.write(async |tx| {
                for id in ["a", "b", "c"] {
                    tx.insert(&Label { id: id.into(), name: id.into() }).await?;
                }
                tx.link::<Account>(ada, "labels", ["a", "b"]).await?;
                tx.unlink::<Account>(ada, "labels", ["a", "c"]).await?;
                assert_eq!(tx.read::<Account>(ada).await?.labels, ToMany::to(vec!["b".into()]));
                tx.relink::<Account>(ada, "labels", ["c", "a"]).await?;
                let mut account: Account = tx.read(ada).await?;
                assert_eq!(account.labels, ToMany::to(vec!["a".into(), "c".into()]));
                account.labels = ToMany::to(vec!["b".into()]);
                tx.update(&account).await?;
                let mistake = tx.link::<Account>(ada, "label", ["a"]).await;
                assert!(matches!(mistake, Err(ApiError::Mistake(_))), "{mistake:?}");
                let mistake = tx.link::<Entry>(1, "account", [ada]).await;
                assert!(matches!(mistake, Err(ApiError::Mistake(_))), "{mistake:?}");
                Ok(())
            })
            .await
            .unwrap();
            assert_eq!(api.read::<Account>(ada).await.unwrap().labels, ToMany::to(vec!["b".into()]));
        });
    });
}

#[test]
fn a_deletion_does_what_on_delete_says() {
    on_both(|world| {
        let ada = world.account("Ada", 5);
        let api = world.api.clone();
        world.job(async move {
            let entry = api
                .write(async |tx| {
                    let account = ToOne::to(ada);
                    tx.insert(&Entry { id: 0, amount: 1, account, version: 0 }).await
                })
                .await
                .unwrap();
            let refused = api.write(async |tx| tx.delete::<Account>(ada).await).await.unwrap_err();
            assert!(matches!(refused, ApiError::Store { error: StoreError::Constraint(_), .. }));
            api.write(async |tx| {
                tx.delete::<Entry>(&entry).await?;
                tx.delete::<Account>(ada).await?;
                assert!(tx.delete::<Account>(ada).await.unwrap_err().is_not_found());
                Ok(())
            })
            .await
            .unwrap();
            assert_eq!(api.find::<Account>().count().await.unwrap(), 0);
        });
        world.server.get(&format!("/accounts/{ada}"), &[]).is(404);
    });
}

/// Two writes that read the same rows in opposite orders, and what each found in others.
#[test]
fn writes_that_conflict_are_repeated_with_what_is_there_then() {
    on_both(|world| {
        let (ada, bob) = (world.account("Ada", 1000), world.account("Bob", 1000));
        let runs = Arc::new(AtomicU32::new(0));
        let jobs: Vec<_> = (0..8)
            .map(|number| {
                let (api, runs) = (world.api.clone(), Arc::clone(&runs));
                let (from, to) = if number % 2 == 0 { (ada, bob) } else { (bob, ada) };
                world.start_job(async move {
                    for _ in 0..5 {
                        api.write(async |tx| {
                            runs.fetch_add(1, Ordering::Relaxed);
                            let mut payer: Account = tx.read(from).await?;
                            rocket::tokio::task::yield_now().await;
                            let mut payee: Account = tx.read(to).await?;
                            payer.balance -= 1 + number;
                            payee.balance += 1 + number;
                            tx.update(&payer).await?;
                            tx.update(&payee).await
                        })
                        .await
                        .unwrap();
                    }
                })
            })
            .collect();
        world.job(async move {
            for job in jobs {
                job.await.unwrap();
            }
        });
        // 0, 2, 4, 6 pay from Ada to Bob, and 1, 3, 5, 7 back.
        assert_eq!((world.balance(ada), world.balance(bob)), (1020, 980));
        assert!(runs.load(Ordering::Relaxed) >= 40);
    });
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "carts", etag)]
struct Cart {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship, inverse = "cart", linkage = true)]
    lines: ToMany<Line>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "cart-lines", id(cart, number))]
struct Line {
    #[jsonapi(relationship, on_delete = "cascade")]
    cart: ToOne<Cart>,
    number: i64,
}

/// No list takes a resource whose id says where it belongs.
#[test]
fn a_composite_id_stays_whoever_links_it() {
    let build = |rocket: rocket::Rocket<rocket::Build>| {
        rocket.attach(JsonApi::fairing()).mount("/", [Cart::routes(), Line::routes()].concat())
    };
    on_both_with(build, |world| {
        let api = world.api.clone();
        world.job(async move {
            api.write(async |tx| {
                for cart in [1, 2] {
                    tx.insert(&Cart { id: cart, lines: ToMany::default() }).await?;
                    tx.insert(&Line { cart: ToOne::to(cart), number: cart }).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
            let link = api.write(async |tx| tx.link::<Cart>(1, "lines", ["2~2"]).await).await;
            let unlink = api.write(async |tx| tx.unlink::<Cart>(1, "lines", ["1~1"]).await).await;
            let relink = api.write(async |tx| tx.relink::<Cart>(1, "lines", ["1~1", "2~2"]).await).await;
            for mistake in [link, unlink, relink] {
                assert!(matches!(mistake, Err(ApiError::Mistake(_))), "{mistake:?}");
            }
            let update = api.write(async |tx| {
                let mut cart: Cart = tx.read(1).await?;
                let line: Line = tx.read("2~2").await?;
                cart.lines = ToMany::to(vec![line.to_record()?.id.expect("an id")]);
                tx.update(&cart).await
            });
            assert!(update.await.is_err());
            let insert = api.write(async |tx| {
                let line: Line = tx.read("2~2").await?;
                let lines = ToMany::to(vec![line.to_record()?.id.expect("an id")]);
                tx.insert(&Cart { id: 3, lines }).await
            });
            assert!(insert.await.is_err());
            let lines = api.find::<Line>().all().await.unwrap();
            let lines: Vec<_> = lines.iter().map(|line| (line.cart.id().cloned(), line.number)).collect();
            assert_eq!(lines, [(Some(1.into()), 1), (Some(2.into()), 2)]);
        });
    });
}
