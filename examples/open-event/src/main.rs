//! A conference API: sessions, speakers, tracks, rooms and session types at `/v1`, and pages that show at `/`
//! what ETags do for it.

mod configuration;

/// Starts the server.
#[rocket::launch]
fn launch() -> _ {
    rocket::custom(configuration::figment())
}
