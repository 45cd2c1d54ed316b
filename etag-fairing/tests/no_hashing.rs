//! Off is off: generated routes hash nothing where tags are switched off or not opted in. Counted.

#![cfg(feature = "sqlite")]

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, Statistics};
use rocket::{
    http::{ContentType, Header, Status},
    local::blocking::Client,
};

/// Opted in.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tagged", etag)]
struct Tagged {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

/// Not opted in.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "plain")]
struct Plain {
    #[jsonapi(id)]
    id: i64,
    name: String,
}

fn client(etag: bool) -> Client {
    let figment = rocket::Config::figment()
        .merge(("ETAG", etag))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", "sqlite::memory:"));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(EtagFairing::new())
        .mount("/", Tagged::routes())
        .mount("/", Plain::routes());
    Client::untracked(rocket).expect("a rocket")
}

/// Every operation of a resource, with and without conditions.
fn use_everything(client: &Client, type_name: &str) {
    let body = |id: &str| format!(r#"{{"data":{{"type":"{type_name}"{id},"attributes":{{"name":"a"}}}}}}"#);
    let json_api = || Header::new("Content-Type", "application/vnd.api+json");
    let collection = format!("/{type_name}");
    for _ in 0..2 {
        let created = client.post(&collection).header(json_api()).body(body("")).dispatch();
        assert_eq!(created.status(), Status::Created);
        assert_eq!(created.content_type(), Some(ContentType::new("application", "vnd.api+json")));
    }
    let item = format!("{collection}/1");
    for uri in [&collection, &item] {
        for (name, value) in [("X-None", ""), ("If-None-Match", "*"), ("If-None-Match", "\"x\"")] {
            let header = Header::new(name, value);
            assert_ne!(client.get(uri.as_str()).header(header.clone()).dispatch().status(), Status::NotFound);
            assert_ne!(client.head(uri.as_str()).header(header).dispatch().status(), Status::NotFound);
        }
    }
    for (name, value, status) in [
        ("If-Match", "*", Status::Ok),
        ("If-Match", "\"x\"", Status::PreconditionFailed),
        ("If-None-Match", "*", Status::PreconditionFailed),
        ("X-None", "", Status::Ok),
    ] {
        let request = client.patch(&item).header(json_api()).body(body(r#","id":"1""#));
        assert_eq!(request.header(Header::new(name, value)).dispatch().status(), status, "{name}: {value}");
    }
    let stale = client.delete(&item).header(Header::new("If-Match", "\"x\"")).dispatch();
    assert_eq!(stale.status(), Status::PreconditionFailed);
    let existing = client.delete(&item).header(Header::new("If-Match", "*")).dispatch();
    assert_eq!(existing.status(), Status::NoContent);
}

fn digests(client: &Client) -> u64 {
    client.rocket().state::<Statistics>().map_or(0, Statistics::digests)
}

#[test]
fn switched_off_nothing_is_hashed() {
    let client = client(false);
    use_everything(&client, "tagged");
    assert_eq!(digests(&client), 0);
}

#[test]
fn what_has_not_opted_in_is_not_hashed() {
    let client = client(true);
    use_everything(&client, "plain");
    assert_eq!(digests(&client), 0);
    // The counter counts.
    use_everything(&client, "tagged");
    assert!(digests(&client) > 10, "{}", digests(&client));
}

#[test]
fn a_read_is_hashed_once_and_remembered() {
    let client = client(true);
    use_everything(&client, "tagged");
    for uri in ["/tagged", "/tagged/2"] {
        let before = digests(&client);
        let tag = client.get(uri).dispatch().headers().get_one("ETag").map(str::to_owned);
        assert_eq!(digests(&client), before + 1, "{uri}");
        let again = client.get(uri).header(Header::new("If-None-Match", tag.unwrap_or_default())).dispatch();
        assert_eq!((again.status(), digests(&client)), (Status::NotModified, before + 1), "{uri}");
    }
}
