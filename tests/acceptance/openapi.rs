//! The OpenAPI document of the example: the copy in the repository, whose difference a review sees, and what is served.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::Launch;

/// The copy. A change of the API that is meant renews it:
/// `UPDATE_OPENAPI=1 cargo test --workspace --test acceptance stored_document`
const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

fn stored() -> String {
    fs::read_to_string(STORED).unwrap_or_default()
}

/// What differs: the members that one of both documents has alone, and the values that are not the same.
fn differences(stored: &Value, now: &Value, at: &str, found: &mut Vec<String>) {
    match (stored, now) {
        (Value::Object(stored), Value::Object(now)) => {
            found.extend(
                stored.keys().filter(|name| !now.contains_key(*name)).map(|name| format!("- {at}/{name}")),
            );
            for (name, value) in now {
                match stored.get(name) {
                    Some(known) => differences(known, value, &format!("{at}/{name}"), found),
                    None => found.push(format!("+ {at}/{name}")),
                }
            }
        }
        (stored, now) if stored != now => found.push(format!("! {at}")),
        _ => {}
    }
}

#[test]
fn the_stored_document_is_what_the_program_prints() {
    let printed = Launch::new().print("openapi");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(Path::new(STORED), &printed).expect("write the copy");
        return;
    }
    if printed == stored() {
        return;
    }
    let mut found = Vec::new();
    let parse = |text: &str| serde_json::from_str(text).unwrap_or_default();
    differences(&parse(&stored()), &parse(&printed), "", &mut found);
    panic!(
        "the API is another than examples/open-event/openapi.json says. If that is meant, write \
         `UPDATE_OPENAPI=1 cargo test --workspace --test acceptance stored_document`, and look at the difference:\n{}",
        found.join("\n")
    );
}

/// Over whatever database: the document says nothing of it.
#[test]
fn the_served_document_is_the_stored_one_and_is_made_once() {
    let server = Launch::new().start();
    let mut http = server.connect();
    let served = http.request("GET", "/v1/openapi.json", &[], None);
    assert_eq!(served.status, 200, "{served:?}");
    assert_eq!(served.header("Content-Type"), Some("application/json"));
    let stored: Value = serde_json::from_str(&stored()).expect("a stored document");
    assert_eq!(served.json(), stored);
    assert!(served.body.len() < 1_500_000, "{} bytes", served.body.len());
    let again = http.request("GET", "/v1/openapi.json", &[("If-None-Match", served.etag())], None);
    assert_eq!((again.status, again.etag()), (304, served.etag()));
    // The tag is that of the release: another launch has the same.
    let other = server.stop().start().connect().request("GET", "/v1/openapi.json", &[], None);
    assert_eq!((other.etag(), &other.body), (served.etag(), &served.body));
}
