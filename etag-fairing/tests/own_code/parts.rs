//! Several databases, limits, rules and hooks: where own code meets the rest of an application.

use std::sync::mpsc;

use etag_fairing::document::error::ErrorObject;
use etag_fairing::own::ApiError;
use etag_fairing::resource::{HookError, Hooks, Write};
use etag_fairing::store::StoreError;
use etag_fairing::{EtagFairing, JsonApi, JsonApiResource};
use rocket::fairing::AdHoc;
use rocket::{State, post, routes};
use serde_json::json;

use crate::support::{Server, figment};
use crate::world::{Account, Label};

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "notes", etag, hooks, soft_delete = "deleted_at")]
struct Note {
    #[jsonapi(id)]
    id: i64,
    text: String,
}

/// Only what is in the directory may be noted.
#[rocket::async_trait]
impl Hooks for Note {
    async fn before_create(&mut self, write: &mut Write<'_>) -> Result<(), HookError> {
        let api = write.request().rocket().state::<JsonApi>().ok_or(StoreError::NotFound)?;
        let label: Label = api.at("/labels").read(self.text.clone()).await?;
        self.text = label.name;
        Ok(())
    }
}

#[post("/refuse")]
async fn refuse(api: &State<JsonApi>) -> Result<(), ApiError> {
    api.write(async |tx| {
        tx.insert(&Note { id: 0, text: "never".into() }).await?;
        Err(ErrorObject::id_mismatch("so it is").pointer("/data/x").into())
    })
    .await
}

#[post("/forever")]
async fn forever(api: &State<JsonApi>) -> Result<(), ApiError> {
    api.write(async |tx| {
        tx.insert(&Note { id: 0, text: "never".into() }).await?;
        std::future::pending().await
    })
    .await
}

#[test]
fn each_part_of_an_application_has_its_own_transactions() {
    let toml = "[default]\nETAG = true\n[default.databases.api]\nurl = 'sqlite::memory:'\n\
                [default.databases.labels]\nurl = 'sqlite::memory:'\n[default.jsonapi]\nwrite_timeout = 1\n";
    let (send, receive) = mpsc::channel();
    let server = Server::start(toml, |rocket| {
        rocket
            .attach(JsonApi::fairing().below("/labels", JsonApi::database("labels")))
            .attach(EtagFairing::new())
            .mount("/", Note::routes())
            .mount("/", routes![refuse, forever])
            .mount("/labels", Label::routes())
            .attach(AdHoc::on_liftoff("a job", move |rocket| {
                let api = rocket.state::<JsonApi>().unwrap().clone();
                send.send((api, rocket::tokio::runtime::Handle::current())).unwrap();
                Box::pin(async {})
            }))
    });
    let (api, runtime) = receive.recv().unwrap();
    let handle = api.clone();
    let job = runtime.spawn(async move {
        let label = Label { id: "a".into(), name: "Blue".into() };
        let elsewhere = handle.write(async |tx| tx.insert(&label).await).await;
        assert!(matches!(elsewhere, Err(ApiError::Mistake(_))), "{elsewhere:?}");
        assert!(matches!(handle.read::<Account>(1).await, Err(ApiError::Mistake(_))), "mounted nowhere");
        handle.at("/labels").write(async |tx| tx.insert(&label).await).await.unwrap();
        assert_eq!(handle.at("/labels").find::<Label>().count().await.unwrap(), 1);
    });
    runtime.block_on(job).unwrap();
    // A hook reads what the other database has, and its error is the answer.
    let note = |text: &str| json!({ "data": { "type": "notes", "attributes": { "text": text } } });
    let made = server.write("POST", "/notes", &note("a")).is(201);
    assert_eq!(made.json()["data"]["attributes"]["text"], "Blue");
    server.write("POST", "/notes", &note("b")).is(500);
    // What refuses is the answer; what takes too long is ended.
    let refused = server.send("POST", "/refuse", &[], "").is(409);
    assert_eq!(refused.json()["errors"][0]["source"]["pointer"], "/data/x");
    let busy = server.send("POST", "/forever", &[], "").is(503);
    assert!(busy.field("retry-after").is_some());
    let handle = api.clone();
    let job = runtime.spawn(async move {
        let notes: Vec<Note> = handle.find().all().await.unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        // No hook runs for own code.
        let id =
            handle.write(async |tx| tx.insert(&Note { id: 0, text: "free".into() }).await).await.unwrap();
        assert_eq!(handle.read::<Note>(&id).await.unwrap().text, "free");
        handle.write(async |tx| tx.delete::<Note>(&id).await).await.unwrap();
        assert!(handle.read::<Note>(&id).await.unwrap_err().is_not_found(), "it is marked as deleted");
    });
    runtime.block_on(job).unwrap();
}

#[test]
fn a_listener_for_what_is_not_mounted_stops_the_launch() {
    let figment = figment("[default]\nlog_level = 'off'\n[default.databases.api]\nurl = 'sqlite::memory:'\n");
    let listening = JsonApi::fairing()
        .after_commit(async |_: etag_fairing::resource::Committed<Account>, _| Ok::<_, ApiError>(()));
    let rocket = rocket::custom(figment).attach(listening).mount("/", Note::routes());
    let launched = rocket::execute(rocket.ignite());
    let refused = launched.map(drop).unwrap_err();
    assert!(matches!(refused.kind(), rocket::error::ErrorKind::FailedFairings(_)), "{refused:?}");
}

#[cfg(feature = "validation")]
mod rules {
    use super::*;

    #[derive(Clone, Debug, garde::Validate, JsonApiResource)]
    #[jsonapi(type = "talks", validate)]
    struct Talk {
        #[jsonapi(id)]
        #[garde(skip)]
        id: i64,
        #[garde(length(min = 3))]
        talk_title: String,
    }

    #[test]
    fn rules_are_applied_where_the_code_asks_for_them() {
        crate::world::on_both_with(
            |rocket| rocket.attach(JsonApi::fairing()).mount("/", Talk::routes()),
            |world| {
                let api = world.api.clone();
                world.job(async move {
                    let short = Talk { id: 0, talk_title: "x".into() };
                    api.write(async |tx| tx.insert(&short).await).await.unwrap();
                    let broken = api
                        .write(async |tx| {
                            tx.validate(&short)?;
                            tx.insert(&short).await
                        })
                        .await;
                    let Err(ApiError::Refused(errors)) = broken else { panic!("{broken:?}") };
                    assert_eq!(errors.status().code, 422);
                    let detail = errors.iter().next().and_then(ErrorObject::detail_text).unwrap();
                    assert!(detail.starts_with("talkTitle: "), "{detail}");
                });
            },
        );
    }
}
