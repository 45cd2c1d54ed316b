//! Scopes that look inside of JSON: what they hide does not exist, and a mistake in them hides everything.
#![cfg(feature = "testing")]

use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::testing::{Client, Database, Document, Setup};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::figment::Figment;
use rocket::{Build, Request, Rocket};
use serde_json::{Value, json};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag, scope = of_the_theme)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(hidden, default)]
    settings: Value,
}

/// By what the caller asks for.
async fn of_the_theme(request: &Request<'_>) -> Result<Scope, HookError> {
    let theme = || member("settings.look.theme");
    Ok(match request.headers().get_one("X-Scope").unwrap_or_default() {
        "dark" => Scope::rows(theme().equals("dark")),
        "not dark" => Scope::rows(theme().differs_from("dark")),
        "d" => Scope::rows(theme().starts_with("d")),
        "none" => Scope::rows(theme().is_null()),
        "some" => Scope::rows(!theme().is_null()),
        "5" => Scope::rows(theme().equals(5)),
        "over 4" => Scope::rows(theme().greater_than(4)),
        "true" => Scope::rows(theme().equals(true)),
        "listed" => Scope::rows(theme().is_one_of([json!("dark"), json!(5)])),
        "wrong value" => Scope::rows(theme().equals(json!(["dark"]))),
        "wrong name" => Scope::rows(member("settings.a\"b").equals(1)),
        "no JSON" => Scope::rows(member("id.theme").equals(1)),
        _ => Scope::All,
    })
}

fn application() -> Rocket<Build> {
    let figment = Figment::from(rocket::Config::debug_default()).merge(("etag", true));
    let rocket = rocket::custom(figment).attach(JsonApi::fairing()).attach(EtagFairing::new());
    rocket.mount("/", Note::routes())
}

fn they_are_applied(client: &Client) {
    let themes = [json!("dark"), json!("light"), json!(5), json!("5"), json!(true), Value::Null];
    for (id, theme) in (1..).zip(themes) {
        client.seed(&Note { id, settings: json!({"look": {"theme": theme}}) });
    }
    client.seed(&Note { id: 7, settings: json!({"look": "dark"}) });
    for (scope, expected) in [
        ("dark", &["1"][..]),
        ("not dark", &["2", "3", "4", "5"]),
        ("d", &["1"]),
        ("none", &["6", "7"]),
        ("some", &["1", "2", "3", "4", "5"]),
        ("5", &["3"]),
        ("over 4", &["3"]),
        ("true", &["5"]),
        ("listed", &["1", "3"]),
    ] {
        let caller = client.with_header("X-Scope", scope);
        assert_eq!(caller.get("/notes?sort=id").send().expect(200).ids(), expected, "{scope}");
        for id in 1..=7 {
            let status = if expected.contains(&id.to_string().as_str()) { 200 } else { 404 };
            caller.get(format!("/notes/{id}")).send().expect(status);
        }
    }
    for scope in ["wrong value", "wrong name", "no JSON"] {
        let hidden = client.with_header("X-Scope", scope).get("/notes").send().expect(500);
        assert!(!hidden.text().contains("dark"), "{hidden}");
    }
    let caller = client.with_header("X-Scope", "dark");
    caller.post("/notes").document(&Document::new("notes")).send().expect_error(403, "outside_scope");
}

#[test]
fn they_are_applied_on_each_database() {
    they_are_applied(&Client::new(application()));
    #[cfg(feature = "postgres")]
    if let Some(server) = postgres_server::Database::provide() {
        let setup = Setup::new(application()).database("api", Database::postgres(server.url()));
        they_are_applied(&setup.start());
    }
    #[cfg(not(feature = "postgres"))]
    they_are_applied(&Setup::new(application()).database("api", Database::file()).start());
}
