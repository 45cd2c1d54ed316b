//! Somebody who works in the shop.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::Method;
use serde_json::json;

use crate::desk::{Desk, Shop, Tried, price};

pub(crate) struct Clerk {
    pub(crate) desk: Desk,
    shop: Arc<Shop>,
    /// How many edits of each product were acknowledged.
    pub(crate) edits: BTreeMap<u64, u64>,
    /// How many edits of each product were not answered.
    pub(crate) unknown: BTreeMap<u64, u64>,
    /// What was taken out of sale.
    pub(crate) retired: u64,
}

impl Clerk {
    pub(crate) fn new(desk: Desk, shop: Arc<Shop>) -> Self {
        Self { desk, shop, edits: BTreeMap::new(), unknown: BTreeMap::new(), retired: 0 }
    }

    pub(crate) async fn act(&mut self) {
        let product = self.shop.some_product();
        if fastrand::u8(..100) == 0 {
            self.retire(product).await;
        } else {
            self.edit(product).await;
        }
    }

    /// Counts an edit in the title, and changes the price. Each edit sees the one before it.
    async fn edit(&mut self, product: u64) {
        let target = format!("/products/{product}");
        let Some((document, tag)) = self.desk.read(&target, "clerk").await else { return };
        let attributes = &document["data"]["attributes"];
        if !attributes["stock"].is_u64() || !attributes["purchasePrice"].is_null() {
            self.desk.violations.push(format!("a clerk sees {attributes}"));
        }
        let title = attributes["title"].as_str().unwrap_or_default();
        let Some(edit) = title.strip_prefix("Tea #").and_then(|edit| edit.parse::<u64>().ok()) else {
            return self.desk.violations.push(format!("a title is {title:?}"));
        };
        let attributes = json!({"title": format!("Tea #{}", edit + 1), "price": price(edit + 1)});
        let change =
            json!({"data": {"type": "products", "id": product.to_string(), "attributes": attributes}});
        let answer = self.desk.ask(Method::PATCH, &target, "clerk", Some(&tag), Some(&change)).await;
        match answer.map(|answer| answer.status) {
            Ok(200) => {
                self.shop.has_tried(Tried::Edited);
                *self.edits.entry(product).or_default() += 1;
            }
            Ok(412) => self.shop.has_tried(Tried::EditedTooLate),
            Ok(404 | 503) => {}
            Ok(other) => self.desk.violations.push(format!("edit: {other}")),
            Err(_) => *self.unknown.entry(product).or_default() += 1,
        }
    }

    /// Takes a product out of sale, if nobody has changed it, and puts a new one in its place.
    async fn retire(&mut self, product: u64) {
        let target = format!("/products/{product}");
        let Some((_, tag)) = self.desk.read(&target, "clerk").await else { return };
        let answer = self.desk.ask(Method::DELETE, &target, "clerk", Some(&tag), None).await;
        if answer.is_ok_and(|answer| answer.status == 204) {
            self.retired += 1;
            // The new one first: something is always on sale.
            self.shop.offer(&mut self.desk).await;
            self.shop.on_sale.lock().expect("no panic").retain(|other| *other != product);
        }
    }
}
