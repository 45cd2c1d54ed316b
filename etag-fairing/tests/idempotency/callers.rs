//! Several callers with one key.

use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use serde_json::{Value, json};

use crate::support::Server;
use crate::world::{J, World, each_database, essence, order, refused};

fn by_user(database: &str) -> World {
    World::start(database, "", |fairing| {
        fairing.identified_by(|request| request.headers().get_one("X-User").map(str::to_owned))
    })
}

fn tag() -> Value {
    json!({ "data": { "type": "tags", "attributes": { "name": "new" } } })
}

#[test]
fn each_caller_has_keys_of_its_own() {
    each_database(|database| {
        let world = by_user(database);
        let post = |user, item| world.send("POST", "/v1/orders", "1", &[("X-User", user)], &order(item));
        let ada = post("ada", "hers").is(201);
        let bob = post("bob", "his").is(201);
        let nobody = world.post("/v1/orders", "1", &order("nobody's")).is(201);
        assert_eq!(world.count("/v1/orders"), 3);
        assert_eq!(essence(&post("ada", "hers")), essence(&ada));
        assert_eq!(essence(&post("bob", "his")), essence(&bob));
        assert_eq!(essence(&world.post("/v1/orders", "1", &order("nobody's"))), essence(&nobody));
        // A token that was renewed is no other caller.
        let renewed = [("X-User", "ada"), ("Authorization", "Bearer new")];
        assert_eq!(essence(&world.send("POST", "/v1/orders", "1", &renewed, &order("hers"))), essence(&ada));
        assert_eq!(world.count("/v1/orders"), 3);
    });
}

#[test]
fn where_nobody_tells_callers_apart_other_credentials_get_no_answer() {
    each_database(|database| {
        let world = World::new(database);
        let post = |fields: &[(&str, &str)]| world.send("POST", "/v1/orders", "k", fields, &order("secret"));
        let ada = post(&[("Authorization", "Bearer ada")]).is(201);
        for other in [
            &[][..],
            &[("Authorization", "Bearer bob")],
            &[("Cookie", "session=1")],
            &[("Authorization", "Bearer ada"), ("X-Api-Key", "1")],
            &[("Authorization", "Bearer ada"), ("X-User", "bob")],
            &[("Authorization", "Bearer ada"), ("Cookie", "session=1")],
        ] {
            let answer = post(other);
            assert_eq!(refused(&answer, 422), "idempotency_key_reused", "{other:?}");
            assert!(!answer.text().contains("secret"), "{answer:?}");
        }
        assert_eq!(essence(&post(&[("Authorization", "Bearer ada")])), essence(&ada));
        assert_eq!(world.count("/v1/orders"), 1);
    });
}

#[test]
fn guards_are_asked_before_an_answer_is_repeated() {
    each_database(|database| {
        // All callers are one, as far as keys go.
        let world = World::start(database, "", |fairing| fairing.identified_by(|_| Some("all".into())));
        let post = |user: &str| world.send("POST", "/v1/tags", "k", &[("X-User", user)], &tag());
        let first = post("ada").is(201);
        post("").is(401);
        post("mallory").is(403);
        assert_eq!(essence(&post("bob")), essence(&first));
        let operations = json!({ "atomic:operations": [{ "op": "add", "data": tag()["data"] }] });
        let send = |user: &str| world.send("POST", "/v1/operations", "o", &[("X-User", user)], &operations);
        let first = send("ada").is(200);
        send("mallory").is(403);
        assert_eq!(essence(&send("ada")), essence(&first));
        assert_eq!(world.count("/v1/tags"), 2);
    });
}

/// By a field of no credential's name.
struct Boss;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Boss {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("X-Who") {
            Some("boss") => Outcome::Success(Boss),
            _ => Outcome::Error((Status::Forbidden, ())),
        }
    }
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "letters", etag, scope = own_letters)]
struct Letter {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(default)]
    owner: String,
    #[jsonapi(readable_by = Boss, default = "secret")]
    secret: String,
}

fn secret() -> String {
    "nobody else's".into()
}

async fn own_letters(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match request.headers().get_one("X-Who").unwrap_or("") {
        "boss" | "clerk" => Scope::All,
        name => Scope::rows(member("owner").equals(name)),
    })
}

/// Whatever tells callers apart: who sees less than the caller of the first request gets nothing of its answer.
#[test]
fn who_sees_less_gets_no_answer() {
    each_database(|database| {
        let toml = format!("[default]\nETAG = true\n[default.databases.api]\nurl = '{database}'");
        let server = Server::start(&toml, |rocket| {
            rocket
                .attach(EtagFairing::new())
                .attach(JsonApi::fairing())
                .mount("/v1", Letter::routes())
                .mount("/v1", JsonApi::operations())
        });
        let letter = json!({ "type": "letters", "attributes": { "text": "x", "owner": "ann" } });
        let plain = json!({ "data": letter }).to_string();
        let several = json!({ "atomic:operations": [{ "op": "add", "data": letter }] }).to_string();
        let atomic = r#"application/vnd.api+json;ext="https://jsonapi.org/ext/atomic""#;
        for (url, media_type, body) in [("/v1/letters", J, &plain), ("/v1/operations", atomic, &several)] {
            let send = |who: &str| {
                let fields = [("Content-Type", media_type), ("X-Who", who), ("Idempotency-Key", url)];
                server.send("POST", url, &fields, body)
            };
            let first = send("boss");
            assert!(first.status < 300 && first.text().contains("nobody else's"), "{first:?}");
            for other in ["clerk", "ann", "bob", ""] {
                let answer = send(other);
                assert_eq!(refused(&answer, 422), "idempotency_key_reused", "{other}");
                assert!(!answer.text().contains("nobody else's"), "{answer:?}");
            }
            assert_eq!(essence(&send("boss")), essence(&first));
        }
    });
}
