//! A row for each change, committed with it or not at all.

use chrono::{DateTime, Utc};
use etag_fairing::JsonApiResource;
use etag_fairing::resource::{HookError, Hooks, Write};
use etag_fairing::testing::Document;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "notes", etag, hooks)]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "changes")]
struct LogEntry {
    #[jsonapi(id)]
    id: i64,
    who: String,
    what: String,
    at: DateTime<Utc>,
}

async fn log(what: String, write: &mut Write<'_>) -> Result<(), HookError> {
    let who = write.request().headers().get_one("X-User").unwrap_or("nobody").to_owned();
    write.insert(&LogEntry { id: 0, who, what, at: Utc::now() }).await?;
    Ok(())
}

#[rocket::async_trait]
impl Hooks for Note {
    async fn after_create(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        log(format!("note {} is new: {}", self.id, self.text), write).await
    }

    async fn after_update(&self, previous: &Self, write: &mut Write<'_>) -> Result<(), HookError> {
        log(format!("note {}: {} became {}", self.id, previous.text, self.text), write).await
    }

    async fn after_delete(&self, write: &mut Write<'_>) -> Result<(), HookError> {
        log(format!("note {} is gone", self.id), write).await
    }
}

#[test]
fn has_each_change_and_no_other() {
    on_each(
        || application().mount("/v1", Note::routes()).mount("/v1", LogEntry::routes()),
        |client| {
            let ada = client.with_header("X-User", "ada");
            let made = Document::new("notes").attribute("text", "a");
            let made = ada.post("/v1/notes").document(&made).send().expect(201);
            let path = format!("/v1/notes/{}", made.resource().id());
            let edit = Document::new("notes").id(made.resource().id()).attribute("text", "b");
            let edited = ada.patch(&path).if_match(made.tag()).document(&edit).send().expect(200);
            // What is refused leaves no row.
            ada.patch(&path).if_match(made.tag()).document(&edit).send().expect(412);
            ada.delete(&path).if_match(edited.tag()).send().expect(204);
            let log = client.get("/v1/changes?sort=id").send().expect(200).many::<LogEntry>();
            let id = made.resource().id().to_owned();
            let what: Vec<_> = log.iter().map(|entry| entry.what.as_str()).collect();
            let expected = [
                format!("note {id} is new: a"),
                format!("note {id}: a became b"),
                format!("note {id} is gone"),
            ];
            assert_eq!(what, expected);
            assert!(log.iter().all(|entry| entry.who == "ada"));
        },
    );
}
