//! A storm over the shop: customers buy, confirm, break off and ask again, clerks change prices and titles and take
//! products out of sale, the job releases what nobody has confirmed. Then the books are checked: nothing is sold that
//! was not there, no cent is made or lost, and no answer was wrong.
//!
//! `SHOP_STORM_SECONDS=60` is how long each storm blows, and `SHOP_STORM_CLIENTS=32` how many clients there are.

#[path = "shop_storm/books.rs"]
mod books;
#[path = "shop_storm/clerk.rs"]
mod clerk;
#[path = "shop_storm/customer.rs"]
mod customer;
#[path = "shop_storm/desk.rs"]
mod desk;
#[path = "../../../tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use books::Books;
use clerk::Clerk;
use customer::Customer;
use desk::{Desk, Shop};
use postgres_server::Database;
use support::Launch;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// One storm after the other: they would take each other's time.
static TURN: Mutex<()> = Mutex::const_new(());

/// How long a storm may blow until it has tried everything.
const PATIENCE: Duration = Duration::from_secs(180);

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

async fn storm(name: &str, launch: Launch) {
    let _turn = TURN.lock().await;
    let (seconds, clients) = (number("SHOP_STORM_SECONDS", 4), number("SHOP_STORM_CLIENTS", 32));
    // What is not confirmed is released while the storm blows.
    let server = launch.env("ROCKET_SHOP", "{reservation=1,release_every=1}").start();
    let shop = Arc::new(Shop::open(Desk::at(server.address()), clients).await);
    let over = Arc::new(AtomicBool::new(false));
    let (mut customers, mut clerks) = (JoinSet::new(), JoinSet::new());
    let begin = Instant::now();
    for number in 0..clients {
        let (shop, over, desk) = (Arc::clone(&shop), Arc::clone(&over), Desk::at(server.address()));
        // Each sixth is a clerk.
        if number % 6 == 5 {
            clerks.spawn(async move {
                let mut clerk = Clerk::new(desk, shop);
                while !over.load(Ordering::Relaxed) {
                    clerk.act().await;
                }
                clerk
            });
        } else {
            customers.spawn(async move {
                let mut customer = Customer::new(desk, shop, number);
                while !over.load(Ordering::Relaxed) {
                    customer.act().await;
                }
                customer
            });
        }
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    // On a slow machine until there was something of everything.
    let mut desk = Desk::at(server.address());
    while begin.elapsed() < PATIENCE && !shop.has_tried_everything(&mut desk).await {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    over.store(true, Ordering::Relaxed);
    let (customers, clerks) = (customers.join_all().await, clerks.join_all().await);
    let length = begin.elapsed();
    let books = Books::close(Desk::at(server.address()), &shop, &customers, &clerks, &server).await;
    println!("{name}: {clients} clients, {:.1} s", length.as_secs_f64());
    println!("{books}");
    assert!(books.violations.is_empty(), "{books}");
    assert!(shop.has_tried_everything(&mut desk).await, "{books}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_are_right_on_sqlite() {
    storm("SQLite", Launch::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_are_right_on_postgresql() {
    let Some(database) = tokio::task::block_in_place(Database::provide) else { return };
    storm("PostgreSQL", Launch::on(database)).await;
}
