//! Serves one of the samples: the one that the argument names.

// modules
use etag_fairing::{EtagFairing, JsonApi};

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rocket = rocket::build().attach(JsonApi::fairing()).attach(EtagFairing::new());
    let rocket = match std::env::args().nth(1).unwrap_or_default().as_str() {
        // arms
        other => panic!("no sample {other}"),
    };
    rocket.launch().await?;
    Ok(())
}
