//! A shop: products, accounts and orders. Most of it is derived from structs; what only this shop does is code of its
//! own, with the same promises: one transaction, preconditions, tags.

mod checkout;
mod configuration;
mod description;
mod mail;
mod money;
mod picture;
mod release;
mod resources;
mod roles;
mod stock;

use configuration::Settings;
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use resources::{Account, Article, Order, OrderLine, Picture, Product};
use rocket::fairing::AdHoc;
use rocket::http::Method::{self, Get, Patch};
use rocket::{Build, Rocket, Route, routes};
use std::error::Error;

/// Starts the server, or prints its OpenAPI document.
#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let rocket = rocket();
    if std::env::args().nth(1).as_deref() == Some("openapi") {
        println!("{:#}", description::openapi().document(&rocket, "/")?);
        return Ok(());
    }
    rocket.launch().await?;
    Ok(())
}

fn rocket() -> Rocket<Build> {
    rocket::custom(configuration::figment())
        .attach(AdHoc::config::<Settings>())
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .attach(stock::fairing())
        .attach(release::fairing())
        .attach(mail::fairing())
        .mount("/", Product::routes())
        .mount("/", Account::routes())
        // What a check-out makes is not made by others, and never deleted.
        .mount("/", only(&[Get, Patch], Order::routes()))
        .mount("/", only(&[Get], OrderLine::routes()))
        .mount("/", only(&[Get], Article::routes()))
        .mount("/", only(&[Get], Picture::routes()))
        .mount("/", description::openapi().routes())
        .mount("/", routes![checkout::check_out, picture::picture, picture::put_picture])
}

/// The routes of these methods.
fn only(methods: &[Method], routes: Vec<Route>) -> Vec<Route> {
    routes.into_iter().filter(|route| methods.contains(&route.method)).collect()
}
