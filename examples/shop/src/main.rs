//! A shop: products, accounts and orders. Most of it is derived from structs; what only this shop does is code of its
//! own, with the same promises: one transaction, preconditions, tags.

mod checkout;
mod configuration;
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
use rocket::{Build, Rocket, Route, launch, routes};

#[launch]
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
        .mount("/", routes![checkout::check_out, picture::picture, picture::put_picture])
}

/// The routes of these methods.
fn only(methods: &[Method], routes: Vec<Route>) -> Vec<Route> {
    routes.into_iter().filter(|route| methods.contains(&route.method)).collect()
}
