//! `tx.check`, `tx.document`: a hand-written write of a generated resource honours preconditions in its transaction.

use etag_fairing::own::{ApiError, ResourceDocument};
use etag_fairing::{JsonApi, Preconditions};
use rocket::{State, delete, post, routes};

use crate::support::Answer;
use crate::world::{Account, Entry, World, on_both_with};

#[post("/accounts/<id>/deposit/<amount>")]
async fn deposit(
    id: &str,
    amount: i64,
    preconditions: Preconditions<'_>,
    api: &State<JsonApi>,
) -> Result<ResourceDocument, ApiError> {
    api.write(async |tx| {
        let mut account: Account = tx.read(id).await?;
        tx.check(&preconditions, &account).await?;
        account.balance += amount;
        tx.update(&account).await?;
        tx.document(&preconditions, &account).await
    })
    .await
}

#[post("/entries/<id>/double")]
async fn double(
    id: i64,
    preconditions: Preconditions<'_>,
    api: &State<JsonApi>,
) -> Result<ResourceDocument, ApiError> {
    api.write(async |tx| {
        let mut entry: Entry = tx.read(id).await?;
        tx.check(&preconditions, &entry).await?;
        entry.amount *= 2;
        tx.update(&entry).await?;
        let document = tx.document(&preconditions, &entry).await?;
        assert_eq!(tx.tag(&preconditions, &entry).await?.as_ref(), document.tag());
        Ok(document)
    })
    .await
}

/// With an error type of the routes' own.
#[delete("/accounts/<id>/with-entries")]
async fn close(
    id: i64,
    preconditions: Preconditions<'_>,
    api: &State<JsonApi>,
) -> Result<(), etag_fairing::document::error::Errors> {
    api.write(async |tx| {
        let account: Account = tx.read(id).await?;
        tx.check(&preconditions, &account).await?;
        let linkage = tx.find::<Account>().with_linkage("entries").all().await?;
        for entry in
            linkage.iter().filter(|it| it.id == id).flat_map(|it| it.entries.ids().unwrap_or_default())
        {
            tx.delete::<Entry>(entry).await?;
        }
        tx.delete::<Account>(id).await
    })
    .await?;
    Ok(())
}

fn with_routes(test: impl Fn(&World)) {
    let routes = || routes![deposit, double, close];
    on_both_with(|rocket| rocket.attach(JsonApi::fairing()).mount("/", routes()), test);
}

fn post_with(world: &World, path: &str, field: (&str, &str)) -> Answer {
    world.server.send("POST", path, &[field], "")
}

#[test]
fn a_stale_tag_is_412_with_the_current_one_and_changes_nothing() {
    with_routes(|world| {
        let ada = world.account("Ada", 5);
        let own = format!("/accounts/{ada}");
        let deposit = |field| post_with(world, &format!("{own}/deposit/1"), field);
        let first = world.tag(&own);
        let done = deposit(("If-Match", &first)).is(200);
        assert_eq!(done.json()["data"]["attributes"]["balance"], 6);
        // The answer's bytes and tag are those of the GET that follows.
        let read = world.server.get(&own, &[]).is(200);
        assert_eq!((read.body.clone(), read.field("etag")), (done.body.clone(), done.field("etag")));
        let stale = deposit(("If-Match", &first)).is(412);
        assert_eq!(stale.field("etag"), read.field("etag"));
        let generated = world.server.send("DELETE", &own, &[("If-Match", &first)], "").is(412);
        assert_eq!(generated.json()["errors"][0]["code"], stale.json()["errors"][0]["code"]);
        assert_eq!(generated.json()["errors"][0]["links"], stale.json()["errors"][0]["links"]);
        assert_eq!(world.balance(ada), 6);
        // What was read with `include` names the same state.
        let view = world.tag(&format!("{own}?include=labels"));
        deposit(("If-Match", &view)).is(200);
        deposit(("If-Match", "*")).is(200);
        deposit(("If-None-Match", "*")).is(412);
        deposit(("X-Nothing", "")).is(200);
        assert_eq!(world.balance(ada), 9);
        let gone = post_with(world, "/accounts/99/deposit/1", ("If-Match", &first)).is(404);
        assert_eq!(gone.json()["errors"][0]["code"], "resource_not_found");
    });
}

#[test]
fn a_resource_with_a_version_is_checked_by_it() {
    with_routes(|world| {
        let ada = world.account("Ada", 5);
        let api = world.api.clone();
        let id = world.job(async move {
            let account = etag_fairing::ToOne::to(ada);
            let entry = Entry { id: 0, amount: 3, account, version: 0 };
            api.write(async |tx| tx.insert(&entry).await).await.unwrap()
        });
        let own = format!("/entries/{id}");
        let first = world.tag(&own);
        let double = |field| post_with(world, &format!("{own}/double"), field);
        let done = double(("If-Match", &first)).is(200);
        assert_eq!(done.field("etag"), Some(world.tag(&own).as_str()));
        double(("If-Match", &first)).is(412);
        assert_eq!(done.json()["data"]["attributes"]["amount"], 6);
    });
}

#[test]
fn errors_become_the_answer_of_a_handler_with_its_own_error_type() {
    with_routes(|world| {
        let ada = world.account("Ada", 5);
        let own = format!("/accounts/{ada}");
        let first = world.tag(&own);
        world.server.send("DELETE", &format!("{own}/with-entries"), &[("If-Match", "\"x\"")], "").is(412);
        world.server.send("DELETE", &format!("{own}/with-entries"), &[("If-Match", &first)], "").is(200);
        world.server.send("DELETE", &format!("{own}/with-entries"), &[("If-Match", &first)], "").is(404);
    });
}
