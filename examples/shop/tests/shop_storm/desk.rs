//! What everybody in the storm has: a way to the server, a count of its answers, and the shop as it began.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;

use etag_fairing_storm::http::{Answer, Client, NoAnswer};
use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderName, IF_MATCH};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A connection of somebody's, who counts the answers.
pub(crate) struct Desk {
    client: Client,
    /// How often each status came; 0 is no answer.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// What can't be right, as seen while the storm blew.
    pub(crate) violations: Vec<String>,
}

/// A product, and how many there were of it at first.
pub(crate) type Product = (u64, u32);

/// The shop as it began, and what is on sale now.
pub(crate) struct Shop {
    /// All that was ever on sale.
    pub(crate) products: Mutex<Vec<Product>>,
    /// What is on sale, as far as the clerks know.
    pub(crate) on_sale: Mutex<Vec<u64>>,
    /// What has been tried: without all of it, the books say nothing.
    pub(crate) tried: Mutex<BTreeSet<Tried>>,
    /// The accounts of the customers.
    pub(crate) accounts: Vec<u64>,
    /// What was in each of them.
    pub(crate) balance: Decimal,
}

/// What clients try, with an answer that says what has come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tried {
    Bought,
    Refused,
    Confirmed,
    Edited,
    EditedTooLate,
}

const ALL: [Tried; 5] =
    [Tried::Bought, Tried::Refused, Tried::Confirmed, Tried::Edited, Tried::EditedTooLate];

const PRODUCTS: usize = 12;

impl Desk {
    pub(crate) fn at(server: SocketAddr) -> Self {
        Self { client: Client::new(&[server]), statuses: BTreeMap::new(), violations: Vec::new() }
    }

    /// Asks, and counts the answer.
    pub(crate) async fn ask(
        &mut self,
        method: Method,
        target: &str,
        who: &str,
        tag: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, NoAnswer> {
        let mut fields: Vec<(HeaderName, String)> = vec![(AUTHORIZATION, format!("Bearer {who}"))];
        fields.extend(tag.map(|tag| (IF_MATCH, tag.to_owned())));
        let answer = self.client.send(method.clone(), target, &fields, body).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        *self.statuses.entry(status).or_default() += 1;
        if status >= 500 && status != 503 {
            self.violations.push(format!("{method} {target}: {status}"));
        }
        answer
    }

    /// The document at a path, with its tag; nothing where there is none.
    pub(crate) async fn read(&mut self, target: &str, who: &str) -> Option<(Value, String)> {
        let answer = self.ask(Method::GET, target, who, None, None).await.ok()?;
        (answer.status == 200).then(|| (answer.json(), answer.tag.unwrap_or_default()))
    }

    /// Makes a resource; its id.
    pub(crate) async fn create(&mut self, kind: &str, attributes: Value) -> Option<u64> {
        let document = json!({"data": {"type": kind, "attributes": attributes}});
        let answer =
            self.ask(Method::POST, &format!("/{kind}"), "admin", None, Some(&document)).await.ok()?;
        (answer.status == 201).then(|| answer.json()["data"]["id"].as_str()?.parse().ok())?
    }
}

impl Shop {
    /// Fills the shelves and the accounts.
    pub(crate) async fn open(mut desk: Desk, customers: u64) -> Self {
        let balance = Decimal::new(200_000, 2);
        let mut shop = Self {
            products: Mutex::default(),
            on_sale: Mutex::default(),
            tried: Mutex::default(),
            accounts: Vec::new(),
            balance,
        };
        for _ in 0..PRODUCTS {
            assert!(shop.offer(&mut desk).await, "a product");
        }
        for number in 0..customers {
            let account = json!({"name": format!("Customer {number}"), "balance": balance.to_string()});
            shop.accounts.push(desk.create("accounts", account).await.expect("an account"));
        }
        shop
    }

    /// Puts a new product on sale; of some there are only a few. Whether it was acknowledged.
    pub(crate) async fn offer(&self, desk: &mut Desk) -> bool {
        let stock = if fastrand::bool() { 500 } else { fastrand::u32(1..20) };
        let attributes =
            json!({"title": "Tea #0", "price": price(0), "purchasePrice": "0.10", "stock": stock});
        let Some(id) = desk.create("products", attributes).await else { return false };
        self.products.lock().expect("no panic").push((id, stock));
        self.on_sale.lock().expect("no panic").push(id);
        true
    }

    pub(crate) fn has_tried(&self, what: Tried) {
        self.tried.lock().expect("no panic").insert(what);
    }

    /// Whether everything was tried, and the job had something to release.
    pub(crate) async fn has_tried_everything(&self, desk: &mut Desk) -> bool {
        if ALL.iter().any(|what| !self.tried.lock().expect("no panic").contains(what)) {
            return false;
        }
        let released = desk.read("/orders?filter[status]=released&page[size]=1", "admin").await;
        released.is_some_and(|(document, _)| document["data"].as_array().is_some_and(|rows| !rows.is_empty()))
    }

    /// One of what is on sale.
    pub(crate) fn some_product(&self) -> u64 {
        let on_sale = self.on_sale.lock().expect("no panic");
        fastrand::choice(on_sale.iter().copied()).expect("something is on sale")
    }
}

/// The price that goes with an edit of a product.
pub(crate) fn price(edit: u64) -> String {
    format!("{}.{:02}", 1 + edit % 7, edit % 100)
}

/// A number of a document, which is text there.
pub(crate) fn amount(value: &Value) -> Option<Decimal> {
    Decimal::from_str_exact(value.as_str()?).ok()
}
