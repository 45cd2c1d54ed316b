//! SQL of the application's own on the same transaction.

use etag_fairing::document::error::Errors;
use etag_fairing::own::{ApiError, WriteTransaction};
use etag_fairing::store::StoreError;

use crate::world::{Account, World, on_both};

/// Runs a statement on whichever database it is.
async fn run(tx: &mut WriteTransaction, sql: &'static str) -> Result<(), ApiError> {
    #[cfg(feature = "postgres")]
    match tx.raw_postgres(async |client| client.execute(sql, &[]).await).await {
        Err(ApiError::Mistake(_)) => {}
        done => return done.map(drop),
    }
    tx.raw_sqlite(move |connection| connection.execute(sql, [])).await.map(drop)
}

fn start(world: &World) -> (i64, String, String) {
    let ada = world.account("Ada", 5);
    let own = format!("/accounts/{ada}");
    // Into the memo, and from it.
    let tag = world.tag(&own);
    assert_eq!(world.tag(&own), tag);
    (ada, own, tag)
}

#[test]
fn it_is_committed_with_the_rest_and_shows_in_tags_at_once() {
    on_both(|world| {
        let (ada, own, tag) = start(world);
        let api = world.api.clone();
        world.job(async move {
            api.write(async |tx| {
                let mut account: Account = tx.read(ada).await?;
                account.owner = "Ann".into();
                tx.update(&account).await?;
                run(tx, "UPDATE accounts SET balance = balance * 10").await?;
                let seen: Account = tx.read(ada).await?;
                assert_eq!((seen.owner.as_str(), seen.balance), ("Ann", 50));
                Ok(())
            })
            .await
            .unwrap();
        });
        assert_ne!(world.tag(&own), tag);
        assert_eq!(world.balance(ada), 50);
        // SQL alone.
        let tag = world.tag(&own);
        let api = world.api.clone();
        world.job(async move {
            api.write(async |tx| run(tx, "UPDATE accounts SET balance = 7").await).await.unwrap();
        });
        assert_ne!(world.tag(&own), tag);
        assert_eq!(world.balance(ada), 7);
    });
}

#[test]
fn what_fails_is_undone_alone_and_what_is_refused_as_a_whole() {
    on_both(|world| {
        let (ada, own, tag) = start(world);
        let api = world.api.clone();
        world.job(async move {
            let refused = api
                .write(async |tx| {
                    run(tx, "UPDATE accounts SET balance = 0").await?;
                    Err::<(), _>(ApiError::other("no"))
                })
                .await;
            assert!(matches!(refused, Err(ApiError::Other(_))), "{refused:?}");
        });
        assert_eq!(world.tag(&own), tag);
        let api = world.api.clone();
        world.job(async move {
            api.write(async |tx| {
                run(tx, "UPDATE accounts SET balance = 8").await?;
                let broken = run(tx, "UPDATE accounts SET owner = NULL").await;
                assert!(
                    matches!(&broken, Err(ApiError::Store { error: StoreError::Constraint(_), .. })),
                    "{broken:?}"
                );
                let wrong = run(tx, "UPDATE nothing SET owner = NULL").await;
                assert!(matches!(&wrong, Err(ApiError::Store { .. })), "{wrong:?}");
                let mut account: Account = tx.read(ada).await?;
                account.balance += 1;
                tx.update(&account).await
            })
            .await
            .unwrap();
        });
        assert_eq!(world.balance(ada), 9);
    });
}

/// Whatever the SQL does with the transaction, what is acknowledged is there.
#[test]
fn who_ends_the_transaction_is_told() {
    on_both(|world| {
        let (ada, ..) = start(world);
        for sql in ["ROLLBACK", "COMMIT"] {
            let api = world.api.clone();
            let written = world.job(async move {
                api.write(async |tx| {
                    let mut account: Account = tx.read(ada).await?;
                    account.balance += 100;
                    // The error is overlooked here.
                    let _ = run(tx, sql).await;
                    let _ = tx.update(&account).await;
                    Ok(())
                })
                .await
            });
            assert!(written.is_err(), "{sql}: {written:?}");
            assert_eq!(world.balance(ada), 5, "{sql}");
        }
        // The connection is of use still.
        let api = world.api.clone();
        world.job(async move {
            api.write(async |tx| run(tx, "UPDATE accounts SET balance = 6").await).await.unwrap();
        });
        assert_eq!(world.balance(ada), 6);
    });
}

/// Breaks a rule that the database looks at with the commit.
async fn break_the_commit(tx: &mut WriteTransaction) -> Result<(), ApiError> {
    #[cfg(feature = "postgres")]
    {
        let sql =
            "CREATE TABLE later (account BIGINT REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED);
                   INSERT INTO later VALUES (99)";
        match tx.raw_postgres(async |client| client.batch_execute(sql).await).await {
            Err(ApiError::Mistake(_)) => {}
            done => return done,
        }
    }
    let sql = "PRAGMA defer_foreign_keys = ON;
               INSERT INTO entries (amount, account_id, version) VALUES (1, 99, 1)";
    tx.raw_sqlite(move |connection| connection.execute_batch(sql)).await
}

#[test]
fn a_commit_that_fails_is_told_and_nothing_runs_after_it() {
    on_both(|world| {
        let (ada, own, tag) = start(world);
        let api = world.api.clone();
        world.job(async move {
            let failed = api
                .write(async |tx| {
                    tx.after_commit(async { panic!("there is no commit") });
                    let mut account: Account = tx.read(ada).await?;
                    account.balance = 0;
                    tx.update(&account).await?;
                    break_the_commit(tx).await
                })
                .await;
            let Err(ApiError::Store { error: StoreError::Constraint(_), .. }) = failed else {
                panic!("{failed:?}")
            };
            let errors = Errors::from(failed.unwrap_err());
            assert_eq!(errors.status().code, 409);
        });
        assert_eq!(world.tag(&own), tag);
    });
}

/// PostgreSQL answers the commit of a transaction in which a statement has failed with a rollback, and no error.
#[cfg(feature = "postgres")]
#[test]
fn an_error_that_the_sql_overlooks_is_none_that_the_commit_overlooks() {
    on_both(|world| {
        let (ada, ..) = start(world);
        let api = world.api.clone();
        let written = world.job(async move {
            api.write(async |tx| {
                run(tx, "UPDATE accounts SET balance = 6").await?;
                let overlooked = tx
                    .raw_postgres(async |client| {
                        let _ = client.execute("UPDATE nothing SET owner = NULL", &[]).await;
                        Ok(())
                    })
                    .await;
                if matches!(overlooked, Err(ApiError::Mistake(_))) {
                    return overlooked;
                }
                assert!(overlooked.is_err());
                Ok(())
            })
            .await
        });
        assert!(written.is_err(), "{written:?}");
        assert_eq!(world.balance(ada), 5);
    });
}
