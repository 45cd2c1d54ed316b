//! No write by who has not seen the state.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::Document;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag, require_if_match)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[test]
fn is_428_without_it() {
    on_each(
        || application().mount("/v1", Note::routes()),
        |client| {
            client.seed(&Note { id: 1, text: "x".into() });
            let document = Document::new("notes").id(1).attribute("text", "y");
            let edit = || client.patch("/v1/notes/1").document(&document);
            edit().send().expect_error(428, "precondition_required");
            let tag = client.get("/v1/notes/1").send().tag();
            client.race([edit().if_match(&tag), edit().if_match(&tag)]);
        },
    );
}
