//! A file beside a generated resource, which nobody overwrites unseen.

use std::path::PathBuf;

use etag_fairing::document::error::{ErrorObject, Errors};
use etag_fairing::testing::Client;
use etag_fairing::{EntityTag, JsonApiResource, Preconditions, TaggedFile};
use rocket::data::{Data, ToByteUnit};
use rocket::http::{Header, Status};
use rocket::tokio::{fs, sync::Mutex};
use rocket::{Responder, State, get, put, routes};

use crate::applications::application;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "photos", etag)]
struct Photo {
    #[jsonapi(id)]
    id: i64,
    title: String,
}

/// The files, and who writes to them.
struct Contents {
    folder: PathBuf,
    writing: Mutex<()>,
}

#[get("/photos/<id>/content")]
async fn content(id: i64, contents: &State<Contents>) -> Option<TaggedFile> {
    TaggedFile::open(contents.folder.join(id.to_string())).await.ok()
}

#[derive(Responder)]
struct Uploaded {
    text: (),
    tag: Header<'static>,
}

#[put("/photos/<id>/content", data = "<sent>")]
async fn upload(
    id: i64,
    sent: Data<'_>,
    preconditions: Preconditions<'_>,
    contents: &State<Contents>,
) -> Result<(Status, Uploaded), Errors> {
    let broken = |_| Errors::from(ErrorObject::internal());
    // Received first, so that nobody waits for a slow client.
    let new = sent.open(10.mebibytes()).into_bytes().await.map_err(broken)?;
    if !new.is_complete() {
        return Err(ErrorObject::for_status(Status::PayloadTooLarge).into());
    }
    let path = contents.folder.join(id.to_string());
    let _writing = contents.writing.lock().await;
    let current = fs::read(&path).await.ok().map(|content| EntityTag::of(&content));
    preconditions.check(&current)?;
    // Whoever reads meanwhile has the whole old file, or the whole new one.
    let part = path.with_extension("part");
    fs::write(&part, &*new).await.map_err(broken)?;
    fs::rename(&part, &path).await.map_err(broken)?;
    let status = if current.is_some() { Status::NoContent } else { Status::Created };
    let tag = Header::new("ETag", EntityTag::of(&new).to_string());
    Ok((status, Uploaded { text: (), tag }))
}

#[test]
fn honours_if_match() {
    let folder = tempfile::tempdir().expect("a folder");
    let contents = Contents { folder: folder.path().to_owned(), writing: Mutex::default() };
    let rocket = application().manage(contents).mount("/v1", Photo::routes());
    let client = Client::new(rocket.mount("/v1", routes![content, upload]));
    client.seed(&Photo { id: 1, title: "Sunrise".into() });

    let put = |bytes: &'static [u8]| client.put("/v1/photos/1/content").body(bytes);
    let first = put(b"dawn").if_none_match("*").send().expect(201);
    put(b"dusk").if_none_match("*").send().expect_error(412, "precondition_failed");
    let seen = client.get("/v1/photos/1/content").send().expect(200);
    assert_eq!((seen.bytes(), seen.tag()), (&b"dawn"[..], first.tag()));
    let tag = seen.tag();
    let race = client.race([put(b"noon").if_match(&tag), put(b"night").if_match(&tag)]);
    let now = client.get("/v1/photos/1/content").if_none_match(&tag).send().expect(200);
    assert_eq!(now.tag(), race.won.tag());
    client.get("/v1/photos/1/content").if_none_match(now.tag()).send().expect(304);
    // The resource is as it was.
    client.get("/v1/photos/1").send().expect(200);
}
