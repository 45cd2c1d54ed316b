//! Accounts with labels, and entries about them, over a database of a test's own; and the handle that a job has.

use std::future::Future;
use std::sync::mpsc;

use etag_fairing::{EtagFairing, JsonApi, JsonApiResource, ToMany, ToOne};
use rocket::fairing::AdHoc;
use rocket::tokio::runtime::Handle;
use rocket::{Build, Rocket};
use serde_json::{Value, json};

use crate::support::{Answer, Server};

/// Its tag is the digest of what it shows.
#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "accounts", etag)]
pub(crate) struct Account {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) owner: String,
    pub(crate) balance: i64,
    #[jsonapi(relationship, through = "account_labels", linkage = true)]
    pub(crate) labels: ToMany<Label>,
    #[jsonapi(relationship, inverse = "account")]
    pub(crate) entries: ToMany<Entry>,
}

/// Its tag is a version.
#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "entries", etag)]
pub(crate) struct Entry {
    #[jsonapi(id)]
    pub(crate) id: i64,
    pub(crate) amount: i64,
    #[jsonapi(relationship, required, on_delete = "restrict")]
    pub(crate) account: ToOne<Account>,
    #[jsonapi(version)]
    pub(crate) version: i64,
}

#[derive(Clone, Debug, PartialEq, JsonApiResource)]
#[jsonapi(type = "labels", etag)]
pub(crate) struct Label {
    #[jsonapi(id)]
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A server, and what a job of its application has.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) api: JsonApi,
    runtime: Handle,
}

impl World {
    pub(crate) fn start(database: &str, build: impl FnOnce(Rocket<Build>) -> Rocket<Build>) -> Self {
        let toml = format!(
            "[default]\nETAG = true\n[default.databases.api]\nurl = '{database}'\nread_timeout = 60\n[default.jsonapi]\n\
             write_timeout = 30\n"
        );
        let (send, receive) = mpsc::channel();
        let server = Server::start(&toml, |rocket| {
            let rocket = rocket
                .attach(EtagFairing::new())
                .mount("/", Account::routes())
                .mount("/", Entry::routes())
                .mount("/", Label::routes());
            build(rocket).attach(AdHoc::on_liftoff("a job", move |rocket| {
                let api = rocket.state::<JsonApi>().expect("it is managed").clone();
                send.send((api, Handle::current())).unwrap();
                Box::pin(async {})
            }))
        });
        let (api, runtime) = receive.recv().unwrap();
        Self { server, api, runtime }
    }

    /// Runs what a job would do, in the server's runtime.
    pub(crate) fn job<T: Send + 'static>(&self, job: impl Future<Output = T> + Send + 'static) -> T {
        let running = self.runtime.spawn(job);
        self.runtime.block_on(running).expect("the job ends well")
    }

    /// Starts a job that goes on by itself.
    pub(crate) fn start_job(
        &self,
        job: impl Future<Output = ()> + Send + 'static,
    ) -> rocket::tokio::task::JoinHandle<()> {
        self.runtime.spawn(job)
    }

    pub(crate) fn create(&self, document: &Value) -> Answer {
        let path = format!("/{}", document["data"]["type"].as_str().unwrap());
        self.server.write("POST", &path, document).is(201)
    }

    /// An account with this balance; returns its id.
    pub(crate) fn account(&self, owner: &str, balance: i64) -> i64 {
        let attributes = json!({ "owner": owner, "balance": balance });
        let created = self.create(&json!({ "data": { "type": "accounts", "attributes": attributes } }));
        created.json()["data"]["id"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn balance(&self, account: i64) -> i64 {
        let document = self.server.get(&format!("/accounts/{account}"), &[]).is(200).json();
        document["data"]["attributes"]["balance"].as_i64().unwrap()
    }

    pub(crate) fn tag(&self, path: &str) -> String {
        self.server.get(path, &[]).is(200).field("etag").expect("it has a tag").to_owned()
    }
}

/// Runs a test over each database.
pub(crate) fn on_both(test: impl Fn(&World)) {
    on_both_with(|rocket| rocket.attach(JsonApi::fairing()), test);
}

/// The same, with more in the application.
pub(crate) fn on_both_with(build: impl Fn(Rocket<Build>) -> Rocket<Build>, test: impl Fn(&World)) {
    test(&World::start("sqlite::memory:", &build));
    #[cfg(feature = "postgres")]
    if let Some(database) = postgres_server::Database::provide() {
        test(&World::start(database.url(), &build));
    }
}
