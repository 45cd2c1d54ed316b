//! Launches in this process that must be refused.

use etag_fairing::{JsonApi, JsonApiResource};
use rocket::{
    error::ErrorKind,
    figment::{
        Figment,
        providers::{Format, Toml},
    },
};

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

fn launched(routes: Vec<rocket::Route>) -> Result<(), rocket::Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("launch.db").display());
    let toml = format!("[default]\nlog_level = 'off'\n[default.databases.api]\nurl = '{url}'\n");
    let figment = Figment::from(rocket::Config::debug_default()).merge(Toml::string(&toml).nested());
    let rocket = rocket::custom(figment).attach(JsonApi::fairing()).mount("/", routes);
    rocket::async_test(rocket.ignite()).map(drop)
}

/// Whether mounting two structs of one type stops the launch, and one alone does not.
pub(crate) fn refuses_two_structs_of_one_type() -> bool {
    launched(Session::routes()).expect("one struct launches");
    launched(Meeting::routes()).expect("the other alone launches");
    let both = launched([Session::routes(), Meeting::routes()].concat());
    both.is_err_and(|error| matches!(error.kind(), ErrorKind::FailedFairings(_)))
}
