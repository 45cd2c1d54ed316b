//! The job: orders that nobody has confirmed in time give back their goods and their money.

use chrono::{SecondsFormat, Utc};
use etag_fairing::own::{ApiError, WriteTransaction};
use etag_fairing::resource::{ResourceId, member};
use etag_fairing::{JsonApi, ToOne};
use rocket::fairing::AdHoc;
use rocket::tokio::{select, spawn, time};

use crate::configuration::Settings;
use crate::resources::{Account, Article, Order, OrderLine, OrderStatus};

/// Runs as long as the server does.
pub(crate) fn fairing() -> AdHoc {
    AdHoc::on_liftoff("Release of orders", |rocket| {
        Box::pin(async move {
            let (Some(api), Some(settings)) = (rocket.state::<JsonApi>(), rocket.state::<Settings>()) else {
                return;
            };
            let (api, pause, mut stop) = (api.clone(), settings.release_every(), rocket.shutdown());
            spawn(async move {
                loop {
                    select! {
                        () = &mut stop => return,
                        () = time::sleep(pause) => {}
                    }
                    if let Err(error) = release_all(&api).await {
                        log::warn!("orders were not released, and will be next time: {error}");
                    }
                }
            });
        })
    })
}

/// Releases what is over, each order by itself, so that no customer waits for all of them.
async fn release_all(api: &JsonApi) -> Result<(), ApiError> {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let over = member("status").equals("reserved").and(member("reservedUntil").less_than(now));
    for id in api.find::<Order>().matching(over).ids().await? {
        if api.write(async |tx| release(tx, &id).await).await? {
            log::info!("order {id} is released");
        }
    }
    Ok(())
}

/// Releases an order, in this transaction; whether it was still to be released.
async fn release(tx: &mut WriteTransaction, id: &ResourceId) -> Result<bool, ApiError> {
    let mut order: Order = tx.read(id).await?;
    if order.status != OrderStatus::Reserved {
        // The customer has confirmed it meanwhile.
        return Ok(false);
    }
    order.status = OrderStatus::Released;
    tx.update(&order).await?;
    // Locked in the order in which a check-out does it: the account, and then the goods.
    let mut account: Account = tx.read(related(&order.customer)?).await?;
    account.balance =
        account.balance.plus(order.total).ok_or_else(|| ApiError::other("an account overflows"))?;
    tx.update(&account).await?;
    let lines = tx.find::<OrderLine>().matching(member("order").equals(id.to_string())).sorted_by("product");
    for line in lines.all().await? {
        // An article, not a product: what is no longer sold is given back, too.
        let mut article: Article = tx.read(related(&line.product)?).await?;
        article.stock = article.stock.saturating_add(line.quantity);
        tx.update(&article).await?;
    }
    Ok(true)
}

fn related<T>(relationship: &ToOne<T>) -> Result<&ResourceId, ApiError> {
    relationship.id().ok_or_else(|| ApiError::other("a required relationship is empty"))
}
