//! What runs after a commit: once, and never for what was refused, undone or repeated.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use etag_fairing::own::ApiError;
use etag_fairing::resource::Committed;
use etag_fairing::{JsonApi, ToOne};
use serde_json::json;

use crate::world::{Account, Entry, World, on_both, on_both_with};

type Heard = Arc<Mutex<Vec<Committed<Account>>>>;

/// Hears of each change of an account; of those of Eve with an error, of those of Pan with a panic.
fn hearing(test: impl Fn(&World, &Heard)) {
    let heard: Heard = Arc::default();
    let listener = {
        let heard = Arc::clone(&heard);
        move |change: Committed<Account>, api: JsonApi| {
            let heard = Arc::clone(&heard);
            async move {
                if let Some(after) = change.after() {
                    let stored: Account = api.read(after.id).await?;
                    // Another write may have come since, and none here takes anything away.
                    assert!(stored.balance >= after.balance, "it is committed by now");
                }
                let owner = change.after().or(change.before()).unwrap().owner.clone();
                heard.lock().unwrap().push(change);
                match owner.as_str() {
                    "Eve" => Err(ApiError::other("no")),
                    "Pan" => panic!("no"),
                    _ => Ok(()),
                }
            }
        }
    };
    on_both_with(
        |rocket| rocket.attach(JsonApi::fairing().after_commit(listener.clone())),
        |world| {
            heard.lock().unwrap().clear();
            test(world, &heard);
        },
    );
}

fn take(heard: &Heard) -> Vec<String> {
    let name = |it: Option<&Account>| it.map_or("-".to_owned(), |it| format!("{} {}", it.owner, it.balance));
    let taken = std::mem::take(&mut *heard.lock().unwrap());
    taken.iter().map(|it| format!("{} > {}", name(it.before()), name(it.after()))).collect()
}

#[test]
fn it_hears_of_what_the_routes_have_changed() {
    hearing(|world, heard| {
        let ada = world.account("Ada", 5);
        assert_eq!(take(heard), ["- > Ada 5"]);
        let own = format!("/accounts/{ada}");
        let patch = |attributes| json!({ "data": { "type": "accounts", "id": ada.to_string(), "attributes": attributes } });
        world.server.write("PATCH", &own, &patch(json!({ "balance": 6 }))).is(200);
        assert_eq!(take(heard), ["Ada 5 > Ada 6"]);
        world.server.write("PATCH", &own, &patch(json!({ "balance": "much" }))).is(422);
        let stale = world.server.send("DELETE", &own, &[("If-Match", "\"x\"")], "");
        stale.is(412);
        assert_eq!(take(heard), [""; 0]);
        let label = json!({ "data": { "type": "labels", "attributes": { "name": "Blue" } } });
        let label = world.create(&label).json()["data"]["id"].clone();
        let linkage = json!({ "data": [{ "type": "labels", "id": label }] });
        world.server.write("POST", &format!("{own}/relationships/labels"), &linkage).is(200);
        {
            let heard = heard.lock().unwrap();
            let [Committed::Updated { before, after, .. }] = heard.as_slice() else { panic!("{heard:?}") };
            assert_eq!((before.labels.ids().unwrap().len(), after.labels.ids().unwrap().len()), (0, 1));
        }
        take(heard);
        world.server.send("DELETE", &own, &[], "").is(204);
        assert_eq!(take(heard), ["Ada 6 > -"]);
    });
}

#[test]
fn an_error_and_a_panic_change_nothing() {
    hearing(|world, heard| {
        world.account("Eve", 1);
        world.account("Pan", 1);
        world.account("Ada", 1);
        assert_eq!(take(heard), ["- > Eve 1", "- > Pan 1", "- > Ada 1"]);
        let api = world.api.clone();
        world.job(async move {
            assert_eq!(api.find::<Account>().count().await.unwrap(), 3);
        });
    });
}

#[test]
fn several_changes_of_one_resource_are_heard_of_once() {
    hearing(|world, heard| {
        let ada = world.account("Ada", 5);
        let bob = world.account("Bob", 5);
        take(heard);
        let api = world.api.clone();
        world.job(async move {
            let account = |owner: &str| Account {
                id: 0,
                owner: owner.into(),
                balance: 1,
                labels: Default::default(),
                entries: Default::default(),
            };
            let (cleo, dan) = (account("Cleo"), account("Dan"));
            api.write(async |tx| {
                let mut account: Account = tx.read(ada).await?;
                account.balance += 1;
                tx.update(&account).await?;
                account.balance += 1;
                tx.update(&account).await?;
                tx.delete::<Account>(bob).await?;
                tx.insert(&cleo).await?;
                let dan = tx.insert(&dan).await?;
                // Nobody hears of what was never there.
                tx.delete::<Account>(dan).await
            })
            .await
            .unwrap();
            let refused = api
                .write(async |tx| {
                    tx.delete::<Account>(ada).await?;
                    Err::<(), _>(ApiError::other("no"))
                })
                .await;
            assert!(refused.is_err());
        });
        assert_eq!(take(heard), ["Ada 5 > Ada 7", "Bob 5 > -", "- > Cleo 1"]);
    });
}

/// Writes that share a commit, and writes that conflict: each acknowledged one is heard of exactly once.
#[test]
fn what_is_repeated_is_heard_of_once() {
    hearing(|world, heard| {
        let ada = world.account("Ada", 0);
        let bob = world.account("Bob", 0);
        take(heard);
        let jobs: Vec<_> = (0..6)
            .map(|number| {
                let api = world.api.clone();
                let (one, other) = if number % 2 == 0 { (ada, bob) } else { (bob, ada) };
                world.start_job(async move {
                    for _ in 0..5 {
                        api.write(async |tx| {
                            let mut first: Account = tx.read(one).await?;
                            rocket::tokio::task::yield_now().await;
                            let mut second: Account = tx.read(other).await?;
                            first.balance += 1;
                            second.balance += 1;
                            tx.update(&first).await?;
                            tx.update(&second).await
                        })
                        .await
                        .unwrap();
                    }
                })
            })
            .collect();
        std::thread::scope(|scope| {
            for number in 0..4 {
                scope.spawn(move || {
                    for _ in 0..5 {
                        world.account(&format!("client {number}"), 0);
                    }
                });
            }
        });
        world.job(async move {
            for job in jobs {
                job.await.unwrap();
            }
        });
        let heard = std::mem::take(&mut *heard.lock().unwrap());
        let created = heard.iter().filter(|it| it.before().is_none()).count();
        assert_eq!(created, 20);
        for id in [ada, bob] {
            let of_one = heard.iter().filter_map(Committed::after).filter(|it| it.id == id);
            let mut balances: Vec<_> = of_one.map(|it| it.balance).collect();
            balances.sort_unstable();
            assert_eq!(balances, (1..=30).collect::<Vec<_>>(), "each state once");
        }
    });
}

#[test]
fn work_of_one_transaction_runs_in_order_after_its_commit() {
    on_both(|world| {
        let ada = world.account("Ada", 5);
        let (ran, api) = (Arc::new(Mutex::new(Vec::new())), world.api.clone());
        let seen = Arc::clone(&ran);
        world.job(async move {
            let note = |text: &'static str| {
                let (ran, api) = (Arc::clone(&ran), api.clone());
                async move {
                    let balance = api.read::<Account>(ada).await.unwrap().balance;
                    ran.lock().unwrap().push((text, balance));
                }
            };
            api.write(async |tx| {
                let mut account: Account = tx.read(ada).await?;
                tx.after_commit(note("first"));
                tx.after_commit(async { panic!("no") });
                account.balance = 1;
                tx.update(&account).await?;
                tx.after_commit(note("last"));
                Ok(())
            })
            .await
            .unwrap();
            let refused = api
                .write(async |tx| {
                    tx.after_commit(note("never"));
                    Err::<(), _>(ApiError::other("no"))
                })
                .await;
            assert!(refused.is_err());
            // A commit that fails: the row refers to what is gone when the transaction ends.
            let account = ToOne::to(99);
            let broken = Entry { id: 0, amount: 1, account, version: 0 };
            let failed = api
                .write(async |tx| {
                    tx.after_commit(note("never"));
                    tx.insert(&broken).await
                })
                .await;
            assert!(failed.is_err());
        });
        assert_eq!(*seen.lock().unwrap(), [("first", 1), ("last", 1)]);
    });
}

/// Sixteen jobs move money among four accounts, while clients change the same accounts with `If-Match`.
#[test]
fn a_storm_loses_no_acknowledged_update() {
    on_both(|world| {
        let accounts: Vec<i64> =
            (0..4).map(|number| world.account(&format!("Owner {number}"), 1000)).collect();
        // What clients have put in, as they were told.
        let paid_in = AtomicI64::new(0);
        let refused = AtomicU32::new(0);
        let jobs: Vec<_> = (0..16_usize)
            .map(|number| {
                let (api, accounts) = (world.api.clone(), accounts.clone());
                world.start_job(async move {
                    for round in 0..4 {
                        let from = accounts[(number + round) % 4];
                        let over = accounts[(number * 3 + round + 1) % 4];
                        let to = accounts[(number + 2 * round + 3) % 4];
                        api.write(async |tx| {
                            for (id, amount) in [(from, -3), (over, 1), (to, 2)] {
                                let mut account: Account = tx.read(id).await?;
                                account.balance += amount;
                                tx.update(&account).await?;
                            }
                            Ok(())
                        })
                        .await
                        .unwrap();
                    }
                })
            })
            .collect();
        std::thread::scope(|scope| {
            for number in 0..3_usize {
                let (accounts, paid_in, refused) = (&accounts, &paid_in, &refused);
                scope.spawn(move || {
                    for round in 0..8 {
                        let id = accounts[(number + round) % 4];
                        let path = format!("/accounts/{id}");
                        let read = world.server.get(&path, &[]).is(200);
                        let balance = read.json()["data"]["attributes"]["balance"].as_i64().unwrap();
                        let attributes = json!({ "balance": balance + 100 });
                        let document =
                            json!({ "data": { "type": "accounts", "id": id.to_string(), "attributes": attributes } });
                        let fields = [
                            ("If-Match", read.field("etag").unwrap()),
                            ("Content-Type", "application/vnd.api+json"),
                        ];
                        let answer = world.server.send("PATCH", &path, &fields, &document.to_string());
                        match answer.status {
                            200 => drop(paid_in.fetch_add(100, Ordering::Relaxed)),
                            412 | 503 => drop(refused.fetch_add(1, Ordering::Relaxed)),
                            _ => panic!("{}", answer.text()),
                        }
                    }
                });
            }
        });
        world.job(async move {
            for job in jobs {
                job.await.unwrap();
            }
        });
        let sum: i64 = accounts.iter().map(|id| world.balance(*id)).sum();
        assert_eq!(sum, 4000 + paid_in.load(Ordering::Relaxed), "{refused:?} were refused");
    });
}
