//! What the checklist's tests say in one line.

use serde_json::{Value, json};

use crate::{
    api::assert_error,
    support::{Connection, Launch, MEDIA_TYPE, Response, Server},
};

/// The cursor pagination profile.
pub(crate) const CURSORS: &str = "https://jsonapi.org/profiles/ethanresnick/cursor-pagination";

/// The example with its own conference, and a connection to it.
pub(crate) fn serve() -> (Server, Connection) {
    let server = Launch::new().start();
    let connection = server.connect();
    (server, connection)
}

/// The same with a configuration.
pub(crate) fn serve_with(json_api: &str) -> (Server, Connection) {
    let server = Launch::new().rocket_toml(&format!("[default.jsonapi]\n{json_api}\n")).start();
    let connection = server.connect();
    (server, connection)
}

/// The document of a URL that answers 200.
#[track_caller]
pub(crate) fn read(http: &mut Connection, url: &str) -> Value {
    let response = http.get(url, &[]);
    assert_eq!(response.status, 200, "{url}: {response:?}");
    response.json()
}

/// GET with the cursor profile asked for.
pub(crate) fn by_cursor(http: &mut Connection, url: &str) -> Response {
    let accept = format!("{MEDIA_TYPE};profile=\"{CURSORS}\"");
    http.request("GET", url, &[("Accept", &accept)], None)
}

/// Checks that GET is refused with 400, and each error names one of these parameters, in order.
#[track_caller]
pub(crate) fn assert_bad(http: &mut Connection, url: &str, parameters: &[&str]) {
    let errors = assert_error(&http.get(url, &[]), 400);
    let named: Vec<_> =
        errors.iter().map(|error| error["source"]["parameter"].as_str().unwrap_or("none")).collect();
    assert_eq!(named, parameters, "{url}");
}

/// Sends a body as it is, as JSON:API.
pub(crate) fn send(http: &mut Connection, method: &str, url: &str, body: &str) -> Response {
    http.request(method, url, &[("Accept", MEDIA_TYPE), ("Content-Type", MEDIA_TYPE)], Some(body.as_bytes()))
}

/// Sends a document.
pub(crate) fn send_json(http: &mut Connection, method: &str, url: &str, document: &Value) -> Response {
    send(http, method, url, &document.to_string())
}

/// The ids of many resources or identifiers, in order.
#[track_caller]
pub(crate) fn ids(data: &Value) -> Vec<&str> {
    let data = data.as_array().unwrap_or_else(|| panic!("a list: {data}"));
    data.iter().map(|one| one["id"].as_str().expect("an id is text")).collect()
}

/// `type/id` of every resource object of a list, sorted.
#[track_caller]
pub(crate) fn objects(data: &Value) -> Vec<String> {
    let data = data.as_array().unwrap_or_else(|| panic!("a list: {data}"));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut all: Vec<_> =
        data.iter().map(|one| format!("{}/{}", text(&one["type"]), text(&one["id"]))).collect();
    all.sort();
    all
}

/// The names of an object's members, sorted.
#[track_caller]
pub(crate) fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object
        .as_object()
        .unwrap_or_else(|| panic!("an object: {object}"))
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

/// A new session.
pub(crate) fn session(title: &str) -> Value {
    json!({"data": {"type": "sessions", "attributes": {"title": title}}})
}

/// Identifiers of one type.
pub(crate) fn identifiers(type_name: &str, ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"type": type_name, "id": id})).collect()
}

/// The ids of a relationship's linkage.
#[track_caller]
pub(crate) fn linked(http: &mut Connection, url: &str) -> Vec<String> {
    let linkage = read(http, url);
    ids(&linkage["data"]).into_iter().map(str::to_owned).collect()
}
