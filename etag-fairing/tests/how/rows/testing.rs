//! A test of an application.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::{Client, Document};

use crate::applications::application;

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[test]
fn is_a_few_lines() {
    let client = Client::new(application().mount("/v1", Note::routes()));
    client.seed(&Note { id: 1, text: "Milk".into() });
    let seen = client.get("/v1/notes/1").send().expect(200);
    let edit = Document::of(&Note { text: "Bread".into(), ..seen.one() });
    let edited = client.patch("/v1/notes/1").if_match(seen.tag()).document(&edit).send().expect(200);
    assert_eq!(edited.one::<Note>().text, "Bread");
}
