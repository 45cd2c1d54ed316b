//! What the example doesn't have: launches that must be refused, and a resource that is closed to changes of linkage.

use etag_fairing::{JsonApi, JsonApiResource, ToMany};
use rocket::{
    Build, Request, Rocket,
    error::ErrorKind,
    figment::{
        Figment,
        providers::{Format, Toml},
    },
    http::{Header, Method, Status},
    local::blocking::Client,
    request::{FromRequest, Outcome},
};
use tempfile::TempDir;

use crate::support::MEDIA_TYPE;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions")]
struct Session {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

/// Another struct that takes the same type.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "sessions", path = "meetings", table = "meetings")]
struct Meeting {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

/// A session whose linkage nobody changes at its own URL.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "panels", guard(update_relationship = Closed))]
struct Panel {
    #[jsonapi(id)]
    id: i64,
    title: String,
    #[jsonapi(relationship, through = "panel_guests")]
    guests: ToMany<Meeting>,
}

/// Lets nobody through.
struct Closed;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Closed {
    type Error = &'static str;

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Error((Status::Forbidden, "closed"))
    }
}

/// The statuses of POST, PATCH and DELETE at a closed relationship's URL, and what a read of it gives afterwards.
pub(crate) fn changes_of_a_closed_relationship() -> ([(Status, Option<String>); 3], Option<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let rocket = configured(&folder).mount("/", Meeting::routes()).mount("/", Panel::routes());
    let client = Client::tracked(rocket).expect("both structs launch");
    let json_api = Header::new("Content-Type", MEDIA_TYPE);
    let post = |url: &'static str, body: &'static str| {
        let created = client.post(url).header(json_api.clone()).body(body).dispatch();
        assert_eq!(created.status(), Status::Created, "{url}");
    };
    post("/meetings", r#"{"data":{"type":"sessions","attributes":{"title":"M"}}}"#);
    post("/panels", r#"{"data":{"type":"panels","attributes":{"title":"P"}}}"#);
    let url = "/panels/1/relationships/guests";
    let refused = [Method::Post, Method::Patch, Method::Delete].map(|method| {
        let body = r#"{"data":[{"type":"sessions","id":"1"}]}"#;
        let response = client.req(method, url).header(json_api.clone()).body(body).dispatch();
        (response.status(), response.headers().get_one("Content-Type").map(str::to_owned))
    });
    (refused, client.get(url).dispatch().into_string())
}

fn configured(folder: &TempDir) -> Rocket<Build> {
    let url = format!("sqlite:{}", folder.path().join("launch.db").display());
    let toml = format!("[default]\nlog_level = 'off'\n[default.databases.api]\nurl = '{url}'\n");
    let figment = Figment::from(rocket::Config::debug_default()).merge(Toml::string(&toml).nested());
    rocket::custom(figment).attach(JsonApi::fairing())
}

fn launched(routes: Vec<rocket::Route>) -> Result<(), rocket::Error> {
    let folder = tempfile::tempdir().expect("a folder");
    rocket::async_test(configured(&folder).mount("/", routes).ignite()).map(drop)
}

/// Whether mounting two structs of one type stops the launch, and one alone does not.
pub(crate) fn refuses_two_structs_of_one_type() -> bool {
    launched(Session::routes()).expect("one struct launches");
    launched(Meeting::routes()).expect("the other alone launches");
    let both = launched([Session::routes(), Meeting::routes()].concat());
    both.is_err_and(|error| matches!(error.kind(), ErrorKind::FailedFairings(_)))
}
