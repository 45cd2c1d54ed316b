//! What the shop has, as structs: each is a JSON:API resource.

use chrono::{DateTime, Utc};
use etag_fairing::document::error::ErrorObject;
use etag_fairing::resource::{HookError, Hooks, Write};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::http::Status;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::money::Money;
use crate::roles::{Admin, Caller, Clerk, own_account, own_lines, own_orders};

/// What is on sale. A DELETE takes it out of sale, and keeps its row for the orders that have it.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "products", etag, require_if_match, soft_delete = "deleted_at")]
#[jsonapi(guard(create = Clerk, update = Clerk, delete = Clerk))]
pub(crate) struct Product {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) price: Money,
    /// What the shop has paid for it.
    #[jsonapi(readable_by = Admin)]
    pub(crate) purchase_price: Option<Money>,
    /// How many there are. The type has no negative numbers.
    #[jsonapi(default)]
    pub(crate) stock: u32,
}

/// What was ever on sale: the same rows, with those that are no longer sold. Orders refer to these.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "articles", table = "products", etag)]
pub(crate) struct Article {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) title: String,
    #[jsonapi(read_only, default)]
    pub(crate) stock: u32,
    #[jsonapi(rename = "soldUntil", read_only)]
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// A customer's money.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "accounts", etag, scope = own_account)]
#[jsonapi(guard(create = Admin, update = Admin, delete = Admin, others = Caller))]
pub(crate) struct Account {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) name: String,
    #[jsonapi(default)]
    pub(crate) balance: Money,
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderStatus {
    /// Taken from stock and paid, until its time is over.
    #[default]
    Reserved,
    /// The customer has said yes.
    Confirmed,
    /// On its way.
    Shipped,
    /// Nobody has said yes in time: the goods are in stock again, and the money is in the account.
    Released,
}

/// What a customer has bought. A check-out makes it, and nobody deletes it.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "orders", etag, hooks, scope = own_orders)]
#[jsonapi(guard(update_relationship = Admin, others = Caller))]
pub(crate) struct Order {
    #[jsonapi(id)]
    pub(crate) id: Uuid,
    #[jsonapi(text, default)]
    pub(crate) status: OrderStatus,
    #[jsonapi(read_only, default)]
    pub(crate) total: Money,
    /// When it is released, if the customer has not confirmed it.
    #[jsonapi(read_only, default)]
    pub(crate) reserved_until: DateTime<Utc>,
    #[jsonapi(relationship, required)]
    pub(crate) customer: ToOne<Account>,
    #[jsonapi(relationship, inverse = "order")]
    pub(crate) lines: ToMany<OrderLine>,
}

/// So many of a product in an order, at the price of that day. Order and product are its id: each product has one line.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "order-lines", id(order, product), etag, scope = own_lines, computed(amount = Self::amount))]
#[jsonapi(guard(update_relationship = Admin, others = Caller))]
pub(crate) struct OrderLine {
    #[jsonapi(relationship, required)]
    pub(crate) order: ToOne<Order>,
    #[jsonapi(relationship, required)]
    pub(crate) product: ToOne<Article>,
    pub(crate) quantity: u32,
    pub(crate) price: Money,
}

impl OrderLine {
    fn amount(&self) -> Option<Money> {
        self.price.times(self.quantity)
    }
}

/// The picture of the product with the same id. It has routes of its own: see `picture.rs`.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "pictures", guard = Admin)]
pub(crate) struct Picture {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) media_type: String,
    pub(crate) bytes: Vec<u8>,
}

#[rocket::async_trait]
impl Hooks for Order {
    /// A customer confirms, the shop ships, and nobody takes anything back.
    async fn before_update(&mut self, current: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        let is_customer = matches!(Caller::of(write.request()), Some(Caller::Customer(_)));
        match (current.status, self.status) {
            (before, after) if before == after => Ok(()),
            (OrderStatus::Reserved, OrderStatus::Confirmed) => Ok(()),
            (OrderStatus::Confirmed, OrderStatus::Shipped) if !is_customer => Ok(()),
            (before, after) => {
                let error = ErrorObject::new(Status::Conflict, "wrong_step", "Wrong step");
                let detail = format!("an order that is {before:?} can't become {after:?}").to_lowercase();
                Err(error.detail(detail).pointer("/data/attributes/status").into())
            }
        }
    }
}
