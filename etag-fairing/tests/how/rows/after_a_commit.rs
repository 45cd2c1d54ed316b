//! What other programs are told, once it is true.

use std::sync::Mutex;

use etag_fairing::own::ApiError;
use etag_fairing::resource::Committed;
use etag_fairing::testing::Document;
use etag_fairing::{JsonApi, JsonApiResource};

use crate::applications::{on_each, plain};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

static MAIL: Mutex<Vec<String>> = Mutex::new(Vec::new());

async fn tell(change: Committed<Note>, _: JsonApi) -> Result<(), ApiError> {
    let text = change.after().map(|note| note.text.clone());
    MAIL.lock().unwrap().push(text.unwrap_or_else(|| "gone".into()));
    Ok(())
}

#[test]
fn is_told_of_what_is_committed_and_of_nothing_else() {
    on_each(
        || plain().attach(JsonApi::fairing().after_commit(tell)).mount("/", Note::routes()),
        |client| {
            let note = Document::new("notes").attribute("text", "first");
            let made = client.post("/notes").document(&note).send().expect(201);
            let path = format!("/notes/{}", made.resource().id());
            client.delete(&path).if_match("\"x\"").send().expect(412);
            client.delete(&path).if_match(made.tag()).send().expect(204);
            let own = client.api().write(async |tx| {
                tx.after_commit(async { MAIL.lock().unwrap().push("own code".into()) });
                tx.insert(&Note { id: 0, text: "second".into() }).await
            });
            client.wait(own).expect("it is committed");
            let mail = std::mem::take(&mut *MAIL.lock().unwrap());
            assert_eq!(mail, ["first", "gone", "second", "own code"]);
        },
    );
}
