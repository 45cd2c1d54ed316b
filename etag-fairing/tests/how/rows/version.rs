//! A number in the row that rises with each change.

use etag_fairing::JsonApiResource;
use etag_fairing::testing::Document;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
    #[jsonapi(version)]
    version: i64,
}

#[test]
fn rises() {
    on_each(
        || application().mount("/v1", Note::routes()),
        |client| {
            client.seed(&Note { id: 1, text: "x".into(), version: 1 });
            let seen = client.get("/v1/notes/1").send().expect(200);
            let document = Document::new("notes").id(1).attribute("text", "y");
            let edit = || client.patch("/v1/notes/1").if_match(seen.tag()).document(&document);
            assert_eq!(edit().send().expect(200).one::<Note>().version, 2);
            edit().send().expect(412);
        },
    );
}
