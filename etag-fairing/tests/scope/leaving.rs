//! `#[jsonapi(may_leave)]`: a change may take a row out of its writer's scope, and is answered without a document.

use etag_fairing::resource::{HookError, Scope, member};
use etag_fairing::{JsonApiResource, ToMany, ToOne};
use rocket::Request;
use serde_json::{Value, json};

use super::{
    programme::{document, identifier, user},
    support::{Answer, Server, api},
};

/// A letter that its writer may send to somebody else.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "letters", etag, scope = own, may_leave)]
struct Letter {
    #[jsonapi(id)]
    id: i64,
    owner: String,
    #[jsonapi(relationship)]
    tray: ToOne<Tray>,
}

/// What lies in a tray is seen by its owner. A paper must not leave.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "papers", etag, scope = in_own_tray)]
struct Paper {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    tray: ToOne<Tray>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "files", etag, scope = in_own_tray, may_leave)]
struct File {
    #[jsonapi(id)]
    id: i64,
    #[jsonapi(relationship)]
    tray: ToOne<Tray>,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "trays", etag)]
struct Tray {
    #[jsonapi(id)]
    id: i64,
    owner: String,
    #[jsonapi(relationship, inverse = "tray")]
    papers: ToMany<Paper>,
    #[jsonapi(relationship, inverse = "tray")]
    files: ToMany<File>,
}

async fn own(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" => Scope::All,
        name => Scope::rows(member("owner").equals(name)),
    })
}

async fn in_own_tray(request: &Request<'_>) -> Result<Scope, HookError> {
    Ok(match user(request) {
        "admin" => Scope::All,
        name => Scope::rows(member("tray.owner").equals(name)),
    })
}

fn server() -> Server {
    let server = api::start_with("client_ids = true", |rocket| {
        rocket
            .mount("/v1", Letter::routes())
            .mount("/v1", Paper::routes())
            .mount("/v1", File::routes())
            .mount("/v1", Tray::routes())
    });
    let make = |kind: &str, id, attributes: Value, relationships: Value| {
        let document = document(kind, id, attributes, relationships);
        server.write_as("POST", &format!("/v1/{kind}"), "admin", &document).is(201);
    };
    for (id, owner) in [(1, "ann"), (2, "bob")] {
        make("trays", id, json!({"owner": owner}), json!({}));
    }
    let tray = json!({"tray": {"data": identifier("trays", 1)}});
    make("letters", 1, json!({"owner": "ann"}), json!({}));
    make("papers", 1, json!({}), tray.clone());
    make("files", 1, json!({}), tray);
    server
}

fn given_away(server: &Server, tag: &str) -> Answer {
    let fields = [("Content-Type", "application/vnd.api+json"), ("X-User", "ann"), ("If-Match", tag)];
    let bobs = document("letters", 1, json!({"owner": "bob"}), json!({})).to_string();
    server.send("PATCH", "/v1/letters/1?include=tray", &fields, &bobs)
}

#[test]
fn a_row_may_leave_its_writers_scope() {
    let server = server();
    let tag = server.get_as("/v1/letters/1", "ann").tag();
    given_away(&server, "\"other\"").is(412);
    let left = given_away(&server, &tag).is(204);
    assert_eq!((left.field("etag"), left.field("vary"), left.body.len()), (None, Some("Accept"), 0));
    server.get_as("/v1/letters/1", "ann").is(404);
    given_away(&server, &tag).is(404);
    assert_eq!(server.get_as("/v1/letters/1", "bob").is(200).json()["data"]["attributes"]["owner"], "bob");
    // A change that leaves it where it is has its document.
    let own = document("letters", 1, json!({"owner": "bob"}), json!({}));
    server.write_as("PATCH", "/v1/letters/1", "bob", &own).is(200);
}

#[test]
fn nobody_makes_what_they_would_not_see() {
    let server = server();
    let bobs = document("letters", 2, json!({"owner": "bob"}), json!({}));
    assert_eq!(server.write_as("POST", "/v1/letters", "ann", &bobs).is(403).error().0, "outside_scope");
    server.get_as("/v1/letters/2", "admin").is(404);
}

#[test]
fn a_relationship_may_take_a_row_along() {
    let server = server();
    let to_bob = json!({"data": identifier("trays", 2)});
    for (kind, status) in [("papers", 403), ("files", 204)] {
        let path = format!("/v1/{kind}/1/relationships/tray");
        server.write_as("PATCH", &path, "ann", &to_bob).is(status);
        let seen = if status == 204 { 404 } else { 200 };
        server.get_as(&format!("/v1/{kind}/1"), "ann").is(seen);
    }
    // From the other end, where the linkage is a column of the rows that leave.
    let server = self::server();
    for (kind, status) in [("papers", 403), ("files", 200)] {
        let one = json!({"data": [identifier(kind, 1)]});
        let answer = server.write_as("POST", &format!("/v1/trays/2/relationships/{kind}"), "ann", &one);
        assert_eq!(answer.is(status).json()["data"].is_array(), status == 200);
    }
    assert_eq!(server.get_as("/v1/trays/2/relationships/files", "ann").json()["data"], json!([]));
}
