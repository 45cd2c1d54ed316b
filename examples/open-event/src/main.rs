//! A conference API: sessions, speakers, tracks, rooms and session types at `/v1`, and pages that show at `/`
//! what ETags do for it.

mod configuration;
mod data;
mod pages;
mod resources;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, etagged};

use resources::{Microlocation, Session, SessionType, Speaker, Track};

/// Starts the server.
#[rocket::launch]
fn launch() -> _ {
    rocket::custom(configuration::figment())
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .attach(data::fairing())
        .mount("/v1", Session::routes())
        .mount("/v1", Speaker::routes())
        .mount("/v1", Track::routes())
        .mount("/v1", Microlocation::routes())
        .mount("/v1", SessionType::routes())
        // Hand-written routes opt in too: a page that has not changed is not sent again.
        .mount("/", etagged(pages::routes()))
}
