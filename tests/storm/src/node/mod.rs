//! The server under test: registers with a value and members, accounts, and what changes under a key leave behind, over one
//! database.

mod check_after_write;
mod check_then_write;
mod other_keys;
mod resources;

use std::net::Ipv4Addr;

use clap::{Args, ValueEnum};
use etag_fairing::store::sqlite::{SqliteOptions, SqliteStore};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::figment::Figment;
use rocket::{Build, Rocket};

use self::resources::{Account, Counter, Entry, Member, Register, Slot, SlowWrite};
use check_after_write::CheckAfterWrite;
use check_then_write::CheckThenWrite;
use other_keys::{ForgetKeys, KeysBesideTheWrite, replay};

/// How a server is started.
#[derive(Args, Clone, Debug)]
pub struct NodeOptions {
    /// The port of the loopback interface.
    #[arg(long)]
    pub port: u16,
    /// The database.
    #[arg(long)]
    pub url: String,
    /// How it decides preconditions and keeps keys.
    #[arg(long, value_enum, default_value_t)]
    pub way: Way,
}

/// How a server decides the preconditions of a write, and where it keeps its `Idempotency-Key`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Inside the transaction that makes the change.
    #[default]
    Inside,
    /// Before the transaction: it reads, decides, and writes then. Wrong.
    CheckThenWrite,
    /// On the response, as flask-rest-jsonapi does: once it is written. Wrong.
    CheckAfterWrite,
    /// Inside, but it knows no key again. Wrong.
    ForgetKeys,
    /// Inside, but keys and answers are kept on the response, in the server's memory, as middleware does. Wrong.
    KeysBesideTheWrite,
}

impl Way {
    /// Whether the tag of a read with `include` or `fields` names the resource's state too.
    pub fn tags_have_views(self) -> bool {
        self != Self::CheckAfterWrite
    }
}

/// The server.
///
/// # Errors
/// If the URL names no database, or one that this way isn't made for.
pub fn build(options: &NodeOptions) -> Result<Rocket<Build>, String> {
    let figment = figment(options);
    let rocket = rocket::custom(figment).attach(EtagFairing::new());
    let rocket = match options.way {
        Way::Inside => rocket.attach(JsonApi::fairing()),
        Way::CheckThenWrite => {
            let options = SqliteOptions::from_url(&options.url).map_err(|error| error.to_string())?;
            let store = SqliteStore::open(options).map_err(|error| error.to_string())?;
            rocket.attach(JsonApi::with_store(CheckThenWrite::over(store)))
        }
        Way::CheckAfterWrite => rocket.attach(JsonApi::fairing()).attach(CheckAfterWrite),
        Way::ForgetKeys => rocket.attach(JsonApi::fairing()).attach(ForgetKeys),
        Way::KeysBesideTheWrite => rocket
            .attach(JsonApi::fairing())
            .attach(KeysBesideTheWrite::default())
            .mount("/", rocket::routes![replay]),
    };
    Ok(rocket
        .mount("/", Register::routes())
        .mount("/", Member::routes())
        .mount("/", SlowWrite::routes())
        .mount("/", Account::routes())
        .mount("/", Entry::routes())
        .mount("/", Counter::routes())
        .mount("/", Slot::routes())
        .mount("/", JsonApi::operations()))
}

/// Nothing of the machine's files and variables counts.
fn figment(options: &NodeOptions) -> Figment {
    let is_ours = options.way != Way::CheckAfterWrite;
    Figment::from(rocket::Config::release_default())
        .merge(("address", Ipv4Addr::LOCALHOST))
        .merge(("port", options.port))
        .merge(("log_level", "critical"))
        .merge(("cli_colors", false))
        .merge(("databases.api.url", &options.url))
        .merge(("etag.enabled", is_ours))
        .merge(("etag.require_if_match", is_ours))
        .merge(("jsonapi.client_ids", true))
        .merge(("jsonapi.max_page_size", 1_000))
}
