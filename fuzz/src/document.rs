//! Documents.

use rocket::http::{Method, Status};

use super::server::{Answer, send, server};

/// Any bytes as the document of a write. The first byte chooses the request.
pub fn document(input: &[u8]) {
    let Some((choice, body)) = input.split_first() else { return };
    let (method, url) = match choice % 9 {
        0 => (Method::Post, "/sessions"),
        1 => (Method::Post, "/speakers"),
        2 => (Method::Patch, "/sessions/1"),
        3 => (Method::Patch, "/speakers/b"),
        4 => (Method::Patch, "/sessions/1/relationships/track"),
        5 => (Method::Patch, "/sessions/1/relationships/speakers"),
        6 => (Method::Post, "/sessions/1/relationships/speakers"),
        7 => (Method::Delete, "/sessions/1/relationships/speakers"),
        _ => (Method::Patch, "/tracks/1/relationships/sessions"),
    };
    let client = server();
    let get = |url: &str| send(client, Method::Get, url, &[], None).expect("an answer");
    let of_target = if method == Method::Post && choice % 9 < 2 { url } else { resource(url) };
    let before = get(of_target);
    let written: Answer = send(client, method, url, &[], Some(body)).expect("an answer");
    match written.status {
        // Refused: nothing has changed.
        status if status.code >= 400 => assert_eq!(get(of_target).tag, before.tag, "{status}"),
        Status::Created => {
            // What is said to be there is there, with the tag that came with it; then it makes room.
            let location = written.location.expect("a location");
            let made = get(&location);
            assert_eq!((made.status, made.tag, made.body), (Status::Ok, written.tag, written.body));
            let deleted = send(client, Method::Delete, &location, &[], None);
            assert_eq!(deleted.map(|answer| answer.status), Some(Status::NoContent));
        }
        Status::Ok => {
            let now = get(url);
            assert_eq!((now.tag, now.body), (written.tag, written.body));
        }
        status => assert_eq!(status, Status::NoContent),
    }
}

/// The resource of a relationship's URL.
fn resource(url: &str) -> &str {
    url.split_once("/relationships/").map_or(url, |(resource, _)| resource)
}
