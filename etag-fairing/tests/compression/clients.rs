//! Programs that ask for coded answers as their users would have them.

use std::process::Command;

use super::notes::Database;

/// What a program prints; `None` if it isn't there.
fn run(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new(program).args(arguments).env("NO_PROXY", "*").env("no_proxy", "*").output();
    let output = match output {
        Ok(output) if output.status.code() != Some(77) => output,
        _ => {
            eprintln!("skipped: {program} is not installed, or misses a library");
            return None;
        }
    };
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

#[test]
fn curl_reads_what_it_asks_for() {
    let server = Database::each().remove(0).with_notes("[default]\nETAG = true");
    let url = format!("http://{}/notes", server.address);
    let plain = server.get("/notes", &[]);
    let Some(read) = run("curl", &["--silent", "--compressed", &url]) else { return };
    assert_eq!(read, plain.body);
    let head = run("curl", &["--silent", "--compressed", "--head", &url]).expect("curl");
    let head = String::from_utf8(head).expect("text").to_lowercase();
    assert!(head.contains("content-encoding: "), "{head}");
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("tag");
    let kept = kept.to_str().expect("a path");
    run("curl", &["--silent", "--compressed", "--etag-save", kept, "--output", "/dev/null", &url]);
    let status = run(
        "curl",
        &["--silent", "--compressed", "--etag-compare", kept, "--write-out", "%{http_code}", &url],
    );
    assert_eq!(status.as_deref(), Some(&b"304"[..]));
}

/// With requests, which asks for gzip: read, 304, edit with the tag that came, and lose with the same one.
const STORY: &str = r#"
import sys
try:
    import requests
except ImportError:
    sys.exit(77)
url, session = sys.argv[1], requests.Session()
session.trust_env = False
session.headers.update({"Accept": "application/vnd.api+json", "Accept-Encoding": "gzip, deflate"})
first = session.get(url)
assert first.headers["Content-Encoding"] == "gzip", first.headers
tag, document = first.headers["ETag"], first.json()
assert session.get(url, headers={"If-None-Match": tag}).status_code == 304
document["data"]["attributes"]["text"] = "by requests" * 200
fields = {"If-Match": tag, "Content-Type": "application/vnd.api+json"}
change = {"data": {key: document["data"][key] for key in ("type", "id", "attributes")}}
edited = session.patch(url, json=change, headers=fields)
assert edited.status_code == 200, edited.text
assert edited.json()["data"]["attributes"]["text"].startswith("by requests")
assert session.patch(url, json=change, headers=fields).status_code == 412
again = session.get(url, headers={"If-None-Match": edited.headers["ETag"]})
assert again.status_code == 304, again.status_code
"#;

#[test]
fn requests_reads_and_edits() {
    for database in Database::each() {
        let server = database.with_notes("[default]\nETAG = true");
        let url = format!("http://{}/notes/1", server.address);
        run("python3", &["-c", STORY, &url]);
    }
}
