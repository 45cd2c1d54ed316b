//! Ids that clients make.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::{Document, Setup};
use uuid::Uuid;

use crate::applications::application;

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes")]
struct Note {
    #[jsonapi(id)]
    id: Uuid,
    text: String,
}

#[test]
fn are_taken_if_it_is_allowed() {
    let note = Document::new("notes").id("0190163d-8694-739b-aea5-966c26f8ad91").attribute("text", "x");
    for (client_ids, status) in [(false, 403), (true, 201)] {
        let rocket = application().mount("/v1", Note::routes());
        // [default.jsonapi] client_ids = true
        let client = Setup::new(rocket).configure(("jsonapi.client_ids", client_ids)).start();
        client.post("/v1/notes").document(&note).send().expect(status);
        if client_ids {
            client.post("/v1/notes").document(&note).send().expect_error(409, "id_exists");
        }
    }
}
