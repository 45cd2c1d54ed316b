//! Files: Rocket's own, and those that are tagged without being read.

use std::fs::{File, write};
use std::path::{Path, PathBuf};

use etag_fairing::{EtagFairing, Files, Statistics, Tagged, TaggedFile, etagged};
use rocket::fs::{FileServer, NamedFile};
use rocket::{State, get, routes};

use crate::app::{assert_is_304, if_none_match, quoted_hash};
use crate::support::{Answer, Server};

/// The folder that a server serves.
struct Folder(PathBuf);

#[get("/named/<name>")]
async fn named(name: &str, folder: &State<Folder>) -> Option<Tagged<NamedFile>> {
    NamedFile::open(folder.0.join(name)).await.ok().map(Tagged)
}

#[get("/open/<name>")]
async fn open(name: &str, folder: &State<Folder>) -> Option<Tagged<rocket::tokio::fs::File>> {
    rocket::tokio::fs::File::open(folder.0.join(name)).await.ok().map(Tagged)
}

#[get("/tagged/<name>")]
async fn tagged(name: &str, folder: &State<Folder>) -> Option<TaggedFile> {
    TaggedFile::open(folder.0.join(name)).await.ok()
}

#[get("/digests")]
fn digests(statistics: &State<Statistics>) -> String {
    statistics.digests().to_string()
}

const ON: &str = "[default]\nETAG = true";

fn start(toml: &str, folder: &Path) -> Server {
    Server::start(toml, |rocket| {
        rocket
            .attach(EtagFairing::new())
            .manage(Folder(folder.to_owned()))
            .mount("/", routes![named, open, tagged, digests])
            .mount("/rocket", etagged(FileServer::from(folder)))
            .mount("/files", Files::of(folder).expect("a folder"))
    })
}

const WAYS: [&str; 5] = ["/named", "/open", "/tagged", "/rocket", "/files"];

/// A file of this package, which lies there for longer than a test takes.
fn settled() -> (&'static Path, &'static str) {
    (Path::new(env!("CARGO_MANIFEST_DIR")), "Cargo.toml")
}

fn number(answer: &Answer) -> u64 {
    answer.text().parse().expect("a number")
}

#[test]
fn every_file_has_the_tag_of_its_content() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("a.txt"), "content").unwrap();
    write(folder.path().join("empty.txt"), "").unwrap();
    let server = start(ON, folder.path());
    for way in WAYS {
        for (name, content) in [("a.txt", "content"), ("empty.txt", "")] {
            let target = format!("{way}/{name}");
            let answer = server.get(&target, &[]);
            assert_eq!((answer.status, answer.text().as_str()), (200, content), "{target}");
            assert_eq!(answer.tag(), quoted_hash(content.as_bytes()), "{target}");
            assert_eq!(answer.field("cache-control"), Some("private, no-cache"), "{target}");
            assert_is_304(&server.get(&target, &if_none_match(&answer.tag())), &answer.tag());
            let head = server.send("HEAD", &target, &[], "");
            assert_eq!((head.status, head.tag()), (200, answer.tag()), "{target}");
            assert_eq!(server.get(&target, &[("If-Match", "\"x\"")]).status, 412, "{target}");
        }
    }
}

#[test]
fn a_change_of_the_same_length_is_seen_at_once_whatever_its_date_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let server = start(ON, folder.path());
    write(&path, "one").unwrap();
    let date = std::fs::metadata(&path).unwrap().modified().unwrap();
    for (content, way) in [("two", "/tagged"), ("six", "/files"), ("ten", "/named"), ("red", "/rocket")] {
        let target = format!("{way}/a.txt");
        let before = server.get(&target, &[]).tag();
        write(&path, content).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(date).unwrap();
        let after = server.get(&target, &if_none_match(&before));
        assert_eq!((after.status, after.text().as_str()), (200, content), "{way}");
        assert_eq!(after.tag(), quoted_hash(content.as_bytes()), "{way}");
        // As `mv` does it, with the date of the file that was there.
        let other = folder.path().join("b.txt");
        write(&other, "new").unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(date).unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(server.get(&target, &if_none_match(&after.tag())).text(), "new", "{way}");
    }
}

#[test]
fn a_304_of_a_file_that_is_known_reads_nothing_of_it() {
    let (folder, name) = settled();
    let server = start(ON, folder);
    for way in ["/tagged", "/files"] {
        let target = format!("{way}/{name}");
        let first = server.get(&target, &[]);
        assert_eq!(first.tag(), quoted_hash(&first.body));
        let read = number(&server.get("/digests", &[]));
        for _ in 0..3 {
            assert_is_304(&server.get(&target, &if_none_match(&first.tag())), &first.tag());
        }
        assert_eq!(server.get(&target, &[]).body, first.body, "a 200 that is known is sent from the file");
        assert_eq!(number(&server.get("/digests", &[])), read, "{way}");
    }
    assert_eq!(number(&server.get("/digests", &[])), 1, "one file, whichever way");
}

#[test]
fn last_modified_is_the_files_and_answers_dates() {
    let (folder, name) = settled();
    let server = start(ON, folder);
    for way in ["/tagged", "/files"] {
        let target = format!("{way}/{name}");
        let first = server.get(&target, &[]);
        let date = first.field("last-modified").expect("a date").to_owned();
        assert_is_304(&server.get(&target, &[("If-Modified-Since", &date)]), &first.tag());
        let before = [("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")];
        assert_eq!(server.get(&target, &before).status, 200);
        assert_eq!(server.get(&target, &[("If-Unmodified-Since", before[0].1)]).status, 412);
    }
}

#[test]
fn a_file_above_max_body_is_tagged_by_what_the_file_system_says() {
    let small = "[default.etag]\nmax_body = 3";
    let (folder, name) = settled();
    let server = start(small, folder);
    let (tagged, files) = (format!("/tagged/{name}"), format!("/files/{name}"));
    let first = server.get(&tagged, &[]);
    assert!(first.tag().starts_with('"'), "strong, since it is old enough: {}", first.tag());
    assert_is_304(&server.get(&files, &if_none_match(&first.tag())), &first.tag());
    assert_eq!(server.get("/digests", &[]).text(), "0");
    assert_eq!(server.get(&format!("/named/{name}"), &[]).field("etag"), None);

    let fresh = tempfile::tempdir().unwrap();
    write(fresh.path().join("a.txt"), "content").unwrap();
    let server = start(small, fresh.path());
    let first = server.get("/tagged/a.txt", &[]);
    assert!(
        first.tag().starts_with("W/\""),
        "it may change within the same step of the clock: {}",
        first.tag()
    );
}

#[test]
fn nothing_outside_of_the_folder_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("public");
    std::fs::create_dir_all(inner.join("sub")).unwrap();
    write(folder.path().join("secret.txt"), "secret").unwrap();
    write(inner.join(".hidden"), "hidden").unwrap();
    write(inner.join("index.html"), "<p>index").unwrap();
    let server = start(ON, &inner);
    for path in [
        "/files/../secret.txt",
        "/files/%2e%2e/secret.txt",
        "/files/..%2fsecret.txt",
        "/files/.hidden",
        "/files/sub",
        "/files/none",
        "/files/a%00b",
    ] {
        let status = server.get(path, &[]).status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
    assert_eq!(server.get("/files/", &[]).text(), "<p>index");
    assert_eq!(server.get("/files/", &[]).field("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("static");
    let error = Files::of(&missing).unwrap_err().to_string();
    assert!(error.contains("static"), "{error}");
    write(&missing, "").unwrap();
    let error = Files::of(&missing).unwrap_err().to_string();
    assert!(error.contains("no folder"), "{error}");
}

#[test]
fn off_is_off() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("a.txt"), "content").unwrap();
    let server = start("[default]\nETAG = false", folder.path());
    for way in WAYS {
        let answer = server.get(&format!("{way}/a.txt"), &if_none_match("*"));
        assert_eq!(
            (answer.status, answer.text().as_str(), answer.field("etag")),
            (200, "content", None),
            "{way}"
        );
    }
}
