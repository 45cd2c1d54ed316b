//! A conference API: sessions, speakers, tracks, rooms and session types at `/v1`, and pages that show at `/`
//! what ETags do for it. `cargo run -- schema` prints its tables as SQL, `cargo run -- openapi` its OpenAPI document.

mod configuration;
mod data;
mod pages;
mod resources;

use std::error::Error;

use etag_fairing::{
    Compression, DatabaseSchema, EtagFairing, Health, JsonApi, JsonApiResource, Metrics, OpenApi, etagged,
};
use rocket::{Build, Rocket};

use resources::{Microlocation, Session, SessionType, Speaker, Track};

/// Under load a server takes less time with it than with the C library's: the guide's page on configuration says why.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Starts the server, or prints the schema of its database or its OpenAPI document.
#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let rocket = rocket();
    if let Some(printed) = DatabaseSchema::command(&rocket, std::env::args().skip(1)).await {
        print!("{}", printed?);
        return Ok(());
    }
    if std::env::args().nth(1).as_deref() == Some("openapi") {
        println!("{:#}", openapi().document(&rocket, "/v1")?);
        return Ok(());
    }
    // Why it could not be launched is printed when the error is dropped.
    rocket.launch().await?;
    Ok(())
}

fn openapi() -> OpenApi {
    JsonApi::openapi()
        .title("The conference")
        .version(env!("CARGO_PKG_VERSION"))
        .description("The sessions of a conference, with their speakers, tracks and rooms.")
}

fn rocket() -> Rocket<Build> {
    rocket::custom(configuration::figment())
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .attach(Compression::new())
        .attach(Metrics::new())
        .attach(data::fairing())
        .mount("/v1", Session::routes())
        .mount("/v1", Speaker::routes())
        .mount("/v1", Track::routes())
        .mount("/v1", Microlocation::routes())
        .mount("/v1", SessionType::routes())
        // POST /v1/operations: several changes, all or none.
        .mount("/v1", JsonApi::operations())
        // GET /v1/openapi.json, for clients that are generated.
        .mount("/v1", openapi().routes())
        // A page to read and try it on.
        .mount("/docs", openapi().explorer("/v1/openapi.json").routes())
        // For load balancers and containers: /health/live and /health/ready.
        .mount("/health", Health::routes())
        // For everybody here, since this is an example; `Metrics::routes_guarded_by` asks who it is.
        .mount("/metrics", Metrics::routes())
        // Hand-written routes opt in too: a page that has not changed is not sent again.
        .mount("/", etagged(pages::routes()))
}
