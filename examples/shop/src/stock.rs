//! What the shop begins with: some products, and two customers with some money.

use etag_fairing::JsonApi;
use etag_fairing::own::{ApiError, WriteTransaction};
use rocket::fairing::AdHoc;

use crate::money::Money;
use crate::resources::{Account, Article, Product};

/// Fills the shelves at the first start, when there is neither a product nor an account.
pub(crate) fn fairing() -> AdHoc {
    AdHoc::try_on_ignite("First stock", |rocket| async {
        let Some(api) = rocket.state::<JsonApi>() else { return Err(rocket) };
        match api.write(fill).await {
            Ok(()) => Ok(rocket),
            Err(error) => {
                log::error!("the shelves could not be filled: {error}");
                Err(rocket)
            }
        }
    })
}

async fn fill(tx: &mut WriteTransaction) -> Result<(), ApiError> {
    if tx.find::<Article>().exists().await? || tx.find::<Account>().exists().await? {
        return Ok(());
    }
    for (title, price, purchase_price, stock) in
        [("Kettle", 2_990, 1_400, 12), ("Teapot", 1_850, 905, 3), ("Tea, green, 100 g", 650, 210, 80)]
    {
        tx.insert(&Product {
            id: 0,
            title: title.into(),
            price: Money::cents(price),
            purchase_price: Some(Money::cents(purchase_price)),
            stock,
        })
        .await?;
    }
    for name in ["Ada", "Grace"] {
        tx.insert(&Account { id: 0, name: name.into(), balance: Money::cents(10_000) }).await?;
    }
    Ok(())
}
