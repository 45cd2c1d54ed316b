//! Somebody who buys.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use crate::books::wrong_sums;
use crate::desk::{Desk, Shop, Tried};

/// What is known of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was acknowledged.
    Placed,
    /// It was refused.
    Refused,
    /// There was no answer.
    Unknown,
}

/// A check-out.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(crate) id: Uuid,
    /// How many of which product.
    pub(crate) basket: BTreeMap<u64, u32>,
    pub(crate) known: Known,
    /// Whether a confirmation was tried, and whether it was acknowledged.
    pub(crate) confirmation: Option<Known>,
}

pub(crate) struct Customer {
    pub(crate) desk: Desk,
    shop: Arc<Shop>,
    who: String,
    pub(crate) account: u64,
    pub(crate) purchases: Vec<Purchase>,
}

impl Customer {
    pub(crate) fn new(desk: Desk, shop: Arc<Shop>, number: u64) -> Self {
        let account = usize::try_from(number).ok().and_then(|number| shop.accounts.get(number)).copied();
        let account = account.expect("an account each");
        Self { desk, shop, who: format!("customer-{account}"), account, purchases: Vec::new() }
    }

    pub(crate) async fn act(&mut self) {
        match fastrand::u8(..100) {
            0..50 => self.buy().await,
            50..55 => self.ask_again().await,
            55..80 => self.confirm().await,
            _ => self.look().await,
        }
    }

    async fn buy(&mut self) {
        // Two customers with the same products in another order wait for each other.
        let mut basket: Vec<(u64, u32)> = Vec::new();
        for _ in 0..fastrand::usize(1..=3) {
            let product = self.shop.some_product();
            if basket.iter().all(|(other, _)| *other != product) {
                basket.push((product, fastrand::u32(1..=3)));
            }
        }
        let mut purchase = Purchase {
            id: Uuid::now_v7(),
            basket: basket.iter().copied().collect(),
            known: Known::Unknown,
            confirmation: None,
        };
        purchase.known = self.check_out(purchase.id, &basket).await;
        self.purchases.push(purchase);
    }

    async fn check_out(&mut self, id: Uuid, basket: &[(u64, u32)]) -> Known {
        let lines: Vec<_> = basket
            .iter()
            .map(|(product, quantity)| json!({"product": product, "quantity": quantity}))
            .collect();
        let body = json!({"lines": lines});
        let target = format!("/orders/{id}");
        let asked = self.desk.ask(Method::PUT, &target, &self.who, None, Some(&body));
        // Some don't wait for the answer.
        let answer = match fastrand::u8(..12) {
            0 => timeout(Duration::from_micros(fastrand::u64(..8_000)), asked).await.ok(),
            _ => Some(asked.await),
        };
        match answer {
            Some(Ok(answer)) => match answer.status {
                200 | 201 => self.note(Tried::Bought, Known::Placed),
                402 | 404 | 409 => self.note(Tried::Refused, Known::Refused),
                503 => Known::Refused,
                other => {
                    self.desk.violations.push(format!("check-out: {other}"));
                    Known::Unknown
                }
            },
            Some(Err(_)) | None => Known::Unknown,
        }
    }

    fn note(&self, tried: Tried, known: Known) -> Known {
        self.shop.has_tried(tried);
        known
    }

    /// Asks for an order again that was not answered.
    async fn ask_again(&mut self) {
        let unknown = self.purchases.iter().position(|purchase| purchase.known == Known::Unknown);
        let Some((place, purchase)) =
            unknown.and_then(|place| Some((place, self.purchases.get(place)?.clone())))
        else {
            return;
        };
        let basket: Vec<_> = purchase.basket.into_iter().collect();
        let known = self.check_out(purchase.id, &basket).await;
        // The first request may still be on its way: a refusal of the second one says nothing of it.
        if let Some(purchase) = self.purchases.get_mut(place).filter(|_| known == Known::Placed) {
            purchase.known = known;
        }
    }

    /// Confirms one of the last orders, as it was seen.
    async fn confirm(&mut self) {
        let first = self.purchases.len().saturating_sub(5);
        let Some(place) =
            (first < self.purchases.len()).then(|| fastrand::usize(first..self.purchases.len()))
        else {
            return;
        };
        let purchase = self.purchases.get(place).filter(|purchase| purchase.known != Known::Refused);
        let Some(id) = purchase.map(|purchase| purchase.id) else { return };
        let target = format!("/orders/{id}");
        let Some((order, tag)) = self.desk.read(&target, &self.who).await else { return };
        let is_reserved = order["data"]["attributes"]["status"] == "reserved";
        let document =
            json!({"data": {"type": "orders", "id": id.to_string(), "attributes": {"status": "confirmed"}}});
        let answer = self.desk.ask(Method::PATCH, &target, &self.who, Some(&tag), Some(&document)).await;
        if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
            self.shop.has_tried(Tried::Confirmed);
        }
        let Some(purchase) = self.purchases.get_mut(place).filter(|_| is_reserved) else { return };
        purchase.confirmation = match answer.map(|answer| answer.status) {
            Ok(200) => Some(Known::Placed),
            Ok(_) => purchase.confirmation.or(Some(Known::Refused)),
            Err(_) => Some(Known::Unknown),
        };
    }

    /// Looks at the own orders, all of which are whole at each moment.
    async fn look(&mut self) {
        let page = "/orders?include=lines&sort=-reservedUntil&page[size]=10";
        let Some((document, _)) = self.desk.read(page, &self.who).await else { return };
        self.desk.violations.extend(wrong_sums(&document));
        for order in document["data"].as_array().into_iter().flatten() {
            let customer = &order["relationships"]["customer"]["data"]["id"];
            if customer.as_str() != Some(&*self.account.to_string()) {
                self.desk.violations.push(format!("{} sees an order of {customer}", self.account));
            }
        }
    }
}
