//! What the metrics tell of `api.write`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use etag_fairing::document::error::ErrorObject;
use etag_fairing::{JsonApi, Metrics};
use rocket::{Build, Rocket};

use crate::world::{Account, World, on_both_with};

/// The number that the metrics have at the beginning of this line.
fn metric(world: &World, sample: &str) -> u64 {
    let told = world.server.get("/metrics", &[]).is(200).text();
    let line = told.lines().find_map(|line| line.strip_prefix(sample)).unwrap_or_else(|| panic!("{told}"));
    line.trim().parse().expect("a number")
}

#[test]
fn what_becomes_of_own_writes_is_counted_and_how_often_they_are_repeated() {
    let with_metrics = |rocket: Rocket<Build>| {
        rocket.attach(JsonApi::fairing()).attach(Metrics::new()).mount("/metrics", Metrics::routes())
    };
    on_both_with(with_metrics, |world| {
        let (ada, bob) = (world.account("Ada", 0), world.account("Bob", 0));
        let runs = Arc::new(AtomicU64::new(0));
        // In opposite orders, so that they wait in a circle.
        let jobs = [(ada, bob), (bob, ada), (ada, bob), (bob, ada)].map(|(one, other)| {
            let (api, runs) = (world.api.clone(), Arc::clone(&runs));
            world.start_job(async move {
                for _ in 0..5 {
                    api.write(async |tx| {
                        runs.fetch_add(1, Ordering::Relaxed);
                        for id in [one, other] {
                            let mut account: Account = tx.read(id).await?;
                            rocket::tokio::task::yield_now().await;
                            account.balance += 1;
                            tx.update(&account).await?;
                        }
                        Ok(())
                    })
                    .await
                    .unwrap();
                }
            })
        });
        let api = world.api.clone();
        world.job(async move {
            for job in jobs {
                job.await.unwrap();
            }
            let refused = async |_: &mut _| Err::<(), _>(ErrorObject::validation_failed("no").into());
            assert!(api.write(refused).await.is_err());
        });
        let of = |outcome: &str| metric(world, &format!("etag_own_writes_total{{outcome=\"{outcome}\"}}"));
        assert_eq!((of("committed"), of("refused"), of("timed_out")), (20, 1, 0));
        // Each run is committed or repeated. What fails before the closure runs is repeated, too.
        let repeated = runs.load(Ordering::Relaxed) - 20;
        assert!(metric(world, "etag_writes_repeated_total") >= repeated);
        assert_eq!(metric(world, "etag_writes_timed_out_total"), 0);
    });
}
