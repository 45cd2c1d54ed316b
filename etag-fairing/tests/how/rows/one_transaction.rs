//! A transfer changes two accounts, or none.

use etag_fairing::document::error::ErrorObject;
use etag_fairing::own::{ApiError, ResourceDocument};
use etag_fairing::{JsonApi, JsonApiResource, Preconditions};
use rocket::{State, post, routes};

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "accounts", etag)]
struct Account {
    #[jsonapi(id)]
    id: i64,
    balance: i64,
}

#[post("/accounts/<from>/pay/<to>/<amount>")]
async fn pay(
    from: i64,
    to: i64,
    amount: i64,
    preconditions: Preconditions<'_>,
    api: &State<JsonApi>,
) -> Result<ResourceDocument, ApiError> {
    api.write(async |tx| {
        let mut payer: Account = tx.read(from).await?;
        tx.check(&preconditions, &payer).await?;
        let mut payee: Account = tx.read(to).await?;
        payer.balance -= amount;
        payee.balance += amount;
        tx.update(&payee).await?;
        tx.update(&payer).await?;
        if payer.balance < 0 {
            return Err(ErrorObject::validation_failed("there is not so much on the account").into());
        }
        tx.document(&preconditions, &payer).await
    })
    .await
}

#[test]
fn changes_both_or_none() {
    on_each(
        || application().mount("/", Account::routes()).mount("/", routes![pay]),
        |client| {
            for _ in 0..2 {
                client.seed(&Account { id: 0, balance: 5 });
            }
            let first = client.get("/accounts/1").send().expect(200);
            let paid = client.post("/accounts/1/pay/2/3").if_match(first.tag()).send().expect(200);
            assert_eq!(paid.tag(), client.get("/accounts/1").send().tag());
            client.post("/accounts/1/pay/2/1").if_match(first.tag()).send().expect(412);
            client.post("/accounts/1/pay/2/3").send().expect(422);
            client.post("/accounts/1/pay/7/1").send().expect(404);
            let balances = client.get("/accounts").send().many::<Account>();
            assert_eq!(balances.iter().map(|it| it.balance).collect::<Vec<_>>(), [2, 8]);
        },
    );
}
