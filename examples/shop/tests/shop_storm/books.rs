//! The books, closed after the storm: what was there at first, what is there now, and what was said.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::clerk::Clerk;
use crate::customer::{Customer, Known};
use crate::desk::{Desk, Shop, amount};
use crate::support::Server;

/// What has come of a storm.
pub(crate) struct Books {
    /// Whatever is not right.
    pub(crate) violations: Vec<String>,
    statuses: BTreeMap<u16, u64>,
    orders: usize,
    confirmed: usize,
    released: usize,
    refused: usize,
    broken_off: usize,
    edits: u64,
    retired: u64,
    mails: usize,
}

/// An order as it is at the end.
struct Order {
    status: String,
    total: Decimal,
    customer: String,
    lines: BTreeMap<u64, u32>,
}

impl Books {
    /// Waits until the last order is confirmed or released, and looks at everything.
    pub(crate) async fn close(
        mut desk: Desk,
        shop: &Shop,
        customers: &[Customer],
        clerks: &[Clerk],
        server: &Server,
    ) -> Self {
        let mut violations = Vec::new();
        for desk in customers.iter().map(|it| &it.desk).chain(clerks.iter().map(|it| &it.desk)) {
            violations.extend(desk.violations.iter().cloned());
        }
        if !is_quiet(&mut desk).await {
            violations.push("some orders are neither confirmed nor released".into());
        }
        let orders = orders(&mut desk, &mut violations).await;
        check_stock(&mut desk, shop, &orders, &mut violations).await;
        check_money(&mut desk, shop, &orders, &mut violations).await;
        check_answers(customers, &orders, &mut violations);
        check_edits(&mut desk, clerks, &mut violations).await;
        let mails = check_mails(customers, &orders, server, &mut violations);
        let mut statuses = BTreeMap::new();
        for desk in customers.iter().map(|it| &it.desk).chain(clerks.iter().map(|it| &it.desk)) {
            for (status, count) in &desk.statuses {
                *statuses.entry(*status).or_default() += count;
            }
        }
        let of_status = |status: &str| orders.values().filter(|order| order.status == status).count();
        let known = |known: Known| {
            let purchases = customers.iter().flat_map(|customer| &customer.purchases);
            purchases.filter(|purchase| purchase.known == known).count()
        };
        Self {
            violations,
            statuses,
            orders: orders.len(),
            confirmed: of_status("confirmed"),
            released: of_status("released"),
            refused: known(Known::Refused),
            broken_off: known(Known::Unknown),
            edits: clerks.iter().flat_map(|clerk| clerk.edits.values()).sum(),
            retired: clerks.iter().map(|clerk| clerk.retired).sum(),
            mails,
        }
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "requests: {}", self.statuses.values().sum::<u64>())?;
        for (status, count) in &self.statuses {
            match status {
                0 => writeln!(f, "  no answer: {count}")?,
                status => writeln!(f, "  {status}: {count}")?,
            }
        }
        let Self { orders, confirmed, released, refused, broken_off, edits, retired, mails, .. } = self;
        writeln!(f, "orders: {orders}, of which {confirmed} confirmed, {released} released; mails: {mails}")?;
        writeln!(f, "check-outs refused: {refused}, never answered: {broken_off}")?;
        writeln!(f, "edits of products: {edits}, taken out of sale: {retired}")?;
        write!(f, "violations: {}", self.violations.len())?;
        self.violations.iter().take(20).try_for_each(|violation| write!(f, "\n  {violation}"))
    }
}

/// Orders of a document, with their lines, whose totals are not the sums of their lines.
pub(crate) fn wrong_sums(document: &Value) -> Vec<String> {
    let orders = document["data"].as_array().into_iter().flatten();
    orders
        .filter_map(|order| {
            let (total, sum) = (amount(&order["attributes"]["total"]), sum_of(&lines_of(document, order)));
            (total.is_none() || total != sum).then(|| format!("{}: {total:?} is not {sum:?}", order["id"]))
        })
        .collect()
}

/// The lines of an order, out of those that are included; what is linked but not included is null.
fn lines_of<'d>(document: &'d Value, order: &Value) -> Vec<&'d Value> {
    let linked = order["relationships"]["lines"]["data"].as_array().into_iter().flatten();
    let included: BTreeMap<_, _> = document["included"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["type"] == "order-lines")
        .map(|line| (line["id"].as_str().unwrap_or_default(), line))
        .collect();
    linked
        .map(|link| *included.get(link["id"].as_str().unwrap_or_default()).unwrap_or(&&Value::Null))
        .collect()
}

/// What lines come to; nothing if there are none, or one of them is not as it should be.
fn sum_of(lines: &[&Value]) -> Option<Decimal> {
    let of_line = |line: &&Value| {
        let attributes = &line["attributes"];
        let sum = amount(&attributes["price"])? * Decimal::from(attributes["quantity"].as_u64()?);
        (amount(&attributes["amount"])? == sum).then_some(sum)
    };
    let sums = lines.iter().map(of_line).collect::<Option<Vec<_>>>()?;
    (!sums.is_empty()).then(|| sums.iter().sum())
}

/// Whether nothing is reserved any more, after some time.
async fn is_quiet(desk: &mut Desk) -> bool {
    for _ in 0..600 {
        let reserved = desk.read("/orders?filter[status]=reserved&page[size]=1", "admin").await;
        if reserved.is_some_and(|(document, _)| document["data"].as_array().is_some_and(Vec::is_empty)) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// All pages of a list.
async fn pages(desk: &mut Desk, list: &str) -> Vec<Value> {
    let mut next = Some(list.to_owned());
    let mut pages = Vec::new();
    while let Some(target) = next {
        let (document, _) = desk.read(&target, "admin").await.unwrap_or_else(|| panic!("{target}"));
        next = document["links"]["next"].as_str().map(str::to_owned);
        pages.push(document);
    }
    pages
}

async fn rows(desk: &mut Desk, list: &str) -> Vec<Value> {
    let pages = pages(desk, list).await;
    pages.iter().flat_map(|page| page["data"].as_array().cloned().unwrap_or_default()).collect()
}

async fn orders(desk: &mut Desk, violations: &mut Vec<String>) -> BTreeMap<String, Order> {
    let mut orders = BTreeMap::new();
    for page in pages(desk, "/orders?include=lines&page[size]=100").await {
        violations.extend(wrong_sums(&page));
        for row in page["data"].as_array().into_iter().flatten() {
            let id = row["id"].as_str().unwrap_or_default().to_owned();
            let mut lines = BTreeMap::new();
            for line in lines_of(&page, row) {
                let product = line["relationships"]["product"]["data"]["id"].as_str();
                let product = product.and_then(|id| id.parse().ok()).unwrap_or_default();
                let quantity = line["attributes"]["quantity"].as_u64().and_then(|it| u32::try_from(it).ok());
                if lines.insert(product, quantity.unwrap_or_default()).is_some() {
                    violations.push(format!("{id} has two lines of {product}"));
                }
            }
            let order = Order {
                status: row["attributes"]["status"].as_str().unwrap_or_default().into(),
                total: amount(&row["attributes"]["total"]).unwrap_or_default(),
                customer: row["relationships"]["customer"]["data"]["id"].as_str().unwrap_or_default().into(),
                lines,
            };
            if orders.insert(id.clone(), order).is_some() {
                violations.push(format!("{id} is there twice"));
            }
        }
    }
    orders
}

/// What there was at first is in stock, or in an order that was not released.
async fn check_stock(
    desk: &mut Desk,
    shop: &Shop,
    orders: &BTreeMap<String, Order>,
    violations: &mut Vec<String>,
) {
    let articles = rows(desk, "/articles?page[size]=100").await;
    let products = shop.products.lock().expect("no panic").clone();
    for (product, first) in products {
        let article = articles.iter().find(|it| it["id"].as_str() == Some(&*product.to_string()));
        let stock = article.and_then(|article| article["attributes"]["stock"].as_i64());
        let live = orders.values().filter(|order| order.status != "released");
        let sold: i64 = live.filter_map(|order| order.lines.get(&product)).map(|it| i64::from(*it)).sum();
        if stock.is_none_or(|stock| stock < 0 || stock + sold != i64::from(first)) {
            violations.push(format!("product {product}: {first} at first, {sold} sold, {stock:?} in stock"));
        }
    }
}

/// What was in each account is in it, or in an order of the customer's that was not released.
async fn check_money(
    desk: &mut Desk,
    shop: &Shop,
    orders: &BTreeMap<String, Order>,
    violations: &mut Vec<String>,
) {
    let accounts = rows(desk, "/accounts?page[size]=100").await;
    for account in shop.accounts.iter().map(u64::to_string) {
        let row = accounts.iter().find(|row| row["id"].as_str() == Some(&account));
        let balance = row.and_then(|row| amount(&row["attributes"]["balance"]));
        let live = orders.values().filter(|order| order.status != "released" && order.customer == account);
        let paid: Decimal = live.map(|order| order.total).sum();
        if balance.is_none_or(|balance| balance < Decimal::ZERO || balance + paid != shop.balance) {
            let first = shop.balance;
            violations.push(format!("account {account}: {first} at first, {paid} paid, {balance:?} left"));
        }
    }
}

/// What was acknowledged is there, as it was asked for; what was refused is not; all else is whole or not there.
fn check_answers(customers: &[Customer], orders: &BTreeMap<String, Order>, violations: &mut Vec<String>) {
    let mut asked_for = BTreeSet::new();
    for customer in customers {
        for purchase in &customer.purchases {
            let id = purchase.id.to_string();
            let order = orders.get(&id);
            match (purchase.known, order) {
                (Known::Placed, None) => violations.push(format!("{id} was acknowledged, and is not there")),
                (Known::Refused, Some(_)) => violations.push(format!("{id} was refused, and is there")),
                (_, Some(order)) if order.lines != purchase.basket => {
                    violations.push(format!("{id}: {:?} became {:?}", purchase.basket, order.lines));
                }
                (_, Some(order)) if order.customer != customer.account.to_string() => {
                    violations.push(format!("{id} is paid by {}", order.customer));
                }
                _ => {}
            }
            let expected: &[&str] = match purchase.confirmation {
                Some(Known::Placed) => &["confirmed"],
                Some(Known::Refused) | None => &["released"],
                Some(Known::Unknown) => &["confirmed", "released"],
            };
            if let Some(order) = order.filter(|order| !expected.contains(&&*order.status)) {
                let tried = purchase.confirmation;
                violations.push(format!("{id} is {}, and its confirmation {tried:?}", order.status));
            }
            asked_for.insert(id);
        }
    }
    violations.extend(
        orders.keys().filter(|id| !asked_for.contains(*id)).map(|id| format!("nobody asked for {id}")),
    );
}

/// Each product has counted the edits that were acknowledged, and none else but those without an answer.
async fn check_edits(desk: &mut Desk, clerks: &[Clerk], violations: &mut Vec<String>) {
    for article in rows(desk, "/articles?page[size]=100").await {
        let Some(id) = article["id"].as_str().and_then(|id| id.parse::<u64>().ok()) else { continue };
        let title = article["attributes"]["title"].as_str().unwrap_or_default();
        let Some(counted) = title.strip_prefix("Tea #").and_then(|count| count.parse::<u64>().ok()) else {
            continue;
        };
        let of = |edits: fn(&Clerk) -> &BTreeMap<u64, u64>| -> u64 {
            clerks.iter().filter_map(|clerk| edits(clerk).get(&id)).sum()
        };
        let (sure, unknown) = (of(|clerk| &clerk.edits), of(|clerk| &clerk.unknown));
        if !(sure..=sure + unknown).contains(&counted) {
            violations.push(format!("product {id} counts {counted} edits; {sure} were acknowledged"));
        }
    }
}

/// Each order that was acknowledged has one mail, and what is not there has none.
fn check_mails(
    customers: &[Customer],
    orders: &BTreeMap<String, Order>,
    server: &Server,
    violations: &mut Vec<String>,
) -> usize {
    let output = server.output();
    let mut mails: BTreeMap<&str, usize> = BTreeMap::new();
    for line in output.lines().filter(|line| line.contains("mail to customer")) {
        let order = line.split_once(": order ").and_then(|(_, rest)| rest.split(' ').next());
        *mails.entry(order.unwrap_or_default()).or_default() += 1;
    }
    for (order, count) in &mails {
        if *count > 1 || !orders.contains_key(*order) {
            violations.push(format!("{count} mails tell of the order {order}"));
        }
    }
    for purchase in customers.iter().flat_map(|customer| &customer.purchases) {
        let id = purchase.id.to_string();
        // Who breaks off may end the request between the commit and the mail.
        if purchase.known == Known::Placed && orders.contains_key(&id) && !mails.contains_key(&*id) {
            violations.push(format!("no mail tells of the order {id}"));
        }
    }
    mails.len()
}
