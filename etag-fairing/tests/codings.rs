//! RFC 9110 §8.8.3.3: each content coding of a representation has a strong tag of its own, and the tag of a coded
//! representation still serves for the write.

#![cfg(feature = "sqlite")]

use std::io::Cursor;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::fairing::AdHoc;
use rocket::http::{Header, Status};
use rocket::local::blocking::{Client, LocalResponse};

/// A note.
#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

const JSON_API: &str = "application/vnd.api+json";

/// An application whose responses are coded for clients that accept it, as compressing fairings do: the body
/// becomes a stream.
fn client() -> Client {
    let coding = AdHoc::on_response("coding", |request, response| {
        Box::pin(async move {
            if request.headers().get_one("Accept-Encoding") == Some("x-upper") {
                let body = response.body_mut().to_string().await.unwrap_or_default();
                response.set_header(Header::new("Content-Encoding", "x-upper"));
                response.set_streamed_body(Cursor::new(body.to_uppercase()));
            }
        })
    });
    let figment = rocket::Config::figment()
        .merge(("ETAG", true))
        .merge(("log_level", "off"))
        .merge(("databases.api.url", "sqlite::memory:"));
    let rocket = rocket::custom(figment)
        .attach(JsonApi::fairing())
        .attach(coding)
        .attach(EtagFairing::new())
        .mount("/", Note::routes());
    let client = Client::untracked(rocket).expect("a rocket");
    let new = r#"{"data":{"type":"notes","attributes":{"text":"a"}}}"#;
    let created = client.post("/notes").header(Header::new("Content-Type", JSON_API)).body(new).dispatch();
    assert_eq!(created.status(), Status::Created);
    drop(created);
    client
}

fn get<'c>(client: &'c Client, fields: &[(&'static str, &str)]) -> LocalResponse<'c> {
    let mut request = client.get("/notes/1");
    for (name, value) in fields {
        request = request.header(Header::new(*name, (*value).to_owned()));
    }
    request.dispatch()
}

fn tag(response: &LocalResponse<'_>) -> String {
    response.headers().get_one("ETag").expect("a tag").to_owned()
}

#[test]
fn each_coding_has_a_tag_of_its_own() {
    let client = client();
    let plain = tag(&get(&client, &[]));
    let coded_response = get(&client, &[("Accept-Encoding", "x-upper")]);
    let coded = tag(&coded_response);
    assert_eq!(coded, format!("{}-xupper\"", plain.trim_end_matches('"')));
    let vary: Vec<_> = coded_response.headers().get("Vary").collect();
    assert_eq!(vary.join(", "), "Accept, Accept-Encoding");

    let status = |fields: &[(&'static str, &str)]| get(&client, fields).status();
    assert_eq!(status(&[("If-None-Match", &plain)]), Status::NotModified);
    assert_eq!(status(&[("If-None-Match", &coded)]), Status::Ok);
    assert_eq!(status(&[("If-None-Match", &coded), ("Accept-Encoding", "x-upper")]), Status::NotModified);
    assert_eq!(status(&[("If-None-Match", &plain), ("Accept-Encoding", "x-upper")]), Status::Ok);
}

#[test]
fn the_tag_of_a_coded_representation_serves_for_the_write_once() {
    let client = client();
    let coded = tag(&get(&client, &[("Accept-Encoding", "x-upper")]));
    let write = |text: &str| {
        let body = format!(r#"{{"data":{{"type":"notes","id":"1","attributes":{{"text":"{text}"}}}}}}"#);
        let request = client.patch("/notes/1").header(Header::new("Content-Type", JSON_API)).body(body);
        request.header(Header::new("If-Match", coded.clone())).dispatch().status()
    };
    assert_eq!(write("b"), Status::Ok);
    assert_eq!(write("c"), Status::PreconditionFailed);
}
