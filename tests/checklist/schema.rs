//! The schema that every response is held against, itself held against samples: `tests/schema/samples/`.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    panic::catch_unwind,
    path::Path,
    thread,
};

use serde_json::{Value, json};

use crate::support::{
    Connection,
    document::{Fault, compound_faults, request_faults, response_faults},
};

fn samples(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/schema/samples").join(folder);
    let mut samples = Vec::new();
    for entry in fs::read_dir(&folder).expect("the samples") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a sample");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        samples.push((name, serde_json::from_str(&text).expect("JSON")));
    }
    assert!(samples.len() >= 25, "{}: {}", folder.display(), samples.len());
    samples
}

fn faults(name: &str, sample: &Value) -> Vec<Fault> {
    match sample["schema"].as_str() {
        Some("response") => response_faults(&sample["document"]),
        Some("request") => request_faults(&sample["document"]),
        other => panic!("{name}: which schema is {other:?}?"),
    }
}

#[test]
fn valid_samples_are_valid() {
    for (name, sample) in samples("valid") {
        assert_eq!(faults(&name, &sample), [], "{name}");
    }
}

#[test]
fn invalid_samples_are_invalid_where_they_say() {
    for (name, sample) in samples("invalid") {
        assert!(
            sample["wrong"].as_str().is_some_and(|wrong| !wrong.is_empty()),
            "{name} names what is wrong"
        );
        let at = sample["at"].as_str().unwrap_or_else(|| panic!("{name} names where"));
        let faults = faults(&name, &sample);
        assert!(faults.iter().any(|fault| fault.at == at), "{name}: none at {at:?} in {faults:?}");
    }
}

#[test]
fn a_resource_that_stands_there_twice_is_found() {
    let track = json!({"type": "tracks", "id": "1", "attributes": {}});
    let linked = json!({"type": "sessions", "id": "1", "attributes": {},
        "relationships": {"track": {"data": {"type": "tracks", "id": "1"}}}});
    let faulty = |document: Value| !compound_faults(&document).is_empty();
    assert!(!faulty(json!({"data": linked, "included": [track]})));
    assert!(faulty(json!({"data": linked, "included": [track, track]})));
    assert!(faulty(json!({"data": [linked, linked]})));
    assert!(faulty(json!({"data": linked, "included": [track, linked]})), "a primary resource again");
    let twice = json!([{"type": "tracks", "id": "1"}, {"type": "tracks", "id": "1"}]);
    assert!(faulty(
        json!({"data": {"type": "x", "id": "1", "attributes": {}, "relationships": {"y": {"data": twice}}}})
    ));
}

#[test]
fn an_included_resource_that_nothing_links_to_is_found() {
    let object = |id: &str, to: &str| {
        json!({"type": "a", "id": id, "attributes": {},
        "relationships": {"next": {"data": {"type": "a", "id": to}}}})
    };
    let faulty = |document: Value| !compound_faults(&document).is_empty();
    let (one, two, three) = (object("1", "2"), object("2", "3"), object("3", "1"));
    assert!(!faulty(json!({"data": one, "included": [three, two]})), "linked over another, in any order");
    assert!(faulty(json!({"data": one, "included": [three]})), "what would link to it is not there");
    let island = (object("8", "9"), object("9", "8"));
    assert!(faulty(json!({"data": one, "included": [island.0, island.1]})), "linked by each other alone");
    let linkage = json!([{"type": "a", "id": "1"}]);
    assert!(!faulty(json!({"data": linkage, "included": [one, two]})));
    assert!(faulty(json!({"data": linkage, "included": [one, three]})));
    let fields = json!({"self": "/a?include=next&fields%5Ba%5D=name"});
    let hidden = json!({"data": {"type": "a", "id": "1", "links": {}}, "included": [two], "links": fields});
    assert!(!faulty(hidden), "§7.4: except where fields hides the linkage");
}

/// Whether a test that receives this body as JSON:API goes on.
fn is_received(body: &'static str) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = [0; 1024];
        assert!(stream.read(&mut request).expect("a request") > 0);
        let fields = "Content-Type: application/vnd.api+json;profile=\"https://a.example\"";
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).expect("an answer");
    });
    let received = catch_unwind(|| Connection::open(address).get("/", &[])).is_ok();
    server.join().expect("the server ends well");
    received
}

#[test]
fn a_response_that_is_no_json_api_fails_the_test_that_receives_it() {
    assert!(is_received(r#"{"data":[{"type":"a","id":"1"}]}"#));
    assert!(!is_received(r#"{"data":[{"type":"a","id":1}]}"#), "the schema");
    assert!(
        !is_received(r#"{"data":[{"type":"a","id":"1"}],"included":[{"type":"a","id":"2"}]}"#),
        "full linkage"
    );
}
