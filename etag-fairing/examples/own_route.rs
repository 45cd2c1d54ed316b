//! A route that you write yourself, with the same tags and the same check.
//!
//! ```sh
//! cargo run -p etag-fairing --example own_route
//! curl -i localhost:8000/motto                                            # 200, with a tag
//! curl -i localhost:8000/motto -H 'If-None-Match: "…"'                    # 304
//! curl -i -X PUT localhost:8000/motto -H 'If-Match: "…"' -d 'Look twice'  # 200; a second time 412
//! ```

use etag_fairing::document::error::Errors;
use etag_fairing::{EntityTag, EtagFairing, Preconditions, Tagged};
use rocket::tokio::sync::Mutex;
use rocket::{Build, Config, Rocket, State, get, launch, put, routes};

type Motto = Mutex<String>;

#[get("/motto")]
async fn motto(motto: &State<Motto>) -> Tagged<String> {
    Tagged(motto.lock().await.clone())
}

#[put("/motto", data = "<new>")]
async fn change_motto(
    new: String,
    preconditions: Preconditions<'_>,
    motto: &State<Motto>,
) -> Result<(), Errors> {
    // From here to the end nobody else changes it. A check before the lock would let two clients pass.
    let mut motto = motto.lock().await;
    preconditions.check(&EntityTag::of(motto.as_bytes()))?; // 412, or 428 where If-Match is required
    *motto = new;
    Ok(())
}

#[launch]
pub(crate) fn rocket() -> Rocket<Build> {
    rocket::custom(Config::figment().merge(("ETAG", true)))
        .manage(Motto::new("one write, one winner".to_owned()))
        .attach(EtagFairing::new())
        .mount("/", routes![motto, change_motto])
}
