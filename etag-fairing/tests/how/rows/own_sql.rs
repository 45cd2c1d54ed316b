//! SQL beside the structs, committed with them or not at all.

use etag_fairing::own::{ApiError, WriteTransaction};
use etag_fairing::JsonApiResource;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "prices", etag)]
struct Price {
    #[jsonapi(id)]
    id: i64,
    cents: i64,
}

async fn double_all(tx: &mut WriteTransaction) -> Result<u64, ApiError> {
    const SQL: &str = "UPDATE prices SET cents = cents * 2";
    #[cfg(feature = "postgres")]
    match tx.raw_postgres(async |client| client.execute(SQL, &[]).await).await {
        Err(ApiError::Mistake(_)) => {}
        done => return done,
    }
    let changed = tx.raw_sqlite(|connection| connection.execute(SQL, [])).await?;
    Ok(changed as u64)
}

#[test]
fn shows_in_tags_at_once() {
    on_each(
        || application().mount("/", Price::routes()),
        |client| {
            for cents in [5, 7] {
                client.seed(&Price { id: 0, cents });
            }
            let before = client.get("/prices").send().expect(200);
            let doubled = client.api().write(async |tx| {
                tx.insert(&Price { id: 0, cents: 1 }).await?;
                double_all(tx).await
            });
            assert_eq!(client.wait(doubled).expect("it is committed"), 3);
            let after = client.get("/prices").if_none_match(before.tag()).send().expect(200);
            assert_eq!(after.many::<Price>().iter().map(|it| it.cents).collect::<Vec<_>>(), [10, 14, 2]);
        },
    );
}
