//! Files with tags.

use etag_fairing::testing::Client;
use etag_fairing::{Files, TaggedFile};
use rocket::{State, get, routes};
use tempfile::TempDir;

use crate::applications::plain;

#[get("/programme")]
async fn programme(folder: &State<TempDir>) -> Option<TaggedFile> {
    TaggedFile::open(folder.path().join("programme.txt")).await.ok()
}

#[test]
fn is_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("programme.txt"), "Talks").expect("a file");
    let files = Files::of(folder.path()).expect("the folder");
    let client = Client::new(plain().manage(folder).mount("/", routes![programme]).mount("/assets", files));
    for path in ["/programme", "/assets/programme.txt"] {
        let first = client.get(path).send().expect(200);
        assert_eq!(first.text(), "Talks");
        client.get(path).if_none_match(first.tag()).send().expect(304);
    }
}
