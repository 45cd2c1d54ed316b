//! The pages: what is here, and the two-editors story. Plain HTML, CSS and JavaScript, nothing from elsewhere, and the
//! client of `clients/typescript`.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use etag_fairing::{
    JsonApi, JsonApiResource,
    store::{Listing, Page as Rows, Plan, Root, Selection, Store, StoreError},
};
use rocket::{
    Responder, Route, State,
    http::{ContentType, Header, Status},
};

use crate::resources::{Microlocation, Session, SessionType, Speaker, Track};

/// All pages and what they load.
pub(crate) fn routes() -> Vec<Route> {
    rocket::routes![
        index,
        editors,
        status,
        style,
        script,
        exchange_script,
        move_script,
        client_script,
        status_script
    ]
}

/// Only what this server serves may run or load; each page is complete without anything else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Responder)]
struct Page {
    body: (ContentType, Cow<'static, str>),
    policy: Header<'static>,
}

impl Page {
    fn new(content_type: ContentType, body: impl Into<Cow<'static, str>>) -> Self {
        Self { body: (content_type, body.into()), policy: Header::new("Content-Security-Policy", POLICY) }
    }
}

/// What is here, with the numbers of now and lines to try.
#[rocket::get("/")]
async fn index(api: &State<JsonApi>, config: &rocket::Config) -> Result<Page, Status> {
    let store = api.store();
    let page = fill(store.as_ref(), &origin(config)).await.map_err(|error| match error {
        StoreError::Busy { .. } | StoreError::ReadTimedOut { .. } => Status::ServiceUnavailable,
        error => {
            log::error!("GET /: {error}");
            Status::InternalServerError
        }
    })?;
    Ok(Page::new(ContentType::HTML, page))
}

/// Two editors over one session.
#[rocket::get("/editors")]
fn editors() -> Page {
    Page::new(ContentType::HTML, include_str!("editors.html"))
}

/// What entity tags save, live.
#[rocket::get("/status")]
fn status() -> Page {
    Page::new(ContentType::HTML, include_str!("status.html"))
}

#[rocket::get("/assets/status.js")]
fn status_script() -> Page {
    Page::new(ContentType::JavaScript, include_str!("status.js"))
}

#[rocket::get("/assets/style.css")]
fn style() -> Page {
    Page::new(ContentType::CSS, include_str!("style.css"))
}

#[rocket::get("/assets/editors.js")]
fn script() -> Page {
    Page::new(ContentType::JavaScript, include_str!("editors.js"))
}

#[rocket::get("/assets/exchange.js")]
fn exchange_script() -> Page {
    Page::new(ContentType::JavaScript, include_str!("exchange.js"))
}

#[rocket::get("/assets/move.js")]
fn move_script() -> Page {
    Page::new(ContentType::JavaScript, include_str!("move.js"))
}

/// The scripts of the client in `clients/typescript`, as its `tsc` has made them. The editors load them as they are.
macro_rules! client_scripts {
    ($($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../../../clients/typescript/dist/", $name)))),+]
    };
}

const CLIENT: &[(&str, &str)] = client_scripts![
    "client.js",
    "document.js",
    "edit.js",
    "errors.js",
    "index.js",
    "json-api.js",
    "merge.js",
    "operation-builder.js",
    "operations.js",
    "query.js",
    "recent.js",
    "repeats.js",
    "states.js",
    "store.js",
    "transport.js"
];

#[rocket::get("/assets/client/<name>")]
fn client_script(name: &str) -> Option<Page> {
    let (_, script) = CLIENT.iter().find(|(known, _)| *known == name)?;
    Some(Page::new(ContentType::JavaScript, *script))
}

async fn fill(store: &dyn Store, origin: &str) -> Result<String, StoreError> {
    let (sessions, first) = count::<Session>(store).await?;
    Ok(include_str!("index.html")
        .replace("{{origin}}", origin)
        .replace("{{session}}", first.as_deref().unwrap_or("1"))
        .replace("{{sessions}}", &sessions)
        .replace("{{speakers}}", &count::<Speaker>(store).await?.0)
        .replace("{{tracks}}", &count::<Track>(store).await?.0)
        .replace("{{microlocations}}", &count::<Microlocation>(store).await?.0)
        .replace("{{session-types}}", &count::<SessionType>(store).await?.0))
}

/// How many there are of a resource, and the id of the first.
async fn count<R: JsonApiResource>(store: &dyn Store) -> Result<(String, Option<String>), StoreError> {
    let first = Listing::all().paged(Rows::Offset { offset: 0, limit: 1 }).counted();
    let plan = Plan::new(Root::Collection(first), Selection::identifiers(R::description()));
    let fetched = store.fetch(&plan).await?;
    let first = match fetched.rows.get(0) {
        Some(row) => Some(row.resource_id()?.to_string()),
        None => None,
    };
    Ok((fetched.total.unwrap_or_default().to_string(), first))
}

/// Where a terminal on this machine reaches the server.
fn origin(config: &rocket::Config) -> String {
    let address = match config.address {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    format!("http://{}", SocketAddr::new(address, config.port))
}
