//! Check-out: takes the goods from stock, makes the order and its lines, and takes the money. All of it or nothing.

use std::borrow::Cow;

use chrono::Utc;
use etag_fairing::document::error::{ErrorObject, Errors};
use etag_fairing::own::{ApiError, ResourceDocument, WriteTransaction};
use etag_fairing::{JsonApi, Preconditions, ToMany, ToOne};
use rocket::http::{Header, Status};
use rocket::{Responder, State, put};
use serde::Deserialize;
use uuid::Uuid;

use crate::configuration::Settings;
use crate::mail::Mailbox;
use crate::money::Money;
use crate::resources::{Account, Order, OrderLine, OrderStatus, Product};
use crate::roles::Customer;

/// What a customer wants to buy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Basket {
    lines: Vec<BasketLine>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BasketLine {
    product: i64,
    quantity: u32,
}

/// Buys what is in the basket, as an order whose id the customer chooses: who gets no answer may ask again, and
/// buys once.
#[put("/orders/<id>", data = "<basket>")]
pub(crate) async fn check_out(
    id: &str,
    basket: &str,
    customer: Customer,
    request: Preconditions<'_>,
    api: &State<JsonApi>,
    settings: &State<Settings>,
    mailbox: &State<Mailbox>,
) -> Result<Placed, Errors> {
    // The nil UUID means that no id was chosen.
    let id = Uuid::parse_str(id).ok().filter(|id| !id.is_nil()).ok_or_else(ErrorObject::not_found)?;
    let basket: Basket = serde_json::from_str(basket).map_err(|error| bad_basket(error.to_string()))?;
    basket.check()?;
    let order = Order {
        id,
        status: OrderStatus::Reserved,
        total: Money::default(),
        reserved_until: Utc::now() + settings.reservation(),
        customer: ToOne::to(customer.0),
        lines: ToMany::unread(),
    };
    let order = api
        .write(async |tx| {
            if let Some(known) = tx.read_optional::<Order>(id).await? {
                // Asked once more, since the first answer has not come.
                return if known.customer == order.customer {
                    tx.document(&request, &known).await
                } else {
                    Err(ErrorObject::id_exists("another order has this id").into())
                };
            }
            let order = basket.buy(tx, order.clone()).await?;
            let (mailbox, total) = (mailbox.inner().clone(), order.total);
            tx.after_commit(async move { mailbox.order_placed(customer.0, id, total) });
            Ok(tx.document(&request, &order).await?.status(Status::Created))
        })
        .await?;
    Ok(Placed { order, location: Header::new("Location", format!("/orders/{id}")) })
}

/// The order as a GET shows it now, with its tag.
#[derive(Responder)]
pub(crate) struct Placed {
    order: ResourceDocument,
    location: Header<'static>,
}

impl Basket {
    /// What can be said without looking at the shelves.
    fn check(&self) -> Result<(), Errors> {
        let mut errors = Vec::new();
        if self.lines.is_empty() {
            errors.push(bad_basket("the basket is empty").pointer("/lines"));
        }
        for (number, line) in self.lines.iter().enumerate() {
            if line.quantity == 0 {
                errors.push(bad_basket("must be at least 1").pointer(format!("/lines/{number}/quantity")));
            }
            if self.lines.iter().take(number).any(|other| other.product == line.product) {
                errors.push(bad_basket("has a line already").pointer(format!("/lines/{number}/product")));
            }
        }
        Errors::from_vec(errors).map_or(Ok(()), Err)
    }

    /// Buys it, in this transaction; gives the order with what it costs.
    async fn buy(&self, tx: &mut WriteTransaction, mut order: Order) -> Result<Order, ApiError> {
        let customer = order.customer.id().cloned().ok_or_else(ErrorObject::not_found)?;
        let mut account: Account = tx.read(customer).await?;
        let mut bought = Vec::new();
        // In one order, so that two who want the same goods don't wait for each other.
        let mut lines: Vec<_> = self.lines.iter().enumerate().collect();
        lines.sort_by_key(|(_, line)| line.product);
        for (number, line) in lines {
            // From here on, nobody else takes any of it until this transaction ends.
            let mut product: Product = tx.read_optional(line.product).await?.ok_or_else(|| {
                ErrorObject::new(Status::NotFound, "not_sold", "Not sold")
                    .detail(format!("there is no product {} on sale", line.product))
                    .pointer(format!("/lines/{number}/product"))
            })?;
            product.stock = product.stock.checked_sub(line.quantity).ok_or_else(|| {
                ErrorObject::new(Status::Conflict, "out_of_stock", "Out of stock")
                    .detail(format!("{} of {:?} are left", product.stock, product.title))
                    .pointer(format!("/lines/{number}/quantity"))
                    .meta("left", product.stock)
            })?;
            tx.update(&product).await?;
            let amount = product.price.times(line.quantity);
            order.total = amount.and_then(|amount| order.total.plus(amount)).ok_or_else(|| {
                bad_basket("nobody can pay so much").pointer(format!("/lines/{number}/quantity"))
            })?;
            bought.push(OrderLine {
                order: ToOne::to(order.id),
                product: ToOne::to(product.id),
                quantity: line.quantity,
                price: product.price,
            });
        }
        account.balance = account.balance.minus(order.total).ok_or_else(|| {
            ErrorObject::new(Status::PaymentRequired, "not_enough_money", "Not enough money").detail(format!(
                "the order costs {}, and {} are in the account",
                order.total, account.balance
            ))
        })?;
        tx.update(&account).await?;
        tx.insert(&order).await?;
        for line in &bought {
            tx.insert(line).await?;
        }
        Ok(order)
    }
}

fn bad_basket(detail: impl Into<Cow<'static, str>>) -> ErrorObject {
    ErrorObject::new(Status::UnprocessableEntity, "bad_basket", "Bad basket").detail(detail)
}
