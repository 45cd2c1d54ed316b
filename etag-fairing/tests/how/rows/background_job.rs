//! A task of the application's own, which nobody sends a request for.

use std::sync::mpsc;
use std::time::Duration;

use etag_fairing::own::ApiError;
use etag_fairing::resource::member;
use etag_fairing::{JsonApi, JsonApiResource};
use rocket::fairing::AdHoc;

use crate::applications::{application, on_each};

#[derive(Clone, Debug, JsonApiResource)]
#[jsonapi(type = "tasks", etag)]
struct Task {
    #[jsonapi(id)]
    id: i64,
    done: bool,
}

/// Does what is left to do.
async fn work(api: &JsonApi) -> Result<(), ApiError> {
    for id in api.find::<Task>().matching(member("done").equals(false)).ids().await? {
        api.write(async |tx| {
            let mut task: Task = tx.read(&id).await?;
            task.done = true;
            tx.update(&task).await
        })
        .await?;
    }
    Ok(())
}

#[test]
fn changes_what_clients_see_at_once() {
    let (tell, told) = mpsc::channel();
    let job = || {
        let tell = tell.clone();
        AdHoc::on_liftoff("work", |rocket| {
            let api = rocket.state::<JsonApi>().expect("the fairing is attached").clone();
            rocket::tokio::spawn(async move {
                let done = work(&api).await;
                tell.send(done).expect("somebody waits");
            });
            Box::pin(async {})
        })
    };
    on_each(
        || application().mount("/", Task::routes()).attach(job()),
        |client| {
            // What it finds is not to depend on who is faster.
            told.recv_timeout(Duration::from_secs(60)).expect("it comes to its end").expect("nothing to do");
            client.seed(&Task { id: 0, done: false });
            let before = client.get("/tasks/1").send().expect(200);
            client.get("/tasks/1").if_none_match(before.tag()).send().expect(304);
            client.wait(work(client.api())).expect("it is done");
            let after = client.get("/tasks/1").if_none_match(before.tag()).send().expect(200);
            assert!(after.one::<Task>().done);
        },
    );
}
